//! Operations with one weight per channel: bias, affine map, scaled residual.
//!
//! candle sums the gradient of a broadcast operand with a general reduction over strides, which took more than a
//! third of a training step; here it is one pass over the rows.

use super::rowwise::{contiguous_f32, fill_rows, read, sum_rows};
use super::{composed, is_fused, scale_shift};
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};
use multiversion::multiversion;

/// `x + bias`.
///
/// # Shapes
/// - `x`: `[.., dim]`; returns the same
/// - `bias`: `[dim]`
///
/// # Errors
/// A candle error if the shapes do not fit.
pub fn add_bias(x: &Tensor, bias: &Tensor) -> Result<Tensor> {
    one_clip(x, &[bias])?;
    if is_fused(x) {
        return x.contiguous()?.apply_op2(&bias.contiguous()?, AddBias);
    }
    composed::add_bias(x, bias)
}

/// `x · scale + shift`.
///
/// # Shapes
/// - `x`: `[.., dim]`; returns the same
/// - `scale`, `shift`: `[dim]`
///
/// # Errors
/// A candle error if the shapes do not fit.
pub fn affine(x: &Tensor, scale: &Tensor, shift: &Tensor) -> Result<Tensor> {
    let (clip, weight) = one_clip(x, &[scale, shift])?;
    let y = scale_shift(&x.reshape(clip)?, &scale.reshape(weight)?, &shift.reshape(weight)?)?;
    y.reshape(x.shape())
}

/// `x + y · scale`.
///
/// # Shapes
/// - `x`, `y`: `[.., dim]`; returns the same
/// - `scale`: `[dim]`
///
/// # Errors
/// A candle error if the shapes do not fit.
pub fn add_scaled(x: &Tensor, y: &Tensor, scale: &Tensor) -> Result<Tensor> {
    let (clip, weight) = one_clip(x, &[scale])?;
    if x.dims() != y.dims() {
        bail!("add_scaled: {:?} and {:?} differ", x.shape(), y.shape());
    }
    scale_shift(&y.reshape(clip)?, &scale.reshape(weight)?, &x.reshape(clip)?)?.reshape(x.shape())
}

/// `x + factor · y`, as whatever steps along a velocity needs it.
///
/// candle's own sum of tensors of this size would be spread over threads of candle, which are outside of our pool: at
/// normal priority, and spinning between their tasks beside the host's audio thread.
///
/// # Errors
/// A candle error if the shapes differ.
pub fn add_multiple(x: &Tensor, y: &Tensor, factor: f64) -> Result<Tensor> {
    match x.dims().last() {
        Some(&dim) if is_fused(x) => add_scaled(x, y, &Tensor::full(factor as f32, dim, x.device())?),
        _ => x + (y * factor)?,
    }
}

/// All rows of `x` as one batch row and the shape of a weight beside it.
pub(crate) type OneClip = ((usize, usize, usize), (usize, usize, usize));

pub(crate) fn one_clip(x: &Tensor, weights: &[&Tensor]) -> Result<OneClip> {
    let dim = x.dims().last().copied().unwrap_or(0);
    match weights.iter().find(|w| w.dims() != [dim]) {
        Some(w) => bail!("a weight of shape {:?} does not fit channels of {:?}", w.shape(), x.shape()),
        None => Ok(((1, x.elem_count() / dim.max(1), dim), (1, 1, dim))),
    }
}

struct AddBias;

impl CustomOp2 for AddBias {
    fn name(&self) -> &'static str {
        "add-bias"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, bias) = (contiguous_f32(s1, l1)?, contiguous_f32(s2, l2)?);
        let (dim, mut out) = (bias.len(), vec![0f32; x.len()]);
        fill_rows(&mut out, dim, |row, out| add(&x[row * dim..][..dim], bias, out));
        Ok((CpuStorage::F32(out), l1.shape().clone()))
    }

    fn bwd(
        &self,
        _x: &Tensor,
        bias: &Tensor,
        _out: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let dbias = bias_grad(grad, bias)?;
        Ok((Some(grad.clone()), Some(dbias)))
    }
}

/// Slope of the loss by a bias: the sum of `grad` over rows.
pub(super) fn bias_grad(grad: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let (grad, dim) = (grad.contiguous()?, bias.elem_count());
    let guard = grad.storage_and_layout();
    let g = read(&guard)?;
    let sums = sum_rows(g.len() / dim.max(1), dim, |row, sum| accumulate(&g[row * dim..][..dim], sum));
    Tensor::from_vec(sums, dim, grad.device())
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn add(x: &[f32], y: &[f32], out: &mut [f32]) {
    for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
        *out = x + y;
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn accumulate(x: &[f32], sum: &mut [f32]) {
    for (sum, x) in sum.iter_mut().zip(x) {
        *sum += x;
    }
}
