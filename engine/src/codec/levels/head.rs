//! The network that says what the levels of a sound are, from what the decoder knows of it and from noise.

mod tiled;

use crate::config::{CodecConfig, FRAMES_PER_TOKEN, LevelsConfig};
use crate::nn::linear::{Activation, LinearInit};
use crate::nn::{LayerNorm, Linear};
use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

pub(in crate::codec) use tiled::Given;

/// Long frames that have one spread: eight make a token.
const FRAMES_PER_SPREAD: usize = 2;
/// Largest spread: noise that is itself noise varies more than noise.
const MOST_SPREAD: f64 = 1.5;
/// Tokens on either side that a token sees, so that what is drawn goes on across its ends.
const NEAR: usize = 1;
/// Level that an input of nought stands for, and the step of one.
const LEVEL_CENTRE: f64 = -6.0;
const LEVEL_SCALE: f64 = 2.0;
/// Tokens whose features one task reads.
const TILE_TOKENS: usize = 8;

/// What the head draws for a clip; see [`super`] for what becomes of it.
#[derive(Debug, Clone)]
pub struct Change {
    /// `[batch, short frames, bands]`: nepers beside the base.
    pub change: Tensor,
    /// `[batch, long frames / 2, bands]`: the share of the texture, 0 to 1.5.
    pub spread: Tensor,
}

/// Two hidden layers over the features of all bands, the base, the noise and what the latent says of three tokens; what it says of
/// a token is added besides as it is ([`super::code`]), so that the layers have to learn no more than the rest.
///
/// Noise enters before the layers, so that what is not known, such as when an attack begins, is decided for all bands and
/// frames of a token together.
#[derive(Debug, Clone)]
pub struct LevelsHead {
    norm: LayerNorm,
    gather: Linear,
    join: Linear,
    hidden: Linear,
    change: Linear,
    spread: Linear,
    /// What the latent says of the levels, if it does.
    told: Option<Linear>,
    bands: usize,
    short_frames: usize,
}

impl LevelsHead {
    /// Takes the tensors from `vb`.
    ///
    /// # Errors
    /// A candle error if a stored tensor is missing or has another shape.
    pub fn new(c: &CodecConfig, levels: &LevelsConfig, vb: &VarBuilder<'_>) -> Result<Self> {
        let (bands, hidden) = (levels.bands.len(), levels.hidden);
        let short_frames = c.samples_per_token() / levels.hop_length;
        let seen = c.band_count() * levels.features + FRAMES_PER_TOKEN * bands + levels.noise;
        let told = levels.in_latent;
        let linear = |i, o, init, name: &str| Linear::new(i, o, true, init, &vb.pp(name));
        let little = LinearInit::Normal(0.01);
        Ok(Self {
            norm: LayerNorm::new(c.dim, 1e-6, &vb.pp("norm"))?,
            gather: linear(c.dim, levels.features, LinearInit::Xavier, "gather")?,
            join: linear((2 * NEAR + 1) * (seen + told), hidden, LinearInit::Xavier, "join")?,
            hidden: linear(hidden, hidden, LinearInit::Xavier, "hidden")?,
            change: linear(hidden, short_frames * bands, little, "change")?,
            spread: linear(hidden, FRAMES_PER_TOKEN / FRAMES_PER_SPREAD * bands, little, "spread")?,
            told: if told == 0 {
                None
            } else {
                Some(linear(told, short_frames * bands, LinearInit::Zero, "told")?)
            },
            bands,
            short_frames,
        })
    }

    /// Reads the features of the decoder's last block.
    ///
    /// # Shapes
    /// - `x`: `[batch, tokens, decoder bands, dim]`
    /// - returns: `[batch, tokens, decoder bands * features]`
    ///
    /// # Errors
    /// A candle error if the shape does not fit.
    pub fn features(&self, x: &Tensor) -> Result<Tensor> {
        self.gather.forward(&self.norm.forward(x)?)?.flatten_from(2)
    }

    /// Draws.
    ///
    /// # Shapes
    /// - `features`: as [`Self::features`] returns them
    /// - `base`: `[batch, long frames, bands]`, logarithms of amplitudes
    /// - `noise`: `[batch, tokens, noise]`, normal deviates
    /// - `told`: `[batch, tokens, channels]`, what the latent says of the levels
    ///
    /// # Errors
    /// A candle error if the shapes do not fit.
    pub fn draw(
        &self,
        features: &Tensor,
        base: &Tensor,
        noise: &Tensor,
        told: Option<&Tensor>,
    ) -> Result<Change> {
        let (batch, tokens, _) = features.dims3()?;
        let base = ((base - LEVEL_CENTRE)? / LEVEL_SCALE)?.reshape((batch, tokens, ()))?;
        let seen = Tensor::cat(&[features, &base, noise], 2)?.pad_with_zeros(1, NEAR, NEAR)?;
        let near_of = |seen: &Tensor| -> Result<Vec<Tensor>> {
            (0..=2 * NEAR).map(|shift| seen.narrow(1, shift, tokens)).collect()
        };
        let mut near = near_of(&seen)?;
        if let Some(told) = told {
            near.extend(near_of(&told.pad_with_zeros(1, NEAR, NEAR)?)?);
        }
        let h = self.join.activated(&Tensor::cat(&near, 2)?, Activation::Gelu)?;
        let h = (&h + self.hidden.activated(&h, Activation::Gelu)?)?;
        let spread = sigmoid(&self.spread.forward(&h)?)?;
        let mut change = self.change.forward(&h)?;
        if let (Some(map), Some(told)) = (&self.told, told) {
            change = (change + map.forward(told)?)?;
        }
        Ok(Change {
            change: change.reshape((batch, tokens * self.short_frames, self.bands))?,
            spread: (spread * MOST_SPREAD)?.reshape((batch, (), self.bands))?,
        })
    }

    /// Whether any tensor wants a gradient.
    pub(in crate::codec) fn is_trained(&self) -> bool {
        let linear = [&self.gather, &self.join, &self.hidden, &self.change, &self.spread];
        self.norm.is_trained() || linear.into_iter().chain(&self.told).any(Linear::is_trained)
    }
}

/// `1 / (1 + e^-x)` as `½ (1 + tanh ½x)`, which does not overflow.
fn sigmoid(x: &Tensor) -> Result<Tensor> {
    ((x * 0.5)?.tanh()? + 1.0)? * 0.5
}

#[cfg(test)]
mod tests;
