//! [worker thread] Turns commands into takes.
//!
//! Each instance owns a [`Worker`], whose thread starts with the first command: scanning a plugin and opening a
//! project without an unfinished job start none. The thread never computes; a job runs on a thread of its own
//! (`job`), so that cancelling and switching takes work at once while a sound is being made. What is asked for meanwhile
//! waits in the session (`run/queue.rs`). Jobs of all instances in the process use the same loaded model, one after the
//! other ([`models`]).

mod job;
mod journal;
mod ladder;
mod look;
mod measure;
pub mod models;
pub mod places;
mod reading;
mod run;
mod source;
mod turns;

use crate::shared::{Command, Severity, Shared};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use models::ModelCache;
use parking_lot::Mutex;
use std::path::Path;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
use straightshot_takes::{Happened, Usage};

/// Longest wait for the threads when an instance is removed, where they may be left behind. A job and the loading of a
/// model end within some tens of milliseconds after they were cancelled; what can take longer is a computer whose cores are
/// all taken by others, for they have less than normal priority, and a network drive that does not answer.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(120);

/// Whether the code of a thread that was left behind stays where it is: on Linux the library is never unloaded
/// (`build.rs`). Elsewhere the host would take it from under the thread, so that waiting is better.
const STAYS_LOADED: bool = cfg!(target_os = "linux");

/// Said to the user when the system refuses a thread.
const NO_THREAD: &str = "The system could not start a thread; close some programs and try again";

/// What reaches the worker's thread.
enum Message {
    /// From the editor or the host.
    Command(Command),
    /// From a job's thread, when it has its model.
    Chosen(Box<job::Chosen>),
    /// From a job's thread, on its way.
    Ready(Box<job::Ready>),
    /// From a job's thread, as its last act.
    Finished(Box<job::Finished>),
    /// From a thread that has looked for a model that was chosen.
    Looked(Box<look::Looked>),
    /// From a thread that listens to takes: what it heard of one.
    Listened(Box<measure::Listened>),
    /// From that thread, as its last act.
    AllListened,
    /// The instance is being removed.
    Shutdown,
}

/// Owner of the worker's thread of one plugin instance.
pub struct Worker {
    shared: Arc<Shared>,
    models: Arc<ModelCache>,
    thread: Mutex<Thread>,
}

enum Thread {
    /// Nothing has been asked for yet.
    Unstarted,
    Running(Running),
    /// Shut down for good.
    Stopped,
}

struct Running {
    inbox: Sender<Message>,
    handle: JoinHandle<()>,
    /// Disconnected when the thread ends.
    alive: Receiver<()>,
}

impl Worker {
    /// A worker for the instance of `shared` that takes its models from `models`. Starts no thread.
    #[must_use]
    pub fn new(shared: Arc<Shared>, models: Arc<ModelCache>) -> Self {
        let card = Arc::new(models.default_card());
        shared.update_status(|status| status.card = Some(card));
        let told = Arc::downgrade(&shared);
        shared.keeper.on_event(move |happened| {
            if let Some(shared) = told.upgrade() {
                follow(&shared, happened);
            }
        });
        Self { shared, models, thread: Mutex::new(Thread::Unstarted) }
    }

    /// Hands a command to the worker's thread, which is started if need be. After
    /// [`shutdown`](Self::shutdown) commands are ignored.
    pub fn send(&self, command: Command) {
        let mut thread = self.thread.lock();
        if matches!(*thread, Thread::Unstarted) {
            match self.start() {
                Ok(running) => *thread = Thread::Running(running),
                Err(e) => {
                    self.shared.say(Severity::Error, NO_THREAD, e.to_string());
                }
            }
        }
        if let Thread::Running(running) = &*thread {
            // A thread that has ended takes no commands; that happens only during shutdown.
            let _ = running.inbox.send(Message::Command(command));
        }
    }

    /// Follows a session that the host has restored: its active take goes to the player, damage is told to the user,
    /// and unfinished jobs go on. Called on the host's thread.
    pub fn session_restored(&self) {
        self.shared.publish_restored();
        let (damage, unfinished) = {
            let session = self.shared.session.lock();
            (summary(session.damage()), !session.jobs().is_empty())
        };
        if !damage.is_empty() {
            self.shared.say(Severity::Warning, damage, "");
        }
        if unfinished || self.is_started() {
            self.send(Command::Restored);
        }
        self.prepare();
    }

    /// Follows an arrangement that the host has restored. Called on the host's thread.
    pub fn arrangement_restored(&self) {
        self.shared.publish_active();
        self.prepare();
    }

    /// Sees to it that everything that can be played is made ready. Starts the thread only if there is something to do.
    pub fn prepare(&self) {
        if self.shared.is_preparing() {
            self.send(Command::Publish);
        }
    }

    /// Whether the thread was ever started.
    #[must_use]
    pub fn is_started(&self) -> bool {
        !matches!(*self.thread.lock(), Thread::Unstarted)
    }

    /// Cancels the job and waits until the threads have ended. Called when the instance is removed: code of an
    /// unloaded plugin must not be running. Idempotent.
    pub fn shutdown(&self) {
        let previous = std::mem::replace(&mut *self.thread.lock(), Thread::Stopped);
        let Thread::Running(Running { inbox, handle, alive }) = previous else { return };
        let _ = inbox.send(Message::Shutdown);
        let timed_out = alive.recv_timeout(SHUTDOWN_TIMEOUT) == Err(RecvTimeoutError::Timeout);
        if timed_out && STAYS_LOADED {
            tracing::debug!("the worker did not end within {SHUTDOWN_TIMEOUT:?}; its thread ends by itself");
            return;
        }
        if handle.join().is_err() {
            tracing::error!("the worker's thread ended with a panic");
        }
    }

    fn start(&self) -> std::io::Result<Running> {
        let (inbox, messages) = unbounded();
        let (alive_here, alive) = bounded(0);
        let desk = run::Desk::new(self.shared.clone(), self.models.clone(), inbox.clone());
        let handle = Builder::new().name("straightshot-worker".to_owned()).spawn(move || {
            let _alive: Sender<()> = alive_here;
            desk.serve(&messages);
        })?;
        Ok(Running { inbox, handle, alive })
    }
}

/// Passes on what the keeper of the takes has to tell.
fn follow(shared: &Shared, happened: Happened) {
    match happened {
        Happened::Active => {
            shared.touch();
            shared.publish_active();
            while shared.prepare_one() {}
        }
        Happened::Edited => {
            shared.touch();
            shared.mark_unsaved();
            shared.publish_active();
        }
        Happened::NotFound(failure) => shared.say(Severity::Info, &*failure.text, failure.detail()),
        Happened::Damaged(takes) => shared.say(Severity::Warning, summary(&takes), ""),
        Happened::BeyondQuota { folder, usage, quota_bytes } => {
            shared.say(Severity::Info, beyond(&folder, usage, quota_bytes), "")
        }
        Happened::Unwritable(failure) => shared.say(
            Severity::Warning,
            format!("{failure}. Takes stay in the project, which grows"),
            failure.detail(),
        ),
    }
}

/// What is said of a takes folder that has grown beyond what it is meant to hold.
fn beyond(folder: &Path, usage: Usage, quota_bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let gigabytes = |bytes: u64| bytes as f64 / 1e9;
    format!(
        "Your takes fill {:.1} GB, more than the {:.1} GB that are meant for them. Nothing is deleted by itself: remove what you \
         no longer need from {}",
        gigabytes(usage.bytes),
        gigabytes(quota_bytes),
        folder.display()
    )
}

/// The first sentences of a list that may be long.
fn summary(damage: &[String]) -> String {
    const SHOWN: usize = 3;
    let mut text = damage.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(". ");
    if damage.len() > SHOWN {
        text.push_str(&format!(". There are {} more faults of this kind", damage.len() - SHOWN));
    }
    text
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.shutdown();
    }
}
