//! How files go out, the same for all projects of a user.

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use straightshot_protocol::{ErrorKind, Failure};
use straightshot_sound::place::Unnamed;
use straightshot_sound::wav::Depth;

/// Name of the file in the user's data folder.
const FILE: &str = "delivery.json";
/// Name of the folder among the user's music.
const FOLDER: &str = "Straightshot";
/// Set in tests and for trying things out: what is the user's goes there, delivered files too.
const DATA_VARIABLE: &str = "STRAIGHTSHOT_DATA";

/// Rates that can be chosen beside the host's.
pub const RATES_HZ: [u32; 3] = [44_100, 48_000, 96_000];

/// Kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Container {
    /// Broadcast Wave.
    #[default]
    Wav,
    /// FLAC: smaller, nothing lost, no floating point.
    Flac,
}

impl Container {
    /// The ending of its files.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Flac => "flac",
        }
    }

    /// Whether its files can have `depth`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`] for floating point in FLAC.
    pub fn check(self, depth: Depth) -> Result<(), Failure> {
        if self == Self::Flac && depth == Depth::Float32 {
            let text = "A FLAC file holds whole numbers of 16 or 24 bits; 32-bit floats go into .wav";
            return Err(Failure::new(ErrorKind::InvalidRequest, text));
        }
        Ok(())
    }

    /// The kind that the ending of `path` names.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`] with the endings that there are.
    pub fn of(path: &Path) -> Result<Self, Failure> {
        let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("wav" | "bwf") => Ok(Self::Wav),
            Some("flac") => Ok(Self::Flac),
            other => {
                let ending = other.map_or("no ending".into(), |other| format!("the ending .{other}"));
                let text = format!(
                    "{} has {ending}; a file that ends in .wav or .flac can be written",
                    path.display()
                );
                Err(Failure::new(ErrorKind::InvalidRequest, text))
            }
        }
    }
}

/// How files go out. A file that cannot be read counts as none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Kind of file.
    pub container: Container,
    /// How samples are written.
    pub depth: Depth,
    /// Sample rate in Hz; `None` is the host's, or the sound's own where there is no host.
    pub rate_hz: Option<u32>,
    /// Who made it: the block CreatorID of the name.
    pub creator: String,
    /// What it is for, a show or a library: the block SourceID of the name.
    pub source: String,
    /// Where files are written; `None` is [`default_folder`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// Whether a text file with the recipe is written beside each.
    pub sidecar: bool,
}

impl Settings {
    /// The settings in the folder `data`, the usual ones where there are none.
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
        let text = serde_json::to_string_pretty(self).map_err(|e| {
            Failure::new(ErrorKind::Io, "The settings of files could not be written").because(&e)
        })?;
        Unnamed::write(data, text.as_bytes())?.replace(&data.join(FILE))
    }

    /// Where files are written, `None` if the user has chosen no folder and the system names none.
    #[must_use]
    pub fn folder(&self) -> Option<PathBuf> {
        self.folder.clone().or_else(default_folder)
    }

    /// How samples are really written: FLAC has no floating point.
    #[must_use]
    pub fn real_depth(&self) -> Depth {
        match (self.container, self.depth) {
            (Container::Flac, Depth::Float32) => Depth::Pcm24,
            (_, depth) => depth,
        }
    }
}

/// Where files are written by default: `Straightshot` among the user's music, where they and the host find it, and no
/// system tidies up.
#[must_use]
pub fn default_folder() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(data) = set(DATA_VARIABLE) {
        return Some(data.join("delivered"));
    }
    let home = set(if cfg!(target_os = "windows") { "USERPROFILE" } else { "HOME" })?;
    let named = if cfg!(target_os = "linux") { music_of_the_desktop(&home) } else { None };
    Some(named.unwrap_or_else(|| home.join("Music")).join(FOLDER))
}

/// What a Linux desktop calls the folder for music: `XDG_MUSIC_DIR="$HOME/Musik"` in its list of folders.
fn music_of_the_desktop(home: &Path) -> Option<PathBuf> {
    let config = std::env::var_os("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
    music_in(&std::fs::read_to_string(config.join("user-dirs.dirs")).ok()?, home)
}

fn music_in(list: &str, home: &Path) -> Option<PathBuf> {
    let value = list.lines().find_map(|line| line.trim().strip_prefix("XDG_MUSIC_DIR="))?.trim_matches('"');
    let folder = match value.strip_prefix("$HOME/") {
        Some(inside) => home.join(inside),
        None => PathBuf::from(value),
    };
    // A desktop without such a folder names the home folder itself.
    (folder.is_absolute() && folder != home).then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_kept_and_old_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Settings::read(folder.path()), Settings::default());
        let settings = Settings {
            container: Container::Flac,
            depth: Depth::Float32,
            rate_hz: Some(96_000),
            creator: "FLSH".into(),
            source: "Show X".into(),
            folder: Some("/somewhere/else".into()),
            sidecar: true,
        };
        settings.write(folder.path()).unwrap();
        settings.write(folder.path()).unwrap();
        assert_eq!(Settings::read(folder.path()), settings);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        std::fs::write(folder.path().join(FILE), r#"{"depth":"16","later":1}"#).unwrap();
        let read = Settings::read(folder.path());
        assert_eq!(read, Settings { depth: Depth::Pcm16, ..Settings::default() });
        assert_eq!(settings.real_depth(), Depth::Pcm24);
    }

    #[test]
    fn the_ending_decides_or_is_refused_with_a_sentence() {
        assert_eq!(Container::of(Path::new("a.WAV")), Ok(Container::Wav));
        assert_eq!(Container::of(Path::new("a.b/c.flac")), Ok(Container::Flac));
        for (path, said) in [("a.mp3", "the ending .mp3"), ("door", "no ending")] {
            let failure = Container::of(Path::new(path)).unwrap_err();
            assert_eq!(failure.kind, ErrorKind::InvalidRequest);
            assert!(failure.to_string().contains(said), "{failure}");
            assert!(failure.to_string().contains(".wav or .flac"), "{failure}");
        }
    }

    #[test]
    fn the_music_folder_of_a_desktop_is_found() {
        let home = Path::new("/home/a");
        let list = "# x\nXDG_DOCUMENTS_DIR=\"$HOME/Dokumente\"\nXDG_MUSIC_DIR=\"$HOME/Musik\"\n";
        assert_eq!(music_in(list, home), Some("/home/a/Musik".into()));
        assert_eq!(music_in("XDG_MUSIC_DIR=\"/data/music\"", home), Some("/data/music".into()));
        assert_eq!(music_in("XDG_MUSIC_DIR=\"$HOME/\"", home), None);
        assert_eq!(music_in("", home), None);
    }
}
