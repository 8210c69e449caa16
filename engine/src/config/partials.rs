//! How a codec finds the tones in what its decoder says.

use serde::{Deserialize, Serialize};

/// What counts as a partial (`codec/partials.rs`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartialsConfig {
    /// How far a peak stands above the bins around it, dB.
    pub prominence_db: f32,
    /// Long frames that it goes on for.
    pub frames: usize,
    /// Bins on either side that belong to it.
    pub side: usize,
}

impl PartialsConfig {
    /// Peaks 6 dB above their neighbourhood for ten frames, 58 ms at 44.1 kHz, and the main lobe of a Hann window.
    #[must_use]
    pub fn standard() -> Self {
        Self { prominence_db: 6.0, frames: 10, side: 2 }
    }

    /// Whether each condition holds, and what to say if it does not.
    pub(super) fn checks(&self) -> [(bool, &'static str); 2] {
        [
            ((0.0..=100.0).contains(&self.prominence_db), "codec.partials.prominence_db is out of range"),
            (
                (1..=1000).contains(&self.frames) && self.side <= 64,
                "a size of codec.partials is out of range",
            ),
        ]
    }
}
