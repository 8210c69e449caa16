//! The tensors of one step and the loss that all flow stages share.

use super::pairing;
use candle_core::{Device, Tensor};
use rayon::prelude::*;
use straightshot_engine::error::Result;
use straightshot_engine::flow::{Conditioned, Transformer, curves, path};
use straightshot_engine::text::TextCondition;

/// Features of one caption.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// `[count, dim]`.
    pub tokens: Vec<f32>,
    /// Word pieces.
    pub count: usize,
    /// `[dim]`.
    pub pooled: Vec<f32>,
}

/// One example before it is a tensor.
pub(crate) struct Row<'a> {
    /// `[tokens, channels]`.
    pub(crate) latent: Vec<f32>,
    /// Seed of the noise it starts from.
    pub(crate) seed: u64,
    pub(crate) text: &'a Features,
    /// Curves to follow, `[tokens, FEATURES]` of [`curves`].
    pub(crate) curves: Vec<f32>,
}

/// Examples of similar length, padded to the longest.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) noise: Tensor, // (B, tokens, channels)
    pub(crate) data: Tensor,  // (B, tokens, channels)
    pub(crate) mask: Tensor,  // (B, tokens)
    pub(crate) text: TextCondition,
    pub(crate) curves: Tensor, // (B, tokens, FEATURES)
}

impl Batch {
    /// Stacks rows of `channels` channels; padding is zero.
    pub(crate) fn new(rows: &[Row<'_>], channels: usize, device: &Device) -> Result<Self> {
        let size = rows.len();
        let frames = rows.iter().map(|r| r.latent.len() / channels).max().unwrap_or(1);
        let width = frames * channels;
        let mut noise = vec![0f32; size * width];
        let (mut data, mut mask) = (noise.clone(), vec![0f32; size * frames]);
        let outs =
            noise.par_chunks_mut(width).zip(data.par_chunks_mut(width)).zip(mask.par_chunks_mut(frames));
        rows.par_iter().zip(outs).for_each(|(row, ((noise, data), mask))| {
            let n = row.latent.len();
            data[..n].copy_from_slice(&row.latent);
            noise[..n].copy_from_slice(&pairing::noise(row.seed, n));
            mask[..n / channels].fill(1.0);
        });
        let texts: Vec<&Features> = rows.iter().map(|r| r.text).collect();
        let mut followed = vec![0f32; size * frames * curves::FEATURES];
        for (row, followed) in rows.iter().zip(followed.chunks_mut(frames * curves::FEATURES)) {
            followed[..row.curves.len()].copy_from_slice(&row.curves);
        }
        Ok(Self {
            noise: Tensor::from_vec(noise, (size, frames, channels), device)?,
            data: Tensor::from_vec(data, (size, frames, channels), device)?,
            mask: Tensor::from_vec(mask, (size, frames), device)?,
            text: stack(&texts, device)?,
            curves: Tensor::from_vec(followed, (size, frames, curves::FEATURES), device)?,
        })
    }

    /// What `network` is given besides the latent and the time, with `text` in place of the examples' own.
    pub(crate) fn condition(&self, network: &Transformer, text: &TextCondition) -> Result<Conditioned> {
        Ok(network.follow(network.condition(text)?, &self.curves)?)
    }

    /// The tensors of a batch without curves.
    #[cfg(test)]
    pub(crate) fn free(noise: Tensor, data: Tensor, mask: Tensor, text: TextCondition) -> Self {
        let (size, frames) = mask.dims2().unwrap();
        let curves = Tensor::zeros((size, frames, curves::FEATURES), mask.dtype(), mask.device()).unwrap();
        Self { noise, data, mask, text, curves }
    }
}

/// The examples of a step that one thread works on, and their times.
#[derive(Debug)]
pub(crate) struct Dealt {
    pub(crate) batch: Batch,
    pub(crate) t: Tensor, // (B)
    pub(crate) examples: usize,
    /// Their share of the step's tokens, padding not included.
    pub(crate) share: f64,
}

/// Deals `rows` and their times `t` out to at most `hands` threads.
pub(crate) fn deal(
    rows: &[Row<'_>],
    t: &[f32],
    hands: usize,
    channels: usize,
    device: &Device,
) -> Result<Vec<Dealt>> {
    let tokens = |rows: &[Row<'_>]| rows.iter().map(|row| row.latent.len()).sum::<usize>() as f64;
    let each = rows.len().div_ceil(hands.max(1)).max(1);
    let one = |(part, t): (&[Row<'_>], &[f32])| {
        Ok(Dealt {
            batch: Batch::new(part, channels, device)?,
            t: Tensor::from_slice(t, t.len(), device)?,
            examples: part.len(),
            share: tokens(part) / tokens(rows),
        })
    };
    rows.chunks(each).zip(t.chunks(each)).map(one).collect()
}

/// Pads text features to the longest of the batch.
pub(crate) fn stack(texts: &[&Features], device: &Device) -> Result<TextCondition> {
    let (size, longest) = (texts.len(), texts.iter().map(|f| f.count).max().unwrap_or(1));
    let dim = texts.first().map_or(1, |f| f.pooled.len());
    let (mut tokens, mut mask) = (vec![0f32; size * longest * dim], vec![0f32; size * longest]);
    for (row, f) in texts.iter().enumerate() {
        tokens[row * longest * dim..][..f.tokens.len()].copy_from_slice(&f.tokens);
        mask[row * longest..][..f.count].fill(1.0);
    }
    let pooled: Vec<f32> = texts.iter().flat_map(|f| f.pooled.iter().copied()).collect();
    Ok(TextCondition {
        tokens: Tensor::from_vec(tokens, (size, longest, dim), device)?,
        mask: Tensor::from_vec(mask, (size, longest), device)?,
        pooled: Tensor::from_vec(pooled, (size, dim), device)?,
    })
}

/// Cuts items that are sorted by `length` into groups of at most `tokens` tokens, padding included.
pub(crate) fn cut<T>(items: Vec<T>, tokens: usize, length: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let mut out: Vec<Vec<T>> = Vec::new();
    for item in items {
        let longest = length(&item);
        match out.last_mut() {
            Some(group) if (group.len() + 1) * longest <= tokens => group.push(item),
            _ => out.push(vec![item]),
        }
    }
    out
}

/// Puts `items` into a random order.
pub(crate) fn shuffle<T>(items: &mut [T], random: &mut straightshot_engine::rng::Noise) {
    for i in (1..items.len()).rev() {
        items.swap(i, random.below(i + 1));
    }
}

/// Mean square of `error` over the tokens that exist.
///
/// # Shapes
/// - `error`: `[batch, tokens, channels]`; `mask`: `[batch, tokens]`; returns a scalar
pub(crate) fn masked_mean_square(error: &Tensor, mask: &Tensor) -> Result<Tensor> {
    let error = error.sqr()?.mean_keepdim(2)?.squeeze(2)?;
    let count = f64::from(mask.sum_all()?.to_scalar::<f32>()?);
    Ok(((error * mask)?.sum_all()? / count)?)
}

/// `E ‖v_θ(x_t, t, text) - (data - noise)‖²`, Eq. (3) and (4).
///
/// # Shapes
/// - `t`: `[batch]`; returns a scalar
pub(crate) fn velocity_loss(network: &Transformer, b: &Batch, t: &Tensor) -> Result<Tensor> {
    let x_t = path::interpolate(&b.noise, &b.data, t)?;
    let v = network.forward(&x_t, t, &b.condition(network, &b.text)?, Some(&b.mask), &|| Ok(()))?;
    masked_mean_square(&(v - path::velocity(&b.noise, &b.data)?)?, &b.mask)
}
