//! What is checked before a launch. What kernels compute is compared when a card is opened, and on every such machine by
//! `straightshot-gpu`.

use super::attention::AttentionArguments;
use super::codec::{CrossArguments, FramesArguments};
use super::rows::{
    ActivateArguments, LinearArguments, NormArguments, ScaleShiftArguments, SwigluArguments, groups,
};
use super::*;
use candle_core::Device;

fn x(dims: &[usize]) -> Tensor {
    Tensor::zeros(dims, DType::F32, &Device::Cpu).unwrap()
}

/// What a launch of fitting tensors of the processor's says instead of launching.
fn launched(result: Result<Tensor>) -> String {
    result.expect_err("there is no card").to_string()
}

#[test]
fn no_tensor_of_the_processor_fits() {
    assert!(!fit(&[&x(&[2, 3])]));
}

#[test]
fn structures_have_the_sizes_of_the_compiled_kernels_parameters() {
    // As in the PTX: `.param .align 8 .b8 NAME_param_0[SIZE]`.
    assert_eq!(size_of::<NormArguments>(), 112);
    assert_eq!(size_of::<ScaleShiftArguments>(), 72);
    assert_eq!(size_of::<ActivateArguments>(), 48);
    assert_eq!(size_of::<SwigluArguments>(), 32);
    assert_eq!(size_of::<LinearArguments>(), 48);
    assert_eq!(size_of::<AttentionArguments>(), 632);
    assert_eq!(size_of::<CrossArguments>(), 80);
    assert_eq!(size_of::<FramesArguments>(), 64);
}

#[cfg(not(feature = "cuda"))]
#[test]
fn every_value_gets_a_thread_and_every_row_a_warp() {
    let rows = launched(norm(&x(&[5, 7, 3]), Norm { weight: Some(&x(&[3])), ..Norm::default() }));
    assert!(rows.contains("norm_rows") && rows.contains("([5, 1, 1], 256"), "{rows}");
    let values = launched(scale_shift(&x(&[2, 50, 3]), None, &x(&[2, 1, 3]), &x(&[2, 50, 3])));
    assert!(values.contains("([2, 1, 1], 256"), "{values}");
    let values = launched(activate(&x(&[257]), None, None, Activation::Gelu));
    assert!(values.contains("([2, 1, 1], 256"), "{values}");
    assert!(launched(swiglu(&x(&[256]), &x(&[256]))).contains("([1, 1, 1], 256"));
    let columns = launched(linear(&x(&[3, 5]), &x(&[5, 33]), Some(&x(&[33])), Activation::Silu));
    assert!(columns.contains("([2, 3, 1], 256"), "{columns}");
}

#[cfg(not(feature = "cuda"))]
#[test]
fn attention_has_a_block_for_eight_queries_of_a_head_and_knows_all_lengths() {
    let (q, k, gate, table) = (x(&[2, 9, 12]), x(&[2, 5, 12]), x(&[3]), x(&[9, 2]));
    let text = Text { key: &k, value: &k, lengths: &[1, 5], gate: &gate };
    let heads = Heads {
        query: &q,
        key: &q,
        value: &q,
        lengths: &[9, 4],
        heads: 3,
        biases: None,
        rotation: Some([&table, &table]),
        text: Some(text),
    };
    let said = launched(attention(heads));
    assert!(said.contains("([2, 3, 2], 128"), "{said}");
    let refused = |heads| {
        let said = launched(attention(heads));
        assert!(said.contains("does not fit"), "{said}");
    };
    refused(Heads { lengths: &[9, 10], ..heads });
    refused(Heads { lengths: &[0, 9], ..heads });
    refused(Heads { lengths: &[9], ..heads });
    refused(Heads { heads: 5, ..heads });
    refused(Heads { rotation: Some([&k, &k]), ..heads });
    refused(Heads { text: Some(Text { gate: &table, ..text }), ..heads });
    refused(Heads { value: &k, ..heads });
    assert!(attention_fits(MOST_BATCH, MOST_HEAD_DIM) && !attention_fits(MOST_BATCH + 1, 2));
    assert!(!attention_fits(1, MOST_HEAD_DIM + 2) && !attention_fits(1, 3));
}

#[cfg(not(feature = "cuda"))]
#[test]
fn bands_of_all_groups_make_the_bins_of_the_frames() {
    let (low, high) = (x(&[8]), x(&[16]));
    let part = |bands: usize, bias| BandPart {
        values: x(&[1, 3, bands, Tensor::elem_count(bias)]),
        bias,
        bins: bias.elem_count() / 4,
    };
    let said = launched(frames(&[part(4, &low), part(2, &high)], 2, [2.0, -6.0]));
    assert!(said.contains("frames") && said.contains("([1, 1, 1], 256"), "{said}");
    let wrong = BandPart { bins: 3, ..part(4, &low) };
    assert!(launched(frames(&[wrong], 2, [2.0, -6.0])).contains("does not fit"));
    assert!(launched(frames(&[], 2, [2.0, -6.0])).contains("without bands"));
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let wrong: Vec<Result<Tensor>> = vec![
        norm(&x(&[5, 3]), Norm { weight: Some(&x(&[4])), ..Norm::default() }),
        norm(&x(&[5, 3]), Norm { add: Some(&x(&[5, 4])), ..Norm::default() }),
        norm(&x(&[5, 3]), Norm { modulation: Some([&x(&[2, 1, 3]), &x(&[2, 1, 3])]), ..Norm::default() }),
        scale_shift(&x(&[2, 4, 3]), None, &x(&[2, 4, 3]), &x(&[2, 1, 3])),
        scale_shift(&x(&[2, 4, 3]), Some(&x(&[4])), &x(&[2, 1, 3]), &x(&[2, 1, 3])),
        activate(&x(&[2, 3]), Some(&x(&[2])), None, Activation::None),
        activate(&x(&[2, 3]), None, Some(&x(&[3, 2])), Activation::None),
        swiglu(&x(&[2, 3]), &x(&[3, 2])),
        linear(&x(&[2, 3]), &x(&[2, 3]), None, Activation::None),
        linear(&x(&[2, 3]), &x(&[3, 4]), Some(&x(&[3])), Activation::None),
    ];
    for result in wrong {
        let said = launched(result);
        assert!(said.contains("does not fit the kernel"), "{said}");
    }
    let (kernel, bias) = (x(&[7, 6]), x(&[6]));
    let cross = Cross { kernels: [&kernel, &kernel], kernel_bias: &bias, norm: [&bias, &bias], eps: 1e-6 };
    for dims in [[1, 4, 3, 5], [1, 4, 3, 7]] {
        assert!(launched(cross_norm(&x(&dims), cross)).contains("does not fit"));
    }
    let even = x(&[6, 6]);
    assert!(
        launched(cross_norm(&x(&[1, 4, 3, 6]), Cross { kernels: [&even, &even], ..cross }))
            .contains("does not fit")
    );
}

#[test]
fn rows_of_a_part_lie_in_groups_of_one_stride() {
    let whole = x(&[2, 5, 8, 3]);
    assert_eq!(groups(&whole), Some((80, 240)));
    assert_eq!(groups(&whole.narrow(2, 1, 4).unwrap()), Some((4, 24)));
    assert_eq!(groups(&whole.narrow(1, 1, 4).unwrap()), None);
    assert_eq!(groups(&whole.narrow(0, 1, 1).unwrap().narrow(2, 0, 7).unwrap()), Some((7, 24)));
    assert_eq!(groups(&whole.narrow(3, 0, 2).unwrap()), None);
    assert_eq!(groups(&whole.transpose(1, 2).unwrap()), None);
}
