//! A virtual display with the program on it, and its data folder.

use super::scenes::Step;
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(180);
/// Name of the session's file in the data folder.
const SESSION: &str = "session.json";

/// A virtual display; ends with this value.
pub(super) struct Desk {
    server: Child,
    /// Value of `DISPLAY`.
    name: String,
    /// Width and height of the window in points.
    size: (u32, u32),
    /// Pixels per point.
    scale: f64,
}

impl Desk {
    /// Opens a display on which a window of `size` points is to be seen at `scale`.
    pub(super) fn open(size: (u32, u32), scale: f64) -> Result<Self> {
        let (width, height) = (pixels(size.0, scale), pixels(size.1, scale));
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-nolisten", "tcp", "-noreset", "-screen", "0"])
            .arg(format!("{width}x{height}x24"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("Xvfb could not be started")?;
        let mut number = String::new();
        BufReader::new(server.stdout.take().context("Xvfb has no output")?).read_line(&mut number)?;
        ensure!(!number.trim().is_empty(), "Xvfb ended at once");
        let desk = Self { server, name: format!(":{}", number.trim()), size, scale };
        // What desktops tell programs about the resolution.
        let dpi = format!("Xft.dpi: {:.0}", 96.0 * scale);
        desk.run("xprop", &["-root", "-f", "RESOURCE_MANAGER", "8s", "-set", "RESOURCE_MANAGER", &dpi])?;
        Ok(desk)
    }

    /// Does what a user does.
    pub(super) fn perform(&self, step: &Step) -> Result<()> {
        match step {
            Step::Type(text) => self.xdotool(&["type", "--delay", "60", text]),
            Step::Press(keys) => self.xdotool(&["key", keys]),
            Step::Click(x, y) => {
                self.point(*x, *y)?;
                self.xdotool(&["click", "1"])
            }
            Step::Drag(from, to) => {
                self.point(from.0, from.1)?;
                self.xdotool(&["mousedown", "1"])?;
                for part in 1..=8 {
                    let between = |a: i32, b: i32| a + (b - a) * part / 8;
                    self.point(between(from.0, to.0), between(from.1, to.1))?;
                }
                self.xdotool(&["mouseup", "1"])
            }
            Step::Wait(ms) => {
                std::thread::sleep(Duration::from_millis(*ms));
                Ok(())
            }
        }
    }

    /// Puts the pointer where there is nothing to point at.
    pub(super) fn park(&self) -> Result<()> {
        self.xdotool(&["mousemove", "0", "0"])
    }

    fn point(&self, x: i32, y: i32) -> Result<()> {
        let place = |points: i32| format!("{:.0}", f64::from(points) * self.scale);
        self.xdotool(&["mousemove", &place(x), &place(y)])?;
        std::thread::sleep(Duration::from_millis(120));
        Ok(())
    }

    fn xdotool(&self, arguments: &[&str]) -> Result<()> {
        self.run("xdotool", arguments)?;
        // The window draws ten times a second at least.
        std::thread::sleep(Duration::from_millis(150));
        Ok(())
    }

    /// Writes what the display shows.
    pub(super) fn picture(&self, picture: &Path) -> Result<()> {
        // Two frames for what the last step has changed.
        std::thread::sleep(Duration::from_millis(700));
        self.run("import", &["-window", "root", &picture.to_string_lossy()])
    }

    /// Writes what the display shows with few colours, which is a fraction as large and looks the same.
    pub(super) fn small_picture(&self, picture: &Path) -> Result<()> {
        let few = ["-window", "root", "-strip", "-dither", "None", "-colors", "128"];
        let file = format!("PNG8:{}", picture.display());
        self.run("import", &[&few[..], &["-define", "png:compression-level=9", &file]].concat())
    }

    /// Whether the window is there and has drawn more than its background.
    fn shows_something(&self) -> bool {
        let window = self.command("xdotool").args(["search", "--name", "Straightshot"]).output();
        if !window.is_ok_and(|found| found.status.success()) {
            return false;
        }
        let colours = ["-window", "root", "-format", "%k", "info:"];
        let counted = self.command("import").args(colours).output();
        let counted = counted.map(|output| String::from_utf8_lossy(&output.stdout).trim().parse::<u32>());
        matches!(counted, Ok(Ok(colours)) if colours > 60)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("DISPLAY", &self.name).stderr(Stdio::null());
        command
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let status = self.command(program).args(arguments).stdout(Stdio::null()).status();
        let status = status.with_context(|| format!("{program} could not be started (cargo xtask setup)"))?;
        ensure!(status.success(), "{program} {arguments:?}: {status}");
        Ok(())
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sizes of a display")]
fn pixels(points: u32, scale: f64) -> u32 {
    (f64::from(points) * scale).round() as u32
}

/// What the program plays through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Device {
    /// Nothing, as it was told.
    None,
    /// It looks for a device and finds none.
    Missing,
}

/// The running program; ends with this value.
pub(super) struct Program(Child);

impl Program {
    /// Starts it and waits until it shows its window in the size of the display.
    pub(super) fn start(
        program: &Path,
        data: &Path,
        desk: &Desk,
        (device, request): (Device, Option<&Value>),
    ) -> Result<Self> {
        let mut command = desk.command(&program.to_string_lossy());
        command.env("STRAIGHTSHOT_DATA", data).env_remove("WAYLAND_DISPLAY");
        command.stdin(Stdio::null()).stdout(Stdio::null());
        match device {
            Device::None => command.args(["--backend", "dummy"]),
            Device::Missing => {
                let empty = [("ALSA_CONFIG_PATH", "/dev/null"), ("PIPEWIRE_REMOTE", "none")];
                command.envs(empty).env("JACK_NO_START_SERVER", "1").env("JACK_DEFAULT_SERVER", "none")
            }
        };
        if let Some(request) = request {
            command.env("STRAIGHTSHOT_REQUEST", request.to_string());
        }
        let child = command.spawn().with_context(|| format!("{} could not be started", program.display()))?;
        let started = Self(child);
        wait_for("the window", || desk.shows_something())?;
        let size = |points| pixels(points, desk.scale).to_string();
        let (width, height) = (size(desk.size.0), size(desk.size.1));
        // Once for the size that a zoom asks for, and once after it.
        for _ in 0..2 {
            std::thread::sleep(Duration::from_millis(700));
            desk.run("xdotool", &["search", "--name", "Straightshot", "windowsize", &width, &height])?;
        }
        std::thread::sleep(Duration::from_millis(700));
        Ok(started)
    }

    /// Ends it.
    pub(super) fn end(self) {}
}

impl Drop for Program {
    fn drop(&mut self) {
        // Its session is on the disk already: it is kept for the case of a crash.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until something `is_so`.
pub(super) fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) -> Result<()> {
    let start = Instant::now();
    while !is_so() {
        if start.elapsed() > LIMIT {
            bail!("waited {} s for {what}", LIMIT.as_secs());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn session(data: &Path) -> Option<Value> {
    serde_json::from_str(&fs::read_to_string(data.join(SESSION)).ok()?).ok()
}

/// How many takes the session in `data` has.
pub(super) fn takes_in(data: &Path) -> usize {
    session(data).and_then(|session| Some(session["session"]["takes"].as_array()?.len())).unwrap_or(0)
}

/// Whether a sound is being made.
pub(super) fn is_making(data: &Path) -> bool {
    session(data).is_none_or(|session| !session["session"]["pending"].is_null())
}

/// Copies takes again and again until there are `count`.
pub(super) fn multiply_takes(data: &Path, count: usize) -> Result<()> {
    change_session(data, |session| {
        let takes = session["takes"].as_array().cloned().unwrap_or_default();
        let highest = takes.iter().filter_map(|take| take["id"].as_u64()).max().unwrap_or(0);
        let mut all = takes.clone();
        for (take, id) in takes.iter().cycle().zip(highest + 1..).take(count.saturating_sub(takes.len())) {
            let mut copy = take.clone();
            copy["id"] = json!(id);
            all.push(copy);
        }
        session["takes"] = json!(all);
    })
}

/// Lets the session want a model that is nowhere.
pub(super) fn lose_model(data: &Path) -> Result<()> {
    change_session(data, |session| {
        session["model_dir"] = json!("/sounds/models/wet rain");
        session["model"] = json!({ "name": "wet rain", "hash": "00000000000000000000000000000000" });
    })
}

/// Changes the session on the disk.
pub(super) fn change_session(data: &Path, change: impl FnOnce(&mut Value)) -> Result<()> {
    let mut whole = session(data).context("the session cannot be read")?;
    change(&mut whole["session"]);
    // A checksum of what it was before.
    if let Some(session) = whole["session"].as_object_mut() {
        session.remove("check");
    }
    fs::write(data.join(SESSION), whole.to_string()).context("the session cannot be written")
}

/// Copies a folder with everything in it.
pub(super) fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("{} cannot be made", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("{} cannot be read", from.display()))? {
        let entry = entry?;
        let copy = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &copy)?;
        } else {
            fs::copy(entry.path(), &copy).with_context(|| format!("{} cannot be written", copy.display()))?;
        }
    }
    Ok(())
}
