//! Gated feed-forward layer.

use super::linear::LinearInit;
use super::{Linear, ops};
use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

/// `W₂ (silu(W₁ x) ⊙ W₃ x)`, bias-free, [Shazeer, 2020](https://arxiv.org/abs/2002.05202).
#[derive(Debug, Clone)]
pub struct SwiGlu {
    pub(crate) gate: Linear,
    pub(crate) value: Linear,
    pub(crate) out: Linear,
}

impl SwiGlu {
    /// Takes `gate` (W₁), `value` (W₃) and `out` (W₂) from `vb`.
    ///
    /// # Errors
    /// A candle error if a stored tensor is missing or has another shape.
    pub fn new(dim: usize, hidden: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let linear = |i, o, name: &str| Linear::new(i, o, false, LinearInit::Xavier, &vb.pp(name));
        Ok(Self {
            gate: linear(dim, hidden, "gate")?,
            value: linear(dim, hidden, "value")?,
            out: linear(hidden, dim, "out")?,
        })
    }

    /// Applies the layer.
    ///
    /// # Shapes
    /// - `x`: `[.., dim]`; returns the same.
    ///
    /// # Errors
    /// A candle error if the last dimension is not `dim`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.out.forward(&ops::swiglu(&self.gate.forward(x)?, &self.value.forward(x)?)?)
    }
}
