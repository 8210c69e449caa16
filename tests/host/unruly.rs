//! Orders of calls, shapes of buffers, numbers of events and settings of the processor that no specification foresees
//! and hosts have: sound, silence or an error, never the end of the host.

use crate::alone::{alone, clap_bundle, clap_bundle_path, vst3_library};
use crate::bare_clap::{self, BareClap, Happens};
use crate::vst3_host::{Instance, Module, Note, Shape};
use anyhow::{Context, Result, ensure};
use std::time::{Duration, Instant};
use straightshot_tests::clap_host::{self, PluginState, request};
use vst3::Steinberg::kResultOk;

/// A take of this level, so that sound and silence are told apart.
const LEVEL: f32 = 0.5;
/// Frames after which a note has its level.
const FADE: usize = 200;

fn with_take(mut state: PluginState) -> Result<PluginState> {
    state.set_take(&[LEVEL; 96_000], 48_000)?;
    Ok(state)
}

/// A module and an instance with a take that was neither set up nor activated.
fn vst3() -> Result<(Module, Instance)> {
    let module = Module::load(&vst3_library()?)?;
    let instance = module.instance()?;
    let state = with_take(PluginState::from_json(&instance.state()?)?)?;
    instance.set_state(&state.to_json()?)?;
    instance.activate_notes()?;
    Ok((module, instance))
}

/// An instance with a take that was not activated.
fn clap() -> Result<BareClap> {
    let state = with_take(clap_host::Instance::new(&clap_bundle()?)?.state()?)?;
    let plugin = BareClap::load(&clap_bundle_path()?)?;
    plugin.set_state(&state.to_clap()?)?;
    Ok(plugin)
}

fn silent(channels: &[Vec<f32>]) -> bool {
    channels.iter().flatten().all(|sample| *sample == 0.0)
}

fn sounds(channel: &[f32]) -> bool {
    channel.get(FADE..).is_some_and(|late| !late.is_empty() && late.iter().all(|s| (s - LEVEL).abs() < 1e-3))
}

#[test]
fn orders_before_the_set_up_are_answered() {
    alone(|| {
        let (_module, instance) = vst3()?;
        ensure!(instance.takes_stereo_without_inputs(), "a host without inputs is refused");
        ensure!(!instance.process_nothing(), "no block is no success");
        let played = instance.play_shape(Shape::default(), &[Note::On(60)], &[])?;
        ensure!(silent(&played.channels), "a block before everything is silent");
        ensure!(instance.set_active(true), "active before the set-up");
        instance.set_processing(true);
        let played = instance.play_shape(Shape::default(), &[Note::On(60)], &[])?;
        ensure!(played.result == kResultOk && sounds(&played.channels[0]), "and it plays");
        instance.stop();
        // The usual order afterwards, twice: the host changed its mind.
        for _ in 0..2 {
            instance.start()?;
            let played = instance.play_shape(Shape::default(), &[Note::On(60)], &[])?;
            ensure!(sounds(&played.channels[0]), "after a set-up");
        }
        instance.stop();
        ensure!(!instance.set_active(false) || instance.set_active(true), "twice off, and on again");

        let plugin = clap()?;
        let block = bare_clap::Shape::default();
        let played = plugin.play(block, &[Happens::On { at: 0, key: 60 }])?;
        ensure!(silent(&played), "a block before activation is silent");
        plugin.start()?;
        let played = plugin.play(block, &[Happens::On { at: 0, key: 60 }])?;
        ensure!(sounds(&played[0]), "and then it plays");
        // Dropped while active and playing.
        Ok(())
    });
}

#[test]
fn buffers_of_any_shape_end_in_sound_or_silence() {
    alone(|| {
        let (_module, instance) = vst3()?;
        instance.start()?;
        let six = &[true; 6];
        let shapes = [
            Shape { channels: &[true], ..Shape::default() },
            Shape { channels: six, ..Shape::default() },
            Shape { channels: &[true, false], ..Shape::default() },
            Shape { channels: &[false, false], ..Shape::default() },
            Shape { channels: &[], ..Shape::default() },
            Shape { output: false, ..Shape::default() },
            Shape { inputs: 1, ..Shape::default() },
            Shape { inputs: -1, ..Shape::default() },
            Shape { frames: 0, ..Shape::default() },
            Shape { frames: -1, ..Shape::default() },
            Shape { frames: 1, ..Shape::default() },
            Shape { frames: 1000, ..Shape::default() },
            Shape { doubles: true, ..Shape::default() },
        ];
        let ids = instance.param_ids();
        for shape in shapes {
            // Notes and automation come with it.
            let changes: Vec<_> = ids.iter().take(4).map(|id| (*id, 0.5)).collect();
            let played = instance.play_shape(shape, &[Note::On(60)], &changes)?;
            if shape.output && !shape.doubles {
                ensure!(played.channels.iter().flatten().all(|sample| sample.is_finite()), "{shape:?}");
                ensure!(shape.channels.len() < 3 || silent(&played.channels[2..]), "{shape:?}");
            }
            // What comes after it is as if it had not been.
            instance.play_shape(Shape { frames: 1000, ..Shape::default() }, &[Note::Off(60)], &[])?;
            let played = instance.play_shape(Shape::default(), &[Note::On(60)], &[])?;
            ensure!(played.channels[0].iter().any(|sample| *sample != 0.0), "after {shape:?}");
        }
        instance.stop();

        let plugin = clap()?;
        plugin.start()?;
        let whole = bare_clap::Shape::default();
        for shape in [
            bare_clap::Shape { channels: &[true], ..whole },
            bare_clap::Shape { channels: six, ..whole },
            bare_clap::Shape { channels: &[true, false], ..whole },
            bare_clap::Shape { channels: &[], ..whole },
            bare_clap::Shape { output: false, ..whole },
            bare_clap::Shape { events: false, ..whole },
            bare_clap::Shape { frames: 0, ..whole },
            bare_clap::Shape { frames: 1000, ..whole },
        ] {
            let on = Happens::On { at: 0, key: 60 };
            // Behind the block, unsorted, and for a parameter that does not exist.
            let late = Happens::Param { at: 5000, id: ids[4], value: 0.5 };
            let unknown = Happens::Param { at: 3, id: 12_345, value: f64::NAN };
            let played = plugin.play(shape, &[on, late, unknown])?;
            ensure!(!shape.output || played.iter().flatten().all(|sample| sample.is_finite()), "{shape:?}");
            let played = plugin.play(whole, &[on])?;
            ensure!(played[0].iter().any(|sample| *sample != 0.0), "after {shape:?}");
        }
        Ok(())
    });
}

#[test]
fn any_number_of_events_in_a_block_is_survived() {
    alone(|| {
        let (_module, instance) = vst3()?;
        instance.start()?;
        for count in [4_000, 100_000] {
            let notes: Vec<Note> =
                (0..count).map(|i| if i % 2 == 0 { Note::On(60) } else { Note::Off(60) }).collect();
            let played = instance.play_shape(Shape::default(), &notes, &[])?;
            ensure!(played.result == kResultOk, "{count} events");
            ensure!(played.channels.iter().flatten().all(|sample| sample.is_finite()), "{count} events");
        }
        instance.stop();

        let plugin = clap()?;
        plugin.start()?;
        for count in [4_000_u32, 100_000] {
            let happens: Vec<Happens> = (0..count)
                .map(|i| match i % 2 {
                    0 => Happens::On { at: i % 256, key: 60 },
                    _ => Happens::Off { at: i % 256, key: 60 },
                })
                .collect();
            let played = plugin.play(bare_clap::Shape::default(), &happens)?;
            ensure!(played.iter().flatten().all(|sample| sample.is_finite()), "{count} events");
        }
        // All are gone whose end was dropped: the last that fitted ended everything.
        let happens: Vec<Happens> = (0..20_000).map(|_| Happens::On { at: 0, key: 60 }).collect();
        plugin.play(bare_clap::Shape::default(), &happens)?;
        plugin.play(bare_clap::Shape { frames: 1000, ..bare_clap::Shape::default() }, &[])?;
        ensure!(silent(&plugin.play(bare_clap::Shape::default(), &[])?), "notes hang");
        Ok(())
    });
}

#[link(name = "m")]
unsafe extern "C" {
    fn feenableexcept(exceptions: i32) -> i32;
    fn fegetexcept() -> i32;
}
/// Invalid operations, divisions by zero and overflows, as the C library numbers them here.
const TRAPS: i32 = if cfg!(target_arch = "x86_64") { 1 | 4 | 8 } else { 1 | 2 | 4 };

/// Whether the traps of this thread are on.
fn trapping() -> bool {
    // SAFETY: reads a register.
    unsafe { fegetexcept() & TRAPS == TRAPS }
}

#[test]
fn floating_point_traps_of_the_host_are_not_the_plugins() {
    alone(|| {
        // SAFETY: sets a register of this thread and of those that it starts.
        unsafe { feenableexcept(TRAPS) };
        if !trapping() {
            println!("this processor has no traps");
            return Ok(());
        }
        let module = Module::load(&vst3_library()?)?;
        let instance = module.instance()?;
        let mut state = PluginState::from_json(&instance.state()?)?;
        state.ask_for(&request("glass breaks", 2, 0.5, 1));
        instance.set_state(&state.to_json()?)?;
        instance.activate_notes()?;
        instance.start()?;
        let begun = Instant::now();
        loop {
            instance.play_shape(Shape::default(), &[Note::On(60), Note::Off(60)], &[])?;
            ensure!(trapping(), "the plugin has changed the host's setting");
            let state = PluginState::from_json(&instance.state()?)?;
            if state.session["pending"].is_null() && state.takes()?.len() == 1 {
                break;
            }
            ensure!(begun.elapsed() < Duration::from_secs(60), "no sound came: {}", state.session["pending"]);
            std::thread::sleep(Duration::from_millis(20));
        }
        for id in instance.param_ids() {
            for value in [0.0, 0.5, 1.0, f64::NAN, f64::INFINITY] {
                instance.play_shape(Shape::default(), &[Note::On(60)], &[(id, value)])?;
            }
        }
        instance.stop();
        ensure!(trapping());
        drop(instance);

        let plugin = clap().context("CLAP")?;
        plugin.start()?;
        plugin.play(bare_clap::Shape::default(), &[Happens::On { at: 0, key: 60 }])?;
        ensure!(trapping());
        Ok(())
    });
}
