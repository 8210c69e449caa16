//! Edits, undo and redo.

use super::EditorLink;
use straightshot_edits::Edit;
use straightshot_takes::{Gesture, TakeId, Wish};

impl EditorLink {
    /// Gives a take another edit, as a step called `step`; steps of one gesture are one. It is heard as soon as the keeper
    /// has rendered it.
    pub fn set_edit(&self, id: TakeId, edit: Edit, step: &'static str, gesture: Option<Gesture>) {
        self.edit_takes(|session| session.set_edit(id, edit, step, gesture));
    }

    /// Has the keeper look for something in a take; what it finds is a step of its own.
    pub fn find(&self, id: TakeId, wish: Wish) {
        self.shared.session.lock().wish(id, wish);
        self.shared.keeper.wake();
    }

    /// Takes the last step back. A job whose take goes by that is cancelled: it is not wanted.
    pub fn undo(&self) {
        self.edit_takes(|session| session.undo().is_some());
        let unwanted = {
            let session = self.shared.session.lock();
            session.pending_take.is_some_and(|id| session.take(id).is_none())
        };
        if unwanted {
            self.cancel();
        }
    }

    /// Does the step again that was undone last.
    pub fn redo(&self) {
        self.edit_takes(|session| session.redo().is_some());
    }
}
