//! `straightshot bench`: where the time of a warm generation goes, and how near the networks are to the machine's limit.

use anyhow::{Context, Result};
use candle_core::{Device, Tensor};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use straightshot_engine::config::ModelConfig;
use straightshot_engine::device::Placement;
use straightshot_engine::model::ModelFiles;
use straightshot_engine::pipeline::{CancelToken, Generation, GenerationRequest, Generator};
use straightshot_engine::{cost, device};

const PROMPT: &str = "glass bottle smashing on a stone floor";
/// Length in seconds, steps.
const CASES: [(f64, u32); 6] = [(2.0, 1), (2.0, 4), (2.0, 24), (10.0, 1), (10.0, 4), (30.0, 1)];
/// Rows and columns of the product that the machine's limit is measured with: large enough to be no slower than a
/// larger one, small enough for the caches of a laptop.
const PEAK_SIZE: usize = 768;
/// The same for a GPU.
const GPU_PEAK_SIZE: usize = 4096;
const PEAK_RUNS: usize = 12;

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
    /// Only the cases whose name ends in one of these, separated by commas: `2s/1step,10s/1step`.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// File to write the table to, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

impl Arguments {
    /// The model's name in the table.
    fn name(&self) -> String {
        let folder = self.model.as_ref().and_then(|folder| folder.file_name());
        folder.map_or_else(|| "default".to_owned(), |name| name.to_string_lossy().into_owned())
    }
}

#[derive(Debug, Serialize)]
struct Case {
    case: String,
    threads: usize,
    batch: u32,
    total_ms: f64,
    stages: Stages,
    rtf: f64,
    /// Counted operations of the transformer over its time, in 10⁹ per second.
    transformer_gflops: f64,
    decoder_gflops: f64,
    /// The same of a product of square matrices in this run.
    peak_gflops: f64,
    transformer_peak_share: f64,
    decoder_peak_share: f64,
}

#[derive(Debug, Serialize)]
struct Stages {
    text_ms: f64,
    flow_ms: f64,
    /// Network, phases and inverse transform.
    decode_ms: f64,
    /// Of which the network, for one clip.
    decode_network_ms: f64,
}

#[expect(clippy::print_stdout, reason = "the result of a command line tool")]
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let files = match &arguments.model {
        Some(folder) => ModelFiles::from_dir(folder)?,
        None => ModelFiles::builtin(),
    };
    let threads = match arguments.threads.as_slice() {
        [] => vec![device::worker_threads()],
        some => some.to_vec(),
    };
    let mut cases = Vec::new();
    for threads in threads {
        cases.extend(table(arguments, &files, threads)?);
    }
    println!("milliseconds, medians of {} warm runs; % of the measured peak", arguments.runs);
    if let Some(path) = &arguments.json {
        let text = serde_json::to_string_pretty(&serde_json::json!({ "cases": cases }))?;
        std::fs::write(path, text).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// All cases with one number of threads.
#[expect(clippy::print_stdout, reason = "the result of a command line tool")]
fn table(arguments: &Arguments, files: &ModelFiles, threads: usize) -> Result<Vec<Case>> {
    let start = Instant::now();
    let generator = Generator::with_threads(files, threads)?;
    let config = ModelConfig::from_json(&files.config)?;
    let load = start.elapsed();
    // Before and after, because the speed of a shared machine changes; the better one is the limit.
    let before = peak_gflops(threads, generator.placement())?;
    let mut cases = Vec::new();
    for &batch in &arguments.variations {
        for (seconds, steps) in CASES {
            let name = case_name(seconds, steps);
            if arguments.only.is_empty() || arguments.only.contains(&name) {
                cases.push(measure(&generator, &config, arguments, (seconds, steps, batch), threads)?);
            }
        }
    }
    let peak = before.max(peak_gflops(threads, generator.placement())?);
    println!("{}", generator.placement());
    println!(
        "load {:.0} ms, {threads} worker threads, peak of a matrix product {peak:.0} GFLOP/s ({before:.0} before)",
        ms(load)
    );
    println!(
        "{:<20} {:>8} {:>8} {:>8} {:>8} {:>8} {:>11} {:>11}",
        "case", "text", "flow", "decode", "total", "RTF", "transformer", "decoder"
    );
    for case in &mut cases {
        case.peak_gflops = peak;
        case.transformer_peak_share = case.transformer_gflops / peak;
        case.decoder_peak_share = case.decoder_gflops / peak;
        let s = &case.stages;
        println!(
            "{:<20} {:>8.1} {:>8.1} {:>8.1} {:>8.1} {:>8.4} {:>9.0} % {:>9.0} %",
            format!(
                "{}{}",
                case.case,
                if case.batch > 1 { format!(" x{}", case.batch) } else { String::new() }
            ),
            s.text_ms,
            s.flow_ms,
            s.decode_ms,
            case.total_ms,
            case.rtf,
            100.0 * case.transformer_peak_share,
            100.0 * case.decoder_peak_share
        );
    }
    println!();
    Ok(cases)
}

fn case_name(seconds: f64, steps: u32) -> String {
    format!("{seconds}s/{steps}step")
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The fastest of some products of square matrices on so many threads, or on a GPU in the type of the flow, in 10⁹
/// operations per second.
fn peak_gflops(threads: usize, placement: &Placement) -> Result<f64> {
    let n = if placement.is_gpu() { GPU_PEAK_SIZE } else { PEAK_SIZE };
    let operations = 2.0 * (n as f64).powi(3);
    device::worker_pool(threads)?.install(|| {
        let matrix = || {
            Tensor::randn(0f32, 1.0, (n, n), &Device::Cpu)?
                .to_device(placement.device())?
                .to_dtype(placement.flow_type())
        };
        let (a, b) = (matrix()?, matrix()?);
        let mut best = f64::MAX;
        for _ in 0..PEAK_RUNS {
            let start = Instant::now();
            std::hint::black_box(a.matmul(&b)?);
            placement.device().synchronize()?;
            best = best.min(start.elapsed().as_secs_f64());
        }
        Ok(operations / best / 1e9)
    })
}

fn measure(
    generator: &Generator,
    config: &ModelConfig,
    arguments: &Arguments,
    (seconds, steps, batch): (f64, u32, u32),
    threads: usize,
) -> Result<Case> {
    let request = |run: usize| GenerationRequest {
        // A prompt of its own: the features of the last prompts are kept, and reading them again costs nothing.
        prompt: format!("{PROMPT} {}", 1000 * steps as usize + 10 * seconds as usize + run),
        steps,
        seconds,
        guidance_scale: arguments.guidance,
        variations: batch,
        ..GenerationRequest::default()
    };
    let mut runs = Vec::new();
    for i in 0..=arguments.runs.max(1) {
        let made = generator.generate(&request(i), &mut |_| (), &CancelToken::default())?;
        if i > 0 {
            runs.push(made);
        }
    }
    let median = |of: &dyn Fn(&Generation) -> Duration| {
        let mut values: Vec<f64> = runs.iter().map(|run| ms(of(run))).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let total_ms = median(&|g| g.timings.total());
    let stages = Stages {
        text_ms: median(&|g| g.timings.text),
        flow_ms: median(&|g| g.timings.flow),
        decode_ms: median(&|g| g.timings.decode),
        decode_network_ms: {
            let times = (0..arguments.runs.max(1)).map(|_| generator.time_decoder(&request(0)));
            let mut times: Vec<Duration> = times.collect::<std::result::Result<_, _>>()?;
            times.sort_unstable();
            ms(times[times.len() / 2])
        },
    };
    let tokens = generator.tokens(&request(0));
    let words = generator.encode_text(&[PROMPT])?.tokens.dim(1)?;
    let evaluations = f64::from(steps * batch) * if generator.is_guided(&request(0)) { 2.0 } else { 1.0 };
    let velocity = cost::velocity(&config.flow, config.codec.latent_channels(), tokens, words);
    let decode = cost::decode(&config.codec, tokens);
    Ok(Case {
        case: format!("{}/{}", arguments.name(), case_name(seconds, steps)),
        threads,
        batch,
        total_ms,
        rtf: total_ms / 1e3 / seconds / f64::from(batch),
        transformer_gflops: evaluations * velocity / stages.flow_ms / 1e6,
        decoder_gflops: decode / stages.decode_network_ms / 1e6,
        peak_gflops: 0.0,
        transformer_peak_share: 0.0,
        decoder_peak_share: 0.0,
        stages,
    })
}
