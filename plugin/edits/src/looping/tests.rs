//! Loops of what a model makes: rain, a fire that dies down, a hum.

use crate::{Edit, Edited, Loop, find_loop, render};
use std::f32::consts::TAU;
use straightshot_protocol::Audio;

const RATE: u32 = 44_100;

/// Numbers between −1 and 1, the same at every call.
fn noise(seed: u32) -> impl FnMut() -> f32 {
    let mut state = seed | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        f32::from_bits(0x3f80_0000 | state >> 9) * 2.0 - 3.0
    }
}

/// Rain: a coloured hiss that swells a little, and a thousand drops a second that ring, so that 200 ms of it are as loud as
/// others. Its ends are faded as those of made sounds are.
fn rain(seconds: f32, seed: u32) -> Vec<f32> {
    let frames = (seconds * RATE as f32) as usize;
    let (mut white, mut when) = (noise(seed), noise(seed ^ 0x5555));
    let (mut low, mut high, mut drop, mut tone) = (0.0, 0.0, 0.0_f32, 0.2);
    (0..frames)
        .map(|frame| {
            let sample = white();
            low += 0.25 * (sample - low);
            high += 0.02 * (low - high);
            if when() > 0.955 {
                (drop, tone) = (0.03 * (1.5 + when()), 0.15 + 0.1 * (1.0 + when()));
            }
            drop *= 0.995;
            let swell = 1.0 + 0.1 * (frame as f32 / RATE as f32 * 0.9).sin();
            let ends = (frame.min(frames - frame) as f32 / (0.3 * RATE as f32)).min(1.0);
            ends * (swell * 0.15 * (low - high) + drop * (frame as f32 * tone).sin())
        })
        .collect()
}

fn stereo_rain(seconds: f32) -> Audio {
    Audio::stereo(RATE, rain(seconds, 7), rain(seconds, 1234)).unwrap()
}

/// `source` made into a loop, as the button does it.
fn looped(source: &Audio, edit: &Edit) -> Edited {
    let found = find_loop(source, edit).unwrap().expect("there is a loop");
    let edit = Edit { looped: Some(found.looped), ..edit.clone() };
    let edited = render(source, &edit).unwrap();
    assert_eq!(edited.loop_frames, Some(0..edited.audio.frames()));
    edited
}

/// The loop three times in a row, one channel.
fn thrice(edited: &Edited) -> Vec<f32> {
    edited.audio.mixed().repeat(3)
}

fn level_db(samples: &[f32]) -> f32 {
    10.0 * (samples.iter().map(|x| x * x).sum::<f32>() / samples.len() as f32).max(1e-12).log10()
}

/// How far the level of 200 ms around the join falls below the level that is usual in the loop, in dB, within a second to
/// both sides.
fn dip_db(edited: &Edited) -> f32 {
    let rate = edited.audio.sample_rate_hz() as usize;
    let (played, length, window) = (thrice(edited), edited.audio.frames(), rate / 5);
    let at = |start: usize| level_db(&played[start..start + window]);
    let mut usual: Vec<f32> = (0..length - window).step_by(window / 4).map(at).collect();
    usual.sort_by(f32::total_cmp);
    let around = (length.min(rate) / 2).min(length - window);
    let lowest =
        (2 * length - around - window..2 * length + around).step_by(rate / 100).map(at).fold(0.0, f32::min);
    usual[usual.len() / 2] - lowest
}

/// The largest step of the step from sample to sample at the join, as a multiple of the largest within the loop.
fn click(edited: &Edited) -> f32 {
    let (played, length) = (thrice(edited), edited.audio.frames());
    let bend = |at: usize| (played[at + 1] - 2.0 * played[at] + played[at - 1]).abs();
    let inside = (100..length - 100).map(bend).fold(0.0, f32::max);
    (length - 2..length + 2).map(bend).fold(0.0, f32::max) / inside
}

#[test]
fn loop_seamless_rain_bed_of_twenty_seconds() {
    let source = stereo_rain(20.0);
    let edited = looped(&source, &Edit::default());
    let (dip, click) = (dip_db(&edited), click(&edited));
    println!("20 s of rain: loop of {:.2} s, dip {dip:.2} dB, click {click:.2}", edited.audio.seconds());
    assert!(dip < 1.0, "the level dips by {dip} dB at the join");
    assert!(click < 1.0, "a click of {click}");
    assert!(edited.audio.seconds() > 10.0, "{} s", edited.audio.seconds());
    // The same sound simply repeated has its faded ends: what is measured can be wrong.
    let whole = Edited { loop_frames: Some(0..source.frames()), ..Edited::unedited(source) };
    assert!(dip_db(&whole) > 6.0, "{}", dip_db(&whole));
}

#[test]
fn loop_seamless_of_a_texture_that_dies_away() {
    // 12 dB quieter at the end than at the beginning.
    let fade = |samples: Vec<f32>| -> Vec<f32> {
        let frames = samples.len() as f32;
        samples.into_iter().enumerate().map(|(i, x)| x * 10_f32.powf(-0.6 * i as f32 / frames)).collect()
    };
    let source = Audio::stereo(RATE, fade(rain(12.0, 3)), fade(rain(12.0, 99))).unwrap();
    let edited = looped(&source, &Edit::default());
    let (dip, click) = (dip_db(&edited), click(&edited));
    println!("a dying texture: loop of {:.2} s, dip {dip:.2} dB, click {click:.2}", edited.audio.seconds());
    assert!(dip < 1.0 && click < 1.0, "dip {dip} dB, click {click}");
    let half = edited.audio.frames() / 2;
    let (first, second) = edited.audio.left().split_at(half);
    assert!((level_db(first) - level_db(second)).abs() < 1.0, "it is steady now");
}

#[test]
fn loop_seamless_of_a_hum_keeps_its_wave() {
    // A chord whose parts have no period in common that is shorter than the loop.
    let frames = 6 * RATE as usize;
    let hum: Vec<f32> = (0..frames)
        .map(|i| {
            let t = i as f32 / RATE as f32;
            0.3 * (TAU * 97.3 * t).sin() + 0.2 * (TAU * 194.6 * t).sin() + 0.1 * (TAU * 291.9 * t).sin()
        })
        .collect();
    let edited = looped(&Audio::mono(RATE, hum), &Edit::default());
    let (dip, click) = (dip_db(&edited), click(&edited));
    println!("a hum: loop of {:.2} s, dip {dip:.2} dB, click {click:.2}", edited.audio.seconds());
    assert!(dip < 0.3 && click < 1.2, "dip {dip} dB, click {click}");
}

#[test]
fn loop_seamless_whatever_else_is_done_with_it() {
    let source = stereo_rain(8.0);
    for edit in [
        Edit { reverse: true, ..Edit::default() },
        Edit { semitones: -5.0, ..Edit::default() },
        Edit { trim: Some(40_000..300_000), width: 0.5, semitones: 7.3, reverse: true, ..Edit::default() },
    ] {
        let edited = looped(&source, &edit);
        let (dip, click) = (dip_db(&edited), click(&edited));
        assert!(dip < 1.0 && click < 1.0, "{edit:?}: dip {dip} dB, click {click}");
    }
}

#[test]
fn loop_seamless_at_the_rates_of_hosts() {
    let edited = looped(&stereo_rain(6.0), &Edit::default());
    for rate_hz in [48_000, 96_000, 22_050] {
        let converted = edited.at_rate(rate_hz).unwrap();
        assert_eq!(converted.loop_frames, Some(0..converted.audio.frames()));
        let seconds = converted.audio.seconds();
        assert!((seconds - edited.audio.seconds()).abs() < 1e-4, "{seconds} s");
        let (dip, click) = (dip_db(&converted), click(&converted));
        assert!(dip < 1.0 && click < 1.0, "{rate_hz} Hz: dip {dip} dB, click {click}");
    }
    // With a beginning of its own, the loop is where it was.
    let looped = Loop { range: 60_000..200_000, crossfade: 20_000, tilt_db: 0.0, only: false };
    let led = render(&stereo_rain(6.0), &Edit { looped: Some(looped), ..Edit::default() }).unwrap();
    let converted = led.at_rate(48_000).unwrap();
    let range = converted.loop_frames.clone().unwrap();
    assert_eq!((range.start, range.end), (65_306, 217_687));
    assert_eq!(converted.audio.frames(), range.end);
}

#[test]
fn too_little_sound_is_no_loop() {
    assert_eq!(find_loop(&Audio::mono(RATE, vec![0.1; 400]), &Edit::default()).unwrap(), None);
    assert_eq!(find_loop(&Audio::mono(RATE, vec![]), &Edit::default()).unwrap(), None);
    let silent = find_loop(&Audio::mono(RATE, vec![0.0; 88_200]), &Edit::default()).unwrap();
    assert!(silent.is_some_and(|found| found.change_db < 0.1), "silence is silence again");
}
