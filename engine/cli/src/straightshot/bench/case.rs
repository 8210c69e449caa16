//! One row of the table: a kind of sound, made several times.

use super::{Arguments, Peak};
use crate::cost;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use straightshot_engine::config::ModelConfig;
use straightshot_engine::flow::windows;
use straightshot_engine::pipeline::{Generation, Generator};
use straightshot_protocol::{CancelToken, Request, Stage};
use straightshot_sound::resample;

const PROMPT: &str = "glass bottle smashing on a stone floor";
/// The rate that most hosts run at, in Hz; the model's own is another.
const HOST_HZ: u32 = 48_000;

/// What is made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Size {
    pub(super) seconds: f64,
    pub(super) steps: u32,
    /// Clips made together.
    pub(super) batch: u32,
}

impl Size {
    /// `10s/1step`, whatever the batch.
    pub(super) fn name(self) -> String {
        format!("{}s/{}step", self.seconds, self.steps)
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Case {
    pub(super) case: String,
    pub(super) threads: usize,
    pub(super) batch: u32,
    /// From the prompt to clips at the host's rate.
    pub(super) total_ms: f64,
    pub(super) stages: Stages,
    pub(super) rtf: f64,
    /// Counted operations of the transformer over its time, in 10⁹ per second.
    pub(super) transformer_gflops: f64,
    pub(super) decoder_gflops: f64,
    /// The same of a product of square matrices of `f32` before or after each run, whichever was faster. The shares are
    /// medians over runs: on a shared machine the peak changes from one second to the next, and all else with it. Products
    /// with bytes can be faster than it.
    pub(super) peak_gflops: f64,
    pub(super) transformer_peak_share: f64,
    pub(super) decoder_peak_share: f64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Stages {
    pub(super) text_ms: f64,
    /// Noise and all steps.
    pub(super) flow_ms: f64,
    /// Of which one step.
    pub(super) flow_step_ms: f64,
    /// Network, phases and inverse transform.
    pub(super) decode_ms: f64,
    /// Of which the network, for one clip.
    pub(super) decode_network_ms: f64,
    /// To the rate of the host.
    pub(super) resample_ms: f64,
}

/// Where the time of one generation went.
pub(super) struct Run {
    made: Generation,
    step: Duration,
    resample: Duration,
}

/// A run and what was measured beside it.
struct Measured {
    run: Run,
    /// The decoder's network alone.
    network: Duration,
    /// The machine's peak, in 10⁹ operations per second.
    peak: f64,
}

/// Makes sounds of `size` and takes the medians.
pub(super) fn measure(
    generator: &Generator,
    config: &ModelConfig,
    arguments: &Arguments,
    size: Size,
    peak: &mut Peak,
) -> Result<Case> {
    let request = request(arguments, size);
    // The first one pays for what is made once.
    make(generator, &request)?;
    let mut before = peak.gflops()?;
    let mut runs = Vec::new();
    for _ in 0..arguments.runs.max(1) {
        let (run, network) = (make(generator, &request)?, generator.time_decoder(&request)?);
        let after = peak.gflops()?;
        runs.push(Measured { run, network, peak: before.max(after) });
        before = after;
    }
    let of_runs = |of: &dyn Fn(&Measured) -> f64| median(runs.iter().map(of).collect());
    let stages = Stages {
        text_ms: of_runs(&|measured| ms(measured.run.made.timings.text)),
        flow_ms: of_runs(&|measured| ms(measured.run.made.timings.flow)),
        flow_step_ms: of_runs(&|measured| ms(measured.run.step)),
        decode_ms: of_runs(&|measured| ms(measured.run.made.timings.decode)),
        decode_network_ms: of_runs(&|measured| ms(measured.network)),
        resample_ms: of_runs(&|measured| ms(measured.run.resample)),
    };
    let total_ms = of_runs(&|measured| ms(measured.run.made.timings.total() + measured.run.resample));
    let tokens = generator.tokens(&request);
    let words = generator.encode_text(&[PROMPT])?.tokens.dim(1)?;
    let guided = if generator.is_guided(&request) { 2.0 } else { 1.0 };
    let (windows, seen) = windows::evaluations(tokens);
    let evaluations = f64::from(size.steps * size.batch) * guided * windows as f64;
    let velocity = evaluations * cost::velocity(&config.flow, config.codec.latent_channels(), seen, words);
    let decode = cost::decode(&config.codec, tokens);
    // Operations per millisecond to 10⁹ per second.
    let velocity_gflops = |measured: &Measured| velocity / ms(measured.run.made.timings.flow) / 1e6;
    let decode_gflops = |measured: &Measured| decode / ms(measured.network) / 1e6;
    Ok(Case {
        case: format!("{}/{}", arguments.name(), size.name()),
        threads: peak.pool.threads(),
        batch: size.batch,
        total_ms,
        rtf: total_ms / 1e3 / size.seconds / f64::from(size.batch),
        transformer_gflops: of_runs(&velocity_gflops),
        decoder_gflops: of_runs(&decode_gflops),
        peak_gflops: of_runs(&|measured| measured.peak),
        transformer_peak_share: of_runs(&|measured| velocity_gflops(measured) / measured.peak),
        decoder_peak_share: of_runs(&|measured| decode_gflops(measured) / measured.peak),
        stages,
    })
}

/// What is asked for; the prompt is put in by [`make`].
pub(super) fn request(arguments: &Arguments, size: Size) -> Request {
    Request {
        prompt: PROMPT.to_owned(),
        steps: size.steps,
        seconds: size.seconds,
        guidance: arguments.guidance,
        variations: size.batch,
        width: arguments.width,
        ..Request::default()
    }
}

/// Makes one sound and converts it for the host, as the plugin does.
///
/// The prompt gets a number of its own: the features of the last prompts are kept, and reading them again costs nothing.
pub(super) fn make(generator: &Generator, request: &Request) -> Result<Run> {
    static NUMBER: AtomicUsize = AtomicUsize::new(1000);
    let prompt = format!("{PROMPT} {}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let request = &Request { prompt, ..request.clone() };
    let (mut first_step, mut after_steps) = (None, None);
    let mut watch = |stage| match stage {
        Stage::Flow { step: 1, .. } => first_step = Some(Instant::now()),
        Stage::Decode if after_steps.is_none() => after_steps = Some(Instant::now()),
        _ => {}
    };
    let made = generator.generate(request, &mut |progress| watch(progress.stage), &CancelToken::default())?;
    let steps = first_step.zip(after_steps).map_or(made.timings.flow, |(first, after)| after - first);
    let start = Instant::now();
    for clip in &made.clips {
        std::hint::black_box(resample(clip, HOST_HZ)?);
    }
    Ok(Run { made, step: steps / request.steps, resample: start.elapsed() })
}

pub(super) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
