//! The sound that is played.

use std::fmt;
use std::ops::Range;

/// Length of the fade at the end of every clip, in seconds: a clip that ends away from zero would click.
const END_FADE_S: f32 = 0.002;
/// Samples below this magnitude (-400 dB) become zero. A voice multiplies every sample by small numbers (gain, fade),
/// and a product too small for a normal `f32` is *denormal*: processors compute with those up to a hundred times slower.
const SMALLEST_SAMPLE: f32 = 1e-20;

/// Shortest loop in frames. A shorter one would be a tone and no sound, and would begin again at every sample.
const MIN_LOOP: usize = 64;

/// A sound in one or two channels at the host's sample rate, ready to be played.
///
/// It never changes. The [`Bank`](crate::Bank)s that hold it share it in an `Arc`; [`handoff`](crate::handoff) sees to it
/// that the audio thread is never the last to let go of one.
///
/// # Examples
/// ```
/// use straightshot_playback::Clip;
///
/// let mono = Clip::mono(vec![0.5; 48_000], 48_000);
/// assert_eq!((mono.channels(), mono.frames()), (1, 48_000));
///
/// let (left, right) = (vec![0.5; 48_000], vec![-0.5; 48_000]);
/// let stereo = Clip::new(vec![left, right], 48_000)?;
/// assert_eq!((stereo.channels(), stereo.frames()), (2, 48_000));
///
/// // A bed of rain whose second half can go on for ever.
/// let bed = Clip::with_loop(vec![vec![0.5; 48_000]], 48_000, Some(24_000..48_000))?;
/// assert_eq!(bed.loop_frames(), Some(24_000..48_000));
///
/// // What cannot be played is refused when the clip is made, not when it should sound.
/// let reason = Clip::new(vec![vec![0.0; 10], vec![0.0; 9]], 48_000).unwrap_err();
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
    /// Where the sound goes back to its first from, without a seam; within [`sound_frames`](Self::sound_frames).
    loop_frames: Option<Range<usize>>,
    /// Frames of the sound itself, without what was added for its end.
    sound_frames: usize,
}

/// How many samples make a moment of the sound; a closed list, so that a clip of three channels cannot exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    Mono,
    Stereo,
}

impl Layout {
    fn channels(self) -> usize {
        match self {
            Self::Mono => 1,
            Self::Stereo => 2,
        }
    }
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
/// let surround = Clip::new(vec![vec![0.0; 10]; 6], 48_000);
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
    /// Samples that are not finite numbers become zero, and the last two milliseconds are faded out. A clip without
    /// samples is valid: it is silent.
    ///
    /// # Errors
    /// If there are no or more than two channels, or two of different lengths.
    pub fn new(channels: Vec<Vec<f32>>, sample_rate_hz: u32) -> Result<Self, ChannelsError> {
        Self::with_loop(channels, sample_rate_hz, None)
    }

    /// Like [`new`](Self::new), for a sound that can go on at the first of `loop_frames` when it has come to their end,
    /// as smoothly as the samples do. Frames that the sound does not have, or fewer than 64 of them, are no loop.
    ///
    /// # Errors
    /// As those of [`new`](Self::new).
    pub fn with_loop(
        channels: Vec<Vec<f32>>,
        sample_rate_hz: u32,
        loop_frames: Option<Range<usize>>,
    ) -> Result<Self, ChannelsError> {
        let count = channels.len();
        let mut channels = channels.into_iter();
        match (channels.next(), channels.next(), channels.next()) {
            (Some(samples), None, None) => Ok(Self::of(samples, Layout::Mono, sample_rate_hz, loop_frames)),
            (Some(left), Some(right), None) => Self::stereo(&left, &right, sample_rate_hz, loop_frames),
            _ => Err(ChannelsError::Count(count)),
        }
    }

    /// Makes a clip of one channel; see [`new`](Self::new). `samples` are kept as they lie in memory, not copied.
    ///
    /// # Examples
    /// ```
    /// use straightshot_playback::Clip;
    ///
    /// let clip = Clip::mono(vec![0.5, f32::NAN, 0.5], 48_000);
    /// assert_eq!(clip.samples()[1], 0.0, "a sample that is not a number is silent");
    /// ```
    #[must_use]
    pub fn mono(samples: Vec<f32>, sample_rate_hz: u32) -> Self {
        Self::of(samples, Layout::Mono, sample_rate_hz, None)
    }

    #[expect(clippy::disallowed_methods, reason = "as in `of`")]
    fn stereo(
        left: &[f32],
        right: &[f32],
        sample_rate_hz: u32,
        loop_frames: Option<Range<usize>>,
    ) -> Result<Self, ChannelsError> {
        if left.len() != right.len() {
            return Err(ChannelsError::Lengths { left: left.len(), right: right.len() });
        }
        let samples = left.iter().zip(right).flat_map(|(left, right)| [*left, *right]).collect();
        Ok(Self::of(samples, Layout::Stereo, sample_rate_hz, loop_frames))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "called on the worker's or the host's thread, never on audio"
    )]
    fn of(
        mut samples: Vec<f32>,
        layout: Layout,
        sample_rate_hz: u32,
        loop_frames: Option<Range<usize>>,
    ) -> Self {
        for sample in &mut samples {
            if !sample.is_finite() || sample.abs() < SMALLEST_SAMPLE {
                *sample = 0.0;
            }
        }
        let channels = layout.channels();
        let frames = samples.len() / channels;
        let fade = fade_frames(sample_rate_hz);
        let loop_frames = loop_frames.filter(|range| range.end <= frames && range.len() >= MIN_LOOP);
        if let Some(range) = loop_frames.clone().filter(|range| frames - range.end < fade) {
            // The fade of the end must not be heard in the loop. So what fades is what would come next: the loop's start.
            samples.truncate(channels * range.end);
            for frame in range.clone().cycle().take(fade) {
                samples.extend_from_within(channels * frame..channels * (frame + 1));
            }
        }
        match layout {
            Layout::Mono => fade_out(samples.as_chunks_mut::<1>().0, fade),
            Layout::Stereo => fade_out(samples.as_chunks_mut::<2>().0, fade),
        }
        Self {
            samples: samples.into_boxed_slice(),
            layout,
            sample_rate_hz,
            loop_frames,
            sound_frames: frames,
        }
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
        self.layout.channels()
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

    /// Where the sound goes back to its first from, if it was made with a loop.
    ///
    /// # Real-time safety
    /// Constant time.
    #[must_use]
    pub fn loop_frames(&self) -> Option<Range<usize>> {
        self.loop_frames.clone()
    }

    /// Frames of the sound, which may be a few less than those that are played of it.
    ///
    /// # Real-time safety
    /// Constant time.
    #[must_use]
    pub fn sound_frames(&self) -> usize {
        self.sound_frames
    }

    /// Memory that it takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of_val::<[f32]>(&self.samples)
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
/// Within `around`, a loop, what comes after the last frame is the first one, and the other way round once the voice has
/// been there.
///
/// # Real-time safety
/// No allocation, constant time.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "positions are non-negative and far below 2^52"
)]
#[inline]
pub(crate) fn interpolate<const CHANNELS: usize>(
    frames: &[[f32; CHANNELS]],
    position: f64,
    around: Option<&Around>,
) -> Option<[f32; CHANNELS]> {
    let index = position as usize;
    let here = *frames.get(index)?;
    let fraction = (position - index as f64) as f32;
    if fraction == 0.0 {
        return Some(here);
    }
    // Before the first and after the last sample there is silence.
    let at = |i: usize| frames.get(i).copied().unwrap_or([0.0; CHANNELS]);
    let previous = match around {
        Some(around) if around.returned && index == around.start => at(around.end - 1),
        _ => index.checked_sub(1).map_or([0.0; CHANNELS], at),
    };
    let following = |i: usize| match around {
        Some(around) if i >= around.end => at(around.start + (i - around.end)),
        _ => at(i),
    };
    let (next, after) = (following(index + 1), following(index + 2));
    Some(std::array::from_fn(|channel| {
        hermite([previous[channel], here[channel], next[channel], after[channel]], fraction)
    }))
}

/// The loop that a voice is in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Around {
    /// First frame.
    pub(crate) start: usize,
    /// The frame after the last; at least two after the first.
    pub(crate) end: usize,
    /// Whether the voice has come back from the end to the start.
    pub(crate) returned: bool,
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

/// Length of the fade at the end of a clip.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a fade is a few hundred samples"
)]
fn fade_frames(sample_rate_hz: u32) -> usize {
    (END_FADE_S * sample_rate_hz as f32) as usize
}

#[expect(clippy::cast_precision_loss, reason = "a fade is a few hundred samples")]
fn fade_out<const CHANNELS: usize>(frames: &mut [[f32; CHANNELS]], wanted: usize) {
    // A clip shorter than two fades keeps at least half of itself as it is.
    let length = wanted.min(frames.len() / 2);
    for (i, frame) in frames.iter_mut().rev().take(length).enumerate() {
        let gain = i as f32 / length as f32;
        for sample in frame {
            *sample *= gain;
        }
    }
}
