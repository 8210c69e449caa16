//! Flow time as a vector.

use super::Linear;
use super::linear::{Activation, LinearInit};
use candle_core::{Device, Result, Tensor};
use candle_nn::VarBuilder;
use std::sync::OnceLock;

/// Length of the sinusoidal code before the two linear layers.
pub const SINUSOID_DIM: usize = 256;
/// Flow time is in `[0, 1]`; the sinusoids were designed for the range of diffusion steps.
const TIME_SCALE: f64 = 1000.0;
const MAX_PERIOD: f64 = 10_000.0;

/// `W₂ silu(W₁ [cos(1000 t ω), sin(1000 t ω)])`, ω geometric from 1 to 1/10,000.
#[derive(Debug, Clone)]
pub struct TimeEmbedding {
    hidden: Linear,
    out: Linear,
    /// On the device of the network; made when it is first of use.
    frequencies: OnceLock<Tensor>,
}

impl TimeEmbedding {
    /// Takes `hidden` and `out` from `vb`.
    ///
    /// # Errors
    /// A candle error if a stored tensor is missing or has another shape.
    pub fn new(dim: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let init = LinearInit::Normal(0.02);
        Ok(Self {
            hidden: Linear::new(SINUSOID_DIM, dim, true, init, &vb.pp("hidden"))?,
            out: Linear::new(dim, dim, true, init, &vb.pp("out"))?,
            frequencies: OnceLock::new(),
        })
    }

    /// Embeds the times.
    ///
    /// # Shapes
    /// - `t`: `[batch]`, in `[0, 1]`, 0 = noise
    /// - returns: `[batch, dim]`
    ///
    /// # Errors
    /// A candle error if `t` is not one-dimensional.
    pub fn forward(&self, t: &Tensor) -> Result<Tensor> {
        let angle = t.reshape((t.dim(0)?, 1))?.broadcast_mul(self.frequencies(t.device())?)?;
        let code = Tensor::cat(&[angle.cos()?, angle.sin()?], 1)?;
        self.out.forward(&self.hidden.activated(&code, Activation::Silu)?)
    }

    /// What times are multiplied by, `[1, SINUSOID_DIM / 2]`.
    fn frequencies(&self, device: &Device) -> Result<&Tensor> {
        if let Some(kept) = self.frequencies.get() {
            return Ok(kept);
        }
        let half = SINUSOID_DIM / 2;
        let values = (0..half).map(|i| (TIME_SCALE * MAX_PERIOD.powf(-(i as f64) / half as f64)) as f32);
        let made = Tensor::from_vec(values.collect::<Vec<f32>>(), (1, half), device)?;
        Ok(self.frequencies.get_or_init(|| made))
    }
}
