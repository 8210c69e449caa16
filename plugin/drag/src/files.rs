//! Which files go out, and how they are written down for other programs.

use std::path::{Path, PathBuf};
use straightshot_protocol::{ErrorKind, Failure};

/// Files that are complete and on the disk: at least one, each with its whole path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files(Vec<PathBuf>);

impl Files {
    /// Takes `paths` in this order.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if there is none, if one is not a file that is there, or if its path is not a whole one.
    pub fn new(paths: Vec<PathBuf>) -> Result<Self, Failure> {
        if paths.is_empty() {
            return Err(Failure::new(ErrorKind::Io, "There is no sound to hand over."));
        }
        for path in &paths {
            if !path.is_absolute() || !path.is_file() {
                let text = format!("{} is not there any more.", path.display());
                return Err(Failure::new(ErrorKind::Io, text));
            }
        }
        Ok(Self(paths))
    }

    /// The files, in order.
    #[must_use]
    pub fn paths(&self) -> &[PathBuf] {
        &self.0
    }

    /// The first file.
    #[must_use]
    pub fn first(&self) -> &Path {
        &self.0[0]
    }

    /// The folder of the first file.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.first().parent().unwrap_or(self.first())
    }

    /// The paths as lines, for programs that take only text.
    #[must_use]
    pub fn text(&self) -> String {
        let lines: Vec<_> = self.0.iter().map(|path| path.to_string_lossy()).collect();
        lines.join("\n")
    }
}

/// The address of a file by RFC 8089 with an empty host name: `file:///tmp/Wood%20Door.wav`. Every byte but letters,
/// digits, `/`, `-`, `.`, `_` and `~` is escaped, so that receivers which take addresses apart by hand get along with it.
#[must_use]
pub fn uri(path: &Path) -> String {
    let mut uri = String::from("file://");
    for &byte in bytes(path).iter() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                uri.push(byte.into())
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// A list of addresses as `text/uri-list` (RFC 2483): each line ends with carriage return and line feed.
#[must_use]
pub fn uri_list(files: &Files) -> String {
    files.paths().iter().map(|path| uri(path) + "\r\n").collect()
}

#[cfg(unix)]
fn bytes(path: &Path) -> std::borrow::Cow<'_, [u8]> {
    std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).into()
}

#[cfg(not(unix))]
fn bytes(path: &Path) -> std::borrow::Cow<'_, [u8]> {
    // `C:\a` is `file:///C:/a`.
    format!("/{}", path.to_string_lossy().replace('\\', "/")).into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn drag_out_addresses_are_escaped_byte_by_byte() {
        let path = Path::new("/tmp/Wood Door_creak#1 é,100%.wav");
        assert_eq!(uri(path), "file:///tmp/Wood%20Door_creak%231%20%C3%A9%2C100%25.wav");
        // A name that is no text at all still arrives.
        let bytes: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"/\xff.wav");
        assert_eq!(uri(Path::new(bytes)), "file:///%FF.wav");
    }

    #[test]
    fn drag_out_only_files_that_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two] = ["a b.wav", "c.wav"].map(|name| folder.path().join(name));
        std::fs::write(&one, b"x").unwrap();
        assert!(Files::new(vec![]).is_err());
        assert!(Files::new(vec![one.clone(), two.clone()]).is_err(), "the second is missing");
        assert!(Files::new(vec![PathBuf::from("a b.wav")]).is_err(), "no whole path");
        assert!(Files::new(vec![folder.path().to_owned()]).is_err(), "a folder");
        std::fs::write(&two, b"y").unwrap();
        let files = Files::new(vec![one.clone(), two.clone()]).unwrap();
        assert_eq!(uri_list(&files), format!("{}\r\n{}\r\n", uri(&one), uri(&two)));
        assert_eq!(files.text(), format!("{}\n{}", one.display(), two.display()));
    }
}
