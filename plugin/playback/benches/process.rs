//! What a block costs: clips of one and two channels in one and two outputs.
//!
//! `cargo bench -p straightshot-playback`: nanoseconds per block of 256 samples, the median of many, and their ratio
//! to a mono clip in one output. Blocks of all kinds are timed in turn, so that a change of the processor's clock
//! meets all alike. At 48 kHz a block of 256 has 5.3 ms.

#![expect(clippy::print_stdout, reason = "the result of a program that measures")]
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "only what `process` does is on the audio thread"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;
use straightshot_playback::handoff::{self, BankSender, SendError};
use straightshot_playback::{Bank, Block, Clip, NoteEvent, NoteId, Player};

const RATE_HZ: u32 = 48_000;
/// Samples per block.
const BLOCK: usize = 256;
/// Blocks of each kind after which all voices start again.
const BLOCKS: usize = 300;
/// How often they do.
const ROUNDS: usize = 40;
/// Long enough for all blocks, an octave up.
const FRAMES: usize = 2 * BLOCK * (BLOCKS + 1);
/// Channels of the clip, outputs.
const KINDS: [(usize, usize); 4] = [(1, 1), (1, 2), (2, 1), (2, 2)];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!(
        "{:<28} {:>12} {:>12} {:>12} {:>12}",
        "", "mono -> 1", "mono -> 2", "stereo -> 1", "stereo -> 2"
    );
    for (pitch, keytrack) in [("at its own pitch", false), ("at other pitches", true)] {
        for voices in [1, 16] {
            let times = measure(voices, keytrack)?;
            let columns = times.map(|ns| format!("{ns:.0} ({:.2})", ns / times[0]));
            let [a, b, c, d] = columns;
            println!("{:<28} {a:>12} {b:>12} {c:>12} {d:>12}", format!("{voices} voices {pitch}"));
        }
    }
    Ok(())
}

/// Median time of a block of each kind, in nanoseconds.
fn measure(voices: u8, keytrack: bool) -> Result<[f64; 4], SendError> {
    let mut times = [(); 4].map(|()| Vec::with_capacity(ROUNDS * BLOCKS));
    for _ in 0..ROUNDS {
        let mut stages = Vec::new();
        for (channels, outputs) in KINDS {
            stages.push((Stage::new(channels, voices, keytrack)?, outputs));
        }
        for _ in 0..BLOCKS {
            for ((stage, outputs), times) in stages.iter_mut().zip(&mut times) {
                let start = Instant::now();
                stage.run(*outputs, &[]);
                times.push(start.elapsed().as_secs_f64() * 1e9);
            }
        }
    }
    Ok(times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    }))
}

/// A player with some voices and the buffers of its host.
struct Stage {
    player: Player,
    /// Kept: without it the player would go on as well, but it would not be the plugin's case.
    _sender: BankSender,
    block: Block,
    left: Vec<f32>,
    right: Vec<f32>,
}

impl Stage {
    fn new(channels: usize, voices: u8, keytrack: bool) -> Result<Self, SendError> {
        let (mut sender, receiver) = handoff::channel();
        let channels = (0..channels).map(|channel| wave(channel as f32)).collect();
        let clip = Clip::new(channels, RATE_HZ).expect("one or two channels of the same length");
        sender.send(Bank::of(clip, 1))?;
        let player = Player::new(receiver, RATE_HZ, Arc::default());
        let block = Block { keytrack, ..Block::default() };
        let mut stage =
            Self { player, _sender: sender, block, left: vec![0.0; BLOCK], right: vec![0.0; BLOCK] };
        let note = |voice| NoteId { key: Some(52 + voice), channel: Some(0), voice: None };
        let notes: Vec<_> =
            (0..voices).map(|voice| NoteEvent::On { offset: 0, note: note(voice), velocity: 0.7 }).collect();
        stage.run(2, &notes);
        Ok(stage)
    }

    fn run(&mut self, outputs: usize, events: &[NoteEvent]) {
        let (block, events) = (&self.block, events.iter().copied());
        match outputs {
            1 => self.player.process(block, events, &mut [&mut self.left]),
            _ => self.player.process(block, events, &mut [&mut self.left, &mut self.right]),
        }
        black_box((&mut self.left, &mut self.right));
    }
}

/// Some sound without silence; that of another channel is shifted.
fn wave(shift: f32) -> Vec<f32> {
    (0..FRAMES).map(|i| (i as f32 * 0.05 + shift).sin() * 0.05).collect()
}
