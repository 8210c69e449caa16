//! What an ear makes of sounds, without networks.
//!
//! | module | what it is |
//! |---|---|
//! | [`Spectrum`], [`distance_db`] | how far apart two versions of a sound are |
//! | [`enough`] | the fewest steps beyond which the ear gains nothing |
//! | [`loudest_lufs`] | how loud its loudest 400 ms are |
//! | [`LevelChoice`], [`loudness_of`] | how loud what a text describes is |
//! | [`curve`], [`onset`] | level over time, and the times of events |
//! | [`Outline`] | both, as a request has them |

#![forbid(unsafe_code)]

pub mod curve;
mod distance;
mod level;
mod loudness;
pub mod onset;
mod outline;
mod words;

pub use distance::{Distance, INAUDIBLE_DB, Spectrum, distance_db, enough};
pub use level::{Described, LevelChoice, loudness_of};
pub use loudness::loudest_lufs;
pub use outline::{Outline, frame_powers};
