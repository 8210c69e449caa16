//! Classifier-free guidance.

use super::solver::VelocityField;
use super::transformer::{Conditioned, Transformer};
use crate::error::Result;
use crate::nn::ops;
use candle_core::Tensor;

/// `v = v_uncond + ω (v_cond - v_uncond)`, [Ho and Salimans, 2022](https://arxiv.org/abs/2207.12598).
///
/// Both evaluations run as one batch of twice the size, conditional half first; at ω = 1 only the conditional
/// one runs.
#[derive(Debug)]
pub struct Guided<'a, C> {
    transformer: &'a Transformer,
    condition: Conditioned,
    scale: f64,
    between_blocks: C,
}

impl<'a, C: Fn() -> Result<()>> Guided<'a, C> {
    /// Prepares a field for `scale` = ω.
    ///
    /// `condition` holds the conditional half and, unless ω = 1, the unconditional half after it.
    /// `between_blocks` is called before each block of the network and stops the evaluation by an error.
    pub fn new(transformer: &'a Transformer, condition: Conditioned, scale: f64, between_blocks: C) -> Self {
        Self { transformer, condition, scale, between_blocks }
    }
}

/// The first-order correction `v(1) + (ω - 1) ∂v/∂ω` at ω = 1, which descriptions of FlashAudio give for its anchored
/// guidance (the paper's own is in `straightshot-training`, `couplings/anchored.rs`).
///
/// `velocity_at(ω)` is any guided velocity. Where it is linear in ω, as
/// `v(ω) = v_uncond + ω (v_cond - v_uncond)` is, the result **is** `v(ω)`: for a network without ω as an input this is
/// [`Guided`] by another name. For a network that was trained with ω as an input it is the tangent at ω = 1, so a
/// large ω follows what guidance does at first and not what the network has learnt about that ω.
///
/// The derivative is a central difference, exact for what is at most quadratic in ω.
///
/// # Errors
/// Those of `velocity_at`.
pub fn first_order(velocity_at: impl Fn(f64) -> Result<Tensor>, scale: f64) -> Result<Tensor> {
    const H: f64 = 0.5;
    let slope = ((velocity_at(1.0 + H)? - velocity_at(1.0 - H)?)? / (2.0 * H))?;
    Ok((velocity_at(1.0)? + (slope * (scale - 1.0))?)?)
}

/// Whether guidance with this scale needs the unconditional half at all.
#[must_use]
pub fn needs_unconditional(scale: f64) -> bool {
    (scale - 1.0).abs() > 1e-6
}

impl<C: Fn() -> Result<()>> VelocityField for Guided<'_, C> {
    fn velocity(&self, x_t: &Tensor, t: f64) -> Result<Tensor> {
        self.under(&self.condition, x_t, t)
    }

    fn velocity_from(&self, x_t: &Tensor, t: f64, start: usize) -> Result<Tensor> {
        self.under(&self.condition.window(start, x_t.dim(1)?)?, x_t, t)
    }
}

impl<C: Fn() -> Result<()>> Guided<'_, C> {
    fn under(&self, condition: &Conditioned, x_t: &Tensor, t: f64) -> Result<Tensor> {
        let batch = x_t.dim(0)?;
        let guided = needs_unconditional(self.scale);
        let x = if guided { Tensor::cat(&[x_t, x_t], 0)? } else { x_t.clone() };
        let t = Tensor::full(t as f32, x.dim(0)?, x.device())?;
        let v = self.transformer.forward(&x, &t, condition, None, &self.between_blocks)?;
        if !guided {
            return Ok(v);
        }
        let (cond, uncond) = (v.narrow(0, 0, batch)?, v.narrow(0, batch, batch)?);
        // (1 - ω) v_uncond + ω v_cond.
        let from_uncond = ops::add_multiple(&uncond, &uncond, -self.scale)?;
        Ok(ops::add_multiple(&from_uncond, &cond, self.scale)?)
    }
}

#[cfg(test)]
mod tests;
