//! Percentiles.

use serde_json::{Value, json};

/// The upper end of a distribution, in the unit of its values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Percentiles {
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) p99_9: f64,
    pub(super) max: f64,
}

impl Percentiles {
    /// Those of `values`, of which there is at least one.
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |share| percentile(&sorted, share);
        Self { p50: at(0.5), p99: at(0.99), p99_9: at(0.999), max: at(1.0) }
    }

    pub(super) fn json(self) -> Value {
        json!({ "p50": self.p50, "p99": self.p99, "p99.9": self.p99_9, "max": self.max })
    }
}

/// The smallest of the `sorted` values that a `share` of all do not exceed (nearest rank); NaN if there are none.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a number of values"
)]
pub(super) fn percentile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_by_nearest_rank() {
        // 1000 down to 1, so that order matters.
        let all = Percentiles::of((1..=1000).rev().map(f64::from));
        assert_eq!(all, Percentiles { p50: 500.0, p99: 990.0, p99_9: 999.0, max: 1000.0 });
        // Of few values the high percentiles are the largest, never something in between.
        assert_eq!(
            Percentiles::of([3.0, 1.0, 2.0]),
            Percentiles { p50: 2.0, p99: 3.0, p99_9: 3.0, max: 3.0 }
        );
        assert_eq!(percentile(&[7.0], 0.0), 7.0);
        assert!(percentile(&[], 0.5).is_nan());
    }
}
