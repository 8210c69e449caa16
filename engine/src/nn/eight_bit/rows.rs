//! Rows of numbers in 16 bits, as the products with bytes read them.

use multiversion::multiversion;
use std::ops::Range;

/// Most rows of a tile: their sums, the weights and a pair of inputs take the 16 registers of AVX2.
pub(crate) const MOST_ROWS: usize = 6;
/// Inputs that share a scale, and whose products are added in 32 bits: 512 times 127 times [`LARGEST`] still fits.
pub(crate) const PART: usize = 512;
/// What the largest input of a part becomes.
const LARGEST: f32 = 32767.0;
/// Below this all inputs of a part are zero: its steps would be no normal `f32` any more.
const SMALLEST: f32 = 1e-32;

/// Two inputs, which are multiplied and added together.
pub(crate) type Pair = [i16; 2];

/// Divides `rows` rows into tiles of nearly equal size, because the time a tile takes grows with its rows.
pub(crate) fn tiles(rows: usize) -> impl Iterator<Item = Range<usize>> {
    let count = rows.div_ceil(MOST_ROWS);
    (0..count).map(move |tile| tile * rows / count..(tile + 1) * rows / count)
}

/// Rows in 16 bits with a scale for every [`PART`] inputs of each, tile by tile.
///
/// Each number is off by at most half a step, a 65,534th of the largest one in its part. A row that holds a number that
/// is none, or infinity, gets a scale of that kind, and with it everything that is computed from the row.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    /// Tile after tile, `[pairs, rows]` each. Behind an odd number of inputs there is a zero.
    pairs: Vec<Pair>,
    /// What a step stands for: tile after tile, `[parts, rows]` each.
    steps: Vec<f32>,
    rows: usize,
    /// The rows of a tile, one behind the other, before they are interleaved.
    row_by_row: Vec<Pair>,
}

/// The rows of one tile.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowTile<'a> {
    /// `[pairs, rows]`
    pub(super) pairs: &'a [Pair],
    /// `[parts, rows]`
    pub(super) steps: &'a [f32],
    pub(super) rows: usize,
}

impl Rows {
    /// The rows of `x` times a factor for each input.
    ///
    /// # Shapes
    /// - `x`: `[rows, dim]`
    /// - `factors`: `[dim]`
    pub(crate) fn of(x: &[f32], factors: &[f32]) -> Self {
        let mut rows = Self::default();
        rows.fill(x, factors);
        rows
    }

    /// [`Self::of`] into memory that was used before.
    pub(crate) fn fill(&mut self, x: &[f32], factors: &[f32]) {
        let dim = factors.len();
        let (pairs, parts) = (dim.div_ceil(2), dim.div_ceil(PART));
        self.rows = x.len() / dim;
        self.pairs.resize(self.rows * pairs, [0; 2]);
        self.steps.resize(self.rows * parts, 0.0);
        self.row_by_row.resize(MOST_ROWS * pairs, [0; 2]);
        for tile in tiles(self.rows) {
            let rows = tile.len();
            let steps = &mut self.steps[tile.start * parts..tile.end * parts];
            let lines = self.row_by_row.chunks_exact_mut(pairs);
            for (row, (x, line)) in x[tile.start * dim..].chunks_exact(dim).zip(lines).take(rows).enumerate()
            {
                let line = line.as_flattened_mut();
                line[dim..].fill(0);
                let parts = x.chunks(PART).zip(factors.chunks(PART)).zip(line.chunks_mut(PART));
                for (((x, factors), line), step) in parts.zip(steps[row..].iter_mut().step_by(rows)) {
                    *step = round(x, factors, line);
                }
            }
            interleave(&self.row_by_row, rows, &mut self.pairs[tile.start * pairs..tile.end * pairs]);
        }
    }

    /// The tiles with the place of their rows.
    pub(crate) fn tiles(&self) -> impl Iterator<Item = (Range<usize>, RowTile<'_>)> {
        tiles(self.rows).map(|place| (place.clone(), self.tile(place)))
    }

    /// The tile with the rows in `place`, one of those of [`tiles`].
    pub(crate) fn tile(&self, place: Range<usize>) -> RowTile<'_> {
        let (pairs, parts) = (self.pairs.len() / self.rows.max(1), self.steps.len() / self.rows.max(1));
        RowTile {
            pairs: &self.pairs[place.start * pairs..place.end * pairs],
            steps: &self.steps[place.start * parts..place.end * parts],
            rows: place.len(),
        }
    }
}

/// Writes `x · factors` in steps of 16 bits and returns what a step stands for.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn round(x: &[f32], factors: &[f32], out: &mut [i16]) -> f32 {
    /// Enough for two AVX-512 registers.
    const LANES: usize = 32;
    /// 1.5 * 2^23: adding it rounds to an integer that then sits in the low mantissa bits.
    const ROUND: f32 = 12_582_912.0;
    // As whole numbers the magnitudes have the same order, and no comparison loses what is not a number.
    let more = |most: u32, x: f32| most.max(x.abs().to_bits());
    let ((xs, x_rest), (fs, f_rest)) = (x.as_chunks::<LANES>(), factors.as_chunks::<LANES>());
    let mut lanes = [0; LANES];
    for (x, factors) in xs.iter().zip(fs) {
        for ((lane, x), factor) in lanes.iter_mut().zip(x).zip(factors) {
            *lane = more(*lane, x * factor);
        }
    }
    let rest = x_rest.iter().zip(f_rest).fold(0, |most, (x, factor)| more(most, x * factor));
    let largest = f32::from_bits(lanes.into_iter().fold(rest, u32::max));
    if largest < SMALLEST {
        out.fill(0);
        return 0.0;
    }
    let per_unit = LARGEST / largest;
    for ((out, x), factor) in out.iter_mut().zip(x).zip(factors) {
        *out = (x * factor).mul_add(per_unit, ROUND).to_bits().wrapping_sub(ROUND.to_bits()) as i16;
    }
    largest / LARGEST
}

/// Puts the rows of a tile into the order in which they are multiplied.
///
/// # Shapes
/// - `x`: `[rows, pairs]`, perhaps with more behind it; `out`: `[pairs, rows]`
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn interleave(x: &[Pair], rows: usize, out: &mut [Pair]) {
    match rows {
        1 => out.copy_from_slice(&x[..out.len()]),
        2 => interleave_rows::<2>(x, out),
        3 => interleave_rows::<3>(x, out),
        4 => interleave_rows::<4>(x, out),
        5 => interleave_rows::<5>(x, out),
        MOST_ROWS => interleave_rows::<MOST_ROWS>(x, out),
        _ => panic!("a tile of {rows} rows"),
    }
}

#[inline(always)]
fn interleave_rows<const ROWS: usize>(x: &[Pair], out: &mut [Pair]) {
    let (out, _) = out.as_chunks_mut::<ROWS>();
    let pairs = out.len();
    let rows: [&[Pair]; ROWS] = std::array::from_fn(|row| &x[row * pairs..][..pairs]);
    for (i, out) in out.iter_mut().enumerate() {
        for (out, row) in out.iter_mut().zip(&rows) {
            *out = row[i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Noise, Stream};

    #[test]
    fn every_number_comes_back_but_for_half_a_step_of_its_part() {
        for (rows, dim) in [(1, 1), (2, 7), (5, 33), (6, 512), (7, 1025), (23, 130)] {
            let mut random = Noise::new(3, Stream::Training);
            let (x, mut factors) = (random.normals(rows * dim), vec![0.0; dim]);
            random.fill_uniform(&mut factors);
            let packed = Rows::of(&x, &factors);
            let mut seen = 0;
            for (place, tile) in packed.tiles() {
                assert_eq!(place.len(), tile.rows);
                seen += tile.rows;
                for (r, x) in x[place.start * dim..place.end * dim].chunks_exact(dim).enumerate() {
                    for (part, (x, factors)) in x.chunks(PART).zip(factors.chunks(PART)).enumerate() {
                        let values: Vec<f32> = x.iter().zip(factors).map(|(x, f)| x * f).collect();
                        let largest = values.iter().fold(0f32, |most, v| most.max(v.abs()));
                        for (i, wanted) in values.iter().enumerate() {
                            let i = part * PART + i;
                            let step = tile.steps[part * tile.rows + r];
                            let got = f32::from(tile.pairs[i / 2 * tile.rows + r][i % 2]) * step;
                            assert!((got - wanted).abs() <= largest * 0.5001 / LARGEST, "{got} for {wanted}");
                        }
                    }
                }
                if dim % 2 == 1 {
                    let last = &tile.pairs[tile.pairs.len() - tile.rows..];
                    assert!(last.iter().all(|pair| pair[1] == 0), "inputs behind the last one");
                }
            }
            assert_eq!(seen, rows);
        }
    }

    #[test]
    fn what_is_no_number_stays_none_and_nothing_stays_nothing() {
        let step = |x: &[f32]| {
            let rows = Rows::of(x, &vec![1.0; x.len()]);
            rows.steps[0]
        };
        let mut x = vec![0.5; 40];
        for at in [0, 31, 39] {
            x[at] = f32::NAN;
            assert!(step(&x).is_nan());
            x[at] = f32::NEG_INFINITY;
            assert!(!step(&x).is_finite());
            x[at] = 0.5;
        }
        let silent = Rows::of(&[0.0, -1e-38, 1e-40], &[1.0; 3]);
        assert_eq!((silent.steps[0], &silent.pairs[..]), (0.0, &[[0; 2]; 2][..]));
    }

    #[test]
    fn memory_that_was_used_before_leaves_nothing_behind() {
        let mut rows = Rows::default();
        rows.fill(&[1.0; 7 * 9], &[1.0; 9]);
        rows.fill(&[2.0, 1.0, 4.0, 4.0, 2.0, 2.0], &[1.0; 3]);
        let again = Rows::of(&[2.0, 1.0, 4.0, 4.0, 2.0, 2.0], &[1.0; 3]);
        assert_eq!((rows.pairs, rows.steps), (again.pairs, again.steps));
    }
}
