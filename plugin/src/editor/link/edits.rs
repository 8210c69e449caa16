//! Edits, undo and redo.

use super::EditorLink;
use crate::shared::Command;
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
        self.follow_keys();
        let abandoned = self.shared.session.lock().abandon_deleted();
        if abandoned {
            self.worker.send(Command::Abandoned);
        }
    }

    /// Does the step again that was undone last.
    pub fn redo(&self) {
        self.edit_takes(|session| session.redo().is_some());
        self.follow_keys();
    }

    /// Puts the takes on keys that undo or redo has brought back.
    fn follow_keys(&self) {
        let keys = self.shared.session.lock().take_keys();
        if let Some(keys) = keys {
            self.arrange(|arrangement| arrangement.keys = keys);
        }
    }
}
