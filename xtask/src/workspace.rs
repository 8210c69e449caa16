//! Where things are and how cargo is called.
//!
//! Every command builds the same packages with the same features in the release profile, so that no crate is
//! compiled twice: neither the plugin for its host program nor a dependency for another feature set.

use crate::patch;
use crate::toolkit::Toolkit;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The features of every build; the plain library needs none of them, but shares its dependencies.
const FEATURES: &str = "straightshot/standalone";

/// What computes besides the processor. Such a build has a target folder of its own, so that neither build takes the
/// other's files for its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Accelerator {
    /// NVIDIA's, on Linux and Windows; needs nvcc, see [`crate::toolkit`].
    Cuda,
    /// Apple's, on macOS.
    Metal,
}

impl Accelerator {
    /// Its feature of our crates and its folder below `target`.
    fn name(self) -> &'static str {
        match self {
            Self::Cuda => "cuda",
            Self::Metal => "metal",
        }
    }
}

/// A program that ran and reported failure; carries the exit code for our own.
#[derive(Debug)]
pub(crate) struct Failed {
    /// What was run, for the message.
    pub(crate) what: String,
    /// Its exit code; 1 if a signal ended it.
    pub(crate) code: u8,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed with exit code {}", self.what, self.code)
    }
}

impl std::error::Error for Failed {}

/// The folders of this checkout and the patched dependencies.
pub(crate) struct Workspace {
    /// Folder of the workspace's Cargo.toml.
    pub(crate) root: PathBuf,
    /// Cargo's target folder for this build.
    pub(crate) target: PathBuf,
    /// The features of this build.
    features: String,
    /// Compiler of a CUDA build.
    toolkit: Option<Toolkit>,
    /// Value of cargo's `--config` that replaces dependencies by their patched copies.
    patched_paths: String,
}

impl Workspace {
    /// Asks cargo where things are and makes the patched copies of dependencies.
    pub(crate) fn open(accelerator: Option<Accelerator>) -> Result<Self> {
        let toolkit = match accelerator {
            Some(Accelerator::Cuda) => Some(Toolkit::find()?),
            Some(Accelerator::Metal) | None => None,
        };
        let root = root()?;
        let features = match accelerator {
            Some(accelerator) => format!("{FEATURES},straightshot/{}", accelerator.name()),
            None => FEATURES.to_owned(),
        };
        let metadata = metadata(&root, &features, &[&host_triple()?])?;
        let target =
            metadata["target_directory"].as_str().context("cargo metadata names no target folder")?;
        let mut target = PathBuf::from(target);
        let patched = patch::prepare(&metadata, &target, toolkit.is_some())?;
        // A TOML array of literal strings; literal, because paths on Windows hold backslashes.
        let quoted: Vec<String> = patched.iter().map(|copy| format!("'{}'", copy.display())).collect();
        let patched_paths = format!("paths=[{}]", quoted.join(", "));
        target.extend(accelerator.map(Accelerator::name));
        Ok(Self { root, target, features, toolkit, patched_paths })
    }

    /// A cargo command that sees the patched dependencies and leaves Cargo.lock alone.
    pub(crate) fn cargo(&self, subcommand: &str) -> Command {
        let mut command = Command::new(cargo());
        command.current_dir(&self.root).args(["--config", &self.patched_paths]).arg(subcommand);
        command.args(["--release", "--locked", "--workspace", "--features", &self.features]);
        command.arg("--target-dir").arg(&self.target);
        if let Some(toolkit) = &self.toolkit {
            toolkit.provide_to(&mut command);
        }
        command
    }

    /// A finished program of this workspace in the release folder.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.target.join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }
}

/// The top of this checkout.
pub(crate) fn root() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has no parent folder")?;
    Ok(root.to_owned())
}

/// What cargo knows about the workspace with `features`, for some platforms.
pub(crate) fn metadata(root: &Path, features: &str, platforms: &[&str]) -> Result<Value> {
    let output = Command::new(cargo())
        .args(["metadata", "--format-version", "1", "--locked", "--features", features])
        .args(platforms.iter().flat_map(|platform| ["--filter-platform", platform]))
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .context("cargo metadata could not be started")?;
    if !output.status.success() {
        bail!("cargo metadata failed (its message is above)");
    }
    serde_json::from_slice(&output.stdout).context("cargo metadata wrote no JSON")
}

/// The cargo that started this program, else the one on the search path.
pub(crate) fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".into())
}

/// The platform triple of the compiler, for example `x86_64-unknown-linux-gnu`.
fn host_triple() -> Result<String> {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().context("rustc could not be started")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let triple =
        text.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc -vV names no host")?;
    Ok(triple.to_owned())
}

/// Runs a command to its end with the terminal attached.
///
/// `what` names it in the error message.
pub(crate) fn run(command: &mut Command, what: &str) -> Result<()> {
    let status = command.status().with_context(|| format!("{what} could not be started"))?;
    if status.success() {
        return Ok(());
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Err(Failed { what: what.to_owned(), code }.into())
}
