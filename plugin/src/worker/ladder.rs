//! Which numbers of steps a job makes of its sounds, in which groups, and how far it is.
//!
//! All versions of a sound start from the same noise, so they are one sound in growing detail: the first becomes the take, the
//! others become versions of it, and name, selection and comparison stay. Each has to be decoded, so that the sound that was
//! asked for comes after about twice the time; a switch beside the steps turns drafts off.
//!
//! All sounds of a job are made with few steps before any is made with more, so that there is something to choose from
//! early. Between two groups every instance that waits gets its turn.

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

/// Sounds that are made together, with one number of steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    /// Solver steps.
    pub(super) steps: u32,
    /// Which of the job's sounds.
    pub(super) pieces: Vec<usize>,
}

/// The groups of a job in the order in which they are made. `ladders` are the numbers of steps of each sound, `together` how
/// many of them are best made at once.
pub(super) fn groups(ladders: &[(usize, Vec<u32>)], together: impl Fn(u32) -> usize) -> Vec<Group> {
    let mut rungs: Vec<u32> = ladders.iter().flat_map(|(_, steps)| steps.iter().copied()).collect();
    rungs.sort_unstable();
    rungs.dedup();
    let of_rung = |steps: u32| {
        let wants = |(piece, ladder): &(usize, Vec<u32>)| ladder.contains(&steps).then_some(*piece);
        let pieces: Vec<usize> = ladders.iter().filter_map(wants).collect();
        let group = |pieces: &[usize]| Group { steps, pieces: pieces.to_vec() };
        pieces.chunks(together(steps).max(1)).map(group).collect::<Vec<_>>()
    };
    rungs.into_iter().flat_map(of_rung).collect()
}

/// The way of one job through its groups, for progress that never goes back.
pub(super) struct Climb {
    /// Smallest and largest number of steps.
    range: (u32, u32),
    /// What is made, and the card of its model: they say what a sound costs.
    request: Request,
    card: Card,
    /// Cost of all groups.
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
    /// The foot of `groups` of `request`, made by the model of `card`.
    pub(super) fn new(groups: &[Group], request: &Request, card: &Card) -> Self {
        let steps = || groups.iter().map(|group| group.steps);
        let cost = |group: &Group| cost(group.steps, request, card) * count(group.pieces.len());
        Self {
            range: (steps().min().unwrap_or(0), steps().max().unwrap_or(0)),
            request: request.clone(),
            card: card.clone(),
            total: groups.iter().map(cost).sum(),
            done: 0.0,
            current: 0.0,
            worked: Duration::ZERO,
            begun: Instant::now(),
        }
    }

    /// Whether `steps` are those of a draft that is made first, or of what follows one.
    pub(super) fn pass(&self, steps: u32) -> Pass {
        match self.range {
            (least, _) if least < steps => Pass::Refinement,
            (least, most) if least < most => Pass::FirstDraft,
            _ => Pass::Only,
        }
    }

    /// Begins a group.
    pub(super) fn begin(&mut self, group: &Group) {
        self.current = self.cost(group.steps, group.pieces.len());
        self.begun = Instant::now();
    }

    /// Ends the group that was begun last.
    pub(super) fn end(&mut self) {
        self.worked += self.begun.elapsed();
        self.done += std::mem::take(&mut self.current);
    }

    /// Counts sounds of a group that nobody wants any more as made.
    pub(super) fn skip(&mut self, steps: u32, pieces: usize) {
        self.done += self.cost(steps, pieces);
    }

    fn cost(&self, steps: u32, pieces: usize) -> f32 {
        cost(steps, &self.request, &self.card) * count(pieces)
    }

    /// Share of the job's work that is done when `fraction` of the current group is.
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

#[expect(clippy::cast_precision_loss, reason = "at most 16 sounds")]
fn count(pieces: usize) -> f32 {
    pieces as f32
}

/// What `request` costs with `steps` steps. The text is read once for all versions and not counted.
fn cost(steps: u32, request: &Request, card: &Card) -> f32 {
    let guided = card.guidance.is_some_and(|guidance| guidance.has_effect(request.guidance, steps));
    #[expect(clippy::cast_precision_loss, reason = "at most a hundred steps")]
    let steps = steps as f32;
    steps * card.cost.of_step(request.seconds, guided)
        + card.cost.of_decoding(request.seconds, request.width > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use straightshot_engine::model::builtin_card;

    /// The groups of one sound.
    fn alone(ladder: &[u32]) -> Vec<Group> {
        groups(&[(0, ladder.to_vec())], |_| 1)
    }

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
    fn all_sounds_have_few_steps_before_one_has_more() {
        let ladders = [(0, vec![1, 4]), (1, vec![1, 4]), (2, vec![4]), (5, vec![1, 4])];
        let group = |steps, pieces: &[usize]| Group { steps, pieces: pieces.to_vec() };
        let together = |steps| if steps == 1 { 2 } else { 3 };
        let wanted = [group(1, &[0, 1]), group(1, &[5]), group(4, &[0, 1, 2]), group(4, &[5])];
        assert_eq!(groups(&ladders, together), wanted);
        assert_eq!(groups(&ladders, |_| 0).len(), 7, "one at a time at least");
        assert!(groups(&[], |_| 1).is_empty());
    }

    #[test]
    fn progress_rises_from_nothing_to_all() {
        let (card, request) = (builtin_card(), Request::default());
        let all = ladder(&card.ladder, 8, 0);
        let groups = groups(&[(0, all.clone()), (1, all.clone()), (2, all)], |_| 2);
        let mut climb = Climb::new(&groups, &request, &card);
        let mut last = 0.0;
        assert!(climb.fraction(0.0) == 0.0 && climb.eta(0.0).is_none());
        for (i, group) in groups.iter().enumerate() {
            if i == 3 {
                climb.skip(group.steps, group.pieces.len());
                continue;
            }
            climb.begin(group);
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
            let groups = alone(&[1, 24]);
            let mut climb = Climb::new(&groups, &request, card);
            climb.begin(&groups[0]);
            climb.end();
            climb.fraction(0.0)
        };
        let fast_decoder = share(&card);
        card.cost.decode_per_second *= 100.0;
        assert!(share(&card) > 0.45 && fast_decoder < 0.3, "{fast_decoder}");
        let pass = |ladder: &[u32], steps| Climb::new(&alone(ladder), &request, &card).pass(steps);
        assert_eq!(pass(&[1, 24], 1), Pass::FirstDraft);
        assert_eq!(pass(&[1, 24], 24), Pass::Refinement);
        assert_eq!(pass(&[24], 24), Pass::Only);
    }
}
