//! Latent to bin amplitudes.

use super::bands::{self, BandMaps};
use crate::config::CodecConfig;
use crate::nn::band_block::KERNEL_TAPS;
use crate::nn::held::Held;
use crate::nn::linear::LinearInit;
use crate::nn::{BandBlock, LayerNorm, Linear, ops};
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

/// Passes the channels of every band through blocks that share their weights over bands, then writes eight frames.
#[derive(Debug, Clone)]
pub struct Decoder {
    band_channels: usize,
    read: Linear,
    embedding: Tensor, // (bands, dim)
    blocks: Vec<BandBlock>,
    norm: LayerNorm,
    write: BandMaps,
}

impl Decoder {
    /// Takes the tensors from `vb`.
    ///
    /// # Errors
    /// A candle error if a stored tensor is missing or has another shape.
    pub fn new(c: &CodecConfig, vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            band_channels: c.band_channels,
            read: Linear::new(c.band_channels, c.dim, true, LinearInit::Xavier, &vb.pp("read"))?,
            embedding: bands::embedding(c, vb)?,
            blocks: bands::blocks(c, c.decoder_blocks, vb)?,
            norm: LayerNorm::new(c.dim, 1e-6, &vb.pp("norm"))?,
            write: BandMaps::writing(c, &vb.pp("write"))?,
        })
    }

    /// Tokens on either side that a frame depends on.
    #[must_use]
    pub fn reach(&self) -> usize {
        self.blocks.len() * (KERNEL_TAPS / 2)
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
        let x = self.read.forward(&latent.reshape((batch, tokens, (), self.band_channels))?)?;
        let mut x = bands::add_embedding(&x, &self.embedding)?;
        if ops::is_fused(&x) && !x.track_op() && !self.is_trained() {
            return self.forward_tiled(&x, between_blocks);
        }
        for block in &self.blocks {
            between_blocks()?;
            x = block.forward(&x)?;
        }
        between_blocks()?;
        let out = self.write.write(&self.norm.forward(&x)?)?;
        Ok(Spectrum { log_amplitudes: ((out * LOG_SCALE)? + LOG_CENTRE)? })
    }

    /// What follows the embedding, for tensors on the CPU that want no gradient: every block writes where the one before
    /// the last has written.
    fn forward_tiled<E: From<candle_core::Error>>(
        &self,
        x: &Tensor,
        between_blocks: &dyn Fn() -> std::result::Result<(), E>,
    ) -> std::result::Result<Spectrum, E> {
        let sizes = x.dims4()?;
        let x = x.contiguous()?;
        let held = Held::new(&x);
        // Read by the first block, and by what comes behind the last if there is none.
        let mut latest: Option<Vec<f32>> = None;
        let mut spare: Option<Vec<f32>> = None;
        for block in &self.blocks {
            between_blocks()?;
            let mut out = spare.take().unwrap_or_else(|| vec![0f32; x.elem_count()]);
            let xs = latest.as_deref().map_or_else(|| held.values(), Ok)?;
            block.forward_slice(xs, sizes, &mut out)?;
            spare = latest.replace(out);
        }
        between_blocks()?;
        let xs = latest.as_deref().map_or_else(|| held.values(), Ok)?;
        let range = [LOG_SCALE as f32, LOG_CENTRE as f32];
        Ok(Spectrum { log_amplitudes: self.write.write_tiled(&self.norm, xs, sizes, range)? })
    }

    /// Whether anything behind the embedding wants a gradient.
    fn is_trained(&self) -> bool {
        self.blocks.iter().any(BandBlock::is_trained) || self.norm.is_trained() || self.write.is_trained()
    }
}
