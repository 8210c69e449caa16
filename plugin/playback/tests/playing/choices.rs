//! Which sound a note plays.

use crate::bench::{Bench, FADE, levels_contents, near, off, on};
use straightshot_playback::{Choice, Contents, Mode, NoteEvent};

const LEVELS: [f32; 4] = [0.1, 0.2, 0.3, 0.4];

/// The sound that each of so many notes played, by its number in [`LEVELS`].
fn played(bench: &mut Bench, notes: usize) -> Vec<usize> {
    bench.block.mode = Mode::Gate;
    let play = |_| {
        let level = bench.run(100, &[on(0, 60), off(99, 60)])[90];
        bench.run(FADE, &[]);
        LEVELS.iter().position(|known| near(*known, level)).unwrap_or(usize::MAX)
    };
    (0..notes).map(play).collect()
}

#[test]
fn round_robin_plays_the_pool_in_order_and_begins_again() {
    let mut bench = Bench::with_levels(&LEVELS);
    bench.block.choice = Choice::RoundRobin;
    assert_eq!(played(&mut bench, 9), [0, 1, 2, 3, 0, 1, 2, 3, 0]);
}

#[test]
fn round_robin_goes_on_after_its_last_sound_when_the_pool_changes() {
    let mut bench = Bench::with_levels(&LEVELS);
    bench.block.choice = Choice::RoundRobin;
    assert_eq!(played(&mut bench, 2), [0, 1]);
    bench.send(Contents { pool: vec![3, 1, 2], ..levels_contents(&LEVELS) });
    assert_eq!(played(&mut bench, 2), [2, 3]);
    bench.send(Contents { pool: vec![0, 1], ..levels_contents(&LEVELS) });
    assert_eq!(played(&mut bench, 1), [0], "its last sound is gone");
}

#[test]
fn round_robin_without_a_pool_plays_the_active_sound() {
    let mut bench = Bench::with_levels(&LEVELS);
    bench.send(Contents { pool: Vec::new(), active: Some(2), ..levels_contents(&LEVELS) });
    for choice in [Choice::RoundRobin, Choice::Random, Choice::Number(1)] {
        bench.block.choice = choice;
        assert_eq!(played(&mut bench, 2), [2, 2], "{choice:?}");
    }
}

#[test]
fn round_robin_random_never_repeats_and_plays_all() {
    let mut bench = Bench::with_levels(&LEVELS);
    bench.block.choice = Choice::Random;
    let first = played(&mut bench, 400);
    assert!(first.windows(2).all(|pair| pair[0] != pair[1]), "the same twice in a row");
    for sound in 0..4 {
        let count = first.iter().filter(|played| **played == sound).count();
        assert!((70..130).contains(&count), "sound {sound} was played {count} times of 400");
    }
    bench.player.reset();
    assert_eq!(played(&mut bench, 400), first, "the same song sounds the same");
    bench.send(Contents { pool: vec![1], ..levels_contents(&LEVELS) });
    assert_eq!(played(&mut bench, 3), [1, 1, 1], "one sound has to repeat");
}

#[test]
fn round_robin_begins_again_when_the_transport_starts() {
    let mut bench = Bench::with_levels(&LEVELS);
    bench.block.choice = Choice::RoundRobin;
    assert_eq!(played(&mut bench, 3), [0, 1, 2]);
    bench.block.transport.playing = true;
    assert_eq!(played(&mut bench, 3), [0, 1, 2]);
}

#[test]
fn a_number_chooses_from_the_pool() {
    let mut bench = Bench::with_levels(&LEVELS);
    for (number, expected) in [(2, 2), (0, 0), (3, 3), (60, 3)] {
        bench.block.choice = Choice::Number(number);
        assert_eq!(played(&mut bench, 1), [expected]);
    }
}

#[test]
fn every_key_has_its_own_sound_from_the_root_on() {
    let mut bench = Bench::with_levels(&LEVELS);
    bench.block.choice = Choice::Keys;
    bench.block.root_key = 36;
    let level = |bench: &mut Bench, key| {
        bench.player.reset();
        bench.run(100, &[on(0, key)])[90]
    };
    assert!(near(level(&mut bench, 36), 0.1) && near(level(&mut bench, 39), 0.4));
    assert_eq!((level(&mut bench, 35), level(&mut bench, 40)), (0.0, 0.0), "keys without a sound");
    bench.send(Contents { keys: vec![(60, 3), (62, 0)], ..levels_contents(&LEVELS) });
    assert!(near(level(&mut bench, 60), 0.4) && near(level(&mut bench, 62), 0.1));
    assert_eq!(level(&mut bench, 36), 0.0, "the user has arranged the keys");
}

#[test]
fn keys_with_sounds_of_their_own_do_not_change_the_pitch() {
    let mut bench = Bench::with_levels(&[0.5, 0.5]);
    (bench.block.choice, bench.block.keytrack) = (Choice::Keys, true);
    bench.run(19_000, &[on(0, 61)]);
    assert_eq!(bench.telemetry.voices(), 1, "an octave of semitones up it would be over by now");
}

#[test]
fn a_note_of_the_pool_goes_on_when_the_active_sound_changes() {
    let mut bench = Bench::with_levels(&LEVELS);
    bench.block.choice = Choice::Number(1);
    bench.run(100, &[on(0, 60)]);
    // The same clips in another bank.
    let mut contents = levels_contents(&LEVELS);
    contents.active = Some(3);
    bench.send(contents);
    assert!(near(bench.run(1000, &[])[999], 0.2));
    bench.sender.service();
    assert_eq!(bench.sender.outstanding(), 1, "the bank before it could go");
    let without = Contents { sounds: levels_contents(&LEVELS).sounds.split_off(2), ..Contents::default() };
    bench.send(without);
    let sound = bench.run(1000, &[]);
    assert!(sound[0] > 0.19 && sound[999] == 0.0, "a sound that is gone fades out");
}

#[test]
fn the_gain_of_a_sound_is_heard_and_its_change_is_smooth() {
    let mut bench = Bench::with_levels(&[0.5]);
    assert!(near(bench.run(1000, &[on(0, 60)])[999], 0.5));
    let mut contents = levels_contents(&[0.5]);
    contents.sounds[0].gain = 0.5;
    bench.send(contents);
    let sound = bench.run(1000, &[]);
    assert!(near(sound[999], 0.25));
    assert!(crate::bench::largest_step(&sound) < 0.002);
}

#[test]
fn events_of_many_sounds_at_once_take_the_oldest_voices() {
    let mut bench = Bench::with_levels(&LEVELS);
    bench.block.choice = Choice::Random;
    let all: Vec<NoteEvent> = (0..100).map(|key| on(0, key)).collect();
    bench.run(1000, &all);
    assert_eq!(bench.telemetry.voices(), 16);
}
