//! The attention of a head on the calling thread, with queries side by side in the lanes of vectors.
//!
//! Every number of a key or a value is multiplied by vectors of queries. So nothing is added up across lanes, in the
//! soft-max neither, and no key is left over behind the last vector.

use super::super::kernels::exp;
use super::scale;
use multiversion::multiversion;

/// Rows of a head that lie in a larger matrix.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeadRows<'a> {
    /// From the first value of the first row on.
    pub(crate) values: &'a [f32],
    /// Values between the beginnings of two rows.
    pub(crate) stride: usize,
    /// How many there are.
    pub(crate) count: usize,
}

impl<'a> HeadRows<'a> {
    /// Rows of `dim` values, one behind the other.
    pub(crate) fn new(values: &'a [f32], dim: usize) -> Self {
        Self { values, stride: dim, count: values.len() / dim }
    }
}

/// What is attended with and to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head<'a> {
    pub(crate) query: HeadRows<'a>,
    /// A row per key.
    pub(crate) key: HeadRows<'a>,
    /// A row per key.
    pub(crate) value: HeadRows<'a>,
    /// Values of a row.
    pub(crate) dim: usize,
}

/// Memory that is used again.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// `[head_dim, queries]`
    queries: Vec<f32>,
    /// `[keys, queries]`
    weights: Vec<f32>,
    /// `[head_dim, queries]`
    sums: Vec<f32>,
}

/// `out += share · softmax(q kᵀ / sqrt(dim)) v`
///
/// # Shapes
/// - `out`: from the first value of the first row on, with the query's stride
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn attend(head: Head<'_>, share: f32, scratch: &mut Scratch, out: &mut [f32]) {
    multiversion::target::match_target! {
        "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma" => avx512::attend(head, share, scratch, out),
        "x86_64+avx2+fma" => avx2::attend(head, share, scratch, out),
        _ => plain::attend(head, share, scratch, out),
    }
}

/// What is the same in all forms, around a `tile` of their own with sums in registers.
///
/// `$lanes` is the size of a register, `$rows` how many rows of sums there are registers for, `$vectors` of them each.
macro_rules! form {
    ($lanes:literal lanes, $rows:literal rows, $($vectors:literal)+ $(, $attribute:meta)?) => {
        $(#[$attribute])?
        pub(super) fn attend(head: Head<'_>, share: f32, scratch: &mut Scratch, out: &mut [f32]) {
            let mut first = 0;
            while first < head.query.count && head.key.count > 0 {
                let query = head.query;
                let of_block = Head {
                    query: HeadRows {
                        values: &query.values[first * query.stride..],
                        count: query.count - first,
                        ..query
                    },
                    ..head
                };
                let out = &mut out[first * query.stride..];
                // As many vectors as the queries fill, or all.
                first += match of_block.query.count.div_ceil($lanes) {
                    $($vectors => block::<$vectors>(of_block, share, scratch, out),)+
                    _ => block::<MOST>(of_block, share, scratch, out),
                };
            }
        }

        const MOST: usize = { let all = [$($vectors),+]; all[all.len() - 1] };

        /// [`attend`] for the queries of so many vectors; returns how many there are.
        $(#[$attribute])?
        fn block<const VECTORS: usize>(
            Head { query, key, value, dim }: Head<'_>,
            share: f32,
            scratch: &mut Scratch,
            out: &mut [f32],
        ) -> usize {
            let count = query.count.min(VECTORS * $lanes);
            let scale = scale(dim);
            // Lanes without a query keep what was there, which concerns no other.
            let queries = vectors::<$lanes, VECTORS>(&mut scratch.queries, dim);
            for (at, row) in query.values.chunks(query.stride).take(count).enumerate() {
                for (query, value) in queries.iter_mut().zip(row) {
                    query.as_flattened_mut()[at] = value * scale;
                }
            }
            let weights = vectors::<$lanes, VECTORS>(&mut scratch.weights, key.count);
            combine(key.values, [key.stride, 1], queries, weights);
            let mut most = [[f32::MIN; $lanes]; VECTORS];
            for weight in weights.iter() {
                for (most, weight) in most.iter_mut().zip(weight) {
                    for (most, weight) in most.iter_mut().zip(weight) {
                        *most = if *weight > *most { *weight } else { *most };
                    }
                }
            }
            let mut totals = [[0f32; $lanes]; VECTORS];
            for weight in weights.iter_mut() {
                for ((weight, most), total) in weight.iter_mut().zip(&most).zip(&mut totals) {
                    for ((weight, most), total) in weight.iter_mut().zip(most).zip(total) {
                        *weight = exp(*weight - most);
                        *total += *weight;
                    }
                }
            }
            let sums = vectors::<$lanes, VECTORS>(&mut scratch.sums, dim);
            combine(value.values, [1, value.stride], weights, sums);
            for (at, row) in out.chunks_mut(query.stride).take(count).enumerate() {
                let share = share / totals.as_flattened()[at];
                for (out, sum) in row.iter_mut().zip(sums.iter()) {
                    *out += share * sum.as_flattened()[at];
                }
            }
            count
        }

        /// `out[i] = Σ m[i · steps[0] + j · steps[1]] x[j]` over all `j`.
        $(#[$attribute])?
        fn combine<const VECTORS: usize>(
            m: &[f32],
            steps: [usize; 2],
            x: &[[[f32; $lanes]; VECTORS]],
            out: &mut [[[f32; $lanes]; VECTORS]],
        ) {
            let rest = tiles::<VECTORS, $rows>((m, out), steps, x);
            // What is left in fewer and fewer rows.
            let rest = tiles::<VECTORS, 4>(rest, steps, x);
            let rest = tiles::<VECTORS, 2>(rest, steps, x);
            tiles::<VECTORS, 1>(rest, steps, x);
        }

        /// [`combine`] for as many rows as make whole tiles; returns those of `m` and `out` behind them.
        #[inline]
        $(#[$attribute])?
        fn tiles<'a, 'b, const VECTORS: usize, const ROWS: usize>(
            (mut m, out): (&'a [f32], &'b mut [[[f32; $lanes]; VECTORS]]),
            steps: [usize; 2],
            x: &[[[f32; $lanes]; VECTORS]],
        ) -> (&'a [f32], &'b mut [[[f32; $lanes]; VECTORS]]) {
            let (tiles, rest) = out.as_chunks_mut::<ROWS>();
            for out in tiles {
                *out = tile::<VECTORS, ROWS>(m, steps, x);
                m = m.get(ROWS * steps[0]..).unwrap_or_default();
            }
            (m, rest)
        }
    };
}

/// Memory for `n` groups of vectors.
fn vectors<const LANES: usize, const VECTORS: usize>(
    memory: &mut Vec<f32>,
    n: usize,
) -> &mut [[[f32; LANES]; VECTORS]] {
    let needed = n * VECTORS * LANES;
    if memory.len() < needed {
        memory.resize(needed, 0.0);
    }
    memory[..needed].as_chunks_mut().0.as_chunks_mut().0
}

/// For every processor, 64-bit ARM among them.
mod plain {
    use super::*;

    form!(16 lanes, 4 rows, 1);

    fn tile<const VECTORS: usize, const ROWS: usize>(
        m: &[f32],
        steps: [usize; 2],
        x: &[[[f32; 16]; VECTORS]],
    ) -> [[[f32; 16]; VECTORS]; ROWS] {
        let mut sums = [[[0f32; 16]; VECTORS]; ROWS];
        for (j, x) in x.iter().enumerate() {
            for (i, sums) in sums.iter_mut().enumerate() {
                let factor = m[i * steps[0] + j * steps[1]];
                for (sum, x) in sums.as_flattened_mut().iter_mut().zip(x.as_flattened()) {
                    // One instruction, but on an x86 of old a call.
                    *sum = if cfg!(target_arch = "x86_64") {
                        factor * x + *sum
                    } else {
                        factor.mul_add(*x, *sum)
                    };
                }
            }
        }
        sums
    }
}

#[cfg(target_arch = "x86_64")]
macro_rules! tile {
    ($lanes:literal lanes, $attribute:meta) => {
        #[inline]
        #[$attribute]
        fn tile<const VECTORS: usize, const ROWS: usize>(
            m: &[f32],
            steps: [usize; 2],
            x: &[[[f32; $lanes]; VECTORS]],
        ) -> [[[f32; $lanes]; VECTORS]; ROWS] {
            let mut sums = [[zero(); VECTORS]; ROWS];
            for (j, x) in x.iter().enumerate() {
                for (i, sums) in sums.iter_mut().enumerate() {
                    let factor = all(m[i * steps[0] + j * steps[1]]);
                    for (sum, x) in sums.iter_mut().zip(x) {
                        *sum = multiply_add(factor, must_cast(*x), *sum);
                    }
                }
            }
            let mut out = [[[0f32; $lanes]; VECTORS]; ROWS];
            for (out, sums) in out.iter_mut().zip(&sums) {
                for (out, sum) in out.iter_mut().zip(sums) {
                    *out = must_cast(*sum);
                }
            }
            out
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::*;
    use bytemuck::must_cast;
    use std::arch::x86_64::{
        _mm256_fmadd_ps as multiply_add, _mm256_set1_ps as all, _mm256_setzero_ps as zero,
    };

    form!(8 lanes, 4 rows, 1 2, target_feature(enable = "avx2,fma"));
    tile!(8 lanes, target_feature(enable = "avx2,fma"));
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use super::*;
    use bytemuck::must_cast;
    use std::arch::x86_64::{
        _mm512_fmadd_ps as multiply_add, _mm512_set1_ps as all, _mm512_setzero_ps as zero,
    };

    form!(16 lanes, 8 rows, 1 2 3, target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"));
    tile!(16 lanes, target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Noise, Stream};

    type Form = fn(Head<'_>, f32, &mut Scratch, &mut [f32]);

    /// The form for AVX2 where there is AVX2, on processors with AVX-512 too.
    #[multiversion(targets("x86_64+avx2+fma"))]
    fn attend_up_to_avx2(head: Head<'_>, share: f32, scratch: &mut Scratch, out: &mut [f32]) {
        multiversion::target::match_target! {
            "x86_64+avx2+fma" => avx2::attend(head, share, scratch, out),
            _ => plain::attend(head, share, scratch, out),
        }
    }

    const FORMS: [Form; 3] = [attend, attend_up_to_avx2, plain::attend];

    /// The definition, in double precision; like `out`.
    fn expected(head: Head<'_>) -> Vec<f64> {
        let row = |rows: HeadRows<'_>, i: usize| -> Vec<f64> {
            rows.values[i * rows.stride..][..head.dim].iter().map(|&v| v.into()).collect()
        };
        let mut out = vec![0.0; head.query.count * head.dim];
        for (i, out) in out.chunks_exact_mut(head.dim).enumerate() {
            let query = row(head.query, i);
            let score = |j: usize| {
                let dot: f64 = query.iter().zip(row(head.key, j)).map(|(q, k)| q * k).sum();
                (dot / (head.dim as f64).sqrt()).exp()
            };
            let scores: Vec<f64> = (0..head.key.count).map(score).collect();
            for (j, score) in scores.iter().enumerate() {
                let weight = score / scores.iter().sum::<f64>();
                out.iter_mut().zip(row(head.value, j)).for_each(|(out, v)| *out += weight * v);
            }
        }
        out
    }

    #[test]
    fn every_form_adds_its_share_of_the_definition_to_a_head_and_leaves_the_others() {
        // A head in the middle of rows of three, of a size that no register has.
        const DIM: usize = 19;
        const STRIDE: usize = 3 * DIM;
        for form in FORMS {
            // Smaller after larger: what is left in the memory must not matter.
            let mut scratch = Scratch::default();
            for (queries, keys) in [(70, 50), (1, 1), (17, 3), (16, 8), (33, 43), (48, 1), (49, 29), (5, 12)]
            {
                let mut random = Noise::new(3, Stream::Training);
                let [q, k, v] = [queries, keys, keys].map(|rows| random.normals(rows * STRIDE));
                let [query, key, value] = [(&q, queries), (&k, keys), (&v, keys)]
                    .map(|(x, count)| HeadRows { values: &x[DIM..], stride: STRIDE, count });
                let head = Head { query, key, value, dim: DIM };
                let mut out = vec![0.5; queries * STRIDE];
                form(head, 0.25, &mut scratch, &mut out[DIM..]);
                for (out, wanted) in out.chunks_exact(STRIDE).zip(expected(head).chunks_exact(DIM)) {
                    for (i, out) in out.iter().enumerate() {
                        let wanted =
                            if (DIM..2 * DIM).contains(&i) { 0.5 + 0.25 * wanted[i - DIM] } else { 0.5 };
                        assert!(
                            (f64::from(*out) - wanted).abs() < 1e-6,
                            "{queries} by {keys}: {out} for {wanted}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_no_number_is_none_in_what_reads_it_and_nowhere_else() {
        const DIM: usize = 4;
        let mut random = Noise::new(4, Stream::Training);
        let [mut q, k, v] = [20, 9, 9].map(|rows| random.normals(rows * DIM));
        q[7 * DIM] = f32::NAN;
        for form in FORMS {
            let [query, key, value] = [&q, &k, &v].map(|x| HeadRows::new(x, DIM));
            let mut out = vec![0.0; q.len()];
            form(Head { query, key, value, dim: DIM }, 1.0, &mut Scratch::default(), &mut out);
            for (i, out) in out.chunks_exact(DIM).enumerate() {
                assert!(out.iter().all(|v| v.is_nan() == (i == 7)), "query {i}: {out:?}");
            }
        }
    }

    #[test]
    fn large_scores_have_finite_weights_and_no_keys_leave_what_is_there() {
        for form in FORMS {
            let (q, k, v) = ([200.0, -200.0], [200.0, 300.0], [5.0, 7.0]);
            let mut out = [1.0, 1.0];
            let head = |keys: usize| Head {
                query: HeadRows::new(&q, 1),
                key: HeadRows::new(&k[..keys], 1),
                value: HeadRows::new(&v[..keys], 1),
                dim: 1,
            };
            form(head(0), 1.0, &mut Scratch::default(), &mut out);
            assert_eq!(out, [1.0, 1.0]);
            form(head(2), 1.0, &mut Scratch::default(), &mut out);
            // All the weight is on the key with the largest score.
            assert_eq!(out, [8.0, 6.0]);
        }
    }
}
