//! The blocks in bytes against the same blocks in `f32`, layer by layer.

use super::*;
use crate::config::FlowConfig;
use crate::error::{Error, ErrorKind};
use crate::flow::transformer::{Conditioned, Transformer};
use crate::nn::eight_bit::support::{self, normals};
use crate::nn::ops::KeyLengths;
use crate::text::TextCondition;
use candle_core::{Device, Var};
use std::cell::Cell;

const SIZES: FlowConfig = FlowConfig { dim: 128, blocks: 2, heads: 4, feed_forward: 176, curves: false };
const CHANNELS: usize = 5;
const TEXT_DIM: usize = 24;
const WORDS: usize = 6;

fn network(bytes: bool) -> Transformer {
    support::network(bytes, |vb| Transformer::new(&SIZES, CHANNELS, TEXT_DIM, &vb).unwrap())
}

/// The texts of a batch, all of other lengths.
fn text(network: &Transformer, batch: usize) -> Conditioned {
    let mask = (0..batch * WORDS).map(|i| if i % WORDS < WORDS - i / WORDS { 1.0 } else { 0.0 });
    let text = TextCondition {
        tokens: normals(100, (batch, WORDS, TEXT_DIM)),
        mask: Tensor::from_iter(mask.collect::<Vec<f32>>(), &Device::Cpu)
            .unwrap()
            .reshape((batch, WORDS))
            .unwrap(),
        pooled: normals(101, (batch, TEXT_DIM)),
    };
    network.condition(&text).unwrap()
}

fn in_bytes(network: &Transformer, x: &Tensor, condition: &Tensor, text: &Conditioned) -> Option<Tensor> {
    forward(&network.blocks, [x, condition], &network.rope, &text.keys, &|| Ok(())).unwrap()
}

#[test]
fn is_the_same_network_for_every_number_of_clips_tokens_and_threads() {
    let network = network(true);
    for (batch, tokens) in [(1, 1), (2, 1), (1, 5), (3, 7), (2, 23), (1, 90)] {
        let (x, condition) = (normals(7, (batch, tokens, SIZES.dim)), normals(8, (batch, SIZES.dim)));
        let text = text(&network, batch);
        let frames = KeyLengths::full(batch, tokens);
        // What wants a gradient is computed in `f32`.
        let [tracked, condition_tracked] =
            [&x, &condition].map(|x| Var::from_tensor(x).unwrap().as_tensor().clone());
        let wanted = network.blocks.iter().zip(&text.keys).fold(tracked, |x, (block, keys)| {
            block.forward(&x, &condition_tracked, &network.rope, &frames, keys).unwrap()
        });
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| in_bytes(&network, &x, &condition, &text)).expect("weights are bytes")
        };
        let got = on(1);
        let flat = |x: &Tensor| x.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let rms = |x: &Tensor| x.sqr().unwrap().mean_all().unwrap().to_scalar::<f32>().unwrap().sqrt();
        let (error, change) = (rms(&(&got - &wanted).unwrap()), rms(&(&wanted - &x).unwrap()));
        assert!(change > 1.0, "{batch} of {tokens}: the blocks do nothing, {change}");
        assert!(error < 8e-5 * change, "{batch} of {tokens}: {error} of {change}");
        let largest = |x: &Tensor| flat(x).into_iter().fold(0f32, |most, v| most.max(v.abs()));
        let (error, change) = (largest(&(&got - &wanted).unwrap()), largest(&(&wanted - &x).unwrap()));
        assert!(error < 1e-4 * change, "{batch} of {tokens}: {error} of {change}");
        assert_eq!(flat(&on(3)), flat(&got), "{batch} of {tokens}");
    }
}

#[test]
fn is_not_for_other_weights_nor_for_gradients() {
    let (x, condition) = (normals(7, (1, 5, SIZES.dim)), normals(8, (1, SIZES.dim)));
    let other = network(false);
    assert!(in_bytes(&other, &x, &condition, &text(&other, 1)).is_none());
    let network = network(true);
    let text = text(&network, 1);
    assert!(in_bytes(&network, &x, &condition, &text).is_some());
    let wants_gradient = Var::from_tensor(&x).unwrap();
    assert!(in_bytes(&network, wants_gradient.as_tensor(), &condition, &text).is_none());
}

#[test]
fn ends_where_it_is_told_to() {
    let network = network(true);
    let (x, condition) = (normals(7, (1, 5, SIZES.dim)), normals(8, (1, SIZES.dim)));
    let asked = Cell::new(0);
    let stop = || {
        asked.set(asked.get() + 1);
        if asked.get() == 2 { Err(Error::new(ErrorKind::Cancelled, "stop")) } else { Ok(()) }
    };
    let text = text(&network, 1);
    let result = forward(&network.blocks, [&x, &condition], &network.rope, &text.keys, &stop);
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(asked.get(), 2);
}
