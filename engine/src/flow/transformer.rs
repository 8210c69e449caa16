//! The velocity network: a transformer over latent tokens in the form the FlashAudio paper uses.
//!
//! Lumina's Flag-DiT for audio ([Gao et al., 2024](https://arxiv.org/abs/2405.05945)), the backbone that
//! Make-An-Audio 3 and FlashAudio share; [`FlowConfig::paper`] gives its 197.9 M size.
//!
//! A block has modulation by time and pooled text (six vectors, "adaLN-6"), self-attention with rotary positions, a gated
//! look at the text with the same queries, and a SwiGLU layer. A clip is as many tokens as it is long, so a short sound costs
//! little.

mod phased_blocks;

use super::curves;
use crate::config::{FlowConfig, MAX_TOKENS};
use crate::error::Result;
use crate::nn::attention::TextKeys;
use crate::nn::linear::LinearInit;
use crate::nn::ops::{self, KeyLengths};
use crate::nn::{
    JointAttention, LayerNorm, Linear, RmsNorm, RotaryTable, SwiGlu, TimeEmbedding, in_single_precision,
};
use crate::text::TextCondition;
use candle_core::{Tensor, bail};
use candle_nn::VarBuilder;
use rayon::prelude::*;
use straightshot_gpu_kernels::Recordings;

const ROPE_THETA: f64 = 10_000.0;
const RMS_EPS: f32 = 1e-5;
const FINAL_EPS: f32 = 1e-6;

/// A text condition after everything that does not depend on the latent: computed once per generation.
#[derive(Debug, Clone)]
pub struct Conditioned {
    pooled: Tensor, // (B, dim)
    keys: Vec<TextKeys>,
    curves: Option<Tensor>, // (B, tokens, dim)
}

impl Conditioned {
    /// The same for `n` clips of every text: what belongs to `a b` belongs to `a a b b`. Made of the finished condition, so
    /// that a clip reads what it would read alone, bit by bit.
    ///
    /// # Errors
    /// A candle error if the copy fails.
    pub fn repeat_each(self, n: usize) -> candle_core::Result<Self> {
        if n == 1 {
            return Ok(self);
        }
        let keys = self.keys.iter().map(|text| -> candle_core::Result<TextKeys> {
            let lengths = text.lengths.repeat_each(n);
            let [keys, values] = [&text.keys, &text.values].map(|x| repeat_each(x, n));
            Ok(TextKeys { keys: keys?, values: values?, lengths })
        });
        Ok(Self {
            pooled: repeat_each(&self.pooled, n)?,
            keys: keys.collect::<candle_core::Result<_>>()?,
            curves: self.curves.map(|x| repeat_each(&x, n)).transpose()?,
        })
    }

    /// What belongs to the `count` tokens from `start`, for whoever looks at a part of a clip.
    ///
    /// # Errors
    /// A candle error if there are no such tokens.
    pub fn window(&self, start: usize, count: usize) -> candle_core::Result<Self> {
        let own = |x: &Tensor| x.narrow(1, start, count)?.contiguous();
        Ok(Self { curves: self.curves.as_ref().map(own).transpose()?, ..self.clone() })
    }
}

/// Every row `n` times.
fn repeat_each(x: &Tensor, n: usize) -> candle_core::Result<Tensor> {
    let rows = (0..x.dim(0)?).flat_map(|row| std::iter::repeat_n(row, n));
    let rows = rows.map(|row| x.narrow(0, row, 1)).collect::<candle_core::Result<Vec<_>>>()?;
    Tensor::cat(&rows, 0)
}

/// The network.
#[derive(Debug)]
pub struct Transformer {
    input: Linear,
    /// Reads the features of [`curves`].
    curves: Option<Linear>,
    time: TimeEmbedding,
    caption_norm: LayerNorm,
    caption: Linear,
    blocks: Vec<Block>,
    final_modulation: Linear,
    output: Linear,
    rope: RotaryTable,
    /// Only in a network that is not trained.
    recordings: Option<Recordings>,
    /// Of what is made of a text.
    conditions: Option<Recordings>,
}

impl Transformer {
    /// Takes the tensors from `vb`. If that is of half precision, so are the matrices of the blocks, most of the
    /// network, and the products with them; what passes between the blocks stays in single precision.
    ///
    /// # Errors
    /// A candle error if a stored tensor is missing or has another shape.
    pub fn new(
        config: &FlowConfig,
        channels: usize,
        text_dim: usize,
        vb: &VarBuilder<'_>,
    ) -> candle_core::Result<Self> {
        let dim = config.dim;
        let blocks = (0..config.blocks).map(|i| Block::new(config, text_dim, &vb.pp("blocks").pp(i)));
        let vb = in_single_precision(vb);
        let linear = |i, o, init, name: &str| Linear::new(i, o, true, init, &vb.pp(name));
        Ok(Self {
            input: linear(channels, dim, LinearInit::Xavier, "input")?,
            // Without bias and zero at first: no curves are what a network without them was trained on.
            curves: config
                .curves
                .then(|| Linear::new(curves::FEATURES, dim, false, LinearInit::Zero, &vb.pp(curves::LAYER)))
                .transpose()?,
            time: TimeEmbedding::new(dim, &vb.pp("time"))?,
            caption_norm: LayerNorm::new(text_dim, 1e-5, &vb.pp("caption_norm"))?,
            caption: linear(text_dim, dim, LinearInit::Xavier, "caption")?,
            blocks: blocks.collect::<candle_core::Result<_>>()?,
            final_modulation: linear(dim, 2 * dim, LinearInit::Zero, "final_modulation")?,
            output: linear(dim, channels, LinearInit::Zero, "output")?,
            rope: RotaryTable::new(MAX_TOKENS, dim / config.heads, ROPE_THETA),
            recordings: None,
            conditions: None,
        })
    }

    /// Lets a card play what it has computed before, for whoever wants no gradients. Nothing else may use the card at the
    /// same time.
    #[must_use]
    pub fn recorded(self) -> Self {
        let [recordings, conditions] = [(); 2].map(|()| Some(Recordings::default()));
        Self { recordings, conditions, ..self }
    }

    /// Whether a clip, computed in a batch with others, is bit by bit what it is alone: so it is where the blocks have their
    /// weights in bytes, whose products are sums of whole numbers, row by row.
    #[must_use]
    pub fn is_alike_in_batches(&self) -> bool {
        phased_blocks::are_for(&self.blocks)
    }

    /// Number of blocks, for progress and cost estimates.
    #[must_use]
    pub fn block_count(&self) -> usize {
        self.blocks.len()
    }

    /// Projects a text condition for all blocks.
    ///
    /// # Errors
    /// A candle error if the shapes do not fit.
    pub fn condition(&self, text: &TextCondition) -> candle_core::Result<Conditioned> {
        let lengths = KeyLengths::from_mask(&text.mask)?;
        if let Some(recordings) = &self.conditions {
            let made = recordings.run(lengths.all(), &[&text.tokens, &text.pooled], &|inputs| {
                let [tokens, pooled] = inputs else { bail!("{} inputs", inputs.len()) };
                let made = self.condition_of(tokens, pooled, &lengths)?;
                let keys = made.keys.into_iter().flat_map(|text| [text.keys, text.values]);
                Ok([made.pooled].into_iter().chain(keys).collect())
            })?;
            let [pooled, keys @ ..] = made.as_slice() else { bail!("nothing was computed") };
            return Ok(Conditioned { pooled: pooled.clone(), keys: text_keys(keys, &lengths), curves: None });
        }
        self.condition_of(&text.tokens, &text.pooled, &lengths)
    }

    fn condition_of(
        &self,
        tokens: &Tensor,
        pooled: &Tensor,
        lengths: &KeyLengths,
    ) -> candle_core::Result<Conditioned> {
        let of_block = |b: &Block| b.attention.text_keys(&b.text_norm.forward(tokens)?, lengths);
        // Many small layers, each of which has too little to do for several threads; a GPU has but one queue.
        let keys = if ops::is_fused(tokens) {
            self.blocks.par_iter().map(of_block).collect()
        } else {
            self.blocks.iter().map(of_block).collect::<candle_core::Result<_>>()
        };
        let pooled = self.caption.forward(&self.caption_norm.forward(pooled)?)?;
        Ok(Conditioned { pooled, keys: keys?, curves: None })
    }

    /// Whether it can be given curves.
    #[must_use]
    pub fn follows_curves(&self) -> bool {
        self.curves.is_some()
    }

    /// `condition` with curves to follow besides; a network that cannot leaves it as it is.
    ///
    /// # Shapes
    /// - `features`: `[batch, tokens, FEATURES]` of [`curves`], the rows of the text
    ///
    /// # Errors
    /// A candle error if the shapes do not fit.
    pub fn follow(&self, condition: Conditioned, features: &Tensor) -> candle_core::Result<Conditioned> {
        let Some(layer) = &self.curves else { return Ok(condition) };
        // Clip by clip: a product depends in its last bit on how many rows it has.
        let read = (0..features.dim(0)?).map(|clip| layer.forward(&features.narrow(0, clip, 1)?));
        let read = Tensor::cat(&read.collect::<candle_core::Result<Vec<_>>>()?, 0)?;
        Ok(Conditioned { curves: Some(read), ..condition })
    }

    /// Predicts the velocity.
    ///
    /// # Shapes
    /// - `x_t`: `[batch, tokens, channels]`; returns the same
    /// - `t`: `[batch]`, 0 = noise
    /// - `mask`: `[batch, tokens]`, ones followed by zeros, or `None` if all tokens exist
    ///
    /// `between_blocks` is called before each block; its error ends the evaluation.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Compute`] if the shapes do not fit; errors of `between_blocks`.
    pub fn forward(
        &self,
        x_t: &Tensor,
        t: &Tensor,
        text: &Conditioned,
        mask: Option<&Tensor>,
        between_blocks: &dyn Fn() -> Result<()>,
    ) -> Result<Tensor> {
        match &self.recordings {
            Some(recordings) if mask.is_none() => {
                between_blocks()?;
                self.play(recordings, [x_t, t], text)
            }
            _ => self.compute([x_t, t], text, mask, between_blocks),
        }
    }

    /// [`Self::forward`] by what was recorded, if it was.
    fn play(&self, recordings: &Recordings, [x_t, t]: [&Tensor; 2], text: &Conditioned) -> Result<Tensor> {
        let keys = text.keys.iter().flat_map(|text| [&text.keys, &text.values]);
        let inputs: Vec<&Tensor> =
            [x_t, t, &text.pooled].into_iter().chain(keys).chain(&text.curves).collect();
        let key_count = 2 * text.keys.len();
        let Some(lengths) = text.keys.first().map(|text| &text.lengths) else {
            return self.compute([x_t, t], text, None, &|| Ok(()));
        };
        let velocity = recordings.run_one(lengths.all(), &inputs, &|inputs| {
            let [x_t, t, pooled, rest @ ..] = inputs else { bail!("{} inputs", inputs.len()) };
            let (keys, curves) = rest.split_at(key_count.min(rest.len()));
            let (pooled, keys) = (pooled.clone(), text_keys(keys, lengths));
            let text = Conditioned { pooled, keys, curves: curves.first().cloned() };
            let velocity = self.compute([x_t, t], &text, None, &|| Ok(()));
            velocity.map_err(|e| candle_core::Error::Msg(e.detail()))
        });
        Ok(velocity?)
    }

    fn compute(
        &self,
        [x_t, t]: [&Tensor; 2],
        text: &Conditioned,
        mask: Option<&Tensor>,
        between_blocks: &dyn Fn() -> Result<()>,
    ) -> Result<Tensor> {
        let (batch, tokens, _) = x_t.dims3()?;
        // A product in `f32` depends in its last bit on how many rows it has.
        let apart = mask.is_none() && batch > 1 && self.is_alike_in_batches();
        let each = |x: &Tensor, layer: &dyn Fn(&Tensor) -> candle_core::Result<Tensor>| {
            if !apart {
                return layer(x);
            }
            let made = (0..batch).map(|clip| layer(&x.narrow(0, clip, 1)?));
            Tensor::cat(&made.collect::<candle_core::Result<Vec<_>>>()?, 0)
        };
        let time = each(t, &|t| self.time.forward(t))?;
        let condition = ops::silu(&(time + &text.pooled)?)?;
        let frames = match mask {
            Some(mask) => KeyLengths::from_mask(mask)?,
            None => KeyLengths::full(batch, tokens),
        };
        let mut x = each(x_t, &|x_t| self.input.forward(x_t))?;
        if let Some(curves) = &text.curves {
            x = (x + curves)?;
        }
        let done = match mask {
            None => phased_blocks::forward(
                &self.blocks,
                [&x, &condition],
                &self.rope,
                &text.keys,
                between_blocks,
            )?,
            Some(_) => None,
        };
        if let Some(done) = done {
            x = done;
        } else {
            for (block, keys) in self.blocks.iter().zip(&text.keys) {
                between_blocks()?;
                x = block.forward(&x, &condition, &self.rope, &frames, keys)?;
            }
        }
        let [shift, scale] =
            chunks(&each(&condition, &|condition| self.final_modulation.forward(condition))?)?;
        let x = LayerNorm::plain_modulated(&x, FINAL_EPS, &shift, &scale)?;
        Ok(each(&x, &|x| self.output.forward(x))?)
    }
}

/// `x += gate · Attention(modulated(x))`, then the same with the feed-forward layer.
#[derive(Debug)]
struct Block {
    modulation: Linear,
    attention_norm: RmsNorm,
    text_norm: RmsNorm,
    attention: JointAttention,
    feed_forward_norm: RmsNorm,
    feed_forward: SwiGlu,
}

impl Block {
    fn new(config: &FlowConfig, text_dim: usize, vb: &VarBuilder<'_>) -> candle_core::Result<Self> {
        let dim = config.dim;
        Ok(Self {
            modulation: Linear::new(dim, 6 * dim, true, LinearInit::Zero, &vb.pp("modulation"))?,
            attention_norm: RmsNorm::new(dim, RMS_EPS, &vb.pp("attention_norm"))?,
            text_norm: RmsNorm::new(text_dim, RMS_EPS, &vb.pp("text_norm"))?,
            attention: JointAttention::new(dim, text_dim, config.heads, &vb.pp("attention"))?,
            feed_forward_norm: RmsNorm::new(dim, RMS_EPS, &vb.pp("feed_forward_norm"))?,
            feed_forward: SwiGlu::new(dim, config.feed_forward, &vb.pp("feed_forward"))?,
        })
    }

    fn forward(
        &self,
        x: &Tensor,
        condition: &Tensor,
        rope: &RotaryTable,
        frames: &KeyLengths,
        text: &TextKeys,
    ) -> candle_core::Result<Tensor> {
        let [shift_a, scale_a, gate_a, shift_f, scale_f, gate_f] =
            chunks(&self.modulation.forward(condition)?.to_dtype(condition.dtype())?)?;
        let h = self.attention_norm.modulated(x, &shift_a, &scale_a)?;
        let h = self.attention.forward(&h, rope, frames, text)?;
        let x = ops::scale_shift(&h, &gate_a, x)?;
        let h = self.feed_forward_norm.modulated(&x, &shift_f, &scale_f)?;
        ops::scale_shift(&self.feed_forward.forward(&h)?, &gate_f, &x)
    }
}

/// Keys and values of all blocks, as they were handed over one after the other.
fn text_keys(tensors: &[Tensor], lengths: &KeyLengths) -> Vec<TextKeys> {
    let of_block = |pair: &[Tensor]| TextKeys {
        keys: pair[0].clone(),
        values: pair[1].clone(),
        lengths: lengths.clone(),
    };
    tensors.chunks_exact(2).map(of_block).collect()
}

/// `[batch, N * dim]` to `N` tensors `[batch, 1, dim]`.
fn chunks<const N: usize>(x: &Tensor) -> candle_core::Result<[Tensor; N]> {
    let x = x.unsqueeze(1)?;
    match <[Tensor; N]>::try_from(x.chunk(N, 2)?) {
        Ok(parts) => Ok(parts),
        Err(parts) => bail!("{} chunks instead of {N}", parts.len()),
    }
}
