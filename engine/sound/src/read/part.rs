//! A stretch of a file as a source of its own.

use std::fs::File;
use std::io::{Read, Result, Seek, SeekFrom};
use symphonia::core::io::MediaSource;

/// The bytes from `start` on, `length` of them.
#[derive(Debug)]
pub(crate) struct Part {
    file: File,
    start: u64,
    length: u64,
    at: u64,
    seekable: bool,
}

impl Part {
    /// Not `seekable` hides where the stretch ends: demuxers then do not look there first, where a cut file has nothing.
    pub(crate) fn new(mut file: File, start: u64, length: u64, seekable: bool) -> Result<Self> {
        file.seek(SeekFrom::Start(start))?;
        Ok(Self { file, start, length, at: 0, seekable })
    }
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let left = usize::try_from(self.length.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let most = left.min(buffer.len());
        let read = self.file.read(&mut buffer[..most])?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Part {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
        };
        let at = at.ok_or_else(|| std::io::Error::other("a place before the beginning"))?;
        self.file.seek(SeekFrom::Start(self.start.saturating_add(at)))?;
        self.at = at;
        Ok(at)
    }
}

impl MediaSource for Part {
    fn is_seekable(&self) -> bool {
        self.seekable
    }

    fn byte_len(&self) -> Option<u64> {
        self.seekable.then_some(self.length)
    }
}
