//! Voices, notes and transport: turns clips into blocks of sound.

use crate::deck::Deck;
use crate::handoff::ClipReceiver;
use crate::mix::Mix;
use crate::smooth::Ramp;
use crate::telemetry::Telemetry;
use crate::transport::{Follower, Motion, Transport};
use crate::voice::{NoteId, Start, Voice};
use std::sync::Arc;

/// Voices that can sound together; one more fades out the oldest. A limit, because the time of a block must have one.
pub const MAX_VOICES: usize = 16;
/// Room for the voices and for as many that fade out: when a clip is exchanged, every voice is there twice for a moment.
const VOICE_SLOTS: usize = 2 * MAX_VOICES;
/// The key that plays at the original pitch.
pub const ROOT_KEY: u8 = 60;

/// Fade at the start of a voice, in seconds: short enough to keep a transient.
const START_FADE_S: f32 = 0.0005;
/// Fade of a voice that is stopped, in seconds: the shortest that is heard as an end and not as a click.
const STOP_FADE_S: f32 = 0.005;
/// Crossfade from one clip to the next, in seconds.
const SWAP_FADE_S: f32 = 0.01;
/// Time of a change of the gain, in seconds: longer than a block of most hosts, so that the steps in which a host
/// reports a turning knob become one line.
const GAIN_RAMP_S: f32 = 0.02;

/// What starts and ends a voice.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use straightshot_playback::{Block, Clip, Mode, NoteEvent, NoteId, Player, handoff};
///
/// let (mut sender, receiver) = handoff::channel();
/// let mut player = Player::new(receiver, 48_000, Arc::default());
/// sender.send(Arc::new(Clip::mono(vec![0.5; 48_000], 48_000, 1)))?;
///
/// let block = Block { mode: Mode::Gate, ..Block::default() };
/// let note = NoteId { key: Some(60), channel: Some(0), voice: None };
/// let pressed = NoteEvent::On { offset: 0, note, velocity: 1.0 };
/// let released = NoteEvent::Off { offset: 1000, note };
/// let mut output = [0.0; 2000];
/// player.process(&block, [pressed, released], &mut [&mut output]);
/// assert_eq!((output[999], output[1999]), (0.5, 0.0));
/// # Ok::<(), handoff::SendError>(())
/// ```
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
///
/// A host asks for sound in blocks of some tens to thousands of samples; what is said here holds for a whole one.
///
/// # Examples
/// ```
/// use straightshot_playback::{Block, Transport};
///
/// // The host plays, a second into its song at 48 kHz.
/// let block = Block { transport: Transport { playing: true, position: Some(48_000) }, ..Block::default() };
/// assert_eq!(block.gain, 1.0, "as loud as the clip is");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
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

impl Default for Block {
    /// Notes play the clip at its own pitch and level; the transport rests.
    fn default() -> Self {
        Self { mode: Mode::default(), keytrack: false, gain: 1.0, transport: Transport::default() }
    }
}

/// A note event at `offset` samples after the start of the block; at or past its end means after its last sample.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use straightshot_playback::{Block, Clip, NoteEvent, NoteId, Player, handoff};
///
/// let (mut sender, receiver) = handoff::channel();
/// let mut player = Player::new(receiver, 48_000, Arc::default());
/// sender.send(Arc::new(Clip::mono(vec![0.5; 48_000], 48_000, 1)))?;
///
/// // A note in the middle of a block begins at its very sample.
/// let note = NoteId { key: Some(60), channel: Some(0), voice: None };
/// let mut output = [0.0; 256];
/// player.process(&Block::default(), [NoteEvent::On { offset: 100, note, velocity: 1.0 }], &mut [&mut output]);
/// assert!(output[99] == 0.0 && output[100] > 0.0);
/// # Ok::<(), handoff::SendError>(())
/// ```
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
    /// A note must end, in every mode. One that names no key, channel or voice ends everything, what the transport or
    /// the editor started included; any other ends notes only.
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

/// Plays clips; owned by the audio thread from the time the host activates the plugin until it deactivates it.
///
/// # Examples
/// A stereo clip, started as the play button of the editor does it:
/// ```
/// use std::sync::Arc;
/// use straightshot_playback::{Block, Clip, Player, Telemetry, handoff};
///
/// // The plugin's side: makes clips.
/// let (mut sender, receiver) = handoff::channel();
/// let telemetry = Arc::new(Telemetry::default());
/// let clip = Clip::new(vec![vec![0.5; 48_000], vec![0.25; 48_000]], 48_000, 1)?;
/// sender.send(Arc::new(clip))?;
/// telemetry.request_audition();
///
/// // The audio thread's side: called by the host for every block.
/// let mut player = Player::new(receiver, 48_000, telemetry.clone());
/// let (mut left, mut right) = ([0.0; 480], [0.0; 480]);
/// player.process(&Block::default(), [], &mut [&mut left, &mut right]);
/// assert_eq!((left[479], right[479]), (0.5, 0.25));
///
/// // In a single output both halves are added.
/// let mut mono = [0.0; 480];
/// player.process(&Block::default(), [], &mut [&mut mono]);
/// assert_eq!(mono[479], 0.375);
/// assert_eq!(telemetry.voices(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    /// A player at the host's `sample_rate_hz`, which plays the clips that come through `receiver` at this rate. What
    /// was sent before is there from the first block on. To be made and dropped off the audio thread.
    #[must_use]
    pub fn new(receiver: ClipReceiver, sample_rate_hz: u32, telemetry: Arc<Telemetry>) -> Self {
        let samples = |seconds| fade_samples(seconds, sample_rate_hz);
        Self {
            deck: Deck::new(receiver, sample_rate_hz),
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

    /// Overwrites `outputs`, one slice per channel, with the next samples.
    ///
    /// One output gets everything; of a stereo clip half of left plus half of right (-6 dB each). Two get left and
    /// right; a mono clip is the same in both, is computed once and copied. Any further ones get silence: in every
    /// order of loudspeakers that formats of plugins know, the first two are left and right, and what the others are
    /// is unknown here. The same sound from all of them would be louder, and would be in the one for basses too.
    ///
    /// `events` must be in order of time; an event earlier than its predecessor happens together with it. Outputs are
    /// equally long; where one is longer than another (no host does so), its end is silent.
    ///
    /// # Real-time safety
    /// No allocation, no frees, wait-free; called on the audio thread for blocks of any length, zero included. The
    /// iterator must keep the same promises.
    pub fn process(
        &mut self,
        block: &Block,
        events: impl IntoIterator<Item = NoteEvent>,
        outputs: &mut [&mut [f32]],
    ) {
        let (left, mut right) = first_two(outputs);
        let frames = left.len();
        self.begin_block(block, frames);
        // No clip comes or goes within a block, so whether the outputs differ is known at its start.
        let (mut mix, copy) = match right.take_if(|_| self.deck.has_stereo()) {
            Some(right) => (Mix::Two(left, right), None),
            None => (Mix::One(left), right),
        };
        mix.clear();
        let mut done = 0;
        for event in events {
            let until = event.offset().clamp(done, frames);
            self.render(&mut mix.part(done..until));
            done = until;
            self.handle(event, block.keytrack);
        }
        self.render(&mut mix.part(done..frames));
        self.end_block(&mut mix);
        if let (Mix::One(left), Some(right)) = (mix, copy) {
            right.copy_from_slice(left);
        }
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
            self.release(|_| true);
        }
        if self.telemetry.take_audition() {
            self.start_voice(None, 1.0, 1.0, false);
        }
        if self.mode != block.mode {
            self.mode = block.mode;
            self.release(|_| true);
            // A transport that is running already starts the clip when its mode is chosen.
            self.follower.forget();
        }
        let motion = self.follower.advance(block.transport, frames);
        if self.mode == Mode::Transport && motion != Motion::Steady {
            self.release(|_| true);
            if motion == Motion::Started {
                self.start_voice(None, 1.0, 1.0, false);
            }
        }
    }

    fn end_block(&mut self, mix: &mut Mix<'_>) {
        self.telemetry.meter.add(mix.amplify(&mut self.gain));
        self.retire_clips();
        self.telemetry.publish_clips(self.deck.deferred, self.deck.stale);
        let sounding = self.voices.iter().filter(|voice| !voice.is_free()).count();
        self.telemetry.publish(self.playhead(), u32::try_from(sounding).unwrap_or(u32::MAX));
    }

    fn handle(&mut self, event: NoteEvent, keytrack: bool) {
        match event {
            NoteEvent::On { note, velocity, .. } if self.mode != Mode::Transport => {
                let rate = if keytrack { key_rate(note.key) } else { 1.0 };
                // `clamp` passes on what is not a number, and a host's effects would be silent ever after.
                let gain = if velocity.is_nan() { 0.0 } else { velocity.clamp(0.0, 1.0) };
                self.start_voice(Some(note), gain, rate, self.mode == Mode::Gate);
            }
            NoteEvent::On { .. } => {}
            NoteEvent::Off { note, .. } => {
                self.release(|start| start.gated && start.note.is_some_and(|own| note.matches(own)));
            }
            NoteEvent::Choke { note, .. } => self.release(|start| match start.note {
                Some(own) => note.matches(own),
                // No key made this voice, so a choke for one key does not mean it.
                None => note.is_everything(),
            }),
        }
    }

    fn start_voice(&mut self, note: Option<NoteId>, gain: f32, rate: f64, gated: bool) {
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

    /// Fades out the voices that `ends` chooses by how they began.
    fn release(&mut self, ends: impl Fn(&Start) -> bool) {
        for voice in &mut self.voices {
            if voice.start().is_some_and(&ends) {
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

    /// Lets every held voice fade over to the same position of the current clip: the old voice fades out while a new
    /// one fades in, so that another take goes on in the middle of the sound and neither is cut off.
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

    fn render(&mut self, mix: &mut Mix<'_>) {
        for voice in &mut self.voices {
            if let Some(clip) = voice.start().and_then(|start| self.deck.clip(start.slot)) {
                voice.render(clip, mix);
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
        let length = self.deck.clip(newest.start()?.slot)?.frames();
        Some((newest.position() / length.max(1) as f64).min(1.0) as f32)
    }
}

/// The first two of a host's outputs, equally long; everything else in `outputs` is set to zero.
///
/// # Real-time safety
/// No allocation; time is linear in the size of `outputs`.
fn first_two<'a>(outputs: &'a mut [&mut [f32]]) -> (&'a mut [f32], Option<&'a mut [f32]>) {
    let (first_two, others) = outputs.split_at_mut(outputs.len().min(2));
    for other in others {
        other.fill(0.0);
    }
    let frames = first_two.iter().map(|output| output.len()).min().unwrap_or(0);
    let mut first_two = first_two.iter_mut().map(|output| {
        let (used, rest) = output.split_at_mut(frames);
        rest.fill(0.0);
        used
    });
    (first_two.next().unwrap_or_default(), first_two.next())
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
