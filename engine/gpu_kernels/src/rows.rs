//! Norms, maps of a few rows, and what is done value by value.

use super::launch::run;
use super::{Launch, Pointer, THREADS, WARP, expect, int, last};
use candle_core::{Result, Tensor, bail};

/// Rows up to which [`linear`] is meant.
pub const MOST_LINEAR_ROWS: usize = 4;
/// As in `kernels.cu`.
const LINEAR_WARPS: u32 = 8;

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
pub(crate) struct NormArguments {
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
    let batch = norm.modulation.and_then(|[scale, _]| scale.dims().first().copied()).unwrap_or(1).max(1);
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
pub(crate) struct ScaleShiftArguments {
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
pub(crate) struct ActivateArguments {
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
pub(crate) struct SwigluArguments {
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
pub(crate) struct LinearArguments {
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

/// Rows of `x` that lie one behind the other, and values from the first of them to that of the next group; `None` if they
/// lie otherwise.
pub(crate) fn groups(x: &Tensor) -> Option<(usize, usize)> {
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
