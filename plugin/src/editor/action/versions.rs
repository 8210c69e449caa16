//! Of the versions of a take.

use straightshot_takes::TakeId;

/// Versions with other numbers of steps, and A/B.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::editor) enum VersionsAction {
    /// Show and play the version of a take with so many steps, if there is one.
    ShowSteps(TakeId, u32),
}
