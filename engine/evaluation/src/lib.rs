//! Judgement of generated sounds: one metric per file, each with its paper.
//!
//! The judges are networks that nothing is trained on: [`yamnet`] (weights in `assets/eval`) and [`aisfx`] (weights
//! exported by `engine/evaluation/export_aisfx.py`). They are read from files and compiled into nothing.
//!
//! | metric | better | file |
//! |---|---|---|
//! | Fréchet audio distance | lower | [`frechet`] |
//! | kernel audio distance | lower | [`kernel`] |
//! | paired divergence of label distributions | lower | [`kl`] |
//! | text-audio score, retrieval of the right caption | higher | [`text_score`] |
//! | agreement of labels with the recording | higher | [`labels`] |
//! | recognition of what the caption names | higher | [`recognition`] |
//! | the recording that is most like it | – | [`nearest`] |
//! | straightness of trajectories | lower | [`straightness`] |
//!
//! What the networks are deaf to, measured on the signal (`straightshot evaluate --structure`), best where recordings are:
//!
//! | measure | file |
//! |---|---|
//! | rise of attacks, pre-echo | [`attack`] |
//! | periodicity of tones | [`periodicity`] |
//! | level of the low end, spectral centroid | [`spectrum_balance`] |
//! | noise floor between events | [`floor`] |
//! | times of events, and their distance from given ones | [`onset`] |
//! | number, rate and regularity of events | [`rhythm`] |
//! | what one seed gives different prompts, how different seeds are | [`seeds`] |
//! | recognition by class, beside chance | [`classes`] |
//! | correlation and distance of curves of level | [`curve`] |
//!
//! One tie remains: the throats of a few animals in `cargo xtask dataset` were picked by YAMNet from random ones. What a
//! model trained on those clips gets from YAMNet for animals is flattered; the second embedder is free of it.
//!
//! [`bootstrap`] gives every mean an interval, [`results`] and [`structure`] are the tables they are written to.

#![forbid(unsafe_code)]

pub mod aisfx;
pub mod attack;
pub mod bootstrap;
pub mod classes;
mod embeddings;
pub mod floor;
pub mod frechet;
pub mod kernel;
pub mod kl;
pub mod labels;
mod mel;
pub mod nearest;
pub mod periodicity;
pub mod prompts;
pub mod recognition;
pub mod results;
pub mod rhythm;
pub mod seeds;
pub mod spectrum_balance;
pub mod straightness;
pub mod structure;
#[cfg(test)]
mod synthetic;
pub mod text_score;
pub mod yamnet;

pub use straightshot_listening::{curve, onset};

use candle_core::Tensor;
use std::collections::HashMap;
use std::path::Path;
use straightshot_engine::error::{Error, ErrorKind, Result};
use straightshot_engine::weights;

/// Tensors of an evaluation network by name.
#[derive(Debug)]
struct Weights {
    tensors: HashMap<String, Tensor>,
    file: String,
}

impl Weights {
    fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|e| {
            let text = format!("The evaluation network {} could not be read", path.display());
            Error::new(ErrorKind::Io, text).with_source(e)
        })?;
        let bad = |e| {
            Error::new(ErrorKind::BadModel, format!("The evaluation network {} is damaged", path.display()))
                .with_source(e)
        };
        Ok(Self { tensors: weights::unpack(&bytes).map_err(bad)?, file: path.display().to_string() })
    }

    /// Takes a tensor out; `shape` is what it has to be.
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let tensor = self.tensors.remove(name).ok_or_else(|| self.misfit(name))?;
        if tensor.dims() == shape { Ok(tensor) } else { Err(self.misfit(name)) }
    }

    fn misfit(&self, name: &str) -> Error {
        let text = format!("The evaluation network {} has no {name} of the right size", self.file);
        Error::new(ErrorKind::BadModel, text)
    }
}
