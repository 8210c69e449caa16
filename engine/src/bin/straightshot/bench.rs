//! `straightshot bench`: where the time of a warm generation goes.

use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use std::time::Instant;
use straightshot_engine::device;
use straightshot_engine::model::ModelFiles;
use straightshot_engine::pipeline::{CancelToken, Generation, GenerationRequest, Generator};

const PROMPT: &str = "glass bottle smashing on a stone floor";
/// Length in seconds, steps.
const CASES: [(f64, u32); 6] = [(2.0, 1), (2.0, 4), (2.0, 24), (10.0, 1), (10.0, 4), (30.0, 1)];

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Model folder; the built-in model without it.
    #[arg(long)]
    model: Option<PathBuf>,
    /// Measured runs per case, after one that is thrown away.
    #[arg(long, default_value_t = 7)]
    runs: usize,
    /// Worker threads; what the plugin would use without it.
    #[arg(long)]
    threads: Option<usize>,
    /// Guidance scale (1 evaluates the network on half the batch).
    #[arg(long, default_value_t = 3.0)]
    guidance: f32,
    /// File to write the table to, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Case {
    case: String,
    total_ms: f64,
    stages: Stages,
    rtf: f64,
    threads: usize,
}

#[derive(Debug, Serialize)]
struct Stages {
    text_ms: f64,
    flow_ms: f64,
    decode_ms: f64,
}

#[expect(clippy::print_stdout, reason = "the result of a command line tool")]
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let threads = arguments.threads.unwrap_or_else(device::worker_threads);
    let files = match &arguments.model {
        Some(folder) => ModelFiles::from_dir(folder)?,
        None => ModelFiles::builtin(),
    };
    let start = Instant::now();
    let generator = Generator::with_threads(&files, threads)?;
    println!("load {:.0} ms, {threads} worker threads", start.elapsed().as_secs_f64() * 1e3);
    println!("{:<14} {:>8} {:>8} {:>8} {:>8} {:>8}", "case", "text", "flow", "decode", "total", "RTF");
    let mut cases = Vec::new();
    for (seconds, steps) in CASES {
        let case = measure(&generator, arguments, seconds, steps, threads)?;
        let s = &case.stages;
        println!(
            "{:<14} {:>8.1} {:>8.1} {:>8.1} {:>8.1} {:>8.4}",
            case.case, s.text_ms, s.flow_ms, s.decode_ms, case.total_ms, case.rtf
        );
        cases.push(case);
    }
    println!("milliseconds, medians of {} warm runs", arguments.runs);
    if let Some(path) = &arguments.json {
        let text = serde_json::to_string_pretty(&serde_json::json!({ "cases": cases }))?;
        std::fs::write(path, text).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn measure(
    generator: &Generator,
    arguments: &Arguments,
    seconds: f64,
    steps: u32,
    threads: usize,
) -> Result<Case> {
    let mut runs = Vec::new();
    for i in 0..=arguments.runs.max(1) {
        let request = GenerationRequest {
            // A prompt of its own: the features of the last prompts are kept, and reading them again costs nothing.
            prompt: format!("{PROMPT} {}", 1000 * steps as usize + 10 * seconds as usize + i),
            steps,
            seconds,
            guidance_scale: arguments.guidance,
            ..GenerationRequest::default()
        };
        let made = generator.generate(&request, &mut |_| (), &CancelToken::default())?;
        if i > 0 {
            runs.push(made);
        }
    }
    let median = |of: &dyn Fn(&Generation) -> f64| {
        let mut values: Vec<f64> = runs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let ms = |d: std::time::Duration| d.as_secs_f64() * 1e3;
    let total_ms = median(&|g| ms(g.timings.total()));
    Ok(Case {
        case: format!("{seconds}s/{steps}step"),
        total_ms,
        stages: Stages {
            text_ms: median(&|g| ms(g.timings.text)),
            flow_ms: median(&|g| ms(g.timings.flow)),
            decode_ms: median(&|g| ms(g.timings.decode)),
        },
        rtf: total_ms / 1e3 / seconds,
        threads,
    })
}
