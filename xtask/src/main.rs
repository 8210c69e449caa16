//! `cargo xtask`: builds, bundles, installs, plays and tests Straightshot on a machine that has only Rust.
//!
//! This crate depends on nothing of ours and on few small crates, because every command starts by compiling
//! it. Whatever needs a plugin host lives in the `tests` package: the program `headless-host` that
//! `cargo xtask play` runs is made of the same code as the host tests.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks to its terminal"
)]

mod bundle;
mod cuda;
mod dataset;
mod latency;
mod licences;
mod patch;
mod pictures;
mod play;
mod setup;
mod test;
mod toolkit;
mod workspace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Builds, bundles, installs, plays and tests Straightshot.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

/// One variant per command; each is a function of the module named in it.
#[derive(Subcommand)]
enum Task {
    /// Checks what the build and the tests need and installs it with apt where that is possible.
    Setup,
    /// Builds Straightshot.clap and Straightshot.vst3 into target/bundled.
    Bundle(bundle::BundleArgs),
    /// Builds the bundles and copies them to the folders in which hosts look for plugins.
    Install(bundle::BundleArgs),
    /// Builds the bundles with CUDA into target/cuda and checks that they need no CUDA library to start.
    Cuda,
    /// Makes a sound from a prompt through the built plugin: in a window, or as files without a display.
    Play(play::PlayArgs),
    /// Makes pictures of the window in every state, with the real program on a virtual display.
    Pictures(pictures::PicturesArgs),
    /// Times what a host does when it scans the bundle.
    Scan,
    /// Measures drop-outs of the audio thread while sounds are made, and the time from click to sound.
    Latency(latency::LatencyArgs),
    /// Makes clips of foley by rules, with captions, to train on.
    Dataset(dataset::DatasetArgs),
    /// Writes the licence texts of all crates in the plugin to assets/licences/third-party.txt.
    Licences,
    /// Runs every check: format, lints, all tests, the bundles in real hosts.
    Test,
}

fn main() -> ExitCode {
    let result = match Cli::parse().task {
        Task::Setup => setup::ensure(setup::Purpose::Test),
        Task::Bundle(args) => bundle::bundle(args.features).map(drop),
        Task::Install(args) => bundle::install(args.features),
        Task::Cuda => cuda::cuda(),
        Task::Play(args) => play::play(&args),
        Task::Pictures(args) => pictures::pictures(&args),
        Task::Scan => play::scan(),
        Task::Latency(args) => latency::latency(&args),
        Task::Dataset(args) => dataset::dataset(&args),
        Task::Licences => licences::licences(),
        Task::Test => test::test(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            error
                .downcast_ref::<workspace::Failed>()
                .map_or(ExitCode::FAILURE, |failed| ExitCode::from(failed.code))
        }
    }
}
