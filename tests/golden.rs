//! Network blocks against tensors computed by PyTorch, metrics against numpy and scipy (`golden/README.md`).
//!
//! The loss of the flow stage and the energy distance are compared in the engine's own unit tests, where their
//! inner parts can be reached.

mod case;
mod metrics;

use crate::tiny_model;
use anyhow::Result;
use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;
use case::Case;
use straightshot_engine::codec::levels::grid::LevelGrid;
use straightshot_engine::codec::{Codec, Decoder, Encoder};
use straightshot_engine::config::{BandGroup, CodecConfig, FlowConfig, LevelsConfig, TextConfig};
use straightshot_engine::flow::{Transformer, path};
use straightshot_engine::nn::linear::LinearInit;
use straightshot_engine::nn::ops::KeyLengths;
use straightshot_engine::nn::{
    BandBlock, BandBlockSizes, JointAttention, LayerNorm, Linear, RmsNorm, RotaryTable, SwiGlu,
    TimeEmbedding, ops,
};
use straightshot_engine::text::TextCondition;
use straightshot_engine::text::TextEncoder;
use straightshot_training::optim::{AdamW, OptimConfig};

#[test]
fn linear() -> Result<()> {
    let case = Case::load("linear");
    let layer = Linear::new(6, 4, true, LinearInit::Zero, &case.builder().pp("layer"))?;
    Ok(case.check_with_gradients(&layer.forward(&case.input("x"))?)?)
}

#[test]
fn layer_norm() -> Result<()> {
    let case = Case::load("layer_norm");
    let layer = LayerNorm::new(40, 1e-5, &case.builder())?;
    Ok(case.check_with_gradients(&layer.forward(&case.input("x"))?)?)
}

#[test]
fn rms_norm() -> Result<()> {
    let case = Case::load("rms_norm");
    let layer = RmsNorm::new(40, 1e-5, &case.builder())?;
    Ok(case.check_with_gradients(&layer.forward(&case.input("x"))?)?)
}

#[test]
fn rotary_table() -> Result<()> {
    let case = Case::load("rotary");
    // More positions than frames, as in use.
    let table = RotaryTable::new(16, 6, 10_000.0);
    Ok(case.check_with_gradients(&table.apply(&case.input("x"))?)?)
}

#[test]
fn joint_attention() -> Result<()> {
    let case = Case::load("joint_attention");
    let layer = JointAttention::new(12, 10, 3, &case.builder())?;
    let text = layer.text_keys(&case.input("text"), &KeyLengths::from_mask(case.tensor("text_mask"))?)?;
    let frames = KeyLengths::from_mask(case.tensor("frame_mask"))?;
    let table = RotaryTable::new(7, 4, 10_000.0);
    Ok(case.check_with_gradients(&layer.forward(&case.input("x"), &table, &frames, &text)?)?)
}

#[test]
fn swiglu() -> Result<()> {
    let case = Case::load("swiglu");
    let layer = SwiGlu::new(10, 24, &case.builder())?;
    Ok(case.check_with_gradients(&layer.forward(&case.input("x"))?)?)
}

#[test]
fn time_embedding() -> Result<()> {
    let case = Case::load("time_embedding");
    let layer = TimeEmbedding::new(8, &case.builder())?;
    Ok(case.check_with_gradients(&layer.forward(case.tensor("t"))?)?)
}

#[test]
fn band_block() -> Result<()> {
    let case = Case::load("band_block");
    let sizes = BandBlockSizes { dim: 6, hidden: 10, bands: 4, mix_dim: 3 };
    let block = BandBlock::new(sizes, 1.0, &case.builder().pp("block"))?;
    Ok(case.check_with_gradients(&block.forward(&case.input("x"))?)?)
}

/// The sizes of both codec cases.
fn codec_config() -> CodecConfig {
    CodecConfig {
        sample_rate_hz: 8_000,
        n_fft: 32,
        hop_length: 8,
        bands: vec![BandGroup { bands: 2, bins: 4 }, BandGroup { bands: 1, bins: 8 }],
        band_channels: 2,
        dim: 6,
        mix_dim: 3,
        encoder_blocks: 1,
        decoder_blocks: 2,
        expansion: 2,
        levels: None,
        partials: None,
    }
}

#[test]
fn codec_encoder() -> Result<()> {
    let case = Case::load("codec_encoder");
    let posterior = Encoder::new(&codec_config(), &case.builder())?.forward(&case.input("x"))?;
    case.check("divergence", &posterior.kl()?);
    case.check("sample", &posterior.sample(case.tensor("noise"))?);
    Ok(case.check_with_gradients(&Tensor::cat(&[posterior.mean, posterior.log_var], 2)?)?)
}

#[test]
fn codec_decoder() -> Result<()> {
    let case = Case::load("codec_decoder");
    let spectrum = Decoder::new(&codec_config(), &case.builder())?.forward(&case.input("x"))?;
    Ok(case.check_with_gradients(&spectrum.log_amplitudes)?)
}

#[test]
fn flow_transformer() -> Result<()> {
    let case = Case::load("flow_transformer");
    let config = FlowConfig { dim: 12, blocks: 2, heads: 2, feed_forward: 20, curves: false };
    let network = Transformer::new(&config, 5, 8, &case.builder())?;
    let text = TextCondition {
        tokens: case.tensor("text").clone(),
        mask: case.tensor("text_mask").clone(),
        pooled: case.tensor("pooled").clone(),
    };
    let x_t = path::interpolate(case.tensor("noise"), case.tensor("data"), case.tensor("t"))?;
    case.check("x_t", &x_t);
    let v = network.forward(
        &x_t,
        case.tensor("t"),
        &network.condition(&text)?,
        Some(case.tensor("mask")),
        &|| Ok(()),
    )?;
    case.check("output", &v);
    Ok(())
}

#[test]
fn text_encoder() -> Result<()> {
    let case = Case::load("text_encoder");
    let vocabulary: Vec<&str> = case.text("vocabulary").lines().collect();
    let prompts: Vec<&str> = case.text("prompts").split('\n').collect();
    let config = TextConfig {
        hidden_size: 12,
        num_hidden_layers: 2,
        num_attention_heads: 3,
        intermediate_size: 20,
        vocab_size: vocabulary.len(),
        max_position_embeddings: 16,
        max_tokens: case.number("max_tokens") as usize,
    };
    let encoder = TextEncoder::new(&config, &tiny_model::tokenizer(&vocabulary), case.builder())?;
    let got = encoder.encode(&prompts)?;
    case.check("mask", &got.mask);
    case.check("tokens", &got.tokens);
    case.check("pooled", &got.pooled);
    Ok(())
}

#[test]
fn log_amplitudes() -> Result<()> {
    let case = Case::load("stft");
    let config = CodecConfig {
        n_fft: case.number("n_fft") as usize,
        hop_length: case.number("hop_length") as usize,
        ..codec_config()
    };
    let codec = Codec::new(&config, false, &VarBuilder::zeros(candle_core::DType::F32, &Device::Cpu))?;
    let log = codec.log_amplitudes(&case.tensor("signal").to_vec1::<f32>()?);
    case.check("output", &Tensor::from_vec(log, case.tensor("output").shape(), &Device::Cpu)?);
    Ok(())
}

#[test]
fn levels_and_what_is_brought_to_them() -> Result<()> {
    let case = Case::load("levels");
    let config = LevelsConfig {
        n_fft: case.number("n_fft") as usize,
        hop_length: case.number("hop_length") as usize,
        bands: vec![1, 2, 4, 10],
        features: 1,
        noise: 1,
        hidden: 1,
        in_latent: 0,
    };
    let grid = LevelGrid::new(&config);
    let wanted = case.tensor("levels");
    let levels = grid.measure(&case.tensor("signal").to_vec1::<f32>()?, wanted.dim(0)?);
    case.check("levels", &Tensor::from_vec(levels, wanted.shape(), &Device::Cpu)?);
    let wanted = wanted.flatten_all()?.to_vec1::<f32>()?;
    let other = case.tensor("other").to_vec1::<f32>()?;
    let mut out = vec![0.0; other.len()];
    grid.impose(&other, &wanted, &mut out, || true);
    case.check("output", &Tensor::from_vec(out, other.len(), &Device::Cpu)?);
    Ok(())
}

#[test]
fn adamw_learning_curve() -> Result<()> {
    let case = Case::load("adamw");
    let vb = case.builder();
    let hidden = Linear::new(5, 8, true, LinearInit::Zero, &vb.pp("hidden"))?;
    let out = Linear::new(8, 3, true, LinearInit::Zero, &vb.pp("out"))?;
    let config = OptimConfig {
        learning_rate: case.number("learning_rate"),
        weight_decay: case.number("weight_decay"),
        betas: (case.number("beta1") as f32, case.number("beta2") as f32),
        clip_norm: case.number("clip_norm"),
        ema_decay: case.number("ema_decay"),
        warm_up: 0,
    };
    let mut optim = AdamW::new(case.parameters(), config)?;
    let (mut losses, mut norms) = (Vec::new(), Vec::new());
    for _ in 0..case.number("steps") as usize {
        let prediction = out.forward(&ops::gelu(&hidden.forward(case.tensor("x"))?)?)?;
        let loss = (prediction - case.tensor("y"))?.sqr()?.mean_all()?;
        losses.push(loss.to_scalar::<f32>()?);
        norms.push(optim.update(&[loss.backward()?], 1.0)? as f32);
    }
    assert!(norms.iter().any(|&norm| f64::from(norm) > config.clip_norm), "no step was clipped: {norms:?}");
    case.check("losses", &Tensor::new(losses, &Device::Cpu)?);
    case.check("norms", &Tensor::new(norms, &Device::Cpu)?);
    for p in &optim.params {
        case.check(&format!("final.{}", p.name), p.var.as_tensor());
        let average = Tensor::from_vec(p.ema.clone(), p.var.shape(), &Device::Cpu)?;
        case.check(&format!("average.{}", p.name), &average);
    }
    Ok(())
}
