//! Sounds from outside that the next sound follows.

use super::EditorLink;
use crate::guide::{Guided, Guiding, Then};
use crate::shared::Severity;
use std::path::PathBuf;
use std::sync::Arc;
use straightshot_protocol::Failure;

impl EditorLink {
    /// What is being read or recorded.
    #[must_use]
    pub fn guiding(&self) -> Guiding {
        self.shared.guide.state()
    }

    /// Follows the sound in a file.
    pub fn follow_file(&self, path: PathBuf) {
        self.shared.guide.read(path, self.followed("follow file"));
        self.shared.touch();
    }

    /// Lets the user choose a file to follow.
    pub fn choose_file_to_follow(&self) {
        self.shared.guide.choose(self.followed("follow file"));
    }

    /// Begins to record what comes in at the input, or ends that and follows it.
    pub fn record(&self, on: bool) {
        if on {
            self.shared.guide.record(self.followed("record"));
        } else {
            self.shared.guide.stop();
        }
        self.shared.touch();
    }

    /// How long the sound is that has just been followed, once.
    #[must_use]
    pub fn take_followed_length(&self) -> Option<f64> {
        self.shared.followed_s.lock().take()
    }

    /// Puts hits and curve of a sound into the session, as a step of this name; says what came of it.
    fn followed(&self, step: &'static str) -> Then {
        let shared = Arc::downgrade(&self.shared);
        Box::new(move |result: Result<Guided, Failure>| {
            let Some(shared) = shared.upgrade() else { return };
            match result {
                Ok(Guided { name, seconds, outline }) => {
                    let timing = outline.timing();
                    shared.session.lock().set_lane(timing, Some(outline.curve), step, None);
                    *shared.followed_s.lock() = Some(seconds);
                    let text = match outline.hits.len() {
                        0 => format!("{name}: the sound follows its loudness; it has no single hits"),
                        1 => format!("{name}: one hit and its loudness"),
                        hits => format!("{name}: {hits} hits and its loudness"),
                    };
                    shared.mark_unsaved();
                    shared.say(Severity::Info, text, String::new());
                }
                Err(failure) => shared.say(Severity::Error, failure.to_string(), failure.detail()),
            }
        })
    }
}
