//! `straightshot-gpu`: the GPU beside the CPU, by what they compute and how long they take.
//!
//! A program of its own because it holds no model: small enough to be sent to a machine that has a GPU and nothing else.
#![expect(clippy::print_stdout, reason = "the result of a command line tool")]

use anyhow::{Context, Result, ensure};
use candle_core::{DType, Tensor};
use candle_nn::VarBuilder;
use clap::Parser;
use serde::Serialize;
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use straightshot_engine::config::{FlowConfig, ModelConfig};
use straightshot_engine::device::Placement;
use straightshot_engine::flow::Transformer;
use straightshot_engine::model::ModelFiles;
use straightshot_engine::model::trial::random_weights;
use straightshot_engine::pipeline::{Generation, Generator, Intermediates};
use straightshot_protocol::{CancelToken, Request};

const PROMPT: &str = "glass bottle smashing on a stone floor";
/// Runs before those that are measured.
const WARM_UP: usize = 2;

/// Compares the GPU with the CPU: largest differences of latent, spectrum and waveform, milliseconds per stage, for a
/// model and for a network of the paper's size with random weights.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Model folder.
    #[arg(long)]
    model: PathBuf,
    /// Length of the sound in seconds.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Solver steps.
    #[arg(long, default_value_t = 1)]
    steps: u32,
    /// Guidance scale; 1 evaluates the network once per step, as a distilled one needs.
    #[arg(long, default_value_t = 1.0)]
    guidance: f32,
    /// Measured runs, after two that are thrown away.
    #[arg(long, default_value_t = 7)]
    runs: usize,
    /// Takes the CPU in f16 for the GPU: checks the lower precision, and this program, where there is no GPU.
    #[arg(long)]
    half_on_cpu: bool,
    /// File to write the rows to, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// One network at one place.
#[derive(Debug, Serialize)]
struct Row {
    network: &'static str,
    device: &'static str,
    flow_type: &'static str,
    /// Whether networks are played as they were recorded.
    recorded: bool,
    load_ms: f64,
    text_ms: f64,
    flow_ms: f64,
    /// Network on the device; phases and inverse transform on the CPU.
    decode_ms: f64,
    /// Of which the network.
    decode_network_ms: f64,
    total_ms: f64,
    rtf: f64,
    /// From what the CPU computes in single precision.
    difference: Option<Difference>,
}

#[derive(Debug, Serialize)]
struct Difference {
    latent: Distance,
    /// Natural logarithms of amplitudes: 0.1 is 0.9 dB.
    spectrum: Distance,
    waveform: Distance,
}

#[derive(Debug, Serialize)]
struct Distance {
    max: f64,
    rms: f64,
    /// Root mean square of what it is a distance from.
    reference_rms: f64,
}

/// What is compared.
struct Heard {
    made: Intermediates,
    samples: Vec<f32>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let files = ModelFiles::from_dir(&arguments.model)?;
    let mut places = vec![Placement::cpu()];
    if arguments.half_on_cpu {
        places.push(Placement::cpu().with_flow_type(DType::F16));
    } else {
        let gpu = Placement::gpu()?;
        places.extend([gpu.clone(), gpu.clone().recorded()]);
        places.extend([DType::BF16, DType::F16].map(|kind| gpu.clone().with_flow_type(kind)));
    }
    let mut rows = model_rows(&arguments, &files, &places, "model", None)?;
    let paper = random_weights(|vb| match transformer(&files, vb) {
        Ok(_) => Ok(()),
        Err(e) => candle_core::bail!("{e:#}"),
    })?;
    rows.extend(model_rows(&arguments, &files, &places, "paper", Some(&paper))?);
    println!(
        "{} s in {} steps, medians of {} runs in milliseconds; differences from the CPU in f32 as largest/rms",
        arguments.seconds, arguments.steps, arguments.runs
    );
    rows.iter().for_each(print);
    if let Some(path) = &arguments.json {
        let text = serde_json::to_string_pretty(&serde_json::json!({
            "seconds": arguments.seconds, "steps": arguments.steps, "guidance": arguments.guidance,
            "runs": arguments.runs, "rows": rows,
        }))?;
        std::fs::write(path, text).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn print(row: &Row) {
    println!(
        "{:<6} {} {:<4} {:<8} text {:>7.1} flow {:>8.1} decode {:>7.1} (network {:>7.1}) RTF {:.5}",
        row.network,
        row.device,
        row.flow_type,
        if row.recorded { "recorded" } else { "" },
        row.text_ms,
        row.flow_ms,
        row.decode_ms,
        row.decode_network_ms,
        row.rtf
    );
    if let Some(Difference { latent, spectrum, waveform }) = &row.difference {
        let said = |d: &Distance| format!("{:.2e}/{:.2e} of {:.2e}", d.max, d.rms, d.reference_rms);
        println!("    latent {}, spectrum {}, waveform {}", said(latent), said(spectrum), said(waveform));
    }
}

/// One row per place; the first is what the others are compared with.
fn model_rows(
    arguments: &Arguments,
    files: &ModelFiles,
    places: &[Placement],
    network: &'static str,
    flow: Option<&HashMap<String, Tensor>>,
) -> Result<Vec<Row>> {
    let mut reference = None;
    let mut rows = Vec::new();
    for place in places {
        let start = Instant::now();
        let mut generator = Generator::on(files, place.worker_threads(), place.clone())?;
        if let Some(weights) = flow {
            generator = generator.with_flow(paper_flow(files, weights, place)?);
        }
        place.device().synchronize()?;
        let load = start.elapsed();
        let mut row = timed(arguments, &generator, load)?;
        row.network = network;
        let heard = listen(arguments, &generator)?;
        match &reference {
            None => reference = Some(heard),
            Some(reference) => row.difference = Some(difference(reference, &heard)?),
        }
        rows.push(row);
    }
    Ok(rows)
}

fn request(arguments: &Arguments, run: usize) -> Request {
    Request {
        // A prompt of its own: the features of the last prompts are kept, and reading them again costs nothing.
        prompt: format!("{PROMPT} {run}"),
        steps: arguments.steps,
        seconds: arguments.seconds,
        guidance: arguments.guidance,
        ..Request::default()
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn timed(arguments: &Arguments, generator: &Generator, load: Duration) -> Result<Row> {
    let mut runs = Vec::new();
    let mut networks = Vec::new();
    for i in 0..WARM_UP + arguments.runs.max(1) {
        let made = generator.generate(&request(arguments, i), &mut |_| (), &CancelToken::default())?;
        let network = ms(generator.time_decoder(&request(arguments, i))?);
        // The first run of a GPU compiles its kernels, and the next may record.
        if i >= WARM_UP {
            runs.push(made);
            networks.push(network);
        }
    }
    let of = |time: &dyn Fn(&Generation) -> Duration| median(runs.iter().map(|run| ms(time(run))).collect());
    let total_ms = of(&|g| g.timings.total());
    Ok(Row {
        network: "",
        device: if generator.placement().is_gpu() { "GPU" } else { "CPU" },
        flow_type: generator.placement().flow_type().as_str(),
        recorded: generator.placement().is_recorded(),
        load_ms: ms(load),
        text_ms: of(&|g| g.timings.text),
        flow_ms: of(&|g| g.timings.flow),
        decode_ms: of(&|g| g.timings.decode),
        decode_network_ms: median(networks),
        total_ms,
        rtf: total_ms / 1e3 / arguments.seconds,
        difference: None,
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn listen(arguments: &Arguments, generator: &Generator) -> Result<Heard> {
    let request = request(arguments, 0);
    let made = generator.intermediates(&request)?;
    let generation = generator.generate(&request, &mut |_| (), &CancelToken::default())?;
    Ok(Heard { made, samples: generation.clips[0].left().to_vec() })
}

fn difference(reference: &Heard, heard: &Heard) -> Result<Difference> {
    Ok(Difference {
        latent: distance(&reference.made.latent, &heard.made.latent)?,
        spectrum: distance(&reference.made.spectrum, &heard.made.spectrum)?,
        waveform: distance(&reference.samples, &heard.samples)?,
    })
}

fn distance(reference: &[f32], other: &[f32]) -> Result<Distance> {
    ensure!(reference.len() == other.len(), "{} values beside {}", other.len(), reference.len());
    let errors = || reference.iter().zip(other).map(|(a, b)| f64::from(a - b).abs());
    let rms = |squares: f64| (squares / reference.len().max(1) as f64).sqrt();
    Ok(Distance {
        max: errors().fold(0.0, f64::max),
        rms: rms(errors().map(|e| e * e).sum()),
        reference_rms: rms(reference.iter().map(|&v| f64::from(v).powi(2)).sum()),
    })
}

/// A transformer of the paper's size between the model's latent and its text.
fn transformer(files: &ModelFiles, vb: &VarBuilder<'_>) -> Result<Transformer> {
    let config = ModelConfig::from_json(&files.config)?;
    let (channels, text) = (config.codec.latent_channels(), config.text.hidden_size);
    Ok(Transformer::new(&FlowConfig::paper(), channels, text, vb)?)
}

fn paper_flow(
    files: &ModelFiles,
    weights: &HashMap<String, Tensor>,
    place: &Placement,
) -> Result<Transformer> {
    let moved = weights.iter().map(|(name, weight)| Ok((name.clone(), weight.to_device(place.device())?)));
    let moved = moved.collect::<Result<HashMap<_, _>>>()?;
    transformer(files, &VarBuilder::from_tensors(moved, place.flow_type(), place.device()))
}
