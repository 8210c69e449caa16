//! Sizes of every network, as stored in a model's `config.json`.

use crate::error::{Error, ErrorKind, Result};
use crate::pipeline::MAX_SECONDS;
use serde::{Deserialize, Serialize};

/// A whole model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Format version; this code reads [`FORMAT_VERSION`].
    pub format: u32,
    /// Name shown to the user.
    pub name: String,
    /// Latent codec.
    pub codec: CodecConfig,
    /// Velocity network.
    pub flow: FlowConfig,
    /// Text encoder.
    pub text: TextConfig,
}

/// Latent tokens the velocity network has positions for: 47 s at 21.5 tokens per second.
pub const MAX_TOKENS: usize = 1024;

/// The only `format` this code reads.
pub const FORMAT_VERSION: u32 = 1;

/// Latent autoencoder: waveform <-> `[channels, tokens]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodecConfig {
    /// Sample rate in Hz.
    pub sample_rate_hz: u32,
    /// Window of the spectrogram in samples.
    pub n_fft: usize,
    /// Samples between spectrogram frames.
    pub hop_length: usize,
    /// Channels of the latent.
    pub latent_channels: usize,
    /// Width of the blocks at token rate.
    pub low_dim: usize,
    /// Number of blocks at token rate, in the encoder and in the decoder.
    pub low_blocks: usize,
    /// Width of the blocks at four times the token rate.
    pub high_dim: usize,
    /// Number of encoder blocks at that rate.
    pub encoder_high_blocks: usize,
    /// Number of decoder blocks at that rate.
    pub decoder_high_blocks: usize,
    /// Width a single spectrogram frame is first mapped to.
    pub frame_dim: usize,
    /// Hidden width of a block as a multiple of its width.
    pub expansion: usize,
}

/// Spectrogram frames per step of the high-rate blocks.
pub const FRAMES_PER_HIGH: usize = 2;
/// High-rate steps per latent token.
pub const HIGH_PER_TOKEN: usize = 4;
/// Spectrogram frames per latent token.
pub const FRAMES_PER_TOKEN: usize = FRAMES_PER_HIGH * HIGH_PER_TOKEN;

impl Default for CodecConfig {
    /// The shipped codec: 44.1 kHz, 21.5 tokens per second of 64 channels.
    fn default() -> Self {
        Self {
            sample_rate_hz: 44_100,
            n_fft: 1024,
            hop_length: 256,
            latent_channels: 64,
            low_dim: 384,
            low_blocks: 3,
            high_dim: 256,
            encoder_high_blocks: 2,
            decoder_high_blocks: 5,
            frame_dim: 192,
            expansion: 3,
        }
    }
}

impl CodecConfig {
    /// Frequency bins of a spectrogram frame.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.n_fft / 2 + 1
    }

    /// Samples that one latent token stands for.
    #[must_use]
    pub fn samples_per_token(&self) -> usize {
        self.hop_length.saturating_mul(FRAMES_PER_TOKEN)
    }

    /// Tokens needed for `samples`, at least one.
    #[must_use]
    pub fn tokens_for(&self, samples: usize) -> usize {
        samples.div_ceil(self.samples_per_token()).max(1)
    }
}

/// Velocity network, sizes of the paper's transformer by other numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowConfig {
    /// Width.
    pub dim: usize,
    /// Transformer blocks.
    pub blocks: usize,
    /// Attention heads; `dim / heads` is even.
    pub heads: usize,
    /// Hidden width of the gated feed-forward layer.
    pub feed_forward: usize,
}

impl Default for FlowConfig {
    /// The shipped size: 10 M parameters.
    fn default() -> Self {
        Self { dim: 256, blocks: 8, heads: 8, feed_forward: 704 }
    }
}

impl FlowConfig {
    /// The paper's base size (197.9 M parameters with 20 latent channels and 1024-wide text).
    #[must_use]
    pub fn paper() -> Self {
        Self { dim: 768, blocks: 16, heads: 32, feed_forward: 2048 }
    }
}

/// BERT-shaped text encoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextConfig {
    /// Width of the features.
    pub hidden_size: usize,
    /// Layers.
    pub num_hidden_layers: usize,
    /// Attention heads.
    pub num_attention_heads: usize,
    /// Hidden width of the feed-forward layers.
    pub intermediate_size: usize,
    /// Word pieces in the vocabulary.
    pub vocab_size: usize,
    /// Longest sequence the position table allows.
    pub max_position_embeddings: usize,
    /// Tokens read of a prompt; the rest is cut off.
    pub max_tokens: usize,
}

impl Default for TextConfig {
    /// all-MiniLM-L6-v2.
    fn default() -> Self {
        Self {
            hidden_size: 384,
            num_hidden_layers: 6,
            num_attention_heads: 12,
            intermediate_size: 1536,
            vocab_size: 30_522,
            max_position_embeddings: 512,
            max_tokens: 64,
        }
    }
}

impl ModelConfig {
    /// Parses `config.json` and checks that the sizes can work together.
    ///
    /// # Errors
    /// [`ErrorKind::BadModel`] with the field at fault.
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        let bad = |text: String| Error::new(ErrorKind::BadModel, text);
        let config: Self = serde_json::from_slice(bytes)
            .map_err(|e| bad("The model's config.json cannot be read".into()).with_source(e))?;
        config.validate()?;
        Ok(config)
    }

    /// Checks that the sizes can work together.
    ///
    /// # Errors
    /// [`ErrorKind::BadModel`] with the field at fault.
    pub fn validate(&self) -> Result<()> {
        let (codec, flow, text) = (&self.codec, &self.flow, &self.text);
        let checks = [
            (self.format == FORMAT_VERSION, format!("format {} is not {FORMAT_VERSION}", self.format)),
            (
                (8_000..=192_000).contains(&codec.sample_rate_hz),
                "codec.sample_rate_hz is out of range".into(),
            ),
            ((16..=16_384).contains(&codec.n_fft), "codec.n_fft is out of range".into()),
            (
                codec.hop_length > 0 && codec.n_fft.is_multiple_of(codec.hop_length.saturating_mul(2)),
                "codec.n_fft is not a multiple of twice codec.hop_length".into(),
            ),
            (
                codec.hop_length == 0
                    || codec.tokens_for((MAX_SECONDS * f64::from(codec.sample_rate_hz)) as usize)
                        <= MAX_TOKENS,
                "codec.hop_length is too short for the longest clip".into(),
            ),
            ((1..=4096).contains(&codec.latent_channels), "codec.latent_channels is out of range".into()),
            (
                [codec.low_dim, codec.high_dim, codec.frame_dim, codec.expansion]
                    .iter()
                    .all(|&d| (1..=8192).contains(&d)),
                "a codec width is out of range".into(),
            ),
            (
                codec.low_blocks.max(codec.encoder_high_blocks).max(codec.decoder_high_blocks) <= 256,
                "a codec block count is out of range".into(),
            ),
            (
                (1..=8192).contains(&flow.dim) && (1..=256).contains(&flow.blocks),
                "flow sizes are out of range".into(),
            ),
            (
                flow.heads > 0 && flow.dim.is_multiple_of(flow.heads.saturating_mul(2)),
                "flow.dim is not a multiple of twice flow.heads".into(),
            ),
            ((1..=65_536).contains(&flow.feed_forward), "flow.feed_forward is out of range".into()),
            (
                text.num_attention_heads > 0
                    && text.hidden_size.is_multiple_of(text.num_attention_heads.max(1)),
                "text.hidden_size is not a multiple of text.num_attention_heads".into(),
            ),
            (
                text.max_tokens >= 2 && text.max_tokens <= text.max_position_embeddings,
                "text.max_tokens is out of range".into(),
            ),
        ];
        match checks.into_iter().find(|(ok, _)| !ok) {
            None => Ok(()),
            Some((_, what)) => {
                Err(Error::new(ErrorKind::BadModel, format!("The model's config.json does not work: {what}")))
            }
        }
    }
}
