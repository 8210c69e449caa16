//! `straightshot pack`: checkpoints and a text encoder become a model folder.

use anyhow::{Context, Result, ensure};
use candle_core::Device;
use clap::Args;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use straightshot_engine::codec::Codec;
use straightshot_engine::config::{CodecConfig, FORMAT_VERSION, FlowConfig, ModelConfig, TextConfig};
use straightshot_engine::model::{CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE};
use straightshot_engine::train::checkpoint;
use straightshot_engine::weights;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Run folder of the codec stage.
    #[arg(long)]
    codec: PathBuf,
    /// Run folder of the flow stage.
    #[arg(long)]
    flow: PathBuf,
    /// Folder with the text encoder's model.safetensors and tokenizer.json.
    #[arg(long)]
    text: PathBuf,
    /// Name shown to users.
    #[arg(long)]
    name: String,
    /// Model folder to write.
    #[arg(long)]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let config = ModelConfig {
        format: FORMAT_VERSION,
        name: arguments.name.clone(),
        codec: CodecConfig::default(),
        flow: FlowConfig::default(),
        text: TextConfig::default(),
    };
    let mut tensors = HashMap::new();
    let mut add = |prefix: &str, from: HashMap<String, candle_core::Tensor>| {
        tensors.extend(from.into_iter().map(|(name, tensor)| (format!("{prefix}{name}"), tensor)));
    };
    add("text.", text_tensors(&arguments.text)?);
    add("codec.", codec_tensors(&arguments.codec)?);
    add("flow.", checkpoint::averaged_weights(&arguments.flow.join("checkpoint.safetensors"))?);
    std::fs::create_dir_all(&arguments.out)?;
    weights::pack(&tensors, &arguments.out.join(WEIGHTS_FILE))?;
    std::fs::write(arguments.out.join(CONFIG_FILE), serde_json::to_string_pretty(&config)? + "\n")?;
    std::fs::copy(arguments.text.join(TOKENIZER_FILE), arguments.out.join(TOKENIZER_FILE))?;
    Ok(())
}

/// Encoder weights of a BERT-shaped safetensors file; the unused pooler and index buffers are left out.
pub(crate) fn text_tensors(folder: &Path) -> Result<HashMap<String, candle_core::Tensor>> {
    let path = folder.join(WEIGHTS_FILE);
    let tensors =
        candle_core::safetensors::load(&path, &Device::Cpu).with_context(|| path.display().to_string())?;
    let kept = tensors
        .into_iter()
        .filter(|(name, _)| name.starts_with("embeddings.") || name.starts_with("encoder."));
    Ok(kept.filter(|(name, _)| !name.ends_with("position_ids")).collect())
}

/// Averaged weights of a codec run with the latent statistics measured at its end.
fn codec_tensors(run: &Path) -> Result<HashMap<String, candle_core::Tensor>> {
    let mut tensors = checkpoint::averaged_weights(&run.join("checkpoint.safetensors"))?;
    let statistics = run.join("latent_statistics.safetensors");
    ensure!(statistics.exists(), "{} is missing: the codec stage has not ended", statistics.display());
    tensors.extend(candle_core::safetensors::load(statistics, &Device::Cpu)?);
    Ok(tensors)
}

/// The codec of a finished run, encoder included.
pub(crate) fn load_codec(run: &Path) -> Result<Codec> {
    let vb = candle_nn::VarBuilder::from_tensors(codec_tensors(run)?, candle_core::DType::F32, &Device::Cpu);
    Ok(Codec::new(&CodecConfig::default(), true, &vb)?)
}
