//! The form in which a sound is kept outside of memory.

use super::{flac, legacy};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use std::sync::Arc;
use straightshot_protocol::{Audio, ContentHash, Failure, Request};

/// Longest FLAC file of a take: its tags, and four bytes for each sample of the longest sound in stereo.
const MOST_BYTES: u64 = (flac::MOST_FRAMES as u64) * 8 + (16 << 20);

/// The saved form of one sound. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) enum Kept {
    /// The form of this version.
    Flac(Flac),
    /// From a project of document version 1, until the keeper has turned it into FLAC.
    Legacy(Legacy),
    /// A description that makes no sense, written back as it was.
    Unreadable(Arc<Value>),
}

/// The text of a sound as it stands in a project, with its quotes: it is put there byte by byte whenever a host saves, and
/// nobody looks through millions of letters for one that would have to be escaped.
pub(crate) type Text = Arc<RawValue>;

/// `letters` as they stand in a project.
pub(crate) fn text_of(letters: &str) -> Option<Text> {
    // Text can always be written as JSON.
    to_raw_value(letters).ok().map(Arc::from)
}

/// A sound as FLAC, known by the hash of its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Flac {
    pub(crate) facts: Facts,
    /// Base64 of the bytes; `None` where only the takes folder has them.
    pub(crate) text: Option<Text>,
    /// Whether the takes folder has the bytes, as far as is known.
    pub(crate) stored: bool,
}

/// What a project says about every sound, whether it holds it or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// Hash of the FLAC bytes.
    pub(crate) hash: ContentHash,
    pub(crate) sample_rate_hz: u32,
    pub(crate) channels: u8,
    pub(crate) frames: u64,
    /// Length of the FLAC bytes.
    pub(crate) bytes: u64,
}

/// A sound of document version 1: mono, without a checksum.
#[derive(Debug, Clone)]
pub(crate) struct Legacy {
    pub(crate) sample_rate_hz: u32,
    pub(crate) text: Arc<str>,
}

impl Flac {
    /// Packs a sound; the second value is the sound as it was rounded.
    ///
    /// # Errors
    /// Those of [`flac::encode`].
    pub(crate) fn pack(audio: &Audio, request: &Request) -> Result<(Self, Audio), Failure> {
        let (bytes, rounded) = flac::encode(audio, request)?;
        let facts = Facts {
            hash: ContentHash::of([bytes.as_slice()]),
            sample_rate_hz: rounded.sample_rate_hz(),
            channels: if rounded.right().is_some() { 2 } else { 1 },
            frames: rounded.frames() as u64,
            bytes: bytes.len() as u64,
        };
        Ok((Self { facts, text: text_of(&BASE64.encode(bytes)), stored: false }, rounded))
    }

    /// Samples in all channels.
    pub(crate) fn samples(&self) -> u64 {
        self.facts.frames * u64::from(self.facts.channels)
    }

    /// Length of the text in bytes, whether it is in memory or not.
    pub(crate) fn text_length(&self) -> u64 {
        self.facts.bytes.div_ceil(3) * 4
    }

    /// The bytes of `text`, if they are those of the hash.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn bytes_of(&self, text: &Text) -> Result<Vec<u8>, &'static str> {
        let bytes = BASE64.decode(text.get().trim_matches('"')).map_err(|_| "its text is damaged")?;
        self.check(&bytes)?;
        Ok(bytes)
    }

    /// Whether `bytes` are the sound: they have its hash.
    ///
    /// # Errors
    /// That they do not.
    pub(crate) fn check(&self, bytes: &[u8]) -> Result<(), &'static str> {
        if ContentHash::of([bytes]) == self.facts.hash { Ok(()) } else { Err("its checksum is wrong") }
    }
}

impl Facts {
    /// Whether a take can be like this.
    pub(crate) fn is_possible(&self) -> bool {
        (1..=2).contains(&self.channels)
            && flac::RATES_HZ.contains(&self.sample_rate_hz)
            && (1..=flac::MOST_FRAMES as u64).contains(&self.frames)
            && self.bytes <= MOST_BYTES
    }
}

impl Legacy {
    /// Unpacks the sound and packs it as FLAC.
    ///
    /// # Errors
    /// Why it is not a whole sound.
    pub(crate) fn convert(&self, request: &Request) -> Result<(Flac, Audio), &'static str> {
        let samples = legacy::decode(&self.text)?;
        Flac::pack(&Audio::mono(self.sample_rate_hz, samples), request).map_err(|_| "it is no sound")
    }
}

impl Kept {
    /// Whether both are the same sound.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Flac(a), Self::Flac(b)) => a.facts.hash == b.facts.hash,
            (Self::Legacy(a), Self::Legacy(b)) => {
                a.sample_rate_hz == b.sample_rate_hz && (Arc::ptr_eq(&a.text, &b.text) || a.text == b.text)
            }
            (Self::Unreadable(a), Self::Unreadable(b)) => a == b,
            _ => false,
        }
    }

    /// Length of the text in memory, in bytes.
    pub(crate) fn text_bytes(&self) -> usize {
        match self {
            Self::Flac(flac) => flac.text.as_ref().map_or(0, |text| text.get().len()),
            Self::Legacy(legacy) => legacy.text.len(),
            Self::Unreadable(_) => 0,
        }
    }
}
