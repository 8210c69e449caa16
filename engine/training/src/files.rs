//! Files of tensors that training keeps between its stages.

use super::batch::Features;
use candle_core::{Device, Tensor};
use std::collections::HashMap;
use std::path::Path;
use straightshot_engine::error::{Error, ErrorKind, Result};
use straightshot_engine::weights;

const CAPTIONS_KEY: &str = "captions";

pub(super) fn unwritable(path: &Path, e: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::Io, format!("{} could not be written", path.display())).with_source(e)
}

pub(super) fn bad(path: &Path, what: &str) -> Error {
    Error::new(ErrorKind::BadData, format!("{} {what}", path.display()))
}

/// Writes tensors so that a file that is there is whole.
pub(super) fn write(
    path: &Path,
    tensors: &[(String, Tensor)],
    metadata: Option<HashMap<String, String>>,
) -> Result<()> {
    let views = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor));
    let bytes = safetensors::serialize(views, metadata).map_err(|e| unwritable(path, e))?;
    weights::write_whole(path, &bytes).map_err(|e| unwritable(path, e))
}

/// The metadata of a file of tensors under `key`.
pub(super) fn metadata(bytes: &[u8], key: &str) -> Option<String> {
    let (_, metadata) = safetensors::SafeTensors::read_metadata(bytes).ok()?;
    metadata.metadata().as_ref()?.get(key).cloned()
}

/// Writes captions with their features: `tokens.N` `[count, dim]` and `pooled.N` `[dim]`, captions in the metadata.
pub(super) fn write_captions<'a>(
    path: &Path,
    texts: impl Iterator<Item = (&'a str, &'a Features)>,
) -> Result<()> {
    let (mut tensors, mut captions) = (Vec::new(), Vec::new());
    for (i, (caption, f)) in texts.enumerate() {
        let tokens = Tensor::from_slice(&f.tokens, (f.count, f.pooled.len()), &Device::Cpu)?;
        tensors.push((format!("tokens.{i}"), tokens));
        tensors.push((format!("pooled.{i}"), Tensor::from_slice(&f.pooled, f.pooled.len(), &Device::Cpu)?));
        captions.push(caption);
    }
    let captions = serde_json::to_string(&captions).map_err(|e| unwritable(path, e))?;
    write(path, &tensors, Some(HashMap::from([(CAPTIONS_KEY.to_owned(), captions)])))
}

/// Reads what [`write_captions`] wrote.
pub(super) fn read_captions(path: &Path) -> Result<Vec<(String, Features)>> {
    let damaged = || bad(path, "does not hold captions with their features");
    let bytes = weights::read_regular(path).map_err(|e| damaged().with_source(e))?;
    let tensors =
        candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).map_err(|e| damaged().with_source(e))?;
    let captions: Vec<String> = metadata(&bytes, CAPTIONS_KEY)
        .and_then(|captions| serde_json::from_str(&captions).ok())
        .ok_or_else(damaged)?;
    let features = |i: usize| -> Result<Features> {
        let get = |name: &str| tensors.get(&format!("{name}.{i}")).ok_or_else(damaged);
        let (tokens, pooled) = (get("tokens")?, get("pooled")?);
        let (count, dim) = tokens.dims2().map_err(|e| damaged().with_source(e))?;
        if pooled.dims() != [dim] || count == 0 {
            return Err(damaged());
        }
        Ok(Features { tokens: tokens.flatten_all()?.to_vec1()?, count, pooled: pooled.to_vec1()? })
    };
    let texts: Vec<(String, Features)> = captions
        .into_iter()
        .enumerate()
        .map(|(i, caption)| Ok((caption, features(i)?)))
        .collect::<Result<_>>()?;
    if texts.is_empty() { Err(damaged()) } else { Ok(texts) }
}
