//! Sounds to files.

use super::Piece;
use straightshot_delivery::{Delivered, Host, Settings, deliver};
use straightshot_protocol::{ErrorKind, Failure};
use straightshot_takes::Keeper;

/// Writes each of `pieces` as a file of its own into the folder of `settings`, complete and on the disk when this returns.
/// Waits for sounds to be read and for the disk. `go_on` is asked before each file, with how many are there.
///
/// # Errors
/// If a sound cannot be read or written, or it is not to go on; the files that were written stay.
pub(super) fn each(
    pieces: &[Piece],
    keeper: &Keeper,
    settings: &Settings,
    host: &Host,
    mut go_on: impl FnMut(usize) -> bool,
) -> Result<Vec<Delivered>, Failure> {
    let mut files = Vec::new();
    for piece in pieces {
        if !go_on(files.len()) {
            return Err(Failure::new(ErrorKind::Cancelled, "The sound was not handed over."));
        }
        files.push(deliver(&piece.sound(keeper)?, settings, host)?);
    }
    Ok(files)
}
