//! `x · scale + shift` with one scale and shift per batch row and channel.

use super::composed;
use super::rowwise::{contiguous_f32, fill_rows, read, sum_rows};
use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor, bail};
use multiversion::multiversion;

/// `y = x · scale + shift`.
///
/// # Shapes
/// - `x`: `[batch, n, dim]`; returns the same
/// - `scale`: `[batch, 1, dim]`
/// - `shift`: `[batch, 1, dim]` or like `x`
///
/// # Errors
/// A candle error if the shapes do not fit.
pub fn scale_shift(x: &Tensor, scale: &Tensor, shift: &Tensor) -> Result<Tensor> {
    let (batch, n, dim) = x.dims3()?;
    let fits = scale.dims() == [batch, 1, dim]
        && (shift.dims() == [batch, 1, dim] || shift.dims() == [batch, n, dim]);
    if !fits {
        bail!("scale_shift: {:?}, {:?} and {:?} do not fit", x.shape(), scale.shape(), shift.shape());
    }
    if [x, scale, shift].into_iter().all(super::is_fused) {
        return x.contiguous()?.apply_op3(&scale.contiguous()?, &shift.contiguous()?, ScaleShift);
    }
    composed::scale_shift(x, scale, shift)
}

struct ScaleShift;

impl CustomOp3 for ScaleShift {
    fn name(&self) -> &'static str {
        "scale-shift"
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
        let (_, n, dim) = l1.shape().dims3()?;
        let shift_rows = l3.shape().dims3()?.1;
        let mut out = vec![0f32; x.len()];
        fill_rows(&mut out, dim, |row, out| {
            let (batch, i) = (row / n, row % n);
            let shift = &shift[(batch * shift_rows + i.min(shift_rows - 1)) * dim..][..dim];
            affine(&x[row * dim..][..dim], &scale[batch * dim..][..dim], shift, out);
        });
        Ok((CpuStorage::F32(out), l1.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        scale: &Tensor,
        shift: &Tensor,
        _out: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (x, scale, grad) = (x.contiguous()?, scale.contiguous()?, grad.contiguous()?);
        let (batch, n, dim) = x.dims3()?;
        let per_row = shift.dim(1)? == 1;
        let mut dx = vec![0f32; batch * n * dim];
        let (mut dscale, mut dshift) = (Vec::new(), Vec::new());
        {
            let guards = [x.storage_and_layout(), scale.storage_and_layout(), grad.storage_and_layout()];
            let [x, scale, g] = [read(&guards[0])?, read(&guards[1])?, read(&guards[2])?];
            fill_rows(&mut dx, dim, |row, dx| {
                multiply(&g[row * dim..][..dim], &scale[row / n * dim..][..dim], dx);
            });
            for clip in (0..batch).map(|b| b * n * dim) {
                let sums = sum_rows(n, 2 * dim, |row, sum| {
                    let at = clip + row * dim;
                    accumulate(&x[at..at + dim], &g[at..at + dim], sum);
                });
                dscale.extend_from_slice(&sums[..dim]);
                dshift.extend_from_slice(&sums[dim..]);
            }
        }
        let dshift = if per_row { Tensor::from_vec(dshift, (batch, 1, dim), x.device())? } else { grad };
        Ok((
            Some(Tensor::from_vec(dx, (batch, n, dim), x.device())?),
            Some(Tensor::from_vec(dscale, (batch, 1, dim), x.device())?),
            Some(dshift),
        ))
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn affine(x: &[f32], scale: &[f32], shift: &[f32], out: &mut [f32]) {
    for (((out, x), scale), shift) in out.iter_mut().zip(x).zip(scale).zip(shift) {
        *out = x.mul_add(*scale, *shift);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn multiply(x: &[f32], y: &[f32], out: &mut [f32]) {
    for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
        *out = x * y;
    }
}

/// Adds `x · g` to the first half of `sums` and `g` to the second.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn accumulate(x: &[f32], g: &[f32], sums: &mut [f32]) {
    let (products, plain) = sums.split_at_mut(g.len());
    for (((product, plain), x), g) in products.iter_mut().zip(plain).zip(x).zip(g) {
        *product = x.mul_add(*g, *product);
        *plain += g;
    }
}
