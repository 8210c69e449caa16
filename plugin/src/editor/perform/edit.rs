//! Editing the active take.

use super::Moment;
use crate::editor::App;
use crate::editor::action::EditAction;

impl App {
    /// Cuts, fades, loops, undo and redo.
    pub(super) fn perform_edit(&mut self, action: EditAction, _at: Moment<'_>) {
        match action {}
    }
}
