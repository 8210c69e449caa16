//! Latent to bin amplitudes.

use super::bands::{self, BandMaps};
use super::levels::head::LevelsHead;
use super::spare::{Spare, Taken};
use crate::config::CodecConfig;
use crate::nn::band_block::KERNEL_TAPS;
use crate::nn::held::Held;
use crate::nn::linear::LinearInit;
use crate::nn::ops::kernels as k;
use crate::nn::{BandBlock, LayerNorm, Linear, ops};
use candle_core::{Result, Tensor, bail};
use candle_nn::VarBuilder;
use rayon::prelude::*;
use std::sync::Arc;
use straightshot_gpu_kernels::Recordings;

/// Log amplitude that a network output of zero stands for, and the step of one.
const LOG_CENTRE: f64 = -6.0;
const LOG_SCALE: f64 = 2.0;

/// Tokens whose features one task begins.
const READ_TOKENS: usize = 8;

/// What each time-frequency bin is made of: a phasor of amplitude `exp(tonal)` plus complex Gaussian noise of
/// root-mean-square amplitude `exp(noise)`.
#[derive(Debug, Clone)]
pub struct Spectrum {
    /// `[batch, frames, 2 * bins]`: natural logarithms, tonal amplitudes first, then noise amplitudes.
    pub log_amplitudes: Tensor,
    /// `[batch, tokens, width]`: what the levels of the sound are drawn from ([`super::levels`]), if the codec has levels.
    pub features: Option<Tensor>,
    /// `[batch, tokens, channels]`: what the latent says of the levels, if it does.
    pub levels: Option<Tensor>,
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
    levels: Option<LevelsHead>,
    spare: Spare,
    /// Only in a network that is not trained.
    recordings: Option<Arc<Recordings>>,
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
            levels: c
                .levels
                .as_ref()
                .map(|levels| LevelsHead::new(c, levels, &vb.pp("levels")))
                .transpose()?,
            spare: Spare::default(),
            recordings: None,
        })
    }

    /// Lets a card play what it has computed before.
    pub(super) fn record(&mut self) {
        self.recordings = Some(Arc::default());
    }

    /// Memory for whoever works on what it made.
    pub(super) fn spare(&self) -> &Spare {
        &self.spare
    }

    /// The network that draws the levels, if the codec has levels.
    #[must_use]
    pub fn levels(&self) -> Option<&LevelsHead> {
        self.levels.as_ref()
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
        let latent = latent.reshape((batch, tokens, (), self.band_channels))?;
        if ops::is_fused(&latent) && !latent.track_op() && !self.is_trained() {
            return self.forward_tiled(&latent, between_blocks);
        }
        // A recording has one result; with levels there are two.
        if let (Some(recordings), None) = (&self.recordings, &self.levels) {
            between_blocks()?;
            let log_amplitudes = recordings.run_one(&[], &[&latent], &|inputs| {
                let [latent] = inputs else { bail!("{} inputs", inputs.len()) };
                Ok(self.compute(latent, &|| Ok::<(), candle_core::Error>(()))?.log_amplitudes)
            })?;
            return Ok(Spectrum { log_amplitudes, features: None, levels: None });
        }
        self.compute(&latent, between_blocks)
    }

    /// What [`Self::forward_checked`] makes of `[batch, tokens, bands, band_channels]`.
    fn compute<E: From<candle_core::Error>>(
        &self,
        latent: &Tensor,
        between_blocks: &dyn Fn() -> std::result::Result<(), E>,
    ) -> std::result::Result<Spectrum, E> {
        let x = self.through_blocks(latent, between_blocks)?;
        between_blocks()?;
        let features = self.levels.as_ref().map(|levels| levels.features(&x)).transpose()?;
        if let Some(log_amplitudes) =
            self.write.write_on_card(&self.norm, &x, [LOG_SCALE, LOG_CENTRE].map(|v| v as f32))?
        {
            return Ok(Spectrum { log_amplitudes, features, levels: None });
        }
        let out = self.write.write(&self.norm.forward(&x)?)?;
        Ok(Spectrum { log_amplitudes: ((out * LOG_SCALE)? + LOG_CENTRE)?, features, levels: None })
    }

    /// The features of the last block.
    fn through_blocks<E: From<candle_core::Error>>(
        &self,
        latent: &Tensor,
        between_blocks: &dyn Fn() -> std::result::Result<(), E>,
    ) -> std::result::Result<Tensor, E> {
        let mut x = bands::add_embedding(&self.read.forward(latent)?, &self.embedding)?;
        for block in &self.blocks {
            between_blocks()?;
            x = block.forward(&x)?;
        }
        Ok(x)
    }

    /// Decodes, and gives the features of the last block too: what a head beside the decoder's own is trained on.
    ///
    /// # Shapes
    /// - `latent`: `[batch, tokens, channels]`, not normalised
    /// - returns: `[batch, frames, 2 * bins]` log amplitudes and `[batch, tokens, bands, dim]` features
    ///
    /// # Errors
    /// A candle error if the shapes do not fit.
    pub fn forward_with_hidden(&self, latent: &Tensor) -> Result<(Tensor, Tensor)> {
        let (batch, tokens, _) = latent.dims3()?;
        let latent = latent.reshape((batch, tokens, (), self.band_channels))?;
        let x = self.through_blocks(&latent, &|| Ok::<(), candle_core::Error>(()))?;
        let out = self.write.write(&self.norm.forward(&x)?)?;
        Ok((((out * LOG_SCALE)? + LOG_CENTRE)?, x))
    }

    /// [`Self::forward_checked`] for tensors on the CPU that want no gradient: every block writes where the one before the
    /// last has written.
    fn forward_tiled<E: From<candle_core::Error>>(
        &self,
        latent: &Tensor,
        between_blocks: &dyn Fn() -> std::result::Result<(), E>,
    ) -> std::result::Result<Spectrum, E> {
        let (batch, tokens, bands, _) = latent.dims4()?;
        let mut latest = self.read_tiled(latent)?;
        let sizes = (batch, tokens, bands, latest.len() / (batch * tokens * bands).max(1));
        let mut spare = self.spare.take(latest.len()).map_err(candle_core::Error::from)?;
        for block in &self.blocks {
            between_blocks()?;
            block.forward_slice(&latest, sizes, &mut spare)?;
            std::mem::swap(&mut latest, &mut spare);
        }
        between_blocks()?;
        let range = [LOG_SCALE as f32, LOG_CENTRE as f32];
        let features =
            self.levels.as_ref().map(|levels| levels.features_tiled(&latest, sizes)).transpose()?;
        let log_amplitudes = self.write.write_tiled(&self.norm, &latest, sizes, range)?;
        Ok(Spectrum { log_amplitudes, features, levels: None })
    }

    /// The features that the blocks begin with, `[batch, tokens, bands, dim]`, of `latent`, `[batch, tokens, bands,
    /// band_channels]`.
    fn read_tiled(&self, latent: &Tensor) -> Result<Taken> {
        let (bands, dim) = self.embedding.dims2()?;
        let latent = latent.contiguous()?;
        let Some(bias) = self.read.bias() else { bail!("a layer without bias") };
        let held = [&latent, self.read.weight(), bias, &self.embedding].map(Held::new);
        let [latent, weight, bias, embedding] = &held;
        let (latent, weight) = (latent.values()?, weight.values()?);
        let token = bands * self.band_channels;
        if !latent.len().is_multiple_of(token) {
            bail!("{} values are no tokens of {token}", latent.len());
        }
        let mut start = embedding.values()?.to_vec();
        k::add_bias(&mut start, bias.values()?);
        let mut out = self.spare.take(latent.len() / self.band_channels * dim)?;
        let tasks = out.par_chunks_mut(READ_TOKENS * bands * dim).zip(latent.par_chunks(READ_TOKENS * token));
        tasks.for_each(|(out, latent)| k::expand_rows(latent, weight, &start, self.band_channels, out));
        Ok(out)
    }

    /// Whether anything wants a gradient.
    fn is_trained(&self) -> bool {
        self.read.is_trained()
            || self.embedding.track_op()
            || self.blocks.iter().any(BandBlock::is_trained)
            || self.norm.is_trained()
            || self.write.is_trained()
            || self.levels.as_ref().is_some_and(LevelsHead::is_trained)
    }
}
