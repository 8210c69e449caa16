//! Operations with one weight per channel: bias, affine map, scaled residual.
//!
//! candle sums the gradient of a broadcast operand with a general reduction over strides, which took more than a
//! third of a training step; here it is one pass over the rows.

use super::rowwise::{contiguous_f32, read, rows_per_task};
use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, bail};
use multiversion::multiversion;
use rayon::prelude::*;

/// `x + bias`.
///
/// # Shapes
/// - `x`: `[.., dim]`; returns the same
/// - `bias`: `[dim]`
///
/// # Errors
/// A candle error if the shapes do not fit or a CPU tensor is not `f32`.
pub fn add_bias(x: &Tensor, bias: &Tensor) -> Result<Tensor> {
    check(x, &[bias])?;
    if x.device().is_cpu() {
        return x.contiguous()?.apply_op2(&bias.contiguous()?, AddBias);
    }
    x.broadcast_add(bias)
}

/// `x · scale + shift`.
///
/// # Shapes
/// - `x`: `[.., dim]`; returns the same
/// - `scale`, `shift`: `[dim]`
///
/// # Errors
/// A candle error if the shapes do not fit or a CPU tensor is not `f32`.
pub fn affine(x: &Tensor, scale: &Tensor, shift: &Tensor) -> Result<Tensor> {
    check(x, &[scale, shift])?;
    if x.device().is_cpu() {
        return x.contiguous()?.apply_op3(&scale.contiguous()?, &shift.contiguous()?, Affine);
    }
    x.broadcast_mul(scale)?.broadcast_add(shift)
}

/// `x + y · scale`.
///
/// # Shapes
/// - `x`, `y`: `[.., dim]`; returns the same
/// - `scale`: `[dim]`
///
/// # Errors
/// A candle error if the shapes do not fit or a CPU tensor is not `f32`.
pub fn add_scaled(x: &Tensor, y: &Tensor, scale: &Tensor) -> Result<Tensor> {
    check(x, &[scale])?;
    if x.dims() != y.dims() {
        bail!("add_scaled: {:?} and {:?} differ", x.shape(), y.shape());
    }
    if x.device().is_cpu() {
        return x.contiguous()?.apply_op3(&y.contiguous()?, &scale.contiguous()?, AddScaled);
    }
    x + y.broadcast_mul(scale)?
}

fn check(x: &Tensor, weights: &[&Tensor]) -> Result<()> {
    let dim = x.dims().last().copied().unwrap_or(0);
    match weights.iter().find(|w| w.dims() != [dim]) {
        Some(w) => bail!("a weight of shape {:?} does not fit channels of {:?}", w.shape(), x.shape()),
        None => Ok(()),
    }
}

/// Fills `out` row by row: `f(index of the first element, row)`.
fn fill_rows(out: &mut [f32], dim: usize, f: impl Fn(usize, &mut [f32]) + Sync) {
    let dim = dim.max(1);
    let chunk = rows_per_task(out.len() / dim) * dim;
    out.par_chunks_mut(chunk).enumerate().for_each(|(task, rows)| {
        for (i, row) in rows.chunks_mut(dim).enumerate() {
            f(task * chunk + i * dim, row);
        }
    });
}

/// Sums over rows: `f(index of the first element, sum)` adds a row of the `rows * dim` elements to `sum`.
fn sum_rows(rows: usize, dim: usize, f: impl Fn(usize, &mut [f32]) + Sync) -> Vec<f32> {
    let chunk = rows_per_task(rows);
    let part = |task: usize| {
        let mut sum = vec![0f32; dim];
        (task * chunk..((task + 1) * chunk).min(rows)).for_each(|row| f(row * dim, &mut sum));
        sum
    };
    let parts: Vec<Vec<f32>> = (0..rows.div_ceil(chunk)).into_par_iter().map(part).collect();
    // In order, so that the result does not depend on which thread was first.
    parts.iter().fold(vec![0f32; dim], |mut total, part| {
        total.iter_mut().zip(part).for_each(|(t, p)| *t += p);
        total
    })
}

fn column_sums(grad: &Tensor, dim: usize) -> Result<Tensor> {
    let grad = grad.contiguous()?;
    let sums = {
        let guard = grad.storage_and_layout();
        let g = read(&guard)?;
        sum_rows(g.len() / dim, dim, |at, sum| accumulate(&g[at..at + dim], sum))
    };
    Tensor::from_vec(sums, dim, grad.device())
}

/// `Σ_rows a · b` per channel.
fn column_products(a: &Tensor, b: &Tensor, dim: usize) -> Result<Tensor> {
    let (a, b) = (a.contiguous()?, b.contiguous()?);
    let sums = {
        let guards = [a.storage_and_layout(), b.storage_and_layout()];
        let [a, b] = [read(&guards[0])?, read(&guards[1])?];
        sum_rows(a.len() / dim, dim, |at, sum| accumulate_product(&a[at..at + dim], &b[at..at + dim], sum))
    };
    Tensor::from_vec(sums, dim, a.device())
}

/// `x · scale` without gradient.
fn scaled(x: &Tensor, scale: &Tensor) -> Result<Tensor> {
    let (x, scale) = (x.contiguous()?, scale.contiguous()?);
    let mut out = vec![0f32; x.elem_count()];
    {
        let guards = [x.storage_and_layout(), scale.storage_and_layout()];
        let [x, scale] = [read(&guards[0])?, read(&guards[1])?];
        fill_rows(&mut out, scale.len(), |at, row| multiply(&x[at..at + row.len()], scale, row));
    }
    Tensor::from_vec(out, x.shape().clone(), x.device())
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
        let mut out = vec![0f32; x.len()];
        fill_rows(&mut out, bias.len(), |at, row| add(&x[at..at + row.len()], bias, row));
        Ok((CpuStorage::F32(out), l1.shape().clone()))
    }

    fn bwd(
        &self,
        _x: &Tensor,
        bias: &Tensor,
        _out: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        Ok((Some(grad.clone()), Some(column_sums(grad, bias.elem_count())?)))
    }
}

struct Affine;

impl CustomOp3 for Affine {
    fn name(&self) -> &'static str {
        "affine"
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
        let (x, scale, shift) = (contiguous_f32(s1, l1)?, contiguous_f32(s2, l2)?, contiguous_f32(s3, l3)?);
        let mut out = vec![0f32; x.len()];
        fill_rows(&mut out, scale.len(), |at, row| multiply_add(&x[at..at + row.len()], scale, shift, row));
        Ok((CpuStorage::F32(out), l1.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        scale: &Tensor,
        _shift: &Tensor,
        _out: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let dim = scale.elem_count();
        Ok((Some(scaled(grad, scale)?), Some(column_products(x, grad, dim)?), Some(column_sums(grad, dim)?)))
    }
}

struct AddScaled;

impl CustomOp3 for AddScaled {
    fn name(&self) -> &'static str {
        "add-scaled"
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
        let (x, y, scale) = (contiguous_f32(s1, l1)?, contiguous_f32(s2, l2)?, contiguous_f32(s3, l3)?);
        let mut out = vec![0f32; x.len()];
        fill_rows(&mut out, scale.len(), |at, row| {
            let n = row.len();
            multiply_add(&y[at..at + n], scale, &x[at..at + n], row);
        });
        Ok((CpuStorage::F32(out), l1.shape().clone()))
    }

    fn bwd(
        &self,
        _x: &Tensor,
        y: &Tensor,
        scale: &Tensor,
        _out: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let dscale = column_products(y, grad, scale.elem_count())?;
        Ok((Some(grad.clone()), Some(scaled(grad, scale)?), Some(dscale)))
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn add(x: &[f32], y: &[f32], out: &mut [f32]) {
    for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
        *out = x + y;
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn multiply(x: &[f32], y: &[f32], out: &mut [f32]) {
    for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
        *out = x * y;
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn multiply_add(x: &[f32], scale: &[f32], shift: &[f32], out: &mut [f32]) {
    for (((out, x), scale), shift) in out.iter_mut().zip(x).zip(scale).zip(shift) {
        *out = x.mul_add(*scale, *shift);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn accumulate(x: &[f32], sum: &mut [f32]) {
    for (sum, x) in sum.iter_mut().zip(x) {
        *sum += x;
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn accumulate_product(x: &[f32], y: &[f32], sum: &mut [f32]) {
    for ((sum, x), y) in sum.iter_mut().zip(x).zip(y) {
        *sum = x.mul_add(*y, *sum);
    }
}
