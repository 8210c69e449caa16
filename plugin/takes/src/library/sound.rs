//! One sound of the library.

use super::super::kept::{Facts as SoundFacts, Flac, Kept};
use super::super::version::Version;
use super::super::{Take, TakeId, default_name, flac};
use super::words::fold;
use crate::features::{Features, features};
use crate::index::{Heard, Marks};
use std::path::PathBuf;
use straightshot_protocol::ErrorKind;
use straightshot_protocol::{ContentHash, Failure};

/// Field of a take that says that it came from the library.
const FROM_LIBRARY: &str = "from_library";

/// A category of sounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// CatID of the Universal Category System.
    pub id: String,
    /// Its names, for people and for the search.
    pub words: String,
}

/// A sound of the takes folder with all that is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct LibrarySound {
    /// Its file.
    pub path: PathBuf,
    /// Length of the file.
    pub bytes: u64,
    /// When it was made, in milliseconds since 1970.
    pub made_ms: u64,
    /// What follows from the sound itself.
    pub heard: Heard,
    /// What the user has said about it.
    pub marks: Marks,
    /// The category that the user has chosen, or the one that its prompt proposes.
    pub category: Option<Category>,
    /// Everything that can be searched for, [folded](fold).
    words: String,
}

impl LibrarySound {
    pub(super) fn new(
        path: PathBuf,
        bytes: u64,
        made_ms: u64,
        heard: Heard,
        marks: Marks,
        category: Option<Category>,
    ) -> Self {
        let mut sound = Self { path, bytes, made_ms, heard, marks, category, words: String::new() };
        sound.words = sound.searched();
        sound
    }

    fn searched(&self) -> String {
        let request = &self.heard.request;
        let category = self.category.as_ref();
        let texts = [
            self.marks.name.as_deref().unwrap_or_default(),
            &request.prompt,
            &self.marks.notes,
            category.map_or("", |category| &category.words),
            category.map_or("", |category| &category.id),
            &request.model.name,
        ];
        let seed = request.seed.to_string();
        let texts =
            texts.into_iter().chain(self.marks.tags.iter().map(String::as_str)).chain([seed.as_str()]);
        // Words between quotes do not reach from one text into the next.
        fold(&texts.collect::<Vec<_>>().join("\n"))
    }

    /// The hash that it is known by.
    #[must_use]
    pub fn hash(&self) -> ContentHash {
        self.heard.hash
    }

    /// What it is called: the user's name for it, or its whole prompt.
    #[must_use]
    pub fn name(&self) -> &str {
        self.marks.name.as_deref().unwrap_or_else(|| self.heard.request.prompt.trim())
    }

    /// Its outline from left to right, 1 for full scale.
    pub fn levels(&self) -> impl ExactSizeIterator<Item = f32> {
        self.heard.picture.iter().map(|level| f32::from(*level) / 255.0)
    }

    /// Everything that can be searched for, [folded](fold).
    #[must_use]
    pub fn words(&self) -> &str {
        &self.words
    }

    /// A take with this sound, its recipe and what the user has said about it. Its samples are not in memory: the keeper
    /// of the session that it is put into reads them.
    #[must_use]
    pub fn take(&self, id: TakeId) -> Take {
        let heard = &self.heard;
        let facts = SoundFacts {
            hash: heard.hash,
            sample_rate_hz: heard.sample_rate_hz,
            channels: heard.channels,
            frames: heard.frames,
            bytes: self.bytes,
        };
        let mut take =
            Take::kept(id, heard.request.clone(), Kept::Flac(Flac { facts, text: None, stored: true }));
        take.name = self.marks.name.clone().unwrap_or_else(|| default_name(&heard.request));
        take.starred = self.marks.starred;
        take.rejected = self.marks.rejected;
        take.notes.clone_from(&self.marks.notes);
        take.category.clone_from(&self.marks.category);
        take.extra.insert(FROM_LIBRARY.to_owned(), true.into());
        take
    }

    /// The same take with its samples, which are read from the file. Takes time: not for the window's thread.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] or [`ErrorKind::BadData`], in the user's words.
    pub fn load(&self, id: TakeId) -> Result<Take, Failure> {
        let fail = |kind, why: &str| Failure::new(kind, format!("\"{}\" cannot be read: {why}", self.name()));
        let bytes = std::fs::read(&self.path)
            .map_err(|e| fail(ErrorKind::Io, "its file is not there or cannot be opened").because(&e))?;
        if ContentHash::of([bytes.as_slice()]) != self.hash() {
            return Err(fail(ErrorKind::BadData, "its file has changed since it was made"));
        }
        let audio = flac::decode(&bytes).map_err(|fault| fail(ErrorKind::BadData, fault))?;
        let mut take = self.take(id);
        take.shown.hear(audio);
        Ok(take)
    }
}

impl Take {
    /// Whether it was taken from the library, and not made in this project.
    #[must_use]
    pub fn is_from_library(&self) -> bool {
        self.extra.get(FROM_LIBRARY).is_some_and(|value| value == true)
    }

    /// The hash that its sound is kept by; `None` while that is not known.
    #[must_use]
    pub fn hash(&self) -> Option<ContentHash> {
        self.shown.hash()
    }

    /// What its sound sounds like, for finding others like it; `None` while it is not in memory. Takes a millisecond
    /// per second of sound.
    #[must_use]
    pub fn features(&self) -> Option<Features> {
        let version: &Version = &self.shown;
        (!version.audio.is_empty()).then(|| features(&version.audio))
    }
}
