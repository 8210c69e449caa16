//! Which numbers of steps a job makes, and how far it is.
//!
//! All versions start from the same noise, so they are one sound in growing detail: the first becomes the take, the others
//! become versions of it, and name, selection and comparison stay. Each has to be decoded, so that the sound that was asked for
//! comes after about twice the time; a switch beside the steps turns drafts off. Between two versions every instance that waits
//! gets its turn.

use crate::shared::Pass;
use std::time::{Duration, Instant};
use straightshot_protocol::{Card, Request};

/// The numbers of steps to make for a sound of `steps` steps, in rising order; the last is `steps`. Drafts are those of
/// `offered`; versions of up to `have` steps exist already, 0 if there are none.
///
/// One step is heard soonest. Each further draft of the default model doubles the steps, so that the next one is never
/// more than about as far away as the time waited so far, and all drafts together have fewer steps than the sound itself.
/// A draft with more than half of the steps would cost nearly as much as the sound and be heard just before it.
pub(super) fn ladder(offered: &[u32], steps: u32, have: u32) -> Vec<u32> {
    let wanted = |draft: &u32| *draft > have && *draft <= steps / 2;
    offered.iter().copied().filter(wanted).chain([steps]).collect()
}

/// The way of one job up its ladder, for progress that never goes back.
pub(super) struct Climb {
    /// Numbers of steps, and what each version costs in the unit of the model's card.
    versions: Vec<(u32, f32)>,
    /// Cost of all versions.
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
    /// The foot of the ladder of `steps` for `request`, made by the model of `card`.
    pub(super) fn new(steps: &[u32], request: &Request, card: &Card) -> Self {
        let versions: Vec<_> = steps.iter().map(|steps| (*steps, cost(*steps, request, card))).collect();
        let total = versions.iter().map(|(_, cost)| cost).sum();
        Self { versions, total, done: 0.0, current: 0.0, worked: Duration::ZERO, begun: Instant::now() }
    }

    /// Whether `steps` are those of a draft that is made first, or of what follows one.
    pub(super) fn pass(&self, steps: u32) -> Pass {
        match self.versions.first() {
            Some((first, _)) if *first != steps => Pass::Refinement,
            Some(_) if self.versions.len() > 1 => Pass::FirstDraft,
            _ => Pass::Only,
        }
    }

    /// Begins the version with `steps` steps.
    pub(super) fn begin(&mut self, steps: u32) {
        let version = self.versions.iter().find(|(of, _)| *of == steps);
        self.current = version.map_or(0.0, |(_, cost)| *cost);
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

/// What `request` costs with `steps` steps. The text is read once for all versions and not counted.
fn cost(steps: u32, request: &Request, card: &Card) -> f32 {
    let guided = card.guidance.is_some_and(|guidance| guidance.has_effect(request.guidance, steps));
    #[expect(clippy::cast_precision_loss, reason = "at most a hundred steps")]
    let steps = steps as f32;
    steps * card.cost.of_step(request.seconds, guided) + card.cost.of_decoding(request.seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use straightshot_engine::model::builtin_card;

    #[test]
    fn the_drafts_double_and_cost_less_than_the_sound() {
        let offered = builtin_card().ladder;
        for (steps, all) in [
            (1, &[1][..]),
            (2, &[1, 2]),
            (3, &[1, 3]),
            (8, &[1, 2, 4, 8]),
            (16, &[1, 2, 4, 8, 16]),
            (24, &[1, 2, 4, 8, 24]),
        ] {
            assert_eq!(ladder(&offered, steps, 0), all);
        }
        for steps in 1..=100 {
            let all = ladder(&offered, steps, 0);
            assert_eq!(all.last(), Some(&steps));
            assert!(all.iter().sum::<u32>() < 2 * steps, "{all:?}");
        }
    }

    #[test]
    fn no_draft_is_made_that_is_there_or_that_the_model_does_not_offer() {
        let offered = builtin_card().ladder;
        assert_eq!(ladder(&[], 24, 0), [24]);
        assert_eq!(ladder(&[3, 5], 24, 0), [3, 5, 24]);
        assert_eq!(ladder(&offered, 24, 2), [4, 8, 24]);
        assert_eq!(ladder(&offered, 4, 4), [4], "what was asked for is made in any case");
    }

    #[test]
    fn progress_rises_from_nothing_to_all() {
        let (card, request) = (builtin_card(), Request::default());
        let all = ladder(&card.ladder, 8, 0);
        let mut climb = Climb::new(&all, &request, &card);
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

    #[test]
    fn a_version_is_weighed_by_the_card_of_its_model() {
        let (mut card, request) = (builtin_card(), Request { seconds: 10.0, ..Request::default() });
        let share = |card: &Card| {
            let mut climb = Climb::new(&[1, 24], &request, card);
            climb.begin(1);
            climb.end();
            climb.fraction(0.0)
        };
        let fast_decoder = share(&card);
        card.cost.decode_per_second *= 100.0;
        assert!(share(&card) > 0.45 && fast_decoder < 0.3, "{fast_decoder}");
        assert_eq!(Climb::new(&[1, 24], &request, &card).pass(1), Pass::FirstDraft);
        assert_eq!(Climb::new(&[1, 24], &request, &card).pass(24), Pass::Refinement);
        assert_eq!(Climb::new(&[24], &request, &card).pass(24), Pass::Only);
    }
}
