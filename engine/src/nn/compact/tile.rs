//! The product of a few rows with columns of bytes, made in registers.

use multiversion::multiversion;
use std::ops::Range;

/// Columns that are multiplied together, the columns of a panel: two AVX2 registers of sums for each row.
pub(crate) const COLUMNS: usize = 16;
/// Most rows of a tile: its sums, the weights and a factor take the 16 registers of AVX2. With AVX-512 half as many
/// registers hold the same.
const MOST_ROWS: usize = 6;

/// Bytes of one input for the columns of a panel.
pub(crate) type Codes = [i8; COLUMNS];
/// What a row becomes in the columns of a panel.
pub(crate) type Sums = [f32; COLUMNS];

/// Divides `rows` rows into tiles of nearly equal size, because the time a tile takes grows with its rows.
pub(crate) fn tiles(rows: usize) -> impl Iterator<Item = Range<usize>> {
    let count = rows.div_ceil(MOST_ROWS);
    (0..count).map(move |tile| tile * rows / count..(tile + 1) * rows / count)
}

/// Puts the rows of a tile into the order in which they are multiplied, each value times the factor of its column.
///
/// # Shapes
/// - `x`: `[rows, dim]`
/// - `factors`: `[dim]`
/// - `out`: `[dim, rows]`
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn pack(x: &[f32], rows: usize, factors: &[f32], out: &mut [f32]) {
    match rows {
        1 => interleave::<1>(x, factors, out),
        2 => interleave::<2>(x, factors, out),
        3 => interleave::<3>(x, factors, out),
        4 => interleave::<4>(x, factors, out),
        5 => interleave::<5>(x, factors, out),
        MOST_ROWS => interleave::<MOST_ROWS>(x, factors, out),
        _ => panic!("a tile of {rows} rows"),
    }
}

#[inline(always)]
fn interleave<const ROWS: usize>(x: &[f32], factors: &[f32], out: &mut [f32]) {
    let dim = factors.len();
    let rows: [&[f32]; ROWS] = std::array::from_fn(|row| &x[row * dim..][..dim]);
    let (out, _) = out.as_chunks_mut::<ROWS>();
    for (i, (out, factor)) in out.iter_mut().zip(factors).enumerate() {
        for (out, row) in out.iter_mut().zip(&rows) {
            *out = row[i] * factor;
        }
    }
}

/// `out = x codes` for one tile and some panels.
///
/// # Shapes
/// - `xs`: the packed tile, in parts one behind the other: `[inputs, rows]` each
/// - `panels`: for each panel the codes of all inputs
/// - `out`: `[panels, rows]`
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn multiply(xs: &[&[f32]], rows: usize, panels: &[&[Codes]], out: &mut [Sums]) {
    // Of few rows several panels are multiplied at once: additions to the same sum wait for each other.
    match rows {
        1 => groups::<1, 4>(xs, panels, out),
        2 => groups::<2, 2>(xs, panels, out),
        3 => groups::<3, 2>(xs, panels, out),
        4 => groups::<4, 1>(xs, panels, out),
        5 => groups::<5, 1>(xs, panels, out),
        MOST_ROWS => groups::<MOST_ROWS, 1>(xs, panels, out),
        _ => panic!("a tile of {rows} rows"),
    }
}

#[inline(always)]
fn groups<const ROWS: usize, const PANELS: usize>(xs: &[&[f32]], panels: &[&[Codes]], out: &mut [Sums]) {
    let (groups, rest) = panels.as_chunks::<PANELS>();
    let (outs, out_rest) = out.split_at_mut(groups.len() * PANELS * ROWS);
    for (group, out) in groups.iter().zip(outs.chunks_exact_mut(PANELS * ROWS)) {
        products::<ROWS, PANELS>(xs, *group, out);
    }
    for (panel, out) in rest.iter().zip(out_rest.chunks_exact_mut(ROWS)) {
        products::<ROWS, 1>(xs, [*panel], out);
    }
}

#[inline(always)]
fn products<const ROWS: usize, const PANELS: usize>(
    xs: &[&[f32]],
    mut panels: [&[Codes]; PANELS],
    out: &mut [Sums],
) {
    let mut sums = [[[0f32; COLUMNS]; ROWS]; PANELS];
    for x in xs {
        let (x, _) = x.as_chunks::<ROWS>();
        let here = panels.map(|panel| &panel[..x.len()]);
        for (i, x) in x.iter().enumerate() {
            for (panel, sums) in here.iter().zip(&mut sums) {
                let weights: [f32; COLUMNS] = panel[i].map(f32::from);
                for (x, sums) in x.iter().zip(sums) {
                    for (sum, weight) in sums.iter_mut().zip(&weights) {
                        *sum = x.mul_add(*weight, *sum);
                    }
                }
            }
        }
        panels = panels.map(|panel| &panel[x.len()..]);
    }
    out.as_flattened_mut().copy_from_slice(sums.as_flattened().as_flattened());
}
