//! Guided simulation that stays near the unguided one.
//!
//! §3.4.2 and Eq. (10), (11) of FlashAudio ([Liu et al., 2024](https://arxiv.org/abs/2410.12266)), in the manner of
//! null-text inversion ([Mokady et al., 2023](https://arxiv.org/abs/2211.09794)):
//!
//! 1. The **pivot** `z*_0 = noise, .., z*_1` is simulated at ω = 1, which keeps the data's distribution.
//! 2. From the same noise, with `v_ω = ω v(z, t | text) + (1 - ω) v(z, t | ∅)`, every step first moves the features
//!    of "no text" ∅, and nothing else, towards
//!
//!    `argmin_∅ ‖z*_{t+h} - (z_t + h v_ω(z_t, t; ∅))‖²`
//!
//!    by a few steps of Adam, and is then taken with the best ∅ met. ∅ is an example's own and is carried to its next step.
//!
//! At full convergence the pivot comes back and nothing is left of the guidance. How much survives is decided by
//! [`Anchor::inner_steps`], [`Anchor::learning_rate`] and the stop rule. The paper gives none of them; the defaults
//! are those of null-text inversion where a quarter of its inner steps must do on a small machine.

use crate::batch::Batch;
use candle_core::backprop::GradStore;
use candle_core::{Tensor, Var};
use serde::{Deserialize, Serialize};
use straightshot_engine::error::{Error, ErrorKind, Result};
use straightshot_engine::flow::guidance::needs_unconditional;
use straightshot_engine::flow::transformer::Conditioned;
use straightshot_engine::flow::{Method, Transformer, integrate};
use straightshot_engine::text::TextCondition;

/// How the couples are guided.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Anchor {
    /// Guidance scale ω; at 1 the pivot is the result.
    pub omega: f64,
    /// Steps of Adam on ∅ per solver step; with 0 this is plain guidance, without a pivot.
    pub inner_steps: usize,
    /// Learning rate of the first solver step; it falls linearly to half.
    pub learning_rate: f64,
    /// An example is optimised no further in a step once its mean squared distance to the pivot is below
    /// `stop + stop_growth t`.
    pub stop: f64,
    /// Growth of that limit over the trajectory.
    pub stop_growth: f64,
}

impl Default for Anchor {
    /// Null-text inversion stops at `1e-5 + 1e-3 t` with 50 steps; a squared error grows with the squared step
    /// size, by 10 from 50 steps to 16.
    fn default() -> Self {
        Self { omega: 2.0, inner_steps: 3, learning_rate: 1e-2, stop: 1e-4, stop_growth: 1e-2 }
    }
}

/// What [`simulate`] returns.
#[derive(Debug)]
pub struct Simulated {
    /// Ends of the trajectories, `[batch, tokens, channels]`.
    pub data: Tensor,
    /// Mean squared distance of the ends to those of the pivot, per value that exists: what guidance has left. `None` if no
    /// pivot was made, as it is not where nothing is anchored.
    pub distance: Option<f64>,
    /// Steps of Adam taken, mean over examples and solver steps.
    pub inner_steps: f64,
}

/// Simulates couples along `grid`; what is anchored by Euler steps, Eq. (14).
///
/// # Shapes
/// - `no_text`: ∅ for every row of `batch`
///
/// # Errors
/// [`straightshot_engine::ErrorKind::Compute`] if the network fails; [`straightshot_engine::ErrorKind::BadData`] if something is to be
/// anchored by another method.
pub(crate) fn simulate(
    network: &Transformer,
    batch: &Batch,
    no_text: &TextCondition,
    (method, grid): (Method, &[f64]),
    anchor: &Anchor,
) -> Result<Simulated> {
    let text = batch.condition(network, &batch.text)?;
    // Without guidance it is the pivot itself, without inner steps nothing looks at one: a third of the work.
    if !needs_unconditional(anchor.omega) || anchor.inner_steps == 0 {
        let null = batch.condition(network, no_text)?;
        let field = |x: &Tensor, t: f64| {
            let v = velocity(network, x, t, &text, &batch.mask)?;
            if !needs_unconditional(anchor.omega) {
                return Ok(v);
            }
            let without = velocity(network, x, t, &null, &batch.mask)?;
            Ok(((v * anchor.omega)? + (without * (1.0 - anchor.omega))?)?)
        };
        let data = integrate(&field, method, grid, &batch.noise, &mut |_| Ok(()))?;
        return Ok(Simulated { data, distance: None, inner_steps: 0.0 });
    }
    if method != Method::Euler {
        return Err(Error::new(ErrorKind::BadData, "What is anchored is simulated by Euler steps"));
    }
    let mut pivot = vec![batch.noise.clone()];
    for w in grid.windows(2) {
        let x = &pivot[pivot.len() - 1];
        let v = velocity(network, x, w[0], &text, &batch.mask)?;
        pivot.push((x + (v * (w[1] - w[0]))?)?);
    }
    let last = pivot[pivot.len() - 1].clone();
    let mut null = NullText::new(no_text)?;
    let (mut x, mut taken) = (batch.noise.clone(), 0.0);
    for (k, w) in grid.windows(2).enumerate() {
        let (t, h) = (w[0], w[1] - w[0]);
        let guided = velocity(network, &x, t, &text, &batch.mask)?;
        let step = Step {
            network,
            batch,
            x: &x,
            t,
            // Everything but ∅'s part: h (1 - ω) v(∅) is what is missing to the next state.
            next: (&x + (guided * (h * anchor.omega))?)?,
            weight: h * (1.0 - anchor.omega),
            target: &pivot[k + 1],
        };
        let rate = anchor.learning_rate * (1.0 - 0.5 * k as f64 / (grid.len() - 1) as f64);
        let limit = anchor.stop + anchor.stop_growth * t;
        let (next, steps) = step.anchored(&mut null, anchor.inner_steps, rate, limit)?;
        (x, taken) = (next, taken + steps);
    }
    let distance = mean(&row_mean_squares(&(&x - &last)?, &batch.mask)?)?;
    Ok(Simulated { data: x, distance: Some(distance), inner_steps: taken / (grid.len() - 1) as f64 })
}

/// The nearest state to the pivot that each row has been in: the first steps of Adam are of a fixed size and may go
/// too far.
struct Best {
    end: Tensor,    // (B, tokens, channels)
    errors: Tensor, // (B)
}

impl Best {
    fn of(before: Option<Self>, end: Tensor, errors: Tensor) -> Result<Self> {
        let Some(before) = before else { return Ok(Self { end, errors }) };
        let better = errors.lt(&before.errors)?;
        let rows = better.reshape((better.dim(0)?, 1, 1))?.broadcast_as(end.shape())?;
        Ok(Self {
            end: rows.where_cond(&end, &before.end)?,
            errors: better.where_cond(&errors, &before.errors)?,
        })
    }
}

/// One solver step that is to be anchored.
struct Step<'a> {
    network: &'a Transformer,
    batch: &'a Batch,
    x: &'a Tensor,
    t: f64,
    next: Tensor,
    weight: f64,
    target: &'a Tensor,
}

impl Step<'_> {
    /// The next state after at most `most` steps of Adam on `null`, and how many were taken, mean over rows.
    fn anchored(&self, null: &mut NullText, most: usize, rate: f64, limit: f64) -> Result<(Tensor, f64)> {
        let (mut adam, mut taken) = (Adam::new(null)?, 0.0);
        let mut best: Option<Best> = None;
        let mut i = 0;
        loop {
            let end = self.end(&null.condition(i < most))?;
            let errors = row_mean_squares(&(&end - self.target)?, &self.batch.mask)?;
            let so_far = Best::of(best.take(), end.detach(), errors.detach())?;
            let active = so_far.errors.gt(limit)?.to_dtype(errors.dtype())?;
            let share = mean(&active)?;
            if i == most || share == 0.0 {
                return Ok((so_far.end, taken));
            }
            best = Some(so_far);
            i += 1;
            taken += share;
            // A sum over rows: no row's step depends on the others.
            adam.update(null, &errors.sum_all()?.backward()?, &active, rate)?;
        }
    }

    /// `z_t + h v_ω` for a ∅.
    fn end(&self, null: &TextCondition) -> Result<Tensor> {
        let null = self.batch.condition(self.network, null)?;
        let v = velocity(self.network, self.x, self.t, &null, &self.batch.mask)?;
        Ok((&self.next + (v * self.weight)?)?)
    }
}

fn velocity(network: &Transformer, x: &Tensor, t: f64, text: &Conditioned, mask: &Tensor) -> Result<Tensor> {
    let t = Tensor::full(t as f32, x.dim(0)?, x.device())?;
    network.forward(x, &t, text, Some(mask), &|| Ok(()))
}

/// Mean square of each row over the values that exist.
///
/// # Shapes
/// - `error`: `[batch, tokens, channels]`; `mask`: `[batch, tokens]`; returns `[batch]`
fn row_mean_squares(error: &Tensor, mask: &Tensor) -> Result<Tensor> {
    let per_token = error.sqr()?.mean_keepdim(2)?.squeeze(2)?;
    Ok(((per_token * mask)?.sum(1)? / mask.sum(1)?)?)
}

fn mean(x: &Tensor) -> Result<f64> {
    Ok(f64::from(x.mean_all()?.to_scalar::<f32>()?))
}

/// ∅ under optimisation: features per token and the pooled one, for every row.
struct NullText {
    tokens: Var,
    pooled: Var,
    mask: Tensor,
}

impl NullText {
    fn new(text: &TextCondition) -> Result<Self> {
        Ok(Self {
            tokens: Var::from_tensor(&text.tokens)?,
            pooled: Var::from_tensor(&text.pooled)?,
            mask: text.mask.clone(),
        })
    }

    /// The condition, with or without a way back for gradients.
    fn condition(&self, gradients: bool) -> TextCondition {
        let read = |var: &Var| if gradients { var.as_tensor().clone() } else { var.as_detached_tensor() };
        TextCondition { tokens: read(&self.tokens), mask: self.mask.clone(), pooled: read(&self.pooled) }
    }
}

/// Adam without weight decay on [`NullText`], where rows stop by themselves; new for every solver step, as in
/// null-text inversion.
struct Adam {
    /// First and second moment of each variable.
    moments: [(Tensor, Tensor); 2],
    step: i32,
}

const BETAS: (f64, f64) = (0.9, 0.999);
const EPS: f64 = 1e-8;

impl Adam {
    fn new(null: &NullText) -> Result<Self> {
        let zeros = |var: &Var| -> Result<(Tensor, Tensor)> { Ok((var.zeros_like()?, var.zeros_like()?)) };
        Ok(Self { moments: [zeros(&null.tokens)?, zeros(&null.pooled)?], step: 0 })
    }

    /// Moves the rows where `active` (`[batch]`) is one.
    fn update(&mut self, null: &NullText, grads: &GradStore, active: &Tensor, rate: f64) -> Result<()> {
        self.step += 1;
        let (b1, b2) = BETAS;
        let (c1, c2) = (1.0 - b1.powi(self.step), 1.0 - b2.powi(self.step));
        for (var, (m, v)) in [&null.tokens, &null.pooled].into_iter().zip(&mut self.moments) {
            let Some(grad) = grads.get(var) else { continue };
            // Moments that knew where it came from would keep everything that led to it.
            let grad = grad.detach();
            *m = ((&*m * b1)? + (&grad * (1.0 - b1))?)?;
            *v = ((&*v * b2)? + (grad.sqr()? * (1.0 - b2))?)?;
            let step = ((&*m * (rate / c1))? / (((&*v / c2)?.sqrt()? + EPS)?))?;
            let mut shape = vec![1; var.rank()];
            shape[0] = active.dim(0)?;
            var.set(&(var.as_tensor() - step.broadcast_mul(&active.reshape(shape)?)?)?)?;
        }
        Ok(())
    }
}
