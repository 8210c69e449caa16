//! What there is to say about a prompt, in one line beside its name.

use straightshot_protocol::{Card, Grasp, Reading, Request, Word, negations};

/// Words named in a note; the marks in the text show the others.
const NAMED: usize = 3;
/// The counter tells how much room is left when that is fewer words than this.
const ROOM_TOLD_FROM: usize = 16;
/// The guidance that is proposed where more is needed than the model has learnt.
pub(super) const MORE_GUIDANCE: f32 = 2.0;

/// What can be done about it with one click.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Remedy {
    /// Put what should not be heard into the negative prompt.
    MoveToNegative,
    /// Take what should not be heard out of the prompt.
    LeaveOut,
    /// Raise guidance to this, from where on the negative prompt has an effect.
    Guidance(f32),
}

impl Remedy {
    /// For its button.
    pub(super) fn label(self) -> String {
        match self {
            Self::MoveToNegative => "Move".to_owned(),
            Self::LeaveOut => "Leave it out".to_owned(),
            Self::Guidance(scale) => format!("Use {scale:.0}"),
        }
    }
}

/// Something about a prompt that a sound designer would want to know before the sound is made.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Note {
    /// The line.
    pub(super) text: String,
    /// More of it, for the tooltip.
    pub(super) hint: &'static str,
    /// What can be done.
    pub(super) remedy: Option<Remedy>,
    /// Whether something will not be as it is written.
    pub(super) is_warning: bool,
}

/// The most important thing about `prompt`, if there is one. The word that ends at `typing` is not finished.
pub(super) fn of_prompt(
    prompt: &str,
    card: Option<&Card>,
    reading: Option<&Reading>,
    typing: Option<usize>,
) -> Option<Note> {
    denied(prompt, card).or_else(|| of_words(prompt, reading?, typing)).or_else(|| wordless(prompt, reading?))
}

fn wordless(prompt: &str, reading: &Reading) -> Option<Note> {
    reading.is_wordless(prompt).then(|| Note {
        text: "No word in it: left to chance".to_owned(),
        hint: "The model goes by words. Signs and numbers alone lead it nowhere.",
        remedy: None,
        is_warning: true,
    })
}

fn denied(prompt: &str, card: Option<&Card>) -> Option<Note> {
    let first = negations(prompt).into_iter().next()?;
    let can_avoid = card.is_none_or(|card| card.abilities.negative_prompt && card.guidance.is_some());
    let (hint, remedy) = if can_avoid {
        (
            "The model takes every word for something to hear. What should not be heard belongs into the negative prompt: the button moves it there.",
            Remedy::MoveToNegative,
        )
    } else {
        (
            "The model takes every word for something to hear, and has nothing for what should not be heard.",
            Remedy::LeaveOut,
        )
    };
    let text = format!("“{}” would be heard", first.what);
    Some(Note { text, hint, remedy: Some(remedy), is_warning: true })
}

fn of_words(prompt: &str, reading: &Reading, typing: Option<usize>) -> Option<Note> {
    let named = |grasp: Grasp| {
        let is_finished = |word: &&Word| typing != Some(word.range.end);
        let words =
            reading.words.iter().filter(|word| word.is_read && word.grasp == grasp).filter(is_finished);
        let mut texts: Vec<_> = words.filter_map(|word| prompt.get(word.range.clone())).collect();
        texts.dedup();
        let more = if texts.len() > NAMED { " …" } else { "" };
        (texts.len(), texts[..NAMED.min(texts.len())].join(", ") + more)
    };
    match (named(Grasp::Unknown), named(Grasp::English)) {
        ((0, _), (0, _)) => None,
        ((0, _), (_, words)) => Some(Note {
            text: format!("Never heard: {words}"),
            hint: "These words were in no description that the model has learnt from. It goes by what they mean, and may miss.",
            remedy: None,
            is_warning: false,
        }),
        ((_, words), _) => Some(Note {
            text: format!("Not understood: {words}"),
            hint: "The model knows English words only; anything else leads it astray. Check the spelling, or say it in English.",
            remedy: None,
            is_warning: true,
        }),
    }
}

/// Why the negative prompt does nothing for `request`, if it does nothing.
pub(super) fn of_negative(card: &Card, request: &Request) -> Option<Note> {
    if card.heeds_negative_prompt(request) {
        return None;
    }
    let Some(guidance) = card.guidance.filter(|_| card.abilities.negative_prompt) else {
        return Some(Note {
            text: "No effect: this model reads none".to_owned(),
            hint: "The chosen model takes every word for something to hear.",
            remedy: None,
            is_warning: false,
        });
    };
    let learnt = guidance.learnt_for(request.steps);
    Some(Note {
        text: format!("No effect up to guidance {learnt}"),
        hint: "The model has learnt that much guidance and needs no second look at the prompt for it. Only more makes it look at \
               what should not be heard, which takes about twice the time.",
        remedy: Some(Remedy::Guidance((learnt + MORE_GUIDANCE).min(guidance.most))),
        is_warning: false,
    })
}

/// How much of the text is read, for the end of the line; the second value is whether some is not.
pub(super) fn counter(reading: &Reading) -> Option<(String, bool)> {
    let (words, unread) = (reading.words.len(), reading.unread());
    let plural = |count: usize| if count == 1 { "word" } else { "words" };
    match (words, unread, reading.room_for_words()) {
        (0, ..) => None,
        (_, 0, room) if room < ROOM_TOLD_FROM => {
            Some((format!("{words} {}, room for about {room}", plural(words)), false))
        }
        (_, 0, _) => Some((format!("{words} {}", plural(words)), false)),
        (_, unread, _) => Some((format!("last {unread} of {words} words not read"), true)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::models::default_card;

    fn reading(words: &[(std::ops::Range<usize>, Grasp)], pieces: usize) -> Reading {
        let word = |(i, (range, grasp)): (usize, &(std::ops::Range<usize>, Grasp))| Word {
            range: range.clone(),
            pieces: 1,
            is_read: i < 62,
            grasp: *grasp,
        };
        Reading { words: words.iter().enumerate().map(word).collect(), pieces, most_pieces: 62 }
    }

    #[test]
    fn what_should_not_be_heard_is_told_first_with_what_can_be_done() {
        let mut card = default_card();
        let note = |card: &Card| of_prompt("rain, no thunder", Some(card), None, None).unwrap();
        assert_eq!(note(&card).remedy, Some(Remedy::MoveToNegative));
        assert!(note(&card).text.contains("“thunder”"), "{}", note(&card).text);
        card.abilities.negative_prompt = false;
        assert_eq!(note(&card).remedy, Some(Remedy::LeaveOut));
        assert_eq!(of_prompt("rain", Some(&card), None, None), None);
    }

    #[test]
    fn words_that_are_not_understood_are_named() {
        let text = "eins zwei drei vier rain";
        let unknown = |ranges: &[std::ops::Range<usize>]| -> Vec<_> {
            ranges.iter().map(|range| (range.clone(), Grasp::Unknown)).collect()
        };
        let all = reading(&unknown(&[0..4, 5..9, 10..14, 15..19]), 9);
        assert_eq!(
            of_prompt(text, None, Some(&all), None).unwrap().text,
            "Not understood: eins, zwei, drei …"
        );
        let one = reading(&unknown(std::slice::from_ref(&(15..19))), 2);
        assert_eq!(of_prompt(text, None, Some(&one), Some(19)), None, "it is being typed");
        let unheard = reading(&[(20..24, Grasp::English)], 2);
        let note = of_prompt(text, None, Some(&unheard), None).unwrap();
        assert!(!note.is_warning && note.text.ends_with("rain"), "{note:?}");
        assert_eq!(of_prompt(text, None, Some(&reading(&[(20..24, Grasp::Learnt)], 2)), None), None);
        let signs = of_prompt("12 !?", None, Some(&reading(&[(0..2, Grasp::Learnt)], 3)), None).unwrap();
        assert!(signs.is_warning && signs.text.starts_with("No word"), "{signs:?}");
    }

    #[test]
    fn the_negative_prompt_says_why_it_does_nothing_and_what_would_help() {
        let mut card = default_card();
        let request = |guidance| Request { guidance, ..Request::default() };
        let note = of_negative(&card, &request(3.0)).unwrap();
        assert_eq!(
            (note.text.as_str(), note.remedy),
            ("No effect up to guidance 4", Some(Remedy::Guidance(6.0)))
        );
        assert_eq!(of_negative(&card, &request(5.0)), None);
        card.guidance = None;
        assert_eq!(of_negative(&card, &request(5.0)).unwrap().remedy, None);
    }

    #[test]
    fn the_counter_counts_words_that_are_read() {
        let words =
            |count: usize| reading(&(0..count).map(|i| (i..i + 1, Grasp::Learnt)).collect::<Vec<_>>(), count);
        assert_eq!(counter(&words(0)), None);
        assert_eq!(counter(&words(1)), Some(("1 word".into(), false)));
        assert_eq!(counter(&words(50)), Some(("50 words, room for about 12".into(), false)));
        assert_eq!(counter(&words(65)), Some(("last 3 of 65 words not read".into(), true)));
    }
}
