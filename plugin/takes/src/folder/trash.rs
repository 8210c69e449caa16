//! Sounds that the user has deleted from the takes folder: they lie in a folder inside it until that is emptied.
//!
//! A project that is opened later and refers to one gets it back by itself.

use super::{Entry, TakesFolder, files, read_as};
use crate::names::{digits, hash_in_name};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use straightshot_protocol::{ContentHash, ErrorKind, Failure};

/// Name of the folder in the takes folder.
const TRASH: &str = "trash";

/// The trash of `folder`.
pub(crate) fn place(folder: &Path) -> PathBuf {
    folder.join(TRASH)
}

impl TakesFolder {
    /// Moves sounds into the trash, from which they can be [brought back](Self::take_back). Call it only with what the
    /// user has agreed to.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] at the first that cannot be moved; those before it are in the trash.
    pub fn discard(&self, sounds: &[PathBuf]) -> Result<(), Failure> {
        let mut folder = self.place();
        folder.seen.clear();
        let trash = place(&folder.folder);
        fs::create_dir_all(&trash).map_err(|e| fail("The trash could not be made", &e))?;
        for sound in sounds {
            shift(sound, &trash)
                .map_err(|e| fail(&format!("{} could not be moved to the trash", sound.display()), &e))?;
        }
        Ok(())
    }

    /// Brings sounds back from the trash that were at these places before.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] at the first that cannot be moved; those before it are back.
    pub fn take_back(&self, sounds: &[PathBuf]) -> Result<(), Failure> {
        let mut folder = self.place();
        folder.seen.clear();
        let trash = place(&folder.folder);
        for sound in sounds {
            let Some(name) = sound.file_name() else { continue };
            shift(&trash.join(name), &folder.folder)
                .map_err(|e| fail(&format!("{} could not be brought back", sound.display()), &e))?;
        }
        Ok(())
    }

    /// What is in the trash, oldest first.
    #[must_use]
    pub fn trash(&self) -> Vec<Entry> {
        let mut entries = files(&place(&self.path()));
        entries.sort_by(|a, b| (a.written, &a.path).cmp(&(b.written, &b.path)));
        entries
    }

    /// Deletes for good what is in the trash. Call it only if the user has agreed.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] at the first that cannot be deleted; those before it are gone.
    pub fn empty_trash(&self) -> Result<(), Failure> {
        self.delete(&self.trash())
    }

    /// A sound that somebody wants although it was deleted: it comes back.
    pub(super) fn rescue(&self, hash: &ContentHash) -> Option<Vec<u8>> {
        let digits = digits(hash);
        let found =
            self.trash().into_iter().find(|entry| hash_in_name(&entry.path).as_ref() == Some(&digits))?;
        let bytes = read_as(&found.path, hash)?;
        // If it cannot be moved it is read from the trash the next time too.
        let _ = self.take_back(std::slice::from_ref(&found.path));
        Some(bytes)
    }
}

/// Moves the file into `folder`. One of the same name there is replaced only if it has the same content.
fn shift(file: &Path, folder: &Path) -> io::Result<()> {
    let name = file.file_name().unwrap_or_default();
    let mut target = folder.join(name);
    let mut number = 1;
    while target.exists() && fs::read(&target)? != fs::read(file)? {
        number += 1;
        let stem = Path::new(name).file_stem().unwrap_or_default().to_string_lossy();
        let end = Path::new(name).extension().unwrap_or_default().to_string_lossy();
        target = folder.join(format!("{stem} ({number}).{end}"));
    }
    fs::rename(file, target)
}

fn fail(text: &str, why: &io::Error) -> Failure {
    Failure::new(ErrorKind::Io, text.to_owned()).because(why)
}
