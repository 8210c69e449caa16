//! What a WAV file can say beside its samples.

use super::Bext;
use std::ops::Range;

/// Four letters of a field of the list `INFO`.
pub type InfoId = [u8; 4];

/// A part that sounds for ever when it has been reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forever {
    /// Its frames; not empty.
    pub frames: Range<u32>,
    /// The note that plays the sound at its own pitch.
    pub root_key: u8,
}

/// The chunks of a file; those that are `None` or empty are not written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chunks {
    /// The broadcast extension.
    pub bext: Option<Bext>,
    /// A document of iXML, UTF-8.
    pub ixml: Option<String>,
    /// Fields of the list `INFO`, written in ASCII.
    pub info: Vec<(InfoId, String)>,
    /// The loop that samplers play.
    pub forever: Option<Forever>,
}

impl Chunks {
    /// Appends them to `body`, the contents of a file of `rate_hz`.
    pub(super) fn write(&self, rate_hz: u32, body: &mut Vec<u8>) {
        // Texts are lengthened to an even number of bytes: some readers know of no padding behind a chunk.
        if let Some(bext) = &self.bext {
            push(body, *b"bext", &even(bext.body(), 0));
        }
        if let Some(ixml) = &self.ixml {
            push(body, *b"iXML", &even(ixml.clone().into_bytes(), b'\n'));
        }
        if !self.info.is_empty() {
            push(body, *b"LIST", &info(&self.info));
        }
        if let Some(forever) = &self.forever {
            push(body, *b"smpl", &sampler(forever, rate_hz));
        }
    }
}

/// Appends a chunk, padded to an even number of bytes. None of ours comes near 4 GiB.
pub(super) fn push(body: &mut Vec<u8>, id: [u8; 4], content: &[u8]) {
    body.extend(id);
    body.extend(u32::try_from(content.len()).unwrap_or(u32::MAX).to_le_bytes());
    body.extend(content);
    if content.len() % 2 == 1 {
        body.push(0);
    }
}

fn even(mut content: Vec<u8>, filling: u8) -> Vec<u8> {
    if content.len() % 2 == 1 {
        content.push(filling);
    }
    content
}

fn info(fields: &[(InfoId, String)]) -> Vec<u8> {
    let mut body = b"INFO".to_vec();
    for (id, text) in fields {
        let mut text = to_ascii(text).into_bytes();
        text.push(0);
        push(&mut body, *id, &even(text, 0));
    }
    body
}

/// The body of a `smpl` chunk with one loop.
fn sampler(forever: &Forever, rate_hz: u32) -> Vec<u8> {
    let period_ns = 1_000_000_000 / rate_hz.max(1);
    let last = forever.frames.end.saturating_sub(1);
    let numbers = [
        0, // manufacturer: any
        0, // product: any
        period_ns,
        u32::from(forever.root_key),
        0, // fine tuning
        0, // no time code
        0, // its offset
        1, // loops
        0, // bytes behind them
        0, // name of the loop
        0, // forwards
        forever.frames.start,
        last, // the last frame that sounds, not the one behind it
        0,    // no fraction of a frame
        0,    // for ever
    ];
    numbers.into_iter().flat_map(u32::to_le_bytes).collect()
}

/// `text` in printable ASCII: letters of other scripts by letters that sound or look alike, line breaks as spaces.
///
/// ```
/// assert_eq!(straightshot_sound::wav::to_ascii("Große Tür – 日本"), "Grosse Tur - RiBen");
/// ```
#[must_use]
pub fn to_ascii(text: &str) -> String {
    let plain = any_ascii::any_ascii(text);
    plain.chars().map(|c| if c.is_ascii_control() { ' ' } else { c }).collect()
}
