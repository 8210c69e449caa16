//! MIDI controllers, restarts around every block, and places in the song, in hosts of both formats.

use crate::alone::{alone, clap_bundle, vst3_library};
use crate::vst3_host::{self, Module, Note};
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::time::Duration;
use straightshot_tests::clap_host::{Event, Instance, PluginState, Renderer};

/// Status byte of a controller on the first channel.
const CONTROLLER: u8 = 0xb0;
/// Sustain pedal, all sound off and all notes off.
const PEDAL: u8 = 64;
const SOUND_OFF: u8 = 120;
const NOTES_OFF: u8 = 123;
/// Longest fade of the player in frames, with a little to spare.
const FADE: usize = 600;
const RATE_HZ: u32 = 48_000;

/// Two seconds of a constant that rises a little, so that every sample says where it is.
#[expect(clippy::cast_precision_loss, reason = "a short sound")]
fn ramp() -> Vec<f32> {
    (0..2 * RATE_HZ).map(|frame| 0.25 + 0.5 * frame as f32 / (2 * RATE_HZ) as f32).collect()
}

fn with_ramp(mut state: PluginState, mode: &str) -> Result<PluginState> {
    state.set_take(&ramp(), RATE_HZ)?;
    state.params.insert("playmode".into(), json!({ "string": mode }));
    Ok(state)
}

/// An instance that plays the ramp in a mode.
fn clap(mode: &str, arrangement: serde_json::Value) -> Result<(Instance, Renderer)> {
    let mut instance = Instance::new(&clap_bundle()?)?;
    let mut state = with_ramp(instance.state()?, mode)?;
    state.arrangement = arrangement;
    instance.set_state(&state)?;
    let renderer = instance.activate(f64::from(RATE_HZ), 512)?;
    Ok((instance, renderer))
}

fn midi(at: u32, number: u8, value: u8) -> Event {
    Event::Midi { at, bytes: [CONTROLLER, number, value] }
}

fn sounds(sound: &[f32]) -> bool {
    sound.iter().any(|sample| *sample != 0.0)
}

#[test]
fn controllers_are_honoured_in_clap() {
    alone(|| {
        let (mut instance, mut renderer) = clap("gate", json!(null))?;
        let press = Event::NoteOn { at: 0, key: 60 };
        let release = Event::NoteOff { at: 1000, key: 60 };
        let [sound, _] = renderer.render(4000, &[midi(0, PEDAL, 127), press, release])?;
        assert!(sounds(&sound[3000..]), "the pedal holds the note");
        let [sound, _] = renderer.render(4000, &[midi(0, PEDAL, 0)])?;
        assert!(!sounds(&sound[FADE..]), "it comes up");
        renderer.render(1000, &[press])?;
        let [sound, _] = renderer.render(2000, &[midi(100, NOTES_OFF, 0)])?;
        assert!(sounds(&sound[..100]) && !sounds(&sound[100 + FADE..]), "all notes off");
        renderer.render(1000, &[midi(0, PEDAL, 127), press])?;
        let [sound, _] = renderer.render(2000, &[midi(100, SOUND_OFF, 0)])?;
        assert!(!sounds(&sound[100 + FADE..]), "all sound off, whatever the pedal does");
        instance.deactivate(renderer);
        Ok(())
    });
}

#[test]
fn controllers_are_honoured_in_vst3() {
    alone(|| {
        let (_module, instance) = vst3("gate")?;
        let assigned = |number: u8| {
            instance.controller_of(0, number.into())?.with_context(|| format!("{number} is not assigned"))
        };
        let (pedal, sound_off, notes_off) = (assigned(PEDAL)?, assigned(SOUND_OFF)?, assigned(NOTES_OFF)?);
        let mut last = Vec::new();
        let mut run = |blocks: usize, notes: &[Note], controllers: &[(u32, f64)]| -> Result<bool> {
            last = instance.play(notes, controllers)?;
            for _ in 1..blocks {
                last = instance.play(&[], &[])?;
            }
            Ok(sounds(&last))
        };
        ensure!(run(3, &[Note::On(60)], &[(pedal, 1.0)])?, "a note sounds");
        ensure!(run(6, &[Note::Off(60)], &[])?, "the pedal holds it");
        ensure!(!run(6, &[], &[(pedal, 0.0)])?, "it comes up");
        ensure!(run(3, &[Note::On(60)], &[])?);
        ensure!(!run(6, &[], &[(notes_off, 0.0)])?, "all notes off");
        ensure!(run(3, &[Note::On(60)], &[(pedal, 1.0)])?);
        ensure!(!run(6, &[], &[(sound_off, 0.0)])?, "all sound off");
        instance.stop();
        Ok(())
    });
}

/// A VST3 instance that plays the ramp in a mode, and has begun to.
fn vst3(mode: &str) -> Result<(Module, vst3_host::Instance)> {
    let module = Module::load(&vst3_library()?)?;
    let instance = module.instance()?;
    let state = with_ramp(PluginState::from_json(&instance.state()?)?, mode)?;
    instance.set_state(&state.to_json()?)?;
    instance.activate_notes()?;
    instance.start()?;
    Ok((module, instance))
}

#[test]
fn a_host_that_restarts_around_every_block_hears_the_sound_go_on() {
    alone(|| {
        let (mut instance, mut renderer) = clap("note", json!(null))?;
        let [mut sound, _] = renderer.render(512, &[Event::NoteOn { at: 0, key: 60 }])?;
        for _ in 0..40 {
            renderer = renderer.restart()?;
            sound.extend(&renderer.render(512, &[])?[0]);
        }
        check_goes_on(&sound, "CLAP")?;
        instance.deactivate(renderer);

        let (_module, instance) = vst3("note")?;
        instance.restart();
        let mut sound = instance.play(&[Note::On(60)], &[])?;
        for _ in 0..40 {
            instance.restart();
            sound.extend(instance.play(&[], &[])?);
        }
        check_goes_on(&sound, "VST3")?;
        // Many blocks without a restart, and then one: it means what it says.
        for _ in 0..4 {
            ensure!(sounds(&instance.play(&[], &[])?));
        }
        instance.restart();
        ensure!(!sounds(&instance.play(&[], &[])?), "a start after some blocks begins in silence");
        instance.stop();
        Ok(())
    });
}

fn check_goes_on(sound: &[f32], format: &str) -> Result<()> {
    for (frame, (heard, expected)) in sound.iter().zip(ramp()).enumerate().skip(FADE) {
        ensure!((heard - expected).abs() < 1e-4, "{format}: frame {frame} is {heard} and not {expected}");
    }
    Ok(())
}

#[test]
fn a_reset_silences_in_clap() {
    alone(|| {
        let (mut instance, mut renderer) = clap("note", json!(null))?;
        renderer.render(512, &[Event::NoteOn { at: 0, key: 60 }])?;
        renderer.reset();
        ensure!(!sounds(&renderer.render(512, &[])?[0]));
        instance.deactivate(renderer);
        Ok(())
    });
}

#[test]
fn transport_finds_a_placed_take_after_every_seek_and_wrap() {
    alone(|| {
        let (mut instance, mut renderer) = clap("transport", json!({ "place_s": 1.0 }))?;
        let ramp = ramp();
        renderer.set_playing(true);
        renderer.seek(47_000);
        let [sound, _] = renderer.render(4000, &[])?;
        assert_eq!(sound.iter().position(|sample| *sample != 0.0), Some(1000), "its very sample");
        assert!((sound[2000] - ramp[1000]).abs() < 1e-4);
        renderer.seek(72_000);
        let [sound, _] = renderer.render(2000, &[])?;
        assert!((sound[1000] - ramp[25_000]).abs() < 1e-4, "a jump into the middle");
        // The end of the loop lies within a block of 512.
        renderer.seek(59_400);
        renderer.set_loop(Some([48_100, 60_000]));
        let [sound, _] = renderer.render(2000, &[])?;
        assert!((sound[500] - ramp[11_900]).abs() < 1e-4);
        assert!((sound[1600] - ramp[1100]).abs() < 1e-4, "1,000 frames after the wrap");
        renderer.set_playing(false);
        assert!(!sounds(&renderer.render(2000, &[])?[0][FADE..]));
        instance.deactivate(renderer);
        Ok(())
    });
}

#[test]
fn projects_of_before_play_as_they_did() {
    alone(|| {
        let mut instance = Instance::new(&clap_bundle()?)?;
        let mut state = with_ramp(instance.state()?, "gate")?;
        // What such a project knows of.
        let known = ["steps", "length", "guidance", "seed", "gain", "playmode", "keytrack"];
        state.params.retain(|id, _| known.contains(&id.as_str()));
        // A parameter that there is no more.
        state.params.insert("revision".into(), json!({ "i32": 7 }));
        state.arrangement = json!(null);
        instance.set_state(&state)?;
        let mut renderer = instance.activate(f64::from(RATE_HZ), 512)?;
        let events = [Event::NoteOn { at: 0, key: 60 }, Event::NoteOff { at: 2000, key: 60 }];
        let [sound, _] = renderer.render(4000, &events)?;
        assert!((sound[1000] - ramp()[1000]).abs() < 1e-4 && !sounds(&sound[2000 + FADE..]));
        instance.deactivate(renderer);
        Ok(())
    });
}

#[test]
fn round_robin_and_take_numbers_are_heard_through_the_host() {
    alone(|| {
        let mut instance = Instance::new(&clap_bundle()?)?;
        let mut state = instance.state()?;
        let levels = [0.2_f32, 0.4, 0.6];
        state.set_take(&vec![levels[0]; 24_000], RATE_HZ)?;
        let first = state.session["takes"][0].clone();
        let takes: Vec<_> = (1..)
            .zip(levels)
            .map(|(id, level)| -> Result<_> {
                let mut take = first.clone();
                take["id"] = json!(id);
                take["starred"] = json!(true);
                take["request"]["seed"] = json!(id);
                take["audio"] = json!(straightshot_tests::clap_host::encode_audio(&vec![level; 24_000])?);
                Ok(take)
            })
            .collect::<Result<_>>()?;
        state.session["takes"] = json!(takes);
        state.params.insert("playmode".into(), json!({ "string": "gate" }));
        state.params.insert("takechoice".into(), json!({ "string": "turn" }));
        instance.set_state(&state)?;
        let mut renderer = instance.activate(f64::from(RATE_HZ), 512)?;
        // The takes that are not active get ready in the background.
        for _ in 0..200 {
            let heard = (0..6).map(|_| hit(&mut renderer)).collect::<Result<Vec<_>>>()?;
            if heard.iter().any(|level| (level - 0.6).abs() < 1e-3)
                && heard.iter().any(|l| (l - 0.2).abs() < 1e-3)
            {
                break;
            }
            instance.idle();
            std::thread::sleep(Duration::from_millis(10));
        }
        let heard: Vec<_> = (0..6).map(|_| hit(&mut renderer)).collect::<Result<_>>()?;
        ensure!(heard[0] != heard[1] && heard[1] != heard[2] && heard[..3] == heard[3..], "{heard:?}");
        // The number is automated at the very sample of the note; hosts count from 0.
        let params = instance.params()?;
        let find = |name: &str| params.iter().find(|param| param.name == name).map(|param| param.id);
        let (Some(choice), Some(take)) = (find("Which take"), find("Take")) else {
            anyhow::bail!("the parameters are missing")
        };
        let set = |at, id, value| Event::Param { at, id, value };
        renderer.render(512, &[set(0, choice, 1.0)])?;
        for (number, level) in [(1.0, 0.4), (0.0, 0.2), (2.0, 0.6)] {
            let events = [
                set(100, take, number),
                Event::NoteOn { at: 100, key: 60 },
                Event::NoteOff { at: 400, key: 60 },
            ];
            let [sound, _] = renderer.render(512, &events)?;
            ensure!((sound[300] - level).abs() < 1e-3, "take of value {number}: {}", sound[300]);
            renderer.render(1024, &[])?;
        }
        instance.deactivate(renderer);
        Ok(())
    });
}

/// The level of a short note.
fn hit(renderer: &mut Renderer) -> Result<f32> {
    let events = [Event::NoteOn { at: 0, key: 60 }, Event::NoteOff { at: 400, key: 60 }];
    let [sound, _] = renderer.render(1024, &events)?;
    Ok((sound[300] * 1000.0).round() / 1000.0)
}
