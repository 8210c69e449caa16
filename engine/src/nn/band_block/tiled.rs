//! The block without gradients, a few tokens at a time from the first layer to the last.
//!
//! Layer by layer, every result of the whole clip goes through memory: ten seconds are 11 MB behind the widest layer
//! alone. Here all of a tile fits the cache of one core. The layers over the whole spectrum, whose weights are larger than
//! what they compute for a tile, are applied to some tiles at once, which are what is shared among the threads: a block is
//! one loop.

use super::BandBlock;
use crate::nn::eight_bit::rows::Rows;
use crate::nn::held::Held;
use crate::nn::held_layers::{HeldLinear, HeldNorm};
use crate::nn::ops::kernels as k;
use candle_core::{Result, Tensor, bail};
use rayon::prelude::*;

/// Tokens of a tile: with 32 bands of 128 features and three times as many in the hidden layer, 0.2 MB.
const TILE_TOKENS: usize = 3;
/// Tokens that one thread takes at once: as many as rows are multiplied together, in whole tiles.
const TASK_TOKENS: usize = 6;

impl BandBlock {
    /// What [`BandBlock::forward`] computes, for tensors on the CPU that want no gradient.
    ///
    /// # Errors
    /// A candle error if the shape does not fit.
    pub(super) fn forward_tiled(&self, x: &Tensor) -> Result<Tensor> {
        let x = x.contiguous()?;
        let held = Held::new(&x);
        let mut out = vec![0f32; x.elem_count()];
        self.forward_slice(held.values()?, x.dims4()?, &mut out)?;
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
        let scratch = || Scratch {
            h: vec![0f32; TASK_TOKENS.min(tokens) * token],
            hidden: vec![0f32; TILE_TOKENS.min(tokens) * bands * expand.out_dim],
            gathered: vec![0f32; TASK_TOKENS.min(tokens) * seen],
            mixed: vec![0f32; TASK_TOKENS.min(tokens) * mix_in.out_dim],
            rows: Rows::default(),
        };
        // A task never reaches into the next clip, so that its kernels see one clip only.
        let clips = out.par_chunks_mut(tokens * token).zip(xs.par_chunks(tokens * token));
        clips.for_each(|(out, clip)| {
            let tasks = out.par_chunks_mut(TASK_TOKENS * token).enumerate();
            tasks.for_each_init(scratch, |s, (task, out)| {
                let tiles =
                    out.chunks_mut(TILE_TOKENS * token).zip(s.gathered.chunks_mut(TILE_TOKENS * seen));
                for (i, (out, gathered)) in tiles.enumerate() {
                    let first = task * TASK_TOKENS + i * TILE_TOKENS;
                    let h = &mut s.h[..out.len()];
                    k::cross_kernel(clip, [first, bands], kernels, norm, h);
                    let hidden = expand.product(h, &mut s.rows, &mut s.hidden);
                    k::gelu_with_bias(hidden, expand.bias);
                    contract.product(hidden, &mut s.rows, h);
                    let x = &clip[first * token..][..out.len()];
                    k::add_scaled(x, h, contract.bias, layer_scale, out);
                    k::norm_rows(out, mix_norm, h);
                    k::add_bias(gather.product(h, &mut s.rows, gathered), gather.bias);
                }
                let gathered = &mut s.gathered[..out.len() / token * seen];
                let mixed = mix_in.product(gathered, &mut s.rows, &mut s.mixed);
                k::gelu_with_bias(mixed, mix_in.bias);
                k::add_bias(mix_out.product(mixed, &mut s.rows, gathered), mix_out.bias);
                let h = scatter.product(gathered, &mut s.rows, &mut s.h);
                k::accumulate_scaled(h, scatter.bias, mix_scale, out);
            });
        });
        Ok(())
    }
}

/// What a thread computes in.
struct Scratch {
    /// As wide as the block, for the tokens of a task.
    h: Vec<f32>,
    /// The widest layer, for those of a tile.
    hidden: Vec<f32>,
    gathered: Vec<f32>,
    mixed: Vec<f32>,
    rows: Rows,
}
