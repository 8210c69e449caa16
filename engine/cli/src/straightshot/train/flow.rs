//! `straightshot train flow` and `straightshot train rectify`.

use super::{Arguments, budget, clips, device, optim, share};
use crate::{pack, plot};
use anyhow::{Context, Result};
use candle_core::{DType, Device};
use candle_nn::VarBuilder;
use clap::Args;
use std::path::PathBuf;
use straightshot_engine::config::{FlowConfig, TextConfig};
use straightshot_engine::model::TOKENIZER_FILE;
use straightshot_engine::text::TextEncoder;
use straightshot_training::checkpoint;
use straightshot_training::consistency::{self, ConsistencyTraining};
use straightshot_training::couplings::store::fingerprint;
use straightshot_training::data::{self, Split};
use straightshot_training::flow::{self, FlowData, FlowTraining, Objective, TAIL_SHARE};
use straightshot_training::pairing::Pairing;
use straightshot_training::timesteps::Timesteps;
use straightshot_training::walks;

/// Where latents and text features come from.
#[derive(Debug, Args)]
pub(super) struct Source {
    /// Run folder of the codec, or a model folder.
    #[arg(long)]
    codec: PathBuf,
    /// Folder with the text encoder's model.safetensors and tokenizer.json, or a model folder.
    #[arg(long)]
    text: PathBuf,
    /// Folder that keeps the encoded clips and captions for the next stages.
    #[arg(long)]
    encoded: Option<PathBuf>,
    /// Share of short clips that get silence behind them.
    #[arg(long, default_value_t = TAIL_SHARE, value_parser = share)]
    silence: f64,
}

impl Source {
    /// Encodes the training clips, or reads them where they are encoded already.
    pub(super) fn load(&self, arguments: &Arguments) -> Result<FlowData> {
        Ok(self.latents(arguments)?.with_silence_behind(self.silence))
    }

    fn latents(&self, arguments: &Arguments) -> Result<FlowData> {
        let Some(folder) = &self.encoded else { return self.encode(arguments) };
        let entries = data::read_manifests(&arguments.data, &arguments.tiers, Split::Train)?;
        // With the captions, so that better ones are not passed over.
        let clips = entries.iter().map(|e| [&*e.id, &*e.caption, &*e.caption2, &*e.ucs_category].join("|"));
        let clips: Vec<String> = clips.collect();
        let [codec, text] = [pack::codec_tensors(&self.codec)?, pack::text_tensors(&self.text)?]
            .map(|weights| fingerprint(&weights));
        let source =
            format!("codec {}, text {}, seed {}, {}", codec?, text?, arguments.seed, clips.join("\n"));
        if let Some(there) = FlowData::load(folder, &source)? {
            return Ok(there);
        }
        let data = self.encode(arguments)?;
        data.save(folder, &source)?;
        Ok(data)
    }

    fn encode(&self, arguments: &Arguments) -> Result<FlowData> {
        let codec = pack::load_codec(&self.codec)?;
        let rate = codec.config().sample_rate_hz;
        let mut clips = clips(arguments, rate, Split::Train)?;
        let composed = walks::walks(&clips, rate, arguments.seed);
        clips.extend(composed);
        let tokenizer = std::fs::read(self.text.join(TOKENIZER_FILE)).context("reading the tokenizer")?;
        let vb = VarBuilder::from_tensors(pack::text_tensors(&self.text)?, DType::F32, &Device::Cpu);
        let text = TextEncoder::new(&TextConfig::default(), &tokenizer, vb)?;
        Ok(FlowData::new(&codec, &text, &clips, &Device::Cpu)?)
    }
}

/// What both stages take.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// Run folder.
    #[arg(long)]
    run: PathBuf,
    #[command(flatten)]
    source: Source,
    /// Latent tokens per step.
    #[arg(long, default_value_t = 2048)]
    tokens_per_step: usize,
    /// Share of examples without text.
    #[arg(long, default_value_t = 0.12, value_parser = share)]
    text_dropout: f64,
    /// Times: uniform, logit-normal[:MEAN,STD], mix-exp[:A] or bifocal[:ENDS,A].
    #[arg(long, default_value = "logit-normal:0,1")]
    timesteps: Timesteps,
}

#[derive(Debug, Args)]
pub(super) struct Flow {
    #[command(flatten)]
    common: Common,
    /// Predict the noise at levels of diffusion instead of the velocity: the baseline, to be packed with
    /// `--sampler ddim`; wants `--timesteps uniform`.
    #[arg(long)]
    diffusion: bool,
    /// Run folder to start from; random weights without it.
    #[arg(long)]
    init: Option<PathBuf>,
    /// Learn to follow curves of loudness and brightness; the later stages go on with it by themselves.
    #[arg(long)]
    curves: bool,
    /// Noise of an example: none, assignment[:EXAMPLES], nearly[:EXAMPLES] or nearest[:NOISES].
    #[arg(long, default_value = "none")]
    pairing: Pairing,
}

#[derive(Debug, Args)]
pub(super) struct Rectify {
    #[command(flatten)]
    common: Common,
    /// Run folder of the first flow.
    #[arg(long)]
    init: PathBuf,
    /// Noise of an example: none, assignment[:EXAMPLES], nearly[:EXAMPLES] or nearest[:NOISES].
    #[arg(long, default_value = "assignment:256")]
    pairing: Pairing,
}

#[derive(Debug, Args)]
pub(super) struct Consistency {
    /// Run folder.
    #[arg(long)]
    run: PathBuf,
    #[command(flatten)]
    source: Source,
    /// Run or model folder of the first flow.
    #[arg(long)]
    init: PathBuf,
    /// Latent tokens per step.
    #[arg(long, default_value_t = 2048)]
    tokens_per_step: usize,
    /// Times that a trajectory is cut into.
    #[arg(long, default_value_t = 24)]
    levels: usize,
    /// Guidance scale of the first flow, which is learnt.
    #[arg(long, default_value_t = 3.0)]
    omega: f64,
}

pub(super) fn consistency(arguments: &Arguments, stage: &Consistency) -> Result<()> {
    let settings = ConsistencyTraining {
        flow: checkpoint::flow_config_of(&stage.init, FlowConfig::default())?,
        init: stage.init.clone(),
        optim: optim(arguments, 3e-4),
        tokens_per_step: stage.tokens_per_step,
        levels: stage.levels,
        omega: stage.omega,
        seed: arguments.seed,
        budget: budget(arguments),
    };
    let data = stage.source.load(arguments)?;
    consistency::train(&settings, &data, &stage.run, &device(arguments)?)
        .context("consistency distillation")?;
    plot::draw(&stage.run)
}

pub(super) fn run(arguments: &Arguments, stage: &Flow) -> Result<()> {
    let objective = if stage.diffusion { Objective::Noise } else { Objective::Velocity };
    let before = match &stage.init {
        Some(init) => checkpoint::flow_config_of(init, FlowConfig::default())?,
        None => FlowConfig::default(),
    };
    let flow = FlowConfig { curves: stage.curves || before.curves, ..before };
    let start = Start { flow, init: stage.init.clone(), learning_rate: 1e-3 };
    train(arguments, &stage.common, objective, start, stage.pairing).context("flow training")
}

pub(super) fn rectify(arguments: &Arguments, stage: &Rectify) -> Result<()> {
    let flow = checkpoint::flow_config_of(&stage.init, FlowConfig::default())?;
    let start = Start { flow, init: Some(stage.init.clone()), learning_rate: 5e-4 };
    train(arguments, &stage.common, Objective::Velocity, start, stage.pairing).context("rectification")
}

/// Where to start, and the usual learning rate from there.
struct Start {
    flow: FlowConfig,
    init: Option<PathBuf>,
    learning_rate: f64,
}

fn train(
    arguments: &Arguments,
    common: &Common,
    objective: Objective,
    start: Start,
    pairing: Pairing,
) -> Result<()> {
    let settings = FlowTraining {
        flow: start.flow,
        init: start.init,
        objective,
        lora: None,
        optim: optim(arguments, start.learning_rate),
        tokens_per_step: common.tokens_per_step,
        timesteps: common.timesteps,
        pairing,
        text_dropout: common.text_dropout,
        seed: arguments.seed,
        budget: budget(arguments),
    };
    flow::train(&settings, &common.source.load(arguments)?, &common.run, &device(arguments)?)?;
    plot::draw(&common.run)
}
