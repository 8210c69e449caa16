//! A file that grows line by line and can be read whatever has become of it.
//!
//! Each line is a JSON value with a checksum of its own. A line that is damaged or was never finished costs itself and
//! nothing else. Lines are added under a lock that other programs see too; the file is replaced as a whole when most of
//! its lines are out of date.

use crate::whole_file::write_whole;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Longest wait for another program that writes: it needs some milliseconds, and one that was stopped half way must not
/// stop us too.
const LOCK_WAIT: Duration = Duration::from_secs(2);
/// How often a lock that is taken is tried again.
const LOCK_INTERVAL: Duration = Duration::from_millis(2);
/// Name of the file that the lock is on.
const LOCK: &str = ".library.lock";

/// A line as it stands in the file.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    /// Checksum of the text of `value`.
    check: String,
    #[serde(borrow)]
    value: &'a RawValue,
}

/// What [`read`] has found.
#[derive(Debug)]
pub(crate) struct Lines<T> {
    /// The values that are whole, in the order of the file.
    pub(crate) values: Vec<T>,
    /// Lines that are not.
    pub(crate) damaged: usize,
}

/// The values in the file at `path`; none if there is none.
///
/// # Errors
/// Those of the system but a missing file.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Lines<T>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(e) => return Err(e),
    };
    let mut lines = Lines { values: Vec::new(), damaged: 0 };
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match value_of(line) {
            Some(value) => lines.values.push(value),
            None => lines.damaged += 1,
        }
    }
    Ok(lines)
}

fn value_of<T: DeserializeOwned>(line: &[u8]) -> Option<T> {
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    if line.check != checksum(line.value.get()) {
        return None;
    }
    serde_json::from_str(line.value.get()).ok()
}

/// Adds `values` to the end of the file, which is made if need be. They are on the disk when it returns.
///
/// # Errors
/// Those of the system.
pub(crate) fn append<T: Serialize>(path: &Path, values: &[T]) -> io::Result<()> {
    if values.is_empty() {
        return Ok(());
    }
    let text = text_of(values)?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let _lock = lock(path)?;
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    // The last line may be half of one, from a program that was stopped.
    let torn = file.seek(SeekFrom::End(-1)).is_ok() && {
        let mut last = [0];
        file.read_exact(&mut last)?;
        last != *b"\n"
    };
    let text = if torn { format!("\n{text}") } else { text };
    // One call for all of it, so that whoever reads sees whole lines.
    file.write_all(text.as_bytes())?;
    file.sync_data()
}

/// Puts in the place of the file what `renew` makes of its values. Nobody adds a line meanwhile.
///
/// # Errors
/// Those of the system; the file is as it was then.
pub(crate) fn replace<T: DeserializeOwned + Serialize>(
    path: &Path,
    renew: impl FnOnce(Vec<T>) -> Vec<T>,
) -> io::Result<()> {
    let lock = lock(path)?;
    if !lock.is_held() {
        // Whoever holds it adds lines; the file can be tidied another time.
        return Ok(());
    }
    let values = renew(read(path)?.values);
    write_whole(path, text_of(&values)?.as_bytes())
}

fn text_of<T: Serialize>(values: &[T]) -> io::Result<String> {
    let mut text = String::new();
    for value in values {
        let value = serde_json::value::to_raw_value(value)?;
        let line = Line { check: checksum(value.get()), value: &value };
        text += &serde_json::to_string(&line)?;
        text.push('\n');
    }
    Ok(text)
}

/// FNV-1a: enough to see damage, and fast.
fn checksum(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// Keeps other programs from changing the files of a folder until it is dropped.
struct Lock {
    /// `None` where it could not be had.
    file: Option<File>,
}

impl Lock {
    fn is_held(&self) -> bool {
        self.file.is_some()
    }
}

/// The file in `folder` that is locked.
pub(crate) fn lock_file(folder: &Path) -> PathBuf {
    folder.join(LOCK)
}

/// The lock of the folder that `path` lies in. After [`LOCK_WAIT`], and where files cannot be locked at all, there is
/// none: adding a line is a single write, which systems do not mix with another one.
fn lock(path: &Path) -> io::Result<Lock> {
    let place = lock_file(path.parent().unwrap_or_else(|| Path::new(".")));
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(place)?;
    let end = Instant::now() + LOCK_WAIT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lock { file: Some(file) }),
            Err(TryLockError::WouldBlock) if Instant::now() < end => std::thread::sleep(LOCK_INTERVAL),
            Err(_) => return Ok(Lock { file: None }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_costs_the_damaged_line_only() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("new folder").join("lines");
        assert_eq!(read::<u64>(&path).unwrap().values, [] as [u64; 0]);
        append(&path, &[1, 2, 3]).unwrap();
        append(&path, &[4]).unwrap();
        assert_eq!(read::<u64>(&path).unwrap().values, [1, 2, 3, 4]);
        // A digit that still makes a number is seen by its checksum.
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("\"value\":2}", "\"value\":7}")).unwrap();
        let found = read::<u64>(&path).unwrap();
        assert_eq!((found.values, found.damaged), (vec![1, 3, 4], 1));
        // A program that was stopped while it wrote.
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"check\":\"12").unwrap();
        drop(file);
        append(&path, &[5]).unwrap();
        let found = read::<u64>(&path).unwrap();
        assert_eq!((found.values, found.damaged), (vec![1, 3, 4, 5], 2));
        replace(&path, |values: Vec<u64>| values.into_iter().rev().collect()).unwrap();
        let found = read::<u64>(&path).unwrap();
        assert_eq!((found.values, found.damaged), (vec![5, 4, 3, 1], 0));
        fs::write(&path, [0xff; 1000]).unwrap();
        assert_eq!(read::<u64>(&path).unwrap().damaged, 1);
    }

    #[test]
    fn lines_of_many_threads_are_all_there_however_often_the_file_is_replaced() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("lines");
        std::thread::scope(|scope| {
            for thread in 0..4_u64 {
                let path = &path;
                scope.spawn(move || {
                    for number in 0..25 {
                        append(path, &[thread * 1000 + number]).unwrap();
                        if number % 10 == 0 {
                            replace(path, |values: Vec<u64>| values).unwrap();
                        }
                    }
                });
            }
        });
        let mut values = read::<u64>(&path).unwrap().values;
        values.sort_unstable();
        let expected: Vec<u64> = (0..4).flat_map(|thread| (0..25).map(move |n| thread * 1000 + n)).collect();
        assert_eq!(values, expected);
    }
}
