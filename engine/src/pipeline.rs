//! Prompt in, sound out: [`Generator::generate`].
//!
//! ```text
//! prompt -> text::TextEncoder -> flow::Transformer (solver steps) -> codec::Decoder -> [resample] -> Audio
//! ```
//!
//! Knows the order of the stages and nothing about how each works.

mod measure;
mod reporter;

use crate::device::{self, Placement, WorkerPool};
use crate::error::{Error, ErrorKind, Result};
use crate::flow::transformer::Conditioned;
use crate::flow::{Guided, Sampler, Transformer, Windowed, guidance};
use crate::model::{Model, ModelFiles};
use crate::rng::{self, Noise, Stream};
use crate::text::cache::TextCache;
use candle_core::Tensor;
use rayon::prelude::*;
use std::ops::Add;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

pub use measure::Intermediates;
use reporter::Reporter;

/// Longest accepted prompt in characters; the text encoder reads far fewer tokens than that.
pub const MAX_PROMPT_CHARS: usize = 1000;
/// Shortest clip in seconds.
pub const MIN_SECONDS: f64 = 0.25;
/// Longest clip in seconds.
pub const MAX_SECONDS: f64 = 120.0;
/// Largest number of solver steps.
pub const MAX_STEPS: u32 = 100;
/// Largest number of variations made by one request.
pub const MAX_VARIATIONS: u32 = 16;
/// Largest classifier-free guidance scale.
pub const MAX_GUIDANCE_SCALE: f32 = 15.0;

/// Everything that determines the sound: equal requests give equal samples on one machine.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerationRequest {
    /// What to hear. Not empty; at most [`MAX_PROMPT_CHARS`].
    pub prompt: String,
    /// What not to hear; replaces the empty text in classifier-free guidance. May be empty.
    pub negative_prompt: String,
    /// Solver steps, 1 ..= [`MAX_STEPS`].
    pub steps: u32,
    /// Classifier-free guidance scale ω: 1 is no guidance, up to [`MAX_GUIDANCE_SCALE`]. What a network has learnt
    /// of it counts and is the least there is, see [`crate::config::LearntGuidance`].
    pub guidance_scale: f32,
    /// Seed of the starting noise; variation `i` uses `seed + i` (wrapping). A seed whose sound is silent starts from
    /// another noise of its own.
    pub seed: u64,
    /// Length in seconds, [`MIN_SECONDS`] ..= [`MAX_SECONDS`]; exact to the sample.
    pub seconds: f64,
    /// How many clips to make at once, 1 ..= [`MAX_VARIATIONS`].
    pub variations: u32,
}

impl Default for GenerationRequest {
    fn default() -> Self {
        Self {
            prompt: String::new(),
            negative_prompt: String::new(),
            steps: 4,
            guidance_scale: 3.0,
            seed: 0,
            seconds: 2.0,
            variations: 1,
        }
    }
}

impl GenerationRequest {
    /// Checks every field against its range.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`] with a sentence that names the field and its limits.
    pub fn validate(&self) -> Result<()> {
        let bad = |text: String| Err(Error::new(ErrorKind::InvalidRequest, text));
        if self.prompt.trim().is_empty() {
            return bad("The prompt is empty: describe the sound to make".into());
        }
        for (name, text) in [("prompt", &self.prompt), ("negative prompt", &self.negative_prompt)] {
            let chars = text.chars().count();
            if chars > MAX_PROMPT_CHARS {
                return bad(format!(
                    "The {name} has {chars} characters; at most {MAX_PROMPT_CHARS} are possible"
                ));
            }
        }
        if !(1..=MAX_STEPS).contains(&self.steps) {
            return bad(format!("{} steps were asked for; 1 to {MAX_STEPS} are possible", self.steps));
        }
        if !(self.seconds >= MIN_SECONDS && self.seconds <= MAX_SECONDS) {
            return bad(format!(
                "A length of {} s was asked for; {MIN_SECONDS} to {MAX_SECONDS} s are possible",
                self.seconds
            ));
        }
        if !(self.guidance_scale >= 0.0 && self.guidance_scale <= MAX_GUIDANCE_SCALE) {
            return bad(format!(
                "A guidance of {} was asked for; 0 to {MAX_GUIDANCE_SCALE} are possible",
                self.guidance_scale
            ));
        }
        if !(1..=MAX_VARIATIONS).contains(&self.variations) {
            return bad(format!(
                "{} variations were asked for; 1 to {MAX_VARIATIONS} are possible",
                self.variations
            ));
        }
        Ok(())
    }
}

/// The part of the pipeline that is running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Reading and unpacking the model (first generation in the process only).
    Load,
    /// Tokenising and encoding the prompt.
    Text,
    /// Solver step `step` (1-based) of `steps`.
    Flow {
        /// Step that is running, from 1.
        step: u32,
        /// Steps in all.
        steps: u32,
    },
    /// Latents to waveform.
    Decode,
    /// Conversion to another sample rate (only where a caller asks for one).
    Resample,
}

/// One progress report; `fraction` never decreases within a job.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// What runs now.
    pub stage: Stage,
    /// Work done so far, 0 ..= 1, weighted by the measured cost of the stages.
    pub fraction: f32,
    /// Time left if the rest goes as fast as so far; `None` until there is something to go by.
    pub eta: Option<Duration>,
}

/// A flag shared between whoever asked for a sound and the thread that makes it.
///
/// Polled before every network block and before the synthesis of every clip, the longest stretch without a look
/// (about 10 ms per second of sound).
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Asks the job to stop; idempotent, never blocks.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether [`CancelToken::cancel`] was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Turns a raised flag into an error so that `?` unwinds the job.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`] if the token was raised.
    pub fn check(&self) -> Result<()> {
        if self.is_cancelled() { Err(Error::new(ErrorKind::Cancelled, "Cancelled")) } else { Ok(()) }
    }
}

/// Mono PCM at the model's own rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Audio {
    /// Samples, nominally within ±1.
    pub samples: Vec<f32>,
    /// Sample rate in Hz.
    pub sample_rate_hz: u32,
}

/// Wall time of each stage of one job.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct StageTimings {
    /// Tokeniser and text encoder.
    pub text: Duration,
    /// All solver steps together.
    pub flow: Duration,
    /// Latents to waveform.
    pub decode: Duration,
}

impl StageTimings {
    /// Sum of the stages.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.text + self.flow + self.decode
    }
}

impl Add for StageTimings {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            text: self.text + other.text,
            flow: self.flow + other.flow,
            decode: self.decode + other.decode,
        }
    }
}

/// What [`Generator::generate`] returns.
#[derive(Debug, Clone)]
pub struct Generation {
    /// One clip per variation, each exactly `round(seconds * sample_rate)` samples long.
    pub clips: Vec<Audio>,
    /// Where the time went.
    pub timings: StageTimings,
    /// Velocity evaluations made (a guided evaluation counts once).
    pub nfe: u32,
}

/// A loaded model, ready to make sound. `Send + Sync`: one per process is meant to be shared in an `Arc`.
#[derive(Debug)]
pub struct Generator {
    model: Model,
    texts: TextCache,
    placement: Placement,
    pool: WorkerPool,
}

impl Generator {
    /// Unpacks the default model that is part of the binary.
    ///
    /// # Errors
    /// [`ErrorKind::BadModel`] if the embedded files do not fit the code (a build mistake).
    pub fn builtin() -> Result<Self> {
        Self::from_files(&ModelFiles::builtin())
    }

    /// Loads a model folder: `config.json`, `model.safetensors`, `tokenizer.json` and, if there is one,
    /// `text.safetensors`.
    ///
    /// # Errors
    /// [`ErrorKind::BadModel`] naming the file and what is wrong with it; [`ErrorKind::Io`] if it cannot be read.
    pub fn from_dir(dir: &std::path::Path) -> Result<Self> {
        Self::from_files(&ModelFiles::from_dir(dir)?)
    }

    /// Builds the networks in the engine's own thread pool.
    ///
    /// # Errors
    /// [`ErrorKind::BadModel`] saying which file or tensor is at fault.
    pub fn from_files(files: &ModelFiles) -> Result<Self> {
        Self::best(files, None)
    }

    /// Like [`Generator::from_files`] with a given number of threads, for measurements.
    ///
    /// # Errors
    /// [`ErrorKind::BadModel`] saying which file or tensor is at fault.
    pub fn with_threads(files: &ModelFiles, threads: usize) -> Result<Self> {
        Self::best(files, Some(threads))
    }

    /// On a GPU if there is one that can hold the model, else on the CPU, with as many threads as that place is best used
    /// with unless told otherwise.
    fn best(files: &ModelFiles, threads: Option<usize>) -> Result<Self> {
        let on = |placement: Placement| {
            Self::on(files, threads.unwrap_or_else(|| placement.worker_threads()), placement)
        };
        let placement = Placement::best();
        let on_gpu = placement.is_gpu();
        match on(placement) {
            // The card's memory may be full of other things.
            Err(e) if on_gpu => {
                let reason = format!("the model could not be loaded onto the GPU: {}", e.detail());
                on(Placement::cpu().because(reason))
            }
            loaded => loaded,
        }
    }

    /// Like [`Generator::with_threads`] at a given place.
    ///
    /// # Errors
    /// [`ErrorKind::BadModel`] saying which file or tensor is at fault.
    pub fn on(files: &ModelFiles, threads: usize, placement: Placement) -> Result<Self> {
        let pool = device::worker_pool(threads)?;
        let model = pool.install(|| Model::load(files, &placement))?;
        Ok(Self { model, texts: TextCache::default(), placement, pool })
    }

    /// Where it computes, and why there.
    #[must_use]
    pub fn placement(&self) -> &Placement {
        &self.placement
    }

    /// Short name of the model, for display.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.model.config.name
    }

    /// Sample rate of the clips in Hz.
    #[must_use]
    pub fn sample_rate_hz(&self) -> u32 {
        self.model.config.codec.sample_rate_hz
    }

    /// Makes the clips of `request` in the engine's own thread pool; blocks the caller until done.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`], [`ErrorKind::Cancelled`], or [`ErrorKind::Compute`].
    pub fn generate(
        &self,
        request: &GenerationRequest,
        progress: &mut (dyn FnMut(Progress) + Send),
        cancel: &CancelToken,
    ) -> Result<Generation> {
        request.validate()?;
        self.pool.install(|| self.run(request, progress, cancel))
    }

    /// Length of a clip of `request` in samples.
    fn samples(&self, request: &GenerationRequest) -> usize {
        (request.seconds * f64::from(self.sample_rate_hz())).round() as usize
    }

    /// Length of a clip of `request` in latent tokens.
    #[must_use]
    pub fn tokens(&self, request: &GenerationRequest) -> usize {
        self.model.codec.config().tokens_for(self.samples(request))
    }

    fn run(
        &self,
        request: &GenerationRequest,
        progress: &mut (dyn FnMut(Progress) + Send),
        cancel: &CancelToken,
    ) -> Result<Generation> {
        let plan = self.plan(request);
        let mut report = Reporter::new(request, plan.scale, self.tokens(request), progress);
        let mut made = self.run_from(0, request, plan, &mut report, cancel)?;
        for i in 0..request.variations {
            let alone = GenerationRequest {
                seed: request.seed.wrapping_add(i.into()),
                variations: 1,
                ..request.clone()
            };
            for start in 1..=OTHER_STARTS {
                if !is_silent(&made.clips[i as usize].samples) {
                    break;
                }
                report.again(&alone, plan.scale, self.tokens(&alone));
                let again = self.run_from(start, &alone, plan, &mut report, cancel)?;
                made.timings = made.timings + again.timings;
                made.nfe += again.nfe;
                made.clips.splice(i as usize..=i as usize, again.clips);
            }
        }
        report.done();
        Ok(made)
    }

    /// One run through the stages; `start` tells apart the noises that a seed may start from.
    fn run_from(
        &self,
        start: u32,
        request: &GenerationRequest,
        plan: Plan<'_>,
        report: &mut Reporter<'_>,
        cancel: &CancelToken,
    ) -> Result<Generation> {
        let codec = &self.model.codec;
        let (samples, tokens) = (self.samples(request), self.tokens(request));
        let mut timings = StageTimings::default();

        report.stage(Stage::Text);
        let clock = Instant::now();
        let condition = self.condition(request, plan)?;
        timings.text = self.finished(clock)?;
        cancel.check()?;

        let clock = Instant::now();
        let noise = self.noise(request, tokens, u64::from(start) << 32)?;
        let field = Windowed::new(Guided::new(plan.network, condition, plan.scale, || cancel.check()));
        let steps = request.steps;
        let fresh = |i: usize| self.noise(request, tokens, i as u64);
        let latent = plan.sampler.sample(&field, steps, &noise, &fresh, &mut |i| {
            report.stage(Stage::Flow { step: i as u32 + 1, steps });
            cancel.check()
        })?;
        timings.flow = self.finished(clock)?;

        report.stage(Stage::Decode);
        let clock = Instant::now();
        let mut clips = Vec::new();
        for i in 0..request.variations {
            cancel.check()?;
            let spectrum = codec.decode_checked(&latent.narrow(0, i as usize, 1)?, &|| cancel.check())?;
            cancel.check()?;
            let mut clip = codec.render(&spectrum, texture_seed(request, i))?;
            clip.truncate(samples);
            finish(&mut clip, self.sample_rate_hz());
            clips.push(Audio { samples: clip, sample_rate_hz: self.sample_rate_hz() });
        }
        timings.decode = clock.elapsed();
        Ok(Generation { clips, timings, nfe: steps })
    }

    /// Time since `start` when the device has done what it was asked for; a GPU computes on while the clock is read.
    fn finished(&self, start: Instant) -> Result<Duration> {
        self.placement.device().synchronize()?;
        Ok(start.elapsed())
    }

    /// What will be integrated for `request`.
    fn plan(&self, request: &GenerationRequest) -> Plan<'_> {
        let (network, sampler, learnt) = self.model.flow_for(request.steps);
        let mut scale = f64::from(request.guidance_scale) / f64::from(learnt);
        if learnt > 1.0 {
            // What was learnt cannot be taken back: less would mix in what the network makes of no text at all.
            scale = scale.max(1.0);
        }
        Plan { network, sampler, scale }
    }

    /// Text features of the prompt for every variation, followed by those of the negative prompt if guidance
    /// needs them.
    fn condition(&self, request: &GenerationRequest, plan: Plan<'_>) -> Result<Conditioned> {
        let variations = request.variations as usize;
        let encode = |text: &str| self.texts.get(text.trim(), |text| self.model.text.encode(&[text]));
        let text = encode(&request.prompt)?.repeat_each(variations)?;
        let text = if guidance::needs_unconditional(plan.scale) {
            let negative = encode(&request.negative_prompt)?;
            text.cat(&negative.repeat_each(variations)?)?
        } else {
            text
        };
        Ok(plan.network.condition(&text)?)
    }

    /// One latent of noise per variation; the first tokens of a longer clip start from the same noise. Draw 0 is what
    /// a sound starts from, those up to the number of steps are for samplers that add noise on the way, and multiples of
    /// 2^32 are what a sound starts from that would be silent otherwise.
    fn noise(&self, request: &GenerationRequest, tokens: usize, draw: u64) -> Result<Tensor> {
        // A word of the hash keeps these apart from the noise of neighbouring seeds.
        let seed = if draw == 0 { request.seed } else { rng::hash(request.seed, [draw].into_iter()) };
        let channels = self.model.config.codec.latent_channels();
        let noise = (0..request.variations)
            .map(|i| {
                Noise::new(seed.wrapping_add(u64::from(i)), Stream::Latent)
                    .normal_tensor((1, tokens, channels), self.placement.device())
            })
            .collect::<candle_core::Result<Vec<_>>>()?;
        Ok(Tensor::cat(&noise, 0)?)
    }
}

/// A network and the guidance it still needs.
#[derive(Debug, Clone, Copy)]
struct Plan<'a> {
    network: &'a Transformer,
    sampler: Sampler,
    scale: f64,
}

/// Peak that clips are brought to, -1 dBFS: the level of the training recordings.
const PEAK: f32 = 0.891;
/// Largest gain used to reach it, +24 dB: a clip that is nearly silent stays quiet instead of becoming hiss.
const MAX_GAIN: f32 = 15.8;
/// RMS below which a finished clip is silent, -60 dBFS.
pub const SILENT_RMS: f32 = 0.001;
/// How many other noises a seed may start from if its sound is silent. It happened in 1 of 1,000 takes
/// of foley-v4, in none of foley-v5.
const OTHER_STARTS: u32 = 3;

/// Whether nobody would hear `clip`.
fn is_silent(clip: &[f32]) -> bool {
    let energy = clip.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>();
    energy < f64::from(SILENT_RMS) * f64::from(SILENT_RMS) * clip.len() as f64
}

/// Fades at the ends, so that a clip cut out of a longer sound does not click.
const FADE_IN_SAMPLES: usize = 32;
const FADE_OUT_SAMPLES: usize = 512;

/// Seed of the decoder's noise for variation `i`: the same at every step count, different for every prompt, so that
/// layers made with one seed do not share the noise they are shaped from.
fn texture_seed(request: &GenerationRequest, i: u32) -> u64 {
    rng::hash(rng::HASH_START, request.prompt.trim().bytes().map(u64::from))
        ^ request.seed.wrapping_add(u64::from(i))
}

/// Corner of the filter that removes the offset, below what any speaker plays. Subtracting the mean instead would
/// put an offset into the silence behind a sound.
const HIGH_PASS_HZ: f32 = 15.0;

/// Samples that a thread filters at a time.
const FINISH_PIECE: usize = 4096;

/// Removes the offset, fades the ends and sets the level.
///
/// The filter's output is what it makes of a piece from rest, plus what is left there of the output before the piece: the
/// pieces are filtered on all threads, then that is added. The result does not depend on the number of threads.
fn finish(clip: &mut [f32], sample_rate_hz: u32) {
    let n = clip.len();
    let feedback = 1.0 - std::f32::consts::TAU * HIGH_PASS_HZ / sample_rate_hz as f32;
    let left: Vec<f32> =
        std::iter::successors(Some(feedback), |left| Some(left * feedback)).take(FINISH_PIECE).collect();
    let before: Vec<f32> = [0.0]
        .into_iter()
        .chain(clip.chunks(FINISH_PIECE).filter_map(|piece| piece.last().copied()))
        .collect();
    let pieces = clip.par_chunks_mut(FINISH_PIECE).zip(&before);
    let ends: Vec<f32> = pieces.map(|(piece, before)| from_rest(piece, *before, feedback)).collect();
    let mut output = 0.0;
    let outputs: Vec<f32> = ends
        .iter()
        .map(|end| {
            let next = end + left[FINISH_PIECE - 1] * output;
            std::mem::replace(&mut output, next)
        })
        .collect();
    let pieces = clip.par_chunks_mut(FINISH_PIECE).zip(&outputs).enumerate();
    let peak = pieces
        .map(|(i, (piece, output))| {
            for (x, left) in piece.iter_mut().zip(&left) {
                let y = *x + left * output;
                // Far below any converter: the tail ends in zero and never in denormal numbers.
                *x = if y.abs() < 1e-9 { 0.0 } else { y };
            }
            fade(piece, i * FINISH_PIECE, n);
            piece.iter().fold(0f32, |most, x| most.max(x.abs()))
        })
        .reduce(|| 0.0, f32::max);
    if peak > 0.0 {
        let gain = (PEAK / peak).min(MAX_GAIN);
        clip.par_chunks_mut(FINISH_PIECE).for_each(|piece| piece.iter_mut().for_each(|x| *x *= gain));
    }
}

/// The high-pass filter from rest, `before` being the sample before the piece; returns its last output.
fn from_rest(piece: &mut [f32], before: f32, feedback: f32) -> f32 {
    let (mut last_in, mut last_out) = (before, 0.0);
    for x in piece {
        let y = *x - last_in + feedback * last_out;
        last_in = std::mem::replace(x, y);
        last_out = y;
    }
    last_out
}

/// Fades those samples of a piece that are near the ends of the clip of `n` samples; the piece begins at `start`.
fn fade(piece: &mut [f32], start: usize, n: usize) {
    let is_inside = start >= FADE_IN_SAMPLES && start + piece.len() + FADE_OUT_SAMPLES <= n;
    if is_inside {
        return;
    }
    for (i, x) in (start..).zip(piece) {
        let fade_in = i as f32 / FADE_IN_SAMPLES as f32;
        let fade_out = (n - 1 - i) as f32 / FADE_OUT_SAMPLES as f32;
        *x *= fade_in.min(fade_out).min(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finish_in_pieces_is_the_filter_from_the_first_sample_to_the_last() {
        let n = 3 * FINISH_PIECE + 77;
        let mut random = Noise::new(8, Stream::Texture);
        let clip: Vec<f32> = random.normals(n).iter().map(|x| 0.1 * x + 0.5).collect();
        let mut whole = clip.clone();
        let feedback = 1.0 - std::f32::consts::TAU * HIGH_PASS_HZ / 44_100.0;
        from_rest(&mut whole, 0.0, feedback);
        fade(&mut whole[..FADE_IN_SAMPLES], 0, n);
        fade(&mut whole[n - FADE_OUT_SAMPLES..], n - FADE_OUT_SAMPLES, n);
        let gain = PEAK / whole.iter().fold(0f32, |most, x| most.max(x.abs()));
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut pieces = clip.clone();
            pool.install(|| finish(&mut pieces, 44_100));
            let error = pieces.iter().zip(&whole).map(|(a, b)| (a - gain * b).abs()).fold(0.0, f32::max);
            assert!(error < 1e-5, "{error} on {threads} threads");
        }
        for n in [0, 1, 40, FINISH_PIECE] {
            let mut short = clip[..n].to_vec();
            finish(&mut short, 44_100);
            assert!(short.iter().all(|x| x.abs() <= 1.0) && short.last().is_none_or(|x| *x == 0.0), "{n}");
        }
    }

    #[test]
    fn finish_removes_an_offset_and_leaves_silence_silent() {
        let tone = |i: usize| (std::f32::consts::TAU * 440.0 * i as f32 / 44_100.0).sin();
        let mut clip: Vec<f32> =
            (0..44_100).map(|i| if i < 22_050 { 0.2 + 0.3 * tone(i) } else { 0.0 }).collect();
        finish(&mut clip, 44_100);
        let mean = clip[11_025..22_050].iter().sum::<f32>() / 11_025.0;
        assert!(mean.abs() < 2e-3, "offset {mean}");
        assert!(clip[40_000..].iter().all(|&x| x == 0.0), "the silence is not silent");
        let peak = clip.iter().fold(0f32, |m, x| m.max(x.abs()));
        assert!((peak - PEAK).abs() < 1e-3, "peak {peak}");
    }
}
