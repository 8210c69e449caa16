//! What the user has set for all projects: where the takes are, and how much of them.

use super::folder::{DEFAULT_QUOTA_BYTES, MoveProgress, TakesFolder, data_folder};
use super::whole_file::write_whole;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use straightshot_listening::LevelChoice;
use straightshot_protocol::{ErrorKind, Failure};

/// Name of the file in the data folder.
const FILE: &str = "settings.json";

/// Settings of all instances and projects of one user. A file that cannot be read counts as none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Where sounds are kept; `None` is the folder `takes` in [`data_folder`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub takes_folder: Option<PathBuf>,
    /// Bytes that the takes folder is meant to hold at most. Beyond that the user is told; nothing is deleted for it.
    pub quota_bytes: u64,
    /// How loud new sounds are.
    pub level: LevelChoice,
}

impl Default for Settings {
    fn default() -> Self {
        Self { takes_folder: None, quota_bytes: DEFAULT_QUOTA_BYTES, level: LevelChoice::default() }
    }
}

impl Settings {
    /// The settings in `data`, the usual ones where there are none.
    #[must_use]
    pub fn read(data: &Path) -> Self {
        let text = std::fs::read_to_string(data.join(FILE)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Writes them into `data`.
    ///
    /// # Errors
    /// [`ErrorKind::Io`].
    pub fn write(&self, data: &Path) -> Result<(), Failure> {
        let fail = |e: &dyn std::fmt::Display| {
            Failure::new(
                ErrorKind::Io,
                format!("The settings could not be written to {}: {e}", data.display()),
            )
        };
        let text = serde_json::to_string_pretty(self).map_err(|e| fail(&e))?;
        write_whole(&data.join(FILE), text.as_bytes()).map_err(|e| fail(&e))
    }
}

impl TakesFolder {
    /// Moves all sounds to `folder` for good: [`move_with`](Self::move_with), remembered in the settings in `data`.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] or [`ErrorKind::Cancelled`]; the old place stays in use.
    pub fn relocate(
        &self,
        folder: &Path,
        data: &Path,
        go_on: impl FnMut(MoveProgress) -> bool,
    ) -> Result<(), Failure> {
        self.move_with(folder, go_on, || {
            Settings { takes_folder: Some(folder.to_owned()), ..Settings::read(data) }.write(data)
        })
    }

    /// The user's takes folder, one object for all instances of the process. `None` where the system names no place for
    /// a user's data. Touches no file; the settings are read when the first sound is kept.
    #[must_use]
    pub fn of_user() -> Option<Arc<Self>> {
        static FOLDER: OnceLock<Option<Arc<TakesFolder>>> = OnceLock::new();
        let open = || {
            let data = data_folder()?;
            let settings = data.clone();
            let whereabouts =
                move || Settings::read(&data).takes_folder.unwrap_or_else(|| data.join("takes"));
            let folder = Self::at(whereabouts).with_quota(move || Settings::read(&settings).quota_bytes);
            Some(Arc::new(folder))
        };
        FOLDER.get_or_init(open).clone()
    }
}
