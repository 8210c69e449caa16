//! The blocks without gradients, with weights in bytes: work is shared among threads by what it is about, not layer by
//! layer.
//!
//! A short clip gives a layer so little to do that starting it on several threads, and passing its result through
//! memory, takes as long as the layer itself. Here a block is four pieces of work, each shared among the threads:
//!
//! 1. heads: queries, keys, values, rotation, both attentions and the gate between them;
//! 2. tiles of a few tokens: the layer behind the heads, to which its result is added, then norm and modulation;
//! 3. columns of the hidden layer: gate, value and their product; with them the next block's modulation, small pieces
//!    for whoever is done first;
//! 4. tiles: the layer behind it, addition, then norm and modulation for the next block.
//!
//! Every sum is made in the same order on any number of threads.

use super::Block;
use crate::error::Result;
use crate::nn::attention::TextKeys;
use crate::nn::eight_bit::EightBit;
use crate::nn::eight_bit::rows::{RowTile, Rows};
use crate::nn::eight_bit::tile::COLUMNS;
use crate::nn::eight_bit::tiles::{PerThread, Tiles, read, write};
use crate::nn::held::Held;
use crate::nn::ops::{Head, HeadRows, HeadScratch, KeyLengths, attend, is_fused, kernels as k};
use crate::nn::phases::in_phases;
use crate::nn::{Linear, RotaryTable};
use candle_core::Tensor;
use std::sync::{RwLock, RwLockReadGuard};

/// With more tokens than these a thread without a head of its own would be missed. A clip's own: in which form it is
/// computed, and with it the last bit of its samples, must not depend on how many others are computed with it.
const MOST_ROWS: usize = 256;
/// Columns of the hidden layer that are one piece of work, and have scales of their own in the layer behind it.
const HIDDEN: usize = 64;
/// Most groups of tiles of a clip: enough for every thread to have some, few enough for each to look for.
const MOST_GROUPS: usize = 16;

/// The result of all blocks, computed in phases. `None` where that is no gain (long clips on many threads) or not possible
/// (weights that are not in 8 bits, gradients); the caller then computes layer by layer.
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
        && (tokens <= MOST_ROWS || rayon::current_num_threads() <= heads)
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
    let read: Vec<[Tensor; 2]> = text
        .iter()
        .map(|text| Ok([text.keys.contiguous()?, text.values.contiguous()?]))
        .collect::<candle_core::Result<_>>()?;
    let stored: Vec<Stored<'_>> =
        blocks.iter().zip(&read).map(|(block, read)| Stored::new(block, read)).collect::<Result<_>>()?;
    let stages: Vec<Stage<'_>> = (0..blocks.len())
        .map(|i| Stage::new(&blocks[i], &weights[i], &stored[i], &text[i].lengths))
        .collect::<Result<_>>()?;
    let (x, condition) = (x.contiguous()?, condition.contiguous()?);
    let held = [&x, &condition].map(Held::new);
    let clips = Clips::new([held[0].values()?, held[1].values()?], [batch, tokens, dim], &stages, rope);
    clips.forward(between_blocks)?;
    Ok(Some(Tensor::from_vec(clips.tiles.values(), (batch, tokens, dim), x.device())?))
}

/// Whether the blocks have what [`forward`] needs.
pub(super) fn are_for(blocks: &[Block]) -> bool {
    !blocks.is_empty() && blocks.iter().all(|block| matches!(Weights::of(block), Ok(Some(_))))
}

/// Layers of a block in bytes.
struct Weights<'a> {
    modulation: &'a EightBit,
    heads: [&'a EightBit; 3],
    out: &'a EightBit,
    hidden: [&'a EightBit; 2],
    contract: &'a EightBit,
}

impl<'a> Weights<'a> {
    /// `None` if one of them is not in bytes, is trained, or does not consist of whole panels.
    fn of(block: &'a Block) -> candle_core::Result<Option<Self>> {
        let (attention, feed_forward) = (&block.attention, &block.feed_forward);
        let eight_bit = |linear: &'a Linear| {
            let is_whole = linear.weight().dim(1)?.is_multiple_of(COLUMNS);
            if linear.is_trained() || !is_whole { Ok(None) } else { linear.eight_bit() }
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
        let layers = layers.into_iter().map(eight_bit).collect::<candle_core::Result<Option<Vec<_>>>>()?;
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
    modulation_bias: Held<'a>,
    text_gates: Vec<f32>,
    text: [Held<'a>; 2],
}

impl<'a> Stored<'a> {
    fn new(block: &'a Block, [keys, values]: &'a [Tensor; 2]) -> Result<Self> {
        let Some(bias) = block.modulation.bias() else {
            return Err(candle_core::Error::Msg("a modulation without bias".into()).into());
        };
        Ok(Self {
            norms: [&block.attention_norm, &block.feed_forward_norm].map(|norm| Held::new(&norm.weight)),
            modulation_bias: Held::new(bias),
            text_gates: block.attention.gate.to_vec1()?,
            text: [Held::new(keys), Held::new(values)],
        })
    }
}

/// A block as the threads see it.
struct Stage<'a> {
    weights: &'a Weights<'a>,
    /// In front of the attention and of the feed-forward layers, `[dim]`.
    norms: [&'a [f32]; 2],
    eps: [f32; 2],
    /// `[6, dim]`
    modulation_bias: &'a [f32],
    /// Of each head, for what it reads of the text.
    text_gates: &'a [f32],
    /// Keys and values of the words, `[batch, words, dim]`.
    text: [&'a [f32]; 2],
    /// How many words of each clip exist.
    words: &'a KeyLengths,
}

impl<'a> Stage<'a> {
    fn new(
        block: &Block,
        weights: &'a Weights<'_>,
        stored: &'a Stored<'_>,
        words: &'a KeyLengths,
    ) -> Result<Self> {
        let [attention, feed_forward] = &stored.norms;
        let [keys, values] = &stored.text;
        Ok(Self {
            weights,
            norms: [attention.values()?, feed_forward.values()?],
            eps: [block.attention_norm.eps, block.feed_forward_norm.eps],
            modulation_bias: stored.modulation_bias.values()?,
            text_gates: &stored.text_gates,
            text: [keys.values()?, values.values()?],
            words,
        })
    }

    /// The layers behind the norms.
    fn layers(&self, norm: usize) -> &[&'a EightBit] {
        if norm == 0 { &self.weights.heads } else { &self.weights.hidden }
    }
}

/// Parts of a modulation. Those of the attention come first, then those of the feed-forward layers.
const PARTS: usize = 6;
const SHIFT: usize = 0;
const SCALE: usize = 1;
const GATE: usize = 2;

/// Memory of a thread.
#[derive(Default)]
struct Scratch {
    /// What a head or some columns of the hidden layer multiply, `[tokens, columns]` for each layer.
    products: [Vec<f32>; 3],
    /// What comes out of that, `[tokens, columns]`.
    made: Vec<f32>,
    attention: HeadScratch,
    /// Some rows, `[rows, dim]`.
    rows: Vec<f32>,
    /// What the modulation reads.
    condition: Rows,
}

/// A batch of clips on its way through the blocks.
struct Clips<'a> {
    stages: &'a [Stage<'a>],
    rope: &'a RotaryTable,
    /// `[batch, dim]`
    condition: &'a [f32],
    dim: usize,
    heads: usize,
    tiles: Tiles,
    /// For each block what its norms and results are modulated by, `[batch, dim]` each.
    modulations: Vec<[RwLock<Vec<f32>>; PARTS]>,
    /// What the layer behind the heads reads of each head, clip after clip.
    read: Vec<RwLock<Rows>>,
    /// What the last layer reads of some columns each, clip after clip.
    hidden: Vec<RwLock<Rows>>,
    scratch: PerThread<Scratch>,
}

impl<'a> Clips<'a> {
    fn new(
        [x, condition]: [&'a [f32]; 2],
        [batch, tokens, dim]: [usize; 3],
        stages: &'a [Stage<'a>],
        rope: &'a RotaryTable,
    ) -> Self {
        let (heads, width) = stages
            .first()
            .map_or((1, 0), |stage| (stage.text_gates.len(), stage.weights.hidden[0].panels() * COLUMNS));
        let rows = |n: usize| (0..batch * n).map(|_| RwLock::default()).collect();
        Self {
            stages,
            rope,
            condition,
            dim,
            heads,
            tiles: Tiles::new(x, [tokens, dim], MOST_GROUPS),
            modulations: stages.iter().map(|_| Default::default()).collect(),
            read: rows(heads),
            hidden: rows(width.div_ceil(HIDDEN)),
            scratch: PerThread::new(),
        }
    }

    /// Takes the clips through all blocks.
    fn forward(&self, between_blocks: &dyn Fn() -> Result<()>) -> Result<()> {
        let groups = self.tiles.count();
        // The first block's modulation, norm and modulation in front of it, then four phases for each.
        let block = [self.read.len(), groups, self.hidden.len() + PARTS, groups];
        let counts = [PARTS, groups].into_iter().chain(self.stages.iter().flat_map(|_| block));
        let before = |phase: usize| if phase % 4 == 2 { between_blocks() } else { Ok(()) };
        in_phases(counts, before, |phase, i| {
            let scratch = &mut *self.scratch.own();
            let Some(phase) = phase.checked_sub(2) else {
                return if phase == 0 {
                    self.modulate(0, i, scratch)
                } else {
                    self.add(i, None, Some((0, 0)), scratch)
                };
            };
            let block = phase / 4;
            let stage = &self.stages[block];
            match phase % 4 {
                0 => self.read_with_head(stage, i, scratch),
                1 => {
                    let added = Added { layer: stage.weights.out, inputs: &self.read, gate: (block, GATE) };
                    self.add(i, Some(added), Some((block, 1)), scratch);
                }
                2 => match i.checked_sub(self.hidden.len()) {
                    None => self.fill_hidden(stage, i, scratch),
                    Some(part) => self.modulate(block + 1, part, scratch),
                },
                _ => {
                    let gate = (block, PARTS / 2 + GATE);
                    let added = Added { layer: stage.weights.contract, inputs: &self.hidden, gate };
                    self.add(i, Some(added), Some((block + 1, 0)), scratch);
                }
            }
        })
    }

    /// One part of the modulation of a block, if there is such a block.
    fn modulate(&self, block: usize, part: usize, scratch: &mut Scratch) {
        let Some(stage) = self.stages.get(block) else { return };
        let (layer, dim) = (stage.weights.modulation, self.dim);
        let packed = &mut scratch.condition;
        packed.fill(self.condition, layer.factors());
        let mut out = write(&self.modulations[block][part]);
        out.resize(self.condition.len(), 0.0);
        let columns = part * dim..(part + 1) * dim;
        for (rows, tile) in packed.tiles() {
            let panels = columns.start / COLUMNS..columns.end / COLUMNS;
            layer.multiply_tile(panels, &[tile], &mut out[rows.start * dim..], dim);
        }
        k::add_bias(&mut out, &stage.modulation_bias[columns]);
        if part % (PARTS / 2) == SCALE {
            // Of the norm and the modulation together.
            let weights = stage.norms[part / (PARTS / 2)];
            for out in out.chunks_exact_mut(dim) {
                out.iter_mut().zip(weights).for_each(|(scale, weight)| *scale = (*scale + 1.0) * weight);
            }
        }
    }

    /// A part of a block's modulation, `[batch, dim]`.
    fn modulation(&self, (block, part): (usize, usize)) -> RwLockReadGuard<'_, Vec<f32>> {
        read(&self.modulations[block][part])
    }

    /// Both attentions of a head of a clip.
    fn read_with_head(&self, stage: &Stage<'_>, i: usize, scratch: &mut Scratch) {
        let (clip, head) = (i / self.heads, i % self.heads);
        let (head_dim, dim) = (self.dim / self.heads, self.dim);
        let channels = head * head_dim..(head + 1) * head_dim;
        self.tiles.project(&stage.weights.heads, clip, &channels, &mut scratch.products);
        let [query, key, value] = &mut scratch.products;
        self.rope.rotate_head(query);
        self.rope.rotate_head(key);
        let out = &mut scratch.made;
        out.clear();
        out.resize(query.len(), 0.0);
        let [query, key, value] = [query, key, value].map(|x| HeadRows::new(x, head_dim));
        attend(Head { query, key, value, dim: head_dim }, 1.0, &mut scratch.attention, out);
        let words = stage.text[0].len() / dim / self.tiles.batch();
        let count = stage.words.of(clip);
        let [key, value] = stage.text.map(|x| HeadRows {
            values: &x[clip * words * dim + channels.start..],
            stride: dim,
            count,
        });
        let share = stage.text_gates[head].tanh();
        attend(Head { query, key, value, dim: head_dim }, share, &mut scratch.attention, out);
        write(&self.read[i]).fill(out, &stage.weights.out.factors()[channels]);
    }

    /// Some columns of the hidden layer of a clip.
    fn fill_hidden(&self, stage: &Stage<'_>, i: usize, scratch: &mut Scratch) {
        let layers = stage.weights.hidden;
        let tasks = self.hidden.len() / self.tiles.batch();
        let (clip, start) = (i / tasks, i % tasks * HIDDEN);
        let columns = start..(start + HIDDEN).min(layers[0].panels() * COLUMNS);
        self.tiles.project(&layers, clip, &columns, &mut scratch.products[..2]);
        let [gate, value, _] = &scratch.products;
        scratch.made.resize(gate.len(), 0.0);
        k::swiglu(gate, value, &mut scratch.made);
        write(&self.hidden[i]).fill(&scratch.made, &stage.weights.contract.factors()[columns]);
    }

    /// What is added to a group of tiles, then norm and modulation `next`, a block and which of the two it has.
    fn add(&self, i: usize, added: Option<Added<'_>>, next: Option<(usize, usize)>, scratch: &mut Scratch) {
        let (clip, mut tiles) = self.tiles.group(i);
        let modulation = clip * self.dim..(clip + 1) * self.dim;
        let product = &mut scratch.rows;
        if let Some(Added { layer, inputs, gate }) = added {
            let inputs = inputs.chunks_exact(inputs.len() / self.tiles.batch()).nth(clip).unwrap_or_default();
            let inputs: Vec<_> = inputs.iter().map(read).collect();
            let gate = self.modulation(gate);
            let gate = &gate[modulation.clone()];
            for tile in tiles.iter_mut() {
                let parts: Vec<RowTile<'_>> =
                    inputs.iter().map(|input| input.tile(tile.rows.clone())).collect();
                product.resize(tile.x.len(), 0.0);
                layer.multiply_tile(0..layer.panels(), &parts, product, self.dim);
                for (x, product) in tile.x.chunks_exact_mut(self.dim).zip(product.chunks_exact(self.dim)) {
                    k::add_product(product, gate, x);
                }
            }
        }
        let next = next.and_then(|(block, norm)| self.stages.get(block).map(|stage| (stage, block, norm)));
        let Some((stage, block, norm)) = next else { return };
        let parts = [SCALE, SHIFT].map(|part| self.modulation((block, norm * PARTS / 2 + part)));
        let [scale, shift] = [&parts[0][modulation.clone()], &parts[1][modulation]];
        for tile in tiles.iter_mut() {
            let rows = &mut scratch.rows;
            rows.resize(tile.x.len(), 0.0);
            for (x, y) in tile.x.chunks_exact(self.dim).zip(rows.chunks_exact_mut(self.dim)) {
                k::rms_norm_modulated(x, scale, shift, stage.eps[norm], y);
            }
            for (layer, packed) in stage.layers(norm).iter().zip(&mut tile.packed) {
                packed.fill(rows, layer.factors());
            }
        }
    }
}

/// `gate · (layer inputs)`.
struct Added<'a> {
    layer: &'a EightBit,
    /// Clip after clip some columns each, in the order of the columns.
    inputs: &'a [RwLock<Rows>],
    /// A block and the part of its modulation.
    gate: (usize, usize),
}

#[cfg(test)]
mod tests;
