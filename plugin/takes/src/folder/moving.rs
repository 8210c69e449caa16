//! Moving the takes folder to another place.
//!
//! Everything is copied first, and every copy is read again and compared. Then the new place is used. Only after that
//! the old files go: whatever happens on the way, each sound is whole in one of the two places.

use super::{Entry, TakesFolder, files, trash};
use crate::index;
use crate::whole_file::write_whole;
use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use straightshot_protocol::{ErrorKind, Failure};

/// How far a folder is on its way to another place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MoveProgress {
    /// Sounds that are at the new place.
    pub files: usize,
    /// All sounds.
    pub all_files: usize,
    /// Bytes of the sounds that are there.
    pub bytes: u64,
    /// Bytes of all.
    pub all_bytes: u64,
}

/// What is at the new place: where it was, and the copy if it was not there before.
type Copied = Vec<(PathBuf, Option<PathBuf>)>;

impl TakesFolder {
    /// Moves all sounds to `folder` and uses that from now on. They are copied first and deleted when all are there, so
    /// that nothing is lost if it fails half way.
    ///
    /// # Errors
    /// [`ErrorKind::Io`]; the old place stays in use.
    pub fn move_to(&self, folder: &Path) -> Result<(), Failure> {
        self.move_with(folder, |_| true, || Ok(()))
    }

    /// [`move_to`](Self::move_to) with word of how far it is; `go_on` answers whether to go on. Sounds can be read and
    /// written meanwhile. `note` writes down where the sounds are now, when all are there and none has gone.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] or [`ErrorKind::Cancelled`]; the old place stays in use and the new one is as it was.
    pub fn move_with(
        &self,
        folder: &Path,
        mut go_on: impl FnMut(MoveProgress) -> bool,
        note: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let old = self.path();
        fs::create_dir_all(folder).map_err(|e| fail(folder, &e))?;
        if is_same(&old, folder) {
            note()?;
            let mut place = self.place();
            place.folder = folder.to_owned();
            place.seen.clear();
            return Ok(());
        }
        let mut copied = Copied::new();
        let done = self.copy_and_switch(&old, folder, &mut copied, &mut go_on, note);
        // What is not needed any more: the old files or the new ones.
        for (from, to) in copied {
            if let Some(unneeded) = if done.is_ok() { Some(from) } else { to } {
                // What cannot be deleted is there twice, which harms nobody.
                let _ = fs::remove_file(unneeded);
            }
        }
        if done.is_ok() {
            index::forget(&old);
            // Only an empty folder can be removed so; one with other things in it stays. The old folder itself is the
            // user's.
            let _ = fs::remove_dir(trash::place(&old));
        }
        done
    }

    fn copy_and_switch(
        &self,
        old: &Path,
        new: &Path,
        copied: &mut Copied,
        go_on: &mut impl FnMut(MoveProgress) -> bool,
        note: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut known = HashSet::new();
        copy_missing(old, new, &mut known, copied, go_on)?;
        // What was written meanwhile is little; nothing can be written while that is copied.
        let mut place = self.place();
        copy_missing(old, new, &mut known, copied, &mut |_| true)?;
        index::carry_over(old, new).map_err(|e| fail(new, &e))?;
        note()?;
        place.folder = new.to_owned();
        place.seen.clear();
        Ok(())
    }
}

/// Copies the sounds of `old` and of its trash that are not among `known`.
fn copy_missing(
    old: &Path,
    new: &Path,
    known: &mut HashSet<PathBuf>,
    copied: &mut Copied,
    go_on: &mut impl FnMut(MoveProgress) -> bool,
) -> Result<(), Failure> {
    let mut missing: Vec<(Entry, PathBuf)> = Vec::new();
    for (from, to) in [(old.to_owned(), new.to_owned()), (trash::place(old), trash::place(new))] {
        let found = files(&from).into_iter().filter(|entry| known.insert(entry.path.clone()));
        missing.extend(found.map(|entry| (entry, to.clone())));
    }
    let mut progress = MoveProgress {
        all_files: missing.len(),
        all_bytes: missing.iter().map(|(entry, _)| entry.bytes).sum(),
        ..MoveProgress::default()
    };
    for (entry, folder) in missing {
        if !go_on(progress) {
            return Err(Failure::new(ErrorKind::Cancelled, "The takes stay where they are".to_owned()));
        }
        match copy(&entry, &folder) {
            Ok(target) => copied.push((entry.path, target)),
            // Deleted meanwhile.
            Err(_) if !entry.path.exists() => {}
            Err(e) => return Err(fail(new, &e)),
        }
        progress.files += 1;
        progress.bytes += entry.bytes;
    }
    go_on(progress);
    Ok(())
}

/// Copies a file into `folder` and reads the copy again. `None` if it was there.
fn copy(entry: &Entry, folder: &Path) -> io::Result<Option<PathBuf>> {
    let bytes = fs::read(&entry.path)?;
    let name = entry.path.file_name().unwrap_or_default();
    let mut target = folder.join(name);
    let mut number = 1;
    // Another file of the same name stays; one with the same content is the same sound.
    while let Ok(there) = fs::read(&target) {
        if there == bytes {
            return Ok(None);
        }
        number += 1;
        let stem = Path::new(name).file_stem().unwrap_or_default().to_string_lossy();
        let end = entry.path.extension().unwrap_or_default().to_string_lossy();
        target = folder.join(format!("{stem} ({number}).{end}"));
    }
    write_whole(&target, &bytes)?;
    if fs::read(&target)? != bytes {
        let _ = fs::remove_file(&target);
        return Err(io::Error::other("a copy is not what was written"));
    }
    // The date of a sound is that of its file.
    let dated =
        fs::File::options().write(true).open(&target).and_then(|file| file.set_modified(entry.written));
    // Some file systems keep no dates.
    let _ = dated;
    Ok(Some(target))
}

/// Whether both are one folder by different names.
fn is_same(a: &Path, b: &Path) -> bool {
    matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

fn fail(folder: &Path, why: &io::Error) -> Failure {
    Failure::new(ErrorKind::Io, format!("The takes could not be moved to {}", folder.display())).because(why)
}
