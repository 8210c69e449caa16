//! Affine map over the last dimension.

use super::ops;
use candle_core::{Result, Tensor};
use candle_nn::{Init, VarBuilder};

/// `y = x W + b`.
///
/// The weight is kept `[in_dim, out_dim]`, the transpose of PyTorch's layout: the matrix product then reads
/// it in storage order, which is 10 to 25 % faster on the CPU for the row counts of this model. The product is computed
/// in the type of the weight.
#[derive(Debug, Clone)]
pub struct Linear {
    weight: Tensor,
    bias: Option<Tensor>,
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
        Ok(Self { weight, bias })
    }

    /// Applies the map.
    ///
    /// # Shapes
    /// - `x`: `[.., in_dim]`; returns `[.., out_dim]` in the type of the weight.
    ///
    /// # Errors
    /// A candle error if the last dimension is not `in_dim`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut dims = x.dims().to_vec();
        let (in_dim, out_dim) = self.weight.dims2()?;
        let rows = x.elem_count() / in_dim.max(1);
        if let Some(last) = dims.last_mut() {
            *last = out_dim;
        }
        let x = x.to_dtype(self.weight.dtype())?;
        let y = x.reshape((rows, in_dim))?.matmul(&self.weight)?;
        let y = match &self.bias {
            Some(bias) => ops::add_bias(&y, bias)?,
            None => y,
        };
        y.reshape(dims)
    }
}
