//! Latent diffusion, the baseline that FlashAudio is compared with: its schedule and DDIM.
//!
//! The network is the same; it predicts the noise instead of a velocity. Level `s` of [`LEVELS`] is
//! `x = √ᾱ_s data + √(1 - ᾱ_s) noise` with β rising from [`BETAS`] linearly in its square root, the schedule of latent
//! diffusion ([Rombach et al., 2022](https://arxiv.org/abs/2112.10752)) that AudioLDM 2 and Make-An-Audio 2 share.

use super::path::{DATA_TIME, NOISE_TIME};
use super::solver::VelocityField;
use crate::error::Result;
use candle_core::Tensor;
use std::sync::OnceLock;

/// Levels of noise in training.
pub const LEVELS: usize = 1000;
/// β of the first and the last level.
const BETAS: (f64, f64) = (0.000_85, 0.012);

/// `ᾱ_s`, the data's share of the variance at level `s`; 1 at level 0.
///
/// # Panics
/// If `s` is above [`LEVELS`].
#[must_use]
pub fn data_share(s: usize) -> f64 {
    static TABLE: OnceLock<Vec<f64>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let (first, last) = (BETAS.0.sqrt(), BETAS.1.sqrt());
        let beta = |i: usize| (first + (last - first) * i as f64 / (LEVELS - 1) as f64).powi(2);
        let mut share = 1.0;
        let below = (0..LEVELS).map(|i| {
            share *= 1.0 - beta(i);
            share
        });
        std::iter::once(1.0).chain(below).collect()
    })[s]
}

/// The flow time that stands for level `s`, as the network is told it.
#[must_use]
pub fn time_of(s: usize) -> f64 {
    DATA_TIME + (NOISE_TIME - DATA_TIME) * s as f64 / LEVELS as f64
}

/// The level at a flow time, at least the first: where a time drawn for training falls.
#[must_use]
pub fn level_at(t: f64) -> usize {
    let level = LEVELS as f64 * (DATA_TIME - t) / (DATA_TIME - NOISE_TIME);
    // Times come in single precision: one that stands for a level must not fall into the next.
    ((level - 1e-3).ceil() as usize).clamp(1, LEVELS)
}

/// `√ᾱ data + √(1 - ᾱ) noise` at a level per example.
///
/// # Shapes
/// - `noise`, `data`: `[batch, tokens, channels]`; returns the same
///
/// # Errors
/// A candle error if the shapes differ.
pub fn diffuse(noise: &Tensor, data: &Tensor, levels: &[usize]) -> candle_core::Result<Tensor> {
    let column = |of: &dyn Fn(f64) -> f64| {
        let values: Vec<f32> = levels.iter().map(|&s| of(data_share(s)).sqrt() as f32).collect();
        Tensor::from_vec(values, (levels.len(), 1, 1), data.device())
    };
    data.broadcast_mul(&column(&|share| share)?)? + noise.broadcast_mul(&column(&|share| 1.0 - share)?)?
}

/// DDIM without noise, [Song et al., 2021](https://arxiv.org/abs/2010.02502), Eq. (12) with σ = 0, over `steps` levels
/// evenly spaced; `field` predicts the noise.
///
/// `on_step(i)` is called before step `i` (from 0) and may stop the run by an error.
///
/// # Errors
/// Errors of the field and of `on_step`.
pub fn ddim(
    field: &dyn VelocityField,
    steps: u32,
    noise: &Tensor,
    on_step: &mut dyn FnMut(usize) -> Result<()>,
) -> Result<Tensor> {
    let steps = (steps as usize).clamp(1, LEVELS);
    let level = |i: usize| LEVELS * (steps - i) / steps;
    let mut x = noise.clone();
    for i in 0..steps {
        on_step(i)?;
        let (here, next) = (data_share(level(i)), data_share(level(i + 1)));
        let predicted = field.velocity(&x, time_of(level(i)))?;
        let data = ((x - (&predicted * (1.0 - here).sqrt())?)? / here.sqrt())?;
        x = ((data * next.sqrt())? + (predicted * (1.0 - next).sqrt())?)?;
    }
    Ok(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn the_schedule_is_that_of_latent_diffusion() {
        assert_eq!((data_share(0), level_at(time_of(1)), level_at(time_of(700))), (1.0, 1, 700));
        assert!((data_share(1) - (1.0 - 0.000_85)).abs() < 1e-12);
        // Python: math.prod(1 - (a + (b - a) * i / 999) ** 2 for i in range(1000)), a = .00085 ** .5, b = .012 ** .5.
        assert!((data_share(LEVELS) - 0.004_660_098_513_077_234).abs() < 1e-9, "{}", data_share(LEVELS));
        assert!((1..=LEVELS).all(|s| data_share(s) < data_share(s - 1)));
        assert_eq!((level_at(DATA_TIME), level_at(NOISE_TIME)), (1, LEVELS));
    }

    #[test]
    fn ddim_with_the_true_noise_finds_the_data() {
        let data = Tensor::new(&[[[0.7f32, -1.2, 0.1]]], &Device::Cpu).unwrap();
        let noise = Tensor::new(&[[[-0.3f32, 0.4, 2.0]]], &Device::Cpu).unwrap();
        let field = |_: &Tensor, _: f64| Ok(noise.clone());
        // From the exact last level, which is not quite noise.
        let start = diffuse(&noise, &data, &[LEVELS]).unwrap();
        for steps in [1, 7, 100] {
            let end = ddim(&field, steps, &start, &mut |_| Ok(())).unwrap();
            let error = (end - &data).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap();
            assert!(error.to_scalar::<f32>().unwrap() < 1e-4, "{steps} steps: {error}");
        }
    }
}
