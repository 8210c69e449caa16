//! `straightshot`: the engine from the command line.

mod bench;
mod evaluate;
mod generate;
mod label;
mod pack;
mod reconstruct;
mod train;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Text to foley in one step.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure warm generations, split per stage.
    Bench(bench::Arguments),
    /// Judge a model on a held-out split: distances, label and text scores, straightness, times.
    Evaluate(evaluate::Arguments),
    /// Make a sound from a prompt.
    Generate(generate::Arguments),
    /// Name what an independent classifier hears in sound files.
    Label(label::Arguments),
    /// Assemble a model folder from training runs.
    Pack(pack::Arguments),
    /// Send a sound through the codec and back.
    Reconstruct(reconstruct::Arguments),
    /// Train a stage of a model; a stopped run continues where it was.
    Train(train::Arguments),
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::Generate(arguments) => generate::run(&arguments),
        Command::Label(arguments) => label::run(&arguments),
        Command::Pack(arguments) => pack::run(&arguments),
        Command::Reconstruct(arguments) => reconstruct::run(&arguments),
        Command::Train(arguments) => train::run(&arguments),
    }
}
