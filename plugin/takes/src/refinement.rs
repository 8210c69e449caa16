//! A take that is heard before it is finished: what a job adds to the session while it runs.
//!
//! A job makes the same sound with more and more steps. The first result becomes a take, the later ones become
//! versions of that take, wherever the user has put it in the meantime.

use super::{Epoch, Session, Take, TakeId};
use std::sync::Arc;
use straightshot_protocol::Request;

/// Memory for versions that are not shown, in bytes. Beyond it the oldest takes give up theirs.
///
/// The versions of 45 takes of two seconds, or of the last three of 30 s.
const MAX_HIDDEN_BYTES: usize = 64 << 20;

/// Where a sound of a job has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// The take it is in.
    pub id: TakeId,
    /// Whether that take was there before.
    pub refined: bool,
    /// Whether another take had to go to the bin for it.
    pub evicted: bool,
}

impl Session {
    /// The take that the pending job has made so far, if it is `request` that it makes.
    pub fn refined_take(&self, request: &Request) -> Option<&Arc<Take>> {
        let id = self.pending_take?;
        let mut takes = self.takes.iter().chain(&self.bin);
        takes.find(|take| take.id == id && take.damage.is_none() && take.request.same_but_steps(request))
    }

    /// The active take as it will be once `sound` of the job of `epoch` is placed; `None` if that changes nothing for
    /// the ear.
    pub fn preview(&self, sound: &Take, epoch: Epoch) -> Option<Arc<Take>> {
        if epoch != self.epoch {
            return None;
        }
        let Some(take) = self.refined_take(&sound.request) else { return Some(Arc::new(sound.clone())) };
        let mut refined = Take::clone(take);
        refined.refine(sound.clone());
        (self.active == Some(take.id) && !refined.same_sound(take)).then(|| Arc::new(refined))
    }

    /// Puts a sound of the pending job of `epoch` into the take that the job refines, or makes it a new, active take
    /// if there is none; `last` ends the job. If the session was replaced since the job began, the sound goes to the
    /// bin and the new session's job stays pending.
    pub fn place(&mut self, mut sound: Take, epoch: Epoch, last: bool) -> Placed {
        let fresh = self.next_take_id();
        if epoch != self.epoch {
            self.keep_in_bin(sound);
            return Placed { id: fresh, refined: false, evicted: false };
        }
        let refined = self.refined_take(&sound.request).map(|take| take.id);
        let id = refined.unwrap_or(fresh);
        let mut evicted = false;
        match self.takes.iter_mut().chain(&mut self.bin).find(|take| Some(take.id) == refined) {
            Some(take) => Arc::make_mut(take).refine(sound),
            None => {
                sound.id = id;
                evicted = self.add_take(Arc::new(sound)).is_some();
            }
        }
        self.pending_take = Some(id);
        if last {
            self.drop_pending(epoch);
        }
        self.limit_hidden(MAX_HIDDEN_BYTES);
        Placed { id, refined: refined.is_some(), evicted }
    }

    /// Shows the version of take `id` with `steps` steps. While a version with so many steps is being made, the one
    /// that has come closest is shown instead, and the new one when it comes. Returns whether anything has changed;
    /// nothing does if there is no such version.
    pub fn show_steps(&mut self, id: TakeId, steps: u32) -> bool {
        let making = self.pending.as_ref().filter(|_| self.pending_take == Some(id));
        let awaited = making.is_some_and(|request| request.steps == steps);
        let Some(take) = self.takes.iter_mut().find(|take| take.id == id) else { return false };
        let steps = if awaited && !take.has_steps(steps) { take.most_steps() } else { steps };
        steps != take.request.steps && take.has_steps(steps) && Arc::make_mut(take).show(steps)
    }

    /// Lets the oldest takes give up versions that are not shown, until those of all takes fit into `bytes`. The
    /// active take and the one that is being refined keep theirs.
    fn limit_hidden(&mut self, bytes: usize) {
        let kept = [self.active, self.pending_take];
        let mut held: usize = self.bin.iter().chain(&self.takes).map(|take| take.hidden_bytes()).sum();
        for take in self.bin.iter_mut().chain(&mut self.takes) {
            if held <= bytes {
                return;
            }
            if !kept.contains(&Some(take.id)) && take.hidden_bytes() > 0 {
                held -= take.hidden_bytes();
                Arc::make_mut(take).forget_hidden();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use straightshot_protocol::{Audio, ModelId};

    const HIDDEN: usize = 3 * 100 * size_of::<f32>();

    /// A session with `count` takes that have versions of 1, 2, 4 and 8 steps each.
    fn session(count: u64) -> Session {
        let mut session = Session::default();
        for seed in 0..count {
            session.begin(Request { seed, steps: 8, ..Request::default() });
            for steps in [1, 2, 4, 8] {
                session.place(sound(seed, steps), 0, steps == 8);
            }
        }
        session
    }

    #[expect(clippy::cast_precision_loss, reason = "a handful of steps")]
    fn sound(seed: u64, steps: u32) -> Take {
        let request = Request { seed, steps, ..Request::default() };
        Take::new(TakeId(0), request, Audio::mono(44_100, vec![steps as f32 / 10.0; 100]))
    }

    #[test]
    fn a_job_makes_one_take_and_shows_its_newest_version() {
        let session = session(1);
        let [take] = session.takes() else { panic!("one take") };
        assert_eq!((take.step_counts(), take.request.steps), (vec![1, 2, 4, 8], 8));
        assert_eq!(take.audio().left()[0].to_bits(), 0.8_f32.to_bits());
        assert_eq!((session.pending.as_ref(), session.pending_take), (None, None));
    }

    #[test]
    fn whoever_has_gone_back_stays_there_until_the_awaited_version_is_asked_for() {
        let mut session = Session::default();
        session.begin(Request { seed: 0, steps: 8, ..Request::default() });
        let shown = |session: &Session| session.takes()[0].request.steps;
        session.place(sound(0, 1), 0, false);
        session.place(sound(0, 2), 0, false);
        assert!(session.show_steps(TakeId(1), 1));
        assert!(session.preview(&sound(0, 4), 0).is_none(), "nothing changes for the ear");
        session.place(sound(0, 4), 0, false);
        assert_eq!(shown(&session), 1);
        assert!(!session.show_steps(TakeId(1), 24), "nobody makes that");
        assert!(session.show_steps(TakeId(1), 8));
        assert_eq!(shown(&session), 4, "the best there is so far");
        session.place(sound(0, 8), 0, true);
        assert_eq!(shown(&session), 8);
        assert!(!session.show_steps(TakeId(1), 8), "it is shown already");
    }

    #[test]
    fn a_deleted_take_is_refined_in_the_bin_and_keeps_its_name() {
        let mut session = Session::default();
        session.begin(Request { seed: 0, steps: 2, ..Request::default() });
        session.place(sound(0, 1), 0, false);
        session.rename(TakeId(1), "mine");
        session.delete(TakeId(1));
        let placed = session.place(sound(0, 2), 0, true);
        assert_eq!(placed, Placed { id: TakeId(1), refined: true, evicted: false });
        assert!(session.takes().is_empty());
        assert_eq!((session.bin()[0].request.steps, session.bin()[0].name.as_str()), (2, "mine"));
    }

    #[test]
    fn a_sound_of_another_model_is_another_take() {
        let mut session = Session::default();
        session.begin(Request { seed: 0, steps: 4, ..Request::default() });
        session.place(sound(0, 2), 0, false);
        let request = Request { model: ModelId::named("other"), ..sound(0, 4).request };
        session.begin(request.clone());
        session.pending_take = Some(TakeId(1));
        session.place(Take::new(TakeId(0), request, Audio::mono(48_000, vec![0.5; 10])), 0, true);
        let sounds: Vec<_> = session.takes().iter().map(|take| take.audio().frames()).collect();
        assert_eq!(sounds, [100, 10], "what was heard before is still there");
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
        session.limit_hidden(4 * HIDDEN);
        assert_eq!([1, 2, 3, 4].map(|id| counts(&session, id)), [Some(4); 4]);
        session.limit_hidden(2 * HIDDEN);
        assert_eq!([1, 2, 3, 4].map(|id| counts(&session, id)), [Some(4), Some(1), Some(1), Some(4)]);
        session.limit_hidden(0);
        assert_eq!([1, 2, 3, 4].map(|id| counts(&session, id)), [Some(4), Some(1), Some(1), Some(1)]);
        assert_eq!(session.takes().iter().map(|take| take.request.steps).collect::<Vec<_>>(), [8, 8, 8]);
    }
}
