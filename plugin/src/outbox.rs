//! [any thread] Takes on their way out of the window, as files.
//!
//! - [`Outgoing`], [`Errand`]: what goes to another program, and how: by dragging, the clipboard, the file manager or the
//!   host's timeline;
//! - [`Errands`]: those of one window, from the wish to its end, each on a thread of its own;
//! - [`Insertion`]: what is done on the host's main thread;
//! - [`Outbox`]: files for the user to keep.
//!
//! The window hands over [`Piece`]s and goes on drawing. The thread starts with the first of them, works one order after
//! the other and says how it went: by a [`Ticket`], for whoever waits for the files, or as a notice to the user. How files
//! are written is set once for all instances of the process and kept in the user's folder.

mod dialog;
mod errands;
mod insertion;
mod outgoing;
mod piece;
mod settings;
mod thread;
pub mod write;

pub use errands::{Errands, Hand, News};
pub use insertion::{Insertion, Timeline};
pub use outgoing::{Errand, Outgoing, Place};
pub use piece::Piece;

use crate::host_place::HostPlace;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use dialog::{Choice, Dialog};
use parking_lot::Mutex;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Builder;
use std::time::Duration;
use straightshot_delivery::{Host, Settings};
use straightshot_protocol::{ErrorKind, Failure};

/// Longest wait for the thread when an instance is removed: a disk that does not answer must not hold up the host.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// What the window shows of the outbox.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OutboxState {
    /// How files are written.
    pub settings: Settings,
    /// Where the host is.
    pub host: Host,
    /// Files that are written and that are to be, while an order is worked on.
    pub busy: Option<(usize, usize)>,
    /// How the last order ended: a sentence, and what to show in the file manager.
    pub report: Option<Report>,
}

/// How an order ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// A sentence for the user.
    pub text: String,
    /// Whether it went wrong.
    pub failed: bool,
    /// More for a developer; may be empty.
    pub detail: String,
    /// The files, or the folder of a pack. Empty if it went wrong.
    pub paths: Vec<PathBuf>,
}

/// Files that are being written.
#[derive(Debug, Clone)]
pub struct Ticket(Receiver<Result<Vec<PathBuf>, Failure>>);

impl Ticket {
    /// The files, complete and on the disk, in the order of the pieces; `None` while they are being written. The answer is
    /// given once.
    #[must_use]
    pub fn poll(&self) -> Option<Result<Vec<PathBuf>, Failure>> {
        match self.0.try_recv() {
            Ok(answer) => Some(answer),
            Err(crossbeam_channel::TryRecvError::Empty) => None,
            Err(crossbeam_channel::TryRecvError::Disconnected) => Some(Err(gone())),
        }
    }

    /// Waits for the files. Not on the window's thread.
    ///
    /// # Errors
    /// Why there are none; the takes are as they were.
    pub fn wait(self) -> Result<Vec<PathBuf>, Failure> {
        self.0.recv().unwrap_or_else(|_| Err(gone()))
    }
}

fn gone() -> Failure {
    Failure::new(ErrorKind::Cancelled, "The files were not written: the plugin is being removed")
}

/// Tells the user how an order ended.
pub type Teller = Box<dyn Fn(&Report) + Send>;

/// What the thread can be asked to do.
struct Order {
    task: Task,
    tell: Teller,
}

enum Task {
    /// Write these and answer; say nothing to the user unless it fails.
    Deliver(Vec<Piece>, Sender<Result<Vec<PathBuf>, Failure>>),
    /// Write these and tell the user.
    Save(Vec<Piece>),
    /// Write these into a folder of their own with a list and an instrument, and tell the user.
    Pack(Vec<Piece>),
    /// Keep the settings.
    Keep,
}

/// The outbox of one plugin instance. Starts nothing until something goes out.
#[derive(Default)]
pub struct Outbox {
    host: Arc<HostPlace>,
    seen: Arc<Seen>,
    thread: Mutex<Option<Running>>,
    stopped: AtomicBool,
    dialog: Dialog,
}

/// What the thread and the window share.
#[derive(Default)]
struct Seen {
    busy: Mutex<Option<(usize, usize)>>,
    report: Mutex<Option<Report>>,
    /// Raised to end a pack early.
    cancel: AtomicBool,
}

struct Running {
    orders: Sender<Order>,
    /// Disconnected when the thread ends.
    alive: Receiver<()>,
}

impl Outbox {
    /// An outbox whose files say where `host` was.
    #[must_use]
    pub fn new(host: Arc<HostPlace>) -> Self {
        Self { host, ..Self::default() }
    }

    /// What the window shows. Reads the settings at the first call in the process; a file of a few hundred bytes.
    #[must_use]
    pub fn outgoing(&self) -> OutboxState {
        OutboxState {
            settings: settings::current(),
            host: self.host.host(),
            busy: *self.seen.busy.lock(),
            report: self.seen.report.lock().clone(),
        }
    }

    /// Writes `pieces` in the background. `tell` is called if it fails.
    pub fn deliver(&self, pieces: Vec<Piece>, tell: Teller) -> Ticket {
        let (answer, ticket) = bounded(1);
        self.send(Task::Deliver(pieces, answer), tell);
        Ticket(ticket)
    }

    /// Writes `pieces` in the background and tells where they are.
    pub fn save(&self, pieces: Vec<Piece>, tell: Teller) {
        self.send(Task::Save(pieces), tell);
    }

    /// Writes `pieces` as a pack in the background and tells where it is.
    pub fn export(&self, pieces: Vec<Piece>, tell: Teller) {
        self.seen.cancel.store(false, Ordering::Release);
        self.send(Task::Pack(pieces), tell);
    }

    /// Ends an export; nothing is left of it.
    pub fn cancel(&self) {
        self.seen.cancel.store(true, Ordering::Release);
    }

    /// Changes how files are written, here and in all instances of the process; kept for all projects. `tell` is called if
    /// that fails.
    pub fn set(&self, settings: Settings, tell: Teller) {
        if settings::replace(settings) {
            self.send(Task::Keep, tell);
        }
    }

    /// Lets the user choose the folder in a dialog of the system. `tell` is called if there is none, or if the choice cannot
    /// be kept.
    pub fn choose_folder(&self, tell: Teller) {
        let start = settings::current().folder().unwrap_or_default();
        self.dialog.open(&start, move |choice| {
            let failed = match choice {
                Choice::Nothing => return,
                Choice::NoDialog => Failure::new(
                    ErrorKind::Io,
                    "This system has no dialog for folders: type the path into the field",
                ),
                Choice::Folder(folder) => {
                    settings::replace(Settings { folder: Some(folder), ..settings::current() });
                    match settings::keep() {
                        Ok(()) => return,
                        Err(failure) => failure,
                    }
                }
            };
            tell(&Report {
                text: failed.to_string(),
                failed: true,
                detail: failed.detail(),
                paths: Vec::new(),
            });
        });
    }

    /// Ends the thread; what is being written is finished first, an export is given up.
    pub fn shutdown(&self) {
        self.stopped.store(true, Ordering::Release);
        self.cancel();
        self.dialog.close();
        if let Some(running) = self.thread.lock().take() {
            drop(running.orders);
            // An answer never comes: this returns when the other end is gone.
            let _ = running.alive.recv_timeout(SHUTDOWN_TIMEOUT);
        }
    }

    fn send(&self, task: Task, tell: Teller) {
        if self.stopped.load(Ordering::Acquire) {
            return;
        }
        let mut running = self.thread.lock();
        if running.is_none() {
            let (orders, inbox) = unbounded();
            let (ending, alive) = bounded(0);
            let (seen, host) = (self.seen.clone(), self.host.clone());
            let body = move || {
                thread::run(&inbox, &seen, &host);
                drop::<Sender<()>>(ending);
            };
            match Builder::new().name("straightshot-outbox".into()).spawn(body) {
                Ok(_) => *running = Some(Running { orders, alive }),
                Err(e) => {
                    let text =
                        "The system could not start a thread; close some programs and try again".to_owned();
                    tell(&Report { text, failed: true, detail: e.to_string(), paths: Vec::new() });
                    return;
                }
            }
        }
        if let Some(running) = &*running {
            // The thread ends only when this end is gone.
            let _ = running.orders.send(Order { task, tell });
        }
    }
}

#[cfg(test)]
mod tests;
