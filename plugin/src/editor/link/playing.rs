//! Hearing takes: playing them without a note, and what plays now.

use super::EditorLink;
pub use crate::hearing::{Audition, Begin, Playing, SoundId};
pub use crate::publish::Readiness;
use crate::publish::{id_of, key_of};
pub use crate::repertoire::Arrangement;
use crate::shared::Command;
use std::sync::Arc;
use straightshot_playback::{Audition as Asked, SoundKey};
use straightshot_takes::{Keys, Take};

impl EditorLink {
    /// Plays a sound without a note: the active take or another one, or another version of a take, from any place, a part
    /// of it, once or again and again. What was asked for before fades out, or over to this one with [`Begin::Here`].
    /// Which take is active never changes.
    ///
    /// A sound that is not ready (at the host's rate, in memory) is heard as soon as it is, unless something else is
    /// asked for before. A sound that there is not is not heard.
    pub fn play(&self, audition: &Audition) {
        let sound = match audition.sound {
            Some(id) => {
                let session = self.shared.session.lock();
                let known = session.take(id.take).filter(|take| take.damage.is_none());
                if known.is_none_or(|take| id.steps.is_some_and(|steps| !take.has_steps(steps))) {
                    return;
                }
                drop(session);
                self.make_ready(id);
                Some(key_of(id))
            }
            None if self.shared.session.lock().active().is_none() => return,
            None => None,
        };
        self.request(audition, sound);
    }

    /// Plays a sound that is no take of the session, once.
    pub(super) fn play_guest(&self, guest: Arc<Take>) {
        let id = SoundId::of(guest.id);
        self.shared.wishes.lock().guest = Some(guest);
        self.make_ready(id);
        self.request(&Audition::default(), Some(key_of(id)));
    }

    fn request(&self, audition: &Audition, sound: Option<SoundKey>) {
        self.shared.telemetry.request_audition(&Asked {
            sound,
            begin: audition.begin,
            range_s: audition.range_s.as_ref().map(|range| [range.start, range.end]),
            looped: audition.looped,
            gain: audition.gain,
        });
    }

    /// Makes a sound ready to be played at once, because it will probably be asked for.
    pub fn make_ready(&self, id: SoundId) {
        self.shared.wishes.lock().ask_for(id);
        if !self.shared.outlet.has(id) {
            self.worker.send(Command::Publish);
        }
    }

    /// Plays the active take once, without a note.
    pub fn audition(&self) {
        self.play(&Audition::default());
    }

    /// Fades out everything that sounds.
    pub fn stop_audition(&self) {
        self.shared.telemetry.request_stop();
    }

    /// What is heard now, if anything is: the newest of all voices.
    #[must_use]
    pub fn playing(&self) -> Option<Playing> {
        let heard = self.shared.telemetry.heard()?;
        Some(Playing {
            sound: id_of(heard.sound),
            position_s: heard.position_s,
            fraction: heard.fraction,
            auditioned: heard.auditioned,
        })
    }

    /// Lets notes, the transport and the play button play `sound` at a linear gain in place of the active take, until it
    /// is called with `None`: two takes or versions are compared while the host plays, and the active take stays what it
    /// is. What sounds fades over at the same position.
    pub fn hear_instead(&self, sound: Option<(SoundId, f32)>) {
        let before = std::mem::replace(&mut self.shared.wishes.lock().instead, sound);
        if before != sound {
            self.worker.send(Command::Publish);
        }
    }

    /// What is heard in place of the active take.
    #[must_use]
    pub fn heard_instead(&self) -> Option<(SoundId, f32)> {
        self.shared.wishes.lock().instead
    }

    /// How many of the starred takes and others can be played, and why not all.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.shared.outlet.readiness()
    }

    /// What the user has arranged about playing that is no parameter.
    #[must_use]
    pub fn arrangement(&self) -> Arrangement {
        self.shared.arrangement.get()
    }

    /// Changes what the user has arranged about playing.
    pub fn arrange(&self, change: impl FnOnce(&mut Arrangement)) {
        self.shared.arrangement.change(change);
        self.shared.mark_unsaved();
        self.worker.send(Command::Publish);
    }

    /// Changes which takes are on keys, as a step that can be undone.
    pub fn put_on_keys(&self, change: impl FnOnce(&mut Keys)) {
        let before = self.arrangement().keys;
        self.arrange(|arrangement| change(&mut arrangement.keys));
        let after = self.arrangement().keys;
        self.shared.session.lock().keys_step(before, after);
    }

    /// Presses a key as the host would, for a keyboard in the window.
    pub fn press_key(&self, key: u8) {
        self.shared.telemetry.keyboard.press(key);
    }

    /// Releases a key that was pressed.
    pub fn release_key(&self, key: u8) {
        self.shared.telemetry.keyboard.release(key);
    }

    /// Where the host's song is, in seconds, as of the last block; `None` if the host does not tell.
    #[must_use]
    pub fn song_position_s(&self) -> Option<f64> {
        self.shared.telemetry.song_position_s()
    }
}
