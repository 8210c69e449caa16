//! Clips of one and two channels in one, two and more outputs.
#![expect(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a test is no audio thread")]

use std::sync::Arc;
use straightshot_playback::handoff::{self, BankSender};
use straightshot_playback::{
    Bank, Block, ChannelsError, Clip, Mode, NoteEvent, NoteId, Player, Telemetry, Transport,
};

const RATE_HZ: u32 = 48_000;
/// Longest fade of the player in samples at [`RATE_HZ`], with a little to spare.
const FADE: usize = 500;

/// A player, what feeds it and what it tells.
struct Bench {
    player: Player,
    sender: BankSender,
    telemetry: Arc<Telemetry>,
    generation: u64,
    block: Block,
}

impl Bench {
    fn new() -> Self {
        let (sender, receiver) = handoff::channel();
        let telemetry = Arc::new(Telemetry::default());
        let player = Player::new(receiver, RATE_HZ, telemetry.clone());
        Self { player, sender, telemetry, generation: 0, block: Block::default() }
    }

    fn with(channels: &[&[f32]]) -> Self {
        let mut bench = Self::new();
        bench.send(channels);
        bench
    }

    fn send(&mut self, channels: &[&[f32]]) {
        self.generation += 1;
        let channels = channels.iter().map(|channel| channel.to_vec()).collect();
        let clip = Clip::new(channels, RATE_HZ).expect("one or two channels");
        self.sender.send(Bank::of(clip, self.generation)).expect("generations grow");
    }

    /// The next `frames` samples of so many outputs, in one block.
    fn run<const OUTPUTS: usize>(&mut self, frames: usize, events: &[NoteEvent]) -> [Vec<f32>; OUTPUTS] {
        let mut outputs = [(); OUTPUTS].map(|()| vec![f32::NAN; frames]);
        let mut slices = outputs.each_mut().map(Vec::as_mut_slice);
        self.player.process(&self.block, events.iter().copied(), &mut slices);
        outputs
    }
}

fn on(offset: usize, key: u8) -> NoteEvent {
    NoteEvent::On { offset, note: note(key), velocity: 1.0 }
}

fn note(key: u8) -> NoteId {
    NoteId { key: Some(key), channel: Some(0), voice: None }
}

/// Samples between -1 and 1 that follow from the seed, the same on every machine.
fn noise(seed: u32, frames: usize) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f32::from(u16::try_from(state >> 16).expect("16 bits")) / 32_768.0 - 1.0
    };
    (0..frames).map(|_| next()).collect()
}

fn largest_step(samples: &[f32]) -> f32 {
    samples.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
}

fn bits(samples: &[f32]) -> Vec<u32> {
    samples.iter().map(|sample| sample.to_bits()).collect()
}

/// FNV-1a over the bits of what the player makes of notes, pitches, gains, exchanged clips and the transport. Keys an
/// octave apart only: other ratios are a power of two that the system's library may round as it likes.
fn fingerprint<const OUTPUTS: usize>() -> u64 {
    let mut bench = Bench::new();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for round in 0..60_usize {
        if round.is_multiple_of(7) {
            let seed = u32::try_from(round).expect("small");
            bench.send(&[&noise(seed, if round == 21 { 300 } else { 2500 })]);
        }
        bench.block = Block {
            mode: [Mode::Note, Mode::Gate, Mode::Transport { looped: false }][round / 20],
            keytrack: round % 3 > 0,
            gain: [1.0, 0.25, 0.75][round / 4 % 3],
            transport: Transport { playing: round % 12 < 8, ..Transport::default() },
            ..Block::default()
        };
        let frames = [64, 0, 1, 200, 117][round % 5];
        let soft = NoteEvent::On { offset: frames / 3, note: note(48), velocity: 0.5 };
        let events = [
            on(0, 60),
            soft,
            on(frames / 2, 72),
            NoteEvent::Off { offset: frames / 2, note: note(48) },
            NoteEvent::Choke { offset: frames, note: note(60) },
        ];
        // Without the choke for the transport, where one for a key did more than it does now.
        let events = &events[..round % if round < 40 { 6 } else { 5 }];
        let outputs = bench.run::<OUTPUTS>(frames, events);
        for output in &outputs {
            assert_eq!(bits(output), bits(&outputs[0]), "a mono clip is the same in all outputs");
        }
        for word in bits(&outputs[0]) {
            hash = (hash ^ u64::from(word)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

#[test]
fn a_mono_clip_gives_the_bits_it_gave_when_all_clips_were_mono() {
    // What commit 39632da makes of the same clips and events, the last one before clips had channels.
    const BEFORE: u64 = 0x276c_fc94_9d1b_779e;
    assert_eq!(fingerprint::<1>(), BEFORE);
    assert_eq!(fingerprint::<2>(), BEFORE);
}

#[test]
fn a_mono_clip_holds_its_samples_once_and_where_they_were() {
    let samples = vec![0.5; 48_000];
    let place = samples.as_ptr();
    let clip = Clip::new(vec![samples], RATE_HZ).expect("one channel");
    assert_eq!((clip.samples().len(), clip.frames(), clip.channels()), (48_000, 48_000, 1));
    assert_eq!(clip.samples().as_ptr(), place);
}

#[test]
fn other_channels_than_one_or_two_of_equal_length_are_refused() {
    let refused = |lengths: &[usize]| {
        let channels = lengths.iter().map(|frames| vec![0.5; *frames]).collect();
        Clip::new(channels, RATE_HZ).expect_err("not one or two channels of equal length")
    };
    assert_eq!(refused(&[]), ChannelsError::Count(0));
    assert_eq!(refused(&[10, 10, 10]), ChannelsError::Count(3));
    assert_eq!(refused(&[10, 9]), ChannelsError::Lengths { left: 10, right: 9 });
    assert_eq!(refused(&[]).to_string(), "there are 0 channels; one or two can be played");
    assert_eq!(Clip::new(vec![vec![], vec![]], RATE_HZ).expect("silence").frames(), 0);
}

#[test]
fn a_stereo_clip_keeps_its_channels() {
    let (left, right) = (noise(1, 3000), noise(2, 3000));
    let mut bench = Bench::with(&[&left, &right]);
    let [heard_left, heard_right] = bench.run(4000, &[on(100, 60)]);
    // Between its first and its last milliseconds, which are faded.
    assert_eq!(bits(&heard_left[200..2900]), bits(&left[100..2800]));
    assert_eq!(bits(&heard_right[200..2900]), bits(&right[100..2800]));
    for heard in [&heard_left, &heard_right] {
        assert!(heard[..100].iter().chain(&heard[3100..]).all(|sample| sample.to_bits() == 0));
        assert!(heard[3099].abs() <= 1.0 / 96.0, "the end of each channel is faded out");
    }
}

#[test]
fn a_stereo_clip_in_one_output_is_half_of_left_plus_half_of_right() {
    let (left, right) = (noise(1, 3000), noise(2, 3000));
    let [heard] = Bench::with(&[&left, &right]).run(2500, &[on(0, 60)]);
    for i in 100..2500 {
        assert_eq!(heard[i], 0.5 * (left[i] + right[i]), "sample {i}");
    }
}

#[test]
fn two_equal_channels_are_the_mono_sound_at_every_pitch() {
    let samples = noise(3, 3000);
    for key in [48, 55, 60, 61, 72] {
        let events = [on(3, key), NoteEvent::On { offset: 500, note: note(key + 1), velocity: 0.3 }];
        let run = |mut bench: Bench| {
            bench.block = Block { keytrack: true, gain: 0.7, ..Block::default() };
            bench.run::<2>(2000, &events)
        };
        let mono = run(Bench::with(&[&samples]));
        let stereo = run(Bench::with(&[&samples, &samples]));
        assert_eq!(mono.each_ref().map(|out| bits(out)), stereo.each_ref().map(|out| bits(out)), "key {key}");
        assert!(mono[0].iter().any(|sample| *sample != 0.0));
    }
}

#[test]
fn outputs_after_the_second_are_silent() {
    let (left, right) = (noise(1, 3000), noise(2, 3000));
    let mono = Bench::with(&[&left]).run::<6>(1000, &[on(0, 60)]);
    assert_eq!(bits(&mono[0]), bits(&mono[1]));
    let stereo = Bench::with(&[&left, &right]).run::<3>(1000, &[on(0, 60)]);
    assert_eq!(bits(&stereo[0][100..]), bits(&left[100..1000]));
    assert_eq!(bits(&stereo[1][100..]), bits(&right[100..1000]));
    assert!(mono[2..].iter().chain(&stereo[2..]).flatten().all(|sample| sample.to_bits() == 0));
}

#[test]
fn without_outputs_nothing_moves_and_unequal_ones_end_in_silence() {
    let mut bench = Bench::with(&[&[0.5; 3000]]);
    let [] = bench.run(0, &[on(0, 60)]);
    let (mut long, mut short) = ([f32::NAN; 900], [f32::NAN; 600]);
    bench.player.process(&bench.block, [], &mut [&mut long, &mut short]);
    assert_eq!((long[599], short[599]), (0.5, 0.5));
    assert!(long[600..].iter().all(|sample| sample.to_bits() == 0));
    assert_eq!(bench.telemetry.playhead(), Some(600.0 / 3000.0));
}

#[test]
fn clips_of_one_and_two_channels_fade_over_into_each_other() {
    let mut bench = Bench::with(&[&[0.8; 48_000]]);
    assert_eq!(bench.run::<2>(1000, &[on(0, 60)])[1][999], 0.8);
    bench.send(&[&[0.4; 48_000], &[-0.4; 48_000]]);
    let [left, right] = bench.run(1000, &[]);
    assert!((left[0] - 0.8).abs() < 0.01 && (right[0] - 0.8).abs() < 0.01, "it begins where the old one was");
    assert_eq!((left[FADE], right[FADE]), (0.4, -0.4));
    assert!(largest_step(&left) < 0.01 && largest_step(&right) < 0.01);
    bench.send(&[&[0.2; 48_000]]);
    let [left, right] = bench.run(1000, &[]);
    assert!((left[0] - 0.4).abs() < 0.01 && (right[0] + 0.4).abs() < 0.01);
    assert_eq!((left[FADE], right[FADE]), (0.2, 0.2));
    assert!(largest_step(&left) < 0.01 && largest_step(&right) < 0.01);
}

#[test]
fn each_channel_has_its_peak() {
    let mut bench = Bench::with(&[&[0.5; 4800], &[-0.25; 4800]]);
    bench.block.gain = 0.5;
    bench.run::<2>(1000, &[on(0, 60)]);
    assert_eq!(bench.telemetry.meter.take_peaks(), [0.25, 0.125]);
    assert_eq!(bench.telemetry.meter.take_peaks(), [0.0, 0.0]);
    bench.run::<2>(1000, &[]);
    assert_eq!(bench.telemetry.meter.take_peak(), 0.25, "the larger one");
    bench.run::<1>(1000, &[]);
    assert_eq!(bench.telemetry.meter.take_peaks(), [0.0625; 2], "one output is both");
}
