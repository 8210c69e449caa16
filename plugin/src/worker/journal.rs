//! A line of JSON per event, appended to the file that the environment variable `STRAIGHTSHOT_LOG` names.
//!
//! For tests and tools that watch the plugin from outside; without the variable nothing is written. A file that
//! cannot be written is no reason to fail a job.

use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::io::Write;
use std::time::Duration;
use straightshot_engine::device::Placement;
use straightshot_protocol::{Card, Curve, Reading, Request, StageTimings, Timing};
use straightshot_takes::Take;

/// Name of the variable with the file's path.
const LOG_VARIABLE: &str = "STRAIGHTSHOT_LOG";

/// A model was loaded; `count` of them so far in this process.
pub(super) fn model_loaded(count: u64) {
    write(&json!({ "event": "model_loaded", "count": count }));
}

/// A model was put somewhere to compute; said in the host's log too, where it is the only trace of a GPU that a user
/// paid for and that is not used.
pub(super) fn placed(placement: &Placement) {
    if placement.reason().is_some() {
        tracing::warn!("{placement}");
    } else {
        tracing::info!("{placement}");
    }
    write(&json!({ "event": "placed", "gpu": placement.is_gpu(), "text": placement.to_string() }));
}

/// What of a request its model will not do as it is written; a line for each.
pub(super) fn unheeded(request: &Request, card: &Card, reading: Option<&Reading>) {
    for unheeded in straightshot_protocol::unheeded(request, card, reading) {
        write(&json!({ "event": "unheeded", "prompt": request.prompt, "text": unheeded.to_string() }));
    }
}

/// A job has failed.
pub(super) fn failed(user_text: &str, detail: &str) {
    write(&json!({ "event": "failed", "user_text": user_text, "detail": detail }));
}

/// Where the time of a version went.
pub(super) struct Times {
    /// Loading the model, once per job; almost nothing if it was loaded.
    pub(super) load: Duration,
    /// The stages of the engine.
    pub(super) stages: StageTimings,
    /// Conversion to the host's rate; almost nothing while the host has not activated the plugin.
    pub(super) resample: Duration,
}

/// A version of a take is ready; `last` is the one that was asked for, the others are drafts.
pub(super) fn made(take: &Take, times: &Times, last: bool) {
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let spent = times.stages.total() + times.resample;
    write(&json!({
        "event": if last { "done" } else { "draft" },
        "text_ms": ms(times.stages.text),
        "flow_ms": ms(times.stages.flow),
        "decode_ms": ms(times.stages.decode),
        "resample_ms": ms(times.resample),
        "load_ms": ms(times.load),
        "rtf": spent.as_secs_f64() / take.seconds().max(f64::EPSILON),
        "peak_rss_mib": peak_rss_mib(),
        "prompt": take.request.prompt,
        "steps": take.request.steps,
        "seconds": take.request.seconds,
        "seed": take.request.seed,
        "hits": match &take.request.timing {
            Timing::Hits(hits) => Some(hits.len()),
            Timing::Text | Timing::Free => None,
        },
        "curve_s": take.request.curve.as_ref().map(Curve::seconds),
        "model": take.request.model.name,
    }));
}

fn write(line: &Value) {
    let Some(path) = std::env::var_os(LOG_VARIABLE) else { return };
    let file = OpenOptions::new().create(true).append(true).open(&path);
    // One write call per line, so that lines of several instances do not mix.
    if let Err(e) = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes())) {
        tracing::warn!("{} could not be written: {e}", path.display());
    }
}

/// Largest resident size of the process so far in MiB; `None` where the system does not tell.
fn peak_rss_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib / 1024.0)
}
