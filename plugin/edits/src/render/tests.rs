//! What each tool does to samples that can be checked by hand.

use super::*;
use crate::{Curve, Fade, Level, Loop};

fn ramp(frames: usize) -> Audio {
    #[expect(clippy::cast_precision_loss, reason = "a thousand frames")]
    let samples = |sign: f32| -> Vec<f32> { (0..frames).map(|i| sign * i as f32 / 2000.0).collect() };
    Audio::stereo(44_100, samples(1.0), samples(-1.0)).unwrap()
}

fn rendered(edit: &Edit) -> Edited {
    render(&ramp(1000), edit).unwrap()
}

#[test]
fn nothing_to_do_shares_the_sound() {
    let source = ramp(1000);
    assert!(render(&source, &Edit::default()).unwrap().audio.is_same_memory(&source));
    assert!(
        render(&Audio::mono(44_100, vec![]), &Edit { reverse: true, ..Edit::default() })
            .unwrap()
            .audio
            .is_empty()
    );
}

#[test]
fn what_is_trimmed_and_then_reversed_is_what_was_seen() {
    let trimmed = rendered(&Edit { trim: Some(100..300), ..Edit::default() });
    let both = rendered(&Edit { trim: Some(100..300), reverse: true, ..Edit::default() });
    let turned: Vec<f32> = trimmed.audio.left().iter().rev().copied().collect();
    assert_eq!(both.audio.left(), turned);
    assert_eq!(both.audio.frames(), 200);
}

#[test]
fn fades_are_at_the_beginning_and_the_end_of_what_is_heard() {
    for reverse in [false, true] {
        let fade_in = Fade { frames: 50, curve: Curve::S };
        let fade_out = Fade { frames: 100, curve: Curve::Linear };
        let flat = Audio::mono(44_100, vec![0.5; 1000]);
        let edit = Edit { trim: Some(200..800), reverse, fade_in, fade_out, ..Edit::default() };
        let edited = render(&flat, &edit).unwrap();
        let samples = edited.audio.left();
        assert_eq!((samples[0], samples[599], samples[50]), (0.0, 0.0, 0.5));
        assert!((samples[549] - 0.25).abs() < 0.01 && samples[498].to_bits() == 0.5_f32.to_bits());
    }
}

#[test]
fn a_width_of_nothing_is_one_channel_and_twice_is_twice() {
    let source = Audio::stereo(44_100, vec![0.3; 10], vec![0.1; 10]).unwrap();
    let width = |width| render(&source, &Edit { width, ..Edit::default() }).unwrap().audio;
    assert_eq!((width(0.0).channel_count(), width(0.0).left()[0]), (1, 0.2));
    let wide = width(2.0);
    assert!((wide.left()[0] - 0.4).abs() < 1e-6 && wide.right().unwrap()[0].abs() < 1e-6);
    let mono = Audio::mono(44_100, vec![0.3; 10]);
    assert_eq!(render(&mono, &Edit { width: 0.0, ..Edit::default() }).unwrap().audio.left(), mono.left());
}

#[test]
fn nothing_is_ever_beyond_full_scale() {
    for edit in [
        Edit { gain_db: 30.0, ..Edit::default() },
        Edit { level: Some(Level::Peak(0.0)), gain_db: 12.0, ..Edit::default() },
        Edit { level: Some(Level::Loudness(0.0)), width: 2.0, ..Edit::default() },
        Edit { width: 2.0, semitones: 5.0, gain_db: 9.0, ..Edit::default() },
        Edit { gain_db: f32::NAN, width: f32::INFINITY, semitones: f32::NAN, ..Edit::default() },
    ] {
        let edited = rendered(&edit);
        let peak = edited.audio.channels().flatten().fold(0.0_f32, |peak, x| peak.max(x.abs()));
        assert!(peak <= 1.0 + 1e-6, "{edit:?}: {peak}");
        assert_eq!(edited.held, (peak - 1.0).abs() < 1e-4 && edit.gain_db > 0.0, "{edit:?}");
    }
    let edited = rendered(&Edit { gain_db: -6.0, ..Edit::default() });
    assert!((edited.gain_db + 6.0).abs() < 1e-4 && !edited.held);
}

#[test]
fn a_loop_of_its_own_is_all_there_is_and_one_with_a_beginning_keeps_it() {
    let looped = Loop { range: 300..700, crossfade: 100, tilt_db: 0.0, only: true };
    let only = rendered(&Edit { looped: Some(looped.clone()), ..Edit::default() });
    assert_eq!((only.audio.frames(), only.loop_frames), (400, Some(0..400)));
    let fade_in = Fade { frames: 1000, curve: Curve::Linear };
    let looped = Some(Loop { only: false, ..looped });
    let led = rendered(&Edit { looped, fade_in, fade_out: fade_in, ..Edit::default() });
    assert_eq!((led.audio.frames(), led.loop_frames.clone()), (700, Some(300..700)));
    assert_eq!(&led.audio.left()[300..], only.audio.left(), "no fade reaches into the loop");
    assert!(led.audio.left()[0].abs() < 1e-9);
}
