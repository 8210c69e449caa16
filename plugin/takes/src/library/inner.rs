//! What the library's thread and whoever asks it share: orders, and what is shown.

use super::sound::{Category, LibrarySound};
use crate::features::Features;
use crate::folder::{MoveProgress, TakesFolder, Usage};
use crate::index::Marks;
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
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
    /// What went wrong last; see [`Library::dismiss`](super::Library::dismiss).
    pub trouble: Option<Failure>,
    /// What the sound given to [`Library::listen`](super::Library::listen) sounds like.
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

/// What the library's thread and the others share.
pub(crate) struct Inner {
    pub(crate) folder: Arc<TakesFolder>,
    /// Where the user's settings are; without it the folder cannot be moved for good.
    pub(crate) data: Option<PathBuf>,
    pub(crate) categories: Box<dyn Categories>,
    pub(super) state: Mutex<State>,
    /// Signalled whenever there is something to do.
    pub(super) asked: Condvar,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) orders: VecDeque<Order>,
    pub(super) shelf: Arc<Shelf>,
    /// Whether an order is being carried out.
    pub(super) busy: bool,
    /// Whether the folder's move is to be given up.
    pub(super) stay: bool,
    pub(super) stopping: bool,
    /// Instances that use the library.
    pub(super) users: usize,
}

impl Inner {
    /// Nothing is asked for yet, and nothing known.
    pub(super) fn new(
        folder: Arc<TakesFolder>,
        data: Option<PathBuf>,
        categories: Box<dyn Categories>,
    ) -> Self {
        Self { folder, data, categories, state: Mutex::default(), asked: Condvar::new() }
    }

    /// The next order; waits for one. `None` when the library goes and all orders that write something are carried out.
    pub(super) fn next(&self) -> Option<Order> {
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
    pub(super) fn is_wanted(&self) -> bool {
        let state = self.state.lock();
        state.stopping || state.orders.iter().any(|order| !matches!(order, Order::Look))
    }

    pub(super) fn may_move(&self) -> bool {
        let state = self.state.lock();
        !state.stay && !state.stopping
    }

    /// Changes what is shown.
    pub(super) fn show(&self, change: impl FnOnce(&mut Shelf)) {
        let mut state = self.state.lock();
        let shelf = Arc::make_mut(&mut state.shelf);
        change(shelf);
        shelf.revision += 1;
    }
}
