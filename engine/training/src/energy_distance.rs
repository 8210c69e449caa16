//! Spectral energy distance: the loss of the codec.
//!
//! [Gritsenko et al., 2020](https://arxiv.org/abs/2008.01160): with two independent draws `X`, `X'` of the model
//! and the target `Y`, `E|X - Y| + E|X' - Y| - E|X - X'|` is smallest exactly when the model's distribution is
//! the data's (a proper score), without an adversary. Here it is taken per bin on the loudness-like
//! `f(a) = ln a + β a^⅓` of the amplitude `a`, with draws `a = |e^tonal + e^noise (u + iv)|`, `u, v ~ N(0, ½)`.
//!
//! The logarithm alone counts a bin at -80 dB as much as one at -10 dB; a tone, which is three loud bins in
//! five hundred quiet ones, is then hardly worth learning. A monotone `f` leaves the score proper.
//!
//! The same score is taken on the power summed over bands, [`BANDS`] of about equal width to the ear: where the
//! decoder cannot place a tone to the bin yet, the band it lies in has the right level all the same.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;
use std::sync::Arc;
use straightshot_engine::codec::AMPLITUDE_FLOOR;
use straightshot_engine::nn::ops::{contiguous_f32, rows_per_task};
use straightshot_engine::rng::{Noise, Stream};

const FLOOR_SQUARED: f32 = AMPLITUDE_FLOOR * AMPLITUDE_FLOOR;
/// β: at -10 dB a relative change of amplitude weighs 7.8 times as much as in silence, at -40 dB 3.2 times.
const LOUDNESS: f32 = 30.0;
/// Bands of the second term, uniform in mel but at least one bin wide.
const BANDS: usize = 48;
/// Deviates kept; a prime, so that rows of any length start at ever different places.
const POOL: usize = 2_097_143;

/// The loss with its weights and a pool of normal deviates.
#[derive(Debug, Clone)]
pub struct EnergyDistance {
    weight: Arc<Vec<f32>>,
    /// First bin of every band, then the number of bins.
    edges: Arc<Vec<usize>>,
    pool: Arc<Vec<f32>>,
}

impl EnergyDistance {
    /// Prepares the loss for spectra of `bins` bins up to half of `sample_rate_hz`.
    ///
    /// Bins count by the width of the ear's frequency bands (as the slope of the mel scale), mean weight one:
    /// a linear grid would spend half of the loss above 11 kHz.
    #[must_use]
    pub fn new(bins: usize, sample_rate_hz: u32, seed: u64) -> Self {
        let width = f64::from(sample_rate_hz) / 2.0 / bins as f64;
        let raw: Vec<f64> = (0..bins).map(|i| 1.0 / (1000.0 + i as f64 * width)).collect();
        let mean = raw.iter().sum::<f64>() / bins as f64;
        let mut noise = Noise::new(seed, Stream::Training);
        let pool = (0..POOL).map(|_| noise.normal() * std::f32::consts::FRAC_1_SQRT_2).collect();
        Self {
            weight: Arc::new(raw.iter().map(|w| (w / mean) as f32).collect()),
            edges: Arc::new(band_edges(bins, width)),
            pool: Arc::new(pool),
        }
    }

    /// Mean loss over all bins plus mean loss over all bands; near silence in nepers (1 neper = 8.7 dB).
    ///
    /// # Shapes
    /// - `log_amplitudes`: `[batch, frames, 2 * bins]`, tonal then noise
    /// - `target`: `[batch, frames, bins]`, natural log amplitudes
    /// - returns: a scalar
    ///
    /// # Errors
    /// A candle error if the shapes do not fit or the tensors are not on the CPU.
    pub fn loss(&self, log_amplitudes: &Tensor, target: &Tensor, draw: u64) -> Result<Tensor> {
        let op = Score { shared: self.clone(), draw };
        log_amplitudes.contiguous()?.apply_op2(&target.contiguous()?, op)?.mean_all()
    }

    /// Four slices of `n` deviates for one row of one draw.
    fn deviates(&self, draw: u64, row: usize, n: usize) -> [&[f32]; 4] {
        // Splitmix64 step: neighbouring rows read unrelated places.
        let mut z = draw.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(row as u64 * 0xbf58_476d_1ce4_e5b9);
        std::array::from_fn(|_| {
            z = (z ^ (z >> 30)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^= z >> 31;
            let at = (z % (POOL - n) as u64) as usize;
            &self.pool[at..at + n]
        })
    }
}

#[derive(Debug, Clone)]
struct Score {
    shared: EnergyDistance,
    draw: u64,
}

/// `f` of the module's head for an amplitude given as its logarithm.
#[inline(always)]
fn loudness(log_amplitude: f32) -> f32 {
    log_amplitude + LOUDNESS * (log_amplitude * (1.0 / 3.0)).exp()
}

/// `f` of a power, and `d f / d ln a` divided by the power.
#[inline(always)]
fn of_power(power: f32) -> (f32, f32) {
    let log = 0.5 * power.ln();
    let root = LOUDNESS * (log * (1.0 / 3.0)).exp();
    (log + root, (1.0 + root * (1.0 / 3.0)) / power)
}

/// `|a - y| + |b - y| - |a - b|` and its slopes by `a` and `b`.
#[inline(always)]
fn score(a: f32, b: f32, y: f32) -> (f32, [f32; 2]) {
    let value = (a - y).abs() + (b - y).abs() - (a - b).abs();
    let between = sign(a, b);
    (value, [sign(a, y) - between, sign(b, y) + between])
}

/// Bands of about equal width on the mel scale, none empty.
fn band_edges(bins: usize, width_hz: f64) -> Vec<usize> {
    let mel = |hz: f64| (1.0 + hz / 700.0).ln();
    let top = mel(bins as f64 * width_hz);
    let mut edges = vec![0];
    for band in 1..=BANDS {
        let hz = 700.0 * ((top * band as f64 / BANDS as f64).exp() - 1.0);
        let edge = ((hz / width_hz).round() as usize).clamp(edges[band - 1] + 1, bins.max(band));
        edges.push(edge.min(bins));
    }
    edges.dedup();
    edges
}

/// Both draws of one row: powers, and half their derivatives by the two log amplitudes.
struct Row {
    power: [Vec<f32>; 2],
    by_tonal: [Vec<f32>; 2],
    by_noise: [Vec<f32>; 2],
}

impl Row {
    fn draw(parameters: &[f32], deviates: [&[f32]; 4]) -> Self {
        let bins = parameters.len() / 2;
        let zeros = || [vec![0f32; bins], vec![0f32; bins]];
        let mut row = Self { power: zeros(), by_tonal: zeros(), by_noise: zeros() };
        for i in 0..bins {
            let (t, n) = (parameters[i].min(20.0).exp(), parameters[bins + i].min(20.0).exp());
            for draw in 0..2 {
                let (u, v) = (deviates[2 * draw][i], deviates[2 * draw + 1][i]);
                let (re, im) = (t + n * u, n * v);
                row.power[draw][i] = re * re + im * im + FLOOR_SQUARED;
                row.by_tonal[draw][i] = re * t;
                row.by_noise[draw][i] = (re * u + im * v) * n;
            }
        }
        row
    }
}

impl EnergyDistance {
    /// Loss of one row; `slope[draw][bin]` receives its derivative by half the power's logarithm over the power.
    fn row(&self, row: &Row, target: &[f32], slope: &mut [Vec<f32>; 2]) -> f32 {
        let bins = target.len();
        let mut bin_sum = 0.0;
        for i in 0..bins {
            let ((a, da), (b, db)) = (of_power(row.power[0][i]), of_power(row.power[1][i]));
            let (value, [ga, gb]) = score(a, b, loudness(target[i]));
            let weight = self.weight[i] / bins as f32;
            bin_sum += weight * value;
            slope[0][i] = weight * ga * da;
            slope[1][i] = weight * gb * db;
        }
        let bands = self.edges.len() - 1;
        let mut band_sum = 0.0;
        for edge in self.edges.windows(2) {
            let band = edge[0]..edge[1];
            let power = |draw: usize| row.power[draw][band.clone()].iter().sum::<f32>();
            let target: f32 = target[band.clone()].iter().map(|y| (2.0 * y).exp()).sum();
            let ((a, da), (b, db)) = (of_power(power(0)), of_power(power(1)));
            let (value, [ga, gb]) = score(a, b, of_power(target).0);
            band_sum += value / bands as f32;
            for i in band {
                slope[0][i] += ga * da / bands as f32;
                slope[1][i] += gb * db / bands as f32;
            }
        }
        bin_sum + band_sum
    }
}

impl CustomOp2 for Score {
    fn name(&self) -> &'static str {
        "energy-distance"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (params, target) = (contiguous_f32(s1, l1)?, contiguous_f32(s2, l2)?);
        let bins = self.shared.weight.len();
        if params.len() != 2 * target.len() || !target.len().is_multiple_of(bins) {
            candle_core::bail!("energy distance: {:?} does not fit {:?}", l1.shape(), l2.shape());
        }
        let rows = target.len() / bins;
        let mut out = vec![0f32; rows];
        out.par_iter_mut().with_min_len(rows_per_task(rows)).enumerate().for_each(|(row, out)| {
            let (p, y) = (&params[row * 2 * bins..][..2 * bins], &target[row * bins..][..bins]);
            let draws = Row::draw(p, self.shared.deviates(self.draw, row, bins));
            *out = self.shared.row(&draws, y, &mut [vec![0.0; bins], vec![0.0; bins]]);
        });
        Ok((CpuStorage::F32(out), Shape::from(rows)))
    }

    fn bwd(
        &self,
        params: &Tensor,
        target: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let slope = params.apply_op2_no_bwd(target, &ScoreGrad(self.clone()))?;
        let dims = params.dims().to_vec();
        let bins2 = dims[dims.len() - 1];
        let slope = slope.reshape(((), bins2))?.broadcast_mul(&grad.reshape(((), 1))?)?;
        Ok((Some(slope.reshape(dims)?), None))
    }
}

struct ScoreGrad(Score);

impl CustomOp2 for ScoreGrad {
    fn name(&self) -> &'static str {
        "energy-distance-grad"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (params, target) = (contiguous_f32(s1, l1)?, contiguous_f32(s2, l2)?);
        let shared = &self.0.shared;
        let bins = shared.weight.len();
        let rows = target.len() / bins;
        let mut out = vec![0f32; params.len()];
        let chunk = rows_per_task(rows);
        out.par_chunks_mut(chunk * 2 * bins).enumerate().for_each(|(task, out)| {
            for (j, out) in out.chunks_mut(2 * bins).enumerate() {
                let row = task * chunk + j;
                let (p, y) = (&params[row * 2 * bins..][..2 * bins], &target[row * bins..][..bins]);
                let draws = Row::draw(p, shared.deviates(self.0.draw, row, bins));
                let mut slope = [vec![0f32; bins], vec![0f32; bins]];
                shared.row(&draws, y, &mut slope);
                let (by_tonal, by_noise) = out.split_at_mut(bins);
                for i in 0..bins {
                    by_tonal[i] = slope[0][i] * draws.by_tonal[0][i] + slope[1][i] * draws.by_tonal[1][i];
                    by_noise[i] = slope[0][i] * draws.by_noise[0][i] + slope[1][i] * draws.by_noise[1][i];
                }
            }
        });
        Ok((CpuStorage::F32(out), l1.shape().clone()))
    }
}

#[inline(always)]
fn sign(a: f32, b: f32) -> f32 {
    if a > b {
        1.0
    } else if a < b {
        -1.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests;
