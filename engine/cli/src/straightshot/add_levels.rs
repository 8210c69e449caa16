//! `straightshot add-levels`: a model whose sounds are brought to levels on short frames, from one without and a run that
//! trained them. Its tones are found among what the decoder says, and its events happen when the text says.

use anyhow::{Context, Result, ensure};
use clap::Args;
use std::path::PathBuf;
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
    /// Run folder of `train codec --levels --init` of that model.
    #[arg(long)]
    run: PathBuf,
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
    ensure!(config.codec.levels.is_none(), "{} has levels already", config.name);
    config.name.clone_from(&arguments.name);
    config.codec.levels = Some(LevelsConfig::standard(config.codec.sample_rate_hz));
    config.codec.partials = Some(PartialsConfig::standard());
    config.plans_timing = true;
    config.validate()?;
    let head = checkpoint::weights_in(&arguments.run, "codec.")?;
    ensure!(
        head.keys().all(|name| name.starts_with("decoder.levels.")),
        "{} is no run of levels",
        arguments.run.display()
    );
    let mut tensors = weights::unpack(&files.weights)?;
    tensors.extend(head.into_iter().map(|(name, tensor)| (format!("codec.{name}"), tensor)));
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
