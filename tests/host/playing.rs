//! A take of known samples, put into a project, is played exactly where and as it should be.

use crate::alone::{alone, clap_bundle};
use anyhow::{Result, ensure};
use std::time::Duration;
use straightshot_tests::clap_host::{Event, Instance, Renderer};

/// The key that plays a take at its own pitch.
const KEY: u16 = 60;
/// Longest fade that the player puts at either end of a sound, in seconds.
const FADE_S: f64 = 0.012;

/// A sine of `hz` at half of full scale, a quarter of a second long.
#[expect(clippy::cast_possible_truncation, reason = "a test signal")]
fn sine(hz: f64, rate_hz: u32) -> Vec<f32> {
    let step = std::f64::consts::TAU * hz / f64::from(rate_hz);
    // A quarter turn ahead: the first sample is the largest, so that the start can be seen to the sample.
    (0..rate_hz / 4).map(|index| (0.5 * (step * f64::from(index)).cos()) as f32).collect()
}

/// Makes an instance whose active take is `samples`.
fn with_take(samples: &[f32], rate_hz: u32) -> Result<Instance> {
    let mut instance = Instance::new(&clap_bundle()?)?;
    let mut state = instance.state()?;
    state.set_take(samples, rate_hz)?;
    instance.set_state(&state)?;
    Ok(instance)
}

/// Waits until a note makes a sound, then until it has ended.
fn warm_up(instance: &mut Instance, renderer: &mut Renderer) -> Result<()> {
    for _ in 0..2000 {
        instance.idle();
        let sound =
            renderer.render(512, &[Event::NoteOn { at: 0, key: KEY }, Event::NoteOff { at: 1, key: KEY }])?;
        if sound[0].iter().any(|sample| *sample != 0.0) {
            while renderer.render(512, &[])?[0].iter().any(|sample| *sample != 0.0) {}
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    anyhow::bail!("the take was never heard")
}

/// Index of the first sample that is not silent.
fn onset(sound: &[f32]) -> Option<usize> {
    sound.iter().position(|sample| *sample != 0.0)
}

#[test]
fn a_note_starts_on_its_sample_whatever_the_block_size() {
    alone(|| {
        let take = sine(1000.0, 48_000);
        for block in [1, 63, 64, 480, 1024] {
            let mut instance = with_take(&take, 48_000)?;
            let mut renderer = instance.activate(48_000.0, 1024)?;
            warm_up(&mut instance, &mut renderer)?;
            renderer.set_block(block);
            for at in [0, 1, 62, 63, 777, 2577] {
                let [left, right] = renderer.render(16_000, &[Event::NoteOn { at, key: KEY }])?;
                assert_eq!(onset(&left), Some(at as usize), "block {block}");
                assert_eq!(left, right, "a mono take sounds in the middle");
                check_samples(&left[at as usize..], &take, 48_000.0, 1.0)?;
                assert!(left[at as usize + take.len() + 1..].iter().all(|sample| *sample == 0.0));
            }
            instance.deactivate(renderer);
        }
        Ok(())
    });
}

/// Checks that `sound` begins with `take`, between the fades, at a gain.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a fade of some hundred samples")]
fn check_samples(sound: &[f32], take: &[f32], rate_hz: f64, gain: f32) -> Result<()> {
    let fade = (FADE_S * rate_hz) as usize;
    for index in fade..take.len() - fade {
        let expected = gain * take[index];
        ensure!(
            (sound[index] - expected).abs() < 1e-4,
            "sample {index}: {} instead of {expected}",
            sound[index]
        );
    }
    Ok(())
}

#[test]
fn changing_block_sizes_change_no_sample() {
    alone(|| {
        let take = sine(440.0, 44_100);
        let mut instance = with_take(&take, 44_100)?;
        let mut renderer = instance.activate(48_000.0, 1024)?;
        warm_up(&mut instance, &mut renderer)?;
        let note = [Event::NoteOn { at: 100, key: KEY }];
        let whole = renderer.render(14_000, &note)?;
        renderer.set_block(37);
        assert_eq!(renderer.render(14_000, &note)?, whole);
        renderer.set_block(1);
        assert_eq!(renderer.render(14_000, &note)?, whole);
        instance.deactivate(renderer);
        Ok(())
    });
}

#[test]
fn the_pitch_stays_at_every_sample_rate_even_after_a_change() {
    alone(|| {
        let take = sine(1000.0, 44_100);
        let mut instance = with_take(&take, 44_100)?;
        // Hosts activate again and again before they settle; the last one counts.
        for rate_hz in [44_100_u32, 48_000, 96_000, 22_050, 192_000, 48_000, 44_100] {
            let mut renderer = instance.activate(f64::from(rate_hz), 512)?;
            warm_up(&mut instance, &mut renderer)?;
            let [sound, _] = renderer.render(rate_hz / 2, &[Event::NoteOn { at: 0, key: KEY }])?;
            let heard_hz = frequency(&sound[..rate_hz as usize / 5], rate_hz);
            assert!((heard_hz - 1000.0).abs() < 5.0, "{heard_hz} Hz at {rate_hz} Hz");
            let length = sound.iter().rposition(|sample| sample.abs() > 1e-3).unwrap_or(0);
            let error = length.abs_diff(rate_hz as usize / 4);
            assert!(error < rate_hz as usize / 100, "{length} samples at {rate_hz} Hz");
            instance.deactivate(renderer);
        }
        Ok(())
    });
}

/// Frequency of a sine by its zero crossings, between the fades.
#[expect(clippy::cast_precision_loss, reason = "some thousand samples")]
fn frequency(sound: &[f32], rate_hz: u32) -> f64 {
    let crossings: Vec<usize> = (rate_hz as usize / 50..sound.len())
        .filter(|index| sound[index - 1] < 0.0 && sound[*index] >= 0.0)
        .collect();
    let (Some(first), Some(last)) = (crossings.first(), crossings.last()) else { return 0.0 };
    (crossings.len() - 1) as f64 * f64::from(rate_hz) / (last - first) as f64
}

#[test]
fn gate_mode_stops_with_the_key_and_note_mode_does_not() {
    alone(|| {
        let take = sine(500.0, 48_000);
        for (mode, sounds_on) in [("note", true), ("gate", false)] {
            let mut instance = with_take(&take, 48_000)?;
            set_play_mode(&mut instance, mode)?;
            let mut renderer = instance.activate(48_000.0, 512)?;
            warm_up(&mut instance, &mut renderer)?;
            let events = [Event::NoteOn { at: 10, key: KEY }, Event::NoteOff { at: 4810, key: KEY }];
            let [sound, _] = renderer.render(16_000, &events)?;
            let after = sound[4810 + 600..12_000].iter().any(|sample| *sample != 0.0);
            assert_eq!(after, sounds_on, "{mode}");
            instance.deactivate(renderer);
        }
        Ok(())
    });
}

/// Sets the play mode through the state, in whichever form the plugin spells its choices.
fn set_play_mode(instance: &mut Instance, mode: &str) -> Result<()> {
    let mut state = instance.state()?;
    let spelled = state.params["playmode"].to_string();
    ensure!(spelled.contains("note"), "the default play mode is {spelled}");
    state.params.insert("playmode".into(), serde_json::from_str(&spelled.replace("note", mode))?);
    instance.set_state(&state)
}

#[test]
fn transport_mode_follows_the_transport_and_ignores_notes() {
    alone(|| {
        let take = sine(500.0, 48_000);
        let mut instance = with_take(&take, 48_000)?;
        let mut renderer = instance.activate(48_000.0, 512)?;
        // Notes tell when the take has arrived.
        warm_up(&mut instance, &mut renderer)?;
        set_play_mode(&mut instance, "transport")?;
        renderer.render(512, &[])?;
        let silence = renderer.render(4096, &[Event::NoteOn { at: 0, key: KEY }])?;
        assert!(silence[0].iter().all(|sample| *sample == 0.0), "a note sounded");
        renderer.set_playing(true);
        let [sound, _] = renderer.render(4800, &[])?;
        assert_eq!(onset(&sound), Some(0));
        renderer.set_playing(false);
        let [sound, _] = renderer.render(4800, &[])?;
        assert!(sound[600..].iter().all(|sample| *sample == 0.0), "it sounds on after the stop");
        instance.deactivate(renderer);
        Ok(())
    });
}

#[test]
fn loading_states_while_it_plays_leaves_the_sound_finite() {
    alone(|| {
        let take = sine(300.0, 44_100);
        let mut instance = with_take(&take, 44_100)?;
        let state = instance.save()?;
        let mut renderer = instance.activate(48_000.0, 128)?;
        warm_up(&mut instance, &mut renderer)?;
        let stop = std::sync::atomic::AtomicBool::new(false);
        let (renderer, worst) = std::thread::scope(|scope| {
            let audio = scope.spawn(|| {
                let mut worst = 0.0_f32;
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    let sound = renderer.render(512, &[Event::NoteOn { at: 3, key: KEY }])?;
                    worst = sound[0].iter().fold(worst, |worst, sample| {
                        worst.max(if sample.is_finite() { sample.abs() } else { f32::INFINITY })
                    });
                    std::thread::sleep(Duration::from_micros(200));
                }
                anyhow::Ok((renderer, worst))
            });
            for _ in 0..200 {
                assert!(instance.load(&state).is_ok());
                instance.idle();
            }
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
            audio.join().expect("the audio thread panicked")
        })?;
        assert!(worst.is_finite() && worst > 0.0, "worst sample {worst}");
        instance.deactivate(renderer);
        Ok(())
    });
}
