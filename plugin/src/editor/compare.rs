//! A/B comparison: the last two takes that were active, one key apart.

use std::sync::Arc;
use straightshot_takes::{Take, TakeId};

/// The two sides of the comparison.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Compare {
    /// Takes on side A and side B.
    sides: [Option<TakeId>; 2],
    /// Index of the side that is active.
    active: usize,
}

/// Names of the sides.
pub(super) const SIDES: [&str; 2] = ["A", "B"];

impl Compare {
    /// Follows the active take, however it was chosen: a take that is on neither side replaces the active side,
    /// and what was there moves to the other. An empty other side gets the newest of the other takes.
    pub(super) fn follow(&mut self, takes: &[Arc<Take>], active_take: Option<TakeId>) {
        if active_take.is_none() {
            *self = Self::default();
            return;
        }
        for side in &mut self.sides {
            *side = side.filter(|id| takes.iter().any(|take| take.id == *id));
        }
        let other = 1 - self.active;
        if active_take == self.sides[other] {
            self.active = other;
        } else if active_take != self.sides[self.active] {
            self.sides[other] = self.sides[self.active].or(self.sides[other]);
            self.sides[self.active] = active_take;
        }
        if self.other().is_none() {
            let newest_other = takes.iter().rev().map(|take| take.id).find(|id| Some(*id) != active_take);
            self.sides[1 - self.active] = newest_other;
        }
    }

    /// Index into [`SIDES`] of the active side.
    pub(super) fn active_side(&self) -> usize {
        self.active
    }

    /// The take on `side`.
    pub(super) fn take_on(&self, side: usize) -> Option<TakeId> {
        self.sides.get(side).copied().flatten()
    }

    /// The take on the side that is not active.
    pub(super) fn other(&self) -> Option<TakeId> {
        self.take_on(1 - self.active)
    }

    /// The name of the side `id` is on, once there are two to compare.
    pub(super) fn side_of(&self, id: TakeId) -> Option<&'static str> {
        self.other()?;
        self.sides.iter().position(|side| *side == Some(id)).map(|index| SIDES[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use straightshot_protocol::{Audio, Request};

    fn takes(ids: &[u64]) -> Vec<Arc<Take>> {
        let audio = Audio::mono(44_100, vec![0.0; 4]);
        let take = |id: &u64| Take::new(TakeId(*id), Request::default(), &audio).expect("it is a sound");
        ids.iter().map(|id| Arc::new(take(id))).collect()
    }

    #[test]
    fn the_last_two_active_takes_are_compared() {
        let mut compare = Compare::default();
        let all = takes(&[1, 2, 3]);
        compare.follow(&all[..1], Some(TakeId(1)));
        assert_eq!(compare.side_of(TakeId(1)), None, "one take is no comparison");
        compare.follow(&all[..2], Some(TakeId(2)));
        compare.follow(&all, Some(TakeId(3)));
        assert_eq!((compare.take_on(0), compare.take_on(1)), (Some(TakeId(3)), Some(TakeId(2))));
        compare.follow(&all, Some(TakeId(2)));
        assert_eq!((compare.active_side(), compare.other()), (1, Some(TakeId(3))), "switching moves no take");
    }

    #[test]
    fn a_loaded_session_can_be_compared_at_once() {
        let mut compare = Compare::default();
        compare.follow(&takes(&[4, 5, 6]), Some(TakeId(5)));
        assert_eq!((compare.active_side(), compare.other()), (0, Some(TakeId(6))));
    }

    #[test]
    fn a_deleted_take_leaves_the_comparison() {
        let mut compare = Compare::default();
        compare.follow(&takes(&[1, 2]), Some(TakeId(1)));
        compare.follow(&takes(&[1, 2]), Some(TakeId(2)));
        compare.follow(&takes(&[2]), Some(TakeId(2)));
        assert_eq!(compare.other(), None);
        compare.follow(&takes(&[]), None);
        assert_eq!(compare, Compare::default());
    }
}
