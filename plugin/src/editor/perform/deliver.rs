//! Files that leave the window.

use super::Moment;
use crate::editor::App;
use crate::editor::action::DeliverAction;

impl App {
    /// Save, copy, drag, reveal, insert.
    pub(super) fn perform_deliver(&mut self, action: DeliverAction, _at: Moment<'_>) {
        match action {}
    }
}
