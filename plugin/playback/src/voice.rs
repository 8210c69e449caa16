//! One sounding instance of a clip.

use crate::clip::{Clip, Frames, interpolate};
use crate::deck::Slot;
use crate::mix::Mix;

/// Which notes an event speaks of; `None` matches all.
///
/// # Examples
/// ```
/// use straightshot_playback::NoteId;
///
/// // The C in the middle of the keyboard, on the first channel.
/// let middle_c = NoteId { key: Some(60), channel: Some(0), voice: None };
/// // Every note of that channel.
/// let channel = NoteId { key: None, ..middle_c };
/// // Every note there is.
/// assert_eq!(NoteId { channel: None, ..channel }, NoteId::default());
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoteId {
    /// MIDI key, 0 ..= 127; 60 is the C in the middle.
    pub key: Option<u8>,
    /// MIDI channel, 0 ..= 15.
    pub channel: Option<u8>,
    /// The host's own number of the note, if it has one.
    pub voice: Option<i32>,
}

impl NoteId {
    /// Whether this names no note in particular, as a host does that wants silence.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn is_everything(self) -> bool {
        self == Self::default()
    }

    /// Whether an event about `self` concerns the note `other`.
    ///
    /// What only one of the two has is not compared: some hosts number their notes in one event and not in the next.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn matches(self, other: Self) -> bool {
        fn same<T: PartialEq>(a: Option<T>, b: Option<T>) -> bool {
            a.is_none() || b.is_none() || a == b
        }
        same(self.key, other.key) && same(self.channel, other.channel) && same(self.voice, other.voice)
    }
}

/// How a voice begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    /// The note that started it; `None` if the transport or the editor did.
    pub(crate) note: Option<NoteId>,
    /// The clip it plays.
    pub(crate) slot: Slot,
    /// First position in samples of the clip.
    pub(crate) position: f64,
    /// Samples of the clip per sample of output; 1 is the original pitch.
    pub(crate) rate: f64,
    /// Linear gain, from the velocity.
    pub(crate) gain: f32,
    /// Whether the end of the note ends the voice.
    pub(crate) gated: bool,
    /// Grows from voice to voice; tells which is oldest.
    pub(crate) order: u64,
}

/// A slot of the player's fixed set of voices. Silent by default.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Voice {
    start: Option<Start>,
    position: f64,
    /// Envelope, 0 ..= 1.
    level: f32,
    /// Change of the envelope per sample: positive while fading in, negative while fading out.
    step: f32,
}

impl Voice {
    /// A voice that fades in by `fade_step` per sample.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn started(start: Start, fade_step: f32) -> Self {
        Self { start: Some(start), position: start.position, level: 0.0, step: fade_step }
    }

    /// How it began, unless it is silent.
    pub(crate) fn start(&self) -> Option<&Start> {
        self.start.as_ref()
    }

    /// Whether it is silent and free for a new note.
    pub(crate) fn is_free(&self) -> bool {
        self.start.is_none()
    }

    /// Whether it sounds and is not fading out.
    pub(crate) fn is_held(&self) -> bool {
        self.start.is_some() && self.step >= 0.0
    }

    /// Envelope, 0 ..= 1.
    pub(crate) fn level(&self) -> f32 {
        self.level
    }

    /// Position in samples of its clip.
    pub(crate) fn position(&self) -> f64 {
        self.position
    }

    /// Fades out by `fade_step` per sample; a voice that fades out already goes on doing so.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn release(&mut self, fade_step: f32) {
        if self.is_held() {
            self.step = -fade_step;
        }
    }

    /// Adds the next samples of the voice to `mix`.
    ///
    /// A mono clip is added to both channels alike. Of a stereo clip in a single channel it is half of left plus half
    /// of right (-6 dB each): what is in the middle stays as loud as it is, and the sum cannot be larger than the
    /// larger channel, so that nothing clips.
    ///
    /// # Real-time safety
    /// No allocation; time is linear in the length of `mix`.
    pub(crate) fn render(&mut self, clip: &Clip, mix: &mut Mix<'_>) {
        match (clip.moments(), mix) {
            (Frames::Mono(frames), Mix::One(out)) => {
                self.render_frames(frames, out.iter_mut(), |out, [sample]| *out += sample);
            }
            (Frames::Mono(frames), Mix::Two(left, right)) => {
                self.render_frames(
                    frames,
                    left.iter_mut().zip(right.iter_mut()),
                    |(left, right), [sample]| {
                        *left += sample;
                        *right += sample;
                    },
                );
            }
            (Frames::Stereo(frames), Mix::One(out)) => {
                self.render_frames(frames, out.iter_mut(), |out, [left, right]| *out += 0.5 * (left + right));
            }
            (Frames::Stereo(frames), Mix::Two(left, right)) => {
                self.render_frames(frames, left.iter_mut().zip(right.iter_mut()), |(left, right), sample| {
                    *left += sample[0];
                    *right += sample[1];
                });
            }
        }
    }

    /// Goes through `places` and lets `add` put the voice's next samples there, with fade and gain.
    ///
    /// The compiler makes a loop of its own of every kind of clip and mix, with the number of channels known.
    ///
    /// # Real-time safety
    /// No allocation; time is linear in the number of `places`.
    #[inline]
    fn render_frames<const CHANNELS: usize, Place>(
        &mut self,
        frames: &[[f32; CHANNELS]],
        places: impl Iterator<Item = Place>,
        add: impl Fn(Place, [f32; CHANNELS]),
    ) {
        let Some(Start { rate, gain, .. }) = self.start else { return };
        for place in places {
            self.level = (self.level + self.step).clamp(0.0, 1.0);
            let faded_out = self.level <= 0.0;
            let Some(samples) = interpolate(frames, self.position).filter(|_| !faded_out) else {
                *self = Self::default();
                return;
            };
            add(place, samples.map(|sample| sample * self.level * gain));
            self.position += rate;
            if self.level >= 1.0 && self.step > 0.0 {
                self.step = 0.0;
            }
        }
    }
}
