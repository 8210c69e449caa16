//! What a model makes of a text before any network runs: pieces, what is beyond the limit, words it cannot know.

use super::{CONFIG_FILE, ModelFiles, TOKENIZER_FILE, WORDS_FILE, folder};
use crate::config::ModelConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::text::tokenizer;
use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;
use straightshot_protocol::{CancelToken, Grasp, Reading, Word, stem, words};
use tokenizers::{NormalizedString, Normalizer as _, Tokenizer};

/// English words, one a line, in order; how it is made is in `assets/words/README.md`.
static ENGLISH: &str = include_str!("../../../assets/words/english.txt");
/// [`ENGLISH`] by line. Pointers into the program, and searched instead of hashed: a word is looked up at each key.
static ENGLISH_WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| ENGLISH.lines().collect());
/// The words that the default model has learnt sounds with.
static BUILTIN_WORDS: &str = include_str!("../../../assets/models/default/words.txt");

/// Reads texts as a model's text encoder does, in microseconds.
pub struct Reader {
    tokenizer: Tokenizer,
    /// Pieces that are read, without those that begin and end a text.
    most_pieces: usize,
    /// The words that sounds were learnt with, and their stems; `None` if nobody has written them down.
    learnt: Option<Learnt>,
}

struct Learnt {
    words: HashSet<String>,
    stems: HashSet<String>,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("most_pieces", &self.most_pieces).finish_non_exhaustive()
    }
}

impl Reader {
    /// The reader of the default model; takes some tens of milliseconds.
    ///
    /// # Errors
    /// [`ErrorKind::BadModel`] if the default model is damaged (a build mistake).
    pub fn builtin() -> Result<Self> {
        let files = ModelFiles::builtin();
        Self::new(&files.config, &files.tokenizer, Some(BUILTIN_WORDS))
    }

    /// The reader of the model in a folder.
    ///
    /// # Errors
    /// [`ErrorKind::BadModel`] if a file is not there or damaged, [`ErrorKind::Io`] if it cannot be read.
    pub fn from_dir(dir: &Path) -> Result<Self> {
        let read = |name| folder::read(dir, name, &CancelToken::default());
        let words = dir.join(WORDS_FILE).exists().then(|| read(WORDS_FILE)).transpose()?;
        let words = words.as_deref().map(String::from_utf8_lossy);
        Self::new(&read(CONFIG_FILE)?, &read(TOKENIZER_FILE)?, words.as_deref())
    }

    fn new(config: &[u8], tokenizer: &[u8], words: Option<&str>) -> Result<Self> {
        let config = ModelConfig::from_json(config)?.text;
        let mut tokenizer = tokenizer::read(tokenizer, config.vocab_size)?;
        // Here it is told what is beyond the limit, and not cut off.
        tokenizer.with_truncation(None).map_err(tokenizer::unreadable)?;
        let most_pieces = config.max_tokens.saturating_sub(tokenizer::FRAME_PIECES);
        Ok(Self { tokenizer, most_pieces, learnt: words.map(Learnt::new) })
    }

    /// Reads `text`.
    ///
    /// # Errors
    /// [`ErrorKind::Compute`] if it cannot be split into words.
    pub fn read(&self, text: &str) -> Result<Reading> {
        // The engine reads what is left of a text without the space around it.
        let start = text.len() - text.trim_start().len();
        let encoding = self.tokenizer.encode(text.trim(), false).map_err(|e| {
            Error::new(ErrorKind::Compute, "The prompt could not be split into words").with_source(e)
        })?;
        let pieces: Vec<Range<usize>> =
            encoding.get_offsets().iter().map(|(from, to)| from + start..to + start).collect();
        let words = words(text).map(|range| self.word(text, range, &pieces)).collect();
        Ok(Reading { words, pieces: pieces.len(), most_pieces: self.most_pieces })
    }

    fn word(&self, text: &str, range: Range<usize>, pieces: &[Range<usize>]) -> Word {
        let own = |piece: &Range<usize>| piece.start < range.end && range.start < piece.end;
        let count = pieces.iter().filter(|piece| own(piece)).count();
        let read = &pieces[..self.most_pieces.min(pieces.len())];
        let is_read = read.iter().filter(|piece| own(piece)).count() == count;
        let grasp = self.grasp(&self.normal(&text[range.clone()]));
        Word { range, pieces: count, is_read, grasp }
    }

    /// A word as the text encoder sees it: that of the default model reads capitals as small letters, knows no accents, and
    /// drops what cannot be seen. A word that differs in that alone is no other word.
    fn normal(&self, word: &str) -> String {
        let mut normal = NormalizedString::from(word);
        match self.tokenizer.get_normalizer().map(|normalizer| normalizer.normalize(&mut normal)) {
            Some(Ok(())) => normal.get().trim().to_owned(),
            _ => word.to_owned(),
        }
    }

    /// What is known of a word; of one with hyphens, the least that is known of its parts.
    fn grasp(&self, word: &str) -> Grasp {
        let word = word.to_lowercase().replace('’', "'");
        let parts = word.split('-').filter(|part| !part.is_empty());
        let grasps: Vec<Grasp> = parts.map(|part| self.grasp_of_part(part)).collect();
        [Grasp::Unknown, Grasp::English].into_iter().find(|g| grasps.contains(g)).unwrap_or(Grasp::Learnt)
    }

    fn grasp_of_part(&self, word: &str) -> Grasp {
        let bare = word.strip_suffix("'s").unwrap_or(word).replace('\'', "");
        // Numbers, units and letters are told by what stands beside them.
        if bare.chars().count() < 2 && bare.is_ascii()
            || bare.chars().any(|c| c.is_ascii_digit()) && bare.is_ascii()
        {
            return Grasp::Learnt;
        }
        let is_english = || ENGLISH_WORDS.binary_search(&bare.as_str()).is_ok();
        match &self.learnt {
            Some(learnt) if learnt.has(&bare) => Grasp::Learnt,
            Some(_) if is_english() => Grasp::English,
            None if is_english() => Grasp::Learnt,
            _ => Grasp::Unknown,
        }
    }
}

impl Learnt {
    fn new(list: &str) -> Self {
        let words: HashSet<String> = list.lines().map(str::to_owned).collect();
        let stems = words.iter().map(|word| stem(word)).collect();
        Self { words, stems }
    }

    fn has(&self, word: &str) -> bool {
        self.words.contains(word) || self.stems.contains(&stem(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_of(text: &str, wanted: impl Fn(&Word) -> bool) -> Vec<String> {
        let reading = READER.read(text).unwrap();
        reading
            .words
            .iter()
            .filter(|word| wanted(word))
            .map(|word| text[word.range.clone()].to_owned())
            .collect()
    }

    static READER: LazyLock<Reader> = LazyLock::new(|| Reader::builtin().unwrap());

    #[test]
    fn words_of_another_language_and_slips_are_told_from_english() {
        let unknown = |text: &str| words_of(text, |word| word.grasp == Grasp::Unknown);
        assert_eq!(unknown("Heavy wooden door slams shut, short room echo"), [""; 0]);
        assert_eq!(unknown("Eine schwere Holztür fällt zu"), ["Eine", "schwere", "Holztür", "fällt", "zu"]);
        assert_eq!(unknown("woden door creeks"), ["woden"]);
        assert_eq!(unknown("дождь on a tin roof 雨 🌧"), ["дождь", "雨", "🌧"]);
        assert_eq!(unknown("3 knocks, 44.1 kHz, the car's engine, sci-fi door"), [""; 0]);
        assert_eq!(
            unknown("RAIN \u{202e}ra\u{200b}in\u{202c} r\u{336}a\u{336}in dóor"),
            [""; 0],
            "the encoder reads rain and door"
        );
    }

    #[test]
    fn a_word_without_a_sound_is_told_from_one_that_was_learnt() {
        let unheard = |text: &str| words_of(text, |word| word.grasp == Grasp::English);
        assert_eq!(unheard("a parliament votes"), ["parliament", "votes"]);
        assert_eq!(unheard("footsteps on gravel, doors creaking, rainy, dripped"), [""; 0]);
    }

    #[test]
    fn what_is_beyond_the_limit_is_not_read() {
        let text = "rain ".repeat(61) + "unbelievableness thunder";
        let reading = READER.read(&text).unwrap();
        assert_eq!((reading.most_pieces, reading.words.len()), (62, 63));
        assert_eq!(reading.unread(), 2, "half a word is not read");
        assert!(reading.words[60].is_read && !reading.words[61].is_read);
        let short = READER.read("  rain, rain").unwrap();
        assert_eq!((short.pieces, short.words[0].range.clone()), (3, 2..6), "a comma is a piece");
        assert_eq!(READER.read(" ").unwrap(), Reading { most_pieces: 62, ..Reading::default() });
    }

    #[test]
    fn a_model_that_has_no_list_is_not_said_to_know_less() {
        let files = ModelFiles::builtin();
        let reader = Reader::new(&files.config, &files.tokenizer, None).unwrap();
        let grasps: Vec<_> =
            reader.read("parliament Holztür").unwrap().words.iter().map(|w| w.grasp).collect();
        assert_eq!(grasps, [Grasp::Learnt, Grasp::Unknown]);
    }

    #[test]
    fn the_list_of_english_words_can_be_searched() {
        assert!(ENGLISH_WORDS.is_sorted() && ENGLISH_WORDS.len() > 50_000);
    }
}
