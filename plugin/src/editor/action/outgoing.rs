//! Of takes that leave the window as files.

use crate::outbox::{Errand, Outgoing};

/// What goes out, and where to.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::editor) struct OutgoingAction {
    /// Where to.
    pub(in crate::editor) errand: Errand,
    /// What.
    pub(in crate::editor) outgoing: Outgoing,
}
