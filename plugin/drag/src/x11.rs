//! X11: a drag source and a clipboard of our own, each on a thread and connection of its own.
//!
//! The plugin's window belongs to another thread and another connection, which holds the pointer as long as the button
//! is down; and the window toolkit knows how to receive drags, not how to begin them. So nothing here grabs anything:
//! [`source`] asks the server where the pointer is and speaks XDND with whoever lies under it, while the window goes on
//! getting its own events.
//!
//! - [`dialogue`]: the protocol as a state machine, without a server;
//! - [`search`]: which window under the pointer takes files;
//! - [`offer`]: the files in the types that receivers ask for;
//! - [`picture`]: what follows the pointer;
//! - [`source`], [`clipboard`]: the two threads.
//!
//! Protocol: XDND 5 (freedesktop.org), from version 3 of the receiver on, with proxies. ICCCM 2.0 for selections.

mod clipboard;
mod connection;
mod dialogue;
mod offer;
mod picture;
mod presses;
mod reveal;
mod search;
mod source;

use crate::{Desktop, Ending, Files, Look};
use clipboard::Clipboard;
use raw_window_handle::RawWindowHandle;
use source::Drag;
use straightshot_protocol::{ErrorKind, Failure};

/// The X server of the session. Nothing is asked of it until it is used.
#[derive(Default)]
pub struct X11 {
    /// Name of the display; `None` is what `DISPLAY` says.
    display: Option<String>,
    drag: Option<Drag>,
    clipboard: Option<Clipboard>,
}

impl X11 {
    /// The server called `display`, for example `:1`.
    #[must_use]
    pub fn on(display: &str) -> Self {
        Self { display: Some(display.to_owned()), ..Self::default() }
    }
}

impl Desktop for X11 {
    fn drag(&mut self, window: RawWindowHandle, files: Files, look: Look) -> Result<(), Failure> {
        self.cancel();
        let window = match window {
            RawWindowHandle::Xcb(handle) => handle.window.get(),
            RawWindowHandle::Xlib(handle) => {
                u32::try_from(handle.window).map_err(|e| trouble("The window has no number.", &e))?
            }
            _ => return Err(Failure::new(ErrorKind::Io, "Sounds can be dragged out of X11 windows only.")),
        };
        self.drag = Some(Drag::begin(self.display.clone(), window, files, look)?);
        Ok(())
    }

    fn ended(&mut self) -> Option<Ending> {
        let ending = self.drag.as_mut()?.ended()?;
        self.drag = None;
        Some(ending)
    }

    fn cancel(&mut self) {
        self.drag = None;
    }

    fn copy(&mut self, files: Files) -> Result<(), Failure> {
        // The one before notices that it is no longer the owner.
        self.clipboard = Some(Clipboard::own(self.display.as_deref(), files)?);
        Ok(())
    }

    fn reveal(&mut self, files: Files) -> Result<(), Failure> {
        reveal::reveal(&files)
    }
}

/// A failure of the desktop with its cause.
fn trouble(text: &str, cause: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::new(ErrorKind::Io, text).because(cause)
}
