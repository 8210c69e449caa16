//! Latent to bin amplitudes.

use crate::config::{CodecConfig, FRAMES_PER_HIGH, HIGH_PER_TOKEN};
use crate::nn::linear::LinearInit;
use crate::nn::{ConvNextBlock, LayerNorm, Linear};
use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

/// Log amplitude that a network output of zero stands for, and the step of one.
const LOG_CENTRE: f64 = -6.0;
const LOG_SCALE: f64 = 2.0;

/// What each time-frequency bin is made of: a phasor of amplitude `exp(tonal)` plus complex Gaussian noise of
/// root-mean-square amplitude `exp(noise)`.
#[derive(Debug, Clone)]
pub struct Spectrum {
    /// `[batch, frames, 2 * bins]`: natural logarithms, tonal amplitudes first, then noise amplitudes.
    pub log_amplitudes: Tensor,
}

/// Splits a token into eight frames in two steps, with ConvNeXt blocks in between.
#[derive(Debug, Clone)]
pub struct Decoder {
    to_low: Linear,
    low: Vec<ConvNextBlock>,
    to_high: Linear,
    high: Vec<ConvNextBlock>,
    norm: LayerNorm,
    out: Linear,
}

impl Decoder {
    /// Takes the tensors from `vb`.
    ///
    /// # Errors
    /// A candle error if a stored tensor is missing or has another shape.
    pub fn new(c: &CodecConfig, vb: &VarBuilder<'_>) -> Result<Self> {
        let linear = |i, o, name: &str| Linear::new(i, o, true, LinearInit::Xavier, &vb.pp(name));
        let blocks = |n: usize, dim: usize, name: &str| -> Result<Vec<_>> {
            let scale = 1.0 / (c.decoder_high_blocks + c.low_blocks) as f64;
            (0..n).map(|i| ConvNextBlock::new(dim, dim * c.expansion, scale, &vb.pp(name).pp(i))).collect()
        };
        Ok(Self {
            to_low: linear(c.latent_channels, c.low_dim, "to_low")?,
            low: blocks(c.low_blocks, c.low_dim, "low")?,
            to_high: linear(c.low_dim, c.high_dim * HIGH_PER_TOKEN, "to_high")?,
            high: blocks(c.decoder_high_blocks, c.high_dim, "high")?,
            norm: LayerNorm::new(c.high_dim, 1e-6, &vb.pp("norm"))?,
            out: linear(c.high_dim, FRAMES_PER_HIGH * 2 * c.bins(), "out")?,
        })
    }

    /// Decodes.
    ///
    /// # Shapes
    /// - `latent`: `[batch, tokens, channels]`, not normalised
    /// - returns: a [`Spectrum`] of `8 * tokens` frames
    ///
    /// # Errors
    /// A candle error if the shapes do not fit.
    pub fn forward(&self, latent: &Tensor) -> Result<Spectrum> {
        self.forward_checked(latent, &|| Ok::<(), candle_core::Error>(()))
    }

    /// Like [`Decoder::forward`], calling `between_blocks` before each block; its error ends the decoding.
    ///
    /// # Errors
    /// A candle error if the shapes do not fit; errors of `between_blocks`.
    pub fn forward_checked<E: From<candle_core::Error>>(
        &self,
        latent: &Tensor,
        between_blocks: &dyn Fn() -> std::result::Result<(), E>,
    ) -> std::result::Result<Spectrum, E> {
        let (batch, tokens, _) = latent.dims3()?;
        let mut x = self.to_low.forward(latent)?;
        for block in &self.low {
            between_blocks()?;
            x = block.forward(&x)?;
        }
        let mut x = self.to_high.forward(&x)?.reshape((batch, tokens * HIGH_PER_TOKEN, ()))?;
        for block in &self.high {
            between_blocks()?;
            x = block.forward(&x)?;
        }
        let out = self.out.forward(&self.norm.forward(&x)?)?;
        let out = out.reshape((batch, tokens * HIGH_PER_TOKEN * FRAMES_PER_HIGH, ()))?;
        Ok(Spectrum { log_amplitudes: ((out * LOG_SCALE)? + LOG_CENTRE)? })
    }
}
