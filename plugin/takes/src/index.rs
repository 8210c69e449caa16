//! What is known of the sounds of a folder, in two files beside them: what was heard in them, and what the user has said.

pub(crate) mod facts;
pub(crate) mod lines;
pub(crate) mod marks;

pub(crate) use facts::Facts;
pub use facts::{Heard, PICTURE_COLUMNS};
pub use marks::Marks;

use std::io;
use std::path::Path;

/// Brings into the folder `new` what is known and was said about the sounds of `old`.
pub(crate) fn carry_over(old: &Path, new: &Path) -> io::Result<()> {
    marks::merge(new, old)?;
    let known: Vec<_> = facts::read(old)?.into_values().collect();
    facts::write(new, &known)
}

/// Removes the library's own files from a folder that its sounds have left.
pub(crate) fn forget(old: &Path) {
    for file in [marks::file(old), facts::file(old), lines::lock_file(old)] {
        // One that stays harms nobody.
        let _ = std::fs::remove_file(file);
    }
}
