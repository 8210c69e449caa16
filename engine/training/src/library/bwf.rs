//! Descriptions inside WAV files: the chunks bext (EBU Tech 3285) and iXML.

use super::{Description, ixml, words};
use std::io::{Read, Result, Seek, SeekFrom};
use std::path::Path;

/// Bytes of a bext chunk before its coding history; the description is the first [`DESCRIPTION`] of them.
const BEXT: usize = 602;
const DESCRIPTION: usize = 256;
/// Largest iXML chunk that is read.
const LARGEST_IXML: u64 = 4 << 20;
/// More chunks than this are in no file that is meant well.
const MOST_CHUNKS: usize = 1000;
/// In files over 4 GiB this stands for a size, which the chunk ds64 has.
const SIZE_IN_DS64: u32 = u32::MAX;

/// The chunks that describe a sound, as bytes.
#[derive(Debug, Default, PartialEq)]
struct Chunks {
    bext: Option<Vec<u8>>,
    ixml: Option<Vec<u8>>,
}

/// What the chunks of the file at `path` say; what is wrong with them is added to `notes`.
pub(super) fn describe(path: &Path, notes: &mut Vec<String>) -> Description {
    // That a file cannot be read is said when its sound is.
    let chunks = std::fs::File::open(path).and_then(|mut file| chunks(&mut file, notes)).unwrap_or_default();
    understand(&chunks, notes)
}

fn understand(chunks: &Chunks, notes: &mut Vec<String>) -> Description {
    let spoken = chunks.bext.as_deref().map(|bytes| description(bytes, notes)).unwrap_or_default();
    let fields = chunks.ixml.as_deref().map(|bytes| ixml::parse(&words::decode(bytes)));
    let fields = fields.transpose().unwrap_or_else(|e| {
        notes.push(format!("its iXML chunk is ignored: {e}"));
        None
    });
    fields.unwrap_or_default().describe(&spoken)
}

/// The description of a bext chunk, without the settings that recorders write there.
fn description(bext: &[u8], notes: &mut Vec<String>) -> String {
    if bext.len() < BEXT {
        notes.push(format!("its bext chunk is cut short ({} of {BEXT} bytes)", bext.len()));
    }
    let field = bext.get(..DESCRIPTION).unwrap_or_default();
    let text = words::decode(field.split(|&b| b == 0).next().unwrap_or_default());
    // "sSPEED=025.000-ND", one per line.
    let setting = |line: &&str| {
        let key = line.split_once('=').map(|(key, _)| key.trim());
        key.is_some_and(|key| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric()))
    };
    text.lines().filter(|line| !setting(line)).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// Finds the chunks of a RIFF, RF64 or BW64 file; of any other file there are none.
fn chunks(file: &mut (impl Read + Seek), notes: &mut Vec<String>) -> Result<Chunks> {
    let mut found = Chunks::default();
    let end = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    let mut riff = [0u8; 12];
    let riff_kinds: [&[u8]; 3] = [b"RIFF", b"RF64", b"BW64"];
    if file.read_exact(&mut riff).is_err() || !riff_kinds.contains(&&riff[..4]) || &riff[8..] != b"WAVE" {
        return Ok(found);
    }
    let (mut at, mut data_size) = (riff.len() as u64, None);
    for _ in 0..MOST_CHUNKS {
        let mut head = [0u8; 8];
        file.seek(SeekFrom::Start(at))?;
        if file.read_exact(&mut head).is_err() {
            break;
        }
        let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        let size = if size == SIZE_IN_DS64 { data_size.unwrap_or(u64::from(size)) } else { u64::from(size) };
        let start = at + head.len() as u64;
        let there = size.min(end.saturating_sub(start));
        let mut body = |most: u64| -> Result<Vec<u8>> {
            let mut bytes = Vec::new();
            file.by_ref().take(there.min(most)).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        match &head[..4] {
            b"ds64" => {
                data_size = body(16)?.get(8..16).and_then(|b| Some(u64::from_le_bytes(b.try_into().ok()?)))
            }
            b"bext" if found.bext.is_none() => found.bext = Some(body(BEXT as u64)?),
            b"iXML" if there > LARGEST_IXML => {
                notes.push("its iXML chunk is ignored: it is too large".into())
            }
            b"iXML" if found.ixml.is_none() => found.ixml = Some(body(LARGEST_IXML)?),
            _ => (),
        }
        at = match start.checked_add(size).and_then(|next| next.checked_add(size % 2)) {
            Some(next) if next < end => next,
            _ => break,
        };
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn chunk(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(body.len()).unwrap().to_le_bytes();
        [&id[..], &size, body, if body.len() % 2 == 1 { &[0] } else { &[] }].concat()
    }

    fn wave(kind: &[u8; 4], chunks: &[Vec<u8>]) -> Vec<u8> {
        [&kind[..], &[0; 4], b"WAVE", &chunks.concat()].concat()
    }

    fn bext(text: &[u8]) -> Vec<u8> {
        let mut body = text.to_vec();
        body.resize(BEXT, 0);
        chunk(b"bext", &body)
    }

    fn read(bytes: &[u8]) -> (Description, Vec<String>) {
        let mut notes = Vec::new();
        let found = chunks(&mut Cursor::new(bytes), &mut notes).unwrap();
        (understand(&found, &mut notes), notes)
    }

    const IXML: &[u8] = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?><BWFXML><USER><CATID>DOORWood</CATID>\
        <DESCRIPTION>Old cellar door creaks &amp; slams</DESCRIPTION></USER></BWFXML>\0\0";

    #[test]
    fn bext_alone_gives_the_caption() {
        let data = chunk(b"data", &[0; 5]);
        let (said, notes) = read(&wave(b"RIFF", &[data.clone(), bext(b"Rain on a tent\0rubbish")]));
        assert_eq!((said.caption.as_str(), notes.len()), ("Rain on a tent", 0));
        let (said, _) = read(&wave(b"RIFF", &[bext(b"Regen auf Bl\xe4ttern"), data]));
        assert_eq!(said.caption, "Regen auf Blättern");
    }

    #[test]
    fn settings_of_recorders_are_no_caption() {
        let text = b"sSPEED=025.000-ND\r\nsTAKE=03\r\nDog barks\r\nzTRK1=Boom";
        assert_eq!(read(&wave(b"RIFF", &[bext(text)])).0.caption, "Dog barks");
        assert_eq!(read(&wave(b"RIFF", &[bext(b"sSCENE=12\r\n")])).0.caption, "");
    }

    #[test]
    fn the_longer_description_of_ixml_goes_first() {
        let (said, notes) = read(&wave(b"RIFF", &[bext(b"Old cellar door"), chunk(b"iXML", IXML)]));
        assert_eq!(said.caption, "Old cellar door creaks & slams");
        assert_eq!((said.category.as_str(), said.subcategory.as_str()), ("DOORS", "WOOD"));
        assert!(notes.is_empty());
    }

    #[test]
    fn large_files_have_their_size_elsewhere() {
        let ds64 = [[0u8; 8], 6u64.to_le_bytes(), [0; 8]].concat();
        let mut data = chunk(b"data", &[0; 6]);
        data[4..8].fill(0xff);
        let (said, _) = read(&wave(b"RF64", &[chunk(b"ds64", &ds64), data.clone(), bext(b"Wind")]));
        assert_eq!(said.caption, "Wind");
        // Without ds64 nothing behind the data can be found.
        assert_eq!(read(&wave(b"RF64", &[data, bext(b"Wind")])).0, Description::default());
    }

    #[test]
    fn broken_chunks_are_noted_and_never_fatal() {
        let whole = wave(b"RIFF", &[bext(b"Rain on a tent"), chunk(b"iXML", IXML)]);
        for keep in 0..whole.len() {
            read(&whole[..keep]);
        }
        let (said, notes) = read(&whole[..12 + 8 + 300]);
        assert_eq!(said.caption, "Rain on a tent");
        assert!(notes[0].contains("bext chunk is cut short (300 of 602 bytes)"), "{notes:?}");
        let (said, notes) = read(&wave(b"RIFF", &[chunk(b"bext", b"short")]));
        assert_eq!((said, notes.len()), (Description::default(), 1));
        let (said, notes) = read(&wave(b"RIFF", &[bext(b"Rain"), chunk(b"iXML", b"<BWFXML><USER>")]));
        assert!(said.caption == "Rain" && notes[0].contains("iXML chunk is ignored"), "{notes:?}");
        // Sizes that lie, chunks without end, and no RIFF at all.
        let mut liar = wave(b"RIFF", &[bext(b"Rain")]);
        liar[16..20].fill(0xff);
        assert_eq!(read(&liar).0.caption, "Rain");
        assert_eq!(read(&wave(b"RIFF", &vec![chunk(b"JUNK", b""); 5000])).0, Description::default());
        assert_eq!(read(b"fLaC and so on").0, Description::default());
    }
}
