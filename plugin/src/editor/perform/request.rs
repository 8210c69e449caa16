//! What the next sound is made from.

use super::Moment;
use crate::editor::action::{Part, RequestAction};
use crate::editor::{App, param};
use crate::params::{MAX_LENGTH_S, MAX_SEED, MIN_LENGTH_S, MIN_SEED};
use nice_plug::prelude::ParamSetter;
use std::hash::{BuildHasher, RandomState};
use straightshot_takes::Take;

impl App {
    /// Prompt, seed and drafts.
    pub(super) fn perform_request(&mut self, action: RequestAction, at: Moment<'_>) {
        match action {
            RequestAction::RollSeed => param::set(at.setter, &self.params.seed, random_seed()),
            RequestAction::LockSeed(locked) => self.link.set_seed_locked(locked),
            RequestAction::DraftFirst(on) => self.link.set_draft_first(on),
            RequestAction::UsePrompt(prompt) => self.link.set_prompt(&prompt),
            RequestAction::Lane { timing, curve, step, gesture } => {
                self.link.set_lane(timing, curve, step, gesture);
            }
            RequestAction::FollowFile(Some(path)) => self.link.follow_file(path),
            RequestAction::FollowFile(None) => self.link.choose_file_to_follow(),
            RequestAction::Record(on) => self.link.record(on),
            RequestAction::Recall(id) => {
                if let Some(take) = at.find(id) {
                    self.recall(take, at.setter);
                }
            }
        }
    }

    /// The next sound gets as long as the one that it is to follow; called after every frame.
    pub(in crate::editor) fn follow_length(&self, at: Moment<'_>) {
        if let Some(seconds) = self.link.take_followed_length() {
            #[expect(clippy::cast_possible_truncation, reason = "the parameter is an f32")]
            let seconds = seconds as f32;
            param::set(at.setter, &self.params.length, seconds.clamp(MIN_LENGTH_S, MAX_LENGTH_S));
        }
    }

    /// Puts what made `take` back into the fields and parameters, and locks the seed so that it counts.
    fn recall(&self, take: &Take, setter: &ParamSetter<'_>) {
        let request = &take.request;
        for part in [Part::Prompt, Part::Seed, Part::Steps, Part::Length] {
            self.recall_part(request, part, setter);
        }
        param::set(setter, &self.params.guidance, request.guidance);
    }
}

/// A seed that could not be foreseen, within the parameter's range.
pub(super) fn random_seed() -> i32 {
    let count = u64::from((MAX_SEED - MIN_SEED).unsigned_abs()) + 1;
    // Each `RandomState` hashes with another random key; no generator has to be kept.
    let drawn = RandomState::new().hash_one("seed") % count;
    i32::try_from(drawn).map_or(MIN_SEED, |offset| MIN_SEED + offset)
}
