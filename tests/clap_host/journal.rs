//! Reads the plugin's journal: the file named by `STRAIGHTSHOT_LOG`, one JSON object per line.

use anyhow::Result;
use serde_json::Value;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long the line about a job may come after the job's end is seen in the session.
const DELAY: Duration = Duration::from_secs(10);

/// A journal that the plugin of this process writes.
#[derive(Debug, Clone)]
pub struct Journal {
    path: PathBuf,
    /// Bytes that [`Journal::news`] has returned the events of.
    told: u64,
}

impl Journal {
    /// The journal at `path`; the file need not exist yet.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), told: 0 }
    }

    /// The events called `name`, oldest first. A line that is still being written is left out.
    #[must_use]
    pub fn events(&self, name: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        let events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        events.filter(|event| event["event"] == name).collect()
    }

    /// The events of all kinds that were written since the last call. Reads only those, so it may be called often.
    ///
    /// # Errors
    /// If the file is there and cannot be read.
    pub fn news(&mut self) -> Result<Vec<Value>> {
        let Ok(mut file) = File::open(&self.path) else { return Ok(Vec::new()) };
        file.seek(SeekFrom::Start(self.told))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        // What follows the last line's end is still being written.
        let complete = text.rfind('\n').map_or("", |end| &text[..=end]);
        self.told += complete.len() as u64;
        Ok(complete.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }

    /// Like [`Journal::events`], after waiting a while for at least `count` jobs to be told of as done or failed.
    #[must_use]
    pub fn events_after_jobs(&self, name: &str, count: usize) -> Vec<Value> {
        let start = Instant::now();
        while self.events("done").len() + self.events("failed").len() < count && start.elapsed() < DELAY {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.events(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::OpenOptions;
    use std::io::Write;

    #[test]
    fn news_are_told_once_and_only_when_their_line_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let mut journal = Journal::at(&path);
        assert!(journal.news().unwrap().is_empty(), "no file yet");
        let write = |text: &str| {
            let mut file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        write("{\"event\":\"draft\"}\n{\"event\":");
        let names = |journal: &mut Journal| -> Vec<String> {
            journal.news().unwrap().iter().map(|event| event["event"].to_string()).collect()
        };
        assert_eq!(names(&mut journal), ["\"draft\""]);
        assert!(names(&mut journal).is_empty());
        write("\"done\"}\n");
        assert_eq!(names(&mut journal), ["\"done\""]);
    }
}
