//! The training on a folder's sounds: the whole recipe of the model, in small.
//!
//! ```text
//! base's flow ──> learn ──> guided couples ─┐                     ┌─> couples of the new flow ─┐
//!                                           ├──> straighten ──> flow                           ├──> distil ──> one step
//! base's flow ──> couples of everyday words ┘   (from the base's) base's one step: couples ────┘   (from the base's)
//! ```
//!
//! Flows that have learnt guidance from couples would have it taken away if they went on with the loss of a first flow. So a
//! copy learns the sounds, as a first flow does, and makes couples of them with guidance; from these the model's own flows
//! learn, beside couples of their own for everyday prompts, so that nothing else is forgotten.
//!
//! A base whose flow for several steps is a first flow, to be guided when it is used, has no use for straightening: what the
//! copy has learnt is the new flow, and its guided couples are what the network for one step learns from. That network begins with
//! what the flow has learnt added to it ([`task_vector`]), so that most of the time is left for learning.

mod held_out;
mod preview;
mod replay;
mod sounds;
mod write;

pub use write::write_model;

use self::held_out::HeldOut;
use super::Base;
use crate::checkpoint::{self, CHECKPOINT_FILE};
use crate::couplings::anchored::Anchor;
use crate::couplings::{self, Couplings, Settings, Teacher};
use crate::distil::{self, DistilTraining};
use crate::flow::{self, FlowData, FlowTraining, Objective};
use crate::lora::Lora;
use crate::optim::OptimConfig;
use crate::pairing::Pairing;
use crate::reflow::{self, ReflowTraining, Target};
use crate::run::Budget;
use crate::task_vector;
use crate::timesteps::Timesteps;
use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use straightshot_engine::error::{Error, ErrorKind, Result};
use straightshot_engine::model::{FLOW, ONE_STEP};
use straightshot_engine::weights;

/// File in a run with what it must go on with.
const METHOD_FILE: &str = "method.json";

/// Folders of the stages in a run.
const LEARN: &str = "learn";
const LEARNT: &str = "learnt";
const STRAIGHT: &str = "flow";
const ONE_STEP_BASE: &str = "one-step-base";
const ONE_STEP_START: &str = "one-step-start";
const DISTILLED: &str = "one-step";
const COUPLES: [&str; 4] = ["couples", "replay", "couples-one-step", "replay-one-step"];

/// Shares of the budget's time, the couples in the order of [`COUPLES`].
struct Shares {
    learn: f64,
    couples: [f64; 4],
    straighten: f64,
    distil: f64,
}

/// For a base whose flow has learnt guidance from couples.
const STRAIGHTENED: Shares =
    Shares { learn: 0.4, couples: [0.16, 0.06, 0.05, 0.01], straighten: 0.18, distil: 0.14 };
/// For one whose flow is a first flow.
const FIRST_FLOW: Shares =
    Shares { learn: 0.7, couples: [0.0, 0.0, 0.13, 0.01], straighten: 0.0, distil: 0.16 };

/// Guidance that the model has learnt at the end, that of the default model.
const GUIDANCE: f32 = 3.0;
/// Solver steps of couples: guided ones, and those of a flow that is straight.
const STEPS: u32 = 12;
const STRAIGHT_STEPS: u32 = 8;
/// Share of examples on the way from noise to data, for a network that is used with few steps as well as with one.
const ON_THE_WAY: f64 = 0.3;
/// Couples of everyday prompts per couple of the library's.
const REPLAYED: f64 = 0.5;
/// Steps between comparisons with the clips that are held out, and how many without a better one end the learning.
const LOOK_EVERY: u64 = 100;
const PATIENCE: usize = 5;

/// What of the flow learns the sounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Low-rank factors: learns what the sounds have in common.
    Lora(Lora),
    /// All weights of the flow: learns more.
    Full,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lora(lora) => write!(f, "low-rank adaptation, rank {}, alpha {}", lora.rank, lora.alpha),
            Self::Full => write!(f, "all weights of the flow"),
        }
    }
}

/// Settings of the training.
#[derive(Debug, Clone)]
pub struct LibraryTraining {
    /// What learns the sounds.
    pub method: Method,
    /// Optimiser.
    pub optim: OptimConfig,
    /// Latent tokens per step, padding included.
    pub tokens_per_step: usize,
    /// Distribution of the training time while the sounds are learnt.
    pub timesteps: Timesteps,
    /// Share of examples trained without text.
    pub text_dropout: f64,
    /// Couples of the library that are made at most.
    pub couples: usize,
    /// Seed of factors, order, crops, times and noise.
    pub seed: u64,
    /// Steps of every stage that trains, and time of all together.
    pub budget: Budget,
}

impl LibraryTraining {
    fn budget(&self, share: f64) -> Budget {
        Budget { seconds: self.budget.seconds * share, ..self.budget }
    }

    fn couples(&self, count: usize, steps: u32, omega: f64) -> Settings {
        Settings {
            count: count.max(1),
            per_shard: 64,
            steps,
            multistep: true,
            tokens_per_batch: self.tokens_per_step.min(1024),
            pairing: Pairing::Independent,
            anchor: Anchor { omega, inner_steps: 0, ..Anchor::default() },
            seed: self.seed,
        }
    }
}

/// One training: what its stages share.
struct Run<'a> {
    settings: &'a LibraryTraining,
    base: &'a Base,
    folder: &'a Path,
    device: &'a Device,
    note: &'a mut dyn FnMut(&str),
}

/// Trains until the budget is spent or sounds come no nearer to clips that are held out; continues a run that is there. `note` is told what
/// happens.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] if the run began with another model or method; those of [`flow::train`],
/// [`couplings::make`], [`reflow::train`] and [`distil::train`].
pub fn train(
    settings: &LibraryTraining,
    base: &Base,
    data: &FlowData,
    run: &Path,
    device: &Device,
    note: &mut dyn FnMut(&str),
) -> Result<()> {
    let start = base.keep(run)?;
    keep_method(settings.method, run)?;
    let mut run = Run { settings, base, folder: run, device, note };
    run.learn(data, start)?;
    if !is_first_flow(base) {
        run.straighten(data)?;
    }
    if one_step(base)?.is_some() {
        run.distil(data)?;
    }
    Ok(())
}

impl Run<'_> {
    fn at(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A copy of the base's flow learns the sounds as a first flow does; what came nearest to clips that are held out is kept in
    /// [`LEARNT`].
    fn learn(&mut self, data: &FlowData, start: PathBuf) -> Result<()> {
        let folder = self.at(LEARN);
        let held_out = HeldOut::of(data, self.settings.seed)?;
        let training = self.learning(start);
        let held = held_out.as_ref().map_or(0, HeldOut::clips);
        (self.note)(&format!("First: learning the sounds; {held} clips are kept apart to judge by"));
        let kept = held_out.as_ref().map_or(data, HeldOut::rest);
        let mut best = held_out::Best::read(&folder)?;
        let mut previews = preview::Previews::new(self.folder, data);
        loop {
            let at = checkpoint::state(&folder.join(CHECKPOINT_FILE)).unwrap_or_default();
            let is_over = training.budget.progress(&at).is_none() || best.looks_without >= PATIENCE;
            if is_over && at.step > 0 {
                break;
            }
            self.forget_what_came_of_it()?;
            let budget = Budget { pause_at: (at.step / LOOK_EVERY + 1) * LOOK_EVERY, ..training.budget };
            flow::train(&FlowTraining { budget, ..training.clone() }, kept, &folder, self.device)?;
            let state = checkpoint::state(&folder.join(CHECKPOINT_FILE))?;
            let weights = self.learnt(&folder)?;
            let distance =
                held_out.as_ref().map(|held_out| held_out.distance(self.base, &weights)).transpose()?;
            if best.is_new(state.step, distance) {
                std::fs::create_dir_all(self.at(LEARNT))?;
                checkpoint::write_averaged(&self.at(LEARNT).join(CHECKPOINT_FILE), &weights)?;
            }
            best.write(&folder)?;
            if let Some(distance) = distance {
                let (step, told) = (state.step, best.told());
                (self.note)(&format!(
                    "step {step}: sounds are {distance:.3} from the clips kept apart, {told}"
                ));
            }
            if let Some(path) = previews.make(self.base, &weights, state.step)? {
                (self.note)(&format!("preview: {}", path.display()));
            }
            if state.step == at.step {
                break;
            }
        }
        if best.looks_without >= PATIENCE {
            (self.note)(&format!(
                "sounds come no nearer to the clips kept apart; going on with step {}",
                best.step
            ));
        }
        Ok(())
    }

    /// How the copy learns.
    fn learning(&self, start: PathBuf) -> FlowTraining {
        let settings = self.settings;
        FlowTraining {
            flow: self.base.config.flow.clone(),
            init: Some(start),
            objective: Objective::Velocity,
            lora: match settings.method {
                Method::Lora(lora) => Some(lora),
                Method::Full => None,
            },
            optim: settings.optim,
            tokens_per_step: settings.tokens_per_step,
            timesteps: settings.timesteps,
            pairing: Pairing::Independent,
            text_dropout: settings.text_dropout,
            seed: settings.seed,
            budget: settings.budget(self.shares().learn),
        }
    }

    /// Removes what later stages made of an earlier state of the copy.
    fn forget_what_came_of_it(&self) -> Result<()> {
        for stale in COUPLES.iter().chain(&[STRAIGHT, DISTILLED]).map(|name| self.at(name)) {
            if stale.exists() {
                std::fs::remove_dir_all(&stale)?;
            }
        }
        Ok(())
    }

    /// All weights of the flow after so much learning.
    fn learnt(&self, run: &Path) -> Result<HashMap<String, Tensor>> {
        let trained = checkpoint::averaged_weights(&run.join(CHECKPOINT_FILE))?;
        let Method::Lora(lora) = self.settings.method else { return Ok(trained) };
        let mut all = part(self.base, FLOW)?;
        all.extend(lora.merge(&all, &trained)?);
        Ok(all)
    }

    /// The base's flow learns the couples that the copy makes.
    fn straighten(&mut self, data: &FlowData) -> Result<()> {
        let (settings, learnt) = (self.settings, f64::from(self.base.config.learnt_guidance.flow));
        (self.note)("Then: making couples, and a straight flow of them");
        let omega = f64::from(GUIDANCE);
        let library = settings.couples(settings.couples, STEPS, omega);
        let everyday = settings.couples(self.replayed(), STRAIGHT_STEPS, (omega / learnt).max(1.0));
        self.make(0, &library, &self.at(LEARNT), data)?;
        self.make(1, &everyday, &self.at(super::base::FOLDER), &replay::data(self.base, data)?)?;
        let training = ReflowTraining {
            flow: self.base.config.flow.clone(),
            init: self.at(super::base::FOLDER),
            optim: settings.optim,
            tokens_per_step: settings.tokens_per_step,
            timesteps: Timesteps::MixExp { a: 4.0 },
            target: Target::Couple,
            omega: 1.0,
            text_dropout: settings.text_dropout,
            seed: settings.seed,
            budget: settings.budget(self.shares().straighten),
        };
        let couples = Couplings::open_all(&[self.at(COUPLES[0]), self.at(COUPLES[1])])?;
        reflow::train(&training, &couples, &self.at(STRAIGHT), self.device)
    }

    /// The base's network for one step learns where the new flow ends.
    fn distil(&mut self, data: &FlowData) -> Result<()> {
        let settings = self.settings;
        (self.note)("Last: learning to do it in one step");
        let keep = |name: &str, weights: &HashMap<String, Tensor>| -> Result<PathBuf> {
            let folder = self.at(name);
            std::fs::create_dir_all(&folder)?;
            checkpoint::write_averaged(&folder.join(CHECKPOINT_FILE), weights)?;
            Ok(folder)
        };
        let one_step = part(self.base, ONE_STEP)?;
        let base = keep(ONE_STEP_BASE, &one_step)?;
        let start = if is_first_flow(self.base) {
            let learnt = checkpoint::averaged_weights(&self.at(LEARNT).join(CHECKPOINT_FILE))?;
            keep(ONE_STEP_START, &task_vector::add(&one_step, &part(self.base, FLOW)?, &learnt)?)?
        } else {
            base.clone()
        };
        let omega = (f64::from(GUIDANCE) / f64::from(self.base.config.learnt_guidance.one_step)).max(1.0);
        let (teacher, steps, guidance) = if is_first_flow(self.base) {
            (LEARNT, STEPS, guidance(self.base))
        } else {
            (STRAIGHT, STRAIGHT_STEPS, 1.0)
        };
        self.make(2, &settings.couples(settings.couples, steps, guidance), &self.at(teacher), data)?;
        let everyday = settings.couples(self.replayed(), 1, omega);
        self.make(3, &everyday, &base, &replay::data(self.base, data)?)?;
        let training = DistilTraining {
            flow: self.base.config.flow.clone(),
            init: start,
            optim: settings.optim,
            tokens_per_step: settings.tokens_per_step,
            on_the_way: if self.base.config.few_steps > 1 { ON_THE_WAY } else { 0.0 },
            seed: settings.seed,
            budget: settings.budget(self.shares().distil),
        };
        let couples = Couplings::open_all(&[self.at(COUPLES[2]), self.at(COUPLES[3])])?;
        distil::train(&training, &couples, &self.at(DISTILLED), self.device)
    }

    fn replayed(&self) -> usize {
        (self.settings.couples as f64 * REPLAYED).ceil() as usize
    }

    fn shares(&self) -> &'static Shares {
        if is_first_flow(self.base) { &FIRST_FLOW } else { &STRAIGHTENED }
    }

    /// Makes couples of the kind `which` of [`COUPLES`] for as long as they may take.
    fn make(&mut self, which: usize, settings: &Settings, teacher: &Path, data: &FlowData) -> Result<()> {
        let teacher = Teacher {
            run: teacher.to_owned(),
            flow: self.base.config.flow.clone(),
            device: self.device.clone(),
        };
        let (folder, seconds) =
            (self.at(COUPLES[which]), self.settings.budget(self.shares().couples[which]).seconds);
        couplings::make(settings, &teacher, data, &folder, seconds, self.note).map(drop)
    }
}

/// The weights of a base whose names begin with `prefix`, without it.
fn part(base: &Base, prefix: &str) -> Result<HashMap<String, Tensor>> {
    let own = |(name, tensor): (String, Tensor)| Some((name.strip_prefix(prefix)?.to_owned(), tensor));
    Ok(weights::unpack(&base.files.weights)?.into_iter().filter_map(own).collect())
}

/// Guidance that sounds of the library are made with.
fn guidance(base: &Base) -> f64 {
    f64::from(GUIDANCE.max(base.config.learnt_guidance.one_step))
}

/// Whether the base's flow for several steps is one that has learnt no guidance from couples.
fn is_first_flow(base: &Base) -> bool {
    base.config.learnt_guidance.flow <= 1.0
}

/// The weights of a base's network for one step, if it has one.
fn one_step(base: &Base) -> Result<Option<HashMap<String, Tensor>>> {
    Ok(Some(part(base, ONE_STEP)?).filter(|weights| !weights.is_empty()))
}

/// Notes the method in a new run and compares it in one that goes on.
fn keep_method(method: Method, run: &Path) -> Result<()> {
    if let Method::Lora(lora) = method {
        lora.validate()?;
    }
    let path = run.join(METHOD_FILE);
    let Ok(there) = std::fs::read(&path) else {
        let json = serde_json::to_string(&method).map_err(|e| Error::from(std::io::Error::from(e)))?;
        return Ok(std::fs::write(&path, json + "\n")?);
    };
    match serde_json::from_slice::<Method>(&there) {
        // A checkpoint in the run itself is of a version that had one stage.
        Ok(before) if before == method && !run.join(CHECKPOINT_FILE).exists() => Ok(()),
        _ => {
            let text = format!("The run in {} began with another method; name another --run", run.display());
            Err(Error::new(ErrorKind::InvalidRequest, text))
        }
    }
}
