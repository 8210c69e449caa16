//! Consistency distillation, the baseline of AudioLCM and ConsistencyTTA.
//!
//! `E ‖f_θ(x_t, t) - f_θ⁻(x̂_t', t')‖²`, Eq. (7) of [Song et al., 2023](https://arxiv.org/abs/2303.01469) with
//! `f(x, t) = x + (1 - t) v(x, t)`, where `x̂_t'` is one guided Euler step of the first flow from `x_t` to the next of
//! [`ConsistencyTraining::levels`] times, and θ⁻ is θ without gradient
//! ([Song and Dhariwal, 2023](https://arxiv.org/abs/2310.14189): an average gains nothing).

use super::batch::{Dealt, deal, masked_mean_square, stack};
use super::latents::{Draw, FlowData};
use super::optim::OptimConfig;
use super::pairing::Pairing;
use super::reflow::guided;
use super::run::Budget;
use super::stage::{self, LossOf, StagePlan, teacher};
use candle_core::{Device, Tensor};
use std::path::{Path, PathBuf};
use straightshot_engine::config::FlowConfig;
use straightshot_engine::error::Result;
use straightshot_engine::flow::path::{DATA_TIME, NOISE_TIME};
use straightshot_engine::flow::sampler::end_of;
use straightshot_engine::flow::{Transformer, path};
use straightshot_engine::model::FLOW;

/// Settings of this stage.
#[derive(Debug, Clone)]
pub struct ConsistencyTraining {
    /// Sizes of the network.
    pub flow: FlowConfig,
    /// Run or model folder of the first flow: the teacher and the start.
    pub init: PathBuf,
    /// Optimiser.
    pub optim: OptimConfig,
    /// Latent tokens per step, padding included.
    pub tokens_per_step: usize,
    /// Times that a trajectory is cut into, evenly spaced.
    pub levels: usize,
    /// Guidance scale of the teacher, which the student learns.
    pub omega: f64,
    /// Seed of order, crops, times and noise.
    pub seed: u64,
    /// When to stop.
    pub budget: Budget,
}

/// Trains until the budget is spent; see `stage::fit`.
///
/// # Errors
/// Those of `stage::fit`.
pub fn train(settings: &ConsistencyTraining, data: &FlowData, run: &Path, device: &Device) -> Result<()> {
    let (channels, text_dim) = (data.channels(), data.no_text().pooled.len());
    let stage = StagePlan {
        flow: &settings.flow,
        channels,
        text_dim,
        init: Some(&settings.init),
        part: FLOW,
        lora: None,
        optim: settings.optim,
        seed: settings.seed,
        budget: settings.budget,
    };
    let first = teacher(&settings.init, &settings.flow, channels, text_dim, device)?;
    let (first, levels) = (&first, settings.levels.max(1));
    let step = (DATA_TIME - NOISE_TIME) / levels as f64;
    let mut waiting: Vec<Vec<Draw>> = Vec::new();
    let note = format!("{} clips", data.clip_count());
    stage::fit(&stage, run, device, &note, &mut |random, threads, _| {
        if waiting.is_empty() {
            waiting = data.steps(settings.tokens_per_step, Pairing::Independent, random)?;
        }
        let draws = waiting.pop().unwrap_or_default();
        let rows = data.rows(&draws, 0.0, random);
        let t: Vec<f32> =
            draws.iter().map(|_| (NOISE_TIME + step * random.below(levels) as f64) as f32).collect();
        let loss = |dealt| -> (_, LossOf<'_>) {
            let of = move |network: &Transformer, d: &Dealt| {
                let no_text = stack(&vec![data.no_text(); d.examples], device)?;
                let x_t = path::interpolate(&d.batch.noise, &d.batch.data, &d.t)?;
                let v = guided(first, &x_t, &d.t, &d.batch, &no_text, settings.omega)?;
                let next = (&x_t + (v * step)?)?.detach();
                let near = jump(network, &next, &(&d.t + step)?, d)?.detach();
                masked_mean_square(&(jump(network, &x_t, &d.t, d)? - near)?, &d.batch.mask)
            };
            (dealt, Box::new(of))
        };
        Ok(deal(&rows, &t, threads, channels, device)?.into_iter().map(loss).collect())
    })
}

/// `f(x_t, t)`.
fn jump(network: &Transformer, x_t: &Tensor, t: &Tensor, d: &Dealt) -> Result<Tensor> {
    let text = d.batch.condition(network, &d.batch.text)?;
    let v = network.forward(x_t, t, &text, Some(&d.batch.mask), &|| Ok(()))?;
    Ok(end_of(x_t, &v, &t.reshape((t.dim(0)?, 1, 1))?)?)
}
