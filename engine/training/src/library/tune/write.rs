//! The model that a training makes.

use super::{CHECKPOINT_FILE, DISTILLED, GUIDANCE, LEARN, LEARNT, Method, STRAIGHT, part};
use crate::checkpoint::{self, averaged_weights};
use crate::library::{Base, Report};
use candle_core::Tensor;
use std::collections::HashMap;
use std::path::Path;
use straightshot_engine::config::{LearntGuidance, ModelConfig};
use straightshot_engine::error::{Error, ErrorKind, Result};
use straightshot_engine::model::{CONFIG_FILE, FLOW, ONE_STEP, TEXT_FILE, TOKENIZER_FILE, WEIGHTS_FILE};
use straightshot_engine::weights;

/// Writes the model folder `out` called `name`: the base with the flow of `run`.
///
/// Weights that training left as they were are copied as they are stored. Those it changed are stored in half
/// precision: rounding to 8 bits would undo every change of less than half a step.
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
    let mut changed = HashMap::new();
    let is_first_flow = super::is_first_flow(base);
    let flow = if is_first_flow { LEARNT } else { STRAIGHT };
    for (stage, prefix) in [(flow, FLOW), (DISTILLED, ONE_STEP)] {
        let before = part(base, prefix)?;
        if before.is_empty() {
            continue;
        }
        for (key, tensor) in averaged_weights(&run.join(stage).join(CHECKPOINT_FILE))? {
            if !same(&tensor, before.get(&key))? {
                changed.insert(format!("{prefix}{key}"), tensor);
            }
        }
    }
    let fail = |e: std::io::Error| {
        Error::new(ErrorKind::Io, format!("{} could not be written", out.display())).with_source(e)
    };
    std::fs::create_dir_all(out).map_err(fail)?;
    weights::pack_changes(&base.files.weights, &changed, |_| true, &out.join(WEIGHTS_FILE))?;
    let before = base.config.learnt_guidance;
    // What had learnt more guidance than the couples have keeps it for everyday prompts.
    let flow = if is_first_flow { before.flow } else { before.flow.max(GUIDANCE) };
    let learnt_guidance = LearntGuidance { flow, one_step: before.one_step.max(GUIDANCE) };
    let config = ModelConfig { name: name.to_owned(), learnt_guidance, ..base.config.clone() };
    let json = serde_json::to_string_pretty(&config).map_err(|e| fail(e.into()))?;
    weights::write_whole(&out.join(CONFIG_FILE), (json + "\n").as_bytes()).map_err(fail)?;
    for (file, bytes) in base.files.by_name() {
        if [TEXT_FILE, TOKENIZER_FILE].contains(&file) {
            weights::write_whole(&out.join(file), bytes).map_err(fail)?;
        }
    }
    let steps = checkpoint::state(&run.join(LEARN).join(CHECKPOINT_FILE))?.step;
    let card = card(&config.name, base, method, steps, report);
    weights::write_whole(&out.join("MODEL_CARD.md"), card.as_bytes()).map_err(fail)
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
