//! The straight path from noise to data; the only place that encodes the direction of time.

use candle_core::{Result, Tensor};

/// Flow time of pure noise.
pub const NOISE_TIME: f64 = 0.0;
/// Flow time of data.
pub const DATA_TIME: f64 = 1.0;

/// `x_t = (1 - t) noise + t data`, Eq. (4) of [Liu et al., 2022](https://arxiv.org/abs/2209.03003).
///
/// # Shapes
/// - `noise`, `data`: `[batch, tokens, channels]`; `t`: `[batch]`; returns like `data`
///
/// # Errors
/// A candle error if the shapes differ.
pub fn interpolate(noise: &Tensor, data: &Tensor, t: &Tensor) -> Result<Tensor> {
    let t = t.reshape((t.dim(0)?, 1, 1))?;
    noise.broadcast_mul(&(1.0 - &t)?)? + data.broadcast_mul(&t)?
}

/// The constant velocity of that path, `data - noise`: what the network is trained to predict.
///
/// # Errors
/// A candle error if the shapes differ.
pub fn velocity(noise: &Tensor, data: &Tensor) -> Result<Tensor> {
    data - noise
}
