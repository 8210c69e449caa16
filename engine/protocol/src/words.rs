//! Words of a text, as people see them.

use std::ops::Range;

/// Shortest stem of a word: what is cut off a shorter one is no ending.
const MIN_STEM: usize = 3;

/// Where the words of `text` are, in bytes: all that is neither space nor punctuation, with hyphens and apostrophes inside.
///
/// ```
/// use straightshot_protocol::words;
///
/// let text = "Sci-fi door, the car's “engine” 雨";
/// let found: Vec<_> = words(text).map(|word| &text[word]).collect();
/// assert_eq!(found, ["Sci-fi", "door", "the", "car's", "engine", "雨"]);
/// ```
pub fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let is_between = |c: char| {
        c.is_whitespace()
            || c.is_ascii_punctuation() && !matches!(c, '\'' | '-')
            || "“”„‚‘«»…–—·¡¿、。，！？：；（）「」".contains(c)
    };
    text.split(is_between).filter_map(move |part| {
        let word = part.trim_matches(['\'', '-', '’']);
        let start = word.as_ptr().addr() - text.as_ptr().addr();
        (!word.is_empty()).then(|| start..start + word.len())
    })
}

/// A lower-case English word without its ending, so that words that differ by one are equal. Not a word, and never shown.
///
/// ```
/// use straightshot_protocol::stem;
///
/// assert!(["creaks", "creaking", "creaked", "creaky"].iter().all(|word| stem(word) == stem("creak")));
/// assert!(["slams", "slamming"].iter().all(|word| stem(word) == stem("slam")));
/// assert!(["closes", "closing", "closed"].iter().all(|word| stem(word) == stem("close")));
/// assert_ne!(stem("ring"), stem("r"));
/// ```
#[must_use]
pub fn stem(word: &str) -> String {
    let endings = ["ingly", "edly", "ings", "ing", "ers", "ies", "es", "ed", "er", "ly", "s"];
    let cut = |word: &str, ending: &str| -> Option<String> {
        word.strip_suffix(ending).filter(|rest| rest.len() >= MIN_STEM).map(str::to_owned)
    };
    let mut stem = endings.iter().find_map(|ending| cut(word, ending)).unwrap_or_else(|| word.to_owned());
    for ending in ["e", "y", "i"] {
        stem = cut(&stem, ending).unwrap_or(stem);
    }
    let mut ends = stem.chars().rev();
    if stem.len() > MIN_STEM && ends.next() == ends.next() {
        stem.pop();
    }
    stem
}
