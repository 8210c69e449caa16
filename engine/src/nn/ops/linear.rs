//! Affine map over the last dimension, in one product per direction.

use super::channels::bias_grad;
use super::rowwise::{contiguous_f32, read};
use super::{composed, is_fused};
use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor, bail};
use std::borrow::Cow;
use straightshot_matmul::{Before, Matrix, MatrixMut, multiply};

/// `x W + b`.
///
/// # Shapes
/// - `x`: `[.., in_dim]`
/// - `weight`: `[in_dim, out_dim]`
/// - `bias`: `[out_dim]`
/// - returns: `[.., out_dim]`
///
/// # Errors
/// A candle error if the shapes do not fit or the types differ.
pub fn linear(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let (in_dim, out_dim) = weight.dims2()?;
    let fits = x.dims().last() == Some(&in_dim) && bias.is_none_or(|bias| bias.dims() == [out_dim]);
    if !fits {
        bail!("linear: {:?} does not fit a weight of {:?}", x.shape(), weight.shape());
    }
    if !is_fused(x) {
        return composed::linear(x, weight, bias);
    }
    let bias = match bias {
        Some(bias) => bias.contiguous()?,
        None => Tensor::zeros(0, x.dtype(), x.device())?,
    };
    x.contiguous()?.apply_op3(&weight.contiguous()?, &bias, Linear)
}

/// Of input, weight and bias; an empty bias is none.
struct Linear;

/// The result on the CPU.
fn forward(x: &[f32], weight: &[f32], bias: &[f32], lx: &Layout, lw: &Layout) -> Result<(CpuStorage, Shape)> {
    let (in_dim, out_dim) = lw.shape().dims2()?;
    let rows = x.len() / in_dim.max(1);
    // The product is added to rows that are the bias already, which costs nothing beside clearing them.
    let (mut out, before) = if bias.is_empty() {
        (vec![0f32; rows * out_dim], Before::Replace)
    } else {
        (bias.repeat(rows), Before::Add)
    };
    let (x, weight) = (Matrix::new(x, rows, in_dim), Matrix::new(weight, in_dim, out_dim));
    multiply(MatrixMut::new(&mut out, rows, out_dim), before, 1.0, x, weight);
    let mut dims = lx.dims().to_vec();
    if let Some(last) = dims.last_mut() {
        *last = out_dim;
    }
    Ok((CpuStorage::F32(out), Shape::from(dims)))
}

/// `values` with nought in place of subnormal numbers. Slopes become as small where an activation has nearly none, and a
/// processor multiplies such numbers far more slowly than others.
fn without_subnormal(values: &[f32]) -> Cow<'_, [f32]> {
    if !values.iter().any(|value| value.is_subnormal()) {
        return Cow::Borrowed(values);
    }
    values.iter().map(|value| if value.is_subnormal() { 0.0 } else { *value }).collect()
}

/// Slopes of the loss by `x` and by the weight.
fn backward(x: &Tensor, weight: &Tensor, grad: &Tensor) -> Result<(Tensor, Tensor)> {
    let (in_dim, out_dim) = weight.dims2()?;
    let (x, weight, grad) = (x.contiguous()?, weight.contiguous()?, grad.contiguous()?);
    let rows = x.elem_count() / in_dim.max(1);
    let (mut dx, mut dw) = (vec![0f32; rows * in_dim], vec![0f32; in_dim * out_dim]);
    {
        let guards = [x.storage_and_layout(), weight.storage_and_layout(), grad.storage_and_layout()];
        let (grad, x) = (without_subnormal(read(&guards[2])?), without_subnormal(read(&guards[0])?));
        let g = Matrix::new(&grad, rows, out_dim);
        let w = Matrix::new(read(&guards[1])?, in_dim, out_dim);
        let x = Matrix::new(&x, rows, in_dim);
        multiply(MatrixMut::new(&mut dx, rows, in_dim), Before::Replace, 1.0, g, w.transposed());
        multiply(MatrixMut::new(&mut dw, in_dim, out_dim), Before::Replace, 1.0, x.transposed(), g);
    }
    Ok((Tensor::from_vec(dx, x.shape(), x.device())?, Tensor::from_vec(dw, weight.shape(), x.device())?))
}

impl CustomOp3 for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
        s3: &CpuStorage,
        l3: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        forward(contiguous_f32(s1, l1)?, contiguous_f32(s2, l2)?, contiguous_f32(s3, l3)?, l1, l2)
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (dx, dw) = backward(x, weight, grad)?;
        let db = if bias.elem_count() == 0 { None } else { Some(bias_grad(grad, bias)?) };
        Ok((Some(dx), Some(dw), db))
    }
}
