//! Of what the next sound is made from.

use straightshot_protocol::Timing;
use straightshot_takes::TakeId;

/// Prompt, seed and drafts.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::editor) enum RequestAction {
    /// Put a new random seed into the parameter.
    RollSeed,
    /// Keep the seed for the next sounds, or roll a new one for each.
    LockSeed(bool),
    /// Make drafts of the next sounds, or not.
    DraftFirst(bool),
    /// Replace the prompt, e.g. by an example.
    UsePrompt(String),
    /// Choose who says when things happen in the next sounds.
    Timing(Timing),
    /// Put a take's texts and settings back into the controls.
    Recall(TakeId),
}
