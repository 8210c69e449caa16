//! The thread that owns the clipboard as long as somebody else does not take it.

use super::connection::{Connection, Result};
use super::offer::Offer;
use super::trouble;
use crate::Files;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use straightshot_protocol::{ErrorKind, Failure};
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{AtomEnum, ClientMessageEvent, ConnectionExt as _, EventMask, PropMode};
use x11rb::wrapper::ConnectionExt as _;

/// How long a clipboard manager may take to take over what is on the clipboard when the plugin goes.
const HANDOVER: Duration = Duration::from_millis(500);
/// Time between two looks for events during that.
const INTERVAL: Duration = Duration::from_millis(5);

/// Files on the clipboard. Dropping it hands them to the desktop's clipboard manager, if there is one.
pub(super) struct Clipboard {
    connection: Arc<Connection>,
    thread: Option<JoinHandle<()>>,
}

impl Clipboard {
    /// Puts `files` on the clipboard.
    pub(super) fn own(display: Option<&str>, files: Files) -> std::result::Result<Self, Failure> {
        let connection = Arc::new(Connection::open(display)?);
        let owned = connection.own(connection.atoms.CLIPBOARD);
        let owned = owned.map_err(|e| trouble("The clipboard could not be reached.", &e))?;
        let time = owned.ok_or_else(|| Failure::new(ErrorKind::Io, "Another program has the clipboard."))?;
        let offer = Offer::clipboard(&files, &connection.atoms, time);
        let served = connection.clone();
        let thread = std::thread::Builder::new()
            .name("straightshot-clip".into())
            .spawn(move || {
                // A server that is gone has no clipboard.
                let _ = serve(&served, &offer);
            })
            .map_err(|e| trouble("The clipboard could not be served.", &e))?;
        Ok(Self { connection, thread: Some(thread) })
    }
}

impl Drop for Clipboard {
    fn drop(&mut self) {
        let Connection { server, atoms, window, .. } = &*self.connection;
        // Nobody but its owner gets what is sent to a window without a mask; it wakes the thread.
        let stop = ClientMessageEvent::new(32, *window, atoms.StraightshotStop, [0; 5]);
        let sent = server.send_event(false, *window, EventMask::NO_EVENT, stop).is_ok();
        if sent
            && server.flush().is_ok()
            && let Some(thread) = self.thread.take()
        {
            // It catches nothing and reports nothing.
            let _ = thread.join();
        }
    }
}

/// Answers whoever pastes, until another program owns the clipboard or the plugin goes.
fn serve(connection: &Connection, offer: &Offer) -> Result<()> {
    loop {
        match connection.server.wait_for_event()? {
            Event::SelectionRequest(request) => {
                offer.answer(connection, &request)?;
            }
            Event::SelectionClear(event) if event.selection == connection.atoms.CLIPBOARD => return Ok(()),
            Event::ClientMessage(event) if event.type_ == connection.atoms.StraightshotStop => {
                return hand_over(connection, offer);
            }
            _ => {}
        }
    }
}

/// Asks the clipboard manager to keep the files' names (ICCCM, clipboard manager specification).
fn hand_over(connection: &Connection, offer: &Offer) -> Result<()> {
    let Connection { server, atoms, window, .. } = connection;
    if server.get_selection_owner(atoms.CLIPBOARD_MANAGER)?.reply()?.owner == 0 {
        return Ok(());
    }
    let place = atoms.StraightshotTargets;
    server.change_property32(PropMode::REPLACE, *window, place, AtomEnum::ATOM, &offer.types())?;
    let time = x11rb::CURRENT_TIME;
    server.convert_selection(*window, atoms.CLIPBOARD_MANAGER, atoms.SAVE_TARGETS, place, time)?;
    server.flush()?;
    let start = Instant::now();
    while start.elapsed() < HANDOVER {
        match server.poll_for_event()? {
            Some(Event::SelectionRequest(request)) => {
                offer.answer(connection, &request)?;
            }
            Some(Event::SelectionNotify(event)) if event.target == atoms.SAVE_TARGETS => return Ok(()),
            Some(_) => {}
            None => std::thread::sleep(INTERVAL),
        }
    }
    Ok(())
}
