//! What one number of solver steps made of a take's noise.

use super::kept::{Flac, Kept};
use std::sync::Arc;
use straightshot_protocol::{Audio, Failure, Request};

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

/// The sound of a take at one number of steps. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Version {
    /// Solver steps that made it.
    pub(super) steps: u32,
    /// How it is kept.
    pub(super) kept: Kept,
    /// The sound, or nothing while it is not in memory.
    pub(super) audio: Audio,
    /// Waveform overview, [`PEAK_COLUMNS`] long, or empty if the sound was not in memory yet.
    pub(super) peaks: Arc<[Peak]>,
}

impl Version {
    /// A version of fresh samples, packed for keeping.
    pub(super) fn fresh(request: &Request, audio: &Audio) -> Result<Self, Failure> {
        let (flac, audio) = Flac::pack(audio, request)?;
        let mut version = Self::kept(request.steps, Kept::Flac(flac));
        version.hear(audio);
        Ok(version)
    }

    /// A version that is not in memory yet.
    pub(super) fn kept(steps: u32, kept: Kept) -> Self {
        let rate_hz = match &kept {
            Kept::Flac(flac) => flac.facts.sample_rate_hz,
            Kept::Legacy(legacy) => legacy.sample_rate_hz,
            Kept::Unreadable(_) => 0,
        };
        Self { steps, kept, audio: Audio::mono(rate_hz, Vec::new()), peaks: Arc::default() }
    }

    /// Takes the sound into memory.
    pub(super) fn hear(&mut self, audio: Audio) {
        if self.peaks.is_empty() {
            self.peaks = peaks(&audio).into();
        }
        self.audio = audio;
    }

    /// Lets go of the sound, which can be read again; the overview stays.
    pub(super) fn forget_audio(&mut self) {
        self.audio = Audio::mono(self.audio.sample_rate_hz(), Vec::new());
    }

    /// Takes over what of the same sound `other` has in memory.
    pub(super) fn adopt(&mut self, other: &Self) {
        if self.audio.is_empty() && !other.audio.is_empty() {
            self.audio = other.audio.clone();
        }
        if self.peaks.is_empty() {
            self.peaks = other.peaks.clone();
        }
        if let (Kept::Flac(flac), Kept::Flac(other)) = (&mut self.kept, &other.kept) {
            flac.stored |= other.stored;
        }
    }

    /// Whether both are the same sound.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.kept.is(&other.kept)
    }

    /// Memory that it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.audio.bytes() + self.kept.text_bytes()
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
