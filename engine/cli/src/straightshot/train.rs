//! `straightshot train`: one stage per call, each in its own run folder.

mod couplings;
mod flow;
mod library;
mod pairing_report;
mod student;

pub(crate) use library::writable;

use crate::pack::codec_tensors;
use crate::plot;
use anyhow::{Context, Result};
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use clap::{Args, Subcommand, ValueEnum};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use straightshot_engine::codec::Codec;
use straightshot_engine::config::{CodecConfig, LevelsConfig};
use straightshot_engine::device::Placement;
use straightshot_training::checkpoint;
use straightshot_training::codec::{self, CodecTraining};
use straightshot_training::data::{self, Clip, Split};
use straightshot_training::levels::{self, LevelsTraining};
use straightshot_training::optim::OptimConfig;
use straightshot_training::run::Budget;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    stage: StageArguments,
    /// Folder with manifest.csv and the sounds it names; may be given several times.
    #[arg(long, global = true, default_value = "data")]
    data: Vec<PathBuf>,
    /// Licence tiers to use, and sources of other tiers besides, separated by commas: "A,esc50".
    #[arg(long, global = true, default_value = "A")]
    tiers: String,
    /// Stop after so many steps.
    #[arg(long, global = true, default_value_t = 1_000_000)]
    steps: u64,
    /// Stop after so many minutes of training, over all sessions.
    #[arg(long, global = true, default_value_t = 60.0)]
    minutes: f64,
    /// Seed of everything random.
    #[arg(long, global = true, default_value_t = 1)]
    seed: u64,
    /// Peak learning rate.
    #[arg(long, global = true, value_parser = rate)]
    learning_rate: Option<f64>,
    /// Where flows are trained and make couplings; clips are always encoded on the CPU.
    #[arg(long, global = true, value_enum, default_value_t = Processor::Cpu)]
    device: Processor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Processor {
    /// All cores.
    Cpu,
    /// The first GPU; the program must be built for one.
    Gpu,
}

#[derive(Debug, Subcommand)]
enum StageArguments {
    /// The latent codec.
    Codec {
        /// Run folder.
        #[arg(long)]
        run: PathBuf,
        /// Run or model folder to start from; random weights without it.
        #[arg(long)]
        init: Option<PathBuf>,
        /// Segments per step.
        #[arg(long, default_value_t = 16)]
        batch: usize,
        /// Latent tokens per segment.
        #[arg(long, default_value_t = 32)]
        tokens: usize,
        /// Weight of the Kullback-Leibler divergence.
        #[arg(long, default_value_t = 0.2)]
        kl_weight: f64,
        /// Keep the encoder as it is and continue with the decoder.
        #[arg(long)]
        decoder_only: bool,
        /// Keep all of the codec that `--init` names as it is and train the head that draws its levels on short frames.
        #[arg(long, requires = "init", conflicts_with_all = ["decoder_only", "kl_weight"])]
        levels: bool,
        /// Width of that head; it begins as what the codec has, if that is no wider.
        #[arg(long, requires = "levels", default_value_t = LevelsConfig::standard(44_100).hidden)]
        hidden: usize,
        /// Channels of the latent that say what the levels are; they are found first, and those that the codec has stay as they
        /// are. A flow has to learn them: see "graft".
        #[arg(long, requires = "levels", default_value_t = 0)]
        in_latent: usize,
    },
    /// A first flow on the latents of a finished codec.
    Flow(flow::Flow),
    /// 1-RF: continue a flow with immiscible noise.
    Rectify(flow::Rectify),
    /// Couples of noise and data, made by a trained flow.
    Couplings(couplings::Make),
    /// 2-RF: a straighter flow from couplings.
    Reflow(student::Reflow),
    /// A flow for one step from couplings of the 2-RF.
    Distil(student::Distil),
    /// Consistency distillation of a first flow: a baseline, to be packed with `--sampler consistency`.
    Consistency(flow::Consistency),
    /// A model that has learned your own folder of sounds.
    Library(library::Library),
    /// How much nearer to its noise data gets by pairing: a table over batch size and dimension.
    PairingReport(pairing_report::Report),
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    save_when_ended();
    match &arguments.stage {
        StageArguments::Codec {
            run,
            init: Some(init),
            batch,
            tokens,
            levels: true,
            hidden,
            in_latent,
            ..
        } => {
            let codec = CodecConfig::default();
            let settings = LevelsTraining {
                levels: LevelsConfig {
                    hidden: *hidden,
                    in_latent: *in_latent,
                    ..LevelsConfig::standard(codec.sample_rate_hz)
                },
                // A small network: a few thousand steps are all of its training, and an average over a thousand too long.
                optim: OptimConfig { ema_decay: 0.995, ..optim(arguments, 1e-3) },
                batch: *batch,
                tokens: *tokens,
                seed: arguments.seed,
                budget: budget(arguments),
                codec,
            };
            let clips = clips(arguments, settings.codec.sample_rate_hz, Split::Train)?;
            levels::train(&settings, codec_tensors(init)?, &clips, run).context("training of levels")?;
            plot::draw(run)
        }
        StageArguments::Codec { run, init, batch, tokens, kl_weight, decoder_only, .. } => {
            let codec = CodecConfig::default();
            let clips = clips(arguments, codec.sample_rate_hz, Split::Train)?;
            let settings = CodecTraining {
                codec,
                init: init.clone(),
                optim: optim(arguments, 1e-3),
                batch: *batch,
                tokens: *tokens,
                kl_weight: *kl_weight,
                decoder_only: *decoder_only,
                seed: arguments.seed,
                budget: budget(arguments),
            };
            codec::train(&settings, &clips, run, &Device::Cpu).context("codec training")?;
            plot::draw(run)?;
            match init.as_ref().filter(|_| *decoder_only) {
                Some(init) => keep_statistics(init, run),
                None => measure_latents(&settings.codec, &clips, run),
            }
        }
        StageArguments::Flow(stage) => flow::run(arguments, stage),
        StageArguments::Rectify(stage) => flow::rectify(arguments, stage),
        StageArguments::Couplings(stage) => couplings::run(arguments, stage),
        StageArguments::Reflow(stage) => student::reflow(arguments, stage),
        StageArguments::Distil(stage) => student::distil(arguments, stage),
        StageArguments::Consistency(stage) => flow::consistency(arguments, stage),
        StageArguments::Library(stage) => library::run(arguments, stage),
        StageArguments::PairingReport(report) => pairing_report::run(arguments, report),
    }
}

/// Lets a signal that ends the program save first; a second one ends it at once.
fn save_when_ended() {
    let asked = std::sync::atomic::AtomicBool::new(false);
    // Where no handler can be set, signals end the program as ever.
    let _ = ctrlc::set_handler(move || {
        if asked.swap(true, std::sync::atomic::Ordering::Relaxed) {
            std::process::exit(130);
        }
        straightshot_training::run::stop();
    });
}

/// A learning rate with which something can be learnt.
fn rate(text: &str) -> Result<f64, String> {
    let learning_rate = text.parse().map_err(|_| format!("\"{text}\" is not a number"))?;
    let config = OptimConfig { learning_rate, ..OptimConfig::default() };
    config.validate().map(|()| learning_rate).map_err(|e| e.to_string())
}

/// A number from 0 to 1.
fn share(text: &str) -> Result<f64, String> {
    let number = text.parse().map_err(|_| format!("\"{text}\" is not a number"))?;
    if (0.0..=1.0).contains(&number) { Ok(number) } else { Err(format!("{text} is not between 0 and 1")) }
}

fn budget(arguments: &Arguments) -> Budget {
    Budget { steps: arguments.steps, seconds: arguments.minutes * 60.0, ..Budget::default() }
}

fn device(arguments: &Arguments) -> Result<Device> {
    match arguments.device {
        Processor::Cpu => Ok(Device::Cpu),
        Processor::Gpu => Ok(Placement::gpu()?.for_training().device().clone()),
    }
}

fn optim(arguments: &Arguments, learning_rate: f64) -> OptimConfig {
    OptimConfig { learning_rate: arguments.learning_rate.unwrap_or(learning_rate), ..OptimConfig::default() }
}

fn clips(arguments: &Arguments, sample_rate_hz: u32, split: Split) -> Result<Vec<Clip>> {
    let entries = data::read_manifests(&arguments.data, &arguments.tiers, split)?;
    Ok(data::load(&entries, sample_rate_hz)?)
}

const STATISTICS: [&str; 2] = ["latent_mean", "latent_std"];

/// Latents that stay what they were keep their statistics too, whatever sounds the decoder has learnt from: those of `init`
/// are written beside the checkpoint.
fn keep_statistics(init: &Path, run: &Path) -> Result<()> {
    let mut tensors = codec_tensors(init)?;
    tensors.retain(|name, _| STATISTICS.contains(&name.as_str()));
    Ok(candle_core::safetensors::save(&tensors, run.join("latent_statistics.safetensors"))?)
}

/// Writes `latent_statistics.safetensors`, measured with the averaged weights, beside the checkpoint.
fn measure_latents(config: &CodecConfig, clips: &[Clip], run: &Path) -> Result<()> {
    let mut tensors = checkpoint::averaged_weights(&run.join("checkpoint.safetensors"))?;
    tensors.insert("latent_mean".into(), Tensor::zeros(config.latent_channels(), DType::F32, &Device::Cpu)?);
    tensors.insert("latent_std".into(), Tensor::ones(config.latent_channels(), DType::F32, &Device::Cpu)?);
    let vb = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
    let measured = codec::latent_statistics(&Codec::new(config, true, &vb)?, clips, &Device::Cpu)?;
    let named = HashMap::from([(STATISTICS[0], measured.0), (STATISTICS[1], measured.1)]);
    Ok(candle_core::safetensors::save(&named, run.join("latent_statistics.safetensors"))?)
}
