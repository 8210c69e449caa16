//! Each composed form beside the fused one: values and gradients in single precision, values in half precision.

use super::super::{self as fused, KeyLengths};
use super::*;
use crate::nn::RotaryTable;
use crate::rng::{Noise, Stream};
use candle_core::{Device, Var};

/// Of sums of up to a hundred products in another order.
const ROUNDING: f32 = 2e-5;
/// Of a few roundings to the 11 bits of `f16`, relative to values of a few units.
const HALF_ROUNDING: f32 = 2e-2;

type Operation = Box<dyn Fn(&[Tensor]) -> Result<Tensor>>;

/// An operation, how it is composed, and the shapes of its inputs.
struct Case {
    name: &'static str,
    fused: Operation,
    composed: Operation,
    shapes: Vec<Vec<usize>>,
}

fn case(
    name: &'static str,
    fused: impl Fn(&[Tensor]) -> Result<Tensor> + 'static,
    composed: impl Fn(&[Tensor]) -> Result<Tensor> + 'static,
    shapes: &[&[usize]],
) -> Case {
    let shapes = shapes.iter().map(|shape| shape.to_vec()).collect();
    Case { name, fused: Box::new(fused), composed: Box::new(composed), shapes }
}

/// Sizes that are no multiples of vectors, several batch rows and heads.
fn cases() -> Vec<Case> {
    let table = RotaryTable::new(9, 6, 10_000.0);
    let turned = table.clone();
    let padded = KeyLengths::from_mask(&mask()).unwrap();
    let full = KeyLengths::full(2, 5);
    let x: &'static [usize] = &[2, 7, 13];
    let mut cases = dense_cases(x);
    cases.extend([
        case("layer_norm", |x| fused::layer_norm(&x[0], 1e-5), |x| layer_norm(&x[0], 1e-5), &[x]),
        case("rms_norm", |x| fused::rms_norm(&x[0], 1e-5), |x| rms_norm(&x[0], 1e-5), &[x]),
        case("softmax", |x| fused::softmax(&x[0]), |x| softmax(&x[0]), &[x]),
        case("silu", |x| fused::silu(&x[0]), |x| silu(&x[0]), &[x]),
        case("swiglu", |x| fused::swiglu(&x[0], &x[1]), |x| swiglu(&x[0], &x[1]), &[x, x]),
        case(
            "depthwise_conv",
            |x| fused::depthwise_conv(&x[0], &x[1]),
            |x| depthwise_conv(&x[0], &x[1]),
            &[x, &[5, 13]],
        ),
        case("add_bias", |x| fused::add_bias(&x[0], &x[1]), |x| add_bias(&x[0], &x[1]), &[x, &[13]]),
        case(
            "scale_shift, one shift per row",
            |x| fused::scale_shift(&x[0], &x[1], &x[2]),
            |x| scale_shift(&x[0], &x[1], &x[2]),
            &[x, &[2, 1, 13], &[2, 1, 13]],
        ),
        case(
            "scale_shift onto a residual",
            |x| fused::scale_shift(&x[0], &x[1], &x[2]),
            |x| scale_shift(&x[0], &x[1], &x[2]),
            &[x, &[2, 1, 13], x],
        ),
        case(
            "attention over padded keys",
            move |x| fused::attention(&x[0], &x[1], &x[2], 2, &padded),
            |x| attention(&x[0], &x[1], &x[2], 2, &[3, 5]),
            &[&[2, 7, 12], &[2, 5, 12], &[2, 5, 12]],
        ),
        case(
            "attention",
            move |x| fused::attention(&x[0], &x[1], &x[2], 3, &full),
            |x| attention(&x[0], &x[1], &x[2], 3, &[5, 5]),
            &[&[2, 7, 12], &[2, 5, 12], &[2, 5, 12]],
        ),
        case(
            "rope",
            move |x| table.apply(&x[0]),
            move |x| {
                let [cos, sin] = turned.tensors(x[0].device())?;
                rotate(&x[0], &cos.narrow(0, 0, 7)?, &sin.narrow(0, 0, 7)?)
            },
            &[&[2, 7, 12]],
        ),
    ]);
    cases
}

/// What stands around a product in a feed-forward layer.
fn dense_cases(x: &'static [usize]) -> Vec<Case> {
    vec![
        case("gelu", |x| fused::gelu(&x[0]), |x| gelu(&x[0]), &[x]),
        case("gelu_erf", |x| fused::gelu_erf(&x[0]), |x| gelu_erf(&x[0]), &[x]),
        case(
            "linear",
            |x| fused::linear(&x[0], &x[1], Some(&x[2])),
            |x| linear(&x[0], &x[1], Some(&x[2])),
            &[x, &[13, 9], &[9]],
        ),
        case(
            "linear without bias",
            |x| fused::linear(&x[0], &x[1], None),
            |x| linear(&x[0], &x[1], None),
            &[x, &[13, 9]],
        ),
    ]
}

fn mask() -> Tensor {
    Tensor::new(&[[1f32, 1., 1., 0., 0.], [1., 1., 1., 1., 1.]], &Device::Cpu).unwrap()
}

fn inputs(shapes: &[Vec<usize>]) -> Vec<Var> {
    let mut random = Noise::new(11, Stream::Training);
    shapes
        .iter()
        .map(|shape| Var::from_tensor(&random.normal_tensor(shape.clone(), &Device::Cpu).unwrap()).unwrap())
        .collect()
}

fn tensors(vars: &[Var]) -> Vec<Tensor> {
    vars.iter().map(|var| var.as_tensor().clone()).collect()
}

fn largest_difference(a: &Tensor, b: &Tensor) -> f32 {
    assert_eq!(a.shape(), b.shape());
    (a - b).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar().unwrap()
}

/// The result and the gradients of a weighted sum of it by all inputs.
fn run(operation: &Operation, vars: &[Var]) -> Vec<Tensor> {
    let y = operation(&tensors(vars)).unwrap();
    let weights = Noise::new(12, Stream::Training).normal_tensor(y.shape().clone(), &Device::Cpu).unwrap();
    let grads = (&y * weights).unwrap().sum_all().unwrap().backward().unwrap();
    let of = |var: &Var| grads.get(var.as_tensor()).expect("a gradient").clone();
    std::iter::once(y).chain(vars.iter().map(of)).collect()
}

#[test]
fn composed_forms_have_the_values_and_gradients_of_the_fused_ones() {
    for Case { name, fused, composed, shapes } in cases() {
        let vars = inputs(&shapes);
        for (i, (a, b)) in run(&fused, &vars).iter().zip(&run(&composed, &vars)).enumerate() {
            let error = largest_difference(a, b);
            assert!(error < ROUNDING, "{name}, {}: {error}", if i == 0 { "value" } else { "gradient" });
        }
    }
}

#[test]
fn composed_forms_have_the_same_values_where_no_gradient_is_wanted() {
    for Case { name, fused, composed, shapes } in cases() {
        let inputs: Vec<Tensor> = tensors(&inputs(&shapes)).iter().map(Tensor::detach).collect();
        let y = composed(&inputs).unwrap();
        assert!(!y.track_op(), "{name}");
        let error = largest_difference(&fused(&inputs).unwrap(), &y);
        assert!(error < ROUNDING, "{name}: {error}");
    }
}

#[test]
fn half_precision_is_near_single_precision() {
    for Case { name, fused, shapes, .. } in cases() {
        let single = tensors(&inputs(&shapes));
        let half: Vec<Tensor> = single.iter().map(|x| x.to_dtype(DType::F16).unwrap()).collect();
        // The public form: it must see by itself that the fused one is not for these.
        let y = fused(&half).unwrap();
        let keeps_single = name.ends_with("norm");
        assert_eq!(y.dtype(), if keeps_single { DType::F32 } else { DType::F16 }, "{name}");
        let error = largest_difference(&y.to_dtype(DType::F32).unwrap(), &fused(&single).unwrap());
        assert!(error < HALF_ROUNDING, "{name}: {error}");
    }
}

#[test]
fn half_precision_reaches_a_residual_of_single_precision() {
    let x = tensors(&inputs(&[vec![2, 7, 13], vec![2, 1, 13], vec![2, 7, 13]]));
    let half = x[0].to_dtype(DType::F16).unwrap();
    let y = fused::scale_shift(&half, &x[1], &x[2]).unwrap();
    assert_eq!(y.dtype(), DType::F32);
    assert!(largest_difference(&y, &fused::scale_shift(&x[0], &x[1], &x[2]).unwrap()) < HALF_ROUNDING);
}
