//! What a model can do.

use crate::{ModelId, Request};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// What a model can do and what it costs. Limits, drafts, progress and controls read it; nobody guesses.
///
/// ```
/// use straightshot_protocol::{Abilities, Card, Cost, ErrorKind, ModelId, Request};
///
/// let card = Card {
///     id: ModelId::named("short sounds"),
///     sample_rate_hz: 44_100,
///     channels: 1,
///     seconds: 0.25..=4.0,
///     prompt_chars: 200,
///     prompt_pieces: 60,
///     most_steps: 1,
///     ladder: vec![1],
///     usual_steps: 1,
///     made_for: None,
///     most_variations: 1,
///     guidance: None,
///     abilities: Abilities::default(),
///     cost: Cost { text: 20.0, step: 4.0, step_per_second: 4.0, decode_per_second: 43.0, side_per_second: 14.0 },
/// };
/// let request = Request { prompt: "a door".into(), steps: 1, seconds: 2.0, ..Request::default() };
/// assert!(request.validate(&card).is_ok());
/// let longer = Request { seconds: 10.0, ..request };
/// assert_eq!(longer.validate(&card).unwrap_err().kind, ErrorKind::InvalidRequest);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The model.
    pub id: ModelId,
    /// Sample rate of its sounds in Hz.
    pub sample_rate_hz: u32,
    /// Channels of its sounds at most: 2 if it makes sounds with a width.
    pub channels: u16,
    /// Lengths it makes, in seconds.
    pub seconds: RangeInclusive<f64>,
    /// Longest prompt it takes, in characters; it may read less of it.
    pub prompt_chars: usize,
    /// How much of a prompt it reads, in pieces of words; see [`Reading`](crate::Reading).
    pub prompt_pieces: usize,
    /// Largest number of solver steps.
    pub most_steps: u32,
    /// Numbers of steps that are worth offering, rising. Drafts are made with those below what was asked for.
    pub ladder: Vec<u32>,
    /// The number of steps to begin with.
    pub usual_steps: u32,
    /// What it was trained and measured for, of what it takes; `None` if that is not known.
    #[serde(default)]
    pub made_for: Option<MadeFor>,
    /// Most sounds it makes at once.
    pub most_variations: u32,
    /// Classifier-free guidance; `None` if the model has none.
    pub guidance: Option<Guidance>,
    /// What else it can do.
    pub abilities: Abilities,
    /// What a sound costs.
    pub cost: Cost,
}

impl Card {
    /// Whether the negative prompt of `request` changes its sound: the model has to have one, and guidance has to have an
    /// effect, which is where the negative prompt stands.
    ///
    /// ```
    /// # use straightshot_protocol::{Abilities, Card, Cost, Guidance, ModelId, Request};
    /// # let cost = Cost { text: 20.0, step: 4.0, step_per_second: 4.0, decode_per_second: 43.0, side_per_second: 14.0 };
    /// # let card = Card {
    /// #     id: ModelId::named("short sounds"), sample_rate_hz: 44_100, channels: 1, seconds: 0.25..=4.0,
    /// #     prompt_chars: 200, prompt_pieces: 60, most_steps: 24, ladder: vec![1], usual_steps: 1,
    /// #     made_for: None, most_variations: 1, guidance: Some(Guidance { most: 9.0, usual: 3.0, few_steps: 1, learnt_few: 3.0, learnt: 3.0 }),
    /// #     abilities: Abilities { negative_prompt: true, ..Abilities::default() }, cost,
    /// # };
    /// let request = |guidance| Request { negative_prompt: "birds".into(), guidance, ..Request::default() };
    /// assert!(!card.heeds_negative_prompt(&request(3.0)), "that is what it has learnt, with one evaluation");
    /// assert!(card.heeds_negative_prompt(&request(4.0)));
    /// ```
    #[must_use]
    pub fn heeds_negative_prompt(&self, request: &Request) -> bool {
        let guided = |guidance: Guidance| guidance.has_effect(request.guidance, request.steps);
        self.abilities.negative_prompt && self.guidance.is_some_and(guided)
    }
}

/// What a model was trained and measured for. It takes more than that, and what it does then nobody has looked at.
///
/// ```
/// use straightshot_protocol::MadeFor;
///
/// let made_for = MadeFor { steps: 1..=24, seconds: 0.25..=10.0 };
/// assert!(made_for.steps.contains(&24) && !made_for.seconds.contains(&12.0));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MadeFor {
    /// Numbers of solver steps.
    pub steps: RangeInclusive<u32>,
    /// Lengths of sounds in seconds; longer ones are made in pieces that overlap.
    pub seconds: RangeInclusive<f64>,
}

/// Range of the guidance scale, and from where on it has an effect.
///
/// A network that was trained on guided examples has learnt their guidance. Asking it for that much or less changes
/// nothing.
///
/// ```
/// use straightshot_protocol::Guidance;
///
/// let guidance = Guidance { most: 15.0, usual: 3.0, few_steps: 4, learnt_few: 3.0, learnt: 1.0 };
/// assert!(!guidance.has_effect(2.5, 4) && guidance.has_effect(2.5, 8));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Guidance {
    /// Largest scale.
    pub most: f32,
    /// The scale to begin with.
    pub usual: f32,
    /// Numbers of steps up to this are those of a network for few.
    pub few_steps: u32,
    /// Scale above which it has an effect with few steps.
    pub learnt_few: f32,
    /// Scale above which it has an effect with more.
    pub learnt: f32,
}

impl Guidance {
    /// The scale above which guidance has an effect with `steps` steps.
    #[must_use]
    pub fn learnt_for(&self, steps: u32) -> f32 {
        if steps <= self.few_steps { self.learnt_few } else { self.learnt }
    }

    /// Whether a scale of `guidance` is any different from the least with `steps` steps.
    ///
    /// A model that has learnt none (1) is changed by less too.
    #[must_use]
    #[expect(clippy::float_cmp, reason = "the very number that means no guidance")]
    pub fn has_effect(&self, guidance: f32, steps: u32) -> bool {
        let learnt = self.learnt_for(steps);
        guidance > learnt || (learnt <= 1.0 && guidance != learnt)
    }
}

/// What a model can do besides making a sound from a prompt; nothing by default.
///
/// ```
/// use straightshot_protocol::Abilities;
///
/// let abilities = Abilities { negative_prompt: true, ..Abilities::default() };
/// assert!(!abilities.keep_ranges);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Abilities {
    /// Steering away from a negative prompt, where guidance has an effect.
    pub negative_prompt: bool,
    /// Starting from a given sound ([`How::Start`](crate::How::Start)).
    pub start_from_audio: bool,
    /// Keeping parts of a given sound ([`How::Keep`](crate::How::Keep)).
    pub keep_ranges: bool,
    /// Being told when things happen, by the text or by [`Hit`](crate::Hit)s.
    pub timing: bool,
}

/// Work of the stages in milliseconds of one core, roughly: for weighing them against each other, not for promises.
///
/// ```
/// use straightshot_protocol::Cost;
///
/// let cost = Cost { text: 20.0, step: 4.0, step_per_second: 4.0, decode_per_second: 43.0, side_per_second: 14.0 };
/// assert_eq!(cost.of_step(2.0, false), 12.0);
/// assert_eq!(cost.of_step(2.0, true), 20.0);
/// assert_eq!(cost.of_decoding(2.0, false), 86.0);
/// assert_eq!(cost.of_decoding(2.0, true), 114.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Reading a text.
    pub text: f32,
    /// One solver step, whatever the length.
    pub step: f32,
    /// What each second of sound adds to a solver step.
    pub step_per_second: f32,
    /// What each second of sound costs to make of the flow's result.
    pub decode_per_second: f32,
    /// What each second of sound costs besides if it has two channels.
    #[serde(default)]
    pub side_per_second: f32,
}

impl Cost {
    /// One solver step of `seconds` of sound; a guided one computes the network twice.
    #[must_use]
    pub fn of_step(&self, seconds: f64, guided: bool) -> f32 {
        self.step + self.step_per_second * seconds as f32 * if guided { 2.0 } else { 1.0 }
    }

    /// Making `seconds` of sound from the flow's result, of one channel or of two.
    #[must_use]
    pub fn of_decoding(&self, seconds: f64, is_wide: bool) -> f32 {
        (self.decode_per_second + if is_wide { self.side_per_second } else { 0.0 }) * seconds as f32
    }
}
