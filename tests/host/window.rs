//! The host's own X11 window in which an editor is embedded, and a user's mouse and keyboard.

use anyhow::{Context, Result, ensure};
use std::collections::HashSet;
use std::process::Command;
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    ConfigureWindowAux, ConnectionExt as _, CreateWindowAux, ImageFormat, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;

/// How long an editor may take to draw, with software rendering on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);
/// An editor that has drawn itself has more colours than this: letters have smooth edges. A blank one has 1 or 2.
const FEW_COLOURS: usize = 30;

/// A window without a border in the corner of the screen.
pub(crate) struct HostWindow {
    connection: RustConnection,
    /// X11's number of the window.
    pub(crate) id: Window,
}

impl HostWindow {
    /// Opens and maps the window; `DISPLAY` names the server.
    pub(crate) fn open(width: u16, height: u16) -> Result<Self> {
        let (connection, screen) = x11rb::connect(None).context("no X11 display")?;
        let root = &connection.setup().roots[screen];
        let id = connection.generate_id()?;
        let settings = CreateWindowAux::new().background_pixel(root.black_pixel);
        connection.create_window(
            root.root_depth,
            id,
            root.root,
            0,
            0,
            width,
            height,
            0,
            WindowClass::INPUT_OUTPUT,
            root.root_visual,
            &settings,
        )?;
        connection.map_window(id)?;
        // The plugin talks to the server on its own connection: the window must exist before it is told of it.
        connection.get_input_focus()?.reply()?;
        Ok(Self { connection, id })
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
                "the editor is blank: {colours} colours after {} s",
                LIMIT.as_secs()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Moves the pointer to a place in the window and presses the left button.
    pub(crate) fn click(&self, x: u32, y: u32) -> Result<()> {
        let (id, x, y) = (self.id.to_string(), x.to_string(), y.to_string());
        xdotool(&["mousemove", "--window", &id, &x, &y, "click", "1"])
    }
}

/// Types `text` into whatever has the keyboard, slowly enough for a window that draws 30 frames a second.
pub(crate) fn type_text(text: &str) -> Result<()> {
    xdotool(&["type", "--delay", "40", text])
}

/// Presses a key or a combination, in xdotool's words.
pub(crate) fn press(keys: &str) -> Result<()> {
    xdotool(&["key", keys])
}

fn xdotool(arguments: &[&str]) -> Result<()> {
    let status = Command::new("xdotool").args(arguments).status().context("xdotool could not be started")?;
    ensure!(status.success(), "xdotool {arguments:?}: {status}");
    Ok(())
}
