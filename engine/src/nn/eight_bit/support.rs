//! Networks of random weights for tests.

use crate::rng::{Noise, Stream};
use candle_core::{DType, Device, Shape, Tensor};
use candle_nn::{VarBuilder, VarMap};
use std::collections::{BTreeMap, HashMap};

pub(crate) fn normals(seed: u64, shape: impl Into<Shape>) -> Tensor {
    Noise::new(seed, Stream::Latent).normal_tensor(shape, &Device::Cpu).unwrap()
}

/// The nearest weight that 8 bits with a scale per row can store.
fn rounded(weight: &Tensor) -> Tensor {
    let scale = (weight.abs().unwrap().max_keepdim(1).unwrap() / 127.0).unwrap();
    weight.broadcast_div(&scale).unwrap().round().unwrap().broadcast_mul(&scale).unwrap()
}

/// The network that `build` makes, of random weights; matrices are in 8 bits if `bytes`.
pub(crate) fn network<T>(bytes: bool, build: impl Fn(VarBuilder<'_>) -> T) -> T {
    let map = VarMap::new();
    build(VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu));
    let vars = map.data().lock().unwrap();
    // In an order of their own, for the same numbers every time.
    let vars: BTreeMap<_, _> = vars.iter().collect();
    let tensors = vars.into_iter().enumerate().map(|(i, (name, var))| {
        let values = (normals(i as u64, var.shape().clone()) * 0.1).unwrap();
        (name.clone(), if bytes && values.rank() == 2 { rounded(&values) } else { values })
    });
    let tensors: HashMap<String, Tensor> = tensors.collect();
    build(VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu))
}
