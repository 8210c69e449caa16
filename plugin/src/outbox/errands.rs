//! The errands of one window, from the wish to its end.

use super::{Errand, Place};
use raw_window_handle::RawWindowHandle;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use straightshot_drag::{Desktop, Ending, Files, Look, desktop};
use straightshot_protocol::{ErrorKind, Failure};

/// What became of an errand.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// A drag has ended.
    Dragged(Ending),
    /// These files are on the clipboard.
    Copied(Files),
    /// Their folder is being opened.
    Revealed,
    /// These files are to be put onto the host's timeline.
    ToInsert(Files, Place),
    /// It went wrong.
    Failed(Failure),
}

/// The window of a frame and what the user does in it.
#[derive(Debug, Clone, Copy)]
pub struct Hand {
    /// The window; `None` if it has no handle.
    pub window: Option<RawWindowHandle>,
    /// Whether the left button is down.
    pub holds_button: bool,
}

/// All errands of one window. Belongs to the window's thread.
pub struct Errands {
    desktop: Box<dyn Desktop>,
    writing: Vec<Writing>,
    dragging: bool,
}

/// An errand whose files are being written.
struct Writing {
    errand: Errand,
    look: Look,
    given_up: Arc<AtomicBool>,
    /// `None` once it was joined.
    thread: Option<JoinHandle<Result<Files, Failure>>>,
}

impl Default for Errands {
    fn default() -> Self {
        Self::on(desktop())
    }
}

impl Errands {
    /// Errands on this desktop.
    #[must_use]
    pub fn on(desktop: Box<dyn Desktop>) -> Self {
        Self { desktop, writing: Vec::new(), dragging: false }
    }

    /// Begins an errand: `write` is called on a thread of its own, is told when nobody wants the files any more, and
    /// then `done` is called there. The rest follows in [`follow`](Self::follow).
    ///
    /// # Errors
    /// If no thread can be had.
    pub fn begin(
        &mut self,
        errand: Errand,
        look: Look,
        write: impl FnOnce(&AtomicBool) -> Result<Files, Failure> + Send + 'static,
        done: impl FnOnce() + Send + 'static,
    ) -> Result<(), Failure> {
        if errand == Errand::Drag {
            self.give_up_drag();
        }
        let given_up = Arc::new(AtomicBool::new(false));
        let flag = given_up.clone();
        let thread = std::thread::Builder::new()
            .name("straightshot-out".into())
            .spawn(move || {
                let files = write(&flag);
                done();
                files
            })
            .map_err(|e| Failure::new(ErrorKind::Io, "The sound could not be written.").because(&e))?;
        self.writing.push(Writing { errand, look, given_up, thread: Some(thread) });
        Ok(())
    }

    /// Whether something is being written or dragged.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.dragging || !self.writing.is_empty()
    }

    /// Whether a drag is going on or about to.
    #[must_use]
    pub fn is_dragging(&self) -> bool {
        self.dragging || self.writing.iter().any(|writing| writing.errand == Errand::Drag)
    }

    /// Hands over what has been written meanwhile. To be called in every frame; returns what there is to tell.
    pub fn follow(&mut self, hand: Hand) -> Vec<News> {
        let mut news = Vec::new();
        if let Some(ending) = self.desktop.ended().filter(|_| self.dragging) {
            self.dragging = false;
            news.push(News::Dragged(ending));
        }
        while let Some(index) = self.writing.iter().position(Writing::is_done) {
            let mut writing = self.writing.remove(index);
            let written = writing.join();
            news.extend(match written {
                Ok(files) => self.hand_over(writing.errand, files, std::mem::take(&mut writing.look), hand),
                Err(failure) if failure.kind == ErrorKind::Cancelled => None,
                Err(failure) => Some(News::Failed(failure)),
            });
        }
        news
    }

    fn hand_over(&mut self, errand: Errand, files: Files, look: Look, hand: Hand) -> Option<News> {
        let failed = |failure| Some(News::Failed(failure));
        match errand {
            // Who has let go already will drag again; the file is there then.
            Errand::Drag if !hand.holds_button => None,
            Errand::Drag => {
                let none = || Failure::new(ErrorKind::Io, "Nothing can be dragged out of this window.");
                let begun =
                    hand.window.ok_or_else(none).and_then(|window| self.desktop.drag(window, files, look));
                self.dragging = begun.is_ok();
                begun.map_or_else(failed, |()| None)
            }
            Errand::Copy => {
                self.desktop.copy(files.clone()).map_or_else(failed, |()| Some(News::Copied(files)))
            }
            Errand::Reveal => self.desktop.reveal(files).map_or_else(failed, |()| Some(News::Revealed)),
            Errand::Insert(place) => Some(News::ToInsert(files, place)),
        }
    }

    /// The window is about to close: a drag is cancelled, and what is being written is waited for. The clipboard stays.
    pub fn window_closes(&mut self) {
        self.give_up_drag();
        self.writing.clear();
    }

    fn give_up_drag(&mut self) {
        self.desktop.cancel();
        self.dragging = false;
        self.writing.retain(|writing| writing.errand != Errand::Drag);
    }
}

impl Writing {
    fn is_done(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    fn join(&mut self) -> Result<Files, Failure> {
        let fell_over = || Failure::new(ErrorKind::Io, "The sound could not be written.");
        let thread = self.thread.take().ok_or_else(fell_over)?;
        thread.join().unwrap_or_else(|_| Err(fell_over()))
    }
}

impl Drop for Writing {
    /// Waits for the thread: code of a plugin that is unloaded must not be running. It stops at the next file.
    fn drop(&mut self) {
        self.given_up.store(true, Ordering::Release);
        if self.thread.is_some() {
            // What came of it is of no interest any more.
            let _ = self.join();
        }
    }
}

impl Drop for Errands {
    fn drop(&mut self) {
        self.window_closes();
    }
}

#[cfg(test)]
mod tests;
