//! Weights in 8 bits, activations in 16, and their products.
//!
//! Weights that were stored in 8 bits (see [`crate::weights`]) are kept in 8 bits beside the `f32` ones, panel by panel. Rows
//! that are multiplied by them become whole numbers of 16 bits, see [`rows::Rows`]; a processor multiplies those up to twice
//! as fast as `f32`, and the 26 MB of a model, unlike its 105 MB of `f32`, come from memory faster than they are used.
//! A product is that with the `f32` weights but for a relative error of 3e-5 (root mean square, inputs of a normal
//! distribution).

pub(crate) mod rows;
#[cfg(test)]
pub(crate) mod support;
pub(crate) mod tile;
pub(crate) mod tiles;

use super::held::Held;
use super::ops::{is_fused, kernels as k};
use candle_core::{Result, Tensor, bail};
use rayon::prelude::*;
use rows::{RowTile, Rows};
use std::ops::Range;
use tile::{COLUMNS, Codes, Destination};

/// Smaller weights are not worth the rounding of their rows.
const SMALLEST: usize = 16 * 1024;
/// Panels that a thread takes at once.
const PANELS_PER_TASK: usize = 4;
/// Largest code; rows are scaled so that it occurs.
const LARGEST: f32 = 127.0;
/// How far a value may be from a code times its scale, as a share of the scale: roundings of `f32`.
const EXACT: f32 = 1e-4;

/// A weight of bytes.
#[derive(Debug)]
pub(crate) struct EightBit {
    /// Panel after panel, each `[pairs of inputs]`; columns behind the last are zero, and so is an input that makes an odd
    /// number even.
    codes: Vec<Codes>,
    /// What an input is multiplied by.
    factors: Vec<f32>,
    /// What an output is multiplied by, where it is not one.
    scales: Option<Vec<f32>>,
    in_dim: usize,
    out_dim: usize,
}

impl EightBit {
    /// The weight `[in_dim, out_dim]` in bytes, if its values are multiples of at most 127 of a scale per row or per
    /// column and it is large enough to gain by it. A weight of half precision is not, nor is one on a GPU.
    pub(crate) fn of(weight: &Tensor) -> Result<Option<Self>> {
        let (in_dim, out_dim) = weight.dims2()?;
        if in_dim * out_dim < SMALLEST || !is_fused(weight) {
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
        Some(Self::of_panels(&rows, vec![1.0; in_dim], Some(scales), out_dim))
    }

    fn of_panels(rows: &[Vec<i8>], factors: Vec<f32>, scales: Option<Vec<f32>>, out_dim: usize) -> Self {
        let in_dim = rows.len();
        let mut codes = Vec::with_capacity(in_dim.div_ceil(2) * out_dim.div_ceil(COLUMNS));
        for start in (0..out_dim).step_by(COLUMNS) {
            let columns = start..(start + COLUMNS).min(out_dim);
            codes.extend(rows.chunks(2).map(|pair| {
                let mut codes = [[0; 2]; COLUMNS];
                for (i, row) in pair.iter().enumerate() {
                    codes.iter_mut().zip(&row[columns.clone()]).for_each(|(codes, code)| codes[i] = *code);
                }
                codes
            }));
        }
        Self { codes, factors, scales, in_dim, out_dim }
    }

    /// Number of panels, each of [`COLUMNS`] outputs.
    pub(crate) fn panels(&self) -> usize {
        self.out_dim.div_ceil(COLUMNS)
    }

    /// What inputs are multiplied by before they are multiplied by codes, `[in_dim]`: for [`Rows::of`].
    pub(crate) fn factors(&self) -> &[f32] {
        &self.factors
    }

    /// `x W` for one tile and the panels in `range`.
    ///
    /// # Shapes
    /// - `xs`: rows made with [`Self::factors`], in parts one behind the other; all but the last have an even number of inputs
    /// - `out`: `[rows, stride]`, of which the first columns are written
    pub(crate) fn multiply_tile(
        &self,
        range: Range<usize>,
        xs: &[RowTile<'_>],
        out: &mut [f32],
        stride: usize,
    ) {
        let rows = xs.first().map_or(0, |x| x.rows);
        let pairs = self.in_dim.div_ceil(2);
        let mut panels = [&[][..]; PANELS_PER_TASK];
        for start in range.clone().step_by(PANELS_PER_TASK) {
            let some = start..(start + PANELS_PER_TASK).min(range.end);
            let panels = &mut panels[..some.len()];
            for (panel, i) in panels.iter_mut().zip(some.clone()) {
                *panel = &self.codes[i * pairs..][..pairs];
            }
            let columns = some.start * COLUMNS..(some.end * COLUMNS).min(self.out_dim);
            let out = &mut out[(start - range.start) * COLUMNS..];
            tile::multiply(xs, panels, Destination { out, stride, columns: columns.len() });
            if let Some(scales) = &self.scales {
                for out in out.chunks_mut(stride).take(rows) {
                    out.iter_mut().zip(&scales[columns.clone()]).for_each(|(out, scale)| *out *= scale);
                }
            }
        }
    }

    /// `x W` on the calling thread.
    ///
    /// # Shapes
    /// - `rows`: made with [`Self::factors`]
    /// - `out`: `[rows, out_dim]`
    pub(crate) fn multiply(&self, rows: &Rows, out: &mut [f32]) {
        // Some panels, which stay in the cache, for all tiles.
        for start in (0..self.panels()).step_by(PANELS_PER_TASK) {
            let panels = start..(start + PANELS_PER_TASK).min(self.panels());
            for (place, tile) in rows.tiles() {
                let out = &mut out[place.start * self.out_dim + start * COLUMNS..];
                self.multiply_tile(panels.clone(), &[tile], out, self.out_dim);
            }
        }
    }

    /// `x W`, plus the bias if there is one, on all threads of the current rayon pool.
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
        let mut out = self.product(xs);
        if let Some(bias) = bias {
            k::add_bias(&mut out, bias);
        }
        Tensor::from_vec(out, dims, x.device())
    }

    /// `x W` on all threads of the current rayon pool.
    ///
    /// # Shapes
    /// - `xs`: `[rows, in_dim]`; returns `[rows, out_dim]`
    pub(crate) fn product(&self, xs: &[f32]) -> Vec<f32> {
        let rows = xs.len() / self.in_dim;
        let mut out = vec![0f32; rows * self.out_dim];
        let packed = Rows::of(xs, &self.factors);
        if rayon::current_num_threads() == 1 {
            self.multiply(&packed, &mut out);
            return out;
        }
        // Columns of a panel lie between those of others, so each task fills its own.
        let task = |start: usize| {
            let panels = start..(start + PANELS_PER_TASK).min(self.panels());
            let columns = (PANELS_PER_TASK * COLUMNS).min(self.out_dim - start * COLUMNS);
            let mut out = vec![0f32; columns * rows];
            for (place, tile) in packed.tiles() {
                let out = &mut out[place.start * columns..place.end * columns];
                self.multiply_tile(panels.clone(), &[tile], out, columns);
            }
            out
        };
        let starts: Vec<usize> = (0..self.panels()).step_by(PANELS_PER_TASK).collect();
        let products: Vec<Vec<f32>> = starts.par_iter().map(|&start| task(start)).collect();
        for (row, out) in out.chunks_exact_mut(self.out_dim).enumerate() {
            for (out, products) in out.chunks_mut(PANELS_PER_TASK * COLUMNS).zip(&products) {
                out.copy_from_slice(&products[row * out.len()..][..out.len()]);
            }
        }
        out
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
    fn a_weight_of_half_precision_has_no_bytes() {
        let weight = stored(false).to_dtype(candle_core::DType::F16).unwrap();
        assert!(EightBit::of(&weight).unwrap().is_none());
    }

    #[test]
    fn products_are_those_of_the_weights_that_the_bytes_stand_for() {
        let bias = normal(&[OUT]);
        // Tiles of every number of rows.
        let xs: Vec<Tensor> = [1, 2, 3, 4, 5, 6, 7, 23].iter().map(|&rows| normal(&[1, rows, IN])).collect();
        for (turned, x) in [false, true].into_iter().flat_map(|turned| xs.iter().map(move |x| (turned, x))) {
            let weight = stored(turned);
            let eight_bit = EightBit::of(&weight).unwrap().expect("bytes");
            for bias in [None, Some(&bias)] {
                let wanted = ops::linear(x, &weight, bias).unwrap();
                for threads in [1, 3] {
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                    let got = pool.install(|| eight_bit.apply(x, bias)).unwrap();
                    assert_eq!(got.dims(), [1, x.dim(1).unwrap(), OUT]);
                    let rms =
                        |x: &Tensor| x.sqr().unwrap().mean_all().unwrap().to_scalar::<f32>().unwrap().sqrt();
                    let (error, all) = (rms(&(got - &wanted).unwrap()), rms(&wanted));
                    assert!(error < 4e-5 * all, "{threads} threads: {error} of {all}");
                }
            }
        }
        let eight_bit = EightBit::of(&stored(false)).unwrap().expect("bytes");
        assert!(eight_bit.apply(&normal(&[2, IN + 1]), None).is_err());
        assert!(eight_bit.apply(&xs[0], Some(&normal(&[OUT + 1]))).is_err());
    }

    #[test]
    fn what_is_no_number_is_none_in_the_product_of_its_row_and_nowhere_else() {
        let eight_bit = EightBit::of(&stored(false)).unwrap().expect("bytes");
        let mut x: Vec<f32> = normal(&[8, IN]).flatten_all().unwrap().to_vec1().unwrap();
        x[5 * IN + 17] = f32::NAN;
        let x = Tensor::from_vec(x, (8, IN), &Device::Cpu).unwrap();
        let out: Vec<Vec<f32>> = eight_bit.apply(&x, None).unwrap().to_vec2().unwrap();
        for (i, row) in out.iter().enumerate() {
            assert!(row.iter().all(|v| v.is_nan() == (i == 5)), "row {i}");
        }
    }

    #[test]
    fn weights_that_were_never_bytes_and_small_ones_are_left_alone() {
        assert!(EightBit::of(&normal(&[IN, OUT])).unwrap().is_none());
        assert!(EightBit::of(&normal(&[8, 8])).unwrap().is_none());
        // One value between two codes is enough.
        let weight = stored(false);
        let mut values: Vec<f32> = weight.flatten_all().unwrap().to_vec1().unwrap();
        values[IN * OUT / 2 + 3] += 0.0003;
        let changed = Tensor::from_vec(values, (IN, OUT), &Device::Cpu).unwrap();
        assert!(EightBit::of(&changed).unwrap().is_none());
    }
}
