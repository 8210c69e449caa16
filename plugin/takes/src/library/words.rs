//! Finding texts by words.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// `text` as it is compared: small letters without accents and the like.
///
/// Compatibility forms become what they stand for (ﬁ becomes fi), accents are left out (é becomes e), and letters that
/// only look like one with an accent are written as people without them on the keyboard write them (ø as o, ß as ss).
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    for letter in text.nfkd().filter(|letter| !is_combining_mark(*letter)).flat_map(char::to_lowercase) {
        match letter {
            'ß' => folded += "ss",
            'æ' => folded += "ae",
            'œ' => folded += "oe",
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' | 'ð' => folded.push('d'),
            'þ' => folded += "th",
            'ı' => folded.push('i'),
            // Of a capital i with a dot.
            '\u{307}' => {}
            letter => folded.push(letter),
        }
    }
    folded
}

/// What the words of a search ask for.
///
/// Words are separated by spaces and must all be there, each as the beginning of a word, in any order. Words between
/// quotes belong together, and a word after `-` must not be there. Letters count without their case and their accents.
///
/// ```
/// use straightshot_takes::{Terms, fold};
///
/// let sound = fold("Wooden door creaks open, café in Kraków");
/// for found in ["door", "DOO wood", "krako", "\"door creaks\"", "creak -squeak", ""] {
///     assert!(Terms::new(found).are_in(&sound), "{found}");
/// }
/// for missed in ["oor", "door metal", "\"creaks door\"", "door -cafe"] {
///     assert!(!Terms::new(missed).are_in(&sound), "{missed}");
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    wanted: Vec<String>,
    unwanted: Vec<String>,
}

impl Terms {
    /// The terms in what was typed.
    #[must_use]
    pub fn new(typed: &str) -> Self {
        let mut terms = Self::default();
        let mut rest = typed.trim_start();
        while !rest.is_empty() {
            // A lone minus is one that is about to get its word.
            let negative = rest.starts_with('-');
            rest = rest.strip_prefix('-').unwrap_or(rest);
            let (term, after) = match rest.strip_prefix('"') {
                // Quotes that are not closed yet go to the end.
                Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
                None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
            };
            let term = fold(term.trim());
            if !term.is_empty() {
                if negative { &mut terms.unwanted } else { &mut terms.wanted }.push(term);
            }
            rest = after.trim_start();
        }
        terms
    }

    /// Whether nothing is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.unwanted.is_empty()
    }

    /// Whether a [folded](fold) text has what is asked for.
    #[must_use]
    pub fn are_in(&self, folded: &str) -> bool {
        self.wanted.iter().all(|term| begins_a_word(folded, term))
            && !self.unwanted.iter().any(|term| begins_a_word(folded, term))
    }
}

/// Whether a word of `text` begins with `term`.
fn begins_a_word(text: &str, term: &str) -> bool {
    text.match_indices(term).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let first = term.chars().next();
        before.is_none_or(|before| !before.is_alphanumeric())
            // Scripts without cases often have no spaces either: any letter can begin a word.
            || first.is_some_and(|first| first.is_alphabetic() && !first.is_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn library_search_ignores_case_accents_and_the_order_of_words() {
        let text = fold("Café: Straße in KRAKÓW, ﬁne Łódź — smørrebrød, İstanbul");
        for found in
            ["cafe", "CAFÉ", "strasse", "krak cafe", "fine", "lodz", "SMORREBROD", "istan", "straße kraków"]
        {
            assert!(Terms::new(found).are_in(&text), "{found}");
        }
        for missed in ["afe", "rakow", "kraków wien", "tanbul"] {
            assert!(!Terms::new(missed).are_in(&text), "{missed}");
        }
    }

    #[test]
    fn library_search_finds_within_scripts_that_have_no_spaces() {
        let text = fold("木のドアがきしむ дверь");
        for found in ["ドア", "きしむ", "木の", "дверь", "ДВЕ"] {
            assert!(Terms::new(found).are_in(&text), "{found}");
        }
        assert!(!Terms::new("ерь").are_in(&text));
    }

    #[test]
    fn library_search_takes_what_is_half_typed() {
        let text = fold("rain on a tin roof");
        for found in ["", "  ", "-", "\"", "\"rain on", "rain -", "tin   roof", "-\"", "rain\" "] {
            let terms = Terms::new(found);
            assert!(found == "rain\" " || terms.are_in(&text), "{found:?} is {terms:?}");
        }
        assert!(Terms::new(" - ").is_empty());
        assert!(!Terms::new("-rain").are_in(&text) && !Terms::new("rain -\"tin roof\"").are_in(&text));
    }
}
