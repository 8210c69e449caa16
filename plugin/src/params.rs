//! [any thread] Host-visible parameters: identifiers, ranges, units and defaults.
//!
//! Identifiers never change once released: hosts store automation and state under them. No parameter starts a
//! generation; they are read when the user asks for a sound.

mod knobs;

pub(crate) use knobs::Knobs;

use crate::arrangement::ArrangementField;
use crate::session_field::SessionField;
use crate::worker::models::default_card;
use nice_plug::prelude::*;
use parking_lot::Mutex;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use straightshot_protocol::Request;
use straightshot_takes::SessionStore;

/// Fewest solver steps.
pub const MIN_STEPS: i32 = 1;
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
/// Strongest guidance.
pub const MAX_GUIDANCE: f32 = 10.0;

/// Width of every new sound: the noise of a texture has a correlation of about a third left and right, as in a room. The edit's
/// width makes less or more of it. Takes keep what they were asked for with.
pub const SOUND_WIDTH: f32 = 0.7;

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

/// Longest attack and decay of a note in seconds.
pub const MAX_ATTACK_S: f32 = 5.0;
/// Shortest release of a note in seconds, which is too short to be heard as one.
pub const MIN_RELEASE_S: f32 = 0.005;
/// Longest release of a note in seconds.
pub const MAX_RELEASE_S: f32 = 10.0;
/// The key that plays at the original pitch in a fresh instance.
pub const DEFAULT_ROOT_KEY: i32 = 60;
/// The highest key.
pub const MAX_KEY: i32 = 127;
/// Most starred takes that can be chosen by their number.
pub const MAX_TAKE_NUMBER: i32 = 64;

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

/// Which take a note or the transport plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum TakeChoice {
    /// The one that is selected in the window.
    #[id = "active"]
    #[name = "Selected take"]
    Active,
    /// The starred take with the number of the parameter "Take".
    #[id = "number"]
    #[name = "By number"]
    Number,
    /// The starred takes one after the other.
    #[id = "turn"]
    #[name = "Round robin"]
    RoundRobin,
    /// A starred take by chance, never the same twice in a row.
    #[id = "random"]
    #[name = "Random"]
    Random,
    /// Each key its own starred take.
    #[id = "keys"]
    #[name = "One per key"]
    Keys,
}

/// What a fresh instance would make: no prompt, what the card of the program's model says is usual, and the parameters' defaults.
#[must_use]
pub fn initial_request() -> Request {
    let card = default_card();
    Request {
        steps: card.usual_steps,
        guidance: card.guidance.map_or(1.0, |guidance| guidance.usual),
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
    /// Whether a held note and the transport go on beyond the end of the take.
    #[id = "loop"]
    pub looped: BoolParam,
    /// Which take is played.
    #[id = "takechoice"]
    pub take_choice: EnumParam<TakeChoice>,
    /// Which of the starred takes is played with [`TakeChoice::Number`], counted from 1.
    #[id = "take"]
    pub take: IntParam,
    /// How much softer a soft note is: 0 plays all alike.
    #[id = "velocity"]
    pub velocity: FloatParam,
    /// Seconds from silence to the full level of a note.
    #[id = "attack"]
    pub attack: FloatParam,
    /// Seconds from there to the level of sustain.
    #[id = "decay"]
    pub decay: FloatParam,
    /// Level while the key is held, 0 ..= 1.
    #[id = "sustain"]
    pub sustain: FloatParam,
    /// Seconds from the end of a note to silence.
    #[id = "release"]
    pub release: FloatParam,
    /// The key that plays at the original pitch.
    #[id = "rootkey"]
    pub root_key: IntParam,
    /// The lowest key that plays.
    #[id = "lowkey"]
    pub lowest_key: IntParam,
    /// The highest key that plays.
    #[id = "highkey"]
    pub highest_key: IntParam,
    /// What the user has arranged about playing that no parameter can say.
    #[persist = "arrangement"]
    pub arrangement: ArrangementField,
    /// What the knobs of playing are to be set to as soon as there is a window, which is the way to set them.
    pub(crate) wanted: Mutex<Option<Knobs>>,
    /// Prompt and takes: the persisted state that is not a parameter.
    #[persist = "session"]
    pub session: SessionField,
}

/// A share, shown in percent.
fn percent(name: &str, default: f32) -> FloatParam {
    FloatParam::new(name, default, FloatRange::Linear { min: 0.0, max: 1.0 })
        .with_unit(" %")
        .with_value_to_string(formatters::v2s_f32_percentage(0))
        .with_string_to_value(formatters::s2v_f32_percentage())
}

/// A time, finer where it is short; shown in milliseconds, because a host has one unit for all values of a parameter.
fn milliseconds(name: &str, default_s: f32, min_s: f32, max_s: f32) -> FloatParam {
    let range = FloatRange::Skewed { min: min_s, max: max_s, factor: FloatRange::skew_factor(-2.0) };
    FloatParam::new(name, default_s, range)
        .with_unit(" ms")
        .with_value_to_string(Arc::new(|seconds| format!("{:.0}", seconds * 1000.0)))
        .with_string_to_value(Arc::new(time_of))
}

/// A time in seconds as it is typed: in milliseconds, or in seconds if it says so.
#[must_use]
pub fn time_of(text: &str) -> Option<f32> {
    let text = text.trim().replace(',', ".").to_lowercase();
    let number = |digits: &str| digits.trim().parse::<f32>().ok();
    match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (None, Some(seconds)) => number(seconds),
        (milliseconds, _) => number(milliseconds.unwrap_or(&text)).map(|value| value / 1000.0),
    }
}

/// A key of a keyboard.
fn key(name: &str, default: i32) -> IntParam {
    IntParam::new(name, default, IntRange::Linear { min: 0, max: MAX_KEY })
        .with_value_to_string(Arc::new(key_text))
        .with_string_to_value(Arc::new(key_of))
}

/// Names of the keys of an octave.
const KEY_NAMES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];

/// The name of a key; the C in the middle is C3, as most hosts call it.
#[must_use]
pub fn key_text(key: i32) -> String {
    let name = usize::try_from(key.rem_euclid(12)).ok().and_then(|index| KEY_NAMES.get(index));
    format!("{}{}", name.unwrap_or(&""), key.div_euclid(12) - 2)
}

/// A key as it is typed: by its name or its number.
#[must_use]
pub fn key_of(text: &str) -> Option<i32> {
    let text = text.trim().to_uppercase();
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let split = text.find(|c: char| c.is_ascii_digit() || c == '-')?;
    let (name, octave) = text.split_at(split);
    let index = KEY_NAMES.iter().position(|known| *known == name)?;
    let octave: i32 = octave.parse().ok()?;
    Some((octave + 2) * 12 + i32::try_from(index).ok()?).filter(|key| (0..=MAX_KEY).contains(key))
}

impl StraightshotParams {
    /// Parameters around `session`. Those of the next sound start with `initial`, which is also what a host resets
    /// them to; [`initial_request`] is the usual one.
    #[must_use]
    pub fn new(session: Arc<SessionStore>, initial: &Request) -> Self {
        Self::with_arrangement(session, ArrangementField::default(), initial)
    }

    /// [`new`](Self::new) around an arrangement too.
    #[must_use]
    pub fn with_arrangement(
        session: Arc<SessionStore>,
        arrangement: ArrangementField,
        initial: &Request,
    ) -> Self {
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
            steps: IntParam::new("Steps", initial_steps, steps),
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
            looped: BoolParam::new("Loop", false),
            take_choice: EnumParam::new("Which take", TakeChoice::Active),
            take: IntParam::new("Take", 1, IntRange::Linear { min: 1, max: MAX_TAKE_NUMBER }),
            velocity: percent("Velocity", 1.0),
            attack: milliseconds("Attack", 0.0, 0.0, MAX_ATTACK_S),
            decay: milliseconds("Decay", 0.0, 0.0, MAX_ATTACK_S),
            sustain: percent("Sustain", 1.0),
            release: milliseconds("Release", MIN_RELEASE_S, MIN_RELEASE_S, MAX_RELEASE_S),
            root_key: key("Root key", DEFAULT_ROOT_KEY),
            // What is set up once would only fill the hosts' lists of what can be automated.
            lowest_key: key("Lowest key", 0).non_automatable(),
            highest_key: key("Highest key", MAX_KEY).non_automatable(),
            arrangement,
            wanted: Mutex::default(),
            session: SessionField(session),
        }
    }

    /// The sound the user would get now: the session's texts and the parameters' current values.
    #[must_use]
    pub fn request(&self) -> Request {
        let said = self.session.0.request();
        // A thousandth is finer than anyone turns a knob, and reads better in a project than 2.299999952316284.
        let seconds = (f64::from(self.length.value()) * 1e3).round() / 1e3;
        Request {
            timing: said.timing.within(seconds),
            curve: said.curve.map(|curve| curve.fitted(seconds)),
            steps: self.steps.value().unsigned_abs(),
            guidance: self.guidance.value(),
            seed: u64::from(self.seed.value().unsigned_abs()),
            seconds,
            width: SOUND_WIDTH,
            ..said
        }
    }

    /// Changes with the value of any parameter that the window shows: so the window knows when the host has moved one. A new
    /// parameter belongs in here.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let whole =
            [&self.steps, &self.seed, &self.take, &self.root_key, &self.lowest_key, &self.highest_key];
        whole.map(|param| param.value()).hash(&mut hasher);
        let request = [&self.length, &self.guidance, &self.gain, &self.velocity];
        let envelope = [&self.attack, &self.decay, &self.sustain, &self.release];
        [request, envelope].map(|four| four.map(|param| param.value().to_bits())).hash(&mut hasher);
        (self.play_mode.value() as u8, self.take_choice.value() as u8).hash(&mut hasher);
        (self.keytrack.value(), self.looped.value()).hash(&mut hasher);
        hasher.finish()
    }

    /// What the knobs of playing are set to, or are about to be.
    pub(crate) fn knobs(&self) -> Knobs {
        self.wanted.lock().clone().unwrap_or_else(|| Knobs::of(self))
    }

    /// Sets the knobs of playing to what they are to be set to, if there is something.
    pub(crate) fn set_wanted(&self, setter: &ParamSetter<'_>) {
        let wanted = self.wanted.lock().take();
        if let Some(knobs) = wanted {
            knobs.set(self, setter);
        }
    }

    /// Tells a host that has no other way to hear of it that the project has unsaved work: a parameter that is not automated
    /// is set to what it is, which most hosts take for a change.
    pub fn mark_unsaved(&self, setter: &ParamSetter<'_>) {
        setter.begin_set_parameter(&self.lowest_key);
        setter.set_parameter(&self.lowest_key, self.lowest_key.value());
        setter.end_set_parameter(&self.lowest_key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_sounds_are_wide_and_those_of_before_stay_as_they_were() {
        let params = StraightshotParams::new(Arc::new(SessionStore::default()), &initial_request());
        assert_eq!(params.request().width, SOUND_WIDTH);
        let text =
            serde_json::to_string(&Request { prompt: "rain".to_owned(), ..initial_request() }).unwrap();
        let before: Request = serde_json::from_str(&text).unwrap();
        assert!(!text.contains("width") && before.width == 0.0, "{text}");
    }

    #[test]
    fn keys_and_times_are_read_as_they_are_shown() {
        assert_eq!(key_text(60), "C3");
        assert!((0..=MAX_KEY).all(|key| key_of(&key_text(key)) == Some(key)));
        assert_eq!(
            (key_of("61"), key_of("c#3"), key_of("H1"), key_of("G9")),
            (Some(61), Some(61), None, None)
        );
        let attack = milliseconds("Attack", 0.005, 0.0, MAX_ATTACK_S);
        assert_eq!((attack.to_string(), attack.unit()), ("5 ms".to_owned(), " ms"));
        let typed = ["5 ms", "5", "2,5 s", "0.25s", "250ms", "five"].map(time_of);
        assert_eq!(typed, [Some(0.005), Some(0.005), Some(2.5), Some(0.25), Some(0.25), None]);
    }
}
