//! Following the song: a place in it, jumps, the host's loop.

use crate::bench::{Bench, FADE, RATE_HZ, is_silent, largest_step, near, ramp, sound};
use straightshot_playback::{Clip, Contents, Mode, Transport};

const LENGTH: usize = 24_000;

fn at(place: Option<i64>) -> Contents {
    let clip = Clip::mono(ramp(LENGTH), RATE_HZ);
    Contents { sounds: vec![sound(1, clip)], active: Some(0), place, ..Contents::default() }
}

fn bench(place: Option<i64>) -> Bench {
    let mut bench = Bench::new(at(place));
    bench.block.mode = Mode::Transport { looped: false };
    bench
}

#[test]
fn transport_plays_a_placed_sound_from_its_very_sample() {
    for block in [1, 64, 333, 4096] {
        let mut bench = bench(Some(10_007));
        let heard = bench.run_song(9000, 30_000, block);
        assert_eq!(heard.iter().position(|sample| *sample != 0.0), Some(1007), "blocks of {block}");
        assert_eq!(heard[1507], ramp(LENGTH)[500]);
        assert!(is_silent(&heard[1007 + LENGTH..]));
    }
}

#[test]
fn transport_that_jumps_into_a_placed_sound_is_heard_from_the_middle() {
    let mut bench = bench(Some(10_000));
    assert!(is_silent(&bench.run_song(0, 1000, 256)));
    let heard = bench.run_song(15_000, 1000, 256);
    assert_eq!(heard[500], ramp(LENGTH)[5500]);
    let heard = bench.run_song(12_000, 1000, 256);
    assert_eq!(heard[500], ramp(LENGTH)[2500], "a jump back");
    assert!(largest_step(&heard) < 0.02);
    let heard = bench.run_song(200_000, 1000, 256);
    assert!(is_silent(&heard[FADE..]), "past its end");
    let heard = bench.run_song(9900, 1000, 256);
    assert_eq!((heard[99], heard[600]), (0.0, ramp(LENGTH)[500]), "just before it");
}

#[test]
fn transport_wraps_within_a_block_as_the_host_does() {
    for block in [64, 100, 1000] {
        let mut bench = bench(Some(1000));
        let around = Some([500, 5000]);
        let (mut position, mut heard) = (4000_i64, Vec::new());
        while heard.len() < 12_000 {
            bench.block.transport = Transport { playing: true, position: Some(position), around };
            heard.extend(bench.run(block, &[]));
            position += i64::try_from(block).expect("short");
            position = if position >= 5000 { position - 4500 } else { position };
        }
        let ramp = ramp(LENGTH);
        assert_eq!(heard[900], ramp[3900], "before the wrap");
        assert!(heard[1000] > 0.9 * ramp[3999], "what sounded fades out");
        assert!(is_silent(&heard[1000 + FADE..1500]), "before the sound");
        assert!(heard[1500] != 0.0, "its very sample again");
        assert_eq!(heard[2000], ramp[500]);
        assert_eq!(heard[2000 + 4500], ramp[500], "and again");
        assert!(largest_step(&heard[300..]) < 0.02);
    }
}

#[test]
fn transport_without_a_place_begins_again_at_the_wrap() {
    let mut bench = bench(None);
    bench.block.transport = Transport { playing: true, position: Some(900), around: Some([0, 1000]) };
    let heard = bench.run(700, &[]);
    assert_eq!(heard[90], ramp(LENGTH)[90]);
    assert_eq!(heard[699], ramp(LENGTH)[599]);
    bench.block.transport.position = Some(600);
    assert_eq!(bench.run(100, &[])[50], ramp(LENGTH)[650], "the block after it is no jump");
}

#[test]
fn transport_goes_on_with_a_loop_as_far_into_it_as_the_song_is() {
    let clip = Clip::with_loop(vec![ramp(LENGTH)], RATE_HZ, Some(4000..LENGTH)).expect("mono");
    let contents =
        Contents { sounds: vec![sound(1, clip)], active: Some(0), place: Some(0), ..Contents::default() };
    let mut bench = Bench::new(contents);
    bench.block.mode = Mode::Transport { looped: true };
    let heard = bench.run_song(3 * 20_000 + 4000, 2000, 256);
    assert_eq!(heard[500], ramp(LENGTH)[4500]);
    bench.block.mode = Mode::Transport { looped: false };
    assert!(is_silent(&bench.run_song(66_000, 2000, 256)[FADE..]), "once it is over by then");
}

#[test]
fn transport_plays_a_sound_that_comes_late_from_where_the_song_is() {
    let mut bench = Bench::new(Contents { place: Some(0), ..Contents::default() });
    bench.block.mode = Mode::Transport { looped: false };
    assert!(is_silent(&bench.run_song(0, 1024, 256)));
    bench.send(at(Some(0)));
    let heard = bench.run_song(1024, 1024, 256);
    assert_eq!(heard[500], ramp(LENGTH)[1524]);
}

#[test]
fn transport_follows_a_place_that_is_moved_while_it_runs() {
    let mut bench = bench(Some(0));
    bench.run_song(0, 2048, 256);
    bench.send(at(Some(1000)));
    let heard = bench.run_song(2048, 1024, 256);
    assert_eq!(heard[600], ramp(LENGTH)[1648]);
    assert!(largest_step(&heard) < 0.02);
}

#[test]
fn transport_at_rest_is_silent_wherever_it_is_moved() {
    let mut bench = bench(Some(1000));
    bench.block.transport = Transport { playing: false, position: Some(2000), around: None };
    assert!(is_silent(&bench.run(1000, &[])));
    assert!(near(bench.telemetry.song_position_s().unwrap_or_default() as f32, 2000.0 / 48_000.0));
    bench.run_song(1500, 512, 256);
    bench.block.transport = Transport { playing: false, position: Some(2012), around: None };
    assert!(is_silent(&bench.run(1000, &[])[FADE..]), "it stops");
}
