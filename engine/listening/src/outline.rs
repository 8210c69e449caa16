//! When the events of a sound happen and how loud it is over time: what another sound can be made to follow.

use crate::curve::decibels;
use crate::onset;
use straightshot_protocol::{CURVE_STEP_S, Curve, Hit, LEAST_CURVE_DB, MOST_HITS, Timing};

/// Level of what counts as silence, dB full scale: below it there is nothing to follow.
const SILENT_DBFS: f64 = -80.0;
/// Corner of the filter that takes an offset out of a sound.
const HIGH_PASS_HZ: f32 = 20.0;
/// An event is one that stands by itself if the level falls so far below its peak within so many points of the curve.
const FALLS_DB: f64 = 10.0;
const FALLS_WITHIN: usize = 50;
/// The peak of an event comes within so many points of its beginning.
const PEAK_WITHIN: usize = 6;

/// Mean power of each `step_s` seconds of a sound; the last part may be shorter.
#[must_use]
pub fn frame_powers(samples: &[f32], rate_hz: u32, step_s: f64) -> Vec<f64> {
    let step = (step_s * f64::from(rate_hz)).max(1.0);
    let frames = (samples.len() as f64 / step - 1e-6).ceil().max(0.0) as usize;
    let edge = |frame: usize| ((frame as f64 * step).round() as usize).min(samples.len());
    let power = |frame: usize| {
        let part = &samples[edge(frame)..edge(frame + 1)];
        part.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>() / part.len().max(1) as f64
    };
    (0..frames).map(power).collect()
}

/// The hits and the curve of a sound.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// Its events in order, all at full level: how loud each is says the curve. None where the sound goes on: rain, wind, a
    /// voice that swells.
    pub hits: Vec<Hit>,
    /// How loud it is over time; silent behind its end.
    pub curve: Curve,
}

impl Outline {
    /// What there is to follow in a sound; `None` if that is nothing.
    ///
    /// # Shapes
    /// - `samples`: mono, at `rate_hz`
    #[must_use]
    pub fn of(samples: &[f32], rate_hz: u32) -> Option<Self> {
        let samples = without_offset(samples, rate_hz);
        let powers = frame_powers(&samples, rate_hz, CURVE_STEP_S);
        let loudest = powers.iter().copied().fold(0.0, f64::max);
        // Not a number is not loud either.
        if loudest.is_nan() || decibels(loudest) <= SILENT_DBFS {
            return None;
        }
        let levels: Vec<f64> = powers.iter().map(|power| decibels(power / loudest)).collect();
        // What is behind the end is silence, and not the last level.
        let curve = Curve::of(levels.iter().map(|level| *level as f32).chain([LEAST_CURVE_DB]))?;
        let times = onset::times(&samples, rate_hz, &onset::Settings::default());
        let stands = times.iter().filter(|time| stands_alone(&levels, **time)).count();
        let hits = if 2 * stands > times.len() {
            times.into_iter().take(MOST_HITS).map(Hit::at).collect()
        } else {
            Vec::new()
        };
        Some(Self { hits, curve })
    }

    /// The same over another length: `times` as long.
    #[must_use]
    pub fn stretched(&self, times: f64) -> Self {
        let hits = self.hits.iter().map(|hit| Hit { seconds: hit.seconds * times, ..*hit });
        Self { hits: hits.collect(), curve: self.curve.stretched(times) }
    }

    /// What of it is in a sound of so many seconds: without what is behind its end, or with silence up to there.
    #[must_use]
    pub fn fitted(&self, seconds: f64) -> Self {
        let hits = self.hits.iter().filter(|hit| hit.seconds < seconds).copied();
        Self { hits: hits.collect(), curve: self.curve.fitted(seconds) }
    }

    /// The timing that it asks for: its hits, or the model's own where there is none.
    #[must_use]
    pub fn timing(&self) -> Timing {
        if self.hits.is_empty() { Timing::Free } else { Timing::Hits(self.hits.clone()) }
    }
}

/// A sound behind a high-pass filter of the first order: an offset has no loudness.
fn without_offset(samples: &[f32], rate_hz: u32) -> Vec<f32> {
    let feedback = (1.0 - std::f32::consts::TAU * HIGH_PASS_HZ / rate_hz.max(1) as f32).max(0.0);
    let (mut last, mut out) = (samples.first().copied().unwrap_or_default(), 0.0);
    let next = |x: &f32| {
        out = x - last + feedback * out;
        last = *x;
        out
    };
    samples.iter().map(next).collect()
}

/// Whether what begins at `time` is over soon, as a knock is and rain is not.
fn stands_alone(levels: &[f64], time: f64) -> bool {
    let begin = (time / CURVE_STEP_S) as usize;
    let within = |n: usize| begin.min(levels.len())..(begin + n).min(levels.len());
    let peak = levels[within(PEAK_WITHIN)].iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // The end of the sound is the end of an event.
    within(FALLS_WITHIN).len() < FALLS_WITHIN
        || levels[within(FALLS_WITHIN)].iter().any(|level| *level < peak - FALLS_DB)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 44_100;

    /// A tone of 1 kHz with this amplitude over time.
    fn sound(seconds: f64, amplitude: impl Fn(f64) -> f64) -> Vec<f32> {
        let at = |i: usize| {
            let t = i as f64 / f64::from(RATE);
            (amplitude(t) * (std::f64::consts::TAU * 1000.0 * t).sin()) as f32
        };
        (0..(seconds * f64::from(RATE)) as usize).map(at).collect()
    }

    fn knocks(t: f64) -> f64 {
        let of = |(at, gain): (f64, f64)| if t < at { 0.0 } else { gain * (-(t - at) / 0.05).exp() };
        [(0.2, 0.5), (0.7, 0.25)].into_iter().map(of).sum()
    }

    #[test]
    fn powers_are_those_of_equal_parts() {
        assert_eq!(frame_powers(&[1.0, 1.0, 0.0, 0.5], 200, 0.01), [1.0, 0.125]);
        assert_eq!(frame_powers(&[1.0, 1.0, 0.5], 200, 0.01), [1.0, 0.25]);
        assert!(frame_powers(&[], 200, 0.01).is_empty());
        // Parts of 220.5 samples add up to the whole.
        assert_eq!(frame_powers(&[1.0; 22_050], 22_050, 0.01).len(), 100);
    }

    #[test]
    fn knocks_give_their_hits_and_their_levels() {
        let outline = Outline::of(&sound(1.5, knocks), RATE).unwrap();
        let times: Vec<f64> = outline.hits.iter().map(|hit| hit.seconds).collect();
        assert!((times[0] - 0.2).abs() < 0.004 && (times[1] - 0.7).abs() < 0.004, "{times:?}");
        assert_eq!(times.len(), 2);
        let (first, second) = (outline.curve.at(0.215), outline.curve.at(0.715));
        assert!(first > -2.5 && (second - first + 6.0).abs() < 0.3, "{first} and {second} dB");
        assert_eq!(outline.curve.at(0.1), LEAST_CURVE_DB);
        assert!(matches!(outline.timing(), Timing::Hits(_)));
    }

    #[test]
    fn what_goes_on_gives_its_curve_alone() {
        let swell = |t: f64| 0.01 * 10f64.powf(t);
        let outline = Outline::of(&sound(1.5, swell), RATE).unwrap();
        assert_eq!((outline.hits.len(), outline.timing()), (0, Timing::Free));
        // 20 dB in a second.
        let rise = outline.curve.at(1.3) - outline.curve.at(0.3);
        assert!((rise - 20.0).abs() < 0.3, "{rise} dB");
        let steady = Outline::of(&sound(1.5, |_| 0.5), RATE).unwrap();
        assert!(steady.hits.is_empty(), "its beginning is no event");
    }

    #[test]
    fn an_outline_is_stretched_and_cut_and_ends_in_silence() {
        let outline = Outline::of(&sound(1.5, knocks), RATE).unwrap();
        let twice = outline.stretched(2.0);
        assert!((twice.hits[1].seconds - 2.0 * outline.hits[1].seconds).abs() < 1e-9);
        assert_eq!(outline.fitted(0.5).hits.len(), 1);
        assert_eq!(outline.fitted(3.0).curve.at(2.5), LEAST_CURVE_DB);
    }

    #[test]
    fn silence_and_what_is_no_sound_have_none() {
        for samples in [vec![], vec![0.0; 4410], vec![0.3; 4410], vec![1e-6; 4410], vec![f32::NAN; 4410]] {
            assert_eq!(Outline::of(&samples, RATE), None);
        }
    }
}
