//! What the score is for, and its gradient by finite differences.

use super::*;
use candle_core::{Device, Var};
use straightshot_engine::rng::{Noise, Stream};

const BINS: [usize; 3] = [1, 2, 5];

/// `[2, 64, 3]` levels around -3.
fn levels(seed: u64) -> Tensor {
    let noise = Noise::new(seed, Stream::Training).normal_tensor((2, 64, 3), &Device::Cpu).unwrap();
    (noise - 3.0).unwrap()
}

fn score(a: &Tensor, b: &Tensor, y: &Tensor) -> f32 {
    loss([a, b], y, &BINS, 5).unwrap().to_scalar().unwrap()
}

#[test]
fn the_recording_itself_is_the_best_guess_and_its_distance_nothing() {
    let y = levels(1);
    let exact = score(&y, &y, &y);
    assert!(exact.abs() < 0.02, "{exact}");
    assert!(score(&levels(2), &levels(3), &y) > 1.0);
}

/// Levels that jump from frame to frame have the distribution of every number right and that of no vector.
#[test]
fn draws_of_the_right_distribution_are_better_than_their_mean_and_than_numbers_in_disorder() {
    // Clips whose level is one random number.
    let clip = |seed: u64| {
        let level = Noise::new(seed, Stream::Training).normal_tensor((2, 1, 1), &Device::Cpu).unwrap();
        (level.broadcast_as((2, 64, 3)).unwrap().contiguous().unwrap() - 3.0).unwrap()
    };
    let mean = |make: &dyn Fn(u64) -> Tensor| {
        let scores = (0..200).map(|i| score(&make(3 * i), &make(3 * i + 1), &clip(10_000 + i)));
        scores.sum::<f32>() / 200.0
    };
    let (right, middle, disorder) =
        (mean(&clip), mean(&|_| (levels(1) * 0.0).unwrap().affine(1.0, -3.0).unwrap()), mean(&levels));
    assert!(right < 0.95 * middle && right < 0.95 * disorder, "{right}, {middle}, {disorder}");
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let (a, b, y) = (Var::from_tensor(&levels(4)).unwrap(), levels(5), levels(6));
    let grads = loss([a.as_tensor(), &b], &y, &BINS, 5).unwrap().backward().unwrap();
    let slope = grads.get(&a).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let values = a.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let step = 2e-2;
    let moved = |i: usize, by: f32| {
        let mut values = values.clone();
        values[i] += by;
        score(&Tensor::from_vec(values, (2, 64, 3), &Device::Cpu).unwrap(), &b, &y)
    };
    let largest = slope.iter().fold(0f32, |most, x| most.max(x.abs()));
    let mut near = 0;
    for i in (0..values.len()).step_by(7) {
        let wanted = (moved(i, step) - moved(i, -step)) / (2.0 * step);
        near += usize::from((slope[i] - wanted).abs() < 0.1 * largest);
    }
    // A difference can lie across the kink of an absolute value.
    assert!(near >= 52, "{near} of 55");
}

#[test]
fn levels_below_the_floor_are_at_the_floor_and_pull_nowhere() {
    let low = Var::from_tensor(&(levels(7) - 30.0).unwrap()).unwrap();
    let silent = (levels(1) * 0.0).unwrap().affine(1.0, f64::from(LEVEL_FLOOR.ln())).unwrap();
    let value = loss([low.as_tensor(), low.as_tensor()], &silent, &BINS, 0).unwrap();
    assert!(value.to_scalar::<f32>().unwrap().abs() < 0.02);
    let slope = value.backward().unwrap().get(&low).unwrap().abs().unwrap().max_all().unwrap();
    assert!(slope.to_scalar::<f32>().unwrap() < 1e-6);
}
