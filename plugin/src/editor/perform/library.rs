//! The list of takes and the library.

use super::Moment;
use crate::editor::App;
use crate::editor::action::LibraryAction;

impl App {
    /// Takes in the list, the bin and the library.
    pub(super) fn perform_library(&mut self, action: LibraryAction, at: Moment<'_>) {
        match action {
            LibraryAction::Select(id) => self.link.select_take(id),
            LibraryAction::SelectAndAudition(id) => {
                if at.view.active_take != Some(id) {
                    self.link.select_take(id);
                }
                self.link.audition();
            }
            LibraryAction::StartRenaming(id) => {
                if let Some(take) = at.find(id) {
                    self.panels.start_renaming(take);
                }
            }
            LibraryAction::Rename(id, name) => self.link.rename_take(id, &name),
            LibraryAction::Delete(id) => self.link.delete_take(id),
            LibraryAction::Restore(id) => self.link.restore_take(id),
            LibraryAction::Embed(embed) => self.link.set_embed(embed),
        }
    }
}
