//! Levels of a codec that is there already: only the head that draws them is trained.
//!
//! Encoder, latents and the rest of the decoder stay as they are, so that every flow that was trained on them goes on
//! working. Loss: [energy distance](super::level_distance) of two draws from the decoder's own features, against what the
//! recording measures on short frames. What the latent says of levels, if it does, is found before ([`principal`]), and the
//! flows have to learn it, but nothing of what they have learnt is lost.

mod principal;

use super::checkpoint::{self, CHECKPOINT_FILE, RunState};
use super::data::{self, Clip};
use super::level_distance;
use super::optim::{AdamW, OptimConfig};
use super::run::{Budget, Measured, RunLog, Share, descend, value};
use super::seeded;
use candle_core::{DType, Device, Tensor};
use candle_nn::{VarBuilder, VarMap};
use rayon::prelude::*;
use std::collections::HashMap;
use std::path::Path;
use straightshot_engine::codec::levels::head::LevelsHead;
use straightshot_engine::codec::{Codec, LevelCode, Levels, Posterior};
use straightshot_engine::config::{CodecConfig, FRAMES_PER_TOKEN, LevelsConfig};
use straightshot_engine::error::{Error, ErrorKind, Result};
use straightshot_engine::rng::{Noise, Stream};
use straightshot_protocol::CancelToken;

/// Where the head's tensors stand among those of a codec.
pub const PART: [&str; 2] = ["decoder", "levels"];

/// What the names of tensors begin with that read the latent's channels of levels.
pub const CODE: &str = "encoder.levels.";

/// File with those tensors in the folder of a run.
pub const CODE_FILE: &str = "level_code.safetensors";

/// Settings of this stage.
#[derive(Debug, Clone)]
pub struct LevelsTraining {
    /// Sizes of the codec; whether it has levels does not matter.
    pub codec: CodecConfig,
    /// Sizes of the levels.
    pub levels: LevelsConfig,
    /// Optimiser.
    pub optim: OptimConfig,
    /// Segments per step.
    pub batch: usize,
    /// Tokens per segment, two or more.
    pub tokens: usize,
    /// Seed of everything random, the initial weights too.
    pub seed: u64,
    /// When to stop.
    pub budget: Budget,
}

/// What a step is made of besides the head.
struct Frozen<'a> {
    settings: &'a LevelsTraining,
    codec: Codec,
    levels: Levels,
    /// What reads the latent's channels of levels, if there are any.
    code: Option<LevelCode>,
    clips: &'a [Clip],
}

/// Some segments, ready for the head.
struct Batch {
    /// `[batch, short frames, bands]`
    recorded: Tensor,
    /// `[batch, tokens, decoder bands, dim]`, the features of the decoder's last block.
    hidden: Tensor,
    /// `[batch, long frames, bands]`
    base: Tensor,
    /// Of each draw, `[batch, tokens, noise]`.
    noise: [Tensor; 2],
    /// Of each draw, `[batch, short frames, bands]`.
    texture: [Tensor; 2],
    /// `[batch, tokens, channels]`, a draw of what the latent says of the levels.
    told: Option<Tensor>,
}

/// Trains the head until the budget is spent, writing `checkpoint.safetensors` and `log.csv` in `run`; continues a run that
/// is already there. `weights` are those of the codec; a head that is among them is what the training begins with; it
/// may be narrower.
///
/// # Errors
/// [`straightshot_engine::error::ErrorKind::Io`] if the folder cannot be written,
/// [`straightshot_engine::error::ErrorKind::Compute`] if a variable gets no gradient or the weights do not fit.
pub fn train(
    settings: &LevelsTraining,
    weights: HashMap<String, Tensor>,
    clips: &[Clip],
    run: &Path,
) -> Result<()> {
    let device = Device::Cpu;
    let own = format!("{}.", PART.join("."));
    let head_before: HashMap<String, Tensor> = weights
        .iter()
        .filter(|(name, _)| name.starts_with(&own))
        .map(|(n, t)| (n.clone(), t.clone()))
        .collect();
    let code_before: HashMap<String, Tensor> =
        weights.iter().filter(|(n, _)| n.starts_with(CODE)).map(|(n, t)| (n.clone(), t.clone())).collect();
    let config = CodecConfig { levels: None, ..settings.codec.clone() };
    let mut of_spectrum = weights;
    for name in ["latent_mean", "latent_std"] {
        if let Some(all) = of_spectrum.get_mut(name) {
            *all = all.narrow(0, 0, config.latent_channels())?;
        }
    }
    let codec = Codec::new(&config, true, &VarBuilder::from_tensors(of_spectrum, DType::F32, &device))?;
    let levels = Levels::new(&settings.levels, &config);
    let mut frozen = Frozen { settings, codec, levels, code: None, clips };
    let told = if settings.levels.in_latent == 0 { None } else { Some(frozen.prepare(run, code_before)?) };
    let map = VarMap::new();
    let vb = PART.iter().fold(seeded::builder(&map, settings.seed, &device), |vb, name| vb.pp(name));
    let head = LevelsHead::new(&config, &settings.levels, &vb)?;
    let mut optim = AdamW::new(super::run::trainable(&map, &[])?, settings.optim)?;
    let path = run.join(CHECKPOINT_FILE);
    let state = checkpoint::restore(&path, None, "codec.", &mut optim)?;
    if state.step == 0 {
        let told = told.flatten();
        if !head_before.is_empty() {
            begin_with(&head_before, told.is_some(), &mut optim)?;
        }
        if let Some((weight, bias)) = told {
            set(&mut optim, "told.weight", &weight)?;
            set(&mut optim, "told.bias", &bias)?;
        }
    }
    let mut log = RunLog::open(run, "step,seconds,loss,gradient_norm", &settings.budget, &state)?;
    log.note(&format!("{} parameters", optim.parameter_count()));
    let (frozen, head) = (&frozen, &head);
    let next = &mut |state: &RunState, threads: usize, _: Option<&mut RunLog>| {
        let batch = frozen.batch(state.step)?;
        let each = settings.batch.div_ceil(threads);
        let share = |start: usize| {
            let examples = each.min(settings.batch - start);
            let part = batch.part(start, examples)?;
            let offset = (state.step % frozen.short_frames() as u64) as usize;
            let loss = Box::new(move || frozen.loss(head, &part, offset));
            Ok(Share { weight: examples as f64 / settings.batch as f64, examples, loss })
        };
        (0..settings.batch).step_by(each).map(share).collect()
    };
    descend(&mut optim, state, &settings.budget, &path, &mut log, next)
}

/// Sets a weight of the head and its average.
fn set(optim: &mut AdamW, name: &str, value: &Tensor) -> Result<()> {
    let name = format!("{}.{name}", PART.join("."));
    for p in optim.params.iter_mut().filter(|p| p.name == name) {
        p.ema = value.flatten_all()?.to_vec1()?;
        p.var.set(value)?;
    }
    Ok(())
}

/// Sets the weights and averages of a head to those of another one, which may be narrower: it draws what that drew. One that
/// is told what that had to draw begins without its changes.
fn begin_with(head: &HashMap<String, Tensor>, is_told: bool, optim: &mut AdamW) -> Result<()> {
    let is_new = |name: &str| ["change.", "told."].iter().any(|layer| name.contains(layer));
    for p in optim.params.iter_mut().filter(|p| !is_told || !is_new(&p.name)) {
        let grown = head.get(&p.name).map(|old| grown(old, p.var.dims(), &p.ema)).transpose()?.flatten();
        p.ema = grown.ok_or_else(|| {
            Error::new(ErrorKind::BadData, format!("The codec's own head does not fit: {}", p.name))
        })?;
        p.var.set(&Tensor::from_slice(&p.ema, p.var.shape().clone(), p.var.device())?)?;
    }
    Ok(())
}

/// The matrix `[inputs, outputs]` or vector `old` with as many more inputs and outputs as `dims` has: other outputs begin at
/// nought, and what they are used for as it was `drawn`, so that they learn. Nothing if `old` is larger.
fn grown(old: &Tensor, dims: &[usize], drawn: &[f32]) -> Result<Option<Vec<f32>>> {
    let fits = old.rank() == dims.len() && old.dims().iter().zip(dims).all(|(old, new)| old <= new);
    let (Some(&width), Some(&old_width)) = (dims.last(), old.dims().last()) else { return Ok(None) };
    if !fits {
        return Ok(None);
    }
    let (old, mut new) = (old.flatten_all()?.to_vec1::<f32>()?, drawn.to_vec());
    for (i, new) in new.chunks_exact_mut(width).enumerate() {
        if let Some(old) = old.get(i * old_width..(i + 1) * old_width) {
            new[..old_width].copy_from_slice(old);
        }
        new[old_width..].fill(0.0);
    }
    Ok(Some(new))
}

impl Batch {
    fn part(&self, start: usize, count: usize) -> candle_core::Result<Self> {
        let part = |x: &Tensor| x.narrow(0, start, count);
        Ok(Self {
            recorded: part(&self.recorded)?,
            hidden: part(&self.hidden)?,
            base: part(&self.base)?,
            noise: [part(&self.noise[0])?, part(&self.noise[1])?],
            texture: [part(&self.texture[0])?, part(&self.texture[1])?],
            told: self.told.as_ref().map(part).transpose()?,
        })
    }
}

impl Frozen<'_> {
    /// Short frames of a token.
    fn short_frames(&self) -> usize {
        self.settings.codec.samples_per_token() / self.settings.levels.hop_length
    }

    /// Finds what the latent is to say of levels, or takes what the run or the codec has, which is returned as nothing.
    fn prepare(&mut self, run: &Path, code: HashMap<String, Tensor>) -> Result<Option<(Tensor, Tensor)>> {
        let settings = self.settings;
        let path = run.join(CODE_FILE);
        // A run that ended before it was saved begins anew, and finds the same.
        let (code, told) = if run.join(CHECKPOINT_FILE).exists() && path.exists() {
            let damaged = |e| crate::files::bad(&path, "does not hold a code of levels").with_source(e);
            (candle_core::safetensors::load(&path, &Device::Cpu).map_err(damaged)?, None)
        } else if code.is_empty() {
            let found = principal::fit(self, settings.levels.in_latent)?;
            (found.code, Some(found.told))
        } else {
            (code, None)
        };
        std::fs::create_dir_all(run).map_err(|e| crate::files::unwritable(run, e))?;
        let named: Vec<(String, Tensor)> = code.iter().map(|(n, t)| (n.clone(), t.clone())).collect();
        crate::files::write(&path, &named, None)?;
        let config = CodecConfig { levels: Some(settings.levels.clone()), ..settings.codec.clone() };
        let vb = VarBuilder::from_tensors(code, DType::F32, &Device::Cpu).pp("encoder").pp("levels");
        self.code = LevelCode::of(&config, &vb)?;
        Ok(told)
    }

    /// The segments of a step, through the codec as it is.
    fn batch(&self, step: u64) -> Result<Batch> {
        let Self { settings, codec, levels, .. } = self;
        let (config, device) = (&settings.codec, &Device::Cpu);
        let (segments, tokens, bands) = (settings.batch, settings.tokens, levels.bands());
        let samples = tokens * config.samples_per_token();
        let (long, short) = (tokens * FRAMES_PER_TOKEN, tokens * self.short_frames());
        let rows: Vec<_> = (0..segments)
            .into_par_iter()
            .map(|i| {
                let seed = settings.seed ^ (step.wrapping_mul(65_537).wrapping_add(i as u64));
                let mut random = Noise::new(seed, Stream::Training);
                let sound = data::packed_segment(self.clips, samples, config.sample_rate_hz, &mut random);
                let textures = [(); 2].map(|()| {
                    let mut texture = vec![0f32; short * bands];
                    levels.grid().texture(&random.normals(samples), &mut texture, || true);
                    texture
                });
                (codec.log_amplitudes(&sound), levels.grid().measure(&sound, short), textures)
            })
            .collect();
        let together = |values: Vec<&[f32]>, row: (usize, usize)| {
            Tensor::from_vec(values.concat(), (segments, row.0, row.1), device)
        };
        let log = together(rows.iter().map(|row| row.0.as_slice()).collect(), (long, config.bins()))?;
        let recorded = together(rows.iter().map(|row| row.1.as_slice()).collect(), (short, bands))?;
        let texture =
            |draw: usize| together(rows.iter().map(|row| row.2[draw].as_slice()).collect(), (short, bands));
        let mut random = Noise::new(settings.seed ^ step, Stream::Latent);
        let mut normal = |width: usize| random.normal_tensor((segments, tokens, width), device);
        let posterior = codec.encoder()?.forward(&log)?;
        let latent = posterior.sample(&normal(config.latent_channels())?)?;
        let (spectrum, hidden) = codec.decoder().forward_with_hidden(&latent)?;
        let base =
            codec.base_levels(levels, &spectrum.flatten_all()?.to_vec1::<f32>()?, &CancelToken::default())?;
        let told = self.code.as_ref().map(|code| -> Result<Tensor> {
            let [mean, log_var] =
                code.read(&recorded.flatten_all()?.to_vec1::<f32>()?, &base, bands, device)?;
            let mean = mean.reshape((segments, tokens, ()))?;
            let log_var = log_var.reshape((segments, tokens, ()))?;
            let noise = normal(mean.dim(2)?)?;
            Ok(Posterior { mean, log_var }.sample(&noise)?)
        });
        let told = told.transpose()?;
        let width = settings.levels.noise;
        Ok(Batch {
            recorded,
            hidden,
            base: Tensor::from_vec(base, (segments, long, bands), device)?,
            told,
            noise: [normal(width)?, normal(width)?],
            texture: [texture(0)?, texture(1)?],
        })
    }

    fn loss(&self, head: &LevelsHead, batch: &Batch, offset: usize) -> Result<Measured> {
        let features = head.features(&batch.hidden)?;
        let draw = |i: usize| -> candle_core::Result<Tensor> {
            let drawn = head.draw(&features, &batch.base, &batch.noise[i], batch.told.as_ref())?;
            let frames = batch.recorded.dim(1)?;
            let slow = |x: &Tensor| repeat(x, frames / x.dim(1)?);
            (slow(&batch.base)? + drawn.change)? + (slow(&drawn.spread)? * &batch.texture[i])?
        };
        let draws = [draw(0)?, draw(1)?];
        let bins = &self.settings.levels.bands;
        let loss = level_distance::loss([&draws[0], &draws[1]], &batch.recorded, bins, offset)?;
        let shown = vec![value(&loss)?];
        Ok((loss, shown))
    }
}

/// Every row of `[batch, rows, n]` so many times.
fn repeat(x: &Tensor, times: usize) -> candle_core::Result<Tensor> {
    let (batch, rows, n) = x.dims3()?;
    x.unsqueeze(2)?.broadcast_as((batch, rows, times, n))?.contiguous()?.reshape((batch, rows * times, n))
}
