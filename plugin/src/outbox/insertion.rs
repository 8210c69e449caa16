//! The host's timeline, which only the host's main thread may touch; the window has a thread of its own on X11.

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

/// The way of one instance to its host's timeline.
#[derive(Clone)]
pub struct Timeline {
    host: Arc<Host>,
    post: Arc<dyn Fn(Insertion) + Send + Sync>,
}

impl Timeline {
    /// The timeline of `host`; `post` has an insertion carried out on the host's main thread.
    #[must_use]
    pub fn new(host: Arc<Host>, post: impl Fn(Insertion) + Send + Sync + 'static) -> Self {
        Self { host, post: Arc::new(post) }
    }

    /// Whether the host puts files there.
    #[must_use]
    pub fn offers(&self, place: Place) -> bool {
        self.host.offers(place)
    }

    /// Has `files` put there. Returns at once.
    pub fn insert(&self, files: Files, place: Place) {
        (self.post)(Insertion { files, place });
    }
}
