//! Beginnings and ends.

use serde::{Deserialize, Serialize};

/// How long a sound takes to begin or to end, and on which curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Fade {
    /// Length in frames of the unedited sound; 0 is no fade.
    pub frames: usize,
    /// Its course.
    pub curve: Curve,
}

impl Fade {
    /// Whether there is none, and nothing to remember of it.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// The course of a fade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Curve {
    /// Straight.
    #[default]
    Linear,
    /// A quarter of a sine: two sounds that have nothing in common keep their power in a crossfade of it.
    EqualPower,
    /// Slow at both ends.
    S,
    /// Straight in dB over 60 dB, and down to nothing: as rooms and strings die away.
    Exponential,
}

/// What an exponential curve falls to before it is led to nothing: −60 dB.
const FLOOR: f32 = 0.001;

impl Curve {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Linear, Self::EqualPower, Self::S, Self::Exponential];

    /// The gain at `at`, from 0 (silence) to 1 (all of it). Rises from 0 to 1.
    #[must_use]
    pub fn gain(self, at: f32) -> f32 {
        let at = at.clamp(0.0, 1.0);
        match self {
            Self::Linear => at,
            Self::EqualPower => (at * std::f32::consts::FRAC_PI_2).sin(),
            Self::S => 0.5 - 0.5 * (at * std::f32::consts::PI).cos(),
            Self::Exponential => (FLOOR.powf(1.0 - at) - FLOOR) / (1.0 - FLOOR),
        }
    }
}

/// Applies fades of `fade_in` and `fade_out` frames to `samples`.
pub(crate) fn apply(samples: &mut [f32], fade_in: (usize, Curve), fade_out: (usize, Curve)) {
    ramp(samples.iter_mut().take(fade_in.0), fade_in);
    ramp(samples.iter_mut().rev().take(fade_out.0), fade_out);
}

/// Multiplies `samples` by the curve. The first is silent, what follows the last is whole.
#[expect(clippy::cast_precision_loss, reason = "a fade has fewer than 2^24 frames that matter to the ear")]
fn ramp<'a>(samples: impl Iterator<Item = &'a mut f32>, (frames, curve): (usize, Curve)) {
    for (index, sample) in samples.enumerate() {
        *sample *= curve.gain(index as f32 / frames as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_curve_rises_from_nothing_to_all() {
        for curve in Curve::ALL {
            assert!(curve.gain(0.0).abs() < 1e-6 && (curve.gain(1.0) - 1.0).abs() < 1e-6, "{curve:?}");
            let values: Vec<f32> = (0..=100_u8).map(|i| curve.gain(f32::from(i) / 100.0)).collect();
            assert!(values.windows(2).all(|pair| pair[0] < pair[1]), "{curve:?}");
        }
        let half = Curve::ALL.map(|curve| curve.gain(0.5));
        for (value, expected) in half.into_iter().zip([0.5, std::f32::consts::FRAC_1_SQRT_2, 0.5, 0.030_654])
        {
            assert!((value - expected).abs() < 1e-4, "{half:?}");
        }
        let power = Curve::EqualPower.gain(0.3).powi(2) + Curve::EqualPower.gain(0.7).powi(2);
        assert!((power - 1.0).abs() < 1e-6);
    }

    #[test]
    fn both_ends_are_silent_and_the_middle_is_whole() {
        let mut samples = vec![1.0; 100];
        apply(&mut samples, (10, Curve::Linear), (20, Curve::Linear));
        assert_eq!((samples[0], samples[99], samples[10], samples[79]), (0.0, 0.0, 1.0, 1.0));
        assert!((samples[5] - 0.5).abs() < 1e-6 && (samples[89] - 0.5).abs() < 1e-6);
    }
}
