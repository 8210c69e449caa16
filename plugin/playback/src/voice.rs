//! One sounding instance of a clip.

use crate::clip::Clip;
use crate::deck::Slot;

/// Which notes an event speaks of; `None` matches all.
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
    /// Whether an event about `self` concerns the note `other`.
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
    /// The note that started it.
    pub(crate) note: NoteId,
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

    /// Adds the next samples to `output`.
    ///
    /// # Real-time safety
    /// No allocation; time is linear in `output`.
    pub(crate) fn render(&mut self, clip: &Clip, output: &mut [f32]) {
        let Some(Start { rate, gain, .. }) = self.start else { return };
        for mixed in output {
            self.level = (self.level + self.step).clamp(0.0, 1.0);
            let faded_out = self.level <= 0.0;
            let Some(sample) = clip.sample_at(self.position).filter(|_| !faded_out) else {
                *self = Self::default();
                return;
            };
            *mixed += sample * self.level * gain;
            self.position += rate;
            if self.level >= 1.0 && self.step > 0.0 {
                self.step = 0.0;
            }
        }
    }
}
