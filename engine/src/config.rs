//! Sizes of every network, as stored in a model's `config.json`.

mod levels;
mod partials;

use crate::error::{Error, ErrorKind, Result};
use crate::limits::{MAX_GUIDANCE_SCALE, MAX_SECONDS, MAX_STEPS};
use serde::{Deserialize, Serialize};

pub use levels::LevelsConfig;
pub use partials::PartialsConfig;

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
    /// How the network for several steps is used.
    #[serde(default)]
    pub sampler: Sampler,
    /// Guidance that the flows have learnt.
    #[serde(default)]
    pub learnt_guidance: LearntGuidance,
    /// Numbers of steps up to this are those of the network for few steps, where there is one.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub few_steps: u32,
    /// Whether sounds are performed where their text says when things happen (`straightshot-planner`).
    #[serde(default, skip_serializing_if = "is_false")]
    pub plans_timing: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_one(value: &u32) -> bool {
    *value == 1
}

/// How a network's predictions become data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sampler {
    /// Euler steps along a velocity.
    #[default]
    Euler,
    /// Steps along a velocity that also look at the step before, for a flow that is not straight
    /// ([`Method::AdamsBashforth`](crate::flow::Method::AdamsBashforth)).
    Multistep,
    /// Jumps to data and back to less noise, as a consistency model does.
    Consistency,
    /// Steps of [DDIM](crate::flow::diffusion::ddim); the network predicts noise.
    Ddim,
}

/// Classifier-free guidance scale that a network's velocity already has, as one has that was trained on couplings
/// made with guidance; 1 is none.
///
/// Guiding such a network by ω / learnt gives what guiding a plain one by ω would: both add multiples of one
/// difference. A scale equal to the learnt one costs no second evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearntGuidance {
    /// Of the network for several steps.
    pub flow: f32,
    /// Of the network for one step or few ([`ModelConfig::few_steps`]); of no meaning without one.
    pub one_step: f32,
}

impl Default for LearntGuidance {
    fn default() -> Self {
        Self { flow: 1.0, one_step: 1.0 }
    }
}

/// Latent tokens the velocity network has positions for; longer clips are made in windows
/// ([`crate::flow::windows`]).
pub const MAX_TOKENS: usize = 1024;

/// Latent tokens of the longest clip at most, 34 per second: what memory is made for.
const MAX_CLIP_TOKENS: usize = 4096;

/// The only `format` this code reads.
pub const FORMAT_VERSION: u32 = 2;

/// Latent autoencoder: waveform <-> `[tokens, channels]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodecConfig {
    /// Sample rate in Hz.
    pub sample_rate_hz: u32,
    /// Window of the spectrogram in samples.
    pub n_fft: usize,
    /// Samples between spectrogram frames.
    pub hop_length: usize,
    /// How the bins are cut into bands, from low to high; every bin below the last is in one.
    pub bands: Vec<BandGroup>,
    /// Latent channels per band.
    pub band_channels: usize,
    /// Features of a band inside the networks.
    pub dim: usize,
    /// Features of a band that all others see.
    pub mix_dim: usize,
    /// Blocks of the encoder.
    pub encoder_blocks: usize,
    /// Blocks of the decoder.
    pub decoder_blocks: usize,
    /// Hidden width of a block as a multiple of its width.
    pub expansion: usize,
    /// Levels on short frames that the sound is brought to; models without have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub levels: Option<LevelsConfig>,
    /// What of the decoder's noise is made as tones; in models without nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partials: Option<PartialsConfig>,
}

/// Neighbouring bands of one width, which share the weights that read and write their bins.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BandGroup {
    /// Number of bands.
    pub bands: usize,
    /// Bins in each.
    pub bins: usize,
}

/// Spectrogram frames per latent token.
pub const FRAMES_PER_TOKEN: usize = 8;

impl Default for CodecConfig {
    /// The shipped codec: 44.1 kHz, 21.5 tokens per second of 128 channels.
    fn default() -> Self {
        Self {
            sample_rate_hz: 44_100,
            n_fft: 1024,
            hop_length: 256,
            // 344 Hz wide up to 5.5 kHz, 689 Hz to 11 kHz, 1,378 Hz above.
            bands: vec![
                BandGroup { bands: 16, bins: 8 },
                BandGroup { bands: 8, bins: 16 },
                BandGroup { bands: 8, bins: 32 },
            ],
            band_channels: 4,
            dim: 128,
            mix_dim: 8,
            encoder_blocks: 3,
            decoder_blocks: 5,
            expansion: 3,
            levels: None,
            partials: None,
        }
    }
}

impl CodecConfig {
    /// Frequency bins of a spectrogram frame.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.n_fft / 2 + 1
    }

    /// Number of bands.
    #[must_use]
    pub fn band_count(&self) -> usize {
        self.bands.iter().fold(0, |sum, group| sum.saturating_add(group.bands))
    }

    /// Channels of the latent.
    #[must_use]
    pub fn latent_channels(&self) -> usize {
        self.spectrum_channels().saturating_add(self.level_channels())
    }

    /// Channels of the latent that say what the spectrum is; they are the first.
    #[must_use]
    pub fn spectrum_channels(&self) -> usize {
        self.band_count().saturating_mul(self.band_channels)
    }

    /// Channels of the latent that say what the levels on short frames are; they are the last.
    #[must_use]
    pub fn level_channels(&self) -> usize {
        self.levels.as_ref().map_or(0, |levels| levels.in_latent)
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

    /// Whether each condition on the sizes holds, and what to say if it does not.
    fn checks(&self) -> [(bool, &'static str); 8] {
        let covered = self
            .bands
            .iter()
            .fold(0, |sum: usize, group| sum.saturating_add(group.bands.saturating_mul(group.bins)));
        let fits = || {
            let longest = (MAX_SECONDS * f64::from(self.sample_rate_hz)) as usize;
            self.hop_length == 0 || self.tokens_for(longest) <= MAX_CLIP_TOKENS
        };
        [
            ((8_000..=192_000).contains(&self.sample_rate_hz), "codec.sample_rate_hz is out of range"),
            ((16..=16_384).contains(&self.n_fft), "codec.n_fft is out of range"),
            (
                self.hop_length > 0 && self.n_fft.is_multiple_of(self.hop_length.saturating_mul(2)),
                "codec.n_fft is not a multiple of twice codec.hop_length",
            ),
            (
                covered == self.n_fft / 2 && self.bands.iter().all(|g| g.bands > 0 && g.bins > 0),
                "codec.bands do not cover half of codec.n_fft",
            ),
            (fits(), "codec.hop_length is too short for the longest clip"),
            (
                self.spectrum_channels() > 0 && self.latent_channels() <= 4096,
                "codec.band_channels is out of range",
            ),
            (
                [self.dim, self.mix_dim, self.expansion].iter().all(|&d| (1..=8192).contains(&d)),
                "a codec width is out of range",
            ),
            (self.encoder_blocks.max(self.decoder_blocks) <= 256, "a codec block count is out of range"),
        ]
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
    /// Whether it can be given [curves](crate::flow::curves) to follow.
    #[serde(default, skip_serializing_if = "is_false")]
    pub curves: bool,
}

impl Default for FlowConfig {
    /// The shipped size: 10 M parameters.
    fn default() -> Self {
        Self { dim: 256, blocks: 8, heads: 8, feed_forward: 704, curves: false }
    }
}

impl FlowConfig {
    /// The paper's base size (197.9 M parameters with 20 latent channels and 1024-wide text).
    #[must_use]
    pub fn paper() -> Self {
        Self { dim: 768, blocks: 16, heads: 32, feed_forward: 2048, curves: false }
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
        let unreadable = |e: serde_json::Error| {
            bad("The model's config.json cannot be read; get the model again".into()).with_source(e)
        };
        // Whose file it is comes before what is wrong with it: others have a config.json too.
        let any: serde_json::Value = serde_json::from_slice(bytes).map_err(unreadable)?;
        match any.get("format").and_then(serde_json::Value::as_u64) {
            None => {
                let text =
                    "The folder's config.json is of another program; Straightshot reads only its own models";
                return Err(bad(text.into()));
            }
            Some(format) if format > u64::from(FORMAT_VERSION) => {
                let text = format!(
                    "The model is newer than this program (format {format}, {FORMAT_VERSION} is read); \
                     get a newer Straightshot"
                );
                return Err(bad(text));
            }
            Some(format) if format < u64::from(FORMAT_VERSION) => {
                let text =
                    format!("The model is too old (format {format}, {FORMAT_VERSION} is read); get it again");
                return Err(bad(text));
            }
            Some(_) => (),
        }
        let config: Self = serde_json::from_slice(bytes).map_err(unreadable)?;
        config.validate()?;
        Ok(config)
    }

    /// Checks that the sizes can work together.
    ///
    /// # Errors
    /// [`ErrorKind::BadModel`] with the field at fault.
    pub fn validate(&self) -> Result<()> {
        let bad = |what: &str| {
            Err(Error::new(ErrorKind::BadModel, format!("The model's config.json does not work: {what}")))
        };
        if self.format != FORMAT_VERSION {
            return bad(&format!("format {} is not {FORMAT_VERSION}", self.format));
        }
        let (flow, text) = (&self.flow, &self.text);
        let scales = [self.learnt_guidance.flow, self.learnt_guidance.one_step];
        let networks = [
            (
                scales.iter().all(|scale| (0.1..=MAX_GUIDANCE_SCALE).contains(scale)),
                "learnt_guidance is out of range",
            ),
            ((1..=MAX_STEPS).contains(&self.few_steps), "few_steps is out of range"),
            (
                (1..=8192).contains(&flow.dim) && (1..=256).contains(&flow.blocks),
                "flow sizes are out of range",
            ),
            (
                flow.heads > 0 && flow.dim.is_multiple_of(flow.heads.saturating_mul(2)),
                "flow.dim is not a multiple of twice flow.heads",
            ),
            ((1..=65_536).contains(&flow.feed_forward), "flow.feed_forward is out of range"),
            (
                text.num_attention_heads > 0
                    && text.hidden_size.is_multiple_of(text.num_attention_heads.max(1)),
                "text.hidden_size is not a multiple of text.num_attention_heads",
            ),
            (
                text.max_tokens >= 2 && text.max_tokens <= text.max_position_embeddings,
                "text.max_tokens is out of range",
            ),
        ];
        let levels = self
            .codec
            .levels
            .iter()
            .flat_map(|levels| levels.checks(self.codec.hop_length, self.codec.samples_per_token()));
        let partials = self.codec.partials.iter().flat_map(PartialsConfig::checks);
        match self
            .codec
            .checks()
            .into_iter()
            .chain(networks)
            .chain(levels)
            .chain(partials)
            .find(|(ok, _)| !ok)
        {
            None => Ok(()),
            Some((_, what)) => bad(what),
        }
    }
}
