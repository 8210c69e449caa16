//! The decoder's correlations and frames.

use super::launch::run;
use super::{Launch, Pointer, THREADS, WARP, expect, int};
use candle_core::{Result, Tensor, bail};

/// Channels of the widest grid point of [`cross_norm`].
pub const MOST_CROSS_DIM: usize = 256;

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
pub(crate) struct CrossArguments {
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
pub(crate) struct FramesArguments {
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
