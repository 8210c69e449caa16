//! Whether anything has changed that the window shows, without asking for all of it.

use super::EditorLink;
use super::playing::{Arrangement, Readiness};
use crate::outbox::OutboxState;
use std::sync::Arc;
use straightshot_takes::{Epoch, Take, TakeId};

/// Differs from an earlier one if the window has to be drawn anew.
#[derive(Debug, Default, Clone, PartialEq)]
pub(in crate::editor) struct Fingerprint {
    /// See [`Shared::changes`](crate::shared::Shared::changes).
    changes: u64,
    epoch: Epoch,
    active: Option<TakeId>,
    /// Takes and bin: their number and where they are in memory, which changes with everything about them.
    takes: (usize, usize),
    /// Where the library's newest list is in memory.
    shelf: usize,
    /// Whether anything sounds; while it does the window draws itself all the time.
    sounds: bool,
    arrangement: Arrangement,
    readiness: Readiness,
    /// Without the host's position, which moves while it plays.
    outbox: OutboxState,
}

impl EditorLink {
    /// What the window shows now, in short. Cheap enough to be asked ten times a second.
    pub(in crate::editor) fn fingerprint(&self) -> Fingerprint {
        let shelf = self.shared.library.as_ref().map_or(0, |library| Arc::as_ptr(&library.shelf()).addr());
        let (sounds, arrangement, readiness) =
            (self.playing().is_some(), self.arrangement(), self.readiness());
        let mut outbox = self.outbox();
        outbox.host.position_s = None;
        let session = self.shared.session.lock();
        let all = session.takes().iter().chain(session.bin());
        let places = all.fold(0_usize, |sum, take| sum.rotate_left(5) ^ Arc::<Take>::as_ptr(take).addr());
        Fingerprint {
            changes: self.shared.changes(),
            epoch: session.epoch(),
            active: session.active().map(|take| take.id),
            takes: (session.takes().len() + session.bin().len(), places),
            shelf,
            sounds,
            arrangement,
            readiness,
            outbox,
        }
    }
}
