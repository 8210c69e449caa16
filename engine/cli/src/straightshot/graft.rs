//! `straightshot graft`: a model whose codec has got parts that runs have trained for it. Its latents stay what they are, so
//! that its flows go on working.

use anyhow::{Context, Result, ensure};
use candle_core::Tensor;
use clap::Args;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use straightshot_engine::config::{LevelsConfig, ModelConfig, PartialsConfig};
use straightshot_engine::model::{
    CONFIG_FILE, ModelFiles, TEXT_FILE, TOKENIZER_FILE, WEIGHTS_FILE, WORDS_FILE,
};
use straightshot_engine::weights;
use straightshot_training::checkpoint;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Model folder to start from; the built-in model without it. What it holds stays as it is.
    #[arg(long)]
    model: Option<PathBuf>,
    /// Run folder of `train codec --decoder-only --init` of that model: its decoder, without levels.
    #[arg(long, required_unless_present = "levels")]
    decoder: Option<PathBuf>,
    /// Run folder of `train codec --levels --init` of that model, or of what it is with the decoder given here. A model that
    /// had none finds tones among what its decoder says from then on, and its events happen when the text says.
    #[arg(long)]
    levels: Option<PathBuf>,
    /// Name shown to users.
    #[arg(long)]
    name: String,
    /// Model folder to write.
    #[arg(long)]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let files = match &arguments.model {
        Some(folder) => ModelFiles::from_dir(folder)?,
        None => ModelFiles::builtin(),
    };
    let mut config = ModelConfig::from_json(&files.config)?;
    let mut tensors = weights::unpack(&files.weights)?;
    config.name.clone_from(&arguments.name);
    if let Some(run) = &arguments.decoder {
        replace(&mut tensors, decoder(run)?)?;
    }
    if let Some(run) = &arguments.levels {
        let head = checkpoint::weights_in(run, "codec.")?;
        ensure!(head.keys().all(|name| is_of_levels(name)), "{} is no run of levels", run.display());
        if config.codec.levels.is_none() {
            config.codec.partials = Some(PartialsConfig::standard());
            config.plans_timing = true;
        }
        config.codec.levels = Some(LevelsConfig {
            hidden: width(&head)?,
            ..LevelsConfig::standard(config.codec.sample_rate_hz)
        });
        tensors.extend(head.into_iter().map(|(name, tensor)| (format!("codec.{name}"), tensor)));
    }
    config.validate()?;
    std::fs::create_dir_all(&arguments.out)?;
    let out = |name: &str| arguments.out.join(name);
    weights::pack(&tensors, &out(WEIGHTS_FILE))?;
    std::fs::write(out(CONFIG_FILE), serde_json::to_string_pretty(&config)? + "\n")?;
    std::fs::write(out(TOKENIZER_FILE), &files.tokenizer)?;
    if let Some(text) = &files.text {
        std::fs::write(out(TEXT_FILE), text)?;
    }
    let words = arguments.model.as_ref().map(|folder| folder.join(WORDS_FILE)).filter(|path| path.exists());
    if let Some(words) = words {
        std::fs::copy(&words, out(WORDS_FILE)).with_context(|| words.display().to_string())?;
    }
    Ok(())
}

/// The decoder of a run without its levels.
fn decoder(run: &Path) -> Result<HashMap<String, Tensor>> {
    let mut codec = checkpoint::weights_in(run, "codec.")?;
    codec.retain(|name, _| name.starts_with("decoder.") && !is_of_levels(name));
    ensure!(!codec.is_empty(), "{} is no run of a codec", run.display());
    Ok(codec)
}

/// Width of the hidden layers of a head.
fn width(head: &HashMap<String, Tensor>) -> Result<usize> {
    let bias = head.get("decoder.levels.hidden.bias").context("a tensor of the head is missing")?;
    Ok(bias.dim(0)?)
}

fn is_of_levels(name: &str) -> bool {
    name.starts_with("decoder.levels.")
}

/// Puts tensors of a codec in the place of those of the same names and shapes.
fn replace(tensors: &mut HashMap<String, Tensor>, parts: HashMap<String, Tensor>) -> Result<()> {
    for (name, part) in parts {
        let name = format!("codec.{name}");
        let fits = tensors.get(&name).is_some_and(|old| old.dims() == part.dims());
        ensure!(fits, "The run does not fit the model: {name} is not there in that shape");
        tensors.insert(name, part);
    }
    Ok(())
}
