//! `cargo xtask play`: a prompt becomes sound through the built plugin itself.
//!
//! With a display the standalone window opens with the prompt filled in and generating. Without one the program
//! `headless-host` loads the bundled CLAP, asks it for the sound through its state and writes what it plays.

use crate::bundle::{Bundles, bundle};
use crate::setup;
use crate::workspace::{Workspace, run};
use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

/// What to make and where to put it.
#[derive(Args)]
pub(crate) struct PlayArgs {
    /// What to hear, for example "glass bottle smashing on a stone floor".
    prompt: String,
    /// Solver steps: more steps, more detail.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=24))]
    steps: u32,
    /// Length in seconds, 0.25 to 30.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Start of the noise: equal seeds give equal sounds.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=999_999))]
    seed: u32,
    /// How closely to follow the prompt, 0 to 10; 1 is no guidance.
    #[arg(long, default_value_t = 4.0)]
    guidance: f64,
    /// Folder for the sound and its picture.
    #[arg(long, default_value = "play")]
    out: PathBuf,
    /// Write files even where there is a display.
    #[arg(long)]
    headless: bool,
}

impl PlayArgs {
    /// The request as the plugin's state and the standalone program spell it.
    fn request(&self) -> Value {
        json!({
            "prompt": self.prompt,
            "negative_prompt": "",
            "steps": self.steps,
            "guidance": self.guidance,
            "seed": self.seed,
            "seconds": self.seconds,
        })
    }

    /// Refuses what the plugin would refuse, before anything is built.
    fn check(&self) -> Result<()> {
        ensure!(!self.prompt.trim().is_empty(), "the prompt is empty: describe the sound to make");
        ensure!((0.25..=30.0).contains(&self.seconds), "--seconds must be 0.25 to 30, not {}", self.seconds);
        ensure!((0.0..=10.0).contains(&self.guidance), "--guidance must be 0 to 10, not {}", self.guidance);
        Ok(())
    }
}

/// Makes the sound of `args` in a window or, without a display, as files.
pub(crate) fn play(args: &PlayArgs) -> Result<()> {
    args.check()?;
    let in_window = !args.headless && has_display();
    if in_window {
        setup::ensure(setup::Purpose::Window)?;
    }
    let bundles = bundle(None)?;
    if in_window { play_in_window(&bundles.workspace, args) } else { play_to_files(&bundles, args) }
}

/// Times loading the bundle and reading its descriptor.
pub(crate) fn scan() -> Result<()> {
    let bundles = bundle(None)?;
    run(headless_host(&bundles).arg("scan"), "headless-host")
}

/// Whether a window can be opened. The standalone program speaks X11 on Linux.
fn has_display() -> bool {
    !cfg!(target_os = "linux") || std::env::var_os("DISPLAY").is_some_and(|display| !display.is_empty())
}

/// The program that hosts the bundled CLAP.
pub(crate) fn headless_host(bundles: &Bundles) -> Command {
    let mut command = Command::new(bundles.workspace.program("headless-host"));
    command.arg("--plugin").arg(&bundles.clap);
    command
}

/// Lets the headless host make the sound, its picture and its report.
fn play_to_files(bundles: &Bundles, args: &PlayArgs) -> Result<()> {
    fs::create_dir_all(&args.out).with_context(|| format!("{} cannot be made", args.out.display()))?;
    let mut host = headless_host(bundles);
    host.arg("play").arg("--request").arg(args.request().to_string()).arg("--out").arg(&args.out);
    run(&mut host, "headless-host")
}

/// Opens the standalone window and reports the plugin's own log until it is closed.
fn play_in_window(workspace: &Workspace, args: &PlayArgs) -> Result<()> {
    let log = workspace.target.join("play-log.jsonl");
    // A log of an earlier run would be reported again.
    fs::write(&log, "").with_context(|| format!("{} cannot be written", log.display()))?;
    let mut child = Command::new(workspace.program("straightshot-standalone"))
        .env("STRAIGHTSHOT_REQUEST", args.request().to_string())
        .env("STRAIGHTSHOT_LOG", &log)
        .spawn()
        .context("the standalone program could not be started")?;
    println!("the window is open; this command ends when it is closed");
    let mut reported = 0;
    let status = loop {
        let ended = child.try_wait().context("the standalone program cannot be waited for")?;
        reported = report_new_lines(&log, reported)?;
        match ended {
            Some(status) => break status,
            None => thread::sleep(Duration::from_millis(100)),
        }
    };
    ensure!(status.success(), "the standalone program ended with {status}");
    Ok(())
}

/// Prints the log's lines from number `from` on and returns how many lines there are.
fn report_new_lines(log: &Path, from: usize) -> Result<usize> {
    let text = fs::read_to_string(log).with_context(|| format!("{} cannot be read", log.display()))?;
    // The last piece is empty or a line that is still being written.
    let complete: Vec<&str> = text.split('\n').collect();
    let count = complete.len() - 1;
    for line in complete[from.min(count)..count].iter().filter_map(|line| serde_json::from_str(line).ok()) {
        report(&line);
    }
    Ok(count)
}

/// Prints one event of the plugin's log for a person.
fn report(event: &Value) {
    match event["event"].as_str() {
        Some(kind @ ("draft" | "done")) => {
            let ms = |stage: &str| event[stage].as_f64().unwrap_or(f64::NAN);
            println!(
                "{kind}: load {:.0} ms, text {:.0} ms, flow {:.0} ms ({} steps), decode {:.0} ms, resample {:.0} ms, \
                 RTF {:.3}, peak memory {:.0} MiB",
                ms("load_ms"),
                ms("text_ms"),
                ms("flow_ms"),
                event["steps"],
                ms("decode_ms"),
                ms("resample_ms"),
                ms("rtf"),
                ms("peak_rss_mib"),
            );
        }
        Some("failed") => println!("failed: {}", event["user_text"].as_str().unwrap_or("no reason given")),
        _ => {}
    }
}
