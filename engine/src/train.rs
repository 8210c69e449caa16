//! Training: data, losses, optimiser, and one module per stage.

pub mod assignment;
pub mod checkpoint;
pub mod codec;
pub mod data;
pub mod energy_distance;
pub mod flow;
pub mod optim;
pub mod pairing;
pub mod run;
mod tones;
