//! Of what the next sound is made from.

use std::path::PathBuf;
use straightshot_protocol::{Curve, Timing};
use straightshot_takes::{Gesture, TakeId};

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
    /// Choose when things happen in the next sounds and how loud they are over time, as a step of this name; those of one
    /// gesture are one step.
    Lane {
        /// Who says when things happen.
        timing: Timing,
        /// How loud they are over time.
        curve: Option<Curve>,
        /// The name of the step.
        step: &'static str,
        /// What ties a drag together.
        gesture: Option<Gesture>,
    },
    /// Follow a sound file; `None` lets the user choose one.
    FollowFile(Option<PathBuf>),
    /// Record what comes in, or end that and follow it.
    Record(bool),
    /// Put a take's texts and settings back into the controls.
    Recall(TakeId),
}
