//! `straightshot bench`: where the time of a warm generation goes, how near the networks are to the machine's limit, and
//! how time and memory grow with the length and the number of clips.

mod bars;
mod case;
mod growth;
mod scale;
mod series;

use anyhow::{Context, Result};
use candle_core::{Device, Tensor};
use case::{Case, Size};
use clap::Args;
use std::path::PathBuf;
use std::time::Instant;
use straightshot_engine::config::ModelConfig;
use straightshot_engine::device::{self, Placement, WorkerPool};
use straightshot_engine::model::ModelFiles;
use straightshot_engine::pipeline::Generator;

/// Length in seconds, steps.
const CASES: [(f64, u32); 6] = [(2.0, 1), (2.0, 4), (2.0, 24), (10.0, 1), (10.0, 4), (30.0, 1)];
/// Rows and columns of the product that the machine's limit is measured with: large enough to be no slower than a
/// larger one, small enough for the caches of a laptop.
const PEAK_SIZE: usize = 768;
/// The same for a GPU.
const GPU_PEAK_SIZE: usize = 4096;
const PEAK_RUNS: usize = 3;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Model folder; the built-in model without it.
    #[arg(long)]
    model: Option<PathBuf>,
    /// Measured runs per case, after one that is thrown away.
    #[arg(long, default_value_t = 7)]
    runs: usize,
    /// Worker threads, separated by commas: a table for each; what the plugin would use without it.
    #[arg(long, value_delimiter = ',')]
    threads: Vec<usize>,
    /// Clips made together, separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "1")]
    variations: Vec<u32>,
    /// Guidance scale (1 evaluates the network on half the batch).
    #[arg(long, default_value_t = 3.0)]
    guidance: f32,
    /// Width of the sounds on two channels; 0 is one channel.
    #[arg(long, default_value_t = 0.0)]
    width: f32,
    /// Only the cases whose name ends in one of these, separated by commas: `2s/1step,10s/1step`.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Instead of the usual cases: one step of 0.25 to 120 s and of 1 to 16 clips of 2 s, each in a process of its own,
    /// with the memory it takes and the exponents by which time grows. Takes the first of `--threads`.
    #[arg(long, conflicts_with_all = ["variations", "only", "width"])]
    scale: bool,
    /// File to write the table to, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// File to draw the table to, as PNG.
    #[arg(long)]
    png: Option<PathBuf>,
    /// What `--scale` starts its processes with.
    #[arg(long, hide = true, value_parser = |text: &str| serde_json::from_str::<Size>(text))]
    alone: Option<Size>,
}

impl Arguments {
    /// The model's name in the table.
    fn name(&self) -> String {
        let folder = self.model.as_ref().and_then(|folder| folder.file_name());
        folder.map_or_else(|| "default".to_owned(), |name| name.to_string_lossy().into_owned())
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let files = match &arguments.model {
        Some(folder) => ModelFiles::from_dir(folder)?,
        None => ModelFiles::builtin(),
    };
    if let Some(size) = arguments.alone {
        return scale::alone(arguments, &files, size);
    }
    if arguments.scale {
        return scale::run(arguments);
    }
    let threads = match arguments.threads.as_slice() {
        [] => vec![Placement::best().worker_threads()],
        some => some.to_vec(),
    };
    let mut cases = Vec::new();
    for threads in threads {
        cases.extend(table(arguments, &files, threads)?);
    }
    println!(
        "milliseconds, medians of {} warm runs; % of the peak of f32 beside each run, which bytes can exceed",
        arguments.runs
    );
    if let Some(path) = &arguments.json {
        let text = serde_json::to_string_pretty(&serde_json::json!({ "cases": cases }))?;
        std::fs::write(path, text).with_context(|| path.display().to_string())?;
    }
    arguments.png.as_ref().map_or(Ok(()), |path| bars::draw(path, &cases))
}

/// All cases with one number of threads.
fn table(arguments: &Arguments, files: &ModelFiles, threads: usize) -> Result<Vec<Case>> {
    let start = Instant::now();
    let generator = Generator::with_threads(files, threads)?;
    let config = ModelConfig::from_json(&files.config)?;
    let load = start.elapsed();
    let mut peak = Peak::new(threads, generator.placement())?;
    let mut cases = Vec::new();
    for &batch in &arguments.variations {
        for (seconds, steps) in CASES {
            let size = Size { seconds, steps, batch };
            if arguments.only.is_empty() || arguments.only.contains(&size.name()) {
                cases.push(case::measure(&generator, &config, arguments, size, &mut peak)?);
            }
        }
    }
    println!("{}", generator.placement());
    let [lowest, highest] = peak.range;
    println!(
        "load {:.0} ms, {threads} worker threads, peaks of a matrix product from {lowest:.0} to {highest:.0} GFLOP/s",
        case::ms(load)
    );
    println!(
        "{:<20} {:>8} {:>8} {:>9} {:>8} {:>9} {:>8} {:>8} {:>11} {:>11}",
        "case", "text", "flow", "one step", "decode", "resample", "total", "RTF", "transformer", "decoder"
    );
    for case in &cases {
        println!("{}", row(case));
    }
    println!();
    Ok(cases)
}

/// A row of the table.
fn row(case: &Case) -> String {
    let s = &case.stages;
    format!(
        "{:<20} {:>8.1} {:>8.1} {:>9.1} {:>8.1} {:>9.1} {:>8.1} {:>8.4} {:>9.0} % {:>9.0} %",
        case.case.clone() + &batch_suffix(case),
        s.text_ms,
        s.flow_ms,
        s.flow_step_ms,
        s.decode_ms,
        s.resample_ms,
        case.total_ms,
        case.rtf,
        100.0 * case.transformer_peak_share,
        100.0 * case.decoder_peak_share
    )
}

/// ` x4` for four clips made together.
fn batch_suffix(case: &Case) -> String {
    if case.batch > 1 { format!(" x{}", case.batch) } else { String::new() }
}

/// What the machine can do: products of square matrices on so many threads, or on a GPU in the type of the flow.
struct Peak {
    pool: WorkerPool,
    placement: Placement,
    factors: [Tensor; 2],
    /// Lowest and highest so far, in 10⁹ operations per second.
    range: [f64; 2],
}

impl Peak {
    fn new(threads: usize, placement: &Placement) -> Result<Self> {
        let n = if placement.is_gpu() { GPU_PEAK_SIZE } else { PEAK_SIZE };
        let matrix = || {
            Tensor::randn(0f32, 1.0, (n, n), &Device::Cpu)?
                .to_device(placement.device())?
                .to_dtype(placement.flow_type())
        };
        let pool = device::worker_pool(threads)?;
        let mut peak = Self {
            pool,
            placement: placement.clone(),
            factors: [matrix()?, matrix()?],
            range: [f64::MAX, 0.0],
        };
        // The first ones pay for what is made once.
        peak.gflops()?;
        peak.range = [f64::MAX, 0.0];
        Ok(peak)
    }

    /// The fastest of some products made now, in 10⁹ operations per second.
    fn gflops(&mut self) -> Result<f64> {
        let [a, b] = &self.factors;
        let operations = 2.0 * (a.dim(0)? as f64).powi(3);
        let best = self.pool.install(|| -> Result<f64> {
            let mut best = f64::MAX;
            for _ in 0..PEAK_RUNS {
                let start = Instant::now();
                std::hint::black_box(a.matmul(b)?);
                self.placement.device().synchronize()?;
                best = best.min(start.elapsed().as_secs_f64());
            }
            Ok(best)
        })?;
        let gflops = operations / best / 1e9;
        self.range = [self.range[0].min(gflops), self.range[1].max(gflops)];
        Ok(gflops)
    }
}
