//! What a model makes of a text, word by word, before it makes a sound of it.

use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A text as a model reads it. Only a model can say; see [`Word`] for what is said of each word.
///
/// ```
/// use straightshot_protocol::{Grasp, Reading, Word};
///
/// let word = |range, is_read| Word { range, pieces: 1, is_read, grasp: Grasp::Learnt };
/// let reading = Reading { words: vec![word(0..4, true), word(5..9, false)], pieces: 2, most_pieces: 1 };
/// assert_eq!((reading.unread(), reading.room_for_words()), (1, 0));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The words in order, without what stands between them. Numbers count as words.
    pub words: Vec<Word>,
    /// Pieces that the whole text has for the model: a word it has not met whole is several, a comma is one.
    pub pieces: usize,
    /// How many of them it reads.
    pub most_pieces: usize,
}

/// One word of a [`Reading`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// Where it stands in the text, in bytes.
    pub range: Range<usize>,
    /// Pieces that it is for the model.
    pub pieces: usize,
    /// Whether all of it is read. What is beyond the model's limit is not.
    pub is_read: bool,
    /// What the model knows of it.
    pub grasp: Grasp,
}

/// What a model knows of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Grasp {
    /// It has learnt sounds with it, or it is a word that says nothing by itself.
    Learnt,
    /// It stands in a list of English words, but with no sound that was learnt: what the text encoder knows of it counts.
    English,
    /// Neither: another language, a slip of the keyboard, a name. The sound is not led by it.
    Unknown,
}

impl Reading {
    /// Words that are not read, because the text is too long.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.words.iter().filter(|word| !word.is_read).count()
    }

    /// About how many more words would be read.
    #[must_use]
    pub fn room_for_words(&self) -> usize {
        let left = self.most_pieces.saturating_sub(self.pieces);
        let (words, pieces) = (self.words.len().max(1), self.pieces.max(1));
        // As long as the ones that are there; a piece each where none is.
        (left * words / pieces).min(left)
    }

    /// Whether `text`, which this is the reading of, has no word in it at all: signs and numbers alone.
    #[must_use]
    pub fn is_wordless(&self, text: &str) -> bool {
        let letters = |word: &Word| {
            text.get(word.range.clone()).is_some_and(|word| word.chars().any(char::is_alphabetic))
        };
        !text.trim().is_empty() && !self.words.iter().any(letters) && self.unknown().next().is_none()
    }

    /// The words that the model knows nothing of and reads all the same.
    pub fn unknown(&self) -> impl Iterator<Item = &Word> {
        self.words.iter().filter(|word| word.is_read && word.grasp == Grasp::Unknown)
    }
}
