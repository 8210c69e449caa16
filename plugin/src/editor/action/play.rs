//! Of listening.

/// Audition.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::editor) enum PlayAction {
    /// Play the active take once.
    Audition,
    /// Silence everything.
    Stop,
}
