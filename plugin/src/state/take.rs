//! One finished sound: its samples, how it was made, and its compressed form in the project file.

use super::SoundRequest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::io::{self, Read, Write};
use std::sync::Arc;

/// Columns of a take's waveform overview.
pub const PEAK_COLUMNS: usize = 1024;
/// Longest take that is read back, in samples: 30 s at 192 kHz. Guards against a decompression bomb.
const MAX_SAMPLES: usize = 30 * 192_000;
/// Bytes of one sample in the project file.
const SAMPLE_BYTES: usize = size_of::<f32>();

/// Identifies a take within its session; larger is newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TakeId(pub u64);

/// Smallest and largest sample of one waveform column.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Peak {
    /// Smallest sample.
    pub min: f32,
    /// Largest sample.
    pub max: f32,
}

/// One finished sound at the model's own rate. Immutable but for its name; shared in an `Arc`.
#[derive(Debug, Clone)]
pub struct Take {
    /// Identifier within the session.
    pub id: TakeId,
    /// Name shown in the list; set by the user, first the beginning of the prompt.
    pub name: String,
    /// What was asked for.
    pub request: SoundRequest,
    /// Sample rate of [`Take::samples`] in Hz: the model's, not the host's.
    pub sample_rate_hz: u32,
    /// Name of the model that made it.
    pub model: String,
    /// Why the sound is incomplete or missing, in the user's words; `None` for a sound one.
    pub damage: Option<String>,
    samples: Arc<[f32]>,
    /// Waveform overview, [`PEAK_COLUMNS`] long, or empty if there are no samples.
    peaks: Arc<[Peak]>,
    /// The persisted form. Made once and kept, so that saving copies text and an unreadable take is saved as it was.
    encoded: Arc<str>,
    /// Fields of a newer version, written back untouched.
    pub(super) extra: Map<String, Value>,
}

impl Take {
    /// A take of fresh samples at `sample_rate_hz`, made by `model`. Compresses them: takes milliseconds.
    #[must_use]
    pub fn new(
        id: TakeId,
        request: SoundRequest,
        sample_rate_hz: u32,
        model: &str,
        samples: Vec<f32>,
    ) -> Self {
        Self {
            id,
            name: request.default_name(),
            request,
            sample_rate_hz,
            model: model.to_owned(),
            damage: None,
            encoded: encode(&samples).into(),
            peaks: peaks(&samples).into(),
            samples: samples.into(),
            extra: Map::new(),
        }
    }

    /// A take read from a project: `encoded` is unpacked as far as it can be.
    pub(super) fn from_encoded(id: TakeId, request: SoundRequest, rate_hz: u32, encoded: &str) -> Self {
        let (samples, fault) = decode(encoded);
        let damage = fault.map(|fault| match samples.len() {
            0 => format!(
                "The sound of this take could not be read ({fault}). Its settings are kept: generate it again"
            ),
            _ => format!("The end of this take could not be read ({fault})"),
        });
        Self {
            id,
            name: request.default_name(),
            request,
            sample_rate_hz: rate_hz,
            model: String::new(),
            damage,
            encoded: encoded.into(),
            peaks: peaks(&samples).into(),
            samples: samples.into(),
            extra: Map::new(),
        }
    }

    /// Mono samples at [`Take::sample_rate_hz`], nominally within ±1. Empty if the take is damaged beyond reading.
    #[must_use]
    pub fn samples(&self) -> &[f32] {
        &self.samples
    }

    /// Waveform overview over the whole length: [`PEAK_COLUMNS`] columns, or none if there are no samples.
    #[must_use]
    pub fn peaks(&self) -> &[Peak] {
        &self.peaks
    }

    /// Length in seconds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a take has fewer than 2^53 samples")]
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.sample_rate_hz.max(1))
    }

    /// Base64 of the deflated little-endian samples.
    pub(super) fn encoded(&self) -> &str {
        &self.encoded
    }

    /// Whether both are the same sound made from the same request, whatever they are called.
    pub(crate) fn same_sound(&self, other: &Self) -> bool {
        self.request == other.request && self.encoded == other.encoded
    }
}

fn peaks(samples: &[f32]) -> Vec<Peak> {
    if samples.is_empty() {
        return Vec::new();
    }
    (0..PEAK_COLUMNS)
        .map(|column| {
            let start = (column * samples.len() / PEAK_COLUMNS).min(samples.len() - 1);
            let end = ((column + 1) * samples.len() / PEAK_COLUMNS).max(start + 1);
            let range = &samples[start..end];
            Peak {
                min: range.iter().copied().fold(f32::INFINITY, f32::min),
                max: range.iter().copied().fold(f32::NEG_INFINITY, f32::max),
            }
        })
        .collect()
}

fn encode(samples: &[f32]) -> String {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(bytes.len()), Compression::fast());
    let deflated = encoder.write_all(&bytes).and_then(|()| encoder.finish());
    BASE64.encode(deflated.expect("writing to memory cannot fail"))
}

/// Unpacks as many samples as possible; the second value says why that is not all of them.
fn decode(encoded: &str) -> (Vec<f32>, Option<&'static str>) {
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
