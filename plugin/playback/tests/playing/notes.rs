//! How a note sounds: modes, envelope, velocity, keys, pedal.

use crate::bench::{Bench, FADE, RATE_HZ, is_silent, largest_step, near, note, off, on, ramp};
use straightshot_playback::{Clip, Mode, NoteEvent, NoteId, Shape};

fn level(level: f32) -> Bench {
    Bench::with(Clip::mono(vec![level; 96_000], RATE_HZ))
}

/// A sine whose periods fit a whole number of times into its loop.
fn looped_sine() -> Clip {
    let sine = (0..9600).map(|i| (i as f32 * std::f32::consts::TAU / 96.0).sin() * 0.5).collect();
    Clip::with_loop(vec![sine], RATE_HZ, Some(4800..9600)).expect("one channel")
}

#[test]
fn a_loop_goes_round_without_a_seam_until_the_key_is_released() {
    let mut bench = Bench::with(looped_sine());
    bench.block.mode = Mode::Loop;
    let sound = bench.run(40_000, &[on(0, 60), off(39_000, 60)]);
    for (i, sample) in sound.iter().enumerate().take(39_000).skip(100) {
        let expected = ((i % 96) as f32 * std::f32::consts::TAU / 96.0).sin() * 0.5;
        assert!((sample - expected).abs() < 1e-4, "sample {i}: {sample} and not {expected}");
    }
    assert!(is_silent(&sound[39_000 + FADE..]));
}

#[test]
fn a_loop_has_no_seam_at_another_pitch_either() {
    let mut bench = Bench::with(looped_sine());
    (bench.block.mode, bench.block.keytrack) = (Mode::Loop, true);
    for key in [55, 61, 72, 84] {
        bench.player.reset();
        let sound = bench.run(40_000, &[on(0, key)]);
        let rate = (f32::from(key) - 60.0) / 12.0;
        let steepest = 0.5 * std::f32::consts::TAU / 96.0 * rate.exp2();
        assert!(largest_step(&sound[100..]) < 1.02 * steepest, "key {key}: {}", largest_step(&sound[100..]));
    }
}

#[test]
fn a_sound_without_a_loop_begins_again_without_a_click() {
    let mut bench = Bench::with(Clip::mono(vec![0.5; 4800], RATE_HZ));
    bench.block.mode = Mode::Loop;
    let sound = bench.run(20_000, &[on(0, 60)]);
    assert!(near(sound[5500], 0.5) && near(sound[19_000], 0.5));
    assert!(largest_step(&sound[100..]) < 0.025, "not {}", largest_step(&sound[100..]));
}

#[test]
fn a_looped_clip_played_once_ends_without_a_click() {
    let mut bench =
        Bench::with(Clip::with_loop(vec![vec![0.5; 9600]], RATE_HZ, Some(0..9600)).expect("mono"));
    let sound = bench.run(11_000, &[on(0, 60)]);
    assert!(near(sound[9599], 0.5), "the loop is whole");
    assert!(largest_step(&sound[100..]) < 0.01 && is_silent(&sound[9700..]));
}

#[test]
fn the_envelope_shapes_a_note() {
    let mut bench = level(1.0);
    bench.block.mode = Mode::Gate;
    bench.block.shape = Shape { attack_s: 0.1, decay_s: 0.1, sustain: 0.5, release_s: 0.2 };
    let sound = bench.run(40_000, &[on(0, 60), off(20_000, 60)]);
    assert!((sound[2400] - 0.5).abs() < 0.01, "half way up");
    assert!(sound[4790] > 0.99, "at the top");
    assert!(near(sound[15_000], 0.5), "held");
    assert!(sound[20_100] < 0.5 && sound[25_000] > 0.05, "it rings on");
    assert!(is_silent(&sound[20_000 + 9700..]), "and ends");
    assert!(largest_step(&sound) < 0.003);
    assert_eq!(bench.telemetry.voices(), 0);
}

/// A note of 8,900 samples with every stage of an envelope, rendered in blocks of so many samples.
fn shaped(block: usize) -> Vec<f32> {
    let mut bench = Bench::with(Clip::mono(ramp(20_000), RATE_HZ));
    (bench.block.mode, bench.block.keytrack) = (Mode::Gate, true);
    bench.block.shape = Shape { attack_s: 0.03, decay_s: 0.05, sustain: 0.4, release_s: 0.1 };
    let mut sound = Vec::new();
    while sound.len() < 16_000 {
        let from = sound.len();
        let within = |at: usize| (from..from + block).contains(&at).then(|| at - from);
        let events = [within(100).map(|at| on(at, 57)), within(9000).map(|at| off(at, 57))];
        sound.extend(bench.run(block, &events.into_iter().flatten().collect::<Vec<_>>()));
    }
    sound.truncate(16_000);
    sound
}

#[test]
fn an_envelope_sounds_the_same_in_blocks_of_any_size() {
    let whole = shaped(16_000);
    assert!(whole.iter().any(|sample| *sample > 0.1));
    for block in [1, 37, 64, 1000] {
        assert!(shaped(block) == whole, "blocks of {block}");
    }
}

#[test]
fn velocity_counts_as_much_as_is_said() {
    let soft = NoteEvent::On { offset: 0, note: note(60), velocity: 0.25 };
    for (amount, expected) in [(1.0, 0.2), (0.0, 0.8), (0.5, 0.5)] {
        let mut bench = level(0.8);
        bench.block.velocity = amount;
        assert!(near(bench.run(1000, &[soft])[999], expected), "amount {amount}");
    }
}

#[test]
fn keys_beyond_the_range_are_silent_and_the_root_plays_the_original() {
    let mut bench = Bench::with(Clip::mono(ramp(96_000), RATE_HZ));
    (bench.block.lowest_key, bench.block.highest_key) = (48, 50);
    (bench.block.keytrack, bench.block.root_key) = (true, 49);
    assert!(is_silent(&bench.run(1000, &[on(0, 47), on(0, 51)])));
    let sound = bench.run(1000, &[on(0, 49)]);
    assert_eq!(sound[500], ramp(96_000)[500]);
}

#[test]
fn the_pedal_holds_notes_that_are_released() {
    let pedal = |down| NoteEvent::Pedal { offset: 0, channel: 0, down };
    let mut bench = level(0.25);
    bench.block.mode = Mode::Gate;
    bench.run(1000, &[pedal(true), on(0, 60), on(0, 64), off(500, 60)]);
    assert!(near(bench.run(1000, &[])[999], 0.5), "both go on");
    assert!(near(bench.run(1000, &[pedal(false)])[999], 0.25), "the one whose key is still down goes on");
    assert!(is_silent(&bench.run(2000, &[off(0, 64)])[FADE..]));
}

#[test]
fn the_pedal_of_another_channel_holds_nothing() {
    let mut bench = level(0.25);
    bench.block.mode = Mode::Gate;
    let pedal = NoteEvent::Pedal { offset: 0, channel: 3, down: true };
    bench.run(1000, &[pedal, on(0, 60), off(500, 60)]);
    assert!(is_silent(&bench.run(1000, &[])[FADE..]));
}

#[test]
fn all_notes_off_releases_and_respects_the_pedal_and_one_shots() {
    let all_off = NoteEvent::Off { offset: 0, note: NoteId::of_channel(0) };
    let mut bench = level(0.25);
    bench.run(1000, &[on(0, 60)]);
    assert!(near(bench.run(1000, &[all_off])[999], 0.25), "a one-shot plays to its end");
    bench.block.mode = Mode::Gate;
    bench.run(1000, &[]);
    let pedal = |down| NoteEvent::Pedal { offset: 0, channel: 0, down };
    bench.run(1000, &[pedal(true), on(0, 60), on(0, 62)]);
    assert!(near(bench.run(1000, &[all_off])[999], 0.5));
    assert!(is_silent(&bench.run(1000, &[pedal(false)])[FADE..]));
}

#[test]
fn all_sound_off_ends_everything_of_its_channel() {
    let mut bench = level(0.25);
    let pedal = NoteEvent::Pedal { offset: 0, channel: 0, down: true };
    let other = NoteEvent::On { offset: 0, note: NoteId { channel: Some(1), ..note(60) }, velocity: 1.0 };
    bench.run(1000, &[pedal, on(0, 60), on(0, 62), other]);
    let sound = bench.run(1000, &[NoteEvent::Choke { offset: 0, note: NoteId::of_channel(0) }]);
    assert!(near(sound[999], 0.25), "the other channel goes on");
}

#[test]
fn a_long_release_gives_way_to_new_notes() {
    let mut bench = level(0.01);
    bench.block.mode = Mode::Gate;
    bench.block.shape.release_s = 1.0;
    for key in 0..40 {
        bench.run(64, &[on(0, key), off(63, key)]);
    }
    assert!(bench.telemetry.voices() <= 32);
    let sound = bench.run(4000, &[]);
    assert!(largest_step(&sound) < 0.005);
    assert!(is_silent(&bench.run(60_000, &[])[50_000..]));
}

#[test]
fn sustain_at_zero_ends_the_note_with_its_decay() {
    let mut bench = level(1.0);
    bench.block.shape = Shape { decay_s: 0.05, sustain: 0.0, ..Shape::default() };
    let sound = bench.run(4000, &[on(0, 60)]);
    assert!(sound[100] > 0.9 && is_silent(&sound[2500..]));
    assert_eq!(bench.telemetry.voices(), 0);
}
