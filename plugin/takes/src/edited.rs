//! What is heard of a take: its shown version with its edit.

use super::Take;
use super::kept::Kept;
use super::peaks::Peak;
use super::version::Rendered;
use std::sync::Arc;
use straightshot_edits::{Edit, Edited, Timeline};
use straightshot_protocol::Audio;

impl Take {
    /// What is heard, drawn and delivered: the shown version with its [`edit`](Self::edit). Empty while the sound is not in
    /// memory, and if it is damaged.
    ///
    /// The [`Keeper`](super::Keeper) renders edits. Until it has, this is what was heard before; see
    /// [`is_rendered`](Self::is_rendered). The same sound is the same `Arc`.
    #[must_use]
    pub fn edited(&self) -> Arc<Edited> {
        match (self.current(), &self.previous) {
            (Some(current), _) => current.clone(),
            (None, Some(previous)) if !self.shown.audio.is_empty() => previous.clone(),
            (None, _) => self.nothing(),
        }
    }

    /// Whether [`edited`](Self::edited) is what the edit says, or there is nothing to render. Takes a keeper's moment after
    /// every change; a drag to the outside waits for it.
    #[must_use]
    pub fn is_rendered(&self) -> bool {
        self.damage.is_some() || self.current().is_some()
    }

    /// Whether the keeper can render it: the sound is there, the edit has not been made.
    pub(super) fn wants_rendering(&self) -> bool {
        !self.shown.audio.is_empty() && !self.is_rendered()
    }

    /// Whether both are heard as the same sound: played, it makes no difference.
    #[must_use]
    pub fn is_heard_as(&self, other: &Self) -> bool {
        // What was let go of and read again is another `Arc`.
        let made_alike = || self.same_sound(other) && self.edit == other.edit;
        let rendered = || self.current().is_some() && other.current().is_some();
        Arc::ptr_eq(&self.edited(), &other.edited()) || made_alike() && rendered()
    }

    /// Waveform overview of what is heard: [`PEAK_COLUMNS`](crate::PEAK_COLUMNS) columns, or none if the sound was never in memory.
    #[must_use]
    pub fn peaks(&self) -> &[Peak] {
        match &self.shown.rendered {
            Some(rendered) if rendered.edit == self.edit => &rendered.peaks,
            _ => &self.shown.peaks,
        }
    }

    /// Length in seconds of what is heard; known even while the sound is not in memory, but for projects of document
    /// version 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "for display")]
    pub fn seconds(&self) -> f64 {
        let (frames, rate_hz) = self.source_frames();
        let frames = if self.edit.is_none() { frames } else { Timeline::new(&self.edit, frames).frames() };
        frames as f64 / f64::from(rate_hz.max(1))
    }

    /// Frames of the unedited sound and its rate in Hz, known as [`seconds`](Self::seconds) is.
    #[must_use]
    pub fn source_frames(&self) -> (usize, u32) {
        match &self.shown.kept {
            Kept::Flac(flac) => {
                (usize::try_from(flac.facts.frames).unwrap_or(usize::MAX), flac.facts.sample_rate_hz)
            }
            Kept::Legacy(_) | Kept::Unreadable(_) => (self.audio().frames(), self.audio().sample_rate_hz()),
        }
    }

    /// What the edit makes of the shown version, if it is there.
    fn current(&self) -> Option<&Arc<Edited>> {
        if self.shown.audio.is_empty() {
            return None;
        }
        if self.edit.is_none() {
            return Some(&self.shown.plain);
        }
        let rendered = self.shown.rendered.as_ref().filter(|rendered| rendered.edit == self.edit)?;
        rendered.edited.as_ref()
    }

    fn nothing(&self) -> Arc<Edited> {
        Arc::new(Edited::unedited(Audio::mono(self.audio().sample_rate_hz(), Vec::new())))
    }

    /// Gives the take another edit; what was heard stays until the new one is rendered.
    pub(super) fn set_edit(&mut self, edit: Edit) {
        self.keep_heard();
        self.edit = edit;
    }

    /// Remembers what is heard for the time until something else can be.
    pub(super) fn keep_heard(&mut self) {
        if let Some(current) = self.current().cloned() {
            self.previous = Some(current);
        }
    }

    /// Takes what `edit` makes of the shown version.
    pub(super) fn take_rendered(&mut self, edit: &Edit, edited: &Arc<Edited>, peaks: &Arc<[Peak]>) {
        self.shown.rendered =
            Some(Rendered { edit: edit.clone(), edited: Some(edited.clone()), peaks: peaks.clone() });
        if self.current().is_some() {
            self.previous = None;
        }
    }

    /// Memory of the shown version and of what is heard of it, in bytes.
    pub(super) fn shown_bytes(&self) -> usize {
        let previous = self.previous.as_ref().map_or(0, |previous| previous.audio.bytes());
        self.shown.sound_bytes() + previous
    }

    /// Lets go of the shown version's sound and of what is heard of it; all can be read and rendered again.
    pub(super) fn forget_sound(&mut self) {
        self.shown.forget_audio();
        self.previous = None;
    }
}
