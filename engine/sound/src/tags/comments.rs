//! What FLAC files say: Vorbis comments, and the chunks of the file that they were made of.

use super::{Tags, chunks};
use crate::read::chunks::{Chunk, Family, body};
use std::fs::File;

const APPLICATION: u8 = 2;
const COMMENTS: u8 = 4;
/// More blocks than this are in no file that is meant well.
const MOST_BLOCKS: usize = 1000;
/// Largest block that is read; the format has no larger ones.
const LARGEST: u64 = 1 << 24;

/// Reads the blocks of the FLAC file that begins at `start`.
pub(super) fn flac(file: &mut File, start: u64, tags: &mut Tags) -> std::io::Result<()> {
    let mut at = start + 4;
    for _ in 0..MOST_BLOCKS {
        let head = body(file, Chunk { id: *b"head", at, size: 4 }, 4)?;
        let [kind, a, b, c] = head[..] else { break };
        let size = u64::from(u32::from_be_bytes([0, a, b, c]));
        let block = |file: &mut File| body(file, Chunk { id: *b"blck", at: at + 4, size }, LARGEST);
        match kind & 0x7f {
            COMMENTS => vorbis(&block(file)?, tags),
            APPLICATION => kept(&block(file)?, tags),
            _ => (),
        }
        at += 4 + size;
        if kind & 0x80 != 0 {
            break;
        }
    }
    Ok(())
}

/// A chunk as `flac --keep-foreign-metadata` keeps it: its head and all of it.
fn kept(block: &[u8], tags: &mut Tags) {
    let (family, little) = match block.get(..4) {
        Some(b"riff") => (Family::Riff, true),
        Some(b"aiff") => (Family::Form, false),
        _ => return,
    };
    let Some((head, body)) = block[4..].split_at_checked(8) else { return };
    let size = [head[4], head[5], head[6], head[7]];
    let size = if little { u32::from_le_bytes(size) } else { u32::from_be_bytes(size) } as usize;
    chunks::one(&[head[0], head[1], head[2], head[3]], &body[..size.min(body.len())], family, tags);
}

/// `KEY=text` in UTF-8, each behind its size; in front of them the name of the encoder.
fn vorbis(block: &[u8], tags: &mut Tags) {
    // Behind the name the number of fields, which the end of the block tells as well.
    let Some(mut rest) = sized(block).and_then(|(_, behind)| behind.get(4..)) else { return };
    while let Some((field, behind)) = sized(rest) {
        rest = behind;
        let at = field.iter().position(|b| *b == b'=').unwrap_or(field.len());
        let key = String::from_utf8_lossy(&field[..at]).to_uppercase();
        tags.push_bytes("Vorbis comment", &key, field.get(at + 1..).unwrap_or_default());
    }
}

/// A field behind its size, and what is behind it.
fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (size, behind) = bytes.split_at_checked(4)?;
    behind.split_at_checked(u32::from_le_bytes(size.try_into().ok()?) as usize)
}
