//! Categories for a prompt, by the words it shares with the system's own: names, synonyms and explanations.
//!
//! A word counts by how few categories have it and by where they have it: a name says more than a synonym. What a prompt
//! means beyond its words is not known here, so several are proposed and the user chooses.

use super::{Category, all, words};
use std::collections::HashMap;
use std::sync::OnceLock;

/// Words that say nothing about what is heard.
const EMPTY: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "in", "into", "is", "it", "its", "of",
    "off", "on", "onto", "or", "other", "out", "over", "past", "sound", "sounds", "that", "the", "their",
    "this", "three", "through", "to", "two", "under", "up", "very", "which", "while", "with", "not", "any",
    "list", "category", "fitting", "another",
];

/// How much a word counts by where a category has it. Chosen on `tests/ucs_prompts.tsv`; other values near them are as good.
mod weight {
    /// In the list of everyday words.
    pub(super) const EVERYDAY: f32 = 3.2;
    /// In the name of the category.
    pub(super) const CATEGORY: f32 = 2.6;
    /// In the name of the subcategory.
    pub(super) const SUBCATEGORY: f32 = 2.4;
    /// Among the synonyms.
    pub(super) const SYNONYM: f32 = 1.0;
    /// In the explanation.
    pub(super) const EXPLANATION: f32 = 0.5;
}

/// Each further word of a prompt that a category knows makes all of its words count that much more.
const TOGETHER: f32 = 0.5;

/// The categories that fit `prompt` best, the best first, at most `count`; none if no word of it is known.
#[must_use]
pub fn propose(prompt: &str, count: usize) -> Vec<&'static Category> {
    let index = Index::get();
    let mut scores: HashMap<usize, (f32, u32)> = HashMap::new();
    let mut seen: Vec<String> = Vec::new();
    for token in tokens(prompt) {
        if seen.contains(&token) {
            continue;
        }
        for &(category, weight) in index.places.get(&token).into_iter().flatten() {
            let (score, hits) = scores.entry(category).or_default();
            *score += weight;
            *hits += 1;
        }
        seen.push(token);
    }
    let mut ranked: Vec<(f32, usize)> = scores
        .into_iter()
        .map(|(category, (score, hits))| {
            let together = 1.0 + TOGETHER * (hits.saturating_sub(1)) as f32;
            (score * together * all().get(category).map_or(1.0, bias), category)
        })
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    ranked.into_iter().take(count).filter_map(|(_, category)| all().get(category)).collect()
}

/// Categories whose identifier, names or synonyms hold every word of `text`, those named so first; all for an empty text.
#[must_use]
pub fn search(text: &str) -> Vec<&'static Category> {
    let wanted: Vec<String> = text.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let rank = |category: &Category| -> Option<u8> {
        let id = category.id.to_lowercase();
        let names = format!("{} {}", category.category, category.subcategory).to_lowercase();
        let known = words::of(category.id).map_or("", |words| words.synonyms);
        let mut ranks = wanted.iter().map(|word| {
            if id.starts_with(word.as_str()) {
                Some(0)
            } else if names.split([' ', '&', '-']).any(|name| name.starts_with(word.as_str())) {
                Some(1)
            } else if known.split(' ').any(|synonym| synonym.starts_with(word.as_str())) {
                Some(2)
            } else {
                None
            }
        });
        ranks.try_fold(0, |worst: u8, rank: Option<u8>| Some(worst.max(rank?)))
    };
    let mut found: Vec<(u8, &Category)> = all().iter().filter_map(|c| Some((rank(c)?, c))).collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, category)| category).collect()
}

/// Some categories are for something else than the sound of a prompt and stand back.
fn bias(category: &Category) -> f32 {
    match category.category {
        // Of material in an archive it says where it is from, not what is heard.
        "ARCHIVED" => 0.0,
        // Performed to picture, says the system; material without a picture belongs to what it is.
        "FOLEY" => 0.35,
        "CARTOON" | "MUSICAL" | "DESIGNED" | "AMBIENCE" | "GAMES" => 0.8,
        _ if category.subcategory == "MISC" => 0.9,
        _ => 1.0,
    }
}

/// Which categories know a word, and how much it counts for each.
struct Index {
    places: HashMap<String, Vec<(usize, f32)>>,
}

impl Index {
    fn get() -> &'static Self {
        static INDEX: OnceLock<Index> = OnceLock::new();
        INDEX.get_or_init(Self::build)
    }

    #[expect(clippy::cast_precision_loss, reason = "hundreds of categories")]
    fn build() -> Self {
        let mut places: HashMap<String, Vec<(usize, f32)>> = HashMap::new();
        for (number, category) in all().iter().enumerate() {
            let (explanation, synonyms) =
                words::of(category.id).map_or(("", ""), |words| (words.explanation, words.synonyms));
            for (text, weight) in [
                (words::everyday(category.id), weight::EVERYDAY),
                (category.category, weight::CATEGORY),
                (category.subcategory, weight::SUBCATEGORY),
                (synonyms, weight::SYNONYM),
                (explanation, weight::EXPLANATION),
            ] {
                for token in tokens(text) {
                    let known = places.entry(token).or_default();
                    match known.last_mut() {
                        Some((last, best)) if *last == number => *best = best.max(weight),
                        _ => known.push((number, weight)),
                    }
                }
            }
        }
        let count = all().len() as f32;
        for known in places.values_mut() {
            let rarity = (1.0 + count / known.len() as f32).ln();
            known.iter_mut().for_each(|(_, weight)| *weight *= rarity);
        }
        Self { places }
    }
}

/// The words of a text without those that say nothing, each reduced to what its forms share.
fn tokens(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric())
        .map(str::to_lowercase)
        .filter(|word| word.len() > 1 && !EMPTY.contains(&word.as_str()))
        .map(|word| stem(&word))
}

/// What the forms of an English word share, roughly: `doors`, `creaking`, `dragged`, `wooden` become `door`, `creak`,
/// `drag`, `wood`.
fn stem(word: &str) -> String {
    const ODD: &[(&str, &str)] = &[
        ("broken", "break"),
        ("breakage", "break"),
        ("fell", "fall"),
        ("fallen", "fall"),
        ("torn", "tear"),
        ("shattered", "shatter"),
        ("woman", "female"),
        ("women", "female"),
        ("man", "male"),
        ("men", "male"),
        ("feet", "foot"),
        ("mice", "mouse"),
        ("geese", "goose"),
        ("leaves", "leaf"),
        ("knives", "knife"),
        ("wolves", "wolf"),
        ("wooden", "wood"),
        ("metallic", "metal"),
        ("children", "child"),
        ("flies", "fly"),
        ("icy", "ice"),
        ("rung", "ring"),
        ("rang", "ring"),
        ("sung", "sing"),
        ("lit", "light"),
    ];
    if let Some((_, root)) = ODD.iter().find(|(odd, _)| *odd == word) {
        return (*root).to_owned();
    }
    let vowel = |c: char| "aeiouy".contains(c);
    let mut root = word.to_owned();
    if root.len() > 3 && root.ends_with("ies") {
        root.truncate(root.len() - 3);
        root.push('y');
    } else if ["ches", "shes", "sses", "xes", "zes"].iter().any(|end| root.ends_with(end)) {
        root.truncate(root.len() - 2);
    } else if root.len() > 3
        && root.ends_with('s')
        && !root.ends_with("ss")
        && !root.ends_with("us")
        && !root.ends_with("is")
    {
        root.pop();
    }
    for end in ["ingly", "ing", "edly", "ed", "ly", "er"] {
        let Some(rest) = root.strip_suffix(end) else { continue };
        if rest.len() > 2 && rest.chars().any(vowel) {
            root = rest.to_owned();
            let twice: Vec<char> = root.chars().rev().take(2).collect();
            if twice.len() == 2 && twice[0] == twice[1] && !"lsz".contains(twice[0]) {
                root.pop();
            }
            break;
        }
    }
    if root.len() > 3 && root.ends_with('e') {
        root.pop();
    }
    root
}

#[cfg(test)]
mod tests;
