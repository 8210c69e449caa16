//! `straightshot train pairing-report`: what immiscible noise gains, by batch size and dimension.

use super::{Arguments, clips};
use crate::pack;
use anyhow::{Result, ensure};
use candle_core::Device;
use clap::Args;
use std::path::{Path, PathBuf};
use std::time::Instant;
use straightshot_engine::rng::{Noise, Stream};
use straightshot_engine::train::data::Split;
use straightshot_engine::train::pairing::{Pairing, distance_reduction};

#[derive(Debug, Args)]
pub(super) struct Report {
    /// Run folder of a codec, for pieces of the training clips; normal data without it.
    #[arg(long)]
    codec: Option<PathBuf>,
    /// Batch sizes of the exact assignment.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64, 256, 1024])]
    batches: Vec<usize>,
    /// Dimensions of normal data.
    #[arg(long, value_delimiter = ',', default_values_t = [2, 20, 128, 1280, 5120])]
    dimensions: Vec<usize>,
    /// Lengths of pieces of clips, in tokens.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 5, 20, 40])]
    tokens: Vec<usize>,
    /// Noises to choose from in the last column.
    #[arg(long, default_value_t = 8)]
    nearest: usize,
}

#[expect(clippy::print_stdout, reason = "the result of a command line tool")]
pub(super) fn run(arguments: &Arguments, report: &Report) -> Result<()> {
    let mut random = Noise::new(arguments.seed, Stream::Training);
    let examples = report.batches.iter().copied().max().unwrap_or(1);
    let rows = match &report.codec {
        Some(codec) => pieces(arguments, codec, &report.tokens, examples, &mut random)?,
        None => normal(&report.dimensions, examples, &mut random),
    };
    let sizes: Vec<String> = report.batches.iter().map(|n| format!("{n:>8}")).collect();
    println!("Mean distance of noise and data, percent less than at random, {examples} examples");
    println!("{:>24} |{} | nearest of {} | s", "data \\ assigned over", sizes.concat(), report.nearest);
    for (name, data) in rows {
        let timer = Instant::now();
        print!("{name:>24} |");
        for &over in &report.batches {
            let gain = distance_reduction(&data, Pairing::Assignment { over }, &mut random)?;
            print!("{:>8.2}", 100.0 * gain);
        }
        let gain = distance_reduction(&data, Pairing::Nearest { of: report.nearest }, &mut random)?;
        println!(" | {:>12.2} | {:.1}", 100.0 * gain, timer.elapsed().as_secs_f64());
    }
    Ok(())
}

type Rows = Vec<(String, Vec<Vec<f32>>)>;

fn normal(dimensions: &[usize], examples: usize, random: &mut Noise) -> Rows {
    let row = |&d: &usize| (format!("normal, {d}"), (0..examples).map(|_| random.normals(d)).collect());
    dimensions.iter().map(row).collect()
}

/// Random pieces of random clips.
fn pieces(
    arguments: &Arguments,
    codec: &Path,
    tokens: &[usize],
    examples: usize,
    random: &mut Noise,
) -> Result<Rows> {
    let codec = pack::load_codec(codec)?;
    let channels = codec.config().latent_channels();
    let mut latents = Vec::new();
    for clip in clips(arguments, codec.config().sample_rate_hz, Split::Train)? {
        latents.push(codec.encode(&clip.samples, &Device::Cpu)?.flatten_all()?.to_vec1::<f32>()?);
    }
    let mut rows = Rows::new();
    for &n in tokens {
        let long: Vec<&Vec<f32>> = latents.iter().filter(|l| l.len() >= n * channels).collect();
        ensure!(!long.is_empty(), "no clip has {n} tokens");
        let mut piece = || {
            let latent = long[random.below(long.len())];
            let start = random.below(latent.len() / channels - n + 1);
            latent[start * channels..][..n * channels].to_vec()
        };
        rows.push((format!("{n} tokens, {}", n * channels), (0..examples).map(|_| piece()).collect()));
    }
    Ok(rows)
}
