//! Of editing the active take.

use super::Action;
use std::ops::Range;
use straightshot_edits::Edit;
use straightshot_takes::{Gesture, TakeId, Wish};

/// Cuts, fades, loops, undo and redo.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::editor) enum EditAction {
    /// Give a take another edit, as a step of this name; those of one gesture are one step.
    Set {
        /// The take.
        take: TakeId,
        /// What is to be done with it from now on.
        edit: Box<Edit>,
        /// The name of the step.
        step: &'static str,
        /// What ties a drag together.
        gesture: Option<Gesture>,
    },
    /// Find something in a take, and set it.
    Find(TakeId, Wish),
    /// Keep what is selected of the active take and cut the rest.
    TrimToSelection,
    /// Play the active take backwards, or forwards again.
    Reverse,
    /// Make a loop of the active take, or none.
    ToggleLoop,
    /// Play what is selected again and again, or once.
    ToggleLooping,
    /// Show what is selected of the active take, or all of it.
    ShowSelection,
    /// Take the last step back.
    Undo,
    /// Do the step again that was undone last.
    Redo,
    /// A take, or a part of it in seconds of what is heard, is being dragged out of the window.
    TakeOut {
        /// The take.
        take: TakeId,
        /// The part; `None` is all of it.
        range_s: Option<Range<f64>>,
    },
}

impl EditAction {
    /// [`EditAction::Set`].
    pub(in crate::editor) fn set(
        take: TakeId,
        edit: Edit,
        step: &'static str,
        gesture: Option<Gesture>,
    ) -> Action {
        Self::Set { take, edit: Box::new(edit), step, gesture }.into()
    }
}
