//! Level of a sound over time, which the measures of its structure read.
//!
//! Also how well one curve follows another: their correlation, and the mean distance of levels that
//! [T-Foley, 2024](https://arxiv.org/abs/2401.09294) calls E-L1 (there of amplitudes, here of decibels).

/// Mean power of a sound in windows at equal distances.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    step_s: f64,
    power: Vec<f64>,
}

impl Curve {
    /// Power in windows of `window_s` around `0, step_s, 2 step_s, ...` for as long as the sound lasts; outside of it is
    /// silence.
    ///
    /// # Shapes
    /// - `samples`: mono, at `rate_hz`
    #[must_use]
    pub fn new(samples: &[f32], rate_hz: u32, step_s: f64, window_s: f64) -> Self {
        let rate = f64::from(rate_hz);
        let mut sums = Vec::with_capacity(samples.len() + 1);
        let mut sum = 0.0;
        sums.push(0.0);
        for &x in samples {
            sum += f64::from(x) * f64::from(x);
            sums.push(sum);
        }
        let window = (window_s * rate).round().max(1.0);
        let at = |place: f64| sums[(place.round().max(0.0) as usize).min(samples.len())];
        let points = (samples.len() as f64 / (step_s * rate)).ceil() as usize;
        let one = |i: usize| {
            let centre = i as f64 * step_s * rate;
            let begin = (centre - 0.5 * window).round();
            // Sums of squares lose their last digits against each other after a loud part.
            ((at(begin + window) - at(begin)) / window).max(0.0)
        };
        Self { step_s, power: (0..points).map(one).collect() }
    }

    /// Seconds between points.
    #[must_use]
    pub fn step_s(&self) -> f64 {
        self.step_s
    }

    /// Mean power at each point.
    #[must_use]
    pub fn power(&self) -> &[f64] {
        &self.power
    }

    /// The largest power.
    #[must_use]
    pub fn peak(&self) -> f64 {
        self.power.iter().copied().fold(0.0, f64::max)
    }

    /// Level at each point in dB below the peak, none lower than `-range_db`.
    #[must_use]
    pub fn levels_db(&self, range_db: f64) -> Vec<f64> {
        let peak = self.peak();
        let level =
            |&power: &f64| if peak > 0.0 { (decibels(power / peak)).max(-range_db) } else { -range_db };
        self.power.iter().map(level).collect()
    }
}

/// Decibels of a ratio of powers; that of nought is minus infinity.
#[must_use]
pub fn decibels(ratio: f64) -> f64 {
    10.0 * ratio.log10()
}

/// Pearson's correlation of two curves over the length that both have; `None` where one of them does not vary.
#[must_use]
pub fn correlation(one: &[f64], other: &[f64]) -> Option<f64> {
    let n = one.len().min(other.len());
    let (one, other) = (&one[..n], &other[..n]);
    let mean = |x: &[f64]| x.iter().sum::<f64>() / n as f64;
    let (of_one, of_other) = (mean(one), mean(other));
    let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
        one.iter().zip(other).map(|(x, y)| f(x - of_one, y - of_other)).sum()
    };
    let size = (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt();
    (size > 1e-12).then(|| sum(&|x, y| x * y) / size)
}

/// Mean distance of two curves over the length that both have, in their unit; `None` where that is nothing.
#[must_use]
pub fn mean_distance(one: &[f64], other: &[f64]) -> Option<f64> {
    let n = one.len().min(other.len());
    (n > 0).then(|| one.iter().zip(other).map(|(x, y)| (x - y).abs()).sum::<f64>() / n as f64)
}

/// The middle of some values, between the two middle ones of an even number; `None` without values.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (sorted.len().saturating_sub(1) / 2, sorted.len() / 2);
    Some(0.5 * (sorted.get(low)? + sorted.get(high)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_has_its_power_and_half_of_it_at_its_edge() {
        let curve = Curve::new(&[0.5; 100], 1000, 0.01, 0.02);
        assert_eq!(curve.power().len(), 10);
        // The first window reaches 10 samples before the beginning.
        let expected = [0.125, 0.25, 0.25];
        curve.power().iter().zip(expected).for_each(|(p, e)| assert!((p - e).abs() < 1e-12, "{p} {e}"));
        assert_eq!(curve.peak(), curve.power()[5]);
        assert!((curve.levels_db(60.0)[0] + 3.0103).abs() < 1e-3);
    }

    #[test]
    fn silence_is_at_the_bottom() {
        assert_eq!(Curve::new(&[0.0; 30], 1000, 0.01, 0.01).levels_db(60.0), [-60.0; 3]);
        assert!(Curve::new(&[], 1000, 0.01, 0.01).levels_db(60.0).is_empty());
    }

    #[test]
    fn curves_compare_as_they_should() {
        let rising = [0.0, 1.0, 2.0, 3.0];
        assert!((correlation(&rising, &[1.0, 3.0, 5.0, 7.0, 0.0]).unwrap() - 1.0).abs() < 1e-12);
        assert!((correlation(&rising, &[3.0, 2.0, 1.0, 0.0]).unwrap() + 1.0).abs() < 1e-12);
        assert_eq!(correlation(&rising, &[2.0; 4]), None);
        assert_eq!(mean_distance(&rising, &[1.0, 1.0, 4.0]), Some(1.0));
        assert_eq!(mean_distance(&[], &rising), None);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }
}
