//! `cargo xtask cuda`: the build with CUDA, and checking what was built.

use crate::bundle;
use crate::workspace::{Accelerator, run};
use anyhow::{Context, Result, bail, ensure};
use std::path::Path;
use std::process::Command;

/// Builds the bundles with CUDA, then makes a sound with the command line tool, which says what it computed on.
pub(crate) fn cuda() -> Result<()> {
    let bundles = bundle::bundle(Some(Accelerator::Cuda))?;
    let [program, comparison] =
        ["straightshot", "straightshot-gpu"].map(|name| bundles.workspace.program(name));
    for file in [&program, &comparison, &bundles.clap] {
        needs_no_library(file)?;
    }
    let sound = bundles.workspace.target.join("bundled").join("check.wav");
    run(
        Command::new(&program)
            .args(["generate", "glass bottle smashing", "--steps", "1", "--out"])
            .arg(&sound),
        "straightshot generate",
    )?;
    println!("for a machine with a GPU: engine/benches/gpu.sh and {}", comparison.display());
    Ok(())
}

/// Checks that a built file is not linked to any of NVIDIA's libraries; on Linux, where a tool that came with the linker
/// says so.
fn needs_no_library(file: &Path) -> Result<()> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let output =
        Command::new("readelf").arg("-d").arg(file).output().context("readelf could not be started")?;
    ensure!(output.status.success(), "readelf cannot read {}", file.display());
    let text = String::from_utf8_lossy(&output.stdout);
    match text.lines().find(|line| line.contains("(NEEDED)") && line.contains("[libcu")) {
        Some(line) => bail!("{} is not patched, it would not start without CUDA:{line}", file.display()),
        None => Ok(()),
    }
}
