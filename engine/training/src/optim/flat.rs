//! The update where copies to the host and a call per tensor would cost more than the step: all tensors as one, on
//! their device.

use super::{Param, Rule};
use candle_core::backprop::GradStore;
use candle_core::{D, Tensor};
use straightshot_engine::error::Result;

/// Weights and statistics of all trained tensors, one behind the other.
#[derive(Debug)]
pub(super) struct Flat {
    weights: Tensor, // (N), as the others
    m: Tensor,
    v: Tensor,
    ema: Tensor,
    /// 1 where weight decay applies.
    decays: Tensor,
}

impl Flat {
    /// Takes over what the host knows of the tensors that are trained.
    pub(super) fn new(params: &[Param]) -> Result<Self> {
        let device = params.first().map_or(&candle_core::Device::Cpu, |p| p.var.device());
        let of = |values: &dyn Fn(&Param) -> Vec<f32>| -> Result<Tensor> {
            let all: Vec<f32> = trained(params).flat_map(values).collect();
            let count = all.len();
            Ok(Tensor::from_vec(all, count, device)?)
        };
        let decays = |p: &Param| vec![if p.decays() { 1.0 } else { 0.0 }; p.ema.len()];
        Ok(Self {
            weights: cat(params, |p| Ok(p.var.as_tensor().clone()))?,
            m: of(&|p| p.m.clone())?,
            v: of(&|p| p.v.clone())?,
            ema: of(&|p| p.ema.clone())?,
            decays: of(&decays)?,
        })
    }

    /// The gradients that `grads` have for every trained tensor, summed.
    pub(super) fn gradient(params: &[Param], grads: &[GradStore]) -> Result<Tensor> {
        let one = |grads: &GradStore| {
            cat(params, |p| grads.get(&p.var).cloned().ok_or_else(|| super::missing(&p.name)))
        };
        let (first, others) = grads.split_first().ok_or_else(|| super::missing("any variable"))?;
        others.iter().try_fold(one(first)?, |sum, other| Ok((sum + one(other)?)?))
    }

    /// Moves all weights by the gradient `g`, like [`Rule::apply`].
    pub(super) fn apply(&mut self, params: &[Param], rule: &Rule, g: &Tensor) -> Result<()> {
        let ((b1, b2), (c1, c2)) = (rule.betas, rule.correction);
        let scale = f64::from(rule.grad_scale);
        let [b1, b2, c1, c2] = [b1, b2, c1, c2].map(f64::from);
        self.m = ((&self.m * b1)? + (g * ((1.0 - b1) * scale))?)?;
        self.v = ((&self.v * b2)? + (g.sqr()? * ((1.0 - b2) * scale * scale))?)?;
        let step = ((&self.m * (c1 * f64::from(rule.rate)))? / ((&self.v * c2)?.sqrt()? + 1e-8)?)?;
        let decayed = ((&self.weights * &self.decays)? * f64::from(rule.decay))?;
        self.weights = ((&self.weights - decayed)? - step)?;
        let way = ((&self.weights - &self.ema)? * f64::from(1.0 - rule.ema))?;
        self.ema = (&self.ema + way)?;
        let mut at = 0;
        for p in trained(params) {
            let n = p.ema.len();
            p.var.set(&self.weights.narrow(D::Minus1, at, n)?.reshape(p.var.shape())?)?;
            at += n;
        }
        Ok(())
    }

    /// Whether anything here remembers how it was computed.
    #[cfg(test)]
    pub(super) fn remembers(&self) -> bool {
        [&self.weights, &self.m, &self.v, &self.ema].iter().any(|x| x.track_op())
    }

    /// Tells the host where the statistics stand.
    pub(super) fn gather(&self, params: &mut [Param]) -> Result<()> {
        let [m, v, ema] = [self.m.to_vec1()?, self.v.to_vec1()?, self.ema.to_vec1::<f32>()?];
        let mut at = 0;
        for p in params.iter_mut().filter(|p| !p.frozen) {
            let own = at..at + p.ema.len();
            at = own.end;
            (p.m, p.v, p.ema) = (m[own.clone()].to_vec(), v[own.clone()].to_vec(), ema[own].to_vec());
        }
        Ok(())
    }
}

fn trained(params: &[Param]) -> impl Iterator<Item = &Param> {
    params.iter().filter(|p| !p.frozen)
}

/// A tensor of every trained parameter as one vector, which knows nothing of how it came about: statistics that did would
/// keep all that a step ever computed.
fn cat(params: &[Param], of: impl Fn(&Param) -> Result<Tensor>) -> Result<Tensor> {
    let parts = trained(params).map(|p| Ok(of(p)?.flatten_all()?)).collect::<Result<Vec<_>>>()?;
    Ok(Tensor::cat(&parts, 0)?.detach())
}
