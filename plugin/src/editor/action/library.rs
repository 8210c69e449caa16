//! Of the list of takes and the library.

use straightshot_takes::{Embed, TakeId};

/// Takes in the list, the bin and the library.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::editor) enum LibraryAction {
    /// Make a take the active one.
    Select(TakeId),
    /// Make a take the active one and play it.
    SelectAndAudition(TakeId),
    /// Let the user type another name for a take.
    StartRenaming(TakeId),
    /// Give a take another name.
    Rename(TakeId, String),
    /// Move a take to the bin.
    Delete(TakeId),
    /// Bring a take back from the bin.
    Restore(TakeId),
    /// Put these sounds into the project.
    Embed(Embed),
}
