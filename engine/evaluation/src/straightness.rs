//! How straight the trajectories of a flow are: what one step loses.
//!
//! `S = ∫₀¹ E |(z₁ - z₀) - v(z_t, t)|² dt` along simulated trajectories, Eq. (15) of
//! [FlashAudio](https://arxiv.org/abs/2410.12266) after [InstaFlow](https://arxiv.org/abs/2309.06380). Zero means
//! that one Euler step gives what many do.
//!
//! Here it is the mean over tokens and channels, not their sum: clips differ in length. The same number of steps must
//! be used for systems that are compared, since a trajectory of one step is straight by construction.

use candle_core::Tensor;
use std::cell::RefCell;
use straightshot_engine::error::Result;
use straightshot_engine::flow::solver::{self, Method, VelocityField};

/// Keeps every velocity that a solver asks for.
struct Recorder<'a> {
    field: &'a dyn VelocityField,
    velocities: RefCell<Vec<Tensor>>,
}

impl VelocityField for Recorder<'_> {
    fn velocity(&self, x_t: &Tensor, t: f64) -> Result<Tensor> {
        let velocity = self.field.velocity(x_t, t)?;
        self.velocities.borrow_mut().push(velocity.clone());
        Ok(velocity)
    }
}

/// Simulates with `steps` Euler steps and returns S per element; the natural logarithm of it is what plots show.
///
/// # Shapes
/// - `noise`: `[batch, tokens, channels]`
///
/// # Errors
/// Whatever the field fails with.
pub fn straightness(field: &dyn VelocityField, noise: &Tensor, steps: u32) -> Result<f64> {
    let recorder = Recorder { field, velocities: RefCell::default() };
    let grid = solver::uniform_grid(steps);
    let data = solver::integrate(&recorder, Method::Euler, &grid, noise, &mut |_| Ok(()))?;
    let chord = (data - noise)?;
    let mut sum = 0.0;
    // Euler asks once per step, at its beginning.
    for (velocity, times) in recorder.velocities.borrow().iter().zip(grid.windows(2)) {
        let bend = (&chord - velocity)?.sqr()?.mean_all()?.to_scalar::<f32>()?;
        sum += f64::from(bend) * (times[1] - times[0]);
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;
    use straightshot_engine::rng::{Noise, Stream};

    fn noise() -> Tensor {
        Noise::new(1, Stream::Evaluation).normal_tensor((2, 5, 3), &Device::Cpu).unwrap()
    }

    #[test]
    fn a_constant_velocity_is_straight() {
        let field = |x: &Tensor, _: f64| -> Result<Tensor> { Ok((x.zeros_like()? + 0.7)?) };
        let s = straightness(&field, &noise(), 10).unwrap();
        assert!(s < 1e-12, "{s}");
    }

    #[test]
    fn a_velocity_that_grows_with_time_has_its_variance() {
        // v = t: the chord is its mean, S its variance over the grid, 1/12 in the limit.
        let field = |x: &Tensor, t: f64| -> Result<Tensor> { Ok((x.zeros_like()? + t)?) };
        let s = straightness(&field, &noise(), 100).unwrap();
        assert!((s - 1.0 / 12.0).abs() < 1e-4, "{s}");
    }

    #[test]
    fn one_step_is_straight_by_construction() {
        let field = |x: &Tensor, t: f64| -> Result<Tensor> { Ok((x * (1.0 + t))?) };
        assert!(straightness(&field, &noise(), 1).unwrap() < 1e-12);
        assert!(straightness(&field, &noise(), 8).unwrap() > 1e-2);
    }
}
