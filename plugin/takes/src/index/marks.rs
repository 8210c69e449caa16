//! What the user has said about a sound: name, star, notes and the like.
//!
//! Sounds never change, so that this cannot stand in their files. It has a file of its own, apart from the index: that
//! can be made again from the sounds, this cannot. Later lines overrule earlier ones of the same sound.

use super::lines;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use straightshot_protocol::ContentHash;

/// Name of the file in the takes folder.
const FILE: &str = "marks.jsonl";
/// Lines more than there are sounds before the file is tidied.
const SPARE_LINES: usize = 1000;

/// What the user has said about a sound, in whatever project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Marks {
    /// Name; `None` until the user gives it one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether the user likes it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub starred: bool,
    /// Whether the user does not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub rejected: bool,
    /// What else there is to say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub notes: String,
    /// Words to find it by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// CatID of the Universal Category System that the user has chosen; `None` for the one that its prompt proposes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
}

/// A line of the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Line {
    sound: ContentHash,
    /// When it was said, in milliseconds since 1970.
    at_ms: u64,
    marks: Marks,
}

/// The file in `folder`.
pub(crate) fn file(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// All marks in `folder`.
///
/// # Errors
/// Those of the system.
pub(crate) fn read(folder: &Path) -> io::Result<HashMap<ContentHash, Marks>> {
    let path = file(folder);
    let lines = lines::read::<Line>(&path)?.values;
    let count = lines.len();
    let marks = newest(lines);
    if count > 2 * marks.len() + SPARE_LINES {
        // Tidying can wait if it fails.
        let _ = lines::replace(&path, |lines| newest(lines).into_values().collect());
    }
    Ok(marks.into_iter().map(|(sound, line)| (sound, line.marks)).collect())
}

/// Writes down what the user says about sounds.
///
/// # Errors
/// Those of the system.
pub(crate) fn write(folder: &Path, marks: &[(ContentHash, Marks)]) -> io::Result<()> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let at_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    let lines: Vec<Line> =
        marks.iter().map(|(sound, marks)| Line { sound: *sound, at_ms, marks: marks.clone() }).collect();
    lines::append(&file(folder), &lines)
}

/// Adds to the marks in `folder` those of another folder, each sound with what was said last.
///
/// # Errors
/// Those of the system.
pub(crate) fn merge(folder: &Path, other: &Path) -> io::Result<()> {
    let mine = newest(lines::read::<Line>(&file(folder))?.values);
    let theirs = newest(lines::read::<Line>(&file(other))?.values);
    let newer: Vec<Line> = theirs
        .into_values()
        .filter(|line| mine.get(&line.sound).is_none_or(|there| there.at_ms < line.at_ms))
        .collect();
    lines::append(&file(folder), &newer)
}

/// The last line about each sound.
fn newest(lines: Vec<Line>) -> HashMap<ContentHash, Line> {
    let mut newest: HashMap<ContentHash, Line> = HashMap::new();
    for line in lines {
        match newest.get(&line.sound) {
            Some(there) if there.at_ms > line.at_ms => {}
            _ => drop(newest.insert(line.sound, line)),
        }
    }
    newest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound(name: &str) -> ContentHash {
        ContentHash::of([name.as_bytes()])
    }

    #[test]
    fn the_last_word_about_a_sound_counts() {
        let place = tempfile::tempdir().unwrap();
        let starred = Marks { starred: true, ..Marks::default() };
        let noted = Marks { notes: "für Szene 3".to_owned(), ..starred.clone() };
        write(place.path(), &[(sound("a"), starred.clone()), (sound("b"), starred.clone())]).unwrap();
        write(place.path(), &[(sound("a"), noted.clone())]).unwrap();
        let read = read(place.path()).unwrap();
        assert_eq!(read, HashMap::from([(sound("a"), noted), (sound("b"), starred)]));
    }

    #[test]
    fn two_folders_become_one_without_losing_a_word() {
        let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let said = |notes: &str| Marks { notes: notes.to_owned(), ..Marks::default() };
        write(new.path(), &[(sound("both"), said("first"))]).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(3));
        write(old.path(), &[(sound("both"), said("last")), (sound("old"), said("only there"))]).unwrap();
        merge(new.path(), old.path()).unwrap();
        merge(new.path(), old.path()).unwrap();
        let merged = read(new.path()).unwrap();
        assert_eq!(merged[&sound("both")].notes, "last");
        assert_eq!(merged[&sound("old")].notes, "only there");
    }
}
