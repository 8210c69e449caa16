//! Reads the plugin's journal: the file named by `STRAIGHTSHOT_LOG`, one JSON object per line.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long the line about a job may come after the job's end is seen in the session.
const DELAY: Duration = Duration::from_secs(10);

/// A journal that the plugin of this process writes.
#[derive(Debug, Clone)]
pub struct Journal {
    path: PathBuf,
}

impl Journal {
    /// The journal at `path`; the file need not exist yet.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// The events called `name`, oldest first. A line that is still being written is left out.
    #[must_use]
    pub fn events(&self, name: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        let events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        events.filter(|event| event["event"] == name).collect()
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
