//! What was measured of many sizes, as series that can be fitted and drawn.

use super::case::Case;
use serde::{Deserialize, Serialize};

/// One size, measured in a process of its own.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Point {
    /// Length of a clip.
    pub(super) seconds: f64,
    #[serde(flatten)]
    pub(super) case: Case,
    /// Where the system tells.
    pub(super) memory: Option<Memory>,
}

/// Resident memory of the process, in MiB.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Memory {
    /// With the model loaded, before the first sound.
    pub(super) model_mib: f64,
    /// The most there was while the first sound was made.
    pub(super) peak_mib: f64,
    /// What the sound added, over its length.
    pub(super) mib_per_second: f64,
}

/// A number per size, over lengths or batches.
pub(super) type Series = Vec<(f64, f64)>;

/// Where a [`Case`] has a time, in milliseconds.
pub(super) type Time = fn(&Case) -> f64;

/// What time goes to.
pub(super) const STAGES: [(&str, Time); 5] = [
    ("text", |case| case.stages.text_ms),
    ("flow", |case| case.stages.flow_ms),
    ("decode", |case| case.stages.decode_ms),
    ("resample", |case| case.stages.resample_ms),
    ("total", |case| case.total_ms),
];

impl Point {
    /// What the sound added to the memory of the model.
    pub(super) fn added_mib(&self) -> Option<f64> {
        self.memory.map(|memory| memory.peak_mib - memory.model_mib)
    }
}

/// A number of every length, where there is one.
pub(super) fn over_length(points: &[Point], of: impl Fn(&Point) -> Option<f64>) -> Series {
    points.iter().filter_map(|point| Some((point.seconds, of(point)?))).collect()
}

/// A number of every batch, where there is one.
pub(super) fn over_batch(points: &[Point], of: impl Fn(&Point) -> Option<f64>) -> Series {
    points.iter().filter_map(|point| Some((f64::from(point.case.batch), of(point)?))).collect()
}
