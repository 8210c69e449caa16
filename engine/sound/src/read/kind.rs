//! What a file is by its first bytes; its name is not asked.

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Chunks whose sizes are often wrong: we look for samples and texts ourselves.
    Chunks,
    /// The decoder library reads the container.
    Stream,
    /// No library here reads it, or it is no sound at all.
    None,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    /// In the words of a user, fit for "it is …".
    pub(crate) name: &'static str,
    pub(crate) way: Way,
}

const fn chunks(name: &'static str) -> Kind {
    Kind { name, way: Way::Chunks }
}

const fn stream(name: &'static str) -> Kind {
    Kind { name, way: Way::Stream }
}

const fn none(name: &'static str) -> Kind {
    Kind { name, way: Way::None }
}

/// Bytes that [`of`] wants to see, if there are so many.
pub(crate) const HEAD: usize = 512;

/// Marks at a place, the first that fits counts.
const MARKS: &[(usize, &[u8], Kind)] = &[
    (8, b"WAVE", chunks("WAV")),
    (0, b"riff\x2e\x91\xcf\x11", chunks("Wave64")),
    (0, b".snd", chunks("AU")),
    (8, b"AIFF", chunks("AIFF")),
    (8, b"AIFC", chunks("AIFF-C")),
    (0, b"fLaC", stream("FLAC")),
    (28, b"\x01vorbis", stream("Ogg Vorbis")),
    (28, b"OpusHead", stream("Ogg Opus")),
    (28, b"\x7fFLAC", stream("Ogg FLAC")),
    (28, b"Speex   ", none("Ogg Speex")),
    (0, b"OggS", stream("Ogg")),
    (0, b"caff", stream("CAF")),
    (4, b"ftyp", stream("MP4")),
    (4, b"moov", stream("QuickTime")),
    (4, b"wide", stream("QuickTime")),
    (0, b"\x1a\x45\xdf\xa3", stream("Matroska")),
    (0, b"version https://git-lfs", none("a Git LFS pointer, not the sound; `git lfs pull` gets that")),
    (0, b"wvpk", none("WavPack")),
    (0, b"MAC ", none("Monkey's Audio")),
    (0, b"TTA1", none("True Audio")),
    (0, b"TTA2", none("True Audio")),
    (0, b"MPCK", none("Musepack")),
    (0, b"MP+", none("Musepack")),
    (0, b"OFR ", none("OptimFROG")),
    (0, b"ajkg", none("Shorten")),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", none("Windows Media (WMA)")),
    (0, b".RMF", none("RealMedia")),
    (0, b"#!AMR", none("AMR")),
    (0, b"\x0b\x77", none("AC-3")),
    (0, b"\x7f\xfe\x80\x01", none("DTS")),
    (0, b"DSD ", none("DSD")),
    (0, b"FRM8", none("DSD")),
    (0, b"Creative Voice File", none("Creative Voice")),
    (8, b"8SVX", none("8SVX of the Amiga")),
    (8, b"AVI ", none("an AVI video")),
    (8, b"sfbk", none("a SoundFont")),
    (8, b"WEBP", none("a picture")),
    (0, b"RIFF", none("RIFF, but no WAV")),
    (0, b"RIFX", none("RIFX, but no WAV")),
    (0, b"MThd", none("MIDI: notes, not the sound")),
    (0, b"\x00\x05\x16\x07", none("what macOS keeps beside a file, not the sound")),
    (0, b"\x00\x05\x16\x00", none("what macOS keeps beside a file, not the sound")),
    (0, b"bplist00", none("a settings file of macOS")),
    (0, b"PK\x03\x04", none("a ZIP archive")),
    (0, b"\x1f\x8b", none("a gzip archive")),
    (0, b"7z\xbc\xaf\x27\x1c", none("a 7-Zip archive")),
    (0, b"Rar!", none("a RAR archive")),
    (0, b"BZh", none("a bzip2 archive")),
    (0, b"\xfd7zXZ", none("an XZ archive")),
    (0, b"\x89PNG", none("a picture")),
    (0, b"\xff\xd8\xff", none("a picture")),
    (0, b"GIF8", none("a picture")),
    (0, b"%PDF", none("a PDF document")),
    (0, b"\x7fELF", none("a program")),
    (0, b"MZ", none("a program")),
    (0, b"SQLite format 3", none("a data base")),
];

/// The kind of a file that begins with `head`. `None` if nothing is known about such bytes; a decoder may still know.
pub(crate) fn of(head: &[u8]) -> Option<Kind> {
    if head.is_empty() {
        return Some(none("an empty file"));
    }
    let marked = |(at, mark, _): &&(usize, &[u8], Kind)| head.get(*at..).is_some_and(|h| h.starts_with(mark));
    // "WAVE" and its like stand behind a size; they count only in a container that has one there.
    let container = |kind: &Kind| match kind.name {
        "WAV" => [&b"RIFF"[..], b"RIFX", b"RF64", b"BW64"].iter().any(|id| head.starts_with(id)),
        "AIFF" | "AIFF-C" | "8SVX of the Amiga" => head.starts_with(b"FORM"),
        "an AVI video" | "a SoundFont" => head.starts_with(b"RIFF"),
        "Ogg Vorbis" | "Ogg Opus" | "Ogg FLAC" | "Ogg Speex" => head.starts_with(b"OggS"),
        _ => true,
    };
    let found = MARKS.iter().find(|mark| marked(mark) && container(&mark.2)).map(|mark| mark.2);
    found.or_else(|| mpeg(head)).or_else(|| other(head))
}

/// Frames of MPEG audio begin with eleven ones; the bits behind them tell AAC apart.
fn mpeg(head: &[u8]) -> Option<Kind> {
    let (a, b) = (*head.first()?, *head.get(1)?);
    match (a, b & 0xf6, b & 0xe6) {
        (0xff, 0xf0, _) => Some(stream("AAC")),
        (0xff, _, 0xe2) => Some(stream("MP3")),
        (0xff, _, 0xe4) => Some(stream("MP2")),
        (0xff, _, 0xe6) => Some(stream("MP1")),
        _ if head.starts_with(b"ID3") => Some(stream("MP3")),
        _ => None,
    }
}

fn other(head: &[u8]) -> Option<Kind> {
    if head.iter().all(|b| *b == 0) {
        return Some(none("nothing but zeros"));
    }
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let begins = |with: &str| text.get(..with.len()).is_some_and(|t| t.eq_ignore_ascii_case(with));
    if begins("<!doctype html") || begins("<html") {
        return Some(none("a web page, not the sound"));
    }
    let control = |b: &u8| *b < 9 || (14..32).contains(b);
    // A head that ends inside a letter is a text too.
    let is_text = std::str::from_utf8(head).map_or_else(|e| e.error_len().is_none(), |_| true);
    (is_text && !head.iter().any(control)).then_some(none("a text, not a sound"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_by_what_they_are() {
        for (head, name) in [
            (&b"RIFF\0\0\0\0WAVEfmt "[..], "WAV"),
            (b"RF64\xff\xff\xff\xffWAVEds64", "WAV"),
            (b"RIFX\0\0\0\0WAVEfmt ", "WAV"),
            (b"RIFF\0\0\0\0AVI LIST", "an AVI video"),
            (b"FORM\0\0\0\0AIFCFVER", "AIFF-C"),
            (b"\xff\xfb\x90\x64", "MP3"),
            (b"\xff\xf1\x50\x80", "AAC"),
            (b"\xff\xfd\x90\x64", "MP2"),
            (b"ID3\x04\0\0", "MP3"),
            (b"wvpk\0\0\0\0", "WavPack"),
            (b"", "an empty file"),
            (&[0; 40], "nothing but zeros"),
            (b"<!DOCTYPE HTML><html>", "a web page, not the sound"),
            (b"dear reader\n", "a text, not a sound"),
        ] {
            assert_eq!(of(head).map(|kind| kind.name), Some(name));
        }
        assert!(
            of(b"version https://git-lfs.github.com/spec/v1\noid")
                .is_some_and(|k| k.name.contains("Git LFS"))
        );
        assert_eq!(of(&[3, 1, 200, 7]), None);
        assert_eq!(of(b"no chunkWAVE\0\x01"), None, "a mark without its container is chance");
    }
}
