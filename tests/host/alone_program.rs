//! The program without a host, with a data folder of its own, as a user runs it.

use crate::desktop::wait_for;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// The running program; ends with this value.
pub(crate) struct Program {
    child: Child,
    data: TempDir,
}

impl Program {
    /// Starts it without an audio device and waits for its window, which is given the keyboard.
    pub(crate) fn start() -> Result<Self> {
        let data = tempfile::tempdir()?;
        let child = Command::new(path()?)
            .args(["--backend", "dummy"])
            .env("STRAIGHTSHOT_DATA", data.path())
            .stdin(Stdio::null())
            .spawn()
            .context("the program could not be started")?;
        let program = Self { child, data };
        let search =
            ["search", "--sync", "--onlyvisible", "--name", "^Straightshot$", "windowactivate", "--sync"];
        wait_for("the program's window", || {
            Ok(Command::new("xdotool").args(search).stdout(Stdio::null()).status()?.success())
        })?;
        Ok(program)
    }

    /// The session as it is on the disk.
    pub(crate) fn session(&self) -> Value {
        let text = std::fs::read_to_string(self.data.path().join("session.json")).unwrap_or_default();
        serde_json::from_str::<Value>(&text).map(|whole| whole["session"].clone()).unwrap_or_default()
    }

    /// Its data folder.
    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    /// Waits until the session on the disk `is_so`.
    pub(crate) fn wait_for(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Result<()> {
        let waited = wait_for(what, || Ok(is_so(&self.session())));
        waited.with_context(|| format!("the session is {}", self.session()))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program, beside this test's.
fn path() -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    // target/release/deps/host-…
    let folder = test.ancestors().nth(2).context("the test program is not in a target folder")?;
    let program = folder.join("straightshot-standalone");
    ensure!(program.exists(), "{} is missing: run `cargo xtask bundle` first", program.display());
    Ok(program)
}
