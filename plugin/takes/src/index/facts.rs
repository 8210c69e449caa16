//! What is known of a sound by listening to it and reading its tags, and the file that remembers it.
//!
//! The file, [`FILE`] in the takes folder, is a memory and no more: what is missing in it, or no longer fits the sounds
//! that are there, is found out again.

use super::super::flac;
use super::super::names::{digits, hash_in_name};
use super::lines;
use crate::features::{Features, features};
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use straightshot_protocol::{Audio, ContentHash, Request};

/// Name of the file in the takes folder.
const FILE: &str = "library.jsonl";
/// Grows whenever what is written has another meaning. What older versions wrote is found out again.
const VERSION: u32 = 1;
/// Lines more than there are sounds before the file is tidied.
const SPARE_LINES: usize = 1000;
/// Columns of the small picture of a sound.
pub const PICTURE_COLUMNS: usize = 64;

/// Everything about a sound that follows from its file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Facts {
    version: u32,
    /// Name of the file in the folder; a name that is no text is not remembered, the sound is listened to each time.
    pub(crate) file: String,
    /// Length of the file.
    pub(crate) bytes: u64,
    /// When the file was written, in milliseconds since 1970.
    pub(crate) written_ms: u64,
    /// What was heard; `None` if it is no sound of ours.
    pub(crate) heard: Option<Heard>,
}

/// What a sound is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    /// Hash of the file's bytes.
    pub hash: ContentHash,
    /// How it was made.
    pub request: Request,
    /// Samples per second.
    pub sample_rate_hz: u32,
    /// One or two.
    pub channels: u8,
    /// Samples of each channel.
    pub frames: u64,
    /// Loudness as broadcasters measure it, in LUFS; negative infinity is written as -100.
    pub loudness_lufs: f32,
    /// Its outline.
    #[serde(with = "bytes_as_text")]
    pub picture: Arc<[u8]>,
    /// What it sounds like.
    #[serde(with = "features_as_text")]
    pub features: Arc<Features>,
}

/// Level of each column of a small picture, 255 for full scale.
pub(crate) type Picture = Arc<[u8]>;

impl Heard {
    /// Length in seconds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "for display")]
    pub fn seconds(&self) -> f64 {
        self.frames as f64 / f64::from(self.sample_rate_hz.max(1))
    }

    /// Listens to the sound in `bytes`, a file of the takes folder; `title` is its name where it has no recipe. `None` if
    /// it is no sound that a take can have.
    pub(crate) fn of(bytes: &[u8], title: &str) -> Option<Self> {
        let audio = flac::decode(bytes).ok()?;
        let request = flac::request_in(bytes)
            .unwrap_or_else(|| Request { prompt: title.to_owned(), ..Request::default() });
        #[expect(clippy::cast_possible_truncation, reason = "some decibels")]
        let loudness_lufs = straightshot_edits::loudness(&audio).integrated_lufs.max(-100.0) as f32;
        Some(Self {
            hash: ContentHash::of([bytes]),
            request,
            sample_rate_hz: audio.sample_rate_hz(),
            channels: if audio.right().is_some() { 2 } else { 1 },
            frames: audio.frames() as u64,
            loudness_lufs,
            picture: picture(&audio),
            features: Arc::new(features(&audio)),
        })
    }
}

impl Facts {
    pub(crate) fn of(path: &Path, bytes: u64, written: SystemTime, heard: Option<Heard>) -> Option<Self> {
        let file = path.file_name().and_then(OsStr::to_str)?.to_owned();
        Some(Self { version: VERSION, file, bytes, written_ms: milliseconds(written), heard })
    }

    /// Whether they are about the file of so many bytes, written then. One that says by its name which sound it is may have
    /// been copied, and have another date.
    pub(crate) fn fit(&self, bytes: u64, written: SystemTime) -> bool {
        let named = || {
            let hash = hash_in_name(Path::new(&self.file));
            hash.is_some() && hash == self.heard.as_ref().map(|heard| digits(&heard.hash))
        };
        self.bytes == bytes && (self.written_ms == milliseconds(written) || named())
    }
}

pub(crate) fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The file in `folder`.
pub(crate) fn file(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// What is remembered, by the names of files.
///
/// # Errors
/// Those of the system.
pub(crate) fn read(folder: &Path) -> io::Result<HashMap<String, Facts>> {
    let path = file(folder);
    let found = lines::read::<Facts>(&path)?;
    let (count, damaged) = (found.values.len(), found.damaged);
    let facts = newest(found.values);
    if damaged > 0 || count > facts.len() + SPARE_LINES {
        let folder = folder.to_owned();
        // Tidying can wait if it fails.
        let _ = lines::replace(&path, |facts| {
            let there = newest(facts).into_values();
            there.filter(|facts: &Facts| folder.join(&facts.file).is_file()).collect()
        });
    }
    Ok(facts)
}

/// Remembers `facts`.
///
/// # Errors
/// Those of the system.
pub(crate) fn write(folder: &Path, facts: &[Facts]) -> io::Result<()> {
    lines::append(&file(folder), facts)
}

fn newest(facts: Vec<Facts>) -> HashMap<String, Facts> {
    facts
        .into_iter()
        .filter(|facts| facts.version == VERSION)
        .map(|facts| (facts.file.clone(), facts))
        .collect()
}

/// The loudest sample of each column.
fn picture(audio: &Audio) -> Picture {
    let frames = audio.frames();
    (0..PICTURE_COLUMNS)
        .map(|column| {
            let start = (column * frames / PICTURE_COLUMNS).min(frames.saturating_sub(1));
            let end = ((column + 1) * frames / PICTURE_COLUMNS).max(start + 1).min(frames);
            let samples = audio.channels().flat_map(|channel| &channel[start..end]);
            let peak = samples.fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
            let level = (peak.min(1.0) * 255.0).round() as u8;
            level
        })
        .collect()
}

mod bytes_as_text {
    use super::{BASE64, Deserialize, Deserializer, Picture, Serializer};
    use base64::Engine as _;
    use serde::de::Error as _;

    pub(crate) fn serialize<S: Serializer>(picture: &Picture, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(picture))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Picture, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        BASE64.decode(text.as_bytes()).map(Into::into).map_err(D::Error::custom)
    }
}

mod features_as_text {
    use super::{Arc, BASE64, Deserialize, Deserializer, Features, Serializer};
    use base64::Engine as _;
    use serde::de::Error as _;

    pub(crate) fn serialize<S: Serializer>(
        features: &Arc<Features>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = features.iter().flat_map(|value| value.to_le_bytes()).collect();
        serializer.serialize_str(&BASE64.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<Features>, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let bytes = BASE64.decode(text.as_bytes()).map_err(D::Error::custom)?;
        let values: Vec<f32> =
            bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        let values: Features =
            values.try_into().map_err(|_| D::Error::custom("another number of features"))?;
        Ok(Arc::new(values))
    }
}
