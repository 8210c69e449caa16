//! Rectified flow: path, times, solvers, guidance and the velocity network.
//!
//! Convention, encoded in [`path`] alone: `t = 0` is noise, `t = 1` is data, velocity = data - noise.

pub mod curves;
pub mod diffusion;
pub mod guidance;
pub mod path;
pub mod sampler;
pub mod solver;
pub mod transformer;
pub mod windows;

pub use guidance::Guided;
pub use solver::{Method, VelocityField, integrate, uniform_grid};
pub use transformer::{Conditioned, Transformer};
pub use windows::Windowed;
