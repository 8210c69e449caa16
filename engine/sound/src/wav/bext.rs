//! The chunk `bext` of Broadcast Wave (EBU Tech 3285, version 2).

use super::to_ascii;

/// Bytes of the chunk before its coding history.
const FIXED_BYTES: usize = 602;
/// A loudness that was not measured.
const UNKNOWN: i16 = 0x7FFF;

/// Loudness as the chunk has it; `None` and what is no number is written as "not measured".
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Loudness {
    /// Integrated loudness in LUFS.
    pub integrated_lufs: Option<f64>,
    /// Loudness range in LU.
    pub range_lu: Option<f64>,
    /// Largest true peak in dBTP.
    pub true_peak_dbtp: Option<f64>,
    /// Largest momentary loudness in LUFS.
    pub max_momentary_lufs: Option<f64>,
    /// Largest short-term loudness in LUFS.
    pub max_short_term_lufs: Option<f64>,
}

/// The fields of a broadcast extension. Texts of any script; they are written in ASCII.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bext {
    /// What is heard. 256 characters; the first 64 should be understood alone.
    pub description: String,
    /// Who made it. 32 characters.
    pub originator: String,
    /// A reference that no other file has. 32 characters.
    pub originator_reference: String,
    /// `yyyy-mm-dd`.
    pub date: String,
    /// `hh:mm:ss`.
    pub time: String,
    /// Place on the time line, in samples of this file since midnight.
    pub time_reference: u64,
    /// How loud it is.
    pub loudness: Loudness,
    /// How it was made, one line per step.
    pub coding_history: Vec<String>,
}

impl Bext {
    /// The body of the chunk.
    pub(super) fn body(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(FIXED_BYTES + 128);
        field(&mut body, &self.description, 256);
        field(&mut body, &self.originator, 32);
        field(&mut body, &self.originator_reference, 32);
        field(&mut body, &self.date, 10);
        field(&mut body, &self.time, 8);
        body.extend(self.time_reference.to_le_bytes());
        body.extend(2_u16.to_le_bytes());
        // No UMID: it is 64 zeros then.
        body.resize(412, 0);
        let loudness = &self.loudness;
        for value in [
            loudness.integrated_lufs,
            loudness.range_lu,
            loudness.true_peak_dbtp,
            loudness.max_momentary_lufs,
            loudness.max_short_term_lufs,
        ] {
            body.extend(hundredths(value).to_le_bytes());
        }
        body.resize(FIXED_BYTES, 0);
        for line in &self.coding_history {
            body.extend(to_ascii(line).bytes());
            body.extend(b"\r\n");
        }
        body
    }
}

/// Appends `text` in ASCII, cut to `bytes` and filled with zeros.
fn field(body: &mut Vec<u8>, text: &str, bytes: usize) {
    let end = body.len() + bytes;
    body.extend(to_ascii(text).bytes().take(bytes));
    body.resize(end, 0);
}

/// A loudness in hundredths; "not measured" for what is out of the range ±99.99.
fn hundredths(value: Option<f64>) -> i16 {
    let value = value.filter(|v| v.abs() < 100.0).map(|v| (v * 100.0).round());
    #[expect(clippy::cast_possible_truncation, reason = "within ±10 000")]
    value.map_or(UNKNOWN, |v| v as i16)
}
