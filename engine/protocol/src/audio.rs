//! A sound in memory.

use crate::{ErrorKind, Failure};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// PCM of one channel or of two channels that are equally long. Immutable; a clone shares the samples.
///
/// Samples are nominally within ±1. Mono is stored once, however many speakers play it.
///
/// ```
/// use straightshot_protocol::Audio;
///
/// let click = Audio::mono(44_100, vec![0.0, 1.0, 0.0]);
/// assert_eq!((click.channel_count(), click.frames()), (1, 3));
///
/// let wide = Audio::stereo(44_100, vec![0.5; 4], vec![-0.5; 4]).expect("equally long");
/// assert_eq!(wide.channels().nth(1), Some(&[-0.5_f32; 4][..]));
/// assert!(Audio::stereo(44_100, vec![0.0; 4], vec![0.0; 3]).is_err());
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Plain", into = "Plain")]
pub struct Audio {
    sample_rate_hz: u32,
    left: Arc<[f32]>,
    /// `None` for mono.
    right: Option<Arc<[f32]>>,
}

impl Audio {
    /// One channel at `sample_rate_hz`.
    #[must_use]
    pub fn mono(sample_rate_hz: u32, samples: impl Into<Arc<[f32]>>) -> Self {
        Self { sample_rate_hz, left: samples.into(), right: None }
    }

    /// Two channels at `sample_rate_hz`.
    ///
    /// # Errors
    /// [`ErrorKind::BadData`] if one is longer than the other.
    pub fn stereo(
        sample_rate_hz: u32,
        left: impl Into<Arc<[f32]>>,
        right: impl Into<Arc<[f32]>>,
    ) -> Result<Self, Failure> {
        let (left, right) = (left.into(), right.into());
        if left.len() != right.len() {
            let text = format!(
                "The two channels of a sound have {} and {} samples; they have to be equally long",
                left.len(),
                right.len()
            );
            return Err(Failure::new(ErrorKind::BadData, text));
        }
        Ok(Self { sample_rate_hz, left, right: Some(right) })
    }

    /// Channels as they come from a file or a model.
    ///
    /// # Errors
    /// [`ErrorKind::BadData`] unless there are one or two, equally long.
    pub fn from_channels(sample_rate_hz: u32, channels: Vec<Vec<f32>>) -> Result<Self, Failure> {
        let count = channels.len();
        let mut channels = channels.into_iter();
        match (channels.next(), channels.next(), channels.next()) {
            (Some(only), None, None) => Ok(Self::mono(sample_rate_hz, only)),
            (Some(left), Some(right), None) => Self::stereo(sample_rate_hz, left, right),
            _ => {
                let text = format!("A sound has {count} channels; one or two can be used");
                Err(Failure::new(ErrorKind::BadData, text))
            }
        }
    }

    /// Sample rate in Hz.
    #[must_use]
    pub fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    /// The channels, left before right; one or two.
    pub fn channels(&self) -> impl Iterator<Item = &[f32]> + Clone {
        std::iter::once(&*self.left).chain(self.right.as_deref())
    }

    /// How many channels there are: 1 or 2.
    #[must_use]
    pub fn channel_count(&self) -> usize {
        1 + usize::from(self.right.is_some())
    }

    /// Samples of the only channel of mono, of the left one of stereo.
    #[must_use]
    pub fn left(&self) -> &[f32] {
        &self.left
    }

    /// Samples of the right channel; `None` for mono.
    #[must_use]
    pub fn right(&self) -> Option<&[f32]> {
        self.right.as_deref()
    }

    /// One channel with the mean of all: mono as it is.
    #[must_use]
    pub fn mixed(&self) -> Cow<'_, [f32]> {
        match &self.right {
            None => Cow::Borrowed(&self.left),
            Some(right) => self.left.iter().zip(right.iter()).map(|(l, r)| 0.5 * (l + r)).collect(),
        }
    }

    /// Samples of each channel.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.left.len()
    }

    /// Whether there is nothing to hear at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// Length in seconds; 0 if the rate is unknown.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a sound has fewer than 2^53 samples")]
    pub fn seconds(&self) -> f64 {
        if self.sample_rate_hz == 0 { 0.0 } else { self.frames() as f64 / f64::from(self.sample_rate_hz) }
    }

    /// The first `frames` of it; all of it if it is shorter.
    #[must_use]
    pub fn first(&self, frames: usize) -> Self {
        let cut = |channel: &Arc<[f32]>| match channel.get(..frames) {
            Some(beginning) if beginning.len() < channel.len() => beginning.into(),
            _ => channel.clone(),
        };
        Self {
            sample_rate_hz: self.sample_rate_hz,
            left: cut(&self.left),
            right: self.right.as_ref().map(cut),
        }
    }

    /// Whether both share the same memory: then they are equal without a look at the samples.
    #[must_use]
    pub fn is_same_memory(&self, other: &Self) -> bool {
        let right = match (&self.right, &other.right) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        right && Arc::ptr_eq(&self.left, &other.left) && self.sample_rate_hz == other.sample_rate_hz
    }

    /// Memory of the samples in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.channels().map(size_of_val).sum()
    }

    /// The same sound with `change` applied to every channel.
    ///
    /// # Errors
    /// Those of `change`, and [`ErrorKind::BadData`] if it makes channels of different lengths.
    pub fn map_channels<E: From<Failure>>(
        &self,
        sample_rate_hz: u32,
        mut change: impl FnMut(&[f32]) -> Result<Vec<f32>, E>,
    ) -> Result<Self, E> {
        let left = change(&self.left)?;
        match &self.right {
            None => Ok(Self::mono(sample_rate_hz, left)),
            Some(right) => Ok(Self::stereo(sample_rate_hz, left, change(right)?)?),
        }
    }
}

impl std::fmt::Debug for Audio {
    // Not the samples: a debug line of a take would have a million numbers.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Audio")
            .field("sample_rate_hz", &self.sample_rate_hz)
            .field("channels", &self.channel_count())
            .field("frames", &self.frames())
            .finish()
    }
}

/// The written form, whose channels are checked when it is read.
#[derive(Serialize, Deserialize)]
struct Plain {
    sample_rate_hz: u32,
    channels: Vec<Vec<f32>>,
}

impl From<Audio> for Plain {
    fn from(audio: Audio) -> Self {
        Self {
            sample_rate_hz: audio.sample_rate_hz,
            channels: audio.channels().map(<[f32]>::to_vec).collect(),
        }
    }
}

impl TryFrom<Plain> for Audio {
    type Error = Failure;

    fn try_from(plain: Plain) -> Result<Self, Failure> {
        Self::from_channels(plain.sample_rate_hz, plain.channels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_or_two_channels_of_one_length_are_a_sound() {
        for (channels, fits) in [
            (vec![vec![0.0; 2]], true),
            (vec![vec![0.0; 2]; 2], true),
            (vec![], false),
            (vec![vec![0.0; 2]; 3], false),
            (vec![vec![0.0; 2], vec![0.0; 1]], false),
        ] {
            assert_eq!(Audio::from_channels(48_000, channels.clone()).is_ok(), fits, "{channels:?}");
            let text = serde_json::json!({ "sample_rate_hz": 48_000, "channels": channels }).to_string();
            assert_eq!(serde_json::from_str::<Audio>(&text).is_ok(), fits, "{text}");
        }
    }

    #[test]
    fn writing_and_reading_keeps_every_sample() {
        let audio = Audio::stereo(44_100, vec![0.1, -1.0e-7], vec![f32::MIN_POSITIVE, 4.0]).unwrap();
        let text = serde_json::to_string(&audio).unwrap();
        assert_eq!(serde_json::from_str::<Audio>(&text).unwrap(), audio);
    }

    #[test]
    fn mono_is_stored_once_and_clones_share() {
        let audio = Audio::mono(44_100, vec![0.5; 100]);
        assert_eq!(audio.bytes(), 400);
        assert!(audio.clone().is_same_memory(&audio));
        assert!(!Audio::mono(44_100, vec![0.5; 100]).is_same_memory(&audio));
    }
}
