//! Bin amplitudes to waveform.

mod parts;

use self::parts::{Parts, Rows};
use super::levels::Levels;
use super::levels::grid::PASSES;
use super::levels::head::{Given, LevelsHead};
use super::partials::Partials;
use super::phase::{self, Grid};
use super::side::MidSide;
use super::spare::Taken;
use super::{AMPLITUDE_FLOOR, Codec, Spectrum};
use crate::config::CodecConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::memory;
use crate::nn::held::Held;
use crate::rng::{Noise, Stream};
use candle_core::{Device, Tensor};
use multiversion::multiversion;
use rayon::prelude::*;
use realfft::num_complex::Complex32;
use straightshot_gpu_kernels as card;
use straightshot_protocol::CancelToken;

/// Tonal bins more than this far below the loudest one (natural log, 60 dB) get a random phase.
const PHASE_RANGE: f32 = 6.9;
/// Log amplitudes are held in this range, so that a bad latent makes a loud sound at worst and not infinity.
const LOG_RANGE: (f32, f32) = (-14.0, 2.0);

/// Logarithm of the least noise of a sound that is brought to levels, just above the floor of -80 dB: where they say that
/// there is a quiet background, there has to be something to bring to it.
const LEAST_NOISE: f32 = -9.21;

/// Random numbers drawn before anyone asks whether to go on: some milliseconds on one core. Even, so that no pair of
/// normal deviates is divided.
const DRAWN_AT_ONCE: usize = 1 << 18;

impl Codec {
    /// [`Codec::synthesize`] of what the decoder made of one clip.
    ///
    /// # Errors
    /// [`ErrorKind::Compute`] if the spectrum holds NaN or cannot be read; [`ErrorKind::OutOfMemory`].
    pub fn render(&self, spectrum: &Spectrum, seed: u64) -> Result<Vec<f32>> {
        self.render_until(spectrum, seed, &CancelToken::default())
    }

    /// [`Codec::render`], ended within some milliseconds when `cancel` is raised.
    ///
    /// # Errors
    /// As [`Codec::render`], and [`ErrorKind::Cancelled`].
    pub fn render_until(&self, spectrum: &Spectrum, seed: u64, cancel: &CancelToken) -> Result<Vec<f32>> {
        Ok(self.render_parts(spectrum, (seed, false), cancel)?.mid)
    }

    /// [`Codec::render_until`], with a side for two channels if one is wanted. The mid is the same with it and without.
    ///
    /// # Errors
    /// As [`Codec::render_until`].
    pub fn render_parts(
        &self,
        spectrum: &Spectrum,
        (seed, with_side): (u64, bool),
        cancel: &CancelToken,
    ) -> Result<MidSide> {
        // On the CPU neither moves a number.
        let log_amplitudes = spectrum.log_amplitudes.contiguous()?;
        let bins = self.config().bins();
        // A GPU still computes what it was asked for, and copying it waits for that.
        let drawn = self.draw(log_amplitudes.elem_count() / (2 * bins), (seed, with_side), cancel)?;
        let levels = spectrum.levels.as_ref();
        let features = spectrum.features.as_ref().map(|values| Features { values, levels, seed });
        if card::fit(&[&log_amplitudes]) {
            return self
                .landing
                .read(&log_amplitudes, |values| self.synthesize_from(values, drawn, features, cancel))?;
        }
        let log_amplitudes = log_amplitudes.to_device(&Device::Cpu)?;
        let held = Held::new(&log_amplitudes);
        self.synthesize_from(held.values()?, drawn, features, cancel)
    }

    /// Renders one clip of a decoded spectrum, without levels; the same seed gives the same samples.
    ///
    /// # Shapes
    /// - `log_amplitudes`: `[frames, 2 * bins]`, tonal then noise, as in
    ///   [`Spectrum`]
    /// - returns: `frames * hop_length` samples
    ///
    /// # Errors
    /// [`ErrorKind::Compute`] if the spectrum holds NaN; [`ErrorKind::OutOfMemory`].
    pub fn synthesize(&self, log_amplitudes: &[f32], seed: u64) -> Result<Vec<f32>> {
        let frames = log_amplitudes.len() / (2 * self.config().bins());
        let never = CancelToken::default();
        let drawn = self.draw(frames, (seed, false), &never)?;
        Ok(self.synthesize_from(log_amplitudes, drawn, None, &never)?.mid)
    }

    /// Draws what a clip of so many frames is made from besides its spectrum.
    fn draw(&self, frames: usize, (seed, with_side): (u64, bool), cancel: &CancelToken) -> Result<Drawn> {
        let config = self.config();
        let mut random = Noise::new(seed, Stream::Texture);
        let take = |values| self.decoder().spare().take(values);
        let (mut phase, mut white) = (take(frames * config.bins())?, take(frames * config.hop_length)?);
        for part in phase.chunks_mut(DRAWN_AT_ONCE) {
            cancel.check()?;
            random.fill_uniform(part);
        }
        for part in white.chunks_mut(DRAWN_AT_ONCE) {
            cancel.check()?;
            random.fill_normal(part);
        }
        let mut side = if with_side { Some(take(white.len())?) } else { None };
        let mut random = Noise::new(seed, Stream::Side);
        for part in side.iter_mut().flat_map(|side| side.chunks_mut(DRAWN_AT_ONCE)) {
            cancel.check()?;
            random.fill_normal(part);
        }
        Ok(Drawn { phase, white, side })
    }

    fn synthesize_from(
        &self,
        log_amplitudes: &[f32],
        drawn: Drawn,
        features: Option<Features<'_>>,
        cancel: &CancelToken,
    ) -> Result<MidSide> {
        let config = self.config();
        let bins = config.bins();
        let frames = log_amplitudes.len() / (2 * bins);
        let Drawn { mut phase, white, side } = drawn;
        let least_noise = if features.is_some() { LEAST_NOISE } else { LOG_RANGE.0 };
        let partials = self.partials(log_amplitudes, cancel)?;
        let partials = partials.as_ref();
        let log_tonal = self.prepare((log_amplitudes, partials), &mut phase, cancel)?;
        let mut owners = self.decoder().spare().take((frames * bins).div_ceil(2))?;
        let owners_of_all = &mut bytemuck::cast_slice_mut(&mut owners)[..frames * bins];
        integrate(&log_tonal, config, (&mut phase, owners_of_all), cancel);
        drop((log_tonal, owners));
        cancel.check()?;
        let (tonal_scale, noise_scale) = (self.stft().full_scale(), self.noise_scale());
        let mut out = memory::zeros(frames * config.hop_length)?;
        let goes_on = || !cancel.is_cancelled();
        let rows = Rows { log_amplitudes, partials, least_noise };
        self.stft().filter(&white, &mut out, goes_on, Parts::default, |parts, frame, spectrum| {
            rows.fill(frame, bins, parts);
            let phase = &phase[frame * bins..][..bins];
            scale(spectrum, &parts.noise, noise_scale);
            for ((value, phase), tonal) in spectrum.iter_mut().zip(phase).zip(&parts.tonal) {
                // In most bins there is no tone, and a sine costs more than all the rest.
                if *tonal > 0.0 {
                    *value += Complex32::from_polar(tonal_scale * tonal, *phase);
                }
            }
        });
        cancel.check()?;
        drop(phase);
        let levels = match (features, self.levels(), self.decoder().levels()) {
            (Some(features), Some(levels), Some(head)) => {
                let base = self.base_levels(levels, log_amplitudes, cancel)?;
                let drawn = Self::drawn_levels((levels, head), features, &base, cancel)?;
                self.bring((levels, &drawn, &base), &mut out, &white, cancel)?;
                Some((levels, drawn))
            }
            _ => None,
        };
        drop(white);
        let side = side.map(|white| self.side(rows, &white, levels, cancel)).transpose()?;
        Ok(MidSide { mid: out, side })
    }

    /// Amplitude of a bin of the synthesis for an amplitude of noise in it: white noise of unit variance has bins of variance
    /// sum(w²) = 3/8 n_fft; amplitudes are in units of a full-scale sine.
    fn noise_scale(&self) -> f32 {
        self.stft().full_scale() / (0.375 * self.config().n_fft as f32).sqrt()
    }

    /// The side of a clip: its noise and nothing else, made from other white noise and brought to the levels that are drawn
    /// for the clip, of which it gets the share of the noise.
    fn side(
        &self,
        rows: Rows<'_>,
        white: &[f32],
        levels: Option<(&Levels, DrawnLevels)>,
        cancel: &CancelToken,
    ) -> Result<Vec<f32>> {
        let (bins, scale_of_noise) = (self.config().bins(), self.noise_scale());
        let mut out = memory::zeros(white.len())?;
        let goes_on = || !cancel.is_cancelled();
        self.stft().filter(white, &mut out, goes_on, Parts::default, |parts, frame, spectrum| {
            rows.fill_noise(frame, bins, parts);
            scale(spectrum, &parts.noise, scale_of_noise);
        });
        cancel.check()?;
        if let Some((levels, drawn)) = levels {
            let mut base = memory::zeros(rows.log_amplitudes.len() / (2 * bins) * levels.bands())?;
            let frames = base.par_chunks_mut(levels.bands()).enumerate();
            frames.for_each_init(Parts::default, |parts, (frame, base)| {
                if goes_on() {
                    rows.fill_noise(frame, bins, parts);
                    levels.base(&parts.tonal, &parts.noise, base);
                }
            });
            cancel.check()?;
            self.bring((levels, &drawn, &base), &mut out, white, cancel)?;
        }
        Ok(out)
    }

    /// Brings what was made of `white` to the levels that were drawn.
    fn bring(
        &self,
        (levels, drawn, base): (&Levels, &DrawnLevels, &[f32]),
        out: &mut [f32],
        white: &[f32],
        cancel: &CancelToken,
    ) -> Result<()> {
        let goes_on = || !cancel.is_cancelled();
        let mut wanted = memory::zeros(drawn.change.len())?;
        levels.grid().texture(white, &mut wanted, goes_on);
        cancel.check()?;
        levels.combine(base, &drawn.change, &drawn.spread, &mut wanted);
        if wanted.iter().any(|v| v.is_nan()) {
            return Err(invalid());
        }
        cancel.check()?;
        let mut brought = self.decoder().spare().take(out.len())?;
        for _ in 0..PASSES {
            levels.grid().impose(out, &wanted, &mut brought, goes_on);
            cancel.check()?;
            out.copy_from_slice(&brought);
        }
        Ok(())
    }

    /// Draws what the levels of one clip differ from their base by.
    fn drawn_levels(
        (levels, head): (&Levels, &LevelsHead),
        features: Features<'_>,
        base: &[f32],
        cancel: &CancelToken,
    ) -> Result<DrawnLevels> {
        let values = features.values.contiguous()?.to_device(&Device::Cpu)?;
        let (_, tokens, _) = values.dims3()?;
        let mut noise = memory::zeros(tokens * levels.config().noise)?;
        Noise::new(features.seed, Stream::Levels).fill_normal(&mut noise);
        let told = features.levels.map(|told| told.contiguous()?.to_device(&Device::Cpu)).transpose()?;
        let (held, told) = (Held::new(&values), told.as_ref().map(Held::new));
        let told = told.as_ref().map(Held::values).transpose()?.unwrap_or_default();
        let given = Given { features: held.values()?, base, noise: &noise, told, tokens };
        let (change, spread) = head.draw_tiled(given, || !cancel.is_cancelled())?;
        cancel.check()?;
        Ok(DrawnLevels { change, spread })
    }

    /// What a decoded spectrum would measure on short frames before it is brought to levels.
    ///
    /// # Shapes
    /// - `log_amplitudes`: `[frames, 2 * bins]`, tonal then noise
    /// - returns: `[frames, bands]`, natural logarithms of amplitudes
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`], [`ErrorKind::Cancelled`].
    pub fn base_levels(
        &self,
        levels: &Levels,
        log_amplitudes: &[f32],
        cancel: &CancelToken,
    ) -> Result<Vec<f32>> {
        let bins = self.config().bins();
        let mut base = memory::zeros(log_amplitudes.len() / (2 * bins) * levels.bands())?;
        let rows = log_amplitudes.par_chunks(2 * bins).zip(base.par_chunks_mut(levels.bands()));
        rows.for_each_init(Parts::default, |parts, (row, base)| {
            if !cancel.is_cancelled() {
                // Tones and noise count alike, so that it does not matter which is which.
                parts.fill(row, None, LEAST_NOISE);
                levels.base(&parts.tonal, &parts.noise, base);
            }
        });
        cancel.check()?;
        Ok(base)
    }

    /// The partials of a clip, if the codec looks for them.
    fn partials(&self, log_amplitudes: &[f32], cancel: &CancelToken) -> Result<Option<Partials>> {
        let config = self.config();
        let find = |partials| Partials::find(partials, log_amplitudes, config.bins(), cancel);
        config.partials.as_ref().map(find).transpose()
    }

    /// Turns random phases into angles, and returns the logarithms of the tones.
    fn prepare(
        &self,
        (log_amplitudes, partials): (&[f32], Option<&Partials>),
        phase: &mut [f32],
        cancel: &CancelToken,
    ) -> Result<Taken> {
        let bins = self.config().bins();
        let mut log_tonal = self.decoder().spare().take(phase.len())?;
        let rows = log_amplitudes.par_chunks(2 * bins).zip(phase.par_chunks_mut(bins));
        let is_invalid = rows
            .zip(log_tonal.par_chunks_mut(bins))
            .enumerate()
            .map_init(Parts::default, |parts, (frame, ((row, phase), log_tonal))| {
                if cancel.is_cancelled() {
                    return false;
                }
                parts.fill(row, partials.map(|partials| (partials, frame)), LOG_RANGE.0);
                log_tonal.copy_from_slice(&parts.log_tonal);
                phase.iter_mut().for_each(|phase| *phase *= std::f32::consts::TAU);
                row.iter().any(|v| v.is_nan())
            })
            .reduce(|| false, |a, b| a || b);
        cancel.check()?;
        if is_invalid {
            return Err(invalid());
        }
        Ok(log_tonal)
    }
}

fn invalid() -> Error {
    Error::new(ErrorKind::Compute, "The model produced an invalid sound (NaN)")
}

/// Multiplies each value by its amplitude and by `factor`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn scale(values: &mut [Complex32], amplitudes: &[f32], factor: f32) {
    for (value, amplitude) in values.iter_mut().zip(amplitudes) {
        *value *= factor * amplitude;
    }
}

/// What the levels of a clip are drawn from.
#[derive(Clone, Copy)]
struct Features<'a> {
    /// `[1, tokens, width]`
    values: &'a Tensor,
    /// `[1, tokens, channels]`, what the latent says of the levels
    levels: Option<&'a Tensor>,
    seed: u64,
}

/// What a clip is made from besides its spectrum.
struct Drawn {
    /// A random phase for every bin, in turns.
    phase: Taken,
    /// White noise of unit variance.
    white: Taken,
    /// As much of it again, for a side.
    side: Option<Taken>,
}

/// What levels differ from their base by, see [`Levels::combine`].
struct DrawnLevels {
    change: Vec<f32>,
    spread: Vec<f32>,
}

/// Makes phase of the tonal part consistent where it is loud; elsewhere it stays what it is.
fn integrate(
    log_tonal: &[f32],
    config: &CodecConfig,
    phases: (&mut [f32], &mut [u16]),
    cancel: &CancelToken,
) {
    let loudest = log_tonal.iter().copied().fold(f32::MIN, f32::max);
    let floor = (loudest - PHASE_RANGE).max(AMPLITUDE_FLOOR.ln());
    let grid = Grid { n_fft: config.n_fft, hop_length: config.hop_length };
    phase::integrate(log_tonal, grid, floor, phases, cancel);
}
