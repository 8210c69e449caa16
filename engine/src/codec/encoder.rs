//! Log-amplitude spectrogram to latent.

use crate::config::{CodecConfig, FRAMES_PER_HIGH, HIGH_PER_TOKEN};
use crate::nn::linear::LinearInit;
use crate::nn::{ConvNextBlock, LayerNorm, Linear, ops};
use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

/// Centre and half range of the log amplitudes, so that the network sees values near unit variance.
const LOG_CENTRE: f64 = -6.0;
const LOG_SCALE: f64 = 2.5;

/// Diagonal Gaussian over the latent of one clip.
#[derive(Debug, Clone)]
pub struct Posterior {
    /// `[batch, tokens, channels]`
    pub mean: Tensor,
    /// `[batch, tokens, channels]`, clamped to ±12.
    pub log_var: Tensor,
}

impl Posterior {
    /// `mean + exp(log_var / 2) · noise`, the reparametrised draw.
    ///
    /// # Errors
    /// A candle error if the shapes differ.
    pub fn sample(&self, noise: &Tensor) -> Result<Tensor> {
        &self.mean + ((&self.log_var * 0.5)?.exp()? * noise)?
    }

    /// Kullback-Leibler divergence from the unit Gaussian in nats, summed over channels, mean over tokens.
    ///
    /// # Errors
    /// A candle error if the tensors do not match.
    pub fn kl(&self) -> Result<Tensor> {
        let (batch, tokens, _) = self.mean.dims3()?;
        let terms = (((self.mean.sqr()? + self.log_var.exp()?)? - &self.log_var)? - 1.0)?;
        terms.sum_all()? * (0.5 / (batch * tokens) as f64)
    }
}

/// Merges eight frames into a token in two steps, with ConvNeXt blocks in between.
#[derive(Debug, Clone)]
pub struct Encoder {
    frame: Linear,
    to_high: Linear,
    high: Vec<ConvNextBlock>,
    to_low: Linear,
    low: Vec<ConvNextBlock>,
    norm: LayerNorm,
    out: Linear,
}

impl Encoder {
    /// Takes the tensors from `vb`.
    ///
    /// # Errors
    /// A candle error if a stored tensor is missing or has another shape.
    pub fn new(c: &CodecConfig, vb: &VarBuilder<'_>) -> Result<Self> {
        let linear = |i, o, name: &str| Linear::new(i, o, true, LinearInit::Xavier, &vb.pp(name));
        let blocks = |n: usize, dim: usize, name: &str| -> Result<Vec<_>> {
            let scale = 1.0 / (c.encoder_high_blocks + c.low_blocks) as f64;
            (0..n).map(|i| ConvNextBlock::new(dim, dim * c.expansion, scale, &vb.pp(name).pp(i))).collect()
        };
        Ok(Self {
            frame: linear(c.bins(), c.frame_dim, "frame")?,
            to_high: linear(c.frame_dim * FRAMES_PER_HIGH, c.high_dim, "to_high")?,
            high: blocks(c.encoder_high_blocks, c.high_dim, "high")?,
            to_low: linear(c.high_dim * HIGH_PER_TOKEN, c.low_dim, "to_low")?,
            low: blocks(c.low_blocks, c.low_dim, "low")?,
            norm: LayerNorm::new(c.low_dim, 1e-6, &vb.pp("norm"))?,
            out: Linear::new(
                c.low_dim,
                2 * c.latent_channels,
                true,
                LinearInit::Normal(0.02),
                &vb.pp("out"),
            )?,
        })
    }

    /// Encodes.
    ///
    /// # Shapes
    /// - `log_amplitude`: `[batch, frames, bins]`, `frames` a multiple of 8
    /// - returns: a [`Posterior`] over `[batch, frames / 8, channels]`
    ///
    /// # Errors
    /// A candle error if the shapes do not fit.
    pub fn forward(&self, log_amplitude: &Tensor) -> Result<Posterior> {
        let (batch, frames, _) = log_amplitude.dims3()?;
        let x = ((log_amplitude - LOG_CENTRE)? / LOG_SCALE)?;
        let x = ops::gelu(&self.frame.forward(&x)?)?;
        let mut x = self.to_high.forward(&x.reshape((batch, frames / FRAMES_PER_HIGH, ()))?)?;
        for block in &self.high {
            x = block.forward(&x)?;
        }
        let tokens = frames / (FRAMES_PER_HIGH * HIGH_PER_TOKEN);
        let mut x = self.to_low.forward(&x.reshape((batch, tokens, ()))?)?;
        for block in &self.low {
            x = block.forward(&x)?;
        }
        let out = self.out.forward(&self.norm.forward(&x)?)?;
        let half = out.dim(2)? / 2;
        Ok(Posterior {
            mean: out.narrow(2, 0, half)?.contiguous()?,
            log_var: out.narrow(2, half, half)?.contiguous()?.clamp(-12.0, 12.0)?,
        })
    }
}
