//! Couplings: noise, and the data that a trained flow makes of it.
//!
//! `data' = ODE[v](noise | text)`, Eq. (5) of FlashAudio
//! ([Liu et al., 2024](https://arxiv.org/abs/2410.12266)), Euler steps of equal size, Eq. (14), guided and
//! [`anchored`]. Texts and lengths are drawn as in training.
//!
//! The noise of a couple is assigned to real data of the same text and length **before** the simulation
//! ([`Pairing`], Algorithm 1 of the paper read so that couples stay what the flow connects; assigning noise anew
//! afterwards would couple noise with data that no trajectory joins).
//!
//! The result is a folder of shards ([`store`]). The order of work follows from the settings alone, so a run that
//! was stopped continues with the first shard that is missing.

pub mod anchored;
pub mod store;

use self::anchored::{Anchor, simulate};
use self::store::{Plan, Shard};
use super::batch::{self, Batch, Features};
use super::checkpoint::weights_in;
use super::latents::{Draw, FlowData};
use super::pairing::Pairing;
use super::stage::teacher;
use super::workers::Workers;
use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Instant;
use straightshot_engine::config::FlowConfig;
use straightshot_engine::error::{Error, Result};
use straightshot_engine::flow::{Method, Transformer, uniform_grid};
use straightshot_engine::model::FLOW;
use straightshot_engine::rng::{Noise, Stream};

pub use self::store::Couplings;

/// Settings of this stage; all of them decide what is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Couples to make.
    pub count: usize,
    /// Couples per shard, at least; a shard ends with a batch.
    pub per_shard: usize,
    /// Solver steps, `T` in the paper.
    pub steps: u32,
    /// Whether a step looks at the one before ([`Method::AdamsBashforth`]) instead of being one of Euler as in the paper: nearer
    /// to where the trajectory ends, at the same price. Not with anchoring.
    #[serde(default)]
    pub multistep: bool,
    /// Latent tokens simulated together, padding included.
    pub tokens_per_batch: usize,
    /// Which noise a text starts from.
    pub pairing: Pairing,
    /// Guidance and its anchoring.
    pub anchor: Anchor,
    /// Seed of texts, lengths and noise.
    pub seed: u64,
}

/// The flow that makes the couples.
#[derive(Debug, Clone)]
pub struct Teacher {
    /// Its run folder; the averaged weights are used.
    pub run: PathBuf,
    /// Its sizes.
    pub flow: FlowConfig,
    /// Where it computes.
    pub device: Device,
}

/// How far a call of [`make`] came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Shards on disk.
    pub shards: usize,
    /// Shards in all.
    pub of: usize,
}

/// Simulates shards that are missing in `folder` until all are there or `seconds` are over, and at least one.
///
/// `note` is told about every shard.
///
/// # Errors
/// [`straightshot_engine::ErrorKind::BadData`] if `folder` holds couplings made otherwise or the teacher does not fit;
/// [`straightshot_engine::ErrorKind::Io`] if it cannot be written; [`straightshot_engine::ErrorKind::Compute`] if the network fails.
pub fn make(
    settings: &Settings,
    from: &Teacher,
    data: &FlowData,
    folder: &Path,
    seconds: f64,
    note: &mut dyn FnMut(&str),
) -> Result<Progress> {
    let started = Instant::now();
    let weights = weights_in(&from.run, FLOW)?;
    let text_dim = data.no_text().pooled.len();
    let network = teacher(&from.run, &from.flow, data.channels(), text_dim, &from.device)?;
    let plan =
        Plan { settings: settings.clone(), teacher: store::fingerprint(&weights)?, clips: data.clip_count() };
    let shards = shards(settings, data)?;
    let texts = store::Texts::of(data, shards.iter().flatten().flatten());
    store::open(folder, &plan, &texts)?;
    let workers = Workers::on(&from.device)?;
    let mut made = 0;
    for (i, batches) in shards.iter().enumerate() {
        let path = store::shard_path(folder, i);
        if path.exists() {
            continue;
        }
        if made > 0 && started.elapsed().as_secs_f64() >= seconds {
            return Ok(Progress { shards: i, of: shards.len() });
        }
        let timer = Instant::now();
        let shard = simulate_shard(settings, (&network, &from.device), data, batches, &texts, &workers)?;
        shard.write(&path)?;
        made += 1;
        note(&format!(
            "shard {} of {}: {}, {:.1} s",
            i + 1,
            shards.len(),
            shard.summary(),
            timer.elapsed().as_secs_f64()
        ));
    }
    Ok(Progress { shards: shards.len(), of: shards.len() })
}

/// What to simulate: batches of similar length, in random order, so that any number of shards holds all lengths.
fn shards(settings: &Settings, data: &FlowData) -> Result<Vec<Vec<Vec<Draw>>>> {
    let mut random = Noise::new(settings.seed, Stream::Training);
    let pool = data.pool_of(settings.count, settings.pairing, &mut random)?;
    let mut batches = batch::cut(pool, settings.tokens_per_batch, Draw::tokens);
    batch::shuffle(&mut batches, &mut random);
    let mut shards: Vec<Vec<Vec<Draw>>> = Vec::new();
    let full = |shard: &Vec<Vec<Draw>>| shard.iter().map(Vec::len).sum::<usize>() >= settings.per_shard;
    for batch in batches {
        match shards.last_mut() {
            Some(shard) if !full(shard) => shard.push(batch),
            _ => shards.push(vec![batch]),
        }
    }
    Ok(shards)
}

fn simulate_shard(
    settings: &Settings,
    (network, device): (&Transformer, &Device),
    data: &FlowData,
    batches: &[Vec<Draw>],
    texts: &store::Texts,
    workers: &Workers,
) -> Result<Shard> {
    let grid = uniform_grid(settings.steps);
    let method = if settings.multistep { Method::AdamsBashforth } else { Method::Euler };
    let mut shard = Shard::new(data.channels());
    let simulated = workers.map(batches.iter().collect(), |draws: &Vec<Draw>| {
        // Nothing here drops text; what curves are left to follow, the first noise decides.
        let mut random = Noise::new(draws.first().map_or(0, |draw| draw.seed), Stream::Training);
        let rows = data.rows(draws, 0.0, &mut random);
        let batch = Batch::new(&rows, data.channels(), device)?;
        let nothing: Vec<&Features> = vec![data.no_text(); draws.len()];
        let no_text = batch::stack(&nothing, device)?;
        let made = simulate(network, &batch, &no_text, (method, &grid), &settings.anchor)?;
        let curves: Vec<Vec<f32>> = rows.into_iter().map(|row| row.curves).collect();
        Ok::<_, Error>((made, curves))
    });
    for (draws, made) in batches.iter().zip(simulated) {
        let (made, curves) = made?;
        shard.examined(draws.len(), &made);
        let rows: Vec<Tensor> = made.data.to_device(&Device::Cpu)?.chunk(draws.len(), 0)?;
        for ((draw, row), curves) in draws.iter().zip(rows).zip(&curves) {
            let latent = row.squeeze(0)?.narrow(0, 0, draw.tokens())?.flatten_all()?.to_vec1::<f32>()?;
            shard.push(texts.index(data.caption(draw))?, draw.seed, &latent, curves);
        }
    }
    Ok(shard)
}
