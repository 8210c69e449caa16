//! Prompt to features: word pieces and a BERT-shaped encoder.
//!
//! The encoder is all-MiniLM-L6-v2 and is never trained. Its features per word piece are what the flow attends to, their mean
//! is what the flow is modulated by.

pub(crate) mod bert;
pub(crate) mod cache;
mod condition;
pub(crate) mod tokenizer;

use crate::config::TextConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::nn::ops::KeyLengths;
use bert::Bert;
use candle_core::{D, Device, Tensor, bail};
use candle_nn::VarBuilder;
use std::fmt;
use straightshot_gpu_kernels::Recordings;
use tokenizers::Tokenizer;

pub use condition::TextCondition;

/// Frozen sentence encoder (all-MiniLM-L6-v2 by default): a feature per word piece and their mean.
pub struct TextEncoder {
    tokenizer: Tokenizer,
    bert: Bert,
    device: Device,
    max_tokens: usize,
    recordings: Option<Recordings>,
}

impl fmt::Debug for TextEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextEncoder").field("max_tokens", &self.max_tokens).finish_non_exhaustive()
    }
}

impl TextEncoder {
    /// Builds the encoder from `tokenizer.json` and the tensors of `vb`.
    ///
    /// # Errors
    /// [`ErrorKind::BadModel`] if the tokenizer cannot be read or a tensor does not fit.
    pub fn new(config: &TextConfig, tokenizer: &[u8], vb: VarBuilder<'_>) -> Result<Self> {
        let mut tokenizer = tokenizer::read(tokenizer, config.vocab_size)?;
        tokenizer
            .with_truncation(Some(tokenizers::TruncationParams {
                max_length: config.max_tokens,
                ..Default::default()
            }))
            .map_err(tokenizer::unreadable)?;
        let device = vb.device().clone();
        let bert = Bert::new(config, &vb).map_err(|e| {
            Error::new(ErrorKind::BadModel, "The model's text encoder is incomplete or has the wrong shape")
                .with_source(e)
        })?;
        Ok(Self { tokenizer, bert, device, max_tokens: config.max_tokens, recordings: None })
    }

    /// Encodes prompts as one batch; an empty prompt is a valid, "no text" prompt.
    ///
    /// # Errors
    /// [`ErrorKind::Compute`] if tokenising or a tensor operation fails.
    pub fn encode(&self, prompts: &[&str]) -> Result<TextCondition> {
        self.encode_checked(prompts, &|| Ok(()))
    }

    /// [`Self::encode`] that calls `check` before each layer and ends with its error.
    ///
    /// # Errors
    /// As [`Self::encode`], and those of `check`.
    pub fn encode_checked(&self, prompts: &[&str], check: &dyn Fn() -> Result<()>) -> Result<TextCondition> {
        // One after the other: a prompt is read faster than a thread wakes up.
        let read = |prompt: &&str| self.tokenizer.encode(*prompt, true);
        let encodings = prompts.iter().map(read).collect::<Result<Vec<_>, _>>().map_err(|e| {
            Error::new(ErrorKind::Compute, "The prompt could not be split into words").with_source(e)
        })?;
        let batch = encodings.len();
        let longest = encodings.iter().map(|e| e.get_ids().len()).max().unwrap_or(0);
        let (mut ids, mut mask) = (vec![0u32; batch * longest], vec![0f32; batch * longest]);
        for (row, encoding) in encodings.iter().enumerate() {
            for (i, &id) in encoding.get_ids().iter().enumerate() {
                ids[row * longest + i] = id;
                mask[row * longest + i] = 1.0;
            }
        }
        let ids = Tensor::from_vec(ids, (batch, longest), &self.device)?;
        let mask = Tensor::from_vec(mask, (batch, longest), &Device::Cpu)?;
        let (lengths, there) = (KeyLengths::from_mask(&mask)?, mask.to_device(&self.device)?);
        let between = || check().map_err(|e| candle_core::Error::Msg(e.detail()));
        let read = |inputs: &[Tensor]| {
            let [ids, mask] = inputs else { bail!("{} inputs", inputs.len()) };
            let tokens =
                self.bert.forward(ids, &lengths, &between)?.broadcast_mul(&mask.unsqueeze(D::Minus1)?)?;
            let pooled = tokens.sum(1)?.broadcast_div(&mask.sum_keepdim(1)?)?;
            Ok(vec![tokens, pooled])
        };
        let made = match &self.recordings {
            Some(recordings) => recordings.run(lengths.all(), &[&ids, &there], &read),
            None => read(&[ids, there]),
        };
        // Its own error says more than the layer that it ended.
        check()?;
        match <[Tensor; 2]>::try_from(made?) {
            Ok([tokens, pooled]) => Ok(TextCondition { tokens, mask, pooled }),
            Err(made) => Err(Error::new(ErrorKind::Compute, format!("{} results of the text", made.len()))),
        }
    }

    /// The word pieces that are read of a text: what its features are made of, so that texts with equal pieces are equal.
    ///
    /// # Errors
    /// [`ErrorKind::Compute`] if it cannot be split into words.
    pub fn pieces(&self, prompt: &str) -> Result<Vec<u32>> {
        let read = self.tokenizer.encode(prompt.trim(), true).map_err(|e| {
            Error::new(ErrorKind::Compute, "The prompt could not be split into words").with_source(e)
        })?;
        Ok(read.get_ids().to_vec())
    }

    /// Lets a card play what it has computed before. Nothing else may use the card at the same time.
    #[must_use]
    pub fn recorded(self) -> Self {
        Self { recordings: Some(Recordings::default()), ..self }
    }
}
