//! `straightshot train couplings`.

use super::flow::Source;
use super::{Arguments, device};
use anyhow::{Context, Result};
use clap::Args;
use std::path::PathBuf;
use straightshot_engine::config::FlowConfig;
use straightshot_training::checkpoint;
use straightshot_training::couplings::anchored::Anchor;
use straightshot_training::couplings::{self, Settings, Teacher};
use straightshot_training::pairing::Pairing;

#[derive(Debug, Args)]
pub(super) struct Make {
    /// Folder to write; what is there already is kept.
    #[arg(long)]
    run: PathBuf,
    /// Run folder of the flow that makes the couples.
    #[arg(long)]
    init: PathBuf,
    #[command(flatten)]
    source: Source,
    /// Couples to make.
    #[arg(long, default_value_t = 8192)]
    count: usize,
    /// Couples per shard, at least.
    #[arg(long, default_value_t = 256)]
    per_shard: usize,
    /// Solver steps per couple.
    #[arg(long, default_value_t = 16)]
    solver_steps: u32,
    /// Let each step look at the one before instead of taking steps of Euler; with --inner-steps 0.
    #[arg(long)]
    multistep: bool,
    /// Latent tokens simulated together.
    #[arg(long, default_value_t = 2048)]
    tokens_per_batch: usize,
    /// Noise of a text: none, assignment[:EXAMPLES], nearly[:EXAMPLES] or nearest[:NOISES].
    #[arg(long, default_value = "assignment:256")]
    pairing: Pairing,
    /// Guidance scale; 1 is no guidance and costs least.
    #[arg(long, default_value_t = Anchor::default().omega)]
    omega: f64,
    /// Steps of the anchored optimisation per solver step; 0 is plain guidance.
    #[arg(long, default_value_t = Anchor::default().inner_steps)]
    inner_steps: usize,
    /// Learning rate of the anchored optimisation.
    #[arg(long, default_value_t = Anchor::default().learning_rate)]
    inner_rate: f64,
    /// Mean squared distance to the pivot that is near enough at the start ..
    #[arg(long, default_value_t = Anchor::default().stop)]
    stop: f64,
    /// .. and how much it grows until the end.
    #[arg(long, default_value_t = Anchor::default().stop_growth)]
    stop_growth: f64,
}

#[expect(clippy::print_stderr, reason = "progress of a command line tool belongs on the terminal")]
pub(super) fn run(arguments: &Arguments, make: &Make) -> Result<()> {
    let data = make.source.load(arguments)?;
    let settings = Settings {
        count: make.count,
        per_shard: make.per_shard,
        steps: make.solver_steps,
        multistep: make.multistep,
        tokens_per_batch: make.tokens_per_batch,
        pairing: make.pairing,
        anchor: Anchor {
            omega: make.omega,
            inner_steps: make.inner_steps,
            learning_rate: make.inner_rate,
            stop: make.stop,
            stop_growth: make.stop_growth,
        },
        seed: arguments.seed,
    };
    let flow = checkpoint::flow_config_of(&make.init, FlowConfig::default())?;
    let teacher = Teacher { run: make.init.clone(), flow, device: device(arguments)? };
    let seconds = arguments.minutes * 60.0;
    let progress =
        couplings::make(&settings, &teacher, &data, &make.run, seconds, &mut |text| eprintln!("{text}"))
            .context("making couplings")?;
    if progress.shards < progress.of {
        eprintln!("time is up after {} of {} shards; the same command goes on", progress.shards, progress.of);
    }
    Ok(())
}
