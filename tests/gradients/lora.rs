//! Gradients of low-rank factors through the whole network.

use super::Bench;
use crate::tiny_model;
use anyhow::Result;
use candle_core::{DType, Device, Tensor};
use candle_nn::{VarBuilder, VarMap};
use straightshot_engine::config::FlowConfig;
use straightshot_engine::flow::Transformer;
use straightshot_engine::text::TextCondition;
use straightshot_training::lora::Lora;

const SIZES: FlowConfig = FlowConfig { dim: 8, blocks: 2, heads: 2, feed_forward: 12, curves: false };
const CHANNELS: usize = 3;
const TEXT: usize = 5;

#[test]
fn low_rank_factors() -> Result<()> {
    let all = VarMap::new();
    Transformer::new(&SIZES, CHANNELS, TEXT, &VarBuilder::from_varmap(&all, DType::F32, &Device::Cpu))?;
    // Not variables: what is adapted stays as it is.
    let base = tiny_model::randomise(&all, 3)?.into_iter().map(|(name, t)| (name, t.detach())).collect();
    let mut bench = Bench::new();
    let x = bench.constant((2, 4, CHANNELS))?;
    let text = TextCondition {
        tokens: bench.constant((2, 3, TEXT))?,
        mask: Tensor::new(&[[1f32, 1.0, 1.0], [1.0, 0.0, 0.0]], &Device::Cpu)?,
        pooled: bench.constant((2, TEXT))?,
    };
    let t = Tensor::new(&[0.3f32, 0.8], &Device::Cpu)?;
    let vb = Lora { rank: 2, alpha: 3.0 }.builder(base, &bench.map, 1, &Device::Cpu);
    let velocity = || -> Result<Tensor> {
        let network = Transformer::new(&SIZES, CHANNELS, TEXT, &vb)?;
        Ok(network.forward(&x, &t, &network.condition(&text)?, None, &|| Ok(()))?)
    };
    let as_it_starts = velocity()?;
    // Six matrices of attention, three of the feed-forward layer and the modulation, in two blocks.
    assert_eq!(bench.map.all_vars().len(), 2 * 2 * (6 + 3 + 1));
    tiny_model::randomise(&bench.map, 5)?;
    for (_, var) in bench.map.data().lock().expect("no other thread holds the map").iter() {
        var.set(&(var.as_tensor() * 0.3)?)?;
    }
    let moved = (velocity()? - as_it_starts)?.abs()?.max_all()?.to_scalar::<f32>()?;
    assert!(moved > 0.01, "the factors move the output by {moved}");
    bench.variables = straightshot_training::run::trainable(&bench.map, &[])?;
    bench.variables.sort_by(|a, b| a.0.cmp(&b.0));
    super::finite_difference::FiniteDifference::default().check(&bench.variables, &velocity)
}
