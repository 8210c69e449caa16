//! Seeded Gaussian noise that is the same on every device and platform.
//!
//! ChaCha8 in counter mode gives the bits and Box-Muller in double precision (with `libm`, not the platform's
//! library) the normal deviates, so a seed means the same starting noise on CPU, CUDA and Metal.

use candle_core::{Device, Result, Shape, Tensor};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;

/// What a noise sequence is for; each purpose reads its own ChaCha stream of the same seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// The flow's starting point.
    Latent = 0,
    /// The stochastic part of the decoder.
    Texture = 1,
    /// Everything random in training: order, crops, times, noise.
    Training = 2,
    /// Everything random in an evaluation: resampling, choice of clips.
    Evaluation = 3,
}

/// What [`hash`] starts from where nothing else is to decide it.
pub(crate) const HASH_START: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a over `words`: stable over versions and platforms, unlike the standard library's hasher.
pub(crate) fn hash(start: u64, words: impl Iterator<Item = u64>) -> u64 {
    words.fold(start, |hash, word| (hash ^ word).wrapping_mul(0x0100_0000_01b3))
}

/// Words of the generator that a deviate takes: two for a uniform one, four for a pair of normal ones.
const WORDS_PER_VALUE: u128 = 2;
/// Deviates that one thread draws at once; even, so that no pair is divided.
const PIECE: usize = 4096;

/// A sequence of random numbers fixed by a seed and a [`Stream`].
#[derive(Debug, Clone)]
pub struct Noise {
    bits: ChaCha8Rng,
    spare: Option<f32>,
}

impl Noise {
    /// Starts the sequence of `seed` for one purpose.
    #[must_use]
    pub fn new(seed: u64, stream: Stream) -> Self {
        let mut bits = ChaCha8Rng::seed_from_u64(seed);
        bits.set_stream(stream as u64);
        Self { bits, spare: None }
    }

    /// Uniform in `[0, 1)` with 53 random bits.
    pub fn uniform(&mut self) -> f64 {
        (self.bits.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform integer in `0 .. bound` (`bound > 0`).
    pub fn below(&mut self, bound: usize) -> usize {
        ((self.uniform() * bound as f64) as usize).min(bound.saturating_sub(1))
    }

    /// Standard normal deviate.
    pub fn normal(&mut self) -> f32 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        // 1 - u is in (0, 1], so the logarithm is finite.
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.uniform()));
        let angle = std::f64::consts::TAU * self.uniform();
        self.spare = Some((radius * libm::sin(angle)) as f32);
        (radius * libm::cos(angle)) as f32
    }

    /// `n` standard normal deviates.
    pub fn normals(&mut self, n: usize) -> Vec<f32> {
        // A deviate that is left over shifts the pairs of all that follow.
        if self.spare.is_some() || n < 2 * PIECE {
            return (0..n).map(|_| self.normal()).collect();
        }
        self.in_pieces(n, Self::normal)
    }

    /// `n` deviates that are uniform in `[0, 1)`.
    pub fn uniforms(&mut self, n: usize) -> Vec<f32> {
        self.in_pieces(n, |noise| noise.uniform() as f32)
    }

    /// The next `n` values of `draw` on all threads: the generator counts, so that a piece can begin anywhere.
    fn in_pieces(&mut self, n: usize, draw: impl Fn(&mut Self) -> f32 + Sync) -> Vec<f32> {
        let mut out = vec![0f32; n];
        let from = self.bits.get_word_pos();
        let last = out
            .par_chunks_mut(PIECE)
            .enumerate()
            .map(|(i, piece)| {
                let mut noise = self.clone();
                noise.bits.set_word_pos(from.wrapping_add((i * PIECE) as u128 * WORDS_PER_VALUE));
                piece.iter_mut().for_each(|value| *value = draw(&mut noise));
                noise
            })
            .max_by_key(|noise| noise.bits.get_word_pos().wrapping_sub(from));
        if let Some(last) = last {
            *self = last;
        }
        out
    }

    /// A tensor of standard normal deviates, drawn on the CPU and copied to `device`.
    ///
    /// # Errors
    /// A candle error if the copy fails.
    pub fn normal_tensor(&mut self, shape: impl Into<Shape>, device: &Device) -> Result<Tensor> {
        let shape = shape.into();
        Tensor::from_vec(self.normals(shape.elem_count()), shape, device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_deviates_have_unit_variance_and_known_first_values() {
        let x = Noise::new(7, Stream::Latent).normals(100_000);
        let mean = x.iter().sum::<f32>() / x.len() as f32;
        let var = x.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / x.len() as f32;
        assert!(mean.abs() < 0.02 && (var - 1.0).abs() < 0.02, "mean {mean}, variance {var}");
        assert_eq!(x[..1000], Noise::new(7, Stream::Latent).normals(1000)[..]);
    }

    #[test]
    fn pieces_continue_each_other_and_the_sequence() {
        for n in [2 * PIECE, 3 * PIECE + 1, 5 * PIECE - 1, 10_001] {
            let (mut one, mut pieces) = (Noise::new(9, Stream::Texture), Noise::new(9, Stream::Texture));
            // Not from the start.
            assert_eq!(one.uniform(), pieces.uniform());
            let single: Vec<f32> = (0..n).map(|_| one.uniform() as f32).collect();
            assert!(pieces.uniforms(n) == single, "{n} uniform deviates");
            let single: Vec<f32> = (0..n).map(|_| one.normal()).collect();
            assert!(pieces.normals(n) == single, "{n} normal deviates");
            // An odd number leaves half a pair, which is the next deviate.
            let single: Vec<f32> = (0..n).map(|_| one.normal()).collect();
            assert!(pieces.normals(n) == single, "{n} more");
            assert_eq!(one.uniform(), pieces.uniform());
        }
    }

    #[test]
    fn streams_and_seeds_differ() {
        let first = |seed, stream| Noise::new(seed, stream).normals(4);
        assert_ne!(first(1, Stream::Latent), first(1, Stream::Texture));
        assert_ne!(first(1, Stream::Latent), first(2, Stream::Latent));
    }
}
