//! [any thread] What can be asked to be heard, and what is heard now.

use std::ops::Range;
pub use straightshot_playback::Begin;
use straightshot_takes::TakeId;

/// One of the sounds of a session: a take as it is, edited, or another of its versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SoundId {
    /// The take.
    pub take: TakeId,
    /// The version with so many steps; `None` is the one that is shown.
    pub steps: Option<u32>,
}

impl SoundId {
    /// What a take is now.
    #[must_use]
    pub fn of(take: TakeId) -> Self {
        Self { take, steps: None }
    }

    /// The version of a take with `steps` steps, whichever is shown.
    #[must_use]
    pub fn version(take: TakeId, steps: u32) -> Self {
        Self { take, steps: Some(steps) }
    }
}

/// A wish to hear a sound without a note, once. It replaces the wish before it, and never changes which take is active.
///
/// # Examples
/// ```
/// use straightshot::hearing::{Audition, Begin, SoundId};
/// use straightshot_takes::TakeId;
///
/// // The active take from 1.5 s on, as a click into the waveform asks for it.
/// let from_there = Audition { begin: Begin::At(1.5), ..Audition::default() };
/// // The second half of a second of another take, again and again.
/// let around = Audition {
///     sound: Some(SoundId::of(TakeId(7))),
///     range_s: Some(0.5..1.0),
///     looped: true,
///     ..from_there
/// };
/// assert_eq!(around.gain, 1.0);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Audition {
    /// What to hear; `None` is the active take, and stays the active take when another one becomes it.
    pub sound: Option<SoundId>,
    /// Where to begin.
    pub begin: Begin,
    /// The part to hear, in seconds of the edited sound; all of it if there is none.
    pub range_s: Option<Range<f64>>,
    /// Whether to begin again at the end, until something else is asked for.
    pub looped: bool,
    /// Linear gain, to hear two sounds equally loud; 1 is the sound as it is.
    pub gain: f32,
}

impl Default for Audition {
    /// The active take, once from start to end.
    fn default() -> Self {
        Self { sound: None, begin: Begin::Start, range_s: None, looped: false, gain: 1.0 }
    }
}

/// What is heard now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Playing {
    /// Which sound.
    pub sound: SoundId,
    /// How far it is, in seconds of the edited sound.
    pub position_s: f64,
    /// How far it is, 0 ..= 1 of the edited sound.
    pub fraction: f32,
    /// Whether it plays because it was asked for here, and not because of a note or the host's transport.
    pub auditioned: bool,
}
