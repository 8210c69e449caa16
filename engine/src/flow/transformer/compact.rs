//! The blocks without gradients, with weights in bytes: work is shared among threads by what it is about, not layer by
//! layer.
//!
//! A short clip gives a layer so little to do that starting it on several threads, and passing its result through
//! memory, takes as long as the layer itself. Here a block is four pieces of work, each shared among the threads:
//!
//! 1. heads: queries, keys, values, rotation, both attentions and the gate between them;
//! 2. tiles of a few tokens: the layer behind the heads, to which its result is added, then norm and modulation;
//! 3. columns of the hidden layer: gate, value and their product;
//! 4. tiles: the layer behind it, addition, then norm and modulation for the next block.
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
use crate::nn::phases::in_phases;
use crate::nn::{Linear, RotaryTable};
use candle_core::Tensor;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::{PoisonError, RwLock, RwLockWriteGuard};

/// With more tokens than these a thread without a head of its own would be missed.
const MOST_ROWS: usize = 256;
/// Columns of the hidden layer that are one piece of work, and have scales of their own in the layer behind it.
const HIDDEN: usize = 64;
/// Most groups of tiles of a clip: enough for every thread to have some, few enough for each to look for.
const MOST_GROUPS: usize = 16;

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
    let stored: Vec<Stored<'_>> =
        blocks.iter().zip(text).map(|(block, text)| Stored::new(block, text)).collect::<Result<_>>()?;
    let stages: Vec<Stage<'_>> = (0..blocks.len())
        .map(|i| Stage::new(&blocks[i], &weights[i], &stored[i], &modulations[i], dim))
        .collect::<Result<_>>()?;
    let x = x.contiguous()?;
    let clips = Clips::new(Held::new(&x).values()?, [batch, tokens, dim], &stages, rope);
    clips.forward(between_blocks)?;
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

/// Tensors of a block, held for reading.
struct Stored<'a> {
    norms: [Held<'a>; 2],
    gates: Vec<f32>,
    keys: Tensor,
    values: Tensor,
    text: &'a TextKeys,
}

impl<'a> Stored<'a> {
    fn new(block: &'a Block, text: &'a TextKeys) -> Result<Self> {
        Ok(Self {
            norms: [&block.attention_norm, &block.feed_forward_norm].map(|norm| Held::new(&norm.weight)),
            gates: block.attention.gate.to_vec1()?,
            keys: text.keys.contiguous()?,
            values: text.values.contiguous()?,
            text,
        })
    }
}

/// A block as the threads see it.
struct Stage<'a> {
    weights: &'a Weights<'a>,
    /// In front of the attention and of the feed-forward layers.
    between: [Between<'a>; 2],
    /// What the results of both are multiplied by, `[batch, dim]`.
    gates: [&'a [f32]; 2],
    /// Of each head, for what it reads of the text.
    text_gates: &'a [f32],
    /// For each clip and head those of the words that exist, `[words, head_dim]`.
    text: Vec<[Vec<f32>; 2]>,
}

impl<'a> Stage<'a> {
    fn new(
        block: &Block,
        weights: &'a Weights<'_>,
        stored: &'a Stored<'_>,
        modulation: &'a [f32],
        dim: usize,
    ) -> Result<Self> {
        let (heads, words) = (block.attention.heads, stored.keys.dim(1)?);
        let held = [&stored.keys, &stored.values].map(Held::new);
        let read = [held[0].values()?, held[1].values()?];
        let part = |clip: usize, head: usize| {
            let channels = head * (dim / heads)..(head + 1) * (dim / heads);
            read.map(|x| -> Vec<f32> {
                let rows = x[clip * words * dim..].chunks_exact(dim).take(stored.text.lengths.of(clip));
                rows.flat_map(|row| &row[channels.clone()]).copied().collect()
            })
        };
        // Shift, scale and gate of both, `[batch, dim]` each.
        let parts: Vec<&[f32]> = modulation.chunks_exact(modulation.len() / 6).collect();
        let norms = [stored.norms[0].values()?, stored.norms[1].values()?];
        let eps = [block.attention_norm.eps, block.feed_forward_norm.eps];
        let layers: [&[&Compact]; 2] = [&weights.heads, &weights.hidden];
        let batch = parts[0].len() / dim;
        Ok(Self {
            weights,
            between: [0, 1].map(|i| {
                let scales = parts[3 * i + 1].iter().zip(norms[i].iter().cycle());
                Between {
                    scales: scales.map(|(s, w)| (s + 1.0) * w).collect(),
                    shifts: parts[3 * i],
                    eps: eps[i],
                    layers: layers[i],
                }
            }),
            gates: [parts[2], parts[5]],
            text_gates: &stored.gates,
            text: (0..batch * heads).map(|i| part(i / heads, i % heads)).collect(),
        })
    }
}

/// Norm and modulation in front of some layers.
struct Between<'a> {
    /// Of the norm and the modulation together, `[batch, dim]`.
    scales: Vec<f32>,
    shifts: &'a [f32],
    eps: f32,
    layers: &'a [&'a Compact],
}

impl Between<'_> {
    fn apply(&self, clip: usize, tile: &mut Tile) {
        let dim = tile.x.len() / tile.rows.len();
        let mut y = vec![0f32; tile.x.len()];
        let of_clip = clip * dim..(clip + 1) * dim;
        let (scale, shift) = (&self.scales[of_clip.clone()], &self.shifts[of_clip]);
        for (x, y) in tile.x.chunks_exact(dim).zip(y.chunks_exact_mut(dim)) {
            k::rms_norm_modulated(x, scale, shift, self.eps, y);
        }
        for (layer, packed) in self.layers.iter().zip(&mut tile.packed) {
            packed.fill(&y, layer.factors());
        }
    }
}

/// Some tokens of one clip.
struct Tile {
    /// Rows in the clip.
    rows: Range<usize>,
    /// What passes between the blocks, `[rows, dim]`.
    x: Vec<f32>,
    /// The same after norm and modulation, for each layer that reads it.
    packed: [Rows; 3],
}

/// A batch of clips on its way through the blocks. What one phase writes the next reads, so that no thread ever waits for
/// one of these locks.
struct Clips<'a> {
    stages: &'a [Stage<'a>],
    rope: &'a RotaryTable,
    tokens: usize,
    dim: usize,
    heads: usize,
    /// Tiles of each clip, which are one piece of work.
    groups: Vec<Vec<RwLock<Vec<Tile>>>>,
    /// What the layer behind the heads reads of each head, clip after clip.
    read: Vec<RwLock<Rows>>,
    /// What the last layer reads of some columns each, clip after clip.
    hidden: Vec<RwLock<Rows>>,
}

impl<'a> Clips<'a> {
    fn new(
        x: &[f32],
        [batch, tokens, dim]: [usize; 3],
        stages: &'a [Stage<'a>],
        rope: &'a RotaryTable,
    ) -> Self {
        let (heads, width) = stages
            .first()
            .map_or((1, 0), |stage| (stage.text_gates.len(), stage.weights.hidden[0].panels() * COLUMNS));
        let of_clip = |clip: &[f32]| {
            let tile = |rows: Range<usize>| {
                let x = clip[rows.start * dim..rows.end * dim].to_vec();
                Tile { rows, x, packed: Default::default() }
            };
            let mut tiles: Vec<Tile> = rows::tiles(tokens).map(tile).collect();
            let size = tiles.len().div_ceil(MOST_GROUPS);
            let mut groups = Vec::new();
            while !tiles.is_empty() {
                let rest = tiles.split_off(size.min(tiles.len()));
                groups.push(RwLock::new(std::mem::replace(&mut tiles, rest)));
            }
            groups
        };
        let rows = |n: usize| (0..batch * n).map(|_| RwLock::default()).collect();
        Self {
            stages,
            rope,
            tokens,
            dim,
            heads,
            groups: x.chunks_exact(tokens * dim).map(of_clip).collect(),
            read: rows(heads),
            hidden: rows(width.div_ceil(HIDDEN)),
        }
    }

    fn values(self) -> Vec<f32> {
        let groups = self.groups.into_iter().flatten().map(|group| group.into_inner());
        groups
            .flat_map(|tiles| tiles.unwrap_or_else(PoisonError::into_inner))
            .flat_map(|tile| tile.x)
            .collect()
    }

    /// Takes the clips through all blocks.
    fn forward(&self, between_blocks: &dyn Fn() -> Result<()>) -> Result<()> {
        let groups = self.groups.iter().map(Vec::len).sum();
        // Norm and modulation of the first block, then four phases for each.
        let block = [self.read.len(), groups, self.hidden.len(), groups];
        let counts = std::iter::once(groups).chain(self.stages.iter().flat_map(|_| block));
        let before = |phase: usize| if phase % 4 == 1 { between_blocks() } else { Ok(()) };
        in_phases(counts, before, |phase, i| {
            let Some(phase) = phase.checked_sub(1) else {
                return self.add(i, None, self.stages.first().map(|stage| &stage.between[0]));
            };
            let stage = &self.stages[phase / 4];
            match phase % 4 {
                0 => self.read_with_head(stage, i),
                1 => {
                    let layer = Added { layer: stage.weights.out, inputs: &self.read, gate: stage.gates[0] };
                    self.add(i, Some(layer), Some(&stage.between[1]));
                }
                2 => self.fill_hidden(stage, i),
                _ => {
                    let (layer, gate) = (stage.weights.contract, stage.gates[1]);
                    let next = self.stages.get(phase / 4 + 1).map(|stage| &stage.between[0]);
                    self.add(i, Some(Added { layer, inputs: &self.hidden, gate }), next);
                }
            }
        })
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
        for group in &self.groups[clip] {
            for tile in group.read().unwrap_or_else(PoisonError::into_inner).iter() {
                let rows = tile.rows.len();
                for ((layer, packed), out) in layers.iter().zip(&tile.packed).zip(&mut out) {
                    let out = &mut out[tile.rows.start * columns.len()..];
                    layer.multiply_tile(panels.clone(), &[packed.tile(0..rows)], out, columns.len());
                }
            }
        }
        out
    }

    /// Both attentions of a head of a clip.
    fn read_with_head(&self, stage: &Stage<'_>, i: usize) {
        let (clip, head) = (i / self.heads, i % self.heads);
        let head_dim = self.dim / self.heads;
        let channels = head * head_dim..(head + 1) * head_dim;
        let [mut query, mut key, value] = self.project(stage.weights.heads, clip, &channels);
        self.rope.rotate_head(&mut query);
        self.rope.rotate_head(&mut key);
        let (mut own, mut read, mut shares) = (vec![0f32; query.len()], vec![0f32; query.len()], Vec::new());
        attend_here(&query, [&key, &value], head_dim, &mut shares, &mut own);
        let [keys, values] = &stage.text[i];
        attend_here(&query, [keys, values], head_dim, &mut shares, &mut read);
        k::add_multiple(&read, stage.text_gates[head].tanh(), &mut own);
        write(&self.read[i]).fill(&own, &stage.weights.out.factors()[channels]);
    }

    /// Some columns of the hidden layer of a clip.
    fn fill_hidden(&self, stage: &Stage<'_>, i: usize) {
        let layers = stage.weights.hidden;
        let tasks = self.hidden.len() / self.groups.len();
        let (clip, start) = (i / tasks, i % tasks * HIDDEN);
        let columns = start..(start + HIDDEN).min(layers[0].panels() * COLUMNS);
        let [gate, value] = self.project(layers, clip, &columns);
        let mut product = vec![0f32; gate.len()];
        k::swiglu(&gate, &value, &mut product);
        write(&self.hidden[i]).fill(&product, &stage.weights.contract.factors()[columns]);
    }

    /// What is added to a group of tiles, then what is between its layer and the next.
    fn add(&self, i: usize, added: Option<Added<'_>>, next: Option<&Between<'_>>) {
        // All clips have as many groups as the first.
        let of_clip = self.groups[0].len();
        let (clip, group) = (i / of_clip, i % of_clip);
        let mut tiles = write(&self.groups[clip][group]);
        if let Some(Added { layer, inputs, gate }) = added {
            let inputs = inputs.chunks_exact(inputs.len() / self.groups.len()).nth(clip).unwrap_or_default();
            let inputs: Vec<_> =
                inputs.iter().map(|rows| rows.read().unwrap_or_else(PoisonError::into_inner)).collect();
            let gate = &gate[clip * self.dim..][..self.dim];
            let mut product = Vec::new();
            for tile in tiles.iter_mut() {
                let parts: Vec<RowTile<'_>> =
                    inputs.iter().map(|input| input.tile(tile.rows.clone())).collect();
                product.resize(tile.x.len(), 0.0);
                layer.multiply_tile(0..layer.panels(), &parts, &mut product, self.dim);
                for (x, product) in tile.x.chunks_exact_mut(self.dim).zip(product.chunks_exact(self.dim)) {
                    k::add_product(product, gate, x);
                }
            }
        }
        if let Some(next) = next {
            tiles.iter_mut().for_each(|tile| next.apply(clip, tile));
        }
    }
}

/// `gate · (layer inputs)`.
struct Added<'a> {
    layer: &'a Compact,
    /// Clip after clip some columns each, in the order of the columns.
    inputs: &'a [RwLock<Rows>],
    /// `[batch, dim]`
    gate: &'a [f32],
}

/// A lock for writing; after a panic its contents are of no use, but neither is anything else.
fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
mod tests;
