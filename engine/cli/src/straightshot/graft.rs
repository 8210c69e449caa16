//! `straightshot graft`: a model that has got parts which runs have trained for it. What its latents had before stays what
//! it is, so that its flows go on working; channels that are new to them they have yet to learn.

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};
use clap::Args;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use straightshot_engine::config::{LevelsConfig, ModelConfig, PartialsConfig};
use straightshot_engine::model::{
    CONFIG_FILE, FLOW, ModelFiles, ONE_STEP, TEXT_FILE, TOKENIZER_FILE, WEIGHTS_FILE, WORDS_FILE,
};
use straightshot_engine::weights;
use straightshot_training::checkpoint;
use straightshot_training::levels::CODE_FILE;
use straightshot_training::task_vector;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Model folder to start from; the built-in model without it. What it holds stays as it is.
    #[arg(long)]
    model: Option<PathBuf>,
    /// Run folder of `train codec --decoder-only --init` of that model: its decoder, without levels.
    #[arg(long, required_unless_present_any = ["levels", "flow"])]
    decoder: Option<PathBuf>,
    /// Run folder of `train codec --levels --init` of that model, or of what it is with the decoder given here. A model that
    /// had none finds tones among what its decoder says from then on, and its events happen when the text says.
    #[arg(long)]
    levels: Option<PathBuf>,
    /// Run folder of `train flow --init` of that model. Its network for few steps, if it has one, moves by what the flow has
    /// learnt: a beginning for its distillation.
    #[arg(long)]
    flow: Option<PathBuf>,
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
        replace(&mut tensors, CODEC, decoder(run)?)?;
    }
    if let Some(run) = &arguments.levels {
        let head = checkpoint::weights_in(run, CODEC)?;
        ensure!(head.keys().all(|name| is_of_levels(name)), "{} is no run of levels", run.display());
        if config.codec.levels.is_none() {
            config.codec.partials = Some(PartialsConfig::standard());
            config.plans_timing = true;
        }
        let code = code(run)?;
        let before = config.codec.level_channels();
        config.codec.levels = Some(LevelsConfig {
            hidden: width(&head)?,
            in_latent: code.get(LOG_VAR).map_or(Ok(0), |log_var| log_var.dims1())?,
            ..LevelsConfig::standard(config.codec.sample_rate_hz)
        });
        tensors.retain(|name, _| !name.starts_with("codec.encoder.levels."));
        let parts = head.into_iter().chain(code);
        tensors.extend(parts.map(|(name, tensor)| (format!("{CODEC}{name}"), tensor)));
        let channels = config.codec.level_channels();
        ensure!(
            channels >= before,
            "The model's latents say what levels are, and the run draws them: train it with --in-latent {before}"
        );
        widen(&mut tensors, channels - before)?;
    }
    if let Some(run) = &arguments.flow {
        let learnt = checkpoint::weights_in(run, FLOW)?;
        move_flows(&mut tensors, learnt)
            .with_context(|| format!("{} is no run of the model's flow", run.display()))?;
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

/// Where the codec's weights are in a model.
const CODEC: &str = "codec.";
const LOG_VAR: &str = "encoder.levels.log_var";

/// What reads the channels of levels in a latent, if the run has such.
fn code(run: &Path) -> Result<HashMap<String, Tensor>> {
    let path = run.join(CODE_FILE);
    if !path.exists() {
        return Ok(HashMap::new());
    }
    candle_core::safetensors::load(&path, &Device::Cpu).with_context(|| path.display().to_string())
}

/// Gives the latent so many channels more, behind the others: of zero mean and unit variance, as they are made, and flows that
/// neither look at them nor move them.
fn widen(tensors: &mut HashMap<String, Tensor>, channels: usize) -> Result<()> {
    let mut grow = |name: &str, dim: usize, value: f64| -> Result<()> {
        let Some(old) = tensors.get(name) else { return Ok(()) };
        let mut shape = old.dims().to_vec();
        shape[dim] = channels;
        let more = (Tensor::ones(shape, old.dtype(), old.device())? * value)?;
        let grown = Tensor::cat(&[old, &more], dim)?;
        tensors.insert(name.to_owned(), grown);
        Ok(())
    };
    grow("codec.latent_mean", 0, 0.0)?;
    grow("codec.latent_std", 0, 1.0)?;
    for flow in [FLOW, ONE_STEP] {
        grow(&format!("{flow}input.weight"), 0, 0.0)?;
        grow(&format!("{flow}output.weight"), 1, 0.0)?;
        grow(&format!("{flow}output.bias"), 0, 0.0)?;
    }
    Ok(())
}

/// Puts what the flow has become in its place, and adds to the network for few steps what it has learnt.
fn move_flows(tensors: &mut HashMap<String, Tensor>, learnt: HashMap<String, Tensor>) -> Result<()> {
    let part = |prefix: &str| -> HashMap<String, Tensor> {
        let own = |(name, tensor): (&String, &Tensor)| {
            Some((name.strip_prefix(prefix)?.to_owned(), tensor.clone()))
        };
        tensors.iter().filter_map(own).collect()
    };
    let moved = task_vector::add(&part(ONE_STEP), &part(FLOW), &learnt)?;
    replace(tensors, ONE_STEP, moved)?;
    replace(tensors, FLOW, learnt)
}

/// The decoder of a run without its levels.
fn decoder(run: &Path) -> Result<HashMap<String, Tensor>> {
    let mut codec = checkpoint::weights_in(run, CODEC)?;
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

/// Puts tensors in the place of those of the same names, behind `prefix`, and shapes.
fn replace(
    tensors: &mut HashMap<String, Tensor>,
    prefix: &str,
    parts: HashMap<String, Tensor>,
) -> Result<()> {
    for (name, part) in parts {
        let name = format!("{prefix}{name}");
        let fits = tensors.get(&name).is_some_and(|old| old.dims() == part.dims());
        ensure!(fits, "The run does not fit the model: {name} is not there in that shape");
        tensors.insert(name, part);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::DType;

    #[test]
    fn what_the_flow_has_learnt_is_added_to_the_network_for_few_steps() -> Result<()> {
        let weights = |values: [f32; 2]| Tensor::new(&values, &Device::Cpu);
        let mut tensors = HashMap::from([
            ("flow.output.bias".to_owned(), weights([1.0, 2.0])?),
            (format!("{ONE_STEP}output.bias"), weights([10.0, 20.0])?),
        ]);
        let run = HashMap::from([("output.bias".to_owned(), weights([1.5, 0.0])?)]);
        move_flows(&mut tensors, run)?;
        assert_eq!(tensors["flow.output.bias"].to_vec1::<f32>()?, [1.5, 0.0]);
        assert_eq!(tensors[&format!("{ONE_STEP}output.bias")].to_vec1::<f32>()?, [10.5, 18.0]);
        // A model without such a network takes the flow alone; a run of another network is refused.
        tensors.remove(&format!("{ONE_STEP}output.bias"));
        move_flows(&mut tensors, HashMap::from([("output.bias".to_owned(), weights([3.0, 4.0])?)]))?;
        assert_eq!(tensors["flow.output.bias"].to_vec1::<f32>()?, [3.0, 4.0]);
        assert_eq!(tensors.len(), 1);
        let other = HashMap::from([("input.bias".to_owned(), weights([0.0, 0.0])?)]);
        assert!(move_flows(&mut tensors, other).is_err());
        Ok(())
    }

    #[test]
    fn a_wider_latent_leaves_flows_what_they_are() -> Result<()> {
        let ones = |shape: &[usize]| Tensor::ones(shape, DType::F32, &Device::Cpu);
        let mut tensors = HashMap::from([
            ("codec.latent_mean".to_owned(), ones(&[3])?),
            ("codec.latent_std".to_owned(), ones(&[3])?),
            ("flow.input.weight".to_owned(), ones(&[3, 4])?),
            ("flow.output.weight".to_owned(), ones(&[4, 3])?),
            ("flow.output.bias".to_owned(), ones(&[3])?),
        ]);
        widen(&mut tensors, 2)?;
        let values = |name: &str| tensors[name].to_vec1::<f32>();
        assert_eq!(values("codec.latent_mean")?, [1.0, 1.0, 1.0, 0.0, 0.0]);
        assert_eq!(values("codec.latent_std")?, [1.0; 5]);
        assert_eq!(values("flow.output.bias")?, [1.0, 1.0, 1.0, 0.0, 0.0]);
        // What stands in the new channels is not looked at, and does not move.
        let x = Tensor::new(&[[1f32, 1.0, 1.0, 7.0, -7.0]], &Device::Cpu)?;
        let hidden = x.matmul(&tensors["flow.input.weight"])?;
        assert_eq!(hidden.to_vec2::<f32>()?, [[3.0; 4]]);
        let out = hidden.matmul(&tensors["flow.output.weight"])?;
        assert_eq!(out.to_vec2::<f32>()?, [[12.0, 12.0, 12.0, 0.0, 0.0]]);
        Ok(())
    }
}
