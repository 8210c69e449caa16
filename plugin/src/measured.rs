//! [any thread] What was measured of sounds and of this computer, for the window.

use std::collections::HashMap;
use std::time::Duration;
use straightshot_edits::Edit;
use straightshot_protocol::{Card, ContentHash, Reading, Request, StageTimings};

/// A text and what the model of the next sound makes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadText {
    /// The text.
    pub text: String,
    /// What the model makes of it.
    pub reading: Reading,
}

/// What was measured of sounds, by their content.
///
/// Spectra are compared and loudness is measured on a thread of the worker's; nothing here is computed where it is drawn.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// With the edit that was heard.
    loudness: HashMap<ContentHash, (Edit, Loud)>,
    /// By the finer sound and the other one, in dB.
    distances: HashMap<(ContentHash, ContentHash), Option<f32>>,
}

/// How loud a sound is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loud {
    /// Loudest 400 ms in LUFS.
    pub momentary_lufs: f32,
    /// The whole, by EBU R 128, in LUFS; not finite if nothing is loud enough for that measure.
    pub integrated_lufs: f32,
    /// Length in seconds.
    pub seconds: f32,
}

/// Sounds that are remembered. Beyond that all are forgotten, and those that are seen are measured again.
const MOST_SOUNDS: usize = 512;
/// Shortest sound whose whole loudness is compared; a shorter one has too few windows of 400 ms for the gates of EBU R 128.
const WHOLE_FROM_S: f32 = 3.0;

/// By what two sounds are brought to one loudness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchedBy {
    /// The whole of both (integrated loudness, EBU R 128): both are 3 s or longer.
    Whole,
    /// Their loudest 400 ms (momentary loudness).
    Loudest,
}

impl MatchedBy {
    /// For the person at the screen.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Whole => "by the loudness of the whole",
            Self::Loudest => "by their loudest 0.4 s",
        }
    }
}

/// Gains that make sounds equally loud.
#[derive(Debug, Clone, PartialEq)]
pub struct Matched {
    /// In dB, one for each sound, none above 0: all are as loud as the quietest, so that none is clipped.
    pub gains_db: Vec<f32>,
    /// By what.
    pub by: MatchedBy,
}

impl Measured {
    /// What is known of the loudness of a sound with an edit.
    #[must_use]
    pub fn loudness(&self, sound: &ContentHash, edit: &Edit) -> Option<Loud> {
        self.loudness.get(sound).filter(|(of, _)| of == edit).map(|(_, loud)| *loud)
    }

    /// How far `sound` is from `finest` in dB: `None` while it is not measured, `Some(None)` if they cannot be compared.
    #[must_use]
    pub fn distance(&self, finest: &ContentHash, sound: &ContentHash) -> Option<Option<f32>> {
        if finest == sound { Some(Some(0.0)) } else { self.distances.get(&(*finest, *sound)).copied() }
    }

    /// Notes the loudness of a sound with an edit.
    pub fn note_loudness(&mut self, sound: ContentHash, edit: Edit, loud: Loud) {
        if self.loudness.len() >= MOST_SOUNDS {
            *self = Self::default();
        }
        self.loudness.insert(sound, (edit, loud));
    }

    /// Notes how far `sound` is from `finest`.
    pub fn note_distance(&mut self, finest: ContentHash, sound: ContentHash, db: Option<f32>) {
        self.distances.insert((finest, sound), db);
    }

    /// The gains that make sounds with their edits equally loud; `None` until all are measured.
    #[must_use]
    pub fn matched(&self, sounds: &[(ContentHash, &Edit)]) -> Option<Matched> {
        let loud = sounds.iter().map(|(sound, edit)| self.loudness(sound, edit));
        let loud = loud.collect::<Option<Vec<_>>>()?;
        Some(matched(&loud))
    }
}

/// The gains that make sounds equally loud. A silent one keeps its level and is no measure for the others.
fn matched(sounds: &[Loud]) -> Matched {
    let is_whole = |loud: &Loud| loud.seconds >= WHOLE_FROM_S && loud.integrated_lufs.is_finite();
    let by = if sounds.iter().all(is_whole) { MatchedBy::Whole } else { MatchedBy::Loudest };
    let level = |loud: &Loud| match by {
        MatchedBy::Whole => loud.integrated_lufs,
        MatchedBy::Loudest => loud.momentary_lufs,
    };
    let quietest = sounds.iter().map(level).filter(|lufs| lufs.is_finite()).fold(f32::INFINITY, f32::min);
    let gain = |loud: &Loud| if level(loud).is_finite() { (quietest - level(loud)).min(0.0) } else { 0.0 };
    Matched { gains_db: sounds.iter().map(gain).collect(), by }
}

/// How fast this computer makes sounds with a model, learnt from the jobs that ran.
///
/// The card says how the stages weigh against each other, a job how long they took: what is kept is the ratio. Only ratios of
/// one model and place are mixed.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    /// Milliseconds of this computer for one of the card's: of solver steps, of all else.
    flow: f32,
    rest: f32,
    /// The model it was learnt of.
    card: Card,
}

/// Weight of a new measurement among those of before: a busy moment is forgotten after some jobs.
const NEWEST: f32 = 0.3;

impl Pace {
    /// Learns from a job that took `took`; `before` is what was known.
    #[must_use]
    pub fn learnt(
        before: Option<&Self>,
        card: &Card,
        request: &Request,
        took: &StageTimings,
    ) -> Option<Self> {
        let ms = |time: Duration| time.as_secs_f32() * 1e3;
        let (flow, rest) = work(card, request);
        let (flow, rest) = (ms(took.flow) / flow, ms(took.text + took.decode) / rest);
        if !(flow.is_finite() && rest.is_finite() && flow > 0.0) {
            return before.cloned();
        }
        let mixed = |old: f32, new: f32| old + NEWEST * (new - old);
        Some(match before.filter(|before| before.card.id == card.id) {
            Some(before) => {
                Self { flow: mixed(before.flow, flow), rest: mixed(before.rest, rest), card: card.clone() }
            }
            None => Self { flow, rest, card: card.clone() },
        })
    }

    /// How long `request` will take, without loading the model.
    #[must_use]
    pub fn of(&self, request: &Request) -> Duration {
        let (flow, rest) = work(&self.card, request);
        let ms = self.flow * flow + self.rest * rest;
        Duration::try_from_secs_f32(ms / 1e3).unwrap_or_default()
    }

    /// Whether it was learnt with the model of `card`.
    #[must_use]
    pub fn is_of(&self, card: &Card) -> bool {
        self.card.id == card.id
    }
}

/// What the card says that the steps of `request` cost, and all else.
fn work(card: &Card, request: &Request) -> (f32, f32) {
    let guided = card.guidance.is_some_and(|guidance| guidance.has_effect(request.guidance, request.steps));
    let seconds = request.seconds * f64::from(request.variations);
    #[expect(clippy::cast_precision_loss, reason = "at most a hundred steps")]
    let steps = request.steps as f32;
    let decoding = card.cost.of_decoding(seconds, request.width > 0.0);
    (steps * card.cost.of_step(seconds, guided), card.cost.text + decoding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::models::default_card;

    fn loud(momentary: f32, integrated: f32, seconds: f32) -> Loud {
        Loud { momentary_lufs: momentary, integrated_lufs: integrated, seconds }
    }

    fn sound(name: &str) -> ContentHash {
        ContentHash::of([name.as_bytes()])
    }

    #[test]
    fn ab_compare_makes_the_louder_sound_as_quiet_as_the_other() {
        let mut measured = Measured::default();
        let edit = Edit::default();
        let sounds = [(sound("a"), &edit), (sound("b"), &edit)];
        assert_eq!(measured.matched(&sounds), None, "nothing is known yet");
        measured.note_loudness(sounds[0].0, edit.clone(), loud(-14.0, -20.0, 5.0));
        measured.note_loudness(sounds[1].0, edit.clone(), loud(-20.0, -23.0, 5.0));
        let both = measured.matched(&sounds).unwrap();
        assert_eq!((both.gains_db.as_slice(), both.by), (&[-3.0, 0.0][..], MatchedBy::Whole));
        let louder = Edit { gain_db: 6.0, ..Edit::default() };
        assert_eq!(measured.matched(&[sounds[0], (sounds[1].0, &louder)]), None, "that was not heard yet");
    }

    #[test]
    fn ab_compare_takes_the_loudest_moment_of_short_sounds_and_leaves_silence_alone() {
        let short = matched(&[loud(-14.0, -20.0, 5.0), loud(-20.0, f32::NEG_INFINITY, 0.3)]);
        assert_eq!((short.gains_db.as_slice(), short.by), (&[-6.0, 0.0][..], MatchedBy::Loudest));
        let silent = loud(f32::NEG_INFINITY, f32::NEG_INFINITY, 2.0);
        assert_eq!(matched(&[silent, loud(-20.0, -23.0, 2.0)]).gains_db, [0.0, 0.0]);
        assert_eq!(matched(&[]).gains_db, [0.0; 0]);
    }

    #[test]
    fn what_a_job_took_says_what_another_will_take() {
        let card = default_card();
        // Without guidance every step is one evaluation.
        let request = |steps, seconds| Request { steps, seconds, guidance: 1.0, ..Request::default() };
        let took = |flow_ms, rest_ms| StageTimings {
            flow: Duration::from_millis(flow_ms),
            decode: Duration::from_millis(rest_ms),
            ..StageTimings::default()
        };
        let pace = Pace::learnt(None, &card, &request(4, 2.0), &took(40, 50)).unwrap();
        assert!((pace.of(&request(4, 2.0)).as_secs_f32() - 0.09).abs() < 1e-3);
        let more = pace.of(&request(24, 2.0)).as_secs_f32();
        assert!((more - 0.29).abs() < 2e-3, "{more}");
        assert!(pace.of(&request(24, 10.0)).as_secs_f32() > 4.0 * more);
        let busy = Pace::learnt(Some(&pace), &card, &request(4, 2.0), &took(80, 100)).unwrap();
        let between = busy.of(&request(4, 2.0)).as_secs_f32();
        assert!(between > 0.1 && between < 0.15, "{between}");
        let other = Card { id: straightshot_protocol::ModelId::named("other"), ..card };
        assert!(!pace.is_of(&other));
        let fresh = Pace::learnt(Some(&pace), &other, &request(4, 2.0), &took(80, 100)).unwrap();
        assert!(
            (fresh.of(&request(4, 2.0)).as_secs_f32() - 0.18).abs() < 2e-3,
            "another model is another pace"
        );
        assert_eq!(Pace::learnt(Some(&pace), &pace.card, &request(4, 2.0), &took(0, 0)), Some(pace.clone()));
    }
}
