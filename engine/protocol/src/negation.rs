//! What a text says that should not be heard.
//!
//! A model of this kind takes the words of a text for what is to be heard: "rain, no thunder" has thunder in it. What
//! should not be heard belongs into [`Request::negative_prompt`](crate::Request::negative_prompt), where a model has one.

use crate::words;
use std::ops::Range;

/// Words that begin what should not be heard.
const NOT: [&str; 5] = ["no", "not", "without", "minus", "excluding"];
/// Words behind one of them that name nothing yet: "without any of the rain".
const FILLERS: [&str; 8] = ["any", "a", "an", "the", "of", "much", "too", "audible"];
/// Words at which what should not be heard is over.
const ENDS: [&str; 12] =
    ["but", "with", "and", "in", "on", "at", "from", "just", "only", "then", "while", "no"];
/// "No longer", "no matter", "not far", "not too": these deny nothing that could be heard.
const IDIOMS: [&str; 8] = ["longer", "matter", "far", "loud", "long", "fast", "close", "very"];

/// A part of a text that says what should not be heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Negation {
    /// The part with its "no", in bytes, and with the comma before it if there is one: the text is whole without it.
    pub range: Range<usize>,
    /// What should not be heard.
    pub what: String,
}

/// The parts of `text` that say what should not be heard, in order.
///
/// ```
/// use straightshot_protocol::{negations, without};
///
/// let text = "steady rain on a tin roof, no thunder, without any birds or voices";
/// let found = negations(text);
/// let what: Vec<_> = found.iter().map(|part| part.what.as_str()).collect();
/// assert_eq!(what, ["thunder", "birds or voices"]);
/// assert_eq!(without(text, &found), "steady rain on a tin roof");
/// assert!(negations("a nose, notes, no longer far away").is_empty());
/// ```
#[must_use]
pub fn negations(text: &str) -> Vec<Negation> {
    let mut found = Vec::new();
    let mut start = 0;
    for clause in text.split_inclusive([',', ';', '.', '\n', '(', ')']) {
        // A comma belongs to the clause before it.
        let words: Vec<Range<usize>> =
            words(clause).map(|word| word.start + start..word.end + start).collect();
        start += clause.len();
        let mut left = &words[..];
        while let Some((negation, used)) = first_of(text, left) {
            found.extend(negation);
            left = &left[used..];
        }
    }
    found
}

/// `text` without the parts that say what should not be heard.
#[must_use]
pub fn without(text: &str, parts: &[Negation]) -> String {
    let mut rest = text.to_owned();
    for part in parts.iter().rev() {
        if rest.get(part.range.clone()).is_some() {
            rest.replace_range(part.range.clone(), "");
        }
    }
    let bare = rest.trim().trim_start_matches([',', ';', '.']).trim();
    bare.split("  ").filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The first of `words` that denies something, and how many of them are looked at then; `None` if nothing more is denied.
fn first_of(text: &str, words: &[Range<usize>]) -> Option<(Option<Negation>, usize)> {
    let is_in =
        |word: &Range<usize>, list: &[&str]| list.contains(&text[word.clone()].to_lowercase().as_str());
    let begins = words.iter().position(|word| is_in(word, &NOT))?;
    let fillers = words[begins + 1..].iter().take_while(|word| is_in(word, &FILLERS)).count();
    let first = begins + 1 + fillers;
    let named = words[first..].iter().take_while(|word| !is_in(word, &ENDS)).count();
    let last = match named {
        0 => return Some((None, first)),
        _ if is_in(&words[first], &IDIOMS) => return Some((None, first + 1)),
        named => first + named,
    };
    let before = text[..words[begins].start].trim_end();
    // "Rain with no thunder" is whole without its "with" as well.
    let before = before.strip_suffix(" with").unwrap_or(before);
    let start = before.strip_suffix([',', ';']).map_or(before.len(), str::len);
    let (from, to) = (words[first].start, words[last - 1].end);
    Some((Some(Negation { range: start..to, what: text[from..to].to_owned() }), last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> (String, Vec<String>) {
        let found = negations(text);
        (without(text, &found), found.into_iter().map(|part| part.what).collect())
    }

    #[test]
    fn what_should_not_be_heard_is_found_and_the_rest_is_whole() {
        for (text, rest, what) in [
            ("rain, no thunder", "rain", &["thunder"][..]),
            ("No music, forest at night", "forest at night", &["music"]),
            ("forest without wind in winter", "forest in winter", &["wind"]),
            ("crowd with no music and applause", "crowd and applause", &["music"]),
            ("door slam, not metallic, no echo", "door slam", &["metallic", "echo"]),
            ("Kein Regen", "Kein Regen", &[]),
            ("no", "no", &[]),
            ("stream\nno birds", "stream", &["birds"]),
            ("sea no gulls no wind", "sea", &["gulls", "wind"]),
            ("ветер, no дождь", "ветер", &["дождь"]),
        ] {
            let (left, found) = split(text);
            assert_eq!(
                (left.as_str(), found),
                (rest, what.iter().map(|s| (*s).to_owned()).collect()),
                "{text}"
            );
        }
    }

    #[test]
    fn words_that_only_look_like_it_are_left_alone() {
        for text in
            ["piano notes", "a knot tied", "no longer raining", "nostalgic radio", "not too loud rain", ""]
        {
            assert_eq!(negations(text), [], "{text}");
        }
    }
}
