//! Two systems compared clip by clip: what is hard or easy about a clip is so for both and falls out of the difference.

use super::{Arguments, create, score};
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use std::path::Path;
use straightshot_evaluation::results::{Differences, Row};
use straightshot_training::data::Clip;

/// What the clips scored, each the mean over its sounds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Scores {
    pub(super) kl: Vec<f64>,
    /// `None` where the caption has no word that the table of right classes knows.
    pub(super) recognised: Vec<Option<f64>>,
    pub(super) text_score: Vec<f64>,
    /// Parts of the Fréchet distance on YAMNet's embeddings, which they sum to.
    pub(super) fad_yamnet: Vec<f64>,
}

/// A line of a file of scores.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    clip: String,
    kl: f64,
    recognised: Option<f64>,
    text_score: f64,
    fad_yamnet: f64,
}

/// Writes the scores of `row` into the folder of scores, if there is one, and compares them with those of the row that is
/// asked for.
#[expect(clippy::print_stderr, reason = "what is not in the result")]
pub(super) fn keep(row: &mut Row, arguments: &Arguments, scores: &Scores, clips: &[Clip]) -> Result<()> {
    let Some(folder) = &arguments.scores else { return Ok(()) };
    create(folder)?;
    let names: Vec<&str> = clips.iter().map(|clip| clip.entry.id.as_str()).collect();
    let name = format!("{}-{}", row.system, row.steps);
    write(&folder.join(&name).with_added_extension("csv"), scores, &names)?;
    let Some(other) = &arguments.against else { return Ok(()) };
    let path = folder.join(other).with_added_extension("csv");
    if !path.exists() {
        eprintln!("{name} is not compared: there is no {}", path.display());
        return Ok(());
    }
    let theirs = read(&path, &names)?;
    let over = |of: &dyn Fn(&Scores, usize) -> Option<f64>| {
        let each: Vec<f64> =
            (0..names.len()).filter_map(|i| Some(of(scores, i)? - of(&theirs, i)?)).collect();
        score::interval(arguments, &each)
    };
    row.against = Some(Differences {
        row: other.clone(),
        kl: over(&|scores, i| Some(scores.kl[i])),
        recognised: over(&|scores, i| scores.recognised[i]),
        text_score: over(&|scores, i| Some(scores.text_score[i])),
    });
    Ok(())
}

fn write(path: &Path, scores: &Scores, names: &[&str]) -> Result<()> {
    let text = || path.display().to_string();
    let mut file = csv::Writer::from_path(path).with_context(text)?;
    for (i, clip) in names.iter().enumerate() {
        let line = Line {
            clip: (*clip).to_owned(),
            kl: scores.kl[i],
            recognised: scores.recognised[i],
            text_score: scores.text_score[i],
            fad_yamnet: scores.fad_yamnet[i],
        };
        file.serialize(line).with_context(text)?;
    }
    file.flush().with_context(text)
}

/// The scores at `path`, which have to be of the same clips.
fn read(path: &Path, names: &[&str]) -> Result<Scores> {
    let text = || path.display().to_string();
    let lines: Vec<Line> = csv::Reader::from_path(path)
        .with_context(text)?
        .deserialize()
        .collect::<std::result::Result<_, _>>()
        .with_context(text)?;
    ensure!(
        lines.iter().map(|line| line.clip.as_str()).eq(names.iter().copied()),
        "{} is of other clips",
        path.display()
    );
    Ok(Scores {
        kl: lines.iter().map(|line| line.kl).collect(),
        recognised: lines.iter().map(|line| line.recognised).collect(),
        text_score: lines.iter().map(|line| line.text_score).collect(),
        fad_yamnet: lines.iter().map(|line| line.fad_yamnet).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_come_back_and_those_of_other_clips_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("1rf-24.csv");
        let scores = Scores {
            kl: vec![0.5, 2.25],
            recognised: vec![None, Some(1.0)],
            text_score: vec![0.3, 0.1 + 0.2],
            fad_yamnet: vec![41.5, -0.25],
        };
        write(&path, &scores, &["door-1", "rain, heavy"]).unwrap();
        assert_eq!(read(&path, &["door-1", "rain, heavy"]).unwrap(), scores);
        for other in [&["door-1"][..], &["rain, heavy", "door-1"]] {
            assert!(read(&path, other).unwrap_err().to_string().contains("other clips"));
        }
    }
}
