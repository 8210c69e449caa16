//! Helpers shared by the test binaries.

pub mod clap_host;
