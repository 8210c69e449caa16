//! `straightshot train pairing-report`: what immiscible noise gains, by batch size and dimension.

use super::{Arguments, clips};
use crate::pack;
use anyhow::{Result, ensure};
use candle_core::{Device, Tensor};
use clap::Args;
use std::path::{Path, PathBuf};
use std::time::Instant;
use straightshot_engine::rng::{Noise, Stream};
use straightshot_training::data::Split;
use straightshot_training::pairing::{NEARLY, Pairing, distance_reduction};
use straightshot_training::{assignment, auction};

/// Length of the vectors that solvers are compared on: ten tokens.
const COMPARED: usize = 1280;

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
    /// Compare the exact and the approximate solver instead, over so many examples.
    #[arg(long, value_delimiter = ',')]
    solvers: Vec<usize>,
    /// Noises to choose from in the last column.
    #[arg(long, default_value_t = 8)]
    nearest: usize,
}

pub(super) fn run(arguments: &Arguments, report: &Report) -> Result<()> {
    let mut random = Noise::new(arguments.seed, Stream::Training);
    if !report.solvers.is_empty() {
        return report.solvers.iter().try_for_each(|&n| compare(n, &mut random));
    }
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
        let mut gains = String::new();
        for &over in &report.batches {
            let gain = distance_reduction(&data, Pairing::Assignment { over }, &mut random)?;
            gains += &format!("{:>8.2}", 100.0 * gain);
        }
        let gain = distance_reduction(&data, Pairing::Nearest { of: report.nearest }, &mut random)?;
        println!("{name:>24} |{gains} | {:>12.2} | {:.1}", 100.0 * gain, timer.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Times of both solvers on products of normal vectors, and how much of the exact gain the approximate one misses.
fn compare(n: usize, random: &mut Noise) -> Result<()> {
    let mut rows = || Tensor::from_vec(random.normals(n * COMPARED), (n, COMPARED), &Device::Cpu);
    let products = rows()?.matmul(&rows()?.t()?)?.flatten_all()?.to_vec1::<f32>()?;
    let cost: Vec<f64> = products.into_iter().map(|p| -f64::from(p)).collect();
    let total = |columns: &[usize]| columns.iter().enumerate().map(|(i, &j)| cost[i * n + j]).sum::<f64>();
    let timer = Instant::now();
    let nearly = auction::assign(&cost, n, NEARLY)?;
    let (quick, timer) = (timer.elapsed(), Instant::now());
    let exact = assignment::assign(&cost, n)?;
    let slow = timer.elapsed();
    // Products of independent vectors have mean zero: the whole total is gain.
    let gain = -total(&exact.columns);
    println!(
        "{n} examples: exact {:.3} s, nearly {:.3} s ({:.1} times as fast), {:.3} % of the gain missed, at most {:.3} % by its prices",
        slow.as_secs_f64(),
        quick.as_secs_f64(),
        slow.as_secs_f64() / quick.as_secs_f64(),
        100.0 * (total(&nearly.columns) + gain) / gain,
        100.0 * nearly.gap / gain
    );
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
