//! The thread that each open editor has: how it ends.

use crate::alone::{MEANT_PANIC, alone_with_display, clap_bundle, threads};
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
        // The first one also starts what stays for the whole process.
        open_and_close(&mut instance)?;
        let before = threads()?;
        for cycle in 0..CYCLES {
            ensure!(open_and_close(&mut instance)? > before.len(), "the editor has no thread");
            assert_eq!(threads()?, before, "cycle {cycle}");
        }
        Ok(())
    });
}

/// Opens the editor, waits until it is drawn and closes it. Returns how many threads there were meanwhile.
fn open_and_close(instance: &mut Instance) -> Result<usize> {
    let editor = Editor::open(instance, Duration::ZERO)?;
    editor.wait_until_drawn(instance)?;
    let count = threads()?.len();
    editor.close(instance);
    Ok(count)
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
