//! A desktop with a window manager, as users have one: it decides which program has the keyboard.

use crate::window::{HostWindow, xdotool};
use anyhow::{Context, Result, ensure};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _};

/// How long the window manager may take for anything.
const LIMIT: Duration = Duration::from_secs(20);

/// A running window manager; ends with this value.
pub(crate) struct WindowManager {
    process: Child,
    /// Keeps the settings of whoever runs the test out of it.
    _home: TempDir,
}

impl WindowManager {
    /// Starts openbox as Debian sets it up: a click into a window or a program's own wish activates it.
    pub(crate) fn start() -> Result<Self> {
        let home = tempfile::tempdir()?;
        let process = Command::new("openbox")
            .arg("--sm-disable")
            .env("XDG_CONFIG_HOME", home.path())
            .env("XDG_DATA_HOME", home.path())
            .stdin(Stdio::null())
            .spawn()
            .context("openbox must be installed (cargo xtask setup)")?;
        let started = Self { process, _home: home };
        let (connection, screen) = x11rb::connect(None)?;
        let root = x11rb::connection::Connection::setup(&connection).roots[screen].root;
        let sign = connection.intern_atom(false, b"_NET_SUPPORTING_WM_CHECK")?.reply()?.atom;
        wait_for("the window manager", || {
            let property = connection.get_property(false, root, sign, AtomEnum::WINDOW, 0, 1)?.reply()?;
            Ok(property.value_len == 1)
        })?;
        Ok(started)
    }
}

impl Drop for WindowManager {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Brings a window to the front as a task bar does, and waits until it has been given the keyboard.
///
/// That it keeps it is for the test to see.
pub(crate) fn activate(window: &HostWindow) -> Result<()> {
    xdotool(&["windowactivate", "--sync", &window.id.to_string()])
}

/// Waits until something `is_so`.
pub(crate) fn wait_for(what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !is_so()? {
        ensure!(start.elapsed() < LIMIT, "waited {} s for {what}", LIMIT.as_secs());
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
