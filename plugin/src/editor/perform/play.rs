//! Listening.

use super::Moment;
use crate::editor::App;
use crate::editor::action::PlayAction;
use straightshot_takes::Keys;

impl App {
    /// Audition, and how notes and the transport play.
    pub(super) fn perform_play(&mut self, action: PlayAction, at: Moment<'_>) {
        match action {
            PlayAction::Audition => {
                let wanted = at.view.active().map(|take| self.panels.waveform_mut().audition(take));
                self.link.play(&wanted.unwrap_or_default());
            }
            PlayAction::Hear(audition) => self.link.play(&audition),
            PlayAction::Stop => self.link.stop_audition(),
            PlayAction::PressKey(key) => self.link.press_key(key),
            PlayAction::ReleaseKey(key) => self.link.release_key(key),
            PlayAction::PlaceAt(place_s) => self.link.arrange(|arrangement| arrangement.place_s = place_s),
            PlayAction::PutOnKey(key, take) => self.link.put_on_keys(|keys| {
                match take {
                    Some(take) => keys.insert(key, take),
                    None => keys.remove(&key),
                };
            }),
            PlayAction::ClearKeys => self.link.put_on_keys(Keys::clear),
        }
    }
}
