//! Attention of a clip to itself and to its text.

use super::launch::run;
use super::{Launch, Pointer, WARP, expect, int};
use candle_core::{Result, Tensor};

/// Channels of the widest head of [`attention`]; their number is even.
pub const MOST_HEAD_DIM: usize = 128;
/// Batch rows that [`attention`] knows the lengths of.
pub const MOST_BATCH: usize = 64;
/// As in `kernels.cu`.
const ATTENTION_WARPS: u32 = 4;
const ATTENTION_QUERIES: usize = 8;

/// Queries, keys and values, as products made them.
#[derive(Debug, Clone, Copy)]
pub struct Heads<'a> {
    /// `[batch, queries, heads * head_dim]`.
    pub query: &'a Tensor,
    /// `[batch, keys, heads * head_dim]`.
    pub key: &'a Tensor,
    /// Like `key`.
    pub value: &'a Tensor,
    /// How many keys of each batch row exist.
    pub lengths: &'a [usize],
    /// Number of heads.
    pub heads: usize,
    /// Added to query, key and value, `[heads * head_dim]` each.
    pub biases: Option<[&'a Tensor; 3]>,
    /// Cosines and sines that queries and keys are turned by, `[positions, head_dim / 2]` each.
    pub rotation: Option<[&'a Tensor; 2]>,
    /// What else the queries read.
    pub text: Option<Text<'a>>,
}

/// A second set of keys, which are not turned.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// `[batch, keys, heads * head_dim]`.
    pub key: &'a Tensor,
    /// Like `key`.
    pub value: &'a Tensor,
    /// How many keys of each batch row exist.
    pub lengths: &'a [usize],
    /// What is read is multiplied by the hyperbolic tangent of this, `[heads]`.
    pub gate: &'a Tensor,
}

/// As in `kernels.cu`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct AttentionArguments {
    inputs: [Pointer; 11],
    out: Pointer,
    queries: i32,
    keys: i32,
    text_keys: i32,
    heads: i32,
    head_dim: i32,
    scale: f32,
    lengths: [u32; MOST_BATCH],
    text_lengths: [u32; MOST_BATCH],
}

/// Whether [`attention`] is made for these sizes.
#[must_use]
pub fn attention_fits(batch: usize, head_dim: usize) -> bool {
    batch <= MOST_BATCH && head_dim <= MOST_HEAD_DIM && head_dim.is_multiple_of(2)
}

/// `attend(q, k, v) + tanh(gate) ⊙ attend(q, k_text, v_text)` with `attend = softmax(q kᵀ / sqrt(head_dim)) v` per head,
/// over the keys that exist.
///
/// # Shapes
/// - returns `[batch, queries, heads * head_dim]`
///
/// # Errors
/// A candle error if the shapes do not fit, see also [`attention_fits`], or the card refuses.
pub fn attention(heads: Heads<'_>) -> Result<Tensor> {
    let (batch, queries, dim) = heads.query.dims3()?;
    let head_dim = dim / heads.heads.max(1);
    expect(heads.query, head_dim * heads.heads == dim && head_dim > 0 && attention_fits(batch, head_dim))?;
    let keys = keys_of([heads.key, heads.value], heads.lengths, batch, dim)?;
    let text_keys = match heads.text {
        None => 0,
        Some(text) => {
            expect(text.gate, text.gate.dims() == [heads.heads])?;
            keys_of([text.key, text.value], text.lengths, batch, dim)?
        }
    };
    for bias in heads.biases.iter().flatten() {
        expect(bias, bias.dims() == [dim])?;
    }
    for table in heads.rotation.iter().flatten() {
        expect(table, matches!(table.dims(), [n, half] if *n >= queries.max(keys) && 2 * half == head_dim))?;
    }
    run("attention", heads.query, heads.query.dims(), |out| {
        let whole = |x: Option<&Tensor>| x.map_or(Ok(Pointer::NULL), Pointer::whole);
        let [query_bias, key_bias, value_bias] = heads.biases.map_or([None; 3], |biases| biases.map(Some));
        let [cos, sin] = heads.rotation.map_or([None; 2], |tables| tables.map(Some));
        let text = |part: fn(Text<'_>) -> &Tensor| whole(heads.text.map(part));
        let arguments = AttentionArguments {
            inputs: [
                Pointer::whole(heads.query)?,
                Pointer::whole(heads.key)?,
                Pointer::whole(heads.value)?,
                whole(query_bias)?,
                whole(key_bias)?,
                whole(value_bias)?,
                whole(cos)?,
                whole(sin)?,
                text(|text| text.key)?,
                text(|text| text.value)?,
                text(|text| text.gate)?,
            ],
            out,
            queries: int(queries)?,
            keys: int(keys)?,
            text_keys: int(text_keys)?,
            heads: int(heads.heads)?,
            head_dim: int(head_dim)?,
            scale: 1.0 / (head_dim as f32).sqrt(),
            lengths: per_row(heads.lengths),
            text_lengths: per_row(heads.text.map_or(&[], |text| text.lengths)),
        };
        let blocks = [queries.div_ceil(ATTENTION_QUERIES), heads.heads, batch];
        Ok(vec![Launch { blocks, threads: ATTENTION_WARPS * WARP, arguments }])
    })
}

/// Number of keys and values, all of which fit.
fn keys_of(parts: [&Tensor; 2], lengths: &[usize], batch: usize, dim: usize) -> Result<usize> {
    let keys = parts[0].dims3()?.1;
    for part in parts {
        expect(part, part.dims() == [batch, keys, dim])?;
    }
    expect(parts[0], lengths.len() == batch && lengths.iter().all(|n| (1..=keys).contains(n)))?;
    Ok(keys)
}

fn per_row(lengths: &[usize]) -> [u32; MOST_BATCH] {
    let mut all = [0; MOST_BATCH];
    all.iter_mut().zip(lengths).for_each(|(to, from)| *to = *from as u32);
    all
}
