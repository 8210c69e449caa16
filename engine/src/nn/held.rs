//! Weights of layers as slices, for code that goes through several layers at once.
//!
//! A tensor's numbers can be read only while its storage is held; holding a layer and reading it are therefore two steps.

use super::compact::Compact;
use super::compact::rows::Rows;
use super::ops::kernels as k;
use super::ops::rowwise::elements;
use super::{LayerNorm, Linear};
use candle_core::{Layout, Result, Storage, Tensor, bail};
use std::ops::Deref;
use straightshot_matmul::{Before, Matrix, MatrixMut, multiply_here};

/// A tensor held for reading.
pub(crate) struct Held<'a> {
    storage: Box<dyn Deref<Target = Storage> + 'a>,
    layout: &'a Layout,
}

impl<'a> Held<'a> {
    pub(crate) fn new(tensor: &'a Tensor) -> Self {
        let (storage, layout) = tensor.storage_and_layout();
        Self { storage: Box::new(storage), layout }
    }

    pub(crate) fn values(&self) -> Result<&[f32]> {
        elements(&self.storage, self.layout)
    }
}

/// Weight and bias of a [`Linear`] held for reading.
pub(crate) struct HeldLinear<'a> {
    weight: Held<'a>,
    compact: Option<&'a Compact>,
    bias: Held<'a>,
    in_dim: usize,
    out_dim: usize,
}

impl<'a> HeldLinear<'a> {
    pub(crate) fn new(linear: &'a Linear) -> Result<Self> {
        let Some(bias) = linear.bias() else { bail!("a layer without bias cannot be held") };
        let (in_dim, out_dim) = linear.weight().dims2()?;
        let (weight, bias) = (Held::new(linear.weight()), Held::new(bias));
        Ok(Self { weight, compact: linear.compact()?, bias, in_dim, out_dim })
    }

    pub(crate) fn map(&self) -> Result<Map<'_>> {
        Ok(Map {
            weight: match self.compact {
                Some(compact) => Weight::Bytes(compact),
                None => Weight::Numbers(Matrix::new(self.weight.values()?, self.in_dim, self.out_dim)),
            },
            bias: self.bias.values()?,
            in_dim: self.in_dim,
            out_dim: self.out_dim,
        })
    }
}

#[derive(Clone, Copy)]
enum Weight<'a> {
    Bytes(&'a Compact),
    Numbers(Matrix<'a>),
}

/// `x W`, and a bias for whoever adds it.
#[derive(Clone, Copy)]
pub(crate) struct Map<'a> {
    weight: Weight<'a>,
    pub(crate) bias: &'a [f32],
    in_dim: usize,
    pub(crate) out_dim: usize,
}

impl<'a> Map<'a> {
    /// The weight, if it is in bytes.
    pub(crate) fn compact(self) -> Option<&'a Compact> {
        match self.weight {
            Weight::Bytes(compact) => Some(compact),
            Weight::Numbers(_) => None,
        }
    }

    /// Writes `x W` without the bias to the front of `out` and returns that part of it. `rows` is memory to work in.
    pub(crate) fn product<'o>(self, x: &[f32], rows: &mut Rows, out: &'o mut [f32]) -> &'o mut [f32] {
        let count = x.len() / self.in_dim;
        let out = &mut out[..count * self.out_dim];
        match self.weight {
            Weight::Bytes(compact) => {
                rows.fill(x, compact.factors());
                compact.multiply(rows, out);
            }
            Weight::Numbers(weight) => {
                let (to, x) = (MatrixMut::new(out, count, self.out_dim), Matrix::new(x, count, self.in_dim));
                multiply_here(to, Before::Replace, 1.0, x, weight);
            }
        }
        out
    }
}

/// Scale, shift and ε of a [`LayerNorm`] held for reading.
pub(crate) struct HeldNorm<'a> {
    weight: Held<'a>,
    bias: Held<'a>,
    eps: f32,
}

impl<'a> HeldNorm<'a> {
    pub(crate) fn new(norm: &'a LayerNorm) -> Self {
        let (weight, bias, eps) = norm.parts();
        Self { weight: Held::new(weight), bias: Held::new(bias), eps }
    }

    pub(crate) fn map(&self) -> Result<k::Norm<'_>> {
        Ok(k::Norm { weight: self.weight.values()?, bias: self.bias.values()?, eps: self.eps })
    }
}
