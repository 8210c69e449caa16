//! Sounds that others made, in one channel: for import, reference audio and a user's library alike.
//!
//! ```text
//! file ──> kind ──┬─> chunks ──> format ──> blocks ──┬─> heard ──> mend ──> mix ──> Audio, notes
//!                 └─> stream (a demuxer) ────────────┘
//! ```
//!
//! Nothing is refused while sound can be had: sizes that are wrong, a cut end, damaged parts, values that are no numbers
//! become notes. What cannot be read is named by what it is, not by its ending.

mod blocks;
pub(crate) mod chunks;
mod format;
mod heard;
pub(crate) mod kind;
mod mend;
mod mix;
mod ogg;
mod opus;
pub(crate) mod part;
pub(crate) mod stream;

use format::Codec;
use heard::Heard;
use kind::{Kind, Way};
use std::fs::File;
use std::io::{Read as _, Seek, SeekFrom};
use std::panic::AssertUnwindSafe;
use std::path::Path;
use straightshot_protocol::{Audio, ErrorKind, Failure};
use stream::Source;

/// Sample rates that are believed, in Hz; the converter needs memory in proportion to it.
const RATES: std::ops::RangeInclusive<u32> = 1_000..=1_536_000;

/// The cause of the failure of a sound without one that can be heard.
pub const SILENT: &str = "it is silent throughout";

/// How much of a sound is read, and what is done about it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Read {
    /// Seconds that are read; of a longer sound the beginning.
    pub longest_s: f64,
    /// Leave out a constant offset and the silence at both ends; the length then counts from the first sound.
    pub sounding: bool,
}

impl Default for Read {
    fn default() -> Self {
        Self { longest_s: f64::INFINITY, sounding: false }
    }
}

/// A sound that was read.
#[derive(Debug, Clone)]
pub struct Sound {
    /// One channel.
    pub audio: Audio,
    /// Channels that the file has.
    pub channels: usize,
    /// What the file is, "WAV" for example.
    pub kind: &'static str,
    /// What was wrong and what was changed, in words for a report; usually nothing.
    pub notes: Vec<String>,
}

/// What a file is, by its contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct What {
    /// In the words of a user, fit for "it is …".
    pub name: &'static str,
    /// Whether a sound of this kind may be read.
    pub sound: bool,
}

/// What the file at `path` is; `None` if it cannot be opened or nobody knows its like.
#[must_use]
pub fn what(path: &Path) -> Option<What> {
    let kind = look(&mut open(path).ok()?).ok()?.0?;
    Some(What { name: kind.name, sound: kind.way != Way::None })
}

/// Reads the sound at `path`.
///
/// # Errors
/// [`ErrorKind::Io`] if the file cannot be opened, [`ErrorKind::BadData`] if there is no sound in it; the cause is what it is
/// instead.
pub fn read(path: &Path, how: Read) -> Result<Sound, Failure> {
    let mut file = open(path)?;
    // Decoders of others meet files of others here: one that gives up must not take a folder of sounds with it.
    let read = std::panic::catch_unwind(AssertUnwindSafe(|| decode(&mut file, path, how)));
    let bad = |cause: String| {
        let text = format!("{} is not a sound file that can be read", path.display());
        Failure { cause, ..Failure::new(ErrorKind::BadData, text) }
    };
    match read {
        Ok(Ok(sound)) => Ok(sound),
        Ok(Err(cause)) => Err(bad(cause)),
        Err(_) => Err(bad("its decoder failed on it".into())),
    }
}

/// Opens a file that is one: a pipe would be waited for without end.
///
/// # Errors
/// [`ErrorKind::Io`] naming it.
pub(crate) fn open(path: &Path) -> Result<File, Failure> {
    let fail = |e: &std::io::Error| {
        Failure::new(ErrorKind::Io, format!("{} could not be opened", path.display())).because(e)
    };
    let meta = std::fs::metadata(path).map_err(|e| fail(&e))?;
    if !meta.is_file() {
        let what = if meta.is_dir() { "it is a folder" } else { "it is no regular file" };
        return Err(fail(&std::io::Error::other(what)));
    }
    File::open(path).map_err(|e| fail(&e))
}

/// What the file is, and where it begins behind a tag in front of it.
pub(crate) fn look(file: &mut File) -> std::io::Result<(Option<Kind>, u64)> {
    let mut head = |at: u64| -> std::io::Result<Vec<u8>> {
        let mut head = Vec::new();
        file.seek(SeekFrom::Start(at))?;
        file.by_ref().take(kind::HEAD as u64).read_to_end(&mut head)?;
        Ok(head)
    };
    let first = head(0)?;
    // Some programs put an ID3 tag in front of anything. Seven bits of each byte are its size.
    if first.starts_with(b"ID3")
        && let Some(size) = first.get(6..10)
    {
        let behind = 10 + size.iter().fold(0_u64, |sum, b| sum << 7 | u64::from(b & 0x7f));
        let counts = |kind: &Kind| kind.way == Way::Chunks || kind.name == "FLAC";
        if let Some(kind) = kind::of(&head(behind)?).filter(counts) {
            return Ok((Some(kind), behind));
        }
    }
    Ok((kind::of(&first), 0))
}

fn decode(file: &mut File, path: &Path, how: Read) -> Result<Sound, String> {
    let (kind, start) = look(file).map_err(|e| e.to_string())?;
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    let mut heard = Heard::new(how);
    let called = path.file_stem().map(|stem| stem.to_string_lossy().to_lowercase()).unwrap_or_default();
    heard.ambisonic = ["ambix", "ambisonic", "bformat", "b-format", "fuma", "_foa", "_hoa"]
        .iter()
        .any(|a| called.contains(a));
    let mut name = kind.map_or("unknown", |kind| kind.name);
    match kind.map(|kind| kind.way) {
        Some(Way::None) => return Err(format!("it is {name}")),
        Some(Way::Chunks) => name = inside(file, start, name, &mut heard)?,
        // Plain samples in a CAF file need no demuxer, which takes no size that is wrong.
        Some(Way::Stream) if name == "CAF" && inside(file, start, name, &mut heard).is_ok() => (),
        Some(Way::Stream) | None => {
            let length = file.seek(SeekFrom::End(0)).map_err(|e| e.to_string())?;
            let hint = if kind.is_some() { "" } else { ending.as_str() };
            let instead = match name.starts_with("Ogg") {
                true => ogg::mended(file).map_err(|e| e.to_string())?,
                false => None,
            };
            if instead.is_some() {
                heard.notes.push("the file is cut short: its last page is not whole".into());
            }
            stream::decode(&Source { file, start, length: length - start, instead, hint }, &mut heard)
                .map_err(|e| match kind {
                    Some(_) => format!("{name}: {e}"),
                    None => format!("its beginning is that of no sound file that is known ({e})"),
                })?;
        }
    }
    if !ending.is_empty() && !belongs(name, &ending) {
        heard.notes.push(format!("it is {name}, though called .{ending}"));
    }
    let (audio, channels, notes) = heard.finish().map_err(|failure| failure.cause)?;
    if !RATES.contains(&audio.sample_rate_hz()) {
        return Err(format!("a sample rate of {} Hz", audio.sample_rate_hz()));
    }
    Ok(Sound { audio, channels, kind: name, notes })
}

/// Decodes a container of chunks; returns what it is.
fn inside(
    file: &mut File,
    start: u64,
    name: &'static str,
    heard: &mut Heard,
) -> Result<&'static str, String> {
    let found = chunks::find(file, start).map_err(|e| e.to_string())?.ok_or("it is cut short")?;
    let format = format::of(file, &found)?;
    if format.rate_hz == 0 || format.block == 0 {
        return Err("its sample rate or its block size is zero".into());
    }
    let sound = found.first(b"data").or(found.first(b"SSND")).ok_or("it holds no sound")?;
    let pieces = pieces(file, &found, sound, heard)?;
    heard.notes.extend(found.notes);
    match format.codec {
        Codec::Blocks(codec) => {
            // AIFF has two numbers in front of its samples, CAF one.
            let head = match (&sound.id, found.family) {
                (b"SSND", _) => 8.min(sound.size),
                (_, chunks::Family::Caf) => 4.min(sound.size),
                _ => 0,
            };
            for piece in pieces {
                let head = head.min(piece.size);
                let data = chunks::Chunk { at: piece.at + head, size: piece.size - head, ..piece };
                blocks::decode(file, data, &format, codec, heard)?;
            }
            if heard.is_empty() { Err("it holds no sound".into()) } else { Ok(name) }
        }
        Codec::Stream(codec) => {
            let hint = match codec {
                "FLAC" => "flac",
                "Ogg" => "ogg",
                "AAC" => "aac",
                "MP2" => "mp2",
                _ => "mp3",
            };
            let source = Source { file, start: sound.at, length: sound.size, instead: None, hint };
            stream::decode(&source, heard).map_err(|e| format!("{codec} inside {name}: {e}"))?;
            heard.notes.push(format!("it is {codec} inside {name}"));
            Ok(name)
        }
    }
}

/// The chunks of samples that belong together: all of the name of the first, as long as nothing says that they are of another
/// kind.
fn pieces(
    file: &mut File,
    found: &chunks::Chunks,
    first: chunks::Chunk,
    heard: &mut Heard,
) -> Result<Vec<chunks::Chunk>, String> {
    let of = |id: [u8; 4]| found.all.iter().filter(move |chunk| chunk.id == id && chunk.size > 0).copied();
    let all: Vec<_> = of(first.id).collect();
    if all.len() < 2 {
        return Ok(all);
    }
    let mut formats = Vec::new();
    for chunk in of(*b"fmt ") {
        formats.push(chunks::body(file, chunk, 64).map_err(|e| e.to_string())?);
    }
    if formats.windows(2).any(|two| two[0] != two[1]) {
        heard.notes.push("behind its sound there is another of another kind, which is not read".into());
        return Ok(vec![first]);
    }
    heard.notes.push(format!("its sound is in {} pieces, joined", all.len()));
    Ok(all)
}

/// Whether files of this kind are called so.
fn belongs(kind: &str, ending: &str) -> bool {
    let endings: &[&str] = match kind {
        "WAV" => &["wav", "wave", "bwf", "rf64", "bw64", "amb"],
        "Wave64" => &["w64"],
        "AU" => &["au", "snd"],
        "AIFF" | "AIFF-C" => &["aif", "aiff", "aifc", "afc"],
        "FLAC" => &["flac", "fla"],
        "Ogg Vorbis" | "Ogg Opus" | "Ogg FLAC" | "Ogg" => &["ogg", "oga", "opus", "ogx", "ogv"],
        "CAF" => &["caf"],
        "MP4" | "QuickTime" => &["mp4", "m4a", "m4b", "m4v", "mov", "qt", "aac", "3gp", "3g2", "f4a", "alac"],
        "Matroska" => &["mkv", "mka", "webm", "weba"],
        "AAC" => &["aac", "adts"],
        "MP3" | "MP2" | "MP1" => &["mp3", "mp2", "mp1", "mpga", "mpa"],
        _ => return true,
    };
    endings.contains(&ending)
}

#[cfg(test)]
mod tests;
