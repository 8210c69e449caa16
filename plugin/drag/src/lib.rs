//! Finished sound files on their way out of the window: dragged, copied, or shown in their folder.
//!
//! A file is complete, closed and on the disk before it is handed to anything here, and nothing here changes, moves or
//! deletes it: whoever receives it may go on using it where it lies. Only *copying* is offered, so that no receiver moves
//! it away either.
//!
//! [`Desktop`] is what the system offers, one implementation per platform:
//!
//! | system | drag | clipboard |
//! |---|---|---|
//! | X11 | a source of our own on a thread and connection of its own | an owner of `CLIPBOARD` on another |
//! | Windows | the shell's own data object, from the message loop | the same object |
//! | macOS | a session of the plugin's view | the general pasteboard |
//!
//! [`reaper`] is the exception: REAPER puts a file where the user wants it through its own interface. Beside it, because the
//! pointers to a host come the same way, hosts are told of unsaved work.
//!
//! No call here waits for another program, except the end of a drag or of the clipboard's thread when it is dropped.

mod files;
#[cfg(target_os = "macos")]
mod macos;
pub mod reaper;
mod unsaved;
#[cfg(target_os = "windows")]
mod windows;
#[cfg(target_os = "linux")]
pub mod x11;

pub use files::{Files, uri, uri_list};

use raw_window_handle::RawWindowHandle;
use straightshot_protocol::Failure;

/// How a drag ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// A program has taken the files.
    Dropped,
    /// The program under the pointer did not want them.
    Refused,
    /// The button was released where nothing takes files; the host's own window around the plugin counts as such.
    Nowhere,
    /// The user pressed escape, or the window was closed.
    Cancelled,
    /// It went wrong.
    Failed(Failure),
}

/// What follows the pointer during a drag, where the system leaves that to us.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Look {
    /// Levels from 0 to 1 of the sound's picture, from its start to its end; any number.
    pub levels: Vec<f32>,
    /// Physical pixels per point.
    pub scale: f32,
}

/// What the desktop offers to a plugin's window. To be called on the window's thread.
pub trait Desktop: Send {
    /// Begins to drag `files` out of `window`, in which the left button is down and stays so until the user drops them.
    /// A drag that is still going on is cancelled. Returns at once.
    ///
    /// # Errors
    /// If the system cannot drag; what goes wrong later is the drag's [`Ending`].
    fn drag(&mut self, window: RawWindowHandle, files: Files, look: Look) -> Result<(), Failure>;

    /// How the last drag ended; once, as soon as it is known.
    fn ended(&mut self) -> Option<Ending>;

    /// Ends a drag that is going on and waits for its thread, if it has one. Called before the window closes.
    fn cancel(&mut self);

    /// Puts `files` on the clipboard. They stay there as long as this value lives, or longer where the system keeps them.
    ///
    /// # Errors
    /// If the clipboard cannot be had.
    fn copy(&mut self, files: Files) -> Result<(), Failure>;

    /// Shows `files` in the system's file manager. Returns at once; a file manager that does not open says so itself.
    ///
    /// # Errors
    /// If no program can be started for it.
    fn reveal(&mut self, files: Files) -> Result<(), Failure>;
}

/// The desktop of this system; touches nothing until it is used.
#[must_use]
pub fn desktop() -> Box<dyn Desktop> {
    #[cfg(target_os = "linux")]
    return Box::new(x11::X11::default());
    #[cfg(target_os = "windows")]
    return Box::new(windows::Windows::default());
    #[cfg(target_os = "macos")]
    return Box::new(macos::Mac::default());
}
