//! [look thread] Finds out which model a folder holds, so that the window shows what it can do before a sound is asked of
//! it.

use super::Message;
use super::job::caught;
use super::models::{Found, ModelCache};
use crossbeam_channel::Sender;
use std::io;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use straightshot_protocol::{CancelToken, Failure};
use straightshot_takes::ModelChoice;

/// What was found.
pub(super) struct Looked {
    /// The model that was looked for.
    pub(super) choice: ModelChoice,
    /// The model, or why there is none.
    pub(super) result: Result<Found, Failure>,
}

/// A look that is being taken.
pub(super) struct Look {
    cancel: CancelToken,
    thread: JoinHandle<()>,
}

impl Look {
    /// Begins to look for `choice`; the result goes to `inbox`.
    ///
    /// # Errors
    /// If the system refuses the thread.
    pub(super) fn begin(
        choice: ModelChoice,
        models: Arc<ModelCache>,
        inbox: Sender<Message>,
    ) -> io::Result<Self> {
        let cancel = CancelToken::default();
        let token = cancel.clone();
        let thread = Builder::new().name("straightshot-look".to_owned()).spawn(move || {
            let result = caught(|| models.find(&choice, &token));
            // Nobody listens any more if the instance is being removed.
            let _ = inbox.send(Message::Looked(Box::new(Looked { choice, result })));
        })?;
        Ok(Self { cancel, thread })
    }

    /// Says that nobody waits for it any more.
    pub(super) fn cancel(self) -> JoinHandle<()> {
        self.cancel.cancel();
        self.thread
    }
}
