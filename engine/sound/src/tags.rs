//! What a sound file says about itself: one reader for all containers.
//!
//! Texts are given as they were found, with the place and the key they had; which of them describes the sound is for others
//! to judge. XML (iXML, XMP) is given as bytes: the plugin has no parser for it, and needs none.

mod chunks;
mod comments;
mod text;

pub use text::plain;

use crate::read::stream::Source;
use crate::read::{chunks as walk, kind::Way, look, open};
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::panic::AssertUnwindSafe;
use std::path::Path;
use symphonia::core::meta::{MetadataRevision, RawTag, RawValue};

/// What the decoder library calls the name of a field of users.
const TXXX_DESCRIPTION: &str = "DESCRIPTION";
/// More texts than this are in no file that is meant well.
const MOST: usize = 500;

/// A text of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// What it stood in: "bext", "LIST INFO", "ID3", "Vorbis comment" and the like.
    pub place: &'static str,
    /// What the file calls it, "DESCRIPTION" or "TIT2" for example.
    pub key: String,
    /// Not empty, without space around it.
    pub text: String,
}

/// A document of XML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Xml {
    /// "iXML", "XMP" or "axml".
    pub place: &'static str,
    /// In the encoding that it declares.
    pub bytes: Vec<u8>,
}

/// All that a file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags {
    /// In the order of the file.
    pub texts: Vec<Text>,
    /// In the order of the file.
    pub xml: Vec<Xml>,
    /// What could not be read of it, in words for a report.
    pub notes: Vec<String>,
}

impl Tags {
    fn push(&mut self, place: &'static str, key: &str, text: &str) {
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        if !text.is_empty() && self.texts.len() < MOST {
            self.texts.push(Text { place, key: key.to_owned(), text: text.to_owned() });
        }
    }

    /// Adds bytes that do not say how they are encoded.
    fn push_bytes(&mut self, place: &'static str, key: &str, bytes: &[u8]) {
        // UTF-16 says so by its mark, and ends with two zeros; all else ends with one.
        let bytes = match bytes {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
                let end = bytes.chunks_exact(2).position(|unit| unit == [0, 0]).unwrap_or(bytes.len() / 2);
                &bytes[..2 * end]
            }
            _ => bytes.split(|b| *b == 0).next().unwrap_or_default(),
        };
        match text::plain(bytes) {
            Some(text) => self.push(place, key, &text),
            None => self.notes.push(format!("its {place} {key} is in an encoding that it does not name")),
        }
    }

    fn push_xml(&mut self, place: &'static str, bytes: Vec<u8>) {
        if self.xml.len() < 8 {
            self.xml.push(Xml { place, bytes });
        }
    }
}

/// What the file at `path` says; nothing of a file that cannot be read, of which reading its sound tells.
#[must_use]
pub fn read(path: &Path) -> Tags {
    let Ok(mut file) = open(path) else { return Tags::default() };
    // As for sounds: readers of others meet files of others.
    std::panic::catch_unwind(AssertUnwindSafe(|| all(&mut file)))
        .unwrap_or_else(|_| {
            Ok(Tags { notes: vec!["its metadata could not be read".into()], ..Tags::default() })
        })
        .unwrap_or_default()
}

fn all(file: &mut File) -> std::io::Result<Tags> {
    let mut tags = Tags::default();
    let (kind, start) = look(file)?;
    match kind {
        Some(kind) if kind.way == Way::Chunks => {
            if let Some(found) = walk::find(file, start)? {
                chunks::read(file, &found, &mut tags)?;
            }
        }
        Some(kind) if kind.name == "FLAC" => comments::flac(file, start, &mut tags)?,
        Some(kind) if kind.way == Way::Stream => stream(file, kind.name, &mut tags)?,
        _ => (),
    }
    Ok(tags)
}

/// What the decoder library finds in a stream: ID3, APE, Vorbis comments, the lists of MP4 and Matroska.
fn stream(file: &mut File, name: &'static str, tags: &mut Tags) -> std::io::Result<()> {
    let length = file.seek(SeekFrom::End(0))?;
    let source = Source { file, start: 0, length, instead: None, hint: "" };
    let Ok(mut format) = source.open(true).or_else(|_| source.open(false)) else { return Ok(()) };
    let place = match name {
        "MP3" | "MP2" | "MP1" | "AAC" => "ID3",
        "MP4" | "QuickTime" => "MP4",
        _ if name.starts_with("Ogg") => "Vorbis comment",
        _ => "tag",
    };
    let mut metadata = format.metadata();
    while let Some(revision) = metadata.pop() {
        revised(&revision, place, tags);
    }
    if let Some(revision) = metadata.current() {
        revised(revision, place, tags);
    }
    Ok(())
}

fn revised(revision: &MetadataRevision, place: &'static str, tags: &mut Tags) {
    let each = revision.per_track.iter().map(|track| &track.metadata);
    for tag in std::iter::once(&revision.media).chain(each).flat_map(|container| &container.tags) {
        raw(&tag.raw, place, tags);
    }
}

/// A tag of the decoder library.
fn raw(tag: &RawTag, place: &'static str, tags: &mut Tags) {
    // Fields of users in ID3 have their name inside.
    let name =
        tag.sub_fields.iter().flatten().find(|field| tag.key == "TXXX" && field.field == TXXX_DESCRIPTION);
    let key = match name.map(|field| &field.value) {
        Some(RawValue::String(name)) => format!("{}:{name}", tag.key),
        _ => tag.key.clone(),
    };
    match &tag.value {
        RawValue::String(text) => tags.push(place, &key, text),
        RawValue::StringList(list) => list.iter().for_each(|text| tags.push(place, &key, text)),
        RawValue::Binary(bytes) if tag.key.contains("XMP") => tags.push_xml("XMP", bytes.to_vec()),
        _ => (),
    }
}

#[cfg(test)]
mod tests;
