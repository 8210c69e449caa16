//! What the user asked for in a frame. Drawing code only collects actions; [`super::App`] carries them out, so
//! that every panel can be drawn and tested without a plugin around it.

use std::path::PathBuf;
use straightshot_takes::{Embed, TakeId};

/// One thing the user asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action {
    /// Make a sound from the prompt and the parameters.
    Generate,
    /// Stop making it.
    Cancel,
    /// Put a new random seed into the parameter.
    RollSeed,
    /// Keep the seed for the next sounds, or roll a new one for each.
    LockSeed(bool),
    /// Make drafts of the next sounds, or not.
    DraftFirst(bool),
    /// Show and play the version of a take with so many steps, if there is one.
    ShowSteps(TakeId, u32),
    /// Replace the prompt, e.g. by an example.
    UsePrompt(String),
    /// Play the active take once.
    Audition,
    /// Silence everything.
    Stop,
    /// Make a take the active one.
    Select(TakeId),
    /// Make a take the active one and play it.
    SelectAndAudition(TakeId),
    /// Put a take's texts and settings back into the controls.
    Recall(TakeId),
    /// Give a take another name.
    Rename(TakeId, String),
    /// Move a take to the bin.
    Delete(TakeId),
    /// Bring a take back from the bin.
    Restore(TakeId),
    /// Put these sounds into the project.
    Embed(Embed),
    /// Use the model in this folder, or the built-in one.
    UseModel(Option<PathBuf>),
    /// Remove the message.
    DismissNotice,
}
