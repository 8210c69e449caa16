//! Drags and the clipboard on an X server of their own, with receivers of our own and a real pointer.
//!
//! Each test starts Xvfb; the pointer, its button and the keys are moved with XTEST, as by hand.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "whatever fails here fails the test")]

#[path = "x11/clipboard.rs"]
mod clipboard;
#[path = "x11/dragging.rs"]
mod dragging;
#[path = "x11/receiver.rs"]
mod receiver;
#[path = "x11/user.rs"]
mod user;
