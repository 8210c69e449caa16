//! Sound without networks: sound files, sample rates.
//!
//! Training, evaluation, the command line and the plugin read, write and convert sounds by this crate, the engine does
//! not need it: it makes samples at its model's own rate.

#![forbid(unsafe_code)]

pub mod files;
mod resample;

pub use resample::{resample, resample_channel};
