//! How the samples of a container of chunks are stored.

use super::chunks::{Chunks, Family, body};
use std::fs::File;
use symphonia::core::audio::{Channels, Position};
use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::*;

/// Samples of a chunk.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Format {
    pub(super) codec: Codec,
    pub(super) rate_hz: u32,
    pub(super) channels: Channels,
    /// Bytes of a block: a frame, or as much as ADPCM packs together.
    pub(super) block: usize,
    /// Frames of a block.
    pub(super) frames: u64,
}

/// What decodes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    /// Blocks of one size.
    Blocks(AudioCodecId),
    /// A stream that has frames of its own, MP3 for example.
    Stream(&'static str),
}

/// The part of a GUID that says ambisonics (B-format) in place of speakers.
const AMBISONIC: [u8; 10] = [0x21, 0x07, 0xd3, 0x11, 0x86, 0x44, 0xc8, 0xc1, 0xca, 0x00];
const EXTENSIBLE: u16 = 0xFFFE;

fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

/// The format that `chunks` have.
///
/// # Errors
/// Why there is none that can be read, in words for a report.
pub(super) fn of(file: &mut File, chunks: &Chunks) -> Result<Format, String> {
    let mut read = |id: &[u8; 4]| {
        let chunk = chunks.first(id).ok_or("it does not say how its samples are stored")?;
        body(file, chunk, 256).map_err(|e| e.to_string())
    };
    match chunks.family {
        Family::Riff | Family::Wave64 => wave(&read(b"fmt ")?),
        Family::Rifx => turned(&read(b"fmt ")?),
        Family::Form => aiff(&read(b"COMM")?),
        Family::Au => au(&read(b"head")?),
        Family::Caf => caf(&read(b"desc")?),
    }
}

/// Channels of a number alone: what they are for is guessed where they are mixed.
fn plain(count: u16) -> Result<Channels, String> {
    match count {
        0 => Err("it has no channels".into()),
        count => Ok(Channels::Discrete(count)),
    }
}

/// A format of single samples of `bytes` bytes each.
fn samples(codec: AudioCodecId, rate_hz: u32, channels: Channels, bytes: usize) -> Format {
    let block = bytes * channels.count();
    Format { codec: Codec::Blocks(codec), rate_hz, channels, block, frames: 1 }
}

/// The body of `fmt ` with the high bytes first, and samples of the same kind. Nobody writes anything else into such files.
fn turned(body: &[u8]) -> Result<Format, String> {
    let mut little = body.to_vec();
    for (at, size) in [(0, 2), (2, 2), (4, 4), (8, 4), (12, 2), (14, 2), (16, 2), (18, 2), (20, 4), (24, 2)] {
        if let Some(field) = little.get_mut(at..at + size) {
            field.reverse();
        }
    }
    let mut format = wave(&little)?;
    format.codec = match format.codec {
        Codec::Blocks(CODEC_ID_PCM_S16LE) => Codec::Blocks(CODEC_ID_PCM_S16BE),
        Codec::Blocks(CODEC_ID_PCM_S24LE) => Codec::Blocks(CODEC_ID_PCM_S24BE),
        Codec::Blocks(CODEC_ID_PCM_S32LE) => Codec::Blocks(CODEC_ID_PCM_S32BE),
        Codec::Blocks(CODEC_ID_PCM_F32LE) => Codec::Blocks(CODEC_ID_PCM_F32BE),
        Codec::Blocks(CODEC_ID_PCM_F64LE) => Codec::Blocks(CODEC_ID_PCM_F64BE),
        same => same,
    };
    Ok(format)
}

/// The body of `fmt `. Its length is not asked: 14, 16, 17, 18, 20 and 40 bytes are all in use.
fn wave(body: &[u8]) -> Result<Format, String> {
    let short = || "its fmt chunk is cut short".to_owned();
    let (mut tag, count) = (le16(body, 0).ok_or_else(short)?, le16(body, 2).ok_or_else(short)?);
    let (rate_hz, block) = (le32(body, 4).ok_or_else(short)?, le16(body, 12).unwrap_or(0));
    let mut channels = plain(count)?;
    if tag == EXTENSIBLE {
        tag = le16(body, 24).ok_or_else(short)?;
        let mask = le32(body, 20).unwrap_or(0);
        let speakers =
            Position::from_wave_channel_mask(mask).filter(|p| p.bits().count_ones() == u32::from(count));
        if body.get(28..38).is_some_and(|guid| guid.ends_with(&AMBISONIC[..8])) {
            channels = Channels::Ambisonic(order(count).unwrap_or(1));
            if channels.count() != usize::from(count) {
                channels = plain(count)?;
            }
        } else if let Some(speakers) = speakers.filter(|_| mask != 0) {
            channels = Channels::Positioned(speakers);
        }
    }
    // The bits of a frame say more than those of a sample: 20 bits, 22 bits and 12 bits are stored in whole bytes.
    let stated = usize::from(le16(body, 14).unwrap_or(0)).div_ceil(8);
    let bytes = match usize::from(block) / usize::from(count) {
        0 => stated,
        whole if usize::from(block) % usize::from(count) == 0 => whole,
        _ => stated,
    };
    let unknown = || format!("codec 0x{tag:04x} inside WAV{}", called(tag));
    let codec = match (tag, bytes) {
        (1, 1) => CODEC_ID_PCM_U8,
        (1, 2) => CODEC_ID_PCM_S16LE,
        (1, 3) => CODEC_ID_PCM_S24LE,
        (1, 4) => CODEC_ID_PCM_S32LE,
        (3, 4) => CODEC_ID_PCM_F32LE,
        (3, 8) => CODEC_ID_PCM_F64LE,
        (6, _) => return Ok(samples(CODEC_ID_PCM_ALAW, rate_hz, channels, 1)),
        (7, _) => return Ok(samples(CODEC_ID_PCM_MULAW, rate_hz, channels, 1)),
        (2 | 0x11, _) => return adpcm(tag, rate_hz, channels, usize::from(block)),
        (0x50, _) => return Ok(stream("MP2", rate_hz, channels)),
        (0x55, _) => return Ok(stream("MP3", rate_hz, channels)),
        (0xff | 0x1600 | 0x1601 | 0x706d, _) => return Ok(stream("AAC", rate_hz, channels)),
        (0xf1ac, _) => return Ok(stream("FLAC", rate_hz, channels)),
        (0x674f..=0x6751 | 0x676f..=0x6771, _) => return Ok(stream("Ogg", rate_hz, channels)),
        (1 | 3, _) => return Err(format!("samples of {bytes} bytes")),
        _ => return Err(unknown()),
    };
    Ok(samples(codec, rate_hz, channels, bytes))
}

fn stream(name: &'static str, rate_hz: u32, channels: Channels) -> Format {
    Format { codec: Codec::Stream(name), rate_hz, channels, block: 1, frames: 1 }
}

/// What codecs are called that nothing here reads.
fn called(tag: u16) -> &'static str {
    match tag {
        0x31 => " (GSM 6.10)",
        0x40 | 0x45 => " (G.726)",
        0x65 | 0x28f => " (G.722)",
        0x92 | 0x2000 => " (AC-3)",
        0x160..=0x163 => " (Windows Media)",
        0x270 => " (ATRAC3)",
        0x2001 => " (DTS)",
        0x5756 => " (WavPack)",
        0x704f => " (Opus)",
        _ => "",
    }
}

/// The order of a full set of ambisonics in so many channels.
pub(super) fn order(channels: u16) -> Option<u8> {
    [(4, 1), (9, 2), (16, 3), (25, 4), (36, 5), (49, 6), (64, 7)]
        .into_iter()
        .find_map(|(n, o)| (n == channels).then_some(o))
}

fn adpcm(tag: u16, rate_hz: u32, channels: Channels, block: usize) -> Result<Format, String> {
    let count = channels.count();
    // Of a block the head is not samples: 7 bytes of each channel (with two samples in them), or 4 (with one).
    let (codec, head, first) =
        if tag == 2 { (CODEC_ID_ADPCM_MS, 7, 2) } else { (CODEC_ID_ADPCM_IMA_WAV, 4, 1) };
    let packed = block.checked_sub(head * count).ok_or("its ADPCM blocks are too small")?;
    let frames = (packed * 2 / count + first) as u64;
    Ok(Format { codec: Codec::Blocks(codec), rate_hz, channels, block, frames })
}

/// The body of `COMM`.
fn aiff(body: &[u8]) -> Result<Format, String> {
    let short = || "its COMM chunk is cut short".to_owned();
    let (count, bits) = (be16(body, 0).ok_or_else(short)?, be16(body, 6).ok_or_else(short)?);
    let rate_hz = extended(body.get(8..18).ok_or_else(short)?);
    let channels = plain(count)?;
    let bytes = usize::from(bits).div_ceil(8);
    let packed = body.get(18..22).unwrap_or(b"NONE");
    let (codec, bytes) = match (packed, bytes) {
        (b"NONE" | b"twos", 1) => (CODEC_ID_PCM_S8, 1),
        (b"NONE" | b"twos", 2) => (CODEC_ID_PCM_S16BE, 2),
        (b"NONE" | b"twos", 3) | (b"in24", _) => (CODEC_ID_PCM_S24BE, 3),
        (b"NONE" | b"twos", 4) | (b"in32", _) => (CODEC_ID_PCM_S32BE, 4),
        (b"sowt", 1) => (CODEC_ID_PCM_S8, 1),
        (b"sowt", 2) => (CODEC_ID_PCM_S16LE, 2),
        (b"sowt", 3) | (b"42ni", _) => (CODEC_ID_PCM_S24LE, 3),
        (b"sowt", 4) | (b"23ni", _) => (CODEC_ID_PCM_S32LE, 4),
        (b"raw ", 1) => (CODEC_ID_PCM_U8, 1),
        (b"fl32" | b"FL32", _) => (CODEC_ID_PCM_F32BE, 4),
        (b"fl64" | b"FL64", _) => (CODEC_ID_PCM_F64BE, 8),
        (b"alaw" | b"ALAW", _) => (CODEC_ID_PCM_ALAW, 1),
        (b"ulaw" | b"ULAW", _) => (CODEC_ID_PCM_MULAW, 1),
        (b"ima4", _) => {
            let block = 34 * channels.count();
            return Ok(Format {
                codec: Codec::Blocks(CODEC_ID_ADPCM_IMA_QT),
                rate_hz,
                channels,
                block,
                frames: 64,
            });
        }
        _ => return Err(format!("codec \"{}\" inside AIFF-C", packed.escape_ascii())),
    };
    Ok(samples(codec, rate_hz, channels, bytes))
}

/// A rate as AIFF has it, a float of 80 bits.
fn extended(bytes: &[u8]) -> u32 {
    let exponent = i32::from(be16(bytes, 0).unwrap_or(0) & 0x7fff) - 16_383 - 63;
    let mantissa = bytes.get(2..10).and_then(|b| b.try_into().ok()).map_or(0, u64::from_be_bytes);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what is no rate saturates")]
    let rate = (mantissa as f64 * 2f64.powi(exponent)).round() as u32;
    rate
}

/// The body of `desc` of a CAF file.
fn caf(body: &[u8]) -> Result<Format, String> {
    let field = |at: usize| body.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_be_bytes);
    let rate = body.get(..8).and_then(|b| b.try_into().ok()).map(f64::from_be_bytes);
    let (Some(rate), Some(flags), Some(count), Some(bits)) = (rate, field(12), field(24), field(28)) else {
        return Err("its desc chunk is cut short".into());
    };
    let channels = plain(u16::try_from(count).unwrap_or(0))?;
    let packed = body.get(8..12).unwrap_or_default();
    let (codec, bytes) = match (packed, flags & 3, bits.div_ceil(8)) {
        (b"lpcm", 0 | 2, 1) => (CODEC_ID_PCM_S8, 1),
        (b"lpcm", 0, 2) => (CODEC_ID_PCM_S16BE, 2),
        (b"lpcm", 2, 2) => (CODEC_ID_PCM_S16LE, 2),
        (b"lpcm", 0, 3) => (CODEC_ID_PCM_S24BE, 3),
        (b"lpcm", 2, 3) => (CODEC_ID_PCM_S24LE, 3),
        (b"lpcm", 0, 4) => (CODEC_ID_PCM_S32BE, 4),
        (b"lpcm", 2, 4) => (CODEC_ID_PCM_S32LE, 4),
        (b"lpcm", 1, 4) => (CODEC_ID_PCM_F32BE, 4),
        (b"lpcm", 3, 4) => (CODEC_ID_PCM_F32LE, 4),
        (b"lpcm", 1, 8) => (CODEC_ID_PCM_F64BE, 8),
        (b"lpcm", 3, 8) => (CODEC_ID_PCM_F64LE, 8),
        (b"alaw", ..) => (CODEC_ID_PCM_ALAW, 1),
        (b"ulaw", ..) => (CODEC_ID_PCM_MULAW, 1),
        _ => return Err(format!("codec \"{}\" inside CAF", packed.escape_ascii())),
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what is no rate saturates")]
    let rate_hz = rate.round() as u32;
    Ok(samples(codec, rate_hz, channels, bytes))
}

/// The fields of an AU file.
fn au(head: &[u8]) -> Result<Format, String> {
    let field = |at: usize| head.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_be_bytes);
    let (Some(encoding), Some(rate_hz), Some(count)) = (field(12), field(16), field(20)) else {
        return Err("its head is cut short".into());
    };
    let channels = plain(u16::try_from(count).unwrap_or(0))?;
    let (codec, bytes) = match encoding {
        1 => (CODEC_ID_PCM_MULAW, 1),
        2 => (CODEC_ID_PCM_S8, 1),
        3 => (CODEC_ID_PCM_S16BE, 2),
        4 => (CODEC_ID_PCM_S24BE, 3),
        5 => (CODEC_ID_PCM_S32BE, 4),
        6 => (CODEC_ID_PCM_F32BE, 4),
        7 => (CODEC_ID_PCM_F64BE, 8),
        27 => (CODEC_ID_PCM_ALAW, 1),
        other => return Err(format!("codec {other} inside AU")),
    };
    Ok(samples(codec, rate_hz, channels, bytes))
}
