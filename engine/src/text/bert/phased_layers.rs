//! The layers with weights in bytes: work is shared among threads by what it is about, not operation by operation.
//!
//! A prompt is a dozen rows, and a layer's weights are more than a million: every thread reads some columns of a weight,
//! and no other does. A layer is six pieces of work, each shared among the threads:
//!
//! 1. heads: queries, keys, values and the attention;
//! 2. columns of the layer behind the heads;
//! 3. tiles of a few rows: addition and norm;
//! 4. columns of the hidden layer;
//! 5. columns of the layer behind it;
//! 6. tiles: addition and norm.
//!
//! Every sum is made in the same order on any number of threads.

use super::Layer;
use crate::nn::eight_bit::EightBit;
use crate::nn::eight_bit::rows::{Rows, tiles};
use crate::nn::eight_bit::tile::COLUMNS;
use crate::nn::eight_bit::tiles::{PerThread, Tiles, read, write};
use crate::nn::held::Held;
use crate::nn::held_layers::{HeldLinear, HeldNorm};
use crate::nn::ops::kernels::{self as k, Norm};
use crate::nn::ops::{Head, HeadRows, HeadScratch, KeyLengths, attend, is_fused};
use crate::nn::phases::in_phases;
use candle_core::{Result, Tensor};
use std::ops::Range;
use std::sync::RwLock;

/// Columns that are one piece of work.
const PIECE: usize = 64;
/// Groups of tiles of a prompt: what is done to them is quick.
const MOST_GROUPS: usize = 4;

/// What all layers compute, if this form is for them: `None` if it is not. `between_layers` is called before each.
pub(super) fn forward(
    layers: &[Layer],
    x: &Tensor,
    lengths: &KeyLengths,
    between_layers: &dyn Fn() -> Result<()>,
) -> Result<Option<Tensor>> {
    let (batch, tokens, dim) = x.dims3()?;
    if !is_fused(x) || x.track_op() || batch * tokens == 0 || layers.iter().any(Layer::is_trained) {
        return Ok(None);
    }
    let stored = layers.iter().map(Stored::new).collect::<Result<Vec<_>>>()?;
    let Some(stages) = stored.iter().map(Stage::of).collect::<Result<Option<Vec<_>>>>()? else {
        return Ok(None);
    };
    let x = x.contiguous()?;
    let held = Held::new(&x);
    let prompts = Prompts::new(held.values()?, [batch, tokens, dim], &stages, lengths);
    prompts.forward(between_layers)?;
    Ok(Some(Tensor::from_vec(prompts.tiles.values(), (batch, tokens, dim), x.device())?))
}

/// `x W + bias`
#[derive(Clone, Copy)]
struct Map<'a> {
    weight: &'a EightBit,
    bias: &'a [f32],
}

impl<'a> Map<'a> {
    fn of(held: &'a HeldLinear<'_>) -> Result<Option<Self>> {
        let map = held.map()?;
        let is_whole = map.out_dim.is_multiple_of(COLUMNS);
        Ok(map.eight_bit().filter(|_| is_whole).map(|weight| Self { weight, bias: map.bias }))
    }

    /// Columns that are piece `i` of the layer's work.
    fn piece(&self, i: usize) -> Range<usize> {
        i * PIECE..((i + 1) * PIECE).min(self.bias.len())
    }

    fn pieces(&self) -> usize {
        self.bias.len().div_ceil(PIECE)
    }
}

/// Tensors of a layer, held for reading.
struct Stored<'a> {
    layer: &'a Layer,
    /// Query, key, value, and the layers behind the heads, in front of the hidden features and behind them.
    linear: [HeldLinear<'a>; 6],
    norms: [HeldNorm<'a>; 2],
}

impl<'a> Stored<'a> {
    fn new(layer: &'a Layer) -> Result<Self> {
        let held = HeldLinear::new;
        Ok(Self {
            layer,
            linear: [
                held(&layer.query)?,
                held(&layer.key)?,
                held(&layer.value)?,
                held(&layer.attention_out)?,
                held(&layer.expand)?,
                held(&layer.contract)?,
            ],
            norms: [&layer.attention_norm, &layer.norm].map(HeldNorm::new),
        })
    }
}

/// A layer as the threads see it.
struct Stage<'a> {
    heads: [Map<'a>; 3],
    out: Map<'a>,
    expand: Map<'a>,
    contract: Map<'a>,
    norms: [Norm<'a>; 2],
    /// Number of heads.
    count: usize,
}

impl<'a> Stage<'a> {
    /// `None` if a weight is not in bytes, or heads and layers do not consist of whole panels.
    fn of(stored: &'a Stored<'_>) -> Result<Option<Self>> {
        let maps = stored.linear.iter().map(Map::of).collect::<Result<Option<Vec<_>>>>()?;
        let Some(&[query, key, value, out, expand, contract]) = maps.as_deref() else { return Ok(None) };
        let [attention, last] = &stored.norms;
        let count = stored.layer.heads;
        if !(query.bias.len() / count).is_multiple_of(COLUMNS) {
            return Ok(None);
        }
        let norms = [attention.map()?, last.map()?];
        Ok(Some(Self { heads: [query, key, value], out, expand, contract, norms, count }))
    }

    /// The layers that read the rows behind a norm of the layer before.
    fn readers(&self) -> [&'a EightBit; 3] {
        self.heads.map(|map| map.weight)
    }
}

/// Memory of a thread.
#[derive(Default)]
struct Scratch {
    /// `[tokens, columns]` for each layer.
    products: [Vec<f32>; 3],
    /// `[tokens, columns]`
    made: Vec<f32>,
    /// `[rows, dim]`
    sums: Vec<f32>,
    attention: HeadScratch,
}

/// A batch of prompts on its way through the layers.
struct Prompts<'a> {
    stages: &'a [Stage<'a>],
    lengths: &'a KeyLengths,
    dim: usize,
    tokens: usize,
    tiles: Tiles,
    /// What the layer behind the heads reads of each head, prompt after prompt.
    read: Vec<RwLock<Rows>>,
    /// What the last layer reads of some columns each, prompt after prompt.
    hidden: Vec<RwLock<Rows>>,
    /// What is added to some columns of the rows, `[tokens, columns]` each, prompt after prompt.
    added: Vec<RwLock<Vec<f32>>>,
    scratch: PerThread<Scratch>,
}

impl<'a> Prompts<'a> {
    fn new(
        x: &[f32],
        [batch, tokens, dim]: [usize; 3],
        stages: &'a [Stage<'a>],
        lengths: &'a KeyLengths,
    ) -> Self {
        let (heads, hidden) = stages.first().map_or((0, 0), |stage| (stage.count, stage.expand.pieces()));
        Self {
            stages,
            lengths,
            dim,
            tokens,
            tiles: Tiles::new(x, [tokens, dim], MOST_GROUPS),
            read: (0..batch * heads).map(|_| RwLock::default()).collect(),
            hidden: (0..batch * hidden).map(|_| RwLock::default()).collect(),
            added: (0..batch * dim.div_ceil(PIECE)).map(|_| RwLock::default()).collect(),
            scratch: PerThread::new(),
        }
    }

    /// Takes the prompts through all layers.
    fn forward(&self, between_layers: &dyn Fn() -> Result<()>) -> Result<()> {
        let groups = self.tiles.count();
        let layer = [self.read.len(), self.added.len(), groups, self.hidden.len(), self.added.len(), groups];
        // The first layer reads what there is.
        let counts = std::iter::once(groups).chain(self.stages.iter().flat_map(|_| layer));
        let before = |phase: usize| if phase % 6 == 1 { between_layers() } else { Ok(()) };
        in_phases(counts, before, |phase, i| {
            let scratch = &mut *self.scratch.own();
            let Some(phase) = phase.checked_sub(1) else { return self.pack(i) };
            let (stage, next) = (&self.stages[phase / 6], self.stages.get(phase / 6 + 1));
            match phase % 6 {
                0 => self.read_with_head(stage, i, scratch),
                1 => self.multiply(stage.out, &self.read, i),
                2 => self.add(stage.norms[0], &[stage.expand.weight], i, scratch),
                3 => self.fill_hidden(stage, i, scratch),
                4 => self.multiply(stage.contract, &self.hidden, i),
                _ => {
                    let readers = next.map(Stage::readers);
                    self.add(stage.norms[1], readers.as_ref().map_or(&[][..], |all| all), i, scratch);
                }
            }
        })
    }

    /// Packs a group of tiles for the first layer.
    fn pack(&self, i: usize) {
        let Some(stage) = self.stages.first() else { return };
        for tile in self.tiles.group(i).1.iter_mut() {
            for (layer, packed) in stage.readers().iter().zip(&mut tile.packed) {
                packed.fill(&tile.x, layer.factors());
            }
        }
    }

    /// The attention of a head of a prompt.
    fn read_with_head(&self, stage: &Stage<'_>, i: usize, scratch: &mut Scratch) {
        let (prompt, head) = (i / stage.count, i % stage.count);
        let dim = self.dim / stage.count;
        let channels = head * dim..(head + 1) * dim;
        self.tiles.project(&stage.readers(), prompt, &channels, &mut scratch.products);
        for (map, product) in stage.heads.iter().zip(&mut scratch.products) {
            k::add_bias(product, &map.bias[channels.clone()]);
        }
        let [query, key, value] = scratch.products.each_ref().map(|x| HeadRows::new(x, dim));
        let [key, value] = [key, value].map(|x| HeadRows { count: self.lengths.of(prompt), ..x });
        let out = &mut scratch.made;
        out.clear();
        out.resize(self.tokens * dim, 0.0);
        attend(Head { query, key, value, dim }, 1.0, &mut scratch.attention, out);
        write(&self.read[i]).fill(out, &stage.out.weight.factors()[channels]);
    }

    /// Some columns of the hidden layer of a prompt.
    fn fill_hidden(&self, stage: &Stage<'_>, i: usize, scratch: &mut Scratch) {
        let map = stage.expand;
        let (prompt, columns) = (i / map.pieces(), map.piece(i % map.pieces()));
        self.tiles.project(&[map.weight], prompt, &columns, &mut scratch.products[..1]);
        let product = &mut scratch.products[0];
        k::add_bias(product, &map.bias[columns.clone()]);
        scratch.made.resize(product.len(), 0.0);
        k::gelu_erf(product, &mut scratch.made);
        write(&self.hidden[i]).fill(&scratch.made, &stage.contract.weight.factors()[columns]);
    }

    /// Some columns of a layer that reads `inputs`, which are parts of a row each, for all rows of a prompt.
    fn multiply(&self, map: Map<'_>, inputs: &[RwLock<Rows>], i: usize) {
        let (prompt, columns) = (i / map.pieces(), map.piece(i % map.pieces()));
        let of_prompt = inputs.len() / self.tiles.batch();
        let inputs: Vec<_> = inputs[prompt * of_prompt..][..of_prompt].iter().map(read).collect();
        let mut out = write(&self.added[i]);
        out.resize(self.tokens * columns.len(), 0.0);
        for rows in tiles(self.tokens) {
            let parts: Vec<_> = inputs.iter().map(|input| input.tile(rows.clone())).collect();
            let panels = columns.start / COLUMNS..columns.end / COLUMNS;
            map.weight.multiply_tile(panels, &parts, &mut out[rows.start * columns.len()..], columns.len());
        }
        k::add_bias(&mut out, &map.bias[columns]);
    }

    /// Adds what was multiplied to a group of tiles, then the norm; packs the result for the layers that read it.
    fn add(&self, norm: Norm<'_>, readers: &[&EightBit], i: usize, scratch: &mut Scratch) {
        let (prompt, mut tiles) = self.tiles.group(i);
        let of_prompt = self.added.len() / self.tiles.batch();
        let added: Vec<_> = self.added[prompt * of_prompt..][..of_prompt].iter().map(read).collect();
        for tile in tiles.iter_mut() {
            let sums = &mut scratch.sums;
            sums.clone_from(&tile.x);
            for (row, sums) in tile.rows.clone().zip(sums.chunks_exact_mut(self.dim)) {
                for (sums, added) in sums.chunks_mut(PIECE).zip(&added) {
                    let added = &added[row * sums.len()..][..sums.len()];
                    sums.iter_mut().zip(added).for_each(|(sum, added)| *sum += added);
                }
            }
            k::norm_rows(sums, norm, &mut tile.x);
            for (layer, packed) in readers.iter().zip(&mut tile.packed) {
                packed.fill(&tile.x, layer.factors());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TextConfig;
    use crate::nn::eight_bit::support::{self, normals};
    use crate::text::bert::Bert;
    use candle_core::{Device, Var};

    const SIZES: TextConfig = TextConfig {
        hidden_size: 144,
        num_hidden_layers: 2,
        num_attention_heads: 3,
        intermediate_size: 208,
        vocab_size: 5,
        max_position_embeddings: 40,
        max_tokens: 40,
    };

    fn network(bytes: bool) -> Bert {
        support::network(bytes, |vb| Bert::new(&SIZES, &vb).unwrap())
    }

    #[test]
    fn is_the_same_network_for_every_number_of_prompts_tokens_and_threads() {
        let network = network(true);
        for (batch, tokens) in [(1, 1), (1, 2), (2, 9), (1, 14), (3, 31)] {
            let x = normals(7, (batch, tokens, SIZES.hidden_size));
            // Prompts of other lengths in a batch.
            let mask: Vec<Vec<f32>> = (0..batch)
                .map(|row| (0..tokens).map(|i| if i < (tokens - row).max(1) { 1.0 } else { 0.0 }).collect())
                .collect();
            let lengths = KeyLengths::from_mask(&Tensor::new(mask, &Device::Cpu).unwrap()).unwrap();
            // What wants a gradient is computed in `f32`.
            let tracked = Var::from_tensor(&x).unwrap().as_tensor().clone();
            assert!(forward(&network.layers, &tracked, &lengths, &|| Ok(())).unwrap().is_none());
            let wanted = network.layers.iter().fold(tracked, |x, layer| layer.forward(&x, &lengths).unwrap());
            let on = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let made = pool.install(|| forward(&network.layers, &x, &lengths, &|| Ok(()))).unwrap();
                made.expect("weights are bytes").flatten_all().unwrap().to_vec1::<f32>().unwrap()
            };
            let got = on(1);
            assert_eq!(got, on(3));
            let wanted: Vec<f32> = wanted.flatten_all().unwrap().to_vec1().unwrap();
            let worst = got.iter().zip(&wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            let largest = wanted.iter().fold(0f32, |most, v| most.max(v.abs()));
            assert!(largest > 0.1 && worst < 1e-4 * largest, "{batch} by {tokens}: {worst} of {largest}");
        }
    }

    #[test]
    fn it_is_asked_before_each_layer_whether_to_go_on() {
        let network = network(true);
        let (x, lengths) = (normals(7, (1, 4, SIZES.hidden_size)), KeyLengths::full(1, 4));
        let asked = std::cell::Cell::new(0);
        let ask = |most: usize| {
            asked.set(asked.get() + 1);
            if asked.get() > most { Err(candle_core::Error::Msg("stop".into())) } else { Ok(()) }
        };
        assert!(forward(&network.layers, &x, &lengths, &|| ask(2)).is_ok());
        assert_eq!(asked.replace(0), SIZES.num_hidden_layers);
        assert!(forward(&network.layers, &x, &lengths, &|| ask(1)).is_err());
    }

    #[test]
    fn weights_that_were_never_bytes_are_left_to_the_layers() {
        let network = network(false);
        let x = normals(7, (1, 4, SIZES.hidden_size));
        let lengths = KeyLengths::full(1, 4);
        assert!(forward(&network.layers, &x, &lengths, &|| Ok(())).unwrap().is_none());
    }
}
