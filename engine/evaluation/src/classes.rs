//! Kinds of sound with what recordings of them are called and what they are recognised as, and recognition by class.
//!
//! `engine/evaluation/structure/classes.csv` lists them. A sound is recognised if one of the AudioSet classes that are right
//! for it by hand is among the five that YAMNet thinks most likely in its best window. Some right classes are broad, so the
//! share of recognised sounds stands beside that of the sounds of all *other* classes that would have passed for the class.
//!
//! What it does not see: anything above 7.5 kHz, attacks, and which of the sounds that a class may have it is.

use super::labels;
use serde::Deserialize;
use std::path::Path;
use straightshot_engine::error::{Error, ErrorKind, Result};

/// Classes of YAMNet's that count as right.
const BEST: usize = 5;

/// What a class is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trait {
    /// Judged by networks: recognition, distances, variety; and balance.
    Everyday,
    /// Has attacks.
    Impact,
    /// Has a pitch.
    Tonal,
    /// Events with something between them.
    Events,
    /// Ticks at equal distances.
    Clock,
}

/// A kind of sound.
#[derive(Debug, Clone)]
pub struct Class {
    /// Short name.
    pub name: String,
    /// Prompt that asks for it.
    pub prompt: String,
    /// Each: beginnings of words that a caption has to have, and of such as it must not have.
    captions: Vec<(Vec<String>, Vec<String>)>,
    /// AudioSet classes that are right for it.
    heard: Vec<usize>,
    traits: Vec<Trait>,
}

#[derive(Debug, Deserialize)]
struct Line {
    class: String,
    prompt: String,
    captions: String,
    heard: String,
    traits: String,
}

/// Reads the list at `path`; `names` are YAMNet's classes by number.
///
/// # Errors
/// [`ErrorKind::BadData`] if it cannot be read or says something unknown.
pub fn read(path: &Path, names: &[String]) -> Result<Vec<Class>> {
    let bad = |text: String| Error::new(ErrorKind::BadData, format!("{} {text}", path.display()));
    let number = |name: &str| {
        names.iter().position(|n| n == name).ok_or_else(|| bad(format!("names no class {name:?}")))
    };
    let class = |line: Line| -> Result<Class> {
        let traits = line.traits.split_whitespace().map(|word| match word {
            "everyday" => Ok(Trait::Everyday),
            "impact" => Ok(Trait::Impact),
            "tonal" => Ok(Trait::Tonal),
            "events" => Ok(Trait::Events),
            "clock" => Ok(Trait::Clock),
            _ => Err(bad(format!("has an unknown trait {word:?}"))),
        });
        Ok(Class {
            traits: traits.collect::<Result<_>>()?,
            heard: line.heard.split('|').map(number).collect::<Result<_>>()?,
            captions: line.captions.split('|').map(alternative).collect(),
            name: line.class,
            prompt: line.prompt,
        })
    };
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .from_path(path)
        .map_err(|e| bad("could not be read".into()).with_source(e))?;
    let lines = reader.deserialize::<Line>();
    lines.map(|line| class(line.map_err(|e| bad("is damaged".into()).with_source(e))?)).collect()
}

fn alternative(text: &str) -> (Vec<String>, Vec<String>) {
    let words = |text: &str| text.split_whitespace().map(str::to_lowercase).collect();
    let (needed, excluded) = text.split_once('!').unwrap_or((text, ""));
    (words(needed), words(excluded))
}

impl Class {
    /// Whether a recording with this caption is one of the class.
    #[must_use]
    pub fn named_by(&self, caption: &str) -> bool {
        let caption = caption.to_lowercase();
        let words: Vec<&str> = caption.split(|c: char| !c.is_alphanumeric()).collect();
        let has = |beginning: &String| words.iter().any(|word| word.starts_with(beginning.as_str()));
        self.captions.iter().any(|(needed, excluded)| needed.iter().all(has) && !excluded.iter().any(has))
    }

    /// Whether it is used for this.
    #[must_use]
    pub fn is(&self, used_for: Trait) -> bool {
        self.traits.contains(&used_for)
    }

    /// Whether a sound with these posteriors passes for one of the class.
    ///
    /// # Shapes
    /// - `posteriors`: `[classes]`
    #[must_use]
    pub fn heard_in(&self, posteriors: &[f64]) -> bool {
        labels::best(posteriors, BEST).iter().any(|class| self.heard.contains(class))
    }
}

/// How often a class is recognised.
#[derive(Debug, Clone, PartialEq)]
pub struct Recognition {
    /// Whether each of its own sounds is.
    pub own: Vec<bool>,
    /// Share of the sounds of other classes that pass for it.
    pub chance: f64,
}

/// Recognition of `class`, number `number`, in sounds of all classes.
///
/// # Shapes
/// - `sounds`: the number of each sound's class, and its posteriors
#[must_use]
pub fn recognition(class: &Class, number: usize, sounds: &[(usize, &[f64])]) -> Recognition {
    let heard = |own: bool| -> Vec<bool> {
        let those = sounds.iter().filter(|(of, _)| (*of == number) == own);
        those.map(|(_, posteriors)| class.heard_in(posteriors)).collect()
    };
    let others = heard(false);
    let passed = others.iter().filter(|heard| **heard).count();
    Recognition { own: heard(true), chance: passed as f64 / others.len().max(1) as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Result<Vec<Class>> {
        let names: Vec<String> = ["Dog", "Rain", "A", "B", "C", "D", "E"].map(Into::into).into();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("classes.csv");
        std::fs::write(&path, format!("class,prompt,captions,heard,traits\n# Nothing.\n{text}")).unwrap();
        read(&path, &names)
    }

    #[test]
    fn captions_name_a_class_by_all_words_of_an_alternative() {
        let classes = list("pig,pig grunting,pig !pigeon snort|boar wild,Dog,everyday impact\n").unwrap();
        let named = |caption: &str| classes[0].named_by(caption);
        assert!(named("Two pigs, grunting") && named("wild boar") && !named("boar"));
        assert!(!named("pigeon cooing") && !named("pig snorts") && !named("big dog"));
        assert!(classes[0].is(Trait::Impact) && !classes[0].is(Trait::Tonal));
    }

    #[test]
    fn recognition_stands_beside_its_chance() {
        let classes = list("dog,dog barking,dog,Dog,everyday\nrain,rain,rain,Rain|A,everyday\n").unwrap();
        let (dog, rain) = ([0.9, 0.1, 0.8, 0.7, 0.6, 0.5, 0.0], [0.0, 0.9, 0.1, 0.8, 0.7, 0.6, 0.5]);
        let sounds: [(usize, &[f64]); 3] = [(0, &dog), (0, &rain), (1, &rain)];
        assert_eq!(recognition(&classes[0], 0, &sounds), Recognition { own: vec![true, false], chance: 0.0 });
        assert_eq!(recognition(&classes[1], 1, &sounds), Recognition { own: vec![true], chance: 1.0 });
    }

    #[test]
    fn what_is_unknown_is_named() {
        for (text, word) in [("a,a,a,Cat,tonal\n", "Cat"), ("a,a,a,Dog,loud\n", "loud")] {
            assert!(list(text).unwrap_err().to_string().contains(word));
        }
    }

    #[test]
    fn the_list_of_the_repository_fits_the_network() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let yamnet = super::super::yamnet::Yamnet::from_dir(&root.join("../../assets/eval")).unwrap();
        let classes = read(&root.join("structure/classes.csv"), yamnet.names()).unwrap();
        let count = |used_for| classes.iter().filter(|class| class.is(used_for)).count();
        assert_eq!(count(Trait::Everyday), 40);
        assert!(count(Trait::Impact) >= 8 && count(Trait::Tonal) >= 8 && count(Trait::Events) >= 4);
        assert_eq!(count(Trait::Clock), 1);
        // Every prompt asks for what its class is called by, but for what cannot be said in a caption.
        let unnamed: Vec<&str> =
            classes.iter().filter(|c| !c.named_by(&c.prompt)).map(|c| c.name.as_str()).collect();
        assert!(unnamed.is_empty(), "{unnamed:?}");
    }
}
