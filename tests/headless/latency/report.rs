//! What was measured, as a table, as JSON and as a picture.

use super::audio::{Call, FRAMES, PERIOD, Priority, RATE_HZ};
use super::histogram::{self, Line};
use super::statistics::{Percentiles, percentile};
use anyhow::Result;
use serde_json::{Value, json};
use std::path::Path;

/// Calls in ten minutes, which misses are also given for.
const TEN_MINUTES: f64 = 450_000.0;

/// The whole measurement.
pub(super) struct Measured {
    pub(super) conditions: Vec<Condition>,
    pub(super) clicks: Vec<Clicks>,
    /// Sounds the worker made while the calls were taken down.
    pub(super) sounds: usize,
    /// Threads that make sounds; `None` is the plugin's own choice.
    pub(super) threads: Option<usize>,
}

/// Calls of the plugin under the same circumstances.
pub(super) struct Condition {
    pub(super) priority: Priority,
    /// Whether the worker was making sounds.
    pub(super) working: bool,
    pub(super) calls: Vec<Call>,
    /// Calls that were taken down so far.
    pub(super) done: usize,
}

/// Times from click to sound.
pub(super) struct Clicks {
    pub(super) what: String,
    pub(super) ms: Vec<f64>,
}

impl Condition {
    fn name(&self) -> String {
        let thread = if self.priority == Priority::Realtime { "real-time" } else { "normal" };
        format!("{thread} audio thread, worker {}", if self.working { "at work" } else { "at rest" })
    }

    fn missed(&self) -> usize {
        self.calls.iter().filter(|call| call.missed()).count()
    }

    fn row(&self) -> String {
        let [process, late] = [Percentiles::of(self.process_us()), Percentiles::of(self.late_us())];
        let columns = [process, late].into_iter().flat_map(|p| [p.p50, p.p99, p.p99_9, p.max]);
        let columns: String = columns.map(|us| format!("{us:>8.1}")).collect();
        let missed = format!("{} of {}", self.missed(), self.calls.len());
        format!("{:44}{columns}{missed:>18}{:>12.1}", self.name(), self.missed_in_ten_minutes())
    }

    fn json(&self) -> Value {
        json!({
            "condition": self.name(),
            "realtime": self.priority == Priority::Realtime,
            "working": self.working,
            "calls": self.calls.len(),
            "missed": self.missed(),
            "missed_in_ten_minutes": self.missed_in_ten_minutes(),
            "process_us": Percentiles::of(self.process_us()).json(),
            "late_us": Percentiles::of(self.late_us()).json(),
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers of calls")]
    fn missed_in_ten_minutes(&self) -> f64 {
        self.missed() as f64 * TEN_MINUTES / self.calls.len() as f64
    }

    /// The plugin's times in µs.
    fn process_us(&self) -> impl Iterator<Item = f64> {
        self.calls.iter().map(|call| f64::from(call.process_ns) / 1e3)
    }

    /// How late the thread woke up, in µs.
    fn late_us(&self) -> impl Iterator<Item = f64> {
        self.calls.iter().map(|call| f64::from(call.late_ns) / 1e3)
    }
}

impl Clicks {
    /// The middle one in milliseconds.
    fn median(&self) -> f64 {
        let mut sorted = self.ms.clone();
        sorted.sort_by(f64::total_cmp);
        percentile(&sorted, 0.5)
    }

    fn slowest(&self) -> f64 {
        self.ms.iter().copied().fold(0.0, f64::max)
    }

    fn json(&self) -> Value {
        json!({
            "what": self.what,
            "median_ms": self.median(),
            "slowest_ms": self.slowest(),
            "runs_ms": self.ms,
        })
    }
}

impl Measured {
    /// Prints the table.
    pub(super) fn print(&self) {
        let threads = self.threads.map_or_else(|| "as many as usual".into(), |n| n.to_string());
        println!(
            "{FRAMES} frames at {RATE_HZ} Hz, due every {:.3} ms; worker threads: {threads}; {} sounds made meanwhile",
            PERIOD.as_secs_f64() * 1e3,
            self.sounds
        );
        println!("{:44}{:>32}{:>32}", "", "process() in µs", "woken late by µs");
        let heads = ["p50", "p99", "p99.9", "max", "p50", "p99", "p99.9", "max"];
        let heads: String = heads.iter().map(|head| format!("{head:>8}")).collect();
        println!("{:44}{heads}{:>18}{:>12}", "", "missed", "in 10 min");
        for condition in &self.conditions {
            println!("{}", condition.row());
        }
        println!("\n{:44}{:>10}{:>10}{:>6}", "click to sound of 2 s, in ms", "median", "slowest", "runs");
        for click in &self.clicks {
            let (median, slowest) = (click.median(), click.slowest());
            println!("{:44}{median:>10.1}{slowest:>10.1}{:>6}", click.what, click.ms.len());
        }
    }

    /// The figures.
    pub(super) fn json(&self) -> Value {
        json!({
            "frames": FRAMES,
            "sample_rate_hz": RATE_HZ,
            "threads": self.threads,
            "sounds_made": self.sounds,
            "conditions": self.conditions.iter().map(Condition::json).collect::<Vec<_>>(),
            "click_to_sound": self.clicks.iter().map(Clicks::json).collect::<Vec<_>>(),
        })
    }

    /// Draws the distributions of all conditions.
    pub(super) fn draw(&self, path: &Path) -> Result<()> {
        let names: Vec<String> = self.conditions.iter().map(Condition::name).collect();
        let lines = |values: &dyn Fn(&Condition) -> Vec<f64>| {
            let lines = names.iter().zip(&self.conditions);
            lines.map(|(name, condition)| Line { name, values: values(condition) }).collect()
        };
        let title = format!("Calls of {FRAMES} frames at {RATE_HZ} Hz: how slow and how late");
        let panels = [
            ("time in process()", lines(&|condition| condition.process_us().collect())),
            ("woken late by", lines(&|condition| condition.late_us().collect())),
        ];
        histogram::draw(path, &title, &panels)
    }
}
