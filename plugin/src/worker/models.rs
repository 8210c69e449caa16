//! One loaded model per process, shared by all instances.

use super::journal;
use super::turns::Turns;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use straightshot_engine::Result;
use straightshot_engine::pipeline::{Generation, Generator};
use straightshot_protocol::{CancelToken, Card, Progress, Request};

/// What the worker needs of a model. The seam between plugin and engine: the plugin's tests put a tone generator
/// here.
pub trait SoundEngine: Send + Sync {
    /// What the model can do.
    fn card(&self) -> &Card;

    /// Makes the sound of `request`; see [`Generator::generate`].
    ///
    /// # Errors
    /// As [`Generator::generate`].
    fn generate(
        &self,
        request: &Request,
        progress: &mut (dyn FnMut(Progress) + Send),
        cancel: &CancelToken,
    ) -> Result<Generation>;
}

impl SoundEngine for Generator {
    fn card(&self) -> &Card {
        Self::card(self)
    }

    fn generate(
        &self,
        request: &Request,
        progress: &mut (dyn FnMut(Progress) + Send),
        cancel: &CancelToken,
    ) -> Result<Generation> {
        Self::generate(self, request, progress, cancel)
    }
}

/// Loads the model of a folder, `None` for the built-in one.
pub type Load = dyn Fn(Option<&Path>) -> Result<Arc<dyn SoundEngine>> + Send + Sync;

/// Loaded models by folder, and the turn of the instances that use them.
///
/// A model lives as long as an instance holds it; the cache itself keeps none alive.
pub struct ModelCache {
    load: Box<Load>,
    models: Mutex<HashMap<Option<PathBuf>, Weak<dyn SoundEngine>>>,
    /// Whose job computes.
    turns: Turns,
    loads: AtomicU64,
}

/// The cache of this process.
static PROCESS_CACHE: OnceLock<Arc<ModelCache>> = OnceLock::new();

impl ModelCache {
    /// An empty cache that loads with `load`.
    #[must_use]
    pub fn new(load: impl Fn(Option<&Path>) -> Result<Arc<dyn SoundEngine>> + Send + Sync + 'static) -> Self {
        Self {
            load: Box::new(load),
            models: Mutex::default(),
            turns: Turns::default(),
            loads: AtomicU64::new(0),
        }
    }

    /// The cache that all plugin instances of this process share.
    #[must_use]
    pub fn process() -> Arc<Self> {
        PROCESS_CACHE.get_or_init(|| Arc::new(Self::new(load_generator))).clone()
    }

    /// Makes `cache` the one of this process; possible before the first instance is made. Returns whether it was.
    pub fn install(cache: Arc<Self>) -> bool {
        PROCESS_CACHE.set(cache).is_ok()
    }

    /// The model of `dir`, loaded if no instance holds it.
    ///
    /// # Errors
    /// Those of loading; a later call tries again.
    pub fn get(&self, dir: Option<&Path>) -> Result<Arc<dyn SoundEngine>> {
        let key = dir.map(|dir| dir.canonicalize().unwrap_or_else(|_| dir.to_owned()));
        let mut models = self.models.lock();
        if let Some(model) = models.get(&key).and_then(Weak::upgrade) {
            return Ok(model);
        }
        let model = (self.load)(key.as_deref())?;
        self.loads.fetch_add(1, Ordering::Relaxed);
        models.retain(|_, model| model.strong_count() > 0);
        models.insert(key, Arc::downgrade(&model));
        Ok(model)
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

fn load_generator(dir: Option<&Path>) -> Result<Arc<dyn SoundEngine>> {
    let generator = match dir {
        Some(dir) => Generator::from_dir(dir)?,
        None => Generator::builtin()?,
    };
    journal::placed(generator.placement());
    Ok(Arc::new(generator))
}
