//! Self-attention over latent frames joined with attention to the text.

use super::linear::LinearInit;
use super::ops::{self, KeyLengths};
use super::{Linear, RotaryTable, in_single_precision};
use candle_core::{Result, Tensor};
use candle_nn::{Init, VarBuilder};
use straightshot_gpu_kernels as card;

/// Keys and values of the text, computed once per generation and shared by all solver steps.
#[derive(Debug, Clone)]
pub struct TextKeys {
    pub(crate) keys: Tensor,   // (B, tokens, dim)
    pub(crate) values: Tensor, // (B, tokens, dim)
    pub(crate) lengths: KeyLengths,
}

/// `W_o (attend(q, k, v) + tanh(g) ⊙ attend(q, k_text, v_text))`, the attention of the FlashAudio backbone
/// (Lumina's Flag-DiT form): the rotated queries of the latent also read the text, through a gate per head
/// that starts at zero.
#[derive(Debug, Clone)]
pub struct JointAttention {
    pub(crate) query: Linear,
    pub(crate) key: Linear,
    pub(crate) value: Linear,
    text_key: Linear,
    text_value: Linear,
    pub(crate) out: Linear,
    pub(crate) gate: Tensor, // (heads)
    pub(crate) heads: usize,
}

impl JointAttention {
    /// Takes the projections (bias-free) and the gate from `vb`.
    ///
    /// # Errors
    /// A candle error if a stored tensor is missing or has another shape.
    pub fn new(dim: usize, text_dim: usize, heads: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let linear = |i, name: &str| Linear::new(i, dim, false, LinearInit::Xavier, &vb.pp(name));
        Ok(Self {
            query: linear(dim, "query")?,
            key: linear(dim, "key")?,
            value: linear(dim, "value")?,
            text_key: linear(text_dim, "text_key")?,
            text_value: linear(text_dim, "text_value")?,
            out: linear(dim, "out")?,
            gate: in_single_precision(vb).get_with_hints(heads, "gate", Init::Const(0.0))?,
            heads,
        })
    }

    /// Projects normalised text features.
    ///
    /// # Shapes
    /// - `text`: `[batch, tokens, text_dim]`; `lengths` says how many tokens of each row exist
    ///
    /// # Errors
    /// A candle error if the shapes disagree.
    pub fn text_keys(&self, text: &Tensor, lengths: &KeyLengths) -> Result<TextKeys> {
        Ok(TextKeys {
            keys: self.text_key.forward(text)?,
            values: self.text_value.forward(text)?,
            lengths: lengths.clone(),
        })
    }

    /// Attends.
    ///
    /// # Shapes
    /// - `x`: `[batch, frames, dim]`; returns the same; `frames` says how many frames of each row exist
    ///
    /// # Errors
    /// A candle error if the shapes disagree.
    pub fn forward(
        &self,
        x: &Tensor,
        rope: &RotaryTable,
        frames: &KeyLengths,
        text: &TextKeys,
    ) -> Result<Tensor> {
        let (query, key, value) = (self.query.forward(x)?, self.key.forward(x)?, self.value.forward(x)?);
        if let Some(read) = self.on_card([&query, &key, &value], rope, frames, text)? {
            return self.out.forward(&read);
        }
        let (query, key) = (rope.apply(&query)?, rope.apply(&key)?);
        let own = ops::attention(&query, &key, &value, self.heads, frames)?;
        let read = ops::attention(&query, &text.keys, &text.values, self.heads, &text.lengths)?;
        // One gate per head, spread over the head's channels.
        let head_dim = x.dim(2)? / self.heads;
        let gate = self.gate.tanh()?.unsqueeze(1)?.repeat((1, head_dim))?.reshape((1, 1, ()))?;
        let gate = gate.repeat((x.dim(0)?, 1, 1))?;
        self.out.forward(&ops::scale_shift(&read, &gate, &own)?)
    }

    /// What is read, in one launch, if it is for a card's kernel.
    fn on_card(
        &self,
        [query, key, value]: [&Tensor; 3],
        rope: &RotaryTable,
        frames: &KeyLengths,
        text: &TextKeys,
    ) -> Result<Option<Tensor>> {
        let (batch, _, dim) = query.dims3()?;
        let fits = card::fit(&[query, key, value, &text.keys, &text.values, &self.gate]);
        if !fits || !card::attention_fits(batch, dim / self.heads) {
            return Ok(None);
        }
        let [cos, sin] = rope.tensors(query.device())?;
        card::attention(card::Heads {
            query,
            key,
            value,
            lengths: frames.all(),
            heads: self.heads,
            biases: None,
            rotation: Some([cos, sin]),
            text: Some(card::Text {
                key: &text.keys,
                value: &text.values,
                lengths: text.lengths.all(),
                gate: &self.gate,
            }),
        })
        .map(Some)
    }
}
