//! The files below a folder, and what each of them is for.
//!
//! Links are followed only to what is inside the folder, and to each place once. Every file that is not the system's own gets
//! a line of the report, here or later.

use super::report::{self, Report};
use super::words::nfc;
use std::borrow::Cow;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use straightshot_engine::error::{Error, ErrorKind, Result};
use straightshot_sound::read;
use straightshot_sound::tags::plain;

/// Endings of sounds; what such a file really is, its contents tell.
const SOUNDS: &[&str] = &[
    "wav", "wave", "bwf", "rf64", "bw64", "w64", "flac", "ogg", "oga", "opus", "mp3", "mp2", "mp1", "m4a",
    "m4b", "aac", "aif", "aiff", "aifc", "caf", "au", "snd", "mka", "weba", "wv", "ape", "tta", "wma", "mpc",
    "ofr", "shn", "ac3", "dts", "amr", "dsf", "dff", "ra", "8svx", "iff", "sf2", "mid", "midi",
];
/// Endings of tables.
const TABLES: &[&str] = &["csv", "tsv", "jsonl", "ndjson"];
/// Endings of texts that may be a table or belong to a sound of the same name.
const TEXTS: &[&str] = &["txt", "json", "caption", "captions", "lab", "desc"];
/// Endings of tables that nothing here reads.
const OTHER_TABLES: &[&str] = &["xls", "xlsx", "ods", "numbers", "parquet", "arrow"];
/// What systems put into folders of people.
const SYSTEM: &[&str] = &["thumbs.db", "desktop.ini", "icon\r", "ehthumbs.db"];

/// A file in the folder.
#[derive(Debug, Clone)]
pub(super) struct SoundFile {
    pub(super) path: PathBuf,
    /// Its path inside the folder with `/` between the parts, as in reports and tables; composed Unicode, which file
    /// systems of macOS take apart.
    pub(super) name: String,
}

/// What is in a folder.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) sounds: Vec<SoundFile>,
    pub(super) tables: Vec<SoundFile>,
    /// Texts that may be tables or captions of a sound.
    pub(super) texts: Vec<SoundFile>,
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
    for files in [&mut found.sounds, &mut found.tables, &mut found.texts] {
        files.sort_by(|a, b| a.name.cmp(&b.name));
    }
    Ok(found)
}

/// The ending of a name in lower case, without its dot.
fn ending(path: &Path) -> String {
    path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// A name that may be in an encoding of before: archives of other systems leave such.
fn readable(name: &OsStr) -> Cow<'_, str> {
    match name.to_str() {
        Some(name) => name.into(),
        None => plain(name.as_encoded_bytes()).map_or_else(|| name.to_string_lossy(), Cow::Owned),
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
        nfc(&parts.map(|part| readable(part.as_os_str())).collect::<Vec<_>>().join("/"))
    }

    fn visit(&mut self, path: PathBuf, found: &mut Found, report: &mut Report) {
        let name = self.name(&path);
        let file = name.rsplit('/').next().unwrap_or(&name).to_lowercase();
        if file.starts_with('.') {
            if SOUNDS.contains(&ending(&path).as_str()) {
                report.skip(&name, report::HIDDEN, "its name begins with a dot");
            }
            return;
        }
        if SYSTEM.contains(&file.as_str()) || file == "__macosx" {
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
        } else if !target.is_file() {
            report.skip(&name, report::UNREADABLE, "not a plain file");
        } else {
            self.file(SoundFile { path, name }, target, found, report);
        }
    }

    /// Sorts a plain file in.
    fn file(&mut self, file: SoundFile, target: PathBuf, found: &mut Found, report: &mut Report) {
        let ending = ending(&file.path);
        let is = |endings: &[&str]| endings.contains(&ending.as_str());
        if is(TABLES) {
            return found.tables.push(file);
        }
        if is(TEXTS) {
            return found.texts.push(file);
        }
        if is(OTHER_TABLES) {
            return report.skip(&file.name, report::TABLE, "a spreadsheet; save it as CSV");
        }
        match read::what(&file.path) {
            Some(what) if what.sound => (),
            Some(what) => {
                let reason = if is(SOUNDS) { report::FORMAT } else { report::NO_SOUND };
                return report.skip(&file.name, reason, format!("it is {}", what.name));
            }
            // Nobody knows its beginning; a decoder may, if it is called like a sound.
            None if is(SOUNDS) => (),
            None => return report.skip(&file.name, report::NO_SOUND, "no kind of file that is known"),
        }
        match self.seen.insert(target) {
            true => found.sounds.push(file),
            false => report.skip(&file.name, report::AGAIN, "a link to a file that is read anyway"),
        }
    }
}
