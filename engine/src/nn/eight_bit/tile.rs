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
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vnni+avx2+fma",
    "x86_64+avxvnni+avx2+fma",
    "x86_64+avx2+fma"
))]
pub(super) fn multiply(xs: &[RowTile<'_>], panels: &[&[Codes]], to: Destination<'_>) {
    multiversion::target::match_target! {
        "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vnni+avx2+fma" => avx512::multiply(xs, panels, to),
        "x86_64+avxvnni+avx2+fma" => avx_vnni::multiply(xs, panels, to),
        "x86_64+avx2+fma" => avx2::multiply(xs, panels, to),
        _ => plain::multiply(xs, panels, to),
    }
}

/// What is the same in all forms: going through the panels. The `products` of each form multiplies all parts of the tile
/// by `$panels` panels at once.
macro_rules! form {
    ($panels:literal $(, $attribute:meta)?) => {
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
            const WIDE: usize = $panels * COLUMNS;
            let Destination { out, stride, columns } = to;
            for (some, start) in panels.chunks($panels).zip((0..columns).step_by(WIDE)) {
                // Where one is missing, another takes its place.
                let mut group = [some[0]; $panels];
                group[..some.len()].copy_from_slice(some);
                let (out, wanted) = (&mut out[start..], columns - start);
                if wanted >= WIDE {
                    products::<ROWS>(xs, group, out, stride);
                } else {
                    // What is behind the last column is computed and left out.
                    let mut cut = [0f32; MOST_ROWS * WIDE];
                    products::<ROWS>(xs, group, &mut cut, WIDE);
                    for (out, cut) in out.chunks_mut(stride).zip(cut.chunks_exact(WIDE)).take(ROWS) {
                        out[..wanted].copy_from_slice(&cut[..wanted]);
                    }
                }
            }
        }
    };
}

/// A form of one panel, whose `add_part` adds the product of one part to what is there: there are not enough registers
/// for the sums of all parts beside those of one.
macro_rules! form_by_parts {
    ($($attribute:meta)?) => {
        form!(1 $(, $attribute)?);

        $(#[$attribute])?
        fn products<const ROWS: usize>(
            xs: &[RowTile<'_>],
            [mut codes]: [&[Codes]; 1],
            out: &mut [f32],
            stride: usize,
        ) {
            (0..ROWS).for_each(|row| columns_of(out, [row, 0], stride).fill(0.0));
            for x in xs {
                for part in parts::<ROWS>(x) {
                    let (here, rest) = codes.split_at(part.0.len());
                    codes = rest;
                    add_part(part, here, out, stride);
                }
            }
        }
    };
}

/// A part of a tile: pairs of inputs, and what a step stands for in each row.
type Part<'a, const ROWS: usize> = (&'a [[Pair; ROWS]], &'a [f32; ROWS]);

/// The parts of a tile.
#[inline(always)]
fn parts<'a, const ROWS: usize>(x: &RowTile<'a>) -> impl Iterator<Item = Part<'a, ROWS>> + use<'a, ROWS> {
    x.pairs.as_chunks::<ROWS>().0.chunks(PART / 2).zip(x.steps.as_chunks::<ROWS>().0)
}

/// The columns of one row and one panel.
#[inline(always)]
fn columns_of(out: &mut [f32], [row, panel]: [usize; 2], stride: usize) -> &mut [f32; COLUMNS] {
    &mut out[row * stride + panel * COLUMNS..].as_chunks_mut().0[0]
}

/// How far ahead of the codes that are multiplied others are asked for, in bytes: the panels after next of a weight with
/// 256 inputs. A processor's own reading ahead ends with every page, which a panel fills.
#[cfg(target_arch = "x86_64")]
const AHEAD: usize = 8192;

/// Brings what lies [`AHEAD`] of `codes`, if there is memory at all, towards the processor.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "sse")]
fn ask_ahead(codes: &Codes) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(codes).cast::<i8>().wrapping_add(AHEAD));
}

/// For every processor, 64-bit ARM among them.
mod plain {
    use super::*;

    form_by_parts!();

    fn add_part<const ROWS: usize>(
        (x, steps): Part<'_, ROWS>,
        codes: &[Codes],
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
            for (out, sum) in columns_of(out, [row, 0], stride).iter_mut().zip(sums) {
                *out += *sum as f32 * step;
            }
        }
    }
}

/// A form in 256 bits, whose `add_products` adds the products of sixteen numbers to eight sums.
#[cfg(target_arch = "x86_64")]
macro_rules! form_of_256_bits {
    ($attribute:meta) => {
        use super::*;
        use bytemuck::{must_cast, must_cast_mut};
        use std::arch::x86_64::{
            __m128i, _mm256_add_ps, _mm256_cvtepi8_epi16, _mm256_cvtepi32_ps, _mm256_mul_ps,
            _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_si256,
        };

        form_by_parts!($attribute);

        #[inline]
        #[$attribute]
        fn add_part<const ROWS: usize>(
            (x, steps): Part<'_, ROWS>,
            codes: &[Codes],
            out: &mut [f32],
            stride: usize,
        ) {
            let mut sums = [[_mm256_setzero_si256(); 2]; ROWS];
            for (x, codes) in x.iter().zip(codes) {
                ask_ahead(codes);
                let codes: [__m128i; 2] = must_cast(*codes);
                let codes = [_mm256_cvtepi8_epi16(codes[0]), _mm256_cvtepi8_epi16(codes[1])];
                for (x, sums) in x.iter().zip(&mut sums) {
                    let x = _mm256_set1_epi32(must_cast(*x));
                    sums[0] = add_products(sums[0], codes[0], x);
                    sums[1] = add_products(sums[1], codes[1], x);
                }
            }
            for (row, (sums, step)) in sums.iter().zip(steps).enumerate() {
                let out: &mut [[f32; 8]; 2] = must_cast_mut(columns_of(out, [row, 0], stride));
                let step = _mm256_set1_ps(*step);
                for (out, sums) in out.iter_mut().zip(sums) {
                    let value = _mm256_mul_ps(_mm256_cvtepi32_ps(*sums), step);
                    *out = must_cast(_mm256_add_ps(must_cast(*out), value));
                }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{__m256i, _mm256_add_epi32, _mm256_madd_epi16};

    form_of_256_bits!(target_feature(enable = "avx2,fma"));

    #[inline]
    #[target_feature(enable = "avx2")]
    fn add_products(sums: __m256i, codes: __m256i, x: __m256i) -> __m256i {
        _mm256_add_epi32(sums, _mm256_madd_epi16(codes, x))
    }
}

/// For processors of laptops, most of which have this part of AVX-512 without the rest.
#[cfg(target_arch = "x86_64")]
mod avx_vnni {
    use std::arch::x86_64::_mm256_dpwssd_avx_epi32 as add_products;

    form_of_256_bits!(target_feature(enable = "avxvnni,avx2,fma"));
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use super::*;
    use bytemuck::must_cast;
    use std::arch::x86_64::{
        _mm512_add_ps, _mm512_cvtepi8_epi16, _mm512_cvtepi32_ps, _mm512_dpwssd_epi32, _mm512_mul_ps,
        _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512,
    };

    // Two at once, because a row that is read once for both leaves the loads of the processor time for the codes.
    form!(2, target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma"));

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma")]
    fn products<const ROWS: usize>(
        xs: &[RowTile<'_>],
        mut codes: [&[Codes]; 2],
        out: &mut [f32],
        stride: usize,
    ) {
        // With 32 registers the sums of all parts stay in them.
        let mut totals = [[_mm512_setzero_ps(); 2]; ROWS];
        for x in xs {
            for (x, steps) in parts::<ROWS>(x) {
                let (first, second) = (codes[0].split_at(x.len()), codes[1].split_at(x.len()));
                codes = [first.1, second.1];
                let mut sums = [[_mm512_setzero_si512(); 2]; ROWS];
                for ((x, first), second) in x.iter().zip(first.0).zip(second.0) {
                    ask_ahead(first);
                    ask_ahead(second);
                    let codes =
                        [_mm512_cvtepi8_epi16(must_cast(*first)), _mm512_cvtepi8_epi16(must_cast(*second))];
                    for (x, sums) in x.iter().zip(&mut sums) {
                        let x = _mm512_set1_epi32(must_cast(*x));
                        sums[0] = _mm512_dpwssd_epi32(sums[0], codes[0], x);
                        sums[1] = _mm512_dpwssd_epi32(sums[1], codes[1], x);
                    }
                }
                for ((totals, sums), step) in totals.iter_mut().zip(&sums).zip(steps) {
                    let step = _mm512_set1_ps(*step);
                    for (total, sum) in totals.iter_mut().zip(sums) {
                        *total = _mm512_add_ps(*total, _mm512_mul_ps(_mm512_cvtepi32_ps(*sum), step));
                    }
                }
            }
        }
        for (row, totals) in totals.iter().enumerate() {
            *columns_of(out, [row, 0], stride) = must_cast(totals[0]);
            *columns_of(out, [row, 1], stride) = must_cast(totals[1]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::{Rows, tiles};
    use super::*;
    use crate::rng::{Noise, Stream};

    /// The form for AVX-VNNI where there is AVX-VNNI, on processors with AVX-512 too.
    #[multiversion(targets("x86_64+avxvnni+avx2+fma"))]
    fn multiply_up_to_avx_vnni(xs: &[RowTile<'_>], panels: &[&[Codes]], to: Destination<'_>) {
        multiversion::target::match_target! {
            "x86_64+avxvnni+avx2+fma" => avx_vnni::multiply(xs, panels, to),
            _ => multiply_up_to_avx2(xs, panels, to),
        }
    }

    /// The same for AVX2.
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
                assert_eq!(out, made(multiply_up_to_avx_vnni), "{parts:?}, {rows} rows");
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
