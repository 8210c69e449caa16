//! Listening.

use super::Moment;
use crate::editor::App;
use crate::editor::action::PlayAction;

impl App {
    /// Audition.
    pub(super) fn perform_play(&mut self, action: PlayAction, _at: Moment<'_>) {
        match action {
            PlayAction::Audition => self.link.audition(),
            PlayAction::Stop => self.link.stop_audition(),
        }
    }
}
