//! [any thread but audio] Takes on their way out: a file that a studio takes as it is.
//!
//! | module | what it is |
//! |---|---|
//! | [`ucs`] | the Universal Category System: its list, search, a proposal from a prompt |
//! | [`name`] | file names by that system |
//! | [`Settings`] | format, rate, folder and the user's own marks, for all projects |
//! | [`Sound`] | what goes out: edited samples and where they come from |
//! | [`deliver()`], [`encode`] | one sound, one file: converted, held below full scale, described, written beside and renamed |
//! | [`export`] | several of them in a folder of their own, with a list (CSV) and an instrument (SFZ) |
//!
//! Nothing here knows takes, a window or a host: the plugin hands in what it has, the command line does the same.
//! Everything waits for the disk, so it belongs on a thread of its own.

#![forbid(unsafe_code)]

mod deliver;
mod describe;
mod ixml;
pub mod name;
mod pack;
mod settings;
mod sidecar;
mod sound;
mod stamp;
pub mod ucs;

pub use deliver::{Delivered, Encoded, deliver, deliver_to, encode};
pub use pack::{Exported, export};
pub use settings::{Container, RATES_HZ, Settings, default_folder};
pub use sound::{About, Host, Sound};
pub use stamp::Stamp;
