//! What a sound sounds like, in numbers, and how far two sounds are from each other.
//!
//! The numbers come from the sound alone, so that every sound of the folder has them, whoever made it, and no model has to
//! be loaded. They are, each divided by what it differs by between sounds that have nothing in common:
//!
//! - *colour*: the mean level of each of [`BANDS`] bands, spaced as the ear spaces them, below the loudest; and how much it
//!   varies. A glass is bright, a wooden door is not; rain stays as it is, a horn sweeps.
//! - *movement*: how strongly the level moves at eight speeds from once in two seconds to 24 times a second. Steps and
//!   machine guns have a rhythm, wind has a slow one.
//! - *shape*: length, attack, where its weight is in time, how much of it sounds, how many attacks, how noisy it is.
//!
//! None of them depends on how loud the sound is.

use realfft::RealFftPlanner;
use straightshot_protocol::Audio;

/// Bands of the colour.
const BANDS: usize = 32;
/// Speeds of the movement.
const SPEEDS: usize = 8;
/// Numbers of the shape.
const SHAPES: usize = 8;
/// How many numbers there are.
const COUNT: usize = 2 * BANDS + SPEEDS + SHAPES;

/// Lowest and highest frequency of the bands in Hz.
const RANGE_HZ: (f32, f32) = (40.0, 16_000.0);
/// Shortest window in seconds; the next power of two is taken.
const WINDOW_S: f32 = 0.03;
/// Windows per second.
const FRAME_RATE_HZ: u32 = 64;
/// What is so far below the loudest counts as silence, in dB.
const FLOOR_DB: f32 = 60.0;
/// Frames so far below the loudest do not count for the colour, in dB.
const ACTIVE_DB: f32 = 40.0;
/// Slowest and fastest movement in Hz.
const SPEED_HZ: (f32, f32) = (0.5, 24.0);

/// How much each group counts.
const COLOUR: f32 = 1.0;
const VARIETY: f32 = 0.7;
const MOVEMENT: f32 = 1.0;
const SHAPE: f32 = 1.0;

/// What a sound sounds like. Sounds that are alike have a small [`distance`].
pub type Features = [f32; COUNT];

/// How far two sounds are from each other: 0 for the same sound, about 1 for sounds that have nothing in common.
#[must_use]
pub fn distance(a: &Features, b: &Features) -> f32 {
    let square: f32 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
    square.sqrt()
}

/// Listens to `audio`. Takes about a millisecond per second of it.
#[must_use]
pub fn features(audio: &Audio) -> Features {
    let spectrum = Spectrum::of(&audio.mixed(), audio.sample_rate_hz());
    let mut all = Vec::with_capacity(COUNT);
    let (means, deviations) = spectrum.colour();
    let scaled = |values: &[f32], scale: f32| -> Vec<f32> {
        #[expect(clippy::cast_precision_loss, reason = "some tens")]
        let each = scale / (values.len() as f32).sqrt();
        values.iter().map(|value| value * each).collect()
    };
    all.extend(scaled(&means, COLOUR));
    all.extend(scaled(&deviations, VARIETY));
    all.extend(scaled(&spectrum.movement(), MOVEMENT));
    all.extend(scaled(&spectrum.shape(), SHAPE));
    let mut features = [0.0; COUNT];
    for (place, value) in features.iter_mut().zip(all) {
        *place = if value.is_finite() { value } else { 0.0 };
    }
    features
}

/// Levels of a sound over time and bands, in dB below its loudest.
struct Spectrum {
    /// Level of each band in each frame, from -[`FLOOR_DB`] to 0.
    bands: Vec<[f32; BANDS]>,
    /// Level of each frame, from -[`FLOOR_DB`] to 0.
    levels: Vec<f32>,
    /// How even the spectrum of each frame is: 0 for a tone, 1 for noise.
    evenness: Vec<f32>,
}

impl Spectrum {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "lengths of sounds"
    )]
    fn of(samples: &[f32], rate_hz: u32) -> Self {
        let window = ((rate_hz as f32 * WINDOW_S) as usize).next_power_of_two().max(64);
        let hop = (rate_hz / FRAME_RATE_HZ).max(1) as usize;
        let transform = RealFftPlanner::<f32>::new().plan_fft_forward(window);
        let hann: Vec<f32> = (0..window)
            .map(|i| 0.5 - 0.5 * (std::f32::consts::TAU * i as f32 / window as f32).cos())
            .collect();
        let edges = edges(rate_hz, window);
        let (mut input, mut output) = (transform.make_input_vec(), transform.make_output_vec());
        let mut powers: Vec<[f32; BANDS]> = Vec::new();
        let mut evenness = Vec::new();
        for start in (0..samples.len().max(1)).step_by(hop) {
            // Frames are around their time, so that the very beginning counts as much as the rest.
            for (i, (place, weight)) in input.iter_mut().zip(&hann).enumerate() {
                let at = (start + i).checked_sub(window / 2);
                *place = at.and_then(|at| samples.get(at)).map_or(0.0, |sample| sample * weight);
            }
            // Only wrong lengths are an error.
            if transform.process(&mut input, &mut output).is_err() {
                break;
            }
            let mut bands = [0.0; BANDS];
            for (band, edges) in bands.iter_mut().zip(edges.windows(2)) {
                let bins = output.get(edges[0]..edges[1]).unwrap_or_default();
                *band = bins.iter().map(realfft::num_complex::Complex::norm_sqr).sum::<f32>();
            }
            evenness.push(even(&bands));
            powers.push(bands);
        }
        Self::in_decibels(&powers, evenness)
    }

    fn in_decibels(powers: &[[f32; BANDS]], evenness: Vec<f32>) -> Self {
        let total = |bands: &[f32; BANDS]| bands.iter().sum::<f32>();
        let loudest = powers.iter().map(total).fold(f32::MIN_POSITIVE, f32::max);
        let decibels = |power: f32| (10.0 * (power / loudest).max(1e-12).log10()).max(-FLOOR_DB);
        Self {
            bands: powers.iter().map(|bands| bands.map(decibels)).collect(),
            levels: powers.iter().map(|bands| decibels(total(bands))).collect(),
            evenness,
        }
    }

    /// Whether each frame counts for the colour.
    fn active(&self) -> impl Iterator<Item = bool> + Clone + '_ {
        self.levels.iter().map(|level| *level > -ACTIVE_DB)
    }

    /// Mean and deviation of each band, in units of what sounds differ by.
    fn colour(&self) -> ([f32; BANDS], [f32; BANDS]) {
        let (mut means, mut deviations) = ([0.0; BANDS], [0.0; BANDS]);
        for band in 0..BANDS {
            let values = || {
                let frames = self.bands.iter().zip(self.active());
                frames.filter(|(_, active)| *active).map(|(bands, _)| bands[band])
            };
            let (mean, deviation) = mean_and_deviation(values());
            means[band] = mean / 15.0;
            deviations[band] = deviation / 6.0;
        }
        (means, deviations)
    }

    /// How strongly the level moves at each speed.
    #[expect(clippy::cast_precision_loss, reason = "some hundreds of frames")]
    fn movement(&self) -> [f32; SPEEDS] {
        let levels: Vec<f32> =
            self.levels.iter().map(|level| 1.0 + level.max(-ACTIVE_DB) / ACTIVE_DB).collect();
        let mean = levels.iter().sum::<f32>() / levels.len().max(1) as f32;
        let ratio = (SPEED_HZ.1 / SPEED_HZ.0).powf(1.0 / (SPEEDS - 1) as f32);
        std::array::from_fn(|speed| {
            let hz = SPEED_HZ.0 * ratio.powi(i32::try_from(speed).unwrap_or(0));
            let turn = std::f32::consts::TAU * hz / FRAME_RATE_HZ as f32;
            let (mut re, mut im) = (0.0, 0.0);
            for (frame, level) in levels.iter().enumerate() {
                let angle = turn * frame as f32;
                re += (level - mean) * angle.cos();
                im += (level - mean) * angle.sin();
            }
            (re.hypot(im) / (levels.len() as f32).sqrt()).ln_1p()
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "some hundreds of frames")]
    fn shape(&self) -> [f32; SHAPES] {
        let rate = FRAME_RATE_HZ as f32;
        let count = self.levels.len().max(1) as f32;
        let sounding = self.active().filter(|active| *active).count().max(1) as f32;
        let first = self.active().position(|active| active).unwrap_or(0);
        let peak =
            (0..self.levels.len()).max_by(|a, b| self.levels[*a].total_cmp(&self.levels[*b])).unwrap_or(0);
        let weights = || self.levels.iter().map(|level| 10.0_f32.powf(level / 20.0));
        let weight: f32 = weights().sum::<f32>().max(f32::MIN_POSITIVE);
        let middle = weights().enumerate().map(|(at, w)| at as f32 * w).sum::<f32>() / weight;
        let (evenness, _) = mean_and_deviation(
            self.evenness.iter().zip(self.active()).filter(|(_, active)| *active).map(|(even, _)| *even),
        );
        let (level, spread) = mean_and_deviation(self.levels.iter().copied());
        [
            (sounding / rate).log2() / 1.5,
            ((peak.saturating_sub(first)) as f32 / rate * 20.0).ln_1p(),
            2.0 * middle / count,
            sounding / count,
            (self.attacks() as f32 / (count / rate).max(0.5)).ln_1p(),
            4.0 * evenness,
            level / 15.0,
            spread / 8.0,
        ]
    }

    /// How often the level jumps up.
    fn attacks(&self) -> usize {
        let rises = |at: usize| {
            let before =
                self.levels[at.saturating_sub(4)..at].iter().fold(f32::INFINITY, |low, l| low.min(*l));
            self.levels[at] > -30.0 && self.levels[at] - before > 9.0
        };
        (1..self.levels.len()).filter(|at| rises(*at) && !(*at > 1 && rises(at - 1))).count()
    }
}

/// First bins of the bands and the one after the last.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bins of a spectrum"
)]
fn edges(rate_hz: u32, window: usize) -> [usize; BANDS + 1] {
    let mel = |hz: f32| (1.0 + hz / 700.0).ln();
    let (low, high) = (mel(RANGE_HZ.0), mel(RANGE_HZ.1));
    std::array::from_fn(|edge| {
        let hz = 700.0 * ((low + (high - low) * edge as f32 / BANDS as f32).exp() - 1.0);
        ((hz * window as f32 / rate_hz as f32).round() as usize).max(edge + 1).min(window / 2 + 1)
    })
}

/// Geometric by arithmetic mean; of silence 0.
#[expect(clippy::cast_precision_loss, reason = "the bands")]
fn even(bands: &[f32; BANDS]) -> f32 {
    let count = BANDS as f32;
    let mean = bands.iter().sum::<f32>() / count;
    if mean < f32::MIN_POSITIVE {
        return 0.0;
    }
    // Relative to the mean, so that it does not depend on how loud the sound is.
    (bands.iter().map(|power| (power / mean).max(1e-9).ln()).sum::<f32>() / count).exp()
}

#[expect(clippy::cast_precision_loss, reason = "some hundreds of frames")]
fn mean_and_deviation(values: impl Iterator<Item = f32> + Clone) -> (f32, f32) {
    let count = values.clone().count().max(1) as f32;
    let mean = values.clone().sum::<f32>() / count;
    let variance = values.map(|value| (value - mean) * (value - mean)).sum::<f32>() / count;
    (mean, variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f32::consts::TAU;

    const RATE_HZ: u32 = 22_050;

    /// Noise through a filter of first order: 1 is white, less is darker.
    fn noise(seed: u32, frames: usize, brightness: f32) -> Vec<f32> {
        let mut state = seed.wrapping_mul(747_796_405) | 1;
        let mut smooth = 0.0;
        (0..frames)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                smooth += brightness * (f32::from_bits(0x3f80_0000 | state >> 9) - 1.5 - smooth);
                smooth
            })
            .collect()
    }

    /// A sound of a kind; no two seeds have a sample in common.
    #[expect(clippy::cast_precision_loss, reason = "short sounds")]
    fn sound(kind: usize, seed: u32) -> Audio {
        let seconds = 1.0 + 0.1 * (seed % 4) as f32;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "short sounds")]
        let frames = (seconds * RATE_HZ as f32) as usize;
        let brightness = [0.9, 0.05, 0.5, 0.9, 0.2, 0.02][kind];
        let pitch = 1.0 + 0.02 * (seed % 5) as f32;
        let samples = noise(seed + 100 * kind as u32, frames, brightness);
        let shaped = samples.into_iter().enumerate().map(|(frame, noise)| {
            let time = frame as f32 / RATE_HZ as f32;
            match kind {
                // Rain, wind, steps, a cymbal, a tone that decays, an engine.
                0 | 1 => noise,
                2 => noise * (-30.0 * (time * 3.0 * pitch).fract()).exp(),
                3 => noise * (-3.0 * time).exp(),
                4 => (TAU * 880.0 * pitch * time).sin() * (-5.0 * time).exp() + 0.02 * noise,
                _ => noise * (1.0 + (TAU * 14.0 * pitch * time).sin()),
            }
        });
        Audio::mono(RATE_HZ, shaped.collect::<Vec<_>>())
    }

    #[test]
    fn library_search_finds_sounds_of_the_same_kind_first() {
        let all: Vec<_> =
            (0..6).flat_map(|kind| (1..=5).map(move |seed| (kind, features(&sound(kind, seed))))).collect();
        for (at, (kind, of)) in all.iter().enumerate() {
            let mut others: Vec<_> = all.iter().enumerate().filter(|(other, _)| *other != at).collect();
            others.sort_by(|a, b| distance(of, &a.1.1).total_cmp(&distance(of, &b.1.1)));
            let nearest: Vec<_> = others.iter().take(4).map(|(_, (kind, _))| *kind).collect();
            let same = nearest.iter().filter(|other| *other == kind).count();
            assert!(nearest[0] == *kind && same >= 3, "of sound {at} of kind {kind}: {nearest:?}");
        }
    }

    #[test]
    fn loudness_channels_and_rate_make_no_difference() {
        let audio = sound(2, 1);
        let of = features(&audio);
        let quiet: Vec<f32> = audio.left().iter().map(|sample| 0.01 * sample).collect();
        assert!(distance(&of, &features(&Audio::mono(RATE_HZ, quiet))) < 0.01);
        let stereo = Audio::stereo(RATE_HZ, audio.left().to_vec(), audio.left().to_vec()).unwrap();
        assert!(distance(&of, &features(&stereo)) < 1e-4);
        // A dark sound at twice the rate, by the means between its samples: next to nothing comes with it.
        let dark = sound(5, 1);
        let between = dark.left().windows(2).flat_map(|pair| [pair[0], 0.5 * (pair[0] + pair[1])]);
        let doubled = Audio::mono(2 * RATE_HZ, between.collect::<Vec<_>>());
        let of = features(&dark);
        assert!(distance(&of, &features(&doubled)) < 0.5 * distance(&of, &features(&sound(0, 1))));
    }

    #[test]
    fn every_sound_has_numbers() {
        for samples in [vec![], vec![0.0; 50], vec![1.0], vec![0.0; 30_000], vec![0.5; 30_000]] {
            let of = features(&Audio::mono(RATE_HZ, samples));
            assert!(of.iter().all(|value| value.is_finite() && value.abs() < 10.0), "{of:?}");
        }
    }
}
