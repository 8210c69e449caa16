//! ConvNeXt block in one dimension.

use super::linear::LinearInit;
use super::{LayerNorm, Linear, ops};
use candle_core::{Result, Tensor};
use candle_nn::{Init, VarBuilder};

/// Taps of the depthwise convolution.
pub const KERNEL_TAPS: usize = 7;

/// `x + γ · W₂ gelu(W₁ norm(depthwise(x)))`,
/// [Liu et al., 2022](https://arxiv.org/abs/2201.03545), over time as in
/// [Vocos, Siuzdak 2023](https://arxiv.org/abs/2306.00814).
#[derive(Debug, Clone)]
pub struct ConvNextBlock {
    kernel: Tensor,
    kernel_bias: Tensor,
    norm: LayerNorm,
    expand: Linear,
    contract: Linear,
    layer_scale: Tensor,
}

impl ConvNextBlock {
    /// Takes the tensors of a block from `vb`.
    ///
    /// `scale_init` is the starting value of γ; one over the number of blocks keeps a deep stack near identity.
    ///
    /// # Errors
    /// A candle error if a stored tensor is missing or has another shape.
    pub fn new(dim: usize, hidden: usize, scale_init: f64, vb: &VarBuilder<'_>) -> Result<Self> {
        let bound = (3.0 / KERNEL_TAPS as f64).sqrt();
        let uniform = Init::Uniform { lo: -bound, up: bound };
        Ok(Self {
            kernel: vb.get_with_hints((KERNEL_TAPS, dim), "depthwise.weight", uniform)?,
            kernel_bias: vb.get_with_hints(dim, "depthwise.bias", Init::Const(0.0))?,
            norm: LayerNorm::new(dim, 1e-6, &vb.pp("norm"))?,
            expand: Linear::new(dim, hidden, true, LinearInit::Xavier, &vb.pp("expand"))?,
            contract: Linear::new(hidden, dim, true, LinearInit::Xavier, &vb.pp("contract"))?,
            layer_scale: vb.get_with_hints(dim, "layer_scale", Init::Const(scale_init))?,
        })
    }

    /// Applies the block.
    ///
    /// # Shapes
    /// - `x`: `[batch, frames, dim]`; returns the same.
    ///
    /// # Errors
    /// A candle error if the last dimension is not `dim`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let h = ops::add_bias(&ops::depthwise_conv(x, &self.kernel)?, &self.kernel_bias)?;
        let h = ops::gelu(&self.expand.forward(&self.norm.forward(&h)?)?)?;
        ops::add_scaled(x, &self.contract.forward(&h)?, &self.layer_scale)
    }
}
