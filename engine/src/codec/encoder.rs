//! Log-amplitude spectrogram to latent.

use super::bands::{self, BandMaps};
use crate::config::CodecConfig;
use crate::nn::linear::LinearInit;
use crate::nn::{BandBlock, LayerNorm, Linear};
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

/// Reads eight frames of a band at a time and passes them through blocks that share their weights over bands.
#[derive(Debug, Clone)]
pub struct Encoder {
    read: BandMaps,
    embedding: Tensor, // (bands, dim)
    blocks: Vec<BandBlock>,
    norm: LayerNorm,
    out: Linear,
}

impl Encoder {
    /// Takes the tensors from `vb`.
    ///
    /// # Errors
    /// A candle error if a stored tensor is missing or has another shape.
    pub fn new(c: &CodecConfig, vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            read: BandMaps::reading(c, &vb.pp("read"))?,
            embedding: bands::embedding(c, vb)?,
            blocks: bands::blocks(c, c.encoder_blocks, vb)?,
            norm: LayerNorm::new(c.dim, 1e-6, &vb.pp("norm"))?,
            out: Linear::new(c.dim, 2 * c.band_channels, true, LinearInit::Xavier, &vb.pp("out"))?,
        })
    }

    /// Encodes.
    ///
    /// # Shapes
    /// - `log_amplitude`: `[batch, frames, bins]`, `frames` a multiple of 8
    /// - returns: a [`Posterior`] over `[batch, frames / 8, channels]`, the channels of a band side by side
    ///
    /// # Errors
    /// A candle error if the shapes do not fit.
    pub fn forward(&self, log_amplitude: &Tensor) -> Result<Posterior> {
        let x = ((log_amplitude - LOG_CENTRE)? / LOG_SCALE)?;
        let mut x = bands::add_embedding(&self.read.read(&x)?, &self.embedding)?;
        for block in &self.blocks {
            x = block.forward(&x)?;
        }
        let out = self.out.forward(&self.norm.forward(&x)?)?;
        let half = out.dim(3)? / 2;
        let part = |i: usize| out.narrow(3, i * half, half)?.contiguous()?.flatten_from(2);
        Ok(Posterior { mean: part(0)?, log_var: part(1)?.clamp(-12.0, 12.0)? })
    }
}
