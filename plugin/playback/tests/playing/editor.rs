//! What the editor asks to be played without a note.

use crate::bench::{Bench, FADE, RATE_HZ, is_silent, largest_step, levels_contents, near, on, ramp, sound};
use straightshot_playback::{Audition, Begin, Choice, Clip, Contents, Mode, SoundKey};

fn key(take: u64) -> Option<SoundKey> {
    Some(SoundKey { take, version: 0 })
}

fn ramp_bench() -> Bench {
    Bench::with(Clip::mono(ramp(48_000), RATE_HZ))
}

#[test]
fn audition_begins_where_it_is_asked_to() {
    let mut bench = ramp_bench();
    bench.telemetry.request_audition(&Audition { begin: Begin::At(0.5), ..Audition::default() });
    let heard = bench.run(1000, &[]);
    assert_eq!(heard[500], ramp(48_000)[24_500]);
    assert!(largest_step(&heard) < 0.02, "a start in the middle does not click");
    let told = bench.telemetry.heard().expect("it plays");
    assert!(told.auditioned && told.sound == SoundKey { take: 1, version: 0 });
    assert!(
        (told.position_s - 25_000.0 / 48_000.0).abs() < 1e-9 && (told.fraction - 25.0 / 48.0).abs() < 1e-6
    );
    bench.telemetry.request_audition(&Audition { begin: Begin::At(9.0), ..Audition::default() });
    bench.run(FADE, &[]);
    assert!(bench.telemetry.heard().is_some_and(|told| told.position_s < 0.02), "past the end is the start");
}

#[test]
fn audition_of_a_range_ends_with_it_or_goes_round() {
    for looped in [false, true] {
        let mut bench = ramp_bench();
        let range_s = Some([0.25, 0.5]);
        bench.telemetry.request_audition(&Audition { range_s, looped, ..Audition::default() });
        let heard = bench.run(30_000, &[]);
        assert_eq!(heard[1000], ramp(48_000)[13_000]);
        assert!(largest_step(&heard[200..]) < 0.03, "no end of it clicks");
        assert_eq!(heard[12_500] > 0.0, looped);
        assert_eq!(heard[25_000] > 0.0, looped, "looped: {looped}");
        if looped {
            assert_eq!(heard[13_000], ramp(48_000)[13_000], "a quarter of a second later the same");
            bench.telemetry.request_stop();
            assert!(is_silent(&bench.run(1000, &[])[FADE..]));
        }
    }
}

#[test]
fn audition_within_a_range_begins_inside_and_comes_back_to_its_start() {
    let mut bench = ramp_bench();
    let wish =
        Audition { range_s: Some([0.25, 0.5]), looped: true, begin: Begin::At(0.4), ..Audition::default() };
    bench.telemetry.request_audition(&wish);
    let heard = bench.run(12_000, &[]);
    assert_eq!(heard[1000], ramp(48_000)[20_200]);
    assert_eq!(heard[6000], ramp(48_000)[13_200], "0.1 s to the end, and on from the start");
}

#[test]
fn audition_of_another_sound_leaves_the_active_one_as_it_is() {
    let mut bench = Bench::with_levels(&[0.1, 0.4]);
    bench.telemetry.request_audition(&Audition { sound: key(2), gain: 0.5, ..Audition::default() });
    assert!(near(bench.run(1000, &[])[999], 0.2));
    bench.telemetry.request_audition(&Audition { sound: key(1), ..Audition::default() });
    let heard = bench.run(1000, &[]);
    assert!(near(heard[999], 0.1), "one replaces the other");
    assert!(largest_step(&heard) < 0.01);
    assert!(near(bench.run(1000, &[on(0, 60)])[999], 0.2), "a note plays the active sound beside it");
}

#[test]
fn ab_compare_switches_at_the_same_position() {
    let falling: Vec<f32> = ramp(48_000).iter().map(|sample| 1.0 - sample).collect();
    let contents = Contents {
        sounds: vec![
            sound(1, Clip::mono(ramp(48_000), RATE_HZ)),
            sound(2, Clip::mono(falling.clone(), RATE_HZ)),
        ],
        active: Some(0),
        ..Contents::default()
    };
    let mut bench = Bench::new(contents);
    bench.telemetry.request_audition(&Audition::default());
    bench.run(10_000, &[]);
    bench.telemetry.request_audition(&Audition { sound: key(2), begin: Begin::Here, ..Audition::default() });
    let heard = bench.run(1000, &[]);
    assert_eq!(heard[900], falling[10_900]);
    assert!((heard[0] - ramp(48_000)[10_000]).abs() < 0.01 && largest_step(&heard) < 0.005, "it fades over");
    bench.telemetry.request_stop();
    bench.run(1000, &[]);
    bench.telemetry.request_audition(&Audition { sound: key(2), begin: Begin::Here, ..Audition::default() });
    assert_eq!(bench.run(500, &[])[400], falling[400], "nothing plays: from the start");
}

#[test]
fn a_sound_that_comes_later_is_heard_then_unless_it_is_taken_back() {
    let mut bench = Bench::with_levels(&[0.1]);
    bench.telemetry.request_audition(&Audition { sound: key(2), ..Audition::default() });
    assert!(is_silent(&bench.run(1000, &[])));
    bench.send(levels_contents(&[0.1, 0.4]));
    assert!(near(bench.run(1000, &[])[999], 0.4));
    bench.telemetry.request_audition(&Audition { sound: key(3), ..Audition::default() });
    bench.run(1000, &[]);
    bench.telemetry.request_stop();
    bench.run(1000, &[]);
    bench.send(levels_contents(&[0.1, 0.4, 0.3]));
    assert!(is_silent(&bench.run(1000, &[])));
}

#[test]
fn stop_and_play_at_once_end_as_they_were_asked() {
    let mut bench = Bench::with_levels(&[0.1]);
    bench.run(1000, &[on(0, 60), on(0, 61)]);
    bench.telemetry.request_stop();
    bench.telemetry.request_audition(&Audition::default());
    assert!(near(bench.run(1000, &[])[999], 0.1));
    bench.telemetry.request_audition(&Audition::default());
    bench.telemetry.request_stop();
    assert!(is_silent(&bench.run(1000, &[])[FADE..]));
}

#[test]
fn audition_plays_in_every_mode_without_an_envelope() {
    for mode in [Mode::Note, Mode::Gate, Mode::Loop, Mode::Transport { looped: true }] {
        let mut bench = Bench::with_levels(&[0.1]);
        bench.block.mode = mode;
        bench.block.shape.attack_s = 1.0;
        bench.block.choice = Choice::Keys;
        bench.telemetry.request_audition(&Audition::default());
        assert!(near(bench.run(1000, &[])[999], 0.1), "{mode:?}");
    }
}

#[test]
fn an_edited_sound_takes_over_at_the_same_position() {
    let mut bench = ramp_bench();
    bench.telemetry.request_audition(&Audition { sound: key(1), ..Audition::default() });
    bench.run(10_000, &[]);
    let quieter: Vec<f32> = ramp(48_000).iter().map(|sample| 0.5 * sample).collect();
    let contents =
        Contents { sounds: vec![sound(1, Clip::mono(quieter.clone(), RATE_HZ))], ..Contents::default() };
    bench.send(contents);
    assert_eq!(bench.run(1000, &[])[900], quieter[10_900]);
}

#[test]
fn keys_of_the_window_play_like_those_of_the_host() {
    let mut bench = Bench::with_levels(&[0.1]);
    bench.block.mode = Mode::Gate;
    bench.telemetry.keyboard.press(60);
    assert!(near(bench.run(1000, &[])[999], 0.1));
    assert!(near(bench.run(1000, &[])[999], 0.1), "as long as it is down");
    bench.telemetry.keyboard.release(60);
    assert!(is_silent(&bench.run(1000, &[])[FADE..]));
    bench.telemetry.keyboard.press(60);
    bench.telemetry.keyboard.release(60);
    assert!(near(bench.run(1000, &[])[999], 0.1), "a press that was over before the block is heard");
    assert!(is_silent(&bench.run(1000, &[])[FADE..]), "for a block");
}

#[test]
fn numbers_that_are_none_do_no_harm() {
    let mut bench = ramp_bench();
    let nan = f64::NAN;
    for wish in [
        Audition { begin: Begin::At(nan), range_s: Some([nan, nan]), gain: f32::NAN, ..Audition::default() },
        Audition {
            begin: Begin::At(-1.0),
            range_s: Some([2.0, 1.0]),
            gain: f32::INFINITY,
            ..Audition::default()
        },
        Audition {
            begin: Begin::At(1e300),
            range_s: Some([0.5, 1e300]),
            looped: true,
            ..Audition::default()
        },
        Audition { range_s: Some([0.5, 0.5]), looped: true, gain: -1.0, ..Audition::default() },
        Audition { range_s: Some([9.0, 9.5]), looped: true, ..Audition::default() },
    ] {
        bench.telemetry.request_audition(&wish);
        assert!(bench.run(3000, &[]).iter().all(|sample| sample.is_finite()));
    }
}
