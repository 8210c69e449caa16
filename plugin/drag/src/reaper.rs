//! REAPER: a file straight onto the timeline, through the interface that it offers to plugins.
//!
//! Whether a host is REAPER is not asked; what counts is which functions it has, and each is looked up by name. A file goes
//! to the track that the plugin is on, at the edit cursor or at the start of the time selection; where the functions for
//! that are missing, REAPER's own "insert media" puts it on the selected track.
//!
//! - [`Host`]: the host of one instance, from when it can be asked until the instance goes; not only if it is REAPER, for any
//!   may hear of unsaved work;
//! - `functions`: REAPER's functions by name;
//! - `insert`: what is done with them;
//! - `entry`: how the host's pointers come here.

mod entry;
mod functions;
mod insert;

pub(crate) use entry::ClapHost;
pub use entry::{Host, straightshot_host, straightshot_render_mode};

/// Where a file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// At the edit cursor.
    Cursor,
    /// At the start of the time selection, and not beyond its end.
    TimeSelection,
}
