//! A bounce right after a project opens: what the host renders offline waits for the sounds that it plays, and for those that
//! are still being made. In real time nothing waits.

use crate::alone::{alone, clap_bundle, clap_bundle_path, vst3_library};
use crate::bare_clap::{self, BareClap, Happens};
use crate::vst3_host::{Module, Note, Shape};
use anyhow::{Result, ensure};
use serde_json::json;
use std::time::{Duration, Instant};
use straightshot_tests::clap_host::{Instance, PluginState, encode_audio, request};

/// Three starred takes, told apart by their levels, each too long to be read while the host waits for a player.
const LEVELS: [f32; 3] = [0.2, 0.4, 0.6];
const FRAMES: usize = 6 * 48_000;

/// A project of these takes, which notes play one after the other.
fn project(mut state: PluginState) -> Result<PluginState> {
    state.set_take(&vec![LEVELS[0]; FRAMES], 48_000)?;
    let first = state.session["takes"][0].clone();
    let mut takes = Vec::new();
    for (id, level) in (1..).zip(LEVELS) {
        let mut take = first.clone();
        take["id"] = json!(id);
        take["starred"] = json!(true);
        take["request"]["seed"] = json!(id);
        take["audio"] = json!(encode_audio(&vec![level; FRAMES])?);
        takes.push(take);
    }
    state.session["takes"] = json!(takes);
    state.params.insert("playmode".into(), json!({ "string": "gate" }));
    state.params.insert("takechoice".into(), json!({ "string": "turn" }));
    Ok(state)
}

/// Three notes in three blocks have the three levels, none of them silence.
fn check(mut hit: impl FnMut() -> Result<Vec<f32>>) -> Result<()> {
    let heard: Vec<f32> = (0..3).map(|_| Ok(hit()?[240])).collect::<Result<_>>()?;
    let all = LEVELS.iter().all(|level| heard.iter().any(|heard| (heard - level).abs() < 1e-3));
    ensure!(all, "{heard:?} were heard in place of {LEVELS:?}");
    Ok(())
}

#[test]
fn an_offline_render_has_every_sound_from_its_first_block() {
    alone(|| {
        let module = Module::load(&vst3_library()?)?;
        let instance = module.instance()?;
        let state = project(PluginState::from_json(&instance.state()?)?)?;
        instance.activate_notes()?;
        instance.set_state(&state.to_json()?)?;
        instance.start_offline()?;
        check(|| {
            let played = instance.play_shape(Shape::default(), &[Note::On(60)], &[])?;
            instance.play_shape(Shape { frames: 1000, ..Shape::default() }, &[Note::Off(60)], &[])?;
            Ok(played.channels[0].clone())
        })?;
        instance.stop();
        drop(instance);
        let state = project(Instance::new(&clap_bundle()?)?.state()?)?;
        let plugin = BareClap::load(&clap_bundle_path()?)?;
        plugin.set_state(&state.to_clap()?)?;
        plugin.set_offline(true)?;
        plugin.start()?;
        check(|| {
            let played = plugin.play(bare_clap::Shape::default(), &[Happens::On { at: 0, key: 60 }])?;
            let rest = bare_clap::Shape { frames: 1000, ..bare_clap::Shape::default() };
            plugin.play(rest, &[Happens::Off { at: 0, key: 60 }])?;
            Ok(played[0].clone())
        })
    });
}

/// Long enough that it cannot be there by chance.
fn unfinished(mut state: PluginState) -> PluginState {
    state.ask_for(&request("thunder rolls over the hills", 24, 10.0, 1));
    state.params.insert("playmode".into(), json!({ "string": "gate" }));
    state
}

fn sounds(block: &[f32]) -> bool {
    block.iter().any(|sample| *sample != 0.0)
}

/// How many of some blocks sound, and how long the longest of them took.
fn blocks(count: usize, mut block: impl FnMut(bool) -> Result<Vec<f32>>) -> Result<(usize, Duration)> {
    let (mut sounding, mut longest) = (0, Duration::ZERO);
    for index in 0..count {
        let begun = Instant::now();
        sounding += usize::from(sounds(&block(index == 0)?));
        longest = longest.max(begun.elapsed());
    }
    Ok((sounding, longest))
}

/// What a block may take in real time on a busy machine; the sound takes a hundred times as long.
const BLOCK: Duration = Duration::from_millis(100);

#[test]
fn an_offline_render_waits_for_a_sound_that_is_being_made() {
    alone(|| {
        let module = Module::load(&vst3_library()?)?;
        let instance = module.instance()?;
        let state = unfinished(PluginState::from_json(&instance.state()?)?);
        instance.activate_notes()?;
        instance.set_state(&state.to_json()?)?;
        instance.start_offline()?;
        // Thunder may begin quietly, but not with a second of nothing.
        let play = |first: bool| instance.play(if first { &[Note::On(60)] } else { &[] }, &[]);
        let (sounding, longest) = blocks(188, play)?;
        ensure!(sounding > 0, "the render has no sound");
        let after = PluginState::from_json(&instance.state()?)?;
        ensure!(after.session["pending"].is_null(), "it did not wait: {longest:?}");
        instance.stop();
        drop(instance);
        let plugin = BareClap::load(&clap_bundle_path()?)?;
        let state = unfinished(Instance::new(&clap_bundle()?)?.state()?);
        plugin.set_state(&state.to_clap()?)?;
        plugin.set_offline(true)?;
        plugin.start()?;
        let (sounding, _) = blocks(188, |first| play_clap(&plugin, first))?;
        ensure!(sounding > 0, "the render of the CLAP has no sound");
        Ok(())
    });
}

fn play_clap(plugin: &BareClap, first: bool) -> Result<Vec<f32>> {
    let on = [Happens::On { at: 0, key: 60 }];
    let events = if first { &on[..] } else { &[] };
    Ok(plugin.play(bare_clap::Shape::default(), events)?.swap_remove(0))
}

#[test]
fn an_offline_render_does_not_wait_for_a_model_that_is_not_there() {
    alone(|| {
        let module = Module::load(&vst3_library()?)?;
        let instance = module.instance()?;
        let mut state = unfinished(PluginState::from_json(&instance.state()?)?);
        let hash = "0123456789abcdef".repeat(4);
        state.session["pending"]["model"] = json!({ "hash": hash, "name": "gone" });
        instance.activate_notes()?;
        instance.set_state(&state.to_json()?)?;
        instance.start_offline()?;
        let begun = Instant::now();
        let (sounding, _) = blocks(10, |_| instance.play(&[], &[]))?;
        ensure!(begun.elapsed() < Duration::from_secs(30), "it waited {:?}", begun.elapsed());
        let after = PluginState::from_json(&instance.state()?)?;
        ensure!(sounding == 0 && !after.session["pending"].is_null(), "the job still waits for its model");
        instance.stop();
        Ok(())
    });
}

#[test]
fn back_in_real_time_no_block_waits() {
    alone(|| {
        let plugin = BareClap::load(&clap_bundle_path()?)?;
        let state = unfinished(Instance::new(&clap_bundle()?)?.state()?);
        plugin.set_offline(true)?;
        plugin.start()?;
        plugin.set_offline(false)?;
        plugin.set_state(&state.to_clap()?)?;
        let (sounding, longest) = blocks(20, |first| play_clap(&plugin, first))?;
        ensure!(sounding == 0 && longest < BLOCK, "{sounding} blocks sound, one took {longest:?}");
        // And in one that never was anything else.
        let module = Module::load(&vst3_library()?)?;
        let instance = module.instance()?;
        let state = unfinished(PluginState::from_json(&instance.state()?)?);
        instance.activate_notes()?;
        instance.set_state(&state.to_json()?)?;
        instance.start()?;
        let play = |first: bool| instance.play(if first { &[Note::On(60)] } else { &[] }, &[]);
        let (sounding, longest) = blocks(20, play)?;
        ensure!(sounding == 0 && longest < BLOCK, "{sounding} blocks sound, one took {longest:?}");
        instance.stop();
        Ok(())
    });
}
