//! 2-RF: a straighter flow from couplings.
//!
//! `E ‖v_θ(z_t, t, text) - target‖²`, `z_t = (1 - t) noise + t data'`, Eq. (5) and (12) of FlashAudio
//! ([Liu et al., 2024](https://arxiv.org/abs/2410.12266)), where `(noise, data')` is a couple that the first flow
//! made. Its trajectories cross less than those of random pairs, so the new flow is straighter. Times are
//! [`Timesteps::MixExp`], Eq. (8).
//!
//! The paper's "v_cfg as the target of regression" can be read in three ways ([`Target`]).

use super::batch::{Batch, Dealt, deal, masked_mean_square, stack, velocity_loss};
use super::couplings::Couplings;
use super::optim::OptimConfig;
use super::run::Budget;
use super::stage::{self, LossOf, StagePlan, teacher, times};
use crate::timesteps::Timesteps;
use candle_core::{Device, Tensor};
use std::path::{Path, PathBuf};
use straightshot_engine::config::FlowConfig;
use straightshot_engine::error::Result;
use straightshot_engine::flow::guidance::needs_unconditional;
use straightshot_engine::flow::{Transformer, path};
use straightshot_engine::model::FLOW;
use straightshot_engine::text::TextCondition;

/// What the velocity is regressed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The network's velocity on `data' - noise`: the guidance is in the couple. The default.
    Couple,
    /// The network's velocity on the first flow's guided one, `v_ω(z_t, t)`.
    Teacher,
    /// The network's own guided velocity on `data' - noise`, as in
    /// [InstaFlow](https://arxiv.org/abs/2309.06380): it is to be guided by the same ω when used.
    Student,
}

/// Settings of this stage.
#[derive(Debug, Clone)]
pub struct ReflowTraining {
    /// Sizes of the network.
    pub flow: FlowConfig,
    /// Run folder whose averaged weights are the start and, for [`Target::Teacher`], the teacher.
    pub init: PathBuf,
    /// Optimiser.
    pub optim: OptimConfig,
    /// Latent tokens per step, padding included.
    pub tokens_per_step: usize,
    /// Distribution of the training time.
    pub timesteps: Timesteps,
    /// Reading of Eq. (12).
    pub target: Target,
    /// Guidance scale ω of [`Target::Teacher`] and [`Target::Student`].
    pub omega: f64,
    /// Share of examples trained without text, for a flow that will be guided or anchored; with
    /// [`Target::Couple`] only, the others see both anyway or regress on a text.
    pub text_dropout: f64,
    /// Seed of order and times.
    pub seed: u64,
    /// When to stop.
    pub budget: Budget,
}

/// Trains until the budget is spent; see `stage::fit`.
///
/// # Errors
/// Those of `stage::fit`.
pub fn train(settings: &ReflowTraining, couplings: &Couplings, run: &Path, device: &Device) -> Result<()> {
    let (channels, text_dim) = (couplings.channels(), couplings.no_text().pooled.len());
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
    let first = match settings.target {
        Target::Teacher => Some(teacher(&settings.init, &settings.flow, channels, text_dim, device)?),
        Target::Couple | Target::Student => None,
    };
    let dropout = if settings.target == Target::Couple { settings.text_dropout } else { 0.0 };
    let mut waiting: Vec<Vec<usize>> = Vec::new();
    let note = format!("{} couples", couplings.count());
    let (first, omega) = (first.as_ref(), settings.omega);
    stage::fit(&stage, run, device, &note, &mut |random, threads, _| {
        if waiting.is_empty() {
            waiting = couplings.steps(settings.tokens_per_step, random);
        }
        let step = waiting.pop().unwrap_or_default();
        let rows = couplings.rows(&step, dropout, random);
        let t = times(settings.timesteps, step.len(), random);
        let loss = |dealt| -> (_, LossOf<'_>) {
            let of = move |network: &Transformer, d: &Dealt| {
                let no_text = || stack(&vec![couplings.no_text(); d.examples], device);
                match (settings.target, first) {
                    (Target::Teacher, Some(first)) => {
                        teacher_loss(network, first, &d.batch, &no_text()?, &d.t, omega)
                    }
                    (Target::Student, _) => student_loss(network, &d.batch, &no_text()?, &d.t, omega),
                    _ => velocity_loss(network, &d.batch, &d.t),
                }
            };
            (dealt, Box::new(of))
        };
        Ok(deal(&rows, &t, threads, channels, device)?.into_iter().map(loss).collect())
    })
}

/// `v_ω = ω v(x_t, t | text) + (1 - ω) v(x_t, t | ∅)`, Eq. (10), at a time per row.
///
/// # Shapes
/// - `x_t`: `[batch, tokens, channels]`; `t`: `[batch]`; returns like `x_t`
pub(super) fn guided(
    network: &Transformer,
    x_t: &Tensor,
    t: &Tensor,
    batch: &Batch,
    no_text: &TextCondition,
    omega: f64,
) -> Result<Tensor> {
    let v = |text: &TextCondition| {
        network.forward(x_t, t, &batch.condition(network, text)?, Some(&batch.mask), &|| Ok(()))
    };
    let with_text = v(&batch.text)?;
    if !needs_unconditional(omega) {
        return Ok(with_text);
    }
    Ok(((with_text * omega)? + (v(no_text)? * (1.0 - omega))?)?)
}

/// [`Target::Teacher`].
fn teacher_loss(
    network: &Transformer,
    first: &Transformer,
    b: &Batch,
    no_text: &TextCondition,
    t: &Tensor,
    omega: f64,
) -> Result<Tensor> {
    let x_t = path::interpolate(&b.noise, &b.data, t)?;
    let target = guided(first, &x_t, t, b, no_text, omega)?.detach();
    let v = network.forward(&x_t, t, &b.condition(network, &b.text)?, Some(&b.mask), &|| Ok(()))?;
    masked_mean_square(&(v - target)?, &b.mask)
}

/// [`Target::Student`].
fn student_loss(
    network: &Transformer,
    b: &Batch,
    no_text: &TextCondition,
    t: &Tensor,
    omega: f64,
) -> Result<Tensor> {
    let x_t = path::interpolate(&b.noise, &b.data, t)?;
    let v = guided(network, &x_t, t, b, no_text, omega)?;
    masked_mean_square(&(v - path::velocity(&b.noise, &b.data)?)?, &b.mask)
}
