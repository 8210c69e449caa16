//! Which model folders were seen on this computer, and what was in them: how a model is found again by its content when
//! its folder has moved.
//!
//! The list is a small file, `models.json` beside the user's takes. It is no more than a memory: what it says of a folder
//! counts only while the files there have the size and time that they had, and losing it costs time. Nothing is read when a
//! host scans, makes or restores an instance; only job threads come here.

use super::source::ModelSource;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use straightshot_engine::model::folder::FILES;
use straightshot_protocol::{CancelToken, ContentHash, Failure, ModelId};
use straightshot_takes::{SavedPath, data_folder, write_whole};

/// Name of the file in the user's data folder.
const FILE: &str = "models.json";
/// Folders that are remembered; the one that was not met for longest goes first.
const MOST_FOLDERS: usize = 200;
/// Entries of a folder that are looked at in the search for a model.
const MOST_ENTRIES: usize = 2_000;
/// A file that was changed less than this before it was read may be changed again in the same tick of the file system's
/// clock, without a trace: what was read of it is not remembered.
const SETTLED: Duration = Duration::from_secs(2);

/// The list of folders.
pub struct Places {
    /// `None` remembers as long as the process lives.
    file: Option<PathBuf>,
    /// Read from the file when it is first of use.
    known: Mutex<Option<Vec<Known>>>,
}

/// What was in a folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Known {
    folder: SavedPath,
    /// Of its files.
    stamp: Stamp,
    /// Of what was in them.
    hash: ContentHash,
    /// For whoever reads the list.
    name: String,
}

/// Length and time of change of each file of a model, by which a change is seen without reading them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp(Vec<(String, u64, u64)>);

impl Stamp {
    /// `None` if there is no model in `folder`.
    fn of(folder: &Path) -> Option<Self> {
        let mut files = Vec::new();
        for name in FILES {
            let Ok(about) = fs::metadata(folder.join(name)) else { continue };
            let since = about.modified().ok()?.duration_since(UNIX_EPOCH).unwrap_or_default();
            files.push((name.to_owned(), about.len(), u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)));
        }
        files.iter().any(|(name, ..)| name == FILES[0]).then_some(Self(files))
    }

    /// Whether the files are old enough for a change to show.
    fn is_settled(&self) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let latest = self.0.iter().map(|(_, _, time)| *time).max().unwrap_or_default();
        now.saturating_sub(Duration::from_nanos(latest)) >= SETTLED
    }
}

impl Places {
    /// Those that are remembered in `file`.
    #[must_use]
    pub fn in_file(file: PathBuf) -> Self {
        Self { file: Some(file), known: Mutex::default() }
    }

    /// Those of this process only.
    #[must_use]
    pub fn forgetful() -> Self {
        Self { file: None, known: Mutex::default() }
    }

    /// Those of the user.
    pub(super) fn of_user() -> Self {
        Self { file: data_folder().map(|data| data.join(FILE)), known: Mutex::default() }
    }

    /// Which model is in `folder`: as remembered while its files are the same, else by reading them.
    ///
    /// # Errors
    /// Those of reading; [`ErrorKind::Cancelled`](straightshot_protocol::ErrorKind::Cancelled).
    pub(super) fn identify(
        &self,
        folder: &Path,
        source: &dyn ModelSource,
        cancel: &CancelToken,
    ) -> Result<ModelId, Failure> {
        let stamp = Stamp::of(folder);
        if let Some(stamp) = &stamp
            && let Some(known) = self.known().into_iter().find(|k| k.folder.0 == folder && k.stamp == *stamp)
        {
            return Ok(ModelId::new(known.hash, known.name));
        }
        let name = source.name(folder)?;
        let hash = source.hash(folder, cancel)?;
        if let Some(stamp) = stamp.filter(Stamp::is_settled) {
            self.remember(Known { folder: SavedPath(folder.to_owned()), stamp, hash, name: name.clone() });
        }
        Ok(ModelId::new(hash, name))
    }

    /// A folder with the model `id`: where it was `seen` last, one that is known, or one beside these.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`](straightshot_protocol::ErrorKind::Cancelled). A folder that cannot be read is passed over.
    pub(super) fn find(
        &self,
        id: &ModelId,
        seen: Option<&Path>,
        source: &dyn ModelSource,
        cancel: &CancelToken,
    ) -> Result<Option<PathBuf>, Failure> {
        let known = self.known();
        let is_wanted = |known: &&Known| Some(known.hash) == id.hash;
        let first: Vec<&Path> = seen
            .into_iter()
            .chain(known.iter().filter(is_wanted).map(|known| known.folder.0.as_path()))
            .collect();
        let all: Vec<&Path> =
            first.iter().copied().chain(known.iter().map(|known| known.folder.0.as_path())).collect();
        let mut parents: Vec<&Path> = Vec::new();
        for parent in all.iter().filter_map(|folder| folder.parent()) {
            if !parent.as_os_str().is_empty() && !parents.contains(&parent) {
                parents.push(parent);
            }
        }
        let beside = parents.into_iter().flat_map(folders_in);
        let mut tried: Vec<PathBuf> = Vec::new();
        for folder in first.iter().map(|folder| folder.to_path_buf()).chain(beside) {
            cancel.check()?;
            if tried.contains(&folder) {
                continue;
            }
            // The name is part of the content, and much quicker to read.
            let may_be = source.name(&folder).is_ok_and(|name| id.name.is_empty() || name == id.name);
            if may_be && self.identify(&folder, source, cancel).is_ok_and(|found| found == *id) {
                return Ok(Some(folder));
            }
            cancel.check()?;
            tried.push(folder);
        }
        Ok(None)
    }

    fn known(&self) -> Vec<Known> {
        self.known.lock().get_or_insert_with(|| self.read()).clone()
    }

    fn read(&self) -> Vec<Known> {
        let text = self.file.as_ref().and_then(|file| fs::read_to_string(file).ok());
        // A list that cannot be read is begun anew; so is one of another version.
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// Puts `new` in front. The file is read again first: another process may have written it.
    fn remember(&self, new: Known) {
        let mut known = self.known.lock();
        let mut list = if self.file.is_some() { self.read() } else { known.take().unwrap_or_default() };
        list.retain(|old| old.folder != new.folder);
        list.insert(0, new);
        list.truncate(MOST_FOLDERS);
        if let Some(file) = &self.file
            && let Err(e) = write(file, &list)
        {
            tracing::warn!("{} could not be written: {e}", file.display());
        }
        *known = Some(list);
    }
}

fn write(file: &Path, list: &[Known]) -> std::io::Result<()> {
    write_whole(file, serde_json::to_string_pretty(list)?.as_bytes())
}

/// The folders in a folder, in the order of their names; none if it cannot be read.
fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().take(MOST_ENTRIES).flatten();
    let mut folders: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.join(FILES[0]).is_file()).collect();
    folders.sort();
    folders
}
