//! A user's own folder of sounds: what is said about each, and a model that learns them.
//!
//! ```text
//! folder ──> walk ──> sounds ──> describe (csv, bwf, ucs, words) ──> items ──> read ──> FlowData ──> tune ──> model
//!               └──> tables ─────────┘                                  └── report: a line per file ──┘
//! ```
//!
//! The first source that has words for a file gives its caption ([`Source`] lists them in order); category and second
//! caption come from the first that has them. Whatever is wrong with a file, a table or a name becomes a line of the
//! [`Report`]; nothing in a folder can end the reading of it.

mod base;
mod bwf;
mod csv;
mod ixml;
mod report;
mod sound;
mod tune;
pub mod ucs;
mod walk;
mod words;

pub use base::Base;
pub use report::{Line, Report, Status};
pub use tune::{LibraryTraining, Method, train, write_model};

use super::data::Clip;
use super::latents::FlowData;
use candle_core::Device;
use serde::Serialize;
use std::fmt;
use std::path::Path;
use straightshot_engine::error::{Error, ErrorKind, Result};
use straightshot_engine::limits::MAX_PROMPT_CHARS;
use walk::SoundFile;

/// Where the caption of a file is from, in order of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Source {
    /// A row of a CSV file in the folder.
    #[serde(rename = "csv")]
    Csv,
    /// The bext or iXML chunk of a WAV file.
    #[serde(rename = "bwf")]
    Bwf,
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
            Self::Csv => "csv",
            Self::Bwf => "bwf",
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

    /// Makes what a source says fit to be trained on: no control characters, one space between words, and no longer
    /// than a prompt.
    fn tidy(mut self) -> Self {
        for text in [&mut self.caption, &mut self.caption2, &mut self.category, &mut self.subcategory] {
            let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            let spaced = plain.split_whitespace().collect::<Vec<_>>().join(" ");
            *text = spaced.chars().take(MAX_PROMPT_CHARS).collect();
        }
        self
    }
}

/// A sound with its caption.
#[derive(Debug, Clone)]
pub struct Item {
    sound: SoundFile,
    source: Source,
    description: Description,
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
    let rows = csv::read(&found, report);
    let mut items = Vec::new();
    for sound in found.sounds {
        let mut notes = Vec::new();
        match describe(&sound, rows.get(&sound.name), &mut notes) {
            Some((source, description)) => items.push(Item { sound, source, description, notes }),
            None => {
                notes.push("neither its name nor its metadata has words".into());
                report.skip(&sound.name, report::NO_WORDS, notes.join("; "));
            }
        }
    }
    Ok(items)
}

/// The first source with words, completed by what the others know.
fn describe(
    sound: &SoundFile,
    row: Option<&Description>,
    notes: &mut Vec<String>,
) -> Option<(Source, Description)> {
    let said = [
        (Source::Csv, row.cloned().unwrap_or_default()),
        (Source::Bwf, bwf::describe(&sound.path, notes)),
        (Source::Ucs, ucs::describe(&sound.name).unwrap_or_default()),
        (Source::Name, words::describe(&sound.name)),
    ]
    .map(|(source, description)| (source, description.tidy()));
    let spoken = |d: &Description| d.caption.chars().any(char::is_alphabetic);
    let (source, mut best) = said.iter().find(|(_, d)| spoken(d)).cloned()?;
    if best.category.is_empty()
        && let Some((_, other)) = said.iter().find(|(_, d)| !d.category.is_empty())
    {
        (best.category, best.subcategory) = (other.category.clone(), other.subcategory.clone());
    }
    if best.caption2.is_empty() {
        best.caption2 = with_category(&best);
    }
    Some((source, best))
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
            report.skip(&item.sound.name, reason, notes.join("; "));
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
