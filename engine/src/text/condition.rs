//! What is known of a text when a sound is made.

use candle_core::Tensor;

/// What the text encoder says about a batch of prompts.
#[derive(Debug, Clone)]
pub struct TextCondition {
    /// Features per token, `[batch, tokens, text_dim]`.
    pub tokens: Tensor,
    /// 1 where a token exists, `[batch, tokens]`. On the CPU best of all, which has to know it.
    pub mask: Tensor,
    /// One vector per prompt, `[batch, text_dim]`.
    pub pooled: Tensor,
}

impl TextCondition {
    /// Stacks two batches, padding the shorter one's tokens.
    ///
    /// # Errors
    /// A candle error if the feature widths differ.
    pub fn cat(&self, other: &Self) -> candle_core::Result<Self> {
        let tokens = self.tokens.dim(1)?.max(other.tokens.dim(1)?);
        let pad = |x: &Tensor| x.pad_with_zeros(1, 0, tokens - x.dim(1)?);
        Ok(Self {
            tokens: Tensor::cat(&[pad(&self.tokens)?, pad(&other.tokens)?], 0)?,
            mask: Tensor::cat(&[pad(&self.mask)?, pad(&other.mask)?], 0)?,
            pooled: Tensor::cat(&[&self.pooled, &other.pooled], 0)?,
        })
    }

    /// Repeats every prompt `n` times: `a b` becomes `a a b b`.
    ///
    /// # Errors
    /// A candle error if the copy fails.
    pub fn repeat_each(&self, n: usize) -> candle_core::Result<Self> {
        let each = |x: &Tensor| -> candle_core::Result<Tensor> {
            let copies = vec![x.unsqueeze(1)?; n];
            Tensor::cat(&copies, 1)?.flatten(0, 1)
        };
        Ok(Self { tokens: each(&self.tokens)?, mask: each(&self.mask)?, pooled: each(&self.pooled)? })
    }
}
