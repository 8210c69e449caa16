//! Ogg files whose end is missing: the last page is made whole again with the packets that it still has.
//!
//! A page of a short sound is all of it, and demuxers take no part of a page.

use std::fs::File;
use std::io::{Read, Result, Seek, SeekFrom};

/// Larger files lose a page in a thousand; that is not worth reading them at once.
const LARGEST: u64 = 64 << 20;
/// Bytes of a page in front of the sizes of its segments.
const HEAD: usize = 27;

/// The bytes of `file` with its last page mended. `None` if that is whole.
///
/// # Errors
/// Those of the file.
pub(super) fn mended(file: &mut File) -> Result<Option<Vec<u8>>> {
    let length = file.seek(SeekFrom::End(0))?;
    if length > LARGEST {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    Ok(mend(bytes))
}

fn mend(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let mut at = 0;
    while bytes.get(at..at + 4) == Some(b"OggS") {
        let Some(segments) = bytes.get(at + HEAD - 1).map(|n| usize::from(*n)) else { break };
        let sizes = bytes.get(at + HEAD..at + HEAD + segments).map(<[u8]>::to_vec);
        let Some(sizes) = sizes else { break };
        let body = at + HEAD + segments;
        let end = body + sizes.iter().map(|size| usize::from(*size)).sum::<usize>();
        if end <= bytes.len() {
            at = end;
            continue;
        }
        return Some(cut(&bytes, at, body, &sizes));
    }
    // A head that is cut, or what is no page.
    let behind = bytes.len() - at;
    bytes.truncate(at);
    (behind > 0 && at > 0 && behind < HEAD + 256).then_some(bytes)
}

/// The file up to the page at `at` and of that the packets that end in it.
fn cut(bytes: &[u8], at: usize, body: usize, sizes: &[u8]) -> Vec<u8> {
    let (mut kept, mut end, mut place) = (0, body, body);
    for (i, size) in sizes.iter().enumerate() {
        place += usize::from(*size);
        if place > bytes.len() {
            break;
        }
        // A packet ends with a segment that is not full.
        if *size < 255 {
            (kept, end) = (i + 1, place);
        }
    }
    let mut whole = bytes[..at].to_vec();
    if kept == 0 {
        return whole;
    }
    let mut page = bytes[at..at + HEAD].to_vec();
    // Not the last page, and where it ends is not known: a time of -1 says so.
    page[5] &= !4;
    page[6..14].fill(0xff);
    page[22..26].fill(0);
    page[26] = u8::try_from(kept).unwrap_or(u8::MAX);
    page.extend(&sizes[..kept]);
    page.extend(&bytes[body..end]);
    let sum = checksum(&page).to_le_bytes();
    page[22..26].copy_from_slice(&sum);
    whole.extend(page);
    whole
}

/// The checksum of a page: CRC-32 of 0x04c11db7, not reflected, from zero.
fn checksum(page: &[u8]) -> u32 {
    page.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ (u32::from(*byte) << 24), |sum, _| {
            if sum & 0x8000_0000 == 0 { sum << 1 } else { (sum << 1) ^ 0x04c1_1db7 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(body: &[&[u8]]) -> Vec<u8> {
        let mut page = [&b"OggS\0\x04"[..], &[9; 16], &[0; 4], &[body.len() as u8]].concat();
        page.extend(body.iter().map(|b| b.len() as u8));
        page.extend(body.concat());
        let sum = checksum(&page).to_le_bytes();
        page[22..26].copy_from_slice(&sum);
        page
    }

    #[test]
    fn packets_that_are_there_are_kept() {
        let (first, last) = (page(&[b"head"]), page(&[b"one", b"two", b"three"]));
        let whole = [first.clone(), last.clone()].concat();
        assert_eq!(mend(whole.clone()), None);
        let mended = mend(whole[..whole.len() - 2].to_vec()).unwrap();
        assert!(mended.starts_with(&first) && mended.ends_with(b"\x03\x03onetwo"));
        let sum: [u8; 4] = mended[first.len() + 22..first.len() + 26].try_into().unwrap();
        let mut plain = mended[first.len()..].to_vec();
        plain[22..26].fill(0);
        assert_eq!(u32::from_le_bytes(sum), checksum(&plain));
        // Nothing but the first page is left, whatever is cut of the second one before its first packet ends.
        for keep in first.len() + 1..first.len() + HEAD + 3 + 2 {
            assert_eq!(mend(whole[..keep].to_vec()), Some(first.clone()), "{keep}");
        }
        assert_eq!(mend(b"no page".to_vec()), None);
        // The sum of a page as libogg wrote it.
        let written = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sounds/tone.ogg")).unwrap();
        let mut head = written[..HEAD + 1 + 30].to_vec();
        head[22..26].fill(0);
        assert_eq!(checksum(&head).to_le_bytes(), written[22..26]);
    }
}
