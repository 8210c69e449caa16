//! Clips that are kept apart, to see whether what is learnt holds for others too.

use crate::batch::{Batch, deal, velocity_loss};
use crate::latents::FlowData;
use crate::library::Base;
use crate::pairing::Pairing;
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::Path;
use straightshot_engine::error::{Error, Result};
use straightshot_engine::flow::Transformer;
use straightshot_engine::rng::{Noise, Stream};

/// Fewer clips than this are all needed for learning.
const FEWEST: usize = 10;
/// One clip of so many is kept apart, and no more than this.
const ONE_OF: usize = 10;
const MOST: usize = 32;
/// Examples that are judged: every clip at several times of the path.
const EXAMPLES: usize = 64;
const TOKENS: usize = 1024;
/// File with [`Best`].
const FILE: &str = "best.json";

/// Clips of a library that are not learnt.
pub(super) struct HeldOut {
    rest: FlowData,
    clips: usize,
    batches: Vec<(Batch, Tensor)>,
    /// Share of all tokens in each batch.
    shares: Vec<f64>,
}

impl HeldOut {
    /// Keeps some clips of `data` apart, the same for a `seed`; `None` if there are too few.
    pub(super) fn of(data: &FlowData, seed: u64, device: &Device) -> Result<Option<Self>> {
        if data.clip_count() < FEWEST {
            return Ok(None);
        }
        let clips = (data.clip_count() / ONE_OF).clamp(1, MOST);
        // Evenly spread: sounds of one kind lie beside each other.
        let held = |i: usize| i * clips / data.clip_count() != (i + 1) * clips / data.clip_count();
        let (held, rest) = data.split(held)?;
        let mut random = Noise::new(seed, Stream::Training);
        let draws = held.pool_of(EXAMPLES.max(clips), Pairing::Independent, &mut random)?;
        let (mut batches, mut shares) = (Vec::new(), Vec::new());
        let all: usize = draws.iter().map(crate::latents::Draw::tokens).sum();
        // Every time of the path is as often as any other, and the same at every look.
        let time = |i: usize| (i as f32 + 0.5) / draws.len() as f32;
        let mut times: Vec<f32> = (0..draws.len()).map(time).collect();
        crate::batch::shuffle(&mut times, &mut random);
        let mut first = 0;
        for step in crate::batch::cut(draws.clone(), TOKENS, crate::latents::Draw::tokens) {
            let rows = held.rows(&step, 0.0, &mut random);
            let dealt = deal(&rows, &times[first..first + step.len()], 1, held.channels(), device)?;
            first += step.len();
            let tokens: usize = step.iter().map(crate::latents::Draw::tokens).sum();
            for one in dealt {
                batches.push((one.batch, one.t));
                shares.push(tokens as f64 / all as f64);
            }
        }
        Ok(Some(Self { rest, clips, batches, shares }))
    }

    /// How many clips are kept apart.
    pub(super) fn clips(&self) -> usize {
        self.clips
    }

    /// The clips that are learnt.
    pub(super) fn rest(&self) -> &FlowData {
        &self.rest
    }

    /// The loss of a flow with these weights.
    pub(super) fn loss(&self, base: &Base, weights: &HashMap<String, Tensor>) -> Result<f64> {
        let network = network(base, weights)?;
        let mut sum = 0.0;
        for ((batch, t), share) in self.batches.iter().zip(&self.shares) {
            let loss = velocity_loss(&network, batch, t)?.to_scalar::<f32>()?;
            sum += share * f64::from(loss);
        }
        Ok(sum)
    }
}

/// The base's flow with these weights.
pub(super) fn network(base: &Base, weights: &HashMap<String, Tensor>) -> Result<Transformer> {
    let vb = VarBuilder::from_tensors(weights.clone(), DType::F32, &Device::Cpu);
    let config = &base.config;
    Ok(Transformer::new(&config.flow, config.codec.latent_channels(), config.text.hidden_size, &vb)?)
}

/// The best state so far, kept beside the checkpoint.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Best {
    /// Its step.
    pub(super) step: u64,
    loss: Option<f64>,
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
    pub(super) fn is_new(&mut self, step: u64, loss: Option<f64>) -> bool {
        let is_better = match (loss, self.loss) {
            (Some(loss), Some(best)) => loss < best,
            _ => true,
        };
        if is_better {
            *self = Self { step, loss, looks_without: 0 };
        } else {
            self.looks_without += 1;
        }
        is_better
    }

    pub(super) fn told(&self) -> &'static str {
        if self.looks_without == 0 { "the best so far" } else { "no better" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
