//! Gradients of every operation and every trained block against finite differences.

mod finite_difference;
mod lora;

use crate::tiny_model;
use anyhow::Result;
use candle_core::{CpuStorage, CustomOp1, DType, Device, Layout, Shape, Tensor, Var};
use candle_nn::{VarBuilder, VarMap};
use finite_difference::FiniteDifference;
use straightshot_engine::codec::levels::head::LevelsHead;
use straightshot_engine::codec::{Codec, Decoder, Encoder};
use straightshot_engine::config::LevelsConfig;
use straightshot_engine::flow::Transformer;
use straightshot_engine::nn::linear::LinearInit;
use straightshot_engine::nn::ops::{self, KeyLengths};
use straightshot_engine::nn::{
    BandBlock, BandBlockSizes, JointAttention, LayerNorm, Linear, RmsNorm, RotaryTable, SwiGlu, TimeEmbedding,
};
use straightshot_engine::rng::{Noise, Stream};
use straightshot_engine::text::TextCondition;
use straightshot_training::energy_distance::EnergyDistance;
use straightshot_training::optim::{AdamW, OptimConfig};
use straightshot_training::run::trainable;

/// Random inputs as variables, and checks of functions of them.
struct Bench {
    random: Noise,
    variables: Vec<(String, Var)>,
    map: VarMap,
}

impl Bench {
    fn new() -> Self {
        Self { random: Noise::new(3, Stream::Latent), variables: Vec::new(), map: VarMap::new() }
    }

    /// A normal input that takes part in the check.
    fn input(&mut self, shape: impl Into<Shape>) -> Result<Tensor> {
        let var = Var::from_tensor(&self.constant(shape)?)?;
        let tensor = var.as_tensor().clone();
        self.variables.push((format!("input {}", self.variables.len()), var));
        Ok(tensor)
    }

    fn constant(&mut self, shape: impl Into<Shape>) -> Result<Tensor> {
        Ok(self.random.normal_tensor(shape, &Device::Cpu)?)
    }

    /// Builds a block whose parameters take part in the check, with random values everywhere.
    fn block<T>(&mut self, build: impl FnOnce(&VarBuilder<'_>) -> candle_core::Result<T>) -> Result<T> {
        let block = build(&VarBuilder::from_varmap(&self.map, DType::F32, &Device::Cpu))?;
        tiny_model::randomise(&self.map, 7)?;
        self.variables.extend(trainable(&self.map, &[])?);
        self.variables.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(block)
    }

    fn check(&self, f: impl Fn() -> candle_core::Result<Tensor>) -> Result<()> {
        FiniteDifference::default().check(&self.variables, &|| Ok(f()?))
    }
}

#[test]
fn layer_norm() -> Result<()> {
    // Shorter than a set of partial sums, exactly one, and one with a rest.
    for dim in [5, 32, 40] {
        let mut bench = Bench::new();
        let x = bench.input((2, 3, dim))?;
        bench.check(|| ops::layer_norm(&x, 1e-5))?;
    }
    let mut bench = Bench::new();
    let x = bench.input((2, 3, 10))?;
    let layer = bench.block(|vb| LayerNorm::new(10, 1e-5, vb))?;
    bench.check(|| layer.forward(&x))
}

#[test]
fn rms_norm() -> Result<()> {
    for dim in [5, 32, 40] {
        let mut bench = Bench::new();
        let x = bench.input((2, 3, dim))?;
        bench.check(|| ops::rms_norm(&x, 1e-5))?;
    }
    let mut bench = Bench::new();
    let x = bench.input((2, 3, 10))?;
    let layer = bench.block(|vb| RmsNorm::new(10, 1e-5, vb))?;
    bench.check(|| layer.forward(&x))
}

#[test]
fn softmax() -> Result<()> {
    let mut bench = Bench::new();
    let x = bench.input((2, 2, 3, 35))?;
    bench.check(|| ops::softmax(&x))
}

#[test]
fn activations() -> Result<()> {
    let mut bench = Bench::new();
    let (a, b) = (bench.input((2, 3, 9))?, bench.input((2, 3, 9))?);
    bench.check(|| ops::gelu(&a)? + ops::silu(&b)?)?;
    bench.check(|| ops::gelu_erf(&a)? + ops::silu(&b)?)?;
    bench.check(|| ops::swiglu(&a, &b))
}

#[test]
fn depthwise_conv() -> Result<()> {
    // More frames than taps, and fewer: the padding reaches past both ends.
    for frames in [11, 2] {
        let mut bench = Bench::new();
        let (x, kernel) = (bench.input((3, frames, 5))?, bench.input((7, 5))?);
        bench.check(|| ops::depthwise_conv(&x, &kernel))?;
    }
    Ok(())
}

#[test]
fn attention() -> Result<()> {
    let mut bench = Bench::new();
    let (query, key, value) = (bench.input((2, 5, 8))?, bench.input((2, 7, 8))?, bench.input((2, 7, 8))?);
    let mask = Tensor::new(&[[1f32, 1., 1., 1., 1., 1., 1.], [1., 1., 1., 0., 0., 0., 0.]], &Device::Cpu)?;
    let lengths = KeyLengths::from_mask(&mask)?;
    bench.check(|| ops::attention(&query, &key, &value, 2, &lengths))
}

#[test]
fn scale_shift() -> Result<()> {
    // One shift per clip, one per frame, and both at once where there is a single frame.
    for (frames, shift_frames) in [(6, 1), (6, 6), (1, 1)] {
        let mut bench = Bench::new();
        let (x, scale) = (bench.input((3, frames, 9))?, bench.input((3, 1, 9))?);
        let shift = bench.input((3, shift_frames, 9))?;
        bench.check(|| ops::scale_shift(&x, &scale, &shift))?;
    }
    Ok(())
}

#[test]
fn views_that_are_not_contiguous() -> Result<()> {
    let mut bench = Bench::new();
    let (a, b) = (bench.input((4, 6, 5))?, bench.input((4, 5, 6))?);
    bench.check(|| {
        let (a, b) = (a.transpose(1, 2)?, b.narrow(2, 0, 6)?);
        ops::softmax(&ops::swiglu(&ops::layer_norm(&a, 1e-5)?, &ops::rms_norm(&b, 1e-5)?)?.transpose(0, 2)?)
    })
}

#[test]
fn linear() -> Result<()> {
    for bias in [true, false] {
        let mut bench = Bench::new();
        let x = bench.input((3, 4, 6))?;
        let layer = bench.block(|vb| Linear::new(6, 5, bias, LinearInit::Xavier, vb))?;
        bench.check(|| layer.forward(&x))?;
    }
    Ok(())
}

#[test]
fn rotary_table() -> Result<()> {
    let mut bench = Bench::new();
    let x = bench.input((2, 9, 12))?;
    let table = RotaryTable::new(20, 6, 10_000.0);
    bench.check(|| table.apply(&x))
}

#[test]
fn joint_attention() -> Result<()> {
    let mut bench = Bench::new();
    let (x, text) = (bench.input((2, 6, 12))?, bench.input((2, 4, 10))?);
    let layer = bench.block(|vb| JointAttention::new(12, 10, 3, vb))?;
    let ones = |counts: [usize; 2], n: usize| {
        let mask = counts.map(|count| (0..n).map(|i| if i < count { 1f32 } else { 0.0 }).collect::<Vec<_>>());
        KeyLengths::from_mask(&Tensor::from_vec(mask.concat(), (2, n), &Device::Cpu)?)
    };
    let (frames, tokens) = (ones([6, 4], 6)?, ones([2, 4], 4)?);
    let table = RotaryTable::new(6, 4, 10_000.0);
    bench.check(|| layer.forward(&x, &table, &frames, &layer.text_keys(&text, &tokens)?))
}

#[test]
fn swiglu_layer() -> Result<()> {
    let mut bench = Bench::new();
    let x = bench.input((2, 3, 6))?;
    let layer = bench.block(|vb| SwiGlu::new(6, 10, vb))?;
    bench.check(|| layer.forward(&x))
}

#[test]
fn per_channel_operations() -> Result<()> {
    let mut bench = Bench::new();
    let (x, y) = (bench.input((2, 3, 5))?, bench.input((2, 3, 5))?);
    let (scale, shift) = (bench.input(5)?, bench.input(5)?);
    bench.check(|| {
        let z = ops::add_bias(&ops::affine(&x, &scale, &shift)?, &shift)?;
        ops::add_scaled(&z, &ops::gelu(&y)?, &scale)
    })
}

#[test]
fn time_embedding() -> Result<()> {
    let mut bench = Bench::new();
    let layer = bench.block(|vb| TimeEmbedding::new(6, vb))?;
    let t = Tensor::new(&[0f32, 0.4, 1.0], &Device::Cpu)?;
    bench.check(|| layer.forward(&t))
}

#[test]
fn band_block_with_a_batch() -> Result<()> {
    let mut bench = Bench::new();
    let x = bench.input((2, 9, 4, 6))?;
    let sizes = BandBlockSizes { dim: 6, hidden: 12, bands: 4, mix_dim: 3 };
    let block = bench.block(|vb| BandBlock::new(sizes, 1.0, vb))?;
    bench.check(|| block.forward(&x))
}

#[test]
fn codec_encoder_with_draw_and_divergence() -> Result<()> {
    let config = tiny_model::config().codec;
    let mut bench = Bench::new();
    let (log, noise) =
        (bench.input((2, 16, config.bins()))?, bench.constant((2, 2, config.latent_channels()))?);
    let encoder = bench.block(|vb| Encoder::new(&config, vb))?;
    bench.check(|| {
        let posterior = encoder.forward(&log)?;
        let divergence = posterior.kl()?.reshape((1, 1, 1))?;
        posterior.sample(&noise)?.broadcast_add(&divergence)
    })
}

#[test]
fn codec_decoder() -> Result<()> {
    let config = tiny_model::config().codec;
    let mut bench = Bench::new();
    let latent = bench.input((2, 3, config.latent_channels()))?;
    let decoder = bench.block(|vb| Decoder::new(&config, vb))?;
    bench.check(|| Ok(decoder.forward(&latent)?.log_amplitudes))
}

#[test]
fn levels_head() -> Result<()> {
    let (config, levels) =
        (tiny_model::config().codec, LevelsConfig { in_latent: 4, ..tiny_model::levels() });
    let mut bench = Bench::new();
    let x = bench.input((2, 3, config.band_count(), config.dim))?;
    let told = bench.input((2, 3, levels.in_latent))?;
    let (base, noise) = (bench.constant((2, 24, levels.bands.len()))?, bench.constant((2, 3, levels.noise))?);
    let head = bench.block(|vb| LevelsHead::new(&config, &levels, vb))?;
    bench.check(|| {
        let drawn = head.draw(&head.features(&x)?, &base, &noise, Some(&told))?;
        Tensor::cat(&[drawn.change.flatten_all()?, drawn.spread.flatten_all()?], 0)
    })
}

/// Two padded clips, a text of two tokens and one of four.
fn padded_batch(bench: &mut Bench) -> Result<(Tensor, TextCondition, Tensor)> {
    let config = tiny_model::config();
    let x = bench.input((2, 5, config.codec.latent_channels()))?;
    let text = TextCondition {
        tokens: bench.input((2, 4, config.text.hidden_size))?,
        mask: Tensor::new(&[[1f32, 1., 0., 0.], [1., 1., 1., 1.]], &Device::Cpu)?,
        pooled: bench.input((2, config.text.hidden_size))?,
    };
    Ok((x, text, Tensor::new(&[[1f32, 1., 1., 1., 1.], [1., 1., 1., 0., 0.]], &Device::Cpu)?))
}

#[test]
fn transformer() -> Result<()> {
    let config = tiny_model::config();
    let mut bench = Bench::new();
    let (x, text, mask) = padded_batch(&mut bench)?;
    let network = bench.block(|vb| {
        Transformer::new(&config.flow, config.codec.latent_channels(), config.text.hidden_size, vb)
    })?;
    let t = Tensor::new(&[0.2f32, 0.9], &Device::Cpu)?;
    // The soft-maxes are steep in the scale of the inputs: shorter steps than elsewhere.
    FiniteDifference { step: 5e-3, absolute: 1e-3, ..Default::default() }.check(&bench.variables, &|| {
        Ok(network.forward(&x, &t, &network.condition(&text)?, Some(&mask), &|| Ok(()))?)
    })
}

#[test]
fn energy_distance() -> Result<()> {
    let (rows, bins) = (2, 9);
    let mut bench = Bench::new();
    let (parameters, target) = (bench.input((1, rows, 2 * bins))?, bench.constant((1, rows, bins))?);
    let score = EnergyDistance::new(bins, 16_000, 4);
    // The loss has a kink wherever a draw meets the target or the other draw: short steps rarely cross one.
    let method = FiniteDifference { step: 1e-3, relative: 1e-2, absolute: 3e-3 };
    method.check(&bench.variables, &|| Ok(score.loss(&parameters, &target, 5)?))
}

#[test]
fn every_variable_of_the_codec_gets_a_gradient() -> Result<()> {
    let config = tiny_model::config().codec;
    let map = VarMap::new();
    let codec = Codec::new(&config, true, &VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu))?;
    tiny_model::randomise(&map, 9)?;
    let mut bench = Bench::new();
    let (target, noise) =
        (bench.constant((2, 16, config.bins()))?, bench.constant((2, 2, config.latent_channels()))?);
    let posterior = codec.encoder()?.forward(&target)?;
    let spectrum = codec.decoder().forward(&posterior.sample(&noise)?)?;
    let score = EnergyDistance::new(config.bins(), config.sample_rate_hz, 1);
    let loss = (score.loss(&spectrum.log_amplitudes, &target, 0)? + (posterior.kl()? * 1e-3)?)?;
    all_gradients_are_alive(&map, &["latent_mean", "latent_std"], &loss)
}

#[test]
fn every_variable_of_the_transformer_gets_a_gradient() -> Result<()> {
    let config = tiny_model::config();
    let map = VarMap::new();
    let vb = VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu);
    let network =
        Transformer::new(&config.flow, config.codec.latent_channels(), config.text.hidden_size, &vb)?;
    let (x, text, mask) = padded_batch(&mut Bench::new())?;
    let t = Tensor::new(&[0.2f32, 0.9], &Device::Cpu)?;
    let velocity = || network.forward(&x, &t, &network.condition(&text)?, Some(&mask), &|| Ok(()));
    // As training starts: layers that begin at zero hide others, but each must be connected.
    let optim = AdamW::new(trainable(&map, &[])?, OptimConfig::default())?;
    optim.assert_all_have_gradients(&velocity()?.sqr()?.mean_all()?.backward()?)?;
    tiny_model::randomise(&map, 9)?;
    all_gradients_are_alive(&map, &[], &velocity()?.sqr()?.mean_all()?)
}

/// Each variable but the `fixed` ones has a gradient that is finite and not zero.
fn all_gradients_are_alive(map: &VarMap, fixed: &[&str], loss: &Tensor) -> Result<()> {
    let variables = trainable(map, fixed)?;
    let grads = loss.backward()?;
    AdamW::new(variables.clone(), OptimConfig::default())?.assert_all_have_gradients(&grads)?;
    for (name, var) in variables {
        let size = grads.get(&var).expect("checked above").abs()?.max_all()?.to_scalar::<f32>()?;
        assert!(size.is_finite() && size > 0.0, "{name}: largest gradient {size}");
    }
    Ok(())
}

/// `x²` with a gradient that is scaled, or zero for the last element.
struct WrongSquare {
    scale: f64,
    drop_last: bool,
}

impl CustomOp1 for WrongSquare {
    fn name(&self) -> &'static str {
        "wrong-square"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let values = storage.as_slice::<f32>()?.iter().map(|x| x * x).collect();
        Ok((CpuStorage::F32(values), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, grad: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let n = x.elem_count();
        let right = (2.0 * x)?.mul(grad)?;
        let kept = (0..n).map(|i| if self.drop_last && i == n - 1 { 0f32 } else { self.scale as f32 });
        right.mul(&Tensor::from_iter(kept, x.device())?).map(Some)
    }
}

/// What the check says about a square with the given fault.
fn verdict(scale: f64, drop_last: bool) -> Result<()> {
    let mut bench = Bench::new();
    let x = bench.input(40)?;
    bench.check(|| x.apply_op1(WrongSquare { scale, drop_last }))
}

#[test]
fn the_check_detects_wrong_gradients() {
    verdict(1.0, false).expect("the right gradient passes");
    for (scale, drop_last) in [(0.99, false), (-1.0, false), (0.0, false), (1.0, true)] {
        let error = verdict(scale, drop_last).expect_err("a wrong gradient is found").to_string();
        assert!(error.contains("input 0") && error.contains("finite difference"), "{error}");
    }
}

#[test]
fn the_check_detects_a_missing_gradient() -> Result<()> {
    let mut bench = Bench::new();
    let (x, lost) = (bench.input(4)?, bench.input(4)?);
    let error = bench.check(|| x.mul(&lost.detach())).expect_err("one input is cut off").to_string();
    assert!(error.contains("no gradient reaches input 1"), "{error}");
    Ok(())
}
