//! Row kernels: plain loops over slices, compiled for AVX-512, AVX2 and the baseline and picked at run time.

mod cross;

pub(crate) use cross::{CrossKernel, TAPS, cross_kernel};
use multiversion::multiversion;
use std::f32::consts::LOG2_E;

/// Lanes of a partial sum: enough for two AVX-512 registers, so that additions do not wait for each other.
const LANES: usize = 32;

/// 1.5 * 2^23: adding it rounds to an integer that then sits in the low mantissa bits.
const ROUND: f32 = 12_582_912.0;

/// `exp(x)` for `x` clamped to ±87, relative error below 3e-7 (Cephes polynomial); vectorises, unlike libm's.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.0, 87.0);
    let shifted = x.mul_add(LOG2_E, ROUND);
    let n = shifted - ROUND;
    // ln 2 in two parts keeps the reduced argument exact.
    let r = n.mul_add(2.121_944_4e-4, n.mul_add(-0.693_359_4, x));
    let mut p = 1.987_569_1e-4f32;
    p = p.mul_add(r, 1.398_199_9e-3);
    p = p.mul_add(r, 8.333_452e-3);
    p = p.mul_add(r, 4.166_579_6e-2);
    p = p.mul_add(r, 0.166_666_66);
    p = p.mul_add(r, 0.5);
    let y = (r * r).mul_add(p, r) + 1.0;
    y * f32::from_bits(shifted.to_bits().wrapping_add(127) << 23)
}

/// The sum of `f` over a slice.
#[inline(always)]
fn sum(x: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    sum_of_pairs(x, x, |x, _| f(x))
}

/// The sum of `f` over two slices, as far as both go.
#[inline(always)]
fn sum_of_pairs(x: &[f32], y: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let n = x.len().min(y.len());
    let ((xs, x_rest), (ys, y_rest)) = (x[..n].as_chunks::<LANES>(), y[..n].as_chunks::<LANES>());
    let mut lanes = [0f32; LANES];
    for (x, y) in xs.iter().zip(ys) {
        for ((lane, x), y) in lanes.iter_mut().zip(x).zip(y) {
            *lane += f(*x, *y);
        }
    }
    total(&lanes) + x_rest.iter().zip(y_rest).map(|(x, y)| f(*x, *y)).sum::<f32>()
}

/// The sum of all lanes. A function of its own, because the compiler would otherwise keep them in pairs from the start,
/// as the end of this sum needs them.
#[inline(never)]
fn total(lanes: &[f32; LANES]) -> f32 {
    let mut eight = [0f32; 8];
    for part in lanes.as_chunks::<8>().0 {
        eight.iter_mut().zip(part).for_each(|(sum, lane)| *sum += lane);
    }
    eight.iter().sum()
}

/// The largest value; lanes, because a single maximum waits for each comparison before the next.
#[inline(always)]
fn maximum(x: &[f32]) -> f32 {
    let larger = |m: f32, v: f32| if v > m { v } else { m };
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut lanes = [f32::MIN; LANES];
    for chunk in chunks {
        for (lane, &v) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*lane, v);
        }
    }
    lanes.into_iter().chain(rest.iter().copied()).fold(f32::MIN, larger)
}

#[inline(always)]
fn moments(x: &[f32], eps: f32) -> (f32, f32) {
    let n = x.len();
    let mean = sum(x, |x| x) / n as f32;
    let var = sum(x, |x| (x - mean) * (x - mean)) / n as f32;
    (mean, 1.0 / (var + eps).sqrt())
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn layer_norm(x: &[f32], y: &mut [f32], eps: f32) {
    let (mean, scale) = moments(x, eps);
    for (y, x) in y.iter_mut().zip(x) {
        *y = (x - mean) * scale;
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn layer_norm_grad(x: &[f32], g: &[f32], dx: &mut [f32], eps: f32) {
    let n = x.len();
    let (g, dx) = (&g[..n], &mut dx[..n]);
    let (mean, scale) = moments(x, eps);
    let g_mean = sum(g, |g| g) / n as f32;
    let g_dot = sum_of_pairs(g, x, |g, x| g * (x - mean)) * scale * scale / n as f32;
    for i in 0..n {
        dx[i] = scale * (g[i] - g_mean - (x[i] - mean) * g_dot);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn rms_norm(x: &[f32], y: &mut [f32], eps: f32) {
    let n = x.len();
    let scale = 1.0 / (sum(x, |x| x * x) / n as f32 + eps).sqrt();
    for (y, x) in y.iter_mut().zip(x) {
        *y = x * scale;
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn rms_norm_grad(x: &[f32], g: &[f32], dx: &mut [f32], eps: f32) {
    let n = x.len();
    let (g, dx) = (&g[..n], &mut dx[..n]);
    let scale = 1.0 / (sum(x, |x| x * x) / n as f32 + eps).sqrt();
    let g_dot = sum_of_pairs(g, x, |g, x| g * x) * scale * scale / n as f32;
    for i in 0..n {
        dx[i] = scale * (g[i] - x[i] * g_dot);
    }
}

pub(super) fn softmax(x: &[f32], y: &mut [f32]) {
    y.copy_from_slice(x);
    softmax_in_place(y);
}

pub(super) fn softmax_grad(y: &[f32], g: &[f32], dx: &mut [f32]) {
    dx.copy_from_slice(g);
    softmax_slopes(y, dx, 1.0);
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn softmax_in_place(y: &mut [f32]) {
    let max = maximum(y);
    for v in y.iter_mut() {
        *v = exp(*v - max);
    }
    let scale = 1.0 / sum(y, |y| y);
    for v in y.iter_mut() {
        *v *= scale;
    }
}

/// Values of a vector of the soft-max: one AVX-512 register.
pub(super) const SOFTMAX_LANES: usize = 16;

/// The soft-max of the first `len` values of every row; rows are as long as whole vectors need, and what is behind is
/// overwritten.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn softmax_rows(rows: &mut [f32], len: usize) {
    let stride = len.next_multiple_of(SOFTMAX_LANES);
    if len == 0 {
        return;
    }
    for row in rows.chunks_exact_mut(stride) {
        // Their exponentials are below 2e-38, which changes no sum that has a one in it.
        row[len..].fill(f32::MIN);
        let (vectors, _) = row.as_chunks_mut::<SOFTMAX_LANES>();
        let mut most = [f32::MIN; SOFTMAX_LANES];
        for vector in vectors.iter() {
            most.iter_mut().zip(vector).for_each(|(most, v)| *most = if *v > *most { *v } else { *most });
        }
        let most = most.into_iter().fold(f32::MIN, |most, v| if v > most { v } else { most });
        let mut sums = [0f32; SOFTMAX_LANES];
        for vector in vectors.iter_mut() {
            for (v, sum) in vector.iter_mut().zip(&mut sums) {
                *v = exp(*v - most);
                *sum += *v;
            }
        }
        let scale = 1.0 / sums.iter().sum::<f32>();
        row.iter_mut().for_each(|v| *v *= scale);
    }
}

/// `slopes = scale · weights (slopes - weights · slopes)`: the soft-max Jacobian in place.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn softmax_slopes(weights: &[f32], slopes: &mut [f32], scale: f32) {
    let n = weights.len();
    let slopes = &mut slopes[..n];
    let dot = sum_of_pairs(weights, slopes, |w, s| w * s);
    for i in 0..n {
        slopes[i] = weights[i] * (slopes[i] - dot) * scale;
    }
}

/// sqrt(2 / pi)
const GELU_C: f32 = 0.797_884_6;

#[inline(always)]
fn gelu_sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-2.0 * GELU_C * x * (0.044_715 * x * x + 1.0)))
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn gelu(x: &[f32], y: &mut [f32]) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = x * gelu_sigmoid(x);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn gelu_grad(x: &[f32], g: &[f32], dx: &mut [f32]) {
    for ((dx, &x), &g) in dx.iter_mut().zip(x).zip(g) {
        let s = gelu_sigmoid(x);
        let slope = 2.0 * GELU_C * (1.0 + 3.0 * 0.044_715 * x * x);
        *dx = g * (s + x * s * (1.0 - s) * slope);
    }
}

/// `(Φ(x), exp(-x²/2))`; the error function by formula 7.1.26 of Abramowitz and Stegun, absolute error below 1.5e-7.
#[inline(always)]
fn normal_distribution(x: f32) -> (f32, f32) {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / z.mul_add(0.327_591_1, 1.0);
    let mut p = 1.061_405_4f32;
    p = p.mul_add(t, -1.453_152);
    p = p.mul_add(t, 1.421_413_7);
    p = p.mul_add(t, -0.284_496_74);
    p = p.mul_add(t, 0.254_829_6);
    let bell = exp(-z * z);
    let tail = 0.5 * p * t * bell;
    (if x < 0.0 { tail } else { 1.0 - tail }, bell)
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn gelu_erf(x: &[f32], y: &mut [f32]) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = x * normal_distribution(x).0;
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn gelu_erf_grad(x: &[f32], g: &[f32], dx: &mut [f32]) {
    /// 1 / sqrt(2 pi)
    const DENSITY: f32 = 0.398_942_3;
    for ((dx, &x), &g) in dx.iter_mut().zip(x).zip(g) {
        let (below, bell) = normal_distribution(x);
        *dx = g * (DENSITY * bell).mul_add(x, below);
    }
}

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn silu(x: &[f32], y: &mut [f32]) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = x * sigmoid(x);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn silu_grad(x: &[f32], g: &[f32], dx: &mut [f32]) {
    for ((dx, &x), &g) in dx.iter_mut().zip(x).zip(g) {
        let s = sigmoid(x);
        *dx = g * s * (1.0 + x * (1.0 - s));
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn swiglu(a: &[f32], b: &[f32], y: &mut [f32]) {
    for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
        *y = a * sigmoid(a) * b;
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn swiglu_grad_a(a: &[f32], b: &[f32], g: &[f32], da: &mut [f32]) {
    for (((da, &a), &b), &g) in da.iter_mut().zip(a).zip(b).zip(g) {
        let s = sigmoid(a);
        *da = g * b * s * (1.0 + a * (1.0 - s));
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn swiglu_grad_b(a: &[f32], _b: &[f32], g: &[f32], db: &mut [f32]) {
    for ((db, &a), &g) in db.iter_mut().zip(a).zip(g) {
        *db = g * a * sigmoid(a);
    }
}

/// One output frame of a depthwise correlation; `clip` is `[frames, channels]`, `kernel` `[taps, channels]`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn depthwise_row(clip: &[f32], frame: usize, kernel: &[f32], y: &mut [f32]) {
    let channels = y.len();
    let (frames, taps) = (clip.len() / channels, kernel.len() / channels);
    y.fill(0.0);
    for tap in 0..taps {
        let at = frame + tap;
        if at < taps / 2 || at - taps / 2 >= frames {
            continue;
        }
        let x = &clip[(at - taps / 2) * channels..][..channels];
        let w = &kernel[tap * channels..][..channels];
        for ((y, x), w) in y.iter_mut().zip(x).zip(w) {
            *y = x.mul_add(*w, *y);
        }
    }
}

/// Adds one clip's contribution to the kernel gradient `dw` `[taps, channels]`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn depthwise_kernel_grad(x: &[f32], g: &[f32], channels: usize, dw: &mut [f32]) {
    let (frames, taps) = (x.len() / channels, dw.len() / channels);
    for frame in 0..frames {
        let g = &g[frame * channels..][..channels];
        for tap in 0..taps {
            let at = frame + tap;
            if at < taps / 2 || at - taps / 2 >= frames {
                continue;
            }
            let x = &x[(at - taps / 2) * channels..][..channels];
            for ((dw, x), g) in dw[tap * channels..][..channels].iter_mut().zip(x).zip(g) {
                *dw = x.mul_add(*g, *dw);
            }
        }
    }
}

/// Scale, shift and ε of a layer norm.
#[derive(Clone, Copy)]
pub(crate) struct Norm<'a> {
    pub(crate) weight: &'a [f32],
    pub(crate) bias: &'a [f32],
    pub(crate) eps: f32,
}

#[inline(always)]
fn norm_row(x: &[f32], norm: Norm<'_>, y: &mut [f32]) {
    let (mean, scale) = moments(x, norm.eps);
    for (((y, x), weight), bias) in y.iter_mut().zip(x).zip(norm.weight).zip(norm.bias) {
        *y = ((x - mean) * scale).mul_add(*weight, *bias);
    }
}

/// A layer norm of every row of `x`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn norm_rows(x: &[f32], norm: Norm<'_>, y: &mut [f32]) {
    let dim = norm.weight.len();
    for (x, y) in x.chunks_exact(dim).zip(y.chunks_exact_mut(dim)) {
        norm_row(x, norm, y);
    }
}

/// `x = gelu(x + bias)`, row by row.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn gelu_with_bias(x: &mut [f32], bias: &[f32]) {
    for row in x.chunks_exact_mut(bias.len()) {
        for (x, bias) in row.iter_mut().zip(bias) {
            let sum = *x + bias;
            *x = sum * gelu_sigmoid(sum);
        }
    }
}

/// `out = start + x weights`, for rows of few inputs.
///
/// # Shapes
/// - `x`: `[rows, inputs]`; `weights`: `[inputs, dim]`; `out`: `[rows, dim]`
/// - `start`: as many rows as there are, or fewer, which repeat
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn expand_rows(x: &[f32], weights: &[f32], start: &[f32], inputs: usize, out: &mut [f32]) {
    let dim = weights.len() / inputs;
    let starts = start.chunks_exact(dim).cycle();
    for ((x, start), out) in x.chunks_exact(inputs).zip(starts).zip(out.chunks_exact_mut(dim)) {
        out.copy_from_slice(start);
        for (x, weights) in x.iter().zip(weights.chunks_exact(dim)) {
            for (out, weight) in out.iter_mut().zip(weights) {
                *out = weight.mul_add(*x, *out);
            }
        }
    }
}

/// `x += bias`, row by row.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn add_bias(x: &mut [f32], bias: &[f32]) {
    for row in x.chunks_exact_mut(bias.len()) {
        for (x, bias) in row.iter_mut().zip(bias) {
            *x += bias;
        }
    }
}

/// `out = x + (y + bias) · scale`, row by row.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn add_scaled(x: &[f32], y: &[f32], bias: &[f32], scale: &[f32], out: &mut [f32]) {
    let dim = bias.len();
    for ((x, y), out) in x.chunks_exact(dim).zip(y.chunks_exact(dim)).zip(out.chunks_exact_mut(dim)) {
        for ((((x, y), bias), scale), out) in x.iter().zip(y).zip(bias).zip(scale).zip(out) {
            *out = (y + bias).mul_add(*scale, *x);
        }
    }
}

/// `out += (y + bias) · scale`, row by row.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn accumulate_scaled(y: &[f32], bias: &[f32], scale: &[f32], out: &mut [f32]) {
    let dim = bias.len();
    for (y, out) in y.chunks_exact(dim).zip(out.chunks_exact_mut(dim)) {
        for (((y, bias), scale), out) in y.iter().zip(bias).zip(scale).zip(out) {
            *out = (y + bias).mul_add(*scale, *out);
        }
    }
}

/// Logarithms to amplitudes: `scale · exp(x)`, and 0 where `exp(x)` is below `floor`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn amplitudes(x: &mut [f32], floor: f32, scale: f32) {
    for x in x {
        let amplitude = exp(*x);
        *x = if amplitude < floor { 0.0 } else { amplitude * scale };
    }
}

/// Where `tonal` is below `share` of `noise` its power goes over to the noise, and its logarithm becomes `nothing`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn take_masked(tonal: &mut [f32], noise: &mut [f32], share: f32, log: &mut [f32], nothing: f32) {
    for ((tonal, noise), log) in tonal.iter_mut().zip(noise).zip(log) {
        let masked = *tonal < share * *noise;
        let sum = tonal.mul_add(*tonal, *noise * *noise).sqrt();
        *noise = if masked { sum } else { *noise };
        *log = if masked { nothing } else { *log };
        *tonal = if masked { 0.0 } else { *tonal };
    }
}

/// Largest magnitude.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn largest(x: &[f32]) -> f32 {
    // Without their sign floats are ordered as integers are, whose maximum vectorises.
    f32::from_bits(x.iter().fold(0, |most, v| most.max(v.to_bits() & 0x7fff_ffff)))
}

/// The code whose multiple of `scale` is next to `x`, and whether that is farther than `tolerance` times the scale.
#[inline(always)]
fn code(x: f32, inverse: f32, scale: f32, tolerance: f32) -> (i8, bool) {
    let rounded = (x * inverse + ROUND) - ROUND;
    (rounded as i32 as i8, (rounded * scale - x).abs() > tolerance * scale)
}

/// What [`code`] multiplies by; rows of zeros have a scale of zero.
#[inline(always)]
fn inverse(scale: f32) -> f32 {
    if scale > 0.0 { 1.0 / scale } else { 0.0 }
}

/// The codes of `x` for one scale; returns whether all of their multiples are nearer than `tolerance` times the scale.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn to_bytes(x: &[f32], scale: f32, tolerance: f32, codes: &mut [i8]) -> bool {
    let (inverse, mut far) = (inverse(scale), 0u32);
    for (to, x) in codes.iter_mut().zip(x) {
        let (code, is_far) = code(*x, inverse, scale, tolerance);
        far |= u32::from(is_far);
        *to = code;
    }
    far == 0
}

/// [`to_bytes`] with a scale per value.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn to_bytes_by_columns(x: &[f32], scales: &[f32], tolerance: f32, codes: &mut [i8]) -> bool {
    let mut far = 0u32;
    for ((to, x), scale) in codes.iter_mut().zip(x).zip(scales) {
        let (code, is_far) = code(*x, inverse(*scale), *scale, tolerance);
        far |= u32::from(is_far);
        *to = code;
    }
    far == 0
}

/// `y = x / sqrt(mean(x²) + eps) · scale + shift`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn rms_norm_modulated(x: &[f32], scale: &[f32], shift: &[f32], eps: f32, y: &mut [f32]) {
    let n = x.len();
    let inverse = 1.0 / (sum(x, |x| x * x) / n as f32 + eps).sqrt();
    for (((y, x), scale), shift) in y.iter_mut().zip(x).zip(scale).zip(shift) {
        *y = (x * inverse).mul_add(*scale, *shift);
    }
}

/// `out += scale · x`, one scale for all.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn add_multiple(x: &[f32], scale: f32, out: &mut [f32]) {
    for (out, x) in out.iter_mut().zip(x) {
        *out = x.mul_add(scale, *out);
    }
}

/// `out += x · scales`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn add_product(x: &[f32], scales: &[f32], out: &mut [f32]) {
    for ((out, x), scale) in out.iter_mut().zip(x).zip(scales) {
        *out = x.mul_add(*scale, *out);
    }
}
