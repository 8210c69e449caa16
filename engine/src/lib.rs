//! Straightshot's engine: text to foley with a rectified flow, on candle.
//!
//! ```text
//! prompt -> text -> flow (N steps from seeded noise) -> codec -> Audio
//! ```
//!
//! [`pipeline::Generator`] is the way in. The crate makes sounds and nothing else: `straightshot-training` trains the same
//! networks, `straightshot-evaluation` judges what they make, `straightshot-cli` is the command line.
//!
//! # Conventions
//! Flow time `t` is 0 at noise and 1 at data; velocity is data minus noise ([`flow::path`]).
//!
//! | what | shape |
//! |---|---|
//! | audio | `[samples]`, mono, ±1 |
//! | spectrum | `[batch, frames, bins]`, natural logarithm of the amplitude, 0 = full-scale sine |
//! | latent | `[batch, tokens, channels]`, one token per 2048 samples in the default model |
//! | text | `[batch, tokens, dim]`, mask `[batch, tokens]` of ones then zeros |
//!
//! Weights of linear maps are `[in, out]`.
//!
//! The crate does no logging, reads files only where a path is passed in (a build with CUDA also loads NVIDIA's libraries,
//! see [`device`]), and starts threads of its own only in [`device::worker_pool`]. Work that a caller begins outside of
//! such a pool is done by rayon's, and candle has threads for large element-wise operations; making a sound needs neither.

#![forbid(unsafe_code)]

pub mod card;
pub mod codec;
pub mod config;
pub mod device;
pub mod error;
pub mod flow;
pub mod limits;
mod memory;
pub mod model;
pub mod nn;
pub mod pipeline;
pub mod rng;
pub mod stft;
pub mod text;
pub mod weights;

pub use error::{Error, ErrorKind, Result};
