//! Output level, written per block and read per frame of the window.

use std::sync::atomic::{AtomicU32, Ordering};

/// The largest absolute sample of each channel since the reader last looked.
///
/// One writer (audio thread) and one reader (editor). No peak is missed, even if both act at the same instant.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use straightshot_playback::{Audition, Bank, Block, Clip, Player, Telemetry, handoff};
///
/// let (mut sender, receiver) = handoff::channel();
/// let telemetry = Arc::new(Telemetry::default());
/// let mut player = Player::new(receiver, 48_000, telemetry.clone());
/// sender.send(Bank::of(Clip::new(vec![vec![0.5; 4800], vec![-0.25; 4800]], 48_000)?, 1))?;
///
/// telemetry.request_audition(&Audition::default());
/// player.process(&Block::default(), [], &mut [&mut [0.0; 480], &mut [0.0; 480]]);
/// assert_eq!(telemetry.meter.take_peaks(), [0.5, 0.25]);
/// assert_eq!(telemetry.meter.take_peak(), 0.0, "nothing was played since");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Meter {
    /// `f32` bits of the peaks of left and right, never negative.
    peaks: [AtomicU32; 2],
}

impl Meter {
    /// Adds the peaks of one block, left and right.
    ///
    /// # Real-time safety
    /// Wait-free: one load and at most one store per channel.
    pub(crate) fn add(&self, block_peaks: [f32; 2]) {
        for (peak, block_peak) in self.peaks.iter().zip(block_peaks) {
            // The reader may reset the peak between this load and this store. That does no harm: what is stored belongs
            // to this block, which the reader has not seen; and if nothing is stored, it has just seen a larger peak.
            if block_peak > f32::from_bits(peak.load(Ordering::Relaxed)) {
                peak.store(block_peak.to_bits(), Ordering::Relaxed);
            }
        }
    }

    /// Returns the peaks of left and right since the last call (linear, 1 is full scale) and starts again at 0. A
    /// player with one output has the same peak in both. Called by the editor.
    #[must_use]
    pub fn take_peaks(&self) -> [f32; 2] {
        self.peaks.each_ref().map(|peak| f32::from_bits(peak.swap(0, Ordering::Relaxed)))
    }

    /// The larger one of [`take_peaks`](Self::take_peaks).
    #[must_use]
    pub fn take_peak(&self) -> f32 {
        let [left, right] = self.take_peaks();
        left.max(right)
    }
}
