//! The sound that is played.

use std::fmt;

/// Length of the fade at the end of every clip, in seconds: a clip that ends away from zero would click.
const END_FADE_S: f32 = 0.002;
/// Samples below this magnitude (-400 dB) become zero. A voice multiplies every sample by small numbers (gain, fade),
/// and a product too small for a normal `f32` is *denormal*: processors compute with those up to a hundred times slower.
const SMALLEST_SAMPLE: f32 = 1e-20;

/// A sound in one or two channels at the host's sample rate, ready to be played.
///
/// It never changes. Player and sender share it in an `Arc`; [`handoff`](crate::handoff) sees to it that the audio
/// thread is never the last to let go of it.
///
/// # Examples
/// ```
/// use straightshot_playback::Clip;
///
/// let mono = Clip::mono(vec![0.5; 48_000], 48_000, 1);
/// assert_eq!((mono.channels(), mono.frames()), (1, 48_000));
///
/// let (left, right) = (vec![0.5; 48_000], vec![-0.5; 48_000]);
/// let stereo = Clip::new(vec![left, right], 48_000, 2)?;
/// assert_eq!((stereo.channels(), stereo.frames()), (2, 48_000));
///
/// // What cannot be played is refused when the clip is made, not when it should sound.
/// let reason = Clip::new(vec![vec![0.0; 10], vec![0.0; 9]], 48_000, 3).unwrap_err();
/// assert_eq!(reason.to_string(), "the channels have 10 and 9 samples; they must be equally long");
/// # Ok::<(), straightshot_playback::ChannelsError>(())
/// ```
#[derive(Debug)]
pub struct Clip {
    /// The samples of a mono clip, or left and right in turn. Side by side in memory, because a voice needs both
    /// samples of a moment together.
    samples: Box<[f32]>,
    layout: Layout,
    sample_rate_hz: u32,
    generation: u64,
}

/// How many samples make a moment of the sound; a closed list, so that a clip of three channels cannot exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    Mono,
    Stereo,
}

/// The samples of a clip, one array per moment.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Frames<'a> {
    Mono(&'a [[f32; 1]]),
    Stereo(&'a [[f32; 2]]),
}

/// Why channels do not make a [`Clip`].
///
/// # Examples
/// ```
/// use straightshot_playback::{ChannelsError, Clip};
///
/// let surround = Clip::new(vec![vec![0.0; 10]; 6], 48_000, 1);
/// assert_eq!(surround.unwrap_err(), ChannelsError::Count(6));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelsError {
    /// There are this many channels, neither one nor two.
    Count(usize),
    /// The channels have different lengths.
    Lengths {
        /// Samples of the first channel.
        left: usize,
        /// Samples of the second channel.
        right: usize,
    },
}

impl fmt::Display for ChannelsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "there are {count} channels; one or two can be played"),
            Self::Lengths { left, right } => {
                write!(f, "the channels have {left} and {right} samples; they must be equally long")
            }
        }
    }
}

impl std::error::Error for ChannelsError {}

impl Clip {
    /// Makes a clip of one or two `channels` (the first is the left one) at `sample_rate_hz`, the host's rate.
    ///
    /// `generation` must grow from clip to clip of one plugin instance: [`ClipSender`](crate::handoff::ClipSender)
    /// refuses to replace a clip by an older one. Samples that are not finite numbers become zero, and the last two
    /// milliseconds are faded out. A clip without samples is valid: it silences the player.
    ///
    /// # Errors
    /// If there are no or more than two channels, or two of different lengths.
    pub fn new(channels: Vec<Vec<f32>>, sample_rate_hz: u32, generation: u64) -> Result<Self, ChannelsError> {
        let count = channels.len();
        let mut channels = channels.into_iter();
        match (channels.next(), channels.next(), channels.next()) {
            (Some(samples), None, None) => Ok(Self::mono(samples, sample_rate_hz, generation)),
            (Some(left), Some(right), None) => Self::stereo(&left, &right, sample_rate_hz, generation),
            _ => Err(ChannelsError::Count(count)),
        }
    }

    /// Makes a clip of one channel; see [`new`](Self::new). `samples` are kept as they lie in memory, not copied.
    ///
    /// # Examples
    /// ```
    /// use straightshot_playback::Clip;
    ///
    /// let clip = Clip::mono(vec![0.5, f32::NAN, 0.5], 48_000, 1);
    /// assert_eq!(clip.samples()[1], 0.0, "a sample that is not a number is silent");
    /// ```
    #[must_use]
    pub fn mono(samples: Vec<f32>, sample_rate_hz: u32, generation: u64) -> Self {
        Self::of(samples, Layout::Mono, sample_rate_hz, generation)
    }

    #[expect(clippy::disallowed_methods, reason = "as in `of`")]
    fn stereo(
        left: &[f32],
        right: &[f32],
        sample_rate_hz: u32,
        generation: u64,
    ) -> Result<Self, ChannelsError> {
        if left.len() != right.len() {
            return Err(ChannelsError::Lengths { left: left.len(), right: right.len() });
        }
        let samples = left.iter().zip(right).flat_map(|(left, right)| [*left, *right]).collect();
        Ok(Self::of(samples, Layout::Stereo, sample_rate_hz, generation))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "called on the worker's or the host's thread, never on audio"
    )]
    fn of(mut samples: Vec<f32>, layout: Layout, sample_rate_hz: u32, generation: u64) -> Self {
        for sample in &mut samples {
            if !sample.is_finite() || sample.abs() < SMALLEST_SAMPLE {
                *sample = 0.0;
            }
        }
        match layout {
            Layout::Mono => fade_out(samples.as_chunks_mut::<1>().0, sample_rate_hz),
            Layout::Stereo => fade_out(samples.as_chunks_mut::<2>().0, sample_rate_hz),
        }
        Self { samples: samples.into_boxed_slice(), layout, sample_rate_hz, generation }
    }

    /// The samples; of a stereo clip left and right in turn.
    #[must_use]
    pub fn samples(&self) -> &[f32] {
        &self.samples
    }

    /// Number of channels: 1 or 2.
    ///
    /// # Real-time safety
    /// Constant time.
    #[must_use]
    pub fn channels(&self) -> usize {
        match self.layout {
            Layout::Mono => 1,
            Layout::Stereo => 2,
        }
    }

    /// Length in frames. A frame is a moment of the sound: one sample of every channel.
    ///
    /// # Real-time safety
    /// Constant time.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.samples.len() / self.channels()
    }

    /// Sample rate in Hz.
    ///
    /// # Real-time safety
    /// Constant time.
    #[must_use]
    pub fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    /// Age of the clip: larger is newer.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The samples by moments.
    ///
    /// # Real-time safety
    /// Constant time: the same memory, seen as arrays.
    pub(crate) fn moments(&self) -> Frames<'_> {
        match self.layout {
            Layout::Mono => Frames::Mono(self.samples.as_chunks().0),
            Layout::Stereo => Frames::Stereo(self.samples.as_chunks().0),
        }
    }
}

/// The sample of every channel at a fractional `position`; `None` past the end.
///
/// A voice at another pitch reads between the samples of its clip. The curve there is the cubic that has the samples'
/// values and slopes at both ends (Hermite's); a straight line would sound dull and add overtones. At whole positions
/// it is the sample itself, bit for bit.
///
/// # Real-time safety
/// No allocation, constant time.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "positions are non-negative and far below 2^52"
)]
pub(crate) fn interpolate<const CHANNELS: usize>(
    frames: &[[f32; CHANNELS]],
    position: f64,
) -> Option<[f32; CHANNELS]> {
    let index = position as usize;
    let here = *frames.get(index)?;
    let fraction = (position - index as f64) as f32;
    if fraction == 0.0 {
        return Some(here);
    }
    // Before the first and after the last sample there is silence.
    let at = |i: usize| frames.get(i).copied().unwrap_or([0.0; CHANNELS]);
    let before = index.checked_sub(1).map_or([0.0; CHANNELS], at);
    let (next, after) = (at(index + 1), at(index + 2));
    Some(std::array::from_fn(|channel| {
        hermite([before[channel], here[channel], next[channel], after[channel]], fraction)
    }))
}

/// The cubic through the two samples in the middle, whose slopes there are those between their neighbours.
#[inline]
fn hermite([before, here, next, after]: [f32; 4], fraction: f32) -> f32 {
    let slope = 0.5 * (next - before);
    let next_slope = 0.5 * (after - here);
    let rise = here - next;
    let cubic = 2.0 * rise + slope + next_slope;
    let square = -3.0 * rise - 2.0 * slope - next_slope;
    ((cubic * fraction + square) * fraction + slope) * fraction + here
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a fade is a few hundred samples"
)]
fn fade_out<const CHANNELS: usize>(frames: &mut [[f32; CHANNELS]], sample_rate_hz: u32) {
    let wanted = (END_FADE_S * sample_rate_hz as f32) as usize;
    // A clip shorter than two fades keeps at least half of itself as it is.
    let length = wanted.min(frames.len() / 2);
    for (i, frame) in frames.iter_mut().rev().take(length).enumerate() {
        let gain = i as f32 / length as f32;
        for sample in frame {
            *sample *= gain;
        }
    }
}
