//! Seeded Gaussian noise that is the same on every device and platform.
//!
//! ChaCha8 in counter mode gives the bits and Box-Muller in double precision the normal deviates, so a seed means the
//! same starting noise on CPU, CUDA and Metal. Its logarithm, sine and cosine are series of single multiplications and
//! additions: unlike those of the platform's library they have the same bits everywhere, and they vectorise.

use crate::memory;
use candle_core::{Device, Result, Shape, Tensor};
use multiversion::multiversion;
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
    /// What the levels of a sound are drawn with.
    Levels = 4,
    /// The noise that is the difference of two channels.
    Side = 5,
}

/// What [`hash`] starts from where nothing else is to decide it.
pub const HASH_START: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a over `words`: stable over versions and platforms, unlike the standard library's hasher.
pub fn hash(start: u64, words: impl Iterator<Item = u64>) -> u64 {
    words.fold(start, |hash, word| (hash ^ word).wrapping_mul(0x0100_0000_01b3))
}

/// Words of the generator that a deviate takes: two for a uniform one, four for a pair of normal ones.
const WORDS_PER_VALUE: u128 = 2;
/// Deviates that one thread draws at once; even, so that no pair is divided.
const PIECE: usize = 1024;

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
        let [first, second] = pair(self.uniform(), self.uniform());
        self.spare = Some(second);
        first
    }

    /// `n` standard normal deviates.
    pub fn normals(&mut self, n: usize) -> Vec<f32> {
        let mut out = vec![0f32; n];
        self.fill_normal(&mut out);
        out
    }

    /// Fills `out` with standard normal deviates.
    pub fn fill_normal(&mut self, out: &mut [f32]) {
        // A deviate that is left over shifts the pairs of all that follow.
        if self.spare.is_some() || out.len() < LANES {
            return out.iter_mut().for_each(|value| *value = self.normal());
        }
        self.in_pieces(out, |noise, piece| {
            let (pairs, rest) = piece.as_chunks_mut::<2>();
            for pairs in pairs.chunks_mut(LANES) {
                let mut uniform = [[0f64; LANES]; 2];
                for i in 0..pairs.len() {
                    uniform.iter_mut().for_each(|uniform| uniform[i] = noise.uniform());
                }
                transform(&uniform, pairs);
            }
            rest.iter_mut().for_each(|value| *value = noise.normal());
        });
    }

    /// Fills `out` with deviates that are uniform in `[0, 1)`.
    pub fn fill_uniform(&mut self, out: &mut [f32]) {
        self.in_pieces(out, |noise, piece| {
            piece.iter_mut().for_each(|value| *value = noise.uniform() as f32);
        });
    }

    /// Fills `out` on all threads, `draw` a piece with the next values: the generator counts, so that a piece can begin
    /// anywhere.
    fn in_pieces(&mut self, out: &mut [f32], draw: impl Fn(&mut Self, &mut [f32]) + Sync) {
        let from = self.bits.get_word_pos();
        let last = out
            .par_chunks_mut(PIECE)
            .enumerate()
            .map(|(i, piece)| {
                let mut noise = self.clone();
                noise.bits.set_word_pos(from.wrapping_add((i * PIECE) as u128 * WORDS_PER_VALUE));
                draw(&mut noise, piece);
                noise
            })
            .max_by_key(|noise| noise.bits.get_word_pos().wrapping_sub(from));
        if let Some(last) = last {
            *self = last;
        }
    }

    /// A tensor of standard normal deviates, drawn on the CPU and copied to `device`.
    ///
    /// # Errors
    /// A candle error if there is not enough memory, or the copy fails.
    pub fn normal_tensor(&mut self, shape: impl Into<Shape>, device: &Device) -> Result<Tensor> {
        let shape = shape.into();
        let mut values = memory::zeros(shape.elem_count())?;
        self.fill_normal(&mut values);
        Tensor::from_vec(values, shape, device)
    }
}

/// Pairs of normal deviates made together.
const LANES: usize = 64;

/// [`pair`] for both numbers of some pairs.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn transform(uniform: &[[f64; LANES]; 2], out: &mut [[f32; 2]]) {
    let mut all = [[0f32; 2]; LANES];
    for ((out, first), second) in all.iter_mut().zip(&uniform[0]).zip(&uniform[1]) {
        *out = pair(*first, *second);
    }
    out.copy_from_slice(&all[..out.len()]);
}

/// Two normal deviates of two uniform ones in `[0, 1)`, [Box and Muller, 1958](https://doi.org/10.1214/aoms/1177706645).
#[inline(always)]
fn pair(first: f64, second: f64) -> [f32; 2] {
    // 1 - u is in (0, 1], so the logarithm is finite.
    let radius = (-2.0 * logarithm(1.0 - first)).sqrt();
    let [cos, sin] = cos_sin_of_turns(second);
    [(radius * cos) as f32, (radius * sin) as f32]
}

/// 2^52: the integers from here to 2^53 sit in the bits of the mantissa.
const MANTISSA: f64 = 4_503_599_627_370_496.0;

/// `ln x` for `x` from 2^-60 to 1, absolute error below 1e-14 of the larger of 1 and the result.
#[inline(always)]
fn logarithm(x: f64) -> f64 {
    // x = m 2^e with m from sqrt(1/2) to sqrt(2).
    let low = std::f64::consts::FRAC_1_SQRT_2.to_bits();
    let exponent = x.to_bits().wrapping_sub(low).wrapping_add(64 << 52) >> 52;
    let m = f64::from_bits(x.to_bits().wrapping_sub(exponent.wrapping_sub(64) << 52));
    let e = f64::from_bits(exponent | MANTISSA.to_bits()) - (MANTISSA + 64.0);
    // ln m = 2 artanh(s), s at most 0.172: the first term that is left out is below 2e-14 of the sum.
    let s = (m - 1.0) / (m + 1.0);
    let s2 = s * s;
    let mut series = 1.0 / 17.0;
    for divisor in [15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
        series = series * s2 + 1.0 / divisor;
    }
    2.0 * s * series + e * std::f64::consts::LN_2
}

/// Cosine and sine of `turns` whole turns, in `[0, 1)`, absolute error below 1e-13.
#[inline(always)]
fn cos_sin_of_turns(turns: f64) -> [f64; 2] {
    // Quarters of a turn, and at most half a quarter more or less.
    let shifted = 4.0 * turns + (MANTISSA + 0.5 * MANTISSA);
    let quarters = shifted.to_bits();
    let rest = 4.0 * turns - (shifted - (MANTISSA + 0.5 * MANTISSA));
    let x = rest * std::f64::consts::FRAC_PI_2;
    let x2 = x * x;
    // Taylor series: the first terms that are left out are below 2e-15 and 3e-14.
    let (mut cos, mut sin) = (1.0, 1.0);
    for n in [14.0, 12.0, 10.0, 8.0, 6.0, 4.0, 2.0] {
        cos = 1.0 - cos * x2 * (1.0 / (n * (n - 1.0)));
    }
    for n in [13.0, 11.0, 9.0, 7.0, 5.0, 3.0] {
        sin = 1.0 - sin * x2 * (1.0 / (n * (n - 1.0)));
    }
    sin *= x;
    // A quarter of a turn makes the cosine the sine and the sine the negative cosine.
    let (a, b) = if quarters & 1 == 0 { (cos, sin) } else { (sin, cos) };
    let negative = |x: f64, bit: u64| f64::from_bits(x.to_bits() ^ ((bit & 1) << 63));
    [negative(a, (quarters >> 1) ^ quarters), negative(b, quarters >> 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithm_sine_and_cosine_are_those_of_the_library() {
        let mut random = Noise::new(4, Stream::Training);
        let special = [0.0, 0.125, 0.25, 0.5, 0.75, 0.875, 1.0 - f64::EPSILON / 2.0, 1e-300];
        for u in special.into_iter().chain((0..100_000).map(|_| random.uniform())) {
            let (x, wanted) = (1.0 - u, (1.0 - u).ln());
            assert!((logarithm(x) - wanted).abs() <= 1e-14 * wanted.abs().max(1.0), "ln {x}");
            let ([cos, sin], angle) = (cos_sin_of_turns(u), std::f64::consts::TAU * u);
            assert!((cos - angle.cos()).abs() < 1e-13 && (sin - angle.sin()).abs() < 1e-13, "{u} turns");
        }
        // Where pairs are small or far out the result is as good.
        for exponent in 1..=53 {
            let x = 2f64.powi(-exponent);
            assert!(
                (logarithm(x) / x.ln() - 1.0).abs() < 1e-14
                    && (logarithm(1.0 - x) / (-x).ln_1p() - 1.0).abs() < 1e-13
            );
        }
    }

    #[test]
    fn normal_deviates_have_unit_variance() {
        let x = Noise::new(7, Stream::Latent).normals(100_000);
        let mean = x.iter().sum::<f32>() / x.len() as f32;
        let var = x.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / x.len() as f32;
        assert!(mean.abs() < 0.02 && (var - 1.0).abs() < 0.02, "mean {mean}, variance {var}");
        assert_eq!(x[..1000], Noise::new(7, Stream::Latent).normals(1000)[..]);
    }

    /// Beyond what one thread draws at once.
    const FAR: usize = 100_000;
    /// Beyond 32 bits of the generator's counter.
    const FARTHER: u128 = 1 << 40;

    /// Seed and stream; uniform deviates 0, 1, 2, [`FAR`] and [`FARTHER`]; normal deviates 0 to 3, [`FAR`] and the next.
    type Known = (u64, Stream, [f64; 5], [f32; 6]);

    /// Values that must never change: what a saved prompt and seed sound like depends on them, and so does every model
    /// that is trained again. Made by `rng/known_values.py`, which shares no code with this file.
    const KNOWN: [Known; 5] = [
        (
            0,
            Stream::Latent,
            [
                0.7090754154265618,
                0.46592172228961015,
                0.6991432426747317,
                0.24274036815437916,
                0.05390995181521285,
            ],
            [-1.5355413, 0.33390895, 1.4404618, 0.5721119, -0.5200397, -0.5344689],
        ),
        (
            7,
            Stream::Latent,
            [
                0.15779609702061936,
                0.1679893627721013,
                0.7042761280364565,
                0.03242589431344611,
                0.03703276910921749,
            ],
            [0.28880185, 0.50996053, -0.22730853, -1.544341, 0.14225395, 0.21375299],
        ),
        (
            7,
            Stream::Texture,
            [
                0.9921087752234984,
                0.009051410273493876,
                0.7216117295825087,
                0.1682300032470031,
                0.8228153332173823,
            ],
            [3.1068826, 0.17688441, -1.5743401, -0.28094497, 0.5452627, -0.26662192],
        ),
        (
            u64::MAX,
            Stream::Training,
            [
                0.48649447243912336,
                0.9513303001331117,
                0.2724782850877847,
                0.6826269394567385,
                0.5438830660064531,
            ],
            [1.1009874, -0.34758562, 0.17150179, -0.7789801, 0.8820446, 1.2318084],
        ),
        (
            123_456_789,
            Stream::Evaluation,
            [
                0.8215606478027434,
                0.07909997061753027,
                0.5948159735292865,
                0.45806867638008775,
                0.23907128562082047,
            ],
            [1.6319946, 0.88521546, -0.8661323, -1.0279312, 0.8412067, 0.7194465],
        ),
    ];

    #[test]
    fn known_values() {
        for (seed, stream, uniform, normal) in KNOWN {
            let start = Noise::new(seed, stream);
            let mut one = start.clone();
            assert_eq!([(); 3].map(|()| one.uniform()), uniform[..3], "{seed} {stream:?}");
            for (position, value) in [FAR as u128, FARTHER].into_iter().zip(&uniform[3..]) {
                let mut far = start.clone();
                far.bits.set_word_pos(position * WORDS_PER_VALUE);
                assert_eq!(far.uniform(), *value, "{seed} {stream:?} at {position}");
            }
            let mut one = start.clone();
            assert_eq!([(); 4].map(|()| one.normal()), normal[..4], "{seed} {stream:?}");
            let many = start.clone().normals(FAR + 2);
            assert_eq!((&many[..4], &many[FAR..]), (&normal[..4], &normal[4..]), "{seed} {stream:?}");
            let mut many = vec![0.0; FAR + 1];
            start.clone().fill_uniform(&mut many);
            assert_eq!(many[FAR], uniform[3] as f32, "{seed} {stream:?}");
        }
    }

    #[test]
    fn pieces_continue_each_other_and_the_sequence() {
        for n in [2 * PIECE, 3 * PIECE + 1, 5 * PIECE - 1, 10_001] {
            let (mut one, mut pieces) = (Noise::new(9, Stream::Texture), Noise::new(9, Stream::Texture));
            // Not from the start.
            assert_eq!(one.uniform(), pieces.uniform());
            let single: Vec<f32> = (0..n).map(|_| one.uniform() as f32).collect();
            let mut made = vec![0.0; n];
            pieces.fill_uniform(&mut made);
            assert!(made == single, "{n} uniform deviates");
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
