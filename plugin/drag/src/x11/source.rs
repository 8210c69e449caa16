//! The thread of a drag: it watches pointer and escape key, and speaks for the files.

use super::connection::{Connection, Result};
use super::dialogue::{Dialogue, Pointer};
use super::offer::Offer;
use super::picture::Picture;
use super::presses::Presses;
use super::search::Search;
use super::trouble;
use crate::{Ending, Files, Look};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use straightshot_protocol::{ErrorKind, Failure};
use x11rb::connection::Connection as _;
use x11rb::errors::ReplyError;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConnectionExt as _, KeyButMask, PropMode, Timestamp, Window,
};
use x11rb::wrapper::ConnectionExt as _;

/// Time between two looks at the pointer.
const INTERVAL: Duration = Duration::from_millis(8);
/// X11's symbol of the escape key.
const ESCAPE: u32 = 0xff1b;

/// A running drag. Dropping it gives the drag up and waits for its thread, which takes a few milliseconds.
pub(super) struct Drag {
    cancelled: Arc<AtomicBool>,
    thread: Option<JoinHandle<Ending>>,
}

impl Drag {
    /// Begins a drag of `files` out of the window `from`.
    pub(super) fn begin(
        display: Option<String>,
        from: Window,
        files: Files,
        look: Look,
    ) -> std::result::Result<Self, Failure> {
        let cancelled = Arc::new(AtomicBool::new(false));
        let flag = cancelled.clone();
        let run = move || {
            let source = Source::open(display.as_deref(), from, &files, look)?;
            source.drag(&flag).map_err(|e| lost(&e))
        };
        let thread = std::thread::Builder::new()
            .name("straightshot-drag".into())
            .spawn(move || run().unwrap_or_else(Ending::Failed))
            .map_err(|e| trouble("The drag could not be started.", &e))?;
        Ok(Self { cancelled, thread: Some(thread) })
    }

    /// How it ended, once it has.
    pub(super) fn ended(&mut self) -> Option<Ending> {
        let thread = self.thread.take_if(|thread| thread.is_finished())?;
        let fell_over = || Ending::Failed(Failure::new(ErrorKind::Io, "The drag was broken off."));
        Some(thread.join().unwrap_or_else(|_| fell_over()))
    }
}

impl Drop for Drag {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // A panic there is told in the log by whoever installed the hook; there is nobody left to tell.
            let _ = thread.join();
        }
    }
}

/// What the thread works on.
struct Source {
    connection: Connection,
    from: Window,
    offer: Offer,
    time: Timestamp,
    /// The number of the escape key on this keyboard.
    escape: Option<u8>,
    look: Look,
}

impl Source {
    fn open(
        display: Option<&str>,
        from: Window,
        files: &Files,
        look: Look,
    ) -> std::result::Result<Self, Failure> {
        let connection = Connection::open(display)?;
        let owned = connection.own(connection.atoms.XdndSelection).map_err(|e| lost(&e))?;
        let time =
            owned.ok_or_else(|| Failure::new(ErrorKind::Io, "Another program is dragging something."))?;
        let offer = Offer::drop(files, &connection.atoms, time);
        let escape = key_of(&connection, ESCAPE).map_err(|e| lost(&e))?;
        Ok(Self { connection, from, offer, time, escape, look })
    }

    fn drag(&self, cancelled: &AtomicBool) -> Result<Ending> {
        let Connection { server, atoms, window, .. } = &self.connection;
        let types = self.offer.types();
        server.change_property32(PropMode::REPLACE, *window, atoms.XdndTypeList, AtomEnum::ATOM, &types)?;
        // Without it a key that is down at the moment of a look is seen, and a short press between two is not.
        let presses = Presses::listen(&self.connection).ok().flatten();
        let search = Search::new(&self.connection, self.from)?;
        let mut picture = Picture::new(&self.connection, &self.look)?;
        let mut dialogue = Dialogue::new(Instant::now());
        loop {
            // In this order: what was pressed before the button was released has arrived with the answer.
            let pointer = self.pointer(&search, &dialogue)?;
            let mut ending = self.hear(presses.as_ref(), &mut dialogue)?;
            if ending.is_none() {
                ending =
                    if cancelled.load(Ordering::Acquire) || dialogue.is_held() && self.is_escape_down()? {
                        Some(dialogue.cancel())
                    } else {
                        dialogue.pointer(&pointer, Instant::now())
                    };
            }
            for message in dialogue.take_messages() {
                self.connection.say(message, self.time, &types)?;
            }
            if let Some(picture) = &mut picture {
                picture.follow(pointer.at, dialogue.is_held(), dialogue.is_welcome())?;
            }
            server.flush()?;
            if let Some(ending) = ending {
                // The server hands out what was said only after it has read it.
                server.get_input_focus()?.reply()?;
                return Ok(ending);
            }
            std::thread::sleep(INTERVAL);
        }
    }

    /// Takes in what has arrived. Returns how the drag ended, if a target said so or escape was pressed.
    fn hear(&self, presses: Option<&Presses>, dialogue: &mut Dialogue) -> Result<Option<Ending>> {
        let atoms = &self.connection.atoms;
        while let Some(event) = self.connection.server.poll_for_event()? {
            match event {
                Event::ClientMessage(ClientMessageEvent { type_, data, format: 32, .. }) => {
                    let [from, answer, ..] = data.as_data32();
                    if type_ == atoms.XdndStatus {
                        dialogue.status(from, answer & 1 != 0);
                    } else if type_ == atoms.XdndFinished
                        && let Some(ending) = dialogue.finished(from, answer & 1 != 0)
                    {
                        return Ok(Some(ending));
                    }
                }
                Event::Unknown(event) if dialogue.is_held() => {
                    let pressed = presses.and_then(|presses| presses.key(&event));
                    if pressed.is_some() && pressed == self.escape.map(u32::from) {
                        return Ok(Some(dialogue.cancel()));
                    }
                }
                Event::SelectionRequest(request) => {
                    let served = self.offer.answer(&self.connection, &request)?;
                    dialogue.asked(served, Instant::now());
                }
                // Among others, errors of requests about windows that have gone.
                _ => {}
            }
        }
        Ok(None)
    }

    /// Where the pointer is and what takes files there.
    fn pointer(&self, search: &Search<'_>, dialogue: &Dialogue) -> Result<Pointer> {
        let answer = self.connection.server.query_pointer(search.root())?.reply()?;
        let at = (answer.root_x, answer.root_y);
        let target = if dialogue.is_held() { search.at(at)? } else { None };
        Ok(Pointer { at, held: answer.mask.contains(KeyButMask::BUTTON1), target })
    }

    fn is_escape_down(&self) -> Result<bool> {
        let Some(key) = self.escape else { return Ok(false) };
        let down = self.connection.server.query_keymap()?.reply()?.keys;
        Ok(down[usize::from(key / 8)] & (1 << (key % 8)) != 0)
    }
}

/// The number of the key that has `symbol` on it.
fn key_of(connection: &Connection, symbol: u32) -> Result<Option<u8>> {
    let setup = connection.server.setup();
    let (first, last) = (setup.min_keycode, setup.max_keycode);
    let mapping = connection.server.get_keyboard_mapping(first, last - first + 1)?.reply()?;
    let per_key = usize::from(mapping.keysyms_per_keycode).max(1);
    let index = mapping.keysyms.chunks(per_key).position(|symbols| symbols.contains(&symbol));
    Ok(index.and_then(|index| u8::try_from(index).ok()).map(|index| first + index))
}

fn lost(error: &ReplyError) -> Failure {
    Failure::new(ErrorKind::Io, "The X11 display broke the drag off.").because(error)
}
