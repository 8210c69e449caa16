//! Fixed-grid solvers of `dx/dt = v(x, t)`; they know a trait and never a model.

use super::path::{DATA_TIME, NOISE_TIME};
use crate::error::{Error, ErrorKind, Result};
use crate::nn::ops;
use candle_core::Tensor;

/// A velocity as a function of state and time.
pub trait VelocityField {
    /// Evaluates the field.
    ///
    /// # Shapes
    /// - `x_t`: `[batch, tokens, channels]`; returns the same
    ///
    /// # Errors
    /// Whatever the evaluation fails with, [`ErrorKind::Cancelled`] included.
    fn velocity(&self, x_t: &Tensor, t: f64) -> Result<Tensor>;

    /// The same for a part of a longer clip, whose first token is the clip's token `start`.
    ///
    /// # Errors
    /// Those of [`velocity`](Self::velocity).
    fn velocity_from(&self, x_t: &Tensor, t: f64, start: usize) -> Result<Tensor> {
        let _ = start;
        self.velocity(x_t, t)
    }
}

impl<F: Fn(&Tensor, f64) -> Result<Tensor>> VelocityField for F {
    fn velocity(&self, x_t: &Tensor, t: f64) -> Result<Tensor> {
        self(x_t, t)
    }
}

/// One-step rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `x + h v(x, t)`; order 1, one evaluation.
    Euler,
    /// `x + h v(x + h/2 v(x, t), t + h/2)`; order 2, two evaluations.
    Midpoint,
    /// `x + h/2 (v(x, t) + v(x + h v(x, t), t + h))`; order 2, two evaluations.
    Heun,
    /// `x + h (v + h / (2 h') (v - v'))`, where `v'` is the velocity of the step before and `h'` its length; order 2, one
    /// evaluation. The first step is one of Euler. The two-step method of Adams and Bashforth ([Hairer, Nørsett and Wanner,
    /// 1993](https://doi.org/10.1007/978-3-540-78862-1), III.1 and III.5).
    AdamsBashforth,
}

/// The velocity of a step and the step's length.
type Taken = (Tensor, f64);

impl Method {
    /// Velocity evaluations per step.
    #[must_use]
    pub fn evaluations(self) -> u32 {
        match self {
            Self::Euler | Self::AdamsBashforth => 1,
            Self::Midpoint | Self::Heun => 2,
        }
    }

    /// One step; `before` is that before this one, of a method that looks back.
    fn step(
        self,
        field: &dyn VelocityField,
        x: &Tensor,
        t: f64,
        h: f64,
        before: &mut Option<Taken>,
    ) -> Result<Tensor> {
        let v = field.velocity(x, t)?;
        let v = match self {
            Self::Euler => v,
            Self::Midpoint => field.velocity(&(x + (v * (h / 2.0))?)?, t + h / 2.0)?,
            Self::Heun => {
                let end = field.velocity(&(x + (&v * h)?)?, t + h)?;
                ((v + end)? * 0.5)?
            }
            Self::AdamsBashforth => match before.replace((v.clone(), h)) {
                Some((last, last_h)) => {
                    let share = h / (2.0 * last_h);
                    ops::add_multiple(&ops::add_multiple(&v, &v, share)?, &last, -share)?
                }
                None => v,
            },
        };
        Ok(ops::add_multiple(x, &v, h)?)
    }
}

/// `steps` equal steps from noise to data: `steps + 1` times.
#[must_use]
pub fn uniform_grid(steps: u32) -> Vec<f64> {
    let steps = steps.max(1);
    (0..=steps).map(|i| NOISE_TIME + (DATA_TIME - NOISE_TIME) * f64::from(i) / f64::from(steps)).collect()
}

/// Follows the field from `x` at the first time of `grid` to the last.
///
/// `on_step(i)` is called before step `i` (from 0) and may stop the run by an error.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] unless the grid rises from 0 to 1; errors of the field and of `on_step`.
pub fn integrate(
    field: &dyn VelocityField,
    method: Method,
    grid: &[f64],
    x: &Tensor,
    on_step: &mut dyn FnMut(usize) -> Result<()>,
) -> Result<Tensor> {
    let rises = grid.len() >= 2 && grid.windows(2).all(|w| w[0] < w[1]);
    if !rises || grid[0] != NOISE_TIME || grid[grid.len() - 1] != DATA_TIME {
        return Err(Error::new(ErrorKind::InvalidRequest, "The step grid must rise from 0 to 1"));
    }
    let (mut x, mut before) = (x.clone(), None);
    for (i, w) in grid.windows(2).enumerate() {
        on_step(i)?;
        x = method.step(field, &x, w[0], w[1] - w[0], &mut before)?;
    }
    Ok(x)
}
