//! What one number of solver steps made of a take's noise.

use super::kept::{Flac, Kept};
use super::peaks::{Peak, peaks};
use std::sync::Arc;
use std::time::Duration;
use straightshot_edits::{Edit, Edited};
use straightshot_protocol::{Audio, ContentHash, Failure, Request};

/// The sound of a take at one number of steps. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Version {
    /// Solver steps that made it.
    pub(super) steps: u32,
    /// How it is kept.
    pub(super) kept: Kept,
    /// The sound, or nothing while it is not in memory.
    pub(super) audio: Audio,
    /// Waveform overview, [`PEAK_COLUMNS`](super::PEAK_COLUMNS) long, or empty if the sound was not in memory yet.
    pub(super) peaks: Arc<[Peak]>,
    /// What is heard without an edit: `audio` itself.
    pub(super) plain: Arc<Edited>,
    /// What an edit has made of it.
    pub(super) rendered: Option<Rendered>,
    /// How long it took to make it, if that is known.
    pub(super) took: Option<Duration>,
    /// Whether it could not be read. It is neither offered nor given up: another computer may have it.
    pub(super) lost: bool,
}

/// An edit of a version and what it has made.
#[derive(Debug, Clone)]
pub(super) struct Rendered {
    pub(super) edit: Edit,
    /// The sound, or nothing while it is not in memory.
    pub(super) edited: Option<Arc<Edited>>,
    /// Its overview.
    pub(super) peaks: Arc<[Peak]>,
}

impl Version {
    /// A version of fresh samples, packed for keeping.
    pub(super) fn fresh(request: &Request, audio: &Audio) -> Result<Self, Failure> {
        let (flac, audio) = Flac::pack(audio, request)?;
        let mut version = Self::kept(request.steps, Kept::Flac(flac));
        version.hear(audio);
        Ok(version)
    }

    /// A version that is not in memory yet.
    pub(super) fn kept(steps: u32, kept: Kept) -> Self {
        let rate_hz = match &kept {
            Kept::Flac(flac) => flac.facts.sample_rate_hz,
            Kept::Legacy(legacy) => legacy.sample_rate_hz,
            Kept::Unreadable(_) => 0,
        };
        let audio = Audio::mono(rate_hz, Vec::new());
        let plain = Arc::new(Edited::unedited(audio.clone()));
        Self { steps, kept, audio, peaks: Arc::default(), plain, rendered: None, took: None, lost: false }
    }

    /// The hash that it is kept by; `None` while that is not known.
    pub(super) fn hash(&self) -> Option<ContentHash> {
        match &self.kept {
            Kept::Flac(flac) => Some(flac.facts.hash),
            Kept::Legacy(_) | Kept::Unreadable(_) => None,
        }
    }

    /// Takes the sound into memory.
    pub(super) fn hear(&mut self, audio: Audio) {
        if self.peaks.is_empty() {
            self.peaks = peaks(&audio);
        }
        self.set_audio(audio);
    }

    fn set_audio(&mut self, audio: Audio) {
        self.plain = Arc::new(Edited::unedited(audio.clone()));
        self.audio = audio;
    }

    /// Lets go of the sound, which can be read again; the overviews stay.
    pub(super) fn forget_audio(&mut self) {
        self.set_audio(Audio::mono(self.audio.sample_rate_hz(), Vec::new()));
        if let Some(rendered) = &mut self.rendered {
            rendered.edited = None;
        }
    }

    /// Takes over what of the same sound `other` has in memory.
    pub(super) fn adopt(&mut self, other: &Self) {
        if self.audio.is_empty() && !other.audio.is_empty() {
            (self.audio, self.plain) = (other.audio.clone(), other.plain.clone());
        }
        if self.rendered.is_none() {
            self.rendered.clone_from(&other.rendered);
        }
        if self.peaks.is_empty() {
            self.peaks = other.peaks.clone();
        }
        if let (Kept::Flac(flac), Kept::Flac(other)) = (&mut self.kept, &other.kept) {
            flac.stored |= other.stored;
        }
        self.took = self.took.or(other.took);
    }

    /// Whether both are the same sound.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.kept.is(&other.kept)
    }

    /// Whether its sound is yet to be read into memory.
    pub(super) fn is_loading(&self) -> bool {
        !self.lost && self.audio.is_empty()
    }

    /// The saved form, unless that is of document version 1.
    pub(super) fn flac(&self) -> Option<&Flac> {
        match &self.kept {
            Kept::Flac(flac) => Some(flac),
            Kept::Legacy(_) | Kept::Unreadable(_) => None,
        }
    }

    /// Memory that it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.sound_bytes() + self.kept.text_bytes()
    }

    /// Memory of the sound and of what an edit has made of it, in bytes.
    pub(super) fn sound_bytes(&self) -> usize {
        let edited = self.rendered.as_ref().and_then(|rendered| rendered.edited.as_ref());
        self.audio.bytes() + edited.map_or(0, |edited| edited.audio.bytes())
    }
}
