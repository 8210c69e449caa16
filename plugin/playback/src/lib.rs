//! Everything of Straightshot that runs on the audio thread.
//!
//! A host calls the audio thread some hundred times per second for the next block of samples. A block that comes late
//! is heard as a drop-out, so nothing may happen there whose time has no bound: not an allocation, not a lock that
//! another thread holds, not a page that has to come from the disk.
//!
//! Guarantees of every function marked *Real-time safety*, which is all that [`Player::process`] reaches:
//!
//! - it never allocates and never frees memory; a bank of sounds that is no longer needed goes back through a queue and
//!   is freed by the sender;
//! - it never locks, waits, logs, reads a clock or makes a system call; other threads are met through wait-free
//!   structures and atomics only ([`handoff`], [`Telemetry`]);
//! - it does not panic and returns no errors: what cannot be done is left out and counted in [`Telemetry`];
//! - its time per sample is bounded by the fixed number of voices;
//! - silence is exact zero, and no denormal number is ever computed: clips hold none, fades end at zero in a finite
//!   number of steps and there is no feedback.
//!
//! A sound has one or two channels, and so has the output; a mono sound costs half of a stereo one in memory and is
//! computed once for both outputs. [`Player`] has an example of the whole way from samples to a block.
//!
//! What can be played is a [`Bank`]: one value with every sound that a note, the transport or the editor may ask for, made
//! elsewhere and exchanged as a whole. How it is played is said with every [`Block`].
//!
//! What comes in at the audio input goes to whoever records it, and is never heard ([`input`]).
//!
//! Not offered: more than two channels, effects. The crate knows nothing of the model, the editor or the plugin
//! format; its `clippy.toml` forbids the types and calls that would break the guarantees.

#![forbid(unsafe_code)]
#![deny(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types)]
#![deny(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]

mod audition;
mod bank;
mod clip;
mod deck;
mod envelope;
mod event;
pub mod handoff;
pub mod input;
pub mod keyboard;
pub mod meter;
mod mix;
mod player;
mod region;
mod rotation;
mod smooth;
mod sync;
pub mod telemetry;
mod transport;
mod voice;
mod voices;

pub use audition::{Audition, Begin};
pub use bank::{Bank, Contents, KEYS, MAX_SOUNDS, Sound, SoundKey};
pub use clip::{ChannelsError, Clip};
pub use envelope::Shape;
pub use event::{Block, Choice, Mode, NoteEvent, NoteId, ROOT_KEY};
pub use player::Player;
pub use telemetry::{Heard, Telemetry};
pub use transport::Transport;
pub use voices::MAX_VOICES;
