//! Checks by tools that not every machine can have. What could not be run says so in the totals, and why.

use crate::workspace::{Workspace, cargo, run};
use anyhow::Result;
use std::fmt;
use std::path::Path;
use std::process::Command;

/// What checks dependencies; pinned, because a newer one may find new faults in an old commit.
const CARGO_DENY: &str = "cargo-deny@0.20.2";

/// What became of a check.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was run and passed.
    Passed {
        /// Name of the check.
        check: &'static str,
    },
    /// It could not be run here.
    LeftOut {
        /// Name of the check.
        check: &'static str,
        /// What is missing.
        reason: String,
    },
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed { check } => write!(f, "{check}: ok"),
            Self::LeftOut { check, reason } => write!(f, "{check}: NOT RUN. {reason}"),
        }
    }
}

/// Runs the tests and examples of `plugin/playback` in Miri, which finds data races and undefined behaviour: none of
/// its code is unsafe, but that of the crates which bring clips to the audio thread is.
///
/// Needs the component `miri` of a nightly toolchain.
pub(super) fn miri(workspace: &Workspace) -> Result<Outcome> {
    let check = "Miri on plugin/playback";
    let miri = || {
        let mut command = Command::new("rustup");
        // What cargo tells its children would lead rustup back to the toolchain that runs us.
        for variable in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN"] {
            command.env_remove(variable);
        }
        command.args(["run", "nightly", "cargo", "miri"]).current_dir(&workspace.root);
        command
    };
    if let Some(reason) = missing(miri().arg("--version")) {
        return Ok(Outcome::LeftOut { check, reason });
    }
    let mut test = miri();
    test.args(["test", "--locked", "--package", "straightshot-playback"]);
    test.arg("--target-dir").arg(workspace.target.join("miri"));
    // Miri changes the last bit of functions like `exp2` at random, for programs that rely on it. Some tests make the
    // same sound twice and compare.
    test.env("MIRIFLAGS", "-Zmiri-deterministic-floats");
    run(&mut test, "cargo miri test")?;
    Ok(Outcome::Passed { check })
}

/// Checks licences, bans and sources of all dependencies against `deny.toml`, then known vulnerabilities. The list of
/// those is fetched from a git host.
pub(super) fn deny(workspace: &Workspace) -> Result<Vec<Outcome>> {
    let (rules, advisories) = ("licences, bans and sources of dependencies", "advisories on dependencies");
    let tools = workspace.target.join("tools");
    println!("{CARGO_DENY} is looked for and built if need be, which takes some minutes once");
    if let Some(reason) = missing(&mut install_deny(&tools)) {
        let left_out = |check| Outcome::LeftOut { check, reason: format!("No cargo-deny: {reason}") };
        return Ok(vec![left_out(rules), left_out(advisories)]);
    }
    let deny = |arguments: &[&str]| {
        let mut command = Command::new(tools.join("bin").join("cargo-deny"));
        command.current_dir(&workspace.root).args(["--all-features", "--locked"]).args(arguments);
        command
    };
    run(&mut deny(&["check", "licenses", "bans", "sources"]), "cargo-deny")?;
    let advisories = match missing(&mut deny(&["fetch", "db"])) {
        Some(reason) => Outcome::LeftOut { check: advisories, reason },
        None => {
            run(&mut deny(&["check", "--disable-fetch", "advisories"]), "cargo-deny on advisories")?;
            Outcome::Passed { check: advisories }
        }
    };
    Ok(vec![Outcome::Passed { check: rules }, advisories])
}

/// Builds cargo-deny at the first run, and after that finds it there.
fn install_deny(tools: &Path) -> Command {
    let mut install = Command::new(cargo());
    install.args(["install", "--locked", "--root"]).arg(tools).arg(CARGO_DENY);
    install.arg("--target-dir").arg(tools.join("build"));
    // It runs for two seconds: its own settings, made for speed, would only cost time.
    install.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    install.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
    install
}

/// Why `command` cannot be run, in its own words; `None` if it can.
fn missing(command: &mut Command) -> Option<String> {
    match command.output() {
        Err(error) => Some(format!("{} could not be started: {error}", command.get_program().display())),
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(complaint(&String::from_utf8_lossy(&output.stderr))),
    }
}

/// The line that says what is wrong: the last that begins as such lines do, else the first of all.
fn complaint(said: &str) -> String {
    let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_complaint = |line: &&str| ["error", "fatal"].iter().any(|word| line.starts_with(word));
    let line = lines.clone().rfind(is_complaint).or_else(|| lines.next());
    line.unwrap_or("It failed without a word").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_runs_is_not_missing() {
        assert_eq!(missing(Command::new(cargo()).arg("--version")), None);
    }

    #[test]
    fn what_is_missing_is_said() {
        let reason =
            missing(Command::new(cargo()).arg("no-such-command")).expect("cargo has no such command");
        assert!(reason.contains("no such command"), "{reason}");
        let reason = missing(&mut Command::new("no-such-program")).expect("there is no such program");
        assert!(reason.starts_with("no-such-program could not be started"), "{reason}");
    }

    #[test]
    fn of_many_lines_the_complaint_is_told() {
        let said = "2026 [ERROR] failed to fetch\nCloning into 'x'...\nfatal: unable to access 'x'\n\n";
        assert_eq!(complaint(said), "fatal: unable to access 'x'");
        assert_eq!(
            complaint("error: 'cargo-miri' is not installed\nhelp: run x\n"),
            "error: 'cargo-miri' is not installed"
        );
        assert_eq!(complaint("\n  something\nelse"), "something");
        assert_eq!(complaint(""), "It failed without a word");
    }
}
