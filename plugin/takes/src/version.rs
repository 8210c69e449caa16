//! What one number of solver steps made of a take's noise.

use super::packed;
use std::sync::{Arc, OnceLock};
use straightshot_protocol::Audio;

/// Columns of a take's waveform overview.
pub const PEAK_COLUMNS: usize = 1024;

/// Smallest and largest sample of one waveform column.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Peak {
    /// Smallest sample.
    pub min: f32,
    /// Largest sample.
    pub max: f32,
}

/// The sound of a take at one number of steps. Immutable; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Version {
    /// Solver steps that made it.
    pub(super) steps: u32,
    /// The sound.
    pub(super) audio: Audio,
    /// Waveform overview, [`PEAK_COLUMNS`] long, or empty if there are no samples.
    pub(super) peaks: Arc<[Peak]>,
    /// The persisted form. Made when it is first needed and kept, so that saving again copies text; given for what
    /// was read from a project, so that an unreadable sound is saved as it was.
    encoded: OnceLock<Arc<str>>,
}

impl Version {
    /// A version of fresh samples.
    pub(super) fn new(steps: u32, audio: Audio) -> Self {
        Self { steps, peaks: peaks(&audio).into(), audio, encoded: OnceLock::new() }
    }

    /// A version unpacked from `encoded`, as far as it can be; the second value says why that is not all of it.
    pub(super) fn from_encoded(steps: u32, rate_hz: u32, encoded: &str) -> (Self, Option<&'static str>) {
        let (samples, fault) = packed::decode(encoded);
        (
            Self {
                encoded: OnceLock::from(Arc::from(encoded)),
                ..Self::new(steps, Audio::mono(rate_hz, samples))
            },
            fault,
        )
    }

    /// The persisted form; takes milliseconds per second of sound when it is first asked for.
    pub(super) fn encoded(&self) -> &str {
        self.encoded.get_or_init(|| packed::encode(self.audio.left()).into())
    }

    /// Gives up the persisted form, which is made again when it is needed: for a version that is not saved.
    pub(super) fn forget_encoded(&mut self) {
        self.encoded = OnceLock::new();
    }

    /// Whether both have the same samples.
    pub(super) fn same_samples(&self, other: &Self) -> bool {
        self.audio.is_same_memory(&other.audio) || self.audio == other.audio
    }

    /// Memory that the samples take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.audio.bytes()
    }
}

/// The overview of all channels together.
fn peaks(audio: &Audio) -> Vec<Peak> {
    let frames = audio.frames();
    if frames == 0 {
        return Vec::new();
    }
    (0..PEAK_COLUMNS)
        .map(|column| {
            let start = (column * frames / PEAK_COLUMNS).min(frames - 1);
            let end = ((column + 1) * frames / PEAK_COLUMNS).max(start + 1);
            let samples = || audio.channels().flat_map(|channel| &channel[start..end]).copied();
            Peak {
                min: samples().fold(f32::INFINITY, f32::min),
                max: samples().fold(f32::NEG_INFINITY, f32::max),
            }
        })
        .collect()
}
