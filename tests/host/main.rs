//! The built bundles in real hosts: Straightshot.clap through clack-host, Straightshot.vst3 through its COM interface.
//!
//! Needs the bundles, so `cargo xtask bundle` comes first; `cargo xtask test` does both. Every test runs in a process
//! of its own (see [`alone`]): a plugin that takes its host down fails one test, and what a process has only once
//! (the loaded model, the journal, the threads) can be counted.
#![cfg(target_os = "linux")]

mod alone;
mod alone_program;
mod bare_clap;
mod bare_host;
mod bounce;
mod controllers;
mod desktop;
mod drag_out;
mod drop_in;
mod editor;
mod focus;
mod generating;
mod hosted;
mod keyboard;
mod leaving;
mod little_memory;
mod parameters;
mod playing;
mod reaper;
mod receiver;
mod scan;
mod soak;
mod state;
mod unruly;
mod unsaved;
mod vst3_host;
mod vst3_stress;
mod window;
mod window_thread;
