//! The VST3 in the situation that took hosts down: automation while the editor opens and closes.

use crate::alone::{alone, alone_with_display, journal, threads, vst3_library};
use crate::desktop::wait_for;
use crate::vst3_host::{Instance, Module, X11};
use crate::window::HostWindow;
use anyhow::{Result, ensure};
use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use vst3::Steinberg::{IPlugViewTrait, ViewRect, kInvalidArgument, kResultOk};

/// How often the editor is opened and closed.
const CYCLES: u64 = 30;
/// How often two instances are made and released.
const RELEASES: i32 = 4000;

#[test]
fn scanning_the_vst3_starts_no_thread_and_loads_no_model() {
    alone(|| {
        let before = threads()?;
        let module = Module::load(&vst3_library()?)?;
        assert_eq!(module.first_class()?.0, "Straightshot");
        assert_eq!(threads()?, before);
        drop(module);
        assert!(journal().events("model_loaded").is_empty());
        Ok(())
    });
}

#[test]
fn asking_the_vst3_for_a_parameter_after_the_last_is_answered() {
    alone(|| {
        let module = Module::load(&vst3_library()?)?;
        assert_eq!(module.instance()?.param_after_the_last(), kInvalidArgument);
        Ok(())
    });
}

#[test]
fn automation_while_the_editor_opens_and_closes_is_safe() {
    alone_with_display(|| {
        let module = Module::load(&vst3_library()?)?;
        let instance = module.instance()?;
        let ids = instance.param_ids();
        ensure!(!ids.is_empty(), "there is nothing to automate");
        instance.start()?;
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut value = 0.0;
                while !stop.load(Ordering::Relaxed) {
                    let changes: Vec<_> = ids.iter().map(|id| (*id, value)).collect();
                    assert_eq!(instance.process(&changes), kResultOk);
                    value = 1.0 - value;
                    // As fast as an offline render: the race needs many tries.
                    std::thread::yield_now();
                }
            });
            let result = (0..CYCLES).try_for_each(|cycle| open_and_close(&instance, cycle));
            stop.store(true, Ordering::Relaxed);
            result
        })?;
        ensure!(threads()?.iter().any(|name| name == "bg-worker"), "the background thread has died");
        instance.stop();
        drop(instance);
        Ok(())
    });
}

#[test]
fn instances_released_with_tasks_under_way_take_nobody_down() {
    alone(|| {
        let module = Module::load(&vst3_library()?)?;
        for cycle in 0..RELEASES {
            let (first, second) = (Arc::new(module.instance()?), Arc::new(module.instance()?));
            let ids = first.param_ids();
            first.start()?;
            let done = AtomicBool::new(false);
            std::thread::scope(|scope| {
                // Changes from another thread than the host's are handed to the thread that all instances share.
                let played = Arc::clone(&first);
                let (ids, done) = (&ids, &done);
                scope.spawn(move || {
                    for block in 0..=cycle % 40 {
                        let changes: Vec<_> = ids.iter().map(|id| (*id, f64::from(block % 2))).collect();
                        assert_eq!(played.process(&changes), kResultOk);
                    }
                    drop(played);
                    done.store(true, Ordering::Release);
                });
                // Not asleep: the instance has to go before that thread gets round to the changes.
                while !done.load(Ordering::Acquire) {
                    std::hint::spin_loop();
                }
                // Each may be the last one to go, and the thread itself may be what holds it at the end.
                let order = if cycle % 2 == 0 { [first, second] } else { [second, first] };
                order.into_iter().for_each(drop);
            });
        }
        drop(module);
        // Where it dropped the last instance itself, nobody has waited for its end.
        wait_for("the background thread's end", || Ok(!threads()?.iter().any(|name| name == "bg-worker")))
    });
}

/// Embeds the editor in a new window for some milliseconds.
fn open_and_close(instance: &Instance, cycle: u64) -> Result<()> {
    let view = instance.view()?;
    let mut size = ViewRect { left: 0, top: 0, right: 0, bottom: 0 };
    // SAFETY: the view is alive and fills the rectangle.
    ensure!(unsafe { view.getSize(&raw mut size) } == kResultOk, "the editor has no size");
    let window = HostWindow::open(u16::try_from(size.right)?, u16::try_from(size.bottom)?)?;
    let parent = window.id as usize as *mut c_void;
    // SAFETY: the window exists until the view is removed.
    ensure!(unsafe { view.attached(parent, X11) } == kResultOk, "the editor cannot be embedded");
    if cycle.is_multiple_of(10) {
        window.wait_until_drawn(|| ())?;
    } else {
        std::thread::sleep(Duration::from_millis(cycle));
    }
    // SAFETY: the counterpart of `attached`.
    ensure!(unsafe { view.removed() } == kResultOk, "the editor cannot be removed");
    Ok(())
}
