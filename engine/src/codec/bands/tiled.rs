//! Writing frames without gradients, a few tokens at a time: see [`crate::nn::band_block`] for why.
//!
//! Blocks run from the first layer to the last on three tokens at a time, which fit the cache of a core, and on six tokens
//! through the layers over the whole spectrum, whose weights are larger than that. With gradients they run layer by layer; a
//! test holds the two against each other.

use super::BandMaps;
use crate::config::FRAMES_PER_TOKEN;
use crate::memory;
use crate::nn::LayerNorm;
use crate::nn::eight_bit::rows::Rows;
use crate::nn::held_layers::{HeldLinear, HeldNorm};
use crate::nn::ops::kernels as k;
use candle_core::{Device, Result, Tensor, bail};
use rayon::prelude::*;

/// Tokens of a tile: enough rows for the products of the few bands that share one map.
const TILE_TOKENS: usize = 8;

impl BandMaps {
    /// `scale · write(norm(x)) + centre`, for tensors on the CPU that want no gradient.
    ///
    /// # Shapes
    /// - `xs`: `[batch, tokens, bands, dim]`, the sizes that are given; returns what [`BandMaps::write`] does
    ///
    /// # Errors
    /// A candle error if the sizes do not fit.
    pub(in crate::codec) fn write_tiled(
        &self,
        norm: &LayerNorm,
        xs: &[f32],
        (batch, tokens, bands, dim): (usize, usize, usize, usize),
        [scale, centre]: [f32; 2],
    ) -> Result<Tensor> {
        let norm = HeldNorm::new(norm);
        let norm = norm.map()?;
        let maps = self.maps.iter().map(HeldLinear::new).collect::<Result<Vec<_>>>()?;
        let maps = maps.iter().map(HeldLinear::map).collect::<Result<Vec<_>>>()?;
        let written: usize = self.groups.iter().map(|g| g.bands * g.bins).sum();
        if bands != self.groups.iter().map(|g| g.bands).sum::<usize>()
            || dim != norm.weight.len()
            || xs.is_empty()
            || xs.len() != batch * tokens * bands * dim
        {
            bail!("{:?} does not fit the bands", [batch, tokens, bands, dim]);
        }
        // One more than is written: the last bin is in no band.
        let (bins, token) = (written + 1, bands * dim);
        let mut out = memory::zeros(batch * tokens * FRAMES_PER_TOKEN * 2 * bins)?;
        let tiles = out
            .par_chunks_mut(TILE_TOKENS * FRAMES_PER_TOKEN * 2 * bins)
            .zip(xs.par_chunks(TILE_TOKENS * token));
        tiles.for_each_init(
            || (Vec::new(), Rows::default(), Vec::new()),
            |(rows, packed, product), (out, x)| {
                let (mut first_band, mut first_bin) = (0, 0);
                for (g, map) in self.groups.iter().zip(&maps) {
                    rows.resize(x.len() / token * g.bands * dim, 0.0);
                    for (x, rows) in x.chunks_exact(token).zip(rows.chunks_exact_mut(g.bands * dim)) {
                        k::norm_rows(&x[first_band * dim..][..g.bands * dim], norm, rows);
                    }
                    product.resize(rows.len() / dim * map.out_dim, 0.0);
                    for (row, product) in
                        map.product(rows, packed, product).chunks_exact(map.out_dim).enumerate()
                    {
                        let (token, band) = (row / g.bands, row % g.bands);
                        let pieces = product.chunks_exact(g.bins).zip(map.bias.chunks_exact(g.bins));
                        for (i, (piece, bias)) in pieces.enumerate() {
                            let (half, frame) = (i / FRAMES_PER_TOKEN, i % FRAMES_PER_TOKEN);
                            let frame = token * FRAMES_PER_TOKEN + frame;
                            let at = (2 * frame + half) * bins + first_bin + band * g.bins;
                            let out = out[at..at + g.bins].iter_mut();
                            out.zip(piece)
                                .zip(bias)
                                .for_each(|((out, x), bias)| *out = (x + bias) * scale + centre);
                        }
                    }
                    first_band += g.bands;
                    first_bin += g.bands * g.bins;
                }
                out.chunks_exact_mut(bins).for_each(|row| row[written] = row[written - 1]);
            },
        );
        Tensor::from_vec(out, (batch, tokens * FRAMES_PER_TOKEN, 2 * bins), &Device::Cpu)
    }

    /// Whether any map wants a gradient.
    pub(in crate::codec) fn is_trained(&self) -> bool {
        self.maps.iter().any(crate::nn::Linear::is_trained)
    }
}
