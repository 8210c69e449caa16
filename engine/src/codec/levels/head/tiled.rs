//! Drawing without gradients, a few tokens at a time and on the threads of the current pool: candle would use its own.

use super::{FRAMES_PER_SPREAD, LEVEL_CENTRE, LEVEL_SCALE, LevelsHead, MOST_SPREAD, NEAR, TILE_TOKENS};
use crate::config::FRAMES_PER_TOKEN;
use crate::memory;
use crate::nn::eight_bit::rows::Rows;
use crate::nn::held_layers::{HeldLinear, HeldNorm, Map};
use crate::nn::ops::kernels as k;
use candle_core::{Device, Result, Tensor, bail};
use rayon::prelude::*;

/// What the head is given for one clip, and how many tokens that is.
#[derive(Clone, Copy)]
pub(in crate::codec) struct Given<'a> {
    /// `[tokens, decoder bands * features]`
    pub(in crate::codec) features: &'a [f32],
    /// `[long frames, bands]`
    pub(in crate::codec) base: &'a [f32],
    /// `[tokens, noise]`
    pub(in crate::codec) noise: &'a [f32],
    /// `[tokens, channels]`, what the latent says of the levels; nothing where it does not.
    pub(in crate::codec) told: &'a [f32],
    pub(in crate::codec) tokens: usize,
}

/// The layers, held for reading.
struct Layers<'a> {
    join: Map<'a>,
    hidden: Map<'a>,
    change: Map<'a>,
    spread: Map<'a>,
    told: Option<Map<'a>>,
}

/// Memory of one thread.
#[derive(Default)]
struct Scratch {
    rows: Rows,
    seen: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    told: Vec<f32>,
}

impl LevelsHead {
    /// [`LevelsHead::features`] of numbers of the sizes `[batch, tokens, decoder bands, dim]`.
    ///
    /// # Errors
    /// A candle error if the sizes do not fit.
    pub(in crate::codec) fn features_tiled(
        &self,
        xs: &[f32],
        (batch, tokens, bands, dim): (usize, usize, usize, usize),
    ) -> Result<Tensor> {
        let (norm, gather) = (HeldNorm::new(&self.norm), HeldLinear::new(&self.gather)?);
        let (norm, gather) = (norm.map()?, gather.map()?);
        if dim != norm.weight.len() || xs.len() != batch * tokens * bands * dim {
            bail!("{:?} does not fit the levels", [batch, tokens, bands, dim]);
        }
        let mut out = memory::zeros(batch * tokens * bands * gather.out_dim)?;
        let tiles = out
            .par_chunks_mut(TILE_TOKENS * bands * gather.out_dim)
            .zip(xs.par_chunks(TILE_TOKENS * bands * dim));
        tiles.for_each_init(Scratch::default, |scratch, (out, x)| {
            scratch.seen.resize(x.len(), 0.0);
            k::norm_rows(x, norm, &mut scratch.seen);
            gather.product(&scratch.seen, &mut scratch.rows, out);
            k::add_bias(out, gather.bias);
        });
        Tensor::from_vec(out, (batch, tokens, bands * gather.out_dim), &Device::Cpu)
    }

    /// [`LevelsHead::draw`] of one clip: change and spread, which are left as they are while `goes_on` says no.
    ///
    /// # Shapes
    /// - returns: `[short frames, bands]` and `[long frames / 2, bands]`
    ///
    /// # Errors
    /// A candle error if the sizes do not fit.
    pub(in crate::codec) fn draw_tiled(
        &self,
        given: Given<'_>,
        goes_on: impl Fn() -> bool + Sync,
    ) -> Result<(Vec<f32>, Vec<f32>)> {
        let held = [&self.join, &self.hidden, &self.change, &self.spread].map(HeldLinear::new);
        let [join, hidden, change, spread] = held;
        let (join, hidden, change, spread) = (join?, hidden?, change?, spread?);
        let told = self.told.as_ref().map(HeldLinear::new).transpose()?;
        let layers = Layers {
            join: join.map()?,
            hidden: hidden.map()?,
            change: change.map()?,
            spread: spread.map()?,
            told: told.as_ref().map(HeldLinear::map).transpose()?,
        };
        let tokens = given.tokens;
        let widths = self.widths(given);
        if tokens == 0
            || given.parts().iter().any(|x| !x.len().is_multiple_of(tokens))
            || layers.told.map_or(0, Map::in_dim) * tokens != given.told.len()
            || (2 * NEAR + 1) * widths.iter().sum::<usize>() != layers.join.in_dim()
        {
            bail!("what is given for {tokens} tokens does not fit the levels");
        }
        let (of_change, of_spread) = (layers.change.out_dim, layers.spread.out_dim);
        debug_assert_eq!(of_spread, FRAMES_PER_TOKEN / FRAMES_PER_SPREAD * self.bands);
        let mut out = (memory::zeros(tokens * of_change)?, memory::zeros(tokens * of_spread)?);
        let tiles = out.0.par_chunks_mut(TILE_TOKENS * of_change);
        let tiles = tiles.zip(out.1.par_chunks_mut(TILE_TOKENS * of_spread)).enumerate();
        tiles.for_each_init(Scratch::default, |scratch, (tile, (change, spread))| {
            if goes_on() {
                let first = tile * TILE_TOKENS;
                let tokens = first..first + change.len() / of_change;
                self.see(given, tokens.clone(), &mut scratch.seen);
                layers.apply(scratch, change, spread);
                layers.tell(given, tokens, scratch, change);
            }
        });
        Ok(out)
    }

    /// Numbers of each kind that a token has.
    fn widths(&self, given: Given<'_>) -> [usize; 4] {
        given.parts().map(|x| x.len() / given.tokens.max(1))
    }

    /// What the first layer sees of some tokens; before and after the clip there is nothing.
    fn see(&self, given: Given<'_>, tokens: std::ops::Range<usize>, seen: &mut Vec<f32>) {
        let [features, base, noise, told] = self.widths(given);
        seen.clear();
        for token in tokens {
            for near in token..token + 2 * NEAR + 1 {
                let Some(near) = near.checked_sub(NEAR).filter(|&near| near < given.tokens) else {
                    seen.resize(seen.len() + features + base + noise, 0.0);
                    continue;
                };
                seen.extend_from_slice(&given.features[near * features..][..features]);
                let base = &given.base[near * base..][..base];
                seen.extend(base.iter().map(|x| (x - LEVEL_CENTRE as f32) / LEVEL_SCALE as f32));
                seen.extend_from_slice(&given.noise[near * noise..][..noise]);
            }
            for near in token..token + 2 * NEAR + 1 {
                match near.checked_sub(NEAR).filter(|&near| near < given.tokens) {
                    Some(near) => seen.extend_from_slice(&given.told[near * told..][..told]),
                    None => seen.resize(seen.len() + told, 0.0),
                }
            }
        }
    }
}

impl<'a> Given<'a> {
    fn parts(&self) -> [&'a [f32]; 4] {
        [self.features, self.base, self.noise, self.told]
    }
}

impl Layers<'_> {
    /// Adds what the latent says.
    fn tell(
        &self,
        given: Given<'_>,
        tokens: std::ops::Range<usize>,
        scratch: &mut Scratch,
        change: &mut [f32],
    ) {
        let Some(map) = self.told else { return };
        let width = map.in_dim();
        scratch.told.resize(change.len(), 0.0);
        map.product(
            &given.told[tokens.start * width..tokens.end * width],
            &mut scratch.rows,
            &mut scratch.told,
        );
        k::add_bias(&mut scratch.told, map.bias);
        change.iter_mut().zip(&scratch.told).for_each(|(change, told)| *change += told);
    }

    /// From what is seen to change and spread.
    fn apply(&self, scratch: &mut Scratch, change: &mut [f32], spread: &mut [f32]) {
        let Scratch { rows, seen, first, second, .. } = scratch;
        let width = self.join.out_dim;
        let tokens = seen.len() / self.join.in_dim();
        first.resize(tokens * width, 0.0);
        second.resize(tokens * width, 0.0);
        self.join.product(seen, rows, first);
        k::gelu_with_bias(first, self.join.bias);
        self.hidden.product(first, rows, second);
        k::gelu_with_bias(second, self.hidden.bias);
        first.iter_mut().zip(second.iter()).for_each(|(first, second)| *first += second);
        self.change.product(first, rows, change);
        k::add_bias(change, self.change.bias);
        self.spread.product(first, rows, spread);
        for row in spread.chunks_exact_mut(self.spread.out_dim) {
            for (x, bias) in row.iter_mut().zip(self.spread.bias) {
                *x = MOST_SPREAD as f32 / (1.0 + (-(*x + bias)).exp());
            }
        }
    }
}
