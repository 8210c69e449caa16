//! Immiscible flow: which noise an example starts from.
//!
//! Eq. (9) of FlashAudio ([Liu et al., 2024](https://arxiv.org/abs/2410.12266)) after immiscible diffusion
//! ([Li et al., 2024](https://arxiv.org/abs/2406.12303)): among `N` examples and `N` noises drawn together,
//!
//! `σ = argmin_σ Σ_i ‖noise_σ(i) - data_i‖²`,
//!
//! so that neighbouring examples do not pull one noise in opposite directions. The squared distance differs from
//! `-2 noise · data` by terms that no permutation changes, so the cost is that product. (The authors sum distances,
//! not squares; in the dimensions of a latent all distances are so alike that both give the same matching.)
//!
//! # Clips of different length
//! The matching is made **among examples of equal length**. The noises of one length are then a permutation of
//! independent draws: whatever the data, a noise picked among them at random is exactly `N(0, I)`, which is what
//! generation starts from at that length. A matching across lengths, over the tokens each clip has, would keep this
//! only on average over lengths: longer clips, whose cost counts more tokens, would choose first, and the network
//! sees the length. [`FlowData::pool`](super::latents::FlowData::pool) draws enough clips together that equal
//! lengths are many, although each training step sees only a few of them.

use super::assignment::assign;
use super::auction;
use candle_core::{Device, Tensor};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use straightshot_engine::error::{Error, ErrorKind, Result};
use straightshot_engine::rng::{Noise, Stream};

/// How far [`Pairing::Nearly`] may be from the exact assignment: per example, as a share of the range of products.
pub const NEARLY: f64 = 1e-3;

/// How examples get their noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pairing {
    /// Any noise for any example.
    Independent,
    /// The exact assignment over at most so many examples of equal length.
    Assignment {
        /// Largest `N`.
        over: usize,
    },
    /// An assignment over so many examples that is within [`NEARLY`] of the exact one.
    Nearly {
        /// Largest `N`.
        over: usize,
    },
    /// The nearest of so many noises, for each example by itself. Cheap, but the noises kept are no longer exactly
    /// Gaussian: shorter ones win, by a share of order `1 / sqrt(dimension)`.
    Nearest {
        /// Noises to choose from.
        of: usize,
    },
}

impl FromStr for Pairing {
    type Err = Error;

    /// `none`, `assignment:256`, `nearly:4096`, `nearest:8`.
    fn from_str(text: &str) -> Result<Self> {
        let (name, count) = text.split_once(':').unwrap_or((text, ""));
        let count = |usual: usize| if count.is_empty() { Some(usual) } else { count.parse().ok() };
        let pairing = match name {
            "none" if text == name => Some(Self::Independent),
            "assignment" => count(256).map(|over| Self::Assignment { over }),
            "nearly" => count(4096).map(|over| Self::Nearly { over }),
            "nearest" => count(8).map(|of| Self::Nearest { of }),
            _ => None,
        };
        pairing
            .filter(|p| {
                !matches!(
                    p,
                    Self::Assignment { over: 0 } | Self::Nearly { over: 0 } | Self::Nearest { of: 0 }
                )
            })
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::InvalidRequest,
                    format!(
                        "\"{text}\" is not none, assignment[:EXAMPLES], nearly[:EXAMPLES] or nearest[:NOISES]"
                    ),
                )
            })
    }
}

impl fmt::Display for Pairing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Independent => write!(f, "none"),
            Self::Assignment { over } => write!(f, "assignment:{over}"),
            Self::Nearly { over } => write!(f, "nearly:{over}"),
            Self::Nearest { of } => write!(f, "nearest:{of}"),
        }
    }
}

/// The noise of a seed, the one that generation starts from: a shorter one is the beginning of a longer one.
#[must_use]
pub fn noise(seed: u64, values: usize) -> Vec<f32> {
    Noise::new(seed, Stream::Latent).normals(values)
}

/// A seed for each of `latents`, which all have the same length.
///
/// # Errors
/// [`ErrorKind::Compute`] if the lengths differ or a latent is not finite.
pub fn pair(latents: &[Vec<f32>], pairing: Pairing, random: &mut Noise) -> Result<Vec<u64>> {
    let mut draw = |n: usize| -> Vec<u64> { (0..n).map(|_| seed(random)).collect() };
    match pairing {
        Pairing::Independent
        | Pairing::Assignment { over: 0 | 1 }
        | Pairing::Nearly { over: 0 | 1 }
        | Pairing::Nearest { of: 0 | 1 } => Ok(draw(latents.len())),
        Pairing::Assignment { over } | Pairing::Nearly { over } => {
            let exact = matches!(pairing, Pairing::Assignment { .. });
            let mut seeds = Vec::with_capacity(latents.len());
            // Chunks of nearly equal size: a remainder of one example would choose among one noise.
            let size = latents.len().div_ceil(latents.len().div_ceil(over).max(1)).max(1);
            for chunk in latents.chunks(size) {
                let drawn = draw(chunk.len());
                seeds.extend(assigned(chunk, &drawn, exact)?.into_iter().map(|j| drawn[j]));
            }
            Ok(seeds)
        }
        Pairing::Nearest { of } => latents.iter().map(|latent| Ok(nearest(latent, &draw(of)))).collect(),
    }
}

fn seed(random: &mut Noise) -> u64 {
    // 53 bits: exact in every format a seed may be written to.
    (random.uniform() * (1u64 << 53) as f64) as u64
}

/// Which of the noises of `seeds` each latent gets.
fn assigned(latents: &[Vec<f32>], seeds: &[u64], exact: bool) -> Result<Vec<usize>> {
    let n = latents.len();
    let values = latents.first().map_or(0, Vec::len);
    let noises: Vec<f32> = seeds.par_iter().flat_map_iter(|&s| noise(s, values)).collect();
    let data = Tensor::from_vec(latents.concat(), (n, values), &Device::Cpu)?;
    let noises = Tensor::from_vec(noises, (n, values), &Device::Cpu)?;
    let products = data.matmul(&noises.t()?)?.flatten_all()?.to_vec1::<f32>()?;
    let cost: Vec<f64> = products.into_iter().map(|p| -f64::from(p)).collect();
    Ok(if exact { assign(&cost, n)?.columns } else { auction::assign(&cost, n, NEARLY)?.columns })
}

/// The seed whose noise is nearest to `latent`.
fn nearest(latent: &[f32], seeds: &[u64]) -> u64 {
    let squared = |&s: &u64| -> f64 { squared_distance(&noise(s, latent.len()), latent) };
    let distances: Vec<f64> = seeds.iter().map(squared).collect();
    let least = (0..seeds.len()).min_by(|&a, &b| distances[a].total_cmp(&distances[b])).unwrap_or(0);
    seeds.get(least).copied().unwrap_or(0)
}

fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a - b) * f64::from(a - b)).sum()
}

/// Mean distance of paired noise and data over that of independent noise and data, less one, for data in equal
/// rows: how much the pairing gains, as a share.
///
/// # Errors
/// Those of [`pair`].
pub fn distance_reduction(latents: &[Vec<f32>], pairing: Pairing, random: &mut Noise) -> Result<f64> {
    let total = |seeds: Vec<u64>| -> f64 {
        let pairs = seeds.into_iter().zip(latents);
        pairs.map(|(s, x)| squared_distance(&noise(s, x.len()), x).sqrt()).sum()
    };
    // The same noises in the order they come, so that an assignment over one example gains exactly nothing.
    let independent = total(pair(latents, Pairing::Independent, &mut random.clone())?);
    Ok(1.0 - total(pair(latents, pairing, random)?) / independent)
}

#[cfg(test)]
mod tests;
