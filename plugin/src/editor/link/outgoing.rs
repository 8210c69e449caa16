//! Takes that leave the window as files.

use super::EditorLink;
use crate::outbox::{News, Outgoing, Place, Timeline};
use crate::shared::Severity;
use std::sync::atomic::AtomicBool;
use straightshot_drag::{Ending, Files, Look};
use straightshot_protocol::Failure;
use straightshot_takes::TakeId;

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

    /// What writes `outgoing` as files for another program; to be called on a thread that may wait.
    ///
    /// # Errors
    /// If there is no such take any more.
    pub fn writer(
        &self,
        outgoing: &Outgoing,
    ) -> Result<impl FnOnce(&AtomicBool) -> Result<Files, Failure> + Send + use<>, Failure> {
        let shared = self.shared.clone();
        let pieces = outgoing.pieces(&shared.session.lock())?;
        Ok(move |given_up: &AtomicBool| shared.outbox.hand_over(&pieces, given_up))
    }

    /// What follows the pointer while `outgoing` is dragged, in a window with so many pixels per point.
    #[must_use]
    pub fn look(&self, outgoing: &Outgoing, scale: f32) -> Look {
        let of_take = |id: TakeId| -> Vec<f32> {
            let session = self.shared.session.lock();
            let peaks = session.take(id).map(|take| take.peaks().to_vec()).unwrap_or_default();
            peaks.iter().map(|peak| peak.max.max(-peak.min)).collect()
        };
        let levels = match outgoing {
            Outgoing::Takes(takes) => takes.first().copied().map(of_take),
            Outgoing::Part(take, _) => Some(of_take(*take)),
            Outgoing::Sounds(sounds) => sounds.first().map(|sound| sound.levels().collect()),
        };
        Look { levels: levels.unwrap_or_default(), scale }
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
