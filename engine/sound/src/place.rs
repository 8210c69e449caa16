//! Files that are complete when they appear, and never take the place of another.

use std::io::{ErrorKind as IoKind, Write};
use std::path::{Path, PathBuf};
use straightshot_protocol::{ErrorKind, Failure};

/// More files of one name than this are in no folder.
const MOST_OF_A_NAME: u32 = 9_999;

/// A file that is complete and on the disk, under a name that nobody looks for, until [`keep`](Self::keep) gives it its
/// own. Dropped without that, it is gone.
#[derive(Debug)]
pub struct Unnamed {
    file: tempfile::NamedTempFile,
    folder: PathBuf,
}

impl Unnamed {
    /// Writes `bytes` into `folder`, which is made if need be.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] naming the folder.
    pub fn write(folder: &Path, bytes: &[u8]) -> Result<Self, Failure> {
        let write = || {
            std::fs::create_dir_all(folder)?;
            let mut builder = tempfile::Builder::new();
            builder.prefix(".straightshot-").suffix(".part");
            // Like any other file, not for its owner alone.
            #[cfg(unix)]
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
            let mut file = builder.tempfile_in(folder)?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            Ok(file)
        };
        let file = write().map_err(|e: std::io::Error| failed(folder, &e))?;
        Ok(Self { file, folder: folder.to_owned() })
    }

    /// Gives it the name `path`; a file that is there is replaced.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] naming the folder.
    pub fn replace(self, path: &Path) -> Result<(), Failure> {
        let Self { file, folder } = self;
        file.persist(path).map_err(|e| failed(&folder, &e.error))?;
        synced(&folder, path.to_owned()).map(drop)
    }

    /// Gives it the first free name of `stem.extension`, `stem-2.extension`, …; a file that is there stays.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] naming the folder.
    pub fn keep(self, stem: &str, extension: &str) -> Result<PathBuf, Failure> {
        let Self { mut file, folder } = self;
        for number in 1..=MOST_OF_A_NAME {
            let path = folder.join(numbered(stem, number, extension));
            file = match file.persist_noclobber(&path) {
                Ok(_) => return synced(&folder, path),
                Err(e) if e.error.kind() == IoKind::AlreadyExists => e.file,
                // A disk that can do neither links nor renames without taking a place: the place is taken first.
                Err(e) => match std::fs::File::create_new(&path) {
                    Ok(_) => {
                        let kept = e.file.persist(&path).map_err(|e| {
                            let _ = std::fs::remove_file(&path);
                            failed(&folder, &e.error)
                        });
                        kept?;
                        return synced(&folder, path);
                    }
                    Err(taken) if taken.kind() == IoKind::AlreadyExists => e.file,
                    Err(_) => return Err(failed(&folder, &e.error)),
                },
            };
        }
        let text = format!("{} has too many files called \"{stem}\"", folder.display());
        Err(Failure::new(ErrorKind::Io, text))
    }
}

/// The name of the `number`th file called `stem`.
#[must_use]
pub fn numbered(stem: &str, number: u32, extension: &str) -> String {
    if number == 1 { format!("{stem}.{extension}") } else { format!("{stem}-{number}.{extension}") }
}

/// Writes `bytes` as a new file in `folder`: [`Unnamed::write`] and [`Unnamed::keep`].
///
/// # Errors
/// [`ErrorKind::Io`] naming the folder.
pub fn write_new(folder: &Path, stem: &str, extension: &str, bytes: &[u8]) -> Result<PathBuf, Failure> {
    Unnamed::write(folder, bytes)?.keep(stem, extension)
}

fn synced(folder: &Path, path: PathBuf) -> Result<PathBuf, Failure> {
    // The new name is on the disk when the folder is. Some systems cannot open a folder; they see to it themselves.
    if cfg!(unix) {
        std::fs::File::open(folder).and_then(|f| f.sync_all()).map_err(|e| failed(folder, &e))?;
    }
    Ok(path)
}

fn failed(folder: &Path, cause: &std::io::Error) -> Failure {
    let why = match cause.kind() {
        IoKind::PermissionDenied => ": it may not be written to",
        IoKind::StorageFull | IoKind::QuotaExceeded => ": the disk is full",
        IoKind::ReadOnlyFilesystem => ": the disk is read-only",
        IoKind::NotADirectory => ": part of the path is not a folder",
        IoKind::InvalidFilename => ": the name is too long or has letters that it must not have",
        _ => "",
    };
    Failure::new(ErrorKind::Io, format!("The file could not be written to {}{why}", folder.display()))
        .because(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_never_takes_the_place_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("new/deep");
        let names: Vec<_> = (0..3).map(|i| write_new(&inside, "a b", "wav", &[i]).unwrap()).collect();
        let wanted = ["a b.wav", "a b-2.wav", "a b-3.wav"].map(|name| inside.join(name));
        assert_eq!(names, wanted);
        for (i, path) in wanted.iter().enumerate() {
            assert_eq!(std::fs::read(path).unwrap(), [u8::try_from(i).unwrap()]);
        }
        assert_eq!(std::fs::read_dir(&inside).unwrap().count(), 3, "nothing unfinished is left");
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing_and_says_where() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, b"here").unwrap();
        let failure = write_new(&file, "a", "wav", b"x").unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Io);
        assert!(failure.to_string().contains("file"), "{failure}");
        let long = write_new(folder.path(), &"n".repeat(300), "wav", b"x").unwrap_err();
        assert_eq!(long.kind, ErrorKind::Io);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_the_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = write_new(folder.path(), "a", "wav", b"x").unwrap();
        let plain = folder.path().join("plain");
        std::fs::write(&plain, b"x").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&plain));
    }
}
