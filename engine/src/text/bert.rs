//! The encoder of [Devlin et al., 2019](https://arxiv.org/abs/1810.04805), in the sizes of a model's config.
//!
//! Only for reading: it is frozen. Weights lie transposed in the published files and are turned round once, at load.

mod compact;

use crate::config::TextConfig;
use crate::nn::ops::{self, KeyLengths};
use crate::nn::{LayerNorm, Linear};
use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

/// What the published weights were trained with.
const LAYER_NORM_EPS: f32 = 1e-12;

/// Token ids to a feature per token.
#[derive(Debug)]
pub(super) struct Bert {
    words: Tensor,         // (vocabulary, hidden)
    positions: Tensor,     // (positions, hidden)
    first_segment: Tensor, // (hidden)
    norm: LayerNorm,
    layers: Vec<Layer>,
}

impl Bert {
    /// Takes the tensors from `vb`.
    ///
    /// # Errors
    /// A candle error if a stored tensor is missing or has another shape.
    pub(super) fn new(c: &TextConfig, vb: &VarBuilder<'_>) -> Result<Self> {
        let embeddings = vb.pp("embeddings");
        let table =
            |rows: usize, name: &str| embeddings.get((rows, c.hidden_size), &format!("{name}.weight"));
        let layers = vb.pp("encoder").pp("layer");
        Ok(Self {
            words: table(c.vocab_size, "word_embeddings")?,
            positions: table(c.max_position_embeddings, "position_embeddings")?,
            // A prompt is one segment; the second kind marks the other half of a pair of sentences.
            first_segment: table(2, "token_type_embeddings")?.get(0)?,
            norm: LayerNorm::new(c.hidden_size, LAYER_NORM_EPS, &embeddings.pp("LayerNorm"))?,
            layers: (0..c.num_hidden_layers).map(|i| Layer::new(c, &layers.pp(i))).collect::<Result<_>>()?,
        })
    }

    /// Encodes.
    ///
    /// # Shapes
    /// - `ids`: `[batch, tokens]`; `lengths` says how many of each row exist
    /// - returns: `[batch, tokens, hidden]`
    ///
    /// # Errors
    /// A candle error if an id or a position is not in the tables.
    pub(super) fn forward(&self, ids: &Tensor, lengths: &KeyLengths) -> Result<Tensor> {
        let (batch, tokens) = ids.dims2()?;
        let words = self.words.index_select(&ids.flatten_all()?, 0)?.reshape((batch, tokens, ()))?;
        let x = words.broadcast_add(&self.positions.narrow(0, 0, tokens)?)?;
        let x = self.norm.forward(&ops::add_bias(&x, &self.first_segment)?)?;
        if let Some(done) = compact::forward(&self.layers, &x, lengths)? {
            return Ok(done);
        }
        self.layers.iter().try_fold(x, |x, layer| layer.forward(&x, lengths))
    }
}

/// `x = norm(x + Attention(x))`, then the same with the feed-forward layer.
#[derive(Debug)]
struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    attention_out: Linear,
    attention_norm: LayerNorm,
    expand: Linear,
    contract: Linear,
    norm: LayerNorm,
    heads: usize,
}

impl Layer {
    fn new(c: &TextConfig, vb: &VarBuilder<'_>) -> Result<Self> {
        let (dim, hidden) = (c.hidden_size, c.intermediate_size);
        let attention = vb.pp("attention");
        let own = |name: &str| Linear::from_rows(dim, dim, &attention.pp("self").pp(name));
        let norm = |vb: VarBuilder<'_>| LayerNorm::new(dim, LAYER_NORM_EPS, &vb.pp("LayerNorm"));
        Ok(Self {
            query: own("query")?,
            key: own("key")?,
            value: own("value")?,
            attention_out: Linear::from_rows(dim, dim, &attention.pp("output").pp("dense"))?,
            attention_norm: norm(attention.pp("output"))?,
            expand: Linear::from_rows(dim, hidden, &vb.pp("intermediate").pp("dense"))?,
            contract: Linear::from_rows(hidden, dim, &vb.pp("output").pp("dense"))?,
            norm: norm(vb.pp("output"))?,
            heads: c.num_attention_heads,
        })
    }

    /// Whether a matrix wants a gradient.
    fn is_trained(&self) -> bool {
        let linear = [&self.query, &self.key, &self.value, &self.attention_out, &self.expand, &self.contract];
        linear.into_iter().any(Linear::is_trained)
    }

    fn forward(&self, x: &Tensor, lengths: &KeyLengths) -> Result<Tensor> {
        let (query, key, value) = (self.query.forward(x)?, self.key.forward(x)?, self.value.forward(x)?);
        let read = ops::attention(&query, &key, &value, self.heads, lengths)?;
        let x = self.attention_norm.forward(&(x + self.attention_out.forward(&read)?)?)?;
        let h = self.contract.forward(&ops::gelu_erf(&self.expand.forward(&x)?)?)?;
        self.norm.forward(&(x + h)?)
    }
}
