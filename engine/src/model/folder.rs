//! A model as a folder: its files read part by part, and told by what they hold without being kept.

use super::{CONFIG_FILE, TEXT_FILE, TOKENIZER_FILE, WEIGHTS_FILE, begin_file};
use crate::card::card;
use crate::config::ModelConfig;
use crate::error::{Error, ErrorKind, Result};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use straightshot_protocol::{CancelToken, Card, ContentHash, ContentHasher, ModelId};

/// Bytes read or hashed before anyone asks whether to go on: some milliseconds.
pub(super) const PART: usize = 1 << 20;

/// Names of the files that a model folder may have, in the order in which they are hashed; [`TEXT_FILE`] may be missing.
pub const FILES: [&str; 4] = [CONFIG_FILE, WEIGHTS_FILE, TOKENIZER_FILE, TEXT_FILE];

/// The bytes of a file.
///
/// # Errors
/// [`ErrorKind::BadModel`] if it is not there, [`ErrorKind::Io`] if it cannot be read, [`ErrorKind::OutOfMemory`],
/// [`ErrorKind::Cancelled`].
pub(super) fn read(dir: &Path, name: &str, cancel: &CancelToken) -> Result<Vec<u8>> {
    let (mut file, length) = open(dir, name)?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(usize::try_from(length).unwrap_or(usize::MAX)).map_err(|e| {
        Error::new(ErrorKind::OutOfMemory, "There is not enough free memory for this model").with_source(e)
    })?;
    loop {
        cancel.check()?;
        let read = (&mut file).take(PART as u64).read_to_end(&mut bytes);
        if read.map_err(|e| unreadable(dir, name, e))? == 0 {
            return Ok(bytes);
        }
    }
}

/// Which model the folder holds, without loading it: what [`ModelFiles::hash`](super::ModelFiles::hash) says of its files.
///
/// # Errors
/// As [`ModelFiles::from_dir_until`](super::ModelFiles::from_dir_until).
pub fn hash(dir: &Path, cancel: &CancelToken) -> Result<ContentHash> {
    let mut hasher = ContentHasher::default();
    let mut part = vec![0; PART];
    for name in FILES {
        let (mut file, length) = match open(dir, name) {
            Err(_) if name == TEXT_FILE && !dir.join(name).exists() => continue,
            opened => opened?,
        };
        begin_file(&mut hasher, name, length);
        loop {
            cancel.check()?;
            match file.read(&mut part).map_err(|e| unreadable(dir, name, e))? {
                0 => break,
                read => hasher.add(&part[..read]),
            }
        }
    }
    Ok(hasher.finish())
}

/// The name of the model in the folder, without loading it.
///
/// # Errors
/// [`ErrorKind::BadModel`] if the configuration is missing or unusable, [`ErrorKind::Io`] if it cannot be read.
pub fn name(dir: &Path) -> Result<String> {
    Ok(config(dir)?.name)
}

/// The card of the model in the folder, whose hash is known, without loading it.
///
/// # Errors
/// As [`name`].
pub fn read_card(dir: &Path, hash: ContentHash) -> Result<Card> {
    let config = config(dir)?;
    let id = ModelId::new(hash, config.name.as_str());
    Ok(card(&config, id))
}

fn config(dir: &Path) -> Result<ModelConfig> {
    ModelConfig::from_json(&read(dir, CONFIG_FILE, &CancelToken::default())?)
}

fn open(dir: &Path, name: &str) -> Result<(File, u64)> {
    let opened = File::open(dir.join(name)).and_then(|file| Ok((file.metadata()?.len(), file)));
    opened.map(|(length, file)| (file, length)).map_err(|e| unreadable(dir, name, e))
}

fn unreadable(dir: &Path, name: &str, e: io::Error) -> Error {
    let kind = if e.kind() == io::ErrorKind::NotFound { ErrorKind::BadModel } else { ErrorKind::Io };
    let path = dir.join(name);
    Error::new(kind, format!("The model folder has no readable {name} ({})", path.display())).with_source(e)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ModelFiles;

    #[test]
    fn a_folder_is_told_by_its_files_without_loading_them() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
        write(CONFIG_FILE, &ModelFiles::builtin().config);
        write(TOKENIZER_FILE, b"t");
        let never = CancelToken::default();
        let error = hash(folder.path(), &never).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadModel, "{error}");
        // More than one part.
        write(WEIGHTS_FILE, &vec![7; 3 * PART + 5]);
        let mut seen = Vec::new();
        for text in [None, Some(b"text")] {
            if let Some(text) = text {
                write(TEXT_FILE, text);
            }
            let of_folder = hash(folder.path(), &never).unwrap();
            let files = ModelFiles::from_dir(folder.path()).unwrap();
            assert_eq!(of_folder, files.hash());
            assert_eq!(of_folder, files.hash_until(&never).unwrap());
            let card = read_card(folder.path(), of_folder).unwrap();
            assert_eq!((card.id.hash, card.id.name.as_str()), (Some(of_folder), "foley-v5.1"));
            seen.push(of_folder);
        }
        assert_ne!(seen[0], seen[1]);
        never.cancel();
        assert_eq!(hash(folder.path(), &never).unwrap_err().kind(), ErrorKind::Cancelled);
        let read = ModelFiles::from_dir_until(folder.path(), &never);
        assert_eq!(read.unwrap_err().kind(), ErrorKind::Cancelled);
    }
}
