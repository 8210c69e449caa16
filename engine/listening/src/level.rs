//! How loud what a text describes is.
//!
//! A model that has learnt from recordings at one level makes every sound at one level; the difference between a gentle wind
//! and a violent one is in their spectrum and in the text, not in their peak. So the text decides: the loudest thing it names
//! gives a class, words of degree are added. What it comes to is written into the request as a number, so that a take can be
//! made again after these lists have changed.

use crate::words::{DEGREES, KINDS, STRESSES};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::LazyLock;
use straightshot_protocol::{Level, negations, stem, without, words};

/// Loudness of what the lists do not name, in LUFS of the loudest 400 ms.
pub(crate) const USUAL_LUFS: f32 = -22.0;
/// Quietest and loudest that a text can ask for.
const RANGE_LUFS: (f32, f32) = (-42.0, -11.0);
/// Most that words of degree add or take together, in dB.
const MOST_DEGREE_DB: f32 = 12.0;

/// How the levels of new sounds are chosen; one for all projects of a user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LevelChoice {
    /// By what the text says.
    #[default]
    ByText,
    /// All with their peak at so many dB full scale, -1 at most.
    Peak(i8),
    /// All with so many LUFS in their loudest 400 ms, as far as their peak allows.
    Loudness(i8),
}

impl LevelChoice {
    /// The level of a sound of `prompt`.
    ///
    /// ```
    /// use straightshot_listening::LevelChoice;
    /// use straightshot_protocol::Level;
    ///
    /// let level = |prompt| match LevelChoice::ByText.level(prompt) {
    ///     Level::Loudness { lufs } => lufs,
    ///     other => panic!("{other:?}"),
    /// };
    /// assert!(level("gentle wind in trees") + 6.0 < level("violent wind in trees"));
    /// assert_eq!(LevelChoice::Peak(-6).level("wind"), Level::Peak { dbfs: -6.0 });
    /// ```
    #[must_use]
    pub fn level(self, prompt: &str) -> Level {
        match self {
            Self::ByText => Level::Loudness { lufs: loudness_of(prompt).lufs },
            Self::Peak(dbfs) => Level::Peak { dbfs: f32::from(dbfs).clamp(-60.0, -1.0) },
            Self::Loudness(lufs) => Level::Loudness { lufs: f32::from(lufs).clamp(-60.0, -5.0) },
        }
    }
}

/// How loud a text says that its sound is.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    /// Loudness in LUFS of the loudest 400 ms.
    pub lufs: f32,
    /// The words that it comes from, in the order of the text.
    pub by: Vec<String>,
}

/// How loud what `text` describes is.
///
/// ```
/// use straightshot_listening::loudness_of;
///
/// let described = loudness_of("very distant thunder, no rain");
/// assert_eq!(described.by, ["distant", "thunder"]);
/// assert!(described.lufs < loudness_of("thunder").lufs);
/// ```
#[must_use]
pub fn loudness_of(text: &str) -> Described {
    let text = without(text, &negations(text)).to_lowercase();
    let (mut class, mut degree, mut stress) = (None::<(f32, usize)>, 0.0, 1.0);
    let mut by: Vec<(usize, String)> = Vec::new();
    for (at, range) in words(&text).enumerate() {
        let word = &text[range];
        match VOCABULARY.get(&stem(word)) {
            Some(Meaning::Stress(times)) => {
                stress = *times;
                continue;
            }
            Some(Meaning::Degree(db)) => {
                degree += stress * db;
                if stress != 0.0 {
                    by.push((at, word.to_owned()));
                }
            }
            // The loudest thing is what is heard most.
            Some(Meaning::Kind(lufs)) if class.is_none_or(|(loudest, _)| *lufs > loudest) => {
                by.retain(|(place, _)| class.is_none_or(|(_, of)| *place != of));
                class = Some((*lufs, at));
                by.push((at, word.to_owned()));
            }
            Some(Meaning::Kind(_)) | None => {}
        }
        stress = 1.0;
    }
    by.sort_by_key(|(place, _)| *place);
    let lufs = class.map_or(USUAL_LUFS, |(lufs, _)| lufs) + degree.clamp(-MOST_DEGREE_DB, MOST_DEGREE_DB);
    Described {
        lufs: lufs.clamp(RANGE_LUFS.0, RANGE_LUFS.1),
        by: by.into_iter().map(|(_, word)| word).collect(),
    }
}

/// What a word says about loudness.
#[derive(Debug, Clone, Copy)]
enum Meaning {
    Kind(f32),
    Degree(f32),
    Stress(f32),
}

/// The lists by stems. What stands in two lists counts as in the first: a word of degree says more than a thing.
static VOCABULARY: LazyLock<HashMap<String, Meaning>> = LazyLock::new(|| {
    let of = |list: &'static [(f32, &[&str])], meaning: fn(f32) -> Meaning| {
        list.iter()
            .flat_map(move |(number, words)| words.iter().map(move |word| (stem(word), meaning(*number))))
    };
    let kinds = of(KINDS, Meaning::Kind);
    kinds.chain(of(DEGREES, Meaning::Degree)).chain(of(STRESSES, Meaning::Stress)).collect()
});

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn of_two_texts_the_quieter_one_is_quieter() {
        for (quiet, loud) in [
            ("gentle wind", "violent wind"),
            ("distant thunder rumbling", "thunder"),
            ("soft footsteps on snow", "heavy footsteps on wood"),
            ("cloth rustling", "wooden door slams shut"),
            ("light rain on a window", "torrential rain on a window"),
            ("quiet engine idling", "loud engine"),
            ("faint siren", "siren"),
            ("a whisper", "a scream"),
            ("very quiet fan", "quiet fan"),
            ("rain, no thunder", "rain and thunder"),
            ("a clock ticking", "an explosion"),
        ] {
            let (a, b) = (loudness_of(quiet), loudness_of(loud));
            assert!(a.lufs + 3.0 < b.lufs, "{quiet}: {a:?}, {loud}: {b:?}");
        }
    }

    #[test]
    fn what_is_not_said_changes_nothing() {
        assert_eq!(loudness_of("xyzzy"), Described { lufs: USUAL_LUFS, by: vec![] });
        assert_eq!(loudness_of("").lufs, USUAL_LUFS);
        assert_eq!(loudness_of("not loud fan"), loudness_of("fan"));
        let most = loudness_of("deafening loud violent huge massive heavy explosion");
        let least = loudness_of("very faint quiet distant soft gentle rustle");
        assert_eq!((least.lufs, most.lufs), RANGE_LUFS);
    }

    #[test]
    fn no_word_says_two_things() {
        let mut seen = HashSet::new();
        for (_, words) in KINDS.iter().chain(DEGREES).chain(STRESSES) {
            for word in *words {
                // Words of one group may share a stem.
                let stems: HashSet<_> = words.iter().map(|word| stem(word)).collect();
                assert!(stems.contains(&stem(word)));
            }
            for stem in words.iter().map(|word| stem(word)).collect::<HashSet<_>>() {
                assert!(seen.insert(stem.clone()), "{stem} is in two groups");
            }
        }
    }

    #[test]
    fn the_choice_is_kept_as_text() {
        for choice in [LevelChoice::ByText, LevelChoice::Peak(-6), LevelChoice::Loudness(-23)] {
            let text = serde_json::to_string(&choice).unwrap();
            assert_eq!(serde_json::from_str::<LevelChoice>(&text).unwrap(), choice, "{text}");
        }
        assert_eq!(serde_json::to_string(&LevelChoice::Loudness(-23)).unwrap(), r#"{"loudness":-23}"#);
    }
}
