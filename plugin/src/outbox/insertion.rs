//! What only the host's main thread may do: touch its timeline, tell it of unsaved work. The window has a thread of its own on
//! X11.

use crate::shared::{Severity, Shared};
use std::sync::Arc;
use straightshot_drag::Files;
use straightshot_drag::reaper::{Host, Place};

/// Files for the host's timeline, on their way to its main thread.
#[derive(Debug)]
pub struct Insertion {
    /// The files.
    pub files: Files,
    /// Where they go.
    pub place: Place,
}

impl Insertion {
    /// Puts the files there; what goes wrong is told in the window. To be called on the host's main thread.
    pub(crate) fn carry_out(&self, host: &Host, shared: &Shared) {
        if let Err(failure) = host.insert(&self.files, self.place) {
            shared.say(Severity::Error, failure.to_string(), failure.detail());
        }
    }
}

/// Something for the host's main thread.
#[derive(Debug)]
pub enum HostTask {
    /// Put files onto its timeline.
    Insert(Insertion),
    /// Tell it that the project has unsaved work.
    TellOfChanges,
}

impl HostTask {
    /// Does it. To be called on the host's main thread.
    pub(crate) fn carry_out(&self, host: &Host, shared: &Shared) {
        match self {
            Self::Insert(insertion) => insertion.carry_out(host, shared),
            // Noted again where a host has no main thread to be called on, as VST3 on Linux while no window is open.
            Self::TellOfChanges => {
                if shared.take_unsaved() && !host.tell_of_changes() {
                    shared.mark_unsaved();
                }
            }
        }
    }
}

/// The way of one instance to its host: to its timeline, and to tell it of unsaved work.
#[derive(Clone)]
pub struct Timeline {
    host: Arc<Host>,
    post: Arc<dyn Fn(HostTask) + Send + Sync>,
}

impl Timeline {
    /// The way to `host`; `post` has a task carried out on the host's main thread.
    #[must_use]
    pub fn new(host: Arc<Host>, post: impl Fn(HostTask) + Send + Sync + 'static) -> Self {
        Self { host, post: Arc::new(post) }
    }

    /// Whether the host puts files there.
    #[must_use]
    pub fn offers(&self, place: Place) -> bool {
        self.host.offers(place)
    }

    /// Has `files` put there. Returns at once.
    pub fn insert(&self, files: Files, place: Place) {
        (self.post)(HostTask::Insert(Insertion { files, place }));
    }

    /// Has the host told of unsaved work, if there is any; whether it has a way to hear of it. Returns at once.
    #[must_use]
    pub fn tell_of_changes(&self) -> bool {
        let hears = self.host.hears_of_changes();
        if hears {
            (self.post)(HostTask::TellOfChanges);
        }
        hears
    }
}
