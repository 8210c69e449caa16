//! `straightshot bench --scale`: how time and memory grow with the length of a sound and with the number of sounds.

use super::case::{self, Case, Size};
use super::series::{Memory, Point, STAGES, Series, over_batch, over_length};
use super::{Arguments, Peak, growth};
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use std::process::{Command, Stdio};
use straightshot_engine::config::ModelConfig;
use straightshot_engine::device::Placement;
use straightshot_engine::model::ModelFiles;
use straightshot_engine::pipeline::Generator;

/// Lengths in seconds, of one clip.
const LENGTHS: [f64; 10] = [0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0];
/// Clips made together, of [`BATCH_SECONDS`] each.
const BATCHES: [u32; 5] = [1, 2, 4, 8, 16];
const BATCH_SECONDS: f64 = 2.0;
/// From this length on, what does not grow with it no longer counts for much.
const LONG_SECONDS: f64 = 5.0;

/// Slopes of a series on logarithmic axes.
#[derive(Debug, Serialize)]
struct Exponents {
    what: &'static str,
    over_length: Option<f64>,
    over_length_from_5_s: Option<f64>,
    over_batch: Option<f64>,
}

/// Measures all sizes and prints, writes and draws them.
pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let threads = arguments.threads.first().copied().unwrap_or_else(|| Placement::best().worker_threads());
    println!("{threads} worker threads, milliseconds of one step, medians of {} warm runs", arguments.runs);
    println!(
        "{:>7} {:>5} {:>8} {:>8} {:>8} {:>8} {:>9} {:>8} {:>9} {:>8}",
        "length", "clips", "text", "flow", "decode", "resample", "total", "RTF", "added MiB", "MiB/s"
    );
    let measure = |size: Size| {
        let point = in_process(arguments, size, threads)?;
        println!("{}", row(&point));
        anyhow::Ok(point)
    };
    let of_length = |seconds| measure(Size { seconds, steps: 1, batch: 1 });
    let lengths = LENGTHS.into_iter().map(of_length).collect::<Result<Vec<_>>>()?;
    let of_batch = |batch| measure(Size { seconds: BATCH_SECONDS, steps: 1, batch });
    let batches = BATCHES.into_iter().map(of_batch).collect::<Result<Vec<_>>>()?;
    let exponents = exponents(&lengths, &batches);
    println!("\n{:<9} {:>12} {:>12} {:>12}", "exponent", "over length", "from 5 s on", "over clips");
    for e in &exponents {
        let shown = [e.over_length, e.over_length_from_5_s, e.over_batch].map(or_dash).concat();
        println!("{:<9}{shown}", e.what);
    }
    if let Some(path) = &arguments.json {
        let all = serde_json::json!({ "lengths": lengths, "batches": batches, "exponents": exponents });
        let text = serde_json::to_string_pretty(&serde_json::json!({ "scale": all }))?;
        std::fs::write(path, text).with_context(|| path.display().to_string())?;
    }
    arguments.png.as_ref().map_or(Ok(()), |path| growth::draw(path, &lengths, &batches))
}

fn or_dash(number: Option<f64>) -> String {
    number.map_or_else(|| format!(" {:>12}", "-"), |number| format!(" {number:>12.2}"))
}

fn row(point: &Point) -> String {
    let Point { seconds, case: Case { batch, total_ms, rtf, stages: s, .. }, .. } = point;
    let memory = match point.memory {
        Some(memory) => format!("{:>9.1} {:>8.2}", memory.peak_mib - memory.model_mib, memory.mib_per_second),
        None => "not measured".into(),
    };
    let (text, flow, decode, resample) = (s.text_ms, s.flow_ms, s.decode_ms, s.resample_ms);
    format!(
        "{seconds:>6}s {batch:>5} {text:>8.1} {flow:>8.1} {decode:>8.1} {resample:>8.1} {total_ms:>9.1} {rtf:>8.4} {memory}"
    )
}

/// Measures one size in a fresh process: memory that an earlier, larger sound left behind would hide what this one needs.
fn in_process(arguments: &Arguments, size: Size, threads: usize) -> Result<Point> {
    let mut command = Command::new(std::env::current_exe().context("this program's own file is unknown")?);
    command.args(["bench", "--alone", &serde_json::to_string(&size)?]);
    command.args(["--runs", &arguments.runs.to_string(), "--threads", &threads.to_string()]);
    command.args(["--guidance", &arguments.guidance.to_string()]);
    if let Some(model) = &arguments.model {
        command.arg("--model").arg(model);
    }
    let output = command.stderr(Stdio::inherit()).output().context("a fresh process could not be started")?;
    ensure!(output.status.success(), "the measurement of {} failed", size.name());
    serde_json::from_slice(&output.stdout).context("a fresh process printed no measurement")
}

/// Measures `size` in this process and prints it as JSON.
pub(super) fn alone(arguments: &Arguments, files: &ModelFiles, size: Size) -> Result<()> {
    let threads = arguments.threads.first().copied().unwrap_or_else(|| Placement::best().worker_threads());
    let generator = Generator::with_threads(files, threads)?;
    let config = ModelConfig::from_json(&files.config)?;
    // Loading takes more than the loaded model; that must not count as the sound's.
    let model = forget_peak_mib();
    case::make(&generator, &case::request(arguments, size))?;
    let memory = model.zip(resident_mib("VmHWM:")).map(|(model_mib, peak_mib)| Memory {
        model_mib,
        peak_mib,
        mib_per_second: (peak_mib - model_mib) / size.seconds / f64::from(size.batch),
    });
    let mut peak = Peak::new(threads, generator.placement())?;
    let case = case::measure(&generator, &config, arguments, size, &mut peak)?;
    println!("{}", serde_json::to_string(&Point { seconds: size.seconds, case, memory })?);
    Ok(())
}

/// Makes Linux forget the peak of the memory so far, and returns what there is now; `None` on other systems.
fn forget_peak_mib() -> Option<f64> {
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    resident_mib("VmRSS:")
}

/// A line of Linux's account of this process; `None` on other systems.
fn resident_mib(field: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

/// The exponents of every stage and of the memory that sounds add.
fn exponents(lengths: &[Point], batches: &[Point]) -> Vec<Exponents> {
    let rows = STAGES.map(|(what, ms)| {
        (what, over_length(lengths, |p| Some(ms(&p.case))), { over_batch(batches, |p| Some(ms(&p.case))) })
    });
    let memory = ("memory", over_length(lengths, Point::added_mib), over_batch(batches, Point::added_mib));
    let fit = |(what, lengths, batches): (_, Series, Series)| Exponents {
        what,
        over_length: exponent(&lengths),
        over_length_from_5_s: exponent(&from(&lengths, LONG_SECONDS)),
        over_batch: exponent(&batches),
    };
    rows.into_iter().chain([memory]).map(fit).collect()
}

/// The part of a series from `start` on.
fn from(series: &[(f64, f64)], start: f64) -> Series {
    series.iter().copied().filter(|(x, _)| *x >= start).collect()
}

/// The `k` of the `y = c x^k` that is nearest to the series in the logarithms (least squares); `None` without two
/// different positions, or with a value that has no logarithm.
fn exponent(series: &[(f64, f64)]) -> Option<f64> {
    let logs: Vec<(f64, f64)> = series.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let n = logs.len() as f64;
    let (mean_x, mean_y) =
        (logs.iter().map(|p| p.0).sum::<f64>() / n, logs.iter().map(|p| p.1).sum::<f64>() / n);
    let spread: f64 = logs.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    let together: f64 = logs.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    Some(together / spread).filter(|slope| slope.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponent_of_a_power_is_found_and_a_constant_has_none() {
        let power = |k: f64| LENGTHS.map(|x| (x, 3.0 * x.powf(k)));
        for k in [0.0, 0.5, 1.0, 2.0] {
            assert!((exponent(&power(k)).unwrap() - k).abs() < 1e-12, "{k}");
        }
        // In doublings: 0, 0, 3 at 0, 1, 2, so ((-1)(-1) + 0 (-1) + 1 · 2) / (1 + 0 + 1).
        assert!((exponent(&[(1.0, 1.0), (2.0, 1.0), (4.0, 8.0)]).unwrap() - 1.5).abs() < 1e-12);
        assert_eq!(exponent(&[(2.0, 1.0)]), None);
        assert_eq!(exponent(&[(2.0, 1.0), (2.0, 4.0)]), None);
        assert_eq!(exponent(&[(1.0, 0.0), (2.0, 4.0)]), None);
        assert_eq!(exponent(&[]), None);
    }

    #[test]
    fn what_does_not_grow_hides_the_exponent_of_short_sounds_only() {
        let series = LENGTHS.map(|x| (x, 20.0 + 30.0 * x));
        let (all, long) = (exponent(&series).unwrap(), exponent(&from(&series, LONG_SECONDS)).unwrap());
        assert!(all < 0.9 && (0.95..1.0).contains(&long), "{all} {long}");
        assert_eq!(from(&series, LONG_SECONDS).len(), 6);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_peak_of_the_memory_is_that_since_it_was_forgotten() {
        let take = |mib: usize| std::hint::black_box(vec![1_u8; mib << 20]).len();
        // Other tests of this process take memory at the same time, and pages of the program come in: once must be right.
        let measured: Vec<(f64, f64)> = (0..10)
            .map(|_| {
                take(64);
                let before = forget_peak_mib().unwrap();
                let forgotten = resident_mib("VmHWM:").unwrap() - before;
                take(32);
                (forgotten, resident_mib("VmHWM:").unwrap() - before)
            })
            .collect();
        let is_right = |(forgotten, added): &(f64, f64)| *forgotten < 16.0 && (30.0..48.0).contains(added);
        assert!(measured.iter().any(is_right), "MiB left and added: {measured:?}");
    }
}
