//! Scaled dot-product attention over heads that stay interleaved in memory.
//!
//! Works on `[batch, n, heads * head_dim]` directly: no transposition, no batched matrix products of a few rows
//! each, whose overhead is larger than their work at the clip lengths of foley.

use super::rowwise::{contiguous_f32, read};
use super::{composed, is_fused, kernels};
use candle_core::{CpuStorage, CustomOp3, DType, Layout, Result, Shape, Tensor, bail};
use multiversion::multiversion;
use rayon::prelude::*;
use std::sync::Arc;

/// How many keys exist in each batch row; those behind are padding.
#[derive(Debug, Clone)]
pub struct KeyLengths(Arc<Vec<usize>>);

impl KeyLengths {
    /// All `n` keys exist in every row.
    #[must_use]
    pub fn full(batch: usize, n: usize) -> Self {
        Self(Arc::new(vec![n; batch]))
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
        Ok(Sizes { queries, keys: key.dims3()?.1, dim, head_dim, scale: 1.0 / (head_dim as f32).sqrt() })
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
        out.par_chunks_mut(s.queries * s.dim).enumerate().for_each(|(row, out)| {
            let keys = row * s.keys * s.dim..(row + 1) * s.keys * s.dim;
            let q = &q[row * s.queries * s.dim..][..s.queries * s.dim];
            let mut scratch = Scratch::new(s, self.lengths.0[row]);
            for head in 0..self.heads {
                scratch.forward([q, &k[keys.clone()], &v[keys.clone()]], head, out);
            }
        });
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
                let mut scratch = Scratch::new(s, self.lengths.0[row]);
                for head in 0..self.heads {
                    scratch.backward(inputs, head, [&mut *dq, &mut *dk, &mut *dv]);
                }
            },
        );
        let tensor =
            |values: Vec<f32>, like: &Tensor| Tensor::from_vec(values, like.shape(), like.device()).map(Some);
        Ok((tensor(dq, &query)?, tensor(dk, &key)?, tensor(dv, &value)?))
    }
}

/// Buffers of one batch row, for one head at a time.
///
/// Columns are padded with zeros to whole [`LANES`], so that every product runs in full vectors.
struct Scratch {
    s: Sizes,
    /// Keys that exist.
    len: usize,
    /// The same, padded.
    width: usize,
    /// `head_dim`, padded.
    depth: usize,
    /// `[queries, width]`: logits, then weights.
    weights: Vec<f32>,
    /// `[queries, width]`: slope of the loss by the weights, then by the logits.
    slopes: Vec<f32>,
    /// `[head_dim, width]`: keys or values of the head.
    columns: Vec<f32>,
    /// `[len, depth]` or `[queries, depth]`: whatever is multiplied from the right.
    rows: Vec<f32>,
    /// The product of the last multiplication.
    product: Vec<f32>,
}

impl Scratch {
    fn new(s: Sizes, len: usize) -> Self {
        let (width, depth) = (len.next_multiple_of(LANES), s.head_dim.next_multiple_of(LANES));
        Self {
            s,
            len,
            width,
            depth,
            weights: vec![0.0; s.queries * width],
            slopes: Vec::new(),
            columns: vec![0.0; s.head_dim * width],
            rows: Vec::new(),
            product: Vec::new(),
        }
    }

    /// `out = scale · x (keys)ᵀ`, one row per query.
    fn compare(&mut self, x: &[f32], keys: &[f32], head: usize, scale: f32, out: Which) {
        let (d, at) = (self.s.head_dim, head * self.s.head_dim);
        for (j, row) in keys.chunks_exact(self.s.dim).take(self.len).enumerate() {
            for (c, &value) in row[at..at + d].iter().enumerate() {
                self.columns[c * self.width + j] = value * scale;
            }
        }
        let out = match out {
            Which::Weights => &mut self.weights,
            Which::Slopes => &mut self.slopes,
        };
        out.resize(self.s.queries * self.width, 0.0);
        multiply(&x[at..], [self.s.dim, 1], &self.columns, out, [d, self.width]);
    }

    fn attend(&mut self, q: &[f32], k: &[f32], head: usize) {
        self.compare(q, k, head, self.s.scale, Which::Weights);
        for row in self.weights.chunks_exact_mut(self.width) {
            let (row, padding) = row.split_at_mut(self.len);
            kernels::softmax_in_place(row);
            padding.fill(0.0);
        }
    }

    /// `self.product = a b`, where `b` is the head's part of `count` rows of `x`.
    fn gather(&mut self, which: Which, transposed: bool, x: &[f32], head: usize) {
        let (d, dim) = (self.s.head_dim, self.s.dim);
        let (results, count) =
            if transposed { (self.len, self.s.queries) } else { (self.s.queries, self.len) };
        self.rows.clear();
        self.rows.resize(count * self.depth, 0.0);
        for (to, from) in self.rows.chunks_exact_mut(self.depth).zip(x.chunks_exact(dim)) {
            to[..d].copy_from_slice(&from[head * d..][..d]);
        }
        self.product.resize(results * self.depth, 0.0);
        let a = match which {
            Which::Weights => &self.weights,
            Which::Slopes => &self.slopes,
        };
        let strides = if transposed { [1, self.width] } else { [self.width, 1] };
        multiply(a, strides, &self.rows, &mut self.product, [count, self.depth]);
    }

    /// Writes the product to the head's part of the rows of `out`.
    fn store(&self, head: usize, out: &mut [f32]) {
        let d = self.s.head_dim;
        for (from, to) in self.product.chunks_exact(self.depth).zip(out.chunks_exact_mut(self.s.dim)) {
            to[head * d..][..d].copy_from_slice(&from[..d]);
        }
    }

    fn forward(&mut self, [q, k, v]: [&[f32]; 3], head: usize, out: &mut [f32]) {
        self.attend(q, k, head);
        self.gather(Which::Weights, false, v, head);
        self.store(head, out);
    }

    fn backward(&mut self, [q, k, v, g]: [&[f32]; 4], head: usize, [dq, dk, dv]: [&mut [f32]; 3]) {
        self.attend(q, k, head);
        self.gather(Which::Weights, true, g, head);
        self.store(head, dv);
        // d(out)/d(weight j) = g · v_j, then the soft-max Jacobian.
        self.compare(g, v, head, 1.0, Which::Slopes);
        let rows = self.weights.chunks_exact(self.width).zip(self.slopes.chunks_exact_mut(self.width));
        rows.for_each(|(weights, slopes)| kernels::softmax_slopes(weights, slopes, self.s.scale));
        self.gather(Which::Slopes, false, k, head);
        self.store(head, dq);
        self.gather(Which::Slopes, true, q, head);
        self.store(head, dk);
    }
}

/// One of the two matrices with a row per query and a column per key.
#[derive(Clone, Copy)]
enum Which {
    Weights,
    Slopes,
}

/// Floats of the widest vector registers.
const LANES: usize = 16;
/// Rows of a register tile: six accumulators of sixteen lanes fit the registers of AVX2 as well.
const TILE_ROWS: usize = 6;

/// `c = a b`, row by row, for `b` of `[depth, width]` and `a` with any strides between rows and columns; `width` is
/// a multiple of [`LANES`].
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn multiply(a: &[f32], strides: [usize; 2], b: &[f32], c: &mut [f32], [depth, width]: [usize; 2]) {
    for (tile, c) in c.chunks_mut(TILE_ROWS * width).enumerate() {
        let a = &a[tile * TILE_ROWS * strides[0]..];
        if c.len() == TILE_ROWS * width {
            for column in (0..width).step_by(LANES) {
                tile_product::<TILE_ROWS>(a, strides, b, c, [depth, width, column]);
            }
        } else {
            for (row, c) in c.chunks_mut(width).enumerate() {
                let a = &a[row * strides[0]..];
                for column in (0..width).step_by(LANES) {
                    tile_product::<1>(a, strides, b, c, [depth, width, column]);
                }
            }
        }
    }
}

#[inline(always)]
fn tile_product<const ROWS: usize>(
    a: &[f32],
    [row_stride, column_stride]: [usize; 2],
    b: &[f32],
    c: &mut [f32],
    [depth, width, column]: [usize; 3],
) {
    let mut sums = [[0f32; LANES]; ROWS];
    for i in 0..depth {
        let b = &b[i * width + column..][..LANES];
        for (row, sums) in sums.iter_mut().enumerate() {
            let a = a[row * row_stride + i * column_stride];
            for (sum, b) in sums.iter_mut().zip(b) {
                *sum = b.mul_add(a, *sum);
            }
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        c[row * width + column..][..LANES].copy_from_slice(sums);
    }
}
