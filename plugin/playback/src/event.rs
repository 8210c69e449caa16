//! What the host tells for a block: notes, controllers and everything else that plays a part.

use crate::envelope::Shape;
use crate::transport::Transport;

/// The key that plays at the original pitch, if nothing else is said.
pub const ROOT_KEY: u8 = 60;

/// What starts and ends a voice.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use straightshot_playback::{Bank, Block, Clip, Mode, NoteEvent, NoteId, Player, handoff};
///
/// let (mut sender, receiver) = handoff::channel();
/// let mut player = Player::new(receiver, 48_000, Arc::default());
/// sender.send(Bank::of(Clip::mono(vec![0.5; 48_000], 48_000), 1))?;
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
    /// A note plays the clip until it is released, again and again: between the points of its loop if it has one, from
    /// its start to its end if it has none.
    Loop,
    /// The clip follows the host's transport. Notes are ignored.
    ///
    /// If the bank says at which frame of the song the clip lies, it is heard there and nowhere else, from the very
    /// sample, and a jump into it is heard from the middle. Otherwise the clip starts with the transport, again at every
    /// jump, and stops with it.
    Transport {
        /// Whether it goes on beyond its end, as in [`Mode::Loop`].
        looped: bool,
    },
}

impl Mode {
    /// Whether the host's transport plays and not notes.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn follows_transport(self) -> bool {
        matches!(self, Self::Transport { .. })
    }
}

/// Which sound of the bank a note or the transport plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// The active one. While it sounds and another one becomes active, it fades over to that.
    #[default]
    Active,
    /// The one at this place of the pool, counted from 0; the last one if there are not so many.
    Number(usize),
    /// Those of the pool one after the other.
    RoundRobin,
    /// One of the pool by chance, never the same twice in a row. The chances are the same after every
    /// [`reset`](crate::Player::reset) and every start of the transport, so that a song sounds twice alike.
    Random,
    /// The one that the bank has for the key; a key without one is silent. All play at their own pitch.
    Keys,
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
/// let transport = Transport { playing: true, position: Some(48_000), around: None };
/// let block = Block { transport, ..Block::default() };
/// assert_eq!(block.gain, 1.0, "as loud as the clip is");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Block {
    /// What starts and ends a voice. A change fades out what sounds.
    pub mode: Mode,
    /// Which sound is played.
    pub choice: Choice,
    /// Whether the key of a note changes the pitch.
    pub keytrack: bool,
    /// The key that plays at the original pitch.
    pub root_key: u8,
    /// The lowest key that plays; those below are silent.
    pub lowest_key: u8,
    /// The highest key that plays; those above are silent.
    pub highest_key: u8,
    /// How much softer a soft note is, 0 ..= 1: 0 plays all alike, 1 makes a note's velocity its gain.
    pub velocity: f32,
    /// The envelope of notes; the transport and the editor play without one.
    pub shape: Shape,
    /// Linear output gain; changes are smoothed.
    pub gain: f32,
    /// The transport at the start of the block.
    pub transport: Transport,
}

impl Default for Block {
    /// Every key plays the active clip at its own pitch and at the level of its velocity; the transport rests.
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            choice: Choice::default(),
            keytrack: false,
            root_key: ROOT_KEY,
            lowest_key: 0,
            highest_key: 127,
            velocity: 1.0,
            shape: Shape::default(),
            gain: 1.0,
            transport: Transport::default(),
        }
    }
}

impl Block {
    /// Whether a note of this key is played.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn plays(&self, key: Option<u8>) -> bool {
        key.is_none_or(|key| (self.lowest_key..=self.highest_key).contains(&key))
    }

    /// Linear gain of a note.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn velocity_gain(&self, velocity: f32) -> f32 {
        // `clamp` passes on what is not a number, and a host's effects would be silent ever after.
        let velocity = if velocity.is_nan() { 0.0 } else { velocity.clamp(0.0, 1.0) };
        let amount = if self.velocity.is_nan() { 1.0 } else { self.velocity.clamp(0.0, 1.0) };
        1.0 - amount * (1.0 - velocity)
    }

    /// Playback rate of a key: one semitone per key around the root.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn key_rate(&self, key: Option<u8>) -> f64 {
        if !self.keytrack || self.choice == Choice::Keys {
            return 1.0;
        }
        let semitones = f64::from(key.unwrap_or(self.root_key)) - f64::from(self.root_key);
        (semitones / 12.0).exp2()
    }
}

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
    /// Every note of a channel.
    #[must_use]
    pub fn of_channel(channel: u8) -> Self {
        Self { channel: Some(channel), ..Self::default() }
    }

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

/// Something that happens at `offset` samples after the start of the block; at or past its end means after its last
/// sample.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use straightshot_playback::{Bank, Block, Clip, NoteEvent, NoteId, Player, handoff};
///
/// let (mut sender, receiver) = handoff::channel();
/// let mut player = Player::new(receiver, 48_000, Arc::default());
/// sender.send(Bank::of(Clip::mono(vec![0.5; 48_000], 48_000), 1))?;
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
    /// A note begins.
    On {
        /// Samples after the start of the block.
        offset: usize,
        /// Which note.
        note: NoteId,
        /// How hard it was played, 0 ..= 1.
        velocity: f32,
    },
    /// Notes are released; ends them in [`Mode::Gate`] and [`Mode::Loop`], unless the pedal of their channel is down. The
    /// release of all notes of a channel (MIDI controller 123) is one that names nothing but the channel.
    Off {
        /// Samples after the start of the block.
        offset: usize,
        /// Which notes.
        note: NoteId,
    },
    /// Notes must end, in every mode, whatever the pedal does (MIDI controller 120 for a channel). One that names no key,
    /// channel or voice ends everything, what the transport or the editor started included; any other ends notes only.
    Choke {
        /// Samples after the start of the block.
        offset: usize,
        /// Which notes.
        note: NoteId,
    },
    /// The sustain pedal moves (MIDI controller 64): while it is down, notes that are released go on.
    Pedal {
        /// Samples after the start of the block.
        offset: usize,
        /// MIDI channel, 0 ..= 15.
        channel: u8,
        /// Whether it is down.
        down: bool,
    },
}

impl NoteEvent {
    /// Samples after the start of the block.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn offset(&self) -> usize {
        match *self {
            Self::On { offset, .. }
            | Self::Off { offset, .. }
            | Self::Choke { offset, .. }
            | Self::Pedal { offset, .. } => offset,
        }
    }
}
