//! What the audio thread tells the editor, and what the editor asks of it: atomics only.

use crate::audition::{Audition, Wish};
use crate::bank::SoundKey;
use crate::keyboard::Keyboard;
use crate::meter::Meter;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// Bit pattern of the playhead while nothing plays.
const SILENT: u32 = f32::NAN.to_bits();

/// What is heard now: the newest of all voices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heard {
    /// Which sound.
    pub sound: SoundKey,
    /// How far it is, in seconds.
    pub position_s: f64,
    /// How far it is, 0 ..= 1 of its length.
    pub fraction: f32,
    /// Whether the editor asked for it, and neither a note nor the transport.
    pub auditioned: bool,
}

/// The host's tempo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tempo {
    /// Quarter notes per minute.
    pub bpm: f64,
    /// The time signature, as it is written: beats in a bar, and which part of a whole note each is.
    pub signature: Option<(u32, u32)>,
}

impl Tempo {
    /// Quarter notes in a bar; four where the host tells no signature.
    #[must_use]
    pub fn quarters_per_bar(self) -> f64 {
        self.signature.map_or(4.0, |(count, unit)| 4.0 * f64::from(count) / f64::from(unit))
    }

    /// Whether it is one that music has: hosts send what they like.
    fn is_possible(self) -> bool {
        let known = |n: u32| (1..=64).contains(&n);
        (1.0..=2000.0).contains(&self.bpm)
            && self.signature.is_none_or(|(count, unit)| known(count) && known(unit))
    }
}

/// Counters and positions shared between one player and one editor.
///
/// Every field is a number of its own that is shown or counted, and none of them says that another can be read now.
/// That is why all orderings are relaxed: the editor may see a new playhead beside an old count of voices, for one
/// frame of its window. Only what it asks to be played is read as a whole.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use straightshot_playback::{Audition, Bank, Block, Clip, Player, Telemetry, handoff};
///
/// let telemetry = Arc::new(Telemetry::default());
/// let (mut sender, receiver) = handoff::channel();
/// let mut player = Player::new(receiver, 48_000, telemetry.clone());
/// sender.send(Bank::of(Clip::mono(vec![0.5; 4800], 48_000), 1))?;
///
/// // The editor's play button, and what the editor sees after the next block.
/// telemetry.request_audition(&Audition::default());
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
    /// Audio thread -> editor. The same in seconds, as `f64` bits.
    position: AtomicU64,
    /// Audio thread -> editor. The sound of that voice: take, version, and whether the editor asked for it.
    take: AtomicU64,
    version: AtomicU32,
    auditioned: AtomicBool,
    /// Audio thread -> editor. Voices that sound, fading ones included.
    voices: AtomicU32,
    /// Audio thread -> editor, worker. Whether the host's transport rolls.
    rolling: AtomicBool,
    /// Audio thread -> editor. Blocks in which a bank could not be taken over because there was no free slot.
    deferred_banks: AtomicU32,
    /// Audio thread -> editor. Banks refused because of their sample rate.
    stale_banks: AtomicU32,
    /// Editor -> audio thread. What is to be played.
    wish: Wish,
    /// Editor -> audio thread. Raised to fade out everything that sounds; cleared by the player.
    stop: AtomicBool,
    /// Audio thread -> editor. Where the host's song is, in seconds as `f64` bits; NaN if the host does not tell.
    song: AtomicU64,
    /// Audio thread -> editor. The host's tempo as `f64` bits, NaN if the host does not tell; its signature as two halves, 0
    /// if that is not told.
    tempo: AtomicU64,
    signature: AtomicU32,
    /// Editor -> audio thread. Keys that are pressed in the window.
    pub keyboard: Keyboard,
    /// Audio thread -> editor. Output level.
    pub meter: Meter,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            playhead: AtomicU32::new(SILENT),
            voices: AtomicU32::new(0),
            rolling: AtomicBool::new(false),
            deferred_banks: AtomicU32::new(0),
            stale_banks: AtomicU32::new(0),
            wish: Wish::default(),
            position: AtomicU64::new(0),
            take: AtomicU64::new(0),
            version: AtomicU32::new(0),
            auditioned: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            song: AtomicU64::new(f64::NAN.to_bits()),
            tempo: AtomicU64::new(f64::NAN.to_bits()),
            signature: AtomicU32::new(0),
            keyboard: Keyboard::default(),
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

    /// Whether the host's transport rolled in the newest block.
    #[must_use]
    pub fn is_rolling(&self) -> bool {
        self.rolling.load(Ordering::Relaxed)
    }

    /// How many blocks began while a new bank had to wait, because everything that the player can hold still sounded or
    /// could not be sent back.
    #[must_use]
    pub fn deferred_banks(&self) -> u32 {
        self.deferred_banks.load(Ordering::Relaxed)
    }

    /// How many banks were refused because they had another sample rate than the player.
    #[must_use]
    pub fn stale_banks(&self) -> u32 {
        self.stale_banks.load(Ordering::Relaxed)
    }

    /// What is heard now, `None` while nothing plays.
    #[must_use]
    pub fn heard(&self) -> Option<Heard> {
        let fraction = self.playhead()?;
        let sound = SoundKey {
            take: self.take.load(Ordering::Relaxed),
            version: self.version.load(Ordering::Relaxed),
        };
        let position_s = f64::from_bits(self.position.load(Ordering::Relaxed));
        Some(Heard { sound, position_s, fraction, auditioned: self.auditioned.load(Ordering::Relaxed) })
    }

    /// Where the host's song was at the start of the last block, in seconds; `None` if the host does not tell.
    #[must_use]
    pub fn song_position_s(&self) -> Option<f64> {
        Some(f64::from_bits(self.song.load(Ordering::Relaxed))).filter(|seconds| !seconds.is_nan())
    }

    /// Publishes where the host's song is.
    ///
    /// # Real-time safety
    /// Wait-free; called once per block.
    pub(crate) fn publish_song(&self, position_s: Option<f64>) {
        self.song.store(position_s.unwrap_or(f64::NAN).to_bits(), Ordering::Relaxed);
    }

    /// The host's tempo in the newest block; `None` if the host does not tell.
    #[must_use]
    pub fn tempo(&self) -> Option<Tempo> {
        let bpm = f64::from_bits(self.tempo.load(Ordering::Relaxed));
        let halves = self.signature.load(Ordering::Relaxed);
        let signature = Some((halves >> 16, halves & 0xffff)).filter(|_| halves != 0);
        Some(Tempo { bpm, signature }).filter(|_| !bpm.is_nan())
    }

    /// Publishes the host's tempo; one that no music has counts as none.
    ///
    /// # Real-time safety
    /// Wait-free; called once per block.
    pub fn publish_tempo(&self, tempo: Option<Tempo>) {
        let tempo = tempo.filter(|tempo| tempo.is_possible());
        let (count, unit) = tempo.and_then(|tempo| tempo.signature).unwrap_or((0, 0));
        self.tempo.store(tempo.map_or(f64::NAN, |tempo| tempo.bpm).to_bits(), Ordering::Relaxed);
        self.signature.store(count << 16 | unit, Ordering::Relaxed);
    }

    /// Asks the player to play a sound once. Called by the editor.
    pub fn request_audition(&self, audition: &Audition) {
        self.wish.put(Some(audition));
    }

    /// Asks the player to fade out everything, and takes back what was asked for and does not sound yet. Called by the
    /// editor.
    pub fn request_stop(&self) {
        self.wish.put(None);
        self.stop.store(true, Ordering::Relaxed);
    }

    /// What was asked for last, if it is not what the caller has `seen`; see [`Wish::take`].
    ///
    /// # Real-time safety
    /// Wait-free.
    pub(crate) fn take_audition(&self, seen: &mut u64) -> Option<Option<Audition>> {
        self.wish.take(seen)
    }

    /// Whether a stop was asked for since the last call.
    ///
    /// # Real-time safety
    /// Wait-free.
    pub(crate) fn take_stop(&self) -> bool {
        // The load first: nearly always there is nothing to take, and an exchange makes the cache line ours, which the
        // editor's core then has to fetch again.
        self.stop.load(Ordering::Relaxed) && self.stop.swap(false, Ordering::Relaxed)
    }

    /// Publishes what is heard and the number of voices.
    ///
    /// # Real-time safety
    /// Wait-free; called once per block.
    pub(crate) fn publish(&self, heard: Option<&Heard>, voices: u32) {
        if let Some(Heard { sound, position_s, auditioned, .. }) = heard {
            self.take.store(sound.take, Ordering::Relaxed);
            self.version.store(sound.version, Ordering::Relaxed);
            self.position.store(position_s.to_bits(), Ordering::Relaxed);
            self.auditioned.store(*auditioned, Ordering::Relaxed);
        }
        let playhead = heard.map_or(SILENT, |heard| heard.fraction.to_bits());
        self.playhead.store(playhead, Ordering::Relaxed);
        self.voices.store(voices, Ordering::Relaxed);
    }

    /// Publishes whether the host's transport rolls.
    ///
    /// # Real-time safety
    /// Wait-free; called once per block.
    pub(crate) fn publish_rolling(&self, rolling: bool) {
        self.rolling.store(rolling, Ordering::Relaxed);
    }

    /// Publishes the running totals of the queue of banks.
    ///
    /// # Real-time safety
    /// Wait-free.
    pub(crate) fn publish_banks(&self, deferred: u32, stale: u32) {
        self.deferred_banks.store(deferred, Ordering::Relaxed);
        self.stale_banks.store(stale, Ordering::Relaxed);
    }
}
