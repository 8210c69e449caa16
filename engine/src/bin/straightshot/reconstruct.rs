//! `straightshot reconstruct`: a sound through the codec and back, to hear what the codec loses.

use crate::pack;
use anyhow::Result;
use candle_core::Device;
use clap::Args;
use std::path::PathBuf;
use straightshot_engine::audio::{resample::resample, wav};
use straightshot_engine::pipeline::Audio;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Run folder of a finished codec.
    #[arg(long)]
    codec: PathBuf,
    /// Seed of the decoder's noise.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Sound file to read.
    input: PathBuf,
    /// WAV file to write.
    output: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let codec = pack::load_codec(&arguments.codec)?;
    let rate = codec.config().sample_rate_hz;
    let sound = wav::read_mono(&arguments.input)?;
    let samples = resample(&sound.samples, sound.sample_rate_hz, rate)?;
    let latent = codec.encode(&samples, &Device::Cpu)?;
    let spectrum = codec.decode(&latent)?.log_amplitudes.flatten_all()?.to_vec1::<f32>()?;
    let mut out = codec.synthesize(&spectrum, arguments.seed)?;
    out.truncate(samples.len());
    Ok(wav::write(&arguments.output, &Audio { samples: out, sample_rate_hz: rate })?)
}
