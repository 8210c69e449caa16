//! How the words of a prompt look: those that are not read, those that the model does not know.

use crate::editor::theme;
use crate::measured::ReadText;
use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, Stroke};
use std::ops::Range;
use straightshot_protocol::{Grasp, Word};

/// How a word is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// It is beyond what is read.
    Unread,
    /// The model cannot know it.
    Unknown,
    /// It is English, but no sound was learnt with it.
    Unheard,
}

impl Mark {
    fn of(word: &Word) -> Option<Self> {
        match (word.is_read, word.grasp) {
            (false, _) => Some(Self::Unread),
            (true, Grasp::Unknown) => Some(Self::Unknown),
            (true, Grasp::English) => Some(Self::Unheard),
            (true, Grasp::Learnt) => None,
        }
    }

    fn format(self, plain: &TextFormat) -> TextFormat {
        let (color, underline, strike) = match self {
            Self::Unread => (theme::TEXT_FAINT, Color32::TRANSPARENT, theme::ERROR),
            Self::Unknown => (plain.color, theme::ERROR, Color32::TRANSPARENT),
            Self::Unheard => (plain.color, theme::TEXT_FAINT.gamma_multiply(0.6), Color32::TRANSPARENT),
        };
        let width = if self == Self::Unknown { 2.0 } else { 1.0 };
        TextFormat {
            color,
            underline: Stroke::new(width, underline),
            strikethrough: Stroke::new(1.0, strike),
            ..plain.clone()
        }
    }
}

/// The words of `text` that are marked. Only the beginning that `read` has in common with it was read as it stands, and the word
/// that ends at `typing` is not finished.
fn marked(text: &str, read: Option<&ReadText>, typing: Option<usize>) -> Vec<(Range<usize>, Mark)> {
    let Some(read) = read else { return Vec::new() };
    let common = text.bytes().zip(read.text.bytes()).take_while(|(a, b)| a == b).count();
    let is_whole = text == read.text;
    let stands = |word: &&Word| is_whole || word.range.end < common;
    let finished = |word: &&Word| typing != Some(word.range.end) || !word.is_read;
    let words = read.reading.words.iter().filter(stands).filter(finished);
    words.filter_map(|word| Some((word.range.clone(), Mark::of(word)?))).collect()
}

/// `text` for a field, with its words marked. `typing` is where the cursor is, in bytes, while the field is being edited.
pub(super) fn layout(
    text: &str,
    read: Option<&ReadText>,
    typing: Option<usize>,
    plain: &TextFormat,
) -> LayoutJob {
    let mut job = LayoutJob::default();
    let mut done = 0;
    for (range, mark) in marked(text, read, typing) {
        // A reading of another text would be cut somewhere.
        let (Some(before), Some(word)) = (text.get(done..range.start), text.get(range.clone())) else {
            break;
        };
        job.append(before, 0.0, plain.clone());
        job.append(word, 0.0, mark.format(plain));
        done = range.end;
    }
    job.append(text.get(done..).unwrap_or_default(), 0.0, plain.clone());
    job
}

#[cfg(test)]
mod tests {
    use super::*;
    use straightshot_protocol::Reading;

    fn read(text: &str, words: &[(Range<usize>, bool, Grasp)]) -> ReadText {
        let words = words.iter().map(|(range, is_read, grasp)| Word {
            range: range.clone(),
            pieces: 1,
            is_read: *is_read,
            grasp: *grasp,
        });
        let reading = Reading { words: words.collect(), pieces: 3, most_pieces: 2 };
        ReadText { text: text.to_owned(), reading }
    }

    fn example() -> ReadText {
        use Grasp::{English, Learnt, Unknown};
        read(
            "rain Regen votes tin",
            &[(0..4, true, Learnt), (5..10, true, Unknown), (11..16, true, English), (17..20, false, Learnt)],
        )
    }

    #[test]
    fn each_kind_of_word_has_its_mark() {
        let marks = marked("rain Regen votes tin", Some(&example()), None);
        assert_eq!(marks, [(5..10, Mark::Unknown), (11..16, Mark::Unheard), (17..20, Mark::Unread)]);
        assert_eq!(marked("rain", None, None), []);
    }

    #[test]
    fn a_word_that_is_being_typed_is_not_marked_yet() {
        let marks = |typing| marked("rain Regen votes tin", Some(&example()), typing).len();
        assert_eq!((marks(Some(10)), marks(Some(8)), marks(Some(20))), (2, 3, 3));
    }

    #[test]
    fn a_text_that_has_changed_keeps_the_marks_before_the_change() {
        let marks = |text| marked(text, Some(&example()), None);
        assert_eq!(marks("rain Regen vo"), [(5..10, Mark::Unknown)]);
        assert_eq!(marks("rain Rege"), []);
        assert_eq!(marks("hail Regen votes tin"), []);
    }

    #[test]
    fn the_marked_text_is_the_text() {
        for text in ["rain Regen votes tin", "rain Regen vo", "", "ветер Regen"] {
            let job = layout(text, Some(&example()), None, &TextFormat::default());
            assert_eq!(job.text, text);
        }
    }
}
