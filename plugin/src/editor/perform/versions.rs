//! Versions of a take.

use super::Moment;
use crate::editor::App;
use crate::editor::action::VersionsAction;

impl App {
    /// Versions with other numbers of steps, and A/B.
    pub(super) fn perform_versions(&mut self, action: VersionsAction, _at: Moment<'_>) {
        match action {
            VersionsAction::ShowSteps(id, steps) => self.link.show_steps(id, steps),
        }
    }
}
