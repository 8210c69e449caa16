//! Files that are either as they were or complete.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers the unfinished files of this process.
static WRITES: AtomicU64 = AtomicU64::new(0);

/// Writes `bytes` to `path` so that the file is either as it was or complete, even if the machine stops: beside it,
/// to the disk, and renamed. Makes the folder if need be.
///
/// # Errors
/// Those of the system; what was there is still there.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder)?;
    let number = WRITES.fetch_add(1, Ordering::Relaxed);
    let beside = folder.join(format!(".{}-{number}.part", std::process::id()));
    let written = (|| {
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&beside);
        return written;
    }
    // The new name is on the disk when the folder is. Some systems cannot open a folder; they see to it themselves.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
