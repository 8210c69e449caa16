//! Network layers, one per file, each with a backward pass that is tested by finite differences.
//!
//! Layers are written from linear maps and the fused operations of [`ops`] only: several of candle's own
//! layers (layer norm, soft-max over the last dimension, RoPE) drop the gradient without an error, and its
//! one-dimensional convolution computes a wrong kernel gradient for batches larger than one.

pub mod attention;
pub mod band_block;
pub(crate) mod eight_bit;
pub(crate) mod held;
pub(crate) mod held_layers;
pub mod linear;
pub mod norm;
pub mod ops;
pub(crate) mod phases;
pub mod rope;
pub mod swiglu;
pub mod time_embedding;

pub use attention::JointAttention;
pub use band_block::{BandBlock, BandBlockSizes};
pub use linear::Linear;
pub use norm::{LayerNorm, RmsNorm};
pub use rope::RotaryTable;
pub use swiglu::SwiGlu;
pub use time_embedding::TimeEmbedding;

/// The builder for what stays in single precision in a network of half precision: norms, gates, and the layers at the
/// ends, which are small and through which everything passes.
#[must_use]
pub fn in_single_precision<'a>(vb: &candle_nn::VarBuilder<'a>) -> candle_nn::VarBuilder<'a> {
    vb.to_dtype(ops::composed::wide_type(vb.dtype()))
}
