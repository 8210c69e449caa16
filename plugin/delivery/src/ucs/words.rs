//! What the system says about its categories: an explanation and synonyms of each.

use std::collections::HashMap;
use std::io::Read;
use std::sync::OnceLock;

/// The file `assets/ucs/words.tsv`, packed by `build.rs`.
static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/words.zlib"));

/// The words of one category.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    /// A sentence or two.
    pub(super) explanation: &'static str,
    /// In lower case, apart by spaces.
    pub(super) synonyms: &'static str,
}

/// The words of the category `id`. The first call unpacks them, a few milliseconds.
pub(super) fn of(id: &str) -> Option<Words> {
    static TABLE: OnceLock<HashMap<&'static str, Words>> = OnceLock::new();
    let read = || {
        let lines = text().lines().filter(|line| !line.starts_with('#'));
        let row = |line: &'static str| {
            let (id, rest) = line.split_once('\t')?;
            let (explanation, synonyms) = rest.split_once('\t')?;
            Some((id, Words { explanation, synonyms }))
        };
        lines.filter_map(row).collect()
    };
    TABLE.get_or_init(read).get(id).copied()
}

/// Words of everyday for the category `id`, in a list of our own: the system gives some of them to dozens of categories or to
/// none. Empty for most.
pub(super) fn everyday(id: &str) -> &'static str {
    static LIST: &str = include_str!("../../../../assets/ucs/everyday.tsv");
    let mut rows =
        LIST.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t'));
    rows.find(|(known, _)| *known == id).map_or("", |(_, words)| words)
}

/// The whole file. A program whose own data were damaged has none, and proposes by names alone.
fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let mut text = String::new();
        let unpacked = flate2::read::ZlibDecoder::new(PACKED).read_to_string(&mut text);
        if unpacked.is_ok() { text } else { String::new() }
    })
}
