//! Sounds outside the project: a folder with one FLAC file each.
//!
//! A file is called `<beginning of the prompt> <beginning of its hash>.flac`, so that people find their way and
//! Straightshot finds a hash by the names alone. The folder itself is the only list: files may be added, removed and
//! renamed; one without a hash in its name is found by its content.

mod moving;
mod trash;

pub use moving::MoveProgress;
pub(crate) use trash::place as trash_place;

use super::index::{Marks, marks};
use super::names::{EXTENSION, digits, file_name, hash_in_name};
use super::whole_file::write_whole;
use parking_lot::{Mutex, MutexGuard};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use straightshot_protocol::{ContentHash, ErrorKind, Failure};

/// Name of the variable with the folder that everything of the user's is put into, in place of the usual one. Tests
/// set it.
const FOLDER_VARIABLE: &str = "STRAIGHTSHOT_DATA";
/// Bytes of sounds that a folder is meant to hold at most, unless the user sets it otherwise: about an hour and a half of
/// stereo.
pub(super) const DEFAULT_QUOTA_BYTES: u64 = 2_000_000_000;

/// Where Straightshot keeps what is the user's: takes, settings, the session of the program without a host. `None`
/// where the system names no such place.
#[must_use]
pub fn data_folder() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = set(FOLDER_VARIABLE) {
        return Some(folder);
    }
    let base = if cfg!(target_os = "windows") {
        set("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        set("HOME").map(|home| home.join("Library").join("Application Support"))
    } else {
        set("XDG_DATA_HOME").or_else(|| set("HOME").map(|home| home.join(".local").join("share")))
    };
    base.map(|base| base.join("straightshot"))
}

/// The folder with the sounds of takes. Shared by all instances; every call looks at the files themselves, so that
/// several programs can use one folder.
pub struct TakesFolder {
    place: Mutex<Place>,
    /// Says where the folder is, asked at the first use.
    whereabouts: Box<dyn Fn() -> PathBuf + Send + Sync>,
    /// Says how many bytes it is meant to hold at most, asked whenever that matters: the user may have changed it.
    quota_bytes: Box<dyn Fn() -> u64 + Send + Sync>,
}

#[derive(Debug, Default)]
struct Place {
    /// Empty until it was asked for.
    folder: PathBuf,
    /// What was answered when it was asked for last.
    answer: PathBuf,
    /// Files by the beginning of their hash, as far as they were seen; asked first, never trusted.
    seen: HashMap<String, PathBuf>,
}

/// One file of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The file.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// When it was written.
    pub written: SystemTime,
}

/// What a folder holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Sounds.
    pub files: usize,
    /// Bytes of all of them.
    pub bytes: u64,
}

impl TakesFolder {
    /// The takes in `folder`, which is made when the first sound is written.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        Self::at(move || folder.clone())
    }

    /// The takes in the folder that `whereabouts` returns. It is called at the first use, so that whoever only makes an
    /// instance of the plugin touches no file.
    pub(crate) fn at(whereabouts: impl Fn() -> PathBuf + Send + Sync + 'static) -> Self {
        Self {
            place: Mutex::default(),
            whereabouts: Box::new(whereabouts),
            quota_bytes: Box::new(|| DEFAULT_QUOTA_BYTES),
        }
    }

    /// The same folder, meant to hold as many bytes as `quota_bytes` returns.
    #[must_use]
    pub fn with_quota(self, quota_bytes: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self { quota_bytes: Box::new(quota_bytes), ..self }
    }

    /// How many bytes it is meant to hold at most. Nothing is refused or deleted beyond that; the user is told.
    #[must_use]
    pub fn quota_bytes(&self) -> u64 {
        (self.quota_bytes)()
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        let mut place = self.place.lock();
        if place.folder.as_os_str().is_empty() {
            let answer = (self.whereabouts)();
            place.folder.clone_from(&answer);
            place.answer = answer;
        }
        place
    }

    /// Asks again where it is: another program may have moved it. Returns whether it is elsewhere now.
    pub(crate) fn follow(&self) -> bool {
        let answer = (self.whereabouts)();
        let mut place = self.place();
        if place.answer == answer {
            return false;
        }
        place.answer.clone_from(&answer);
        let moved = place.folder != answer;
        place.folder = answer;
        place.seen.clear();
        moved
    }

    /// Writes down what the user says about sounds.
    ///
    /// # Errors
    /// [`ErrorKind::Io`].
    pub fn mark(&self, marks: &[(ContentHash, Marks)]) -> Result<(), Failure> {
        // Held until it is written, so that it is not written to a place that the sounds have just left.
        let place = self.place();
        marks::write(&place.folder, marks).map_err(|e| {
            Failure::new(ErrorKind::Io, format!("This could not be noted in {}", place.folder.display()))
                .because(&e)
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.place().folder.clone()
    }

    /// Whether a file says by its name that it is `hash`.
    #[must_use]
    pub fn holds(&self, hash: &ContentHash) -> bool {
        self.place().find(hash).is_some()
    }

    /// Writes a sound, beside its place and renamed when it is complete and on the disk. `title` becomes part of the
    /// name. Does nothing if the folder has it.
    ///
    /// # Errors
    /// [`ErrorKind::Io`].
    pub fn write(&self, hash: &ContentHash, title: &str, bytes: &[u8]) -> Result<(), Failure> {
        self.follow();
        let mut place = self.place();
        if place
            .find(hash)
            .is_some_and(|path| fs::metadata(path).is_ok_and(|m| m.len() == bytes.len() as u64))
        {
            return Ok(());
        }
        let path = place.folder.join(file_name(hash, title));
        write_whole(&path, bytes).map_err(|e| {
            Failure::new(ErrorKind::Io, format!("A take could not be written to {}", place.folder.display()))
                .because(&e)
        })?;
        place.seen.insert(digits(hash), path);
        Ok(())
    }

    /// The bytes of a sound; they have its hash.
    ///
    /// # Errors
    /// Why there are none: the file is missing, or not what it says.
    pub fn read(&self, hash: &ContentHash) -> Result<Vec<u8>, &'static str> {
        match self.read_here(hash) {
            Err(_) if self.follow() => self.read_here(hash),
            read => read,
        }
    }

    fn read_here(&self, hash: &ContentHash) -> Result<Vec<u8>, &'static str> {
        const MISSING: &str = "it is neither in the project nor in the takes folder";
        let (named, folder) = {
            let mut place = self.place();
            (place.find(hash), place.folder.clone())
        };
        if let Some(bytes) = named.as_ref().and_then(|path| read_as(path, hash)) {
            return Ok(bytes);
        }
        // Not where its name says, or renamed.
        let renamed = files(&folder).into_iter().find_map(|entry| {
            let named = hash_in_name(&entry.path).is_some();
            if named { None } else { read_as(&entry.path, hash).map(|bytes| (entry.path, bytes)) }
        });
        if let Some((path, bytes)) = renamed {
            self.place().seen.insert(digits(hash), path);
            return Ok(bytes);
        }
        match self.rescue(hash) {
            Some(bytes) => Ok(bytes),
            None if named.is_some() => Err("its file in the takes folder is damaged"),
            None => Err(MISSING),
        }
    }

    /// All sounds, oldest first.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries = files(&self.path());
        entries.sort_by(|a, b| (a.written, &a.path).cmp(&(b.written, &b.path)));
        entries
    }

    /// How much there is.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let entries = self.entries();
        Usage { files: entries.len(), bytes: entries.iter().map(|entry| entry.bytes).sum() }
    }

    /// The oldest sounds that would have to go for the others to fit into `quota` bytes, without those of `in_use`.
    /// Nothing is deleted: ask the user, and call [`delete`](Self::delete). Projects that are not open may refer to them.
    #[must_use]
    pub fn beyond(&self, quota: u64, in_use: &[ContentHash]) -> Vec<Entry> {
        let in_use: Vec<String> = in_use.iter().map(digits).collect();
        let entries = self.entries();
        let mut held: u64 = entries.iter().map(|entry| entry.bytes).sum();
        let mut beyond = Vec::new();
        for entry in entries {
            if held <= quota {
                break;
            }
            if !hash_in_name(&entry.path).is_some_and(|hash| in_use.contains(&hash)) {
                held -= entry.bytes;
                beyond.push(entry);
            }
        }
        beyond
    }

    /// Deletes sounds for good. Call it only with what the user has agreed to.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] at the first that cannot be deleted; those before it are gone.
    pub fn delete(&self, entries: &[Entry]) -> Result<(), Failure> {
        let mut place = self.place();
        place.seen.clear();
        for entry in entries {
            fs::remove_file(&entry.path).map_err(|e| {
                Failure::new(ErrorKind::Io, format!("{} could not be deleted", entry.path.display()))
                    .because(&e)
            })?;
        }
        Ok(())
    }
}

impl Place {
    /// The file that says by its name that it is `hash`.
    fn find(&mut self, hash: &ContentHash) -> Option<PathBuf> {
        let digits = digits(hash);
        if let Some(path) = self.seen.get(&digits).filter(|path| path.is_file()) {
            return Some(path.clone());
        }
        self.seen = files(&self.folder)
            .into_iter()
            .filter_map(|entry| Some((hash_in_name(&entry.path)?, entry.path)))
            .collect();
        self.seen.get(&digits).cloned()
    }
}

/// The bytes of the file, if they are those of `hash`.
fn read_as(path: &Path, hash: &ContentHash) -> Option<Vec<u8>> {
    let bytes = fs::read(path).ok()?;
    (ContentHash::of([bytes.as_slice()]) == *hash).then_some(bytes)
}

/// The sounds in `folder`; none if it cannot be read.
pub(crate) fn files(folder: &Path) -> Vec<Entry> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let path = entry.path();
            let about = entry.metadata().ok()?;
            let is_sound =
                about.is_file() && path.extension().is_some_and(|extension| extension == EXTENSION);
            is_sound.then(|| Entry {
                path,
                bytes: about.len(),
                written: about.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            })
        })
        .collect()
}
