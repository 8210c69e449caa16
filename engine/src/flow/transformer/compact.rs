//! The blocks without gradients, with weights in bytes: work is shared among threads by what it is about, not layer by
//! layer.
//!
//! A short clip gives a layer so little to do that starting it on several threads, and passing its result through
//! memory, takes as long as the layer itself. Here a block is six pieces of work, each shared among the threads:
//!
//! 1. tiles of a few tokens: norm and modulation;
//! 2. heads: queries, keys, values, rotation, both attentions and the gate between them;
//! 3. columns of the layer behind the heads, then tiles, to which they are added;
//! 4. tiles: norm and modulation;
//! 5. columns of the hidden layer: gate, value and their product;
//! 6. columns of the layer behind it, then tiles, to which they are added.
//!
//! Every sum is made in the same order on any number of threads.

use super::Block;
use crate::error::Result;
use crate::nn::attention::TextKeys;
use crate::nn::compact::Compact;
use crate::nn::compact::rows::{self, RowTile, Rows};
use crate::nn::compact::tile::COLUMNS;
use crate::nn::held::Held;
use crate::nn::ops::{attend_here, is_fused, kernels as k};
use crate::nn::{Linear, RmsNorm, RotaryTable};
use candle_core::Tensor;
use rayon::prelude::*;
use std::ops::Range;

/// With more tokens than these a thread without a head of its own would be missed.
const MOST_ROWS: usize = 256;
/// Panels of the hidden layer that are one piece of work, and have scales of their own in the layer behind it.
const HIDDEN_PANELS: usize = 2;

/// What all blocks compute, if this form is for them: `None` if it is not.
pub(super) fn forward(
    blocks: &[Block],
    [x, condition]: [&Tensor; 2],
    rope: &RotaryTable,
    text: &[TextKeys],
    between_blocks: &dyn Fn() -> Result<()>,
) -> Result<Option<Tensor>> {
    let (batch, tokens, dim) = x.dims3()?;
    let heads = blocks.first().map_or(0, |block| block.attention.heads);
    let is_for = is_fused(x)
        && batch * tokens > 0
        && (batch * tokens <= MOST_ROWS || rayon::current_num_threads() <= batch * heads)
        && tokens <= rope.positions()
        && condition.dims() == [batch, dim]
        && text.iter().all(|text| text.keys.dims().first() == Some(&batch))
        && ![x, condition].into_iter().any(Tensor::track_op);
    if !is_for {
        return Ok(None);
    }
    let Some(weights) = blocks.iter().map(Weights::of).collect::<candle_core::Result<Option<Vec<_>>>>()?
    else {
        return Ok(None);
    };
    let modulations = modulations(blocks, &weights, condition)?;
    let x = x.contiguous()?;
    let mut clips = Clips::new(Held::new(&x).values()?, [batch, tokens, dim]);
    for (((block, weights), text), modulation) in blocks.iter().zip(&weights).zip(text).zip(&modulations) {
        between_blocks()?;
        block.forward_compact(weights, &mut clips, rope, text, modulation)?;
    }
    Ok(Some(Tensor::from_vec(clips.values(), (batch, tokens, dim), x.device())?))
}

/// Layers of a block in bytes.
struct Weights<'a> {
    modulation: &'a Compact,
    heads: [&'a Compact; 3],
    out: &'a Compact,
    hidden: [&'a Compact; 2],
    contract: &'a Compact,
}

impl<'a> Weights<'a> {
    /// `None` if one of them is not in bytes, is trained, or does not consist of whole panels.
    fn of(block: &'a Block) -> candle_core::Result<Option<Self>> {
        let (attention, feed_forward) = (&block.attention, &block.feed_forward);
        let compact = |linear: &'a Linear| {
            let is_whole = linear.weight().dim(1)?.is_multiple_of(COLUMNS);
            if linear.is_trained() || !is_whole { Ok(None) } else { linear.compact() }
        };
        let head_dim = attention.query.weight().dim(1)? / attention.heads;
        if !head_dim.is_multiple_of(COLUMNS) {
            return Ok(None);
        }
        let layers = [
            &block.modulation,
            &attention.query,
            &attention.key,
            &attention.value,
            &attention.out,
            &feed_forward.gate,
            &feed_forward.value,
            &feed_forward.out,
        ];
        let layers = layers.into_iter().map(compact).collect::<candle_core::Result<Option<Vec<_>>>>()?;
        Ok(match layers.as_deref() {
            Some(&[modulation, query, key, value, out, gate, value_f, contract]) => {
                Some(Self { modulation, heads: [query, key, value], out, hidden: [gate, value_f], contract })
            }
            _ => None,
        })
    }
}

/// Some tokens of one clip.
struct Tile {
    clip: usize,
    /// Rows in the clip.
    rows: Range<usize>,
    /// What passes between the blocks, `[rows, dim]`.
    x: Vec<f32>,
    /// The same after norm and modulation, for each layer that reads it.
    packed: [Rows; 3],
}

/// A batch of clips as the blocks see it.
struct Clips {
    tokens: usize,
    dim: usize,
    /// Clip after clip, token after token.
    tiles: Vec<Tile>,
}

impl Clips {
    fn new(x: &[f32], [batch, tokens, dim]: [usize; 3]) -> Self {
        let tiles = (0..batch).flat_map(|clip| rows::tiles(tokens).map(move |rows| (clip, rows)));
        let tiles = tiles.map(|(clip, rows)| {
            let start = clip * tokens;
            let x = x[(start + rows.start) * dim..(start + rows.end) * dim].to_vec();
            Tile { clip, rows, x, packed: Default::default() }
        });
        Self { tokens, dim, tiles: tiles.collect() }
    }

    fn values(self) -> Vec<f32> {
        self.tiles.into_iter().flat_map(|tile| tile.x).collect()
    }

    fn count(&self) -> usize {
        self.tiles.last().map_or(0, |tile| tile.clip + 1)
    }

    fn of(&self, clip: usize) -> impl Iterator<Item = &Tile> {
        self.tiles.iter().filter(move |tile| tile.clip == clip)
    }

    /// `layer x` for some columns of each layer and all tokens of a clip, `[tokens, columns]`.
    fn project<const LAYERS: usize>(
        &self,
        layers: [&Compact; LAYERS],
        clip: usize,
        columns: &Range<usize>,
    ) -> [Vec<f32>; LAYERS] {
        let panels = columns.start / COLUMNS..columns.end / COLUMNS;
        let mut out = layers.map(|_| vec![0f32; self.tokens * columns.len()]);
        for tile in self.of(clip) {
            let rows = tile.rows.len();
            for ((layer, packed), out) in layers.iter().zip(&tile.packed).zip(&mut out) {
                let out = &mut out[tile.rows.start * columns.len()..];
                layer.multiply_tile(panels.clone(), &[packed.tile(0..rows)], out, columns.len());
            }
        }
        out
    }

    /// Norm and modulation of all tiles, for `layers`.
    fn modulate(
        &mut self,
        norm: &RmsNorm,
        modulation: &Modulation<'_>,
        layers: &[&Compact],
    ) -> candle_core::Result<()> {
        let (dim, weight) = (self.dim, Held::new(&norm.weight));
        let weight = weight.values()?;
        let scales: Vec<f32> =
            modulation.scale.iter().zip(weight.iter().cycle()).map(|(s, w)| (s + 1.0) * w).collect();
        self.tiles.par_iter_mut().for_each(|tile| {
            let mut y = vec![0f32; tile.x.len()];
            let (scale, shift) =
                (&scales[tile.clip * dim..][..dim], &modulation.shift[tile.clip * dim..][..dim]);
            for (x, y) in tile.x.chunks_exact(dim).zip(y.chunks_exact_mut(dim)) {
                k::rms_norm_modulated(x, scale, shift, norm.eps, y);
            }
            for (layer, packed) in layers.iter().zip(&mut tile.packed) {
                packed.fill(&y, layer.factors());
            }
        });
        Ok(())
    }

    /// `x += gate · (layer inputs)`.
    ///
    /// # Shapes
    /// - `inputs`: clip after clip what `layer` reads, some columns each, in the order of the columns
    fn add(&mut self, layer: &Compact, inputs: &[Rows], gate: &[f32]) {
        let (dim, tokens, count) = (self.dim, self.tokens, self.count());
        let inputs: Vec<&[Rows]> = inputs.chunks_exact(inputs.len() / count).collect();
        let of_tile = |tile: &Tile| -> Vec<RowTile<'_>> {
            inputs[tile.clip].iter().map(|input| input.tile(tile.rows.clone())).collect()
        };
        let parts: Vec<Vec<RowTile<'_>>> = self.tiles.iter().map(of_tile).collect();
        let product = |panel: usize| {
            let mut out = vec![[0f32; COLUMNS]; count * tokens];
            for (tile, parts) in self.tiles.iter().zip(&parts) {
                let out = out[tile.rows_in(tokens)].as_flattened_mut();
                layer.multiply_tile(panel..panel + 1, parts, out, COLUMNS);
            }
            out
        };
        let products: Vec<Vec<[f32; COLUMNS]>> = (0..layer.panels()).into_par_iter().map(product).collect();
        self.tiles.par_iter_mut().for_each(|tile| {
            let rows = tile.rows_in(tokens);
            let products: Vec<_> = products.iter().map(|product| &product[rows.clone()]).collect();
            k::add_scaled_panels(&products, &gate[tile.clip * dim..][..dim], &mut tile.x);
        });
    }
}

impl Tile {
    /// Its rows among those of all clips.
    fn rows_in(&self, tokens: usize) -> Range<usize> {
        self.clip * tokens + self.rows.start..self.clip * tokens + self.rows.end
    }
}

/// Shift, scale and gate in front of and behind a layer, `[batch, dim]` each.
struct Modulation<'a> {
    shift: &'a [f32],
    scale: &'a [f32],
    gate: &'a [f32],
}

/// Both modulations of every block, `[6, batch, dim]`.
fn modulations(
    blocks: &[Block],
    weights: &[Weights<'_>],
    condition: &Tensor,
) -> candle_core::Result<Vec<Vec<f32>>> {
    let condition = condition.contiguous()?;
    let held = Held::new(&condition);
    let (condition, dim) = (held.values()?, condition.dim(1)?);
    let of_block = |(block, weights): (&Block, &Weights<'_>)| {
        let Some(bias) = block.modulation.bias() else { candle_core::bail!("a modulation without bias") };
        let mut row = weights.modulation.product(condition);
        k::add_bias(&mut row, &bias.to_vec1::<f32>()?);
        let (rows, mut out) = (row.chunks_exact(6 * dim), Vec::with_capacity(row.len()));
        (0..6).for_each(|part| rows.clone().for_each(|row| out.extend_from_slice(&row[part * dim..][..dim])));
        Ok(out)
    };
    blocks.par_iter().zip(weights).map(of_block).collect()
}

impl Block {
    fn forward_compact(
        &self,
        weights: &Weights<'_>,
        clips: &mut Clips,
        rope: &RotaryTable,
        text: &TextKeys,
        modulation: &[f32],
    ) -> candle_core::Result<()> {
        let parts: Vec<&[f32]> = modulation.chunks_exact(modulation.len() / 6).collect();
        let modulation =
            |of: usize| Modulation { shift: parts[of], scale: parts[of + 1], gate: parts[of + 2] };
        clips.modulate(&self.attention_norm, &modulation(0), &weights.heads)?;
        let heads = self.heads(weights, clips, rope, text)?;
        clips.add(weights.out, &heads, modulation(0).gate);
        clips.modulate(&self.feed_forward_norm, &modulation(3), &weights.hidden)?;
        let hidden = hidden(weights, clips);
        clips.add(weights.contract, &hidden, modulation(3).gate);
        Ok(())
    }

    /// Both attentions: clip after clip its heads, each for the layer behind them.
    fn heads(
        &self,
        weights: &Weights<'_>,
        clips: &Clips,
        rope: &RotaryTable,
        text: &TextKeys,
    ) -> candle_core::Result<Vec<Rows>> {
        let (dim, heads) = (clips.dim, self.attention.heads);
        let head_dim = dim / heads;
        let gates = self.attention.gate.to_vec1::<f32>()?;
        let read = (text.keys.contiguous()?, text.values.contiguous()?);
        let held = (Held::new(&read.0), Held::new(&read.1));
        let (keys, values, words) = (held.0.values()?, held.1.values()?, read.0.dim(1)?);
        let head = |i: usize| {
            let (clip, head) = (i / heads, i % heads);
            let channels = head * head_dim..(head + 1) * head_dim;
            let [mut query, mut key, value] = clips.project(weights.heads, clip, &channels);
            rope.rotate_head(&mut query);
            rope.rotate_head(&mut key);
            let (mut own, mut read, mut shares) =
                (vec![0f32; query.len()], vec![0f32; query.len()], Vec::new());
            attend_here(&query, [&key, &value], head_dim, &mut shares, &mut own);
            // The words of a clip are few: copying a head's part costs nothing.
            let [keys, values] = [keys, values].map(|x| -> Vec<f32> {
                let rows = x[clip * words * dim..].chunks_exact(dim).take(text.lengths.of(clip));
                rows.flat_map(|row| &row[channels.clone()]).copied().collect()
            });
            attend_here(&query, [&keys, &values], head_dim, &mut shares, &mut read);
            k::add_multiple(&read, gates[head].tanh(), &mut own);
            Rows::of(&own, &weights.out.factors()[channels])
        };
        Ok((0..clips.count() * heads).into_par_iter().map(head).collect())
    }
}

/// What the last layer of a block reads: clip after clip some panels of the hidden layer each.
fn hidden(weights: &Weights<'_>, clips: &Clips) -> Vec<Rows> {
    let panels = weights.hidden[0].panels();
    let tasks = panels.div_ceil(HIDDEN_PANELS);
    let some = |i: usize| {
        let (clip, start) = (i / tasks, i % tasks * HIDDEN_PANELS);
        let columns = start * COLUMNS..(start + HIDDEN_PANELS).min(panels) * COLUMNS;
        let [gate, value] = clips.project(weights.hidden, clip, &columns);
        let mut product = vec![0f32; gate.len()];
        k::swiglu(&gate, &value, &mut product);
        Rows::of(&product, &weights.contract.factors()[columns])
    };
    (0..clips.count() * tasks).into_par_iter().map(some).collect()
}

#[cfg(test)]
mod tests;
