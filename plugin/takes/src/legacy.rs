//! Sounds in projects of document version 1: base64 of deflated little-endian `f32`, without a checksum.

use super::limit::LOUDEST;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::read::DeflateDecoder;
use std::io::{self, Read};

/// Longest take that is read, in samples: 30 s at 192 kHz. Guards against a decompression bomb.
const MAX_SAMPLES: usize = 30 * 192_000;
/// Bytes of one sample.
const SAMPLE_BYTES: usize = size_of::<f32>();

/// Unpacks the samples.
///
/// There is no checksum, but damage shows all the same: what follows a wrong bit is noise of bits, and among a thousand
/// random `f32` hundreds are larger than any sound.
///
/// # Errors
/// Why it is not a whole sound.
pub(crate) fn decode(encoded: &str) -> Result<Vec<f32>, &'static str> {
    const EARLY: &str = "it ends too early";
    let deflated = BASE64.decode(encoded).map_err(|_| "its text is damaged")?;
    let mut bytes = Vec::new();
    let limit = MAX_SAMPLES * SAMPLE_BYTES;
    let read = DeflateDecoder::new(deflated.as_slice()).take(limit as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|e| match e.kind() {
        io::ErrorKind::UnexpectedEof => EARLY,
        _ => "its data is damaged",
    })?;
    if bytes.len() > limit {
        return Err("it is too long");
    }
    let (whole, rest) = bytes.as_chunks::<SAMPLE_BYTES>();
    if !rest.is_empty() {
        return Err(EARLY);
    }
    if whole.is_empty() {
        return Err("it is empty");
    }
    let samples: Vec<f32> = whole.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    if samples.iter().any(|sample| !sample.is_finite() || sample.abs() > LOUDEST) {
        return Err("some samples are no sound");
    }
    Ok(samples)
}
