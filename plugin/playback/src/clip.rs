//! The sound that is played.

/// Length of the fade at the end of every clip, in seconds: a clip that ends away from zero would click.
const END_FADE_S: f32 = 0.002;
/// Samples below this magnitude (-400 dB) become zero, so that no product with gains and fades is a denormal.
const SMALLEST_SAMPLE: f32 = 1e-20;

/// Mono samples at the host's sample rate, ready to be played.
///
/// Immutable and shared in an `Arc` that the audio thread never drops last.
#[derive(Debug)]
pub struct Clip {
    samples: Box<[f32]>,
    sample_rate_hz: u32,
    generation: u64,
}

impl Clip {
    /// Makes a clip from samples at `sample_rate_hz`, the host's rate.
    ///
    /// `generation` must grow from clip to clip of one plugin instance; the player refuses a clip that is older than
    /// the one it has. Samples that are not numbers become zero, and the last two milliseconds are faded out.
    /// An empty clip is valid: it silences the player.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "called on the worker's or the host's thread, never on audio"
    )]
    pub fn new(mut samples: Vec<f32>, sample_rate_hz: u32, generation: u64) -> Self {
        for sample in &mut samples {
            if !sample.is_finite() || sample.abs() < SMALLEST_SAMPLE {
                *sample = 0.0;
            }
        }
        fade_out(&mut samples, sample_rate_hz);
        Self { samples: samples.into_boxed_slice(), sample_rate_hz, generation }
    }

    /// The samples.
    #[must_use]
    pub fn samples(&self) -> &[f32] {
        &self.samples
    }

    /// Sample rate in Hz.
    #[must_use]
    pub fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    /// Age of the clip: larger is newer.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The sample at a fractional `position` by cubic Hermite interpolation, exact at whole positions; `None` past
    /// the end.
    ///
    /// # Real-time safety
    /// No allocation, constant time.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "positions are non-negative and far below 2^52"
    )]
    pub(crate) fn sample_at(&self, position: f64) -> Option<f32> {
        let index = position as usize;
        let here = *self.samples.get(index)?;
        let fraction = (position - index as f64) as f32;
        if fraction == 0.0 {
            return Some(here);
        }
        let at = |i: usize| self.samples.get(i).copied().unwrap_or(0.0);
        let before = index.checked_sub(1).map_or(0.0, at);
        let (next, after) = (at(index + 1), at(index + 2));
        let slope = 0.5 * (next - before);
        let next_slope = 0.5 * (after - here);
        let rise = here - next;
        let cubic = 2.0 * rise + slope + next_slope;
        let square = -3.0 * rise - 2.0 * slope - next_slope;
        Some(((cubic * fraction + square) * fraction + slope) * fraction + here)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a fade is a few hundred samples"
)]
fn fade_out(samples: &mut [f32], sample_rate_hz: u32) {
    let wanted = (END_FADE_S * sample_rate_hz as f32) as usize;
    let length = wanted.min(samples.len() / 2);
    for (i, sample) in samples.iter_mut().rev().take(length).enumerate() {
        *sample *= i as f32 / length as f32;
    }
}
