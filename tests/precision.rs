//! Whole networks in other types than `f32`: what a GPU runs, run on the CPU.
//!
//! For `f32` on the CPU every operation is fused; in any other type each is composed from candle's, as on a GPU. In
//! double precision nothing but rounding may differ, and in half precision little.

use crate::tiny_model;
use anyhow::Result;
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use straightshot_engine::codec::Codec;
use straightshot_engine::device::Placement;
use straightshot_engine::flow::Transformer;
use straightshot_engine::model::part;
use straightshot_engine::pipeline::{Generator, Intermediates};
use straightshot_engine::rng::{Noise, Stream};
use straightshot_engine::text::TextCondition;
use straightshot_protocol::Request;

/// Of sums in single precision.
const ROUNDING: f64 = 2e-5;
/// Of products in `f16` in three blocks, on values of about one.
const HALF_ROUNDING: f64 = 1e-2;

fn weights(prefix: &str, kind: DType) -> Result<VarBuilder<'static>> {
    Ok(part(&mut tiny_model::tensors(1)?, prefix, &Device::Cpu)?.to_dtype(kind))
}

fn normals(seed: u64, shape: (usize, usize, usize), kind: DType) -> Result<Tensor> {
    Ok(Noise::new(seed, Stream::Latent).normal_tensor(shape, &Device::Cpu)?.to_dtype(kind)?)
}

/// The largest difference of two tensors of any types.
fn difference(a: &Tensor, b: &Tensor) -> Result<f64> {
    let difference = (a.to_dtype(DType::F64)? - b.to_dtype(DType::F64)?)?.abs()?;
    Ok(difference.flatten_all()?.max(0)?.to_scalar()?)
}

/// Two clips of different lengths that read texts of different lengths: weights in one type, inputs in another.
fn velocity(matrices: DType, inputs: DType) -> Result<Tensor> {
    let (config, text) = (tiny_model::config(), tiny_model::config().text.hidden_size);
    let channels = config.codec.latent_channels();
    let network = Transformer::new(&config.flow, channels, text, &weights("flow.", matrices)?)?;
    let condition = TextCondition {
        tokens: normals(2, (2, 4, text), inputs)?,
        mask: Tensor::new(&[[1f32, 1., 0., 0.], [1., 1., 1., 1.]], &Device::Cpu)?,
        pooled: normals(3, (1, 2, text), inputs)?.squeeze(0)?,
    };
    let frames = Tensor::new(&[[1f32, 1., 1., 1., 1.], [1., 1., 1., 0., 0.]], &Device::Cpu)?;
    let times = Tensor::new(&[0.2f32, 0.9], &Device::Cpu)?;
    let x_t = normals(4, (2, 5, channels), inputs)?;
    let condition = network.condition(&condition)?;
    Ok(network.forward(&x_t, &times, &condition, Some(&frames), &|| Ok(()))?)
}

#[test]
fn a_transformer_of_composed_operations_is_that_of_fused_ones() -> Result<()> {
    let error = difference(&velocity(DType::F64, DType::F64)?, &velocity(DType::F32, DType::F32)?)?;
    assert!(error < ROUNDING, "{error}");
    Ok(())
}

#[test]
fn a_transformer_in_half_precision_takes_and_returns_single_precision() -> Result<()> {
    let (half, single) = (velocity(DType::F16, DType::F32)?, velocity(DType::F32, DType::F32)?);
    assert_eq!(half.dtype(), DType::F32);
    let error = difference(&half, &single)?;
    // Not nothing: the lower precision must have been used.
    assert!((1e-6..HALF_ROUNDING).contains(&error), "{error}");
    Ok(())
}

#[test]
fn a_codec_of_composed_operations_is_that_of_fused_ones() -> Result<()> {
    let spectrum = |kind: DType| {
        let config = tiny_model::config().codec;
        let latent = normals(5, (2, 6, config.latent_channels()), kind)?;
        anyhow::Ok(Codec::new(&config, false, &weights("codec.", kind)?)?.decode(&latent)?.log_amplitudes)
    };
    let error = difference(&spectrum(DType::F64)?, &spectrum(DType::F32)?)?;
    assert!(error < ROUNDING, "{error}");
    Ok(())
}

#[test]
fn a_generator_with_a_flow_in_half_precision_makes_nearly_the_same_sound() -> Result<()> {
    let files = tiny_model::files(1)?;
    let made = |kind: DType, steps: u32| -> Result<Intermediates> {
        let placement = Placement::cpu().with_flow_type(kind);
        let generator = Generator::on(&files, 1, placement)?;
        assert_eq!(generator.placement().flow_type(), kind);
        let request = Request {
            prompt: "glass bottle smashing on stone".into(),
            seconds: 0.5,
            steps,
            ..Default::default()
        };
        Ok(generator.intermediates(&request)?)
    };
    for steps in [1, 4] {
        let (half, single) = (made(DType::F16, steps)?, made(DType::F32, steps)?);
        for (half, single) in [(&half.latent, &single.latent), (&half.spectrum, &single.spectrum)] {
            let pairs = half.iter().zip(single);
            let error = pairs.map(|(a, b)| f64::from((a - b).abs())).fold(0.0, f64::max);
            assert!((1e-6..0.05).contains(&error), "{steps} steps: {error}");
        }
    }
    Ok(())
}
