//! Of the window itself.

use std::path::PathBuf;

/// Zoom, help, model, messages.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::editor) enum WindowAction {
    /// Use the model in this folder, or the built-in one.
    UseModel(Option<PathBuf>),
    /// Remove the message.
    DismissNotice,
    /// Show everything so many times as large.
    Zoom(f32),
    /// Show the tab Play.
    ShowPlaying,
    /// Let the user type into the prompt.
    GoToPrompt,
    /// Show the list of shortcuts, or hide it.
    ToggleHelp,
    /// Show version, licences and attribution, or hide them.
    ToggleAbout,
}
