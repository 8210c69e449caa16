//! What all flow stages share: network, start, optimiser, checkpoints and log around a loss.

use super::batch::Dealt;
use super::checkpoint::{self, RunState};
use super::optim::{AdamW, OptimConfig};
use super::run::{Budget, RunLog, Share, descend, trainable, value};
use super::seeded;
use crate::config::FlowConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::flow::Transformer;
use crate::flow::timesteps::Timesteps;
use crate::rng::{Noise, Stream};
use candle_core::{DType, Device, Tensor};
use candle_nn::{VarBuilder, VarMap};
use std::path::Path;

/// File with the state of a run in its folder.
pub const CHECKPOINT_FILE: &str = "checkpoint.safetensors";

/// A stage without its loss.
#[derive(Debug, Clone, Copy)]
pub struct Stage<'a> {
    /// Sizes of the network.
    pub flow: &'a FlowConfig,
    /// Latent channels.
    pub channels: usize,
    /// Width of the text features.
    pub text_dim: usize,
    /// Run or model folder whose weights are the start; random weights without it.
    pub init: Option<&'a Path>,
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
    stage: &Stage<'_>,
    run: &Path,
    device: &Device,
    note: &str,
    loss: &mut Loss<'_>,
) -> Result<()> {
    let map = VarMap::new();
    let vb = seeded::builder(&map, stage.seed, device);
    let network = Transformer::new(stage.flow, stage.channels, stage.text_dim, &vb)?;
    let mut optim = AdamW::new(trainable(&map, &[])?, stage.optim)?;
    let path = run.join(CHECKPOINT_FILE);
    let state = checkpoint::restore(&path, stage.init, "flow.", &mut optim)?;
    let mut log = RunLog::open(run, "step,seconds,loss,gradient_norm", &stage.budget, &state)?;
    log.note(&format!("{} parameters, {note}", optim.parameter_count()));
    let mut random = Noise::new(stage.seed ^ state.step.wrapping_mul(0x9e37_79b9), Stream::Training);
    let network = &network;
    let next = &mut |_: &RunState, threads: usize, log: Option<&mut RunLog>| {
        let shares = loss(&mut random, threads, log)?.into_iter().map(|(dealt, loss)| Share {
            weight: dealt.share,
            examples: dealt.examples,
            loss: Box::new(move || {
                let loss = loss(network, &dealt)?;
                Ok((loss.clone(), vec![value(&loss)?]))
            }),
        });
        Ok(shares.collect())
    };
    descend(&mut optim, state, &stage.budget, &path, &mut log, next)
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
    let weights = checkpoint::weights_in(run, "flow.")?;
    let vb = VarBuilder::from_tensors(weights, DType::F32, device);
    Transformer::new(flow, channels, text_dim, &vb).map_err(|e| {
        Error::new(ErrorKind::BadData, format!("{} is no flow of this size", run.display())).with_source(e)
    })
}

/// A time per example.
pub(crate) fn times(timesteps: Timesteps, examples: usize, random: &mut Noise) -> Vec<f32> {
    (0..examples).map(|_| timesteps.sample(random) as f32).collect()
}
