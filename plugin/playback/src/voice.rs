//! One sounding instance of a clip.

use crate::bank::SoundKey;
use crate::clip::{Around, Clip, Frames, interpolate};
use crate::deck::Place;
use crate::envelope::{Envelope, Shape};
use crate::event::NoteId;
use crate::mix::Mix;
use crate::region::{Region, Span};

/// Most samples whose levels are computed at once.
const PIECE: usize = 64;

/// Why a voice plays what it plays, and so what it does when there is another bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Whatever is active.
    Active,
    /// This sound.
    Sound(SoundKey),
}

/// What started a voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A note.
    Note(NoteId),
    /// The host's transport.
    Transport,
    /// The editor.
    Editor,
}

/// How a voice begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    /// What started it.
    pub(crate) origin: Origin,
    /// What it plays.
    pub(crate) part: Part,
    /// The sound that it plays now.
    pub(crate) place: Place,
    /// How much of it.
    pub(crate) span: Span,
    /// The same in frames of the clip.
    pub(crate) region: Region,
    /// First position in samples of the clip.
    pub(crate) position: f64,
    /// Samples of the clip per sample of output; 1 is the original pitch.
    pub(crate) rate: f64,
    /// Linear gain, from the velocity or from the editor.
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
    envelope: Envelope,
    /// Level of the fade, 0 ..= 1: in at the start, out when it is stopped or its place is taken.
    level: f32,
    /// Change of the fade per sample: positive while fading in, negative while fading out.
    step: f32,
    /// Step with which it fades in again at the seam of a loop that has one.
    fade_in: f32,
    /// Whether it has begun again at least once.
    returned: bool,
    /// Whether its key was released while the pedal was down.
    pedalled: bool,
}

impl Voice {
    /// A voice that fades in by `fade_step` per sample.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn started(start: Start, envelope: Envelope, fade_step: f32) -> Self {
        Self {
            start: Some(start),
            position: start.position,
            envelope,
            step: fade_step,
            fade_in: fade_step,
            ..Self::default()
        }
    }

    /// The same voice with another sound, at the same position, which fades in by `fade_step` per sample.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn moved(&self, start: Start, fade_step: f32) -> Self {
        Self { start: Some(start), level: 0.0, step: fade_step, ..*self }
    }

    /// How it began, unless it is silent.
    pub(crate) fn start(&self) -> Option<&Start> {
        self.start.as_ref()
    }

    /// Puts the same sound at another place into its hands, which nobody hears.
    pub(crate) fn rebind(&mut self, place: Place) {
        if let Some(start) = &mut self.start {
            start.place = place;
        }
    }

    /// Whether it is silent and free for a new note.
    pub(crate) fn is_free(&self) -> bool {
        self.start.is_none()
    }

    /// Whether it sounds and is not being stopped; it may have been released.
    pub(crate) fn is_held(&self) -> bool {
        self.start.is_some() && self.step >= 0.0
    }

    /// Whether its note has ended and what is left of it sounds.
    pub(crate) fn is_released(&self) -> bool {
        self.envelope.is_released()
    }

    /// How loud it is, 0 ..= 1.
    pub(crate) fn level(&self) -> f32 {
        self.level * self.envelope.level()
    }

    /// Position in samples of its clip.
    pub(crate) fn position(&self) -> f64 {
        self.position
    }

    /// Fades out by `fade_step` per sample; a voice that fades out already goes on doing so.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn stop(&mut self, fade_step: f32) {
        if self.is_held() {
            self.step = -fade_step;
        }
    }

    /// Its key was released, and it ends as `shape` says; without a release it is stopped, by `fade_step` per sample.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn release(&mut self, shape: &Shape, sample_rate_hz: f32, fade_step: f32) {
        self.pedalled = false;
        if !shape.has_release() {
            self.stop(fade_step);
        } else if !self.envelope.is_released() {
            self.envelope.release(shape, sample_rate_hz);
        }
    }

    /// Its key was released while the pedal is down: it ends when that comes up.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn hold(&mut self) {
        self.pedalled = true;
    }

    /// Whether its key was released while the pedal was down.
    pub(crate) fn is_pedalled(&self) -> bool {
        self.pedalled
    }

    /// Adds the next samples of the voice to `mix`, at a gain of its sound.
    ///
    /// A mono clip is added to both channels alike. Of a stereo clip in a single channel it is half of left plus half
    /// of right (-6 dB each): what is in the middle stays as loud as it is, and the sum cannot be larger than the
    /// larger channel, so that nothing clips.
    ///
    /// # Real-time safety
    /// No allocation; time is linear in the length of `mix`.
    pub(crate) fn render(&mut self, clip: &Clip, gain: f32, mix: &mut Mix<'_>) {
        let frames = mix.frames();
        let mut done = 0;
        while done < frames {
            let Some(start) = self.start else { return };
            let gain = gain * start.gain;
            let stretch = self.stretch(&start, frames - done);
            let next = done + stretch.frames;
            if stretch.plain && self.is_steady() {
                let level = self.envelope.level();
                self.add(clip, &start, &mut mix.part(done..next), |_| level, gain);
            } else {
                let mut levels = [0.0; PIECE];
                let ended = self.levels(&start, levels.iter_mut().take(stretch.frames));
                let level = |index: usize| levels.get(index).copied().unwrap_or(0.0);
                let sounding = ended.map_or(next, |ended| done + ended);
                self.add(clip, &start, &mut mix.part(done..sounding), level, gain);
                if ended.is_some() {
                    *self = Self::default();
                    return;
                }
            }
            done = next;
            self.turn(&start);
        }
    }

    /// Whether the gain of the next samples is the same for all.
    fn is_steady(&self) -> bool {
        self.level >= 1.0 && self.step == 0.0 && self.envelope.is_steady()
    }

    /// How many of the next `frames` samples can be rendered alike.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "positions are non-negative and far below 2^52; a saturated count is cut down"
    )]
    fn stretch(&self, start: &Start, frames: usize) -> Stretch {
        let Region { end, fade, .. } = start.region;
        let until = |frame: usize| ((frame as f64 - self.position) / start.rate).ceil().max(1.0) as usize;
        // Where the fade before the end begins.
        let edge = end.saturating_sub(fade);
        let plain = fade == 0 || self.position < edge as f64;
        let frames = frames.min(until(if plain { edge } else { end }));
        if plain && self.is_steady() {
            Stretch { frames, plain }
        } else {
            Stretch { frames: frames.min(PIECE), plain }
        }
    }

    /// Computes the levels of the next samples; returns at which of them the voice has ended, if it does.
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a level, near an end")]
    fn levels<'a>(&mut self, start: &Start, levels: impl Iterator<Item = &'a mut f32>) -> Option<usize> {
        let Region { end, fade, .. } = start.region;
        let mut position = self.position;
        for (index, place) in levels.enumerate() {
            self.level = (self.level + self.step).clamp(0.0, 1.0);
            if self.level <= 0.0 {
                return Some(index);
            }
            if self.level >= 1.0 && self.step > 0.0 {
                self.step = 0.0;
            }
            let mut level = self.level * self.envelope.next();
            if self.envelope.is_over() {
                return Some(index);
            }
            if fade > 0 {
                let left = (end as f64 - position) as f32 / fade as f32;
                level *= left.clamp(0.0, 1.0);
                position += start.rate;
            }
            *place = level;
        }
        None
    }

    /// At the end of its region the voice begins again or is over.
    #[expect(clippy::cast_precision_loss, reason = "positions are far below 2^52")]
    fn turn(&mut self, start: &Start) {
        let (first, end) = (start.region.start as f64, start.region.end as f64);
        if self.position < end {
            return;
        }
        if !start.region.looped || end <= first {
            *self = Self::default();
            return;
        }
        self.position = first + (self.position - end) % (end - first);
        self.returned = true;
        if start.region.fade > 0 {
            if !self.is_held() {
                *self = Self::default();
                return;
            }
            self.level = 0.0;
            self.step = self.fade_in;
        }
    }

    /// Adds the next samples to all of `mix`, each at its level, and moves on.
    fn add(
        &mut self,
        clip: &Clip,
        start: &Start,
        mix: &mut Mix<'_>,
        level: impl Fn(usize) -> f32,
        gain: f32,
    ) {
        let level = |index| (level(index), gain);
        match (clip.moments(), mix) {
            (Frames::Mono(frames), Mix::One(out)) => {
                self.add_frames(start, frames, out.iter_mut(), level, |out, [sample]| *out += sample);
            }
            (Frames::Mono(frames), Mix::Two(left, right)) => {
                let places = left.iter_mut().zip(right.iter_mut());
                self.add_frames(start, frames, places, level, |(left, right), [sample]| {
                    *left += sample;
                    *right += sample;
                });
            }
            (Frames::Stereo(frames), Mix::One(out)) => {
                self.add_frames(start, frames, out.iter_mut(), level, |out, [left, right]| {
                    *out += 0.5 * (left + right);
                });
            }
            (Frames::Stereo(frames), Mix::Two(left, right)) => {
                let places = left.iter_mut().zip(right.iter_mut());
                self.add_frames(start, frames, places, level, |(left, right), sample| {
                    *left += sample[0];
                    *right += sample[1];
                });
            }
        }
    }

    /// Goes through `places` and lets `add` put the voice's next samples there.
    ///
    /// The compiler makes a loop of its own of every kind of clip and mix, with the number of channels known. At the
    /// original pitch it is a plain product of two slices.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "positions are non-negative and far below 2^52"
    )]
    fn add_frames<const CHANNELS: usize, Place>(
        &mut self,
        start: &Start,
        frames: &[[f32; CHANNELS]],
        places: impl ExactSizeIterator<Item = Place>,
        level: impl Fn(usize) -> (f32, f32),
        add: impl Fn(Place, [f32; CHANNELS]),
    ) {
        let index = self.position as usize;
        if start.rate == 1.0 && self.position == index as f64 {
            let count = places.len();
            let next = frames.get(index..).unwrap_or_default();
            for (i, (place, frame)) in places.zip(next).enumerate() {
                let (level, gain) = level(i);
                add(place, frame.map(|sample| sample * level * gain));
            }
            self.position += count as f64;
            return;
        }
        let region = start.region;
        let around = (region.looped && region.fade == 0).then_some(Around {
            start: region.start,
            end: region.end,
            returned: self.returned,
        });
        for (i, place) in places.enumerate() {
            let (level, gain) = level(i);
            if let Some(samples) = interpolate(frames, self.position, around.as_ref()) {
                add(place, samples.map(|sample| sample * level * gain));
            }
            self.position += start.rate;
        }
    }
}

/// The next samples of a voice that can be rendered alike.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    /// At least one.
    frames: usize,
    /// Whether they lie before the fade at the end of the region.
    plain: bool,
}
