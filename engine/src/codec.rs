//! Latent codec: waveform to a short sequence of latent vectors and back.
//!
//! ```text
//! samples -> |STFT| -> Encoder -> latent [batch, tokens, channels]
//! latent  -> Decoder -> tonal and noise amplitude per bin -> synthesis (phase, noise, inverse STFT)
//!                    -> levels of 21 bands on short frames -> the sound brought to them -> samples
//! ```
//!
//! Not every codec has [`levels`]; one without ends with the synthesis. Where the latent says what levels are, its last channels
//! are those ([`levels::code`]).
//!
//! Foley is mostly shaped noise with some resonances, so the decoder says for every time-frequency bin how much
//! of each there is, instead of one magnitude. It is trained on a proper score of the *distribution* of
//! the magnitude (`straightshot-training`, `energy_distance.rs`), which leaves neither the blur of a regression nor the
//! artefacts of a short adversarial training. Noise gets its phase from filtered white noise, resonances from
//! the gradient of their own magnitude ([`phase`]). For two channels the noise is drawn once more ([`MidSide`]).
//!
//! # Sizes, and why these
//! 44.1 kHz, windows of 1,024 samples every 256; eight spectral frames make one latent token (21.5 per second), with four
//! channels for each of 32 frequency bands. Encoder and decoder are ConvNeXt blocks on the grid of tokens and bands. All
//! bands share their weights, and a small layer over the whole spectrum follows in each block ([`crate::nn::band_block`]):
//! what is learned about a partial at one pitch holds at every pitch. Networks that saw the spectrum as one vector did not
//! learn that from 82 minutes of sound.
//!
//! The usual alternative, a vocoder trained against discriminators, needs orders of magnitude more training before noise no
//! longer buzzes, and foley is mostly noise. The price of our way: phases are integrated one frame after the other (in pieces
//! of 64 frames), and a tone is only as clear as the network resolves its magnitude.

mod bands;
pub mod decoder;
pub mod encoder;
pub mod levels;
mod partials;
pub mod phase;
mod side;
mod spare;
pub mod synthesis;

use crate::config::CodecConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::nn::ops;
use crate::stft::Stft;
use candle_core::{Device, Tensor};
use candle_nn::{Init, VarBuilder};
use straightshot_gpu_kernels::Landing;
use straightshot_protocol::CancelToken;

pub use decoder::{Decoder, Spectrum};
pub use encoder::{Encoder, Posterior};
pub use levels::Levels;
pub use levels::code::LevelCode;
pub use side::MidSide;

/// Amplitude below which spectra are not told apart: -80 dB of full scale.
pub const AMPLITUDE_FLOOR: f32 = 1e-4;

/// Encoder, decoder and the statistics that make latents zero-mean with unit variance.
#[derive(Debug)]
pub struct Codec {
    config: CodecConfig,
    stft: Stft,
    encoder: Option<Encoder>,
    level_code: Option<LevelCode>,
    decoder: Decoder,
    levels: Option<Levels>,
    latent_mean: Tensor, // (channels)
    latent_std: Tensor,  // (channels)
    landing: Landing,
}

/// Tokens decoded at a time, 10 s of the default model.
const PIECE: usize = 216;

impl Codec {
    /// Takes the tensors from `vb`; `with_encoder` is false where sound is only made, not read.
    ///
    /// # Errors
    /// A candle error if a stored tensor is missing or has another shape.
    pub fn new(config: &CodecConfig, with_encoder: bool, vb: &VarBuilder<'_>) -> candle_core::Result<Self> {
        let channels = config.latent_channels();
        Ok(Self {
            config: config.clone(),
            stft: Stft::new(config.n_fft, config.hop_length),
            encoder: if with_encoder { Some(Encoder::new(config, &vb.pp("encoder"))?) } else { None },
            level_code: if with_encoder {
                LevelCode::of(config, &vb.pp("encoder").pp("levels"))?
            } else {
                None
            },
            decoder: Decoder::new(config, &vb.pp("decoder"))?,
            levels: Levels::of(config),
            latent_mean: vb.get_with_hints(channels, "latent_mean", Init::Const(0.0))?,
            latent_std: vb.get_with_hints(channels, "latent_std", Init::Const(1.0))?,
            landing: Landing::default(),
        })
    }

    /// Lets a card play what the decoder has computed before, for whoever wants no gradients. Nothing else may use the card
    /// at the same time.
    #[must_use]
    pub fn recorded(mut self) -> Self {
        self.decoder.record();
        self
    }

    /// Sizes of this codec.
    #[must_use]
    pub fn config(&self) -> &CodecConfig {
        &self.config
    }

    /// The analysis and synthesis transform.
    #[must_use]
    pub fn stft(&self) -> &Stft {
        &self.stft
    }

    /// Most tokens that are decoded at a time, with what their neighbours are needed for.
    pub(crate) fn piece(&self) -> usize {
        PIECE + 2 * self.decoder.reach()
    }

    /// The short frames that sounds are brought to, if the codec has levels.
    #[must_use]
    pub fn levels(&self) -> Option<&Levels> {
        self.levels.as_ref()
    }

    /// The decoder network.
    #[must_use]
    pub fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// The encoder network.
    ///
    /// # Errors
    /// [`ErrorKind::BadModel`] if the codec was loaded without it.
    pub fn encoder(&self) -> Result<&Encoder> {
        self.encoder.as_ref().ok_or_else(|| {
            Error::new(ErrorKind::BadModel, "This model was loaded without its encoder and cannot read sound")
        })
    }

    /// Log amplitudes of one signal.
    ///
    /// # Shapes
    /// - `samples`: any number, silence is added up to a whole token
    /// - returns: `[frames, bins]`, natural logarithm of the amplitude, floored at [`AMPLITUDE_FLOOR`]
    #[must_use]
    pub fn log_amplitudes(&self, samples: &[f32]) -> Vec<f32> {
        let frames = self.config.tokens_for(samples.len()) * crate::config::FRAMES_PER_TOKEN;
        let scale = 1.0 / self.stft.full_scale();
        let floor = AMPLITUDE_FLOOR * AMPLITUDE_FLOOR;
        let spectrum = self.stft.forward(samples, frames);
        spectrum.iter().map(|c| 0.5 * (c.norm_sqr() * scale * scale + floor).ln()).collect()
    }

    /// What the encoder makes of one signal, not normalised.
    ///
    /// # Errors
    /// [`ErrorKind::BadModel`] without an encoder, [`ErrorKind::Compute`] if a tensor operation fails.
    pub fn posterior(&self, samples: &[f32], device: &Device) -> Result<Posterior> {
        let log = self.log_amplitudes(samples);
        let frames = log.len() / self.config.bins();
        let log = Tensor::from_vec(log, (1, frames, self.config.bins()), device)?;
        let spectrum = self.encoder()?.forward(&log)?;
        let (Some(code), Some(levels)) = (&self.level_code, &self.levels) else { return Ok(spectrum) };
        // Levels are told by what the decoder does not say.
        let decoded = self.decoded_in_pieces(&spectrum.mean, &|| Ok(()))?.log_amplitudes;
        let decoded = decoded.flatten_all()?.to_vec1::<f32>()?;
        let base = self.base_levels(levels, &decoded, &CancelToken::default())?;
        let short = frames * self.config.hop_length / levels.grid().hop_length();
        let measured = levels.grid().measure(samples, short);
        let [mean, log_var] = code.read(&measured, &base, levels.bands(), device)?;
        Ok(Posterior {
            mean: Tensor::cat(&[&spectrum.mean, &mean], 2)?,
            log_var: Tensor::cat(&[&spectrum.log_var, &log_var], 2)?,
        })
    }

    /// Encodes one signal to its normalised latent (the posterior mean).
    ///
    /// # Shapes
    /// - returns: `[1, tokens, channels]`
    ///
    /// # Errors
    /// [`ErrorKind::BadModel`] without an encoder, [`ErrorKind::Compute`] if a tensor operation fails.
    pub fn encode(&self, samples: &[f32], device: &Device) -> Result<Tensor> {
        let mean = self.posterior(samples, device)?.mean;
        Ok(mean.broadcast_sub(&self.latent_mean)?.broadcast_div(&self.latent_std)?)
    }

    /// Decodes normalised latents to bin amplitudes.
    ///
    /// # Shapes
    /// - `latent`: `[batch, tokens, channels]`
    ///
    /// # Errors
    /// [`ErrorKind::Compute`] if a tensor operation fails.
    pub fn decode(&self, latent: &Tensor) -> Result<Spectrum> {
        self.decode_checked(latent, &|| Ok(()))
    }

    /// Like [`Codec::decode`], calling `between_blocks` before each network block; its error ends the decoding.
    ///
    /// # Errors
    /// [`ErrorKind::Compute`] if a tensor operation fails; errors of `between_blocks`.
    pub fn decode_checked(
        &self,
        latent: &Tensor,
        between_blocks: &dyn Fn() -> Result<()>,
    ) -> Result<Spectrum> {
        let latent = ops::affine(latent, &self.latent_std, &self.latent_mean)?;
        let channels = self.config.spectrum_channels();
        let level_channels = self.config.level_channels();
        if level_channels == 0 {
            return self.decoded_in_pieces(&latent, between_blocks);
        }
        let part = |first, count| latent.narrow(2, first, count)?.contiguous();
        let mut spectrum = self.decoded_in_pieces(&part(0, channels)?, between_blocks)?;
        spectrum.levels = Some(part(channels, level_channels)?);
        Ok(spectrum)
    }

    /// Decodes the channels of the spectrum, `[batch, tokens, channels]`, not normalised.
    fn decoded_in_pieces(
        &self,
        latent: &Tensor,
        between_blocks: &dyn Fn() -> Result<()>,
    ) -> Result<Spectrum> {
        let (tokens, halo) = (latent.dim(1)?, self.decoder.reach());
        let (mut pieces, mut features) = (Vec::new(), Vec::new());
        // In pieces, each with what its kernels reach on both sides: the result is the same, and the blocks need no
        // more memory for two minutes than for ten seconds.
        for start in (0..tokens).step_by(PIECE) {
            let (from, end) = (start.saturating_sub(halo), (start + PIECE).min(tokens));
            let piece = latent.narrow(1, from, (end + halo).min(tokens) - from)?.contiguous()?;
            let spectrum = self.decoder.forward_checked(&piece, between_blocks)?;
            let frames = |tokens: usize| tokens * crate::config::FRAMES_PER_TOKEN;
            pieces.push(spectrum.log_amplitudes.narrow(1, frames(start - from), frames(end - start))?);
            if let Some(all) = spectrum.features {
                features.push(all.narrow(1, start - from, end - start)?);
            }
        }
        let features = if features.is_empty() { None } else { Some(Tensor::cat(&features, 1)?) };
        Ok(Spectrum { log_amplitudes: Tensor::cat(&pieces, 1)?, features, levels: None })
    }
}
