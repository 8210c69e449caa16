//! Value and gradient against PyTorch with the same draws (`tests/golden/energy_distance`), and what the loss is for.

use super::*;
use candle_core::{Device, Var};
use std::collections::HashMap;
use std::path::PathBuf;

const ROWS: usize = 2;
const BINS: usize = 129;
const DRAW: u64 = 3;

fn golden() -> HashMap<String, Tensor> {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/energy_distance/case.safetensors");
    candle_core::safetensors::load(path, &Device::Cpu).expect("re-run tests/golden/export.py")
}

fn values(t: &Tensor) -> Vec<f32> {
    t.flatten_all().unwrap().to_vec1().unwrap()
}

/// The loss with `deviates` (`[rows, 4, bins]`) at the places of the pool that draw [`DRAW`] reads.
fn with_draws(deviates: &[f32]) -> EnergyDistance {
    let mut score = EnergyDistance::new(BINS, 16_000, 1);
    let base = score.pool.as_ptr() as usize;
    let mut pool = vec![f32::NAN; POOL];
    for row in 0..ROWS {
        for (i, slice) in score.deviates(DRAW, row, BINS).iter().enumerate() {
            let at = (slice.as_ptr() as usize - base) / size_of::<f32>();
            let place = &mut pool[at..at + BINS];
            assert!(place.iter().all(|x| x.is_nan()), "two draws of this test overlap");
            place.copy_from_slice(&deviates[(row * 4 + i) * BINS..][..BINS]);
        }
    }
    score.pool = Arc::new(pool);
    score
}

#[test]
fn value_and_gradient_are_those_of_pytorch() {
    let golden = golden();
    let score = with_draws(&values(&golden["deviates"]));
    let parameters = Var::from_tensor(&golden["input.x"]).unwrap();
    let loss = score.loss(parameters.as_tensor(), &golden["target"], DRAW).unwrap();
    let (got, want) = (loss.to_scalar::<f32>().unwrap(), golden["loss"].to_scalar::<f32>().unwrap());
    assert!((got / want - 1.0).abs() < 1e-5, "loss {got}, expected {want}");
    let grads = loss.backward().unwrap();
    let (got, want) = (values(grads.get(&parameters).unwrap()), values(&golden["grad.input.x"]));
    let scale = want.iter().fold(0f32, |m, x| m.max(x.abs()));
    for (i, (got, want)) in got.iter().zip(&want).enumerate() {
        assert!((got - want).abs() < 1e-5 * scale, "gradient {i} is {got}, expected {want}");
    }
}

#[test]
fn bands_cover_every_bin_once() {
    for (bins, rate) in
        [(1, 8_000), (9, 16_000), (33, 8_000), (47, 44_100), (65, 8_000), (513, 44_100), (8193, 192_000)]
    {
        let score = EnergyDistance::new(bins, rate, 1);
        assert_eq!((score.edges.first(), score.edges.last()), (Some(&0), Some(&bins)));
        assert!(score.edges.windows(2).all(|w| w[0] < w[1]), "{bins} bins: {:?}", score.edges);
    }
}

#[test]
fn draws_have_the_stated_variance() {
    let score = EnergyDistance::new(BINS, 16_000, 1);
    let variance = score.pool.iter().map(|x| f64::from(x * x)).sum::<f64>() / POOL as f64;
    assert!((variance - 0.5).abs() < 2e-3, "{variance}");
}

/// Mean loss of a noise amplitude over many draws, for targets that are noise of amplitude one themselves.
fn loss_of(log_noise: f32) -> f32 {
    let (rows, bins) = (400, 64);
    let score = EnergyDistance::new(bins, 16_000, 1);
    let mut random = Noise::new(9, Stream::Latent);
    let target: Vec<f32> = (0..rows * bins)
        .map(|_| 0.5 * (0.5 * (random.normal().powi(2) + random.normal().powi(2))).ln())
        .collect();
    let row = [vec![-20f32; bins], vec![log_noise; bins]].concat();
    let parameters = Tensor::from_vec(row.repeat(rows), (1, rows, 2 * bins), &Device::Cpu).unwrap();
    let target = Tensor::from_vec(target, (1, rows, bins), &Device::Cpu).unwrap();
    score.loss(&parameters, &target, 1).unwrap().to_scalar().unwrap()
}

#[test]
fn the_true_distribution_has_the_smallest_loss() {
    let truth = loss_of(0.0);
    for wrong in [-1.0, -0.3, 0.3, 1.0] {
        assert!(loss_of(wrong) > truth + 0.01, "{wrong}: {} against {truth}", loss_of(wrong));
    }
}

#[test]
fn shapes_that_do_not_fit_are_errors() {
    let score = EnergyDistance::new(BINS, 16_000, 1);
    let tensor =
        |shape: (usize, usize, usize)| Tensor::zeros(shape, candle_core::DType::F32, &Device::Cpu).unwrap();
    assert!(score.loss(&tensor((1, 2, 2 * BINS)), &tensor((1, 3, BINS)), 0).is_err());
    assert!(score.loss(&tensor((1, 2, BINS)), &tensor((1, 2, BINS)), 0).is_err());
    assert!(score.loss(&tensor((1, 2, 2 * BINS + 2)), &tensor((1, 2, BINS + 1)), 0).is_err());
}
