//! Embeddings of the windows of a set of sounds, as distances between sets take them.

use nalgebra::DMatrix;
use straightshot_engine::error::{Error, ErrorKind, Result};

pub(super) fn too_few() -> Error {
    Error::new(ErrorKind::BadData, "A distance needs at least two windows of sound in each set")
}

/// `rows`, `[windows, dim]` in row-major order, as a matrix.
///
/// # Errors
/// [`ErrorKind::BadData`] with fewer than two windows, another dimension or a value that is not finite.
pub(super) fn matrix(rows: &[f32], dim: usize) -> Result<DMatrix<f64>> {
    if dim == 0 || !rows.len().is_multiple_of(dim) || rows.len() < 2 * dim {
        return Err(too_few());
    }
    if rows.iter().any(|x| !x.is_finite()) {
        return Err(Error::new(ErrorKind::BadData, "A sound has an embedding that is not a number"));
    }
    Ok(DMatrix::from_row_iterator(rows.len() / dim, dim, rows.iter().map(|&x| f64::from(x))))
}
