//! The first flow and its rectification, 1-RF.
//!
//! `E ‖v_θ(x_t, t, text) - (data - noise)‖²`, Eq. (3) and (4) of FlashAudio
//! ([Liu et al., 2024](https://arxiv.org/abs/2410.12266)), with the text left out for a share of the examples so
//! that the network can be guided. On the straight path both equations are the same; 1-RF differs from the first
//! flow by where it starts ([`FlowTraining::init`]), by its times ([`Timesteps::LogitNormal`], Eq. (6)) and by which
//! noise an example starts from ([`Pairing::Assignment`], Eq. (9)).

use super::batch::{Batch, Dealt, deal, masked_mean_square, velocity_loss};
use super::latents::{Draw, mean_group};
use super::lora::Lora;
use super::optim::OptimConfig;
use super::pairing::Pairing;
use super::run::Budget;
use super::stage::{self, LossOf, StagePlan, times};
use crate::timesteps::Timesteps;
use candle_core::{Device, Tensor};
use std::path::{Path, PathBuf};
use straightshot_engine::config::FlowConfig;
use straightshot_engine::error::Result;
use straightshot_engine::flow::{Transformer, diffusion};
use straightshot_engine::model::FLOW;

pub use super::latents::{FlowData, TAIL_SHARE};

/// What the network learns to predict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Objective {
    /// The velocity of the straight path.
    #[default]
    Velocity,
    /// The noise, at levels of [`diffusion`]: the latent diffusion model that a flow is compared with.
    Noise,
}

/// Settings of this stage.
#[derive(Debug, Clone)]
pub struct FlowTraining {
    /// Sizes of the network.
    pub flow: FlowConfig,
    /// Run or model folder whose weights are the start; random weights without it.
    pub init: Option<PathBuf>,
    /// What the network learns to predict.
    pub objective: Objective,
    /// Train low-rank factors on top of the start instead of all weights; see [`super::lora`].
    pub lora: Option<Lora>,
    /// Optimiser.
    pub optim: OptimConfig,
    /// Latent tokens per step, padding included.
    pub tokens_per_step: usize,
    /// Distribution of the training time.
    pub timesteps: Timesteps,
    /// Which noise an example starts from.
    pub pairing: Pairing,
    /// Share of examples trained without text.
    pub text_dropout: f64,
    /// Seed of initial weights, order, crops, times and noise.
    pub seed: u64,
    /// When to stop.
    pub budget: Budget,
}

/// Trains until the budget is spent, writing `checkpoint.safetensors` and `log.csv` in `run`; continues a run
/// that is already there.
///
/// # Errors
/// [`straightshot_engine::ErrorKind::Io`] if the folder cannot be written, [`straightshot_engine::ErrorKind::Compute`] if a variable gets no
/// gradient, [`straightshot_engine::ErrorKind::BadData`] if the start does not fit.
pub fn train(settings: &FlowTraining, data: &FlowData, run: &Path, device: &Device) -> Result<()> {
    let stage = StagePlan {
        flow: &settings.flow,
        channels: data.channels(),
        text_dim: data.no_text().pooled.len(),
        init: settings.init.as_deref(),
        part: FLOW,
        lora: settings.lora,
        optim: settings.optim,
        seed: settings.seed,
        budget: settings.budget,
    };
    let mut waiting: Vec<Vec<Draw>> = Vec::new();
    let clips = data.clip_count();
    stage::fit(&stage, run, device, &format!("{clips} clips"), &mut |random, threads, log| {
        if waiting.is_empty() {
            waiting = data.steps(settings.tokens_per_step, settings.pairing, random)?;
            if let (Pairing::Assignment { .. } | Pairing::Nearly { .. }, Some(log)) = (settings.pairing, log)
            {
                let mut pool = waiting.concat();
                pool.sort_by_key(Draw::tokens);
                log.note(&format!(
                    "noise is assigned among {:.0} examples of equal length on average",
                    mean_group(&pool)
                ));
            }
        }
        let draws = waiting.pop().unwrap_or_default();
        let rows = data.rows(&draws, settings.text_dropout, random);
        let t = times(settings.timesteps, draws.len(), random);
        let loss = |dealt| -> (_, LossOf<'_>) {
            let of = move |network: &Transformer, d: &Dealt| match settings.objective {
                Objective::Velocity => velocity_loss(network, &d.batch, &d.t),
                Objective::Noise => noise_loss(network, &d.batch, &d.t),
            };
            (dealt, Box::new(of))
        };
        Ok(deal(&rows, &t, threads, data.channels(), device)?.into_iter().map(loss).collect())
    })
}

/// `E ‖ε_θ(√ᾱ data + √(1 - ᾱ) noise, s, text) - noise‖²`, Eq. (14) of
/// [Ho et al., 2020](https://arxiv.org/abs/2006.11239), at the levels where the times `t` (`[batch]`) fall.
fn noise_loss(network: &Transformer, b: &Batch, t: &Tensor) -> Result<Tensor> {
    let levels: Vec<usize> =
        t.to_vec1::<f32>()?.into_iter().map(|t| diffusion::level_at(f64::from(t))).collect();
    let times: Vec<f32> = levels.iter().map(|&s| diffusion::time_of(s) as f32).collect();
    let x = diffusion::diffuse(&b.noise, &b.data, &levels)?;
    let t = Tensor::new(times, t.device())?;
    let predicted = network.forward(&x, &t, &b.condition(network, &b.text)?, Some(&b.mask), &|| Ok(()))?;
    masked_mean_square(&(predicted - &b.noise)?, &b.mask)
}

#[cfg(test)]
mod tests;
