//! Who may depend on whom (`ARCHITECTURE.md`, invariant 2), asked of cargo and read from the sources.

use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What only trains, judges, or serves a command line.
const NOT_IN_A_DAW: &[&str] = &[
    "clap",
    "csv",
    "nalgebra",
    "plotters",
    "roxmltree",
    "straightshot-cli",
    "straightshot-evaluation",
    "straightshot-pictures",
    "straightshot-rules",
    "straightshot-training",
];

/// Names of all crates that `package` is built with.
fn built_with(package: &str) -> Result<BTreeSet<String>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--locked", "--offline", "-e", "normal", "--prefix", "none", "--format", "{p}", "-p"])
        .arg(package)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .context("cargo tree could not be started")?;
    ensure!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout)?;
    Ok(lines.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect())
}

/// Checks that `package` is built with none of `others`, and that the question was understood.
fn lacks(package: &str, others: &[&str]) -> Result<()> {
    let crates = built_with(package)?;
    ensure!(crates.contains(package), "cargo tree does not name {package} itself");
    let found: Vec<_> = others.iter().filter(|other| crates.contains(**other)).collect();
    ensure!(found.is_empty(), "{package} is built with {found:?}");
    Ok(())
}

#[test]
fn the_plugin_compiles_nothing_of_training() -> Result<()> {
    lacks("straightshot", NOT_IN_A_DAW)
}

#[test]
fn the_engine_makes_sounds_and_nothing_else() -> Result<()> {
    lacks("straightshot-engine", NOT_IN_A_DAW)?;
    lacks("straightshot-engine", &["anyhow", "hound", "straightshot-sound", "symphonia"])
}

#[test]
fn words_takes_and_playback_know_no_network_and_no_window() -> Result<()> {
    let no_network = ["candle-core", "candle-nn", "egui", "nice-plug", "straightshot-engine"];
    for package in [
        "straightshot-protocol",
        "straightshot-sound",
        "straightshot-takes",
        "straightshot-playback",
        "straightshot-delivery",
        "straightshot-listening",
    ] {
        lacks(package, &no_network)?;
    }
    lacks("straightshot-playback", &["crossbeam-channel", "parking_lot", "serde", "straightshot-protocol"])
}

#[test]
fn the_detector_sees_what_is_there() {
    assert!(lacks("straightshot-cli", &["clap"]).is_err());
}

#[test]
fn the_plugin_speaks_to_the_engine_from_its_worker_alone() -> Result<()> {
    let plugin = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugin/src");
    let (mut speaking, mut waiting) = (Vec::new(), vec![plugin.clone()]);
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                waiting.push(path);
            } else if fs::read_to_string(&path)?.contains("straightshot_engine") {
                speaking.push(path.strip_prefix(&plugin)?.to_owned());
            }
        }
    }
    let (worker, others): (Vec<PathBuf>, Vec<PathBuf>) =
        speaking.into_iter().partition(|path| path.starts_with("worker") || path == Path::new("worker.rs"));
    ensure!(!worker.is_empty(), "nothing was found at all");
    ensure!(others.is_empty(), "{others:?}");
    Ok(())
}
