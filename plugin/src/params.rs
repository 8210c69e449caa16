//! [any thread] Host-visible parameters: identifiers, ranges, units and defaults.
//!
//! Identifiers never change once released: hosts store automation and state under them. No parameter starts a
//! generation; they are read when the user asks for a sound.

use crate::session_field::SessionField;
use nice_plug::prelude::*;
use std::sync::Arc;
use straightshot_protocol::Request;
use straightshot_takes::SessionStore;

/// Fewest solver steps.
pub const MIN_STEPS: i32 = 1;
/// Solver steps of a fresh instance.
pub const DEFAULT_STEPS: i32 = 4;
/// Most solver steps.
pub const MAX_STEPS: i32 = 24;

/// Shortest sound in seconds.
pub const MIN_LENGTH_S: f32 = 0.25;
/// Length of a fresh instance in seconds.
pub const DEFAULT_LENGTH_S: f32 = 2.0;
/// Longest sound in seconds.
pub const MAX_LENGTH_S: f32 = 30.0;

/// Weakest guidance: the prompt is ignored.
pub const MIN_GUIDANCE: f32 = 0.0;
/// Guidance of a fresh instance.
pub const DEFAULT_GUIDANCE: f32 = 3.0;
/// Strongest guidance.
pub const MAX_GUIDANCE: f32 = 10.0;

/// Smallest seed.
pub const MIN_SEED: i32 = 0;
/// Seed of a fresh instance.
pub const DEFAULT_SEED: i32 = 1;
/// Largest seed; small enough for a host's normalised 32-bit float to name every value.
pub const MAX_SEED: i32 = 999_999;

/// Quietest output in dB.
pub const MIN_GAIN_DB: f32 = -60.0;
/// Gain of a fresh instance in dB.
pub const DEFAULT_GAIN_DB: f32 = 0.0;
/// Loudest output in dB.
pub const MAX_GAIN_DB: f32 = 12.0;

/// Largest value of the hidden revision counter, after which it starts again at 0.
const MAX_REVISION: i32 = 65_535;

/// What makes a take sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum PlayMode {
    /// Every note plays the take to its end.
    #[id = "note"]
    #[name = "Note"]
    Note,
    /// A note plays until it is released.
    #[id = "gate"]
    #[name = "Gate"]
    Gate,
    /// The take starts with the host's transport and stops with it; notes are ignored.
    #[id = "transport"]
    #[name = "Transport"]
    Transport,
}

/// What a fresh instance would make: no prompt and the parameters' defaults.
#[must_use]
pub fn initial_request() -> Request {
    Request {
        steps: DEFAULT_STEPS.unsigned_abs(),
        guidance: DEFAULT_GUIDANCE,
        seed: u64::from(DEFAULT_SEED.unsigned_abs()),
        seconds: f64::from(DEFAULT_LENGTH_S),
        ..Request::default()
    }
}

/// Parameters and persisted session of one instance.
#[derive(Params)]
pub struct StraightshotParams {
    /// Solver steps of the next sound.
    #[id = "steps"]
    pub steps: IntParam,
    /// Length of the next sound in seconds.
    #[id = "length"]
    pub length: FloatParam,
    /// Classifier-free guidance scale of the next sound; 1 is no guidance.
    #[id = "guidance"]
    pub guidance: FloatParam,
    /// Seed of the next sound.
    #[id = "seed"]
    pub seed: IntParam,
    /// Output gain as a linear factor, shown in dB; smoothed by the player.
    #[id = "gain"]
    pub gain: FloatParam,
    /// What starts and stops the sound.
    #[id = "playmode"]
    pub play_mode: EnumParam<PlayMode>,
    /// Whether the key changes the pitch (key 60 plays at the original pitch).
    #[id = "keytrack"]
    pub keytrack: BoolParam,
    /// Counts changes of the session. Hidden: its only purpose is that a host which sees a parameter change knows
    /// that the project has unsaved work; the plugin formats' own way to say so is not offered by the framework.
    #[id = "revision"]
    pub revision: IntParam,
    /// Prompt and takes: the persisted state that is not a parameter.
    #[persist = "session"]
    pub session: SessionField,
}

impl StraightshotParams {
    /// Parameters around `session`. Those of the next sound start with `initial`, which is also what a host resets
    /// them to; [`initial_request`] is the usual one.
    #[must_use]
    pub fn new(session: Arc<SessionStore>, initial: &Request) -> Self {
        let whole = |value: u64, min, max| i32::try_from(value).unwrap_or(max).clamp(min, max);
        let initial_steps = whole(initial.steps.into(), MIN_STEPS, MAX_STEPS);
        let initial_seed = whole(initial.seed, MIN_SEED, MAX_SEED);
        #[expect(clippy::cast_possible_truncation, reason = "a length in seconds needs no more than an f32")]
        let initial_length = (initial.seconds as f32).clamp(MIN_LENGTH_S, MAX_LENGTH_S);
        let initial_guidance = initial.guidance.clamp(MIN_GUIDANCE, MAX_GUIDANCE);
        let steps = IntRange::Linear { min: MIN_STEPS, max: MAX_STEPS };
        let length = FloatRange::Skewed {
            min: MIN_LENGTH_S,
            max: MAX_LENGTH_S,
            factor: FloatRange::skew_factor(-1.5),
        };
        let guidance = FloatRange::Linear { min: MIN_GUIDANCE, max: MAX_GUIDANCE };
        let gain = FloatRange::Skewed {
            min: util::db_to_gain(MIN_GAIN_DB),
            max: util::db_to_gain(MAX_GAIN_DB),
            factor: FloatRange::gain_skew_factor(MIN_GAIN_DB, MAX_GAIN_DB),
        };
        Self {
            steps: IntParam::new("Steps", initial_steps, steps).with_unit(" steps"),
            length: FloatParam::new("Length", initial_length, length)
                .with_unit(" s")
                .with_value_to_string(formatters::v2s_f32_rounded(2)),
            guidance: FloatParam::new("Guidance", initial_guidance, guidance)
                .with_value_to_string(formatters::v2s_f32_rounded(1)),
            seed: IntParam::new("Seed", initial_seed, IntRange::Linear { min: MIN_SEED, max: MAX_SEED }),
            gain: FloatParam::new("Gain", util::db_to_gain(DEFAULT_GAIN_DB), gain)
                .with_unit(" dB")
                .with_value_to_string(formatters::v2s_f32_gain_to_db(1))
                .with_string_to_value(formatters::s2v_f32_gain_to_db()),
            play_mode: EnumParam::new("Play mode", PlayMode::Note),
            keytrack: BoolParam::new("Key tracking", false),
            revision: IntParam::new("Session revision", 0, IntRange::Linear { min: 0, max: MAX_REVISION })
                .hide()
                .hide_in_generic_ui()
                .non_automatable(),
            session: SessionField(session),
        }
    }

    /// The sound the user would get now: the session's texts and the parameters' current values.
    #[must_use]
    pub fn request(&self) -> Request {
        let (prompt, negative_prompt) = self.session.0.prompts();
        Request {
            prompt,
            negative_prompt,
            steps: self.steps.value().unsigned_abs(),
            guidance: self.guidance.value(),
            seed: u64::from(self.seed.value().unsigned_abs()),
            // A thousandth is finer than anyone turns a knob, and reads better in a project than 2.299999952316284.
            seconds: (f64::from(self.length.value()) * 1e3).round() / 1e3,
            ..Request::default()
        }
    }

    /// Tells the host that the project has unsaved work, by changing the hidden revision parameter.
    pub fn mark_unsaved(&self, setter: &ParamSetter<'_>) {
        let next = (self.revision.value() + 1) % (MAX_REVISION + 1);
        setter.begin_set_parameter(&self.revision);
        setter.set_parameter(&self.revision, next);
        setter.end_set_parameter(&self.revision);
    }
}
