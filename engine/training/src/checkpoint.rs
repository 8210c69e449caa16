//! Resumable state of a training run in one file.

use super::optim::AdamW;
use candle_core::Tensor;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::Path;
use straightshot_engine::config::FlowConfig;
use straightshot_engine::error::{Error, ErrorKind, Result};
use straightshot_engine::model::{FLOW, TEXT_FILE, WEIGHTS_FILE};
use straightshot_engine::weights;

/// The weight that only networks have that follow curves.
const CURVES_WEIGHT: &str = "curves.weight";

/// File with the state of a run in its folder.
pub const CHECKPOINT_FILE: &str = "checkpoint.safetensors";

/// Where a run stands, kept beside the tensors.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RunState {
    /// Optimiser steps taken.
    pub step: u64,
    /// Wall time spent training, over all sessions, in seconds.
    pub seconds: f64,
    /// Training examples seen.
    pub examples: u64,
}

const STATE_KEY: &str = "run_state";
const PARTS: [&str; 4] = ["weight", "m", "v", "ema"];

/// Writes weights, moments, averages and `state`; the file is replaced only when the new one is complete.
///
/// # Errors
/// [`ErrorKind::Io`] naming the file; the previous checkpoint is then still there.
pub fn save(path: &Path, optim: &AdamW, state: &RunState) -> Result<()> {
    let fail = |e: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(ErrorKind::Io, format!("{} could not be written", path.display())).with_source(e)
    };
    let mut buffers: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
    for p in &optim.params {
        let weight = p.var.flatten_all()?.to_vec1::<f32>()?;
        for (part, values) in PARTS.iter().zip([&weight, &p.m, &p.v, &p.ema]) {
            let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
            buffers.push((format!("{part}.{}", p.name), p.var.dims().to_vec(), bytes));
        }
    }
    let views = buffers
        .iter()
        .map(|(name, shape, bytes)| Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()
        .map_err(|e| fail(e.into()))?;
    let state = serde_json::to_string(state).map_err(|e| fail(e.into()))?;
    let metadata = HashMap::from([(STATE_KEY.to_owned(), state)]);
    let bytes = safetensors::serialize(views, Some(metadata)).map_err(|e| fail(e.into()))?;
    weights::write_whole(path, &bytes).map_err(|e| fail(e.into()))
}

/// Restores what [`save`] wrote into an optimiser over the same variables.
///
/// # Errors
/// [`ErrorKind::BadData`] if the file does not fit the network, [`ErrorKind::Io`] if it cannot be read.
pub fn load(path: &Path, optim: &mut AdamW) -> Result<RunState> {
    let bad =
        |text: String| Error::new(ErrorKind::BadData, format!("{} does not fit: {text}", path.display()));
    let bytes = weights::read_regular(path).map_err(|e| {
        Error::new(ErrorKind::Io, format!("{} could not be read", path.display())).with_source(e)
    })?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(|e| bad(e.to_string()))?;
    let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|e| bad(e.to_string()))?;
    let state = read_state(&metadata).ok_or_else(|| bad("no run state".into()))?;
    for p in &mut optim.params {
        let read = |part: &str| -> Result<Vec<f32>> {
            let view = tensors.tensor(&format!("{part}.{}", p.name)).map_err(|e| bad(e.to_string()))?;
            if view.shape() != p.var.dims() {
                return Err(bad(format!("{} is {:?}, expected {:?}", p.name, view.shape(), p.var.dims())));
            }
            Ok(view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
        };
        let weight = read("weight")?;
        let (m, v, ema) = (read("m")?, read("v")?, read("ema")?);
        p.var.set(&Tensor::from_vec(weight, p.var.shape().clone(), p.var.device())?)?;
        (p.m, p.v, p.ema) = (m, v, ema);
    }
    optim.step = state.step;
    Ok(state)
}

fn read_state(metadata: &safetensors::tensor::Metadata) -> Option<RunState> {
    serde_json::from_str(metadata.metadata().as_ref()?.get(STATE_KEY)?).ok()
}

/// Where the run stands whose checkpoint is at `path`.
///
/// # Errors
/// [`ErrorKind::BadData`] if there is no checkpoint that can be read.
pub fn state(path: &Path) -> Result<RunState> {
    let bad = || Error::new(ErrorKind::BadData, format!("{} is not a checkpoint", path.display()));
    let bytes = weights::read_regular(path).map_err(|e| bad().with_source(e))?;
    let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|e| bad().with_source(e))?;
    read_state(&metadata).ok_or_else(bad)
}

/// The state of the run whose checkpoint is at `path`, or of a new one that starts from `init` if that is given.
///
/// # Errors
/// Those of [`load`] and [`start_from`].
pub fn restore(path: &Path, init: Option<&Path>, part: &str, optim: &mut AdamW) -> Result<RunState> {
    if path.exists() {
        return load(path, optim);
    }
    if let Some(init) = init {
        start_from(init, part, optim)?;
    }
    Ok(RunState::default())
}

/// Starts from the weights in `folder`, see [`weights_in`]: weights and averages are set, moments stay as they are.
///
/// # Errors
/// [`ErrorKind::BadData`] if they do not fit the network, [`ErrorKind::Io`] if they cannot be read.
pub fn start_from(folder: &Path, part: &str, optim: &mut AdamW) -> Result<()> {
    let weights = weights_in(folder, part)?;
    for p in &mut optim.params {
        // A flow that is to follow curves may begin as one that does not.
        if p.name == CURVES_WEIGHT && !weights.contains_key(CURVES_WEIGHT) {
            continue;
        }
        let fits = weights.get(&p.name).filter(|t| t.dims() == p.var.dims());
        let tensor = fits.ok_or_else(|| {
            Error::new(ErrorKind::BadData, format!("{} does not fit: {}", folder.display(), p.name))
        })?;
        p.var.set(&tensor.to_device(p.var.device())?)?;
        p.ema = tensor.flatten_all()?.to_vec1()?;
    }
    Ok(())
}

/// The averaged weights of a run folder, or of a model folder those whose names begin with `part` ("codec.", "flow.",
/// "text.").
///
/// # Errors
/// [`ErrorKind::BadData`], [`ErrorKind::BadModel`] or [`ErrorKind::Io`] naming the file.
pub fn weights_in(folder: &Path, part: &str) -> Result<HashMap<String, Tensor>> {
    if !folder.join(WEIGHTS_FILE).exists() {
        return averaged_weights(&folder.join(CHECKPOINT_FILE));
    }
    let mut own = HashMap::new();
    for path in
        [WEIGHTS_FILE, TEXT_FILE].map(|name| folder.join(name)).into_iter().filter(|path| path.exists())
    {
        let bytes = weights::read_regular(&path).map_err(|e| {
            Error::new(ErrorKind::Io, format!("{} could not be read", path.display())).with_source(e)
        })?;
        let named = |(name, tensor): (String, Tensor)| Some((name.strip_prefix(part)?.to_owned(), tensor));
        own.extend(weights::unpack(&bytes)?.into_iter().filter_map(named));
    }
    Ok(own)
}

/// Writes weights alone, as [`averaged_weights`] reads them.
///
/// # Errors
/// [`ErrorKind::Io`] naming the file.
pub fn write_averaged(path: &Path, weights: &HashMap<String, Tensor>) -> Result<()> {
    let named: Vec<(String, Tensor)> =
        weights.iter().map(|(name, tensor)| (format!("ema.{name}"), tensor.clone())).collect();
    crate::files::write(path, &named, None)
}

/// The sizes `usual` of a flow, with curves if that in `folder`, see [`weights_in`], follows them.
///
/// # Errors
/// Those of [`weights_in`].
pub fn flow_config_of(folder: &Path, usual: FlowConfig) -> Result<FlowConfig> {
    Ok(FlowConfig { curves: weights_in(folder, FLOW)?.contains_key(CURVES_WEIGHT), ..usual })
}

/// The averaged weights of a checkpoint by name, ready to be packed or used as a starting point.
///
/// # Errors
/// [`ErrorKind::BadData`] or [`ErrorKind::Io`] naming the file.
pub fn averaged_weights(path: &Path) -> Result<HashMap<String, Tensor>> {
    let bad = || Error::new(ErrorKind::BadData, format!("{} is not a checkpoint", path.display()));
    let bytes = weights::read_regular(path).map_err(|e| bad().with_source(e))?;
    let tensors = candle_core::safetensors::load_buffer(&bytes, &candle_core::Device::Cpu)
        .map_err(|e| bad().with_source(e))?;
    Ok(tensors.into_iter().filter_map(|(k, t)| Some((k.strip_prefix("ema.")?.to_owned(), t))).collect())
}
