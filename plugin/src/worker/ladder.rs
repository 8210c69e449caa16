//! Which numbers of steps a job makes, and how far it is.
//!
//! All versions start from the same noise, so they are one sound in growing detail: the first becomes the take, the others
//! become versions of it, and name, selection and comparison stay. Each has to be decoded, so that the sound that was asked for
//! comes after about twice the time; a switch beside the steps turns drafts off. Between two versions every instance that waits
//! gets its turn.

use std::time::{Duration, Instant};

/// Steps of the drafts, each made only if the sound that was asked for has at least twice as many.
const DRAFTS: [u32; 4] = [1, 2, 4, 8];

/// What a version costs besides its steps, in steps: the decoder's share, which `straightshot bench` showed to be 2.3
/// steps for a guided sound of two seconds and 1.6 for one of ten, with the default model.
const FIXED_COST: f32 = 2.0;

/// The numbers of steps to make for a sound of `steps` steps, in rising order; the last is `steps`. Versions of up to
/// `have` steps exist already, 0 if there are none.
///
/// One step is heard soonest. Each further draft doubles the steps, so that the next one is never more than about as
/// far away as the time waited so far, and all drafts together have fewer steps than the sound itself. A draft with
/// more than half of the steps would cost nearly as much as the sound and be heard just before it.
pub(super) fn ladder(steps: u32, draft_first: bool, have: u32) -> Vec<u32> {
    let wanted = |draft: &u32| draft_first && *draft > have && *draft <= steps / 2;
    DRAFTS.into_iter().filter(wanted).chain([steps]).collect()
}

/// The way of one job up its ladder, for progress that never goes back.
pub(super) struct Climb {
    /// Cost of all versions, in steps.
    total: f32,
    /// Cost of the finished ones.
    done: f32,
    /// Cost of the one that is being made.
    current: f32,
    /// Time the finished ones took, without waiting for other instances.
    worked: Duration,
    /// When the one that is being made was begun.
    begun: Instant,
}

impl Climb {
    /// The foot of `ladder`.
    pub(super) fn new(ladder: &[u32]) -> Self {
        let total = ladder.iter().map(|steps| cost(*steps)).sum();
        Self { total, done: 0.0, current: 0.0, worked: Duration::ZERO, begun: Instant::now() }
    }

    /// Begins the version with `steps` steps.
    pub(super) fn begin(&mut self, steps: u32) {
        self.current = cost(steps);
        self.begun = Instant::now();
    }

    /// Ends the version that was begun last.
    pub(super) fn end(&mut self) {
        self.worked += self.begun.elapsed();
        self.done += std::mem::take(&mut self.current);
    }

    /// Share of the job's work that is done when `fraction` of the current version is.
    pub(super) fn fraction(&self, fraction: f32) -> f32 {
        ((self.done + self.current * fraction.clamp(0.0, 1.0)) / self.total).clamp(0.0, 1.0)
    }

    /// Time left if the rest goes as fast as what was done so far; `None` while nothing is.
    pub(super) fn eta(&self, fraction: f32) -> Option<Duration> {
        let done = self.fraction(fraction);
        let spent = self.worked + self.begun.elapsed();
        (done > 0.0).then(|| spent.mul_f32((1.0 - done) / done))
    }
}

#[expect(clippy::cast_precision_loss, reason = "at most a hundred steps")]
fn cost(steps: u32) -> f32 {
    steps as f32 + FIXED_COST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drafts_double_and_cost_less_than_the_sound() {
        assert_eq!(ladder(1, true, 0), [1]);
        assert_eq!(ladder(2, true, 0), [1, 2]);
        assert_eq!(ladder(3, true, 0), [1, 3]);
        assert_eq!(ladder(8, true, 0), [1, 2, 4, 8]);
        assert_eq!(ladder(16, true, 0), [1, 2, 4, 8, 16]);
        assert_eq!(ladder(24, true, 0), [1, 2, 4, 8, 24]);
        for steps in 1..=100 {
            let all = ladder(steps, true, 0);
            assert_eq!(all.last(), Some(&steps));
            assert!(all.iter().sum::<u32>() < 2 * steps, "{all:?}");
        }
    }

    #[test]
    fn no_draft_is_made_that_is_there_or_not_wanted() {
        assert_eq!(ladder(24, false, 0), [24]);
        assert_eq!(ladder(24, true, 2), [4, 8, 24]);
        assert_eq!(ladder(4, true, 4), [4], "what was asked for is made in any case");
    }

    #[test]
    fn progress_rises_from_nothing_to_all() {
        let all = ladder(8, true, 0);
        let mut climb = Climb::new(&all);
        let mut last = 0.0;
        assert!(climb.fraction(0.0) == 0.0 && climb.eta(0.0).is_none());
        for steps in all {
            climb.begin(steps);
            for part in [0.0, 0.5, 1.0] {
                let now = climb.fraction(part);
                assert!(now >= last, "{now} after {last}");
                last = now;
            }
            climb.end();
            assert!(climb.fraction(0.0) >= last);
        }
        assert!((last - 1.0).abs() < 1e-6);
        assert_eq!(climb.eta(1.0), Some(Duration::ZERO));
    }
}
