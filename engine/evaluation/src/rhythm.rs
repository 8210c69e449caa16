//! Time structure of events: how many, how fast, how regular. Reads times of [`super::onset`], in seconds and in order.
//!
//! The variation of intervals is their deviation over their mean, the rate one over their mean. A count is right if it is
//! exactly what was asked for. Chance is what the same sounds would score were the counts dealt to them at random: for a
//! model that does not hear the prompt both are the same, whatever it makes.
//!
//! What it does not see: accents, patterns that repeat (tick-tock has a variation of its own), events that are missing
//! (one left out of a regular row makes an interval of two).

/// Deviation of the intervals over their mean; `None` with fewer than three intervals.
#[must_use]
pub fn variation(onsets: &[f64]) -> Option<f64> {
    let intervals: Vec<f64> = onsets.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let n = intervals.len() as f64;
    let mean = intervals.iter().sum::<f64>() / n;
    // Unbiased: three intervals would look more regular than thirty.
    let square = intervals.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (intervals.len() >= 3 && mean > 0.0).then(|| square.sqrt() / mean)
}

/// Events per second between the first and the last; 0 for fewer than two.
#[must_use]
pub fn rate_hz(onsets: &[f64]) -> f64 {
    match onsets {
        [first, .., last] if last > first => (onsets.len() - 1) as f64 / (last - first),
        _ => 0.0,
    }
}

/// Whether the rate goes the way the prompt does: 1, 0, or one half where both are the same.
#[must_use]
pub fn direction(slow_hz: f64, fast_hz: f64) -> f64 {
    match fast_hz.total_cmp(&slow_hz) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Less => 0.0,
    }
}

/// A sound of which a number of events was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Events asked for.
    pub asked: usize,
    /// Events found.
    pub found: usize,
}

impl Counted {
    /// Whether the count is exact.
    #[must_use]
    pub fn right(self) -> bool {
        self.asked == self.found
    }
}

/// Share of each sound, in order, that would be right were the counts asked for dealt at random.
#[must_use]
pub fn chances(sounds: &[Counted]) -> Vec<f64> {
    let alike = |found: usize| sounds.iter().filter(|other| other.asked == found).count();
    sounds.iter().map(|sound| alike(sound.found) as f64 / sounds.len() as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onset::{Settings, times};
    use crate::synthetic::{self, RATE_HZ};

    #[test]
    fn a_jittered_clock_has_the_variation_it_was_made_with() {
        for jitter in [0.0, 0.1, 0.4] {
            // As many intervals too long by the jitter as too short: their deviation is known exactly.
            let mut given = vec![0.1];
            for i in 0..30 {
                let sign = if i * 7 % 30 < 15 { 1.0 } else { -1.0 };
                given.push(given[i] + 0.4 * (1.0 + sign * jitter));
            }
            let expected = jitter * (30.0_f64 / 29.0).sqrt();
            assert!((variation(&given).unwrap() - expected).abs() < 1e-9, "{given:?}");
            let sound = synthetic::events(given[30] + 0.5, &given, 0.02);
            let found = times(&sound, RATE_HZ, &Settings::default());
            assert!((variation(&found).unwrap() - expected).abs() < 0.01, "{found:?}");
            assert!((rate_hz(&found) - rate_hz(&given)).abs() < 0.02);
        }
    }

    #[test]
    fn few_events_have_no_variation_and_one_no_rate() {
        assert_eq!(variation(&[0.0, 1.0, 2.0]), None);
        assert_eq!(variation(&[]), None);
        assert_eq!((rate_hz(&[]), rate_hz(&[1.0]), rate_hz(&[1.0, 1.5])), (0.0, 0.0, 2.0));
    }

    #[test]
    fn tempo_and_counts_are_judged() {
        assert_eq!((direction(1.0, 2.0), direction(2.0, 1.0), direction(2.0, 2.0)), (1.0, 0.0, 0.5));
        let sound = |asked, found| Counted { asked, found };
        let sounds = [sound(1, 1), sound(2, 1), sound(3, 1), sound(5, 7)];
        assert_eq!(sounds.map(Counted::right), [true, false, false, false]);
        assert_eq!(chances(&sounds), [0.25, 0.25, 0.25, 0.0]);
    }
}
