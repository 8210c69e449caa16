//! Voices, notes and transport: turns clips into blocks of sound.

use crate::clip::Clip;
use crate::deck::Deck;
use crate::handoff::ClipReceiver;
use crate::smooth::Ramp;
use crate::telemetry::Telemetry;
use crate::transport::{Follower, Motion, Transport};
use crate::voice::{NoteId, Start, Voice};
use std::sync::Arc;

/// Voices that can sound together; one more fades out the oldest.
pub const MAX_VOICES: usize = 16;
/// Room for the voices and for as many that fade out.
const VOICE_SLOTS: usize = 2 * MAX_VOICES;
/// The key that plays at the original pitch.
pub const ROOT_KEY: u8 = 60;

/// Fade at the start of a voice, in seconds: short enough to keep a transient.
const START_FADE_S: f32 = 0.0005;
/// Fade of a voice that is stopped, in seconds.
const STOP_FADE_S: f32 = 0.005;
/// Crossfade from one clip to the next, in seconds.
const SWAP_FADE_S: f32 = 0.01;
/// Time of a change of the gain, in seconds.
const GAIN_RAMP_S: f32 = 0.02;

/// What starts and ends a voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// A note plays the clip to its end.
    #[default]
    Note,
    /// A note plays the clip until it is released.
    Gate,
    /// The clip starts with the transport, again at every jump, and stops with it. Notes are ignored.
    Transport,
}

/// Everything about a block but its notes.
#[derive(Debug, Clone, Copy)]
pub struct Block {
    /// What starts and ends a voice. A change fades out what sounds.
    pub mode: Mode,
    /// Whether the key of a note changes the pitch.
    pub keytrack: bool,
    /// Linear output gain; changes are smoothed.
    pub gain: f32,
    /// The transport at the start of the block.
    pub transport: Transport,
}

/// A note event at `offset` samples after the start of the block; at or past its end means after its last sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NoteEvent {
    /// A note begins, with a velocity of 0 ..= 1 that becomes its linear gain.
    On {
        /// Samples after the start of the block.
        offset: usize,
        /// Which note.
        note: NoteId,
        /// Linear gain, 0 ..= 1.
        velocity: f32,
    },
    /// A note is released; ends it in [`Mode::Gate`].
    Off {
        /// Samples after the start of the block.
        offset: usize,
        /// Which notes.
        note: NoteId,
    },
    /// A note must end, in every mode.
    Choke {
        /// Samples after the start of the block.
        offset: usize,
        /// Which notes.
        note: NoteId,
    },
}

impl NoteEvent {
    fn offset(&self) -> usize {
        match *self {
            Self::On { offset, .. } | Self::Off { offset, .. } | Self::Choke { offset, .. } => offset,
        }
    }
}

/// Lengths of the fades as change of the envelope per sample.
#[derive(Debug, Clone, Copy)]
struct FadeSteps {
    start: f32,
    stop: f32,
    swap: f32,
}

/// Plays clips; owned by the audio thread between two activations.
#[derive(Debug)]
pub struct Player {
    deck: Deck,
    voices: [Voice; VOICE_SLOTS],
    fades: FadeSteps,
    gain: Ramp,
    /// Whether the first block is still to come; its gain is not faded in.
    fresh: bool,
    mode: Mode,
    follower: Follower,
    /// Number of voices started so far.
    started: u64,
    telemetry: Arc<Telemetry>,
}

impl Player {
    /// A player at the host's `sample_rate_hz`. It begins with `clip`, if that has the same rate, and takes over
    /// later ones from `receiver`. Not for the audio thread.
    #[must_use]
    pub fn new(
        receiver: ClipReceiver,
        clip: Option<Arc<Clip>>,
        sample_rate_hz: u32,
        telemetry: Arc<Telemetry>,
    ) -> Self {
        let samples = |seconds| fade_samples(seconds, sample_rate_hz);
        Self {
            deck: Deck::new(receiver, clip, sample_rate_hz),
            voices: [Voice::default(); VOICE_SLOTS],
            fades: FadeSteps {
                start: samples(START_FADE_S).recip(),
                stop: samples(STOP_FADE_S).recip(),
                swap: samples(SWAP_FADE_S).recip(),
            },
            gain: Ramp::new(1.0, ramp_length(sample_rate_hz)),
            fresh: true,
            mode: Mode::default(),
            follower: Follower::new(sample_rate_hz),
            started: 0,
            telemetry,
        }
    }

    /// Silences everything at once, and forgets the transport and what the editor asked for while nothing was played.
    ///
    /// # Real-time safety
    /// No allocation, no frees, constant time.
    pub fn reset(&mut self) {
        self.voices = [Voice::default(); VOICE_SLOTS];
        self.follower.forget();
        self.fresh = true;
        self.telemetry.take_audition();
        self.telemetry.take_stop();
        self.telemetry.publish(None, 0);
    }

    /// Overwrites `output` (mono) with the next samples. Events must be in order of time; an event earlier than its
    /// predecessor happens together with it.
    ///
    /// # Real-time safety
    /// No allocation, no frees, wait-free; called on the audio thread for blocks of any length, zero included. The
    /// iterator must keep the same promises.
    pub fn process(
        &mut self,
        block: &Block,
        events: impl IntoIterator<Item = NoteEvent>,
        output: &mut [f32],
    ) {
        output.fill(0.0);
        self.begin_block(block, output.len());
        let mut done = 0;
        for event in events {
            let until = event.offset().clamp(done, output.len());
            self.render(output.get_mut(done..until).unwrap_or_default());
            done = until;
            self.handle(event, block.keytrack);
        }
        self.render(output.get_mut(done..).unwrap_or_default());
        self.end_block(output);
    }

    fn begin_block(&mut self, block: &Block, frames: usize) {
        self.gain.set_target(block.gain);
        if std::mem::take(&mut self.fresh) {
            self.gain.finish();
            self.mode = block.mode;
        }
        self.retire_clips();
        if self.deck.receive() {
            self.crossfade();
        }
        if self.telemetry.take_stop() {
            self.release(NoteId::default(), false);
        }
        if self.telemetry.take_audition() {
            self.start_voice(NoteId::default(), 1.0, 1.0, false);
        }
        if self.mode != block.mode {
            self.mode = block.mode;
            self.release(NoteId::default(), false);
            self.follower.forget();
        }
        let motion = self.follower.advance(block.transport, frames);
        if self.mode == Mode::Transport && motion != Motion::Steady {
            self.release(NoteId::default(), false);
            if motion == Motion::Started {
                self.start_voice(NoteId::default(), 1.0, 1.0, false);
            }
        }
    }

    fn end_block(&mut self, output: &mut [f32]) {
        let mut peak = 0.0_f32;
        for sample in output {
            *sample *= self.gain.next();
            peak = peak.max(sample.abs());
        }
        self.telemetry.meter.add(peak);
        self.retire_clips();
        self.telemetry.publish_clips(self.deck.deferred, self.deck.stale);
        let sounding = self.voices.iter().filter(|voice| !voice.is_free()).count();
        self.telemetry.publish(self.playhead(), u32::try_from(sounding).unwrap_or(u32::MAX));
    }

    fn handle(&mut self, event: NoteEvent, keytrack: bool) {
        match event {
            NoteEvent::On { note, velocity, .. } if self.mode != Mode::Transport => {
                let rate = if keytrack { key_rate(note.key) } else { 1.0 };
                self.start_voice(note, velocity.clamp(0.0, 1.0), rate, self.mode == Mode::Gate);
            }
            NoteEvent::On { .. } => {}
            NoteEvent::Off { note, .. } => self.release(note, true),
            NoteEvent::Choke { note, .. } => self.release(note, false),
        }
    }

    fn start_voice(&mut self, note: NoteId, gain: f32, rate: f64, gated: bool) {
        let Some(slot) = self.deck.current() else { return };
        if self.voices.iter().filter(|voice| voice.is_held()).count() >= MAX_VOICES {
            self.release_oldest();
        }
        self.started += 1;
        let start = Start { note, slot, position: 0.0, rate, gain, gated, order: self.started };
        let fade = self.fades.start;
        if let Some(voice) = self.quietest_voice() {
            *voice = Voice::started(start, fade);
        }
    }

    /// Fades out the voices of `note`; with `gated_only`, those that last as long as their note.
    fn release(&mut self, note: NoteId, gated_only: bool) {
        for voice in &mut self.voices {
            if voice.start().is_some_and(|start| note.matches(start.note) && (start.gated || !gated_only)) {
                voice.release(self.fades.stop);
            }
        }
    }

    fn release_oldest(&mut self) {
        let held = self.voices.iter_mut().filter(|voice| voice.is_held());
        if let Some(oldest) = held.min_by_key(|voice| voice.start().map(|start| start.order)) {
            oldest.release(self.fades.stop);
        }
    }

    /// A free voice; failing that, the one that is closest to the end of its fade.
    fn quietest_voice(&mut self) -> Option<&mut Voice> {
        let candidates = self.voices.iter_mut().filter(|voice| !voice.is_held());
        candidates.min_by(|a, b| {
            let rank = |voice: &Voice| if voice.is_free() { -1.0 } else { voice.level() };
            rank(a).total_cmp(&rank(b))
        })
    }

    /// Lets every held voice fade over to the same position of the current clip.
    fn crossfade(&mut self) {
        let current = self.deck.current();
        for index in 0..VOICE_SLOTS {
            let Some(voice) = self.voices.get_mut(index).filter(|voice| voice.is_held()) else { continue };
            let Some(start) = voice.start().copied().filter(|start| Some(start.slot) != current) else {
                continue;
            };
            let position = voice.position();
            voice.release(self.fades.swap);
            let Some(slot) = current else { continue };
            if let Some(free) = self.voices.iter_mut().find(|voice| voice.is_free()) {
                *free = Voice::started(Start { slot, position, ..start }, self.fades.swap);
            }
        }
    }

    fn render(&mut self, output: &mut [f32]) {
        if output.is_empty() {
            return;
        }
        for voice in &mut self.voices {
            if let Some(clip) = voice.start().and_then(|start| self.deck.clip(start.slot)) {
                voice.render(clip, output);
            }
        }
    }

    fn retire_clips(&mut self) {
        let voices = &self.voices;
        self.deck
            .retire_unused(|slot| voices.iter().any(|v| v.start().is_some_and(|start| start.slot == slot)));
    }

    /// Position of the newest held voice within the current clip, 0 ..= 1.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "a position for the eye needs no more than an f32"
    )]
    fn playhead(&self) -> Option<f32> {
        let held = self.voices.iter().filter(|voice| voice.is_held());
        let newest = held.max_by_key(|voice| voice.start().map(|start| start.order))?;
        let length = self.deck.clip(newest.start()?.slot)?.samples().len();
        Some((newest.position() / length.max(1) as f64).min(1.0) as f32)
    }
}

/// Playback rate of a key: one semitone per key around [`ROOT_KEY`].
fn key_rate(key: Option<u8>) -> f64 {
    let semitones = f64::from(key.unwrap_or(ROOT_KEY)) - f64::from(ROOT_KEY);
    (semitones / 12.0).exp2()
}

/// A time in samples, at least one.
#[expect(clippy::cast_precision_loss, reason = "sample rates are far below 2^24")]
fn fade_samples(seconds: f32, sample_rate_hz: u32) -> f32 {
    (seconds * sample_rate_hz as f32).round().max(1.0)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand samples")]
fn ramp_length(sample_rate_hz: u32) -> u32 {
    fade_samples(GAIN_RAMP_S, sample_rate_hz) as u32
}
