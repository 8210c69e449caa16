//! AdamW with gradient clipping and an exponential moving average of the weights, and the learning-rate schedule.

use self::flat::Flat;
use candle_core::Var;
use candle_core::backprop::GradStore;
use rayon::prelude::*;
use straightshot_engine::error::{Error, ErrorKind, Result};

mod flat;

/// With larger learning rates no network of ours has learnt anything.
const LARGEST_RATE: f64 = 0.1;

/// Settings of [`AdamW`].
#[derive(Debug, Clone, Copy)]
pub struct OptimConfig {
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Decoupled weight decay, applied to matrices only.
    pub weight_decay: f64,
    /// Decay of the first and second moments.
    pub betas: (f32, f32),
    /// Largest global gradient norm; larger gradients are scaled down to it.
    pub clip_norm: f64,
    /// Decay of the weight average per step.
    pub ema_decay: f64,
    /// Steps over which the learning rate rises from zero.
    pub warm_up: u64,
}

impl OptimConfig {
    /// Checks that something can be learnt with these rates.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`] with the rate at fault.
    pub fn validate(&self) -> Result<()> {
        let bad = |text: String| Err(Error::new(ErrorKind::InvalidRequest, text));
        let rate = self.learning_rate;
        if !(rate > 0.0 && rate <= LARGEST_RATE) {
            return bad(format!(
                "A learning rate of {rate} cannot be right: from 0.000001 to 0.01 are usual, {LARGEST_RATE} the most"
            ));
        }
        if !(0.0..1.0).contains(&self.ema_decay) {
            return bad(format!("A weight average cannot keep {} of itself at each step", self.ema_decay));
        }
        Ok(())
    }
}

impl Default for OptimConfig {
    fn default() -> Self {
        Self {
            learning_rate: 5e-4,
            weight_decay: 0.01,
            betas: (0.9, 0.98),
            clip_norm: 1.0,
            ema_decay: 0.999,
            warm_up: 100,
        }
    }
}

/// One trained tensor and its running statistics.
///
/// The statistics are kept on the host; those of tensors on a GPU are brought up to date there by [`AdamW::gather`].
#[derive(Debug)]
pub struct Param {
    /// Name in the checkpoint.
    pub name: String,
    /// The weights that the network reads.
    pub var: Var,
    /// First moment.
    pub m: Vec<f32>,
    /// Second moment.
    pub v: Vec<f32>,
    /// Moving average of the weights.
    pub ema: Vec<f32>,
    /// Kept as it is: no gradient is needed and no update made.
    pub frozen: bool,
}

/// Decoupled weight decay Adam, [Loshchilov and Hutter, 2019](https://arxiv.org/abs/1711.05101).
///
/// On the CPU the update is one pass per tensor, several times faster than a chain of tensor operations; on a GPU it is
/// such a chain, over all tensors as one.
#[derive(Debug)]
pub struct AdamW {
    /// Settings.
    pub config: OptimConfig,
    /// Tensors under training, sorted by name.
    pub params: Vec<Param>,
    /// Steps taken.
    pub step: u64,
    /// Made from `params` by the first update on a GPU.
    flat: Option<Flat>,
}

impl Param {
    fn decays(&self) -> bool {
        self.var.rank() > 1
    }
}

fn missing(name: &str) -> Error {
    Error::new(ErrorKind::Compute, format!("No gradient reaches {name}"))
}

impl AdamW {
    /// Starts with zero moments and the average equal to the weights.
    ///
    /// # Errors
    /// [`ErrorKind::Compute`] if a variable cannot be read.
    pub fn new(vars: Vec<(String, Var)>, config: OptimConfig) -> Result<Self> {
        config.validate()?;
        let mut params = vars
            .into_iter()
            .map(|(name, var)| {
                let ema = var.flatten_all()?.to_vec1::<f32>()?;
                Ok(Param { name, var, m: vec![0.0; ema.len()], v: vec![0.0; ema.len()], ema, frozen: false })
            })
            .collect::<Result<Vec<_>>>()?;
        params.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self { config, params, step: 0, flat: None })
    }

    /// Sets the variables whose name starts with `prefix` to their average and trains them no further.
    ///
    /// # Errors
    /// [`ErrorKind::Compute`] if a variable cannot be written.
    pub fn freeze(&mut self, prefix: &str) -> Result<()> {
        for p in self.params.iter_mut().filter(|p| p.name.starts_with(prefix)) {
            p.frozen = true;
            p.var.set(&candle_core::Tensor::from_slice(&p.ema, p.var.shape().clone(), p.var.device())?)?;
        }
        Ok(())
    }

    /// Number of trained values.
    #[must_use]
    pub fn parameter_count(&self) -> usize {
        self.params.iter().filter(|p| !p.frozen).map(|p| p.ema.len()).sum()
    }

    /// Fails unless every variable has a gradient: the first defence against operations that drop it silently.
    ///
    /// # Errors
    /// [`ErrorKind::Compute`] listing the variables without gradient.
    pub fn assert_all_have_gradients(&self, grads: &GradStore) -> Result<()> {
        let missing: Vec<&str> = self
            .params
            .iter()
            .filter(|p| !p.frozen && grads.get(&p.var).is_none())
            .map(|p| p.name.as_str())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Compute, format!("No gradient reaches {}", missing.join(", "))))
    }

    /// One update by the sum of `grads`, those of the shares of a step, with the peak learning rate scaled by `rate`;
    /// returns the gradient norm before clipping.
    ///
    /// A step whose gradient is not finite changes nothing and returns the norm as it is.
    ///
    /// # Errors
    /// [`ErrorKind::Compute`] if a gradient is missing or cannot be read.
    pub fn update(&mut self, grads: &[GradStore], rate: f64) -> Result<f64> {
        if self.params.iter().any(|p| !p.var.device().is_cpu()) {
            return self.update_on_device(grads, rate);
        }
        let read = |p: &Param| -> Result<Vec<f32>> {
            if p.frozen {
                return Ok(Vec::new());
            }
            let one = |grads: &GradStore| -> Result<Vec<f32>> {
                Ok(grads.get(&p.var).ok_or_else(|| missing(&p.name))?.flatten_all()?.to_vec1::<f32>()?)
            };
            let (first, others) = grads.split_first().ok_or_else(|| missing(&p.name))?;
            let mut sum = one(first)?;
            for other in others {
                sum.iter_mut().zip(one(other)?).for_each(|(sum, g)| *sum += g);
            }
            Ok(sum)
        };
        let grads: Vec<Vec<f32>> = self.params.par_iter().map(read).collect::<Result<_>>()?;
        let square: f64 =
            grads.par_iter().map(|g| g.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>()).sum();
        let norm = square.sqrt();
        if !norm.is_finite() {
            return Ok(norm);
        }
        self.step += 1;
        let rule = Rule::new(&self.config, self.step, rate, norm);
        let moving = self.params.par_iter_mut().zip(&grads).filter(|(p, _)| !p.frozen);
        moving.try_for_each(|(p, g)| rule.apply(p, g))?;
        Ok(norm)
    }

    /// [`Self::update`] by operations on the tensors' device.
    fn update_on_device(&mut self, grads: &[GradStore], rate: f64) -> Result<f64> {
        let gradient = Flat::gradient(&self.params, grads)?;
        let norm = f64::from(gradient.sqr()?.sum_all()?.to_scalar::<f32>()?).sqrt();
        if !norm.is_finite() {
            return Ok(norm);
        }
        self.step += 1;
        let flat = match &mut self.flat {
            Some(flat) => flat,
            none => none.insert(Flat::new(&self.params)?),
        };
        flat.apply(&self.params, &Rule::new(&self.config, self.step, rate, norm), &gradient)?;
        Ok(norm)
    }

    /// Whether all weights and their averages are numbers.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        let weights = |p: &Param| p.var.flatten_all().and_then(|w| w.to_vec1::<f32>()).unwrap_or_default();
        let finite = |values: &[f32]| values.iter().all(|value| value.is_finite());
        self.params.par_iter().all(|p| finite(&p.ema) && finite(&weights(p)))
    }

    /// Brings the statistics in `params` up to date.
    ///
    /// # Errors
    /// [`ErrorKind::Compute`] if they cannot be copied from their device.
    pub fn gather(&mut self) -> Result<()> {
        self.flat.as_ref().map_or(Ok(()), |flat| flat.gather(&mut self.params))
    }
}

/// Scalars of one update.
struct Rule {
    rate: f32,
    decay: f32,
    betas: (f32, f32),
    correction: (f32, f32),
    grad_scale: f32,
    ema: f32,
}

impl Rule {
    fn new(c: &OptimConfig, step: u64, rate: f64, norm: f64) -> Self {
        let rate = c.learning_rate * rate;
        let power = |beta: f32| 1.0 - f64::from(beta).powf(step as f64);
        // Early on the average follows quickly, so that it does not remember the random start.
        let ema = c.ema_decay.min((1.0 + step as f64) / (10.0 + step as f64));
        Self {
            rate: rate as f32,
            decay: (rate * c.weight_decay) as f32,
            betas: c.betas,
            correction: ((1.0 / power(c.betas.0)) as f32, (1.0 / power(c.betas.1)) as f32),
            grad_scale: (c.clip_norm / norm.max(c.clip_norm)) as f32,
            ema: ema as f32,
        }
    }

    fn apply(&self, p: &mut Param, grad: &[f32]) -> Result<()> {
        let mut w = p.var.flatten_all()?.to_vec1::<f32>()?;
        let decay = if p.decays() { self.decay } else { 0.0 };
        let ((b1, b2), (c1, c2)) = (self.betas, self.correction);
        for ((((w, m), v), ema), g) in w.iter_mut().zip(&mut p.m).zip(&mut p.v).zip(&mut p.ema).zip(grad) {
            let g = g * self.grad_scale;
            *m = b1 * *m + (1.0 - b1) * g;
            *v = b2 * *v + (1.0 - b2) * g * g;
            *w -= decay * *w + self.rate * (*m * c1) / ((*v * c2).sqrt() + 1e-8);
            *ema += (1.0 - self.ema) * (*w - *ema);
        }
        let shape = p.var.shape().clone();
        Ok(p.var.set(&candle_core::Tensor::from_vec(w, shape, p.var.device())?)?)
    }
}

/// Learning-rate factor at `progress` (0 ..= 1 of the training): linear warm-up, then a cosine down to 2 %.
#[must_use]
pub fn schedule(step: u64, warm_up: u64, progress: f64) -> f64 {
    let warm = ((step + 1) as f64 / warm_up.max(1) as f64).min(1.0);
    let cosine = 0.5 * (1.0 + (std::f64::consts::PI * progress.clamp(0.0, 1.0)).cos());
    warm * (0.02 + 0.98 * cosine)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Tensor};

    #[test]
    fn minimises_a_quadratic() {
        let target = Tensor::new(&[1f32, -2.0, 3.0], &Device::Cpu).unwrap();
        let var = Var::zeros(3, candle_core::DType::F32, &Device::Cpu).unwrap();
        let config = OptimConfig { learning_rate: 0.05, weight_decay: 0.0, ..OptimConfig::default() };
        let mut optim = AdamW::new(vec![("x".into(), var.clone())], config).unwrap();
        for _ in 0..500 {
            let loss = (var.as_tensor() - &target).unwrap().sqr().unwrap().sum_all().unwrap();
            optim.update(&[loss.backward().unwrap()], 1.0).unwrap();
        }
        let error = (var.as_tensor() - &target)
            .unwrap()
            .abs()
            .unwrap()
            .sum_all()
            .unwrap()
            .to_scalar::<f32>()
            .unwrap();
        assert!(error < 0.05, "{error}");
    }

    #[test]
    fn both_ways_to_update_agree() {
        let start = || {
            let matrix = Tensor::new(&[[0.5f32, -1.0], [2.0, 0.25]], &Device::Cpu).unwrap();
            let bias = Tensor::new(&[0.1f32, -0.3], &Device::Cpu).unwrap();
            let vars = [("w", matrix), ("b", bias)]
                .map(|(name, x)| (name.to_owned(), Var::from_tensor(&x).unwrap()));
            let config = OptimConfig { weight_decay: 0.1, clip_norm: 0.5, ..OptimConfig::default() };
            AdamW::new(vars.to_vec(), config).unwrap()
        };
        let (mut host, mut device) = (start(), start());
        for step in 0..20 {
            let gradients = |optim: &AdamW| {
                let terms = optim.params.iter().map(|p| (p.var.sqr().unwrap() + 0.1).unwrap().sqr());
                let sum = terms.map(|x| x.unwrap().sum_all().unwrap()).reduce(|a, b| (a + b).unwrap());
                (sum.unwrap() * f64::from(step % 3 + 1)).unwrap().backward().unwrap()
            };
            let (one, two) = (gradients(&host), gradients(&host));
            let norm = host.update(&[one, two], 1.0).unwrap();
            let (one, two) = (gradients(&device), gradients(&device));
            assert!((norm - device.update_on_device(&[one, two], 1.0).unwrap()).abs() < 1e-5 * norm);
        }
        assert!(!device.flat.as_ref().unwrap().remembers());
        device.gather().unwrap();
        for (a, b) in host.params.iter().zip(&device.params) {
            let weights = |p: &Param| p.var.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            for (a, b) in
                [(weights(a), weights(b)), (a.m.clone(), b.m.clone()), (a.ema.clone(), b.ema.clone())]
            {
                assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-5), "{a:?} {b:?}");
            }
            assert!(a.v.iter().zip(&b.v).all(|(a, b)| (a - b).abs() < 1e-6) && a.v[0] > 0.0);
        }
    }

    #[test]
    fn a_variable_without_gradient_is_named() {
        let (used, unused) = (
            Var::ones(1, candle_core::DType::F32, &Device::Cpu).unwrap(),
            Var::ones(1, candle_core::DType::F32, &Device::Cpu).unwrap(),
        );
        let optim =
            AdamW::new(vec![("used".into(), used.clone()), ("lost".into(), unused)], OptimConfig::default())
                .unwrap();
        let grads = used.sqr().unwrap().backward().unwrap();
        let error = optim.assert_all_have_gradients(&grads).unwrap_err();
        assert!(error.to_string().contains("lost") && !error.to_string().contains("used,"));
    }

    #[test]
    fn schedule_rises_then_falls() {
        assert!(schedule(0, 100, 0.0) < 0.02);
        assert!((schedule(100, 100, 0.0) - 1.0).abs() < 1e-9);
        assert!((schedule(5000, 100, 1.0) - 0.02).abs() < 1e-9);
    }
}
