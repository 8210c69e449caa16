//! From noise to data, by what a network was trained to predict.

use super::diffusion;
use super::path::{self, DATA_TIME, NOISE_TIME};
use super::solver::{Method, VelocityField, integrate, uniform_grid};
use crate::config::Sampler;
use crate::error::Result;
use candle_core::Tensor;

impl Sampler {
    /// Takes `steps` steps from `noise`; `fresh(i)` is the noise that step `i` (from 1) may add.
    ///
    /// `on_step(i)` is called before step `i` (from 0) and may stop the run by an error.
    ///
    /// # Errors
    /// Errors of the field, of `fresh` and of `on_step`.
    pub fn sample(
        self,
        field: &dyn VelocityField,
        steps: u32,
        noise: &Tensor,
        fresh: &dyn Fn(usize) -> Result<Tensor>,
        on_step: &mut dyn FnMut(usize) -> Result<()>,
    ) -> Result<Tensor> {
        match self {
            Self::Euler => integrate(field, Method::Euler, &uniform_grid(steps), noise, on_step),
            Self::Multistep => integrate(field, Method::AdamsBashforth, &uniform_grid(steps), noise, on_step),
            Self::Consistency => consistency(field, steps, noise, fresh, on_step),
            Self::Ddim => diffusion::ddim(field, steps, noise, on_step),
        }
    }
}

/// Where a consistency function says that the trajectory through `x_t` ends: `x_t + (1 - t) v(x_t, t)`, which is `x_t`
/// itself at the time of data, as it must be.
///
/// # Shapes
/// - `x_t`, `velocity`: `[batch, tokens, channels]`; `t`: `[batch, 1, 1]` or a scalar tensor; returns like `x_t`
///
/// # Errors
/// A candle error if the shapes differ.
pub fn end_of(x_t: &Tensor, velocity: &Tensor, t: &Tensor) -> candle_core::Result<Tensor> {
    x_t + velocity.broadcast_mul(&(DATA_TIME - t)?)?
}

/// Multistep consistency sampling, Algorithm 1 of [Song et al., 2023](https://arxiv.org/abs/2303.01469): to data, back
/// on the path by new noise, to data again, at evenly spaced times.
fn consistency(
    field: &dyn VelocityField,
    steps: u32,
    noise: &Tensor,
    fresh: &dyn Fn(usize) -> Result<Tensor>,
    on_step: &mut dyn FnMut(usize) -> Result<()>,
) -> Result<Tensor> {
    let grid = uniform_grid(steps);
    let at = |t: f64| Tensor::new(t as f32, noise.device());
    on_step(0)?;
    let mut data = end_of(noise, &field.velocity(noise, NOISE_TIME)?, &at(NOISE_TIME)?)?;
    for (i, &t) in grid[1..grid.len() - 1].iter().enumerate() {
        on_step(i + 1)?;
        let times = Tensor::full(t as f32, noise.dim(0)?, noise.device())?;
        let x = path::interpolate(&fresh(i + 1)?, &data, &times)?;
        data = end_of(&x, &field.velocity(&x, t)?, &at(t)?)?;
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn consistency_needs_one_evaluation_per_step_and_ends_where_the_function_says() {
        let noise = Tensor::new(&[[[0.5f32, -0.5]]], &Device::Cpu).unwrap();
        let goal = Tensor::new(&[[[2.0f32, 1.0]]], &Device::Cpu).unwrap();
        for steps in [1, 2, 5] {
            let seen = std::cell::RefCell::new(Vec::new());
            // The velocity of a function that always says `goal`.
            let field = |x: &Tensor, t: f64| {
                seen.borrow_mut().push(t);
                Ok(((&goal - x)? / (1.0 - t))?)
            };
            let fresh = |i: usize| Ok((&noise * (i as f64 + 1.0))?);
            let end = Sampler::Consistency.sample(&field, steps, &noise, &fresh, &mut |_| Ok(())).unwrap();
            let error = (end - &goal).unwrap().abs().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap();
            assert!(error < 1e-5, "{error}");
            let times: Vec<f64> = (0..steps).map(|i| f64::from(i) / f64::from(steps)).collect();
            assert_eq!(*seen.borrow(), times);
        }
    }
}
