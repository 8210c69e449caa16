//! What levels of recordings differ from their base by, in principal components: the channels of a latent that carry levels.

use super::{Batch, Frozen};
use candle_core::{Device, Tensor};
use nalgebra::{DMatrix, SymmetricEigen};
use std::collections::HashMap;
use straightshot_engine::codec::levels::code::differences;
use straightshot_engine::error::{Error, ErrorKind, Result};

/// Steps whose segments are measured; with 16 segments of 32 tokens, 24,576 tokens.
const STEPS: u64 = 48;
/// Number of the first of them: no step of a training sees the same segments.
const FIRST_STEP: u64 = 1 << 40;

/// Share of the channels before the one whose variance is ν.
const NU_CHANNEL: f64 = 1.0 / 6.0;
/// Variance of what draws add to a channel.
const DRAWN: f64 = 0.01;

/// Tensors of the code by their names in a codec, and what a head begins to read it with.
pub(super) struct Principal {
    pub(super) code: HashMap<String, Tensor>,
    /// `[channels, numbers]` and `[numbers]`: from the channels back to differences.
    pub(super) told: (Tensor, Tensor),
}

/// The `channels` components of largest variance λ. A channel is its component divided by `√(λ + ν)`, where ν is the variance of
/// one of the first (`NU_CHANNEL`): what is strong has about unit variance, what is weak less, so that it weighs little in the loss
/// of a flow, and a flow says it last, when what it belongs to is known. Draws add little to it, since noise here is
/// a flutter of levels, which a steady sound does not have.
pub(super) fn fit(frozen: &Frozen<'_>, channels: usize) -> Result<Principal> {
    let (mut sum, mut products, mut count) = (Vec::new(), Vec::new(), 0usize);
    for step in FIRST_STEP..FIRST_STEP + STEPS {
        let rows = of_batch(frozen, &frozen.batch(step)?)?;
        let (tokens, numbers) = rows.dims2()?;
        let add = |to: &mut Vec<f64>, of: Tensor| -> Result<()> {
            let of = of.flatten_all()?.to_vec1::<f32>()?;
            to.resize(of.len(), 0.0);
            to.iter_mut().zip(of).for_each(|(to, x)| *to += f64::from(x));
            Ok(())
        };
        add(&mut sum, rows.sum(0)?)?;
        add(&mut products, rows.t()?.contiguous()?.matmul(&rows)?)?;
        debug_assert_eq!(products.len(), numbers * numbers);
        count += tokens;
    }
    let (numbers, count) = (sum.len(), count as f64);
    let mean: Vec<f64> = sum.iter().map(|sum| sum / count).collect();
    let covariance =
        DMatrix::from_fn(numbers, numbers, |i, j| products[i * numbers + j] / count - mean[i] * mean[j]);
    if channels >= numbers || covariance.iter().any(|x| !x.is_finite()) {
        let text = format!(
            "The levels of a token have {numbers} numbers, from which {channels} channels cannot be made"
        );
        return Err(Error::new(ErrorKind::BadData, text));
    }
    let eigen = SymmetricEigen::new(covariance);
    let mut order: Vec<usize> = (0..numbers).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    let kept = &order[..channels];
    let nu = eigen.eigenvalues[order[(channels as f64 * NU_CHANNEL) as usize]].max(1e-6);
    let variance = |component: usize| eigen.eigenvalues[component].max(0.0) + nu;
    let (mut read, mut tell) = (vec![0f32; numbers * channels], vec![0f32; channels * numbers]);
    for (channel, &component) in kept.iter().enumerate() {
        let scale = variance(component).sqrt();
        for number in 0..numbers {
            let weight = eigen.eigenvectors[(number, component)];
            read[number * channels + channel] = (weight / scale) as f32;
            tell[channel * numbers + number] = (weight * scale) as f32;
        }
    }
    let log_var = vec![DRAWN.ln() as f32; channels];
    let mean = Tensor::from_vec(mean.iter().map(|&x| x as f32).collect(), numbers, &Device::Cpu)?;
    let code = [
        ("mean", mean.clone()),
        ("components.weight", Tensor::from_vec(read, (numbers, channels), &Device::Cpu)?),
        ("log_var", Tensor::from_vec(log_var, channels, &Device::Cpu)?),
    ];
    Ok(Principal {
        code: code.into_iter().map(|(name, tensor)| (format!("{}{name}", super::CODE), tensor)).collect(),
        told: (Tensor::from_vec(tell, (channels, numbers), &Device::Cpu)?, mean),
    })
}

/// `[tokens, numbers]`
fn of_batch(frozen: &Frozen<'_>, batch: &Batch) -> Result<Tensor> {
    let (segments, short, bands) = batch.recorded.dims3()?;
    let values = |x: &Tensor| Ok::<_, Error>(x.flatten_all()?.to_vec1::<f32>()?);
    let (recorded, base) = (values(&batch.recorded)?, values(&batch.base)?);
    let all = differences(&recorded, &base, bands);
    let numbers = frozen.short_frames() * bands;
    Ok(Tensor::from_vec(all, (segments * short * bands / numbers, numbers), &Device::Cpu)?)
}
