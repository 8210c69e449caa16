//! The host's own X11 window in which an editor is embedded, and a user's mouse and keyboard.
//!
//! Clicks and keys are real ones: xdotool makes them with the XTEST extension, and the server hands them out.

use anyhow::{Context, Result, ensure};
use std::collections::HashSet;
use std::process::Command;
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::properties::{WmSizeHints, WmSizeHintsSpecification};
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ConfigureWindowAux, ConnectionExt as _, CreateWindowAux, EventMask, ImageFormat, KeyButMask,
    MapState, PropMode, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// How long an editor may take to draw, with software rendering on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);
/// An editor that has drawn itself has more colours than this: letters have smooth edges. A blank one has 1 or 2.
const FEW_COLOURS: usize = 30;

/// X11's symbols of Shift, Ctrl, Alt and their like.
const MODIFIERS: std::ops::RangeInclusive<u32> = 0xffe1..=0xffee;

/// A window in the corner of the screen that takes note of the keys it gets. Each is a program of its own to the server.
pub(crate) struct HostWindow {
    connection: RustConnection,
    /// X11's number of the window.
    pub(crate) id: Window,
}

/// A key that a window got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyEvent {
    /// The first of the symbols on the key, which is the small letter.
    pub(crate) symbol: u32,
    /// Whether Ctrl was down.
    pub(crate) control: bool,
    /// Whether it was pressed; else released.
    pub(crate) pressed: bool,
}

impl KeyEvent {
    /// The press of a key without Ctrl.
    pub(crate) fn press(symbol: u32) -> Self {
        Self { symbol, control: false, pressed: true }
    }
}

impl HostWindow {
    /// Opens and maps the window in the corner of the screen; `DISPLAY` names the server.
    pub(crate) fn open(width: u16, height: u16) -> Result<Self> {
        Self::open_at(0, 0, width, height)
    }

    /// Like [`Self::open`], elsewhere on the screen. A window manager is asked to leave it there.
    pub(crate) fn open_at(x: i16, y: i16, width: u16, height: u16) -> Result<Self> {
        let (connection, screen) = x11rb::connect(None).context("no X11 display")?;
        let root = &connection.setup().roots[screen];
        let id = connection.generate_id()?;
        let keys = EventMask::KEY_PRESS | EventMask::KEY_RELEASE;
        let settings = CreateWindowAux::new().background_pixel(root.black_pixel).event_mask(keys);
        connection.create_window(
            root.root_depth,
            id,
            root.root,
            x,
            y,
            width,
            height,
            0,
            WindowClass::INPUT_OUTPUT,
            root.root_visual,
            &settings,
        )?;
        let position = (WmSizeHintsSpecification::UserSpecified, x.into(), y.into());
        WmSizeHints { position: Some(position), ..WmSizeHints::default() }
            .set_normal_hints(&connection, id)?;
        show(&connection, id)?;
        // The plugin talks to the server on its own connection: the window must exist before it is told of it.
        connection.get_input_focus()?.reply()?;
        Ok(Self { connection, id })
    }

    /// Gives the window a name, for those who watch.
    pub(crate) fn named(self, name: &str) -> Result<Self> {
        let (property, kind) = (AtomEnum::WM_NAME, AtomEnum::STRING);
        self.connection.change_property8(PropMode::REPLACE, self.id, property, kind, name.as_bytes())?;
        self.connection.get_input_focus()?.reply()?;
        Ok(self)
    }

    /// The window that has the keyboard.
    pub(crate) fn focus(&self) -> Result<Window> {
        Ok(self.connection.get_input_focus()?.reply()?.focus)
    }

    /// Whether a window inside this one has the keyboard.
    pub(crate) fn has_focus_inside(&self) -> Result<bool> {
        let focus = self.focus()?;
        Ok(self.connection.query_tree(self.id)?.reply()?.children.contains(&focus))
    }

    /// Width and height of the window in pixels.
    pub(crate) fn size(&self) -> Result<(u32, u32)> {
        let size = self.connection.get_geometry(self.id)?.reply()?;
        Ok((size.width.into(), size.height.into()))
    }

    /// The keys that the window got since the last question, without Shift, Ctrl and their like: those also reach the
    /// host while a field has the keyboard.
    pub(crate) fn keys(&self) -> Result<Vec<KeyEvent>> {
        // What the server sent before the reply is there after it.
        self.connection.get_input_focus()?.reply()?;
        let mut keys = Vec::new();
        while let Some(event) = self.connection.poll_for_event()? {
            let (event, pressed) = match event {
                Event::KeyPress(event) => (event, true),
                Event::KeyRelease(event) => (event, false),
                _ => continue,
            };
            let symbols = self.connection.get_keyboard_mapping(event.detail, 1)?.reply()?.keysyms;
            let symbol = symbols.first().copied().unwrap_or_default();
            if MODIFIERS.contains(&symbol) {
                continue;
            }
            keys.push(KeyEvent { symbol, control: event.state.contains(KeyButMask::CONTROL), pressed });
        }
        Ok(keys)
    }

    /// Gives the window another size.
    pub(crate) fn resize(&self, width: u32, height: u32) -> Result<()> {
        self.connection.configure_window(self.id, &ConfigureWindowAux::new().width(width).height(height))?;
        self.connection.get_input_focus()?.reply()?;
        Ok(())
    }

    /// The editor's window, once it is there.
    fn editor(&self) -> Result<Option<Window>> {
        Ok(self.connection.query_tree(self.id)?.reply()?.children.last().copied())
    }

    /// Number of different colours that the editor shows; 0 while it is not visible.
    fn colours(&self) -> Result<usize> {
        let Some(editor) = self.editor()? else { return Ok(0) };
        let size = self.connection.get_geometry(editor)?.reply()?;
        let image =
            self.connection.get_image(ImageFormat::Z_PIXMAP, editor, 0, 0, size.width, size.height, !0)?;
        // The server refuses as long as the window is not mapped.
        let Ok(image) = image.reply() else { return Ok(0) };
        let pixels: HashSet<&[u8]> = image.data.chunks_exact(4).collect();
        Ok(pixels.len())
    }

    /// Waits until the editor has drawn itself; `idle` is called meanwhile.
    pub(crate) fn wait_until_drawn(&self, mut idle: impl FnMut()) -> Result<()> {
        let start = Instant::now();
        loop {
            idle();
            let colours = self.colours()?;
            if colours > FEW_COLOURS {
                return Ok(());
            }
            ensure!(
                start.elapsed() < LIMIT,
                "the editor is blank: {colours} colours after {} s; {}",
                LIMIT.as_secs(),
                self.situation()?
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Where the windows are and whether they are shown, for a message.
    fn situation(&self) -> Result<String> {
        let mut text = String::new();
        for window in [Some(self.id), self.editor()?].into_iter().flatten() {
            let state = self.connection.get_window_attributes(window)?.reply()?.map_state;
            let at = self.connection.translate_coordinates(window, self.root()?, 0, 0)?.reply()?;
            let size = self.connection.get_geometry(window)?.reply()?;
            let (x, y, width, height) = (at.dst_x, at.dst_y, size.width, size.height);
            text.push_str(&format!("window {window}: {state:?}, {width} x {height} at {x}, {y}; "));
        }
        Ok(text)
    }

    /// Where its upper left corner is on the screen.
    pub(crate) fn place(&self) -> Result<(i32, i32)> {
        let at = self.connection.translate_coordinates(self.id, self.root()?, 0, 0)?.reply()?;
        Ok((at.dst_x.into(), at.dst_y.into()))
    }

    fn root(&self) -> Result<Window> {
        Ok(self.connection.query_tree(self.id)?.reply()?.root)
    }

    /// Moves the pointer to a place in the window and presses the left button.
    pub(crate) fn click(&self, x: u32, y: u32) -> Result<()> {
        self.point_at(x, y)?;
        xdotool(&["click", "1"])
    }

    /// Moves the pointer to a place in the window.
    pub(crate) fn point_at(&self, x: u32, y: u32) -> Result<()> {
        xdotool(&["mousemove", "--window", &self.id.to_string(), &x.to_string(), &y.to_string()])
    }
}

/// Maps a window and waits until it can be seen; again, if a window manager that was still starting has missed it.
fn show(connection: &RustConnection, window: Window) -> Result<()> {
    let start = Instant::now();
    while start.elapsed() < LIMIT {
        connection.map_window(window)?;
        for _ in 0..50 {
            if connection.get_window_attributes(window)?.reply()?.map_state == MapState::VIEWABLE {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    anyhow::bail!("the host's window does not appear")
}

/// Types `text` into whatever has the keyboard, slowly enough for a window that draws 30 frames a second.
pub(crate) fn type_text(text: &str) -> Result<()> {
    xdotool(&["type", "--delay", "40", text])
}

/// Presses a key or a combination, in xdotool's words.
pub(crate) fn press(keys: &str) -> Result<()> {
    xdotool(&["key", keys])
}

/// Calls the program that acts as the user.
pub(crate) fn xdotool(arguments: &[&str]) -> Result<()> {
    let status = Command::new("xdotool").args(arguments).status().context("xdotool could not be started")?;
    ensure!(status.success(), "xdotool {arguments:?}: {status}");
    Ok(())
}
