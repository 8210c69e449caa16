//! The first-order correction against plain guidance.

use super::*;
use crate::config::FlowConfig;
use crate::rng::{Noise, Stream};
use crate::text::TextCondition;
use candle_core::{DType, Device};
use candle_nn::{VarBuilder, VarMap};

const CHANNELS: usize = 3;
const TEXT_DIM: usize = 6;

fn normals(seed: u64, shape: impl Into<candle_core::Shape>) -> Tensor {
    Noise::new(seed, Stream::Latent).normal_tensor(shape, &Device::Cpu).unwrap()
}

/// A network of random weights everywhere.
fn network() -> Transformer {
    let map = VarMap::new();
    let config = FlowConfig { dim: 8, blocks: 2, heads: 2, feed_forward: 12 };
    let vb = VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu);
    let network = Transformer::new(&config, CHANNELS, TEXT_DIM, &vb).unwrap();
    let vars = map.data().lock().unwrap();
    for (i, var) in vars.values().enumerate() {
        var.set(&(normals(i as u64, var.shape().clone()) * 0.5).unwrap()).unwrap();
    }
    drop(vars);
    network
}

fn text(seed: u64) -> TextCondition {
    TextCondition {
        tokens: normals(seed, (2, 4, TEXT_DIM)),
        mask: Tensor::ones((2, 4), DType::F32, &Device::Cpu).unwrap(),
        pooled: normals(seed + 50, (2, TEXT_DIM)),
    }
}

fn largest(x: &Tensor) -> f32 {
    x.abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar().unwrap()
}

#[test]
fn is_plain_guidance_where_guidance_is_linear() {
    let (network, x) = (network(), normals(9, (2, 5, CHANNELS)));
    let both = text(1).cat(&text(2)).unwrap();
    let at = |scale: f64| {
        let text = if needs_unconditional(scale) { &both } else { &text(1) };
        Guided::new(&network, network.condition(text)?, scale, || Ok(())).velocity(&x, 0.4)
    };
    let guidance = largest(&(at(3.0).unwrap() - at(1.0).unwrap()).unwrap());
    assert!(guidance > 0.1, "the text has no effect: {guidance}");
    for scale in [0.0, 1.0, 2.0, 7.5] {
        let plain = at(scale).unwrap();
        let gap = largest(&(first_order(at, scale).unwrap() - &plain).unwrap());
        assert!(gap < 1e-4 * (1.0 + largest(&plain)), "scale {scale}: {gap}");
    }
}

#[test]
fn is_the_tangent_where_guidance_is_not_linear() {
    let direction = normals(3, (1, 4, 2));
    // A network with ω as an input may bend: here v(ω) = ω² d, with the tangent (2 ω - 1) d at 1.
    let at = |scale: f64| Ok((&direction * (scale * scale))?);
    for scale in [0.5, 1.0, 3.0] {
        let tangent = (&direction * (2.0 * scale - 1.0)).unwrap();
        let got = first_order(at, scale).unwrap();
        assert!(largest(&(&got - &tangent).unwrap()) < 1e-5);
        let off = largest(&(got - at(scale).unwrap()).unwrap());
        let want = ((scale - 1.0) * (scale - 1.0)) as f32 * largest(&direction);
        assert!((off - want).abs() < 1e-4, "{off} instead of {want}");
    }
}
