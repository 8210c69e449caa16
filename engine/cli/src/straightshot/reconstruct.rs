//! `straightshot reconstruct`: a sound through the codec and back, to hear and measure what the codec loses.

use crate::pack;
use anyhow::{Context, Result};
use candle_core::Device;
use clap::Args;
use std::path::PathBuf;
use straightshot_engine::codec::Codec;
use straightshot_engine::codec::levels::grid::{LevelGrid, PASSES};
use straightshot_engine::config::{LevelsConfig, ModelConfig};
use straightshot_engine::model::{ModelFiles, part};
use straightshot_engine::weights;
use straightshot_protocol::Audio;
use straightshot_sound::{files, resample_channel};

/// Largest sample of what is written, just below what 16 bits can hold.
const FULL_SCALE: f32 = 0.999;

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
    /// Bring the sound to the levels on short frames that the input has, instead of those that the model draws: the best that
    /// levels can do.
    #[arg(long)]
    true_levels: bool,
    /// Sound file to read.
    input: PathBuf,
    /// WAV file to write.
    output: PathBuf,
}

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
    if arguments.true_levels {
        out = with_levels_of(&samples, &out, &codec);
    }
    out.truncate(samples.len());
    let peak = out.iter().fold(0f32, |peak, x| peak.max(x.abs()));
    if peak > FULL_SCALE {
        // Not clipped: what it measures would be the clipping's.
        println!("made quieter by {:.1} dB to fit full scale", 20.0 * (peak / FULL_SCALE).log10());
        out.iter_mut().for_each(|x| *x *= FULL_SCALE / peak);
    }
    println!("RMS level: {:.1} dBFS in, {:.1} dBFS out", level_db(&samples), level_db(&out));
    Ok(files::write(&arguments.output, &Audio::mono(rate, out))?)
}

/// `sound` with the levels on short frames that `original` has.
pub(crate) fn with_levels_of(original: &[f32], sound: &[f32], codec: &Codec) -> Vec<f32> {
    let config = LevelsConfig::standard(codec.config().sample_rate_hz);
    let grid = codec.levels().map_or_else(|| LevelGrid::new(&config), |levels| levels.grid().clone());
    let wanted = grid.measure(original, sound.len() / grid.hop_length());
    let (mut sound, mut out) = (sound.to_vec(), vec![0.0; sound.len()]);
    for _ in 0..PASSES {
        grid.impose(&sound, &wanted, &mut out, || true);
        std::mem::swap(&mut sound, &mut out);
    }
    sound
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
