//! Low-rank adaptation: a trained network learns more with a few weights.
//!
//! `W' = W + (alpha / rank) A B` with `A: [in, rank]`, `B: [rank, out]`,
//! [Hu et al., 2021](https://arxiv.org/abs/2106.09685). `W` stays as it is, `A` starts uniform in `±1/sqrt(in)`, `B` at
//! zero, so that training starts from the network there is.
//!
//! The layers know nothing of it: they get `W'` from a builder that computes it anew each time a network is built. A
//! network built for a step therefore has `A` and `B` in its graph, and the plain sum and product of candle carry the
//! gradient. The product costs as much as `rank` more tokens; the sum is what merging writes, so what was trained is
//! what is kept.

use super::seeded;
use candle_core::{DType, Device, Shape, Tensor, bail};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder, VarMap};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use straightshot_engine::error::{Error, ErrorKind, Result};

/// Where the matrices are that get factors: attention, feed-forward layer and modulation of every block.
const ADAPTED: &str = "blocks.";
const WEIGHT: &str = ".weight";
/// Larger ranks are no longer low, and could ask for more memory than there is.
const LARGEST_RANK: usize = 1024;
const A: &str = "lora_a";
const B: &str = "lora_b";

/// Size and strength of the factors.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Lora {
    /// Inner width of the product.
    pub rank: usize,
    /// The product is scaled by this over [`Lora::rank`].
    pub alpha: f64,
}

impl Lora {
    /// Checks the numbers.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`] if the rank is not 1 to 1024 or the strength no positive number.
    pub fn validate(&self) -> Result<()> {
        if (1..=LARGEST_RANK).contains(&self.rank) && self.alpha > 0.0 && self.alpha.is_finite() {
            return Ok(());
        }
        let text = format!("A rank of {} with alpha {} cannot be trained", self.rank, self.alpha);
        Err(Error::new(ErrorKind::InvalidRequest, text))
    }

    fn scale(&self) -> f64 {
        self.alpha / self.rank.max(1) as f64
    }

    /// A builder of networks whose matrices are those of `base` and the product of factors.
    ///
    /// The factors are made in `map` from `seed`, or taken from there; they are all that is to be trained. Build the
    /// network again for each step, or it computes with the factors of an earlier one.
    #[must_use]
    pub fn builder(
        self,
        base: HashMap<String, Tensor>,
        map: &VarMap,
        seed: u64,
        device: &Device,
    ) -> VarBuilder<'static> {
        let backend = Adapted { lora: self, base, factors: seeded::builder(map, seed, device) };
        VarBuilder::from_backend(Box::new(backend), DType::F32, device.clone())
    }

    /// The matrices of `base` that `factors` change, with the product added; all others are left out.
    ///
    /// # Errors
    /// [`ErrorKind::BadData`] naming factors that are not of `base`, or not of this rank.
    pub fn merge(
        &self,
        base: &HashMap<String, Tensor>,
        factors: &HashMap<String, Tensor>,
    ) -> Result<HashMap<String, Tensor>> {
        let bad = |name: &str| Error::new(ErrorKind::BadData, format!("{name} has no place in the model"));
        let mut merged = HashMap::new();
        for (name, a) in factors {
            let Some(stem) = name.strip_suffix(A) else { continue };
            let weight = format!("{stem}weight");
            let b = factors.get(&format!("{stem}{B}")).ok_or_else(|| bad(name))?;
            let from = base.get(&weight).ok_or_else(|| bad(name))?;
            let fits =
                a.dims2()? == (from.dims2()?.0, self.rank) && b.dims2()? == (self.rank, from.dims2()?.1);
            if !fits {
                return Err(bad(name));
            }
            merged.insert(weight, self.add(from, a, b)?);
        }
        Ok(merged)
    }

    /// `W + (alpha / rank) A B`.
    fn add(&self, weight: &Tensor, a: &Tensor, b: &Tensor) -> candle_core::Result<Tensor> {
        weight + (a.matmul(b)? * self.scale())?
    }
}

/// Gives a network its weights, see [`Lora::builder`].
struct Adapted {
    lora: Lora,
    base: HashMap<String, Tensor>,
    factors: VarBuilder<'static>,
}

impl Adapted {
    fn stored(&self, name: &str) -> candle_core::Result<&Tensor> {
        match self.base.get(name) {
            Some(tensor) => Ok(tensor),
            None => bail!("the model that is adapted has no {name}"),
        }
    }
}

impl SimpleBackend for Adapted {
    fn get(
        &self,
        shape: Shape,
        name: &str,
        _: Init,
        dtype: DType,
        device: &Device,
    ) -> candle_core::Result<Tensor> {
        let weight = self.stored(name)?;
        if *weight.shape() != shape {
            bail!("{name} is asked for as {shape:?} and is {:?}", weight.shape());
        }
        let weight = weight.to_dtype(dtype)?.to_device(device)?;
        let (Some(stem), &[inputs, outputs]) = (name.strip_suffix(WEIGHT), shape.dims()) else {
            return Ok(weight);
        };
        if !name.starts_with(ADAPTED) {
            return Ok(weight);
        }
        let bound = 1.0 / (inputs as f64).sqrt();
        let factors = self.factors.pp(stem);
        let a =
            factors.get_with_hints((inputs, self.lora.rank), A, Init::Uniform { lo: -bound, up: bound })?;
        let b = factors.get_with_hints((self.lora.rank, outputs), B, Init::Const(0.0))?;
        self.lora.add(&weight, &a, &b)
    }

    fn get_unchecked(&self, name: &str, dtype: DType, device: &Device) -> candle_core::Result<Tensor> {
        let shape = self.stored(name)?.shape().clone();
        self.get(shape, name, Init::Const(0.0), dtype, device)
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.base.contains_key(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LORA: Lora = Lora { rank: 1, alpha: 2.0 };

    fn base() -> HashMap<String, Tensor> {
        let matrix = Tensor::new(&[[1f32, 2.0], [3.0, 4.0]], &Device::Cpu).unwrap();
        let vector = Tensor::new(&[5f32, 6.0], &Device::Cpu).unwrap();
        HashMap::from([
            ("blocks.0.out.weight".into(), matrix.clone()),
            ("blocks.0.norm.weight".into(), vector),
            ("input.weight".into(), matrix),
        ])
    }

    #[test]
    fn only_matrices_of_blocks_get_factors_and_start_as_they_are() {
        let map = VarMap::new();
        let vb = LORA.builder(base(), &map, 1, &Device::Cpu);
        for (name, tensor) in base() {
            let got = vb.get(tensor.shape().clone(), &name).unwrap();
            let values = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            assert_eq!(values(&got), values(&tensor), "{name}");
        }
        let mut names: Vec<String> = map.data().lock().unwrap().keys().cloned().collect();
        names.sort();
        assert_eq!(names, ["blocks.0.out.lora_a", "blocks.0.out.lora_b"]);
        assert!(vb.get((3, 2), "input.weight").is_err() && vb.get(2, "nothing").is_err());
    }

    #[test]
    fn merging_adds_the_scaled_product() {
        let factor = |values: &[f32], shape: (usize, usize)| Tensor::from_slice(values, shape, &Device::Cpu);
        let factors = HashMap::from([
            ("blocks.0.out.lora_a".to_owned(), factor(&[1.0, -1.0], (2, 1)).unwrap()),
            ("blocks.0.out.lora_b".to_owned(), factor(&[10.0, 20.0], (1, 2)).unwrap()),
        ]);
        let merged = LORA.merge(&base(), &factors).unwrap();
        assert_eq!(merged.len(), 1);
        let rows = merged["blocks.0.out.weight"].to_vec2::<f32>().unwrap();
        assert_eq!(rows, [[21.0, 42.0], [-17.0, -36.0]]);
        let other = Lora { rank: 2, ..LORA }.merge(&base(), &factors).unwrap_err();
        assert_eq!(other.kind(), ErrorKind::BadData);
        assert_eq!(LORA.merge(&HashMap::new(), &factors).unwrap_err().kind(), ErrorKind::BadData);
    }

    #[test]
    fn a_rank_of_nothing_is_refused() {
        assert!(LORA.validate().is_ok());
        for lora in [Lora { rank: 0, ..LORA }, Lora { alpha: 0.0, ..LORA }, Lora { alpha: f64::NAN, ..LORA }]
        {
            assert_eq!(lora.validate().unwrap_err().kind(), ErrorKind::InvalidRequest);
        }
    }
}
