//! Spectrogram on the mel scale, as the evaluation networks were trained on.

use realfft::{RealFftPlanner, RealToComplex};
use std::fmt;
use std::sync::Arc;

/// What sets one front end apart from another.
#[derive(Debug, Clone, Copy)]
pub(super) struct MelConfig {
    pub(super) sample_rate_hz: u32,
    pub(super) window_samples: usize,
    /// Windows are zero-padded to this.
    pub(super) n_fft: usize,
    pub(super) hop_samples: usize,
    pub(super) bands: usize,
    pub(super) low_hz: f64,
    pub(super) high_hz: f64,
    /// Whether the window ends in zero, or one sample before it.
    pub(super) symmetric_window: bool,
    /// Powers with triangles that sum to one, instead of magnitudes with triangles of height one.
    pub(super) power: bool,
}

/// Hann window, Fourier transform, and triangles that are linear on the HTK mel scale.
pub(super) struct Mel {
    config: MelConfig,
    window: Vec<f32>,
    /// First bin and weights of each band.
    triangles: Vec<(usize, Vec<f32>)>,
    transform: Arc<dyn RealToComplex<f32>>,
}

impl fmt::Debug for Mel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mel").field("config", &self.config).finish_non_exhaustive()
    }
}

/// HTK mel scale without its constant factor, which triangles do not depend on.
fn mel(hz: f64) -> f64 {
    (hz / 700.0).ln_1p()
}

impl Mel {
    pub(super) fn new(config: MelConfig) -> Self {
        let period = config.window_samples - usize::from(config.symmetric_window);
        let step = std::f64::consts::TAU / period as f64;
        Self {
            config,
            window: (0..config.window_samples)
                .map(|i| (0.5 - 0.5 * (step * i as f64).cos()) as f32)
                .collect(),
            triangles: (0..config.bands).map(|band| triangle(&config, band)).collect(),
            transform: RealFftPlanner::<f32>::new().plan_fft_forward(config.n_fft),
        }
    }

    /// Computes `frames` frames, the first of which begins at sample `start`; outside the signal is silence.
    ///
    /// # Shapes
    /// - returns: `[frames, bands]`, row-major
    pub(super) fn frames(&self, samples: &[f32], start: isize, frames: usize) -> Vec<f32> {
        let mut block = vec![0f32; self.config.n_fft];
        let mut spectrum = self.transform.make_output_vec();
        let mut scratch = self.transform.make_scratch_vec();
        let mut out = Vec::with_capacity(frames * self.config.bands);
        for frame in 0..frames {
            let start = start + (frame * self.config.hop_samples) as isize;
            block.fill(0.0);
            for (i, (b, w)) in block.iter_mut().zip(&self.window).enumerate() {
                let at = usize::try_from(start + i as isize).ok();
                *b = at.and_then(|at| samples.get(at)).map_or(0.0, |x| x * w);
            }
            // The only failures are wrong buffer lengths, which are fixed above.
            let done = self.transform.process_with_scratch(&mut block, &mut spectrum, &mut scratch);
            debug_assert!(done.is_ok());
            let level = |c: &realfft::num_complex::Complex32| {
                if self.config.power { c.norm_sqr() } else { c.norm() }
            };
            out.extend(self.triangles.iter().map(|(first, weights)| {
                spectrum[*first..].iter().zip(weights).map(|(c, w)| w * level(c)).sum::<f32>()
            }));
        }
        out
    }
}

fn triangle(config: &MelConfig, band: usize) -> (usize, Vec<f32>) {
    let (low, high) = (mel(config.low_hz), mel(config.high_hz));
    let edge = |i: usize| low + (high - low) * i as f64 / (config.bands + 1) as f64;
    let (left, centre, right) = (edge(band), edge(band + 1), edge(band + 2));
    let weight = |bin: usize| {
        let at = mel(bin as f64 * f64::from(config.sample_rate_hz) / config.n_fft as f64);
        ((at - left) / (centre - left)).min((right - at) / (right - centre)).max(0.0)
    };
    let all: Vec<f64> = (0..=config.n_fft / 2).map(weight).collect();
    let first = all.iter().position(|&w| w > 0.0).unwrap_or(0);
    let last = all.iter().rposition(|&w| w > 0.0).unwrap_or(0);
    let sum: f64 = all.iter().sum();
    let scale = if config.power && sum > 0.0 { 1.0 / sum } else { 1.0 };
    (first, all[first..=last].iter().map(|w| (w * scale) as f32).collect())
}
