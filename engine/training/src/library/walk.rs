//! The sounds and tables below a folder.
//!
//! Links are followed only to what is inside the folder, and to each place once.

use super::report::{self, Report};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use straightshot_engine::error::{Error, ErrorKind, Result};

/// Endings of sounds that are read.
const SOUNDS: [&str; 5] = ["wav", "wave", "flac", "ogg", "oga"];
/// Endings of sounds that are not: they get a line of the report.
const OTHER_SOUNDS: [&str; 9] = ["mp3", "aif", "aiff", "aifc", "m4a", "wma", "opus", "caf", "w64"];

/// A sound in the folder.
#[derive(Debug, Clone)]
pub(super) struct SoundFile {
    pub(super) path: PathBuf,
    /// Its path inside the folder with `/` between the parts, as in reports and tables.
    pub(super) name: String,
}

/// What is in a folder.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) sounds: Vec<SoundFile>,
    /// CSV files: path, and the name that [`SoundFile`] would have.
    pub(super) tables: Vec<SoundFile>,
}

/// Lists the files below `root`, sorted by name.
///
/// # Errors
/// [`ErrorKind::Io`] if `root` is no folder that can be read.
pub(super) fn walk(root: &Path, report: &mut Report) -> Result<Found> {
    let fail = |e: std::io::Error| {
        Error::new(ErrorKind::Io, format!("The folder {} cannot be read", root.display())).with_source(e)
    };
    let top = root.canonicalize().map_err(fail)?;
    std::fs::read_dir(root).map_err(fail)?;
    let mut walk = Walk { root, seen: HashSet::from([top.clone()]), top, waiting: vec![root.to_owned()] };
    let mut found = Found::default();
    while let Some(folder) = walk.waiting.pop() {
        match std::fs::read_dir(&folder) {
            Ok(entries) => {
                // An entry that cannot be listed has no name to report.
                let mut paths: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
                paths.sort();
                paths.into_iter().for_each(|path| walk.visit(path, &mut found, report));
            }
            Err(e) => report.skip(&walk.name(&folder), report::UNREADABLE, format!("the folder: {e}")),
        }
    }
    found.sounds.sort_by(|a, b| a.name.cmp(&b.name));
    found.tables.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// What a name says about a file.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Sound,
    OtherSound,
    Table,
    Other,
}

fn kind(path: &Path) -> Kind {
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "csv" => Kind::Table,
        ending if SOUNDS.contains(&ending) => Kind::Sound,
        ending if OTHER_SOUNDS.contains(&ending) => Kind::OtherSound,
        _ => Kind::Other,
    }
}

struct Walk<'a> {
    root: &'a Path,
    top: PathBuf,
    seen: HashSet<PathBuf>,
    waiting: Vec<PathBuf>,
}

impl Walk<'_> {
    fn name(&self, path: &Path) -> String {
        let parts = path.strip_prefix(self.root).unwrap_or(path).components();
        parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
    }

    fn visit(&mut self, path: PathBuf, found: &mut Found, report: &mut Report) {
        let (name, kind) = (self.name(&path), kind(&path));
        let heard = matches!(kind, Kind::Sound | Kind::OtherSound);
        let hidden = path.file_name().is_some_and(|file| file.to_string_lossy().starts_with('.'));
        if hidden {
            if heard {
                report.skip(&name, report::HIDDEN, "its name begins with a dot");
            }
            return;
        }
        let target = match path.canonicalize() {
            Ok(target) => target,
            Err(e) => return report.skip(&name, report::UNREADABLE, e.to_string()),
        };
        if !target.starts_with(&self.top) {
            return report.skip(&name, report::OUTSIDE, "a link that leads out of the folder");
        }
        if target.is_dir() {
            match self.seen.insert(target) {
                true => self.waiting.push(path),
                false => report.skip(&name, report::AGAIN, "a link to a folder that is read anyway"),
            }
        } else if heard && !target.is_file() {
            report.skip(&name, report::UNREADABLE, "not a plain file");
        } else if kind == Kind::OtherSound {
            report.skip(&name, report::FORMAT, "only WAV, FLAC and Ogg Vorbis are read");
        } else if kind == Kind::Sound {
            match self.seen.insert(target) {
                true => found.sounds.push(SoundFile { path, name }),
                false => report.skip(&name, report::AGAIN, "a link to a file that is read anyway"),
            }
        } else if kind == Kind::Table && target.is_file() {
            found.tables.push(SoundFile { path, name });
        }
    }
}
