//! The first-order correction against plain guidance.

use super::*;
use crate::config::FlowConfig;
use crate::flow::curves;
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
    let config = FlowConfig { dim: 8, blocks: 2, heads: 2, feed_forward: 12, curves: true };
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
fn curves_are_followed_by_both_halves_and_a_part_of_a_clip_follows_its_own_part() {
    let (network, x) = (network(), normals(9, (2, 5, CHANNELS)));
    let features = normals(4, (2, 5, curves::FEATURES));
    let condition =
        |n: usize| network.condition(&(1..n).fold(text(1), |all, i| all.cat(&text(1 + i as u64)).unwrap()));
    let field = |condition, scale| Guided::new(&network, condition, scale, || Ok(()));
    let gap = |a: &Tensor, b: &Tensor| largest(&(a - b).unwrap());
    let free = field(condition(1).unwrap(), 1.0).velocity(&x, 0.4).unwrap();
    let followed = network.follow(condition(1).unwrap(), &features).unwrap();
    let bound = field(followed.clone(), 1.0).velocity(&x, 0.4).unwrap();
    assert!(gap(&free, &bound) > 0.05, "the curves have no effect");
    // Nothing asked is the same as no curves.
    let nothing = network.follow(condition(1).unwrap(), &features.zeros_like().unwrap()).unwrap();
    assert_eq!(gap(&field(nothing, 1.0).velocity(&x, 0.4).unwrap(), &free), 0.0);
    // A window from token 2 is what a clip of its own with that part of the curves is.
    let part = x.narrow(1, 2, 3).unwrap().contiguous().unwrap();
    let own = network.follow(condition(1).unwrap(), &features.narrow(1, 2, 3).unwrap()).unwrap();
    let window = field(followed, 1.0).velocity_from(&part, 0.4, 2).unwrap();
    assert!(gap(&window, &field(own, 1.0).velocity(&part, 0.4).unwrap()) < 1e-6);
    // With guidance, what is taken away follows the same curves: only the text is guided.
    let twice = Tensor::cat(&[&features, &features], 0).unwrap();
    let both = network.follow(condition(2).unwrap(), &twice).unwrap();
    let unguided = |text: &TextCondition| {
        let own = network.follow(network.condition(text).unwrap(), &features).unwrap();
        field(own, 1.0).velocity(&x, 0.4).unwrap()
    };
    let want = ((unguided(&text(1)) * 3.0).unwrap() - (unguided(&text(2)) * 2.0).unwrap()).unwrap();
    assert!(gap(&field(both, 3.0).velocity(&x, 0.4).unwrap(), &want) < 1e-4);
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
