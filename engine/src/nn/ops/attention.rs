//! Scaled dot-product attention over heads that stay interleaved in memory.
//!
//! Works on `[batch, n, heads * head_dim]` directly: no transposition, no batched matrix products of a few rows
//! each, whose overhead is larger than their work at the clip lengths of foley.

use super::rowwise::{contiguous_f32, read};
use super::{kernels, softmax};
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
    let op = Attention { heads, lengths: lengths.clone() };
    if query.device().is_cpu() {
        return query.contiguous()?.apply_op3(&key.contiguous()?, &value.contiguous()?, op);
    }
    op.composed(query, key, value)
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

    /// The same from tensor operations, for devices without the fused form.
    fn composed(&self, query: &Tensor, key: &Tensor, value: &Tensor) -> Result<Tensor> {
        let (batch, queries, dim) = query.dims3()?;
        let keys = key.dim(1)?;
        let split = |x: &Tensor, n: usize| {
            x.reshape((batch, n, self.heads, dim / self.heads))?.transpose(1, 2)?.contiguous()
        };
        let bias: Vec<f32> = self
            .lengths
            .0
            .iter()
            .flat_map(|&len| (0..keys).map(move |i| if i < len { 0.0 } else { -1e9 }))
            .collect();
        let bias = Tensor::from_vec(bias, (batch, 1, 1, keys), query.device())?;
        let scale = 1.0 / ((dim / self.heads) as f64).sqrt();
        let logits =
            (split(query, queries)?.matmul(&split(key, keys)?.t()?)? * scale)?.broadcast_add(&bias)?;
        let out = softmax(&logits)?.matmul(&split(value, keys)?)?;
        out.transpose(1, 2)?.reshape((batch, queries, dim))
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
                scratch.load(&k[keys.clone()], head);
                scratch.forward(q, &v[keys.clone()], head, out);
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
                let (k, v) = (&k[row * m..][..m], &v[row * m..][..m]);
                let mut scratch = Scratch::new(s, self.lengths.0[row]);
                for head in 0..self.heads {
                    scratch.load(k, head);
                    scratch.load_values(v, head);
                    scratch.backward(
                        &q[row * n..][..n],
                        k,
                        &g[row * n..][..n],
                        head,
                        [&mut *dq, &mut *dk, &mut *dv],
                    );
                }
            },
        );
        let tensor =
            |values: Vec<f32>, like: &Tensor| Tensor::from_vec(values, like.shape(), like.device()).map(Some);
        Ok((tensor(dq, &query)?, tensor(dk, &key)?, tensor(dv, &value)?))
    }
}

/// Buffers of one batch row.
struct Scratch {
    s: Sizes,
    len: usize,
    /// Keys and values of one head, `[head_dim, len]`: rows of equal channel make the products vectorise.
    keys: Vec<f32>,
    values: Vec<f32>,
    weights: Vec<f32>,
    slopes: Vec<f32>,
}

impl Scratch {
    fn new(s: Sizes, len: usize) -> Self {
        let block = s.head_dim * len;
        Self {
            s,
            len,
            keys: vec![0.0; block],
            values: vec![0.0; block],
            weights: vec![0.0; len],
            slopes: vec![0.0; len],
        }
    }

    fn load(&mut self, k: &[f32], head: usize) {
        transpose(k, head, self.s, self.len, &mut self.keys);
    }

    fn load_values(&mut self, v: &[f32], head: usize) {
        transpose(v, head, self.s, self.len, &mut self.values);
    }

    /// Attention weights of one query into `self.weights`.
    fn attend(&mut self, query: &[f32]) {
        combine(query, &self.keys, self.s.scale, &mut self.slopes);
        kernels::softmax(&self.slopes, &mut self.weights);
    }

    fn forward(&mut self, q: &[f32], v: &[f32], head: usize, out: &mut [f32]) {
        let (d, dim) = (self.s.head_dim, self.s.dim);
        for i in 0..self.s.queries {
            let at = i * dim + head * d;
            self.attend(&q[at..at + d]);
            let out = &mut out[at..at + d];
            for (j, &w) in self.weights.iter().enumerate() {
                add_scaled(w, &v[j * dim + head * d..][..d], out);
            }
        }
    }

    fn backward(&mut self, q: &[f32], k: &[f32], g: &[f32], head: usize, [dq, dk, dv]: [&mut [f32]; 3]) {
        let (d, dim, scale) = (self.s.head_dim, self.s.dim, self.s.scale);
        for i in 0..self.s.queries {
            let at = i * dim + head * d;
            let (q, g) = (&q[at..at + d], &g[at..at + d]);
            self.attend(q);
            // d(out)/d(weight j) = g · v_j, then the soft-max Jacobian.
            combine(g, &self.values, 1.0, &mut self.slopes);
            let dot: f32 = self.weights.iter().zip(&self.slopes).map(|(w, s)| w * s).sum();
            for (j, (&w, &slope)) in self.weights.iter().zip(&self.slopes).enumerate() {
                let key = j * dim + head * d;
                let ds = w * (slope - dot) * scale;
                add_scaled(ds, &k[key..key + d], &mut dq[at..at + d]);
                add_scaled(ds, q, &mut dk[key..key + d]);
                add_scaled(w, g, &mut dv[key..key + d]);
            }
        }
    }
}

fn transpose(x: &[f32], head: usize, s: Sizes, len: usize, out: &mut [f32]) {
    for (j, row) in x.chunks_exact(s.dim).take(len).enumerate() {
        for (c, &value) in row[head * s.head_dim..][..s.head_dim].iter().enumerate() {
            out[c * len + j] = value;
        }
    }
}

/// `out[j] = scale · Σ_c x[c] columns[c][j]`
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn combine(x: &[f32], columns: &[f32], scale: f32, out: &mut [f32]) {
    let n = out.len();
    out.fill(0.0);
    for (c, &x) in x.iter().enumerate() {
        let x = x * scale;
        for (out, column) in out.iter_mut().zip(&columns[c * n..][..n]) {
            *out = column.mul_add(x, *out);
        }
    }
}

/// `y += a x`
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn add_scaled(a: f32, x: &[f32], y: &mut [f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y = x.mul_add(a, *y);
    }
}
