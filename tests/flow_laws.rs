//! Laws of the flow that hold for any weights: path, solvers, guidance, masks.

use crate::tiny_model;
use anyhow::Result;
use candle_core::{DType, Device, Tensor};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use straightshot_engine::flow::{Guided, Method, Transformer, VelocityField, integrate, path, uniform_grid};
use straightshot_engine::model::part;
use straightshot_engine::rng::{Noise, Stream};
use straightshot_engine::stft::Stft;
use straightshot_engine::text::TextCondition;
use straightshot_engine::{Error, ErrorKind};

const METHODS: [Method; 4] = [Method::Euler, Method::Midpoint, Method::Heun, Method::AdamsBashforth];
const CHANNELS: usize = 6;
const TEXT_DIM: usize = 12;

fn normals(seed: u64, shape: (usize, usize, usize)) -> Result<Tensor> {
    Ok(Noise::new(seed, Stream::Latent).normal_tensor(shape, &Device::Cpu)?)
}

fn bytes(x: &Tensor) -> Result<Vec<u32>> {
    Ok(x.flatten_all()?.to_vec1::<f32>()?.into_iter().map(f32::to_bits).collect())
}

fn largest_difference(a: &Tensor, b: &Tensor) -> Result<f64> {
    assert_eq!(a.dims(), b.dims());
    Ok((a - b)?.abs()?.flatten_all()?.max(0)?.to_dtype(DType::F64)?.to_scalar::<f64>()?)
}

#[test]
fn path_starts_at_noise_and_ends_at_data() -> Result<()> {
    let (noise, data) = (normals(1, (2, 3, 4))?, normals(2, (2, 3, 4))?);
    let at = |t: f32| path::interpolate(&noise, &data, &Tensor::full(t, 2, &Device::Cpu)?);
    assert_eq!(bytes(&at(path::NOISE_TIME as f32)?)?, bytes(&noise)?);
    assert_eq!(bytes(&at(path::DATA_TIME as f32)?)?, bytes(&data)?);
    Ok(())
}

#[test]
fn velocity_is_the_derivative_of_the_path() -> Result<()> {
    let (noise, data) = (normals(1, (2, 3, 4))?, normals(2, (2, 3, 4))?);
    let velocity = path::velocity(&noise, &data)?;
    // A time of its own for each row.
    let at = |t: [f32; 2]| path::interpolate(&noise, &data, &Tensor::new(&t, &Device::Cpu)?);
    let h = 0.125;
    let slope = ((at([0.25 + h, 0.5 + h])? - at([0.25 - h, 0.5 - h])?)? / f64::from(2.0 * h))?;
    assert!(largest_difference(&slope, &velocity)? < 1e-5);
    Ok(())
}

#[test]
fn one_step_is_exact_on_a_straight_field() -> Result<()> {
    let (noise, data) = (normals(1, (1, 5, 4))?, normals(2, (1, 5, 4))?);
    let velocity = path::velocity(&noise, &data)?;
    for method in METHODS {
        let field = |_: &Tensor, _: f64| Ok(velocity.clone());
        let end = integrate(&field, method, &uniform_grid(1), &noise, &mut |_| Ok(()))?;
        assert!(largest_difference(&end, &data)? < 1e-6, "{method:?}");
    }
    Ok(())
}

/// Error at `t = 1` of `dx/dt = t x²`, whose solution is `1 / (1/x(0) - t²/2)`, in double precision.
fn error_on_a_curved_field(method: Method, steps: u32) -> Result<f64> {
    let start = Tensor::new(&[[[0.8f64, -0.5]]], &Device::Cpu)?;
    let field = |x: &Tensor, t: f64| Ok((x.sqr()? * t)?);
    let end = integrate(&field, method, &uniform_grid(steps), &start, &mut |_| Ok(()))?;
    largest_difference(&end, &(start.recip()? - 0.5)?.recip()?)
}

#[test]
fn solvers_converge_with_their_order() -> Result<()> {
    for (method, order) in METHODS.into_iter().zip([1.0, 2.0, 2.0, 2.0]) {
        let measured = (error_on_a_curved_field(method, 64)? / error_on_a_curved_field(method, 128)?).log2();
        assert!((measured - order).abs() < 0.05, "{method:?} has order {measured}");
    }
    Ok(())
}

#[test]
fn solvers_visit_the_grid_and_count_their_evaluations() -> Result<()> {
    let grid = [0.0, 0.1, 0.5, 1.0];
    for method in METHODS {
        let (evaluations, mut steps) = (Cell::new(0), Vec::new());
        let field = |x: &Tensor, t: f64| {
            assert!((0.0..=1.0).contains(&t));
            evaluations.set(evaluations.get() + 1);
            Ok(x.zeros_like()?)
        };
        integrate(&field, method, &grid, &normals(1, (1, 2, 3))?, &mut |i| {
            steps.push(i);
            Ok(())
        })?;
        assert_eq!(evaluations.get(), 3 * method.evaluations(), "{method:?}");
        assert_eq!(steps, [0, 1, 2]);
    }
    Ok(())
}

#[test]
fn uniform_grids_rise_from_noise_to_data() {
    for steps in 1..=64 {
        let grid = uniform_grid(steps);
        assert_eq!(grid.len(), steps as usize + 1);
        assert!(grid[0] == path::NOISE_TIME && grid[steps as usize] == path::DATA_TIME, "{steps} steps");
        assert!(grid.windows(2).all(|w| (w[1] - w[0] - 1.0 / f64::from(steps)).abs() < 1e-12));
    }
}

#[test]
fn bad_grids_are_errors() -> Result<()> {
    let x = normals(1, (1, 2, 3))?;
    let field = |_: &Tensor, _: f64| panic!("a bad grid must not be followed");
    let bad: [&[f64]; 10] = [
        &[],
        &[0.0],
        &[0.0, 0.5],
        &[0.1, 1.0],
        &[1.0, 0.0],
        &[0.0, 0.5, 0.5, 1.0],
        &[0.0, 0.7, 0.3, 1.0],
        &[0.0, f64::NAN, 1.0],
        &[0.0, 1.5, 1.0],
        &[0.0, f64::INFINITY],
    ];
    for grid in bad {
        let error = integrate(&field, Method::Euler, grid, &x, &mut |_| Ok(())).expect_err("a bad grid");
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{grid:?}");
    }
    Ok(())
}

fn transformer() -> Result<Transformer> {
    let vb = part(&mut tiny_model::tensors(1)?, "flow.", &Device::Cpu)?;
    Ok(Transformer::new(&tiny_model::config().flow, CHANNELS, TEXT_DIM, &vb)?)
}

/// Random text features of `tokens` tokens.
fn text(seed: u64, tokens: usize) -> Result<TextCondition> {
    Ok(TextCondition {
        tokens: normals(seed, (1, tokens, TEXT_DIM))?,
        mask: Tensor::ones((1, tokens), DType::F32, &Device::Cpu)?,
        pooled: normals(seed + 100, (1, 1, TEXT_DIM))?.squeeze(1)?,
    })
}

/// The network's velocity at a time per row, without interruption.
fn velocity(
    network: &Transformer,
    x: &Tensor,
    t: &[f32],
    text: &TextCondition,
    mask: Option<&Tensor>,
) -> Result<Tensor> {
    let t = Tensor::new(t, &Device::Cpu)?;
    Ok(network.forward(x, &t, &network.condition(text)?, mask, &|| Ok(()))?)
}

/// The guided velocity at `t = 0.3` for a text and a negative text.
fn guided(network: &Transformer, x: &Tensor, scale: f64) -> Result<Tensor> {
    let condition = network.condition(&text(2, 4)?.cat(&text(3, 2)?)?)?;
    Ok(Guided::new(network, condition, scale, || Ok(())).velocity(x, 0.3)?)
}

#[test]
fn guidance_of_one_is_the_unguided_field_bit_for_bit() -> Result<()> {
    let (network, x) = (transformer()?, normals(1, (1, 7, CHANNELS))?);
    let condition = network.condition(&text(2, 4)?)?;
    let one = Guided::new(&network, condition, 1.0, || Ok(())).velocity(&x, 0.3)?;
    assert_eq!(bytes(&one)?, bytes(&velocity(&network, &x, &[0.3], &text(2, 4)?, None)?)?);
    Ok(())
}

#[test]
fn guidance_extrapolates_from_the_negative_to_the_prompt() -> Result<()> {
    let (network, x) = (transformer()?, normals(1, (1, 7, CHANNELS))?);
    let prompt = velocity(&network, &x, &[0.3], &text(2, 4)?, None)?;
    let negative = velocity(&network, &x, &[0.3], &text(3, 2)?, None)?;
    assert!(largest_difference(&prompt, &negative)? > 1e-2, "the text has no effect");
    for scale in [0.0, 0.5, 3.0, 15.0] {
        let expected = (&negative + ((&prompt - &negative)? * scale)?)?;
        assert!(largest_difference(&guided(&network, &x, scale)?, &expected)? < 1e-4, "scale {scale}");
    }
    Ok(())
}

#[test]
fn rows_of_a_batch_do_not_see_each_other() -> Result<()> {
    let network = transformer()?;
    let (a, b, c) =
        (normals(1, (1, 7, CHANNELS))?, normals(2, (1, 7, CHANNELS))?, normals(3, (1, 7, CHANNELS))?);
    let texts = text(1, 4)?.cat(&text(2, 3)?)?.cat(&text(3, 6)?)?;
    let together = velocity(&network, &Tensor::cat(&[&a, &b, &c], 0)?, &[0.1, 0.5, 0.9], &texts, None)?;
    let rows = [(a, 0.1, text(1, 4)?), (b, 0.5, text(2, 3)?), (c, 0.9, text(3, 6)?)];
    for (i, (x, t, text)) in rows.into_iter().enumerate() {
        let alone = velocity(&network, &x, &[t], &text, None)?;
        let difference = largest_difference(&together.narrow(0, i, 1)?, &alone)?;
        assert!(difference < 1e-5, "row {i} differs by {difference}");
    }
    Ok(())
}

#[test]
fn padding_frames_do_not_leak() -> Result<()> {
    let (network, words) = (transformer()?, text(1, 4)?);
    let (short, long) = (normals(1, (1, 5, CHANNELS))?, normals(2, (1, 9, CHANNELS))?);
    // What stands in the padding is loud, so that any leak shows.
    let padding = (normals(3, (1, 4, CHANNELS))? * 50.0)?;
    let batch = Tensor::cat(&[&Tensor::cat(&[&short, &padding], 1)?, &long], 0)?;
    let mask = Tensor::from_vec([vec![1f32; 5], vec![0.0; 4], vec![1.0; 9]].concat(), (2, 9), &Device::Cpu)?;
    let texts = words.repeat_each(2)?;
    let together = velocity(&network, &batch, &[0.4, 0.4], &texts, Some(&mask))?;
    let alone = velocity(&network, &short, &[0.4], &words, None)?;
    assert!(largest_difference(&together.narrow(0, 0, 1)?.narrow(1, 0, 5)?, &alone)? < 1e-5);
    let alone = velocity(&network, &long, &[0.4], &words, None)?;
    assert!(largest_difference(&together.narrow(0, 1, 1)?, &alone)? < 1e-5);
    // Without the mask the padding must be seen, or this test would prove nothing.
    let unmasked = velocity(&network, &batch, &[0.4, 0.4], &texts, None)?;
    assert!(largest_difference(&unmasked.narrow(0, 0, 1)?, &together.narrow(0, 0, 1)?)? > 1e-3);
    Ok(())
}

#[test]
fn padding_tokens_do_not_leak() -> Result<()> {
    let (network, x, words) = (transformer()?, normals(1, (1, 6, CHANNELS))?, text(1, 3)?);
    let alone = velocity(&network, &x, &[0.4], &words, None)?;
    let padded = TextCondition {
        tokens: Tensor::cat(&[&words.tokens, &(normals(4, (1, 5, TEXT_DIM))? * 50.0)?], 1)?,
        mask: words.mask.pad_with_zeros(1, 0, 5)?,
        pooled: words.pooled.clone(),
    };
    assert!(largest_difference(&velocity(&network, &x, &[0.4], &padded, None)?, &alone)? < 1e-5);
    let unmasked = TextCondition { mask: Tensor::ones((1, 8), DType::F32, &Device::Cpu)?, ..padded };
    assert!(largest_difference(&velocity(&network, &x, &[0.4], &unmasked, None)?, &alone)? > 1e-3);
    Ok(())
}

#[test]
fn cancellation_is_honoured_between_blocks() -> Result<()> {
    let (network, x) = (transformer()?, normals(1, (1, 5, CHANNELS))?);
    let blocks = network.block_count();
    assert!(blocks > 2);
    // The second block of the second step.
    let stop_at = blocks + 2;
    let calls = AtomicUsize::new(0);
    let between = || {
        if calls.fetch_add(1, Ordering::Relaxed) + 1 == stop_at {
            Err(Error::new(ErrorKind::Cancelled, "Cancelled"))
        } else {
            Ok(())
        }
    };
    let condition = network.condition(&text(1, 3)?.cat(&text(2, 3)?)?)?;
    let field = Guided::new(&network, condition, 2.0, between);
    let mut steps = Vec::new();
    let result = integrate(&field, Method::Euler, &uniform_grid(4), &x, &mut |i| {
        steps.push(i);
        Ok(())
    });
    assert_eq!(result.expect_err("it was cancelled").kind(), ErrorKind::Cancelled);
    assert_eq!(calls.load(Ordering::Relaxed), stop_at, "no block runs after the one that was refused");
    assert_eq!(steps, [0, 1]);
    Ok(())
}

#[test]
fn longer_noise_starts_with_the_shorter() -> Result<()> {
    let noise = |tokens| Noise::new(42, Stream::Latent).normal_tensor((1, tokens, CHANNELS), &Device::Cpu);
    // Odd counts too: the deviates come in pairs.
    for (short, long) in [(1, 2), (7, 9), (31, 938)] {
        assert_eq!(bytes(&noise(short)?)?, bytes(&noise(long)?.narrow(1, 0, short)?)?);
    }
    Ok(())
}

#[test]
fn inverse_transform_gives_the_signal_back() {
    for (n_fft, hop) in [(1024, 256), (64, 32), (64, 16), (2048, 512)] {
        let (stft, frames) = (Stft::new(n_fft, hop), 24);
        let signal = Noise::new(1, Stream::Texture).normals(frames * hop);
        let back = stft.inverse(&stft.forward(&signal, frames));
        assert_eq!(back.len(), signal.len());
        let worst = signal.iter().zip(&back).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-4, "{n_fft}/{hop}: largest error {worst}");
    }
}
