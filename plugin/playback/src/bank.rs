//! All sounds that can be played at once, and which of them what plays.

use crate::clip::Clip;
use std::sync::Arc;

/// Sounds that a bank can hold. A limit, because the player looks for one in all of them when a bank takes the place of
/// another.
pub const MAX_SOUNDS: usize = 64;
/// Keys of a keyboard.
pub const KEYS: usize = 128;

/// Tells sounds apart; the player makes nothing of the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SoundKey {
    /// The take.
    pub take: u64,
    /// The version of it; 0 is the one that the user sees.
    pub version: u32,
}

/// A sound of a [`Bank`].
#[derive(Debug, Clone)]
pub struct Sound {
    /// Which sound. It stays the same when the clip is another one, because the sound was edited.
    pub key: SoundKey,
    /// Its samples.
    pub clip: Arc<Clip>,
    /// Linear gain; 1 plays it as it is.
    pub gain: f32,
}

/// What a [`Bank`] is made of. Numbers of sounds are places in `sounds`.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// The sounds, at most [`MAX_SOUNDS`]; what is beyond is left out.
    pub sounds: Vec<Sound>,
    /// The sound that is played if nothing else is said.
    pub active: Option<usize>,
    /// The sounds that are played in turn, by chance, or by number.
    pub pool: Vec<usize>,
    /// Keys that have a sound of their own; without any, those of the pool lie on the keys from the root on.
    pub keys: Vec<(u8, usize)>,
    /// The frame of the host's song at which the sound lies that the transport plays; without one it begins wherever the
    /// transport starts.
    pub place: Option<i64>,
}

/// Everything that can be played, as one value that never changes: the sender makes another one, and the player goes
/// over to it between two blocks.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use straightshot_playback::{Bank, Clip, Contents, Sound, SoundKey};
///
/// let step = |take, level| Sound {
///     key: SoundKey { take, version: 0 },
///     clip: Arc::new(Clip::mono(vec![level; 4800], 48_000)),
///     gain: 1.0,
/// };
/// // Two footsteps; the second one is active, and both are played in turn.
/// let contents = Contents {
///     sounds: vec![step(1, 0.5), step(2, 0.25)],
///     active: Some(1),
///     pool: vec![0, 1],
///     ..Contents::default()
/// };
/// let bank = Bank::new(contents, 48_000, 1);
/// assert_eq!(bank.sounds().len(), 2);
/// ```
#[derive(Debug)]
pub struct Bank {
    sounds: Box<[Sound]>,
    active: Option<usize>,
    pool: Box<[usize]>,
    /// The sound of every key.
    keys: Box<[Option<usize>]>,
    /// Whether any key was given one.
    keyed: bool,
    place: Option<i64>,
    sample_rate_hz: u32,
    generation: u64,
    stereo: bool,
}

impl Bank {
    /// Makes a bank of clips at `sample_rate_hz`, the host's rate.
    ///
    /// `generation` must grow from bank to bank of one plugin instance: [`BankSender`](crate::handoff::BankSender)
    /// refuses to replace a bank by an older one. What names a sound that is not there is left out. A bank without
    /// sounds is valid: it silences the player.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        clippy::disallowed_macros,
        reason = "never called on the audio thread"
    )]
    pub fn new(contents: Contents, sample_rate_hz: u32, generation: u64) -> Self {
        let Contents { mut sounds, active, mut pool, keys, place } = contents;
        sounds.truncate(MAX_SOUNDS);
        let known = |index: &usize| *index < sounds.len();
        pool.retain(known);
        let keyed = !keys.is_empty();
        let mut of_keys = vec![None; KEYS];
        for (key, index) in keys {
            if let Some(of_key) = of_keys.get_mut(usize::from(key)) {
                *of_key = Some(index).filter(known);
            }
        }
        Self {
            active: active.filter(known),
            pool: pool.into_boxed_slice(),
            keys: of_keys.into_boxed_slice(),
            keyed,
            stereo: sounds.iter().any(|sound| sound.clip.channels() > 1),
            sounds: sounds.into_boxed_slice(),
            place,
            sample_rate_hz,
            generation,
        }
    }

    /// A bank of one sound, which is active.
    ///
    /// # Examples
    /// ```
    /// use straightshot_playback::{Bank, Clip};
    ///
    /// let bank = Bank::of(Clip::mono(vec![0.5; 4800], 48_000), 1);
    /// assert_eq!((bank.sounds().len(), bank.sample_rate_hz()), (1, 48_000));
    /// ```
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        clippy::disallowed_macros,
        reason = "never called on the audio thread"
    )]
    pub fn of(clip: Clip, generation: u64) -> Self {
        let sample_rate_hz = clip.sample_rate_hz();
        let sound = Sound { key: SoundKey { take: 0, version: 0 }, clip: Arc::new(clip), gain: 1.0 };
        let contents = Contents { sounds: vec![sound], active: Some(0), ..Contents::default() };
        Self::new(contents, sample_rate_hz, generation)
    }

    /// The sounds.
    ///
    /// # Real-time safety
    /// Constant time.
    #[must_use]
    pub fn sounds(&self) -> &[Sound] {
        &self.sounds
    }

    /// Sample rate of all clips in Hz.
    ///
    /// # Real-time safety
    /// Constant time.
    #[must_use]
    pub fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    /// Age of the bank: larger is newer.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The place of the active sound, unless there is none or it is empty.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn active(&self) -> Option<usize> {
        self.active.filter(|index| self.is_audible(*index))
    }

    /// The place of the sound called `key`, unless there is none or it is empty.
    ///
    /// # Real-time safety
    /// No allocation; time is bounded by [`MAX_SOUNDS`].
    pub(crate) fn find(&self, key: SoundKey) -> Option<usize> {
        let index = self.sounds.iter().position(|sound| sound.key == key)?;
        Some(index).filter(|index| self.is_audible(*index))
    }

    /// The sounds that are played in turn.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn pool(&self) -> &[usize] {
        &self.pool
    }

    /// The sound of a key. If no key was given one, those of the pool lie on the keys from `root` on.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn of_key(&self, key: u8, root: u8) -> Option<usize> {
        if self.keyed {
            return self.keys.get(usize::from(key)).copied().flatten();
        }
        self.pool.get(usize::from(key.checked_sub(root)?)).copied()
    }

    /// The frame of the host's song at which the sound of the transport lies.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn place(&self) -> Option<i64> {
        self.place
    }

    /// Whether any sound has two channels.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn has_stereo(&self) -> bool {
        self.stereo
    }

    fn is_audible(&self, index: usize) -> bool {
        self.sounds.get(index).is_some_and(|sound| sound.clip.frames() > 0)
    }
}
