//! The versions of a take as others see them.

use super::kept::Kept;
use super::version::Version;
use super::{Peak, Take};
use std::sync::Arc;
use std::time::Duration;
use straightshot_protocol::{Audio, ContentHash};

/// One version of a take. Cheap to clone: sound and waveform are shared.
#[derive(Debug, Clone)]
pub struct VersionOfTake {
    /// Solver steps that made it.
    pub steps: u32,
    /// Whether it is the one that the take shows.
    pub is_shown: bool,
    /// Its sound by content, if it is one that can be played.
    pub sound: Option<ContentHash>,
    /// The sound as the model made it; empty while it is not in memory.
    pub audio: Audio,
    /// Waveform overview, empty if the sound was never in memory.
    pub peaks: Arc<[Peak]>,
    /// How long this computer took to make it; `None` if that is not known any more.
    pub took: Option<Duration>,
}

impl Take {
    /// All versions there are, by rising number of steps.
    #[must_use]
    pub fn all_versions(&self) -> Vec<VersionOfTake> {
        let shown = self.shown.steps;
        let mut all: Vec<_> = self.offered().map(|version| version.seen(version.steps == shown)).collect();
        all.sort_by_key(|version| version.steps);
        all
    }

    /// The take with the time that its shown version took to make.
    #[must_use]
    pub fn that_took(mut self, time: Duration) -> Self {
        self.shown.took = Some(time);
        self
    }
}

impl Version {
    fn seen(&self, is_shown: bool) -> VersionOfTake {
        let sound = match &self.kept {
            Kept::Flac(flac) => Some(flac.facts.hash),
            Kept::Legacy(_) | Kept::Unreadable(_) => None,
        };
        VersionOfTake {
            steps: self.steps,
            is_shown,
            sound,
            audio: self.audio.clone(),
            peaks: self.peaks.clone(),
            took: self.took,
        }
    }
}
