//! Pitch and speed together, as a tape has them.

use std::ops::Range;
use straightshot_protocol::Failure;
use straightshot_sound::resample_channel;

/// Largest number in a [`Ratio`]: within a quarter of a cent of any interval, and small enough for short filters.
const LARGEST: u32 = 4800;
/// Frames beyond both ends of a part that the filter sees, so that it does not take the cut for a step.
const AROUND: usize = 2048;

/// How many frames `from` of the unedited sound become how many `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ratio {
    pub(crate) from: u32,
    pub(crate) to: u32,
}

impl Ratio {
    /// The speed of `semitones`: 12 makes one frame of two.
    pub(crate) fn of(semitones: f32) -> Self {
        if semitones == 0.0 {
            return Self { from: 1, to: 1 };
        }
        let speed = 2.0_f64.powf(f64::from(semitones) / 12.0);
        if speed >= 1.0 {
            let (from, to) = fraction(speed);
            Self { from, to }
        } else {
            let (to, from) = fraction(speed.recip());
            Self { from, to }
        }
    }

    pub(crate) fn is_one(self) -> bool {
        self.from == self.to
    }

    /// The frame that `frame` of the unedited sound becomes.
    pub(crate) fn place(self, frame: usize) -> usize {
        divide(frame as u64 * u64::from(self.to), self.from)
    }

    /// The frame of the unedited sound that becomes `frame`.
    pub(crate) fn source(self, frame: usize) -> usize {
        divide(frame as u64 * u64::from(self.from), self.to)
    }
}

/// `a / b`, rounded.
fn divide(a: u64, b: u32) -> usize {
    let b = u64::from(b.max(1));
    usize::try_from((a + b / 2) / b).unwrap_or(usize::MAX)
}

/// The fraction nearest to `value` (at least 1) with a numerator of at most [`LARGEST`], by its continued fraction.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held within the limit")]
fn fraction(value: f64) -> (u32, u32) {
    let (mut before, mut last) = ((0, 1), (1, 0));
    let mut rest = value;
    loop {
        let whole = rest.floor().min(f64::from(LARGEST)) as u32;
        let next = (whole * last.0 + before.0, whole * last.1 + before.1);
        if next.0 > LARGEST {
            // The farthest step towards it that the limit allows.
            let step = (LARGEST - before.0) / last.0;
            let between = (step * last.0 + before.0, step * last.1 + before.1);
            return if between.1 > 0 && error(value, between) < error(value, last) { between } else { last };
        }
        (before, last) = (last, next);
        let remainder = rest - f64::from(whole);
        if remainder < 1e-9 {
            return last;
        }
        rest = remainder.recip();
    }
}

fn error(value: f64, (numerator, denominator): (u32, u32)) -> f64 {
    (value - f64::from(numerator) / f64::from(denominator)).abs()
}

/// `part` of `samples` at another speed, `ratio.place(part.len())` long.
///
/// # Errors
/// Those of the resampler.
pub(crate) fn change(samples: &[f32], part: Range<usize>, ratio: Ratio) -> Result<Vec<f32>, Failure> {
    let wanted = ratio.place(part.len());
    if ratio.is_one() {
        return Ok(samples[part].to_vec());
    }
    // A whole number of frames before the part becomes a whole number of frames.
    let period = ratio.from as usize;
    let before = if part.start >= period {
        (AROUND.div_ceil(period) * period).min(part.start / period * period)
    } else {
        0
    };
    let end = (part.end + AROUND).min(samples.len());
    let mut converted = resample_channel(&samples[part.start - before..end], ratio.from, ratio.to)?;
    let skipped = ratio.place(before).min(converted.len());
    converted.drain(..skipped);
    converted.resize(wanted, 0.0);
    Ok(converted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_interval_is_met_within_a_quarter_of_a_cent() {
        for hundredth in -2400..=2400_i16 {
            let semitones = f32::from(hundredth) / 100.0;
            let ratio = Ratio::of(semitones);
            let cents = 1200.0 * (f64::from(ratio.from) / f64::from(ratio.to)).log2();
            assert!((cents - f64::from(semitones) * 100.0).abs() < 0.25, "{semitones}: {ratio:?}");
            assert!(ratio.from.max(ratio.to) <= LARGEST);
        }
        assert_eq!(Ratio::of(12.0), Ratio { from: 2, to: 1 });
        assert_eq!(Ratio::of(-24.0), Ratio { from: 1, to: 4 });
    }

    #[test]
    #[expect(clippy::cast_precision_loss, reason = "short tones")]
    fn a_tone_an_octave_higher_is_half_as_long_and_does_not_begin_with_a_step() {
        let tone = |step: f32, n: usize| -> Vec<f32> { (0..n).map(|i| (i as f32 * step).sin()).collect() };
        for (semitones, factor) in [(12.0, 2.0), (-12.0, 0.5)] {
            let ratio = Ratio::of(semitones);
            let out = change(&tone(0.05, 60_000), 20_000..40_000, ratio).unwrap();
            assert_eq!(out.len(), ratio.place(20_000));
            let expected = |i: usize| ((20_000.0 + i as f32 * factor) * 0.05).sin();
            let worst = (0..out.len()).map(|i| (out[i] - expected(i)).abs()).fold(0.0, f32::max);
            assert!(worst < 0.06, "largest error {worst}");
        }
    }
}
