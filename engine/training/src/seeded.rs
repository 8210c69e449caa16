//! Initial weights that a seed decides; candle's own generator for the CPU has none.

use candle_core::{DType, Device, Result, Shape, Tensor, Var, bail};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder, VarMap};
use straightshot_engine::rng::{self, Noise, Stream};

/// Makes the variables of a new network.
struct Seeded {
    map: VarMap,
    seed: u64,
}

/// A builder that creates variables in `map`, each from `seed` and its own name: the order does not matter.
pub(crate) fn builder(map: &VarMap, seed: u64, device: &Device) -> VarBuilder<'static> {
    let backend = Seeded { map: map.clone(), seed };
    VarBuilder::from_backend(Box::new(backend), DType::F32, device.clone())
}

impl Seeded {
    fn find(&self, name: &str) -> Result<Option<Tensor>> {
        match self.map.data().lock() {
            Ok(vars) => Ok(vars.get(name).map(|var| var.as_tensor().clone())),
            Err(_) => bail!("another thread died while it made variables"),
        }
    }

    fn draw(&self, shape: &Shape, name: &str, init: Init) -> Result<Tensor> {
        let hash = rng::hash(self.seed, name.bytes().map(u64::from));
        let mut random = Noise::new(hash, Stream::Training);
        let n = shape.elem_count();
        let values: Vec<f32> = match init {
            Init::Const(value) => vec![value as f32; n],
            Init::Uniform { lo, up } => (0..n).map(|_| (lo + (up - lo) * random.uniform()) as f32).collect(),
            Init::Randn { mean, stdev } => {
                random.normals(n).into_iter().map(|v| (mean + stdev * f64::from(v)) as f32).collect()
            }
            Init::Kaiming { .. } => bail!("{name}: no layer of ours starts in this way"),
        };
        Tensor::from_vec(values, shape.clone(), &Device::Cpu)
    }
}

impl SimpleBackend for Seeded {
    fn get(&self, shape: Shape, name: &str, init: Init, dtype: DType, device: &Device) -> Result<Tensor> {
        if let Some(there) = self.find(name)? {
            if *there.shape() != shape {
                bail!("{name} is asked for as {shape:?} and as {:?}", there.shape());
            }
            return Ok(there);
        }
        let var = Var::from_tensor(&self.draw(&shape, name, init)?.to_dtype(dtype)?.to_device(device)?)?;
        let tensor = var.as_tensor().clone();
        match self.map.data().lock() {
            Ok(mut vars) => vars.insert(name.to_owned(), var),
            Err(_) => bail!("another thread died while it made variables"),
        };
        Ok(tensor)
    }

    fn get_unchecked(&self, name: &str, _: DType, _: &Device) -> Result<Tensor> {
        match self.find(name)? {
            Some(tensor) => Ok(tensor),
            None => bail!("{name} is asked for before it has a shape"),
        }
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.find(name).is_ok_and(|found| found.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;
    use straightshot_engine::config::FlowConfig;
    use straightshot_engine::flow::Transformer;

    fn weights(seed: u64) -> HashMap<String, Vec<f32>> {
        let (map, sizes) =
            (VarMap::new(), FlowConfig { dim: 8, blocks: 2, heads: 2, feed_forward: 12, curves: false });
        Transformer::new(&sizes, 3, 6, &builder(&map, seed, &Device::Cpu)).unwrap();
        let vars = map.data().lock().unwrap();
        vars.iter().map(|(k, v)| (k.clone(), v.flatten_all().unwrap().to_vec1().unwrap())).collect()
    }

    #[test]
    fn a_seed_decides_the_weights() {
        let (first, again, other) = (weights(1), weights(1), weights(2));
        assert_eq!(first, again);
        let name = "blocks.1.attention.query.weight";
        assert!(first[name] != other[name] && first[name] != first["blocks.0.attention.query.weight"]);
        // Xavier for 8 to 8: uniform within sqrt(6 / 16).
        let largest = first[name].iter().fold(0f32, |m, x| m.max(x.abs()));
        assert!((0.5..0.613).contains(&largest), "{largest}");
        assert!(first["output.weight"].iter().all(|&x| x == 0.0));
    }
}
