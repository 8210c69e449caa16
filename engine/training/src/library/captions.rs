//! Captions that lie beside sounds: rows of tables, and texts of a sound's own name.

use super::candidate::{Candidate, Rank};
use super::columns::Columns;
use super::names::Names;
use super::report::{self, Report};
use super::walk::{Found, SoundFile};
use super::{Source, lenient, table};
use std::collections::HashMap;
use straightshot_sound::tags::plain;

/// The table that goes before all others of its folder.
const FIRST: &str = "captions.csv";
/// What an earlier run wrote; never read.
const OWN: &str = "report.csv";
/// Larger tables are not read, in bytes.
const LARGEST: u64 = 256 << 20;
/// Larger texts are no captions, in bytes.
const LARGEST_TEXT: u64 = 1 << 20;

/// What is said about a sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) candidate: Candidate,
    /// Category and subcategory.
    pub(super) category: (String, String),
}

/// What lies beside the sounds, by the name of the sound, best first: the first row of a table counts, then its own text.
pub(super) fn read(found: &Found, report: &mut Report) -> HashMap<String, Vec<Said>> {
    let names = Names::new(&found.sounds);
    let mut said: HashMap<String, Vec<Said>> = HashMap::new();
    let mut tables: Vec<&SoundFile> = found.tables.iter().collect();
    let mut beside = Vec::new();
    for text in &found.texts {
        match owner(text, &found.sounds) {
            Some(sound) => beside.push((text, sound)),
            None => tables.push(text),
        }
    }
    let place = |table: &&SoundFile| {
        let file = table.name.rsplit('/').next().unwrap_or_default().to_lowercase();
        (table.name.matches('/').count(), file != FIRST, table.name.clone())
    };
    tables.sort_by_key(place);
    for table in tables {
        rows(table, &names, &mut said, report);
    }
    for (text, sound) in beside {
        own(text, sound, &mut said, report);
    }
    said
}

/// Adds the rows of a table.
fn rows(table: &SoundFile, names: &Names<'_>, said: &mut HashMap<String, Vec<Said>>, report: &mut Report) {
    let (folder, file) = table.name.rsplit_once('/').unwrap_or(("", &table.name));
    if file.eq_ignore_ascii_case(OWN) {
        return report.read(&table.name, "a report of an earlier run, not read");
    }
    let is_table = !file.to_lowercase().ends_with(".txt") && !file.to_lowercase().ends_with(".json");
    let parsed = bytes(table, LARGEST)
        .and_then(|bytes| table::parse(&bytes, &|name| names.find(folder, name).is_ok()));
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(fault) if is_table => return report.skip(&table.name, report::TABLE, fault),
        // Texts of any kind lie in folders of sounds.
        Err(fault) => return report.skip(&table.name, report::NO_SOUND, format!("no table either: {fault}")),
    };
    let (count, mut used) = (parsed.rows.len(), 0);
    for row in parsed.rows {
        let place = format!("{}, line {}", table.name, row.line);
        let found = row.files.iter().map(|file| names.find(folder, file));
        let found = found.reduce(|first, next| if first.is_ok() { first } else { next });
        match found.unwrap_or(Err(report::NO_SUCH_FILE)) {
            Ok(name) if said.get(name).is_some_and(|all| !all.is_empty()) => {
                report.skip(&place, report::AGAIN, format!("{name} has a caption from an earlier row"));
            }
            Ok(name) if !row.description.caption.chars().any(char::is_alphabetic) => {
                report.skip(&place, report::NO_WORDS, format!("the row of {name} has no caption"));
            }
            Ok(name) => {
                used += 1;
                let description = row.description;
                let origin = format!("{} {}, line {}", table.name, row.column, row.line);
                let mut candidate = Candidate::new(Source::Table, Rank::Caption, origin, description.caption);
                candidate.other = description.caption2;
                let category = (description.category, description.subcategory);
                said.entry(name.to_owned()).or_default().push(Said { candidate, category });
            }
            Err(reason) => report.skip(&place, reason, row.files.last().cloned().unwrap_or_default()),
        }
    }
    let mut notes = vec![format!("{used} of {count} rows are about sounds of the folder")];
    notes.extend(parsed.notes);
    report.read(&table.name, notes.join("; "));
}

fn bytes(file: &SoundFile, most: u64) -> Result<Vec<u8>, String> {
    let read = std::fs::metadata(&file.path).and_then(|meta| match meta.len() <= most {
        true => std::fs::read(&file.path),
        false => Err(std::io::Error::other("it is too large")),
    });
    read.map_err(|e| e.to_string())
}

/// The sound that a text is named after: `rain.txt` or `rain.wav.txt` for `rain.wav`.
fn owner<'a>(text: &SoundFile, sounds: &'a [SoundFile]) -> Option<&'a SoundFile> {
    let stem = text.name.rsplit_once('.').map_or(text.name.as_str(), |(stem, _)| stem);
    let own = |sound: &&SoundFile| {
        sound.name == stem || sound.name.rsplit_once('.').is_some_and(|(s, _)| s == stem)
    };
    sounds.iter().find(own)
}

/// Adds the text of a sound's own name.
fn own(text: &SoundFile, sound: &SoundFile, said: &mut HashMap<String, Vec<Said>>, report: &mut Report) {
    let found = bytes(text, LARGEST_TEXT).and_then(|bytes| {
        let content = plain(&bytes).ok_or("its encoding is not known; save it as UTF-8")?;
        if text.name.to_lowercase().ends_with(".json") {
            object(&content, text)
        } else {
            lines(&content, text)
        }
    });
    match found {
        Ok(one) => {
            said.entry(sound.name.clone()).or_default().push(one);
            report.read(&text.name, format!("the caption of {}", sound.name));
        }
        Err(fault) => report.skip(&text.name, report::TABLE, fault),
    }
}

/// A caption in the first line, and the same in other words in the second.
fn lines(content: &str, text: &SoundFile) -> Result<Said, String> {
    let mut lines = content.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().ok_or("it is empty")?;
    let mut candidate = Candidate::new(Source::Sidecar, Rank::Caption, text.name.clone(), first.to_owned());
    candidate.other = lines.next().unwrap_or_default().to_owned();
    Ok(Said { candidate, category: Default::default() })
}

/// A caption in an object of JSON, under the names that columns of tables have.
fn object(content: &str, text: &SoundFile) -> Result<Said, String> {
    let strict = serde_json::from_str(content);
    let fields = match strict.or_else(|e| serde_json::from_str(&lenient::json(content)).map_err(|_| e)) {
        Ok(serde_json::Value::Object(fields)) => fields,
        Ok(serde_json::Value::String(caption)) => return lines(&caption, text),
        Ok(serde_json::Value::Array(all)) if all.iter().any(serde_json::Value::is_string) => {
            let all: Vec<&str> = all.iter().filter_map(serde_json::Value::as_str).collect();
            return lines(&all.join("\n"), text);
        }
        Ok(_) => return Err("it holds no caption".into()),
        Err(fault) => return Err(format!("it is no JSON: {fault}")),
    };
    let (names, texts) = table::flat(&fields);
    // That the file is its own sound's needs no field.
    let names: Vec<&str> = std::iter::once("file").chain(names.iter().map(String::as_str)).collect();
    let texts: Vec<String> = std::iter::once("its own".to_owned()).chain(texts).collect();
    let row = Columns::of(&names)?.row(0, &texts).ok_or("it holds no caption")?;
    let origin = format!("{} {}", text.name, row.column);
    let mut candidate = Candidate::new(Source::Sidecar, Rank::Caption, origin, row.description.caption);
    candidate.other = row.description.caption2;
    Ok(Said { candidate, category: (row.description.category, row.description.subcategory) })
}
