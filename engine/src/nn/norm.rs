//! Normalisation layers over the last dimension.

use super::{Linear, in_single_precision, ops};
use candle_core::{Result, Tensor};
use candle_nn::{Init, VarBuilder};
use straightshot_gpu_kernels as card;

/// `Y = (x - mean) / sqrt(var + eps) * γ + β`, [Ba et al., 2016](https://arxiv.org/abs/1607.06450).
#[derive(Debug, Clone)]
pub struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f32,
}

impl LayerNorm {
    /// Takes `weight` and `bias` (`[dim]`) from `vb`; new ones start at one and zero.
    ///
    /// # Errors
    /// A candle error if a stored tensor is missing or has another shape.
    pub fn new(dim: usize, eps: f32, vb: &VarBuilder<'_>) -> Result<Self> {
        let vb = in_single_precision(vb);
        let weight = vb.get_with_hints(dim, "weight", Init::Const(1.0))?;
        let bias = vb.get_with_hints(dim, "bias", Init::Const(0.0))?;
        Ok(Self { weight, bias, eps })
    }

    /// Whether γ or β wants a gradient.
    pub(crate) fn is_trained(&self) -> bool {
        self.weight.track_op() || self.bias.track_op()
    }

    /// γ, β and ε.
    pub(crate) fn parts(&self) -> (&Tensor, &Tensor, f32) {
        (&self.weight, &self.bias, self.eps)
    }

    /// Normalises.
    ///
    /// # Shapes
    /// - `x`: `[.., dim]`; returns the same.
    ///
    /// # Errors
    /// A candle error if the last dimension is not `dim`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if card::fit(&[x, &self.weight, &self.bias]) {
            return card::norm(x, self.on_card());
        }
        ops::affine(&ops::layer_norm(x, self.eps)?, &self.weight, &self.bias)
    }

    /// Normalises `x + rows + bias`.
    ///
    /// # Shapes
    /// - `x`: `[batch, n, dim]`; returns the same
    /// - `rows`: `[n, dim]`
    /// - `bias`: `[dim]`
    ///
    /// # Errors
    /// A candle error if the shapes do not fit.
    pub(crate) fn of_sum(&self, x: &Tensor, rows: &Tensor, bias: &Tensor) -> Result<Tensor> {
        if card::fit(&[x, rows, bias, &self.weight, &self.bias]) {
            let norm = card::Norm { add: Some(rows), add_bias: Some(bias), ..self.on_card() };
            return card::norm(x, norm);
        }
        self.forward(&ops::add_bias(&x.broadcast_add(rows)?, bias)?)
    }

    /// Normalises `x + layer(h)`.
    ///
    /// # Shapes
    /// - `x`: `[.., dim]`; returns the same
    ///
    /// # Errors
    /// A candle error if the shapes do not fit.
    pub(crate) fn after(&self, x: &Tensor, layer: &Linear, h: &Tensor) -> Result<Tensor> {
        if let Some(bias) = layer.bias()
            && card::fit(&[x, h, layer.weight(), bias, &self.weight, &self.bias])
        {
            let read = card::Norm { add: Some(&x.contiguous()?), add_bias: Some(bias), ..self.on_card() };
            return card::norm(&ops::linear(h, layer.weight(), None)?, read);
        }
        self.forward(&(x + layer.forward(h)?)?)
    }

    /// What the card's kernel is told.
    fn on_card(&self) -> card::Norm<'_> {
        card::Norm {
            eps: self.eps,
            weight: Some(&self.weight),
            bias: Some(&self.bias),
            ..card::Norm::default()
        }
    }

    /// Normalises and modulates: `Y (1 + scale) + shift`, without γ and β.
    ///
    /// # Shapes
    /// - `x`: `[batch, n, dim]`; returns the same
    /// - `shift`, `scale`: `[batch, 1, dim]`
    ///
    /// # Errors
    /// A candle error if the shapes do not fit.
    pub(crate) fn plain_modulated(x: &Tensor, eps: f32, shift: &Tensor, scale: &Tensor) -> Result<Tensor> {
        if card::fit(&[x, shift, scale]) {
            let norm = card::Norm { eps, modulation: Some([scale, shift]), ..card::Norm::default() };
            return card::norm(x, norm);
        }
        ops::scale_shift(&ops::layer_norm(x, eps)?, &(scale + 1.0)?, shift)
    }
}

/// `Y = x / sqrt(mean(x²) + eps) * γ`, [Zhang and Sennrich, 2019](https://arxiv.org/abs/1910.07467).
#[derive(Debug, Clone)]
pub struct RmsNorm {
    pub(crate) weight: Tensor,
    pub(crate) eps: f32,
}

impl RmsNorm {
    /// Takes `weight` (`[dim]`) from `vb`; a new one starts at one.
    ///
    /// # Errors
    /// A candle error if the stored tensor is missing or has another shape.
    pub fn new(dim: usize, eps: f32, vb: &VarBuilder<'_>) -> Result<Self> {
        let weight = in_single_precision(vb).get_with_hints(dim, "weight", Init::Const(1.0))?;
        Ok(Self { weight, eps })
    }

    /// Normalises.
    ///
    /// # Shapes
    /// - `x`: `[.., dim]`; returns the same.
    ///
    /// # Errors
    /// A candle error if the last dimension is not `dim`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if card::fit(&[x, &self.weight]) {
            return card::norm(x, self.on_card());
        }
        ops::rms_norm(x, self.eps)?.broadcast_mul(&self.weight)
    }

    /// Normalises and applies an adaptive layer norm, [Peebles and Xie, 2022](https://arxiv.org/abs/2212.09748):
    /// `Y (1 + scale) + shift`, where γ joins the scale so that both cost one pass.
    ///
    /// # Shapes
    /// - `x`: `[batch, n, dim]`; returns the same
    /// - `shift`, `scale`: `[batch, 1, dim]`
    ///
    /// # Errors
    /// A candle error if the shapes do not fit.
    pub fn modulated(&self, x: &Tensor, shift: &Tensor, scale: &Tensor) -> Result<Tensor> {
        if card::fit(&[x, shift, scale, &self.weight]) {
            return card::norm(x, card::Norm { modulation: Some([scale, shift]), ..self.on_card() });
        }
        let scale = (scale + 1.0)?.broadcast_mul(&self.weight)?;
        ops::scale_shift(&ops::rms_norm(x, self.eps)?, &scale, shift)
    }

    /// What the card's kernel is told.
    fn on_card(&self) -> card::Norm<'_> {
        card::Norm { is_rms: true, eps: self.eps, weight: Some(&self.weight), ..card::Norm::default() }
    }
}
