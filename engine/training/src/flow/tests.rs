//! Loss and gradients against PyTorch (`tests/golden/flow_transformer`).

use crate::batch::{Batch, velocity_loss};
use candle_core::{DType, Device, Tensor, Var};
use candle_nn::VarBuilder;
use std::collections::HashMap;
use std::path::PathBuf;
use straightshot_engine::config::FlowConfig;
use straightshot_engine::flow::Transformer;
use straightshot_engine::text::TextCondition;

/// Relative to the largest value of a tensor; the time embedding alone loses 3e-5 to single precision.
const TOLERANCE: f32 = 2e-4;

fn golden() -> HashMap<String, Tensor> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/golden/flow_transformer/case.safetensors");
    candle_core::safetensors::load(path, &Device::Cpu).expect("re-run tests/golden/export.py")
}

fn values(t: &Tensor) -> Vec<f32> {
    t.flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn loss_and_all_gradients_are_those_of_pytorch() {
    let golden = golden();
    let var = |name: &String| {
        Some((name.strip_prefix("param.")?.to_owned(), Var::from_tensor(&golden[name]).unwrap()))
    };
    let variables: HashMap<String, Var> = golden.keys().filter_map(var).collect();
    let tensors = variables.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone())).collect();
    let vb = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
    let config = FlowConfig { dim: 12, blocks: 2, heads: 2, feed_forward: 20, curves: false };
    let network = Transformer::new(&config, 5, 8, &vb).unwrap();
    let text = TextCondition {
        tokens: golden["text"].clone(),
        mask: golden["text_mask"].clone(),
        pooled: golden["pooled"].clone(),
    };
    let [noise, data, t, mask] = ["noise", "data", "t", "mask"].map(|name| golden[name].clone());
    let got = velocity_loss(&network, &Batch::free(noise, data, mask, text), &t).unwrap();
    let want = golden["loss"].to_scalar::<f32>().unwrap();
    let value = got.to_scalar::<f32>().unwrap();
    assert!((value / want - 1.0).abs() < 1e-5, "loss {value}, expected {want}");

    let grads = got.backward().unwrap();
    for (name, var) in &variables {
        let got = values(grads.get(var).unwrap_or_else(|| panic!("no gradient reaches {name}")));
        let want = values(&golden[&format!("grad.param.{name}")]);
        let scale = want.iter().fold(1e-3f32, |m, x| m.max(x.abs()));
        let worst = got.iter().zip(&want).map(|(a, b)| (a - b).abs() / scale).fold(0.0, f32::max);
        assert!(got.iter().all(|x| x.is_finite()) && worst < TOLERANCE, "{name}: relative error {worst}");
    }
}
