//! File names by the Universal Category System: `CatID_FXName_CreatorID_SourceID_UserData`.
//!
//! A `_` ends a block and a `-` opens a category of the user's or vendor's own, so neither may be inside the first four.
//! Letters of any script stay: a file system has no trouble with them, and whoever wrote the prompt reads them.

use crate::ucs::{self, Category};
use crate::{About, Settings};

/// Characters that some system or some program with lists does not take in a file name.
const ILLEGAL: &str = ".:*?!=+@#<>|\\/\"'%^$[]{}`~;,";
/// Letters of a name that was made from a prompt; short ones are read in a list of files.
const FX_NAME_CHARS: usize = 32;
/// Letters of a name that the user gave.
const TITLE_CHARS: usize = 60;
/// Letters of the two marks.
const MARK_CHARS: usize = 16;
/// Bytes of a whole name without its ending: file systems take 255, some that encrypt 143.
const STEM_BYTES: usize = 130;
/// What stands for a creator that the user has not named.
const CREATOR: &str = "Straightshot";
/// What the system writes where there is no source.
const SOURCE: &str = "NONE";
/// The category of a sound that no word of its prompt says anything about.
const UNKNOWN: &str = "OBJMisc";
/// Words that a name can do without.
const SHORT_WORDS: &[&str] = &[
    "a", "an", "the", "of", "on", "in", "with", "and", "to", "at", "by", "is", "are", "being", "from",
    "into", "onto",
];

/// The blocks of a file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The category; of the list.
    pub category: &'static Category,
    /// Whether a word of the prompt, or the user, has said so.
    pub category_known: bool,
    /// What is heard, in a few words.
    pub fx_name: String,
    /// Who made it.
    pub creator: String,
    /// What it is for.
    pub source: String,
    /// Take number and seed.
    pub user_data: String,
}

impl Name {
    /// The name of a sound.
    #[must_use]
    pub fn of(about: &About, settings: &Settings) -> Self {
        let prompt = about.request.prompt.as_str();
        let chosen = about.category.as_deref().and_then(ucs::category);
        let found = chosen.or_else(|| proposals(about).into_iter().next());
        let fx_name = match plain(&about.title, TITLE_CHARS) {
            title if title.is_empty() => short(prompt),
            title => title,
        };
        let seed = format!("S{}", about.request.seed);
        Self {
            category_known: found.is_some(),
            category: found.or_else(|| ucs::category(UNKNOWN)).unwrap_or(&ucs::all()[0]),
            fx_name: if fx_name.is_empty() { "Sound".to_owned() } else { fx_name },
            creator: mark(&settings.creator, CREATOR),
            source: mark(&settings.source, SOURCE),
            user_data: about.take.map_or_else(|| seed.clone(), |take| format!("T{take:02}-{seed}")),
        }
    }

    /// The file name without its ending.
    #[must_use]
    pub fn stem(&self) -> String {
        let rest = format!("{}_{}_{}", self.creator, self.source, self.user_data);
        let room = STEM_BYTES.saturating_sub(self.category.id.len() + rest.len() + 2);
        let fx_name = within(&self.fx_name, room);
        format!("{}_{fx_name}_{rest}", self.category.id)
    }
}

/// The categories that are proposed for a sound, the best first, at most three.
#[must_use]
pub fn proposals(about: &About) -> Vec<&'static Category> {
    let mut found = ucs::propose(&about.request.prompt, 3);
    if found.is_empty() {
        found = ucs::propose(&about.title, 3);
    }
    found
}

/// What stays of a text in a block of a name: no character that is not allowed, words apart by single spaces, the first
/// letter of each in upper case.
#[must_use]
pub fn plain(text: &str, most_chars: usize) -> String {
    let allowed = |c: char| {
        let letter = if c.is_ascii() { c.is_ascii_graphic() } else { c.is_alphanumeric() };
        letter && !ILLEGAL.contains(c) && c != '_' && c != '-'
    };
    // What is inside a word, as the apostrophe of "horse's", goes without a gap.
    let joined: String = text.chars().filter(|c| !"'’`".contains(*c)).collect();
    let spaced: String = joined.chars().map(|c| if allowed(c) { c } else { ' ' }).collect();
    let words: Vec<String> = spaced.split_whitespace().map(capital).collect();
    whole_words(&words, most_chars)
}

/// A short name from a prompt.
fn short(prompt: &str) -> String {
    let all = plain(prompt, usize::MAX);
    if all.chars().count() <= FX_NAME_CHARS {
        return all;
    }
    let telling = all.split(' ').filter(|word| !SHORT_WORDS.contains(&word.to_lowercase().as_str()));
    whole_words(&telling.map(str::to_owned).collect::<Vec<_>>(), FX_NAME_CHARS)
}

/// As many of `words` as fit into `most` characters; the beginning of the first if not even that fits.
fn whole_words(words: &[String], most: usize) -> String {
    let mut line = String::new();
    for word in words {
        let length = line.chars().count() + usize::from(!line.is_empty()) + word.chars().count();
        if length > most {
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    match words.first() {
        Some(first) if line.is_empty() => first.chars().take(most).collect(),
        _ => line,
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A creator or source: one word without spaces.
fn mark(text: &str, otherwise: &str) -> String {
    let text: String = plain(text, usize::MAX).split(' ').collect();
    let text: String = text.chars().take(MARK_CHARS).collect();
    if text.is_empty() { otherwise.to_owned() } else { text }
}

/// The beginning of `text` that has at most `bytes`, without a space at its end.
fn within(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use straightshot_protocol::Request;

    fn about(prompt: &str) -> About {
        let request = Request { prompt: prompt.into(), seed: 48_213, ..Request::default() };
        About { request, take: Some(3), ..About::default() }
    }

    fn stem(prompt: &str) -> String {
        Name::of(&about(prompt), &Settings::default()).stem()
    }

    #[test]
    fn ucs_name_has_its_blocks() {
        let settings = Settings { creator: "FL SH".into(), source: "show_x-1".into(), ..Settings::default() };
        let wood = About { category: Some("DOORWood".into()), ..about("wooden door creaks open") };
        let name = Name::of(&wood, &settings);
        assert_eq!(name.stem(), "DOORWood_Wooden Door Creaks Open_FLSH_ShowX1_T03-S48213");
        assert_eq!(stem("dog barking"), "ANMLDog_Dog Barking_Straightshot_NONE_T03-S48213");
        let titled = About { title: "the old one".into(), take: None, ..wood };
        assert_eq!(Name::of(&titled, &settings).stem(), "DOORWood_The Old One_FLSH_ShowX1_S48213");
    }

    #[test]
    fn ucs_name_holds_no_character_that_is_not_allowed() {
        let name = stem("horse's hoof_steps: \"clip-clop\" / 50% [wet] <?>|*\\ ÄÖÜ 日本 🐴\n{x}.wav");
        let blocks: Vec<&str> = name.split('_').collect();
        assert_eq!(blocks.len(), 5, "{name}");
        assert!(!name.chars().any(|c| ILLEGAL.contains(c) || c.is_control()), "{name}");
        assert!(blocks[1].starts_with("Horses Hoof Steps Clip Clop"), "{name}");
        assert_eq!(plain("ÄÖÜ 日本 🐴 tür", 60), "ÄÖÜ 日本 Tür");
        assert_eq!(plain("  --__..  ", 60), "");
    }

    #[test]
    fn ucs_name_is_short_enough_for_every_disk() {
        let long =
            "the slow and heavy footsteps of an old man in leather boots on a creaking wooden staircase";
        let name = stem(long);
        assert!(name.split('_').nth(1).unwrap().chars().count() <= FX_NAME_CHARS, "{name}");
        assert!(name.contains("_Slow Heavy Footsteps Old Man_"), "{name}");
        let endless = About { title: "ü".repeat(400), ..about(&"日".repeat(500)) };
        for about in [endless, about(&"日".repeat(500)), about(&"word ".repeat(500)), about("")] {
            let stem = Name::of(&about, &Settings::default()).stem();
            assert!(stem.len() <= STEM_BYTES && stem.split('_').count() == 5, "{stem}");
        }
    }

    #[test]
    fn ucs_name_says_when_no_category_was_found() {
        let name = Name::of(&about("xyzzy"), &Settings::default());
        assert!(!name.category_known);
        assert_eq!(name.category.id, UNKNOWN);
        assert!(Name::of(&about("rain"), &Settings::default()).category_known);
    }
}
