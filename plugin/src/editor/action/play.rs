//! Of listening.

use crate::editor::link::Audition;
use straightshot_takes::TakeId;

/// Audition, and how notes and the transport play.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::editor) enum PlayAction {
    /// Play the active take once.
    Audition,
    /// Play a sound without a note.
    Hear(Audition),
    /// Silence everything.
    Stop,
    /// Press a key of the keyboard in the window.
    PressKey(u8),
    /// Release it.
    ReleaseKey(u8),
    /// Let the transport play the sound at this second of the host's song, or wherever the host starts.
    PlaceAt(Option<f64>),
    /// Put a take on a key of its own, or take it away.
    PutOnKey(u8, Option<TakeId>),
    /// Let the starred takes lie on the keys from the root on.
    ClearKeys,
}
