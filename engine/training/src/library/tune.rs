//! The training on a folder's sounds, and the model it makes.

use super::{Base, Report};
use crate::checkpoint::CHECKPOINT_FILE;
use crate::checkpoint::{self, averaged_weights};
use crate::flow::{self, FlowData, FlowTraining, Objective};
use crate::lora::Lora;
use crate::optim::OptimConfig;
use crate::pairing::Pairing;
use crate::run::Budget;
use crate::timesteps::Timesteps;
use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use straightshot_engine::error::{Error, ErrorKind, Result};
use straightshot_engine::model::{CONFIG_FILE, ONE_STEP, TEXT_FILE, TOKENIZER_FILE, WEIGHTS_FILE};
use straightshot_engine::weights;

/// File in a run with what it must go on with.
const METHOD_FILE: &str = "method.json";
/// Where the flow's weights are in a model.
const FLOW: &str = "flow.";

/// What of the flow is trained.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Low-rank factors: learns what the sounds have in common, forgets little.
    Lora(Lora),
    /// All weights: learns more, and forgets what the folder does not have.
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
    /// What is trained.
    pub method: Method,
    /// Optimiser.
    pub optim: OptimConfig,
    /// Latent tokens per step, padding included.
    pub tokens_per_step: usize,
    /// Distribution of the training time.
    pub timesteps: Timesteps,
    /// Share of examples trained without text.
    pub text_dropout: f64,
    /// Seed of factors, order, crops, times and noise.
    pub seed: u64,
    /// When to stop.
    pub budget: Budget,
}

/// Trains the flow of `base` on `data` until the budget is spent, see [`flow::train`]; continues a run that is there.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] if the run began with another model or method; those of [`flow::train`].
pub fn train(
    settings: &LibraryTraining,
    base: &Base,
    data: &FlowData,
    run: &Path,
    device: &Device,
) -> Result<()> {
    let start = base.keep(run)?;
    keep_method(settings.method, run)?;
    let training = FlowTraining {
        flow: base.config.flow.clone(),
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
        budget: settings.budget,
    };
    flow::train(&training, data, run, device)
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
        Ok(before) if before == method => Ok(()),
        _ => {
            let text = format!("The run in {} began with another method; name another --run", run.display());
            Err(Error::new(ErrorKind::InvalidRequest, text))
        }
    }
}

/// Writes the model folder `out` called `name`: the base with the flow of `run`.
///
/// Weights that training left as they were are copied as they are stored. Those it changed are stored in half
/// precision: rounding to 8 bits would undo every change of less than half a step. A network for one step is left out;
/// the flow that learnt makes single steps too.
///
/// # Errors
/// [`ErrorKind::BadData`] if the run is not of this base and method, [`ErrorKind::Io`] if `out` cannot be written.
pub fn write_model(
    method: Method,
    base: &Base,
    run: &Path,
    name: &str,
    report: &Report,
    out: &Path,
) -> Result<()> {
    let checkpoint = run.join(CHECKPOINT_FILE);
    let trained = averaged_weights(&checkpoint)?;
    let before = flow_weights(base)?;
    let after = match method {
        Method::Lora(lora) => lora.merge(&before, &trained)?,
        Method::Full => trained,
    };
    let mut changed = HashMap::new();
    for (key, tensor) in after {
        if !same(&tensor, before.get(&key))? {
            changed.insert(format!("{FLOW}{key}"), tensor);
        }
    }
    let fail = |e: std::io::Error| {
        Error::new(ErrorKind::Io, format!("{} could not be written", out.display())).with_source(e)
    };
    std::fs::create_dir_all(out).map_err(fail)?;
    // A network for one step would go on without the folder's sounds.
    let keep = |name: &str| !name.starts_with(ONE_STEP);
    weights::pack_changes(&base.files.weights, &changed, keep, &out.join(WEIGHTS_FILE))?;
    let config = straightshot_engine::config::ModelConfig { name: name.to_owned(), ..base.config.clone() };
    let json = serde_json::to_string_pretty(&config).map_err(|e| fail(e.into()))?;
    weights::write_whole(&out.join(CONFIG_FILE), (json + "\n").as_bytes()).map_err(fail)?;
    for (file, bytes) in base.files.by_name() {
        if [TEXT_FILE, TOKENIZER_FILE].contains(&file) {
            weights::write_whole(&out.join(file), bytes).map_err(fail)?;
        }
    }
    let steps = checkpoint::state(&checkpoint)?.step;
    let card = card(&config.name, base, method, steps, report);
    weights::write_whole(&out.join("MODEL_CARD.md"), card.as_bytes()).map_err(fail)
}

fn flow_weights(base: &Base) -> Result<HashMap<String, Tensor>> {
    let own = |(name, tensor): (String, Tensor)| Some((name.strip_prefix(FLOW)?.to_owned(), tensor));
    Ok(weights::unpack(&base.files.weights)?.into_iter().filter_map(own).collect())
}

fn same(a: &Tensor, b: Option<&Tensor>) -> Result<bool> {
    let Some(b) = b else { return Ok(false) };
    let values = |t: &Tensor| -> Result<Vec<f32>> { Ok(t.flatten_all()?.to_vec1()?) };
    Ok(a.dims() == b.dims() && values(a)? == values(b)?)
}

/// The model card: what the model is made of.
fn card(name: &str, base: &Base, method: Method, steps: u64, report: &Report) -> String {
    let sources: Vec<String> =
        report.sources().iter().map(|(source, n)| format!("{n} by {source}")).collect();
    format!(
        "# {name}\n\n\
         A Straightshot model that was trained further on a folder of sounds with `straightshot train library`.\n\n\
         | | |\n|---|---|\n\
         | base | {} |\n\
         | method | {method} |\n\
         | steps | {steps} |\n\
         | files | {} ({:.1} min) |\n\
         | captions | {} |\n\n\
         Codec and text encoder are those of the base. The licences of the base and of the sounds apply to this model \
         together.\n",
        base.config.name,
        report.used_count(),
        report.seconds() / 60.0,
        sources.join(", "),
    )
}
