//! Distillation: one Euler step becomes the whole way.
//!
//! `E ‖data' - (noise + v_θ(noise, 0, text))‖²`, Eq. (13) of FlashAudio
//! ([Liu et al., 2024](https://arxiv.org/abs/2410.12266)), on couplings that the 2-RF made. Only the velocity at the
//! time of noise is trained, so the result is for one step; more steps are for the 2-RF, or for the result itself where some
//! examples are at other times ([`DistilTraining::on_the_way`]).

use super::batch::{deal, velocity_loss};
use super::checkpoint;
use super::couplings::Couplings;
use super::optim::OptimConfig;
use super::run::Budget;
use super::stage::{self, LossOf, StagePlan};
use candle_core::Device;
use std::path::{Path, PathBuf};
use straightshot_engine::config::FlowConfig;
use straightshot_engine::error::Result;
use straightshot_engine::flow::path::NOISE_TIME;
use straightshot_engine::model::{FLOW, ONE_STEP};

/// Settings of this stage.
#[derive(Debug, Clone)]
pub struct DistilTraining {
    /// Sizes of the network.
    pub flow: FlowConfig,
    /// Run folder whose averaged weights are the start: the flow that made the couplings; or model folder, whose network for
    /// few steps is the start if it has one.
    pub init: PathBuf,
    /// Optimiser.
    pub optim: OptimConfig,
    /// Latent tokens per step, padding included.
    pub tokens_per_step: usize,
    /// Share of examples at times between noise and data, drawn evenly. The velocity of a couple is the same all the way, so
    /// this is one more rectification (Eq. 5), and the network can be used with few steps as well as with one.
    pub on_the_way: f64,
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
    let has_one_step = !checkpoint::weights_in(&settings.init, ONE_STEP)?.is_empty();
    let part = if has_one_step { ONE_STEP } else { FLOW };
    let stage = StagePlan {
        flow: &settings.flow,
        channels: couplings.channels(),
        text_dim: couplings.no_text().pooled.len(),
        init: Some(&settings.init),
        part,
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
        let mut time = || {
            let is_on_the_way = random.uniform() < settings.on_the_way;
            (if is_on_the_way { random.uniform() } else { NOISE_TIME }) as f32
        };
        let t: Vec<f32> = step.iter().map(|_| time()).collect();
        let loss = |dealt| -> (_, LossOf<'_>) {
            (dealt, Box::new(|network, d| velocity_loss(network, &d.batch, &d.t)))
        };
        Ok(deal(&rows, &t, threads, couplings.channels(), device)?.into_iter().map(loss).collect())
    })
}
