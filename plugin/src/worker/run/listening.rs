//! [worker thread] Texts that are read, sounds that are listened to, and the levels of new ones.

use super::Desk;
use crate::measured::{Pace, ReadText};
use crate::shared::Severity;
use crate::worker::measure::{self, Listened};
use std::sync::Arc;
use straightshot_listening::LevelChoice;
use straightshot_protocol::{Card, Request, StageTimings};
use straightshot_takes::{Settings, TakeId, data_folder};

/// Texts whose readings are kept: a prompt and a negative prompt, and what they were a moment ago.
const MOST_READINGS: usize = 4;

impl Desk {
    /// Reads `text` as the model of the next sound will.
    pub(super) fn read(&mut self, text: String) {
        let folder = self.shared.session.lock().model.folder.clone();
        let Some(reading) = self.readers.read(folder.as_deref(), &text) else { return };
        self.shared.update_status(|status| {
            let readings = &mut status.readings;
            readings.retain(|read| read.text != text);
            readings.drain(..readings.len().saturating_sub(MOST_READINGS - 1));
            readings.push(Arc::new(ReadText { text, reading }));
        });
    }

    /// Listens to the versions of takes, after those that are being listened to.
    pub(super) fn listen_to(&mut self, takes: Vec<TakeId>) {
        self.unheard.extend(takes);
        if self.listener.is_some() || self.unheard.is_empty() {
            return;
        }
        let session = self.shared.session.lock();
        let wanted =
            self.unheard.drain(..).filter_map(|id| session.take(id)).map(|take| measure::sounds(take));
        let sounds: Vec<_> = wanted.collect();
        drop(session);
        match measure::begin(sounds, self.inbox.clone()) {
            Ok(thread) => self.listener = Some(thread),
            // Nothing is shown of distances then; sounds are made all the same.
            Err(e) => tracing::warn!("versions are not compared: {e}"),
        }
    }

    pub(super) fn listened(&self, heard: Listened) {
        self.shared.update_status(|status| {
            let measured = Arc::make_mut(&mut status.measured);
            for (sound, loud) in heard.loudness {
                measured.note_loudness(sound, heard.edit.clone(), loud);
            }
            for (finest, sound, db) in heard.distances {
                measured.note_distance(finest, sound, db);
            }
        });
    }

    pub(super) fn all_listened(&mut self) {
        self.replaced.extend(self.listener.take());
        self.listen_to(Vec::new());
    }

    /// Learns from a sound how fast this computer is.
    pub(super) fn learn_pace(&self, card: &Card, request: &Request, took: &StageTimings) {
        self.shared.update_status(|status| {
            status.pace = Pace::learnt(status.pace.as_deref(), card, request, took).map(Arc::new);
        });
    }

    /// Shows what the user has set for all projects.
    pub(super) fn read_settings(&self) {
        let settings = data_folder().map(|data| Settings::read(&data)).unwrap_or_default();
        self.shared.update_status(|status| status.level = settings.level);
    }

    /// Keeps how loud new sounds are, for all projects.
    pub(super) fn set_level(&self, level: LevelChoice) {
        self.shared.update_status(|status| status.level = level);
        let Some(data) = data_folder() else { return };
        let settings = Settings { level, ..Settings::read(&data) };
        if let Err(e) = settings.write(&data) {
            self.shared.say(Severity::Warning, e.to_string(), e.detail());
        }
    }
}
