//! Texts in containers of chunks, and in the chunks that FLAC keeps of them.

use super::{Tags, raw};
use crate::read::chunks::{Chunk, Chunks, Family, body};
use std::fs::File;
use std::io::Cursor;
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::{MetadataOptions, MetadataReader};
use symphonia::default::meta::Id3v2Reader;

/// Bytes of a bext chunk before its coding history; the description is the first [`DESCRIPTION`] of them.
const BEXT: usize = 602;
const DESCRIPTION: usize = 256;
/// Largest document of XML that is read, and largest tag.
const LARGEST: u64 = 4 << 20;

/// Reads the chunks that hold texts.
pub(super) fn read(file: &mut File, chunks: &Chunks, tags: &mut Tags) -> std::io::Result<()> {
    for chunk in &chunks.all {
        if named(&chunk.id) {
            one(&chunk.id, &whole(file, *chunk, tags)?, chunks.family, tags);
        }
    }
    Ok(())
}

fn whole(file: &mut File, chunk: Chunk, tags: &mut Tags) -> std::io::Result<Vec<u8>> {
    if chunk.size > LARGEST {
        let id = String::from_utf8_lossy(&chunk.id).trim().to_owned();
        tags.notes.push(format!("its {id} chunk is ignored: it is too large"));
        return Ok(Vec::new());
    }
    body(file, chunk, LARGEST)
}

/// Whether a chunk called so may hold texts.
fn named(id: &[u8; 4]) -> bool {
    matches!(
        id,
        b"bext"
            | b"iXML"
            | b"IXML"
            | b"_PMX"
            | b"LIST"
            | b"list"
            | b"id3 "
            | b"ID3 "
            | b"NAME"
            | b"ANNO"
            | b"APPL"
            | b"cart"
            | b"axml"
    )
}

/// Reads the contents of one chunk.
pub(super) fn one(id: &[u8; 4], body: &[u8], family: Family, tags: &mut Tags) {
    match id {
        b"bext" if !body.is_empty() => {
            if body.len() < BEXT {
                tags.notes.push(format!("its bext chunk is cut short ({} of {BEXT} bytes)", body.len()));
            }
            tags.push_bytes("bext", "description", &body[..body.len().min(DESCRIPTION)]);
        }
        b"iXML" | b"IXML" if !body.is_empty() => tags.push_xml("iXML", body.to_vec()),
        b"_PMX" if !body.is_empty() => tags.push_xml("XMP", body.to_vec()),
        b"APPL" if body.starts_with(b"XMP ") => tags.push_xml("XMP", body[4..].to_vec()),
        b"axml" if !body.is_empty() => tags.push_xml("axml", body.to_vec()),
        b"LIST" | b"list" if body.starts_with(b"INFO") => info(&body[4..], family, tags),
        b"LIST" | b"list" if body.starts_with(b"adtl") => labels(&body[4..], family, tags),
        b"id3 " | b"ID3 " => id3(body, tags),
        b"NAME" => tags.push_bytes("AIFF", "name", body),
        b"ANNO" => tags.push_bytes(if family == Family::Au { "AU" } else { "AIFF" }, "annotation", body),
        b"cart" => tags.push_bytes("cart", "title", body.get(4..68).unwrap_or_default()),
        _ => (),
    }
}

/// Fields of four letters with a size each; Wave64 has them as RIFF has. Whoever forgot to pad one is forgiven.
fn fields(mut rest: &[u8], family: Family) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (head, behind) = rest.split_at_checked(8)?;
        let size = [head[4], head[5], head[6], head[7]];
        let size = if family.is_big_endian() { u32::from_be_bytes(size) } else { u32::from_le_bytes(size) };
        let size = (size as usize).min(behind.len());
        let named = |at: usize| {
            behind
                .get(at..at + 4)
                .is_some_and(|id| id.iter().all(|b| b.is_ascii_alphanumeric() || *b == b' '))
        };
        let padded = size + size % 2;
        let next = if padded != size && named(size) && !named(padded) { size } else { padded };
        rest = behind.get(next..).unwrap_or_default();
        Some(([head[0], head[1], head[2], head[3]], &behind[..size]))
    })
}

fn info(rest: &[u8], family: Family, tags: &mut Tags) {
    for (id, text) in fields(rest, family) {
        tags.push_bytes("LIST INFO", String::from_utf8_lossy(&id).trim(), text);
    }
}

/// Names of places in the sound, each behind the number of its place.
fn labels(rest: &[u8], family: Family, tags: &mut Tags) {
    for (id, text) in fields(rest, family).filter(|(id, _)| matches!(id, b"labl" | b"note")) {
        let key = if id == *b"labl" { "label" } else { "note" };
        tags.push_bytes("LIST adtl", key, text.get(4..).unwrap_or_default());
    }
}

/// A tag of ID3 as a chunk.
fn id3(body: &[u8], tags: &mut Tags) {
    let stream = MediaSourceStream::new(Box::new(Cursor::new(body.to_vec())), Default::default());
    let read =
        Id3v2Reader::try_new(stream, MetadataOptions::default()).and_then(|mut reader| reader.read_all());
    match read {
        Ok(buffer) => buffer.revision.media.tags.iter().for_each(|tag| raw(&tag.raw, "ID3", tags)),
        Err(e) => tags.notes.push(format!("its ID3 tag is ignored: {e}")),
    }
}
