//! What the audio thread tells the editor, and the one thing the editor asks of it: atomics only.

use crate::meter::Meter;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Bit pattern of the playhead while nothing plays.
const SILENT: u32 = f32::NAN.to_bits();

/// Counters and positions shared between one player and one editor.
///
/// Every field is a number of its own that is shown or counted, and none of them says that another can be read now.
/// That is why all orderings are relaxed: the editor may see a new playhead beside an old count of voices, for one
/// frame of its window.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use straightshot_playback::{Block, Clip, Player, Telemetry, handoff};
///
/// let telemetry = Arc::new(Telemetry::default());
/// let (mut sender, receiver) = handoff::channel();
/// let mut player = Player::new(receiver, 48_000, telemetry.clone());
/// sender.send(Arc::new(Clip::mono(vec![0.5; 4800], 48_000, 1)))?;
///
/// // The editor's play button, and what the editor sees after the next block.
/// telemetry.request_audition();
/// player.process(&Block::default(), [], &mut [&mut [0.0; 480]]);
/// assert_eq!((telemetry.playhead(), telemetry.voices()), (Some(0.1), 1));
///
/// // Its stop button: after a fade there is silence.
/// telemetry.request_stop();
/// player.process(&Block::default(), [], &mut [&mut [0.0; 480]]);
/// assert_eq!((telemetry.playhead(), telemetry.voices()), (None, 0));
/// # Ok::<(), handoff::SendError>(())
/// ```
#[derive(Debug)]
pub struct Telemetry {
    /// Audio thread -> editor. Position of the newest voice as `f32` bits, 0 ..= 1 of its clip; NaN if silent.
    playhead: AtomicU32,
    /// Audio thread -> editor. Voices that sound, fading ones included.
    voices: AtomicU32,
    /// Audio thread -> editor. Blocks in which a clip could not be taken over because there was no free slot.
    deferred_clips: AtomicU32,
    /// Audio thread -> editor. Clips refused because of their sample rate.
    stale_clips: AtomicU32,
    /// Editor -> audio thread. Raised to play the clip once, as a note would; cleared by the player.
    audition: AtomicBool,
    /// Editor -> audio thread. Raised to fade out everything that sounds; cleared by the player.
    stop: AtomicBool,
    /// Audio thread -> editor. Output level.
    pub meter: Meter,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            playhead: AtomicU32::new(SILENT),
            voices: AtomicU32::new(0),
            deferred_clips: AtomicU32::new(0),
            stale_clips: AtomicU32::new(0),
            audition: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            meter: Meter::default(),
        }
    }
}

impl Telemetry {
    /// Position of the newest voice, 0 ..= 1 of its clip, or `None` while nothing plays.
    #[must_use]
    pub fn playhead(&self) -> Option<f32> {
        let position = f32::from_bits(self.playhead.load(Ordering::Relaxed));
        (!position.is_nan()).then_some(position)
    }

    /// Voices that sound.
    #[must_use]
    pub fn voices(&self) -> u32 {
        self.voices.load(Ordering::Relaxed)
    }

    /// How many blocks began while a new clip had to wait, because everything that the player can hold still sounded or
    /// could not be sent back.
    #[must_use]
    pub fn deferred_clips(&self) -> u32 {
        self.deferred_clips.load(Ordering::Relaxed)
    }

    /// How many clips were refused because they had another sample rate than the player.
    #[must_use]
    pub fn stale_clips(&self) -> u32 {
        self.stale_clips.load(Ordering::Relaxed)
    }

    /// Asks the player to play the clip once from its start. Called by the editor.
    pub fn request_audition(&self) {
        self.audition.store(true, Ordering::Relaxed);
    }

    /// Asks the player to fade out everything. Called by the editor.
    pub fn request_stop(&self) {
        self.audition.store(false, Ordering::Relaxed);
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether an audition was asked for since the last call.
    ///
    /// # Real-time safety
    /// Wait-free.
    pub(crate) fn take_audition(&self) -> bool {
        // The load first: nearly always there is nothing to take, and an exchange makes the cache line ours, which the
        // editor's core then has to fetch again.
        self.audition.load(Ordering::Relaxed) && self.audition.swap(false, Ordering::Relaxed)
    }

    /// Whether a stop was asked for since the last call.
    ///
    /// # Real-time safety
    /// Wait-free.
    pub(crate) fn take_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed) && self.stop.swap(false, Ordering::Relaxed)
    }

    /// Publishes the position (0 ..= 1, `None` for silence) and the number of voices.
    ///
    /// # Real-time safety
    /// Wait-free; called once per block.
    pub(crate) fn publish(&self, playhead: Option<f32>, voices: u32) {
        self.playhead.store(playhead.map_or(SILENT, f32::to_bits), Ordering::Relaxed);
        self.voices.store(voices, Ordering::Relaxed);
    }

    /// Publishes the running totals of the clip queue.
    ///
    /// # Real-time safety
    /// Wait-free.
    pub(crate) fn publish_clips(&self, deferred: u32, stale: u32) {
        self.deferred_clips.store(deferred, Ordering::Relaxed);
        self.stale_clips.store(stale, Ordering::Relaxed);
    }
}
