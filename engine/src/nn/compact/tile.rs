//! The product of a few rows with columns of bytes, made in registers.
//!
//! Rows have 16 bits, and products are whole numbers that are added in 32: AVX2 makes twice as many of them at once as of
//! `f32`, and a byte becomes 16 bits in one instruction. Whole numbers are added without rounding, so that every form
//! below gives the same bits.

use super::rows::{MOST_ROWS, PART, Pair, RowTile};
use multiversion::multiversion;

/// Columns that are multiplied together, the columns of a panel: two AVX2 registers of sums for each row.
pub(crate) const COLUMNS: usize = 16;

/// Bytes of two inputs for the columns of a panel.
pub(crate) type Codes = [[i8; 2]; COLUMNS];

/// Where products go: `out[row * stride + column]`.
pub(super) struct Destination<'a> {
    /// From the first value of the first row on.
    pub(super) out: &'a mut [f32],
    /// Values between the beginnings of two rows.
    pub(super) stride: usize,
    /// Columns of the panels; the last panel may have more.
    pub(super) columns: usize,
}

/// `out = x codes` for one tile and some panels.
///
/// # Shapes
/// - `xs`: the tile, in parts one behind the other; all but the last have an even number of inputs
/// - `panels`: for each panel the codes of all inputs
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vnni+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn multiply(xs: &[RowTile<'_>], panels: &[&[Codes]], to: Destination<'_>) {
    multiversion::target::match_target! {
        "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vnni+avx2+fma" => avx512::multiply(xs, panels, to),
        "x86_64+avx2+fma" => avx2::multiply(xs, panels, to),
        _ => plain::multiply(xs, panels, to),
    }
}

/// What is the same in all forms: going through panels and parts. The `products` of each form multiplies
/// one part by one panel.
macro_rules! form {
    ($($attribute:meta)?) => {
        $(#[$attribute])?
        pub(super) fn multiply(xs: &[RowTile<'_>], panels: &[&[Codes]], to: Destination<'_>) {
            match xs.first().map_or(0, |x| x.rows) {
                0 => (),
                1 => rows::<1>(xs, panels, to),
                2 => rows::<2>(xs, panels, to),
                3 => rows::<3>(xs, panels, to),
                4 => rows::<4>(xs, panels, to),
                5 => rows::<5>(xs, panels, to),
                MOST_ROWS => rows::<MOST_ROWS>(xs, panels, to),
                rows => panic!("a tile of {rows} rows"),
            }
        }

        $(#[$attribute])?
        fn rows<const ROWS: usize>(xs: &[RowTile<'_>], panels: &[&[Codes]], to: Destination<'_>) {
            let Destination { out, stride, columns } = to;
            for (panel, start) in panels.iter().zip((0..columns).step_by(COLUMNS)) {
                let is_whole = columns - start >= COLUMNS;
                // What is behind the last column is computed and left out.
                let mut cut = [0f32; MOST_ROWS * COLUMNS];
                let (to, step) = if is_whole { (&mut out[start..], stride) } else { (&mut cut[..], COLUMNS) };
                let (mut codes, mut is_first) = (*panel, true);
                for x in xs {
                    let pairs = x.pairs.as_chunks::<ROWS>().0.chunks(PART / 2);
                    for (pairs, steps) in pairs.zip(x.steps.as_chunks::<ROWS>().0) {
                        let (here, rest) = codes.split_at(pairs.len());
                        if is_first {
                            products::<ROWS, false>(pairs, here, steps, to, step);
                        } else {
                            products::<ROWS, true>(pairs, here, steps, to, step);
                        }
                        (codes, is_first) = (rest, false);
                    }
                }
                if !is_whole {
                    for (out, cut) in out.chunks_mut(stride).zip(cut.chunks_exact(COLUMNS)).take(ROWS) {
                        out[start..columns].copy_from_slice(&cut[..columns - start]);
                    }
                }
            }
        }
    };
}

/// The columns of one row.
#[inline(always)]
fn columns_of(out: &mut [f32], row: usize, stride: usize) -> &mut [f32; COLUMNS] {
    &mut out[row * stride..].as_chunks_mut().0[0]
}

/// For every processor, 64-bit ARM among them.
mod plain {
    use super::*;

    form!();

    fn products<const ROWS: usize, const ADD: bool>(
        x: &[[Pair; ROWS]],
        codes: &[Codes],
        steps: &[f32; ROWS],
        out: &mut [f32],
        stride: usize,
    ) {
        let mut sums = [[0i32; COLUMNS]; ROWS];
        for (x, codes) in x.iter().zip(codes) {
            // In 16 bits, and one input after the other: NEON multiplies those into sums of 32 bits in one instruction.
            for input in 0..2 {
                let codes = codes.map(|codes| i16::from(codes[input]));
                for (x, sums) in x.iter().zip(&mut sums) {
                    for (sum, code) in sums.iter_mut().zip(&codes) {
                        *sum += i32::from(x[input]) * i32::from(*code);
                    }
                }
            }
        }
        for (row, (sums, step)) in sums.iter().zip(steps).enumerate() {
            for (out, sum) in columns_of(out, row, stride).iter_mut().zip(sums) {
                let value = *sum as f32 * step;
                *out = if ADD { *out + value } else { value };
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::*;
    use bytemuck::{must_cast, must_cast_mut};
    use std::arch::x86_64::{
        __m128i, _mm256_add_epi32, _mm256_add_ps, _mm256_cvtepi8_epi16, _mm256_cvtepi32_ps,
        _mm256_madd_epi16, _mm256_mul_ps, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_si256,
    };

    form!(target_feature(enable = "avx2,fma"));

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn products<const ROWS: usize, const ADD: bool>(
        x: &[[Pair; ROWS]],
        codes: &[Codes],
        steps: &[f32; ROWS],
        out: &mut [f32],
        stride: usize,
    ) {
        let mut sums = [[_mm256_setzero_si256(); 2]; ROWS];
        for (x, codes) in x.iter().zip(codes) {
            let codes: [__m128i; 2] = must_cast(*codes);
            let codes = [_mm256_cvtepi8_epi16(codes[0]), _mm256_cvtepi8_epi16(codes[1])];
            for (x, sums) in x.iter().zip(&mut sums) {
                let x = _mm256_set1_epi32(must_cast(*x));
                sums[0] = _mm256_add_epi32(sums[0], _mm256_madd_epi16(codes[0], x));
                sums[1] = _mm256_add_epi32(sums[1], _mm256_madd_epi16(codes[1], x));
            }
        }
        for (row, (sums, step)) in sums.iter().zip(steps).enumerate() {
            let out: &mut [[f32; 8]; 2] = must_cast_mut(columns_of(out, row, stride));
            let step = _mm256_set1_ps(*step);
            for (out, sums) in out.iter_mut().zip(sums) {
                let value = _mm256_mul_ps(_mm256_cvtepi32_ps(*sums), step);
                *out = must_cast(if ADD { _mm256_add_ps(must_cast(*out), value) } else { value });
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use super::*;
    use bytemuck::must_cast;
    use std::arch::x86_64::{
        _mm512_add_epi32, _mm512_add_ps, _mm512_cvtepi8_epi16, _mm512_cvtepi32_ps, _mm512_dpwssd_epi32,
        _mm512_mul_ps, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_si512,
    };

    form!(target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma"));

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma")]
    fn products<const ROWS: usize, const ADD: bool>(
        x: &[[Pair; ROWS]],
        codes: &[Codes],
        steps: &[f32; ROWS],
        out: &mut [f32],
        stride: usize,
    ) {
        // Two sums of each row, because an addition waits four cycles for the one before it.
        let mut sums = [[_mm512_setzero_si512(); 2]; ROWS];
        let mut add = |of: usize, x: &[Pair; ROWS], codes: &Codes| {
            let codes = _mm512_cvtepi8_epi16(must_cast(*codes));
            for (x, sums) in x.iter().zip(&mut sums) {
                sums[of] = _mm512_dpwssd_epi32(sums[of], codes, _mm512_set1_epi32(must_cast(*x)));
            }
        };
        let ((twos, last), (codes, last_codes)) = (x.as_chunks::<2>(), codes.as_chunks::<2>());
        for (x, codes) in twos.iter().zip(codes) {
            add(0, &x[0], &codes[0]);
            add(1, &x[1], &codes[1]);
        }
        last.iter().zip(last_codes).for_each(|(x, codes)| add(0, x, codes));
        for (row, (sums, step)) in sums.iter().zip(steps).enumerate() {
            let out = columns_of(out, row, stride);
            let sums = _mm512_cvtepi32_ps(_mm512_add_epi32(sums[0], sums[1]));
            let value = _mm512_mul_ps(sums, _mm512_set1_ps(*step));
            *out = must_cast(if ADD { _mm512_add_ps(must_cast(*out), value) } else { value });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::{Rows, tiles};
    use super::*;
    use crate::rng::{Noise, Stream};

    /// The form for AVX2 where there is AVX2, on processors with more too.
    #[multiversion(targets("x86_64+avx2+fma"))]
    fn multiply_up_to_avx2(xs: &[RowTile<'_>], panels: &[&[Codes]], to: Destination<'_>) {
        multiversion::target::match_target! {
            "x86_64+avx2+fma" => avx2::multiply(xs, panels, to),
            _ => plain::multiply(xs, panels, to),
        }
    }

    #[test]
    fn every_form_has_the_same_bits_and_they_are_the_products() {
        const STRIDE: usize = 50;
        // Parts of inputs: one, more than have one scale, several, an odd number.
        let parts: [&[usize]; 5] = [&[64], &[PART + 40], &[32, 2, 16], &[2 * PART, 7], &[1]];
        for (parts, rows) in
            parts.into_iter().flat_map(|parts| (1..=MOST_ROWS).map(move |rows| (parts, rows)))
        {
            let mut random = Noise::new(9, Stream::Training);
            let xs: Vec<Vec<f32>> = parts.iter().map(|dim| random.normals(rows * dim)).collect();
            let packed: Vec<Rows> =
                xs.iter().zip(parts).map(|(x, dim)| Rows::of(x, &vec![1.0; *dim])).collect();
            let inputs: usize = parts.iter().sum();
            let weights: Vec<Vec<i8>> = (0..3 * COLUMNS)
                .map(|_| (0..inputs).map(|_| (random.below(255) as i32 - 127) as i8).collect())
                .collect();
            let panels: Vec<Vec<Codes>> = weights
                .chunks(COLUMNS)
                .map(|columns| {
                    let pair = |i: usize| {
                        std::array::from_fn(|c| [columns[c][i], columns[c].get(i + 1).copied().unwrap_or(0)])
                    };
                    (0..inputs).step_by(2).map(pair).collect()
                })
                .collect();
            let panels: Vec<&[Codes]> = panels.iter().map(Vec::as_slice).collect();
            let tile = tiles(rows).next().unwrap();
            let tiles: Vec<RowTile<'_>> = packed.iter().map(|rows| rows.tile(tile.clone())).collect();
            // All columns, and some of the last panel.
            for columns in [3 * COLUMNS, 2 * COLUMNS + 5] {
                let made = |form: fn(&[RowTile<'_>], &[&[Codes]], Destination<'_>)| {
                    let mut out = vec![7.0; rows * STRIDE];
                    form(&tiles, &panels, Destination { out: &mut out, stride: STRIDE, columns });
                    out
                };
                let out = made(multiply);
                assert_eq!(out, made(plain::multiply), "{parts:?}, {rows} rows");
                assert_eq!(out, made(multiply_up_to_avx2), "{parts:?}, {rows} rows");
                for (row, out) in out.chunks_exact(STRIDE).enumerate() {
                    assert!(out[columns..].iter().all(|v| *v == 7.0), "columns behind the last");
                    for (out, weights) in out[..columns].iter().zip(&weights) {
                        let x = xs.iter().zip(parts).flat_map(|(x, dim)| &x[row * dim..][..*dim]);
                        let terms = x.zip(weights).map(|(x, w)| f64::from(*x) * f64::from(*w));
                        let (wanted, size) =
                            terms.fold((0.0, 0.0), |(sum, size), t| (sum + t, size + t.abs()));
                        assert!((f64::from(*out) - wanted).abs() <= 1e-4 * size, "{out} for {wanted}");
                    }
                }
            }
        }
    }

    #[test]
    fn sums_of_the_largest_numbers_fit() {
        let x = Rows::of(&[1.0; PART], &[1.0; PART]);
        let codes = [[[127i8; 2]; COLUMNS]; PART / 2];
        let mut out = [0.0; COLUMNS];
        let to = Destination { out: &mut out, stride: COLUMNS, columns: COLUMNS };
        multiply(&[x.tile(0..1)], &[&codes], to);
        assert!(out.iter().all(|v| (v / (127.0 * PART as f32) - 1.0).abs() < 1e-6), "{out:?}");
    }
}
