//! `straightshot reconstruct`: a sound through the codec and back, to hear and measure what the codec loses.

use crate::pack;
use anyhow::{Context, Result};
use candle_core::Device;
use clap::Args;
use std::path::PathBuf;
use straightshot_engine::codec::Codec;
use straightshot_engine::config::ModelConfig;
use straightshot_engine::model::{ModelFiles, part};
use straightshot_engine::weights;
use straightshot_protocol::Audio;
use straightshot_sound::{files, resample_channel};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Model folder; the built-in model without it.
    #[arg(long)]
    model: Option<PathBuf>,
    /// Run folder of a codec that is not packed yet, instead of a model.
    #[arg(long, conflicts_with = "model")]
    codec: Option<PathBuf>,
    /// Seed of the decoder's noise.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Sound file to read.
    input: PathBuf,
    /// WAV file to write.
    output: PathBuf,
}

#[expect(clippy::print_stdout, reason = "the result of a command line tool")]
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let codec = match (&arguments.codec, &arguments.model) {
        (Some(run), _) => pack::load_codec(run)?,
        (None, Some(folder)) => packed_codec(&ModelFiles::from_dir(folder)?)?,
        (None, None) => packed_codec(&ModelFiles::builtin())?,
    };
    let rate = codec.config().sample_rate_hz;
    let sound = files::read_mono(&arguments.input)?;
    let samples = resample_channel(sound.left(), sound.sample_rate_hz(), rate)?;
    let latent = codec.encode(&samples, &Device::Cpu)?;
    let mut out = codec.render(&codec.decode(&latent)?, arguments.seed)?;
    out.truncate(samples.len());
    println!("RMS level: {:.1} dBFS in, {:.1} dBFS out", level_db(&samples), level_db(&out));
    Ok(files::write(&arguments.output, &Audio::mono(rate, out))?)
}

/// The codec of a model with its encoder, which generation does not load.
pub(crate) fn packed_codec(files: &ModelFiles) -> Result<Codec> {
    let config = ModelConfig::from_json(&files.config)?;
    let tensors = part(&mut weights::unpack(&files.weights)?, "codec.", &Device::Cpu)?;
    Codec::new(&config.codec, true, &tensors).context("the codec does not fit the model's config.json")
}

fn level_db(samples: &[f32]) -> f64 {
    let power = samples.iter().map(|x| f64::from(x * x)).sum::<f64>() / samples.len().max(1) as f64;
    10.0 * power.log10()
}
