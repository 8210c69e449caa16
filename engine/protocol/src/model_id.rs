//! Which model is meant.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// SHA-256 of some bytes: equal hashes are equal content, wherever it lies and whatever it is called.
///
/// Written as 64 hexadecimal digits.
///
/// ```
/// use straightshot_protocol::ContentHash;
///
/// let hash = ContentHash::of([b"abc".as_slice()]);
/// assert_eq!(hash.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
/// assert_eq!(hash.to_string().parse(), Ok(hash));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContentHash([u8; 32]);

impl ContentHash {
    /// The hash of `parts`, one after the other as if they were one.
    #[must_use]
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hasher = ContentHasher::default();
        parts.into_iter().for_each(|part| hasher.add(part));
        hasher.finish()
    }

    /// The first eight digits, for people.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string().chars().take(8).collect()
    }
}

/// Hashes bytes that come one part after the other, as from a file.
///
/// ```
/// use straightshot_protocol::{ContentHash, ContentHasher};
///
/// let mut hasher = ContentHasher::default();
/// hasher.add(b"wooden ");
/// hasher.add(b"door");
/// assert_eq!(hasher.finish(), ContentHash::of([b"wooden door".as_slice()]));
/// ```
#[derive(Debug, Clone, Default)]
pub struct ContentHasher(Sha256);

impl ContentHasher {
    /// Adds what follows.
    pub fn add(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    /// The hash of all that was added.
    #[must_use]
    pub fn finish(self) -> ContentHash {
        ContentHash(self.0.finalize().into())
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ContentHash {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "a hash has 64 hexadecimal digits";
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(WRONG);
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = text.get(at..at + 2).and_then(|d| u8::from_str_radix(d, 16).ok()).ok_or(WRONG)?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for ContentHash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ContentHash> for String {
    fn from(hash: ContentHash) -> Self {
        hash.to_string()
    }
}

/// A model by its content, with the name that people know it by.
///
/// A path would name a place: another model may lie there tomorrow, and this one may have moved. Two ids with a hash
/// are equal if the hashes are, whatever the names. Projects of before remember only a name; an id without a hash is
/// equal to another without one and of the same name.
///
/// ```
/// use straightshot_protocol::{ContentHash, ModelId};
///
/// let hash = ContentHash::of([b"weights".as_slice()]);
/// assert_eq!(ModelId::new(hash, "mine"), ModelId::new(hash, "mine, renamed"));
/// assert_ne!(ModelId::new(hash, "mine"), ModelId::named("mine"));
/// assert!(ModelId::default().is_any());
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelId {
    /// Hash of everything that determines the model's sounds; `None` where only the name is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<ContentHash>,
    /// For display.
    pub name: String,
}

impl ModelId {
    /// A model with its content known.
    pub fn new(hash: ContentHash, name: impl Into<String>) -> Self {
        Self { hash: Some(hash), name: name.into() }
    }

    /// A model of which only the name is known.
    pub fn named(name: impl Into<String>) -> Self {
        Self { hash: None, name: name.into() }
    }

    /// Whether no model is named: any will do.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.hash.is_none() && self.name.is_empty()
    }
}

impl PartialEq for ModelId {
    fn eq(&self, other: &Self) -> bool {
        match (&self.hash, &other.hash) {
            (None, None) => self.name == other.name,
            (a, b) => a == b,
        }
    }
}

impl Eq for ModelId {}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.name.is_empty() { "unnamed model" } else { &self.name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides_and_names_do_not() {
        let (a, b) = (ContentHash::of([b"a".as_slice()]), ContentHash::of([b"b".as_slice()]));
        assert_eq!(ModelId::new(a, "old name"), ModelId::new(a, "new name"));
        assert_ne!(ModelId::new(a, "same name"), ModelId::new(b, "same name"));
        assert_ne!(ModelId::new(a, "same name"), ModelId::named("same name"));
        assert_eq!(ModelId::named("x"), ModelId::named("x"));
        assert_ne!(ModelId::named("x"), ModelId::named("y"));
        assert!(ModelId::default().is_any() && !ModelId::named("x").is_any());
    }

    #[test]
    fn parts_hash_like_the_whole_and_bad_text_is_refused() {
        assert_eq!(ContentHash::of([b"ab".as_slice(), b"c"]), ContentHash::of([b"abc".as_slice()]));
        let text = ContentHash::of([]).to_string();
        for bad in ["", "ab", &text[1..], &format!("{text}0"), &text.replacen('e', "g", 1), &"é".repeat(32)]
        {
            assert!(bad.parse::<ContentHash>().is_err(), "{bad}");
        }
    }
}
