//! Rotary position embedding.

use super::ops::{composed, contiguous_f32, is_fused, rows_per_task};
use candle_core::{CpuStorage, CustomOp1, Device, Layout, Result, Shape, Tensor};
use rayon::prelude::*;
use std::sync::{Arc, OnceLock};

/// Cosines and sines for every position, [Su et al., 2021](https://arxiv.org/abs/2104.09864),
/// on interleaved pairs: `(x₂ᵢ, x₂ᵢ₊₁)` is turned by `position · θ^(-2i / head_dim)`.
#[derive(Debug, Clone)]
pub struct RotaryTable {
    /// `[positions, head_dim / 2]` cosines, then as many sines.
    cos: Arc<Vec<f32>>,
    sin: Arc<Vec<f32>>,
    half: usize,
    /// The same as tensors where the fused form is not used; on the device of the first that was rotated, the only one
    /// that a network has.
    tensors: Arc<OnceLock<[Tensor; 2]>>,
}

impl RotaryTable {
    /// Builds the table for `positions` frames; `theta` is 10,000 in the paper's form.
    #[must_use]
    pub fn new(positions: usize, head_dim: usize, theta: f64) -> Self {
        let half = head_dim / 2;
        let angle = |i: usize| (i / half) as f64 * theta.powf(-2.0 * (i % half) as f64 / head_dim as f64);
        let cos = (0..positions * half).map(|i| angle(i).cos() as f32).collect();
        let sin = (0..positions * half).map(|i| angle(i).sin() as f32).collect();
        Self { cos: Arc::new(cos), sin: Arc::new(sin), half, tensors: Arc::default() }
    }

    /// Number of positions in the table.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.cos.len() / self.half
    }

    /// Rotates every head of every frame by its position.
    ///
    /// # Shapes
    /// - `x`: `[batch, frames, heads * head_dim]`, `frames <= positions`; returns the same.
    ///
    /// # Errors
    /// A candle error if there are more frames than positions.
    pub fn apply(&self, x: &Tensor) -> Result<Tensor> {
        let (_, frames, dim) = x.dims3()?;
        if frames > self.positions() || !dim.is_multiple_of(2 * self.half) {
            candle_core::bail!("rope: {:?} does not fit {} positions", x.shape(), self.positions());
        }
        if is_fused(x) {
            return x.contiguous()?.apply_op1(Rotate { table: self.clone(), sign: 1.0 });
        }
        let [cos, sin] = self.tensors(x.device())?;
        composed::rotate(x, &cos.narrow(0, 0, frames)?, &sin.narrow(0, 0, frames)?)
    }

    /// Rotates one head of consecutive frames in place, the first of which is at position 0.
    ///
    /// # Shapes
    /// - `x`: `[frames, head_dim]`, `frames <= positions`
    pub(crate) fn rotate_head(&self, x: &mut [f32]) {
        let angles = self.cos.chunks_exact(self.half).zip(self.sin.chunks_exact(self.half));
        for (x, (cos, sin)) in x.chunks_exact_mut(2 * self.half).zip(angles) {
            for ((pair, cos), sin) in x.as_chunks_mut::<2>().0.iter_mut().zip(cos).zip(sin) {
                let [a, b] = *pair;
                *pair = [a * cos - b * sin, a * sin + b * cos];
            }
        }
    }

    pub(super) fn tensors(&self, device: &Device) -> Result<&[Tensor; 2]> {
        if let Some(tensors) = self.tensors.get() {
            return Ok(tensors);
        }
        let tensor = |v: &[f32]| Tensor::from_slice(v, (self.positions(), self.half), device);
        let tensors = [tensor(&self.cos)?, tensor(&self.sin)?];
        Ok(self.tensors.get_or_init(|| tensors))
    }
}

struct Rotate {
    table: RotaryTable,
    sign: f32,
}

impl CustomOp1 for Rotate {
    fn name(&self) -> &'static str {
        "rope"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = contiguous_f32(storage, layout)?;
        let (batch, frames, dim) = layout.shape().dims3()?;
        let half = self.table.half;
        let mut out = vec![0f32; x.len()];
        let rows = rows_per_task(batch * frames);
        out.par_chunks_mut(rows * dim).zip(x.par_chunks(rows * dim)).enumerate().for_each(
            |(task, (out, x))| {
                for (j, (out, x)) in out.chunks_mut(dim).zip(x.chunks(dim)).enumerate() {
                    let at = (task * rows + j) % frames * half;
                    let (cos, sin) = (&self.table.cos[at..at + half], &self.table.sin[at..at + half]);
                    for (out, x) in out.chunks_exact_mut(2 * half).zip(x.chunks_exact(2 * half)) {
                        for i in 0..half {
                            let (a, b, s) = (x[2 * i], x[2 * i + 1], self.sign * sin[i]);
                            out[2 * i] = a * cos[i] - b * s;
                            out[2 * i + 1] = a * s + b * cos[i];
                        }
                    }
                }
            },
        );
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    fn bwd(&self, _x: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        // A rotation's adjoint is the rotation by the negative angle.
        let inverse = Rotate { table: self.table.clone(), sign: -self.sign };
        grad.contiguous()?.apply_op1_no_bwd(&inverse).map(Some)
    }
}
