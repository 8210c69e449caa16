//! Scaled dot-product attention over heads that stay interleaved in memory.
//!
//! Works on `[batch, n, heads * head_dim]` directly: a head is a matrix whose rows lie far apart, so nothing is
//! transposed or copied.

mod lanes;

use super::rowwise::{contiguous_f32, read, rows_per_task};
use super::{composed, is_fused, kernels};
use candle_core::{CpuStorage, CustomOp3, DType, Layout, Result, Shape, Tensor, bail};
pub(crate) use lanes::{Head, HeadRows, Scratch, attend};
use rayon::prelude::*;
use std::sync::Arc;
use straightshot_matmul::{Before, Matrix, MatrixMut, multiply_here};

/// How many keys exist in each batch row; those behind are padding.
#[derive(Debug, Clone)]
pub struct KeyLengths(Arc<Vec<usize>>);

impl KeyLengths {
    /// All `n` keys exist in every row.
    #[must_use]
    pub fn full(batch: usize, n: usize) -> Self {
        Self(Arc::new(vec![n; batch]))
    }

    /// The same for `n` copies of every row, which follow one another.
    pub(crate) fn repeat_each(&self, n: usize) -> Self {
        Self(Arc::new(self.0.iter().flat_map(|count| std::iter::repeat_n(*count, n)).collect()))
    }

    /// How many keys exist in every batch row.
    pub(crate) fn all(&self) -> &[usize] {
        &self.0
    }

    /// How many keys exist in a batch row.
    pub(crate) fn of(&self, row: usize) -> usize {
        self.0[row]
    }

    /// Counts the ones of a mask.
    ///
    /// # Shapes
    /// - `mask`: `[batch, n]`, ones followed by zeros
    ///
    /// # Errors
    /// A candle error if the mask has another shape or a row without a key.
    pub fn from_mask(mask: &Tensor) -> Result<Self> {
        let rows = mask.to_dtype(DType::F32)?.to_vec2::<f32>()?;
        let count = |row: &Vec<f32>| {
            let ones = row.iter().take_while(|&&m| m == 1.0).count();
            let padded = row[ones..].iter().all(|&m| m == 0.0);
            if ones == 0 || !padded {
                bail!("attention: a mask is not ones followed by zeros")
            } else {
                Ok(ones)
            }
        };
        Ok(Self(Arc::new(rows.iter().map(count).collect::<Result<_>>()?)))
    }
}

/// What products of queries and keys are multiplied by.
fn scale(head_dim: usize) -> f32 {
    1.0 / (head_dim as f32).sqrt()
}

/// `softmax(q kᵀ / sqrt(head_dim)) v` per head, over the keys that exist.
///
/// # Shapes
/// - `query`: `[batch, n, heads * head_dim]`; returns the same
/// - `key`, `value`: `[batch, keys, heads * head_dim]`
///
/// # Errors
/// A candle error if the shapes do not fit.
pub fn attention(
    query: &Tensor,
    key: &Tensor,
    value: &Tensor,
    heads: usize,
    lengths: &KeyLengths,
) -> Result<Tensor> {
    let (batch, _, dim) = query.dims3()?;
    let (key_batch, keys, key_dim) = key.dims3()?;
    let fits = batch == key_batch
        && dim == key_dim
        && key.dims() == value.dims()
        && dim.is_multiple_of(heads.max(1));
    if !fits || lengths.0.len() != batch || lengths.0.iter().any(|&n| n > keys) {
        bail!("attention: {:?}, {:?} and {:?} do not fit", query.shape(), key.shape(), value.shape());
    }
    if is_fused(query) {
        let op = Attention { heads, lengths: lengths.clone() };
        return query.contiguous()?.apply_op3(&key.contiguous()?, &value.contiguous()?, op);
    }
    composed::attention(query, key, value, heads, &lengths.0)
}

struct Attention {
    heads: usize,
    lengths: KeyLengths,
}

/// Sizes of one call.
#[derive(Clone, Copy)]
struct Sizes {
    queries: usize,
    keys: usize,
    dim: usize,
    head_dim: usize,
    scale: f32,
}

impl Attention {
    fn sizes(&self, query: &Shape, key: &Shape) -> Result<Sizes> {
        let (_, queries, dim) = query.dims3()?;
        let head_dim = dim / self.heads;
        Ok(Sizes { queries, keys: key.dims3()?.1, dim, head_dim, scale: scale(head_dim) })
    }
}

impl CustomOp3 for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
        s3: &CpuStorage,
        l3: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (q, k, v) = (contiguous_f32(s1, l1)?, contiguous_f32(s2, l2)?, contiguous_f32(s3, l3)?);
        let s = self.sizes(l1.shape(), l2.shape())?;
        let mut out = vec![0f32; q.len()];
        for (row, out) in out.chunks_mut(s.queries * s.dim).enumerate() {
            let keys = row * s.keys * s.dim..(row + 1) * s.keys * s.dim;
            let (k, v) = (&k[keys.clone()], &v[keys]);
            let q = &q[row * s.queries * s.dim..][..s.queries * s.dim];
            let block = rows_per_task(s.queries).min(QUERY_BLOCK) * s.dim;
            out.par_chunks_mut(block).zip(q.par_chunks(block)).for_each(|(out, q)| {
                let mut scratch = Scratch::default();
                for at in (0..self.heads).map(|head| head * s.head_dim) {
                    let query = HeadRows { values: &q[at..], stride: s.dim, count: q.len() / s.dim };
                    let [key, value] =
                        [k, v].map(|x| HeadRows { values: &x[at..], count: self.lengths.0[row], ..query });
                    attend(Head { query, key, value, dim: s.head_dim }, 1.0, &mut scratch, &mut out[at..]);
                }
            });
        }
        Ok((CpuStorage::F32(out), l1.shape().clone()))
    }

    fn bwd(
        &self,
        query: &Tensor,
        key: &Tensor,
        value: &Tensor,
        _out: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let s = self.sizes(query.shape(), key.shape())?;
        let (query, key, value, grad) =
            (query.contiguous()?, key.contiguous()?, value.contiguous()?, grad.contiguous()?);
        let guards = [
            query.storage_and_layout(),
            key.storage_and_layout(),
            value.storage_and_layout(),
            grad.storage_and_layout(),
        ];
        let [q, k, v, g] = [read(&guards[0])?, read(&guards[1])?, read(&guards[2])?, read(&guards[3])?];
        let (mut dq, mut dk, mut dv) = (vec![0f32; q.len()], vec![0f32; k.len()], vec![0f32; v.len()]);
        let (n, m) = (s.queries * s.dim, s.keys * s.dim);
        dq.par_chunks_mut(n).zip(dk.par_chunks_mut(m)).zip(dv.par_chunks_mut(m)).enumerate().for_each(
            |(row, ((dq, dk), dv))| {
                let inputs = [&q[row * n..][..n], &k[row * m..][..m], &v[row * m..][..m], &g[row * n..][..n]];
                let (mut weights, mut slopes) = (Vec::new(), Vec::new());
                for head in 0..self.heads {
                    let head = Backward { s, at: head * s.head_dim, len: self.lengths.0[row] };
                    head.run(inputs, [&mut weights, &mut slopes], [&mut *dq, &mut *dk, &mut *dv]);
                }
            },
        );
        let tensor =
            |values: Vec<f32>, like: &Tensor| Tensor::from_vec(values, like.shape(), like.device()).map(Some);
        Ok((tensor(dq, &query)?, tensor(dk, &key)?, tensor(dv, &value)?))
    }
}

/// Queries that one task attends with: their weights stay in the cache of a core for clips of half a minute.
const QUERY_BLOCK: usize = 128;

/// The way back through one head of one batch row, by products of whole matrices.
#[derive(Clone, Copy)]
struct Backward {
    s: Sizes,
    /// First channel of the head.
    at: usize,
    /// Keys that exist.
    len: usize,
}

impl Backward {
    /// The head's part of so many rows.
    fn part(self, x: &[f32], rows: usize) -> Matrix<'_> {
        Matrix::strided(&x[self.at..], [rows, self.s.head_dim], self.s.dim)
    }

    fn part_mut(self, x: &mut [f32], rows: usize) -> MatrixMut<'_> {
        MatrixMut::strided(&mut x[self.at..], [rows, self.s.head_dim], self.s.dim)
    }

    /// Values from a query's weights to those of the next: whole vectors, so that the soft-max of a few words, or of what
    /// is left behind the last vector, is not made number by number.
    fn stride(self) -> usize {
        self.len.next_multiple_of(kernels::SOFTMAX_LANES)
    }

    /// Weights of all keys for every query.
    fn weights(self, weights: &[f32]) -> Matrix<'_> {
        Matrix::strided(weights, [self.s.queries, self.len], self.stride())
    }

    /// `out = scale · x keysᵀ`, `[queries, len]` of `[queries, stride]`.
    fn compare(self, x: &[f32], keys: &[f32], scale: f32, out: &mut Vec<f32>) {
        out.resize(self.s.queries * self.stride(), 0.0);
        let (x, keys) = (self.part(x, self.s.queries), self.part(keys, self.len).transposed());
        let out = MatrixMut::strided(out, [self.s.queries, self.len], self.stride());
        multiply_here(out, Before::Replace, scale, x, keys);
    }

    /// The weights of all keys for every query, `[queries, len]` of `[queries, stride]`.
    fn attend(self, q: &[f32], k: &[f32], weights: &mut Vec<f32>) {
        self.compare(q, k, self.s.scale, weights);
        kernels::softmax_rows(weights, self.len);
    }

    /// The head's part of `out`, a row per query, becomes the sum of the rows of `x`, a row per key.
    fn weighted_sum(self, weights: &[f32], x: &[f32], out: &mut [f32]) {
        let (weights, x) = (self.weights(weights), self.part(x, self.len));
        multiply_here(self.part_mut(out, self.s.queries), Before::Replace, 1.0, weights, x);
    }

    /// The other way round: a row per key becomes the sum of the rows of `x`, a row per query.
    fn gathered_sum(self, weights: &[f32], x: &[f32], out: &mut [f32]) {
        let weights = self.weights(weights).transposed();
        multiply_here(
            self.part_mut(out, self.len),
            Before::Replace,
            1.0,
            weights,
            self.part(x, self.s.queries),
        );
    }

    /// Adds nothing up: gradients of queries, keys and values are overwritten.
    fn run(
        self,
        [q, k, v, g]: [&[f32]; 4],
        [weights, slopes]: [&mut Vec<f32>; 2],
        [dq, dk, dv]: [&mut [f32]; 3],
    ) {
        self.attend(q, k, weights);
        self.gathered_sum(weights, g, dv);
        // d(out)/d(weight j) = g · v_j, then the soft-max Jacobian.
        self.compare(g, v, 1.0, slopes);
        let rows = weights.chunks_exact(self.stride()).zip(slopes.chunks_exact_mut(self.stride()));
        rows.for_each(|(weights, slopes)| {
            kernels::softmax_slopes(&weights[..self.len], slopes, self.s.scale);
        });
        self.weighted_sum(slopes, k, dq);
        self.gathered_sum(slopes, q, dk);
    }
}
