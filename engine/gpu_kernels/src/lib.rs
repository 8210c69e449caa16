//! What a card of NVIDIA's computes for a sound between matrix products: chains of small operations, each in one launch.
//!
//! A single sound is so little work for a card that launching is what takes the time, about a hundredth of a millisecond
//! each. There are no gradients here and nothing but `f32`: [`fit`] says whether tensors are for these functions, and
//! whoever calls them has the same formula made of other operations for all others.
//!
//! A crate of its own because launching a kernel is a call that the compiler cannot check. Every function here checks
//! all that its kernel relies on. What a kernel is given is laid out twice, here and in `kernels.cu`.

#[cfg(feature = "cuda")]
#[path = "launch.rs"]
mod launch;
#[cfg(not(feature = "cuda"))]
#[path = "no_launch.rs"]
mod launch;

use candle_core::{DType, Result, Tensor, bail};
use launch::{Launch, Pointer, run};

pub use launch::read;

/// Batch rows that [`attention`] knows the lengths of.
pub const MOST_BATCH: usize = 64;
/// Channels of the widest head of [`attention`]; their number is even.
pub const MOST_HEAD_DIM: usize = 128;
/// Channels of the widest grid point of [`cross_norm`].
pub const MOST_CROSS_DIM: usize = 256;
/// Rows up to which [`linear`] is meant.
pub const MOST_LINEAR_ROWS: usize = 4;

/// Threads of a block where every thread makes one value, and where every warp makes one row.
const THREADS: u32 = 256;
/// Threads that compute in step.
const WARP: u32 = 32;
/// As in `kernels.cu`.
const LINEAR_WARPS: u32 = 8;
const ATTENTION_WARPS: u32 = 4;
const ATTENTION_QUERIES: usize = 8;

/// Whether the functions here are for these tensors: `f32` on a card of NVIDIA's, of which none wants a gradient.
#[must_use]
pub fn fit(tensors: &[&Tensor]) -> bool {
    cfg!(feature = "cuda")
        && tensors.iter().all(|x| x.device().is_cuda() && x.dtype() == DType::F32 && !x.track_op())
}

/// What is applied to a value at last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Activation {
    /// Nothing.
    None = 0,
    /// `x · sigmoid(x)`.
    Silu = 1,
    /// GELU, tanh approximation.
    Gelu = 2,
    /// GELU with the error function.
    GeluErf = 3,
}

/// What goes before and after a normalisation; without anything it is `(x - mean) / sqrt(var + eps)`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Norm<'a> {
    /// Leaves the mean where it is, and divides by the root of the mean square.
    pub is_rms: bool,
    /// Added to variance or mean square.
    pub eps: f32,
    /// Added to `x` first, `[rows, dim]` in any shape; begins again where it ends.
    pub add: Option<&'a Tensor>,
    /// Added to `x` first, `[dim]`.
    pub add_bias: Option<&'a Tensor>,
    /// Multiplied by afterwards, `[dim]`.
    pub weight: Option<&'a Tensor>,
    /// Added then, `[dim]`.
    pub bias: Option<&'a Tensor>,
    /// Multiplied by then after adding 1, and added last: `[batch, 1, dim]` each.
    pub modulation: Option<[&'a Tensor; 2]>,
}

/// As in `kernels.cu`.
#[repr(C)]
#[derive(Clone, Copy)]
struct NormArguments {
    inputs: [Pointer; 7],
    out: Pointer,
    group_stride: i64,
    group_rows: i32,
    rows: i32,
    dim: i32,
    add_rows: i32,
    batch_rows: i32,
    scale_stride: i32,
    shift_stride: i32,
    centred: i32,
    eps: f32,
}

/// Normalises the last dimension.
///
/// # Shapes
/// - `x`: `[.., dim]`; its last two dimensions may be a part of a larger tensor's; returns the same
///
/// # Errors
/// A candle error if the shapes do not fit or the card refuses.
pub fn norm(x: &Tensor, norm: Norm<'_>) -> Result<Tensor> {
    let x = &if groups(x).is_some() { x.clone() } else { x.contiguous()? };
    let (dim, count) = (last(x), x.elem_count());
    let rows = count / dim.max(1);
    let Some((group_rows, group_stride)) = groups(x) else { bail!("rows that lie anywhere") };
    for weight in [norm.add_bias, norm.weight, norm.bias].into_iter().flatten() {
        expect(weight, weight.dims() == [dim])?;
    }
    if let Some(add) = norm.add {
        expect(add, last(add) == dim && add.elem_count() > 0)?;
    }
    let batch = norm.modulation.map_or(1, |[scale, _]| scale.dims()[0]).max(1);
    let mut strides = [0; 2];
    for (part, stride) in norm.modulation.iter().flatten().zip(&mut strides) {
        *stride = batch_stride(part, batch, dim)?;
    }
    expect(x, rows.is_multiple_of(batch) && dim > 0)?;
    let [scale, shift] = norm.modulation.map_or([None; 2], |parts| parts.map(Some));
    let warps = (THREADS / WARP) as usize;
    run("norm_rows", x, x.dims(), |out| {
        let whole = |x: Option<&Tensor>| x.map_or(Ok(Pointer::NULL), Pointer::whole);
        let part = |x: Option<&Tensor>| x.map_or(Ok(Pointer::NULL), Pointer::first);
        let arguments = NormArguments {
            inputs: [
                Pointer::first(x)?,
                whole(norm.add)?,
                whole(norm.add_bias)?,
                whole(norm.weight)?,
                whole(norm.bias)?,
                part(scale)?,
                part(shift)?,
            ],
            out,
            group_stride: group_stride as i64,
            group_rows: int(group_rows)?,
            rows: int(rows)?,
            dim: int(dim)?,
            add_rows: int(norm.add.map_or(1, |add| add.elem_count() / dim))?,
            batch_rows: int(rows / batch)?.max(1),
            scale_stride: int(strides[0])?,
            shift_stride: int(strides[1])?,
            centred: i32::from(!norm.is_rms),
            eps: norm.eps,
        };
        Ok(vec![Launch { blocks: [rows.div_ceil(warps), 1, 1], threads: THREADS, arguments }])
    })
}

/// As in `kernels.cu`.
#[repr(C)]
#[derive(Clone, Copy)]
struct ScaleShiftArguments {
    inputs: [Pointer; 4],
    out: Pointer,
    count: i64,
    batch_count: i64,
    dim: i32,
    scale_stride: i32,
    shift_stride: i32,
    shift_is_whole: i32,
}

/// `(x + bias) · scale + shift`.
///
/// # Shapes
/// - `x`: `[batch, n, dim]`; returns the same
/// - `bias`: `[dim]`
/// - `scale`: `[batch, 1, dim]`
/// - `shift`: `[batch, 1, dim]` or like `x`
///
/// # Errors
/// A candle error if the shapes do not fit or the card refuses.
pub fn scale_shift(x: &Tensor, bias: Option<&Tensor>, scale: &Tensor, shift: &Tensor) -> Result<Tensor> {
    let x = &x.contiguous()?;
    let (batch, n, dim) = x.dims3()?;
    let shift_is_whole = n != 1 && shift.dims() == x.dims();
    let scale_stride = batch_stride(scale, batch, dim)?;
    let shift_stride = if shift_is_whole { 0 } else { batch_stride(shift, batch, dim)? };
    if let Some(bias) = bias {
        expect(bias, bias.dims() == [dim])?;
    }
    run("scale_shift", x, x.dims(), |out| {
        let inputs = [
            Pointer::whole(x)?,
            bias.map_or(Ok(Pointer::NULL), Pointer::whole)?,
            Pointer::first(scale)?,
            if shift_is_whole { Pointer::whole(shift)? } else { Pointer::first(shift)? },
        ];
        let arguments = ScaleShiftArguments {
            inputs,
            out,
            count: x.elem_count() as i64,
            batch_count: (n * dim) as i64,
            dim: int(dim)?,
            scale_stride: int(scale_stride)?,
            shift_stride: int(shift_stride)?,
            shift_is_whole: i32::from(shift_is_whole),
        };
        Ok(vec![Launch::per_value(x.elem_count(), arguments)])
    })
}

/// As in `kernels.cu`.
#[repr(C)]
#[derive(Clone, Copy)]
struct ActivateArguments {
    inputs: [Pointer; 3],
    out: Pointer,
    count: i64,
    dim: i32,
    activation: i32,
}

/// `activation(x + bias + add)`.
///
/// # Shapes
/// - `x`: `[.., dim]`; returns the same
/// - `bias`: `[dim]`
/// - `add`: like `x`
///
/// # Errors
/// A candle error if the shapes do not fit or the card refuses.
pub fn activate(
    x: &Tensor,
    bias: Option<&Tensor>,
    add: Option<&Tensor>,
    activation: Activation,
) -> Result<Tensor> {
    let x = &x.contiguous()?;
    let dim = last(x);
    expect(x, dim > 0)?;
    for (other, fits) in [
        (bias, bias.is_none_or(|bias| bias.dims() == [dim])),
        (add, add.is_none_or(|add| add.dims() == x.dims())),
    ] {
        expect(other.unwrap_or(x), fits)?;
    }
    run("activate", x, x.dims(), |out| {
        let whole = |x: Option<&Tensor>| x.map_or(Ok(Pointer::NULL), Pointer::whole);
        let arguments = ActivateArguments {
            inputs: [Pointer::whole(x)?, whole(bias)?, whole(add)?],
            out,
            count: x.elem_count() as i64,
            dim: int(dim)?,
            activation: activation as i32,
        };
        Ok(vec![Launch::per_value(x.elem_count(), arguments)])
    })
}

/// As in `kernels.cu`.
#[repr(C)]
#[derive(Clone, Copy)]
struct SwigluArguments {
    inputs: [Pointer; 2],
    out: Pointer,
    count: i64,
}

/// `silu(gate) · value`.
///
/// # Shapes
/// - `gate`, `value`: the same; returns it too
///
/// # Errors
/// A candle error if the shapes differ or the card refuses.
pub fn swiglu(gate: &Tensor, value: &Tensor) -> Result<Tensor> {
    expect(value, gate.dims() == value.dims())?;
    let (gate, value) = (&gate.contiguous()?, &value.contiguous()?);
    run("swiglu", gate, gate.dims(), |out| {
        let inputs = [Pointer::whole(gate)?, Pointer::whole(value)?];
        let arguments = SwigluArguments { inputs, out, count: gate.elem_count() as i64 };
        Ok(vec![Launch::per_value(gate.elem_count(), arguments)])
    })
}

/// As in `kernels.cu`.
#[repr(C)]
#[derive(Clone, Copy)]
struct LinearArguments {
    inputs: [Pointer; 3],
    out: Pointer,
    in_dim: i32,
    out_dim: i32,
    activation: i32,
}

/// `activation(x W + b)` of a few rows, see [`MOST_LINEAR_ROWS`]: each reads the whole weight.
///
/// # Shapes
/// - `x`: `[.., in_dim]`; returns `[.., out_dim]`
/// - `weight`: `[in_dim, out_dim]`
/// - `bias`: `[out_dim]`
///
/// # Errors
/// A candle error if the shapes do not fit or the card refuses.
pub fn linear(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, activation: Activation) -> Result<Tensor> {
    let (x, weight) = (&x.contiguous()?, &weight.contiguous()?);
    let (in_dim, out_dim) = weight.dims2()?;
    expect(x, last(x) == in_dim && in_dim > 0)?;
    if let Some(bias) = bias {
        expect(bias, bias.dims() == [out_dim])?;
    }
    let mut dims = x.dims().to_vec();
    if let Some(last) = dims.last_mut() {
        *last = out_dim;
    }
    run("linear_few", x, &dims, |out| {
        let bias = bias.map_or(Ok(Pointer::NULL), Pointer::whole)?;
        let arguments = LinearArguments {
            inputs: [Pointer::whole(x)?, Pointer::whole(weight)?, bias],
            out,
            in_dim: int(in_dim)?,
            out_dim: int(out_dim)?,
            activation: activation as i32,
        };
        let blocks = [out_dim.div_ceil(WARP as usize), x.elem_count() / in_dim, 1];
        Ok(vec![Launch { blocks, threads: LINEAR_WARPS * WARP, arguments }])
    })
}

/// Queries, keys and values, as products made them.
#[derive(Debug, Clone, Copy)]
pub struct Heads<'a> {
    /// `[batch, queries, heads * head_dim]`.
    pub query: &'a Tensor,
    /// `[batch, keys, heads * head_dim]`.
    pub key: &'a Tensor,
    /// Like `key`.
    pub value: &'a Tensor,
    /// How many keys of each batch row exist.
    pub lengths: &'a [usize],
    /// Number of heads.
    pub heads: usize,
    /// Added to query, key and value, `[heads * head_dim]` each.
    pub biases: Option<[&'a Tensor; 3]>,
    /// Cosines and sines that queries and keys are turned by, `[positions, head_dim / 2]` each.
    pub rotation: Option<[&'a Tensor; 2]>,
    /// What else the queries read.
    pub text: Option<Text<'a>>,
}

/// A second set of keys, which are not turned.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// `[batch, keys, heads * head_dim]`.
    pub key: &'a Tensor,
    /// Like `key`.
    pub value: &'a Tensor,
    /// How many keys of each batch row exist.
    pub lengths: &'a [usize],
    /// What is read is multiplied by the hyperbolic tangent of this, `[heads]`.
    pub gate: &'a Tensor,
}

/// As in `kernels.cu`.
#[repr(C)]
#[derive(Clone, Copy)]
struct AttentionArguments {
    inputs: [Pointer; 11],
    out: Pointer,
    queries: i32,
    keys: i32,
    text_keys: i32,
    heads: i32,
    head_dim: i32,
    scale: f32,
    lengths: [u32; MOST_BATCH],
    text_lengths: [u32; MOST_BATCH],
}

/// Whether [`attention`] is made for these sizes.
#[must_use]
pub fn attention_fits(batch: usize, head_dim: usize) -> bool {
    batch <= MOST_BATCH && head_dim <= MOST_HEAD_DIM && head_dim.is_multiple_of(2)
}

/// `attend(q, k, v) + tanh(gate) ⊙ attend(q, k_text, v_text)` with `attend = softmax(q kᵀ / sqrt(head_dim)) v` per head,
/// over the keys that exist.
///
/// # Shapes
/// - returns `[batch, queries, heads * head_dim]`
///
/// # Errors
/// A candle error if the shapes do not fit, see also [`attention_fits`], or the card refuses.
pub fn attention(heads: Heads<'_>) -> Result<Tensor> {
    let (batch, queries, dim) = heads.query.dims3()?;
    let head_dim = dim / heads.heads.max(1);
    expect(heads.query, head_dim * heads.heads == dim && head_dim > 0 && attention_fits(batch, head_dim))?;
    let keys = keys_of([heads.key, heads.value], heads.lengths, batch, dim)?;
    let text_keys = match heads.text {
        None => 0,
        Some(text) => {
            expect(text.gate, text.gate.dims() == [heads.heads])?;
            keys_of([text.key, text.value], text.lengths, batch, dim)?
        }
    };
    for bias in heads.biases.iter().flatten() {
        expect(bias, bias.dims() == [dim])?;
    }
    for table in heads.rotation.iter().flatten() {
        expect(table, matches!(table.dims(), [n, half] if *n >= queries.max(keys) && 2 * half == head_dim))?;
    }
    run("attention", heads.query, heads.query.dims(), |out| {
        let whole = |x: Option<&Tensor>| x.map_or(Ok(Pointer::NULL), Pointer::whole);
        let [query_bias, key_bias, value_bias] = heads.biases.map_or([None; 3], |biases| biases.map(Some));
        let [cos, sin] = heads.rotation.map_or([None; 2], |tables| tables.map(Some));
        let text = |part: fn(Text<'_>) -> &Tensor| whole(heads.text.map(part));
        let arguments = AttentionArguments {
            inputs: [
                Pointer::whole(heads.query)?,
                Pointer::whole(heads.key)?,
                Pointer::whole(heads.value)?,
                whole(query_bias)?,
                whole(key_bias)?,
                whole(value_bias)?,
                whole(cos)?,
                whole(sin)?,
                text(|text| text.key)?,
                text(|text| text.value)?,
                text(|text| text.gate)?,
            ],
            out,
            queries: int(queries)?,
            keys: int(keys)?,
            text_keys: int(text_keys)?,
            heads: int(heads.heads)?,
            head_dim: int(head_dim)?,
            scale: 1.0 / (head_dim as f32).sqrt(),
            lengths: per_row(heads.lengths),
            text_lengths: per_row(heads.text.map_or(&[], |text| text.lengths)),
        };
        let blocks = [queries.div_ceil(ATTENTION_QUERIES), heads.heads, batch];
        Ok(vec![Launch { blocks, threads: ATTENTION_WARPS * WARP, arguments }])
    })
}

/// Number of keys and values, all of which fit.
fn keys_of(parts: [&Tensor; 2], lengths: &[usize], batch: usize, dim: usize) -> Result<usize> {
    let keys = parts[0].dims3()?.1;
    for part in parts {
        expect(part, part.dims() == [batch, keys, dim])?;
    }
    expect(parts[0], lengths.len() == batch && lengths.iter().all(|n| (1..=keys).contains(n)))?;
    Ok(keys)
}

fn per_row(lengths: &[usize]) -> [u32; MOST_BATCH] {
    let mut all = [0; MOST_BATCH];
    all.iter_mut().zip(lengths).for_each(|(to, from)| *to = *from as u32);
    all
}

/// Correlations and the norm of their sum.
#[derive(Debug, Clone, Copy)]
pub struct Cross<'a> {
    /// `[taps, dim]` each, along time and along frequency; an odd number of taps.
    pub kernels: [&'a Tensor; 2],
    /// Added to the sum of both, `[dim]`.
    pub kernel_bias: &'a Tensor,
    /// Weight and bias of the norm, `[dim]` each.
    pub norm: [&'a Tensor; 2],
    /// Added to the variance.
    pub eps: f32,
}

/// As in `kernels.cu`.
#[repr(C)]
#[derive(Clone, Copy)]
struct CrossArguments {
    inputs: [Pointer; 6],
    out: Pointer,
    rows: i32,
    tokens: i32,
    bands: i32,
    dim: i32,
    taps: i32,
    eps: f32,
}

/// `norm(K_t ∗ x + K_f ∗ x + b)`, padded with zeros.
///
/// # Shapes
/// - `x`: `[batch, tokens, bands, dim]`, `dim` at most [`MOST_CROSS_DIM`]; returns the same
///
/// # Errors
/// A candle error if the shapes do not fit or the card refuses.
pub fn cross_norm(x: &Tensor, cross: Cross<'_>) -> Result<Tensor> {
    let x = &x.contiguous()?;
    let (batch, tokens, bands, dim) = x.dims4()?;
    let taps = cross.kernels[0].dims2()?.0;
    expect(x, dim > 0 && dim <= MOST_CROSS_DIM && taps % 2 == 1)?;
    for kernel in cross.kernels {
        expect(kernel, kernel.dims() == [taps, dim])?;
    }
    for weight in [cross.kernel_bias, cross.norm[0], cross.norm[1]] {
        expect(weight, weight.dims() == [dim])?;
    }
    let rows = batch * tokens * bands;
    run("cross_norm", x, x.dims(), |out| {
        let [time, band] = cross.kernels;
        let [weight, bias] = cross.norm;
        let arguments = CrossArguments {
            inputs: [
                Pointer::whole(x)?,
                Pointer::whole(time)?,
                Pointer::whole(band)?,
                Pointer::whole(cross.kernel_bias)?,
                Pointer::whole(weight)?,
                Pointer::whole(bias)?,
            ],
            out,
            rows: int(rows)?,
            tokens: int(tokens)?,
            bands: int(bands)?,
            dim: int(dim)?,
            taps: int(taps)?,
            eps: cross.eps,
        };
        let blocks = [rows.div_ceil((THREADS / WARP) as usize), 1, 1];
        Ok(vec![Launch { blocks, threads: THREADS, arguments }])
    })
}

/// Some neighbouring bands of equal width, of every token.
#[derive(Debug)]
pub struct BandPart<'a> {
    /// `[batch, tokens, bands, 2 * frames * bins]`.
    pub values: Tensor,
    /// Added to every band, `[2 * frames * bins]`.
    pub bias: &'a Tensor,
    /// Bins of a band.
    pub bins: usize,
}

/// As in `kernels.cu`.
#[repr(C)]
#[derive(Clone, Copy)]
struct FramesArguments {
    inputs: [Pointer; 2],
    out: Pointer,
    count: i64,
    bands: i32,
    frames: i32,
    bins: i32,
    first_bin: i32,
    all_bins: i32,
    is_last: i32,
    scale: f32,
    offset: f32,
}

/// The frames that `parts` are the bands of, from the lowest to the highest: `(part + bias) · scale + offset`.
///
/// # Shapes
/// - returns `[batch, tokens * frames, 2 * bins]` with one bin more than all bands have, a copy of the one below
///
/// # Errors
/// A candle error if the shapes do not fit or the card refuses.
pub fn frames(parts: &[BandPart<'_>], frames: usize, [scale, offset]: [f32; 2]) -> Result<Tensor> {
    let Some(first) = parts.first() else { bail!("frames without bands") };
    let (batch, tokens, ..) = first.values.dims4()?;
    let mut all_bins = 1;
    for BandPart { values, bias, bins } in parts {
        let width = 2 * frames * bins;
        let fits = matches!(values.dims(), [b, t, _, w] if [*b, *t, *w] == [batch, tokens, width]);
        expect(values, fits && width > 0)?;
        expect(bias, bias.dims() == [width])?;
        all_bins += values.dims()[2] * bins;
    }
    run("frames", &first.values, &[batch, tokens * frames, 2 * all_bins], |out| {
        let mut first_bin = 0;
        let launch = |(i, part): (usize, &BandPart<'_>)| {
            let (bands, count) = (part.values.dims()[2], part.values.elem_count());
            let arguments = FramesArguments {
                inputs: [Pointer::whole(&part.values)?, Pointer::whole(part.bias)?],
                out,
                count: count as i64,
                bands: int(bands)?,
                frames: int(frames)?,
                bins: int(part.bins)?,
                first_bin: int(first_bin)?,
                all_bins: int(all_bins)?,
                is_last: i32::from(i + 1 == parts.len()),
                scale,
                offset,
            };
            first_bin += bands * part.bins;
            Ok(Launch::per_value(count, arguments))
        };
        parts.iter().enumerate().map(launch).collect()
    })
}

impl<A> Launch<A> {
    /// A thread for each of `count` values.
    fn per_value(count: usize, arguments: A) -> Self {
        Self { blocks: [count.div_ceil(THREADS as usize), 1, 1], threads: THREADS, arguments }
    }
}

fn last(x: &Tensor) -> usize {
    x.dims().last().copied().unwrap_or(0)
}

fn int(n: usize) -> Result<i32> {
    i32::try_from(n).map_err(|_| candle_core::Error::Msg(format!("{n} are too many for a kernel")))
}

/// An error that names the shape of `x` unless it `fits`.
fn expect(x: &Tensor, fits: bool) -> Result<()> {
    if fits {
        return Ok(());
    }
    bail!("a tensor of shape {:?} does not fit the kernel", x.shape())
}

/// Rows of `x` that lie one behind the other, and values from the first of them to that of the next group; `None` if they
/// lie otherwise.
fn groups(x: &Tensor) -> Option<(usize, usize)> {
    let dim = last(x);
    if x.is_contiguous() {
        let rows = (x.elem_count() / dim.max(1)).max(1);
        return Some((rows, rows * dim));
    }
    let [outer @ .., rows, _] = x.dims() else { return None };
    let [outer_strides @ .., row_stride, stride] = x.stride() else { return None };
    let group_stride = *outer_strides.last()?;
    // All dimensions before the last two are steps of one stride.
    let mut expected = group_stride;
    let is_even = outer.iter().zip(outer_strides).rev().all(|(n, stride)| {
        let fits = *n == 1 || *stride == expected;
        expected *= n;
        fits
    });
    (is_even && *stride == 1 && (*row_stride == dim || *rows == 1)).then_some((*rows, group_stride))
}

/// Values from the row of one batch row to that of the next in `[batch, 1, dim]`.
fn batch_stride(x: &Tensor, batch: usize, dim: usize) -> Result<usize> {
    expect(x, x.dims() == [batch, 1, dim] && (x.stride()[2] == 1 || dim == 1))?;
    Ok(if batch == 1 { 0 } else { x.stride()[0] })
}

#[cfg(test)]
mod tests;
