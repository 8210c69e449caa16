//! Stage 1: conditional flow matching.
//!
//! `E ‖v_θ(x_t, t, text) - (data - noise)‖²`, Eq. (3) of FlashAudio
//! ([Liu et al., 2024](https://arxiv.org/abs/2410.12266)), with the text left out for a share of the examples so
//! that the network can be guided.

use super::checkpoint::{self, RunState};
use super::data::Clip;
use super::optim::{AdamW, OptimConfig, schedule};
use super::run::{Budget, RunLog, trainable};
use crate::codec::Codec;
use crate::config::FlowConfig;
use crate::error::Result;
use crate::flow::timesteps::Timesteps;
use crate::flow::{TextCondition, Transformer, path};
use crate::rng::{Noise, Stream};
use crate::text::TextEncoder;
use candle_core::{DType, Device, Tensor};
use candle_nn::{VarBuilder, VarMap};
use std::collections::HashMap;
use std::path::Path;

/// Settings of this stage.
#[derive(Debug, Clone)]
pub struct FlowTraining {
    /// Sizes of the network.
    pub flow: FlowConfig,
    /// Optimiser.
    pub optim: OptimConfig,
    /// Latent tokens per step, padding included.
    pub tokens_per_step: usize,
    /// Distribution of the training time.
    pub timesteps: Timesteps,
    /// Share of examples trained without text.
    pub text_dropout: f64,
    /// Seed of order, crops, times and noise; the initial weights come from candle's generator, which has none.
    pub seed: u64,
    /// When to stop.
    pub budget: Budget,
}

/// Clips become at most this many tokens (10 s at 21.5 tokens per second).
const MAX_TOKENS: usize = 216;
/// Clips of this many tokens and more are textures, of which any piece is an example.
const TEXTURE_TOKENS: usize = 60;
/// Shortest piece of a texture.
const SHORTEST_CROP: usize = 20;
/// Share of short clips that get silence behind them, up to [`LONGEST_TAIL`] tokens.
const TAIL_SHARE: f64 = 0.35;
const LONGEST_TAIL: usize = 64;
/// Clips drawn at a time to be sorted by length.
const POOL: usize = 1024;

/// A clip as the flow sees it.
#[derive(Debug, Clone)]
struct Example {
    /// `[tokens, channels]`, normalised.
    latent: Vec<f32>,
    /// Captions and, for prompts of one word, the category.
    captions: Vec<String>,
}

/// Everything read once: latents, text features, the latent of silence.
pub struct FlowData {
    examples: Vec<Example>,
    texts: HashMap<String, Features>,
    silence: Vec<f32>,
    channels: usize,
}

/// Features of one caption.
struct Features {
    tokens: Vec<f32>,
    count: usize,
    pooled: Vec<f32>,
}

impl FlowData {
    /// Encodes clips and captions.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Compute`] if a network fails.
    pub fn new(codec: &Codec, text: &TextEncoder, clips: &[Clip], device: &Device) -> Result<Self> {
        let channels = codec.config().latent_channels();
        let mut examples = Vec::new();
        let mut texts = HashMap::from([(String::new(), features(text, "")?)]);
        for clip in clips {
            let latent = codec.encode(&clip.samples, device)?.flatten_all()?.to_vec1::<f32>()?;
            let category = clip.entry.ucs_category.to_lowercase();
            let captions = [&clip.entry.caption, &clip.entry.caption, &clip.entry.caption2, &category];
            let captions: Vec<String> = captions.into_iter().filter(|c| !c.is_empty()).cloned().collect();
            for caption in &captions {
                if !texts.contains_key(caption) {
                    texts.insert(caption.clone(), features(text, caption)?);
                }
            }
            examples.push(Example { latent, captions });
        }
        let silence = codec.encode(&vec![0.0; codec.config().samples_per_token() * 16], device)?;
        let silence = silence.get(0)?.get(8)?.to_vec1::<f32>()?;
        Ok(Self { examples, texts, silence, channels })
    }

    /// A random crop of a texture, or an event with or without silence after it.
    fn draw(&self, random: &mut Noise) -> (Vec<f32>, &str) {
        let example = &self.examples[random.below(self.examples.len())];
        let c = self.channels;
        let tokens = example.latent.len() / c;
        let mut latent = if tokens >= TEXTURE_TOKENS {
            let keep = SHORTEST_CROP + random.below(tokens.min(MAX_TOKENS) - SHORTEST_CROP + 1);
            let start = random.below(tokens - keep + 1);
            example.latent[start * c..(start + keep) * c].to_vec()
        } else {
            example.latent.clone()
        };
        if tokens < TEXTURE_TOKENS && random.uniform() < TAIL_SHARE {
            for _ in 0..=random.below(LONGEST_TAIL) {
                latent.extend_from_slice(&self.silence);
            }
        }
        (latent, &example.captions[random.below(example.captions.len())])
    }
}

fn features(text: &TextEncoder, caption: &str) -> Result<Features> {
    let f = text.encode(&[caption])?;
    Ok(Features {
        count: f.tokens.dim(1)?,
        tokens: f.tokens.flatten_all()?.to_vec1()?,
        pooled: f.pooled.flatten_all()?.to_vec1()?,
    })
}

/// A batch of clips of similar length.
type Group<'a> = Vec<(Vec<f32>, &'a str)>;

/// Draws a pool of examples and cuts it, sorted by length, into groups of equal padded size, in random order.
fn groups<'a>(data: &'a FlowData, tokens_per_step: usize, random: &mut Noise) -> Vec<Group<'a>> {
    let mut pool: Group<'a> = (0..POOL).map(|_| data.draw(random)).collect();
    pool.sort_by_key(|(latent, _)| latent.len());
    let mut out: Vec<Group<'a>> = vec![Vec::new()];
    for item in pool {
        let longest = item.0.len() / data.channels;
        let full = out.last().is_some_and(|g| !g.is_empty() && (g.len() + 1) * longest > tokens_per_step);
        if full {
            out.push(Vec::new());
        }
        if let Some(group) = out.last_mut() {
            group.push(item);
        }
    }
    for i in (1..out.len()).rev() {
        out.swap(i, random.below(i + 1));
    }
    out
}

/// Tensors of one step.
struct Batch {
    noise: Tensor,
    data: Tensor,
    t: Tensor,
    mask: Tensor,
    text: TextCondition,
}

fn batch(
    data: &FlowData,
    group: &Group<'_>,
    settings: &FlowTraining,
    random: &mut Noise,
    device: &Device,
) -> Result<Batch> {
    let (size, c) = (group.len(), data.channels);
    let frames = group.iter().map(|(latent, _)| latent.len() / c).max().unwrap_or(1);
    let (mut latents, mut mask) = (vec![0f32; size * frames * c], vec![0f32; size * frames]);
    let mut texts = Vec::new();
    for (row, (latent, caption)) in group.iter().enumerate() {
        latents[row * frames * c..][..latent.len()].copy_from_slice(latent);
        mask[row * frames..][..latent.len() / c].fill(1.0);
        let caption = if random.uniform() < settings.text_dropout { "" } else { caption };
        texts.push(&data.texts[caption]);
    }
    let t: Vec<f32> = (0..size).map(|_| settings.timesteps.sample(random) as f32).collect();
    Ok(Batch {
        noise: random.normal_tensor((size, frames, c), device)?,
        data: Tensor::from_vec(latents, (size, frames, c), device)?,
        t: Tensor::from_vec(t, size, device)?,
        mask: Tensor::from_vec(mask, (size, frames), device)?,
        text: stack(&texts, device)?,
    })
}

/// Pads text features to the longest of the batch.
fn stack(texts: &[&Features], device: &Device) -> Result<TextCondition> {
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

/// Mean squared error of the velocity over the tokens that exist.
fn loss(network: &Transformer, b: &Batch) -> Result<Tensor> {
    let x_t = path::interpolate(&b.noise, &b.data, &b.t)?;
    let v = network.forward(&x_t, &b.t, &network.condition(&b.text)?, Some(&b.mask), &|| Ok(()))?;
    let error = (v - path::velocity(&b.noise, &b.data)?)?.sqr()?.mean_keepdim(2)?.squeeze(2)?;
    let count = f64::from(b.mask.sum_all()?.to_scalar::<f32>()?);
    Ok(((error * &b.mask)?.sum_all()? / count)?)
}

/// Trains until the budget is spent, writing `checkpoint.safetensors` and `log.csv` in `run`; continues a run
/// that is already there.
///
/// # Errors
/// [`crate::ErrorKind::Io`] if the folder cannot be written, [`crate::ErrorKind::Compute`] if a variable gets no
/// gradient.
pub fn train(settings: &FlowTraining, data: &FlowData, run: &Path, device: &Device) -> Result<()> {
    let map = VarMap::new();
    let vb = VarBuilder::from_varmap(&map, DType::F32, device);
    let text_dim = data.texts[""].pooled.len();
    let network = Transformer::new(&settings.flow, data.channels, text_dim, &vb)?;
    let mut optim = AdamW::new(trainable(&map, &[])?, settings.optim)?;
    let path = run.join("checkpoint.safetensors");
    let mut state = if path.exists() { checkpoint::load(&path, &mut optim)? } else { RunState::default() };
    let mut log = RunLog::open(run, "step,seconds,loss,gradient_norm", &settings.budget, &state)?;
    log.note(&format!("{} parameters, {} clips", optim.parameter_count(), data.examples.len()));
    let mut random = Noise::new(settings.seed ^ state.step.wrapping_mul(0x9e37_79b9), Stream::Training);
    let mut waiting: Vec<Group<'_>> = Vec::new();
    let mut first = true;
    while let Some(progress) = settings.budget.progress(&state) {
        let timer = std::time::Instant::now();
        let group = match waiting.pop() {
            Some(group) => group,
            None => {
                waiting = groups(data, settings.tokens_per_step, &mut random);
                continue;
            }
        };
        let batch = batch(data, &group, settings, &mut random, device)?;
        let loss = loss(&network, &batch)?;
        let grads = loss.backward()?;
        if std::mem::take(&mut first) {
            optim.assert_all_have_gradients(&grads)?;
        }
        let norm = optim.update(&grads, schedule(state.step, settings.optim.warm_up, progress))?;
        state.step += 1;
        state.seconds += timer.elapsed().as_secs_f64();
        state.examples += group.len() as u64;
        log.step(&state, progress, &[f64::from(loss.to_scalar::<f32>()?), norm])?;
        if state.step.is_multiple_of(log.save_every()) {
            checkpoint::save(&path, &optim, &state)?;
        }
    }
    checkpoint::save(&path, &optim, &state)
}

#[cfg(test)]
mod tests;
