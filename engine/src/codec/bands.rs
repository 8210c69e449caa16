//! Spectrogram frames cut into bands of eight frames, and put together again.

mod tiled;

use crate::config::{BandGroup, CodecConfig, FRAMES_PER_TOKEN};
use crate::nn::linear::LinearInit;
use crate::nn::{BandBlock, BandBlockSizes, LayerNorm, Linear, ops};
use candle_core::{Result, Tensor};
use candle_nn::{Init, VarBuilder};
use straightshot_gpu_kernels as card;

/// One linear map per group of equal bands.
#[derive(Debug, Clone)]
pub(super) struct BandMaps {
    groups: Vec<BandGroup>,
    maps: Vec<Linear>,
}

/// A learned vector per band, `[bands, dim]`: the only thing that tells a network where in the spectrum it is.
pub(super) fn embedding(c: &CodecConfig, vb: &VarBuilder<'_>) -> Result<Tensor> {
    let hint = Init::Randn { mean: 0.0, stdev: 0.3 };
    vb.get_with_hints((c.band_count(), c.dim), "band_embedding", hint)
}

/// `x + embedding` for `x` of `[batch, tokens, bands, dim]`.
pub(super) fn add_embedding(x: &Tensor, embedding: &Tensor) -> Result<Tensor> {
    ops::add_bias(&x.flatten_from(2)?, &embedding.flatten_all()?)?.reshape(x.shape())
}

/// The blocks of a network of `count`.
pub(super) fn blocks(c: &CodecConfig, count: usize, vb: &VarBuilder<'_>) -> Result<Vec<BandBlock>> {
    let sizes =
        BandBlockSizes { dim: c.dim, hidden: c.dim * c.expansion, bands: c.band_count(), mix_dim: c.mix_dim };
    let scale = 1.0 / count.max(1) as f64;
    (0..count).map(|i| BandBlock::new(sizes, scale, &vb.pp("blocks").pp(i))).collect()
}

impl BandMaps {
    /// From one number per bin and frame to `dim` features per band.
    pub(super) fn reading(c: &CodecConfig, vb: &VarBuilder<'_>) -> Result<Self> {
        let map = |g: &BandGroup, vb: VarBuilder<'_>| {
            Linear::new(FRAMES_PER_TOKEN * g.bins, c.dim, true, LinearInit::Xavier, &vb)
        };
        Self::new(c, vb, map)
    }

    /// From `dim` features per band to tonal and noise amplitudes.
    pub(super) fn writing(c: &CodecConfig, vb: &VarBuilder<'_>) -> Result<Self> {
        let map = |g: &BandGroup, vb: VarBuilder<'_>| {
            Linear::new(c.dim, FRAMES_PER_TOKEN * 2 * g.bins, true, LinearInit::Xavier, &vb)
        };
        Self::new(c, vb, map)
    }

    fn new(
        c: &CodecConfig,
        vb: &VarBuilder<'_>,
        map: impl Fn(&BandGroup, VarBuilder<'_>) -> Result<Linear>,
    ) -> Result<Self> {
        let maps = c.bands.iter().enumerate().map(|(i, g)| map(g, vb.pp(i))).collect::<Result<_>>()?;
        Ok(Self { groups: c.bands.clone(), maps })
    }

    /// The last bin (half of the sample rate) is in no band and left out.
    ///
    /// # Shapes
    /// - `x`: `[batch, 8 * tokens, bins]`; returns `[batch, tokens, bands, dim]`
    pub(super) fn read(&self, x: &Tensor) -> Result<Tensor> {
        let (batch, frames, _) = x.dims3()?;
        let mut start = 0;
        let mut parts = Vec::with_capacity(self.groups.len());
        for (g, map) in self.groups.iter().zip(&self.maps) {
            let part = x.narrow(2, start, g.bands * g.bins)?;
            let shape = (batch, frames / FRAMES_PER_TOKEN, FRAMES_PER_TOKEN, g.bands, g.bins);
            let part = part.reshape(shape)?.transpose(2, 3)?.contiguous()?.flatten_from(3)?;
            parts.push(map.forward(&part)?);
            start += g.bands * g.bins;
        }
        Tensor::cat(&parts, 2)
    }

    /// # Shapes
    /// - `x`: `[batch, tokens, bands, dim]`; returns `[batch, 8 * tokens, 2 * bins]`, the last bin a copy of the
    ///   one below
    pub(super) fn write(&self, x: &Tensor) -> Result<Tensor> {
        let (batch, tokens, _, _) = x.dims4()?;
        let mut start = 0;
        let mut halves: [Vec<Tensor>; 2] = [Vec::new(), Vec::new()];
        for (g, map) in self.groups.iter().zip(&self.maps) {
            let part = map.forward(&x.narrow(2, start, g.bands)?.contiguous()?)?;
            let part = part.reshape((batch, tokens, g.bands, 2, FRAMES_PER_TOKEN, g.bins))?;
            for (half, parts) in halves.iter_mut().enumerate() {
                let part = part.narrow(3, half, 1)?.squeeze(3)?.transpose(2, 3)?.contiguous()?;
                parts.push(part.reshape((batch, tokens * FRAMES_PER_TOKEN, g.bands * g.bins))?);
            }
            start += g.bands;
        }
        for parts in &mut halves {
            if let Some(top) = parts.last() {
                let last = top.dim(2)? - 1;
                parts.push(top.narrow(2, last, 1)?.contiguous()?);
            }
        }
        Tensor::cat(&halves.concat(), 2)
    }

    /// `write(norm(x)) · scale + offset` if that is for a card's kernels.
    ///
    /// # Shapes
    /// - as of [`Self::write`]
    pub(super) fn write_on_card(
        &self,
        norm: &LayerNorm,
        x: &Tensor,
        [scale, offset]: [f32; 2],
    ) -> Result<Option<Tensor>> {
        let mut start = 0;
        let mut parts = Vec::with_capacity(self.groups.len());
        for (g, map) in self.groups.iter().zip(&self.maps) {
            let Some(bias) = map.bias().filter(|bias| card::fit(&[x, map.weight(), bias])) else {
                return Ok(None);
            };
            let part = norm.forward(&x.narrow(2, start, g.bands)?)?;
            parts.push(card::BandPart {
                values: ops::linear(&part, map.weight(), None)?,
                bias,
                bins: g.bins,
            });
            start += g.bands;
        }
        card::frames(&parts, FRAMES_PER_TOKEN, [scale, offset]).map(Some)
    }
}
