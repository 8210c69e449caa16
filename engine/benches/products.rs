//! Products with weights in bytes beside the same with weights in `f32`, in turn.
//!
//! `cargo bench -p straightshot-engine --bench products`: the sizes of the default model, on one thread. The first figure
//! is the best of many runs in 10⁹ operations per second, rounding and interleaving of the rows included, the second
//! that of gemm; both are layers of the engine and differ in the weights only. The last is the error of the product with
//! bytes against that with the same weights in `f32`, both root mean square.

#![expect(clippy::print_stdout, reason = "the result of a program that measures")]

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::VarBuilder;
use std::collections::HashMap;
use std::time::Instant;
use straightshot_engine::nn::Linear;
use straightshot_engine::nn::linear::LinearInit;
use straightshot_engine::rng::{Noise, Stream};

/// What is multiplied where, `[rows, inputs, outputs]`.
const SIZES: [(&str, [usize; 3]); 7] = [
    ("feed-forward, 2 s", [43, 256, 704]),
    ("feed-forward, 10 s", [215, 256, 704]),
    ("behind the heads, 2 s", [43, 256, 256]),
    ("decoder, widening", [128, 128, 384]),
    ("decoder, narrowing", [128, 384, 128]),
    ("text, 10 words", [10, 384, 1536]),
    ("modulation", [1, 256, 1536]),
];
/// Pairs of runs of each size.
const RUNS: usize = 400;

fn main() -> Result<()> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(candle_core::Error::wrap)?;
    println!("{:<24} {:>14} {:>9} {:>9} {:>7} {:>9}", "", "size", "bytes", "f32", "ratio", "error");
    for (name, size) in SIZES {
        let ([bytes, numbers], error) = pool.install(|| measure(size))?;
        let [rows, inputs, outputs] = size;
        println!(
            "{name:<24} {:>14} {bytes:>9.1} {numbers:>9.1} {:>7.2} {error:>9.1e}",
            format!("{rows}x{inputs}x{outputs}"),
            bytes / numbers
        );
    }
    Ok(())
}

/// The best of all runs, with bytes and with numbers, and the error of the one with bytes.
fn measure([rows, inputs, outputs]: [usize; 3]) -> Result<([f64; 2], f32)> {
    let mut random = Noise::new(1, Stream::Evaluation);
    // The largest code is in every row, as the scale of a stored row makes it.
    let code = |i: usize| if i.is_multiple_of(outputs) { 127.0 } else { random.below(255) as f32 - 127.0 };
    let codes: Vec<f32> = (0..inputs * outputs).map(code).collect();
    let x = random.normals(rows * inputs);
    let x = Tensor::from_vec(x, (rows, inputs), &Device::Cpu)?;
    // Halves between the codes of bytes: the engine leaves such a weight as it is.
    let layers =
        [layer(codes.clone(), outputs)?, layer(codes.iter().map(|v| v * 0.973_21 + 0.5).collect(), outputs)?];
    let mut best = [f64::MAX; 2];
    for _ in 0..RUNS {
        for (layer, best) in layers.iter().zip(&mut best) {
            let start = Instant::now();
            std::hint::black_box(layer.forward(&x)?);
            *best = best.min(start.elapsed().as_secs_f64());
        }
    }
    let exact = x.matmul(&Tensor::from_vec(codes, (inputs, outputs), &Device::Cpu)?)?;
    let square = |x: &Tensor| x.sqr()?.mean_all()?.to_scalar::<f32>();
    let error = (square(&(layers[0].forward(&x)? - &exact)?)? / square(&exact)?).sqrt();
    Ok((best.map(|seconds| 2e-9 * (rows * inputs * outputs) as f64 / seconds), error))
}

fn layer(weight: Vec<f32>, outputs: usize) -> Result<Linear> {
    let inputs = weight.len() / outputs;
    let tensors = HashMap::from([
        ("weight".to_owned(), Tensor::from_vec(weight, (inputs, outputs), &Device::Cpu)?),
        ("bias".to_owned(), Tensor::zeros(outputs, DType::F32, &Device::Cpu)?),
    ]);
    let vb = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
    Linear::new(inputs, outputs, true, LinearInit::Zero, &vb)
}
