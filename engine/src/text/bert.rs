//! The encoder of [Devlin et al., 2019](https://arxiv.org/abs/1810.04805), in the sizes of a model's config.
//!
//! Only for reading: it is frozen. Weights lie transposed in the published files and are turned round once, at load.

mod phased_layers;

use crate::config::TextConfig;
use crate::nn::linear::Activation;
use crate::nn::ops::{self, KeyLengths};
use crate::nn::{LayerNorm, Linear};
use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;
use straightshot_gpu_kernels as card;

/// What the published weights were trained with.
const LAYER_NORM_EPS: f32 = 1e-12;

/// Token ids to a feature per token.
#[derive(Debug)]
pub(crate) struct Bert {
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
    pub(crate) fn new(c: &TextConfig, vb: &VarBuilder<'_>) -> Result<Self> {
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

    /// Encodes. `between_layers` is called before each layer; its error ends the encoding.
    ///
    /// # Shapes
    /// - `ids`: `[batch, tokens]`; `lengths` says how many of each row exist
    /// - returns: `[batch, tokens, hidden]`
    ///
    /// # Errors
    /// A candle error if an id or a position is not in the tables; errors of `between_layers`.
    pub(crate) fn forward(
        &self,
        ids: &Tensor,
        lengths: &KeyLengths,
        between_layers: &dyn Fn() -> Result<()>,
    ) -> Result<Tensor> {
        let (batch, tokens) = ids.dims2()?;
        let words = self.words.index_select(&ids.flatten_all()?, 0)?.reshape((batch, tokens, ()))?;
        let x = self.norm.of_sum(&words, &self.positions.narrow(0, 0, tokens)?, &self.first_segment)?;
        if let Some(done) = phased_layers::forward(&self.layers, &x, lengths, between_layers)? {
            return Ok(done);
        }
        self.layers.iter().try_fold(x, |x, layer| {
            between_layers()?;
            layer.forward(&x, lengths)
        })
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
        let read = match self.read_on_card(x, lengths)? {
            Some(read) => read,
            None => {
                let (query, key, value) =
                    (self.query.forward(x)?, self.key.forward(x)?, self.value.forward(x)?);
                ops::attention(&query, &key, &value, self.heads, lengths)?
            }
        };
        let x = self.attention_norm.after(x, &self.attention_out, &read)?;
        self.norm.after(&x, &self.contract, &self.expand.activated(&x, Activation::GeluErf)?)
    }

    /// What the tokens of `x` read from each other, with the three biases inside one launch, if that is for a card.
    fn read_on_card(&self, x: &Tensor, lengths: &KeyLengths) -> Result<Option<Tensor>> {
        let layers = [&self.query, &self.key, &self.value];
        let [Some(query_bias), Some(key_bias), Some(value_bias)] = layers.map(Linear::bias) else {
            return Ok(None);
        };
        let biases = [query_bias, key_bias, value_bias];
        let (batch, _, dim) = x.dims3()?;
        let fits = card::fit(&biases) && card::fit(&[x]) && card::fit(&layers.map(Linear::weight));
        if !fits || !card::attention_fits(batch, dim / self.heads) {
            return Ok(None);
        }
        let product = |layer: &Linear| ops::linear(x, layer.weight(), None);
        let heads = card::Heads {
            query: &product(&self.query)?,
            key: &product(&self.key)?,
            value: &product(&self.value)?,
            lengths: lengths.all(),
            heads: self.heads,
            biases: Some(biases),
            rotation: None,
            text: None,
        };
        card::attention(heads).map(Some)
    }
}
