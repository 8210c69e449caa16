//! Sounds that are made on the way, to hear and to compare.

use crate::batch::{self, Batch};
use crate::couplings::anchored::{Anchor, simulate};
use crate::latents::{Draw, FlowData};
use crate::library::Base;
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use std::collections::HashMap;
use straightshot_engine::error::Result;
use straightshot_engine::flow::{Method as Solver, Transformer, uniform_grid};

/// The base's flow with these weights.
pub(super) fn network(base: &Base, weights: &HashMap<String, Tensor>) -> Result<Transformer> {
    let vb = VarBuilder::from_tensors(weights.clone(), DType::F32, &Device::Cpu);
    let config = &base.config;
    Ok(Transformer::new(&config.flow, config.codec.latent_channels(), config.text.hidden_size, &vb)?)
}

/// What `network` makes with the captions, lengths and noises of `draws`, guided as couples are.
///
/// # Shapes
/// - returns: `[draws, tokens of the longest, channels]`, normalised
pub(super) fn latents(base: &Base, network: &Transformer, data: &FlowData, draws: &[Draw]) -> Result<Tensor> {
    let rows = Batch::new(&data.free_rows(draws), data.channels(), &Device::Cpu)?;
    let no_text = batch::stack(&vec![data.no_text(); draws.len()], &Device::Cpu)?;
    let anchor = Anchor { omega: super::guidance(base), inner_steps: 0, ..Anchor::default() };
    let grid = uniform_grid(super::STEPS);
    Ok(simulate(network, &rows, &no_text, (Solver::AdamsBashforth, &grid), &anchor)?.data)
}
