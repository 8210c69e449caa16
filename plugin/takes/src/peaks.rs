//! Overviews of sounds for pictures of their waveform.

use std::sync::Arc;
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

/// The overview of all channels together.
pub(super) fn peaks(audio: &Audio) -> Arc<[Peak]> {
    let frames = audio.frames();
    if frames == 0 {
        return Arc::default();
    }
    let column = |column: usize| {
        let start = (column * frames / PEAK_COLUMNS).min(frames - 1);
        let end = ((column + 1) * frames / PEAK_COLUMNS).max(start + 1);
        let samples = || audio.channels().flat_map(|channel| &channel[start..end]).copied();
        Peak {
            min: samples().fold(f32::INFINITY, f32::min),
            max: samples().fold(f32::NEG_INFINITY, f32::max),
        }
    };
    (0..PEAK_COLUMNS).map(column).collect()
}
