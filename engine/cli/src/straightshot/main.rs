//! `straightshot`: the engine from the command line.

/// Prints a line, if there is anyone to read it: a terminal that was closed and a disk that is full must not cost the sound
/// or the training that the line is about. Takes the place of the standard macro in this program.
macro_rules! println {
    () => { println!("") };
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

mod bench;
mod cost;
mod evaluate;
mod generate;
mod graft;
mod label;
mod nearest;
mod pack;
mod plot;
mod recognise;
mod reconstruct;
mod soak;
mod timing;
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
    /// Give the codec of a model parts that runs have trained: its decoder, its levels.
    Graft(graft::Arguments),
    /// Name what an independent classifier hears in sound files.
    Label(label::Arguments),
    /// Whether a model makes sounds of the kinds of a folder: what is nearest to them.
    Nearest(nearest::Arguments),
    /// Assemble a model folder from training runs.
    Pack(pack::Arguments),
    /// Draw the logs of training runs.
    Plot(plot::Arguments),
    /// Make sounds from a list of prompts and see whether an independent classifier recognises them.
    Recognise(recognise::Arguments),
    /// Send a sound through the codec and back.
    Reconstruct(reconstruct::Arguments),
    /// Make many takes and check that none is silent, clipped, off centre or not finite.
    Soak(soak::Arguments),
    /// Train a stage of a model; a stopped run continues where it was.
    Train(train::Arguments),
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::Generate(arguments) => generate::run(&arguments),
        Command::Graft(arguments) => graft::run(&arguments),
        Command::Label(arguments) => label::run(&arguments),
        Command::Nearest(arguments) => nearest::run(&arguments),
        Command::Pack(arguments) => pack::run(&arguments),
        Command::Plot(arguments) => plot::run(&arguments),
        Command::Recognise(arguments) => recognise::run(&arguments),
        Command::Reconstruct(arguments) => reconstruct::run(&arguments),
        Command::Soak(arguments) => soak::run(&arguments),
        Command::Train(arguments) => train::run(&arguments),
    }
}
