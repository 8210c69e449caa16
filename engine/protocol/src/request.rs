//! What to make.

use crate::{Audio, Card, Curve, ErrorKind, Failure, Level, ModelId, Timing};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Everything that determines a sound: equal requests give equal samples on one machine.
///
/// ```
/// use straightshot_protocol::Request;
///
/// let request = Request { prompt: "wooden door creaks open slowly".into(), ..Request::default() };
/// let finer = Request { steps: 24, ..request.clone() };
/// assert!(request.same_but_steps(&finer));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Request {
    /// Which model is to make it. One that names none is made by the model at hand.
    #[serde(skip_serializing_if = "ModelId::is_any")]
    pub model: ModelId,
    /// What to hear. Not empty.
    pub prompt: String,
    /// What not to hear; replaces the empty text in classifier-free guidance. May be empty.
    pub negative_prompt: String,
    /// Solver steps.
    pub steps: u32,
    /// Classifier-free guidance scale ω: 1 is no guidance. What a network has learnt of it counts and is the least
    /// there is, see [`Guidance`](crate::Guidance).
    pub guidance: f32,
    /// Seed of the starting noise; variation `i` uses `seed + i` (wrapping). A seed whose sound is silent starts from
    /// another noise of its own.
    pub seed: u64,
    /// Length in seconds; exact to the sample.
    pub seconds: f64,
    /// When its events happen; of effect only with models whose card says so.
    #[serde(skip_serializing_if = "Timing::is_text")]
    pub timing: Timing,
    /// Seed of what is left open of that; [`Self::seed`] without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timing_seed: Option<u64>,
    /// How loud it is over time; as the model makes it without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub curve: Option<Curve>,
    /// How many sounds to make at once.
    #[serde(skip_serializing_if = "is_one")]
    pub variations: u32,
    /// How loud it is when it is finished.
    #[serde(skip_serializing_if = "Level::is_full")]
    pub level: Level,
    /// How far its noise is apart on two channels, 0 ..= 1: 0 is one channel, and the noise of a sound that is nothing else
    /// has nothing in common left and right at 1. The mean of the channels is the sound of width 0, apart from one gain.
    /// Sounds that are laid down event by event have one channel whatever it is.
    #[serde(skip_serializing_if = "is_zero")]
    pub width: f32,
    /// A sound to start from; only for models whose card says they can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
}

/// A sound that another is made from.
///
/// ```
/// use straightshot_protocol::{Audio, How, Request, Source};
///
/// let audio = Audio::mono(44_100, vec![0.0; 44_100]);
/// let source = Source { audio, how: How::Keep(vec![0.0..0.25]) };
/// let request = Request { prompt: "a door".into(), source: Some(source), ..Request::default() };
/// assert!(request.source.is_some());
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The sound.
    pub audio: Audio,
    /// What of it is used.
    pub how: How,
}

/// What is used of a given sound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum How {
    /// The flow starts part of the way between noise and the sound: 1 keeps nothing of it, 0 everything.
    Start {
        /// Share of the way that is made anew, 0 ..= 1.
        strength: f32,
    },
    /// These ranges, in seconds, stay as they are; the rest is made anew around them.
    Keep(Vec<Range<f64>>),
}

impl Default for Request {
    fn default() -> Self {
        Self {
            model: ModelId::default(),
            prompt: String::new(),
            negative_prompt: String::new(),
            steps: 4,
            guidance: 3.0,
            seed: 0,
            seconds: 2.0,
            timing: Timing::Text,
            timing_seed: None,
            curve: None,
            variations: 1,
            level: Level::Full,
            width: 0.0,
            source: None,
        }
    }
}

impl Request {
    /// Checks every field against what `card`'s model can do.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`] with a sentence that names the field and its limits.
    pub fn validate(&self, card: &Card) -> Result<(), Failure> {
        let bad = |text: String| Err(Failure::new(ErrorKind::InvalidRequest, text));
        if !self.model.is_any() && self.model != card.id {
            return bad(format!("This sound was asked of {}, not of {}", self.model, card.id));
        }
        if self.prompt.trim().is_empty() {
            return bad("The prompt is empty: describe the sound to make".into());
        }
        for (name, text) in [("prompt", &self.prompt), ("negative prompt", &self.negative_prompt)] {
            let (chars, most) = (text.chars().count(), card.prompt_chars);
            if chars > most {
                return bad(format!("The {name} has {chars} characters; at most {most} are possible"));
            }
        }
        if !(1..=card.most_steps).contains(&self.steps) {
            return bad(format!(
                "{} steps were asked for; 1 to {} are possible",
                self.steps, card.most_steps
            ));
        }
        // Not a number is in no range.
        if !card.seconds.contains(&self.seconds) {
            let (least, most) = (card.seconds.start(), card.seconds.end());
            let asked = self.seconds;
            return bad(format!("A length of {asked} s was asked for; {least} to {most} s are possible"));
        }
        // A model without guidance makes the same of every scale.
        if let Some(guidance) = card.guidance
            && !(0.0..=guidance.most).contains(&self.guidance)
        {
            let (asked, most) = (self.guidance, guidance.most);
            return bad(format!("A guidance of {asked} was asked for; 0 to {most} are possible"));
        }
        if !(1..=card.most_variations).contains(&self.variations) {
            let (asked, most) = (self.variations, card.most_variations);
            return bad(format!("{asked} variations were asked for; 1 to {most} are possible"));
        }
        if matches!(self.timing, Timing::Hits(_)) && !card.abilities.timing {
            return bad(format!("{} cannot be told when things happen", card.id));
        }
        if let Some(fault) = self.timing.fault(self.seconds) {
            return bad(fault);
        }
        if !self.level.is_possible() {
            return bad("The level asked for is not one that a sound can have".into());
        }
        if !(0.0..=1.0).contains(&self.width) {
            return bad(format!("A width of {} was asked for; 0 to 1 are possible", self.width));
        }
        match self.source.as_ref().map(|source| &source.how) {
            Some(How::Start { .. }) if !card.abilities.start_from_audio => {
                bad(format!("{} cannot start from a given sound", card.id))
            }
            Some(How::Keep(_)) if !card.abilities.keep_ranges => {
                bad(format!("{} cannot keep parts of a given sound", card.id))
            }
            _ => Ok(()),
        }
    }

    /// Whether both ask for the same sound, at whatever number of steps. A request that names no model asks for the
    /// sound of any.
    #[must_use]
    pub fn same_but_steps(&self, other: &Self) -> bool {
        let any = self.model.is_any() || other.model.is_any();
        let model = if any { self.model.clone() } else { other.model.clone() };
        *self == Self { steps: self.steps, model, ..other.clone() }
    }
}

/// Whether one sound is asked for, so that it need not be written.
fn is_one(variations: &u32) -> bool {
    *variations == 1
}

/// Whether one channel is asked for, so that the width need not be written.
fn is_zero(width: &f32) -> bool {
    *width == 0.0
}
