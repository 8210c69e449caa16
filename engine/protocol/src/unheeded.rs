//! What of a request its model will not do as it is written: nothing that was asked for is dropped in silence.

use crate::{Card, Reading, Request, Timing, Word, negations};
use std::fmt;

/// Words named in a sentence.
const NAMED: usize = 5;

/// Something that is asked for and will not be.
///
/// Shown as a sentence for the person who asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Unheeded {
    /// The text says that something should not be heard, which then is: "no thunder".
    Denied(String),
    /// The last words of the prompt are beyond what the model reads.
    Unread {
        /// How many words.
        words: usize,
        /// Of so many.
        of: usize,
    },
    /// Words that the model knows nothing of.
    Unknown(Vec<String>),
    /// A negative prompt without effect; up to this guidance, or at any if there is none.
    NegativePrompt(Option<f32>),
    /// A guidance below the one that the model has learnt.
    Guidance {
        /// What was asked for.
        asked: f32,
        /// What has an effect, at least.
        learnt: f32,
    },
    /// A seed of the timing with nothing that is timed by it.
    TimingSeed,
}

impl fmt::Display for Unheeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(what) => write!(
                f,
                "“{what}” would be heard: the model takes every word for something to hear; a negative prompt says what should not be"
            ),
            Self::Unread { words, of } => write!(f, "The last {words} of {of} words are not read"),
            Self::Unknown(words) => {
                let more = if words.len() > NAMED { " …" } else { "" };
                let named = words[..NAMED.min(words.len())].join(", ");
                write!(f, "Not understood: {named}{more}; the model knows English words only")
            }
            Self::NegativePrompt(Some(learnt)) => {
                write!(
                    f,
                    "The negative prompt has no effect up to guidance {learnt}, which the model has learnt"
                )
            }
            Self::NegativePrompt(None) => {
                write!(f, "The negative prompt has no effect: this model reads none")
            }
            Self::Guidance { asked, learnt } => {
                write!(f, "Guidance {asked} is the same as {learnt}, which the model has learnt")
            }
            Self::TimingSeed => {
                write!(f, "The seed of the timing has no effect: this model decides when things happen")
            }
        }
    }
}

/// What of `request` will not be done as it is written by the model of `card`; `reading` is how it reads the prompt, if that
/// is known.
#[must_use]
pub fn unheeded(request: &Request, card: &Card, reading: Option<&Reading>) -> Vec<Unheeded> {
    let mut found: Vec<Unheeded> =
        negations(&request.prompt).into_iter().map(|part| Unheeded::Denied(part.what)).collect();
    if let Some(reading) = reading {
        if reading.unread() > 0 {
            found.push(Unheeded::Unread { words: reading.unread(), of: reading.words.len() });
        }
        let text = |word: &Word| request.prompt.get(word.range.clone()).map(str::to_owned);
        let unknown: Vec<String> = reading.unknown().filter_map(text).collect();
        if !unknown.is_empty() {
            found.push(Unheeded::Unknown(unknown));
        }
    }
    let learnt = card.guidance.map(|guidance| guidance.learnt_for(request.steps));
    if !request.negative_prompt.trim().is_empty() && !card.heeds_negative_prompt(request) {
        found.push(Unheeded::NegativePrompt(learnt.filter(|_| card.abilities.negative_prompt)));
    }
    if let Some(learnt) = learnt.filter(|learnt| *learnt > 1.0 && request.guidance < *learnt) {
        found.push(Unheeded::Guidance { asked: request.guidance, learnt });
    }
    let is_timed = card.abilities.timing && request.timing == Timing::Text;
    if request.timing_seed.is_some() && !is_timed {
        found.push(Unheeded::TimingSeed);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Abilities, Cost, Grasp, Guidance, ModelId};

    fn card(negative_prompt: bool) -> Card {
        Card {
            id: ModelId::default(),
            sample_rate_hz: 44_100,
            channels: 1,
            seconds: 0.25..=120.0,
            prompt_chars: 1000,
            prompt_pieces: 62,
            most_steps: 100,
            ladder: vec![1, 4],
            usual_steps: 4,
            most_variations: 16,
            guidance: Some(Guidance { most: 20.0, learnt_one_step: 3.0, learnt: 3.0 }),
            abilities: Abilities { negative_prompt, timing: true, ..Abilities::default() },
            cost: Cost { text: 1.0, step: 1.0, step_per_second: 1.0, decode_per_second: 1.0 },
        }
    }

    fn said(request: &Request, reading: Option<&Reading>) -> Vec<String> {
        unheeded(request, &card(true), reading).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_usual_request_is_heeded_whole() {
        let request = Request { prompt: "rain on a tent".into(), ..Request::default() };
        assert_eq!(unheeded(&request, &card(true), None), []);
        let guided = Request { negative_prompt: "birds".into(), guidance: 5.0, ..request };
        assert_eq!(unheeded(&guided, &card(true), None), []);
    }

    #[test]
    fn what_has_no_effect_is_told() {
        let request = Request {
            prompt: "rain, no thunder".into(),
            negative_prompt: "birds".into(),
            guidance: 1.0,
            ..Request::default()
        };
        let told = said(&request, None);
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].contains("“thunder” would be heard"));
        assert!(told[1].contains("no effect up to guidance 3"));
        assert_eq!(told[2], "Guidance 1 is the same as 3, which the model has learnt");
        let none = unheeded(&request, &card(false), None);
        assert!(none.contains(&Unheeded::NegativePrompt(None)));
        let timed =
            Request { prompt: "x".into(), timing: Timing::Free, timing_seed: Some(1), ..Request::default() };
        assert_eq!(unheeded(&timed, &card(true), None), [Unheeded::TimingSeed]);
    }

    #[test]
    fn words_that_are_not_read_or_not_known_are_told() {
        let word = |range, is_read, grasp| Word { range, pieces: 1, is_read, grasp };
        let reading = Reading {
            words: vec![
                word(0..4, true, Grasp::Learnt),
                word(5..10, true, Grasp::Unknown),
                word(11..14, false, Grasp::Unknown),
            ],
            pieces: 3,
            most_pieces: 2,
        };
        let request = Request { prompt: "rain Regen und".into(), ..Request::default() };
        let told = said(&request, Some(&reading));
        assert_eq!(told[0], "The last 1 of 3 words are not read");
        assert!(told[1].starts_with("Not understood: Regen;"), "{told:?}");
    }
}
