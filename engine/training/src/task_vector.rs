//! Task vectors: what a training has changed in a network, added to another that began as the same
//! ([Ilharco et al., 2022](https://arxiv.org/abs/2212.04089)).
//!
//! A model's network for few steps was distilled from its flow, so that the two lie near to each other. What the flow learns
//! later, the other knows in good part as soon as its weights are moved by as much; distillation then begins from there.

use candle_core::Tensor;
use std::collections::HashMap;
use straightshot_engine::error::{Error, ErrorKind, Result};

/// `weights + after - before`, tensor by tensor, of all that `weights` has.
///
/// # Errors
/// [`ErrorKind::BadData`] naming the first tensor that another of the networks lacks or has in another shape.
pub fn add(
    weights: &HashMap<String, Tensor>,
    before: &HashMap<String, Tensor>,
    after: &HashMap<String, Tensor>,
) -> Result<HashMap<String, Tensor>> {
    let moved = |(name, weight): (&String, &Tensor)| {
        let same = |of: &HashMap<String, Tensor>| {
            of.get(name).filter(|tensor| tensor.dims() == weight.dims()).cloned().ok_or_else(|| {
                Error::new(ErrorKind::BadData, format!("The networks differ in more than weights: {name}"))
            })
        };
        Ok((name.clone(), (weight + (same(after)? - same(before)?)?)?))
    };
    weights.iter().map(moved).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    fn network(values: &[(&str, &[f32])]) -> HashMap<String, Tensor> {
        let tensor = |values: &[f32]| Tensor::new(values, &Device::Cpu).expect("a tensor");
        values.iter().map(|(name, values)| ((*name).to_owned(), tensor(values))).collect()
    }

    #[test]
    fn what_one_has_learnt_is_added_to_the_other() -> Result<()> {
        let (before, after) = (network(&[("a", &[1.0, 2.0])]), network(&[("a", &[1.5, 0.0])]));
        let moved = add(&network(&[("a", &[10.0, 20.0])]), &before, &after)?;
        assert_eq!(moved["a"].to_vec1::<f32>()?, [10.5, 18.0]);
        Ok(())
    }

    #[test]
    fn networks_of_other_shapes_are_refused() {
        let (short, long) = (network(&[("a", &[1.0])]), network(&[("a", &[1.0, 2.0])]));
        for (before, after) in [(&long, &short), (&short, &long), (&short, &HashMap::new())] {
            let error = add(&short, before, after).expect_err("refused");
            assert!(error.kind() == ErrorKind::BadData && error.to_string().contains(": a"), "{error}");
        }
    }
}
