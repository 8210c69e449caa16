//! `straightshot train reflow` and `straightshot train distil`: the stages on couplings.

use super::{Arguments, budget, device, optim, share};
use crate::plot;
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use straightshot_engine::config::FlowConfig;
use straightshot_training::checkpoint;
use straightshot_training::couplings::Couplings;
use straightshot_training::distil::{self, DistilTraining};
use straightshot_training::reflow::{self, ReflowTraining, Target};
use straightshot_training::timesteps::Timesteps;

/// What both stages take.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// Run folder.
    #[arg(long)]
    run: PathBuf,
    /// Run folder of the flow that made the couplings.
    #[arg(long)]
    init: PathBuf,
    /// Folder of the couplings; may be given several times.
    #[arg(long, required = true)]
    couplings: Vec<PathBuf>,
    /// Latent tokens per step.
    #[arg(long, default_value_t = 2048)]
    tokens_per_step: usize,
}

/// Readings of the reflow target.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum TargetName {
    /// Data less noise of the couple.
    Couple,
    /// The guided velocity of the first flow.
    Teacher,
    /// Data less noise, for the network's own guided velocity.
    Student,
}

#[derive(Debug, Args)]
pub(super) struct Reflow {
    #[command(flatten)]
    common: Common,
    /// Times: uniform, logit-normal[:MEAN,STD], mix-exp[:A] or bifocal[:ENDS,A].
    #[arg(long, default_value = "mix-exp:4")]
    timesteps: Timesteps,
    /// What the velocity is regressed on.
    #[arg(long, value_enum, default_value_t = TargetName::Couple)]
    target: TargetName,
    /// Guidance scale of the targets "teacher" and "student".
    #[arg(long, default_value_t = 2.0)]
    omega: f64,
    /// Share of examples without text, with the target "couple".
    #[arg(long, default_value_t = 0.1, value_parser = share)]
    text_dropout: f64,
}

#[derive(Debug, Args)]
pub(super) struct Distil {
    #[command(flatten)]
    common: Common,
    /// Share of examples at times between noise and data, for a network that is to be used with few steps as well
    /// (`straightshot pack --few-steps`).
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    on_the_way: f64,
}

pub(super) fn reflow(arguments: &Arguments, stage: &Reflow) -> Result<()> {
    let settings = ReflowTraining {
        flow: checkpoint::flow_config_of(&stage.common.init, FlowConfig::default())?,
        init: stage.common.init.clone(),
        optim: optim(arguments, 5e-4),
        tokens_per_step: stage.common.tokens_per_step,
        timesteps: stage.timesteps,
        target: match stage.target {
            TargetName::Couple => Target::Couple,
            TargetName::Teacher => Target::Teacher,
            TargetName::Student => Target::Student,
        },
        omega: stage.omega,
        text_dropout: stage.text_dropout,
        seed: arguments.seed,
        budget: budget(arguments),
    };
    let couplings = Couplings::open_all(&stage.common.couplings)?;
    reflow::train(&settings, &couplings, &stage.common.run, &device(arguments)?)
        .context("reflow training")?;
    plot::draw(&stage.common.run)
}

pub(super) fn distil(arguments: &Arguments, stage: &Distil) -> Result<()> {
    let settings = DistilTraining {
        flow: checkpoint::flow_config_of(&stage.common.init, FlowConfig::default())?,
        init: stage.common.init.clone(),
        optim: optim(arguments, 5e-4),
        tokens_per_step: stage.common.tokens_per_step,
        on_the_way: stage.on_the_way,
        seed: arguments.seed,
        budget: budget(arguments),
    };
    let couplings = Couplings::open_all(&stage.common.couplings)?;
    distil::train(&settings, &couplings, &stage.common.run, &device(arguments)?).context("distillation")?;
    plot::draw(&stage.common.run)
}
