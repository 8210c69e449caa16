//! Compares gradients with finite differences in single precision.

use anyhow::{Context, Result, ensure};
use candle_core::{Tensor, Var};
use straightshot_engine::rng::{Noise, Stream};

/// Elements of each variable that are compared one by one.
const ELEMENTS: usize = 8;

/// Settings of a comparison.
pub(super) struct FiniteDifference {
    /// Length of a step; of the order of a hundredth of the variables.
    pub(super) step: f64,
    /// Allowed error relative to the largest slope of the variable.
    pub(super) relative: f64,
    /// Allowed error on top: what rounding alone can cause.
    pub(super) absolute: f64,
}

impl Default for FiniteDifference {
    fn default() -> Self {
        Self { step: 0.02, relative: 3e-3, absolute: 2e-4 }
    }
}

impl FiniteDifference {
    /// Compares the gradients of `f` for every variable, in three ways: some elements one by one, all at once along
    /// the gradient, and all at once with random signs.
    ///
    /// The output is made a number by its product with random weights, so that no error can cancel by symmetry.
    ///
    /// # Errors
    /// Names the variable and element that is wrong, or the variable that gets no gradient.
    pub(super) fn check(&self, variables: &[(String, Var)], f: &dyn Fn() -> Result<Tensor>) -> Result<()> {
        let output = f()?;
        let mut random = Noise::new(1, Stream::Training);
        let weights = random.normal_tensor(output.shape().clone(), output.device())?;
        let grads = (&output * &weights)?.sum_all()?.backward()?;
        let weights = weights.flatten_all()?.to_vec1::<f32>()?;
        let value = || -> Result<f64> {
            let values = f()?.flatten_all()?.to_vec1::<f32>()?;
            Ok(values.iter().zip(&weights).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum())
        };
        ensure!(!variables.is_empty(), "there is nothing to check");
        for (name, var) in variables {
            let grad = grads.get(var).with_context(|| format!("no gradient reaches {name}"))?;
            ensure!(grad.dims() == var.dims(), "{name}: the gradient has the shape {:?}", grad.dims());
            let grad = grad.flatten_all()?.to_vec1::<f32>()?;
            self.check_one(name, var, &grad, &value, &mut random)?;
        }
        Ok(())
    }

    fn check_one(
        &self,
        name: &str,
        var: &Var,
        grad: &[f32],
        value: &dyn Fn() -> Result<f64>,
        random: &mut Noise,
    ) -> Result<()> {
        let largest = grad.iter().fold(0f32, |m, g| m.max(g.abs()));
        let length = grad.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
        let mut directions: Vec<(String, Vec<f32>, f64)> = Vec::new();
        for _ in 0..ELEMENTS.min(grad.len()) {
            let at = random.below(grad.len());
            let mut one = vec![0f32; grad.len()];
            one[at] = 1.0;
            directions.push((format!("element {at}"), one, f64::from(largest)));
        }
        let unit = 1.0 / (grad.len() as f32).sqrt();
        let signs = grad.iter().map(|_| if random.below(2) == 0 { unit } else { -unit }).collect();
        directions.push(("random signs".into(), signs, f64::from(largest)));
        if length > 0.0 {
            let along = grad.iter().map(|g| (f64::from(*g) / length) as f32).collect();
            directions.push(("the gradient's own direction".into(), along, length));
        }
        for (what, direction, scale) in directions {
            let expected = self.slope(var, &direction, value)?;
            let got: f64 = grad.iter().zip(&direction).map(|(g, d)| f64::from(*g) * f64::from(*d)).sum();
            let tolerance = self.absolute + self.relative * scale;
            // Written so that NaN fails.
            let close = (got - expected).abs() <= tolerance;
            ensure!(
                close,
                "{name}, {what}: gradient {got}, finite difference {expected} (tolerance {tolerance})"
            );
        }
        Ok(())
    }

    /// Derivative along `direction`, by the central difference of fourth order.
    fn slope(&self, var: &Var, direction: &[f32], value: &dyn Fn() -> Result<f64>) -> Result<f64> {
        let origin = var.flatten_all()?.to_vec1::<f32>()?;
        let at = |factor: f64| -> Result<f64> {
            let moved = origin.iter().zip(direction).map(|(x, d)| x + (factor * self.step) as f32 * d);
            var.set(&Tensor::from_iter(moved, var.device())?.reshape(var.shape())?)?;
            value()
        };
        let near = at(1.0)? - at(-1.0)?;
        let far = at(2.0)? - at(-2.0)?;
        var.set(&Tensor::from_vec(origin, var.shape(), var.device())?)?;
        Ok((8.0 * near - far) / (12.0 * self.step))
    }
}
