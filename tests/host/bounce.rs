//! A bounce right after a project opens: what the host renders offline waits for the sounds that it plays.

use crate::alone::{alone, clap_bundle, clap_bundle_path, vst3_library};
use crate::bare_clap::{self, BareClap, Happens};
use crate::vst3_host::{Module, Note, Shape};
use anyhow::{Result, ensure};
use serde_json::json;
use straightshot_tests::clap_host::{Instance, PluginState, encode_audio};

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
        plugin.set_offline()?;
        plugin.start()?;
        check(|| {
            let played = plugin.play(bare_clap::Shape::default(), &[Happens::On { at: 0, key: 60 }])?;
            let rest = bare_clap::Shape { frames: 1000, ..bare_clap::Shape::default() };
            plugin.play(rest, &[Happens::Off { at: 0, key: 60 }])?;
            Ok(played[0].clone())
        })
    });
}
