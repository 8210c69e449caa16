//! Training: data, losses, optimiser, and one module per stage.
//!
//! The recipe of FlashAudio ([Liu et al., 2024](https://arxiv.org/abs/2410.12266)), Algorithm 1:
//!
//! ```text
//! flow        a first flow, Eq. (3)                                                     [flow]
//! rectify     1-RF: the same loss, logit-normal times, immiscible noise, Eq. (4) - (9)  [flow], [pairing]
//! couplings   (noise, data') made by the 1-RF, guidance anchored, Eq. (10), (11)        [couplings]
//! reflow      2-RF: Mix-Exp times on the couplings, Eq. (5), (8), (12)                  [reflow]
//! couplings   the same by the 2-RF
//! distil      one Euler step is the whole way, Eq. (13)                                 [distil]
//! ```
//!
//! Baselines on the same data and network: [`flow::Objective::Noise`], a latent diffusion model, and [`consistency`].
//! A finished model learns a user's own sounds by the loss of `flow` ([library], [lora]).
//!
//! What goes through pairing, batches and shards is the seed of a noise, not the noise, which is drawn again when a step
//! needs it. Where the paper leaves something open: noise is assigned among clips of equal length and before couplings are
//! simulated; the reflow regresses on `data' - noise` of the couple (the other two readings are options).
//!
//! [`workers`] and the couplings' simulation start threads of their own; everything else computes on the caller's.

#![forbid(unsafe_code)]

pub mod assignment;
pub mod auction;
mod batch;
pub mod checkpoint;
pub mod codec;
pub mod consistency;
pub mod couplings;
pub mod curves;
pub mod data;
pub mod distil;
pub mod energy_distance;
mod files;
pub mod flow;
pub mod latents;
pub mod level_distance;
pub mod levels;
pub mod library;
pub mod lora;
pub mod optim;
pub mod pairing;
pub mod reflow;
pub mod run;
mod seeded;
pub mod stage;
pub mod task_vector;
pub mod timesteps;
mod tones;
pub mod walks;
pub mod workers;

pub use batch::Features;

#[cfg(test)]
mod tests;
