//! The list of takes, and the sounds of all projects.

use super::EditorLink;
use crate::shared::{Command, Severity};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use straightshot_takes::{Gesture, Library, LibrarySound, Session, TakeId};

impl EditorLink {
    /// The sounds of all projects; `None` where the system names no place for a user's data.
    #[must_use]
    pub fn library(&self) -> Option<&Arc<Library>> {
        self.shared.library.as_ref()
    }

    /// Says of takes that the user likes them, or no longer: those are the first to be put into the project.
    pub fn star(&self, ids: &[TakeId], starred: bool) {
        let name = if starred { "star" } else { "remove star" };
        self.step(name, ids, |session, id| session.set_starred(id, starred));
    }

    /// Says of a take that the user likes it, or no longer.
    pub fn set_starred(&self, id: TakeId, starred: bool) {
        self.star(&[id], starred);
    }

    /// Says of takes that the user does not want them, or no longer.
    pub fn reject(&self, ids: &[TakeId], rejected: bool) {
        let name = if rejected { "reject" } else { "take back rejection" };
        self.step(name, ids, |session, id| session.set_rejected(id, rejected));
    }

    /// Writes down what the user has to say about a take; what belongs to one gesture is one step to undo.
    pub fn note(&self, id: TakeId, notes: &str, gesture: Option<Gesture>) {
        self.edit_takes(|session| session.set_notes(id, notes, gesture));
    }

    /// A take was heard.
    pub fn read_take(&self, id: TakeId) {
        self.edit(|session| {
            session.set_unread(id, false);
        });
    }

    /// Moves takes to the bin. What was yet to be made of them is not: they were not liked.
    pub fn delete_takes(&self, ids: &[TakeId]) {
        let abandoned = {
            let mut session = self.shared.session.lock();
            ids.iter().filter(|id| session.abandon(**id)).count()
        };
        self.edit_takes(|session| all(session, "delete", ids, Session::delete));
        if abandoned > 0 {
            self.worker.send(Command::Abandoned);
        }
    }

    /// Moves a take to the bin.
    pub fn delete_take(&self, id: TakeId) {
        self.delete_takes(&[id]);
    }

    /// Brings a take back from the bin and makes it active.
    pub fn restore_take(&self, id: TakeId) {
        self.restore_takes(&[id]);
    }

    /// Brings takes back from the bin.
    pub fn restore_takes(&self, ids: &[TakeId]) {
        self.edit_takes(|session| all(session, "bring back", ids, Session::restore));
    }

    /// Gives the takes in the bin up; their sounds stay in the library.
    pub fn empty_bin(&self) {
        self.edit(Session::empty_bin);
    }

    /// Puts sounds of the library into the session, and makes the last of them the active one. One that is there already
    /// is not put there twice. Returns the active take.
    pub fn use_sounds(&self, sounds: &[Arc<LibrarySound>]) -> Option<TakeId> {
        let mut used = None;
        self.edit_takes(|session| {
            session.step("from the library", None, |session| {
                for sound in sounds {
                    used = Some(put(session, sound));
                }
                used.is_some_and(|id| session.select(id))
            })
        });
        used
    }

    /// Plays a sound of the library, which is read in the background first. The active take stays what it is.
    pub fn hear_sound(&self, sound: &Arc<LibrarySound>) {
        // Each has a number of its own, which no take of the session has: the player tells sounds apart by it.
        static GUESTS: AtomicU64 = AtomicU64::new(0);
        let Some(library) = &self.shared.library else { return };
        let id = TakeId(u64::MAX - GUESTS.fetch_add(1, Ordering::Relaxed) % 1024);
        let (link, sound) = (self.clone(), sound.clone());
        library.run(move || match sound.load(id) {
            Ok(take) => link.play_guest(Arc::new(take)),
            Err(failure) => link.shared.say(Severity::Error, failure.to_string(), failure.detail()),
        });
    }

    fn step(&self, name: &'static str, ids: &[TakeId], change: impl Fn(&mut Session, TakeId) -> bool) {
        // Starred takes are those that are played in turn.
        self.edit_takes(|session| all(session, name, ids, change));
    }
}

/// Does the same to several takes as one step of the history. Returns whether there was any of them.
fn all(
    session: &mut Session,
    name: &'static str,
    ids: &[TakeId],
    change: impl Fn(&mut Session, TakeId) -> bool,
) -> bool {
    session.step(name, None, |session| {
        let mut changed = false;
        for id in ids {
            changed |= change(session, *id);
        }
        changed
    })
}

/// Puts a sound into the session, unless it is there.
fn put(session: &mut Session, sound: &LibrarySound) -> TakeId {
    let hash = Some(sound.hash());
    if let Some(take) = session.takes().iter().find(|take| take.hash() == hash) {
        return take.id;
    }
    if let Some(id) = session.bin().iter().find(|take| take.hash() == hash).map(|take| take.id) {
        session.restore(id);
        return id;
    }
    let id = session.next_take_id();
    session.add_take(Arc::new(sound.take(id)));
    id
}
