//! `straightshot pack`: checkpoints and a text encoder become a model folder.

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};
use clap::Args;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use straightshot_engine::codec::Codec;
use straightshot_engine::config::Sampler;
use straightshot_engine::config::{
    CodecConfig, FORMAT_VERSION, FlowConfig, LearntGuidance, ModelConfig, TextConfig,
};
use straightshot_engine::model::{CONFIG_FILE, FLOW, ONE_STEP, TEXT_FILE, TOKENIZER_FILE, WEIGHTS_FILE};
use straightshot_engine::weights;
use straightshot_training::checkpoint;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Run folder of the codec stage, or a model folder.
    #[arg(long)]
    pub(crate) codec: PathBuf,
    /// Run folder of the flow for several steps, or a model folder.
    #[arg(long)]
    pub(crate) flow: PathBuf,
    /// Run folder of a flow for one step; that for several is used without it.
    #[arg(long)]
    pub(crate) one_step: Option<PathBuf>,
    /// Numbers of steps up to this are made with the flow for one step.
    #[arg(long, default_value_t = 1)]
    pub(crate) few_steps: u32,
    /// Guidance scale that the flow for several steps has learnt from its couplings.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) flow_guidance: f32,
    /// Guidance scale that the flow for one step has learnt from its couplings.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) one_step_guidance: f32,
    /// How the flow for several steps is used: "multistep" for one that is not straight, "consistency" and "ddim" for the
    /// baselines.
    #[arg(long, default_value = "euler", value_parser = sampler)]
    pub(crate) sampler: Sampler,
    /// Folder with the text encoder's model.safetensors and tokenizer.json, or a model folder.
    #[arg(long)]
    pub(crate) text: PathBuf,
    /// Name shown to users.
    #[arg(long)]
    pub(crate) name: String,
    /// Model folder to write.
    #[arg(long)]
    pub(crate) out: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let config = ModelConfig {
        format: FORMAT_VERSION,
        name: arguments.name.clone(),
        codec: codec_config(&arguments.codec)?,
        flow: checkpoint::flow_config_of(&arguments.flow, FlowConfig::default())?,
        text: TextConfig::default(),
        sampler: arguments.sampler,
        learnt_guidance: LearntGuidance {
            flow: arguments.flow_guidance,
            one_step: arguments.one_step_guidance,
        },
        few_steps: arguments.few_steps,
        plans_timing: true,
    };
    config.validate()?;
    std::fs::create_dir_all(&arguments.out)?;
    let text = prefixed("text.", text_tensors(&arguments.text)?);
    weights::pack(&text.collect(), &arguments.out.join(TEXT_FILE))?;
    let flow = |run: &Path| checkpoint::weights_in(run, FLOW);
    let mut tensors: HashMap<String, Tensor> = HashMap::new();
    tensors.extend(prefixed("codec.", codec_tensors(&arguments.codec)?));
    tensors.extend(prefixed(FLOW, flow(&arguments.flow)?));
    if let Some(run) = &arguments.one_step {
        tensors.extend(prefixed(ONE_STEP, flow(run)?));
    }
    weights::pack(&tensors, &arguments.out.join(WEIGHTS_FILE))?;
    std::fs::write(arguments.out.join(CONFIG_FILE), serde_json::to_string_pretty(&config)? + "\n")?;
    std::fs::copy(arguments.text.join(TOKENIZER_FILE), arguments.out.join(TOKENIZER_FILE))?;
    Ok(())
}

/// The name as it stands in config.json.
fn sampler(name: &str) -> std::result::Result<Sampler, String> {
    serde_json::from_value(name.into()).map_err(|e| e.to_string())
}

/// The same tensors with `prefix` before their names.
fn prefixed(prefix: &str, tensors: HashMap<String, Tensor>) -> impl Iterator<Item = (String, Tensor)> {
    tensors.into_iter().map(move |(name, tensor)| (format!("{prefix}{name}"), tensor))
}

/// Text encoders come with a file of that name too, but with other words in it.
fn is_model(folder: &Path) -> bool {
    std::fs::read(folder.join(CONFIG_FILE)).is_ok_and(|bytes| ModelConfig::from_json(&bytes).is_ok())
}

/// Weights of a model's text encoder, or of a BERT-shaped safetensors file without the unused pooler and index buffers.
pub(crate) fn text_tensors(folder: &Path) -> Result<HashMap<String, Tensor>> {
    if is_model(folder) {
        return Ok(checkpoint::weights_in(folder, "text.")?);
    }
    let path = folder.join(WEIGHTS_FILE);
    let tensors =
        candle_core::safetensors::load(&path, &Device::Cpu).with_context(|| path.display().to_string())?;
    let kept = tensors
        .into_iter()
        .filter(|(name, _)| name.starts_with("embeddings.") || name.starts_with("encoder."));
    Ok(kept.filter(|(name, _)| !name.ends_with("position_ids")).collect())
}

/// Sizes of the codec of a model, or those of every run.
fn codec_config(run: &Path) -> Result<CodecConfig> {
    if !is_model(run) {
        return Ok(CodecConfig::default());
    }
    Ok(ModelConfig::from_json(&std::fs::read(run.join(CONFIG_FILE))?)?.codec)
}

/// Averaged weights of a codec run with the latent statistics measured at its end, or those of a model.
pub(crate) fn codec_tensors(run: &Path) -> Result<HashMap<String, Tensor>> {
    if is_model(run) {
        return Ok(checkpoint::weights_in(run, "codec.")?);
    }
    let mut tensors = checkpoint::averaged_weights(&run.join("checkpoint.safetensors"))?;
    let statistics = run.join("latent_statistics.safetensors");
    ensure!(statistics.exists(), "{} is missing: the codec stage has not ended", statistics.display());
    tensors.extend(candle_core::safetensors::load(statistics, &Device::Cpu)?);
    Ok(tensors)
}

/// The codec of a finished run or of a model, encoder included.
pub(crate) fn load_codec(run: &Path) -> Result<Codec> {
    let vb = candle_nn::VarBuilder::from_tensors(codec_tensors(run)?, candle_core::DType::F32, &Device::Cpu);
    Ok(Codec::new(&codec_config(run)?, true, &vb)?)
}
