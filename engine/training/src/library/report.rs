//! What became of every file of a folder.

use super::{Item, Source};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use straightshot_engine::error::{Error, ErrorKind, Result};
use straightshot_engine::weights;

/// Reasons to leave a file out; they are what the summary counts.
pub(super) const UNREADABLE: &str = "unreadable";
pub(super) const FORMAT: &str = "format not read";
pub(super) const TOO_SHORT: &str = "too short";
pub(super) const SILENT: &str = "silent";
pub(super) const NO_WORDS: &str = "no words";
pub(super) const OUTSIDE: &str = "outside the folder";
pub(super) const AGAIN: &str = "there twice";
pub(super) const HIDDEN: &str = "hidden";
pub(super) const TABLE: &str = "table not understood";
pub(super) const NO_SUCH_FILE: &str = "no such file";
pub(super) const AMBIGUOUS: &str = "several files of that name";
pub(super) const NO_SOUND: &str = "not a sound";

/// Whether a file is trained on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is.
    Used,
    /// It is not.
    Skipped,
    /// It is no sound, but says something about some.
    Read,
}

/// A line of `report.csv`. With other captions the file can be put into the folder as `captions.csv`.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// Path inside the folder; for a fault of a table its name and line.
    pub file: String,
    /// Used or not.
    pub status: Status,
    /// Why not.
    pub reason: &'static str,
    /// What the caption is from.
    pub source: Option<Source>,
    /// Where there: a field, or a table with its column and line.
    pub origin: String,
    /// What is heard.
    pub caption: String,
    /// The same in other words.
    pub caption2: String,
    /// Category and subcategory.
    pub category: String,
    /// Length that is trained on.
    pub seconds: Option<f64>,
    /// What was cut or ignored, or what the fault is.
    pub note: String,
    /// Texts that did not become the caption, with the reason.
    pub rejected: String,
}

impl Line {
    fn bare(file: &str, status: Status, note: String) -> Self {
        Self {
            file: file.to_owned(),
            status,
            reason: "",
            source: None,
            origin: String::new(),
            caption: String::new(),
            caption2: String::new(),
            category: String::new(),
            seconds: None,
            note,
            rejected: String::new(),
        }
    }
}

/// All lines.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// In the order of the work.
    pub lines: Vec<Line>,
}

impl Report {
    pub(super) fn skip(&mut self, file: &str, reason: &'static str, note: impl Into<String>) {
        self.lines.push(Line { reason, ..Line::bare(file, Status::Skipped, note.into()) });
    }

    /// A sound that is left out, with the texts that were no caption.
    pub(super) fn skip_sound(&mut self, file: &str, reason: &'static str, note: String, rejected: String) {
        self.lines.push(Line { reason, rejected, ..Line::bare(file, Status::Skipped, note) });
    }

    /// A table, or a text that is a caption.
    pub(super) fn read(&mut self, file: &str, note: impl Into<String>) {
        self.lines.push(Line::bare(file, Status::Read, note.into()));
    }

    pub(super) fn used(&mut self, item: &Item, seconds: f64, note: String) {
        let description = item.description().clone();
        let category = format!("{} {}", description.category, description.subcategory);
        self.lines.push(Line {
            source: Some(item.source()),
            origin: item.origin.clone(),
            caption: description.caption,
            caption2: description.caption2,
            category: category.trim().to_owned(),
            seconds: Some((seconds * 1e3).round() / 1e3),
            rejected: item.rejected.clone(),
            ..Line::bare(item.name(), Status::Used, note)
        });
    }

    /// How many files are used, by source.
    #[must_use]
    pub fn sources(&self) -> BTreeMap<Source, usize> {
        let mut counts = BTreeMap::new();
        self.lines.iter().filter_map(|line| line.source).for_each(|s| *counts.entry(s).or_default() += 1);
        counts
    }

    /// How many files are used.
    #[must_use]
    pub fn used_count(&self) -> usize {
        self.sources().values().sum()
    }

    /// Length of what is used.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.lines.iter().filter_map(|line| line.seconds).sum()
    }

    /// Two or three lines for the terminal.
    #[must_use]
    pub fn summary(&self) -> String {
        let list = |counts: Vec<(String, usize)>| -> String {
            counts.iter().map(|(what, n)| format!("{n} {what}")).collect::<Vec<_>>().join(", ")
        };
        let used = list(self.sources().into_iter().map(|(s, n)| (format!("by {s}"), n)).collect());
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        let skipped = self.lines.iter().filter(|line| line.status == Status::Skipped);
        skipped.for_each(|line| *reasons.entry(line.reason).or_default() += 1);
        let noted = self.lines.iter().filter(|l| l.status == Status::Used && !l.note.is_empty()).count();
        let mut text = format!("used: {} files, {:.1} min", self.used_count(), self.seconds() / 60.0);
        if !used.is_empty() {
            text += &format!(" ({used})");
        }
        if noted > 0 {
            text += &format!("\nof these {noted} with a note, for example that they were cut");
        }
        if !reasons.is_empty() {
            let total = reasons.values().sum::<usize>();
            let reasons = list(reasons.into_iter().map(|(r, n)| (r.to_owned(), n)).collect());
            text += &format!("\nskipped: {total} ({reasons})");
        }
        text
    }

    /// Writes all lines as CSV.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] naming the file.
    pub fn write(&self, path: &Path) -> Result<()> {
        let fail = |e: ::csv::Error| {
            Error::new(ErrorKind::Io, format!("{} could not be written", path.display())).with_source(e)
        };
        let mut writer = ::csv::Writer::from_writer(Vec::new());
        self.lines.iter().try_for_each(|line| writer.serialize(line)).map_err(fail)?;
        let bytes = writer.into_inner().map_err(|e| fail(e.into_error().into()))?;
        weights::write_whole(path, &bytes).map_err(|e| fail(e.into()))
    }
}
