//! What of a request its model will not do as it is written: nothing that was asked for is dropped in silence.

use crate::{Card, MadeFor, Reading, Request, Timing, Word, negations};
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
    /// There is no word in the prompt.
    Wordless,
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
    /// Fewer steps than the model was made for.
    FewSteps {
        /// What was asked for.
        asked: u32,
        /// The least it was made for.
        least: u32,
    },
    /// More steps than anybody has measured a gain of.
    ManySteps {
        /// What was asked for.
        asked: u32,
        /// The most that there are figures of.
        most: u32,
    },
    /// A length that the model has not learnt from.
    Length {
        /// What was asked for, in seconds.
        asked: f64,
        /// The shortest and the longest that it has learnt from, in seconds.
        learnt: (f64, f64),
    },
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
            Self::Wordless => write!(f, "There is no word in the prompt: what is heard is left to chance"),
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
            Self::FewSteps { asked, least } => {
                let steps = if *asked == 1 { "step is" } else { "steps are" };
                write!(
                    f,
                    "{asked} {steps} fewer than the {least} that the model was made for: expect a blurred sound"
                )
            }
            Self::ManySteps { asked, most } => {
                write!(
                    f,
                    "{asked} steps are more than the {most} that the model was made for: they take longer, a gain is not known"
                )
            }
            Self::Length { asked, learnt: (_, most) } if asked > most => write!(
                f,
                "{asked} s are longer than the {most:.0} s that the model has learnt from: what goes on may repeat itself or wander off"
            ),
            Self::Length { asked, learnt: (least, _) } => {
                write!(f, "{asked} s are shorter than the {least} s that the model has learnt from")
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
        if reading.is_wordless(&request.prompt) {
            found.push(Unheeded::Wordless);
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
    if let Some(made_for) = &card.made_for {
        found.extend(beyond(request, made_for));
    }
    found
}

/// What of `request` the model takes and was not made for.
fn beyond(request: &Request, made_for: &MadeFor) -> impl Iterator<Item = Unheeded> {
    let (asked, least, most) = (request.steps, *made_for.steps.start(), *made_for.steps.end());
    let few = (asked < least).then_some(Unheeded::FewSteps { asked, least });
    let many = (asked > most).then_some(Unheeded::ManySteps { asked, most });
    let is_new = !made_for.seconds.contains(&request.seconds);
    let learnt = (*made_for.seconds.start(), *made_for.seconds.end());
    let length = is_new.then_some(Unheeded::Length { asked: request.seconds, learnt });
    [few, many, length].into_iter().flatten()
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
            made_for: Some(MadeFor { steps: 2..=24, seconds: 0.5..=10.0 }),
            most_variations: 16,
            guidance: Some(Guidance { most: 20.0, usual: 3.0, few_steps: 1, learnt_few: 3.0, learnt: 3.0 }),
            abilities: Abilities { negative_prompt, timing: true, ..Abilities::default() },
            cost: Cost {
                text: 1.0,
                step: 1.0,
                step_per_second: 1.0,
                decode_per_second: 1.0,
                side_per_second: 1.0,
            },
        }
    }

    fn said(request: &Request, reading: Option<&Reading>) -> Vec<String> {
        unheeded(request, &card(true), reading).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_usual_request_is_heeded_whole() {
        let request =
            Request { prompt: "rain on a tent".into(), steps: 4, seconds: 2.0, ..Request::default() };
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
            steps: 4,
            ..Request::default()
        };
        let told = said(&request, None);
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].contains("“thunder” would be heard"));
        assert!(told[1].contains("no effect up to guidance 3"));
        assert_eq!(told[2], "Guidance 1 is the same as 3, which the model has learnt");
        let none = unheeded(&request, &card(false), None);
        assert!(none.contains(&Unheeded::NegativePrompt(None)));
        let timed = Request {
            prompt: "x".into(),
            steps: 4,
            timing: Timing::Free,
            timing_seed: Some(1),
            ..Request::default()
        };
        assert_eq!(unheeded(&timed, &card(true), None), [Unheeded::TimingSeed]);
    }

    #[test]
    fn steps_and_lengths_that_the_model_was_not_made_for_are_told() {
        let request =
            |steps, seconds| Request { prompt: "rain".into(), steps, seconds, ..Request::default() };
        for (steps, seconds) in [(2, 0.5), (24, 10.0)] {
            assert_eq!(said(&request(steps, seconds), None), [""; 0], "{steps}, {seconds}");
        }
        let told = said(&request(100, 12.5), None);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("100 steps are more than the 24"), "{told:?}");
        assert!(told[1].starts_with("12.5 s are longer than the 10 s"), "{told:?}");
        let told = said(&request(1, 0.25), None);
        assert!(told[0].starts_with("1 step is fewer than the 2"), "{told:?}");
        assert!(told[1].starts_with("0.25 s are shorter than the 0.5 s"), "{told:?}");
        let unknown = Card { made_for: None, ..card(true) };
        assert_eq!(unheeded(&request(100, 100.0), &unknown, None), [], "nobody knows");
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
        let signs = Reading { words: vec![word(5..7, true, Grasp::Learnt)], pieces: 9, most_pieces: 62 };
        let wordless = Request { prompt: "!?.. 12".into(), ..request };
        assert_eq!(
            said(&wordless, Some(&signs)),
            ["There is no word in the prompt: what is heard is left to chance"]
        );
    }
}
