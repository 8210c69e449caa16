//! Stage 0: the latent codec.
//!
//! Loss: [energy distance](super::energy_distance) of the decoded spectrum plus `kl_weight` times the
//! Kullback-Leibler divergence of the posterior, in nats per spectrogram bin.

use super::checkpoint::CHECKPOINT_FILE;
use super::checkpoint::{self, RunState};
use super::data::{self, Clip};
use super::energy_distance::EnergyDistance;
use super::optim::{AdamW, OptimConfig};
use super::run::{Budget, Measured, RunLog, Share, descend, value};
use super::seeded;
use candle_core::{Device, Tensor};
use candle_nn::VarMap;
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use straightshot_engine::codec::Codec;
use straightshot_engine::config::{CodecConfig, FRAMES_PER_TOKEN};
use straightshot_engine::error::Result;
use straightshot_engine::rng::{Noise, Stream};

/// Settings of this stage.
#[derive(Debug, Clone)]
pub struct CodecTraining {
    /// Sizes of the networks.
    pub codec: CodecConfig,
    /// Run or model folder whose weights are the start; random weights without it.
    pub init: Option<PathBuf>,
    /// Optimiser.
    pub optim: OptimConfig,
    /// Segments per step.
    pub batch: usize,
    /// Tokens per segment.
    pub tokens: usize,
    /// Weight of the divergence.
    pub kl_weight: f64,
    /// Train the decoder only, on the averaged encoder: latents, and a flow trained on them, stay valid.
    pub decoder_only: bool,
    /// Seed of everything random, the initial weights too.
    pub seed: u64,
    /// When to stop.
    pub budget: Budget,
}

/// Trains until the budget is spent, writing `checkpoint.safetensors` and `log.csv` in `run`; continues a run
/// that is already there.
///
/// # Errors
/// [`straightshot_engine::error::ErrorKind::Io`] if the folder cannot be written, [`straightshot_engine::error::ErrorKind::Compute`] if a
/// variable gets no gradient.
pub fn train(settings: &CodecTraining, clips: &[Clip], run: &Path, device: &Device) -> Result<()> {
    let map = VarMap::new();
    let vb = seeded::builder(&map, settings.seed, device);
    let codec = Codec::new(&settings.codec, true, &vb)?;
    // The statistics are measured after training and take no gradient.
    let mut optim = AdamW::new(super::run::trainable(&map, &["latent_mean", "latent_std"])?, settings.optim)?;
    let path = run.join(CHECKPOINT_FILE);
    let state = checkpoint::restore(&path, settings.init.as_deref(), "codec.", &mut optim)?;
    if settings.decoder_only {
        optim.freeze("encoder.")?;
    }
    let score = EnergyDistance::new(settings.codec.bins(), settings.codec.sample_rate_hz, settings.seed);
    let mut log = RunLog::open(run, "step,seconds,loss,kl,gradient_norm", &settings.budget, &state)?;
    log.note(&format!("{} parameters", optim.parameter_count()));
    let (codec, score) = (&codec, &score);
    let next = &mut |state: &RunState, threads: usize, _: Option<&mut RunLog>| {
        let (target, noise) = batch(settings, codec, clips, state.step, device)?;
        let (each, step) = (settings.batch.div_ceil(threads), state.step);
        let share = |start: usize| {
            let examples = each.min(settings.batch - start);
            let part = |x: &Tensor| x.narrow(0, start, examples);
            let (target, noise) = (part(&target)?, part(&noise)?);
            // Shares of a step see different deviates.
            let draw = step * settings.batch as u64 + start as u64;
            let loss = Box::new(move || loss(settings, codec, score, &target, &noise, draw));
            Ok(Share { weight: examples as f64 / settings.batch as f64, examples, loss })
        };
        (0..settings.batch).step_by(each).map(share).collect()
    };
    descend(&mut optim, state, &settings.budget, &path, &mut log, next)
}

/// Loss of some segments; distance and divergence are shown.
fn loss(
    settings: &CodecTraining,
    codec: &Codec,
    score: &EnergyDistance,
    target: &Tensor,
    noise: &Tensor,
    draw: u64,
) -> Result<Measured> {
    let posterior = codec.encoder()?.forward(target)?;
    let latent = posterior.sample(noise)?;
    // What stays as it is needs no gradient, and that of the encoder is a quarter of a step.
    let latent = if settings.decoder_only { latent.detach() } else { latent };
    let spectrum = codec.decoder().forward(&latent)?;
    let distance = score.loss(&spectrum.log_amplitudes, target, draw)?;
    let kl = (posterior.kl()? / (FRAMES_PER_TOKEN * settings.codec.bins()) as f64)?;
    let shown = vec![value(&distance)?, value(&kl)?];
    let loss = if settings.decoder_only { distance } else { (distance + (kl * settings.kl_weight)?)? };
    Ok((loss, shown))
}

/// Log amplitudes `[batch, frames, bins]` of packed segments and the noise of the posterior.
fn batch(
    settings: &CodecTraining,
    codec: &Codec,
    clips: &[Clip],
    step: u64,
    device: &Device,
) -> Result<(Tensor, Tensor)> {
    let config = &settings.codec;
    let samples = settings.tokens * config.samples_per_token();
    let rows: Vec<Vec<f32>> = (0..settings.batch)
        .into_par_iter()
        .map(|i| {
            let seed = settings.seed ^ (step.wrapping_mul(65_537).wrapping_add(i as u64));
            let mut random = Noise::new(seed, Stream::Training);
            codec.log_amplitudes(&data::packed_segment(clips, samples, config.sample_rate_hz, &mut random))
        })
        .collect();
    let frames = settings.tokens * FRAMES_PER_TOKEN;
    let target = Tensor::from_vec(rows.concat(), (settings.batch, frames, config.bins()), device)?;
    let mut random = Noise::new(settings.seed ^ step, Stream::Latent);
    let noise = random.normal_tensor((settings.batch, settings.tokens, config.latent_channels()), device)?;
    Ok((target, noise))
}

/// Mean and standard deviation per channel of draws from the posteriors of `clips`, for
/// [`Codec`]'s `latent_mean` and `latent_std`.
///
/// The posterior's own variance counts: a channel that says little then has little variance once it is
/// normalised, and a flow does not spend itself on what the decoder does not hear.
///
/// # Errors
/// [`straightshot_engine::error::ErrorKind::Compute`] if a tensor operation fails.
pub fn latent_statistics(codec: &Codec, clips: &[Clip], device: &Device) -> Result<(Tensor, Tensor)> {
    let channels = codec.config().latent_channels();
    let (mut sum, mut square, mut count) = (vec![0f64; channels], vec![0f64; channels], 0f64);
    for clip in clips {
        let posterior = codec.posterior(&clip.samples, device)?;
        let mean = posterior.mean.squeeze(0)?.to_vec2::<f32>()?;
        let variance = posterior.log_var.exp()?.squeeze(0)?.to_vec2::<f32>()?;
        for (mean, variance) in mean.iter().zip(&variance) {
            for (c, (&x, &v)) in mean.iter().zip(variance).enumerate() {
                sum[c] += f64::from(x);
                square[c] += f64::from(x) * f64::from(x) + f64::from(v);
            }
            count += 1.0;
        }
    }
    let mean: Vec<f32> = sum.iter().map(|s| (s / count) as f32).collect();
    let std: Vec<f32> = sum
        .iter()
        .zip(&square)
        .map(|(s, q)| ((q / count - (s / count).powi(2)).max(1e-8).sqrt()) as f32)
        .collect();
    Ok((Tensor::from_vec(mean, channels, device)?, Tensor::from_vec(std, channels, device)?))
}
