//! Samples as text in the project file: base64 of deflated little-endian `f32`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use std::io::{self, Read, Write};

/// Longest take that is read back, in samples: 30 s at 192 kHz. Guards against a decompression bomb.
const MAX_SAMPLES: usize = 30 * 192_000;
/// Bytes of one sample.
const SAMPLE_BYTES: usize = size_of::<f32>();

/// The text of `samples`; takes milliseconds per second of sound.
pub(super) fn encode(samples: &[f32]) -> String {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(bytes.len()), Compression::fast());
    let deflated = encoder.write_all(&bytes).and_then(|()| encoder.finish());
    BASE64.encode(deflated.expect("writing to memory cannot fail"))
}

/// Unpacks as many samples as possible; the second value says why that is not all of them.
pub(super) fn decode(encoded: &str) -> (Vec<f32>, Option<&'static str>) {
    let (deflated, mut fault) = match BASE64.decode(encoded) {
        Ok(bytes) => (bytes, None),
        Err(_) => (decode_prefix(encoded), Some("its text is damaged")),
    };
    let mut bytes = Vec::new();
    let limit = MAX_SAMPLES * SAMPLE_BYTES;
    let read = DeflateDecoder::new(deflated.as_slice()).take(limit as u64 + 1).read_to_end(&mut bytes);
    if let Err(e) = read {
        fault = fault.or(Some(match e.kind() {
            io::ErrorKind::UnexpectedEof => "it ends too early",
            _ => "its data is damaged",
        }));
    }
    if bytes.len() > limit {
        bytes.truncate(limit);
        fault = fault.or(Some("it is too long"));
    }
    if bytes.len() % SAMPLE_BYTES != 0 {
        fault = fault.or(Some("it ends too early"));
    }
    let mut samples: Vec<f32> =
        bytes.chunks_exact(SAMPLE_BYTES).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    for sample in &mut samples {
        if !sample.is_finite() {
            *sample = 0.0;
            fault = fault.or(Some("some samples are not numbers"));
        }
    }
    if samples.is_empty() {
        fault = fault.or(Some("it is empty"));
    }
    (samples, fault)
}

/// The bytes before the first character that is not base64.
fn decode_prefix(encoded: &str) -> Vec<u8> {
    let valid = encoded.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')).count();
    BASE64.decode(&encoded[..valid - valid % 4]).unwrap_or_default()
}
