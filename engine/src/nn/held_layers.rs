//! Weights of layers as slices, for code that goes through several layers at once: see [`super::held`].

use super::eight_bit::EightBit;
use super::eight_bit::rows::Rows;
use super::held::Held;
use super::ops::kernels as k;
use super::{LayerNorm, Linear};
use candle_core::{Result, bail};
use straightshot_matmul::{Before, Matrix, MatrixMut, multiply_here};

/// Weight and bias of a [`Linear`] held for reading.
pub(crate) struct HeldLinear<'a> {
    weight: Held<'a>,
    eight_bit: Option<&'a EightBit>,
    bias: Held<'a>,
    in_dim: usize,
    out_dim: usize,
}

impl<'a> HeldLinear<'a> {
    pub(crate) fn new(linear: &'a Linear) -> Result<Self> {
        let Some(bias) = linear.bias() else { bail!("a layer without bias cannot be held") };
        let (in_dim, out_dim) = linear.weight().dims2()?;
        let (weight, bias) = (Held::new(linear.weight()), Held::new(bias));
        Ok(Self { weight, eight_bit: linear.eight_bit()?, bias, in_dim, out_dim })
    }

    pub(crate) fn map(&self) -> Result<Map<'_>> {
        Ok(Map {
            weight: match self.eight_bit {
                Some(eight_bit) => Weight::Bytes(eight_bit),
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
    Bytes(&'a EightBit),
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
    pub(crate) fn eight_bit(self) -> Option<&'a EightBit> {
        match self.weight {
            Weight::Bytes(eight_bit) => Some(eight_bit),
            Weight::Numbers(_) => None,
        }
    }

    /// Numbers of a row that it maps.
    pub(crate) fn in_dim(self) -> usize {
        self.in_dim
    }

    /// Writes `x W` without the bias to the front of `out` and returns that part of it. `rows` is memory to work in.
    pub(crate) fn product<'o>(self, x: &[f32], rows: &mut Rows, out: &'o mut [f32]) -> &'o mut [f32] {
        let count = x.len() / self.in_dim;
        let out = &mut out[..count * self.out_dim];
        match self.weight {
            Weight::Bytes(eight_bit) => {
                rows.fill(x, eight_bit.factors());
                eight_bit.multiply(rows, out);
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
