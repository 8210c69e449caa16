//! Products of matrices that lie in slices, with any distance between rows and columns.
//!
//! The kernels are those of the `gemm` crate, which candle multiplies with too. Calling them from here saves what
//! candle does around them: it counts the processors by reading a file of the system for every product, clears the
//! result before it is written, and copies operands that are parts of larger matrices.
//!
//! A crate of its own because `gemm` takes pointers: the one unsafe call of the engine is below, and everything that
//! it relies on is checked right before it.

/// A matrix to read.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// `rows` rows of `columns` values, one behind the other.
    ///
    /// # Panics
    /// If there are fewer values than that.
    #[must_use]
    pub fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        Self::strided(values, [rows, columns], columns)
    }

    /// The first `columns` values of rows that begin `row_stride` apart.
    ///
    /// # Panics
    /// If the last value lies behind the end of `values`.
    #[must_use]
    pub fn strided(values: &'a [f32], [rows, columns]: [usize; 2], row_stride: usize) -> Self {
        let matrix = Self { values, rows, columns, row_stride, column_stride: 1 };
        assert!(needed(rows, columns, row_stride) <= values.len(), "a matrix ends behind its values");
        matrix
    }

    /// The same values with rows and columns exchanged.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

/// A matrix to write; its rows do not overlap.
#[derive(Debug)]
pub struct MatrixMut<'a> {
    values: &'a mut [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
}

impl<'a> MatrixMut<'a> {
    /// `rows` rows of `columns` values, one behind the other.
    ///
    /// # Panics
    /// If there are fewer values than that.
    #[must_use]
    pub fn new(values: &'a mut [f32], rows: usize, columns: usize) -> Self {
        Self::strided(values, [rows, columns], columns)
    }

    /// The first `columns` values of rows that begin `row_stride` apart.
    ///
    /// # Panics
    /// If rows overlap or the last value lies behind the end of `values`.
    #[must_use]
    pub fn strided(values: &'a mut [f32], [rows, columns]: [usize; 2], row_stride: usize) -> Self {
        assert!(row_stride >= columns, "rows overlap");
        assert!(needed(rows, columns, row_stride) <= values.len(), "a matrix ends behind its values");
        Self { values, rows, columns, row_stride }
    }
}

/// Values up to the last one of a matrix.
fn needed(rows: usize, columns: usize, row_stride: usize) -> usize {
    if rows == 0 || columns == 0 {
        return 0;
    }
    // Saturating: what cannot be counted is not there.
    (rows - 1).saturating_mul(row_stride).saturating_add(columns)
}

/// What becomes of the values that the result had before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// They are overwritten, and may be anything, NaN too.
    Replace,
    /// The product is added to them.
    Add,
}

/// `out = scale · a b`, or `out += scale · a b`, on all threads of the current rayon pool.
///
/// # Panics
/// If the sizes do not fit.
pub fn multiply(out: MatrixMut<'_>, before: Before, scale: f32, a: Matrix<'_>, b: Matrix<'_>) {
    multiply_on(rayon::current_num_threads(), out, before, scale, a, b);
}

/// [`multiply`] on the calling thread alone: for products that are parts of a task which shares the threads already.
///
/// # Panics
/// If the sizes do not fit.
pub fn multiply_here(out: MatrixMut<'_>, before: Before, scale: f32, a: Matrix<'_>, b: Matrix<'_>) {
    multiply_on(1, out, before, scale, a, b);
}

fn multiply_on(threads: usize, out: MatrixMut<'_>, before: Before, scale: f32, a: Matrix<'_>, b: Matrix<'_>) {
    assert!(
        a.columns == b.rows && out.rows == a.rows && out.columns == b.columns,
        "{}x{} by {}x{} is no {}x{}",
        a.rows,
        a.columns,
        b.rows,
        b.columns,
        out.rows,
        out.columns
    );
    let parallelism = if threads > 1 { gemm::Parallelism::Rayon(threads) } else { gemm::Parallelism::None };
    // No slice is larger than isize::MAX bytes, and no stride that is used larger than its slice.
    let stride = |n: usize| isize::try_from(n).unwrap_or(isize::MAX);
    let add = before == Before::Add;
    // SAFETY: `Matrix` and `MatrixMut` check when they are made that the value in the last row and column, the farthest
    // from the first, lies in their slice, and their sizes are those passed here, equal by the assertion above. The
    // values are initialised, rows of `out` do not overlap, and it is borrowed mutably, so that neither `a` nor `b`
    // shares memory with it.
    unsafe {
        gemm::gemm(
            out.rows,
            out.columns,
            a.columns,
            out.values.as_mut_ptr(),
            1,
            stride(out.row_stride),
            add,
            a.values.as_ptr(),
            stride(a.column_stride),
            stride(a.row_stride),
            b.values.as_ptr(),
            stride(b.column_stride),
            stride(b.row_stride),
            1.0,
            scale,
            false,
            false,
            false,
            parallelism,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 7919 + seed * 31) % 101) as f32 / 50.0 - 1.0).collect()
    }

    /// The definition, in double precision.
    fn expected(
        a: impl Fn(usize, usize) -> f32,
        b: impl Fn(usize, usize) -> f32,
        k: usize,
        at: [usize; 2],
    ) -> f64 {
        (0..k).map(|i| f64::from(a(at[0], i)) * f64::from(b(i, at[1]))).sum()
    }

    #[test]
    fn products_of_parts_are_those_of_the_definition() {
        for (m, k, n) in [(1, 1, 1), (1, 7, 5), (5, 3, 1), (17, 33, 9), (70, 130, 66)] {
            // Parts of wider matrices, from the third column on.
            let (wide_a, wide_b, wide_out) = (k + 5, n + 4, n + 3);
            let (a, b, old) = (values(m * wide_a, 1), values(k * wide_b, 2), values(m * wide_out, 3));
            for (before, scale) in [(Before::Replace, 1.0), (Before::Add, 0.5)] {
                let mut out = old.clone();
                multiply(
                    MatrixMut::strided(&mut out[2..], [m, n], wide_out),
                    before,
                    scale,
                    Matrix::strided(&a[2..], [m, k], wide_a),
                    Matrix::strided(&b[2..], [k, n], wide_b),
                );
                for (row, (out, old)) in out.chunks(wide_out).zip(old.chunks(wide_out)).enumerate() {
                    for (at, (out, old)) in out.iter().zip(old).enumerate() {
                        let inside = (2..2 + n).contains(&at);
                        let product = if inside {
                            let at = [row, at - 2];
                            expected(|i, j| a[2 + i * wide_a + j], |i, j| b[2 + i * wide_b + j], k, at)
                        } else {
                            0.0
                        };
                        let kept = if inside && before == Before::Replace { 0.0 } else { f64::from(*old) };
                        let error = f64::from(*out) - (kept + f64::from(scale) * product);
                        assert!(error.abs() < 1e-4, "{m}x{k}x{n} row {row} column {at}: off by {error}");
                    }
                }
            }
        }
    }

    #[test]
    fn transposed_operands_and_old_values_that_are_nan() {
        let (m, k, n) = (13, 21, 18);
        let (a, b) = (values(k * m, 4), values(n * k, 5));
        let mut out = vec![f32::NAN; m * n];
        let (a_t, b_t) = (Matrix::new(&a, k, m).transposed(), Matrix::new(&b, n, k).transposed());
        multiply_here(MatrixMut::new(&mut out, m, n), Before::Replace, 1.0, a_t, b_t);
        for (i, out) in out.iter().enumerate() {
            let product = expected(|i, j| a[j * m + i], |i, j| b[j * k + i], k, [i / n, i % n]);
            assert!((f64::from(*out) - product).abs() < 1e-4);
        }
    }

    #[test]
    fn all_threads_give_what_one_gives() {
        let (m, k, n) = (200, 150, 170);
        let (a, b) = (values(m * k, 6), values(k * n, 7));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("a pool");
        let (mut one, mut all) = (vec![0.0; m * n], vec![0.0; m * n]);
        let (a, b) = (Matrix::new(&a, m, k), Matrix::new(&b, k, n));
        multiply_here(MatrixMut::new(&mut one, m, n), Before::Replace, 1.0, a, b);
        pool.install(|| multiply(MatrixMut::new(&mut all, m, n), Before::Replace, 1.0, a, b));
        assert!(one.iter().zip(&all).all(|(one, all)| (one - all).abs() < 1e-4));
    }

    #[test]
    fn nothing_to_add_up_is_zero_and_nothing_to_write_is_fine() {
        let mut out = [3.0; 4];
        multiply(
            MatrixMut::new(&mut out, 2, 2),
            Before::Replace,
            1.0,
            Matrix::new(&[], 2, 0),
            Matrix::new(&[], 0, 2),
        );
        assert_eq!(out, [0.0; 4]);
        multiply(
            MatrixMut::new(&mut [], 0, 2),
            Before::Replace,
            1.0,
            Matrix::new(&[], 0, 3),
            Matrix::new(&[0.0; 6], 3, 2),
        );
    }

    #[test]
    #[should_panic(expected = "ends behind its values")]
    fn a_matrix_larger_than_its_values_panics() {
        let _ = Matrix::strided(&[0.0; 10], [3, 2], 5);
    }

    #[test]
    #[should_panic(expected = "rows overlap")]
    fn overlapping_rows_to_write_panic() {
        let _ = MatrixMut::strided(&mut [0.0; 10], [3, 4], 3);
    }

    #[test]
    #[should_panic(expected = "is no")]
    fn sizes_that_do_not_fit_panic() {
        multiply(
            MatrixMut::new(&mut [0.0; 4], 2, 2),
            Before::Replace,
            1.0,
            Matrix::new(&[0.0; 6], 2, 3),
            Matrix::new(&[0.0; 4], 2, 2),
        );
    }
}
