//! The player alone: notes, modes, fades, numbers.

use crate::counting::{Counts, watch};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use straightshot_playback::handoff::{BankReceiver, BankSender, channel};
use straightshot_playback::{
    Audition, Bank, Block, Clip, MAX_VOICES, Mode, NoteEvent, NoteId, Player, Telemetry, Transport,
};

pub(crate) const RATE_HZ: u32 = 48_000;
/// Longest fade of the player in samples at [`RATE_HZ`], with a little to spare.
pub(crate) const FADE: usize = 500;

/// A player with its other ends.
pub(crate) struct Bench {
    pub(crate) player: Player,
    pub(crate) sender: BankSender,
    pub(crate) telemetry: Arc<Telemetry>,
    pub(crate) block: Block,
}

impl Bench {
    /// A player that begins with `samples`.
    pub(crate) fn with(samples: Vec<f32>) -> Self {
        Self::with_queues(samples, channel())
    }

    /// A player at the end of these queues that begins with `samples`.
    pub(crate) fn with_queues(samples: Vec<f32>, (sender, receiver): (BankSender, BankReceiver)) -> Self {
        let telemetry = Arc::new(Telemetry::default());
        let player = Player::new(receiver, RATE_HZ, telemetry.clone());
        let mut bench = Self { player, sender, telemetry, block: Block::default() };
        bench.send(samples, RATE_HZ, 1);
        bench
    }

    /// The next `frames` samples of one output, in one block, with `events`.
    pub(crate) fn run(&mut self, frames: usize, events: &[NoteEvent]) -> Vec<f32> {
        let mut output = vec![f32::NAN; frames];
        self.player.process(&self.block, events.iter().copied(), &mut [&mut output]);
        output
    }

    pub(crate) fn send(&mut self, samples: Vec<f32>, rate_hz: u32, generation: u64) {
        let bank = Bank::of(Clip::mono(samples, rate_hz), generation);
        self.sender.send(bank).expect("generations grow");
    }
}

pub(crate) fn on(offset: usize, key: u8) -> NoteEvent {
    NoteEvent::On { offset, note: note(key), velocity: 1.0 }
}

pub(crate) fn off(offset: usize, key: u8) -> NoteEvent {
    NoteEvent::Off { offset, note: note(key) }
}

fn note(key: u8) -> NoteId {
    NoteId { key: Some(key), channel: Some(0), voice: None }
}

fn largest_step(samples: &[f32]) -> f32 {
    samples.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
}

#[test]
fn process_never_touches_the_allocator() {
    let mut bench = Bench::with(vec![0.5; 20_000]);
    let Bench { player, sender, telemetry, block } = &mut bench;
    let stop = AtomicBool::new(false);
    let mut counts = Counts::default();
    let mut heard = [false; 2];
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut generation = 1;
            while !stop.load(Ordering::Relaxed) {
                generation += 1;
                // Levels and numbers of channels in every order.
                let level = if generation % 2 == 0 { 0.25 } else { 0.5 };
                let channels = if generation % 3 == 0 { 2 } else { 1 };
                let clip = Clip::new(vec![vec![level; 20_000]; channels], RATE_HZ);
                let bank = Bank::of(clip.expect("one or two channels"), generation);
                sender.send(bank).expect("generations grow");
                std::thread::sleep(std::time::Duration::from_micros(300));
                sender.service();
            }
        });
        let mut buffers = [const { [0.0; 1024] }; 3];
        for round in 0..6000_usize {
            let frames = match round / 1000 {
                0 => 0,
                1 => 1,
                2 => 63,
                3 => 64,
                4 => 1024,
                _ => round * 37 % 1025,
            };
            block.mode = [Mode::Note, Mode::Gate, Mode::Transport { looped: false }][round / 50 % 3];
            block.keytrack = round % 4 == 0;
            block.gain = 1.0;
            block.transport =
                Transport { playing: round % 60 < 40, position: Some(round as i64 * 100), around: None };
            let events = [on(frames / 3, 60), off(frames / 2, 60), on(frames, 67)];
            let mut outputs = buffers.each_mut().map(|buffer| &mut buffer[..frames]);
            let outputs = &mut outputs[..round / 7 % 4];
            let ((), made) = watch(|| player.process(block, events.into_iter().take(round % 4), outputs));
            counts.allocations += made.allocations;
            counts.frees += made.frees;
            let peak = telemetry.meter.take_peak();
            heard[0] |= peak > 0.2 && peak <= 0.25;
            heard[1] |= peak > 0.25;
            if round % 16 == 0 {
                std::thread::sleep(std::time::Duration::from_micros(500));
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(counts, Counts::NONE);
    assert_eq!(heard, [true, true], "the test must have played clips of both levels");
}

#[test]
fn a_note_sounds_from_its_very_sample() {
    for frames in [1, 7, 64, 1000] {
        for start in [0, 1, 5, 63, 64, 65, 999, 1500] {
            let mut bench = Bench::with(vec![1.0; 4000]);
            let mut sound = Vec::new();
            while sound.len() < 2000 {
                let offset = start as i64 - sound.len() as i64;
                let in_block = (0..frames as i64).contains(&offset);
                let events = in_block.then(|| on(offset as usize, 60));
                sound.extend(bench.run(frames, events.as_slice()));
            }
            let first = sound.iter().position(|sample| *sample != 0.0);
            assert_eq!(first, Some(start), "blocks of {frames}");
        }
    }
}

#[test]
fn a_one_shot_plays_the_clip_exactly_and_ends_in_zero() {
    let clip: Vec<f32> = (0..3000_u16).map(|i| (f32::from(i) * 0.05).sin() * 0.9).collect();
    let mut bench = Bench::with(clip.clone());
    let sound = bench.run(5000, &[on(100, 60), off(101, 60)]);
    assert!(sound[..100].iter().all(|sample| *sample == 0.0));
    assert_eq!(sound[200..2900], clip[100..2800], "after its first and before its last milliseconds");
    assert!(sound[3100..].iter().all(|sample| sample.to_bits() == 0), "silence is exact");
    assert!(largest_step(&sound) < 0.06, "neither end clicks");
    assert_eq!(bench.telemetry.voices(), 0);
    assert_eq!(bench.telemetry.playhead(), None);
}

#[test]
fn velocity_scales_the_sound() {
    let mut bench = Bench::with(vec![0.8; 4000]);
    let half = NoteEvent::On { offset: 0, note: note(60), velocity: 0.5 };
    assert!((bench.run(1000, &[half])[900] - 0.4).abs() < 1e-6);
}

#[test]
fn a_gated_note_ends_with_its_key() {
    let mut bench = Bench::with(vec![1.0; 48_000]);
    bench.block.mode = Mode::Gate;
    let sound = bench.run(2000, &[on(0, 60), off(500, 61), off(1000, 60)]);
    assert_eq!(sound[999], 1.0, "another key's release is not ours");
    assert!(sound[1000] < 1.0 && sound[1000] > 0.9, "the fade begins with the release");
    assert!(sound[1000 + FADE..].iter().all(|sample| sample.to_bits() == 0));
    assert!(largest_step(&sound[100..]) < 0.01);
}

#[test]
fn a_choke_ends_a_one_shot() {
    let mut bench = Bench::with(vec![1.0; 48_000]);
    let choke = NoteEvent::Choke { offset: 1000, note: NoteId::default() };
    let sound = bench.run(2000, &[on(0, 60), choke]);
    assert_eq!(sound[999], 1.0);
    assert_eq!(sound[1999], 0.0);
}

#[test]
fn a_choke_for_a_key_ends_that_key_only() {
    let mut bench = Bench::with(vec![0.25; 48_000]);
    bench.telemetry.request_audition(&Audition::default());
    let choke = |key| NoteEvent::Choke { offset: 0, note: note(key) };
    assert_eq!(bench.run(1000, &[on(0, 60), on(0, 61)])[999], 0.75);
    assert_eq!(bench.run(1000, &[choke(60)])[999], 0.5, "the other key and the audition go on");
    assert_eq!(bench.run(1000, &[choke(62)])[999], 0.5, "no voice has this key");
    let of_channel = NoteId { channel: Some(0), ..NoteId::default() };
    let sound = bench.run(1000, &[NoteEvent::Choke { offset: 0, note: of_channel }]);
    assert_eq!(sound[999], 0.25, "the audition has no channel either");
    let everything = NoteEvent::Choke { offset: 0, note: NoteId::default() };
    assert_eq!(bench.run(1000, &[everything])[999], 0.0, "a choke that names nothing means everything");
}

#[test]
fn a_choke_for_a_key_does_not_stop_what_the_transport_plays() {
    let mut bench = Bench::with(vec![0.25; 48_000]);
    bench.block.mode = Mode::Transport { looped: false };
    bench.block.transport = Transport { playing: true, position: None, around: None };
    let choke = NoteEvent::Choke { offset: 0, note: note(60) };
    assert_eq!(bench.run(1000, &[choke])[999], 0.25);
    assert_eq!(bench.run(1000, &[off(0, 60)])[999], 0.25);
}

#[test]
fn key_tracking_moves_the_pitch_by_octaves() {
    let period = 96.0_f32;
    let clip: Vec<f32> = (0..48_000).map(|i| (i as f32 * std::f32::consts::TAU / period).sin()).collect();
    let crossings = |key: u8| {
        let mut bench = Bench::with(clip.clone());
        bench.block.keytrack = true;
        let sound = bench.run(9600, &[on(0, key)]);
        sound.windows(2).filter(|pair| pair[0] <= 0.0 && pair[1] > 0.0).count()
    };
    let (low, root, high) = (crossings(48), crossings(60), crossings(72));
    assert_eq!((low, root, high), (50, 100, 200));
}

#[test]
fn the_transport_starts_restarts_and_stops_the_clip() {
    let ramp: Vec<f32> = (0..48_000_u16).map(|i| f32::from(i) / 48_000.0 * 0.9 + 0.1).collect();
    let mut bench = Bench::with(ramp.clone());
    bench.block.mode = Mode::Transport { looped: false };
    assert!(bench.run(256, &[on(0, 60)]).iter().all(|sample| *sample == 0.0), "notes are ignored");
    bench.block.transport = Transport { playing: true, position: Some(1000), around: None };
    let started = bench.run(256, &[]);
    assert!(started[0] != 0.0, "it starts with the block");
    bench.block.transport.position = Some(1256);
    let steady = bench.run(256, &[]);
    assert_eq!(steady[100], ramp[356], "it goes on");
    bench.block.transport.position = Some(90_000);
    bench.run(512, &[]);
    bench.block.transport.position = Some(90_512);
    let restarted = bench.run(256, &[]);
    assert_eq!(restarted[100], ramp[612], "a jump starts it again");
    bench.block.transport = Transport { playing: false, position: Some(90_768), around: None };
    let stopped = bench.run(1000, &[]);
    assert!(stopped[FADE..].iter().all(|sample| sample.to_bits() == 0));
    assert!(largest_step(&stopped) < 0.01);
}

#[test]
fn the_transport_works_without_a_position() {
    let mut bench = Bench::with(vec![1.0; 48_000]);
    bench.block.mode = Mode::Transport { looped: false };
    bench.block.transport = Transport { playing: true, position: None, around: None };
    bench.run(256, &[]);
    assert_eq!(bench.run(256, &[])[255], 1.0);
    bench.block.transport.playing = false;
    assert_eq!(bench.run(1000, &[])[999], 0.0);
}

#[test]
fn a_change_of_mode_fades_out_what_sounds() {
    let mut bench = Bench::with(vec![1.0; 48_000]);
    assert_eq!(bench.run(1000, &[on(0, 60)])[999], 1.0);
    bench.block.mode = Mode::Gate;
    let sound = bench.run(1000, &[]);
    assert!(largest_step(&sound) < 0.01 && sound[0] > 0.9);
    assert_eq!(sound[999], 0.0);
    bench.block.transport.playing = true;
    bench.block.mode = Mode::Transport { looped: false };
    assert_eq!(bench.run(1000, &[])[999], 1.0, "a running transport is followed at once");
    bench.block.mode = Mode::Note;
    assert_eq!(bench.run(1000, &[])[999], 0.0);
}

#[test]
fn gain_moves_smoothly_and_arrives_exactly() {
    let mut bench = Bench::with(vec![1.0; 48_000]);
    bench.run(1000, &[on(0, 60)]);
    bench.block.gain = 0.001;
    let sound = bench.run(4000, &[]);
    assert!(largest_step(&sound) < 0.002);
    assert_eq!(sound[3999], 0.001);
    bench.block.gain = f32::NAN;
    assert_eq!(bench.run(100, &[])[99], 0.001, "a gain that is not a number is ignored");
}

#[test]
fn more_notes_than_voices_fade_out_the_oldest() {
    let mut bench = Bench::with(vec![0.01; 480_000]);
    let events: Vec<_> = (0..100_u8).map(|key| on(usize::from(key) * 10, key)).collect();
    let sound = bench.run(2000, &events);
    assert_eq!(bench.telemetry.voices(), MAX_VOICES as u32);
    assert!((sound[1999] - MAX_VOICES as f32 * 0.01).abs() < 1e-4);
    let all_at_once: Vec<_> = (0..100_u8).map(|key| on(0, key)).collect();
    bench.run(2000, &all_at_once);
    assert_eq!(bench.telemetry.voices(), MAX_VOICES as u32);
}

#[test]
fn no_output_is_denormal_or_not_a_number() {
    let mut clip: Vec<f32> = (0..2000).map(|i| if i % 2 == 0 { 1e-39 } else { -1e-21 }).collect();
    clip[5] = f32::NAN;
    clip[6] = f32::INFINITY;
    clip.extend((0..2000).map(|i| (i as f32 * 0.01).sin() * 1e-19));
    let mut bench = Bench::with(clip);
    bench.block.mode = Mode::Gate;
    bench.block.gain = 0.001;
    bench.block.keytrack = true;
    let quiet = NoteEvent::On { offset: 3, note: note(55), velocity: 1.0 / 127.0 };
    let no_number = NoteEvent::On { offset: 3, note: note(56), velocity: f32::NAN };
    let sound = bench.run(8000, &[quiet, no_number, off(4000, 55)]);
    assert!(sound.iter().all(|sample| *sample == 0.0 || sample.is_normal()));
}

#[test]
fn the_editor_plays_and_stops_without_notes() {
    let mut bench = Bench::with(vec![1.0; 48_000]);
    bench.telemetry.request_audition(&Audition::default());
    assert_eq!(bench.run(1000, &[])[999], 1.0);
    let playhead = bench.telemetry.playhead().expect("the clip plays");
    assert!((playhead - 1000.0 / 48_000.0).abs() < 1e-4);
    assert!((bench.telemetry.meter.take_peak() - 1.0).abs() < 1e-6);
    bench.telemetry.request_stop();
    assert_eq!(bench.run(1000, &[])[999], 0.0);
    assert_eq!(bench.run(1000, &[])[999], 0.0, "one request, one sound");
}

#[test]
fn unsorted_and_late_events_do_no_harm() {
    let mut bench = Bench::with(vec![1.0; 4000]);
    let sound = bench.run(100, &[on(50, 60), on(10, 61), on(5000, 62)]);
    assert!(sound[..50].iter().all(|sample| *sample == 0.0));
    assert_eq!(bench.telemetry.voices(), 3);
    assert!(bench.run(100, &[]).iter().all(|sample| (*sample - 3.0).abs() < 1.01));
}

#[test]
fn reset_silences_at_once() {
    let mut bench = Bench::with(vec![1.0; 4000]);
    bench.run(1000, &[on(0, 60)]);
    bench.telemetry.request_audition(&Audition::default());
    bench.player.reset();
    assert_eq!(bench.run(10, &[]), [0.0; 10]);
}
