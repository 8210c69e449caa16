//! The thread that each open editor has: how it ends.

use crate::alone::{MEANT_PANIC, alone_with_display, clap_bundle, threads_by_number};
use crate::desktop::wait_for;
use crate::editor::Editor;
use anyhow::{Result, anyhow, ensure};
use nice_plug_egui::baseview::dpi::PhysicalSize;
use nice_plug_egui::baseview::{
    self, Event, EventStatus, HandlerError, Window, WindowHandler, WindowSettings, WindowSize,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;
use straightshot_tests::clap_host::Instance;

/// How often the editor is opened and closed.
const CYCLES: usize = 20;

#[test]
fn closing_the_editor_waits_for_its_thread() {
    alone_with_display(|| {
        let mut instance = Instance::new(&clap_bundle()?)?;
        // A window's thread gets the name of whoever opens it; those of the graphics driver have names of their own.
        let name = std::fs::read_to_string("/proc/thread-self/comm")?;
        for cycle in 0..CYCLES {
            let before = threads_by_number()?;
            let editor = Editor::open(&mut instance, Duration::ZERO)?;
            editor.wait_until_drawn(&mut instance)?;
            let mut window = threads_by_number()?;
            window.retain(|number, other| *other == name.trim_end() && !before.contains_key(number));
            ensure!(!window.is_empty(), "the editor has no thread");
            editor.close(&mut instance);
            let left = threads_by_number()?;
            if !window.keys().any(|number| left.contains_key(number)) {
                continue;
            }
            // Every thread has its parent's name until it has run for the first time, which may be late on a busy machine: one
            // that has another name since was not the window's.
            std::thread::sleep(Duration::from_millis(300));
            let later = threads_by_number()?;
            let renamed = |number| later.get(number).is_some_and(|other| other != name.trim_end());
            let mut suspects = window.keys().filter(|number| left.contains_key(*number));
            assert!(suspects.all(renamed), "cycle {cycle}: {left:?}, later {later:?}");
        }
        Ok(())
    });
}

/// What is in a window, and falls over when it is drawn.
struct Faulty;

impl WindowHandler for Faulty {
    fn draw(&self) -> Result<(), HandlerError> {
        panic!("{MEANT_PANIC}")
    }

    fn resized(&self, _size: WindowSize) -> Result<(), HandlerError> {
        Ok(())
    }

    fn on_event(&self, _event: Event) -> EventStatus {
        EventStatus::Ignored
    }
}

#[test]
fn a_panic_of_the_windows_thread_stays_inside() {
    alone_with_display(|| {
        let settings = WindowSettings::new().with_size(PhysicalSize::new(100, 100));
        let failed = |error: baseview::Error| anyhow!("{error}");
        let window = Window::create(settings, |_| Ok(Faulty)).map_err(failed)?;
        window.show().map_err(failed)?;
        wait_for("the panic", || Ok(!window.is_open()))?;
        // The host's call that closes an editor drops its window; a panic there ends the host.
        assert!(catch_unwind(AssertUnwindSafe(|| drop(window))).is_ok(), "it reached the host");
        Ok(())
    });
}
