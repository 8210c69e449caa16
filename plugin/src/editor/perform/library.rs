//! The list of takes and the library.

use super::Moment;
use crate::editor::App;
use crate::editor::action::{LibraryAction, StoreAction};
use crate::editor::link::{Audition, SoundId};
use straightshot_protocol::ContentHash;
use straightshot_takes::{Marks, TakeId, default_name};

impl App {
    /// Takes in the list, the bin and the library.
    pub(super) fn perform_library(&mut self, action: LibraryAction, at: Moment<'_>) {
        match action {
            LibraryAction::Select(id) => self.link.select_take(id),
            LibraryAction::SelectAndAudition(id) => self.select_and_play(id, at),
            LibraryAction::Walk { up } => {
                if let Some(next) = self.panels.walk(at.view, up) {
                    self.perform(next, at);
                }
            }
            LibraryAction::Hear(id) => {
                self.link.play(&Audition { sound: Some(SoundId::of(id)), ..Audition::default() });
                self.link.read_take(id);
            }
            LibraryAction::StopHearing => self.link.stop_audition(),
            LibraryAction::StartRenaming(id) => {
                if let Some(take) = at.find(id) {
                    self.panels.start_renaming(take);
                }
            }
            LibraryAction::Rename(id, name) => self.link.rename_take(id, &name),
            LibraryAction::Star(ids, on) => self.link.star(&ids, on),
            LibraryAction::Reject(ids, on) => self.link.reject(&ids, on),
            LibraryAction::Note(id, notes, gesture) => self.link.note(id, &notes, Some(gesture)),
            LibraryAction::Read(id) => self.link.read_take(id),
            LibraryAction::DeleteChosen => {
                if let Some(action) = self.panels.delete(at.view) {
                    self.perform(action, at);
                }
            }
            LibraryAction::DeleteAll(ids) => self.link.delete_takes(&ids),
            LibraryAction::Restore(ids) => self.link.restore_takes(&ids),
            LibraryAction::EmptyBin => self.link.empty_bin(),
            LibraryAction::FindSimilar(id) => self.find_similar(id, at),
            LibraryAction::Embed(embed) => self.link.set_embed(embed),
            LibraryAction::Key(key) => {
                for action in self.panels.list_key(key, at.view) {
                    self.perform(action, at);
                }
            }
            LibraryAction::Store(action) => self.perform_store(action, at),
        }
    }

    fn select_and_play(&self, id: TakeId, at: Moment<'_>) {
        if at.view.active_take != Some(id) {
            self.link.select_take(id);
        }
        self.link.read_take(id);
        self.link.audition();
    }

    /// Shows the library with the sounds first that are like a take.
    fn find_similar(&mut self, id: TakeId, at: Moment<'_>) {
        let Some(take) = at.find(id) else { return };
        let Some(hash) = take.hash() else { return };
        self.panels.show_similar(hash, take);
        if let Some(library) = self.link.library().filter(|_| !take.audio().is_empty()) {
            library.listen(hash, take.audio().clone());
        }
    }

    /// Sounds of the takes folder.
    fn perform_store(&mut self, action: StoreAction, at: Moment<'_>) {
        let Some(library) = self.link.library().cloned() else { return };
        match action {
            StoreAction::Look => library.look(),
            StoreAction::Hear(sound) => self.link.hear_sound(&sound),
            StoreAction::Use(sounds) => {
                if self.link.use_sounds(&sounds).is_some() {
                    self.panels.show_takes();
                }
            }
            StoreAction::Mark(marks) => {
                for (hash, marks) in &marks {
                    self.mark_take(*hash, marks, at);
                }
                library.mark(marks);
            }
            StoreAction::Discard(sounds) => library.discard(sounds),
            StoreAction::TakeBack => library.take_back(),
            StoreAction::EmptyTrash => library.empty_trash(),
            StoreAction::Move(folder) => library.move_to(folder),
            StoreAction::Stay => library.stay(),
            StoreAction::SetQuota(bytes) => library.set_quota(bytes),
            StoreAction::Dismiss => library.dismiss(),
        }
    }

    /// Says the same of the take of this session that has the sound, if there is one.
    fn mark_take(&self, hash: ContentHash, marks: &Marks, at: Moment<'_>) {
        let Some(take) = at.view.takes.iter().find(|take| take.hash() == Some(hash)) else { return };
        if take.starred != marks.starred {
            self.link.star(&[take.id], marks.starred);
        }
        if take.rejected != marks.rejected {
            self.link.reject(&[take.id], marks.rejected);
        }
        if take.notes != marks.notes {
            self.link.note(take.id, &marks.notes, None);
        }
        let before = at.view.shelf.sound(&hash).and_then(|sound| sound.marks.name.as_ref());
        if before != marks.name.as_ref() {
            let name = marks.name.clone().unwrap_or_else(|| default_name(&take.request));
            self.link.rename_take(take.id, &name);
        }
    }
}
