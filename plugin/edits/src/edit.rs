//! What is to be done with a sound.

use super::fade::Fade;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Farthest change of pitch and speed, in semitones up and down.
pub const MOST_SEMITONES: f32 = 24.0;
/// Largest change of loudness by hand, in dB up and down.
pub const MOST_GAIN_DB: f32 = 36.0;
/// Largest width: twice the difference of the channels.
pub const MOST_WIDTH: f32 = 2.0;
/// Shortest part that a trim leaves, and shortest loop, in frames.
pub(crate) const SHORTEST: usize = 32;

/// What is done with a sound, in the order that the [crate](self) names. Plain data; the default does nothing.
///
/// Whatever the numbers are, an edit can be rendered: values out of range are held at its limits, and a part that lies
/// outside of the sound counts as far as it lies inside.
///
/// ```
/// use straightshot_edits::{Edit, render};
/// use straightshot_protocol::Audio;
///
/// let sound = Audio::mono(44_100, vec![0.25; 44_100]);
/// let edit = Edit { trim: Some(11_025..33_075), gain_db: 6.0, ..Edit::default() };
/// let edited = render(&sound, &edit)?;
/// assert_eq!(edited.audio.frames(), 22_050);
/// assert!((edited.audio.left()[0] - 0.4988).abs() < 1e-4);
/// assert_eq!(render(&sound, &Edit::default())?.audio, sound);
/// # Ok::<(), straightshot_protocol::Failure>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Edit {
    /// The part that is kept; `None` is all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trim: Option<Range<usize>>,
    /// Pitch and speed together, as a tape does: 12 is twice as fast and an octave higher.
    #[serde(skip_serializing_if = "is_zero")]
    pub semitones: f32,
    /// Whether it is played backwards.
    #[serde(skip_serializing_if = "is_off")]
    pub reverse: bool,
    /// Share of the difference between left and right that is kept: 0 is mono, 1 changes nothing.
    #[serde(skip_serializing_if = "is_one")]
    pub width: f32,
    /// The part that is repeated; `None` plays once.
    #[serde(rename = "loop", skip_serializing_if = "Option::is_none")]
    pub looped: Option<Loop>,
    /// How it begins, as heard.
    #[serde(skip_serializing_if = "Fade::is_none")]
    pub fade_in: Fade,
    /// How it ends, as heard.
    #[serde(skip_serializing_if = "Fade::is_none")]
    pub fade_out: Fade,
    /// The level it is brought to; `None` leaves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Louder or quieter by hand, in dB, after [`level`](Self::level).
    #[serde(skip_serializing_if = "is_zero")]
    pub gain_db: f32,
}

impl Default for Edit {
    fn default() -> Self {
        Self {
            trim: None,
            semitones: 0.0,
            reverse: false,
            width: 1.0,
            looped: None,
            fade_in: Fade::default(),
            fade_out: Fade::default(),
            level: None,
            gain_db: 0.0,
        }
    }
}

/// A part that is repeated without a seam: what comes before its end turns into what comes before its beginning.
///
/// What follows its end is not heard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Loop {
    /// The part, in frames of the unedited sound.
    #[serde(flatten)]
    pub range: Range<usize>,
    /// How long the end takes to turn into what comes before the beginning, in frames of the unedited sound. As heard, it is
    /// never longer than what there is before the beginning, nor than half of the loop.
    pub crossfade: usize,
    /// How much louder than recorded the end is made, in dB: the level rises evenly from the loop's beginning on. Makes a
    /// sound that dies away steady.
    #[serde(skip_serializing_if = "is_zero")]
    pub tilt_db: f32,
    /// Whether the sound is the loop and nothing else; otherwise what comes before it leads into it.
    pub only: bool,
}

impl Default for Loop {
    fn default() -> Self {
        Self { range: 0..0, crossfade: 0, tilt_db: 0.0, only: true }
    }
}

/// A level that a sound is brought to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Largest sample, in dB full scale.
    Peak(f32),
    /// Largest value between samples too, in dBTP.
    TruePeak(f32),
    /// Loudness of the whole sound in LUFS, as far as its true peak stays within −1 dBTP.
    Loudness(f32),
}

impl Edit {
    /// Whether it changes nothing at all.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The part of a sound of `frames` that is kept; nothing is left only of nothing.
    #[must_use]
    pub fn kept(&self, frames: usize) -> Range<usize> {
        let Some(trim) = &self.trim else { return 0..frames };
        let shortest = SHORTEST.min(frames);
        let start = trim.start.min(frames - shortest);
        start..trim.end.clamp(start + shortest, frames)
    }

    /// [`semitones`](Self::semitones) within its limits.
    pub(crate) fn semitones_within(&self) -> f32 {
        within(self.semitones, MOST_SEMITONES)
    }

    /// [`width`](Self::width) within its limits.
    pub(crate) fn width_within(&self) -> f32 {
        if self.width.is_finite() { self.width.clamp(0.0, MOST_WIDTH) } else { 1.0 }
    }

    /// [`gain_db`](Self::gain_db) within its limits.
    pub(crate) fn gain_within(&self) -> f32 {
        within(self.gain_db, MOST_GAIN_DB)
    }
}

/// `value` within ±`most`; 0 for what is no number.
fn within(value: f32, most: f32) -> f32 {
    if value.is_finite() { value.clamp(-most, most) } else { 0.0 }
}

fn is_zero(value: &f32) -> bool {
    *value == 0.0
}

fn is_one(value: &f32) -> bool {
    *value == 1.0
}

fn is_off(switch: &bool) -> bool {
    !*switch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Curve;

    #[test]
    fn an_edit_comes_back_as_it_was_and_what_is_not_there_is_the_default() {
        let edit = Edit {
            trim: Some(10..500),
            semitones: -3.7,
            reverse: true,
            width: 0.4,
            looped: Some(Loop { range: 20..400, crossfade: 7, tilt_db: 1.5, only: false }),
            fade_in: Fade { frames: 30, curve: Curve::EqualPower },
            fade_out: Fade { frames: 40, curve: Curve::Exponential },
            level: Some(Level::Loudness(-23.0)),
            gain_db: -0.1,
        };
        let text = serde_json::to_string(&edit).unwrap();
        assert_eq!(serde_json::from_str::<Edit>(&text).unwrap(), edit, "{text}");
        assert_eq!(serde_json::to_string(&Edit::default()).unwrap(), "{}");
        assert!(serde_json::from_str::<Edit>("{}").unwrap().is_none());
    }

    #[test]
    fn a_trim_beyond_the_sound_keeps_what_there_is() {
        let kept = |trim: Range<usize>, frames| Edit { trim: Some(trim), ..Edit::default() }.kept(frames);
        assert_eq!(kept(10..90, 100), 10..90);
        assert_eq!(kept(10..900, 100), 10..100);
        assert_eq!(kept(500..900, 100), 68..100);
        #[expect(clippy::reversed_empty_ranges, reason = "nonsense is what is tried")]
        let turned = kept(60..10, 100);
        assert_eq!(turned, 60..92);
        assert_eq!(kept(0..9, 5), 0..5);
        assert_eq!(kept(3..9, 0), 0..0);
    }
}
