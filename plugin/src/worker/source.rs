//! Where models come from, as the worker sees it: the seam between plugin and engine.

use super::journal;
use std::path::Path;
use std::sync::Arc;
use straightshot_engine::Result;
use straightshot_engine::model::{ModelFiles, builtin_card, folder};
use straightshot_engine::pipeline::{Event, Generator};
use straightshot_protocol::{CancelToken, Card, ContentHash, Request};

/// What the worker needs of a model. The seam between plugin and engine: the plugin's tests put a tone generator
/// here.
pub trait SoundEngine: Send + Sync {
    /// What the model can do.
    fn card(&self) -> &Card;

    /// How many sounds of `request` are best made together; see [`Generator::together`].
    fn together(&self, request: &Request) -> usize;

    /// Makes the sound of `request` from each of `seeds`; see [`Generator::generate_each`].
    ///
    /// # Errors
    /// As [`Generator::generate_each`].
    fn generate_each(
        &self,
        request: &Request,
        seeds: &[u64],
        tell: &mut (dyn FnMut(Event) + Send),
        cancel: &CancelToken,
    ) -> Result<()>;
}

impl SoundEngine for Generator {
    fn card(&self) -> &Card {
        Self::card(self)
    }

    fn together(&self, request: &Request) -> usize {
        Self::together(self, request)
    }

    fn generate_each(
        &self,
        request: &Request,
        seeds: &[u64],
        tell: &mut (dyn FnMut(Event) + Send),
        cancel: &CancelToken,
    ) -> Result<()> {
        Self::generate_each(self, request, seeds, tell, cancel)
    }
}

/// Where models come from. All of it but [`default_card`](Self::default_card) reads files.
pub trait ModelSource: Send + Sync {
    /// The card of the model that is part of the program.
    fn default_card(&self) -> Card;

    /// The name of the model in `folder`.
    ///
    /// # Errors
    /// If there is none.
    fn name(&self, folder: &Path) -> Result<String>;

    /// What the model in `folder` is, by all that it holds.
    ///
    /// # Errors
    /// If it cannot be read, or `cancel` was raised.
    fn hash(&self, folder: &Path, cancel: &CancelToken) -> Result<ContentHash>;

    /// What the model in `folder`, with that hash, can do.
    ///
    /// # Errors
    /// If it cannot be read.
    fn card(&self, folder: &Path, hash: ContentHash) -> Result<Card>;

    /// Loads the model of a folder, `None` for the one that is part of the program.
    ///
    /// # Errors
    /// If it cannot be loaded, or `cancel` was raised.
    fn load(&self, folder: Option<&Path>, cancel: &CancelToken) -> Result<Arc<dyn SoundEngine>>;
}

/// The card of the model that is part of the program. Reads no file.
#[must_use]
pub fn default_card() -> Card {
    builtin_card()
}

/// Models of the engine.
pub(super) struct EngineModels;

impl ModelSource for EngineModels {
    fn default_card(&self) -> Card {
        default_card()
    }

    fn name(&self, dir: &Path) -> Result<String> {
        folder::name(dir)
    }

    fn hash(&self, dir: &Path, cancel: &CancelToken) -> Result<ContentHash> {
        folder::hash(dir, cancel)
    }

    fn card(&self, dir: &Path, hash: ContentHash) -> Result<Card> {
        folder::read_card(dir, hash)
    }

    fn load(&self, dir: Option<&Path>, cancel: &CancelToken) -> Result<Arc<dyn SoundEngine>> {
        let files = match dir {
            Some(dir) => ModelFiles::from_dir_until(dir, cancel)?,
            None => ModelFiles::builtin(),
        };
        let generator = Generator::load(&files, files.hash_until(cancel)?, cancel)?;
        journal::placed(generator.placement());
        Ok(Arc::new(generator))
    }
}
