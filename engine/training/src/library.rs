//! A user's own folder of sounds: what is said about each, and a model that learns them.
//!
//! ```text
//! folder ──> walk ──> sounds ──> describe (candidate, tagged, ucs, words) ──> items ──> read ──> FlowData ──> tune ──> model
//!               └──> captions (table, names) ──┘                               └── report: a line per file ──┘
//! ```
//!
//! All texts about a sound are candidates for its caption; the one that says most about it is taken (`candidate`, `worth`),
//! and the report names the others. Category and second caption come from the first that has them. Whatever is wrong with a
//! file, a table or a name becomes a line of the [`Report`]; nothing in a folder can end the reading of it.

mod base;
mod candidate;
mod captions;
mod columns;
mod lenient;
mod names;
mod report;
mod sound;
mod table;
mod tagged;
mod tune;
pub mod ucs;
mod walk;
mod words;
mod worth;
mod xml;

pub use base::Base;
pub use report::{Line, Report, Status};
pub use tune::{LibraryTraining, Method, train, write_model};

use super::data::Clip;
use super::latents::FlowData;
use candidate::{Candidate, Rank};
use candle_core::Device;
use serde::Serialize;
use std::fmt;
use std::path::Path;
use straightshot_engine::error::{Error, ErrorKind, Result};
use straightshot_engine::limits::MAX_PROMPT_CHARS;
use walk::SoundFile;

/// Words of a caption that text encoders read at most: theirs are pieces of words, of which the usual one reads 62.
const MOST_WORDS: usize = 62;

/// What the caption of a file is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Source {
    /// A row of a table in the folder.
    #[serde(rename = "table")]
    Table,
    /// A text of the sound's own name beside it.
    #[serde(rename = "text beside it")]
    Sidecar,
    /// What the file says about itself.
    #[serde(rename = "metadata")]
    Metadata,
    /// A file name after the Universal Category System.
    #[serde(rename = "ucs name")]
    Ucs,
    /// The words of file and folder names.
    #[serde(rename = "file name")]
    Name,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Table => "table",
            Self::Sidecar => "text beside it",
            Self::Metadata => "metadata",
            Self::Ucs => "ucs name",
            Self::Name => "file name",
        })
    }
}

/// What a source says about a sound; anything may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// What is heard.
    pub caption: String,
    /// The same in other words.
    pub caption2: String,
    /// Category of the Universal Category System in upper case, or what takes its place.
    pub category: String,
    /// Its subcategory in upper case.
    pub subcategory: String,
}

impl Description {
    fn with_category(mut self, (category, subcategory): (String, String)) -> Self {
        (self.category, self.subcategory) = (category, subcategory);
        self
    }

    /// Makes what a source says fit to be trained on: no control characters and no marks of HTML, one space between words,
    /// and no longer than a prompt. What of it is not read becomes a note.
    fn tidy(mut self, notes: &mut Vec<String>) -> Self {
        let words = self.caption.split_whitespace().count();
        if words > MOST_WORDS {
            notes.push(format!(
                "its caption has {words} words, of which a model reads the first {MOST_WORDS} or so"
            ));
        }
        for text in [&mut self.caption, &mut self.caption2, &mut self.category, &mut self.subcategory] {
            let plain: String =
                lenient::words(text).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            let spaced = plain.split_whitespace().collect::<Vec<_>>().join(" ");
            *text = words::nfc(&spaced).chars().take(MAX_PROMPT_CHARS).collect();
        }
        self
    }
}

/// A sound with its caption.
#[derive(Debug, Clone)]
pub struct Item {
    sound: SoundFile,
    source: Source,
    /// Where in that: a field, or a table with its column and line.
    origin: String,
    description: Description,
    /// Texts that did not become the caption, with the reason.
    rejected: String,
    /// What was wrong on the way to the caption.
    notes: Vec<String>,
}

impl Item {
    /// What the sound is trained with.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Where its caption is from.
    #[must_use]
    pub fn source(&self) -> Source {
        self.source
    }

    /// Its path inside the folder, with `/` between the parts.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.sound.name
    }
}

/// Finds the sounds of `folder` and a caption for each; what cannot be used becomes a line of `report`.
///
/// # Errors
/// [`ErrorKind::Io`] if the folder itself cannot be read.
pub fn scan(folder: &Path, report: &mut Report) -> Result<Vec<Item>> {
    let found = walk::walk(folder, report)?;
    let mut beside = captions::read(&found, report);
    let mut items = Vec::new();
    for sound in found.sounds {
        let mut notes = Vec::new();
        let said = beside.remove(&sound.name).unwrap_or_default();
        let (best, rejected) = describe(&sound, said, &mut notes);
        match best {
            Some((source, origin, description)) => {
                items.push(Item { sound, source, origin, description, rejected, notes });
            }
            None => {
                notes.push("neither its name, its metadata nor a table has words for it".into());
                report.skip_sound(&sound.name, report::NO_WORDS, notes.join("; "), rejected);
            }
        }
    }
    Ok(items)
}

type Best = Option<(Source, String, Description)>;

/// The best text about a sound, completed by what the others know; and the texts that were not taken.
fn describe(sound: &SoundFile, said: Vec<captions::Said>, notes: &mut Vec<String>) -> (Best, String) {
    let tagged = tagged::read(&sound.path, notes);
    let ucs = ucs::describe(&sound.name).unwrap_or_default();
    let named = words::describe(&sound.name);
    let mut categories: Vec<_> = said.iter().map(|one| one.category.clone()).collect();
    categories.extend([tagged.category, (ucs.category, ucs.subcategory)]);
    let mut candidates: Vec<Candidate> = said.into_iter().map(|one| one.candidate).collect();
    candidates.extend(tagged.candidates);
    candidates.push(Candidate::new(Source::Ucs, Rank::FxName, "its UCS name".into(), ucs.caption));
    // The words of such a name are those of its parts, and of the people who use the system.
    if candidates.last().is_none_or(|ucs| ucs.text.is_empty()) {
        let mut words = Candidate::new(Source::Name, Rank::Name, "its name".into(), named.caption);
        words.other = named.caption2;
        candidates.push(words);
    }
    candidates.retain(|candidate| !candidate.text.is_empty());
    let (best, rejected) = candidate::choose(candidates);
    let Some((chosen, caption2)) = best else { return (None, rejected) };
    let category = categories.into_iter().find(|(category, _)| !category.is_empty()).unwrap_or_default();
    let description = Description { caption: chosen.text, caption2, ..Description::default() };
    let mut description = description.with_category(category).tidy(notes);
    if description.caption2.is_empty() {
        description.caption2 = with_category(&description);
    }
    (Some((chosen.source, chosen.origin, description)), rejected)
}

/// The caption and those words of the category that it does not have; empty if it has all.
fn with_category(description: &Description) -> String {
    let there = description.caption.to_lowercase();
    let category = ucs::words(&description.category, &description.subcategory);
    let missing: Vec<&str> = category.split(' ').filter(|w| !w.is_empty() && !there.contains(w)).collect();
    if missing.is_empty() { String::new() } else { format!("{}, {}", description.caption, missing.join(" ")) }
}

/// Reads the sound of an item at `sample_rate_hz` and writes its line of `report`; `None` if it cannot be used.
pub fn read(item: &Item, sample_rate_hz: u32, report: &mut Report) -> Option<Clip> {
    let mut notes = item.notes.clone();
    match sound::read(&item.sound.path, sample_rate_hz, &mut notes) {
        Ok(samples) => {
            let seconds = samples.len() as f64 / f64::from(sample_rate_hz);
            report.used(item, seconds, notes.join("; "));
            Some(Clip { entry: sound::entry(item), samples })
        }
        Err((reason, note)) => {
            notes.push(note);
            report.skip_sound(&item.sound.name, reason, notes.join("; "), item.rejected.clone());
            None
        }
    }
}

/// Encodes the sounds of `items` one after the other, with a line of `report` for each.
///
/// # Errors
/// [`ErrorKind::BadData`] if none of them can be used, [`ErrorKind::Compute`] if a network fails.
pub fn encode(items: &[Item], base: &Base, report: &mut Report, device: &Device) -> Result<FlowData> {
    let rate = base.codec.config().sample_rate_hz;
    let clips = items.iter().filter_map(|item| read(item, rate, report).map(Ok));
    let data = FlowData::from_clips(&base.codec, &base.text, clips, device)?;
    if data.clip_count() == 0 {
        return Err(nothing_to_use());
    }
    Ok(data)
}

/// The error of a folder without a sound that can be used.
pub(crate) fn nothing_to_use() -> Error {
    Error::new(ErrorKind::BadData, "None of the folder's files can be used; report.csv says why for each")
}

#[cfg(test)]
mod tests;
