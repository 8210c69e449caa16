//! ConvNeXt block on a grid of time and frequency bands.

mod tiled;

use super::linear::{Activation, LinearInit};
use super::ops::kernels;
use super::{LayerNorm, Linear, ops};
use candle_core::{Result, Tensor};
use candle_nn::{Init, VarBuilder};
use straightshot_gpu_kernels as card;

/// Taps of the kernels along time and along frequency.
pub const KERNEL_TAPS: usize = kernels::TAPS;

/// Sizes of a [`BandBlock`].
#[derive(Debug, Clone, Copy)]
pub struct BandBlockSizes {
    /// Features of a grid point.
    pub dim: usize,
    /// Hidden width of the layers that every grid point shares.
    pub hidden: usize,
    /// Bands.
    pub bands: usize,
    /// Features of each band that all bands see.
    pub mix_dim: usize,
}

/// Two residual steps: one with weights that all bands share, one that connects every band with every other.
///
/// `x + γ · W₂ gelu(W₁ norm(K_t ∗ x + K_f ∗ x))` is the block of
/// [Liu et al., 2022](https://arxiv.org/abs/2201.03545) with a kernel along time and one along frequency: what is
/// learned about a partial in one band holds in all. The second step reads a few features of every band, sends
/// them through one layer for the whole spectrum and adds the result, so that harmonics find each other.
#[derive(Debug, Clone)]
pub struct BandBlock {
    time_kernel: Tensor,
    band_kernel: Tensor,
    kernel_bias: Tensor,
    norm: LayerNorm,
    expand: Linear,
    contract: Linear,
    layer_scale: Tensor,
    mix_norm: LayerNorm,
    gather: Linear,
    mix: [Linear; 2],
    scatter: Linear,
    mix_scale: Tensor,
}

impl BandBlock {
    /// Takes the tensors of a block from `vb`; `scale_init` is the starting value of both layer scales.
    ///
    /// # Errors
    /// A candle error if a stored tensor is missing or has another shape.
    pub fn new(sizes: BandBlockSizes, scale_init: f64, vb: &VarBuilder<'_>) -> Result<Self> {
        let BandBlockSizes { dim, hidden, bands, mix_dim } = sizes;
        let bound = (1.5 / KERNEL_TAPS as f64).sqrt();
        let uniform = Init::Uniform { lo: -bound, up: bound };
        let linear = |i, o, name: &str| Linear::new(i, o, true, LinearInit::Xavier, &vb.pp(name));
        let seen = bands * mix_dim;
        Ok(Self {
            time_kernel: vb.get_with_hints((KERNEL_TAPS, dim), "time.weight", uniform)?,
            band_kernel: vb.get_with_hints((KERNEL_TAPS, dim), "band.weight", uniform)?,
            kernel_bias: vb.get_with_hints(dim, "kernel.bias", Init::Const(0.0))?,
            norm: LayerNorm::new(dim, 1e-6, &vb.pp("norm"))?,
            expand: linear(dim, hidden, "expand")?,
            contract: linear(hidden, dim, "contract")?,
            layer_scale: vb.get_with_hints(dim, "layer_scale", Init::Const(scale_init))?,
            mix_norm: LayerNorm::new(dim, 1e-6, &vb.pp("mix_norm"))?,
            gather: linear(dim, mix_dim, "gather")?,
            mix: [linear(seen, 2 * seen, "mix_expand")?, linear(2 * seen, seen, "mix_contract")?],
            scatter: linear(mix_dim, dim, "scatter")?,
            mix_scale: vb.get_with_hints(dim, "mix.layer_scale", Init::Const(scale_init))?,
        })
    }

    /// Applies the block.
    ///
    /// # Shapes
    /// - `x`: `[batch, tokens, bands, dim]`; returns the same.
    ///
    /// # Errors
    /// A candle error if the shape does not fit.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if ops::is_fused(x) && !x.track_op() && !self.is_trained() {
            return self.forward_tiled(x);
        }
        let (batch, tokens, bands, _) = x.dims4()?;
        let h = self.expand.activated(&self.correlated(x)?, Activation::Gelu)?;
        let x = self.contract.add_scaled_to(x, &h, &self.layer_scale)?;
        let h = self.gather.forward(&self.mix_norm.forward(&x)?)?.reshape((batch, tokens, ()))?;
        let h = self.mix[1].forward(&self.mix[0].activated(&h, Activation::Gelu)?)?;
        self.scatter.add_scaled_to(&x, &h.reshape((batch, tokens, bands, ()))?, &self.mix_scale)
    }

    /// `norm(K_t ∗ x + K_f ∗ x + b)`.
    fn correlated(&self, x: &Tensor) -> Result<Tensor> {
        let (batch, tokens, bands, dim) = x.dims4()?;
        let kernels = [&self.time_kernel, &self.band_kernel];
        let (weight, bias, eps) = self.norm.parts();
        let is_for_card = card::fit(&kernels) && card::fit(&[x, &self.kernel_bias, weight, bias]);
        if is_for_card && dim <= card::MOST_CROSS_DIM {
            let kernel_bias = &self.kernel_bias;
            return card::cross_norm(x, card::Cross { kernels, kernel_bias, norm: [weight, bias], eps });
        }
        let time = ops::depthwise_conv(
            &x.reshape((batch, tokens, bands * dim))?,
            &self.time_kernel.repeat((1, bands))?,
        )?;
        let band = ops::depthwise_conv(&x.reshape((batch * tokens, bands, dim))?, &self.band_kernel)?;
        let h = ops::add_bias(&(time.reshape(x.shape())? + band.reshape(x.shape())?)?, &self.kernel_bias)?;
        self.norm.forward(&h)
    }

    /// Whether any tensor of the block wants a gradient.
    pub(crate) fn is_trained(&self) -> bool {
        let linear = [&self.expand, &self.contract, &self.gather, &self.mix[0], &self.mix[1], &self.scatter];
        let own =
            [&self.time_kernel, &self.band_kernel, &self.kernel_bias, &self.layer_scale, &self.mix_scale];
        linear.iter().any(|linear| linear.is_trained())
            || [&self.norm, &self.mix_norm].iter().any(|norm| norm.is_trained())
            || own.iter().any(|tensor| tensor.track_op())
    }
}
