//! Of making sounds.

/// Jobs.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::editor) enum QueueAction {
    /// Make a sound from the prompt and the parameters.
    Generate,
    /// Stop making it.
    Cancel,
}
