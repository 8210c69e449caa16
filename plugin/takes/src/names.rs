//! Names of the sounds' files: `<beginning of the prompt> <beginning of its hash>.flac`.

use std::path::Path;
use straightshot_protocol::ContentHash;

/// Digits of the hash in a file's name: enough to tell apart more takes than anyone makes.
const NAME_DIGITS: usize = 16;
/// Characters of the prompt in a file's name.
const NAME_CHARS: usize = 40;
pub(crate) const EXTENSION: &str = "flac";

/// The beginning of a hash, as it stands in names.
pub(crate) fn digits(hash: &ContentHash) -> String {
    hash.to_string().chars().take(NAME_DIGITS).collect()
}

/// The beginning of the hash that a file's name ends with.
pub(crate) fn hash_in_name(path: &Path) -> Option<String> {
    let name = path.file_stem()?.to_str()?;
    let digits = name.rsplit(' ').next()?;
    let is_hash =
        digits.len() == NAME_DIGITS && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    is_hash.then(|| digits.to_owned())
}

/// A name that every system allows.
pub(crate) fn file_name(hash: &ContentHash, title: &str) -> String {
    let words: String = title
        .chars()
        .map(|letter| if letter.is_alphanumeric() || letter == '-' { letter } else { ' ' })
        .take(NAME_CHARS)
        .collect();
    let words: Vec<&str> = words.split_whitespace().collect();
    let mut name = words.join(" ");
    if !name.is_empty() {
        name.push(' ');
    }
    name + &digits(hash) + "." + EXTENSION
}
