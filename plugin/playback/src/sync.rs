//! The atomics that carry more than a number of their own: those of the standard library, or for `cargo xtask test` those of
//! [loom](https://docs.rs/loom), which tries every order in which two threads can see each other's writes.

#[cfg(loom)]
pub(crate) use loom::hint::spin_loop;
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
#[cfg(not(loom))]
pub(crate) use std::hint::spin_loop;
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
