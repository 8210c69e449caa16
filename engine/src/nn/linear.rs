//! Affine map over the last dimension.

use super::eight_bit::EightBit;
use super::ops;
use candle_core::{Result, Tensor};
use candle_nn::{Init, VarBuilder};
use std::sync::{Arc, OnceLock};
use straightshot_gpu_kernels as card;

pub(crate) use card::Activation;

/// `y = x W + b`.
///
/// The weight is kept `[in_dim, out_dim]`, the transpose of PyTorch's layout: the matrix product then reads
/// it in storage order, which is 10 to 25 % faster on the CPU for the row counts of this model. The product is computed
/// in the type of the weight. Without gradients it is made with the weight in bytes where it has that form, see
/// [`super::eight_bit`].
#[derive(Debug, Clone)]
pub struct Linear {
    weight: Tensor,
    bias: Option<Tensor>,
    /// Made when it is first of use.
    eight_bit: Arc<OnceLock<Option<EightBit>>>,
}

/// How a new [`Linear`] starts when it is trained from nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LinearInit {
    /// Xavier uniform, `±sqrt(6 / (in + out))`.
    Xavier,
    /// All zeros: the layer starts as "add nothing".
    Zero,
    /// Normal with this standard deviation.
    Normal(f64),
}

/// What follows a map.
fn activate(x: &Tensor, activation: Activation) -> Result<Tensor> {
    match activation {
        Activation::None => Ok(x.clone()),
        Activation::Silu => ops::silu(x),
        Activation::Gelu => ops::gelu(x),
        Activation::GeluErf => ops::gelu_erf(x),
    }
}

impl Linear {
    /// Takes `weight` (and `bias`) from `vb`, creating them if it builds a new model.
    ///
    /// # Errors
    /// A candle error if a stored tensor is missing or has another shape.
    pub fn new(
        in_dim: usize,
        out_dim: usize,
        bias: bool,
        init: LinearInit,
        vb: &VarBuilder<'_>,
    ) -> Result<Self> {
        let hint = match init {
            LinearInit::Xavier => {
                let bound = (6.0 / (in_dim + out_dim) as f64).sqrt();
                Init::Uniform { lo: -bound, up: bound }
            }
            LinearInit::Zero => Init::Const(0.0),
            LinearInit::Normal(stdev) => Init::Randn { mean: 0.0, stdev },
        };
        let weight = vb.get_with_hints((in_dim, out_dim), "weight", hint)?;
        let bias = if bias { Some(vb.get_with_hints(out_dim, "bias", Init::Const(0.0))?) } else { None };
        Ok(Self { weight, bias, eight_bit: Arc::default() })
    }

    /// A map whose weight is stored `[out_dim, in_dim]`, as PyTorch does, with a bias; turned round here.
    ///
    /// # Errors
    /// A candle error if a stored tensor is missing or has another shape.
    pub fn from_rows(in_dim: usize, out_dim: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let weight = vb.get((out_dim, in_dim), "weight")?.t()?.contiguous()?;
        Ok(Self { weight, bias: Some(vb.get(out_dim, "bias")?), eight_bit: Arc::default() })
    }

    /// Whether weight or bias wants a gradient.
    pub(crate) fn is_trained(&self) -> bool {
        self.weight.track_op() || self.bias.as_ref().is_some_and(Tensor::track_op)
    }

    /// The weight, `[in_dim, out_dim]`.
    pub(crate) fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// The bias, `[out_dim]`.
    pub(crate) fn bias(&self) -> Option<&Tensor> {
        self.bias.as_ref()
    }

    /// Applies the map.
    ///
    /// # Shapes
    /// - `x`: `[.., in_dim]`; returns `[.., out_dim]` in the type of the weight.
    ///
    /// # Errors
    /// A candle error if the last dimension is not `in_dim`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = x.to_dtype(self.weight.dtype())?;
        let bias = self.bias.as_ref();
        let is_for_bytes = ops::is_fused(&x) && !x.track_op() && !self.is_trained();
        match if is_for_bytes { self.eight_bit()? } else { None } {
            Some(eight_bit) => eight_bit.apply(&x, bias),
            None => ops::linear(&x, &self.weight, bias),
        }
    }

    /// Applies the map, then `activation`.
    ///
    /// # Shapes
    /// - as of [`Self::forward`]
    ///
    /// # Errors
    /// A candle error if the last dimension is not `in_dim`.
    pub(crate) fn activated(&self, x: &Tensor, activation: Activation) -> Result<Tensor> {
        let Some(bias) = self.bias_on_card(&[x]) else {
            return activate(&self.forward(x)?, activation);
        };
        if x.elem_count() <= card::MOST_LINEAR_ROWS * self.weight.dim(0)? {
            return card::linear(x, &self.weight, Some(bias), activation);
        }
        card::activate(&ops::linear(x, &self.weight, None)?, Some(bias), None, activation)
    }

    /// `x + scale · y` for `y`, what the map makes of `h`.
    ///
    /// # Shapes
    /// - `x`: `[.., out_dim]`; returns the same
    /// - `scale`: `[out_dim]`
    ///
    /// # Errors
    /// A candle error if the shapes do not fit.
    pub(crate) fn add_scaled_to(&self, x: &Tensor, h: &Tensor, scale: &Tensor) -> Result<Tensor> {
        let Some(bias) = self.bias_on_card(&[x, h, scale]) else {
            return ops::add_scaled(x, &self.forward(h)?, scale);
        };
        let (clip, weight) = ops::one_clip(x, &[scale])?;
        let (y, x_clip) = (ops::linear(h, &self.weight, None)?.reshape(clip)?, x.reshape(clip)?);
        card::scale_shift(&y, Some(bias), &scale.reshape(weight)?, &x_clip)?.reshape(x.shape())
    }

    /// The bias, if there is one and all of this is for a card's kernels.
    fn bias_on_card(&self, inputs: &[&Tensor]) -> Option<&Tensor> {
        let bias = self.bias.as_ref()?;
        (card::fit(&[&self.weight, bias]) && card::fit(inputs)).then_some(bias)
    }

    /// The weight in bytes, if it has that form.
    pub(crate) fn eight_bit(&self) -> Result<Option<&EightBit>> {
        if self.eight_bit.get().is_none() {
            // Two threads may both make it; one of the two is kept.
            let made = EightBit::of(&self.weight)?;
            let _ = self.eight_bit.set(made);
        }
        Ok(self.eight_bit.get().and_then(Option::as_ref))
    }
}
