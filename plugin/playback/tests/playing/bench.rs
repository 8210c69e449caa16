//! A player with its other ends.

use std::sync::Arc;
use straightshot_playback::handoff::{self, BankSender};
use straightshot_playback::{
    Bank, Block, Clip, Contents, NoteEvent, NoteId, Player, Sound, SoundKey, Telemetry, Transport,
};

pub(crate) const RATE_HZ: u32 = 48_000;
/// Longest fade of the player in samples at [`RATE_HZ`], with a little to spare.
pub(crate) const FADE: usize = 500;

pub(crate) struct Bench {
    pub(crate) player: Player,
    pub(crate) sender: BankSender,
    pub(crate) telemetry: Arc<Telemetry>,
    pub(crate) block: Block,
    pub(crate) generation: u64,
}

impl Bench {
    pub(crate) fn new(contents: Contents) -> Self {
        let (sender, receiver) = handoff::channel();
        let telemetry = Arc::new(Telemetry::default());
        let player = Player::new(receiver, RATE_HZ, telemetry.clone());
        let mut bench = Self { player, sender, telemetry, block: Block::default(), generation: 0 };
        bench.send(contents);
        bench
    }

    /// A player that begins with one active sound.
    pub(crate) fn with(clip: Clip) -> Self {
        Self::new(Contents { sounds: vec![sound(1, clip)], active: Some(0), ..Contents::default() })
    }

    /// A player that begins with constant sounds of these levels, all of them in the pool; the first one is active.
    pub(crate) fn with_levels(levels: &[f32]) -> Self {
        Self::new(levels_contents(levels))
    }

    pub(crate) fn send(&mut self, contents: Contents) {
        self.generation += 1;
        self.sender.send(Bank::new(contents, RATE_HZ, self.generation)).expect("generations grow");
    }

    /// The next `frames` samples of one output, in one block, with `events`.
    pub(crate) fn run(&mut self, frames: usize, events: &[NoteEvent]) -> Vec<f32> {
        let mut output = vec![f32::NAN; frames];
        self.player.process(&self.block, events.iter().copied(), &mut [&mut output]);
        output
    }

    /// The next `frames` samples of one output while the song runs from `position`, in blocks of `block`.
    pub(crate) fn run_song(&mut self, position: i64, frames: usize, block: usize) -> Vec<f32> {
        let mut sound = Vec::new();
        while sound.len() < frames {
            let length = block.min(frames - sound.len());
            let position = position + i64::try_from(sound.len()).expect("short");
            self.block.transport =
                Transport { playing: true, position: Some(position), ..self.block.transport };
            sound.extend(self.run(length, &[]));
        }
        sound
    }
}

pub(crate) fn sound(take: u64, clip: Clip) -> Sound {
    Sound { key: SoundKey { take, version: 0 }, clip: Arc::new(clip), gain: 1.0 }
}

pub(crate) fn levels_contents(levels: &[f32]) -> Contents {
    let clip = |level: &f32| Clip::mono(vec![*level; 20_000], RATE_HZ);
    Contents {
        sounds: (1..).zip(levels).map(|(take, level)| sound(take, clip(level))).collect(),
        active: Some(0),
        pool: (0..levels.len()).collect(),
        ..Contents::default()
    }
}

/// A clip whose every sample says where it is.
pub(crate) fn ramp(frames: usize) -> Vec<f32> {
    (0..frames).map(|frame| 0.1 + 0.8 * frame as f32 / frames as f32).collect()
}

pub(crate) fn note(key: u8) -> NoteId {
    NoteId { key: Some(key), channel: Some(0), voice: None }
}

pub(crate) fn on(offset: usize, key: u8) -> NoteEvent {
    NoteEvent::On { offset, note: note(key), velocity: 1.0 }
}

pub(crate) fn off(offset: usize, key: u8) -> NoteEvent {
    NoteEvent::Off { offset, note: note(key) }
}

pub(crate) fn largest_step(samples: &[f32]) -> f32 {
    samples.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
}

pub(crate) fn is_silent(samples: &[f32]) -> bool {
    samples.iter().all(|sample| sample.to_bits() == 0)
}

pub(crate) fn near(a: f32, b: f32) -> bool {
    (a - b).abs() < 1e-5
}
