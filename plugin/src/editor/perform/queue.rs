//! Making sounds.

use super::Moment;
use super::request::random_seed;
use crate::editor::action::QueueAction;
use crate::editor::{App, param};

/// Time between the wish for a sound and its start: values typed a moment before reach the parameters by way of the
/// host, with its next block.
const GENERATE_DELAY_S: f64 = 0.06;

impl App {
    /// Jobs.
    pub(super) fn perform_queue(&mut self, action: QueueAction, at: Moment<'_>) {
        match action {
            QueueAction::Generate => self.wanted_since_s = self.wanted_since_s.or(Some(at.now_s)),
            QueueAction::Count(count) => self.link.set_variations(count),
            QueueAction::PlayWhenReady(on) => self.link.set_play_when_ready(on),
            QueueAction::Cancel => self.link.cancel_running(),
            QueueAction::CancelJob(job) => self.link.cancel(job),
            QueueAction::CancelAll => self.link.cancel_all(),
        }
    }

    /// Starts a sound that was asked for, once typed values have arrived; called after every frame.
    pub(in crate::editor) fn start_wanted(&mut self, at: Moment<'_>) {
        if self.wanted_since_s.is_some_and(|since| at.now_s - since >= GENERATE_DELAY_S) {
            self.wanted_since_s = None;
            self.generate(at);
        }
    }

    fn generate(&self, at: Moment<'_>) {
        let mut request = self.params.request();
        if !at.view.seed_locked {
            let seed = random_seed();
            param::set(at.setter, &self.params.seed, seed);
            // The host may hand the new value to the parameter only with its next block.
            request.seed = u64::from(seed.unsigned_abs());
        }
        request.level = at.view.status.level.level(&request.prompt);
        self.link.generate(request, at.view.variations);
    }
}
