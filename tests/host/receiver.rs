//! Programs with a window that takes files, written with the toolkits that workstations are made of.

use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver as Lines, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// The interpreter that Debian's toolkits are packaged for.
pub(crate) const PYTHON: &str = "/usr/bin/python3";
/// How long a receiver may take to start or to take a drop.
const LIMIT: Duration = Duration::from_secs(30);

/// A toolkit.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Toolkit {
    /// GTK 3, with Python.
    Gtk,
    /// Qt 5, with Python.
    Qt,
}

/// A running program, which takes files or gives one; ends with this value.
pub(crate) struct Receiver {
    process: Child,
    lines: Lines<String>,
    /// The middle of its window on the screen.
    pub(crate) at: (i32, i32),
}

impl Receiver {
    /// Starts it with its window at this place. `None` where the toolkit is not installed, which is told.
    pub(crate) fn start(toolkit: Toolkit, x: i32, y: i32) -> Result<Option<Self>> {
        let file = match toolkit {
            Toolkit::Gtk => "gtk.py",
            Toolkit::Qt => "qt.py",
        };
        Self::run(toolkit, file, &[x.to_string(), y.to_string()])
    }

    /// Starts a program that `file` can be dragged out of, with its window at this place. `None` where Qt is not installed,
    /// which is told.
    pub(crate) fn source((x, y): (i32, i32), file: &Path) -> Result<Option<Self>> {
        Self::run(Toolkit::Qt, "qt_source.py", &[x.to_string(), y.to_string(), file.display().to_string()])
    }

    fn run(toolkit: Toolkit, file: &str, arguments: &[String]) -> Result<Option<Self>> {
        let probe = match toolkit {
            Toolkit::Gtk => "import gi; gi.require_version('Gtk', '3.0'); from gi.repository import Gtk",
            Toolkit::Qt => "from PyQt5 import QtWidgets",
        };
        let installed = Command::new(PYTHON).args(["-c", probe]).stderr(Stdio::null()).status();
        if !installed.is_ok_and(|status| status.success()) {
            #[expect(clippy::print_stdout, reason = "what a machine cannot test is said")]
            {
                println!("NOT RUN: {toolkit:?} is not installed");
            }
            return Ok(None);
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("host/receivers").join(file);
        let mut process = Command::new(PYTHON)
            .arg(script)
            .args(arguments)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().context("the receiver has no output")?;
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            // Ends when the receiver or the test does.
            BufReader::new(output).lines().map_while(Result::ok).all(|line| sender.send(line).is_ok())
        });
        let mut receiver = Self { process, lines, at: (0, 0) };
        let words = receiver.line("AT")?;
        let (x, y) = words.split_once(' ').context("the receiver tells no place")?;
        receiver.at = (x.parse()?, y.parse()?);
        Ok(Some(receiver))
    }

    /// Waits for a dropped file; `idle` is called meanwhile.
    pub(crate) fn file(&self, mut idle: impl FnMut()) -> Result<PathBuf> {
        let start = Instant::now();
        while start.elapsed() < LIMIT {
            idle();
            if let Ok(line) = self.lines.recv_timeout(Duration::from_millis(20)) {
                return Ok(line.strip_prefix("FILE ").context("the receiver got something else")?.into());
            }
        }
        bail!("no file was dropped within {} s", LIMIT.as_secs())
    }

    /// Waits until it says `line`, whatever it says before; `idle` is called meanwhile.
    pub(crate) fn wait_for(&self, line: &str, mut idle: impl FnMut()) -> Result<()> {
        let start = Instant::now();
        let mut said = Vec::new();
        while start.elapsed() < LIMIT {
            idle();
            match self.lines.recv_timeout(Duration::from_millis(20)) {
                Ok(other) if other == line => return Ok(()),
                Ok(other) => said.push(other),
                Err(RecvTimeoutError::Timeout) => (),
                Err(RecvTimeoutError::Disconnected) => bail!("it ended, and never said {line}: {said:?}"),
            }
        }
        bail!("it does not say {line} within {} s: {said:?}", LIMIT.as_secs())
    }

    /// Whether nothing was dropped so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.try_recv().is_err()
    }

    fn line(&self, begins: &str) -> Result<String> {
        let line = self.lines.recv_timeout(LIMIT).context("the receiver does not start")?;
        Ok(line.strip_prefix(begins).context("the receiver says something else")?.trim().to_owned())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
