//! Values of the operations at the edges; gradients and PyTorch's values are checked from outside the crate.

use super::*;
use crate::rng::{Noise, Stream};
use candle_core::{DType, Device};

fn row(values: &[f32]) -> Tensor {
    Tensor::new(values, &Device::Cpu).unwrap()
}

fn values(t: &Tensor) -> Vec<f32> {
    t.flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn exponential_is_within_three_parts_in_ten_million() {
    let worst = (-8700..=8700)
        .map(|i| i as f32 / 100.0)
        .map(|x| (f64::from(k::exp(x)) / f64::from(x).exp() - 1.0).abs())
        .fold(0.0, f64::max);
    assert!(worst < 3e-7, "{worst}");
    assert!(k::exp(f32::INFINITY).is_finite() && k::exp(f32::NEG_INFINITY) > 0.0);
}

#[test]
fn softmax_survives_extreme_logits() {
    // torch.softmax(torch.tensor([1e4, 1e4 - 1, -1e9]), -1)
    let y = values(&softmax(&row(&[1e4, 1e4 - 1.0, -1e9])).unwrap());
    for (got, want) in y.iter().zip([0.731_058_6, 0.268_941_4, 0.0]) {
        assert!((got - want).abs() < 1e-6, "{y:?}");
    }
    let even = values(&softmax(&row(&[-1e9; 7])).unwrap());
    assert!(even.iter().all(|x| (x - 1.0 / 7.0).abs() < 1e-6), "{even:?}");
}

#[test]
fn activations_have_their_limits() {
    for (name, y) in [
        ("gelu", gelu(&row(&[-100.0, 0.0, 100.0]))),
        ("gelu_erf", gelu_erf(&row(&[-100.0, 0.0, 100.0]))),
        ("silu", silu(&row(&[-100.0, 0.0, 100.0]))),
    ] {
        let y = values(&y.unwrap());
        assert!(y[0].abs() < 1e-30 && y[1] == 0.0 && y[2] == 100.0, "{name}: {y:?}");
    }
    // torch.nn.functional.gelu(torch.tensor([-1., .5]), approximate="tanh") and silu of the same.
    for (y, want) in [
        (gelu(&row(&[-1.0, 0.5])), [-0.158_808, 0.345_714]),
        (silu(&row(&[-1.0, 0.5])), [-0.268_941_4, 0.311_229_7]),
        // torch.nn.functional.gelu(torch.tensor([-1., .5]))
        (gelu_erf(&row(&[-1.0, 0.5])), [-0.158_655_3, 0.345_731_2]),
    ] {
        for (got, want) in values(&y.unwrap()).iter().zip(want) {
            assert!((got - want).abs() < 1e-6, "{got} instead of {want}");
        }
    }
}

#[test]
fn norms_of_a_constant_row_are_finite() {
    assert!(values(&layer_norm(&row(&[3.0; 40]), 1e-5).unwrap()).iter().all(|x| x.abs() < 1e-2));
    assert_eq!(values(&rms_norm(&row(&[0.0; 40]), 1e-5).unwrap()), [0.0; 40]);
}

#[test]
fn depthwise_conv_is_a_correlation_with_zero_padding() {
    let x = row(&[1.0, 2.0, 3.0, 4.0]).reshape((1, 4, 1)).unwrap();
    let kernel = row(&[10.0, 1.0, 0.1]).reshape((3, 1)).unwrap();
    // numpy.correlate([1, 2, 3, 4], [10, 1, .1], "same")
    for (got, want) in values(&depthwise_conv(&x, &kernel).unwrap()).iter().zip([1.2, 12.3, 23.4, 34.0]) {
        assert!((got - want).abs() < 1e-5, "{got} instead of {want}");
    }
}

#[test]
fn attention_to_one_key_returns_its_value() {
    let tensor = |n: usize, from: f32| {
        let values: Vec<f32> = (0..n * 4).map(|i| from + i as f32).collect();
        Tensor::from_vec(values, (1, n, 4), &Device::Cpu).unwrap()
    };
    let mask = Tensor::new(&[[1f32, 0.0, 0.0]], &Device::Cpu).unwrap();
    let lengths = KeyLengths::from_mask(&mask).unwrap();
    let y = attention(&tensor(2, 0.5), &tensor(3, -1.0), &tensor(3, 7.0), 2, &lengths).unwrap();
    assert_eq!(values(&y), [7.0, 8.0, 9.0, 10.0, 7.0, 8.0, 9.0, 10.0]);
}

#[test]
fn shapes_and_types_that_do_not_fit_are_errors() {
    let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap();
    assert!(swiglu(&zeros(&[2, 3]), &zeros(&[3, 3])).is_err());
    assert!(depthwise_conv(&zeros(&[1, 4, 3]), &zeros(&[3, 2])).is_err());
    assert!(depthwise_conv(&zeros(&[1, 4, 3]), &zeros(&[2, 3])).is_err());
    let lengths = KeyLengths::full(1, 4);
    assert!(attention(&zeros(&[1, 2, 6]), &zeros(&[1, 4, 6]), &zeros(&[1, 4, 6]), 4, &lengths).is_err());
    assert!(attention(&zeros(&[1, 2, 6]), &zeros(&[1, 3, 6]), &zeros(&[1, 3, 6]), 2, &lengths).is_err());
    assert!(KeyLengths::from_mask(&zeros(&[2, 3])).is_err(), "a row without a key");
    assert!(scale_shift(&zeros(&[2, 3, 4]), &zeros(&[2, 1, 4]), &zeros(&[2, 2, 4])).is_err());
}

#[test]
fn cross_kernels_are_both_correlations_with_zeros_around_the_clip() {
    let mut random = Noise::new(7, Stream::Training);
    // Fewer tokens and bands than taps, and more; whole groups of columns, and others.
    for (tokens, bands, dim) in [(1, 1, 32), (2, 3, 64), (9, 12, 32), (9, 12, 5), (4, 7, 33)] {
        let x = random.normals(tokens * bands * dim);
        let [time, band] = [(); 2].map(|()| random.normals(k::TAPS * dim));
        let [bias, weight, shift] = [(); 3].map(|()| random.normals(dim));
        let norm = k::Norm { weight: &weight, bias: &shift, eps: 1e-6 };
        let kernel = k::CrossKernel { time: &time, band: &band, bias: &bias };
        // Not from the first token on.
        let first = tokens / 2;
        let mut out = vec![0.0; (tokens - first) * bands * dim];
        k::cross_kernel(&x, [first, bands], kernel, norm, &mut out);
        for (i, out) in out.chunks_exact(dim).enumerate() {
            let (token, at) = (first + i / bands, i % bands);
            let sum = |c: usize| {
                let value = |token: Option<usize>, band: Option<usize>| match (token, band) {
                    (Some(t), Some(b)) if t < tokens && b < bands => f64::from(x[(t * bands + b) * dim + c]),
                    _ => 0.0,
                };
                let taps = (0..k::TAPS).map(|tap| {
                    let near = |i: usize| (i + tap).checked_sub(k::TAPS / 2);
                    f64::from(time[tap * dim + c]) * value(near(token), Some(at))
                        + f64::from(band[tap * dim + c]) * value(Some(token), near(at))
                });
                f64::from(bias[c]) + taps.sum::<f64>()
            };
            let sums: Vec<f64> = (0..dim).map(sum).collect();
            let mean = sums.iter().sum::<f64>() / dim as f64;
            let deviation = (sums.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / dim as f64 + 1e-6).sqrt();
            for (c, out) in out.iter().enumerate() {
                let wanted = (sums[c] - mean) / deviation * f64::from(weight[c]) + f64::from(shift[c]);
                let place = format!("{tokens} by {bands} by {dim}: token {token}, band {at}, {c}");
                assert!((f64::from(*out) - wanted).abs() < 1e-4, "{place}: {out} for {wanted}");
            }
        }
    }
}
