//! Short-time Fourier transform with a Hann window.

use rayon::prelude::*;
use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use std::fmt;
use std::sync::Arc;

/// Transform pair of one window length and hop.
///
/// Frame `i` is centred on sample `(i + ½) hop_length`, so `n` frames stand for exactly `n · hop_length`
/// samples and a frame count maps to latents without a rest. Outside the signal there is silence.
#[derive(Clone)]
pub struct Stft {
    n_fft: usize,
    hop_length: usize,
    window: Vec<f32>,
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
}

impl fmt::Debug for Stft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stft").field("n_fft", &self.n_fft).field("hop_length", &self.hop_length).finish()
    }
}

impl Stft {
    /// Plans the transforms; `n_fft` is even and a multiple of `hop_length`.
    #[must_use]
    pub fn new(n_fft: usize, hop_length: usize) -> Self {
        debug_assert!(n_fft.is_multiple_of(2 * hop_length));
        let mut planner = RealFftPlanner::<f32>::new();
        let step = std::f64::consts::TAU / n_fft as f64;
        Self {
            n_fft,
            hop_length,
            // Periodic Hann: overlapping copies sum to a constant.
            window: (0..n_fft).map(|i| (0.5 - 0.5 * (i as f64 * step).cos()) as f32).collect(),
            forward: planner.plan_fft_forward(n_fft),
            inverse: planner.plan_fft_inverse(n_fft),
        }
    }

    /// Frequency bins per frame, `n_fft / 2 + 1`.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.n_fft / 2 + 1
    }

    /// Samples between frames.
    #[must_use]
    pub fn hop_length(&self) -> usize {
        self.hop_length
    }

    /// Magnitude of a full-scale sine at a bin centre: divides a magnitude to give an amplitude.
    #[must_use]
    pub fn full_scale(&self) -> f32 {
        self.window.iter().sum::<f32>() / 2.0
    }

    /// Signed position of frame `i`'s first sample.
    fn start(&self, frame: usize) -> isize {
        (frame * self.hop_length) as isize - ((self.n_fft - self.hop_length) / 2) as isize
    }

    /// Transforms `samples` to `frames` frames.
    ///
    /// # Shapes
    /// - returns: `[frames, bins]`, row-major
    #[must_use]
    pub fn forward(&self, samples: &[f32], frames: usize) -> Vec<Complex32> {
        let bins = self.bins();
        let mut out = vec![Complex32::default(); frames * bins];
        out.par_chunks_mut(bins).enumerate().for_each_init(
            || (vec![0f32; self.n_fft], self.forward.make_scratch_vec()),
            |(block, scratch), (frame, out)| {
                let start = self.start(frame);
                for (i, (b, w)) in block.iter_mut().zip(&self.window).enumerate() {
                    let at = start + i as isize;
                    *b = usize::try_from(at).ok().and_then(|at| samples.get(at)).map_or(0.0, |x| x * w);
                }
                // The only failures are wrong buffer lengths, which are fixed above.
                let done = self.forward.process_with_scratch(block, out, scratch);
                debug_assert!(done.is_ok());
            },
        );
        out
    }

    /// Inverse transform by weighted overlap-add, exact for an unchanged spectrum of [`Stft::forward`].
    ///
    /// # Shapes
    /// - `spectrum`: `[frames, bins]`; is used as scratch
    /// - returns: `frames * hop_length` samples
    #[must_use]
    pub fn inverse(&self, spectrum: &mut [Complex32]) -> Vec<f32> {
        let bins = self.bins();
        let frames = spectrum.len() / bins;
        let blocks: Vec<Vec<f32>> = spectrum
            .par_chunks_mut(bins)
            .map_init(
                || self.inverse.make_scratch_vec(),
                |scratch, row| {
                    row[0].im = 0.0;
                    row[bins - 1].im = 0.0;
                    let mut block = vec![0f32; self.n_fft];
                    let done = self.inverse.process_with_scratch(row, &mut block, scratch);
                    debug_assert!(done.is_ok());
                    block
                },
            )
            .collect();
        let mut sum = vec![0f32; frames * self.hop_length];
        sum.par_chunks_mut(self.hop_length).enumerate().for_each_init(
            || vec![0f32; self.hop_length],
            |weight, (hop, sum)| {
                weight.fill(0.0);
                self.overlap_add(&blocks, hop * self.hop_length, sum, weight);
                let scale = 1.0 / self.n_fft as f32;
                sum.iter_mut().zip(weight).for_each(|(x, w)| *x *= scale / w.max(1e-3));
            },
        );
        sum
    }

    /// Adds the windowed parts of `blocks` that fall into one hop from sample `at` on to `sum`, and their squared windows
    /// to `weight`.
    fn overlap_add(&self, blocks: &[Vec<f32>], at: usize, sum: &mut [f32], weight: &mut [f32]) {
        let (hop, reach) = (at / self.hop_length, self.n_fft / self.hop_length);
        let near = hop.saturating_sub(reach)..(hop + reach).min(blocks.len());
        for frame in near {
            // Where the hop lies in the block; less than nothing if the block begins within the hop.
            let inside = at as isize - self.start(frame);
            let skip = (-inside).max(0) as usize;
            let from = inside.max(0) as usize;
            if skip >= sum.len() || from >= self.n_fft {
                continue;
            }
            let parts = sum[skip..].iter_mut().zip(&mut weight[skip..]);
            let block = blocks[frame][from..].iter().zip(&self.window[from..]);
            for ((sum, weight), (x, w)) in parts.zip(block) {
                *sum += w * x;
                *weight += w * w;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Noise, Stream};

    #[test]
    fn inverse_of_forward_is_identity() {
        let stft = Stft::new(1024, 256);
        let x = Noise::new(1, Stream::Training).normals(40 * 256);
        let y = stft.inverse(&mut stft.forward(&x, 40));
        let worst = x.iter().zip(&y).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-4, "largest error {worst}");
    }

    #[test]
    fn full_scale_sine_has_unit_amplitude() {
        let stft = Stft::new(1024, 256);
        let step = std::f32::consts::TAU * 32.0 / 1024.0;
        let x: Vec<f32> = (0..20 * 256).map(|i| (step * i as f32).sin()).collect();
        let amplitude = stft.forward(&x, 20)[10 * stft.bins() + 32].norm() / stft.full_scale();
        assert!((amplitude - 1.0).abs() < 1e-3, "{amplitude}");
    }
}
