//! Clips longer than what networks are trained on.

use super::solver::VelocityField;
use crate::error::Result;
use crate::memory;
use candle_core::Tensor;

/// Tokens that a network sees together: the longest clips it is trained on, 10 s of the default model.
pub const WINDOW: usize = 216;
/// Tokens that neighbouring windows share at least, 3.3 s: enough to hear what goes on.
pub const OVERLAP: usize = 72;

/// A field over any number of tokens made of one over [`WINDOW`].
///
/// Every evaluation cuts the state into overlapping windows and takes the weighted mean of their velocities,
/// [MultiDiffusion](https://arxiv.org/abs/2302.08113) with weights that fall linearly towards the ends of a window: since
/// all windows move the same state, there is no seam to cover up afterwards. Cost grows in proportion to the length.
#[derive(Debug)]
pub struct Windowed<F> {
    field: F,
    window: usize,
    overlap: usize,
}

impl<F: VelocityField> Windowed<F> {
    /// Windows of the usual size.
    pub fn new(field: F) -> Self {
        Self { field, window: WINDOW, overlap: OVERLAP }
    }
}

/// How many evaluations of how many tokens one step of a clip of `tokens` tokens takes.
#[must_use]
pub fn evaluations(tokens: usize) -> (usize, usize) {
    if tokens <= WINDOW { (1, tokens) } else { (starts(tokens, WINDOW, OVERLAP).len(), WINDOW) }
}

/// First token of each window: evenly spaced, at least `overlap` shared.
fn starts(tokens: usize, window: usize, overlap: usize) -> Vec<usize> {
    let last = tokens - window;
    let strides = last.div_ceil(window - overlap);
    (0..=strides).map(|i| i * last / strides.max(1)).collect()
}

/// Weights of the tokens of the window from `start`: a ramp towards its ends, except at those of the clip.
fn weights(start: usize, window: usize, overlap: usize, tokens: usize) -> Vec<f32> {
    let ramp = |distance: usize| (distance as f32 + 0.5) / overlap as f32;
    let side = |inner: bool, distance: usize| if inner { ramp(distance).min(1.0) } else { 1.0 };
    let weight = |i: usize| side(start > 0, i) * side(start + window < tokens, window - 1 - i);
    (0..window).map(weight).collect()
}

impl<F: VelocityField> VelocityField for Windowed<F> {
    fn velocity(&self, x_t: &Tensor, t: f64) -> Result<Tensor> {
        let tokens = x_t.dim(1)?;
        if tokens <= self.window {
            return self.field.velocity(x_t, t);
        }
        // On the host and in plain loops: it is little beside one evaluation, and candle would spread sums of this size
        // over threads of its own, see `ops::add_multiple`.
        let (batch, _, channels) = x_t.dims3()?;
        let mut sum = memory::zeros(batch * tokens * channels)?;
        let mut weight = memory::zeros(tokens)?;
        for start in starts(tokens, self.window, self.overlap) {
            let own = weights(start, self.window, self.overlap, tokens);
            let part = x_t.narrow(1, start, self.window)?.contiguous()?;
            let velocity = self.field.velocity_from(&part, t, start)?;
            let velocity = velocity.flatten_all()?.to_vec1::<f32>()?;
            let clips =
                sum.chunks_exact_mut(tokens * channels).zip(velocity.chunks_exact(self.window * channels));
            for (sum, velocity) in clips {
                let rows =
                    sum[start * channels..].chunks_exact_mut(channels).zip(velocity.chunks_exact(channels));
                for ((sum, velocity), own) in rows.zip(&own) {
                    sum.iter_mut().zip(velocity).for_each(|(sum, v)| *sum += own * v);
                }
            }
            weight[start..].iter_mut().zip(&own).for_each(|(weight, own)| *weight += own);
        }
        for (row, sum) in sum.chunks_exact_mut(channels).enumerate() {
            sum.iter_mut().for_each(|sum| *sum /= weight[row % tokens]);
        }
        Ok(Tensor::from_vec(sum, x_t.shape(), x_t.device())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;
    use std::cell::RefCell;

    #[test]
    fn windows_cover_every_token_and_overlap_enough() {
        for tokens in [217, 288, 289, 646, 2584] {
            let starts = starts(tokens, WINDOW, OVERLAP);
            assert_eq!((starts[0], starts[starts.len() - 1] + WINDOW), (0, tokens));
            assert_eq!(evaluations(tokens), (starts.len(), WINDOW));
            for pair in starts.windows(2) {
                assert!(pair[0] + WINDOW >= pair[1] + OVERLAP, "{pair:?} of {tokens}");
            }
        }
        assert_eq!(evaluations(WINDOW), (1, WINDOW));
    }

    #[test]
    fn a_field_that_does_not_look_around_is_the_same_in_windows_and_a_constant_of_each_is_blended() {
        let x = Tensor::arange(0f32, 40.0, &Device::Cpu).unwrap().reshape((1, 20, 2)).unwrap();
        let local = |x: &Tensor, t: f64| Ok(((x * 2.0)? + t)?);
        let windowed = Windowed { field: local, window: 8, overlap: 4 };
        let (got, want) = (windowed.velocity(&x, 0.5).unwrap(), local(&x, 0.5).unwrap());
        let error = (got - want).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(error < 1e-5, "{error}");

        // The n-th window says n everywhere: the result rises from 0 to the last in small steps.
        let count = RefCell::new(0.0);
        let numbered = |x: &Tensor, _: f64| {
            let n = count.replace_with(|n| *n + 1.0);
            Ok((x.zeros_like()? + n)?)
        };
        let windowed = Windowed { field: numbered, window: 8, overlap: 4 };
        let got = windowed.velocity(&x, 0.0).unwrap().get(0).unwrap().to_vec2::<f32>().unwrap();
        let line: Vec<f32> = got.iter().map(|row| row[0]).collect();
        assert_eq!((line[0], line[19]), (0.0, 3.0));
        assert!(line.windows(2).all(|w| (0.0..=0.51).contains(&(w[1] - w[0]))), "{line:?}");
    }

    #[test]
    fn a_short_clip_is_evaluated_once() {
        let calls = RefCell::new(0);
        let field = |x: &Tensor, _: f64| {
            *calls.borrow_mut() += 1;
            Ok(x.clone())
        };
        let x = Tensor::zeros((1, WINDOW, 1), candle_core::DType::F32, &Device::Cpu).unwrap();
        Windowed::new(field).velocity(&x, 0.0).unwrap();
        assert_eq!(*calls.borrow(), 1);
    }
}
