//! Whether a sound is recognised as what its caption names.
//!
//! `assets/eval/right_classes.csv` says by hand which AudioSet classes are right for a word of a caption. A sound is
//! recognised if one of them is among the five classes that YAMNet thinks most likely. The figure for recordings is the
//! one to compare with: YAMNet does not know every recording either.

use super::labels;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;
use straightshot_engine::error::{Error, ErrorKind, Result};

/// Classes that count as right.
const BEST: usize = 5;

/// Words and the classes that are right for them.
#[derive(Debug)]
pub struct RightClasses {
    words: Vec<(String, Vec<usize>)>,
}

#[derive(Debug, Deserialize)]
struct Line {
    word: String,
    /// Display names, separated by `|`.
    classes: String,
}

impl RightClasses {
    /// Reads the table at `path`; `names` are the classes by number.
    ///
    /// # Errors
    /// [`ErrorKind::BadData`] if it cannot be read or names a class that does not exist.
    pub fn read(path: &Path, names: &[String]) -> Result<Self> {
        let bad = |text: String| Error::new(ErrorKind::BadData, format!("{} {text}", path.display()));
        let mut reader =
            csv::Reader::from_path(path).map_err(|e| bad("could not be read".into()).with_source(e))?;
        let mut words = Vec::new();
        for line in reader.deserialize::<Line>() {
            let line = line.map_err(|e| bad("is damaged".into()).with_source(e))?;
            let number = |name: &str| {
                names.iter().position(|n| n == name).ok_or_else(|| bad(format!("names no class {name:?}")))
            };
            words.push((line.word, line.classes.split('|').map(number).collect::<Result<_>>()?));
        }
        Ok(Self { words })
    }

    /// Classes that are right for any word of `caption`: a word counts if it begins with one of the table, and
    /// only the longest such beginning of it does ("fireworks" are not fire). Empty if the table knows no word.
    #[must_use]
    pub fn right(&self, caption: &str) -> BTreeSet<usize> {
        let caption = caption.to_lowercase();
        let words = caption.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let best = |word: &str| {
            let begins = self.words.iter().filter(|(start, _)| word.starts_with(start.as_str()));
            begins.max_by_key(|(start, _)| start.len()).map(|(_, classes)| classes)
        };
        words.filter_map(best).flatten().copied().collect()
    }

    /// Whether two captions name the same kind of sound: some class is right for both.
    #[must_use]
    pub fn same_kind(&self, one: &str, other: &str) -> bool {
        !self.right(one).is_disjoint(&self.right(other))
    }

    /// Whether a sound with these posteriors is recognised; `None` if the table knows no word of the caption.
    ///
    /// # Shapes
    /// - `posteriors`: `[classes]`
    #[must_use]
    pub fn recognised(&self, posteriors: &[f64], caption: &str) -> Option<bool> {
        let right = self.right(caption);
        let heard = || labels::best(posteriors, BEST).iter().any(|class| right.contains(class));
        (!right.is_empty()).then(heard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Result<RightClasses> {
        let names: Vec<String> = ["Dog", "Rain", "Fire", "Fireworks", "A", "B", "C"].map(Into::into).into();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("right.csv");
        std::fs::write(&path, text).unwrap();
        RightClasses::read(&path, &names)
    }

    #[test]
    fn words_give_their_classes_and_the_longest_beginning_wins() {
        let table = table("word,classes\nfire,Fire\nfirework,Fireworks\nrain,Rain|Fire\n").unwrap();
        assert_eq!(table.right("Fireworks, rainy night"), BTreeSet::from([1, 2, 3]));
        assert_eq!(table.right("fireworks"), BTreeSet::from([3]));
        assert_eq!(table.right("a campfire"), BTreeSet::new());
    }

    #[test]
    fn five_best_classes_count() {
        let table = table("word,classes\nfire,Fire\n").unwrap();
        assert_eq!(table.recognised(&[0.9, 0.8, 0.2, 0.7, 0.6, 0.1, 0.1], "fire"), Some(true));
        assert_eq!(table.recognised(&[0.9, 0.8, 0.1, 0.7, 0.6, 0.5, 0.4], "fire"), Some(false));
        assert_eq!(table.recognised(&[1.0; 7], "silence"), None);
    }

    #[test]
    fn captions_are_of_the_same_kind_if_they_share_a_class() {
        let table = table("word,classes\nfire,Fire|A\nrain,Rain|B\ndrop,Rain\n").unwrap();
        assert!(table.same_kind("heavy rain", "drops on a leaf"));
        assert!(!table.same_kind("heavy rain", "a fire"));
        assert!(!table.same_kind("heavy", "heavy"));
    }

    #[test]
    fn an_unknown_class_is_named() {
        let error = table("word,classes\nfire,Blaze\n").unwrap_err();
        assert!(error.to_string().contains("\"Blaze\""), "{error}");
    }
}
