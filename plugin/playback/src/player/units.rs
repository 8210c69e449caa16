//! Times in seconds, samples and frames.

use super::GAIN_RAMP_S;

/// A time in samples, at least one.
#[expect(clippy::cast_precision_loss, reason = "sample rates are far below 2^24")]
pub(super) fn fade_samples(seconds: f32, sample_rate_hz: u32) -> f32 {
    (seconds * sample_rate_hz as f32).round().max(1.0)
}

pub(super) fn ramp_length(sample_rate_hz: u32) -> u32 {
    u32::try_from(whole(fade_samples(GAIN_RAMP_S, sample_rate_hz))).unwrap_or(u32::MAX)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand samples")]
pub(super) fn whole(samples: f32) -> usize {
    samples as usize
}

/// A frame of a clip; what is no number is the first.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a saturated frame is past every end"
)]
pub(super) fn whole_frames(frames: f64) -> usize {
    frames.round() as usize
}

#[expect(clippy::cast_precision_loss, reason = "positions are far below 2^52")]
pub(super) fn as_position(frame: usize) -> f64 {
    frame as f64
}

#[expect(clippy::cast_precision_loss, reason = "positions are far below 2^52")]
pub(super) fn in_seconds(frames: i64, rate: f64) -> f64 {
    frames as f64 / rate
}
