//! A small model of random weights on a GPU beside the same on the processor.
//!
//! What runs on a GPU was compiled for no card in particular, and its driver finishes it. So nothing is taken for granted:
//! before a model is used there, all three networks are run once in a size that reaches every kind of kernel, with more
//! tokens, channels and keys than threads compute in step.

use crate::codec::Codec;
use crate::config::{BandGroup, CodecConfig, FlowConfig, TextConfig};
use crate::device::Placement;
use crate::error::{Error, ErrorKind, Result};
use crate::flow::Transformer;
use crate::nn::ops::KeyLengths;
use crate::rng::{Noise, Stream};
use crate::text::TextCondition;
use crate::text::bert::Bert;
use candle_core::{DType, Device, Tensor};
use candle_nn::{VarBuilder, VarMap};
use std::collections::HashMap;
use straightshot_gpu_kernels::Recordings;

/// Largest difference, as a share of the root mean square: products may be made with the 10 bits of TF32.
const TOLERANCE: f32 = 0.02;
/// The same where products are made in half precision.
const HALF_TOLERANCE: f32 = 0.1;

/// Tokens of a sound, of a text, and how many of those exist in each batch row.
const TOKENS: usize = 37;
const TEXT_TOKENS: usize = 5;
const LENGTHS: [usize; 2] = [5, 3];

/// Weights that keep the variance of what passes through, for every layer of the network that `build` makes, those
/// that start at zero included: a layer that adds nothing would hide every error.
///
/// # Errors
/// A candle error if `build` fails.
pub fn random_weights(
    build: impl FnOnce(&VarBuilder<'_>) -> candle_core::Result<()>,
) -> candle_core::Result<HashMap<String, Tensor>> {
    let map = VarMap::new();
    build(&VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu))?;
    let shapes: HashMap<String, Vec<usize>> = {
        let vars = map.data().lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        vars.iter().map(|(name, var)| (name.clone(), var.dims().to_vec())).collect()
    };
    let mut names: Vec<&String> = shapes.keys().collect();
    // The same noise for the same layer in every process.
    names.sort();
    let mut random = Noise::new(1, Stream::Evaluation);
    let weight = |name: &String| {
        let dims = &shapes[name];
        let noise = random.normal_tensor(dims.as_slice(), &Device::Cpu)?;
        let weight = match dims.as_slice() {
            [inputs, _] => (noise * (1.0 / *inputs as f64).sqrt())?,
            _ if name.ends_with("norm.weight") => ((noise * 0.1)? + 1.0)?,
            _ => (noise * 0.1)?,
        };
        Ok((name.clone(), weight))
    };
    names.into_iter().map(weight).collect()
}

/// Compares what the networks make at `placement` with what the processor makes.
///
/// # Errors
/// [`ErrorKind::Compute`] naming the network that differs, or saying what could not be computed.
pub(super) fn pass(placement: &Placement) -> Result<()> {
    let tolerance = if placement.flow_type() == DType::F32 { TOLERANCE } else { HALF_TOLERANCE };
    let networks: [(&str, Network); 3] = [("text encoder", text), ("flow", flow), ("decoder", decoder)];
    for (name, network) in networks {
        let wanted = network(&Placement::cpu())?;
        let got = network(placement).map_err(|e| {
            Error::new(ErrorKind::Compute, format!("the GPU cannot compute the {name}"))
                .with_source(e.to_string())
        })?;
        let error = worst(&wanted, &got);
        if error.is_nan() || error >= tolerance {
            let text = format!(
                "the GPU computes the {name} otherwise than the processor (by {error:.3} of its size; {tolerance} is allowed)"
            );
            return Err(Error::new(ErrorKind::Compute, text));
        }
    }
    Ok(())
}

type Network = fn(&Placement) -> candle_core::Result<Vec<f32>>;

/// Largest difference as a share of the root mean square of `wanted`.
fn worst(wanted: &[f32], got: &[f32]) -> f32 {
    if wanted.len() != got.len() {
        return f32::INFINITY;
    }
    let rms = (wanted.iter().map(|v| v * v).sum::<f32>() / wanted.len().max(1) as f32).sqrt();
    wanted.iter().zip(got).fold(0.0, |most: f32, (a, b)| {
        let error = (a - b).abs();
        // `max` would pass over NaN.
        if error > most || error.is_nan() { error } else { most }
    }) / rms
}

/// A builder of the weights of `build` at `placement`.
fn builder(
    placement: &Placement,
    build: impl FnOnce(&VarBuilder<'_>) -> candle_core::Result<()>,
) -> candle_core::Result<VarBuilder<'static>> {
    let device = placement.device();
    let moved =
        random_weights(build)?.into_iter().map(|(name, weight)| Ok((name, weight.to_device(device)?)));
    let moved = moved.collect::<candle_core::Result<HashMap<_, _>>>()?;
    Ok(VarBuilder::from_tensors(moved, DType::F32, device))
}

fn normal(dims: &[usize], seed: u64, placement: &Placement) -> candle_core::Result<Tensor> {
    Noise::new(seed, Stream::Evaluation).normal_tensor(dims, placement.device())
}

fn values(x: &Tensor) -> candle_core::Result<Vec<f32>> {
    x.flatten_all()?.to_vec1()
}

fn text(placement: &Placement) -> candle_core::Result<Vec<f32>> {
    let config = TextConfig {
        hidden_size: 44,
        num_hidden_layers: 2,
        num_attention_heads: 2,
        intermediate_size: 70,
        vocab_size: 50,
        max_position_embeddings: TOKENS,
        max_tokens: TOKENS,
    };
    let vb = builder(placement, |vb| Bert::new(&config, vb).map(drop))?;
    let bert = Bert::new(&config, &vb)?;
    let recordings = Recordings::default();
    let read = |ids: &[Tensor]| bert.forward(&ids[0], &KeyLengths::full(1, TOKENS), &|| Ok(()));
    last_of(placement, |seed| {
        let ids: Vec<u32> = (0..TOKENS as u32).map(|i| (seed as u32 + 7 * i) % 50).collect();
        let ids = [Tensor::from_vec(ids, (1, TOKENS), placement.device())?];
        let made =
            if placement.is_recorded() { recordings.run_one(&[], &[&ids[0]], &read)? } else { read(&ids)? };
        values(&made)
    })
}

/// What `compute` makes of the seed 4. Where networks are recorded, it makes something of others first, so that they are
/// played at last.
fn last_of(
    placement: &Placement,
    compute: impl Fn(u64) -> candle_core::Result<Vec<f32>>,
) -> candle_core::Result<Vec<f32>> {
    let before: &[u64] = if placement.is_recorded() { &[14, 24] } else { &[] };
    for seed in before {
        compute(*seed)?;
    }
    compute(4)
}

/// Two batch rows, as guidance needs them.
fn flow(placement: &Placement) -> candle_core::Result<Vec<f32>> {
    const CHANNELS: usize = 6;
    const TEXT_DIM: usize = 40;
    let config = FlowConfig { dim: 72, blocks: 2, heads: 2, feed_forward: 50, curves: false };
    let network = |vb: &VarBuilder<'_>| Transformer::new(&config, CHANNELS, TEXT_DIM, vb);
    let vb = builder(placement, |vb| network(vb).map(drop))?;
    let network = network(&vb.to_dtype(placement.flow_type()))?;
    let network = if placement.is_recorded() { network.recorded() } else { network };
    let mask = LENGTHS.iter().flat_map(|&n| (0..TEXT_TOKENS).map(move |i| if i < n { 1f32 } else { 0.0 }));
    let mask = Tensor::from_iter(mask, placement.device())?.reshape((LENGTHS.len(), TEXT_TOKENS))?;
    last_of(placement, |seed| {
        let condition = network.condition(&TextCondition {
            tokens: normal(&[LENGTHS.len(), TEXT_TOKENS, TEXT_DIM], seed + 1, placement)?,
            mask: mask.clone(),
            pooled: normal(&[LENGTHS.len(), TEXT_DIM], seed + 2, placement)?,
        })?;
        let x = normal(&[LENGTHS.len(), TOKENS, CHANNELS], seed, placement)?;
        let t = Tensor::new(&[0.05 * seed as f32, 0.8], placement.device())?;
        let velocity = network.forward(&x, &t, &condition, None, &|| Ok(()));
        values(&velocity.map_err(|e| candle_core::Error::Msg(e.to_string()))?)
    })
}

fn decoder(placement: &Placement) -> candle_core::Result<Vec<f32>> {
    let config = CodecConfig {
        sample_rate_hz: 8000,
        n_fft: 24,
        hop_length: 4,
        bands: vec![BandGroup { bands: 4, bins: 1 }, BandGroup { bands: 2, bins: 4 }],
        band_channels: 2,
        dim: 40,
        mix_dim: 3,
        encoder_blocks: 0,
        decoder_blocks: 2,
        expansion: 2,
        levels: None,
        partials: None,
    };
    let vb = builder(placement, |vb| Codec::new(&config, false, vb).map(drop))?;
    let codec = Codec::new(&config, false, &vb)?;
    let codec = if placement.is_recorded() { codec.recorded() } else { codec };
    last_of(placement, |seed| {
        let spectrum = codec.decode(&normal(&[1, TOKENS, config.latent_channels()], seed, placement)?);
        values(&spectrum.map_err(|e| candle_core::Error::Msg(e.to_string()))?.log_amplitudes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_passes_and_half_precision_is_seen() {
        pass(&Placement::cpu()).unwrap();
        pass(&Placement::cpu().with_flow_type(DType::F16)).unwrap();
        let wanted = flow(&Placement::cpu()).unwrap();
        let half = flow(&Placement::cpu().with_flow_type(DType::F16)).unwrap();
        let error = worst(&wanted, &half);
        assert!(error > 1e-4 && error < HALF_TOLERANCE, "{error}");
    }

    #[test]
    fn nothing_is_made_of_nothing() {
        for network in [text, flow, decoder] {
            let values = network(&Placement::cpu()).unwrap();
            let mean = values.iter().sum::<f32>() / values.len() as f32;
            let spread = values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / values.len() as f32;
            assert!(values.len() > 200 && spread > 0.01, "{} values, variance {spread}", values.len());
        }
    }

    #[test]
    fn a_difference_counts_as_a_share_and_nan_as_more_than_any() {
        assert_eq!(worst(&[3.0, -3.0], &[3.0, -3.3]), (-3.3f32 + 3.0).abs() / 3.0);
        assert!(worst(&[1.0, 1.0], &[f32::NAN, 1.0]).is_nan());
        assert!(worst(&[1.0, 1.0], &[f32::NAN, 5.0]).is_nan());
        assert_eq!(worst(&[1.0], &[]), f32::INFINITY);
    }
}
