//! Of editing the active take.

/// Cuts, fades, loops, undo and redo.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::editor) enum EditAction {}
