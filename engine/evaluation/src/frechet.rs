//! Fréchet audio distance: how far apart the embeddings of two sets of sounds are.
//!
//! `|μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁^½ Σ₂ Σ₁^½)^½)` between Gaussian fits to the embeddings of all windows of all
//! sounds, [Kilgour et al., 2019](https://arxiv.org/abs/1812.08466) after
//! [Heusel et al., 2017](https://arxiv.org/abs/1706.08500). With YAMNet embeddings it is `fad_yamnet`, not the VGGish
//! figure of other papers: the two cannot be compared.
//!
//! The estimate is too large for small sets ([Gui et al., 2024](https://arxiv.org/abs/2311.01616)): compare only
//! figures from equally many sounds against the same reference.
//!
//! The product's root is never formed: its trace is the sum of the roots of its eigenvalues, which are those of a
//! symmetric matrix, and of the smaller of two such matrices if there are fewer windows than dimensions.

use super::embeddings;
use nalgebra::{DMatrix, DVector, SymmetricEigen};
use straightshot_engine::error::{Error, ErrorKind, Result};

/// Most sweeps of the eigenvalue iteration; it takes a few per dimension.
const MAX_SWEEPS: usize = 100_000;

/// Eigenvalues below this share of the largest are rounding errors of zero.
const ROUNDING: f64 = 1e-12;

/// Gaussian fit to the reference sounds, with the root of its covariance.
#[derive(Debug)]
pub struct Reference {
    mean: DVector<f64>,
    trace: f64,
    root: DMatrix<f64>,
}

/// A set of embeddings seen from a [`Reference`]: distances of many re-weighted versions of it are cheap.
#[derive(Debug)]
pub struct Sample<'r> {
    reference: &'r Reference,
    rows: DMatrix<f64>,     // (windows, dim)
    whitened: DMatrix<f64>, // (windows, dim), rows times the reference's root
}

fn no_root() -> Error {
    Error::new(ErrorKind::Compute, "The eigenvalues for the Fréchet distance did not converge")
}

impl Reference {
    /// Fits the reference; the covariance is the unbiased one.
    ///
    /// # Shapes
    /// - `rows`: `[windows, dim]`, row-major
    ///
    /// # Errors
    /// [`ErrorKind::BadData`] with fewer than two windows or a value that is not finite.
    pub fn new(rows: &[f32], dim: usize) -> Result<Self> {
        let mut rows = embeddings::matrix(rows, dim)?;
        let mean = rows.row_mean().transpose();
        for mut row in rows.row_iter_mut() {
            row -= mean.transpose();
        }
        let covariance = rows.tr_mul(&rows) / (rows.nrows() - 1) as f64;
        let trace = covariance.trace();
        let eigen = SymmetricEigen::try_new(covariance, f64::EPSILON, MAX_SWEEPS).ok_or_else(no_root)?;
        // Rounding makes some eigenvalues of a positive matrix slightly negative.
        let roots = eigen.eigenvalues.map(|x| x.max(0.0).sqrt());
        let root = &eigen.eigenvectors * DMatrix::from_diagonal(&roots) * eigen.eigenvectors.transpose();
        Ok(Self { mean, trace, root })
    }

    /// Prepares a set for [`Sample::distance`].
    ///
    /// # Shapes
    /// - `rows`: `[windows, dim]`, row-major
    ///
    /// # Errors
    /// [`ErrorKind::BadData`] with fewer than two windows, another dimension or a value that is not finite.
    pub fn sample(&self, rows: &[f32]) -> Result<Sample<'_>> {
        let rows = embeddings::matrix(rows, self.mean.len())?;
        let whitened = &rows * &self.root;
        Ok(Sample { reference: self, rows, whitened })
    }
}

impl Sample<'_> {
    /// Number of windows.
    #[must_use]
    pub fn windows(&self) -> usize {
        self.rows.nrows()
    }

    /// Distance to the reference, each window counted `weights[window]` times.
    ///
    /// # Errors
    /// [`ErrorKind::BadData`] unless the weights fit and at least two windows remain.
    pub fn distance(&self, weights: &[f64]) -> Result<f64> {
        let Centred { rows, whitened, mean, scale, .. } = self.centred(weights)?;
        let trace = rows.norm_squared() * scale;
        let product = if rows.nrows() < rows.ncols() {
            &whitened * whitened.transpose()
        } else {
            whitened.tr_mul(&whitened)
        };
        let root_trace: f64 = eigenvalues(product * scale)?.iter().map(|x| x.max(0.0).sqrt()).sum();
        let distance = (mean - &self.reference.mean).norm_squared();
        Ok((distance + trace + self.reference.trace - 2.0 * root_trace).max(0.0))
    }

    /// What each window adds to [`Sample::distance`], of which these are the exact summands: with `x` a window, `μ`,
    /// `d = x - μ` and `n` those of this set and `w = Σ₁^½ d`, it is
    /// `(x - μ₁)ᵀ(μ - μ₁) / n + |d|² / (n - 1) + tr Σ₁ / n - 2 wᵀ (Σ₁^½ Σ Σ₁^½)^-½ w / (n - 1)`.
    ///
    /// A window far from all others has a large share: it widens the fit in a direction that the reference does not
    /// have.
    ///
    /// # Errors
    /// As [`Sample::distance`].
    pub fn shares(&self, weights: &[f64]) -> Result<Vec<f64>> {
        let Centred { used, rows, whitened, mean, total, scale } = self.centred(weights)?;
        let product = whitened.tr_mul(&whitened) * scale;
        let eigen = SymmetricEigen::try_new(product, f64::EPSILON, MAX_SWEEPS).ok_or_else(no_root)?;
        // Directions that no window has: their root is zero, and nothing is projected on them.
        let least = eigen.eigenvalues.max() * ROUNDING;
        let inverse = eigen.eigenvalues.map(|x| if x > least { x.sqrt().recip() } else { 0.0 });
        let projected = &whitened * &eigen.eigenvectors;
        let away = &mean - &self.reference.mean;
        let mut shares = vec![0.0; weights.len()];
        for (at, &window) in used.iter().enumerate() {
            let from_reference = self.rows.row(window).transpose() - &self.reference.mean;
            let root: f64 = projected.row(at).iter().zip(&inverse).map(|(p, i)| p * p * i).sum();
            shares[window] = weights[window] * (from_reference.dot(&away) + self.reference.trace) / total
                + (rows.row(at).norm_squared() - 2.0 * root) * scale;
        }
        Ok(shares)
    }

    /// The windows with a weight, centred.
    fn centred(&self, weights: &[f64]) -> Result<Centred> {
        let total: f64 = weights.iter().sum();
        if weights.len() != self.windows() || total < 2.0 {
            return Err(embeddings::too_few());
        }
        let used: Vec<usize> = (0..weights.len()).filter(|&i| weights[i] > 0.0).collect();
        let mut rows = self.rows.select_rows(&used);
        let mut whitened = self.whitened.select_rows(&used);
        let weights = DVector::from_iterator(used.len(), used.iter().map(|&i| weights[i]));
        let mean = centre(&mut rows, &weights);
        centre(&mut whitened, &weights);
        Ok(Centred { used, rows, whitened, mean, total, scale: 1.0 / (total - 1.0) })
    }
}

/// Windows less their mean, each times the root of its weight.
struct Centred {
    /// Which windows the rows are.
    used: Vec<usize>,
    rows: DMatrix<f64>,
    whitened: DMatrix<f64>,
    mean: DVector<f64>,
    /// Sum of the weights, and one over one less.
    total: f64,
    scale: f64,
}

/// Subtracts the weighted mean, multiplies each row by the root of its weight and returns the mean.
fn centre(rows: &mut DMatrix<f64>, weights: &DVector<f64>) -> DVector<f64> {
    let mean = rows.tr_mul(weights) / weights.sum();
    for (mut row, weight) in rows.row_iter_mut().zip(weights) {
        row -= mean.transpose();
        row *= weight.sqrt();
    }
    mean
}

fn eigenvalues(matrix: DMatrix<f64>) -> Result<DVector<f64>> {
    if matrix.iter().all(|x| x.is_finite()) { Ok(matrix.symmetric_eigenvalues()) } else { Err(no_root()) }
}

/// Distance between two sets of embeddings.
///
/// # Shapes
/// - `real`, `made`: `[windows, dim]`, row-major, any number of windows each
///
/// # Errors
/// As [`Reference::new`] and [`Reference::sample`].
pub fn distance(real: &[f32], made: &[f32], dim: usize) -> Result<f64> {
    let reference = Reference::new(real, dim)?;
    let sample = reference.sample(made)?;
    sample.distance(&vec![1.0; sample.windows()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use straightshot_engine::rng::{Noise, Stream};

    #[test]
    fn shift_and_scale_of_one_set_have_their_closed_forms() {
        let x = Noise::new(3, Stream::Evaluation).normals(400 * 3);
        let reference = Reference::new(&x, 3).unwrap();
        let shifted: Vec<f32> = x.iter().map(|v| v + 2.0).collect();
        assert!((distance(&x, &shifted, 3).unwrap() - 12.0).abs() < 1e-4);
        let mean =
            |v: &[f32], i: usize| v.iter().skip(i).step_by(3).map(|&v| f64::from(v)).sum::<f64>() / 400.0;
        // tr(Σ + 9 Σ - 2 · 3 Σ) and the mean moved by twice itself.
        let expected = 4.0 * reference.trace + (0..3).map(|i| 4.0 * mean(&x, i).powi(2)).sum::<f64>();
        let tripled: Vec<f32> = x.iter().map(|v| v * 3.0).collect();
        assert!((distance(&x, &tripled, 3).unwrap() - expected).abs() < 1e-4 * expected);
    }

    #[test]
    fn a_weight_counts_like_a_repetition() {
        let mut random = Noise::new(4, Stream::Evaluation);
        let (real, made) = (random.normals(40 * 6), random.normals(4 * 6));
        let reference = Reference::new(&real, 6).unwrap();
        let weighted = reference.sample(&made).unwrap().distance(&[3.0, 0.0, 1.0, 2.0]).unwrap();
        let row = |i: usize| made[i * 6..(i + 1) * 6].to_vec();
        let repeated = [row(0), row(0), row(0), row(2), row(3), row(3)].concat();
        // The root of an eigenvalue that should be zero is that of its rounding error: about 1e-8.
        let counted = distance(&real, &repeated, 6).unwrap();
        assert!((weighted - counted).abs() < 1e-6, "{weighted}, {counted}");
    }

    #[test]
    fn shares_sum_to_the_distance_and_an_outlier_has_most_of_it() {
        let mut random = Noise::new(5, Stream::Evaluation);
        let reference = Reference::new(&random.normals(200 * 6), 6).unwrap();
        // More and fewer windows than dimensions.
        for windows in [40, 4] {
            let mut made = random.normals(windows * 6);
            made[..6].iter_mut().for_each(|x| *x += 30.0);
            let sample = reference.sample(&made).unwrap();
            let mut weights = vec![1.0; windows];
            weights[2] = 0.0;
            weights[3] = 3.0;
            let (shares, distance) = (sample.shares(&weights).unwrap(), sample.distance(&weights).unwrap());
            let sum: f64 = shares.iter().sum();
            assert!((sum - distance).abs() < 1e-6 * distance, "{sum} of {distance}");
            assert!(shares[2] == 0.0 && shares[0] > 0.8 * distance, "{shares:?} of {distance}");
        }
        assert!(reference.sample(&[1.0; 12]).unwrap().shares(&[1.0]).is_err());
    }

    #[test]
    fn too_little_or_broken_data_is_an_error() {
        assert_eq!(Reference::new(&[1.0, 2.0], 2).unwrap_err().kind(), ErrorKind::BadData);
        assert_eq!(Reference::new(&[1.0, f32::NAN, 0.0, 1.0], 2).unwrap_err().kind(), ErrorKind::BadData);
        let reference = Reference::new(&[1.0, 2.0, 3.0, 5.0], 2).unwrap();
        assert!(reference.sample(&[1.0; 6]).unwrap().distance(&[1.0, 0.0, 0.0]).is_err());
    }
}
