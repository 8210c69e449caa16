//! Kernel audio distance: how far apart the embeddings of two sets of sounds are, without a Gaussian fit.
//!
//! `mean k(x, x') + mean k(y, y') - 2 mean k(x, y)` over pairs of different windows, the unbiased square of the maximum
//! mean discrepancy ([Gretton et al., 2012](https://jmlr.org/papers/v13/gretton12a.html)), with a Gaussian kernel as wide
//! as the median distance between windows of the reference:
//! [Chung et al., 2025](https://arxiv.org/abs/2502.15602), times 100 as in their program.
//!
//! It is not biased in small sets, and since a kernel is at most one, a window however far out moves it by what its
//! number is among the windows: both unlike [`super::frechet`].

use super::embeddings;
use nalgebra::DMatrix;
use straightshot_engine::error::Result;

/// What the paper's program multiplies the distance by.
const SCALE: f64 = 100.0;

/// The reference sounds, with the width of the kernel.
#[derive(Debug)]
pub struct Reference {
    rows: DMatrix<f64>,
    gamma: f64,
    within: f64,
}

/// A set of embeddings seen from a [`Reference`]: distances of many re-weighted versions of it are cheap.
#[derive(Debug)]
pub struct Sample {
    reference_within: f64,
    kernel: DMatrix<f64>, // (windows, windows), zero between a window and itself
    across: Vec<f64>,     // (windows), the mean over windows of the reference
}

/// Squared distances between the rows of two matrices.
fn squares(x: &DMatrix<f64>, y: &DMatrix<f64>) -> DMatrix<f64> {
    let norms = |x: &DMatrix<f64>| -> Vec<f64> { x.row_iter().map(|row| row.norm_squared()).collect() };
    let (of_x, of_y) = (norms(x), norms(y));
    let mut product = x * y.transpose() * -2.0;
    for (mut column, of_y) in product.column_iter_mut().zip(of_y) {
        column.iter_mut().zip(&of_x).for_each(|(value, of_x)| *value = (*value + of_x + of_y).max(0.0));
    }
    product
}

/// The middle of `values`, which it reorders; the lower one of two.
fn median(values: &mut [f64]) -> f64 {
    let middle = values.len().saturating_sub(1) / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

impl Reference {
    /// Takes the reference's windows.
    ///
    /// # Shapes
    /// - `rows`: `[windows, dim]`, row-major
    ///
    /// # Errors
    /// [`BadData`](straightshot_engine::ErrorKind::BadData) with fewer than two windows or a value that is not finite.
    pub fn new(rows: &[f32], dim: usize) -> Result<Self> {
        let rows = embeddings::matrix(rows, dim)?;
        let squares = squares(&rows, &rows);
        let n = rows.nrows();
        let mut pairs: Vec<f64> =
            (0..n).flat_map(|j| (0..j).map(move |i| (i, j))).map(|at| squares[at]).collect();
        let count = pairs.len() as f64;
        // Windows that are all the same have no width; any will do.
        let gamma = 0.5 / median(&mut pairs).max(f64::MIN_POSITIVE);
        let within = pairs.iter().map(|square| (-gamma * square).exp()).sum::<f64>() / count;
        Ok(Self { rows, gamma, within })
    }

    /// Prepares a set for [`Sample::distance`].
    ///
    /// # Shapes
    /// - `rows`: `[windows, dim]`, row-major
    ///
    /// # Errors
    /// [`BadData`](straightshot_engine::ErrorKind::BadData) with fewer than two windows, another dimension or a value that is not
    /// finite.
    pub fn sample(&self, rows: &[f32]) -> Result<Sample> {
        let rows = embeddings::matrix(rows, self.rows.ncols())?;
        let kernel = |y: &DMatrix<f64>| squares(&rows, y).map(|square| (-self.gamma * square).exp());
        let across = kernel(&self.rows).row_iter().map(|row| row.mean()).collect();
        let mut kernel = kernel(&rows);
        kernel.fill_diagonal(0.0);
        Ok(Sample { reference_within: self.within, kernel, across })
    }
}

impl Sample {
    /// Distance to the reference, each window counted `weights[window]` times. It can be a little below zero.
    ///
    /// # Errors
    /// [`BadData`](straightshot_engine::ErrorKind::BadData) unless the weights fit and at least two windows remain.
    pub fn distance(&self, weights: &[f64]) -> Result<f64> {
        let used: Vec<usize> = (0..weights.len()).filter(|&i| weights[i] > 0.0).collect();
        if weights.len() != self.across.len() || used.len() < 2 {
            return Err(embeddings::too_few());
        }
        let sum = |of: &dyn Fn(usize) -> f64| used.iter().map(|&i| weights[i] * of(i)).sum::<f64>();
        let total = sum(&|_| 1.0);
        // A window drawn twice makes no pair with itself.
        let pairs = total * total - sum(&|i| weights[i]);
        let within = sum(&|j| {
            let column = self.kernel.column(j);
            used.iter().map(|&i| weights[i] * column[i]).sum::<f64>()
        });
        let across = sum(&|i| self.across[i]) / total;
        Ok(SCALE * (within / pairs + self.reference_within - 2.0 * across))
    }
}

/// Distance between two sets of embeddings.
///
/// # Shapes
/// - `real`, `made`: `[windows, dim]`, row-major, any number of windows each
///
/// # Errors
/// As [`Reference::new`] and [`Reference::sample`].
pub fn distance(real: &[f32], made: &[f32], dim: usize) -> Result<f64> {
    let sample = Reference::new(real, dim)?.sample(made)?;
    sample.distance(&vec![1.0; sample.across.len()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use straightshot_engine::error::ErrorKind;
    use straightshot_engine::rng::{Noise, Stream};

    #[test]
    fn sets_of_one_law_are_nought_apart_on_average_however_few() {
        let mut random = Noise::new(6, Stream::Evaluation);
        let reference = random.normals(300 * 4);
        let mean =
            (0..200).map(|_| distance(&reference, &random.normals(5 * 4), 4).unwrap()).sum::<f64>() / 200.0;
        let shifted: Vec<f32> = random.normals(100 * 4).iter().map(|x| x + 1.0).collect();
        let apart = distance(&reference, &shifted, 4).unwrap();
        assert!(mean.abs() < 0.05 * apart, "{mean} beside {apart}");
    }

    #[test]
    fn one_window_moves_it_little_however_far_out_it_is() {
        let mut random = Noise::new(7, Stream::Evaluation);
        let (real, mut made) = (random.normals(100 * 4), random.normals(50 * 4));
        let before = distance(&real, &made, 4).unwrap();
        made[..4].fill(1e6);
        let moved = distance(&real, &made, 4).unwrap() - before;
        // At most its part of the pairs, here and across.
        assert!(moved.abs() < SCALE * 4.0 / 50.0, "{moved}");
    }

    #[test]
    fn a_window_of_weight_nought_is_not_there() {
        let mut random = Noise::new(8, Stream::Evaluation);
        let (real, made) = (random.normals(30 * 3), random.normals(6 * 3));
        let sample = Reference::new(&real, 3).unwrap().sample(&made).unwrap();
        let some = sample.distance(&[1.0, 1.0, 1.0, 1.0, 0.0, 0.0]).unwrap();
        assert!((some - distance(&real, &made[..12], 3).unwrap()).abs() < 1e-9);
        // Twice everything is the same law; a window is still not paired with itself.
        assert!((sample.distance(&[2.0, 2.0, 2.0, 2.0, 0.0, 0.0]).unwrap() - some).abs() < 1e-9);
        assert_eq!(sample.distance(&[1.0, 0.0, 0.0, 0.0, 0.0, 0.0]).unwrap_err().kind(), ErrorKind::BadData);
        assert_eq!(Reference::new(&[1.0, f32::NAN], 1).unwrap_err().kind(), ErrorKind::BadData);
    }
}
