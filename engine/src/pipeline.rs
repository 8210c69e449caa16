//! Prompt in, sound out: [`Generator::generate`].
//!
//! ```text
//! prompt -> text::TextEncoder -> flow::Transformer (solver steps) -> codec::Decoder -> [resample] -> Audio
//! ```
//!
//! Knows the order of the stages and nothing about how each works.

mod finish;
mod follow;
mod heard;
mod latents;
mod level;
mod measure;
mod performance;
mod reporter;
mod room;
mod sequence;
mod width;

use crate::card::card;
use crate::device::{self, Placement, WorkerPool};
use crate::error::{ErrorKind, Result};
use crate::model::{Model, ModelFiles};
use crate::text::cache::TextCache;
use crate::{limits, memory};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use straightshot_planner::{Timeline, timeline};
use straightshot_protocol::{
    Audio, CancelToken, Card, ContentHash, ModelId, Progress, Request, StageTimings,
};

use follow::follow;
pub use heard::SILENT_RMS;
use latents::{Plan, Starts};
pub use measure::Intermediates;
use performance::Performance;
use reporter::Reporter;
use sequence::Sequence;

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

/// What [`Generator::generate_each`] tells on its way.
#[derive(Debug)]
pub enum Event {
    /// How far it is.
    Progress(Progress),
    /// One of the sounds is finished.
    Made(Made),
}

/// One of the sounds that were asked for together.
#[derive(Debug, Clone)]
pub struct Made {
    /// Which of the seeds it was made from.
    pub index: usize,
    /// The sound, exactly `round(seconds * sample_rate)` samples long.
    pub audio: Audio,
    /// Where its time went: its share of what was done for all together, and what was done for it alone.
    pub timings: StageTimings,
    /// Velocity evaluations made for it.
    pub nfe: u32,
}

impl Made {
    /// Before anything of it is decoded.
    fn beginning(index: usize, request: &Request, timings: StageTimings) -> Self {
        Self { index, audio: Audio::mono(1, Vec::new()), timings, nfe: request.steps }
    }
}

/// How sounds are made.
enum Way {
    /// What the text names one after the other, each for itself.
    Sequence(Sequence),
    /// Some of an event, laid down when it happens.
    Performed(Box<Performance>),
    /// At once.
    Whole,
}

impl Way {
    /// How many times a network is run through all its steps.
    fn runs(&self) -> u32 {
        match self {
            Self::Sequence(sequence) => sequence.runs(),
            Self::Performed(_) | Self::Whole => 1,
        }
    }
}

/// A loaded model, ready to make sound. `Send + Sync`: one per process is meant to be shared in an `Arc`.
///
/// ```
/// use straightshot_engine::pipeline::Generator;
/// use straightshot_protocol::{CancelToken, Request};
///
/// # fn main() -> straightshot_engine::Result<()> {
/// let generator = Generator::builtin()?;
/// let request = Request {
///     prompt: "wooden door creaks open slowly".into(),
///     steps: 1,
///     seconds: 0.5,
///     ..Request::default()
/// };
/// let mut stages = Vec::new();
/// let made = generator.generate(&request, &mut |p| stages.push(p.stage), &CancelToken::default())?;
/// assert_eq!(made.clips[0].frames(), 22_050);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Generator {
    model: Model,
    card: Card,
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
        Self::load(files, files.hash(), &CancelToken::default())
    }

    /// [`Generator::from_files`] for whoever knows their `hash` already, ended within some tens of milliseconds when
    /// `cancel` is raised.
    ///
    /// # Errors
    /// As [`Generator::from_files`], and [`ErrorKind::Cancelled`].
    pub fn load(files: &ModelFiles, hash: ContentHash, cancel: &CancelToken) -> Result<Self> {
        Self::best(files, hash, None, cancel)
    }

    /// Like [`Generator::from_files`] with a given number of threads, for measurements.
    ///
    /// # Errors
    /// [`ErrorKind::BadModel`] saying which file or tensor is at fault.
    pub fn with_threads(files: &ModelFiles, threads: usize) -> Result<Self> {
        Self::best(files, files.hash(), Some(threads), &CancelToken::default())
    }

    /// On a GPU if there is one that can hold the model, else on the CPU, with as many threads as that place is best used
    /// with unless told otherwise.
    fn best(
        files: &ModelFiles,
        hash: ContentHash,
        threads: Option<usize>,
        cancel: &CancelToken,
    ) -> Result<Self> {
        let on = |placement: Placement| -> Result<Self> {
            let threads = threads.unwrap_or_else(|| placement.worker_threads());
            let pool = device::worker_pool(threads)?;
            let model = pool.install(|| Model::load_until(files, &placement, cancel))?;
            Ok(Self::of(model, hash, placement, pool))
        };
        let placement = Placement::best();
        let on_gpu = placement.is_gpu();
        match on(placement) {
            // The card's memory may be full of other things.
            Err(e) if on_gpu && e.kind() != ErrorKind::Cancelled => {
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
        Ok(Self::of(model, files.hash(), placement, pool))
    }

    fn of(model: Model, hash: ContentHash, placement: Placement, pool: WorkerPool) -> Self {
        let card = card(&model.config, ModelId::new(hash, model.config.name.as_str()));
        Self { model, card, texts: TextCache::default(), placement, pool, turn: Mutex::default() }
    }

    /// Where it computes, and why there.
    #[must_use]
    pub fn placement(&self) -> &Placement {
        &self.placement
    }

    /// What the model can do.
    #[must_use]
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Short name of the model, for display.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.card.id.name
    }

    /// Sample rate of the clips in Hz.
    #[must_use]
    pub fn sample_rate_hz(&self) -> u32 {
        self.model.config.codec.sample_rate_hz
    }

    /// Makes the clips of `request` in the engine's own thread pool; blocks the caller until done.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`], [`ErrorKind::OutOfMemory`], [`ErrorKind::Cancelled`], or [`ErrorKind::Compute`].
    pub fn generate(
        &self,
        request: &Request,
        progress: &mut (dyn FnMut(Progress) + Send),
        cancel: &CancelToken,
    ) -> Result<Generation> {
        request.validate(&self.card)?;
        let seeds: Vec<u64> = (0..request.variations).map(|i| request.seed.wrapping_add(i.into())).collect();
        let way = self.way(request, &seeds);
        // What is computed for all together counts once.
        let shared = request.steps * way.runs();
        let mut all = Generation { clips: Vec::new(), timings: StageTimings::default(), nfe: shared };
        let mut tell = |event| match event {
            Event::Progress(now) => progress(now),
            Event::Made(made) => {
                all.timings = all.timings + made.timings;
                all.nfe += made.nfe - shared;
                all.clips.push(made.audio);
            }
        };
        self.make(request, &way, &seeds, &mut tell, cancel)?;
        Ok(all)
    }

    /// Makes the sound of `request` from each of `seeds`, whatever its own seed and number are, computed together; each is
    /// told of as soon as it is finished, in their order. Up to [`together`](Self::together) of them are, bit by bit, what
    /// each would be alone.
    ///
    /// # Errors
    /// As [`Generator::generate`]; sounds that were told of before are finished all the same.
    pub fn generate_each(
        &self,
        request: &Request,
        seeds: &[u64],
        tell: &mut (dyn FnMut(Event) + Send),
        cancel: &CancelToken,
    ) -> Result<()> {
        let variations = u32::try_from(seeds.len()).unwrap_or(u32::MAX);
        let request = Request { variations, ..request.clone() };
        request.validate(&self.card)?;
        self.make(&request, &self.way(&request, seeds), seeds, tell, cancel)
    }

    /// Makes the sounds of `request` that `way`.
    fn make(
        &self,
        request: &Request,
        way: &Way,
        seeds: &[u64],
        tell: &mut (dyn FnMut(Event) + Send),
        cancel: &CancelToken,
    ) -> Result<()> {
        memory::ask_for(self.room(way, request))?;
        self.install(|| match way {
            Way::Sequence(sequence) => self.one_by_one(request, sequence, seeds, tell, cancel),
            Way::Performed(performance) => self.perform(request, performance, seeds, tell, cancel),
            Way::Whole => self.run(request, seeds, tell, cancel),
        })
    }

    /// How the sounds of `request` are made: by what text and timing say, if the model goes by that.
    fn way(&self, request: &Request, seeds: &[u64]) -> Way {
        if !self.card.abilities.timing {
            return Way::Whole;
        }
        let (mut plans, mut parts) = (Vec::new(), Vec::new());
        for seed in seeds {
            let seed = request.timing_seed.unwrap_or(*seed);
            match timeline(&request.prompt, &request.timing, request.seconds, seed) {
                Timeline::Events(plan) => plans.push(plan),
                Timeline::Parts(of_one) => parts.push(of_one),
                Timeline::Open => return Way::Whole,
            }
        }
        let performance = || self.performance_of(request, plans).map(Box::new).map(Way::Performed);
        // Which of the two it is does not depend on the seed.
        self.sequence_of(request, &parts).map(Way::Sequence).or_else(performance).unwrap_or(Way::Whole)
    }

    /// Bytes that are needed at most to make them that way.
    fn room(&self, way: &Way, request: &Request) -> usize {
        match way {
            Way::Sequence(sequence) => self.room_for_sequence(sequence, request),
            Way::Performed(performance) => self.room_for_performance(performance, request),
            Way::Whole => self.room_for(request),
        }
    }

    /// Computes in the engine's own thread pool; blocks the caller until done.
    fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        let turn =
            self.placement.is_recorded().then(|| self.turn.lock().unwrap_or_else(PoisonError::into_inner));
        let result = self.pool.install(work);
        drop(turn);
        result
    }

    /// How many clips of `request` are best computed together by [`generate_each`](Self::generate_each): as many as make
    /// each of them cheaper without making the first of them late, and no more than leave every one of them, bit by bit,
    /// what it is alone. That is one on a card, whose products depend on their size, and with weights that are not in bytes.
    #[must_use]
    pub fn together(&self, request: &Request) -> usize {
        let network = self.plan(request).network;
        // In the pool: to find out turns weights into bytes.
        let alike = !self.placement.is_gpu() && self.install(|| network.is_alike_in_batches());
        let tokens = self.tokens_computed(request).max(1);
        let most =
            if alike { (TOGETHER_TOKENS / tokens).clamp(1, limits::MAX_VARIATIONS as usize) } else { 1 };
        // Where memory is short, fewer.
        let fits = |n: &usize| {
            let variations = u32::try_from(*n).unwrap_or(1);
            let request = Request { variations, ..request.clone() };
            let way = self.way(&request, &vec![request.seed; *n]);
            memory::ask_for(self.room(&way, &request)).is_ok()
        };
        (1..=most).rev().find(fits).unwrap_or(1)
    }

    /// Length of a clip of `request` in samples.
    fn samples(&self, request: &Request) -> usize {
        (request.seconds * f64::from(self.sample_rate_hz())).round() as usize
    }

    /// Length of a clip of `request` in latent tokens.
    #[must_use]
    pub fn tokens(&self, request: &Request) -> usize {
        self.model.codec.config().tokens_for(self.samples(request))
    }

    /// Latent tokens that are computed for a sound of `request`: those of its events where it is performed, and of all parts
    /// of a sequence.
    fn tokens_computed(&self, request: &Request) -> usize {
        match self.way(request, &[request.seed]) {
            Way::Sequence(sequence) => sequence.tokens(self),
            Way::Performed(performance) => performance.tokens(self),
            Way::Whole => self.tokens(request),
        }
    }

    fn run(
        &self,
        request: &Request,
        seeds: &[u64],
        tell: &mut (dyn FnMut(Event) + Send),
        cancel: &CancelToken,
    ) -> Result<()> {
        let plan = self.plan(request);
        let mut report = Reporter::new(request, &self.card.cost, plan.scale, tell);
        let (latents, shared) =
            self.latents(request, Starts { seeds, start: 0 }, plan, &mut report, cancel)?;
        let share = |time: Duration| time / request.variations;
        let shared = StageTimings { text: share(shared.text), flow: share(shared.flow), ..shared };
        for (index, seed) in seeds.iter().enumerate() {
            report.decoding(index, seeds.len());
            let latent = latents.narrow(0, index, 1)?;
            let (mut clip, timings, nfe) =
                self.heard((&latent, request, *seed), plan, &mut report, cancel)?;
            if let Some(curve) = &request.curve {
                follow(&mut clip, self.sample_rate_hz(), curve, None);
            }
            let mut made = Made::beginning(index, request, shared);
            made.timings = made.timings + timings;
            made.nfe += nfe;
            made.audio = width::audio(clip, request.width, self.sample_rate_hz())?;
            level::bring(&mut made.audio, request.level)?;
            report.made(made);
        }
        report.done();
        Ok(())
    }

    /// Time since `start` when the device has done what it was asked for; a GPU computes on while the clock is read.
    fn finished(&self, start: Instant) -> Result<Duration> {
        self.placement.device().synchronize()?;
        Ok(start.elapsed())
    }
}

/// Tokens of all clips that are computed together: beyond these nothing is gained by more, and the first is late.
const TOGETHER_TOKENS: usize = 344;
