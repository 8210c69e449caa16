//! Clips that are kept apart, to hear whether what is learnt holds for others too.
//!
//! The loss of a flow on them is no measure of that: forty sounds are learnt by heart, and the loss on others rises from the first
//! hundred steps on while the sounds that are made become those of the library. So sounds are made with the
//! captions of the clips that are kept apart, and compared with these by the energy score ([Gneiting and Raftery,
//! 2007](https://doi.org/10.1198/016214506000001437), 4.2): how far they are from the clip, less half of how far they are from
//! each other, so that sounds which are all alike do not win.

use super::sounds;
use crate::batch;
use crate::latents::{Draw, FlowData};
use crate::library::Base;
use crate::pairing::Pairing;
use candle_core::Tensor;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::Path;
use straightshot_engine::error::{Error, Result};
use straightshot_engine::rng::{Noise, Stream};

/// Fewer clips than this are all needed for learning.
const FEWEST: usize = 10;
/// One clip of so many is kept apart, and no more than this.
const ONE_OF: usize = 10;
const MOST: usize = 32;
/// Pieces of clips that sounds are compared with, and sounds that are made for each.
const PIECES: usize = 8;
const TAKES: u64 = 3;
/// Tokens made at a time.
const TOKENS: usize = 1024;
/// Parts of a sound that are compared one by one, so that it matters when something happens.
const PARTS: usize = 4;
/// File with [`Best`].
const FILE: &str = "nearest.json";

/// Clips of a library that are not learnt.
pub(super) struct HeldOut {
    held: FlowData,
    rest: FlowData,
    /// By length; those of one piece, which differ in their noise, beside each other.
    draws: Vec<Draw>,
}

impl HeldOut {
    /// Keeps some clips of `data` apart, the same for a `seed`; `None` if there are too few.
    pub(super) fn of(data: &FlowData, seed: u64) -> Result<Option<Self>> {
        if data.clip_count() < FEWEST {
            return Ok(None);
        }
        let clips = (data.clip_count() / ONE_OF).clamp(1, MOST);
        // Evenly spread: sounds of one kind lie beside each other.
        let held = |i: usize| i * clips / data.clip_count() != (i + 1) * clips / data.clip_count();
        let (held, rest) = data.split(held)?;
        let pieces =
            held.pool_of(PIECES.max(clips), Pairing::Independent, &mut Noise::new(seed, Stream::Training))?;
        let take = |piece: &Draw, i: u64| {
            let mut take = *piece;
            take.seed ^= i;
            take
        };
        let draws = pieces.iter().flat_map(|piece| (0..TAKES).map(move |i| take(piece, i))).collect();
        Ok(Some(Self { held, rest, draws }))
    }

    /// How many clips are kept apart.
    pub(super) fn clips(&self) -> usize {
        self.held.clip_count()
    }

    /// The clips that are learnt.
    pub(super) fn rest(&self) -> &FlowData {
        &self.rest
    }

    /// How far sounds made by a flow with these weights are from the clips.
    pub(super) fn distance(&self, base: &Base, weights: &HashMap<String, Tensor>) -> Result<f64> {
        let network = sounds::network(base, weights)?;
        let channels = self.held.channels();
        let mut made = Vec::with_capacity(self.draws.len());
        for draws in batch::cut(self.draws.clone(), TOKENS, Draw::tokens) {
            let latents = sounds::latents(base, &network, &self.held, &draws)?;
            for (draw, latent) in draws.iter().zip(latents.to_vec3::<f32>()?) {
                made.push(outline(&latent[..draw.tokens()].concat(), channels));
            }
        }
        let takes = self.draws.chunks(TAKES as usize).zip(made.chunks(TAKES as usize));
        let score = |(draws, made): (&[Draw], &[Vec<f32>])| {
            energy_score(made, &outline(&self.held.latent(&draws[0]), channels))
        };
        Ok(takes.map(score).sum::<f64>() / (self.draws.len() / TAKES as usize).max(1) as f64)
    }
}

/// What a latent is in each of [`PARTS`] of its length, and how much it varies.
///
/// # Shapes
/// - `latent`: `[tokens, channels]`; returns `(PARTS + 1) * channels` values
fn outline(latent: &[f32], channels: usize) -> Vec<f32> {
    let rows: Vec<&[f32]> = latent.chunks_exact(channels).collect();
    let mean = |rows: &[&[f32]], channel: usize| {
        rows.iter().map(|row| row[channel]).sum::<f32>() / rows.len().max(1) as f32
    };
    let part = |i: usize| {
        let from = (i * rows.len() / PARTS).min(rows.len().saturating_sub(1));
        &rows[from..((i + 1) * rows.len() / PARTS).max(from + 1).min(rows.len())]
    };
    let parts = (0..PARTS).flat_map(|i| (0..channels).map(move |channel| mean(part(i), channel)));
    let spread = (0..channels).map(|channel| {
        let middle = mean(&rows, channel);
        let square = rows.iter().map(|row| (row[channel] - middle).powi(2)).sum::<f32>();
        (square / rows.len().max(1) as f32).sqrt()
    });
    parts.chain(spread).collect()
}

/// Mean distance of `made` from `recorded`, less half of their mean distance from each other.
fn energy_score(made: &[Vec<f32>], recorded: &[f32]) -> f64 {
    let n = made.len().max(1) as f64;
    let far = made.iter().map(|made| distance(made, recorded)).sum::<f64>() / n;
    let pairs = made.iter().enumerate().flat_map(|(i, a)| made[i + 1..].iter().map(|b| distance(a, b)));
    far - pairs.sum::<f64>() / (n * (n - 1.0)).max(1.0)
}

/// Root of the mean square of the difference.
fn distance(a: &[f32], b: &[f32]) -> f64 {
    let square: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum();
    (square / a.len().max(1) as f64).sqrt()
}

/// The best state so far, kept beside the checkpoint.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Best {
    /// Its step.
    pub(super) step: u64,
    distance: Option<f64>,
    /// Looks since then.
    pub(super) looks_without: usize,
}

impl Best {
    pub(super) fn read(run: &Path) -> Result<Self> {
        match std::fs::read(run.join(FILE)) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|e| std::io::Error::from(e).into()),
            Err(_) => Ok(Self::default()),
        }
    }

    pub(super) fn write(&self, run: &Path) -> Result<()> {
        let json = serde_json::to_string(self).map_err(|e| Error::from(std::io::Error::from(e)))?;
        Ok(std::fs::write(run.join(FILE), json + "\n")?)
    }

    /// Whether the state of `step` is better than all before; without clips to judge by the last one is.
    pub(super) fn is_new(&mut self, step: u64, distance: Option<f64>) -> bool {
        let is_better = match (distance, self.distance) {
            (Some(distance), Some(best)) => distance < best,
            _ => true,
        };
        if is_better {
            *self = Self { step, distance, looks_without: 0 };
        } else {
            self.looks_without += 1;
        }
        is_better
    }

    pub(super) fn told(&self) -> &'static str {
        if self.looks_without == 0 { "the nearest so far" } else { "no nearer" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_wants_what_is_near_and_not_all_alike() {
        let recorded = [1.0, 0.0];
        let score = |made: &[[f32; 2]]| {
            energy_score(&made.iter().map(|made| made.to_vec()).collect::<Vec<_>>(), &recorded)
        };
        let root = std::f64::consts::FRAC_1_SQRT_2;
        assert!((score(&[[2.0, 0.0], [2.0, 0.0]]) - root).abs() < 1e-6);
        // As far from it, on both sides of it: 2 / √2 apart.
        assert!(score(&[[2.0, 0.0], [0.0, 0.0]]).abs() < 1e-6);
        assert!((score(&[[1.0, 1.0]]) - root).abs() < 1e-6 && score(&[[1.0, 0.0]; 3]) == 0.0);
    }

    #[test]
    fn an_outline_says_what_happens_when() {
        // Eight tokens of two channels: the first rises by parts, the second swings.
        let latent: Vec<f32> =
            (0..8u8).flat_map(|i| [f32::from(i / 2), if i % 2 == 0 { 3.0 } else { -3.0 }]).collect();
        let outline = outline(&latent, 2);
        assert_eq!(outline[..8], [0.0, 0.0, 1.0, 0.0, 2.0, 0.0, 3.0, 0.0]);
        assert!((outline[8] - 1.25f32.sqrt()).abs() < 1e-6 && outline[9] == 3.0);
        assert_eq!(super::outline(&[1.0, 2.0], 2), [1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 0.0, 0.0]);
    }

    #[test]
    fn the_best_is_kept_and_looks_since_then_are_counted() {
        let mut best = Best::default();
        let told: Vec<bool> = [0.9, 0.8, 0.85, 0.81, 0.79, 0.8]
            .into_iter()
            .enumerate()
            .map(|(i, loss)| best.is_new(100 * (i as u64 + 1), Some(loss)))
            .collect();
        assert_eq!(told, [true, true, false, false, true, false]);
        assert_eq!((best.step, best.looks_without), (500, 1));
        let folder = tempfile::tempdir().unwrap();
        best.write(folder.path()).unwrap();
        assert_eq!(Best::read(folder.path()).unwrap(), best);
        assert!(Best::default().is_new(7, None) && best.is_new(700, None));
    }
}
