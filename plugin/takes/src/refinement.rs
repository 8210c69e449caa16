//! A take that is heard before it is finished: what a job adds to the session while it runs.
//!
//! A job makes the same sound with more and more steps. The first result becomes a take, the later ones become
//! versions of that take, wherever the user has put it in the meantime.

use super::{Epoch, JobId, QueuedJob, Session, Take, TakeId};
use std::sync::Arc;

/// Memory for versions that are not shown, in bytes. Beyond it the oldest takes give up theirs.
///
/// The versions of 45 takes of two seconds, or of the last three of 30 s.
pub(super) const MAX_HIDDEN_BYTES: usize = 64 << 20;

/// What a finished sound belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// The job that made it.
    pub job: JobId,
    /// Which of the sounds of the job it is.
    pub piece: usize,
    /// The session that the job was begun for.
    pub epoch: Epoch,
    /// Whether that sound has all of its steps now.
    pub last: bool,
}

impl Session {
    /// The take that a piece of a job has made so far, if a sound of the job would be a version of it. A job that names no
    /// model may still be made by another one; only a finished sound says for certain, see [`Session::place`].
    #[must_use]
    pub fn refined_take(&self, job: &QueuedJob, piece: usize) -> Option<&Arc<Take>> {
        let take = self.take_of(job, piece)?;
        let mut request = job.request_of(piece);
        if request.model.is_any() {
            request.model.clone_from(&take.request.model);
        }
        take.could_refine_to(&request).then_some(take)
    }

    /// The take that a piece of a job has made so far, wherever it is.
    fn take_of(&self, job: &QueuedJob, piece: usize) -> Option<&Arc<Take>> {
        let id = job.pieces.get(piece)?.take?;
        self.takes.iter().chain(&self.bin).find(|take| take.id == id)
    }

    /// The take that `sound` of a job is a version of; `None` if it becomes a take of its own, as does whatever another
    /// model made, or may have made, and what would refine a damaged take. A take whose sound is still being read is
    /// refined: its version so far is read all the same.
    fn place_of(&self, sound: &Take, made: Made) -> Option<&Arc<Take>> {
        let take = self.take_of(self.job(made.job)?, made.piece)?;
        take.could_refine_to(&sound.request).then_some(take)
    }

    /// The active take as it will be once `sound` is placed; `None` if that changes nothing for the ear.
    #[must_use]
    pub fn preview(&self, sound: &Take, made: Made) -> Option<Arc<Take>> {
        if made.epoch != self.epoch {
            return None;
        }
        let Some(take) = self.place_of(sound, made) else {
            return self.becomes_active(made).then(|| Arc::new(sound.clone()));
        };
        let mut refined = Take::clone(take);
        refined.refine(sound.clone());
        (self.active == Some(take.id) && !refined.same_sound(take)).then(|| Arc::new(refined))
    }

    /// Whether a new take of a job becomes the active one: the first does, and those that follow leave it to the user.
    fn becomes_active(&self, made: Made) -> bool {
        let is_first = |job: &QueuedJob| {
            job.pieces.iter().enumerate().all(|(index, piece)| index == made.piece || piece.take.is_none())
        };
        self.job(made.job).is_none_or(is_first)
    }

    /// Puts a sound into the take that its job refines, or makes it a new take if there is none or another model made it;
    /// the first of a job becomes the active one. If the session was replaced since the job began, the sound goes to the
    /// bin and the new session's jobs stay as they are. Returns the take that the sound is in.
    pub fn place(&mut self, mut sound: Take, made: Made) -> TakeId {
        let fresh = self.next_take_id();
        if made.epoch != self.epoch {
            self.keep_in_bin(sound);
            return fresh;
        }
        let refined = self.place_of(&sound, made).map(|take| take.id);
        let id = refined.unwrap_or(fresh);
        match self.takes.iter_mut().chain(&mut self.bin).find(|take| Some(take.id) == refined) {
            Some(take) => Arc::make_mut(take).refine(sound),
            None => {
                sound.id = id;
                sound.unread = true;
                let stays = self.active.filter(|_| !self.becomes_active(made));
                // What one click has made is undone by one step.
                let job = self.job(made.job);
                let name =
                    if job.is_some_and(|job| job.pieces.len() > 1) { "new sounds" } else { "new sound" };
                let gesture = job.and_then(|job| job.gesture);
                self.record(name, gesture, false, |session| {
                    session.add_take(Arc::new(sound));
                    session.active = stays.or(session.active);
                });
            }
        }
        self.note_take(made.job, made.piece, id);
        if made.last {
            self.finish_piece(made.job, made.piece);
        }
        self.limit_hidden(MAX_HIDDEN_BYTES);
        id
    }

    /// Shows the version of take `id` with `steps` steps. While a version with so many steps is being made, the one
    /// that has come closest is shown instead, and the new one when it comes. Returns whether anything has changed;
    /// nothing does if there is no such version.
    pub fn show_steps(&mut self, id: TakeId, steps: u32) -> bool {
        let awaited = self.jobs.iter().any(|job| job.request.steps == steps && job.is_about(id));
        let Some(take) = self.takes.iter_mut().find(|take| take.id == id) else { return false };
        let steps = if awaited && !take.has_steps(steps) { take.most_steps() } else { steps };
        steps != take.request.steps && take.has_steps(steps) && Arc::make_mut(take).show(steps)
    }

    /// Lets go of what is in memory of the versions that are not shown, those of the oldest takes first, until all of them
    /// fit into `bytes`; those that are kept nowhere else are given up. The active take and those that are being refined
    /// keep theirs.
    pub(super) fn limit_hidden(&mut self, bytes: usize) {
        let kept = self.untouchable();
        let mut held: usize = self.bin.iter().chain(&self.takes).map(|take| take.hidden_bytes()).sum();
        for take in self.bin.iter_mut().chain(&mut self.takes) {
            if held <= bytes {
                return;
            }
            if !kept.contains(&take.id) && take.hidden_bytes() > 0 {
                held -= take.hidden_bytes();
                Arc::make_mut(take).forget_hidden();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use straightshot_protocol::{Audio, ContentHash, ModelId, Request};

    /// A session with `count` takes that have versions of 1, 2, 4 and 8 steps each.
    fn session(count: u64) -> Session {
        let mut session = Session::default();
        for seed in 0..count {
            session.begin(Request { seed, steps: 8, ..Request::default() });
            for steps in [1, 2, 4, 8] {
                place(&mut session, sound(seed, steps), steps == 8);
            }
        }
        session
    }

    /// What the first sound of the newest job belongs to.
    fn newest(session: &Session, last: bool) -> Made {
        let job = session.jobs().last().map_or(JobId(0), |job| job.id);
        Made { job, piece: 0, epoch: session.epoch(), last }
    }

    fn place(session: &mut Session, sound: Take, last: bool) -> TakeId {
        let made = newest(session, last);
        session.place(sound, made)
    }

    fn sound(seed: u64, steps: u32) -> Take {
        sound_of(ModelId::named("model"), seed, steps)
    }

    #[expect(clippy::cast_precision_loss, reason = "a handful of steps")]
    fn sound_of(model: ModelId, seed: u64, steps: u32) -> Take {
        let request = Request { model, seed, steps, ..Request::default() };
        let audio = Audio::mono(44_100, vec![steps as f32 / 16.0; 100]);
        Take::new(TakeId(0), request, &audio).expect("it is a sound")
    }

    #[test]
    fn a_job_makes_one_take_and_shows_its_newest_version() {
        let session = session(1);
        let [take] = session.takes() else { panic!("one take") };
        assert_eq!((take.step_counts(), take.request.steps), (vec![1, 2, 4, 8], 8));
        assert_eq!(take.audio().left()[0].to_bits(), 0.5_f32.to_bits());
        assert!(session.jobs().is_empty());
    }

    /// A project is opened and its unfinished job is done before the first version of its take is read.
    #[test]
    fn a_take_that_is_still_being_read_is_refined_and_not_made_twice() {
        let mut session = Session::default();
        session.begin(Request { seed: 0, steps: 2, ..Request::default() });
        place(&mut session, sound(0, 1), false);
        Arc::make_mut(&mut session.takes[0]).forget_sound();
        assert!(session.takes()[0].is_loading());
        place(&mut session, sound(0, 2), true);
        let [take] = session.takes() else { panic!("one take") };
        assert_eq!((take.step_counts(), take.request.steps, take.is_loading()), (vec![1, 2], 2, false));
    }

    #[test]
    fn whoever_has_gone_back_stays_there_until_the_awaited_version_is_asked_for() {
        let mut session = Session::default();
        session.begin(Request { seed: 0, steps: 8, ..Request::default() });
        let shown = |session: &Session| session.takes()[0].request.steps;
        place(&mut session, sound(0, 1), false);
        place(&mut session, sound(0, 2), false);
        assert!(session.show_steps(TakeId(1), 1));
        assert!(
            session.preview(&sound(0, 4), newest(&session, false)).is_none(),
            "nothing changes for the ear"
        );
        place(&mut session, sound(0, 4), false);
        assert_eq!(shown(&session), 1);
        assert!(!session.show_steps(TakeId(1), 24), "nobody makes that");
        assert!(session.show_steps(TakeId(1), 8));
        assert_eq!(shown(&session), 4, "the best there is so far");
        place(&mut session, sound(0, 8), true);
        assert_eq!(shown(&session), 8);
        assert!(!session.show_steps(TakeId(1), 8), "it is shown already");
    }

    #[test]
    fn a_deleted_take_is_refined_in_the_bin_and_keeps_its_name() {
        let mut session = Session::default();
        session.begin(Request { seed: 0, steps: 2, ..Request::default() });
        place(&mut session, sound(0, 1), false);
        session.rename(TakeId(1), "mine");
        session.delete(TakeId(1));
        assert_eq!(place(&mut session, sound(0, 2), true), TakeId(1));
        assert!(session.takes().is_empty());
        assert_eq!((session.bin()[0].request.steps, session.bin()[0].name.as_str()), (2, "mine"));
    }

    #[test]
    fn a_sound_of_another_model_is_another_take() {
        let hashed = |text: &str| ModelId::new(ContentHash::of([text.as_bytes()]), "same name");
        let any = ModelId::default;
        for (first, second) in [
            (ModelId::named("one"), ModelId::named("other")),
            (hashed("one"), hashed("other")),
            (ModelId::named("same name"), hashed("one")),
            (any(), hashed("one")),
            (any(), any()),
        ] {
            let mut session = Session::default();
            // The job itself names no model, as a prompt that was typed in does.
            session.begin(Request { seed: 0, steps: 4, ..Request::default() });
            place(&mut session, sound_of(first.clone(), 0, 2), false);
            let before = session.takes()[0].clone();
            let preview = session
                .preview(&sound_of(second.clone(), 0, 4), newest(&session, true))
                .expect("it will be heard");
            place(&mut session, sound_of(second.clone(), 0, 4), true);
            let [old, new] = session.takes() else { panic!("{first:?}, then {second:?}") };
            assert!(old.same_sound(&before) && old.step_counts() == [2], "what was heard is still there");
            assert!(new.same_sound(&preview) && new.request.model == second);
        }
    }

    #[test]
    fn the_oldest_takes_give_up_hidden_versions_and_never_the_shown_one() {
        let mut session = session(4);
        session.delete(TakeId(2));
        session.select(TakeId(1));
        let counts = |session: &Session, id: u64| {
            let mut takes = session.takes().iter().chain(session.bin());
            takes.find(|take| take.id == TakeId(id)).map(|take| take.step_counts().len())
        };
        let hidden = session.takes()[0].hidden_bytes();
        session.limit_hidden(4 * hidden);
        assert_eq!([1, 2, 3, 4].map(|id| counts(&session, id)), [Some(4); 4]);
        session.limit_hidden(2 * hidden);
        assert_eq!([1, 2, 3, 4].map(|id| counts(&session, id)), [Some(4), Some(1), Some(1), Some(4)]);
        session.limit_hidden(0);
        assert_eq!([1, 2, 3, 4].map(|id| counts(&session, id)), [Some(4), Some(1), Some(1), Some(1)]);
        assert_eq!(session.takes().iter().map(|take| take.request.steps).collect::<Vec<_>>(), [8, 8, 8]);
    }
}
