//! Loaded models by what they hold, shared by all instances of the process, and how a project's model is found.

use super::journal;
use super::places::Places;
use super::source::EngineModels;
use super::turns::Turns;
use parking_lot::{Condvar, Mutex};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use straightshot_engine::Result;
use straightshot_protocol::{CancelToken, Card, ErrorKind, Failure, ModelId};
use straightshot_takes::ModelChoice;

pub use super::source::{ModelSource, SoundEngine, default_card};

/// How often whoever waits for another's loading looks whether it was cancelled.
const POLL: Duration = Duration::from_millis(20);

/// A model that is there.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// What it can do.
    pub(super) card: Card,
    /// Where it is; `None` for the one that is part of the program.
    pub(super) folder: Option<PathBuf>,
    /// Whether the folder had another model when it was last looked into.
    pub(super) has_changed: bool,
}

/// Loaded models, and the turn of the instances that use them.
///
/// A model lives as long as an instance holds it; the cache itself keeps none alive.
pub struct ModelCache {
    source: Box<dyn ModelSource>,
    places: Places,
    slots: Mutex<Vec<(ModelId, Arc<Slot>)>>,
    /// Whose job computes.
    turns: Turns,
    loads: AtomicU64,
}

/// The place of one model, so that whoever loads it is waited for by those who want it, and by nobody else.
#[derive(Default)]
struct Slot {
    state: Mutex<State>,
    /// Notified when a loading has ended.
    changed: Condvar,
}

#[derive(Default)]
enum State {
    #[default]
    Empty,
    Loading,
    Loaded(Weak<dyn SoundEngine>),
}

/// Ends a loading that came to nothing, also by a panic.
struct Loading<'a>(&'a Slot);

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        if matches!(*state, State::Loading) {
            *state = State::Empty;
        }
        drop(state);
        self.0.changed.notify_all();
    }
}

/// The cache of this process.
static PROCESS_CACHE: OnceLock<Arc<ModelCache>> = OnceLock::new();

impl ModelCache {
    /// An empty cache of the models of `source`, which are looked for in `places`.
    #[must_use]
    pub fn new(source: impl ModelSource + 'static, places: Places) -> Self {
        Self {
            source: Box::new(source),
            places,
            slots: Mutex::default(),
            turns: Turns::default(),
            loads: AtomicU64::new(0),
        }
    }

    /// The cache that all plugin instances of this process share.
    #[must_use]
    pub fn process() -> Arc<Self> {
        PROCESS_CACHE.get_or_init(|| Arc::new(Self::new(EngineModels, Places::of_user()))).clone()
    }

    /// Makes `cache` the one of this process; possible before the first instance is made. Returns whether it was.
    pub fn install(cache: Arc<Self>) -> bool {
        PROCESS_CACHE.set(cache).is_ok()
    }

    /// The card of the model that is part of the program. Reads no file.
    #[must_use]
    pub fn default_card(&self) -> Card {
        self.source.default_card()
    }

    /// Finds the model of `choice`. Reads files, for the first time all of the model.
    ///
    /// # Errors
    /// [`ErrorKind::MissingModel`] if it is not on this computer; those of reading; [`ErrorKind::Cancelled`].
    pub(super) fn find(&self, choice: &ModelChoice, cancel: &CancelToken) -> Result<Found, Failure> {
        let default = self.default_card();
        let is_default = choice.is_default() || choice.id == default.id;
        if is_default && !choice.follows_folder {
            return Ok(Found { card: default, folder: None, has_changed: false });
        }
        let source = self.source.as_ref();
        let of_folder = choice.follows_folder || choice.id.is_any();
        if let Some(dir) = choice.folder.as_deref().filter(|_| of_folder) {
            match self.places.identify(dir, source, cancel) {
                Ok(id) => {
                    let has_changed = !choice.id.is_any() && choice.id != id;
                    return self.found(dir, &id, has_changed);
                }
                Err(e) if choice.id.is_any() => return Err(nothing_in(dir, e)),
                Err(e) if e.kind == ErrorKind::Cancelled => return Err(e),
                // It may have moved.
                Err(_) => {}
            }
        }
        match self.places.find(&choice.id, choice.folder.as_deref(), source, cancel)? {
            Some(dir) => self.found(&dir, &choice.id, false),
            None => Err(missing(&choice.id)),
        }
    }

    fn found(&self, dir: &Path, id: &ModelId, has_changed: bool) -> Result<Found, Failure> {
        let hash = id.hash.ok_or_else(|| missing(id))?;
        Ok(Found { card: self.source.card(dir, hash)?, folder: Some(dir.to_owned()), has_changed })
    }

    /// Which model is in `folder`, if one is: for offering it in the place of one that is not there.
    pub(super) fn look_into(&self, folder: &Path, cancel: &CancelToken) -> Option<ModelId> {
        self.places.identify(folder, self.source.as_ref(), cancel).ok()
    }

    /// The model `found`, loaded if no instance holds it. Whoever wants one that is being loaded waits for it; loading
    /// holds up nobody else.
    ///
    /// # Errors
    /// Those of loading, after which the next who wants it tries again; [`ErrorKind::Cancelled`]; and
    /// [`ErrorKind::MissingModel`] if the folder was changed after it was found.
    pub(super) fn get(&self, found: &Found, cancel: &CancelToken) -> Result<Arc<dyn SoundEngine>, Failure> {
        let id = &found.card.id;
        let slot = self.slot(id);
        let mut state = slot.state.lock();
        loop {
            cancel.check()?;
            match &*state {
                State::Loaded(model) => match model.upgrade() {
                    Some(model) => return Ok(model),
                    None => break,
                },
                State::Empty => break,
                State::Loading => {
                    slot.changed.wait_for(&mut state, POLL);
                }
            }
        }
        *state = State::Loading;
        drop(state);
        let loading = Loading(&slot);
        let model = self.source.load(found.folder.as_deref(), cancel)?;
        if model.card().id != *id {
            // It is none of those who wait here; what they want is not there any more.
            return Err(missing(id));
        }
        // Told where it is done: of ten jobs that wait for one model, one has loaded it.
        journal::model_loaded(self.loads.fetch_add(1, Ordering::Relaxed) + 1);
        *slot.state.lock() = State::Loaded(Arc::downgrade(&model));
        drop(loading);
        Ok(model)
    }

    /// The slot of a model. Those that nobody uses go.
    fn slot(&self, id: &ModelId) -> Arc<Slot> {
        let mut slots = self.slots.lock();
        slots.retain(|(_, slot)| Arc::strong_count(slot) > 1 || slot.is_used());
        if let Some((_, slot)) = slots.iter().find(|(other, _)| other == id) {
            return slot.clone();
        }
        let slot = Arc::<Slot>::default();
        slots.push((id.clone(), slot.clone()));
        slot
    }

    /// How many models were loaded so far; that ten instances share one shows here.
    #[must_use]
    pub fn loads(&self) -> u64 {
        self.loads.load(Ordering::Relaxed)
    }

    /// The turns of the jobs that use these models.
    pub(super) fn turns(&self) -> &Turns {
        &self.turns
    }
}

impl Slot {
    fn is_used(&self) -> bool {
        matches!(&*self.state.lock(), State::Loaded(model) if model.strong_count() > 0)
    }
}

/// The model of a project is nowhere to be found.
fn missing(id: &ModelId) -> Failure {
    let text = format!(
        "The model \"{id}\" of this project is not on this computer. Choose its folder, or use the default model"
    );
    Failure::new(ErrorKind::MissingModel, text)
}

/// There is no model in the folder that the user, or a project of before, has named.
fn nothing_in(dir: &Path, cause: Failure) -> Failure {
    if cause.kind == ErrorKind::Cancelled {
        return cause;
    }
    let text = format!(
        "There is no model in {} that can be used. Choose another folder, or use the default model",
        dir.display()
    );
    Failure::new(ErrorKind::MissingModel, text).because(&cause)
}
