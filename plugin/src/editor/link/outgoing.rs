//! Takes that leave the window as files.

use super::EditorLink;
use crate::outbox::{News, Outgoing, Place, Timeline, write};
use crate::shared::Severity;
use std::sync::atomic::AtomicBool;
use straightshot_drag::{Ending, Files, Look};
use straightshot_protocol::Failure;

/// Which places of its timeline the host puts files at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offers {
    /// The edit cursor.
    pub cursor: bool,
    /// The time selection.
    pub time_selection: bool,
}

impl EditorLink {
    /// The handle with the way to the host's timeline.
    #[must_use]
    pub fn with_timeline(self, timeline: Timeline) -> Self {
        Self { timeline: Some(timeline), ..self }
    }

    /// Where the host puts files.
    #[must_use]
    pub fn offers(&self) -> Offers {
        let offers = |place| self.timeline.as_ref().is_some_and(|timeline| timeline.offers(place));
        Offers { cursor: offers(Place::Cursor), time_selection: offers(Place::TimeSelection) }
    }

    /// What writes `outgoing` as files; to be called on a thread that may wait.
    pub fn writer(
        &self,
        outgoing: Outgoing,
    ) -> impl FnOnce(&AtomicBool) -> Result<Files, Failure> + Send + use<> {
        let shared = self.shared.clone();
        move |given_up| write::write(&shared, &outgoing, given_up)
    }

    /// What follows the pointer while `outgoing` is dragged, in a window with so many pixels per point.
    #[must_use]
    pub fn look(&self, outgoing: &Outgoing, scale: f32) -> Look {
        let session = self.shared.session.lock();
        let take = outgoing.takes.first().and_then(|id| session.take(*id));
        let level = |peak: &straightshot_takes::Peak| peak.max.max(-peak.min);
        let levels = take.map(|take| take.peaks().iter().map(level).collect()).unwrap_or_default();
        Look { levels, scale }
    }

    /// Tells the user what became of an errand, or has the rest of it done.
    pub fn tell(&self, news: News) {
        match news {
            News::ToInsert(files, place) => {
                if let Some(timeline) = &self.timeline {
                    timeline.insert(files, place);
                }
            }
            News::Copied(files) => {
                let text = match files.paths() {
                    [one] => format!("{} is on the clipboard: paste it where it shall go.", name(one)),
                    several => {
                        format!("{} files are on the clipboard: paste them where they shall go.", several.len())
                    }
                };
                self.shared.say(Severity::Info, text, files.text());
            }
            News::Dragged(Ending::Refused) => self.shared.say(
                Severity::Info,
                "What lies there takes no files. Copy the sound (Ctrl+C) and paste it, or drag it from its folder.",
                "",
            ),
            News::Dragged(Ending::Failed(failure)) | News::Failed(failure) => {
                self.shared.say(Severity::Error, failure.to_string(), failure.detail());
            }
            News::Dragged(Ending::Dropped | Ending::Nowhere | Ending::Cancelled) | News::Revealed => {}
        }
    }
}

fn name(path: &std::path::Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
