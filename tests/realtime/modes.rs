//! Every way of playing under observation: modes, choices, envelopes, places in the song, auditions, banks that come and go.

use crate::counting::{Counts, watch};
use crate::player::RATE_HZ;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use straightshot_playback::handoff::{BankSender, channel};
use straightshot_playback::{
    Audition, Bank, Begin, Block, Choice, Clip, Contents, Mode, NoteEvent, NoteId, Player, Shape, Sound,
    SoundKey, Telemetry, Transport,
};

/// Blocks that are played.
const BLOCKS: usize = 20_000;
/// Sounds of the largest bank.
const SOUNDS: usize = 12;

const MODES: [Mode; 5] =
    [Mode::Note, Mode::Gate, Mode::Loop, Mode::Transport { looped: false }, Mode::Transport { looped: true }];
const CHOICES: [Choice; 5] =
    [Choice::Active, Choice::Number(2), Choice::RoundRobin, Choice::Random, Choice::Keys];

/// Clips of one and two channels, with and without a loop.
fn clips() -> Vec<Arc<Clip>> {
    let clip = |index: usize| {
        let channels = vec![vec![0.02 * (index + 1) as f32; 3000 + 500 * index]; 1 + index % 2];
        let loop_frames = index.is_multiple_of(3).then_some(1000..2500);
        Arc::new(Clip::with_loop(channels, RATE_HZ, loop_frames).expect("one or two channels"))
    };
    (0..SOUNDS).map(clip).collect()
}

fn bank(clips: &[Arc<Clip>], generation: u64) -> Bank {
    let count = generation as usize % (SOUNDS + 1);
    // The same clips in other places, so that voices move with them.
    let sound = |index: usize| {
        let take = (index + generation as usize) % SOUNDS;
        let gain = if generation.is_multiple_of(5) { 0.5 } else { 1.0 };
        Sound { key: SoundKey { take: take as u64, version: 0 }, clip: clips[take].clone(), gain }
    };
    let contents = Contents {
        sounds: (0..count).map(sound).collect(),
        active: count.checked_sub(1),
        pool: (0..count).step_by(2).collect(),
        keys: if generation.is_multiple_of(4) { vec![(60, 0), (61, 1)] } else { Vec::new() },
        place: generation.is_multiple_of(3).then_some(20_000),
    };
    Bank::new(contents, RATE_HZ, generation)
}

/// Sends bank after bank and frees what comes back.
fn send(sender: &mut BankSender, stop: &AtomicBool) {
    let clips = clips();
    let mut generation = 0;
    while !stop.load(Ordering::Relaxed) {
        generation += 1;
        sender.send(bank(&clips, generation)).expect("generations grow");
        std::thread::sleep(Duration::from_micros(200));
        sender.service();
    }
}

/// Asks for one thing after the other.
fn ask(telemetry: &Telemetry, stop: &AtomicBool) {
    let mut round = 0_u64;
    while !stop.load(Ordering::Relaxed) {
        round += 1;
        telemetry.request_audition(&Audition {
            sound: (!round.is_multiple_of(3)).then_some(SoundKey { take: round % SOUNDS as u64, version: 0 }),
            begin: [Begin::Start, Begin::Here, Begin::At(0.02)][round as usize % 3],
            range_s: round.is_multiple_of(2).then_some([0.01, 0.05]),
            looped: round.is_multiple_of(4),
            gain: 0.5,
        });
        telemetry.keyboard.press(u8::try_from(round % 128).expect("a key"));
        std::thread::sleep(Duration::from_micros(150));
        telemetry.keyboard.release(u8::try_from(round % 128).expect("a key"));
        if round.is_multiple_of(7) {
            telemetry.request_stop();
        }
    }
}

fn block(round: usize) -> Block {
    let position = (round * 131 % 60_000) as i64;
    Block {
        mode: MODES[round / 60 % MODES.len()],
        choice: CHOICES[round / 25 % CHOICES.len()],
        keytrack: round.is_multiple_of(2),
        root_key: 58,
        shape: match round / 40 % 3 {
            0 => Shape::default(),
            1 => Shape { attack_s: 0.01, decay_s: 0.02, sustain: 0.5, release_s: 0.5 },
            _ => Shape { attack_s: 0.0, decay_s: 0.01, sustain: 0.0, release_s: 0.02 },
        },
        transport: Transport {
            playing: round % 50 < 40,
            position: (round % 90 < 80).then_some(position),
            around: round.is_multiple_of(3).then_some([position - 1000, position + 100]),
        },
        ..Block::default()
    }
}

fn events(round: usize, frames: usize) -> [NoteEvent; 5] {
    let note = NoteId { key: u8::try_from(56 + round % 9).ok(), channel: Some(0), voice: None };
    let ending = NoteId { key: u8::try_from(56 + round * 5 % 9).ok(), ..note };
    let all = NoteId::of_channel(0);
    [
        NoteEvent::Pedal { offset: 0, channel: 0, down: round % 40 < 10 },
        NoteEvent::On { offset: frames / 4, note, velocity: 0.8 },
        NoteEvent::Off { offset: frames / 2, note: if round.is_multiple_of(20) { all } else { ending } },
        NoteEvent::On { offset: frames / 2, note: ending, velocity: 0.3 },
        if round.is_multiple_of(50) {
            NoteEvent::Choke { offset: frames, note: all }
        } else {
            NoteEvent::Off { offset: frames, note: ending }
        },
    ]
}

#[test]
fn round_robin_and_every_other_way_of_playing_never_touch_the_allocator() {
    let (mut sender, receiver) = channel();
    let telemetry = Arc::new(Telemetry::default());
    let mut player = Player::new(receiver, RATE_HZ, telemetry.clone());
    let stop = AtomicBool::new(false);
    let mut counts = Counts::default();
    let mut heard = [0_usize; MODES.len()];
    std::thread::scope(|scope| {
        scope.spawn(|| send(&mut sender, &stop));
        scope.spawn(|| ask(&telemetry, &stop));
        let mut buffers = [const { [0.0; 512] }; 2];
        for round in 0..BLOCKS {
            let frames = [0, 1, 64, 128, 333, 512][round / 10 % 6];
            let (block, events) = (block(round), events(round, frames));
            let mut outputs = buffers.each_mut().map(|buffer| &mut buffer[..frames]);
            let outputs = &mut outputs[..1 + round % 2];
            let ((), made) = watch(|| {
                player.process(&block, events, outputs);
                if round % 997 == 0 {
                    player.reset();
                }
            });
            counts.allocations += made.allocations;
            counts.frees += made.frees;
            let sound = || outputs.iter().flat_map(|output| output.iter());
            assert!(sound().all(|sample| *sample == 0.0 || sample.is_normal() && sample.abs() < 16.0));
            heard[round / 60 % MODES.len()] += usize::from(sound().any(|sample| *sample != 0.0));
            if round % 16 == 0 {
                std::thread::sleep(Duration::from_micros(300));
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(counts, Counts::NONE);
    assert!(heard.iter().all(|blocks| *blocks > 500), "every mode must have been heard: {heard:?}");
}
