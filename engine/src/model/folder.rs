//! A model as a folder: its files read part by part, and told by what they hold without being kept.

use super::{CONFIG_FILE, TEXT_FILE, TOKENIZER_FILE, WEIGHTS_FILE, begin_file};
use crate::card::card;
use crate::config::ModelConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::weights::must_be_regular;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use straightshot_protocol::{CancelToken, Card, ContentHash, ContentHasher, ModelId};

/// Bytes read or hashed before anyone asks whether to go on: some milliseconds.
pub(super) const PART: usize = 1 << 20;

/// What is said where a model does not fit.
pub(super) const TOO_LITTLE_MEMORY: &str =
    "There is not enough free memory for this model. Close other programs";

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
    bytes
        .try_reserve_exact(usize::try_from(length).unwrap_or(usize::MAX))
        .map_err(|e| Error::new(ErrorKind::OutOfMemory, TOO_LITTLE_MEMORY).with_source(e))?;
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
    let path = dir.join(name);
    let opened = must_be_regular(&path).and_then(|()| File::open(&path));
    let opened = opened.and_then(|file| Ok((file.metadata()?.len(), file)));
    opened.map(|(length, file)| (file, length)).map_err(|e| unreadable(dir, name, e))
}

fn unreadable(dir: &Path, name: &str, e: io::Error) -> Error {
    let kind = if e.kind() == io::ErrorKind::NotFound { ErrorKind::BadModel } else { ErrorKind::Io };
    let missing = matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
    let path = dir.join(name);
    match missing.then(|| what(dir)).flatten() {
        Some(text) => Error::new(ErrorKind::BadModel, format!("{} {text}", dir.display())).with_source(e),
        None => Error::new(kind, format!("The model folder has no readable {name} ({})", path.display()))
            .with_source(e),
    }
}

/// What a folder is that lacks a file of a model, and what to do about it.
fn what(dir: &Path) -> Option<String> {
    if dir.is_file() {
        return Some("is a file; give the folder that it lies in".into());
    }
    let Ok(entries) = std::fs::read_dir(dir) else {
        return Some("is not there; give the folder of a model".into());
    };
    let names: Vec<String> =
        entries.filter_map(|e| Some(e.ok()?.file_name().to_string_lossy().into_owned())).collect();
    let has = |name: &str| names.iter().any(|n| n == name);
    let ours: Vec<&str> =
        [CONFIG_FILE, WEIGHTS_FILE, TOKENIZER_FILE].into_iter().filter(|name| has(name)).collect();
    if names.is_empty() {
        return Some("is an empty folder; get the model into it".into());
    }
    if has("checkpoint.safetensors") {
        return Some(
            "is a run of training; `straightshot pack` or `train library` makes a model of it".into(),
        );
    }
    let foreign = [
        "model_index.json",
        "model_config.json",
        "pytorch_model.bin",
        "diffusion_pytorch_model.safetensors",
        "model.ckpt",
    ];
    if foreign.iter().any(|name| has(name))
        || names.iter().any(|n| n.ends_with(".ckpt") || n.ends_with(".gguf"))
    {
        return Some(
            "is a model of another program; Straightshot reads only its own, as `train library` makes them"
                .into(),
        );
    }
    if ours.is_empty() {
        let inner = names.iter().find(|name| dir.join(name).join(CONFIG_FILE).is_file());
        return Some(match inner {
            Some(inner) => format!("is not a model, but \"{inner}\" in it may be one; give that folder"),
            None => "is not the folder of a model: it has none of its files".into(),
        });
    }
    let lacking: Vec<&str> =
        [CONFIG_FILE, WEIGHTS_FILE, TOKENIZER_FILE].into_iter().filter(|name| !has(name)).collect();
    let part =
        names.iter().any(|n| n.ends_with(".part") || n.ends_with(".crdownload") || n.ends_with(".download"));
    let why = if part { "is half a download" } else { "is not whole" };
    Some(format!("{why}: {} is missing; get the model again", lacking.join(" and ")))
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
            assert_eq!((card.id.hash, card.id.name.as_str()), (Some(of_folder), "foley-v7"));
            seen.push(of_folder);
        }
        assert_ne!(seen[0], seen[1]);
        never.cancel();
        assert_eq!(hash(folder.path(), &never).unwrap_err().kind(), ErrorKind::Cancelled);
        let read = ModelFiles::from_dir_until(folder.path(), &never);
        assert_eq!(read.unwrap_err().kind(), ErrorKind::Cancelled);
    }
}
