//! [any thread] Sounds on their way out, as files.
//!
//! Whatever goes out of the window is an [`Outgoing`]: takes, a part of one, or sounds of the library. It becomes [`Piece`]s,
//! and those become files that are complete and on the disk before anybody gets them. There are two ways on from there:
//!
//! - the [`Outbox`] of an instance writes files for the user to keep: saved, saved under a name of the user's, packs. One
//!   thread works one order after the other and says how it went as a notice;
//! - the [`Errands`] of a window hand files to another program: by dragging, by the clipboard, by the file manager, or onto
//!   the host's timeline ([`Insertion`]). Each is written by a thread of its own, so that none waits for a pack.
//!
//! How files are written is set once for all instances of the process and kept in the user's folder.

pub(crate) mod dialog;
mod errands;
mod insertion;
mod outgoing;
mod piece;
mod settings;
mod thread;
mod write;

pub use errands::{Errands, Hand, News};
pub use insertion::{HostTask, Insertion, Timeline};
pub use outgoing::{Errand, Outgoing, Place};
pub use piece::Piece;

use crate::host_place::HostPlace;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use dialog::{Choice, Dialog, Question};
use parking_lot::Mutex;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Builder;
use std::time::Duration;
use straightshot_delivery::name::Name;
use straightshot_delivery::{Host, Settings};
use straightshot_drag::Files;
use straightshot_protocol::{ErrorKind, Failure};
use straightshot_takes::Keeper;

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

impl Report {
    fn of(failure: &Failure) -> Self {
        Self { text: failure.to_string(), failed: true, detail: failure.detail(), paths: Vec::new() }
    }
}

/// Tells the user how an order ended.
pub type Teller = Box<dyn Fn(&Report) + Send>;

/// What the thread can be asked to do.
struct Order {
    task: Task,
    tell: Teller,
}

enum Task {
    /// Write these.
    Save(Vec<Piece>, Target),
    /// Write these into a folder of their own with a list and an instrument.
    Pack(Vec<Piece>),
    /// Keep the settings; say nothing to the user unless it fails.
    Keep,
}

/// Where files are saved.
enum Target {
    /// In the folder of the settings, under names that follow from the sounds.
    Usual,
    /// The same in another folder.
    Folder(PathBuf),
    /// In this file, for a single sound; what is there is replaced.
    File(PathBuf),
}

/// The outbox of one plugin instance. Starts nothing until something goes out.
pub struct Outbox {
    inner: Arc<Inner>,
    dialog: Dialog,
}

/// What dialogs use too, which are on threads of their own.
struct Inner {
    host: Arc<HostPlace>,
    keeper: Arc<Keeper>,
    seen: Arc<Seen>,
    thread: Mutex<Option<Running>>,
    stopped: AtomicBool,
    /// Where the user has saved a file last by the dialog.
    last_folder: Mutex<Option<PathBuf>>,
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
    /// An outbox whose files say where `host` was. `keeper` reads the sounds that are not in memory.
    #[must_use]
    pub fn new(host: Arc<HostPlace>, keeper: Arc<Keeper>) -> Self {
        let inner = Inner {
            host,
            keeper,
            seen: Arc::default(),
            thread: Mutex::default(),
            stopped: AtomicBool::new(false),
            last_folder: Mutex::default(),
        };
        Self { inner: Arc::new(inner), dialog: Dialog::default() }
    }

    /// What the window shows. Reads the settings at the first call in the process; a file of a few hundred bytes.
    #[must_use]
    pub fn state(&self) -> OutboxState {
        let seen = &self.inner.seen;
        OutboxState {
            settings: settings::current(),
            host: self.inner.host.host(),
            busy: *seen.busy.lock(),
            report: seen.report.lock().clone(),
        }
    }

    /// Writes `pieces` in the background and tells where they are.
    pub fn save(&self, pieces: Vec<Piece>, tell: Teller) {
        self.inner.send(Task::Save(pieces, Target::Usual), tell);
    }

    /// Lets the user name the file of a single piece, or choose the folder for several, in a dialog of the system, and
    /// writes them there.
    pub fn save_as(&self, pieces: Vec<Piece>, tell: Teller) {
        let settings = settings::current();
        let folder = self.inner.last_folder.lock().clone().or_else(|| settings.folder()).unwrap_or_default();
        let question = match &pieces[..] {
            [] => return,
            [piece] => {
                let stem = Name::of(&piece.about(), &settings).stem();
                Question::File(folder.join(format!("{stem}.{}", settings.container.extension())))
            }
            _ => Question::Folder(folder),
        };
        let inner = self.inner.clone();
        self.dialog.open(question, move |choice| {
            let target = match choice {
                Choice::Nothing => return,
                Choice::NoDialog => {
                    let text = "This system has no dialog for files: set the folder in the tab Deliver and press Save there";
                    return tell(&Report::of(&Failure::new(ErrorKind::Io, text)));
                }
                Choice::Path(path) if pieces.len() == 1 => Target::File(path),
                Choice::Path(path) => Target::Folder(path),
            };
            let folder = match &target {
                Target::File(path) => path.parent(),
                Target::Folder(path) => Some(path.as_path()),
                Target::Usual => None,
            };
            *inner.last_folder.lock() = folder.map(Into::into);
            inner.send(Task::Save(pieces, target), tell);
        });
    }

    /// Writes `pieces` as a pack in the background and tells where it is.
    pub fn export(&self, pieces: Vec<Piece>, tell: Teller) {
        self.inner.seen.cancel.store(false, Ordering::Release);
        self.inner.send(Task::Pack(pieces), tell);
    }

    /// Ends an export; nothing is left of it.
    pub fn cancel(&self) {
        self.inner.seen.cancel.store(true, Ordering::Release);
    }

    /// Writes `pieces` as files for another program, here and now; not on the window's thread.
    ///
    /// # Errors
    /// If one cannot be read or written, or `given_up` is raised; the files that were written stay.
    pub fn hand_over(&self, pieces: &[Piece], given_up: &AtomicBool) -> Result<Files, Failure> {
        let (settings, host) = (settings::current(), self.inner.host.host());
        let go_on = |_| !given_up.load(Ordering::Acquire);
        let files = write::each(pieces, &self.inner.keeper, &settings, &host, go_on)?;
        Files::new(files.into_iter().map(|file| file.path).collect())
    }

    /// Changes how files are written, here and in all instances of the process; kept for all projects. `tell` is called if
    /// that fails.
    pub fn set(&self, settings: Settings, tell: Teller) {
        if settings::replace(settings) {
            self.inner.send(Task::Keep, tell);
        }
    }

    /// Lets the user choose the folder in a dialog of the system. `tell` is called if there is none, or if the choice cannot
    /// be kept.
    pub fn choose_folder(&self, tell: Teller) {
        let start = settings::current().folder().unwrap_or_default();
        self.dialog.open(Question::Folder(start), move |choice| {
            let failed = match choice {
                Choice::Nothing => return,
                Choice::NoDialog => Failure::new(
                    ErrorKind::Io,
                    "This system has no dialog for folders: type the path into the field",
                ),
                Choice::Path(folder) => {
                    settings::replace(Settings { folder: Some(folder), ..settings::current() });
                    match settings::keep() {
                        Ok(()) => return,
                        Err(failure) => failure,
                    }
                }
            };
            tell(&Report::of(&failed));
        });
    }

    /// Ends the thread; what is being written is finished first, an export is given up.
    pub fn shutdown(&self) {
        self.inner.stopped.store(true, Ordering::Release);
        self.cancel();
        self.dialog.close();
        if let Some(running) = self.inner.thread.lock().take() {
            drop(running.orders);
            // An answer never comes: this returns when the other end is gone.
            let _ = running.alive.recv_timeout(SHUTDOWN_TIMEOUT);
        }
    }
}

impl Inner {
    fn send(&self, task: Task, tell: Teller) {
        if self.stopped.load(Ordering::Acquire) {
            return;
        }
        let mut running = self.thread.lock();
        if running.is_none() {
            let (orders, inbox) = unbounded();
            let (ending, alive) = bounded(0);
            let (seen, host, keeper) = (self.seen.clone(), self.host.clone(), self.keeper.clone());
            let body = move || {
                thread::run(&inbox, &seen, &host, &keeper);
                drop::<Sender<()>>(ending);
            };
            match Builder::new().name("straightshot-outbox".into()).spawn(body) {
                Ok(_) => *running = Some(Running { orders, alive }),
                Err(e) => {
                    let text = "The system could not start a thread; close some programs and try again";
                    tell(&Report::of(&Failure::new(ErrorKind::Io, text).because(&e)));
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
