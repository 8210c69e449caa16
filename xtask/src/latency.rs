//! `cargo xtask latency`: whether sound drops out while the built plugin makes sounds, and how long a click takes.

use crate::bundle::bundle;
use crate::play::headless_host;
use crate::workspace::run;
use anyhow::{Context, Result, ensure};
use clap::Args;
use std::path::PathBuf;

/// What to measure and where to put it.
#[derive(Args)]
pub(crate) struct LatencyArgs {
    /// Length of the measurement; half of it with the worker at work.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Make sounds on every core; the plugin itself leaves one to the host.
    #[arg(long)]
    all_cores: bool,
    /// How the audio thread is scheduled, in turn: `realtime`, `normal` or both.
    #[arg(long, default_value = "realtime,normal")]
    priorities: String,
    /// File for the figures, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// File for a picture of the distributions.
    #[arg(long)]
    png: Option<PathBuf>,
}

/// Builds the bundle and lets the headless host measure it.
pub(crate) fn latency(args: &LatencyArgs) -> Result<()> {
    ensure!(args.minutes > 0.0, "--minutes must be above 0, not {}", args.minutes);
    let bundles = bundle(None)?;
    let mut host = headless_host(&bundles);
    host.arg("latency").args(["--minutes", &args.minutes.to_string(), "--priorities", &args.priorities]);
    if args.all_cores {
        let cores = std::thread::available_parallelism().context("the number of cores is unknown")?;
        host.arg("--threads").arg(cores.to_string());
    }
    for (option, path) in [("--json", &args.json), ("--png", &args.png)] {
        if let Some(path) = path {
            host.arg(option).arg(path);
        }
    }
    run(&mut host, "headless-host")
}
