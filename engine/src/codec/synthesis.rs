//! Bin amplitudes to waveform.

use super::phase::{self, Grid};
use super::{AMPLITUDE_FLOOR, Codec};
use crate::config::CodecConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::nn::ops::kernels;
use crate::rng::{Noise, Stream};
use rayon::prelude::*;
use realfft::num_complex::Complex32;

/// Tonal bins more than this far below the loudest one (natural log, 60 dB) get a random phase.
const PHASE_RANGE: f32 = 6.9;
/// A tone is made as noise of its power where its amplitude is below this share (-3 dB) of the noise's in the same bin.
/// It is hardly heard there: above 170 Hz the ear's bands ([Glasberg and Moore,
/// 1990](https://doi.org/10.1016/0378-5955(90)90170-T)) are wider than a bin and have still more noise in them. In rain
/// that is most bins, and phases cost more than all the rest of the synthesis.
const MASKED: f32 = std::f32::consts::FRAC_1_SQRT_2;
/// Log amplitudes are held in this range, so that a bad latent makes a loud sound at worst and not infinity.
const LOG_RANGE: (f32, f32) = (-14.0, 2.0);

impl Codec {
    /// Renders one clip of a decoded spectrum; the same seed gives the same samples.
    ///
    /// # Shapes
    /// - `log_amplitudes`: `[frames, 2 * bins]`, tonal then noise, as in
    ///   [`Spectrum`](super::Spectrum)
    /// - returns: `frames * hop_length` samples
    ///
    /// # Errors
    /// [`ErrorKind::Compute`] if the spectrum holds NaN.
    pub fn synthesize(&self, log_amplitudes: &[f32], seed: u64) -> Result<Vec<f32>> {
        let config = self.config();
        let bins = config.bins();
        let frames = log_amplitudes.len() / (2 * bins);
        if log_amplitudes.iter().any(|v| v.is_nan()) {
            return Err(Error::new(ErrorKind::Compute, "The model produced an invalid sound (NaN)"));
        }
        let clamped = |half: usize| {
            let mut part = vec![0f32; frames * bins];
            part.par_chunks_mut(bins).zip(log_amplitudes.par_chunks(2 * bins)).for_each(|(part, row)| {
                let row = &row[half * bins..][..bins];
                part.iter_mut().zip(row).for_each(|(to, from)| *to = from.clamp(LOG_RANGE.0, LOG_RANGE.1));
            });
            part
        };
        let (mut log_tonal, mut noise) = (clamped(0), clamped(1));
        let mut tonal = log_tonal.clone();
        let logs = log_tonal.par_chunks_mut(bins);
        logs.zip(tonal.par_chunks_mut(bins)).zip(noise.par_chunks_mut(bins)).for_each(
            |((log, tonal), noise)| {
                kernels::amplitudes(tonal, AMPLITUDE_FLOOR, 1.0);
                kernels::amplitudes(noise, AMPLITUDE_FLOOR, 1.0);
                kernels::take_masked(tonal, noise, MASKED, log, LOG_RANGE.0);
            },
        );
        let mut random = Noise::new(seed, Stream::Texture);
        let mut phase = random.uniforms(frames * bins);
        phase.iter_mut().for_each(|phase| *phase *= std::f32::consts::TAU);
        // The integration is a single path, the transforms are as many as frames.
        let (mut spectrum, ()) = rayon::join(
            || self.stft().forward(&random.normals(frames * config.hop_length), frames),
            || integrate(&log_tonal, config, &mut phase),
        );
        // White noise of unit variance has bins of variance sum(w²) = 3/8 n_fft; amplitudes are in units of
        // a full-scale sine.
        let tonal_scale = self.stft().full_scale();
        let noise_scale = tonal_scale / (0.375 * config.n_fft as f32).sqrt();
        let rows = spectrum.par_chunks_mut(bins).zip(phase.par_chunks(bins));
        let amplitudes = tonal.par_chunks(bins).zip(noise.par_chunks(bins));
        rows.zip(amplitudes).for_each(|((row, phase), (tonal, noise))| {
            for (((value, phase), tonal), noise) in row.iter_mut().zip(phase).zip(tonal).zip(noise) {
                *value *= noise_scale * noise;
                // In most bins there is no tone, and a sine costs more than all the rest.
                if *tonal > 0.0 {
                    *value += Complex32::from_polar(tonal_scale * tonal, *phase);
                }
            }
        });
        Ok(self.stft().inverse(&mut spectrum))
    }
}

/// Makes phase of the tonal part consistent where it is loud; elsewhere it stays what it is.
fn integrate(log_tonal: &[f32], config: &CodecConfig, phase: &mut [f32]) {
    let loudest = log_tonal.iter().copied().fold(f32::MIN, f32::max);
    let floor = (loudest - PHASE_RANGE).max(AMPLITUDE_FLOOR.ln());
    phase::integrate(log_tonal, Grid { n_fft: config.n_fft, hop_length: config.hop_length }, floor, phase);
}
