//! What is heard between the events of a sound: rooms and microphones are never silent.
//!
//! The floor is the level below which 10 % of the windows of 10 ms are, from the first event to the last, in dB of the
//! loudest window: the minimum statistics of [Martin, 2001](https://doi.org/10.1109/89.928915) for a floor that stands still.
//!
//! What it does not see: a floor under one event alone; whether it is noise or the decay of an event, where events are
//! dense.

use super::curve::Curve;

const STEP_S: f64 = 0.010;
/// Share of windows that lie below the floor.
const SHARE: f64 = 0.1;
/// Lowest floor that is told: below the least step of 24 bits there is nothing.
const LEAST_DB: f64 = -200.0;
/// From here down a window is digital silence.
const DIGITAL_DB: f64 = -120.0;

/// What is between events.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Floor {
    /// In dB of the loudest window, -200 (nothing at all) at least.
    pub level_db: f64,
    /// Share of windows 120 dB or more below the loudest.
    pub digital: f64,
}

/// The floor between events that begin at `onsets`, in seconds; `None` with fewer than two.
///
/// # Shapes
/// - `samples`: mono, at `rate_hz`
#[must_use]
pub fn between(samples: &[f32], rate_hz: u32, onsets: &[f64]) -> Option<Floor> {
    let ([first, .., last], curve) = (onsets, Curve::new(samples, rate_hz, STEP_S, STEP_S)) else {
        return None;
    };
    let levels = curve.levels_db(-LEAST_DB);
    let place = |seconds: f64| ((seconds / STEP_S).round().max(0.0) as usize).min(levels.len());
    let mut levels = levels.get(place(*first)..place(*last))?.to_vec();
    levels.sort_by(f64::total_cmp);
    let digital = levels.iter().filter(|level| **level <= DIGITAL_DB).count();
    let level_db = *levels.get((SHARE * levels.len() as f64) as usize)?;
    Some(Floor { level_db, digital: digital as f64 / levels.len() as f64 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{self, RATE_HZ};

    #[test]
    fn noise_under_events_has_its_level() {
        let times = [0.1, 0.6, 1.1];
        let events = synthetic::events(1.5, &times, 0.01);
        assert_eq!(between(&events, RATE_HZ, &times[..1]), None);
        let noise = synthetic::noise(1.5, 6);
        let sound: Vec<f32> = events.iter().zip(&noise).map(|(e, n)| e + 0.005 * n).collect();
        let loudest = Curve::new(&sound, RATE_HZ, STEP_S, STEP_S).peak();
        let expected = 20.0 * 0.001_f64.log10() - 10.0 * loudest.log10();
        let found = between(&sound, RATE_HZ, &times).unwrap();
        // Windows of 441 samples vary by 0.3 dB; a tenth of them are below.
        assert!((found.level_db - expected).abs() < 1.0, "{found:?}, {expected}");
        assert!(found.digital == 0.0, "{found:?}");
    }

    #[test]
    fn gated_events_have_nothing_between_them() {
        let times = [0.1, 0.6];
        let mut sound = synthetic::events(1.0, &times, 0.01);
        sound[8000..26_000].fill(0.0);
        let found = between(&sound, RATE_HZ, &times).unwrap();
        assert_eq!(found.level_db, -200.0);
        // 18,000 of 22,050 samples.
        assert!((found.digital - 0.816).abs() < 0.05, "{found:?}");
    }
}
