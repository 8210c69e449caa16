//! The model that learns more.

use candle_core::Device;
use std::path::{Path, PathBuf};
use straightshot_engine::codec::Codec;
use straightshot_engine::config::ModelConfig;
use straightshot_engine::config::Sampler;
use straightshot_engine::error::{Error, ErrorKind, Result};
use straightshot_engine::model::{ModelFiles, part};
use straightshot_engine::text::TextEncoder;

/// Folder in a run with a copy of the model it started from.
pub(super) const FOLDER: &str = "base";

/// A model with what reads sounds and captions for it.
#[derive(Debug)]
pub struct Base {
    /// The files it was loaded from.
    pub files: ModelFiles,
    /// Sizes and name.
    pub config: ModelConfig,
    /// Codec with its encoder.
    pub codec: Codec,
    /// Text encoder.
    pub text: TextEncoder,
}

impl Base {
    /// Loads codec and text encoder.
    ///
    /// # Errors
    /// [`ErrorKind::BadModel`] if a file is damaged, or the model has no encoder for sounds;
    /// [`ErrorKind::InvalidRequest`] if it is not a flow.
    pub fn load(files: ModelFiles, device: &Device) -> Result<Self> {
        let config = ModelConfig::from_json(&files.config)?;
        if !matches!(config.sampler, Sampler::Euler | Sampler::Multistep) {
            return Err(Error::new(
                ErrorKind::InvalidRequest,
                "This model is a baseline for measurements; only flows can learn a folder of sounds",
            ));
        }
        let mut tensors = files.tensors()?;
        let text = TextEncoder::new(&config.text, &files.tokenizer, part(&mut tensors, "text.", device)?)?;
        let codec = Codec::new(&config.codec, true, &part(&mut tensors, "codec.", device)?).map_err(|e| {
            Error::new(
                ErrorKind::BadModel,
                "The model's codec cannot read sounds; it does not fit its config.json",
            )
            .with_source(e)
        })?;
        Ok(Self { files, config, codec, text })
    }

    /// Copies the files into the run folder, from where training starts and goes on; returns that folder.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`] if the run started from another model, [`ErrorKind::Io`] if it cannot be written.
    pub(super) fn keep(&self, run: &Path) -> Result<PathBuf> {
        let folder = run.join(FOLDER);
        let fail = |e: std::io::Error| {
            Error::new(ErrorKind::Io, format!("{} could not be written", folder.display())).with_source(e)
        };
        std::fs::create_dir_all(&folder).map_err(fail)?;
        for (name, bytes) in self.files.by_name() {
            let path = folder.join(name);
            match std::fs::read(&path) {
                Ok(there) if there == bytes => (),
                Ok(_) => {
                    let text =
                        format!("The run in {} began with another model; name another --run", run.display());
                    return Err(Error::new(ErrorKind::InvalidRequest, text));
                }
                // Whole or not at all: a torn copy would look like another model.
                Err(_) => {
                    let part = path.with_extension("part");
                    std::fs::write(&part, bytes)
                        .and_then(|()| std::fs::rename(&part, &path))
                        .map_err(fail)?;
                }
            }
        }
        Ok(folder)
    }
}
