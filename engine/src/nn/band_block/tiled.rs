//! The block without gradients, a few tokens at a time from the first layer to the last.
//!
//! Layer by layer, every result of the whole clip goes through memory: ten seconds are 11 MB behind the widest layer
//! alone. Here all of a tile fits the cache of one core, and tiles are what is shared among the threads. Only the layer
//! over the whole spectrum, whose weights are larger than what it computes for a tile, is applied to all tokens at once.

use super::BandBlock;
use crate::nn::compact::rows::Rows;
use crate::nn::held::{Held, HeldLinear, HeldNorm};
use crate::nn::ops::{kernels as k, rows_per_task};
use candle_core::{Result, Tensor, bail};
use rayon::prelude::*;

/// Tokens of a tile: with 32 bands of 128 features and three times as many in the hidden layer, 0.3 MB.
const TILE_TOKENS: usize = 4;

/// Memory for one block after the other, which the blocks of a network share.
#[derive(Default)]
pub(crate) struct Work {
    gathered: Vec<f32>,
}

impl BandBlock {
    /// What [`BandBlock::forward`] computes, for tensors on the CPU that want no gradient.
    ///
    /// # Errors
    /// A candle error if the shape does not fit.
    pub(super) fn forward_tiled(&self, x: &Tensor) -> Result<Tensor> {
        let x = x.contiguous()?;
        let held = Held::new(&x);
        let mut out = vec![0f32; x.elem_count()];
        self.forward_slice(held.values()?, x.dims4()?, &mut out, &mut Work::default())?;
        Tensor::from_vec(out, x.shape(), x.device())
    }

    /// [`Self::forward_tiled`] for values that lie one behind the other.
    ///
    /// # Shapes
    /// - `xs`, `out`: `[batch, tokens, bands, dim]`, the sizes that are given
    ///
    /// # Errors
    /// A candle error if the sizes do not fit.
    pub(crate) fn forward_slice(
        &self,
        xs: &[f32],
        (batch, tokens, bands, dim): (usize, usize, usize, usize),
        out: &mut [f32],
        work: &mut Work,
    ) -> Result<()> {
        let held =
            [&self.time_kernel, &self.band_kernel, &self.kernel_bias, &self.layer_scale, &self.mix_scale]
                .map(Held::new);
        let [time_kernel, band_kernel, kernel_bias, layer_scale, mix_scale] = &held;
        let kernels = k::CrossKernel {
            time: time_kernel.values()?,
            band: band_kernel.values()?,
            bias: kernel_bias.values()?,
        };
        let (layer_scale, mix_scale) = (layer_scale.values()?, mix_scale.values()?);
        let sizes = [batch, tokens, bands, dim];
        let count: usize = sizes.iter().product();
        if dim != kernels.bias.len() || count == 0 || xs.len() != count || out.len() != count {
            bail!("band block: {sizes:?} does not fit {} features", kernels.bias.len());
        }
        let norms = (HeldNorm::new(&self.norm), HeldNorm::new(&self.mix_norm));
        let (norm, mix_norm) = (norms.0.map()?, norms.1.map()?);
        let linear = [&self.expand, &self.contract, &self.gather, &self.mix[0], &self.mix[1], &self.scatter];
        let linear = linear.into_iter().map(HeldLinear::new).collect::<Result<Vec<_>>>()?;
        let maps = linear.iter().map(HeldLinear::map).collect::<Result<Vec<_>>>()?;
        let [expand, contract, gather, mix_in, mix_out, scatter] = maps[..] else { bail!("six layers") };

        let (token, seen) = (bands * dim, bands * gather.out_dim);
        let gathered = &mut work.gathered;
        gathered.resize(batch * tokens * seen, 0.0);
        // A tile never reaches into the next clip, so that its kernels see one clip only.
        let tiles = out
            .par_chunks_mut(tokens * token)
            .zip(gathered.par_chunks_mut(tokens * seen))
            .zip(xs.par_chunks(tokens * token));
        tiles.for_each(|((out, gathered), clip)| {
            let tiles =
                out.par_chunks_mut(TILE_TOKENS * token).zip(gathered.par_chunks_mut(TILE_TOKENS * seen));
            let scratch = || {
                let rows = TILE_TOKENS.min(tokens) * bands;
                (vec![0f32; rows * dim], vec![0f32; rows * expand.out_dim], Rows::default())
            };
            tiles.enumerate().for_each_init(scratch, |(h, hidden, rows), (tile, (out, gathered))| {
                let h = &mut h[..out.len()];
                k::cross_kernel(clip, [tile * TILE_TOKENS, bands], kernels, norm, h);
                let hidden = expand.product(h, rows, hidden);
                k::gelu_with_bias(hidden, expand.bias);
                contract.product(hidden, rows, h);
                let x = &clip[tile * TILE_TOKENS * token..][..out.len()];
                k::add_scaled(x, h, contract.bias, layer_scale, out);
                k::norm_rows(out, mix_norm, h);
                k::add_bias(gather.product(h, rows, gathered), gather.bias);
            });
        });
        let mut mixed = mix_in.all(gathered);
        mixed.par_chunks_mut(mix_in.out_dim).for_each(k::gelu_in_place);
        let mixed = mix_out.all(&mixed);
        let rows = rows_per_task(batch * tokens).min(TILE_TOKENS);
        out.par_chunks_mut(rows * token).zip(mixed.par_chunks(rows * seen)).for_each_init(
            || (vec![0f32; rows * token], Rows::default()),
            |(h, rows), (out, mixed)| {
                k::accumulate_scaled(scatter.product(mixed, rows, h), scatter.bias, mix_scale, out);
            },
        );
        Ok(())
    }
}
