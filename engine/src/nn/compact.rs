//! Weights in bytes, for products with few rows.
//!
//! A product of a short clip, or of a prompt's few words, does less with a weight than fetching it from memory takes: the
//! 46 MB of the default flow do not stay in the cache. Weights that were stored in 8 bits (see [`crate::weights`]) are
//! therefore kept in 8 bits beside the `f32` ones, panel by panel, and become `f32` in the registers of the core that
//! multiplies by them; what is computed is the product with the `f32` weights but for the last bits.

pub(crate) mod tile;

use super::held::Held;
use super::ops::kernels as k;
use candle_core::{Result, Tensor, bail};
use rayon::prelude::*;
use std::ops::Range;
use tile::{COLUMNS, Codes, Sums};

/// Smaller weights stay in the cache anyway.
const SMALLEST: usize = 16 * 1024;
/// With more rows the product takes so long that fetching its weights does not show.
const MOST_ROWS: usize = 128;
/// Panels that a thread takes at once: with one row a quarter of them is multiplied together.
const PANELS_PER_TASK: usize = 4;
/// Largest code; rows are scaled so that it occurs.
const LARGEST: f32 = 127.0;
/// How far a value may be from a code times its scale, as a share of the scale: roundings of `f32`.
const EXACT: f32 = 1e-4;

/// A weight of bytes.
#[derive(Debug)]
pub(crate) struct Compact {
    /// Panel after panel, each `[in_dim]`; columns behind the last are zero.
    codes: Vec<Codes>,
    /// What an input is multiplied by.
    factors: Vec<f32>,
    /// What the outputs of a panel are multiplied by, where it is not one.
    scales: Option<Vec<Sums>>,
    in_dim: usize,
    out_dim: usize,
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
        Ok(Self::by_rows(values, out_dim).or_else(|| Self::by_columns(values, in_dim, out_dim)))
    }

    fn by_rows(values: &[f32], out_dim: usize) -> Option<Self> {
        let row = |row: &[f32]| {
            let scale = k::largest(row) / LARGEST;
            let mut codes = vec![0; row.len()];
            k::to_bytes(row, scale, EXACT, &mut codes).then_some((codes, scale))
        };
        // One row first: it is enough to tell weights that never were bytes.
        row(&values[..out_dim])?;
        let rows: Vec<(Vec<i8>, f32)> = values.par_chunks(out_dim).map(row).collect::<Option<_>>()?;
        let (rows, scales): (Vec<Vec<i8>>, Vec<f32>) = rows.into_iter().unzip();
        Some(Self::of_panels(&rows, scales, None, out_dim))
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
        scales.resize(out_dim.next_multiple_of(COLUMNS), 0.0);
        let scales = scales.as_chunks().0.to_vec();
        Some(Self::of_panels(&rows, vec![1.0; in_dim], Some(scales), out_dim))
    }

    fn of_panels(rows: &[Vec<i8>], factors: Vec<f32>, scales: Option<Vec<Sums>>, out_dim: usize) -> Self {
        let in_dim = rows.len();
        let mut codes = Vec::with_capacity(in_dim * out_dim.div_ceil(COLUMNS));
        for start in (0..out_dim).step_by(COLUMNS) {
            let end = (start + COLUMNS).min(out_dim);
            codes.extend(rows.iter().map(|row| {
                let mut codes = [0; COLUMNS];
                codes[..end - start].copy_from_slice(&row[start..end]);
                codes
            }));
        }
        Self { codes, factors, scales, in_dim, out_dim }
    }

    /// Whether `rows` rows are few enough.
    pub(crate) fn is_for(rows: usize) -> bool {
        rows <= MOST_ROWS
    }

    /// Number of panels, each of [`COLUMNS`] outputs.
    pub(crate) fn panels(&self) -> usize {
        self.out_dim.div_ceil(COLUMNS)
    }

    /// What inputs are multiplied by before they are multiplied by codes, `[in_dim]`.
    pub(crate) fn factors(&self) -> &[f32] {
        &self.factors
    }

    /// `x W` for one tile and the panels in `range`.
    ///
    /// # Shapes
    /// - `xs`: rows packed with [`Self::factors`], see [`tile::pack`], in parts one behind the other: `[inputs, rows]` each
    /// - `out`: `[panels, rows]`
    pub(crate) fn multiply_tile(&self, range: Range<usize>, xs: &[&[f32]], rows: usize, out: &mut [Sums]) {
        let mut panels = [&[][..]; PANELS_PER_TASK];
        for (some, out) in range.clone().step_by(PANELS_PER_TASK).zip(out.chunks_mut(PANELS_PER_TASK * rows))
        {
            let some = some..(some + PANELS_PER_TASK).min(range.end);
            let panels = &mut panels[..some.len()];
            for (panel, i) in panels.iter_mut().zip(some.clone()) {
                *panel = &self.codes[i * self.in_dim..][..self.in_dim];
            }
            tile::multiply(xs, rows, panels, out);
            if let Some(scales) = &self.scales {
                for (out, scales) in out.chunks_exact_mut(rows).zip(&scales[some]) {
                    out.iter_mut()
                        .for_each(|out| out.iter_mut().zip(scales).for_each(|(out, scale)| *out *= scale));
                }
            }
        }
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
        self.add_product(xs, &mut out);
        Tensor::from_vec(out, dims, x.device())
    }

    /// Adds `x W`.
    ///
    /// # Shapes
    /// - `xs`: `[rows, in_dim]`
    /// - `out`: `[rows, out_dim]`
    pub(crate) fn add_product(&self, xs: &[f32], out: &mut [f32]) {
        let rows = xs.len() / self.in_dim;
        let tiles: Vec<Range<usize>> = tile::tiles(rows).collect();
        let packed = tiles.par_iter().map(|tile| {
            let xs = &xs[tile.start * self.in_dim..tile.end * self.in_dim];
            let mut packed = vec![0f32; xs.len()];
            tile::pack(xs, tile.len(), &self.factors, &mut packed);
            packed
        });
        let packed: Vec<Vec<f32>> = packed.collect();
        // Columns of a panel lie between those of others, so each task fills its own, tile by tile `[panels, rows]`.
        let task = |start: usize| {
            let panels = start..(start + PANELS_PER_TASK).min(self.panels());
            let mut out = vec![[0f32; COLUMNS]; panels.len() * rows];
            for (tile, packed) in tiles.iter().zip(&packed) {
                let out = &mut out[tile.start * panels.len()..tile.end * panels.len()];
                self.multiply_tile(panels.clone(), &[packed], tile.len(), out);
            }
            out
        };
        let starts: Vec<usize> = (0..self.panels()).step_by(PANELS_PER_TASK).collect();
        let products: Vec<Vec<Sums>> = starts.into_par_iter().map(task).collect();
        for tile in &tiles {
            for row in tile.clone() {
                let row_out = &mut out[row * self.out_dim..][..self.out_dim];
                for (row_out, products) in row_out.chunks_mut(PANELS_PER_TASK * COLUMNS).zip(&products) {
                    let panels = row_out.len().div_ceil(COLUMNS);
                    let sums = products[tile.start * panels + row - tile.start..].iter().step_by(tile.len());
                    for (out, sums) in row_out.chunks_mut(COLUMNS).zip(sums) {
                        out.iter_mut().zip(sums).for_each(|(out, sum)| *out += sum);
                    }
                }
            }
        }
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
        // Tiles of every number of rows.
        let xs: Vec<Tensor> = [1, 2, 3, 4, 5, 6, 7, 23].iter().map(|&rows| normal(&[1, rows, IN])).collect();
        for (turned, x) in [false, true].into_iter().flat_map(|turned| xs.iter().map(move |x| (turned, x))) {
            let weight = stored(turned);
            let compact = Compact::of(&weight).unwrap().expect("bytes");
            for bias in [None, Some(&bias)] {
                let wanted = ops::linear(x, &weight, bias).unwrap();
                for threads in [1, 3] {
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                    let got = pool.install(|| compact.apply(x, bias)).unwrap();
                    assert_eq!(got.dims(), [1, x.dim(1).unwrap(), OUT]);
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
