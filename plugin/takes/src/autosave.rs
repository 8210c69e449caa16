//! A text in a file, kept up to date: the session of the program without a host, which has no project to save it in.

use super::whole_file::write_whole;
use parking_lot::{Condvar, Mutex};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// How often is looked for changes. A crash costs no more than this.
const INTERVAL: Duration = Duration::from_secs(1);

/// Writes a text to a file whenever it has changed, on a thread of its own, until it is dropped.
///
/// The file is replaced as a whole, so that it is readable however the program ends.
pub struct Autosave {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Autosave {
    /// Keeps what `text` returns in the file at `path`. `text` is called every second and must be cheap.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub fn start(path: PathBuf, text: impl Fn() -> String + Send + 'static) -> io::Result<Self> {
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let watched = stop.clone();
        let thread = Builder::new().name("straightshot-autosave".to_owned()).spawn(move || {
            let (stopped, signal) = &*watched;
            let mut written = std::fs::read_to_string(&path).ok();
            loop {
                let last = {
                    let mut stopped = stopped.lock();
                    if !*stopped {
                        signal.wait_for(&mut stopped, INTERVAL);
                    }
                    *stopped
                };
                let now = text();
                // A disk that is full now may have room in a second.
                if written.as_ref() != Some(&now) && write_whole(&path, now.as_bytes()).is_ok() {
                    written = Some(now);
                }
                if last {
                    return;
                }
            }
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Autosave {
    fn drop(&mut self) {
        *self.stop.0.lock() = true;
        self.stop.1.notify_all();
        if let Some(thread) = self.thread.take() {
            // It has nothing to return; a panic in it has been printed.
            let _ = thread.join();
        }
    }
}
