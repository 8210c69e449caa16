//! Element-wise and row-wise operations with their own backward passes.
//!
//! For `f32` on the CPU each is one pass over memory, vectorised for the instruction set found at run time and
//! spread over the current rayon pool. On other devices and for other types the same formula is [`composed`] from
//! candle operations, which have gradients there.

mod attention;
mod channels;
pub(crate) mod composed;
pub(crate) mod kernels;
mod linear;
mod modulate;
pub(crate) mod rowwise;

pub(crate) use attention::{Head, HeadRows, Scratch as HeadScratch, attend};
pub use attention::{KeyLengths, attention};
use candle_core::{CpuStorage, CustomOp2, DType, Layout, Result, Shape, Tensor};
pub(crate) use channels::one_clip;
pub use channels::{add_bias, add_multiple, add_scaled, affine};
use kernels as k;
pub use linear::linear;
pub use modulate::scale_shift;
use rayon::prelude::*;
use rowwise::{Row1, Row2};
pub use rowwise::{contiguous_f32, rows_per_task};

/// Whether the fused form is for `x`.
pub(crate) fn is_fused(x: &Tensor) -> bool {
    x.device().is_cpu() && x.dtype() == DType::F32
}

/// `(x - mean(x)) / sqrt(var(x) + eps)` over the last dimension, no affine part.
///
/// # Shapes
/// - `x`: `[.., dim]`; returns the same.
///
/// # Errors
/// A candle error if `x` holds no floating-point numbers.
pub fn layer_norm(x: &Tensor, eps: f32) -> Result<Tensor> {
    if is_fused(x) {
        let forward = move |x: &[f32], y: &mut [f32]| k::layer_norm(x, y, eps);
        let backward = move |x: &[f32], g: &[f32], y: &mut [f32]| k::layer_norm_grad(x, g, y, eps);
        return Row1::new("layer-norm", forward, backward).apply(x);
    }
    composed::layer_norm(x, eps)
}

/// `x / sqrt(mean(x²) + eps)` over the last dimension, without weight.
///
/// # Shapes
/// - `x`: `[.., dim]`; returns the same.
///
/// # Errors
/// A candle error if `x` holds no floating-point numbers.
pub fn rms_norm(x: &Tensor, eps: f32) -> Result<Tensor> {
    if is_fused(x) {
        let forward = move |x: &[f32], y: &mut [f32]| k::rms_norm(x, y, eps);
        let backward = move |x: &[f32], g: &[f32], y: &mut [f32]| k::rms_norm_grad(x, g, y, eps);
        return Row1::new("rms-norm", forward, backward).apply(x);
    }
    composed::rms_norm(x, eps)
}

/// Soft-max over the last dimension.
///
/// # Shapes
/// - `x`: `[.., classes]`; returns the same.
///
/// # Errors
/// A candle error if `x` holds no floating-point numbers.
pub fn softmax(x: &Tensor) -> Result<Tensor> {
    if is_fused(x) { x.contiguous()?.apply_op1(rowwise::Softmax) } else { composed::softmax(x) }
}

/// GELU, tanh approximation of [Hendrycks and Gimpel, 2016](https://arxiv.org/abs/1606.08415).
///
/// # Errors
/// A candle error if `x` holds no floating-point numbers.
pub fn gelu(x: &Tensor) -> Result<Tensor> {
    if is_fused(x) { Row1::new("gelu", k::gelu, k::gelu_grad).apply(x) } else { composed::gelu(x) }
}

/// GELU as it is defined, `x Φ(x)`, with the error function to 2e-7.
///
/// # Errors
/// A candle error if `x` holds no floating-point numbers.
pub fn gelu_erf(x: &Tensor) -> Result<Tensor> {
    if is_fused(x) {
        Row1::new("gelu-erf", k::gelu_erf, k::gelu_erf_grad).apply(x)
    } else {
        composed::gelu_erf(x)
    }
}

/// `x * sigmoid(x)`.
///
/// # Errors
/// A candle error if `x` holds no floating-point numbers.
pub fn silu(x: &Tensor) -> Result<Tensor> {
    if is_fused(x) { Row1::new("silu", k::silu, k::silu_grad).apply(x) } else { composed::silu(x) }
}

/// `silu(a) * b`, the gate of [Shazeer, 2020](https://arxiv.org/abs/2002.05202).
///
/// # Shapes
/// - `a`, `b`: the same shape; returns it too.
///
/// # Errors
/// A candle error if the shapes differ.
pub fn swiglu(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if is_fused(a) {
        return Row2::new("swiglu", k::swiglu, k::swiglu_grad_a, k::swiglu_grad_b).apply(a, b);
    }
    composed::swiglu(a, b)
}

/// Depthwise convolution over time, zero-padded to the same length ("cross-correlation", odd kernel).
///
/// # Shapes
/// - `x`: `[batch, frames, channels]`
/// - `kernel`: `[taps, channels]`
/// - returns: like `x`
///
/// # Errors
/// A candle error if the channel counts differ.
pub fn depthwise_conv(x: &Tensor, kernel: &Tensor) -> Result<Tensor> {
    let (_, _, channels) = x.dims3()?;
    let (taps, kernel_channels) = kernel.dims2()?;
    if channels != kernel_channels || taps % 2 == 0 {
        candle_core::bail!("depthwise_conv: input {:?} does not fit kernel {:?}", x.shape(), kernel.shape());
    }
    if is_fused(x) {
        return x.contiguous()?.apply_op2(&kernel.contiguous()?, Depthwise);
    }
    composed::depthwise_conv(x, kernel)
}

struct Depthwise;
struct DepthwiseKernelGrad {
    taps: usize,
}

impl CustomOp2 for Depthwise {
    fn name(&self) -> &'static str {
        "depthwise-conv"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        w: &CpuStorage,
        lw: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (xs, ws) = (contiguous_f32(x, lx)?, contiguous_f32(w, lw)?);
        let (batch, frames, channels) = lx.shape().dims3()?;
        let mut out = vec![0f32; xs.len()];
        let rows = rows_per_task(batch * frames);
        out.par_chunks_mut(rows * channels).enumerate().for_each(|(task, chunk)| {
            for (j, y) in chunk.chunks_mut(channels).enumerate() {
                let row = task * rows + j;
                let clip = &xs[row / frames * frames * channels..][..frames * channels];
                k::depthwise_row(clip, row % frames, ws, y);
            }
        });
        Ok((CpuStorage::F32(out), lx.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        w: &Tensor,
        _out: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        // The adjoint of a correlation is the correlation with the reversed kernel.
        let dx = grad.apply_op2_no_bwd(&w.flip(&[0])?.contiguous()?, &Depthwise)?;
        let dw = x.contiguous()?.apply_op2_no_bwd(&grad, &DepthwiseKernelGrad { taps: w.dim(0)? })?;
        Ok((Some(dx), Some(dw)))
    }
}

impl CustomOp2 for DepthwiseKernelGrad {
    fn name(&self) -> &'static str {
        "depthwise-conv-kernel-grad"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        g: &CpuStorage,
        lg: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (xs, gs) = (contiguous_f32(x, lx)?, contiguous_f32(g, lg)?);
        let (_, frames, channels) = lx.shape().dims3()?;
        let clip = frames * channels;
        let sums = xs.par_chunks(clip).zip(gs.par_chunks(clip)).map(|(x, g)| {
            let mut sum = vec![0f32; self.taps * channels];
            k::depthwise_kernel_grad(x, g, channels, &mut sum);
            sum
        });
        let total = sums.reduce(
            || vec![0f32; self.taps * channels],
            |mut a, b| {
                a.iter_mut().zip(&b).for_each(|(a, b)| *a += b);
                a
            },
        );
        Ok((CpuStorage::F32(total), Shape::from((self.taps, channels))))
    }
}

#[cfg(test)]
mod tests;
