//! `cargo xtask test`: every check, cheapest first; the first failure stops it.
//!
//! A check that a machine cannot make is named at the end, with what is missing ([`optional`]).

mod optional;

use crate::bundle::{Bundles, bundle};
use crate::workspace::{Failed, Workspace, cargo, run};
use crate::{licences, setup};
use anyhow::{Context, Result, ensure};
use optional::Outcome;
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
    step("licence texts", licences::check)?;
    step("documentation", || document(&workspace))?;
    let mut outcomes = step("dependencies", || optional::deny(&workspace))?;
    outcomes.push(step("Miri", || optional::miri(&workspace))?);
    step("loom", || loom(&workspace))?;
    let bundles = step("bundle", || bundle(None))?;
    let mut totals = step("cargo test", || cargo_test(&bundles))?;
    totals.push(step("Python host tests", || python_tests(&bundles))?);
    totals.extend(outcomes.iter().map(ToString::to_string));
    println!("\n{} in {:.0} s:", verdict(&outcomes), start.elapsed().as_secs_f64());
    for line in totals {
        println!("  {line}");
    }
    Ok(())
}

/// What is said above the totals. Nobody shall take checks for passed that were not run.
fn verdict(outcomes: &[Outcome]) -> String {
    match outcomes.iter().filter(|outcome| matches!(outcome, Outcome::LeftOut { .. })).count() {
        0 => "all checks passed".to_owned(),
        left_out => format!("all checks passed but {left_out} that could not be run here"),
    }
}

/// Builds the documentation of our crates, private parts included: it is read by those who work on them. A link that
/// leads nowhere is an error.
fn document(workspace: &Workspace) -> Result<()> {
    let mut doc = workspace.cargo("doc");
    doc.args(["--no-deps", "--document-private-items"]);
    // Where everything is documented, links to private items lead somewhere.
    doc.env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links");
    run(&mut doc, "cargo doc")
}

/// Runs the models of `plugin/playback/src/sync.rs`: every order in which two threads can meet there. In a folder of its own,
/// for the whole crate is built for loom.
fn loom(workspace: &Workspace) -> Result<()> {
    let mut test = Command::new(cargo());
    test.args(["test", "--release", "--locked", "--package", "straightshot-playback", "--lib", "loom_"]);
    test.arg("--target-dir").arg(workspace.target.join("loom"));
    test.env("RUSTFLAGS", "--cfg loom").current_dir(&workspace.root);
    run(&mut test, "cargo test with loom")
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
        // Never the takes of whoever develops.
        .env("STRAIGHTSHOT_DATA", bundles.workspace.target.join("user-data"))
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
        command
            .arg(script)
            .env("STRAIGHTSHOT_DATA", bundles.workspace.target.join("user-data"))
            .env("STRAIGHTSHOT_VST3", &bundles.vst3)
            .env("PYTHONDONTWRITEBYTECODE", "1");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_was_left_out_is_not_called_passed() {
        let passed = Outcome::Passed { check: "one" };
        let left_out = Outcome::LeftOut { check: "another", reason: "there is no tool".to_owned() };
        assert_eq!(left_out.to_string(), "another: NOT RUN. there is no tool");
        assert_eq!(verdict(&[passed, left_out]), "all checks passed but 1 that could not be run here");
        assert_eq!(verdict(&[]), "all checks passed");
    }
}
