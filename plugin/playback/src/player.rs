//! Notes, transport and editor: what turns a bank of sounds into blocks of samples.

mod beginning;
mod notes;
mod units;

use crate::audition::Audition;
use crate::bank::Bank;
use crate::deck::Deck;
use crate::event::{Block, Mode, NoteEvent, NoteId};
use crate::handoff::BankReceiver;
use crate::keyboard::Keys;
use crate::mix::Mix;
use crate::rotation::Rotation;
use crate::smooth::Ramp;
use crate::telemetry::{Heard, Telemetry};
use crate::transport::{Follower, Motion, Stretch};
use crate::voice::Origin;
use crate::voices::Voices;
use std::sync::Arc;
use units::{fade_samples, in_seconds, ramp_length, whole};

/// Fade at the start of a voice, in seconds: short enough to keep a transient.
const START_FADE_S: f32 = 0.0005;
/// Fade of a voice that begins in the middle of its sound, and at the ends of a part that is played again and again, in
/// seconds: there the sound has no silence before it.
const EDGE_FADE_S: f32 = 0.002;
/// Fade of a voice that is stopped, in seconds: the shortest that is heard as an end and not as a click.
const STOP_FADE_S: f32 = 0.005;
/// Crossfade from one sound to the next, in seconds.
const SWAP_FADE_S: f32 = 0.01;
/// Time of a change of the gain, in seconds: longer than a block of most hosts, so that the steps in which a host
/// reports a turning knob become one line.
const GAIN_RAMP_S: f32 = 0.02;
/// Lengths of the fades as change of the level per sample.
#[derive(Debug, Clone, Copy)]
struct FadeSteps {
    start: f32,
    edge: f32,
    stop: f32,
    swap: f32,
}

/// Something that the transport does within a block: what it has started so far ends, and a sound begins.
#[derive(Debug, Clone, Copy)]
struct Cue {
    /// Samples after the start of the block.
    offset: usize,
    /// How far into the sound it begins, in frames; nothing begins if it is none.
    skip: Option<u64>,
}

/// Plays a bank of sounds; owned by the audio thread from the time the host activates the plugin until it deactivates it.
///
/// # Examples
/// A stereo clip, started as the play button of the editor does it:
/// ```
/// use std::sync::Arc;
/// use straightshot_playback::{Audition, Bank, Block, Clip, Player, Telemetry, handoff};
///
/// // The plugin's side: makes clips.
/// let (mut sender, receiver) = handoff::channel();
/// let telemetry = Arc::new(Telemetry::default());
/// let clip = Clip::new(vec![vec![0.5; 48_000], vec![0.25; 48_000]], 48_000)?;
/// sender.send(Bank::of(clip, 1))?;
/// telemetry.request_audition(&Audition::default());
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
    voices: Voices,
    sample_rate_hz: f32,
    fades: FadeSteps,
    /// Frames of the fade at the ends of a part.
    edge: usize,
    gain: Ramp,
    /// Whether the first block is still to come; its gain is not faded in.
    fresh: bool,
    mode: Mode,
    follower: Follower,
    /// What the transport does in this block, in order.
    cues: [Option<Cue>; 4],
    rotation: Rotation,
    /// A bit for every channel whose pedal is down.
    pedals: u16,
    /// What the editor has asked for and does not sound yet.
    pending: Option<Audition>,
    /// The last of the editor's wishes that was seen.
    seen: u64,
    /// Where the host's song is.
    song_position_s: Option<f64>,
    /// Keys of the window that sound.
    window_keys: Keys,
    /// Number of voices started so far.
    started: u64,
    telemetry: Arc<Telemetry>,
}

impl Player {
    /// A player at the host's `sample_rate_hz`, which plays the banks that come through `receiver` at this rate. What
    /// was sent before is there from the first block on. To be made and dropped off the audio thread.
    #[must_use]
    pub fn new(receiver: BankReceiver, sample_rate_hz: u32, telemetry: Arc<Telemetry>) -> Self {
        let samples = |seconds| fade_samples(seconds, sample_rate_hz);
        Self {
            deck: Deck::new(receiver, sample_rate_hz),
            voices: Voices::default(),
            sample_rate_hz: samples(1.0),
            fades: FadeSteps {
                start: samples(START_FADE_S).recip(),
                edge: samples(EDGE_FADE_S).recip(),
                stop: samples(STOP_FADE_S).recip(),
                swap: samples(SWAP_FADE_S).recip(),
            },
            edge: whole(samples(EDGE_FADE_S)),
            gain: Ramp::new(1.0, ramp_length(sample_rate_hz)),
            fresh: true,
            mode: Mode::default(),
            follower: Follower::new(sample_rate_hz),
            cues: [None; 4],
            rotation: Rotation::default(),
            pedals: 0,
            pending: None,
            seen: 0,
            song_position_s: None,
            window_keys: Keys::default(),
            started: 0,
            telemetry,
        }
    }

    /// Silences everything at once, and forgets the transport, the pedals, what was played in turn and what the editor
    /// asked for while nothing was played.
    ///
    /// # Real-time safety
    /// No allocation, no frees, constant time.
    pub fn reset(&mut self) {
        self.voices.clear();
        self.follower.forget();
        self.rotation = Rotation::default();
        self.pedals = 0;
        self.fresh = true;
        self.telemetry.take_audition(&mut self.seen);
        self.pending = None;
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
        // No bank comes or goes within a block, so whether the outputs differ is known at its start.
        let (mut mix, copy) = match right.take_if(|_| self.deck.has_stereo()) {
            Some(right) => (Mix::Two(left, right), None),
            None => (Mix::One(left), right),
        };
        mix.clear();
        let mut done = 0;
        for event in events {
            let until = event.offset().clamp(done, frames);
            self.render(&mut mix, block, done, until);
            done = until;
            self.handle(event, block);
        }
        self.render(&mut mix, block, done, frames);
        self.end_block(&mut mix);
        if let (Mix::One(left), Some(right)) = (mix, copy) {
            right.copy_from_slice(left);
        }
    }

    fn begin_block(&mut self, block: &Block, frames: usize) {
        self.telemetry.publish_rolling(block.transport.playing);
        self.gain.set_target(block.gain);
        if std::mem::take(&mut self.fresh) {
            self.gain.finish();
            self.mode = block.mode;
        }
        self.retire_banks();
        self.receive();
        if self.telemetry.take_stop() {
            self.voices.stop(self.fades.stop, |_| true);
            self.pending = None;
        }
        if self.mode != block.mode {
            self.mode = block.mode;
            self.voices.stop(self.fades.stop, |_| true);
            // A transport that is running already starts the clip when its mode is chosen.
            self.follower.forget();
        }
        if let Some(wish) = self.telemetry.take_audition(&mut self.seen) {
            self.pending = wish;
        }
        if self.pending.is_some_and(|wish| self.audition(&wish)) {
            self.pending = None;
        }
        self.follow(block, frames);
        self.play_window_keys(block);
    }

    /// Plays what was pressed and released in the window.
    fn play_window_keys(&mut self, block: &Block) {
        let (pressed, down) = self.telemetry.keyboard.take();
        if pressed.is_empty() && self.window_keys == down {
            return;
        }
        let note = |key| NoteId { key: Some(key), channel: None, voice: None };
        for key in self.window_keys.without(down).iter() {
            self.note_off(note(key), &block.shape);
        }
        for key in pressed.iter() {
            self.note_on(note(key), 1.0, block);
        }
        // A key that has come up already is released in the next block: a press of no time would not be heard.
        self.window_keys = down.with(pressed);
    }

    /// Takes over a new bank, if there is one.
    fn receive(&mut self) {
        let place = |deck: &Deck| deck.current().and_then(Bank::place);
        let before = place(&self.deck);
        if !self.deck.receive() {
            return;
        }
        self.voices.go_over(&self.deck, self.fades.swap, self.edge);
        let after = place(&self.deck);
        // A sound that was moved in the song, or has only now come while the song is in the middle of it.
        let silent = self.voices.newest(|start| start.origin == Origin::Transport).is_none();
        if self.mode.follows_transport() && (before != after || after.is_some() && silent) {
            self.follower.forget();
        }
    }

    /// Works out what the transport does in a block of `frames` samples.
    fn follow(&mut self, block: &Block, frames: usize) {
        let rate = f64::from(self.sample_rate_hz);
        self.song_position_s = block.transport.position.map(|frames| in_seconds(frames, rate));
        let (motion, stretches) = self.follower.advance(block.transport, frames);
        self.cues = [None; 4];
        if motion == Motion::Started {
            self.rotation = Rotation::default();
        }
        if !self.mode.follows_transport() {
            return;
        }
        let place = self.deck.current().and_then(Bank::place);
        let mut cues = match (motion, place, &stretches[0]) {
            (Motion::Stopped, ..) => [Some(Cue { offset: 0, skip: None }), None],
            (Motion::Started | Motion::Jumped, None, _) => [Some(Cue { offset: 0, skip: Some(0) }), None],
            // Nobody knows where it is: it stays silent.
            (_, Some(place), Some(first)) => {
                placed(place, first, stretches[1].as_ref().map_or(frames, |s| s.offset))
            }
            _ => [None, None],
        }
        .into_iter()
        .chain(match (place, &stretches[1]) {
            (_, None) => [None, None],
            (None, Some(second)) => [Some(Cue { offset: second.offset, skip: Some(0) }), None],
            (Some(place), Some(second)) => placed(place, second, frames),
        })
        .flatten();
        for slot in &mut self.cues {
            *slot = cues.next();
        }
    }

    fn end_block(&mut self, mix: &mut Mix<'_>) {
        self.telemetry.meter.add(mix.amplify(&mut self.gain));
        self.retire_banks();
        self.telemetry.publish_banks(self.deck.deferred, self.deck.stale);
        self.telemetry.publish_song(self.song_position_s);
        let sounding = u32::try_from(self.voices.count()).unwrap_or(u32::MAX);
        self.telemetry.publish(self.heard().as_ref(), sounding);
    }

    /// Renders from one sample of the block to another, and does what the transport does on the way.
    fn render(&mut self, mix: &mut Mix<'_>, block: &Block, from: usize, until: usize) {
        let mut done = from;
        for index in 0..self.cues.len() {
            let due = self.cues.get_mut(index).and_then(|cue| cue.take_if(|cue| cue.offset <= until));
            let Some(Cue { offset, skip }) = due else { continue };
            let offset = offset.max(done);
            self.voices.render(&self.deck, &mut mix.part(done..offset));
            done = offset;
            self.voices.stop(self.fades.stop, |start| start.origin == Origin::Transport);
            if let Some(skip) = skip {
                self.start_from_transport(block, skip);
            }
        }
        self.voices.render(&self.deck, &mut mix.part(done..until));
    }

    fn retire_banks(&mut self) {
        let voices = &self.voices;
        self.deck.retire_unused(|slot| voices.use_slot(slot));
    }

    /// What is heard of the newest voice.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "a position for the eye needs no more than an f32"
    )]
    fn heard(&self) -> Option<Heard> {
        let (voice, start) = self.voices.newest(|_| true)?;
        let sound = self.deck.sound(start.place)?;
        let length = sound.clip.sound_frames().max(1) as f64;
        Some(Heard {
            sound: sound.key,
            position_s: voice.position().min(length) / f64::from(self.sample_rate_hz),
            fraction: (voice.position() / length).min(1.0) as f32,
            auditioned: start.origin == Origin::Editor,
        })
    }
}

/// What happens in a part of a block, which ends at sample `end` of it, to a sound that lies at frame `place` of the song.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within a block")]
fn placed(place: i64, stretch: &Stretch, end: usize) -> [Option<Cue>; 2] {
    let Stretch { offset, song, jumped } = stretch;
    let middle = (song.start > place).then(|| song.start.abs_diff(place));
    let jump = jumped.then_some(Cue { offset: *offset, skip: middle });
    let start = song.contains(&place).then(|| {
        let before_end = (song.end - place) as usize;
        Cue { offset: end.saturating_sub(before_end).max(*offset), skip: Some(0) }
    });
    [jump, start]
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
