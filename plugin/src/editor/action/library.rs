//! Of the list of takes and the library.

use std::path::PathBuf;
use std::sync::Arc;
use straightshot_protocol::ContentHash;
use straightshot_takes::{Embed, Gesture, LibrarySound, Marks, TakeId};

/// Takes in the list, the bin and the library.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::editor) enum LibraryAction {
    /// Make a take the active one.
    Select(TakeId),
    /// Make a take the active one and play it.
    SelectAndAudition(TakeId),
    /// Play the row above the one that was chosen last in the list that is shown, or the one below.
    Walk {
        /// Above.
        up: bool,
    },
    /// Play a take and leave the active one what it is.
    Hear(TakeId),
    /// Silence what [`Hear`](Self::Hear) plays.
    StopHearing,
    /// Let the user type another name for a take.
    StartRenaming(TakeId),
    /// Give a take another name.
    Rename(TakeId, String),
    /// Say of takes that the user likes them, or no longer.
    Star(Vec<TakeId>, bool),
    /// Say of takes that the user does not want them, or no longer.
    Reject(Vec<TakeId>, bool),
    /// Write down what the user has to say about a take; what is written in one go is one step to undo.
    Note(TakeId, String, Gesture),
    /// A take was heard.
    Read(TakeId),
    /// Delete what is chosen in the list that is shown.
    DeleteChosen,
    /// Move takes to the bin.
    DeleteAll(Vec<TakeId>),
    /// Bring takes back from the bin.
    Restore(Vec<TakeId>),
    /// Give the takes in the bin up.
    EmptyBin,
    /// Show in the library what sounds like a take.
    FindSimilar(TakeId),
    /// Put these sounds into the project.
    Embed(Embed),
    /// A key that does something with what is chosen in the list that is shown.
    Key(ListKey),
    /// Of the library.
    Store(StoreAction),
}

/// Keys of the list that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::editor) enum ListKey {
    /// Star what is chosen, or take the star away.
    Star,
    /// Reject what is chosen, or not.
    Reject,
    /// Give another name.
    Rename,
    /// Write notes.
    Note,
    /// Type into the search field.
    Find,
    /// Choose all rows.
    All,
}

/// Sounds of the takes folder.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::editor) enum StoreAction {
    /// Look whether anything has changed.
    Look,
    /// Play a sound.
    Hear(Arc<LibrarySound>),
    /// Put sounds into the session.
    Use(Vec<Arc<LibrarySound>>),
    /// Write down what the user says about sounds.
    Mark(Vec<(ContentHash, Marks)>),
    /// Move sounds to the trash.
    Discard(Vec<PathBuf>),
    /// Bring back what went there last.
    TakeBack,
    /// Delete what is in the trash.
    EmptyTrash,
    /// Move the folder to another place.
    Move(PathBuf),
    /// Leave it where it is.
    Stay,
    /// How many bytes there should be at most.
    SetQuota(u64),
    /// Forget what went wrong.
    Dismiss,
}

impl From<StoreAction> for super::Action {
    fn from(action: StoreAction) -> Self {
        Self::Library(LibraryAction::Store(action))
    }
}
