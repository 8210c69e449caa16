//! What a block costs in every way of playing: the median and the slowest of a thousand.
//!
//! `cargo bench -p straightshot-playback --bench modes`: microseconds per block of 256 samples with sixteen voices of a
//! stereo sound in two outputs; a note begins and one ends in every block. A block has 5.3 ms at 48 kHz. Ways are timed in
//! turn, so that a change of the processor's clock meets all alike.

#![expect(clippy::print_stdout, reason = "the result of a program that measures")]
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "only what `process` does is on the audio thread"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;
use straightshot_playback::handoff::{self, BankSender};
use straightshot_playback::{
    Bank, Block, Choice, Clip, Contents, MAX_SOUNDS, Mode, NoteEvent, NoteId, Player, Shape, Sound, SoundKey,
    Transport,
};

const RATE_HZ: u32 = 48_000;
/// Samples per block.
const BLOCK: usize = 256;
/// Blocks of each way.
const BLOCKS: usize = 20_000;
/// Notes that are held at a time.
const VOICES: usize = 16;
/// Samples of every sound.
const FRAMES: usize = 48_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let note = Block::default();
    let gate = Block { mode: Mode::Gate, ..note };
    let shaped =
        Block { shape: Shape { attack_s: 0.01, decay_s: 0.1, sustain: 0.5, release_s: 0.2 }, ..gate };
    let looped = Block { mode: Mode::Loop, ..shaped };
    let song = Block { mode: Mode::Transport { looped: true }, ..note };
    let ways = [
        ("one-shot", note),
        ("gate", gate),
        ("gate with an envelope", shaped),
        ("loop with an envelope", looped),
        ("loop, round robin", Block { choice: Choice::RoundRobin, ..looped }),
        ("loop, by chance", Block { choice: Choice::Random, ..looped }),
        ("loop, one sound per key", Block { choice: Choice::Keys, ..looped }),
        ("loop, pitched by the key", Block { keytrack: true, ..looped }),
        ("all of it, pitched", Block { keytrack: true, choice: Choice::RoundRobin, ..looped }),
        ("song", song),
    ];
    let mut stages = Vec::new();
    for (name, block) in ways {
        stages.push((name, Stage::new(block)?, Vec::with_capacity(BLOCKS)));
    }
    for number in 0..BLOCKS {
        for (_, stage, times) in &mut stages {
            let start = Instant::now();
            stage.run(number);
            times.push(start.elapsed().as_secs_f64() * 1e6);
        }
    }
    println!("{:<28} {:>10} {:>10}", "microseconds", "median", "p99.9");
    for (name, _, times) in &mut stages {
        times.sort_by(f64::total_cmp);
        println!("{name:<28} {:>10.1} {:>10.1}", times[BLOCKS / 2], times[BLOCKS - 1 - BLOCKS / 1000]);
    }
    Ok(())
}

/// A player with as many sounds as there can be, and the buffers of its host.
struct Stage {
    player: Player,
    /// Kept: without it the player would go on as well, but it would not be the plugin's case.
    _sender: BankSender,
    block: Block,
    left: Vec<f32>,
    right: Vec<f32>,
}

impl Stage {
    fn new(block: Block) -> Result<Self, handoff::SendError> {
        let (mut sender, receiver) = handoff::channel();
        let channels =
            [0.0, 1.0].map(|shift| (0..FRAMES).map(|i| (i as f32 * 0.05 + shift).sin() * 0.05).collect());
        let clip = Arc::new(Clip::new(channels.into(), RATE_HZ).expect("two channels of the same length"));
        let sound = |take| Sound { key: SoundKey { take, version: 0 }, clip: clip.clone(), gain: 1.0 };
        let contents = Contents {
            sounds: (0..MAX_SOUNDS as u64).map(sound).collect(),
            active: Some(0),
            pool: (0..MAX_SOUNDS).collect(),
            ..Contents::default()
        };
        sender.send(Bank::new(contents, RATE_HZ, 1))?;
        let player = Player::new(receiver, RATE_HZ, Arc::default());
        Ok(Self { player, _sender: sender, block, left: vec![0.0; BLOCK], right: vec![0.0; BLOCK] })
    }

    /// The block of that number: a note begins in it, and the one ends that began sixteen blocks before.
    fn run(&mut self, number: usize) {
        let note = |number: usize| {
            let key = u8::try_from(48 + number % 24).expect("a key");
            NoteId { key: Some(key), channel: Some(0), voice: i32::try_from(number).ok() }
        };
        let begins = NoteEvent::On { offset: 17, note: note(number), velocity: 0.7 };
        let ends =
            number.checked_sub(VOICES).map(|number| NoteEvent::Off { offset: 100, note: note(number) });
        let position = i64::try_from(number * BLOCK).ok();
        self.block.transport = Transport { playing: true, position, around: None };
        let events = [Some(begins), ends].into_iter().flatten();
        self.player.process(&self.block, events, &mut [&mut self.left, &mut self.right]);
        black_box((&mut self.left, &mut self.right));
    }
}
