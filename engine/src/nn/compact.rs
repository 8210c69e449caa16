//! Weights in bytes, for products with few rows.
//!
//! A product of a short clip, or of a prompt's few words, does less with a weight than fetching it from memory takes: the
//! 46 MB of the default flow do not stay in the cache. Weights that were stored in 8 bits (see [`crate::weights`]) are
//! therefore kept in 8 bits beside the `f32` ones, panel by panel. A panel becomes `f32` in the cache of the core that
//! multiplies by it; its values are those of the `f32` weights but for the last bit.

use super::held::Held;
use super::ops::kernels as k;
use candle_core::{Result, Tensor, bail};
use rayon::prelude::*;
use std::cell::RefCell;
use straightshot_matmul::{Before, Matrix, MatrixMut, multiply_here};

/// Values of a panel: 128 KiB as `f32`, which fits beside the rows in a core's own cache.
const PANEL: usize = 32 * 1024;
/// Columns of a panel are a multiple of this, a few vectors.
const COLUMNS: usize = 16;
/// Smaller weights stay in the cache anyway.
const SMALLEST: usize = 16 * 1024;
/// With more rows the product takes so long that fetching its weights does not show.
const MOST_ROWS: usize = 128;
/// With so few the bytes are multiplied as they are: each is used too rarely to become `f32` first.
const FEW_ROWS: usize = 2;
/// Largest code; rows are scaled so that it occurs.
const LARGEST: f32 = 127.0;
/// How far a value may be from a code times its scale, as a share of the scale: roundings of `f32`.
const EXACT: f32 = 1e-4;

thread_local! {
    /// A panel as `f32`.
    static WEIGHTS: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// A weight of bytes.
#[derive(Debug)]
pub(crate) struct Compact {
    /// Panel after panel, each `[in_dim, columns of the panel]`.
    codes: Vec<i8>,
    scales: Scales,
    in_dim: usize,
    out_dim: usize,
    columns: usize,
}

/// What the codes are multiplied by.
#[derive(Debug)]
enum Scales {
    /// One per input.
    Rows(Vec<f32>),
    /// One per output.
    Columns(Vec<f32>),
}

impl Compact {
    /// The weight `[in_dim, out_dim]` in bytes, if its values are multiples of at most 127 of a scale per row or per
    /// column and it is large enough to gain by it.
    pub(crate) fn of(weight: &Tensor) -> Result<Option<Self>> {
        let (in_dim, out_dim) = weight.dims2()?;
        if in_dim * out_dim < SMALLEST {
            return Ok(None);
        }
        let weight = weight.contiguous()?;
        let held = Held::new(&weight);
        let values = held.values()?;
        Ok(Self::by_rows(values, in_dim, out_dim).or_else(|| Self::by_columns(values, in_dim, out_dim)))
    }

    fn by_rows(values: &[f32], in_dim: usize, out_dim: usize) -> Option<Self> {
        let row = |row: &[f32]| {
            let scale = k::largest(row) / LARGEST;
            let mut codes = vec![0; row.len()];
            k::to_bytes(row, scale, EXACT, &mut codes).then_some((codes, scale))
        };
        // One row first: it is enough to tell weights that never were bytes.
        row(&values[..out_dim])?;
        let rows: Vec<(Vec<i8>, f32)> = values.par_chunks(out_dim).map(row).collect::<Option<_>>()?;
        let (rows, scales): (Vec<Vec<i8>>, Vec<f32>) = rows.into_iter().unzip();
        Some(Self::of_panels(&rows, Scales::Rows(scales), in_dim, out_dim))
    }

    fn by_columns(values: &[f32], in_dim: usize, out_dim: usize) -> Option<Self> {
        let mut scales = vec![0f32; out_dim];
        for row in values.chunks_exact(out_dim) {
            for (most, v) in scales.iter_mut().zip(row) {
                *most = if v.abs() > *most { v.abs() } else { *most };
            }
        }
        scales.iter_mut().for_each(|scale| *scale /= LARGEST);
        let row = |row: &[f32]| {
            let mut codes = vec![0; row.len()];
            k::to_bytes_by_columns(row, &scales, EXACT, &mut codes).then_some(codes)
        };
        row(&values[..out_dim])?;
        let rows: Vec<Vec<i8>> = values.par_chunks(out_dim).map(row).collect::<Option<_>>()?;
        Some(Self::of_panels(&rows, Scales::Columns(scales), in_dim, out_dim))
    }

    fn of_panels(rows: &[Vec<i8>], scales: Scales, in_dim: usize, out_dim: usize) -> Self {
        let columns = (PANEL / in_dim / COLUMNS * COLUMNS).clamp(COLUMNS, out_dim.next_multiple_of(COLUMNS));
        let mut codes = Vec::with_capacity(in_dim * out_dim);
        for start in (0..out_dim).step_by(columns) {
            let end = (start + columns).min(out_dim);
            rows.iter().for_each(|row| codes.extend_from_slice(&row[start..end]));
        }
        Self { codes, scales, in_dim, out_dim, columns }
    }

    /// Whether `rows` rows are few enough.
    pub(crate) fn is_for(rows: usize) -> bool {
        rows <= MOST_ROWS
    }

    /// `x W + b` on all threads of the current rayon pool; an empty bias is none.
    ///
    /// # Shapes
    /// - `x`: `[.., in_dim]`; returns `[.., out_dim]`
    pub(crate) fn apply(&self, x: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        if x.dims().last() != Some(&self.in_dim) || bias.is_some_and(|bias| bias.dims() != [self.out_dim]) {
            bail!("linear: {:?} does not fit a weight of [{}, {}]", x.shape(), self.in_dim, self.out_dim);
        }
        let mut dims = x.dims().to_vec();
        dims.pop();
        dims.push(self.out_dim);
        let x = x.contiguous()?;
        let held = (Held::new(&x), bias.map(Held::new));
        let xs = held.0.values()?;
        let bias = held.1.as_ref().map(Held::values).transpose()?;
        let rows = xs.len() / self.in_dim;
        let mut out = bias.map_or_else(|| vec![0f32; rows * self.out_dim], |bias| bias.repeat(rows));
        let panels = || self.codes.chunks(self.in_dim * self.columns).enumerate();
        if rayon::current_num_threads() == 1 {
            for (panel, codes) in panels() {
                self.add_product(xs, panel, codes, &mut out[panel * self.columns..], self.out_dim);
            }
        } else {
            // Rows of panels lie between those of others, so each thread fills its own.
            let products: Vec<Vec<f32>> = panels()
                .collect::<Vec<_>>()
                .into_par_iter()
                .map(|(panel, codes)| {
                    let columns = codes.len() / self.in_dim;
                    let mut out = vec![0f32; rows * columns];
                    self.add_product(xs, panel, codes, &mut out, columns);
                    out
                })
                .collect();
            for (row, out) in out.chunks_exact_mut(self.out_dim).enumerate() {
                for (out, product) in out.chunks_mut(self.columns).zip(&products) {
                    let product = &product[row * out.len()..][..out.len()];
                    out.iter_mut().zip(product).for_each(|(out, product)| *out += product);
                }
            }
        }
        Tensor::from_vec(out, dims, x.device())
    }

    /// Adds `x W` of a panel and its codes to the front of the rows of `out`, which begin `stride` apart.
    fn add_product(&self, xs: &[f32], panel: usize, codes: &[i8], out: &mut [f32], stride: usize) {
        let (rows, columns) = (xs.len() / self.in_dim, codes.len() / self.in_dim);
        let start = panel * self.columns;
        if rows <= FEW_ROWS {
            for (x, out) in xs.chunks_exact(self.in_dim).zip(out.chunks_mut(stride)) {
                let out = &mut out[..columns];
                match &self.scales {
                    Scales::Rows(scales) => k::add_row_of_bytes_by_rows(x, codes, scales, out),
                    Scales::Columns(scales) => {
                        k::add_row_of_bytes_by_columns(x, codes, &scales[start..][..columns], out);
                    }
                }
            }
            return;
        }
        WEIGHTS.with_borrow_mut(|weights| {
            if weights.len() < codes.len() {
                weights.resize(codes.len(), 0.0);
            }
            let weights = &mut weights[..codes.len()];
            match &self.scales {
                Scales::Rows(scales) => k::from_bytes_by_rows(codes, scales, columns, weights),
                Scales::Columns(scales) => {
                    k::from_bytes_by_columns(codes, &scales[start..][..columns], weights);
                }
            }
            let (x, weights) =
                (Matrix::new(xs, rows, self.in_dim), Matrix::new(weights, self.in_dim, columns));
            multiply_here(MatrixMut::strided(out, [rows, columns], stride), Before::Add, 1.0, x, weights);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::ops;
    use crate::rng::{Noise, Stream};
    use candle_core::Device;

    const IN: usize = 130;
    const OUT: usize = 203;

    /// Random codes times a scale per row, turned round if `turned`.
    fn stored(turned: bool) -> Tensor {
        let (rows, row) = if turned { (OUT, IN) } else { (IN, OUT) };
        let mut random = Noise::new(5, Stream::Training);
        let scales: Vec<f32> = (0..rows).map(|_| random.uniform() as f32 * 0.01 + 0.001).collect();
        let code = |i: usize, random: &mut Noise| {
            // The largest code is in every row.
            if i.is_multiple_of(row) { -LARGEST } else { random.below(255) as f32 - LARGEST }
        };
        let values: Vec<f32> = (0..rows * row).map(|i| code(i, &mut random) * scales[i / row]).collect();
        let weight = Tensor::from_vec(values, (rows, row), &Device::Cpu).unwrap();
        if turned { weight.t().unwrap().contiguous().unwrap() } else { weight }
    }

    fn normal(shape: &[usize]) -> Tensor {
        Noise::new(6, Stream::Training).normal_tensor(shape, &Device::Cpu).unwrap()
    }

    #[test]
    fn products_are_those_of_the_weights_that_the_bytes_stand_for() {
        let bias = normal(&[OUT]);
        // Many rows and few.
        let xs = [normal(&[2, 5, IN]), normal(&[2, 1, IN])];
        for (turned, x) in [false, true].into_iter().flat_map(|turned| xs.iter().map(move |x| (turned, x))) {
            let weight = stored(turned);
            let compact = Compact::of(&weight).unwrap().expect("bytes");
            for bias in [None, Some(&bias)] {
                let wanted = ops::linear(x, &weight, bias).unwrap();
                for threads in [1, 3] {
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                    let got = pool.install(|| compact.apply(x, bias)).unwrap();
                    assert_eq!(got.dims(), [2, x.dim(1).unwrap(), OUT]);
                    let error = (got - &wanted).unwrap().abs().unwrap().flatten_all().unwrap();
                    let error = error.max(0).unwrap().to_scalar::<f32>().unwrap();
                    assert!(error < 2e-4, "{threads} threads: {error}");
                }
            }
        }
        let compact = Compact::of(&stored(false)).unwrap().expect("bytes");
        assert!(compact.apply(&normal(&[2, IN + 1]), None).is_err());
        assert!(compact.apply(&xs[0], Some(&normal(&[OUT + 1]))).is_err());
    }

    #[test]
    fn weights_that_were_never_bytes_and_small_ones_are_left_alone() {
        assert!(Compact::of(&normal(&[IN, OUT])).unwrap().is_none());
        assert!(Compact::of(&normal(&[8, 8])).unwrap().is_none());
        // One value between two codes is enough.
        let weight = stored(false);
        let mut values: Vec<f32> = weight.flatten_all().unwrap().to_vec1().unwrap();
        values[IN * OUT / 2 + 3] += 0.0003;
        let changed = Tensor::from_vec(values, (IN, OUT), &Device::Cpu).unwrap();
        assert!(Compact::of(&changed).unwrap().is_none());
    }
}
