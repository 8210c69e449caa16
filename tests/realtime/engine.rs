//! A model whose sound is known in advance: a tone whose pitch and level follow from the seed.
//!
//! The first word of the prompt tells it what to do: anything is a tone at once; `slow` takes until it is cancelled or
//! a second and a half are over; `fail`, `panic` and `nan` are what they say. `versions` is louder the more steps it
//! has; so are `refine`, which is `slow` above one step, and `tire`, which fails above one step.

use std::f32::consts::TAU;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use straightshot::worker::models::{ModelCache, ModelSource, SoundEngine};
use straightshot::worker::places::Places;
use straightshot_engine::model::{CONFIG_FILE, builtin_card};
use straightshot_engine::pipeline::{Event, Made};
use straightshot_engine::{Error, ErrorKind, Result};
use straightshot_protocol::{
    Audio, CancelToken, Card, ContentHash, ModelId, Progress, Request, Stage, StageTimings,
};

/// Sample rate of the tones in Hz.
pub(crate) const RATE_HZ: u32 = 44_100;

/// How many sounds the tone generator makes together.
pub(crate) const TOGETHER: usize = 3;

/// Frequency of the tone of `seed` in Hz.
pub(crate) fn tone_hz(seed: u64) -> f32 {
    441.0 * (1 + seed % 4) as f32
}

/// Amplitude of the tone of `seed`: even seeds are quieter.
pub(crate) fn tone_level(seed: u64) -> f32 {
    if seed.is_multiple_of(2) { 0.25 } else { 0.5 }
}

/// The samples that a request for `seconds` with `seed` gives.
pub(crate) fn tone(seed: u64, seconds: f64) -> Vec<f32> {
    let samples = (seconds * f64::from(RATE_HZ)).round() as usize;
    let sine = |i: usize| tone_level(seed) * (TAU * tone_hz(seed) * i as f32 / RATE_HZ as f32).sin();
    (0..samples).map(|i| rounded(sine(i))).collect()
}

/// `sample` in 24 bits, as takes keep it.
fn rounded(sample: f32) -> f32 {
    // Whole numbers have one zero only.
    (sample * 8_388_608.0).round() / 8_388_608.0 + 0.0
}

/// The samples of [`tone`] for a prompt that sounds different at every step count.
pub(crate) fn version(seed: u64, seconds: f64, steps: u32) -> Vec<f32> {
    tone(seed, seconds).into_iter().map(|sample| rounded(sample * steps as f32 / 24.0)).collect()
}

fn take_long(cancel: &CancelToken) -> Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(1500) {
        cancel.check()?;
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// The tone generator.
pub(crate) struct ToneEngine {
    card: Card,
    running: AtomicUsize,
    /// Most jobs that ever ran at once.
    pub(crate) most_at_once: AtomicUsize,
    /// Seed and steps of every sound that was begun, in order.
    pub(crate) begun: Mutex<Vec<(u64, u32)>>,
}

impl Default for ToneEngine {
    fn default() -> Self {
        let card = Card { id: ModelId::named("tone"), sample_rate_hz: RATE_HZ, ..builtin_card() };
        Self {
            card,
            running: AtomicUsize::default(),
            most_at_once: AtomicUsize::default(),
            begun: Mutex::default(),
        }
    }
}

impl SoundEngine for ToneEngine {
    fn card(&self) -> &Card {
        &self.card
    }

    fn together(&self, _: &Request) -> usize {
        TOGETHER
    }

    fn generate_each(
        &self,
        request: &Request,
        seeds: &[u64],
        tell: &mut (dyn FnMut(Event) + Send),
        cancel: &CancelToken,
    ) -> Result<()> {
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(running, Ordering::SeqCst);
        let result = seeds.iter().enumerate().try_for_each(|(index, seed)| {
            let request = Request { seed: *seed, ..request.clone() };
            self.begun.lock().expect("no panic while it is held").push((*seed, request.steps));
            let audio = self.make(&request, tell, cancel)?;
            tell(Event::Made(Made { index, audio, timings: StageTimings::default(), nfe: request.steps }));
            Ok(())
        });
        self.running.fetch_sub(1, Ordering::SeqCst);
        result
    }
}

impl ToneEngine {
    fn make(
        &self,
        request: &Request,
        tell: &mut (dyn FnMut(Event) + Send),
        cancel: &CancelToken,
    ) -> Result<Audio> {
        let word = request.prompt.split(' ').next();
        let mut samples = match word {
            Some("versions" | "refine" | "tire") => version(request.seed, request.seconds, request.steps),
            _ => tone(request.seed, request.seconds),
        };
        match word {
            Some("tire") if request.steps == 1 => {}
            Some("tire") => return Err(Error::new(ErrorKind::Compute, "The test is tired")),
            Some("refine") if request.steps == 1 => {}
            Some("fail") => return Err(Error::new(ErrorKind::Compute, "The test wants a failure")),
            Some("panic") => panic!("the test wants a panic"),
            Some("nan") => samples[0] = f32::NAN,
            Some("slow" | "refine") => take_long(cancel)?,
            _ => {}
        }
        for step in 1..=request.steps {
            cancel.check()?;
            let fraction = step as f32 / request.steps as f32;
            let stage = Stage::Flow { step, steps: request.steps };
            tell(Event::Progress(Progress { stage, fraction, eta: None }));
        }
        Ok(Audio::mono(RATE_HZ, samples))
    }
}

/// The tone generator as the model of the program, and folders whose `config.json` holds a name: their models are tone
/// generators too, each with a card of its own.
pub(crate) struct Tones {
    default: Arc<ToneEngine>,
    /// How long each loading takes, unless it is cancelled.
    pub(crate) slow: Duration,
}

impl Tones {
    pub(crate) fn new(default: Arc<ToneEngine>) -> Self {
        Self { default, slow: Duration::ZERO }
    }
}

fn read(folder: &Path) -> Result<String> {
    Ok(std::fs::read_to_string(folder.join(CONFIG_FILE))?)
}

impl ModelSource for Tones {
    fn default_card(&self) -> Card {
        self.default.card.clone()
    }

    fn name(&self, folder: &Path) -> Result<String> {
        Ok(read(folder)?.lines().next().unwrap_or_default().to_owned())
    }

    fn hash(&self, folder: &Path, _: &CancelToken) -> Result<ContentHash> {
        Ok(ContentHash::of([read(folder)?.as_bytes()]))
    }

    fn card(&self, folder: &Path, hash: ContentHash) -> Result<Card> {
        Ok(Card { id: ModelId::new(hash, self.name(folder)?), ..self.default.card.clone() })
    }

    fn load(&self, folder: Option<&Path>, cancel: &CancelToken) -> Result<Arc<dyn SoundEngine>> {
        let begun = Instant::now();
        while begun.elapsed() < self.slow {
            cancel.check()?;
            std::thread::sleep(Duration::from_millis(1));
        }
        let Some(folder) = folder else { return Ok(self.default.clone()) };
        let card = self.card(folder, self.hash(folder, cancel)?)?;
        Ok(Arc::new(ToneEngine { card, ..ToneEngine::default() }))
    }
}

/// A cache of its own around `engine`.
pub(crate) fn cache_of(engine: &Arc<ToneEngine>) -> Arc<ModelCache> {
    Arc::new(ModelCache::new(Tones::new(engine.clone()), Places::forgetful()))
}
