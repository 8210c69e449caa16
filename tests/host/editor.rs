//! The editor, embedded by a CLAP host in a window of its own.

use crate::alone::{alone_with_display, clap_bundle};
use crate::bare_host;
use crate::window::{HostWindow, press, type_text};
use anyhow::{Context, Result, ensure};
use clack_extensions::gui::{GuiApiType, GuiConfiguration, GuiSize, PluginGui, Window};
use std::time::{Duration, Instant};
use straightshot_tests::clap_host::Instance;

/// What is typed into the prompt: letters, space and punctuation.
const PROMPT: &str = "wooden door, slow creak";
/// A place in the prompt's field, in pixels of a window of the default size.
pub(crate) const PROMPT_AT: (u32, u32) = (200, 130);
/// How long the editor may take to store what was typed.
const LIMIT: Duration = Duration::from_secs(30);

/// An open editor in a window of the host.
pub(crate) struct Editor {
    gui: PluginGui,
    /// The host's window.
    pub(crate) window: HostWindow,
}

impl Editor {
    /// Opens the editor; `gap` passes between its creation and the moment it is shown.
    pub(crate) fn open(instance: &mut Instance, gap: Duration) -> Result<Self> {
        Self::open_above(instance, gap, 0)
    }

    /// Like [`Self::open`], in a window with some pixels to spare below the editor.
    pub(crate) fn open_above(instance: &mut Instance, gap: Duration, spare: u32) -> Result<Self> {
        let handle = instance.handle();
        let gui: PluginGui = handle.get_extension().context("the plugin has no editor")?;
        let x11 = GuiConfiguration { api_type: GuiApiType::X11, is_floating: false };
        ensure!(gui.is_api_supported(&handle, x11), "the editor cannot be embedded in X11");
        gui.create(&handle, x11)?;
        let GuiSize { width, height } = gui.get_size(&handle).context("the editor has no size")?;
        let window = HostWindow::open(u16::try_from(width)?, u16::try_from(height + spare)?)?;
        let window = window.named("CLAP editor")?;
        // SAFETY: the window exists on the server and outlives the editor, see `close`.
        unsafe { gui.set_parent(&handle, Window::from_x11_handle(window.id.into()))? };
        std::thread::sleep(gap);
        gui.show(&handle)?;
        Ok(Self { gui, window })
    }

    /// Waits until the editor has drawn itself.
    pub(crate) fn wait_until_drawn(&self, instance: &mut Instance) -> Result<()> {
        self.window.wait_until_drawn(|| instance.idle())
    }

    /// Closes the editor and the host's window.
    pub(crate) fn close(self, instance: &mut Instance) {
        drop(self.close_and_keep_window(instance));
    }

    /// Closes the editor; the host's window stays open.
    pub(crate) fn close_and_keep_window(self, instance: &mut Instance) -> HostWindow {
        self.gui.destroy(&instance.handle());
        self.window
    }
}

#[test]
fn a_host_without_the_gui_extension_is_refused_an_editor() {
    alone_with_display(|| {
        assert!(!bare_host::opens_an_editor()?);
        Ok(())
    });
}

#[test]
fn the_editor_draws_however_late_the_host_shows_it() {
    alone_with_display(|| {
        let mut instance = Instance::new(&clap_bundle()?)?;
        for gap_ms in [0, 300, 30] {
            let editor = Editor::open(&mut instance, Duration::from_millis(gap_ms))?;
            editor.wait_until_drawn(&mut instance).with_context(|| format!("gap of {gap_ms} ms"))?;
            editor.close(&mut instance);
        }
        Ok(())
    });
}

#[test]
fn a_typed_prompt_is_saved_with_the_project() {
    alone_with_display(|| {
        let mut instance = Instance::new(&clap_bundle()?)?;
        let editor = Editor::open(&mut instance, Duration::ZERO)?;
        editor.wait_until_drawn(&mut instance)?;
        editor.window.click(PROMPT_AT.0, PROMPT_AT.1)?;
        type_text(PROMPT)?;
        wait_for_prompt(&mut instance, |saved| saved == PROMPT)?;
        // Closing and opening again shows it, and the keyboard goes there again.
        editor.close(&mut instance);
        let editor = Editor::open(&mut instance, Duration::ZERO)?;
        editor.wait_until_drawn(&mut instance)?;
        editor.window.click(PROMPT_AT.0, PROMPT_AT.1)?;
        // A slow machine may draw no picture between click and keys; then the click would undo the selection.
        type_text("x")?;
        wait_for_prompt(&mut instance, |saved| saved.len() > PROMPT.len())?;
        press("ctrl+a")?;
        type_text("rain")?;
        wait_for_prompt(&mut instance, |saved| saved == "rain")?;
        editor.close(&mut instance);
        Ok(())
    });
}

/// Waits until the prompt of the saved session `is_right`.
fn wait_for_prompt(instance: &mut Instance, is_right: impl Fn(&str) -> bool) -> Result<()> {
    let start = Instant::now();
    loop {
        instance.idle();
        let saved = instance.state()?.session["prompt"].clone();
        if saved.as_str().is_some_and(&is_right) {
            return Ok(());
        }
        ensure!(start.elapsed() < LIMIT, "the session holds {saved}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_editor_follows_the_hosts_size() {
    alone_with_display(|| {
        let mut instance = Instance::new(&clap_bundle()?)?;
        let editor = Editor::open(&mut instance, Duration::ZERO)?;
        editor.wait_until_drawn(&mut instance)?;
        for (width, height) in [(1200, 780), (800, 600)] {
            editor.window.resize(width, height)?;
            let handle = instance.handle();
            assert!(editor.gui.can_resize(&handle));
            editor.gui.set_size(&handle, GuiSize { width, height })?;
            assert_eq!(editor.gui.get_size(&handle), Some(GuiSize { width, height }));
            editor.wait_until_drawn(&mut instance)?;
        }
        editor.close(&mut instance);
        Ok(())
    });
}

#[test]
fn opening_and_closing_the_editor_while_it_plays_is_safe() {
    alone_with_display(|| {
        let mut instance = Instance::new(&clap_bundle()?)?;
        let params = instance.params()?;
        let mut renderer = instance.activate(48_000.0, 256)?;
        let stop = std::sync::atomic::AtomicBool::new(false);
        let renderer = std::thread::scope(|scope| -> Result<_> {
            let audio = scope.spawn(|| {
                let mut value = 0.0;
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    // Automation of every parameter in every block.
                    let events = params.iter().map(|param| straightshot_tests::clap_host::Event::Param {
                        at: 0,
                        id: param.id,
                        value,
                    });
                    renderer.render(256, &events.collect::<Vec<_>>())?;
                    value = 1.0 - value;
                    std::thread::sleep(Duration::from_millis(1));
                }
                anyhow::Ok(renderer)
            });
            let cycles = (0..15_u64).try_for_each(|cycle| {
                let editor = Editor::open(&mut instance, Duration::from_millis(cycle % 3))?;
                for _ in 0..cycle {
                    instance.idle();
                    std::thread::sleep(Duration::from_millis(4));
                }
                editor.close(&mut instance);
                anyhow::Ok(())
            });
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
            let renderer = audio.join().expect("the audio thread panicked")?;
            cycles.map(|()| renderer)
        })?;
        instance.deactivate(renderer);
        Ok(())
    });
}
