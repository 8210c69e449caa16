//! Adapters that turn row kernels into candle operations with gradients.

use super::kernels;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Storage, Tensor, bail};
use rayon::prelude::*;
use std::ops::Deref;
use std::sync::Arc;

/// The elements of a contiguous `f32` storage.
///
/// # Errors
/// If it is of another type, on another device or not contiguous.
pub fn contiguous_f32<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => Ok(&values[start..end]),
        _ => bail!("expected a contiguous f32 CPU tensor, got {layout:?}"),
    }
}

/// The elements of a contiguous `f32` CPU tensor whose storage is held for reading.
pub(super) fn read<'a>(guard: &'a (impl Deref<Target = Storage>, &Layout)) -> Result<&'a [f32]> {
    elements(&guard.0, guard.1)
}

/// The elements of a contiguous `f32` CPU tensor.
pub(crate) fn elements<'a>(storage: &'a Storage, layout: &Layout) -> Result<&'a [f32]> {
    match storage {
        Storage::Cpu(storage) => contiguous_f32(storage, layout),
        _ => bail!("expected a CPU tensor"),
    }
}

/// Rows given to one rayon task: four tasks per thread even out the load.
#[must_use]
pub fn rows_per_task(rows: usize) -> usize {
    let threads = rayon::current_num_threads();
    let tasks = if threads == 1 { 1 } else { threads * 4 };
    rows.div_ceil(tasks).max(1)
}

/// Fills `out` row by row: `f(row number, row)`.
pub(super) fn fill_rows(out: &mut [f32], dim: usize, f: impl Fn(usize, &mut [f32]) + Sync) {
    let dim = dim.max(1);
    let rows = rows_per_task(out.len() / dim);
    out.par_chunks_mut(rows * dim).enumerate().for_each(|(task, chunk)| {
        chunk.chunks_mut(dim).enumerate().for_each(|(i, row)| f(task * rows + i, row));
    });
}

/// Sums over `rows` rows: `f(row number, sum)` adds a row to `sum` of `width` values.
pub(super) fn sum_rows(rows: usize, width: usize, f: impl Fn(usize, &mut [f32]) + Sync) -> Vec<f32> {
    let chunk = rows_per_task(rows);
    let part = |task: usize| {
        let mut sum = vec![0f32; width];
        (task * chunk..((task + 1) * chunk).min(rows)).for_each(|row| f(row, &mut sum));
        sum
    };
    let parts: Vec<Vec<f32>> = (0..rows.div_ceil(chunk)).into_par_iter().map(part).collect();
    // In order, so that the result does not depend on which thread was first.
    parts.iter().fold(vec![0f32; width], |mut total, part| {
        total.iter_mut().zip(part).for_each(|(t, p)| *t += p);
        total
    })
}

fn map1(
    storage: &CpuStorage,
    layout: &Layout,
    f: impl Fn(&[f32], &mut [f32]) + Sync,
) -> Result<(CpuStorage, Shape)> {
    let x = contiguous_f32(storage, layout)?;
    let dim = layout.dims().last().copied().unwrap_or(1).max(1);
    let mut out = vec![0f32; x.len()];
    let chunk = rows_per_task(x.len() / dim) * dim;
    out.par_chunks_mut(chunk).zip(x.par_chunks(chunk)).for_each(|(out, x)| {
        for (out, x) in out.chunks_mut(dim).zip(x.chunks(dim)) {
            f(x, out);
        }
    });
    Ok((CpuStorage::F32(out), layout.shape().clone()))
}

fn map2(
    (s1, l1): (&CpuStorage, &Layout),
    (s2, l2): (&CpuStorage, &Layout),
    f: impl Fn(&[f32], &[f32], &mut [f32]) + Sync,
) -> Result<(CpuStorage, Shape)> {
    let (a, b) = (contiguous_f32(s1, l1)?, contiguous_f32(s2, l2)?);
    if a.len() != b.len() {
        bail!("row operation: shapes {:?} and {:?} differ", l1.shape(), l2.shape());
    }
    let dim = l1.dims().last().copied().unwrap_or(1).max(1);
    let mut out = vec![0f32; a.len()];
    let chunk = rows_per_task(a.len() / dim) * dim;
    out.par_chunks_mut(chunk).zip(a.par_chunks(chunk).zip(b.par_chunks(chunk))).for_each(|(out, (a, b))| {
        for (out, (a, b)) in out.chunks_mut(dim).zip(a.chunks(dim).zip(b.chunks(dim))) {
            f(a, b, out);
        }
    });
    Ok((CpuStorage::F32(out), l1.shape().clone()))
}

type Fn2 = Arc<dyn Fn(&[f32], &[f32], &mut [f32]) + Send + Sync>;

/// Forward-only row map of two inputs, used inside backward passes.
struct Plain2 {
    name: &'static str,
    f: Fn2,
}

impl CustomOp2 for Plain2 {
    fn name(&self) -> &'static str {
        self.name
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        map2((s1, l1), (s2, l2), |a, b, y| (self.f)(a, b, y))
    }
}

/// A row map `y = f(x)` with gradient `dx = g(x, dy)`.
pub(super) struct Row1<F> {
    name: &'static str,
    forward: F,
    backward: Fn2,
}

impl<F: Fn(&[f32], &mut [f32]) + Send + Sync + 'static> Row1<F> {
    pub(super) fn new(
        name: &'static str,
        forward: F,
        backward: impl Fn(&[f32], &[f32], &mut [f32]) + Send + Sync + 'static,
    ) -> Self {
        Self { name, forward, backward: Arc::new(backward) }
    }

    pub(super) fn apply(self, x: &Tensor) -> Result<Tensor> {
        x.contiguous()?.apply_op1(self)
    }
}

impl<F: Fn(&[f32], &mut [f32]) + Send + Sync + 'static> CustomOp1 for Row1<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        map1(storage, layout, &self.forward)
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let op = Plain2 { name: self.name, f: Arc::clone(&self.backward) };
        x.contiguous()?.apply_op2_no_bwd(&grad.contiguous()?, &op).map(Some)
    }
}

/// Soft-max: its gradient needs the output, not the input.
pub(super) struct Softmax;

impl CustomOp1 for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        map1(storage, layout, kernels::softmax)
    }

    fn bwd(&self, _x: &Tensor, y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let op = Plain2 { name: "softmax-grad", f: Arc::new(kernels::softmax_grad) };
        y.contiguous()?.apply_op2_no_bwd(&grad.contiguous()?, &op).map(Some)
    }
}

type Grad3 = fn(&[f32], &[f32], &[f32], &mut [f32]);

/// A row map `y = f(a, b)` with one gradient function per argument.
pub(super) struct Row2<F> {
    name: &'static str,
    forward: F,
    grad_a: Grad3,
    grad_b: Grad3,
}

impl<F: Fn(&[f32], &[f32], &mut [f32]) + Send + Sync + 'static> Row2<F> {
    pub(super) fn new(name: &'static str, forward: F, grad_a: Grad3, grad_b: Grad3) -> Self {
        Self { name, forward, grad_a, grad_b }
    }

    pub(super) fn apply(self, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        a.contiguous()?.apply_op2(&b.contiguous()?, self)
    }
}

impl<F: Fn(&[f32], &[f32], &mut [f32]) + Send + Sync + 'static> CustomOp2 for Row2<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        map2((s1, l1), (s2, l2), &self.forward)
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (a, b, grad) = (a.contiguous()?, b.contiguous()?, grad.contiguous()?);
        let gradient = |f: Grad3| a.apply_op3_no_bwd(&b, &grad, &Plain3 { name: self.name, f });
        Ok((Some(gradient(self.grad_a)?), Some(gradient(self.grad_b)?)))
    }
}

/// Forward-only row map of three inputs, used inside backward passes.
struct Plain3 {
    name: &'static str,
    f: Grad3,
}

impl candle_core::CustomOp3 for Plain3 {
    fn name(&self) -> &'static str {
        self.name
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
        let (a, b, g) = (contiguous_f32(s1, l1)?, contiguous_f32(s2, l2)?, contiguous_f32(s3, l3)?);
        let dim = l1.dims().last().copied().unwrap_or(1).max(1);
        let mut out = vec![0f32; a.len()];
        let chunk = rows_per_task(a.len() / dim) * dim;
        out.par_chunks_mut(chunk).enumerate().for_each(|(i, out)| {
            let at = i * chunk..i * chunk + out.len();
            (self.f)(&a[at.clone()], &b[at.clone()], &g[at], out);
        });
        Ok((CpuStorage::F32(out), l1.shape().clone()))
    }
}
