//! Output level, written per block and read per frame.

use std::sync::atomic::{AtomicU32, Ordering};

/// The largest absolute sample since the reader last looked.
///
/// One writer (audio thread) and one reader (editor). If both act at the same instant the reader may see a peak
/// twice; it never misses one.
#[derive(Debug, Default)]
pub struct Meter {
    /// `f32` bits of the peak, never negative.
    peak: AtomicU32,
}

impl Meter {
    /// Adds the peak of one block.
    ///
    /// # Real-time safety
    /// Wait-free: one load and at most one store.
    pub(crate) fn add(&self, block_peak: f32) {
        if block_peak > f32::from_bits(self.peak.load(Ordering::Relaxed)) {
            self.peak.store(block_peak.to_bits(), Ordering::Relaxed);
        }
    }

    /// Returns the peak since the last call (linear, 1 is full scale) and starts again at 0. Called by the editor.
    #[must_use]
    pub fn take_peak(&self) -> f32 {
        f32::from_bits(self.peak.swap(0, Ordering::Relaxed))
    }
}
