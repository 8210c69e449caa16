//! What all flow stages share: network, start, optimiser, checkpoints and log around a loss.

use super::batch::Dealt;
use super::checkpoint::{self, CHECKPOINT_FILE, RunState};
use super::lora::Lora;
use super::optim::{AdamW, OptimConfig};
use super::run::{Budget, RunLog, Share, descend, trainable, value};
use super::seeded;
use crate::timesteps::Timesteps;
use candle_core::{DType, Device, Tensor};
use candle_nn::{VarBuilder, VarMap};
use std::path::Path;
use straightshot_engine::config::FlowConfig;
use straightshot_engine::error::{Error, ErrorKind, Result};
use straightshot_engine::flow::Transformer;
use straightshot_engine::model::FLOW;
use straightshot_engine::rng::{Noise, Stream};

/// A stage without its loss.
#[derive(Debug, Clone, Copy)]
pub struct StagePlan<'a> {
    /// Sizes of the network.
    pub flow: &'a FlowConfig,
    /// Latent channels.
    pub channels: usize,
    /// Width of the text features.
    pub text_dim: usize,
    /// Run or model folder whose weights are the start; random weights without it.
    pub init: Option<&'a Path>,
    /// What the names of the start's weights begin with in a model folder.
    pub part: &'a str,
    /// Train low-rank factors on top of the weights of `init` instead of the weights themselves.
    pub lora: Option<Lora>,
    /// Optimiser.
    pub optim: OptimConfig,
    /// Seed of everything random, the initial weights too.
    pub seed: u64,
    /// When to stop.
    pub budget: Budget,
}

/// The loss of some examples under the network in training.
pub(crate) type LossOf<'a> = Box<dyn FnOnce(&Transformer, &Dealt) -> Result<Tensor> + Send + 'a>;

/// Examples dealt out to so many threads, each with its loss; a log is passed in while notes are welcome.
pub(crate) type Loss<'a> =
    dyn FnMut(&mut Noise, usize, Option<&mut RunLog>) -> Result<Vec<(Dealt, LossOf<'a>)>> + 'a;

/// Trains until the budget is spent, writing [`CHECKPOINT_FILE`] and `log.csv` in `run`; continues a run that is
/// already there, whose own weights then are the start.
///
/// # Errors
/// Those of `loss`; [`ErrorKind::Io`] if the folder cannot be written; [`ErrorKind::BadData`] if a checkpoint does
/// not fit; [`ErrorKind::Compute`] if a variable gets no gradient.
pub(crate) fn fit(
    stage: &StagePlan<'_>,
    run: &Path,
    device: &Device,
    note: &str,
    loss: &mut Loss<'_>,
) -> Result<()> {
    let map = VarMap::new();
    let vb = builder(stage, &map, device)?;
    // Built for every share of a step: with low-rank factors the weights are computed from those of the step. Otherwise
    // this only passes the variables on.
    let build = || Transformer::new(stage.flow, stage.channels, stage.text_dim, &vb);
    build().map_err(|e| match stage.lora {
        Some(_) => {
            Error::new(ErrorKind::BadData, "The weights to adapt are no flow of this size").with_source(e)
        }
        None => e.into(),
    })?;
    let mut optim = AdamW::new(trainable(&map, &[])?, stage.optim)?;
    let path = run.join(CHECKPOINT_FILE);
    let init = stage.init.filter(|_| stage.lora.is_none());
    let state = checkpoint::restore(&path, init, stage.part, &mut optim)?;
    let mut log = RunLog::open(run, "step,seconds,loss,gradient_norm", &stage.budget, &state)?;
    log.note(&format!("{} parameters, {note}", optim.parameter_count()));
    let mut random = Noise::new(stage.seed ^ state.step.wrapping_mul(0x9e37_79b9), Stream::Training);
    let build = &build;
    let next = &mut |_: &RunState, threads: usize, log: Option<&mut RunLog>| {
        let shares = loss(&mut random, threads, log)?.into_iter().map(|(dealt, loss)| Share {
            weight: dealt.share,
            examples: dealt.examples,
            loss: Box::new(move || {
                let loss = loss(&build()?, &dealt)?;
                Ok((loss.clone(), vec![value(&loss)?]))
            }),
        });
        Ok(shares.collect())
    };
    descend(&mut optim, state, &stage.budget, &path, &mut log, next)
}

/// Where the network in training gets its weights from; those to be trained are made in `map`.
fn builder(stage: &StagePlan<'_>, map: &VarMap, device: &Device) -> Result<VarBuilder<'static>> {
    let Some(lora) = stage.lora else { return Ok(seeded::builder(map, stage.seed, device)) };
    lora.validate()?;
    let nothing = || Error::new(ErrorKind::InvalidRequest, "There is no model that could be adapted");
    let base = checkpoint::weights_in(stage.init.ok_or_else(nothing)?, stage.part)?;
    Ok(lora.builder(base, map, stage.seed, device))
}

/// The network of a finished run with its averaged weights, not to be trained.
///
/// # Errors
/// [`ErrorKind::BadData`] if the run does not fit `flow`.
pub fn teacher(
    run: &Path,
    flow: &FlowConfig,
    channels: usize,
    text_dim: usize,
    device: &Device,
) -> Result<Transformer> {
    let weights = checkpoint::weights_in(run, FLOW)?;
    let vb = VarBuilder::from_tensors(weights, DType::F32, device);
    Transformer::new(flow, channels, text_dim, &vb).map_err(|e| {
        Error::new(ErrorKind::BadData, format!("{} is no flow of this size", run.display())).with_source(e)
    })
}

/// A time per example.
pub(crate) fn times(timesteps: Timesteps, examples: usize, random: &mut Noise) -> Vec<f32> {
    (0..examples).map(|_| timesteps.sample(random) as f32).collect()
}
