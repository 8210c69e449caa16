//! The files in the types that receivers ask for, and the answers to their questions.

use super::connection::{Atoms, Connection, Result};
use crate::{Files, uri_list};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ConnectionExt as _, EventMask, PropMode, SELECTION_NOTIFY_EVENT, SelectionNotifyEvent,
    SelectionRequestEvent, Timestamp, Window,
};
use x11rb::wrapper::ConnectionExt as _;

/// Types with their bytes, the best first.
pub(super) struct Offer {
    types: Vec<(Atom, Vec<u8>)>,
    /// Since when the selection is owned.
    time: Timestamp,
}

impl Offer {
    /// What a drop hands over: addresses, and paths for programs that take text.
    pub(super) fn drop(files: &Files, atoms: &Atoms, time: Timestamp) -> Self {
        let mut types = vec![(atoms.UriList, uri_list(files).into_bytes())];
        types.extend(text(files, atoms));
        Self { types, time }
    }

    /// What the clipboard holds: besides, what file managers paste.
    pub(super) fn clipboard(files: &Files, atoms: &Atoms, time: Timestamp) -> Self {
        let addresses: Vec<String> = files.paths().iter().map(|path| crate::uri(path)).collect();
        let copied = format!("copy\n{}", addresses.join("\n"));
        let mut offer = Self::drop(files, atoms, time);
        offer.types.insert(1, (atoms.CopiedFiles, copied.into_bytes()));
        offer
    }

    /// The types, the best first.
    pub(super) fn types(&self) -> Vec<Atom> {
        self.types.iter().map(|(name, _)| *name).collect()
    }

    /// Answers a receiver's question; returns whether it got the files.
    pub(super) fn answer(&self, connection: &Connection, request: &SelectionRequestEvent) -> Result<bool> {
        // Old receivers leave it to the owner where the answer is put.
        let place = if request.property == 0 { request.target } else { request.property };
        let (known, served) = if request.target == connection.atoms.MULTIPLE {
            self.put_several(connection, request.requestor, place)?
        } else {
            let known = self.put(connection, request.requestor, request.target, place)?;
            (known, known && self.bytes(request.target).is_some())
        };
        let answer = SelectionNotifyEvent {
            response_type: SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time: request.time,
            requestor: request.requestor,
            selection: request.selection,
            target: request.target,
            property: if known { place } else { 0 },
        };
        connection.server.send_event(false, request.requestor, EventMask::NO_EVENT, answer)?;
        connection.server.flush()?;
        Ok(served)
    }

    fn bytes(&self, kind: Atom) -> Option<&[u8]> {
        self.types.iter().find(|(name, _)| *name == kind).map(|(_, bytes)| bytes.as_slice())
    }

    /// Puts the files as `kind` at `place` of the receiver's window. Returns whether that type is known.
    fn put(&self, connection: &Connection, to: Window, kind: Atom, place: Atom) -> Result<bool> {
        let (server, atoms) = (&connection.server, &connection.atoms);
        if kind == atoms.TARGETS {
            let mut all = vec![atoms.TARGETS, atoms.TIMESTAMP, atoms.MULTIPLE];
            all.extend(self.types());
            server.change_property32(PropMode::REPLACE, to, place, AtomEnum::ATOM, &all)?;
        } else if kind == atoms.TIMESTAMP {
            server.change_property32(PropMode::REPLACE, to, place, AtomEnum::INTEGER, &[self.time])?;
        } else if let Some(bytes) = self.bytes(kind) {
            server.change_property8(PropMode::REPLACE, to, place, kind, bytes)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Several types at once: `place` holds pairs of a type and where it shall be put; what is unknown is crossed out.
    fn put_several(&self, connection: &Connection, to: Window, place: Atom) -> Result<(bool, bool)> {
        let (server, atoms) = (&connection.server, &connection.atoms);
        let asked = server.get_property(false, to, place, atoms.ATOM_PAIR, 0, 64)?.reply()?;
        let mut pairs: Vec<Atom> = asked.value32().map(Iterator::collect).unwrap_or_default();
        let mut served = false;
        for pair in pairs.chunks_exact_mut(2) {
            if self.put(connection, to, pair[0], pair[1])? {
                served |= self.bytes(pair[0]).is_some();
            } else {
                pair[1] = 0;
            }
        }
        server.change_property32(PropMode::REPLACE, to, place, atoms.ATOM_PAIR, &pairs)?;
        Ok((!pairs.is_empty(), served))
    }
}

fn text(files: &Files, atoms: &Atoms) -> impl Iterator<Item = (Atom, Vec<u8>)> {
    let text = files.text().into_bytes();
    [atoms.Utf8Text, atoms.UTF8_STRING, atoms.PlainText].into_iter().map(move |name| (name, text.clone()))
}
