//! WAV files that studios take: samples, and chunks that say what they are.
//!
//! [`encode`] writes `fmt `, `bext`, `iXML`, `LIST`, `smpl` and `data` in this order, each once and only if it has
//! something to say, padded to an even number of bytes. The header is the plain one: a channel mask, as
//! `WAVE_FORMAT_EXTENSIBLE` has it, makes some programs take mono for the left speaker. The same input gives the same
//! bytes: no clock is read here.

mod bext;
mod chunks;

pub use bext::{Bext, Loudness};
pub use chunks::{Chunks, Forever, InfoId, to_ascii};

use crate::samples;
use serde::{Deserialize, Serialize};
use straightshot_protocol::{Audio, ErrorKind, Failure};

/// How samples are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Depth {
    /// 16-bit whole numbers, with dither.
    #[serde(rename = "16")]
    Pcm16,
    /// 24-bit whole numbers, with dither where there is something to round.
    #[default]
    #[serde(rename = "24")]
    Pcm24,
    /// 32-bit floating point: nothing is rounded, peaks may be above full scale.
    #[serde(rename = "32f")]
    Float32,
}

impl Depth {
    /// Bits of a sample.
    #[must_use]
    pub fn bits(self) -> u16 {
        match self {
            Self::Pcm16 => 16,
            Self::Pcm24 => 24,
            Self::Float32 => 32,
        }
    }
}

/// A WAV file of `audio` with `chunks`.
///
/// # Errors
/// [`ErrorKind::BadData`] if there are more than 4 GiB of it, which no plain WAV file can hold.
pub fn encode(audio: &Audio, depth: Depth, chunks: &Chunks) -> Result<Vec<u8>, Failure> {
    let data = data(audio, depth);
    let head = head(audio, depth, chunks, data.len())?;
    let padding = &[0_u8][..data.len() % 2];
    Ok([&head, &data, padding].concat())
}

/// Everything before the samples: from `RIFF` to the size of the data, which has `data_bytes`.
pub(crate) fn head(
    audio: &Audio,
    depth: Depth,
    chunks: &Chunks,
    data_bytes: usize,
) -> Result<Vec<u8>, Failure> {
    let too_long =
        || Failure::new(ErrorKind::BadData, "The sound is too long for a WAV file: more than 4 GB");
    let mut body = b"WAVE".to_vec();
    chunks::push(&mut body, *b"fmt ", &format(audio, depth));
    if depth == Depth::Float32 {
        // Wanted of every format but whole numbers: the frames.
        let frames = u32::try_from(audio.frames()).map_err(|_| too_long())?;
        chunks::push(&mut body, *b"fact", &frames.to_le_bytes());
    }
    chunks.write(audio.sample_rate_hz(), &mut body);
    body.extend(b"data");
    let riff = body.len() + 4 + data_bytes + data_bytes % 2;
    let size = u32::try_from(riff).map_err(|_| too_long())?;
    body.extend(u32::try_from(data_bytes).map_err(|_| too_long())?.to_le_bytes());
    Ok([&b"RIFF"[..], &size.to_le_bytes(), &body].concat())
}

/// The samples as bytes.
fn data(audio: &Audio, depth: Depth) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(audio.frames() * audio.channel_count() * 4 + 1);
    match depth {
        Depth::Pcm16 => samples::whole(audio, 16).iter().for_each(|v| bytes.extend(&v.to_le_bytes()[..2])),
        Depth::Pcm24 => samples::whole(audio, 24).iter().for_each(|v| bytes.extend(&v.to_le_bytes()[..3])),
        Depth::Float32 => {
            for frame in 0..audio.frames() {
                audio.channels().for_each(|channel| bytes.extend(channel[frame].to_le_bytes()));
            }
        }
    }
    bytes
}

/// Bytes of a sample frame.
fn frame_bytes(audio: &Audio, depth: Depth) -> u16 {
    channels(audio) * depth.bits() / 8
}

/// The body of the chunk `fmt `.
fn format(audio: &Audio, depth: Depth) -> Vec<u8> {
    let (kind, rate) = (if depth == Depth::Float32 { 3_u16 } else { 1 }, audio.sample_rate_hz());
    let block = frame_bytes(audio, depth);
    let mut body = Vec::new();
    body.extend(kind.to_le_bytes());
    body.extend(channels(audio).to_le_bytes());
    body.extend(rate.to_le_bytes());
    body.extend((rate * u32::from(block)).to_le_bytes());
    body.extend(block.to_le_bytes());
    body.extend(depth.bits().to_le_bytes());
    if depth == Depth::Float32 {
        // The size of an extension, which there is none of.
        body.extend(0_u16.to_le_bytes());
    }
    body
}

fn channels(audio: &Audio) -> u16 {
    1 + u16::from(audio.right().is_some())
}

#[cfg(test)]
mod tests;
