//! [any thread] The library: the sounds of the takes folder across projects, to be searched, heard and used again.
//!
//! | file of the takes folder | what it is |
//! |---|---|
//! | `*.flac` | the sounds, each with its recipe |
//! | `marks.jsonl` | what the user has said about them: names, stars, notes ([`Marks`]) |
//! | `library.jsonl` | what was heard in them, so that nobody has to listen again ([`Heard`](crate::Heard)); may be deleted |
//! | `trash/` | sounds that were deleted, until it is emptied |
//!
//! A [`Library`] looks at the folder on a thread of its own and shows what it knows as a [`Shelf`]. Several programs can
//! use one folder: every look sees what the others have changed.

mod inner;
mod librarian;
mod search;
mod sound;
#[cfg(test)]
mod tests;
mod words;

pub use inner::{Activity, Categories, Shelf};
pub use search::{Query, Rejected, Sort};
pub use sound::{Category, LibrarySound};
pub use words::{Terms, fold};

use super::folder::TakesFolder;
use super::index::Marks;
use inner::{Inner, Order};
use librarian::Librarian;
use parking_lot::Mutex;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};
use straightshot_protocol::{Audio, ContentHash};

/// The sounds of the takes folder. All calls return at once; the work is done on a thread of its own, which starts when
/// there is something to do first and ends with the library.
pub struct Library {
    inner: Arc<Inner>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Library {
    /// The library of `folder`. `data` is where the user's settings are. Touches no file and starts no thread.
    #[must_use]
    pub fn new(folder: Arc<TakesFolder>, data: Option<PathBuf>, categories: Box<dyn Categories>) -> Self {
        Self { inner: Arc::new(Inner::new(folder, data, categories)), thread: Mutex::new(None) }
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
