//! Containers of chunks: RIFF, RF64 and BW64, AIFF and AIFF-C, Wave64, and AU, which has one chunk without a name.
//!
//! Recorders that were switched off, pipes, and programs that count wrongly leave sizes that are zero, unknown, too large or
//! too small. What can be found in spite of that is found; what was wrong is a note.

use std::fs::File;
use std::io::{Read, Result, Seek, SeekFrom};

/// More chunks than this are in no file that is meant well.
const MOST_CHUNKS: usize = 1000;
/// Sizes that stand for "not known yet": of writers into a pipe, of RF64, of sox.
const UNKNOWN: [u64; 4] = [u32::MAX as u64, 0x7FFF_FFFF, 0x7FFF_F000, 0x7FFF_EFFC];
/// No file is this long; sizes of 64 bits that are not known are larger.
const LONGEST: u64 = 1 << 48;
/// Bytes of an identifier in Wave64, of which the first four are letters.
const GUID: u64 = 16;

/// How chunks stand behind each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Little endian, padded to even places.
    Riff,
    /// The same, big endian: RIFX, of programs that moved from one kind of computer to the other.
    Rifx,
    /// Big endian, padded to even places.
    Form,
    /// Little endian in 64 bits that count the head too, padded to eight.
    Wave64,
    /// A head of fixed fields, big endian, and samples.
    Au,
    /// Big endian in 64 bits, not padded.
    Caf,
}

impl Family {
    /// Whether sizes have their high byte first.
    pub(crate) fn is_big_endian(self) -> bool {
        matches!(self, Self::Rifx | Self::Form | Self::Au | Self::Caf)
    }
}

/// Chunks that are common enough to tell where a chunk begins if its writer forgot to pad the one before.
const COMMON: [&[u8; 4]; 18] = [
    b"data", b"fmt ", b"fact", b"LIST", b"cue ", b"smpl", b"inst", b"bext", b"iXML", b"id3 ", b"JUNK",
    b"PAD ", b"COMM", b"SSND", b"MARK", b"NAME", b"ANNO", b"FLLR",
];

/// A chunk in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) id: [u8; 4],
    /// Where its contents begin.
    pub(crate) at: u64,
    /// Bytes that are there.
    pub(crate) size: u64,
}

/// What is in the file.
#[derive(Debug)]
pub(crate) struct Chunks {
    pub(crate) family: Family,
    pub(crate) all: Vec<Chunk>,
    /// What was wrong with sizes.
    pub(crate) notes: Vec<String>,
}

impl Chunks {
    /// The first chunk called `id` with something in it.
    pub(crate) fn first(&self, id: &[u8; 4]) -> Option<Chunk> {
        self.all.iter().find(|chunk| chunk.id == *id && chunk.size > 0).copied()
    }
}

/// At most `most` bytes of `chunk`.
pub(crate) fn body(file: &mut File, chunk: Chunk, most: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(chunk.at))?;
    file.by_ref().take(chunk.size.min(most)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The chunks of the container that begins at `start`. `None` if there is no such container.
///
/// # Errors
/// Those of the file.
pub(crate) fn find(file: &mut File, start: u64) -> Result<Option<Chunks>> {
    let end = file.seek(SeekFrom::End(0))?;
    let head = bytes(file, start, 40)?;
    let (family, first) = match head.get(..4) {
        Some(b"RIFF" | b"RF64" | b"BW64") => (Family::Riff, start + 12),
        Some(b"RIFX") => (Family::Rifx, start + 12),
        Some(b"FORM") => (Family::Form, start + 12),
        Some(b"riff") => (Family::Wave64, start + 40),
        Some(b"caff") => (Family::Caf, start + 8),
        Some(b".snd") => return Ok(Some(au(&head, start, end))),
        _ => return Ok(None),
    };
    let mut walk =
        Walk { family, end, long: None, chunks: Chunks { family, all: Vec::new(), notes: Vec::new() } };
    let mut at = first;
    while walk.chunks.all.len() < MOST_CHUNKS {
        match walk.step(file, at)? {
            Some(next) if next > at && next < end => at = next,
            _ => break,
        }
    }
    Ok(Some(walk.chunks))
}

fn bytes(file: &mut File, at: u64, count: u64) -> Result<Vec<u8>> {
    body(file, Chunk { id: *b"head", at, size: count }, count)
}

fn au(head: &[u8], start: u64, end: u64) -> Chunks {
    let field =
        |at: usize| head.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes);
    let data = start.saturating_add(u64::from(field(4)).max(24)).min(end);
    let there = end - data;
    let claimed = u64::from(field(8));
    let mut notes = Vec::new();
    let size = if UNKNOWN.contains(&claimed) || claimed == 0 { there } else { claimed.min(there) };
    if !UNKNOWN.contains(&claimed) && claimed > there {
        notes.push(cut_short(there, claimed));
    }
    let all = vec![
        Chunk { id: *b"head", at: start, size: 24.min(end - start) },
        Chunk { id: *b"ANNO", at: (start + 24).min(data), size: data.saturating_sub(start + 24) },
        Chunk { id: *b"data", at: data, size },
    ];
    Chunks { family: Family::Au, all, notes }
}

fn cut_short(there: u64, claimed: u64) -> String {
    format!("the file is cut short: {there} of {claimed} bytes of sound are there")
}

struct Walk {
    family: Family,
    end: u64,
    /// Size of the data in files over 4 GiB.
    long: Option<u64>,
    chunks: Chunks,
}

impl Walk {
    /// Takes the chunk at `at` and says where the next one begins.
    fn step(&mut self, file: &mut File, at: u64) -> Result<Option<u64>> {
        let Some((id, claimed, start)) = self.head(file, at)? else { return Ok(None) };
        // Samples may lie in pieces inside a list, and a whole file behind another: go on with what is in them.
        let inner = match &id {
            b"LIST" => &b"wavl"[..],
            b"RIFF" | b"RIFX" => b"WAVE",
            _ => b"",
        };
        if !inner.is_empty() && bytes(file, start, 4)? == inner {
            return Ok(Some(start + 4));
        }
        let left = self.end.saturating_sub(start);
        let sound = id == *b"data" || id == *b"SSND";
        let claimed =
            if sound && claimed == u64::from(u32::MAX) { self.long.unwrap_or(claimed) } else { claimed };
        let mut size = claimed.min(left);
        let mut note = None;
        if sound && (UNKNOWN.contains(&claimed) || claimed > LONGEST) && claimed > left {
            note = Some("its size was never written: read to the end of the file".to_owned());
        } else if sound
            && claimed == 0
            && left > 0
            && self.head(file, start)?.is_none_or(|(.., next)| next > self.end)
        {
            size = left;
            note = Some("its size was never written: read to the end of the file".to_owned());
        } else if sound && claimed > left {
            note = Some(cut_short(left, claimed));
        }
        self.chunks.notes.extend(note);
        if id == *b"ds64" {
            let sizes = body(file, Chunk { id, at: start, size }, 16)?;
            self.long =
                sizes.get(8..16).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes).filter(|s| *s > 0);
        }
        self.chunks.all.push(Chunk { id, at: start, size });
        let Some(end) = start.checked_add(size) else { return Ok(None) };
        self.next(file, end).map(Some)
    }

    /// Where the chunk behind one that ends at `end` begins: padded, or not where the writer forgot it.
    fn next(&self, file: &mut File, end: u64) -> Result<u64> {
        let step = match self.family {
            Family::Wave64 => 8,
            Family::Caf => 1,
            _ => 2,
        };
        let padded = end.div_ceil(step) * step;
        if padded == end {
            return Ok(padded);
        }
        let id = |found: Option<([u8; 4], u64, u64)>| found.map(|(id, ..)| id);
        let (here, behind) = (id(self.head(file, end)?), id(self.head(file, padded)?));
        let is_common = |id: Option<[u8; 4]>| id.is_some_and(|id| COMMON.contains(&&id));
        let forgot = here.is_some() && (behind.is_none() || (is_common(here) && !is_common(behind)));
        Ok(if forgot { end } else { padded })
    }

    /// Name, size and place of the contents of what may be a chunk at `at`.
    fn head(&self, file: &mut File, at: u64) -> Result<Option<([u8; 4], u64, u64)>> {
        let count = match self.family {
            Family::Wave64 => GUID + 8,
            Family::Caf => 12,
            _ => 8,
        };
        let head = bytes(file, at, count)?;
        if head.len() as u64 != count {
            return Ok(None);
        }
        let id = [head[0], head[1], head[2], head[3]];
        // Names are letters, filled with spaces; anything else is not a chunk but what lies behind the last one.
        if !id.iter().all(|b| b.is_ascii_graphic() || *b == b' ') || id == *b"    " {
            return Ok(None);
        }
        let four = |at: usize| [head[at], head[at + 1], head[at + 2], head[at + 3]];
        let size = match self.family {
            Family::Form | Family::Rifx => u64::from(u32::from_be_bytes(four(4))),
            Family::Caf => {
                u64::from(u32::from_be_bytes(four(4))) << 32 | u64::from(u32::from_be_bytes(four(8)))
            }
            Family::Wave64 => {
                let (low, high) = (u32::from_le_bytes(four(16)), u32::from_le_bytes(four(20)));
                (u64::from(high) << 32 | u64::from(low)).saturating_sub(count)
            }
            _ => u64::from(u32::from_le_bytes(four(4))),
        };
        Ok(Some((id, size, at + count)))
    }
}
