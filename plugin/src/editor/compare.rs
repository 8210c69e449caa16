//! A/B comparison: the last two things that were chosen, takes or versions of one, one key apart and equally loud.

use crate::hearing::SoundId;
use crate::measured::{Matched, Measured};
use std::sync::Arc;
use straightshot_edits::Edit;
use straightshot_protocol::ContentHash;
use straightshot_takes::{Take, TakeId};

/// What stands on one side: a take, at a number of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Side {
    /// The take.
    pub(super) take: TakeId,
    /// Its version.
    pub(super) steps: u32,
}

impl Side {
    /// The version that `take` shows.
    pub(super) fn shown(take: &Take) -> Self {
        Self { take: take.id, steps: take.request.steps }
    }

    fn is_in(self, takes: &[Arc<Take>]) -> bool {
        takes.iter().any(|take| take.id == self.take && take.has_steps(self.steps))
    }
}

/// The two sides of the comparison.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Compare {
    sides: [Option<Side>; 2],
    /// Index of the side that is the active take.
    active: usize,
    /// Index of the side that is heard while the two are being compared, equally loud. Which take is active does not change by
    /// that, and it ends when another becomes it.
    heard: Option<usize>,
    /// What was last asked to be heard in place of the active take.
    instead: Option<(SoundId, f32)>,
    /// The take that a job added versions to when this was last looked at: its last one comes as the job goes.
    refined: Option<TakeId>,
}

/// Names of the sides.
pub(super) const SIDES: [&str; 2] = ["A", "B"];

impl Compare {
    /// Follows the active take, however it was chosen: what is on neither side replaces the active one, and what was there moves
    /// to the other. An empty other side gets the newest of the other takes. `refining` is the take that a job adds versions to:
    /// one that becomes finer by itself stays where it is.
    pub(super) fn follow(&mut self, takes: &[Arc<Take>], active: Option<&Take>, refining: Option<TakeId>) {
        let Some(take) = active else {
            *self = Self { instead: self.instead, ..Self::default() };
            return;
        };
        let active = Side::shown(take);
        for side in &mut self.sides {
            *side = side.filter(|side| side.is_in(takes));
        }
        let other = 1 - self.active;
        let here = self.sides[self.active];
        let by_itself =
            [refining, std::mem::replace(&mut self.refined, refining)].contains(&Some(active.take));
        if Some(active) == self.sides[other] {
            self.active = other;
            self.heard = None;
        } else if here.is_some_and(|here| here.take == active.take && here.steps < active.steps && by_itself)
        {
            self.sides[self.active] = Some(active);
        } else if Some(active) != here {
            self.sides[other] = here.or(self.sides[other]);
            self.sides[self.active] = Some(active);
            self.heard = None;
        }
        if self.other().is_none() {
            let newest = takes.iter().rev().find(|take| take.id != active.take);
            self.sides[1 - self.active] = newest.map(|take| Side::shown(take));
        }
        self.heard = self.heard.filter(|_| self.other().is_some());
    }

    /// Puts `side` beside the active take.
    pub(super) fn set_other(&mut self, side: Side) {
        if self.sides[self.active] != Some(side) {
            self.sides[1 - self.active] = Some(side);
        }
    }

    /// Hears the other side; begins to compare if that was not done yet.
    pub(super) fn switch(&mut self) {
        if self.other().is_some() {
            self.heard = Some(1 - self.heard_side());
        }
    }

    /// Ends the comparison.
    pub(super) fn end(&mut self) {
        self.heard = None;
    }

    /// Ends the comparison if it was ended elsewhere, as by a host that renders: `instead` is what is heard now in place of the
    /// active take.
    pub(super) fn follow_ending(&mut self, instead: Option<(SoundId, f32)>) {
        if self.instead.is_some() && instead.is_none() {
            self.heard = None;
            self.instead = None;
        }
    }

    /// Whether the two are being compared.
    pub(super) fn is_on(&self) -> bool {
        self.heard.is_some()
    }

    /// What is to be heard in place of the active take, if that is another thing than when this was last asked.
    pub(super) fn newly_heard(
        &mut self,
        takes: &[Arc<Take>],
        measured: &Measured,
    ) -> Option<Option<(SoundId, f32)>> {
        let wanted = self.heard.and_then(|side| {
            let on = self.on_side(side)?;
            let matched = self.matched(takes, measured);
            let gain_db = matched.and_then(|matched| matched.gains_db.get(side).copied()).unwrap_or(0.0);
            Some((SoundId::version(on.take, on.steps), 10_f32.powf(gain_db / 20.0)))
        });
        (std::mem::replace(&mut self.instead, wanted) != wanted).then_some(wanted)
    }

    /// Index into [`SIDES`] of the side that is heard.
    pub(super) fn heard_side(&self) -> usize {
        self.heard.unwrap_or(self.active)
    }

    /// What is on `side`.
    pub(super) fn on_side(&self, side: usize) -> Option<Side> {
        self.sides.get(side).copied().flatten()
    }

    /// What is on the side that is not the active take.
    pub(super) fn other(&self) -> Option<Side> {
        self.on_side(1 - self.active)
    }

    /// The name of the side that the take `id` is on, once there are two to compare; none if it is on both.
    pub(super) fn side_of(&self, id: TakeId) -> Option<&'static str> {
        let is_on = |side: usize| self.on_side(side).is_some_and(|side| side.take == id);
        self.other()?;
        match (is_on(0), is_on(1)) {
            (true, false) => Some(SIDES[0]),
            (false, true) => Some(SIDES[1]),
            _ => None,
        }
    }

    /// What is heard, with the name of its side: `B: 4 steps, rain on a tent`.
    pub(super) fn heard_words(&self, takes: &[Arc<Take>]) -> String {
        self.side_words(self.heard_side(), takes).unwrap_or_default()
    }

    fn side_words(&self, side: usize, takes: &[Arc<Take>]) -> Option<String> {
        let on = self.on_side(side)?;
        let take = takes.iter().find(|take| take.id == on.take)?;
        let plural = if on.steps == 1 { "step" } else { "steps" };
        Some(format!("{}: {} {plural}, {}", SIDES[side], on.steps, take.name))
    }

    /// The sides that a version of a take is on, one after the other.
    pub(super) fn sides_of(&self, version: Side) -> String {
        (0..2).filter(|side| self.on_side(*side) == Some(version)).map(|side| SIDES[side]).collect()
    }

    /// What stands on the sides, a line each, and how they are matched.
    pub(super) fn words(&self, takes: &[Arc<Take>], matched: Option<&Matched>) -> String {
        let by = matched.map(|matched| format!("{}, {}", gains_text(matched), matched.by.words()));
        [self.side_words(0, takes), self.side_words(1, takes), by]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The gains that make both sides equally loud, in their order; `None` until both were listened to.
    pub(super) fn matched(&self, takes: &[Arc<Take>], measured: &Measured) -> Option<Matched> {
        let sides = [self.on_side(0)?, self.on_side(1)?];
        let sounds = sides.map(|side| sound_of(takes, side));
        measured.matched(&[sounds[0]?, sounds[1]?])
    }
}

/// By how much a side is lowered: `A −3.2 dB`.
pub(super) fn gains_text(matched: &Matched) -> String {
    let lowered = matched.gains_db.iter().zip(SIDES).find(|(gain, _)| **gain < -0.05);
    match lowered {
        Some((gain, side)) => format!("{side} {gain:.1} dB").replace('-', "−"),
        None => "equally loud".to_owned(),
    }
}

/// The sound of a side by content, and what is done with it.
fn sound_of(takes: &[Arc<Take>], side: Side) -> Option<(ContentHash, &Edit)> {
    let take = takes.iter().find(|take| take.id == side.take)?;
    let version = take.all_versions().into_iter().find(|version| version.steps == side.steps)?;
    Some((version.sound?, &take.edit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measured::Loud;
    use straightshot_protocol::{Audio, ContentHash, ModelId, Request};
    use straightshot_takes::{Made, QueuedJob, Session};

    fn take(id: u64) -> Take {
        #[expect(clippy::cast_precision_loss, reason = "a handful of takes")]
        let audio = Audio::mono(44_100, vec![0.1 * id as f32; 64]);
        Take::new(TakeId(id), Request::default(), &audio).expect("it is a sound")
    }

    fn takes(ids: &[u64]) -> Vec<Arc<Take>> {
        ids.iter().map(|id| Arc::new(take(*id))).collect()
    }

    /// A session with one take that has versions of 1, 2 and 8 steps, of which 8 is shown.
    fn versions() -> Session {
        let mut session = Session::default();
        let model = ModelId::new(ContentHash::of([b"m".as_slice()]), "m");
        let request = |steps| Request { steps, model: model.clone(), ..Request::default() };
        let job = session.enqueue(QueuedJob::make(request(8), &[], true));
        for steps in [1, 2, 8] {
            #[expect(clippy::cast_precision_loss, reason = "a handful of steps")]
            let audio = Audio::mono(44_100, vec![0.1 * steps as f32; 64]);
            let sound = Take::new(TakeId(0), request(steps), &audio).expect("it is a sound");
            session.place(sound, Made { job, piece: 0, epoch: session.epoch(), last: steps == 8 });
        }
        session
    }

    fn follow(compare: &mut Compare, takes: &[Arc<Take>], id: u64) {
        let heard = takes.iter().find(|take| take.id == TakeId(id));
        compare.follow(takes, heard.map(|take| &**take), None);
    }

    #[test]
    fn ab_compare_is_of_the_last_two_takes() {
        let mut compare = Compare::default();
        let all = takes(&[1, 2, 3]);
        follow(&mut compare, &all[..1], 1);
        assert_eq!(compare.side_of(TakeId(1)), None, "one take is no comparison");
        follow(&mut compare, &all[..2], 2);
        follow(&mut compare, &all, 3);
        let on = |side| compare.on_side(side).map(|side| side.take);
        assert_eq!((on(0), on(1)), (Some(TakeId(3)), Some(TakeId(2))));
        follow(&mut compare, &all, 2);
        assert_eq!(compare.heard_side(), 1, "switching moves no take");
        assert_eq!(compare.other().map(|side| side.take), Some(TakeId(3)));
    }

    #[test]
    fn ab_compare_is_of_two_versions_of_one_take_too() {
        let (mut compare, mut session) = (Compare::default(), versions());
        compare.follow(session.takes(), session.active().map(|take| &**take), None);
        assert_eq!(compare.other(), None);
        session.show_steps(TakeId(1), 2);
        compare.follow(session.takes(), session.active().map(|take| &**take), None);
        assert_eq!((compare.other().unwrap().steps, compare.on_side(0).unwrap().steps), (8, 2));
        assert_eq!(compare.side_of(TakeId(1)), None, "it is on both sides");
        session.show_steps(TakeId(1), 1);
        compare.follow(session.takes(), session.active().map(|take| &**take), None);
        assert_eq!(compare.other().unwrap().steps, 2, "the last two");
        compare.set_other(Side { take: TakeId(1), steps: 8 });
        compare.follow(session.takes(), session.active().map(|take| &**take), None);
        assert_eq!(compare.other().unwrap().steps, 8, "as it was asked for");
    }

    #[test]
    fn ab_compare_does_not_take_a_draft_that_becomes_finer_for_a_choice() {
        let (mut compare, mut session) = (Compare::default(), versions());
        session.show_steps(TakeId(1), 2);
        compare.follow(session.takes(), session.active().map(|take| &**take), Some(TakeId(1)));
        session.show_steps(TakeId(1), 8);
        // The last version comes as the job goes.
        compare.follow(session.takes(), session.active().map(|take| &**take), None);
        assert_eq!((compare.other(), compare.on_side(0).unwrap().steps), (None, 8));
        session.show_steps(TakeId(1), 1);
        compare.follow(session.takes(), session.active().map(|take| &**take), None);
        assert_eq!(compare.other().map(|side| side.steps), Some(8), "that was chosen");
    }

    #[test]
    fn ab_compare_can_begin_in_a_session_that_was_just_loaded() {
        let mut compare = Compare::default();
        follow(&mut compare, &takes(&[4, 5, 6]), 5);
        assert_eq!(compare.other().map(|side| side.take), Some(TakeId(6)));
    }

    #[test]
    fn ab_compare_is_heard_in_place_of_the_active_take_until_it_ends() {
        let mut compare = Compare::default();
        let all = takes(&[1, 2, 3]);
        let measured = Measured::default();
        follow(&mut compare, &all[..2], 1);
        follow(&mut compare, &all[..2], 2);
        assert_eq!(compare.newly_heard(&all, &measured), None, "nothing is compared");
        let steps = Request::default().steps;
        for heard in [1, 2, 1] {
            compare.switch();
            follow(&mut compare, &all[..2], 2);
            let wanted = Some((SoundId::version(TakeId(heard), steps), 1.0));
            assert_eq!(compare.newly_heard(&all, &measured), Some(wanted));
            assert_eq!(compare.newly_heard(&all, &measured), None, "it is asked for once");
        }
        compare.follow_ending(compare.instead);
        assert!(compare.is_on());
        follow(&mut compare, &all, 3);
        assert!(!compare.is_on(), "another choice ends it");
        assert_eq!(compare.newly_heard(&all, &measured), Some(None));
        compare.switch();
        follow(&mut compare, &all[2..], 3);
        assert!(!compare.is_on() && compare.other().is_none(), "there is nothing to compare with");
        compare.follow(&[], None, None);
        assert_eq!(compare, Compare::default());
    }

    #[test]
    fn ab_compare_that_was_ended_elsewhere_is_off_in_the_window_too() {
        let mut compare = Compare::default();
        let all = takes(&[1, 2]);
        follow(&mut compare, &all, 2);
        compare.switch();
        compare.follow_ending(None);
        assert!(compare.is_on(), "it was not asked for yet");
        let asked = compare.newly_heard(&all, &Measured::default()).flatten();
        compare.follow_ending(asked);
        assert!(compare.is_on());
        compare.follow_ending(None);
        assert!(!compare.is_on());
        assert_eq!(compare.newly_heard(&all, &Measured::default()), None, "there is nothing to end");
    }

    #[test]
    fn ab_compare_lowers_the_louder_side_by_what_it_is_louder() {
        let mut compare = Compare::default();
        let all = takes(&[1, 2]);
        follow(&mut compare, &all, 1);
        follow(&mut compare, &all, 2);
        let mut measured = Measured::default();
        assert_eq!(compare.matched(&all, &measured), None);
        for (take, lufs) in all.iter().zip([-20.0, -14.5]) {
            let loud = Loud { momentary_lufs: lufs, integrated_lufs: f32::NEG_INFINITY, seconds: 1.0 };
            measured.note_loudness(take.all_versions()[0].sound.unwrap(), Edit::default(), loud);
        }
        let sides: Vec<_> = (0..2).map(|side| compare.on_side(side).unwrap().take.0).collect();
        let matched = compare.matched(&all, &measured).unwrap();
        let of = |take| matched.gains_db[sides.iter().position(|id| *id == take).unwrap()];
        assert_eq!((of(1), of(2)), (0.0, -5.5));
        assert!(gains_text(&matched).ends_with("−5.5 dB"), "{}", gains_text(&matched));
        compare.switch();
        compare.switch();
        let (sound, gain) = compare.newly_heard(&all, &measured).unwrap().unwrap();
        assert!(sound.take == TakeId(2) && (gain - 0.531).abs() < 1e-3, "{sound:?} {gain}");
    }
}
