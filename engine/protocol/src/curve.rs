//! How loud a sound is over time.

use crate::{ErrorKind, Failure};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Seconds of each point of a curve.
pub const CURVE_STEP_S: f64 = 0.01;
/// Quietest point of a curve, dB below the loudest: nobody hears what is beside it.
pub const LEAST_CURVE_DB: f32 = -60.0;
/// Most points: longer than any sound.
const MOST_POINTS: usize = 30_000;
/// Points count tenths of a decibel: finer than an ear hears, and short in a project.
const PER_DB: f32 = 10.0;

/// How loud a sound is asked to be over time: a level for each 10 ms from its beginning on, in dB. Only their distances count,
/// for how loud the sound is altogether is its [`Level`](crate::Level). After the last point it stays as it is there.
///
/// Cheap to clone. Written as a list of numbers.
///
/// ```
/// use straightshot_protocol::Curve;
///
/// // Twice as loud at the end of two seconds as at their beginning.
/// let curve = Curve::of((0..200).map(|i| -6.0 + 0.03 * i as f32)).unwrap();
/// assert_eq!(curve.seconds(), 2.0);
/// // On three frames of one second; the third is behind the end.
/// let frames = curve.on_grid(3, 1.0);
/// assert!((frames[0] + 4.4).abs() < 0.1 && frames[2] == 0.0, "{frames:?}");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<f32>", into = "Vec<f32>")]
pub struct Curve {
    levels_db: Arc<[f32]>,
}

impl Curve {
    /// A curve of these levels in dB, each brought into what a curve can have; what is no number is silence. `None` without
    /// any. What follows the most points is left out.
    pub fn of(levels_db: impl IntoIterator<Item = f32>) -> Option<Self> {
        let possible = |level: f32| {
            let level = if level.is_nan() { LEAST_CURVE_DB } else { level.clamp(LEAST_CURVE_DB, 0.0) };
            (level * PER_DB).round() / PER_DB
        };
        let levels_db: Arc<[f32]> = levels_db.into_iter().take(MOST_POINTS).map(possible).collect();
        (!levels_db.is_empty()).then_some(Self { levels_db })
    }

    /// The level of each 10 ms, dB.
    #[must_use]
    pub fn levels_db(&self) -> &[f32] {
        &self.levels_db
    }

    /// How long it is said to be, s.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.levels_db.len() as f64 * CURVE_STEP_S
    }

    /// The level at a time, dB: on the line between the middles of the two points around it.
    #[must_use]
    pub fn at(&self, seconds: f64) -> f32 {
        let last = self.levels_db.len() - 1;
        let place = (seconds / CURVE_STEP_S - 0.5).clamp(0.0, last as f64);
        let before = place as usize;
        let (one, other) = (self.levels_db[before], self.levels_db[(before + 1).min(last)]);
        one + (place - before as f64) as f32 * (other - one)
    }

    /// The curve on any other grid: for each of `frames` frames of `step_s` seconds from the beginning on the level of its mean
    /// power, in dB below the loudest of them. What a sound is brought to, and what a network is told, is taken from here.
    #[must_use]
    pub fn on_grid(&self, frames: usize, step_s: f64) -> Vec<f32> {
        // On its own grid the points are what they are.
        let finer = step_s <= CURVE_STEP_S * (1.0 + 1e-9);
        let parts = if finer { 1 } else { (2.0 * step_s / CURVE_STEP_S).ceil().min(1000.0) as usize };
        let power = |seconds: f64| 10f64.powf(f64::from(self.at(seconds)) / 10.0);
        let level = |frame: usize| {
            let at = |part: usize| (frame as f64 + (part as f64 + 0.5) / parts as f64) * step_s;
            let mean = (0..parts).map(|part| power(at(part))).sum::<f64>() / parts as f64;
            (10.0 * mean.log10()) as f32
        };
        let mut levels: Vec<f32> = (0..frames).map(level).collect();
        let loudest = levels.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        levels.iter_mut().for_each(|level| *level = (*level - loudest).max(LEAST_CURVE_DB));
        levels
    }

    /// The same curve over another length: `times` as long.
    #[must_use]
    pub fn stretched(&self, times: f64) -> Self {
        let points = ((self.levels_db.len() as f64 * times).round().max(1.0) as usize).min(MOST_POINTS);
        let levels = (0..points).map(|i| self.at((i as f64 + 0.5) * CURVE_STEP_S / times));
        Self::of(levels).unwrap_or_else(|| self.clone())
    }

    /// As many points as a sound of so many seconds has: without what is behind its end, or with the last level up to there.
    #[must_use]
    pub fn fitted(&self, seconds: f64) -> Self {
        let points = (seconds / CURVE_STEP_S - 1e-6).ceil().max(1.0) as usize;
        if points == self.levels_db.len() {
            return self.clone();
        }
        let last = self.levels_db[self.levels_db.len() - 1];
        let levels = self.levels_db.iter().copied().chain(std::iter::repeat(last)).take(points);
        Self::of(levels).unwrap_or_else(|| self.clone())
    }
}

impl TryFrom<Vec<f32>> for Curve {
    type Error = Failure;

    /// # Errors
    /// [`ErrorKind::InvalidRequest`] if there is no point or too many, or one that no curve has.
    fn try_from(levels_db: Vec<f32>) -> Result<Self, Failure> {
        let bad = |text: String| Err(Failure::new(ErrorKind::InvalidRequest, text));
        if levels_db.is_empty() || levels_db.len() > MOST_POINTS {
            let points = levels_db.len();
            return bad(format!("A curve of {points} points was given; 1 to {MOST_POINTS} are possible"));
        }
        // Not a number is in no range.
        match levels_db.iter().find(|level| !(LEAST_CURVE_DB..=0.0).contains(*level)) {
            Some(level) => {
                bad(format!("A curve with {level} dB was given; {LEAST_CURVE_DB} to 0 dB are possible"))
            }
            None => Ok(Self { levels_db: levels_db.into() }),
        }
    }
}

impl From<Curve> for Vec<f32> {
    fn from(curve: Curve) -> Self {
        curve.levels_db.to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(levels: &[f32]) -> Curve {
        Curve::of(levels.iter().copied()).unwrap()
    }

    #[test]
    fn levels_are_read_between_and_behind_the_points() {
        let curve = curve(&[-20.0, -10.0, 0.0]);
        for (seconds, level) in
            [(0.0, -20.0), (0.005, -20.0), (0.01, -15.0), (0.015, -10.0), (0.025, 0.0), (9.0, 0.0)]
        {
            assert!((curve.at(seconds) - level).abs() < 1e-4, "{} at {seconds} s", curve.at(seconds));
        }
        assert_eq!(curve.at(-1.0), -20.0);
    }

    #[test]
    fn another_grid_has_the_mean_power_below_the_loudest() {
        let steps = curve(&[-26.0, -26.0, -6.0, -6.0]);
        assert_eq!(steps.on_grid(4, CURVE_STEP_S), [-20.0, -20.0, 0.0, 0.0].map(|x: f32| x));
        let halves = steps.on_grid(2, 0.02);
        // A quarter of the line between the two lies in the first half.
        assert!(halves[1] == 0.0 && (-19.5..-12.0).contains(&halves[0]), "{halves:?}");
        let fine = steps.on_grid(40, 0.001);
        assert!(fine.windows(2).all(|pair| pair[0] <= pair[1]), "{fine:?}");
        assert!(curve(&[-60.0, 0.0]).on_grid(0, 0.01).is_empty());
        assert_eq!(curve(&[-12.0; 3]).on_grid(2, 0.01), [0.0, 0.0]);
    }

    #[test]
    fn a_curve_is_stretched_and_fitted_to_a_length() {
        let ramp = curve(&[-30.0, -20.0, -10.0, 0.0]);
        let twice = ramp.stretched(2.0);
        assert_eq!(twice.levels_db().len(), 8);
        assert!((twice.at(0.04) - ramp.at(0.02)).abs() < 0.2);
        assert_eq!(ramp.stretched(0.001).levels_db().len(), 1);
        assert_eq!(ramp.fitted(0.02).levels_db(), [-30.0, -20.0]);
        assert_eq!(ramp.fitted(0.055).levels_db(), [-30.0, -20.0, -10.0, 0.0, 0.0, 0.0]);
        assert_eq!(ramp.fitted(0.04), ramp);
    }

    #[test]
    fn what_no_curve_has_is_brought_in_when_made_and_refused_when_read() {
        assert_eq!(curve(&[3.0, f32::NAN, -99.0, -6.04]).levels_db(), [0.0, -60.0, -60.0, -6.0]);
        assert_eq!(Curve::of([]), None);
        let text = serde_json::to_string(&curve(&[-12.34, 0.0])).unwrap();
        assert_eq!(text, "[-12.3,0.0]");
        assert_eq!(serde_json::from_str::<Curve>(&text).unwrap(), curve(&[-12.3, 0.0]));
        for (wrong, says) in [("[]", "0 points"), ("[1.0]", "1 dB"), ("[-61]", "-61 dB"), ("[null]", "null")]
        {
            let error = serde_json::from_str::<Curve>(wrong).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        let long = vec![0.0; MOST_POINTS + 1];
        assert!(Curve::try_from(long.clone()).is_err());
        assert_eq!(Curve::of(long).unwrap().levels_db().len(), MOST_POINTS);
    }
}
