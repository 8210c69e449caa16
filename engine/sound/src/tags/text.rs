//! Texts that do not say how they are encoded.

/// Letters that are no ASCII and stand in a row. Words of languages that Latin-1 is for have fewer.
const MOST_FOREIGN: usize = 2;

/// The text of `bytes`: UTF-16 with a mark, UTF-8, of which the end may be cut inside a letter, or Latin-1 as Windows has
/// it, if that gives words. `None` if not: a guess among all encodings of the world is more often wrong than right.
///
/// ```
/// use straightshot_sound::tags::plain;
///
/// assert_eq!(plain(b"T\xc3\xbcr, gro\xc3"), Some("Tür, gro".into()));
/// assert_eq!(plain(b"T\xfcr, gro\xdf"), Some("Tür, groß".into()));
/// assert_eq!(plain(b"\xbe\xc9\xc4\xbe\xc3\xc5"), None);
/// ```
#[must_use]
pub fn plain(bytes: &[u8]) -> Option<String> {
    let wide = |pair: fn([u8; 2]) -> u16| {
        let units = bytes[2..].chunks_exact(2).map(|b| pair([b[0], b[1]]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match bytes {
        [0xff, 0xfe, ..] => return Some(wide(u16::from_le_bytes)),
        [0xfe, 0xff, ..] => return Some(wide(u16::from_be_bytes)),
        _ => (),
    }
    if let Some(text) = unmarked(bytes) {
        return Some(text);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text.to_owned()),
        Err(e) if e.error_len().is_none() && e.valid_up_to() > 0 && !looks_latin(bytes, e.valid_up_to()) => {
            Some(String::from_utf8_lossy(&bytes[..e.valid_up_to()]).into_owned())
        }
        Err(_) => latin(bytes),
    }
}

/// UTF-16 that no mark names: every other byte of most of its letters is zero.
fn unmarked(bytes: &[u8]) -> Option<String> {
    let zeros = |odd: usize| bytes.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let units = bytes.len() / 2;
    let most = |zeros: usize, others: usize| units >= 4 && zeros * 2 > units && others == 0;
    let wide = |pair: fn([u8; 2]) -> u16| {
        String::from_utf16(&bytes.chunks_exact(2).map(|b| pair([b[0], b[1]])).collect::<Vec<_>>()).ok()
    };
    match (most(odd, even), most(even, odd)) {
        (true, _) => wide(u16::from_le_bytes),
        (_, true) => wide(u16::from_be_bytes),
        _ => None,
    }
}

/// Whether a UTF-8 text that is cut inside a letter behind `valid` bytes is rather Latin-1 that ends with a letter of its
/// own: that is so if nothing else in it is a letter of UTF-8, and it is one byte.
fn looks_latin(bytes: &[u8], valid: usize) -> bool {
    bytes[..valid].is_ascii() && bytes.len() - valid == 1 && bytes.len() < 256
}

/// Windows-1252, if its letters are those of words.
fn latin(bytes: &[u8]) -> Option<String> {
    let text: Option<String> = bytes.iter().map(|b| windows(*b)).collect();
    let text = text?;
    let (mut row, mut foreign, mut letters) = (0, 0, 0);
    for c in text.chars() {
        letters += usize::from(c.is_alphabetic());
        if c.is_ascii() {
            row = 0;
            continue;
        }
        // Punctuation of texts is no letter; signs like ¤, ƒ and ª are in no word.
        if !c.is_alphabetic() || "ƒªº".contains(c) {
            if !"\u{a0}€‚„…†•–—‘’“”‹›«»§°´·¿¡©®™²³±×½¼".contains(c)
            {
                return None;
            }
            continue;
        }
        (row, foreign) = (row + 1, foreign + 1);
        if row > MOST_FOREIGN {
            return None;
        }
    }
    (foreign * 3 <= letters).then_some(text)
}

/// The character that Windows-1252 has for a byte.
fn windows(byte: u8) -> Option<char> {
    const HIGH: [char; 32] = [
        '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’',
        '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..0xa0 => Some(HIGH[usize::from(byte - 0x80)]).filter(|c| *c != '\0'),
        _ => Some(char::from(byte)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_no_stated_encoding_are_words_or_nothing() {
        for (bytes, text) in [
            (&b"Rain on a tent"[..], Some("Rain on a tent")),
            (b"\xef\xbb\xbft\xc3\xbcr", Some("tür")),
            (b"t\xfcr", Some("tür")),
            (b"\xff\xfet\x00\xfc\x00r\x00", Some("tür")),
            (b"\xfe\xff\x00t\x00\xfc\x00r\x00", Some("tür")),
            (b"d\0o\0o\0r\0", Some("door")),
            (b"\0d\0o\0o\0r", Some("door")),
            (b"", Some("")),
            // A field of 256 bytes cuts UTF-8 inside a letter.
            ("T\u{fc}r \u{f6}ffnet \u{fc}".as_bytes().split_last().unwrap().1, Some("Tür öffnet ")),
            (b"Regen auf Bl\xe4ttern \x96 leise", Some("Regen auf Blättern – leise")),
            (b"caf\xe9", Some("café")),
            // Shift-JIS, GBK, KOI8-R and Windows-1251.
            (b"\x8c\xc3\x82\xa2\x96\xd8\x82\xcc\x83h\x83A", None),
            (b"\xbe\xc9\xc4\xbe\xc3\xc5\xd6\xa8\xd6\xa8", None),
            (b"\xc4\xd7\xc5\xd2\xd8 \xd3\xcb\xd2\xc9\xd0\xc9\xd4", None),
            (b"\xe4\xe2\xe5\xf0\xfc", None),
            (b"door \x83h\x83A\x82\xaa creak", None),
        ] {
            assert_eq!(plain(bytes).as_deref(), text, "{bytes:x?}");
        }
    }
}
