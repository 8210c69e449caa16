//! `cargo xtask test`: every check, cheapest first; the first failure stops it.

use crate::bundle::{Bundles, bundle};
use crate::setup;
use crate::workspace::{Failed, Workspace, cargo, run};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// What the Python host tests are run with; pinned, because a host's behaviour is part of the test.
const PYTHON_PACKAGES: &[&str] = &["pedalboard==0.9.26", "mido==1.3.3", "numpy==2.2.6"];

/// Runs all checks and prints the totals.
pub(crate) fn test() -> Result<()> {
    let start = Instant::now();
    setup::ensure(setup::Purpose::Test)?;
    let workspace = Workspace::open(None)?;
    step("format", || {
        run(Command::new(cargo()).args(["fmt", "--all", "--check"]).current_dir(&workspace.root), "cargo fmt")
    })?;
    step("lints", || {
        let mut clippy = workspace.cargo("clippy");
        // --no-deps: the patched dependencies are not ours to lint.
        run(clippy.args(["--all-targets", "--no-deps", "--", "-D", "warnings"]), "cargo clippy")
    })?;
    let bundles = step("bundle", || bundle(None))?;
    let mut totals = step("cargo test", || cargo_test(&bundles))?;
    totals.push(step("Python host tests", || python_tests(&bundles))?);
    println!("\nall checks passed in {:.0} s:", start.elapsed().as_secs_f64());
    for line in totals {
        println!("  {line}");
    }
    Ok(())
}

/// Announces a step, runs it and prints how long it took.
fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("\n=== {name}");
    let start = Instant::now();
    let result = work().with_context(|| format!("the step \"{name}\" failed"))?;
    println!("=== {name}: {:.0} s", start.elapsed().as_secs_f64());
    Ok(result)
}

/// Runs the Rust tests and returns cargo's summary lines.
fn cargo_test(bundles: &Bundles) -> Result<Vec<String>> {
    let mut command = bundles.workspace.cargo("test");
    command
        .arg("--no-fail-fast")
        .env("STRAIGHTSHOT_CLAP", &bundles.clap)
        .env("STRAIGHTSHOT_VST3", &bundles.vst3);
    let mut child = command.stdout(Stdio::piped()).spawn().context("cargo test could not be started")?;
    let output = child.stdout.take().context("cargo test has no output")?;
    let mut summaries = Vec::new();
    for line in BufReader::new(output).lines() {
        let line = line.context("the output of cargo test is not text")?;
        println!("{line}");
        if line.starts_with("test result:") {
            summaries.push(line);
        }
    }
    let status = child.wait().context("cargo test cannot be waited for")?;
    if !status.success() {
        for line in &summaries {
            println!("{line}");
        }
        return Err(Failed { what: "cargo test".into(), code: 1 }.into());
    }
    Ok(summaries)
}

/// Runs each script of `tests/python` in an environment of its own and returns a summary line.
fn python_tests(bundles: &Bundles) -> Result<String> {
    let python = python_environment(&bundles.workspace)?;
    let scripts = python_scripts(&bundles.workspace.root.join("tests").join("python"))?;
    for script in &scripts {
        let name = script.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut command = Command::new(&python);
        command.arg(script).env("STRAIGHTSHOT_VST3", &bundles.vst3).env("PYTHONDONTWRITEBYTECODE", "1");
        run(&mut command, &name)?;
        println!("{name}: ok");
    }
    Ok(format!("Python host tests: ok. {} passed; 0 failed", scripts.len()))
}

/// The test scripts, in the order of their names.
fn python_scripts(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut scripts = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let path = entry?.path();
        let is_test = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("test_"));
        if is_test && path.extension().is_some_and(|extension| extension == "py") {
            scripts.push(path);
        }
    }
    scripts.sort();
    ensure!(!scripts.is_empty(), "{} holds no test_*.py", folder.display());
    Ok(scripts)
}

/// The interpreter of a virtual environment with [`PYTHON_PACKAGES`]; made at the first run.
fn python_environment(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target.join("python");
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let stamp = folder.join("packages.txt");
    let wanted = PYTHON_PACKAGES.join("\n");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder), "python3 -m venv")?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"]);
    run(pip.args(PYTHON_PACKAGES), "pip install")?;
    fs::write(&stamp, wanted).context("the note about installed packages cannot be written")?;
    Ok(python)
}
