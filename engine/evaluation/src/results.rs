//! The table of an evaluation: `results.json` beside a model, and a line of Markdown.

use super::bootstrap::Interval;
use super::structure::Structure;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use straightshot_engine::error::{Error, ErrorKind, Result};

/// One system at one number of steps. A metric that does not apply is absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Row {
    /// Short name: `ldm`, `cfm`, `1rf`, `2rf`, `distilled`, `consistency`, `real-codec`, ...
    pub system: String,
    /// Solver steps; 0 for recordings.
    pub steps: u32,
    /// Classifier-free guidance scale.
    pub guidance: Option<f32>,
    /// Seeds, one set of sounds each.
    pub seeds: Vec<u64>,
    /// Recordings compared with.
    pub clips: usize,
    /// Fréchet distance on YAMNet embeddings, the mean over seeds.
    pub fad_yamnet: Option<Interval>,
    /// The same without windows in which YAMNet has no input ([`Heard::silent`](super::yamnet::Heard)), on both sides.
    pub fad_yamnet_sounding: Option<Interval>,
    /// Share of such windows, the mean over clips.
    pub silent: Option<Interval>,
    /// Fréchet distance on the second embedder.
    pub fad_second: Option<Interval>,
    /// Kernel distance on YAMNet embeddings, the mean over seeds.
    pub kad_yamnet: Option<Interval>,
    /// Kernel distance on the second embedder.
    pub kad_second: Option<Interval>,
    /// Paired divergence of softmax distributions over YAMNet classes, nats.
    pub kl: Option<Interval>,
    /// The same for independent classes, nats.
    pub kl_independent: Option<Interval>,
    /// `text_score_yamnet_minilm`.
    pub text_score: Option<Interval>,
    /// Share of sounds whose own caption scores best among the captions of the set.
    pub retrieval_top1: Option<Interval>,
    /// Share of sounds whose own caption is among the ten best.
    pub retrieval_top10: Option<Interval>,
    /// Share of sounds whose best YAMNet class is that of the recording.
    pub label_top1: Option<Interval>,
    /// Share of sounds whose five best YAMNet classes hold the recording's best.
    pub label_top5: Option<Interval>,
    /// Share of sounds in which YAMNet's five best classes hold one that is right for the caption.
    pub recognised: Option<Interval>,
    /// The same of the recordings: what `recognised` is to be compared with.
    pub recognised_real: Option<Interval>,
    /// Differences from another row.
    pub against: Option<Differences>,
    /// S per latent element along trajectories of many steps.
    pub straightness: Option<Interval>,
    /// Natural logarithm of the mean S.
    pub log_straightness: Option<f64>,
    /// Seconds of computing per second of sound by stage (`text`, `flow`, `decode`, `total`), one clip at a time.
    pub rtf: BTreeMap<String, f64>,
    /// Threads that computed.
    pub threads: Option<usize>,
    /// What was compared with.
    pub data: String,
    /// What training cost, in the words of whoever ran the evaluation.
    pub compute: String,
    /// The command line.
    pub command: String,
}

/// Means over clips of what a system scored less what another did on the same clip, from noise of the same seeds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Differences {
    /// The other row, `SYSTEM-STEPS`.
    pub row: String,
    /// Of [`Row::kl`]: below zero is better than the other.
    pub kl: Option<Interval>,
    /// Of [`Row::recognised`]: above zero is better.
    pub recognised: Option<Interval>,
    /// Of [`Row::text_score`]: above zero is better.
    pub text_score: Option<Interval>,
}

/// The file: rows in the order they were first written, and the measures of structure if they were taken.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Table {
    rows: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    structure: Option<Structure>,
}

/// Writes `row` into the table at `path`, in place of an earlier row of the same system and steps.
///
/// # Errors
/// [`ErrorKind::BadData`] if the file is not such a table, [`ErrorKind::Io`] if it cannot be written.
pub fn merge(path: &Path, row: &Row) -> Result<()> {
    let mut table = if path.exists() { read(path)? } else { Table::default() };
    let same = |r: &&mut Row| r.system == row.system && r.steps == row.steps;
    match table.rows.iter_mut().find(same) {
        Some(old) => *old = row.clone(),
        None => table.rows.push(row.clone()),
    }
    write(path, &table)
}

/// Writes `structure` into the table at `path`, in place of an earlier one.
///
/// # Errors
/// As [`merge`].
pub fn merge_structure(path: &Path, structure: &Structure) -> Result<()> {
    let table = if path.exists() { read(path)? } else { Table::default() };
    write(path, &Table { structure: Some(structure.clone()), ..table })
}

fn write(path: &Path, table: &Table) -> Result<()> {
    let fail = |e: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(ErrorKind::Io, format!("{} could not be written", path.display())).with_source(e)
    };
    let text = serde_json::to_string_pretty(table).map_err(|e| fail(e.into()))?;
    // Complete or not at all: a table may hold hours of work.
    let part = path.with_extension("part");
    std::fs::write(&part, text + "\n").map_err(|e| fail(e.into()))?;
    std::fs::rename(&part, path).map_err(|e| fail(e.into()))
}

fn read(path: &Path) -> Result<Table> {
    let bad = |e: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(ErrorKind::BadData, format!("{} is not a table of results", path.display())).with_source(e)
    };
    let text = std::fs::read_to_string(path).map_err(|e| bad(e.into()))?;
    serde_json::from_str(&text).map_err(|e| bad(e.into()))
}

/// Heading of the Markdown table that [`Row::markdown`] gives lines of.
pub const MARKDOWN_HEADING: &str = "\
| system | steps | FAD YAMNet | FAD sounding | silent | FAD second | KAD YAMNet | KAD second | KL | text score | caption first | label top 1 | label top 5 | recognised | of real | ln S | RTF |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|";

/// Heading of the Markdown table that [`Row::markdown_of_differences`] gives lines of.
pub const MARKDOWN_HEADING_OF_DIFFERENCES: &str = "\
| system | steps | less | KL | text score | recognised |
|---|---|---|---|---|---|";

/// An estimate with its interval in brackets.
fn plain(interval: &Option<Interval>, digits: usize, scale: f64) -> String {
    interval.map_or("–".to_owned(), |i| {
        let [mean, lo, hi] = [i.mean, i.lo, i.hi].map(|x| format!("{:.digits$}", x * scale));
        format!("{mean} [{lo}, {hi}]")
    })
}

impl Row {
    /// Differences from another row with their 95 % intervals, if there are any; shares in points per hundred.
    #[must_use]
    pub fn markdown_of_differences(&self) -> Option<String> {
        let against = self.against.as_ref()?;
        let cells = [
            self.system.clone(),
            self.steps.to_string(),
            against.row.clone(),
            plain(&against.kl, 2, 1.0),
            plain(&against.text_score, 3, 1.0),
            plain(&against.recognised, 0, 100.0),
        ];
        Some(format!("| {} |", cells.join(" | ")))
    }

    /// One line: estimates with their 95 % intervals in brackets, shares in per cent.
    #[must_use]
    pub fn markdown(&self) -> String {
        let single = |x: Option<f64>, digits: usize| x.map_or("–".to_owned(), |x| format!("{x:.digits$}"));
        let cells = [
            self.system.clone(),
            self.steps.to_string(),
            plain(&self.fad_yamnet, 3, 1.0),
            plain(&self.fad_yamnet_sounding, 3, 1.0),
            plain(&self.silent, 1, 100.0),
            plain(&self.fad_second, 3, 1.0),
            plain(&self.kad_yamnet, 3, 1.0),
            plain(&self.kad_second, 3, 1.0),
            plain(&self.kl, 2, 1.0),
            plain(&self.text_score, 3, 1.0),
            plain(&self.retrieval_top1, 0, 100.0),
            plain(&self.label_top1, 0, 100.0),
            plain(&self.label_top5, 0, 100.0),
            plain(&self.recognised, 0, 100.0),
            plain(&self.recognised_real, 0, 100.0),
            single(self.log_straightness, 2),
            single(self.rtf.get("total").copied(), 4),
        ];
        format!("| {} |", cells.join(" | "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_replaces_its_predecessor_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.json");
        let row = |system: &str, steps, clips| Row { system: system.into(), steps, clips, ..Row::default() };
        for row in [row("cfm", 24, 1), row("cfm", 1, 2), row("2rf", 1, 3), row("cfm", 24, 4)] {
            merge(&path, &row).unwrap();
        }
        let clips: Vec<usize> = read(&path).unwrap().rows.iter().map(|r| r.clips).collect();
        assert_eq!(clips, [4, 2, 3]);
    }

    #[test]
    fn rows_and_structure_leave_each_other_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.json");
        let structure = Structure { data: "test split".into(), ..Structure::default() };
        merge(&path, &Row { system: "cfm".into(), ..Row::default() }).unwrap();
        assert!(!std::fs::read_to_string(&path).unwrap().contains("structure"));
        merge_structure(&path, &structure).unwrap();
        merge(&path, &Row { system: "2rf".into(), ..Row::default() }).unwrap();
        let table = read(&path).unwrap();
        assert_eq!((table.rows.len(), table.structure), (2, Some(structure)));
    }

    #[test]
    fn a_file_that_is_no_table_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.json");
        std::fs::write(&path, "{\"rows\": 3}").unwrap();
        assert_eq!(merge(&path, &Row::default()).unwrap_err().kind(), ErrorKind::BadData);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"rows\": 3}");
    }

    #[test]
    fn markdown_has_as_many_cells_as_its_heading() {
        let fad_yamnet = Some(Interval { mean: 1.25, lo: 1.0, hi: 1.5 });
        let line = Row { system: "1rf".into(), steps: 4, fad_yamnet, ..Row::default() }.markdown();
        assert!(line.starts_with("| 1rf | 4 | 1.250 [1.000, 1.500] | – |"), "{line}");
        let bars = |text: &str| text.matches('|').count();
        assert_eq!(Some(bars(&line)), MARKDOWN_HEADING.lines().next().map(bars));
        let against = Differences { row: "1rf-24".into(), kl: fad_yamnet, ..Differences::default() };
        let row = Row { system: "1rf-uniform-t".into(), steps: 24, against: Some(against), ..Row::default() };
        let line = row.markdown_of_differences().unwrap();
        assert_eq!(line, "| 1rf-uniform-t | 24 | 1rf-24 | 1.25 [1.00, 1.50] | – | – |");
        assert_eq!(Some(bars(&line)), MARKDOWN_HEADING_OF_DIFFERENCES.lines().next().map(bars));
        assert_eq!(Row::default().markdown_of_differences(), None);
    }
}
