//! Of files that leave the window.

/// Save, copy, drag, reveal, insert.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::editor) enum DeliverAction {}
