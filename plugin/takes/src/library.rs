//! [any thread] The library: the sounds of the takes folder across projects, to be searched, heard and used again.
//!
//! | file of the takes folder | what it is |
//! |---|---|
//! | `*.flac` | the sounds, each with its recipe |
//! | `marks.jsonl` | what the user has said about them: names, stars, notes ([`Marks`]) |
//! | `library.jsonl` | what was heard in them, so that nobody has to listen again ([`Heard`]); may be deleted |
//! | `trash/` | sounds that were deleted, until it is emptied |
//!
//! A [`Library`] looks at the folder on a thread of its own and shows what it knows as a [`Shelf`]. Several programs can
//! use one folder: every look sees what the others have changed.

mod facts;
mod features;
mod librarian;
mod lines;
pub(crate) mod marks;
mod search;
mod sound;
#[cfg(test)]
mod tests;
mod words;

pub use facts::{Heard, PICTURE_COLUMNS};
pub use features::{Features, distance, features};
pub use marks::Marks;
pub use search::{Query, Rejected, Sort};
pub use sound::{Category, LibrarySound};
pub use words::{Terms, fold};

use super::folder::{MoveProgress, TakesFolder, Usage};
use librarian::Librarian;
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};
use straightshot_protocol::{Audio, ContentHash, Failure};

/// Categories of sounds: the program that uses the library knows them.
pub trait Categories: Send + Sync {
    /// The category that a prompt asks for most likely.
    fn propose(&self, prompt: &str) -> Option<Category>;
    /// The category with this CatID.
    fn named(&self, id: &str) -> Option<Category>;
}

/// What the library is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Activity {
    /// It has not looked yet.
    #[default]
    Opening,
    /// Nothing.
    Idle,
    /// It listens to sounds that it does not know.
    Listening {
        /// Sounds that it has listened to.
        done: usize,
        /// Sounds to listen to.
        of: usize,
    },
    /// The folder is on its way to another place.
    Moving(MoveProgress),
}

/// What the library knows at one time. Never changes; a newer one takes its place.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    /// Grows with every change.
    pub revision: u64,
    /// The sounds, in no order.
    pub sounds: Vec<Arc<LibrarySound>>,
    /// Where they are.
    pub folder: PathBuf,
    /// How many files and bytes there are.
    pub usage: Usage,
    /// How many bytes there should be at most.
    pub quota_bytes: u64,
    /// How much of it can be had back by emptying the trash.
    pub trash: Usage,
    /// The sounds that were moved to the trash last, as long as they can be brought back.
    pub discarded: Vec<PathBuf>,
    /// What the library is doing.
    pub activity: Activity,
    /// What went wrong last; see [`Library::dismiss`].
    pub trouble: Option<Failure>,
    /// What the sound given to [`Library::listen`] sounds like.
    pub listened: Option<(ContentHash, Arc<Features>)>,
}

impl Shelf {
    /// The sound with this hash.
    #[must_use]
    pub fn sound(&self, hash: &ContentHash) -> Option<&Arc<LibrarySound>> {
        self.sounds.iter().find(|sound| sound.hash() == *hash)
    }
}

/// What the library can be asked for.
pub(crate) enum Order {
    /// Look at the folder.
    Look,
    /// Write down what the user says about sounds.
    Mark(Vec<(ContentHash, Marks)>),
    /// Move sounds to the trash.
    Discard(Vec<PathBuf>),
    /// Bring back what went there last.
    TakeBack,
    /// Delete what is in the trash.
    EmptyTrash,
    /// Move the folder.
    Move(PathBuf),
    /// How much the folder should hold at most.
    SetQuota(u64),
    /// Tell what a sound sounds like.
    Listen(ContentHash, Audio),
    /// Anything that takes time, for whoever has no thread for it.
    Do(Box<dyn FnOnce() + Send>),
}

/// The sounds of the takes folder. All calls return at once; the work is done on a thread of its own, which starts when
/// there is something to do first and ends with the library.
pub struct Library {
    inner: Arc<Inner>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What the library's thread and the others share.
pub(crate) struct Inner {
    pub(crate) folder: Arc<TakesFolder>,
    /// Where the user's settings are; without it the folder cannot be moved for good.
    pub(crate) data: Option<PathBuf>,
    pub(crate) categories: Box<dyn Categories>,
    state: Mutex<State>,
    /// Signalled whenever there is something to do.
    asked: Condvar,
}

#[derive(Default)]
struct State {
    orders: VecDeque<Order>,
    shelf: Arc<Shelf>,
    /// Whether an order is being carried out.
    busy: bool,
    /// Whether the folder's move is to be given up.
    stay: bool,
    stopping: bool,
    /// Instances that use the library.
    users: usize,
}

impl Library {
    /// The library of `folder`. `data` is where the user's settings are. Touches no file and starts no thread.
    #[must_use]
    pub fn new(folder: Arc<TakesFolder>, data: Option<PathBuf>, categories: Box<dyn Categories>) -> Self {
        let state = Mutex::new(State::default());
        let inner = Inner { folder, data, categories, state, asked: Condvar::new() };
        Self { inner: Arc::new(inner), thread: Mutex::new(None) }
    }

    /// The library of the user's takes folder, one object for all instances of the process that hold it.
    #[must_use]
    pub fn of_user(categories: impl FnOnce() -> Box<dyn Categories>) -> Option<Arc<Self>> {
        static LIBRARY: Mutex<Weak<Library>> = Mutex::new(Weak::new());
        let mut shared = LIBRARY.lock();
        if let Some(library) = shared.upgrade() {
            return Some(library);
        }
        let library = Arc::new(Self::new(TakesFolder::of_user()?, super::data_folder(), categories()));
        *shared = Arc::downgrade(&library);
        Some(library)
    }

    /// Notes an instance that uses the library.
    pub fn enter(&self) {
        let mut state = self.inner.state.lock();
        state.users += 1;
        state.stopping = false;
    }

    /// An instance goes. With the last one the library's thread ends: code of an unloaded plugin must not be running.
    pub fn leave(&self) {
        let last = {
            let mut state = self.inner.state.lock();
            state.users = state.users.saturating_sub(1);
            state.users == 0
        };
        if last {
            self.shutdown();
        }
    }

    fn shutdown(&self) {
        self.inner.state.lock().stopping = true;
        self.inner.asked.notify_all();
        let Some(handle) = self.thread.lock().take() else { return };
        // What it runs for others may be what holds the library.
        if handle.thread().id() != std::thread::current().id() {
            // A panic in it has been printed; there is nobody left to tell.
            let _ = handle.join();
        }
    }

    /// What is known now. Cheap.
    #[must_use]
    pub fn shelf(&self) -> Arc<Shelf> {
        self.inner.state.lock().shelf.clone()
    }

    /// Looks at the folder again. While the library is in sight this is to be called every second or so.
    pub fn look(&self) {
        self.order(Order::Look);
    }

    /// Writes down what the user says about sounds.
    pub fn mark(&self, marks: Vec<(ContentHash, Marks)>) {
        self.order(Order::Mark(marks));
    }

    /// Moves sounds to the trash. Those that an open session of this process uses stay.
    pub fn discard(&self, sounds: Vec<PathBuf>) {
        self.order(Order::Discard(sounds));
    }

    /// Brings back what [`discard`](Self::discard) has moved to the trash last.
    pub fn take_back(&self) {
        self.order(Order::TakeBack);
    }

    /// Deletes for good what is in the trash. Call it only if the user has agreed.
    pub fn empty_trash(&self) {
        self.order(Order::EmptyTrash);
    }

    /// Moves the folder to another place.
    pub fn move_to(&self, folder: PathBuf) {
        self.inner.state.lock().stay = false;
        self.order(Order::Move(folder));
    }

    /// Gives up the folder's move: it stays where it is.
    pub fn stay(&self) {
        self.inner.state.lock().stay = true;
    }

    /// Sets how many bytes the folder should hold at most, for all projects.
    pub fn set_quota(&self, bytes: u64) {
        self.order(Order::SetQuota(bytes));
    }

    /// Finds out what a sound sounds like that may not be in the library yet; the answer is
    /// [`Shelf::listened`].
    pub fn listen(&self, hash: ContentHash, audio: Audio) {
        self.order(Order::Listen(hash, audio));
    }

    /// Does something that takes time on the library's thread, as reading a file is.
    pub fn run(&self, work: impl FnOnce() + Send + 'static) {
        self.order(Order::Do(Box::new(work)));
    }

    /// Forgets what went wrong last, and what could be brought back.
    pub fn dismiss(&self) {
        self.inner.show(|shelf| {
            shelf.trouble = None;
            shelf.discarded.clear();
        });
    }

    /// Waits until everything is done, but no longer than `limit`. Returns whether it is.
    pub fn wait_until_idle(&self, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        loop {
            let state = self.inner.state.lock();
            if state.orders.is_empty() && !state.busy {
                return true;
            }
            drop(state);
            if Instant::now() >= end {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn order(&self, order: Order) {
        let mut thread = self.thread.lock();
        {
            let mut state = self.inner.state.lock();
            if state.stopping {
                return;
            }
            let is_look = matches!(order, Order::Look);
            if is_look && state.orders.iter().any(|waiting| matches!(waiting, Order::Look)) {
                return;
            }
            state.orders.push_back(order);
        }
        if thread.is_none() {
            let inner = self.inner.clone();
            let started = Builder::new()
                .name("straightshot-library".to_owned())
                .spawn(move || Librarian::new(inner).serve());
            // Without a thread the orders wait for the next one.
            *thread = started.ok();
        }
        self.inner.asked.notify_all();
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        self.shutdown();
    }
}

impl Inner {
    /// The next order; waits for one. `None` when the library goes and all orders that write something are carried out.
    fn next(&self) -> Option<Order> {
        let mut state = self.state.lock();
        state.busy = false;
        loop {
            if state.stopping {
                state.orders.retain(|order| matches!(order, Order::Mark(_)));
            }
            if let Some(order) = state.orders.pop_front() {
                state.busy = true;
                return Some(order);
            }
            if state.stopping {
                return None;
            }
            self.asked.wait(&mut state);
        }
    }

    /// Whether somebody waits for something else than a look.
    fn is_wanted(&self) -> bool {
        let state = self.state.lock();
        state.stopping || state.orders.iter().any(|order| !matches!(order, Order::Look))
    }

    fn may_move(&self) -> bool {
        let state = self.state.lock();
        !state.stay && !state.stopping
    }

    /// Changes what is shown.
    fn show(&self, change: impl FnOnce(&mut Shelf)) {
        let mut state = self.state.lock();
        let shelf = Arc::make_mut(&mut state.shelf);
        change(shelf);
        shelf.revision += 1;
    }
}

/// Brings into the folder `new` what is known and was said about the sounds of `old`.
pub(crate) fn carry_over(old: &Path, new: &Path) -> io::Result<()> {
    marks::merge(new, old)?;
    let known: Vec<_> = facts::read(old)?.into_values().collect();
    facts::write(new, &known)
}

/// Removes the library's own files from a folder that its sounds have left.
pub(crate) fn forget(old: &Path) {
    for file in [marks::file(old), facts::file(old), lines::lock_file(old)] {
        // One that stays harms nobody.
        let _ = std::fs::remove_file(file);
    }
}
