//! Sound without networks: sound files, sample rates.
//!
//! Training, evaluation, the command line and the plugin read, write and convert sounds by this crate, the engine does
//! not need it: it makes samples at its model's own rate.
//!
//! | module | what it is |
//! |---|---|
//! | [`read`] | sounds that others made, in whatever state, in one channel |
//! | [`tags`] | what such files say about themselves, in whatever container |
//! | [`files`] | plain WAV for tools |
//! | [`wav`], [`flac`] | files for delivery, as bytes: whole or floating samples, chunks and tags that describe them |
//! | [`place`] | those bytes on the disk: complete when they appear, never over another file |
//! | [`mod@resample`] | other sample rates |
//! | [`limit_peaks`] | peaks below a ceiling |

#![forbid(unsafe_code)]

pub mod files;
pub mod flac;
mod limiter;
pub mod place;
pub mod read;
mod resample;
mod samples;
pub mod tags;
pub mod wav;

pub use limiter::{Limited, limit_peaks};
pub use resample::{resample, resample_channel};
