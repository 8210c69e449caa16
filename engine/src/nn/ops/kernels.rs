//! Row kernels: plain loops over slices, compiled for AVX-512, AVX2 and the baseline and picked at run time.

use multiversion::multiversion;
use std::f32::consts::LOG2_E;

/// Lanes of a partial sum: enough for two AVX-512 registers, so that additions do not wait for each other.
const LANES: usize = 32;

/// `exp(x)` for `x` clamped to ±87, relative error below 3e-7 (Cephes polynomial); vectorises, unlike libm's.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // 1.5 * 2^23: adding it rounds to an integer that then sits in the low mantissa bits.
    const ROUND: f32 = 12_582_912.0;
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

#[inline(always)]
fn sum(n: usize, f: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0f32; LANES];
    let whole = n / LANES * LANES;
    for i in (0..whole).step_by(LANES) {
        for (j, lane) in lanes.iter_mut().enumerate() {
            *lane += f(i + j);
        }
    }
    lanes.iter().sum::<f32>() + (whole..n).map(f).sum::<f32>()
}

#[inline(always)]
fn moments(x: &[f32], eps: f32) -> (f32, f32) {
    let n = x.len();
    let mean = sum(n, |i| x[i]) / n as f32;
    let var = sum(n, |i| (x[i] - mean) * (x[i] - mean)) / n as f32;
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
    let g_mean = sum(n, |i| g[i]) / n as f32;
    let g_dot = sum(n, |i| g[i] * (x[i] - mean)) * scale * scale / n as f32;
    for i in 0..n {
        dx[i] = scale * (g[i] - g_mean - (x[i] - mean) * g_dot);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn rms_norm(x: &[f32], y: &mut [f32], eps: f32) {
    let n = x.len();
    let scale = 1.0 / (sum(n, |i| x[i] * x[i]) / n as f32 + eps).sqrt();
    for (y, x) in y.iter_mut().zip(x) {
        *y = x * scale;
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn rms_norm_grad(x: &[f32], g: &[f32], dx: &mut [f32], eps: f32) {
    let n = x.len();
    let (g, dx) = (&g[..n], &mut dx[..n]);
    let scale = 1.0 / (sum(n, |i| x[i] * x[i]) / n as f32 + eps).sqrt();
    let g_dot = sum(n, |i| g[i] * x[i]) * scale * scale / n as f32;
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
    let max = y.iter().fold(f32::MIN, |m, &v| if v > m { v } else { m });
    for v in y.iter_mut() {
        *v = exp(*v - max);
    }
    let scale = 1.0 / sum(y.len(), |i| y[i]);
    for v in y.iter_mut() {
        *v *= scale;
    }
}

/// `slopes = scale · weights (slopes - weights · slopes)`: the soft-max Jacobian in place.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn softmax_slopes(weights: &[f32], slopes: &mut [f32], scale: f32) {
    let n = weights.len();
    let slopes = &mut slopes[..n];
    let dot = sum(n, |i| weights[i] * slopes[i]);
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
pub(super) fn swiglu(a: &[f32], b: &[f32], y: &mut [f32]) {
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
