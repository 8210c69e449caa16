//! Which model a session makes its sounds with, and where it was seen last.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::path::{Path, PathBuf};
use straightshot_protocol::ModelId;

/// The model of the next sounds. The default one is that of the program, whichever that is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelChoice {
    /// Which model; none is named while nobody has looked into the folder, and for the default one.
    #[serde(flatten)]
    pub id: ModelId,
    /// Where it was seen last; `None` for the default one.
    #[serde(default, with = "saved_folder")]
    pub folder: Option<PathBuf>,
    /// Whether the folder counts and not what was in it: so it is from when the user chooses a folder until the project is
    /// opened again. Not persisted.
    #[serde(skip)]
    pub follows_folder: bool,
}

impl ModelChoice {
    /// Whatever model is in `folder`.
    #[must_use]
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { id: ModelId::default(), folder: Some(folder), follows_folder: true }
    }

    /// Whether it is the model of the program.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.folder.is_none() && self.id.is_any()
    }
}

impl ModelChoice {
    /// Whether the path as text is all there is to say, as in what was saved before models had ids.
    pub(super) fn is_only_a_name(&self) -> bool {
        self.id.is_any() && self.folder.as_deref().is_none_or(|folder| folder.to_str().is_some())
    }
}

/// A path as it is saved: every path comes back as it was, also one that is no text.
///
/// `{"path":"..."}` where it is text, else `{"bytes":"..."}` (Unix) or `{"utf16":"..."}` (Windows) in base64. A path of the
/// other kind of system cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SavedPath(pub PathBuf);

/// The forms of [`SavedPath`].
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    /// Text.
    Path(String),
    /// The bytes of a path of Unix in base64.
    Bytes(String),
    /// The words of a path of Windows, low byte first, in base64.
    Utf16(String),
}

impl Serialize for SavedPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = match self.0.to_str() {
            Some(text) => Form::Path(text.to_owned()),
            None => foreign(&self.0),
        };
        form.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SavedPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let path = match Form::deserialize(deserializer)? {
            Form::Path(text) => Some(PathBuf::from(text)),
            form => native(&form),
        };
        path.map(Self).ok_or_else(|| serde::de::Error::custom("a path that this system does not have"))
    }
}

#[cfg(unix)]
fn foreign(path: &Path) -> Form {
    use std::os::unix::ffi::OsStrExt;
    Form::Bytes(STANDARD.encode(path.as_os_str().as_bytes()))
}

#[cfg(unix)]
fn native(form: &Form) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    let Form::Bytes(text) = form else { return None };
    Some(std::ffi::OsString::from_vec(STANDARD.decode(text).ok()?).into())
}

#[cfg(windows)]
fn foreign(path: &Path) -> Form {
    use std::os::windows::ffi::OsStrExt;
    let bytes: Vec<u8> = path.as_os_str().encode_wide().flat_map(u16::to_le_bytes).collect();
    Form::Utf16(STANDARD.encode(bytes))
}

#[cfg(windows)]
fn native(form: &Form) -> Option<PathBuf> {
    use std::os::windows::ffi::OsStringExt;
    let Form::Utf16(text) = form else { return None };
    let bytes = STANDARD.decode(text).ok()?;
    let words: Vec<u16> = bytes.chunks_exact(2).map(|word| u16::from_le_bytes([word[0], word[1]])).collect();
    Some(std::ffi::OsString::from_wide(&words).into())
}

/// The folder of a [`ModelChoice`] as a [`SavedPath`].
mod saved_folder {
    use super::{Deserialize, Deserializer, PathBuf, SavedPath, Serialize, Serializer};
    use serde_json::Value;

    #[expect(clippy::ref_option, reason = "serde wants it so")]
    pub(super) fn serialize<S: Serializer>(
        folder: &Option<PathBuf>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        folder.clone().map(SavedPath).serialize(serializer)
    }

    /// A folder of another system is as good as none: the model is looked for by its content.
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<PathBuf>, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Ok(SavedPath::deserialize(value).ok().map(|saved| saved.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use straightshot_protocol::ContentHash;

    fn choice(folder: PathBuf) -> ModelChoice {
        let id = ModelId::new(ContentHash::of([b"m".as_slice()]), "mine");
        ModelChoice { id, folder: Some(folder), follows_folder: false }
    }

    fn there_and_back(choice: &ModelChoice) -> ModelChoice {
        serde_json::from_str(&serde_json::to_string(choice).unwrap()).unwrap()
    }

    #[test]
    fn a_choice_comes_back_as_it_was() {
        for folder in ["/models/rain", "C:\\Models\\Regen", "модели/дождь", ""] {
            let choice = choice(folder.into());
            assert_eq!(there_and_back(&choice), choice);
        }
        let hash = ContentHash::of([b"m".as_slice()]);
        let written = serde_json::to_string(&choice("/models/rain".into())).unwrap();
        assert_eq!(
            written,
            format!(r#"{{"hash":"{hash}","name":"mine","folder":{{"path":"/models/rain"}}}}"#)
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_no_text_survives() {
        use std::os::unix::ffi::OsStringExt;
        let path = PathBuf::from(std::ffi::OsString::from_vec(b"/models/r\xe4in".to_vec()));
        assert!(path.to_str().is_none());
        let choice = choice(path);
        assert_eq!(there_and_back(&choice), choice);
        let written = serde_json::to_value(SavedPath(choice.folder.unwrap())).unwrap();
        assert_eq!(written, serde_json::json!({ "bytes": "L21vZGVscy9y5Glu" }));
    }

    #[test]
    fn a_folder_of_another_system_costs_the_folder_and_not_the_model() {
        let other = if cfg!(windows) { "bytes" } else { "utf16" };
        let text = format!(r#"{{"name":"mine","folder":{{"{other}":"YQBiAA=="}}}}"#);
        let read: ModelChoice = serde_json::from_str(&text).unwrap();
        assert_eq!((read.id.name.as_str(), read.folder), ("mine", None));
    }
}
