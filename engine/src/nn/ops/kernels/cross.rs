//! Depthwise kernels along time and along bands.

use super::{Norm, norm_row};
use multiversion::multiversion;

/// Depthwise kernels along time and along bands, `[taps, dim]` each, and a bias.
#[derive(Clone, Copy)]
pub(crate) struct CrossKernel<'a> {
    pub(crate) time: &'a [f32],
    pub(crate) band: &'a [f32],
    pub(crate) bias: &'a [f32],
}

/// Taps of a [`CrossKernel`] in each direction.
pub(crate) const TAPS: usize = 7;

/// Both correlations of some tokens of a clip, zero-padded, added to the bias and normalised.
///
/// `clip` is `[tokens, bands, dim]`; `out` holds as many tokens from `first` on.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn cross_kernel(
    clip: &[f32],
    [first, bands]: [usize; 2],
    kernel: CrossKernel<'_>,
    norm: Norm<'_>,
    out: &mut [f32],
) {
    let dim = kernel.bias.len();
    let row = bands * dim;
    let mut sums = vec![0f32; row];
    for (token, out) in (first..).zip(out.chunks_exact_mut(row)) {
        let near = |tap: usize| {
            (token + tap).checked_sub(TAPS / 2).and_then(|at| clip.get(at * row..(at + 1) * row))
        };
        let near: [Option<&[f32]>; TAPS] = std::array::from_fn(near);
        // A few columns at a time, whose weights stay in registers.
        if dim.is_multiple_of(COLUMNS) {
            (0..dim / COLUMNS).for_each(|at| cross_columns::<COLUMNS>(near, bands, kernel, at, &mut sums));
        } else {
            (0..dim).for_each(|at| cross_columns::<1>(near, bands, kernel, at, &mut sums));
        }
        for (sums, out) in sums.chunks_exact(dim).zip(out.chunks_exact_mut(dim)) {
            norm_row(sums, norm, out);
        }
    }
}

/// Columns of [`cross_columns`]: two AVX-512 registers, whose weights take 28 others.
const COLUMNS: usize = 32;

/// [`cross_kernel`] without the norm for all bands of a token, in `N` columns, of which others like them are `at` on the
/// left; `near` holds the spectrum at the times of the taps.
#[inline(always)]
fn cross_columns<const N: usize>(
    near: [Option<&[f32]>; TAPS],
    bands: usize,
    kernel: CrossKernel<'_>,
    at: usize,
    sums: &mut [f32],
) {
    let row = kernel.bias.len() / N;
    let of_taps = |x: &[f32]| -> [[f32; N]; TAPS] {
        let x = x.as_chunks::<N>().0;
        std::array::from_fn(|tap| x[tap * row + at])
    };
    let (mut time, band, bias) =
        (of_taps(kernel.time), of_taps(kernel.band), kernel.bias.as_chunks::<N>().0[at]);
    // Where there is no spectrum, another takes its place and counts for nothing.
    let here = near[TAPS / 2].unwrap_or_default().as_chunks::<N>().0;
    let here = &here[..bands * row];
    let near: [&[[f32; N]]; TAPS] = std::array::from_fn(|tap| match near[tap] {
        Some(x) => &x.as_chunks::<N>().0[..bands * row],
        None => {
            time[tap] = [0.0; N];
            here
        }
    });
    let sums = &mut sums.as_chunks_mut::<N>().0[..bands * row];
    for i in 0..bands {
        // Two sums, so that additions wait for half as many others.
        let (mut sum, mut across) = (bias, [0f32; N]);
        for tap in 0..TAPS {
            add_multiples(&near[tap][i * row + at], &time[tap], &mut sum);
        }
        if i >= TAPS / 2 && i + TAPS / 2 < bands {
            for tap in 0..TAPS {
                add_multiples(&here[(i + tap - TAPS / 2) * row + at], &band[tap], &mut across);
            }
        } else {
            let taps = kernel.band.as_chunks::<N>().0;
            for tap in (TAPS / 2).saturating_sub(i)..TAPS.min(bands + TAPS / 2 - i) {
                add_multiples(&here[(i + tap - TAPS / 2) * row + at], &taps[tap * row + at], &mut across);
            }
        }
        sum.iter_mut().zip(across).for_each(|(sum, across)| *sum += across);
        sums[i * row + at] = sum;
    }
}

/// `sum += x · weights`
#[inline(always)]
fn add_multiples<const N: usize>(x: &[f32; N], weights: &[f32; N], sum: &mut [f32; N]) {
    for ((sum, x), weight) in sum.iter_mut().zip(x).zip(weights) {
        *sum = x.mul_add(*weight, *sum);
    }
}
