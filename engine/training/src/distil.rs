//! Distillation: one Euler step becomes the whole way.
//!
//! `E ‖data' - (noise + v_θ(noise, 0, text))‖²`, Eq. (13) of FlashAudio
//! ([Liu et al., 2024](https://arxiv.org/abs/2410.12266)), on couplings that the 2-RF made. Only the velocity at the
//! time of noise is trained, so the result is for one step; more steps are for the 2-RF.

use super::batch::{Batch, deal, masked_mean_square};
use super::couplings::Couplings;
use super::optim::OptimConfig;
use super::run::Budget;
use super::stage::{self, LossOf, StagePlan};
use candle_core::{Device, Tensor};
use std::path::{Path, PathBuf};
use straightshot_engine::config::FlowConfig;
use straightshot_engine::error::Result;
use straightshot_engine::flow::Transformer;
use straightshot_engine::flow::path::{DATA_TIME, NOISE_TIME};

/// Settings of this stage.
#[derive(Debug, Clone)]
pub struct DistilTraining {
    /// Sizes of the network.
    pub flow: FlowConfig,
    /// Run folder whose averaged weights are the start: the flow that made the couplings.
    pub init: PathBuf,
    /// Optimiser.
    pub optim: OptimConfig,
    /// Latent tokens per step, padding included.
    pub tokens_per_step: usize,
    /// Seed of the order.
    pub seed: u64,
    /// When to stop.
    pub budget: Budget,
}

/// Trains until the budget is spent; see `stage::fit`.
///
/// # Errors
/// Those of `stage::fit`.
pub fn train(settings: &DistilTraining, couplings: &Couplings, run: &Path, device: &Device) -> Result<()> {
    let stage = StagePlan {
        flow: &settings.flow,
        channels: couplings.channels(),
        text_dim: couplings.no_text().pooled.len(),
        init: Some(&settings.init),
        lora: None,
        optim: settings.optim,
        seed: settings.seed,
        budget: settings.budget,
    };
    let mut waiting: Vec<Vec<usize>> = Vec::new();
    let note = format!("{} couples", couplings.count());
    stage::fit(&stage, run, device, &note, &mut |random, threads, _| {
        if waiting.is_empty() {
            waiting = couplings.steps(settings.tokens_per_step, random);
        }
        let step = waiting.pop().unwrap_or_default();
        let rows = couplings.rows(&step, 0.0, random);
        let t = vec![NOISE_TIME as f32; step.len()];
        let loss =
            |dealt| -> (_, LossOf<'_>) { (dealt, Box::new(|network, d| one_step_loss(network, &d.batch))) };
        Ok(deal(&rows, &t, threads, couplings.channels(), device)?.into_iter().map(loss).collect())
    })
}

/// Mean square of what one Euler step misses, over the tokens that exist.
pub(crate) fn one_step_loss(network: &Transformer, b: &Batch) -> Result<Tensor> {
    let t = Tensor::full(NOISE_TIME as f32, b.size()?, b.noise.device())?;
    let text = b.condition(network, &b.text)?;
    let v = network.forward(&b.noise, &t, &text, Some(&b.mask), &|| Ok(()))?;
    let end = (&b.noise + (v * (DATA_TIME - NOISE_TIME))?)?;
    masked_mean_square(&(&b.data - end)?, &b.mask)
}
