//! Prompt in, sound out: [`Generator::generate`].
//!
//! ```text
//! prompt -> text::TextEncoder -> flow::Transformer (solver steps) -> codec::Decoder -> [resample] -> Audio
//! ```
//!
//! Knows the order of the stages and nothing about how each works.

mod finish;
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
use std::ops::Add;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use finish::finish;
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
    /// Held by whoever computes where networks are recorded: what another thread asked of the card would be recorded too.
    turn: Mutex<()>,
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
        Ok(Self { model, texts: TextCache::default(), placement, pool, turn: Mutex::default() })
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
        self.install(|| self.run(request, progress, cancel))
    }

    /// Computes in the engine's own thread pool; blocks the caller until done.
    fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        let turn =
            self.placement.is_recorded().then(|| self.turn.lock().unwrap_or_else(PoisonError::into_inner));
        let result = self.pool.install(work);
        drop(turn);
        result
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

/// Seed of the decoder's noise for variation `i`: the same at every step count, different for every prompt, so that
/// layers made with one seed do not share the noise they are shaped from.
fn texture_seed(request: &GenerationRequest, i: u32) -> u64 {
    rng::hash(rng::HASH_START, request.prompt.trim().bytes().map(u64::from))
        ^ request.seed.wrapping_add(u64::from(i))
}
