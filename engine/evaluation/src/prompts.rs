//! Prompts that say how many, how fast and how regular, from the lists in `engine/evaluation/structure`.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::path::Path;
use straightshot_engine::error::{Error, ErrorKind, Result};

/// Asks for a number of events.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Count {
    /// Of what.
    pub kind: String,
    /// How many.
    pub count: usize,
    /// In words.
    pub prompt: String,
}

/// Asks for the same events twice.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Tempo {
    /// Of what.
    pub kind: String,
    /// The slow ones.
    pub slow: String,
    /// The fast ones.
    pub fast: String,
}

/// Asks for events of a kind, saying nothing about their time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Kind {
    /// Of what.
    pub kind: String,
    /// In words.
    pub prompt: String,
}

/// All of them.
#[derive(Debug, Clone)]
pub struct Prompts {
    /// `counts.csv`
    pub counts: Vec<Count>,
    /// `tempo.csv`
    pub tempo: Vec<Tempo>,
    /// `kinds.csv`
    pub kinds: Vec<Kind>,
    /// `clocks.txt`, a prompt per line.
    pub clocks: Vec<String>,
}

impl Prompts {
    /// Reads the lists in `folder`.
    ///
    /// # Errors
    /// [`ErrorKind::BadData`] naming the file that cannot be read or is empty.
    pub fn read(folder: &Path) -> Result<Self> {
        let clocks = folder.join("clocks.txt");
        let text = std::fs::read_to_string(&clocks).map_err(|e| bad(&clocks).with_source(e))?;
        let clocks: Vec<String> = text.lines().filter(|line| !line.is_empty()).map(Into::into).collect();
        if clocks.is_empty() {
            return Err(bad(&folder.join("clocks.txt")));
        }
        Ok(Self {
            counts: lines(&folder.join("counts.csv"))?,
            tempo: lines(&folder.join("tempo.csv"))?,
            kinds: lines(&folder.join("kinds.csv"))?,
            clocks,
        })
    }
}

fn bad(path: &Path) -> Error {
    Error::new(ErrorKind::BadData, format!("{} is no list of prompts", path.display()))
}

fn lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let mut reader = csv::Reader::from_path(path).map_err(|e| bad(path).with_source(e))?;
    let lines: Vec<T> =
        reader.deserialize().collect::<Result<_, _>>().map_err(|e| bad(path).with_source(e))?;
    if lines.is_empty() { Err(bad(path)) } else { Ok(lines) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_of_the_repository_ask_for_everything_alike() {
        let prompts = Prompts::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("structure")).unwrap();
        for kind in ["knock", "bark", "shot", "step", "clap", "click"] {
            let asked = prompts.counts.iter().filter(|line| line.kind == kind);
            assert_eq!(asked.map(|line| line.count).collect::<Vec<_>>(), [1, 2, 3, 5], "{kind}");
        }
        for line in &prompts.counts {
            let word = ["", "one", "two", "three", "", "five"][line.count];
            assert!(line.prompt.starts_with(word), "{line:?}");
        }
        assert!(prompts.tempo.iter().all(|t| t.slow.contains("slow") && t.fast.contains("fast")));
        assert_eq!((prompts.tempo.len(), prompts.kinds.len()), (6, 6));
    }

    #[test]
    fn a_missing_or_empty_list_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("clocks.txt"), "clock ticking\n").unwrap();
        std::fs::write(folder.path().join("counts.csv"), "kind,count,prompt\n").unwrap();
        assert!(Prompts::read(folder.path()).unwrap_err().to_string().contains("counts.csv"));
    }
}
