//! The operations of this folder made of candle's own: what runs on a GPU, and for types other than `f32`.
//!
//! Formulas, shapes and gradients are those of the fused forms, which the tests hold them against. Inputs in half
//! precision are computed with in single precision, since sums over hundreds of values would lose most of theirs.
//!
//! Where no gradient is wanted, one launch takes the place of a formula's five or ten, and launches are what a GPU spends a
//! single sound on: a kernel of ours on a card of NVIDIA's, else candle's own fused operations. Neither has gradients, and
//! candle's say nothing about it.

use candle_core::{D, DType, Result, Tensor};
use straightshot_gpu_kernels as card;

/// `f32` in place of a half-precision type.
pub(crate) fn wide_type(kind: DType) -> DType {
    match kind {
        DType::F16 | DType::BF16 => DType::F32,
        other => other,
    }
}

fn wide(x: &Tensor) -> Result<Tensor> {
    x.to_dtype(wide_type(x.dtype()))
}

/// Whether candle's fused operations can be used for `x`: those for the CPU know no double precision.
fn fits_candle(x: &Tensor) -> bool {
    !x.track_op() && x.dtype() == DType::F32
}

/// The result is not narrowed: a weight follows.
pub(super) fn layer_norm(x: &Tensor, eps: f32) -> Result<Tensor> {
    let x = wide(x)?;
    if card::fit(&[&x]) {
        return card::norm(&x, card::Norm { eps, ..card::Norm::default() });
    }
    if fits_candle(&x) {
        let (x, dim) = (x.contiguous()?, x.dim(D::Minus1)?);
        let ones = Tensor::ones(dim, x.dtype(), x.device())?;
        return candle_nn::ops::layer_norm(&x, &ones, &ones.zeros_like()?, eps);
    }
    rms_norm(&x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?, eps)
}

/// The result is not narrowed: a weight follows.
pub(super) fn rms_norm(x: &Tensor, eps: f32) -> Result<Tensor> {
    let x = wide(x)?;
    if card::fit(&[&x]) {
        return card::norm(&x, card::Norm { is_rms: true, eps, ..card::Norm::default() });
    }
    if fits_candle(&x) {
        let ones = Tensor::ones(x.dim(D::Minus1)?, x.dtype(), x.device())?;
        return candle_nn::ops::rms_norm(&x.contiguous()?, &ones, eps);
    }
    x.broadcast_div(&(x.sqr()?.mean_keepdim(D::Minus1)? + f64::from(eps))?.sqrt()?)
}

pub(super) fn softmax(x: &Tensor) -> Result<Tensor> {
    let wide = wide(x)?;
    let y = if fits_candle(&wide) {
        candle_nn::ops::softmax_last_dim(&wide.contiguous()?)?
    } else {
        candle_nn::ops::softmax(&wide, D::Minus1)?
    };
    y.to_dtype(x.dtype())
}

pub(super) fn gelu(x: &Tensor) -> Result<Tensor> {
    wide(x)?.gelu()?.to_dtype(x.dtype())
}

pub(super) fn gelu_erf(x: &Tensor) -> Result<Tensor> {
    wide(x)?.gelu_erf()?.to_dtype(x.dtype())
}

pub(super) fn silu(x: &Tensor) -> Result<Tensor> {
    wide(x)?.silu()?.to_dtype(x.dtype())
}

pub(super) fn swiglu(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if card::fit(&[a, b]) {
        return card::swiglu(a, b);
    }
    (wide(a)?.silu()? * wide(b)?)?.to_dtype(a.dtype())
}

pub(super) fn depthwise_conv(x: &Tensor, kernel: &Tensor) -> Result<Tensor> {
    let (frames, taps) = (x.dim(1)?, kernel.dim(0)?);
    let padded = wide(x)?.pad_with_zeros(1, taps / 2, taps / 2)?;
    let kernel = wide(kernel)?;
    let tap = |i: usize| padded.narrow(1, i, frames)?.broadcast_mul(&kernel.narrow(0, i, 1)?);
    let mut sum = tap(0)?;
    for i in 1..taps {
        sum = (sum + tap(i)?)?;
    }
    sum.to_dtype(x.dtype())
}

pub(super) fn linear(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let (in_dim, out_dim) = weight.dims2()?;
    let is_for_card = card::fit(&[x, weight]) && bias.is_none_or(|bias| card::fit(&[bias]));
    if is_for_card && x.elem_count() <= card::MOST_LINEAR_ROWS * in_dim {
        return card::linear(x, weight, bias, card::Activation::None);
    }
    let mut dims = x.dims().to_vec();
    if let Some(last) = dims.last_mut() {
        *last = out_dim;
    }
    let y = x.reshape(((), in_dim))?.matmul(weight)?.reshape(dims)?;
    bias.map_or(Ok(y.clone()), |bias| add_bias(&y, bias))
}

pub(super) fn add_bias(x: &Tensor, bias: &Tensor) -> Result<Tensor> {
    if card::fit(&[x, bias]) {
        return card::activate(x, Some(bias), None, card::Activation::None);
    }
    wide(x)?.broadcast_add(&wide(bias)?)?.to_dtype(x.dtype())
}

/// Returns the type of `shift`: that is the residual where there is one, and may be wider than what is added to it.
pub(super) fn scale_shift(x: &Tensor, scale: &Tensor, shift: &Tensor) -> Result<Tensor> {
    if card::fit(&[x, scale, shift]) {
        return card::scale_shift(x, None, scale, shift);
    }
    wide(x)?.broadcast_mul(&wide(scale)?)?.broadcast_add(&wide(shift)?)?.to_dtype(shift.dtype())
}

/// `lengths` says how many keys of each row exist.
pub(super) fn attention(
    query: &Tensor,
    key: &Tensor,
    value: &Tensor,
    heads: usize,
    lengths: &[usize],
) -> Result<Tensor> {
    let (batch, queries, dim) = query.dims3()?;
    if card::fit(&[query, key, value]) && card::attention_fits(batch, dim / heads) {
        return card::attention(card::Heads {
            query,
            key,
            value,
            lengths,
            heads,
            biases: None,
            rotation: None,
            text: None,
        });
    }
    let keys = key.dim(1)?;
    let split =
        |x: &Tensor, n: usize| x.reshape((batch, n, heads, dim / heads))?.transpose(1, 2)?.contiguous();
    // Scaled first: the products of half-precision rows must not leave its range.
    let query = (split(query, queries)? * (1.0 / ((dim / heads) as f64).sqrt()))?;
    let mut logits = wide(&query.matmul(&split(key, keys)?.t()?)?)?;
    // A clip made by itself is not padded, and needs no copy to the device for saying so.
    if lengths.iter().any(|&length| length < keys) {
        let bias = lengths.iter().flat_map(|&n| (0..keys).map(move |i| if i < n { 0f32 } else { -1e9 }));
        let bias = Tensor::from_iter(bias, query.device())?.reshape((batch, 1, 1, keys))?;
        logits = logits.broadcast_add(&bias.to_dtype(logits.dtype())?)?;
    }
    let out = softmax(&logits)?.to_dtype(value.dtype())?.matmul(&split(value, keys)?)?;
    out.transpose(1, 2)?.reshape((batch, queries, dim))
}

/// Turns interleaved pairs of every head; `cos` and `sin` are `[frames, head_dim / 2]`.
pub(in crate::nn) fn rotate(x: &Tensor, cos: &Tensor, sin: &Tensor) -> Result<Tensor> {
    let (batch, frames, dim) = x.dims3()?;
    let head_dim = 2 * cos.dim(1)?;
    let heads = wide(x)?.reshape((batch, frames, dim / head_dim, head_dim))?.transpose(1, 2)?.contiguous()?;
    let (cos, sin) = (cos.to_dtype(heads.dtype())?, sin.to_dtype(heads.dtype())?);
    let turned = if fits_candle(&heads) {
        candle_nn::rotary_emb::rope_i(&heads, &cos.contiguous()?, &sin.contiguous()?)?
    } else {
        candle_nn::rotary_emb::rope_i_slow(&heads, &cos, &sin)?
    };
    turned.transpose(1, 2)?.reshape((batch, frames, dim))?.to_dtype(x.dtype())
}

#[cfg(test)]
mod tests;
