//! One take: its sound, how it was made, and the versions of it at other step counts.

use super::default_name;
use super::kept::Kept;
use super::peaks::Peak;
use super::version::Version;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;
use straightshot_edits::{Edit, Edited};
use straightshot_protocol::{Audio, ContentHash, Failure, Request};

/// Identifies a take within its session; larger is newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TakeId(pub u64);

/// One sound at the model's own rate, shared in an `Arc`. Its samples never change; its name, its edit and which of its
/// versions is shown may.
///
/// A take has a version for every number of steps that was computed of it. One is shown: it is what the list names,
/// what notes play and what the project holds. The others are kept in the takes folder, and referred to by the project.
#[derive(Debug, Clone)]
pub struct Take {
    /// Identifier within the session.
    pub id: TakeId,
    /// Name shown in the list; set by the user, first the beginning of the prompt.
    pub name: String,
    /// Whether the user likes it: starred takes are the first to be put into the project.
    pub starred: bool,
    /// Whether the user does not want it, without deleting it.
    pub rejected: bool,
    /// What the user has written about it.
    pub notes: String,
    /// CatID of the Universal Category System that the user has chosen; `None` for the one that its prompt proposes.
    pub category: Option<String>,
    /// Whether nobody has heard it yet.
    pub unread: bool,
    /// What is done with every version of it when it is heard, drawn and delivered. Changed by [`Session::set_edit`].
    ///
    /// [`Session::set_edit`]: super::Session::set_edit
    pub edit: Edit,
    /// What the shown version was made from, and by which model: its steps are those it really had.
    pub request: Request,
    /// Why there is no sound, in the user's words; `None` for a sound one. A damaged take is silent.
    pub damage: Option<String>,
    /// The version that is shown.
    pub(super) shown: Version,
    /// The other versions, in no order; each has another number of steps.
    hidden: Vec<Version>,
    /// What was heard last, until the edit of the shown version is rendered.
    pub(super) previous: Option<Arc<Edited>>,
    /// Fields of a newer version, written back untouched.
    pub(super) extra: Map<String, Value>,
}

impl Take {
    /// A take of a fresh sound, rounded to 24 bits and packed for keeping: 10 to 20 ms per second of stereo.
    ///
    /// # Errors
    /// If it cannot be kept: it is empty, longer than a minute at the highest rate, or its rate is no sound's.
    pub fn new(id: TakeId, request: Request, audio: &Audio) -> Result<Self, Failure> {
        Ok(Self::of(id, Version::fresh(&request, audio)?, request))
    }

    /// A take that is not in memory yet.
    pub(super) fn kept(id: TakeId, request: Request, kept: Kept) -> Self {
        Self::of(id, Version::kept(request.steps, kept), request)
    }

    fn of(id: TakeId, shown: Version, request: Request) -> Self {
        Self {
            id,
            name: default_name(&request),
            starred: false,
            rejected: false,
            notes: String::new(),
            category: None,
            unread: false,
            edit: Edit::default(),
            damage: None,
            shown,
            hidden: Vec::new(),
            previous: None,
            request,
            extra: Map::new(),
        }
    }

    /// How long it took to make the version with `steps` steps, alone or as its share of several that were made together;
    /// `None` if that is not known.
    #[must_use]
    pub fn took(&self, steps: u32) -> Option<Duration> {
        self.version(steps)?.took
    }

    /// The waveform overview of the version with `steps` steps; empty if it was never in memory, `None` if there is none.
    #[must_use]
    pub fn version_peaks(&self, steps: u32) -> Option<&[Peak]> {
        self.version(steps).map(|version| &*version.peaks)
    }

    /// Whether better versions of it can be made: it is whole, and it is known which model made it.
    #[must_use]
    pub fn can_be_refined(&self) -> bool {
        self.damage.is_none() && !self.request.model.is_any()
    }

    /// The unedited sound at the model's own rate, not the host's; what is heard is [`edited`](Self::edited). Empty while it is not in memory, and if it is damaged.
    #[must_use]
    pub fn audio(&self) -> &Audio {
        &self.shown.audio
    }

    /// The unedited sound of the version with `steps` steps, `None` if there is no such version. Empty like
    /// [`audio`](Self::audio) while it is not in memory.
    #[must_use]
    pub fn audio_of(&self, steps: u32) -> Option<&Audio> {
        self.version(steps).map(|version| &version.audio)
    }

    /// Whether that version is the same sound as that of `other`, edit included, whatever the takes are called.
    #[must_use]
    pub fn version_is_heard_as(&self, other: &Self, steps: u32) -> bool {
        let versions = self.version(steps).zip(other.version(steps));
        versions.is_some_and(|(own, other)| own.is(other)) && self.edit == other.edit
    }

    /// Why nothing is to be heard of it now: damage, or that it is still being read. `None` if it can be played.
    #[must_use]
    pub fn why_silent(&self) -> Option<&str> {
        match &self.damage {
            Some(damage) => Some(damage),
            None if self.edited().audio.is_empty() => Some("This take is being read"),
            None => None,
        }
    }

    /// Whether its sound is yet to be read into memory.
    #[must_use]
    pub fn is_loading(&self) -> bool {
        self.damage.is_none() && self.shown.audio.is_empty()
    }

    /// The numbers of steps there is a version for, in rising order.
    #[must_use]
    pub fn step_counts(&self) -> Vec<u32> {
        let mut counts: Vec<u32> = self.offered().map(|version| version.steps).collect();
        counts.sort_unstable();
        counts
    }

    /// Whether there is a version with `steps` steps.
    #[must_use]
    pub fn has_steps(&self, steps: u32) -> bool {
        self.version(steps).is_some()
    }

    fn version(&self, steps: u32) -> Option<&Version> {
        self.offered().find(|version| version.steps == steps)
    }

    /// The versions that can be shown.
    pub(super) fn offered(&self) -> impl Iterator<Item = &Version> {
        self.versions().filter(|version| !version.lost)
    }

    /// The largest number of steps there is a version for.
    pub(super) fn most_steps(&self) -> u32 {
        self.offered().map(|version| version.steps).fold(self.shown.steps, u32::max)
    }

    /// Shows the version with `steps` steps. Returns whether another one was shown before.
    pub(super) fn show(&mut self, steps: u32) -> bool {
        let wanted = |version: &Version| version.steps == steps && !version.lost;
        let Some(index) = self.hidden.iter().position(wanted) else {
            return false;
        };
        self.keep_heard();
        std::mem::swap(&mut self.shown, &mut self.hidden[index]);
        self.request.steps = steps;
        true
    }

    /// Whether the sound that `request` describes can be a version of this take: the same recipe at whatever number of
    /// steps, by the same model. Two models that nobody named may be different ones.
    pub(super) fn could_refine_to(&self, request: &Request) -> bool {
        self.damage.is_none()
            && !self.request.model.is_any()
            && self.request.model == request.model
            && self.request.same_but_steps(request)
    }

    /// Makes the take a damaged one, which is silent. Returns what to tell the user.
    pub(super) fn damaged(&mut self, fault: &str) -> String {
        let text = format!(
            "The sound of this take could not be read: {fault}. Its settings are kept, so that it can be made again"
        );
        self.damage = Some(text.clone());
        self.forget_sound();
        self.shown.peaks = Arc::default();
        self.shown.rendered = None;
        format!("Take \"{}\": {text}", self.name)
    }

    /// Takes over the sound of `newer`, a take of the same request and model at another number of steps.
    ///
    /// It is shown if it has more steps than all versions before and the one with the most of them was shown: whoever
    /// has gone back to an earlier version stays there.
    pub(super) fn refine(&mut self, newer: Self) {
        let steps = newer.shown.steps;
        self.hidden.retain(|version| version.steps != steps);
        let follows = self.shown.steps == self.most_steps() && steps > self.shown.steps;
        if steps == self.shown.steps || follows {
            self.keep_heard();
        }
        if steps == self.shown.steps {
            self.shown = newer.shown;
        } else if follows {
            let before = std::mem::replace(&mut self.shown, newer.shown);
            self.request.steps = steps;
            self.hidden.push(before);
        } else {
            self.hidden.push(newer.shown);
        }
    }

    /// Takes over what `other` has in memory of the same sounds.
    pub(super) fn adopt_sounds(&mut self, other: &Self) {
        for version in std::iter::once(&mut self.shown).chain(&mut self.hidden) {
            if let Some(same) = other.versions().find(|same| same.is(version)) {
                version.adopt(same);
            }
        }
    }

    /// Takes over the versions that only `other` has.
    pub(super) fn adopt_versions(&mut self, other: &Self) {
        for version in other.versions() {
            if !version.lost && !self.has_steps(version.steps) {
                self.hidden.retain(|lost| lost.steps != version.steps);
                self.hidden.push(version.clone());
            }
        }
    }

    /// Lets go of what is in memory of all versions but the shown one, and gives up those that could not be read again.
    pub(super) fn forget_hidden(&mut self) {
        self.hidden.retain(|version| version.flac().is_some_and(|flac| flac.stored || flac.text.is_none()));
        for version in &mut self.hidden {
            version.forget_audio();
            if let Kept::Flac(flac) = &mut version.kept {
                flac.text = None;
            }
        }
    }

    /// The versions that are not shown, in rising order of steps.
    pub(super) fn hidden(&self) -> Vec<&Version> {
        let mut hidden: Vec<&Version> = self.hidden.iter().collect();
        hidden.sort_by_key(|version| version.steps);
        hidden
    }

    /// The versions that are not shown, to change what is in memory of them.
    pub(super) fn hidden_mut(&mut self) -> &mut [Version] {
        &mut self.hidden
    }

    /// Adds a version that a project refers to.
    pub(super) fn add_hidden(&mut self, version: Version) {
        if self.versions().all(|other| other.steps != version.steps) {
            self.hidden.push(version);
        }
    }

    /// Memory that the versions take that are not shown, in bytes.
    pub(super) fn hidden_bytes(&self) -> usize {
        self.hidden.iter().map(Version::bytes).sum()
    }

    /// Whether both show the same sound made from the same request, whatever they are called.
    #[must_use]
    pub fn same_sound(&self, other: &Self) -> bool {
        self.request == other.request && self.shown.is(&other.shown)
    }

    /// Whether what `other` shows is a version of this take.
    pub(super) fn has_version_of(&self, other: &Self) -> bool {
        self.damage.is_none()
            && other.damage.is_none()
            && self.request.same_but_steps(&other.request)
            && self.versions().any(|v| v.steps == other.shown.steps && v.is(&other.shown))
    }

    /// The hashes of all versions, as far as they are known.
    pub(super) fn hashes(&self) -> impl Iterator<Item = ContentHash> {
        self.versions().filter_map(Version::hash)
    }

    /// All versions, with those that could not be read.
    pub(super) fn versions(&self) -> impl Iterator<Item = &Version> {
        std::iter::once(&self.shown).chain(&self.hidden)
    }
}
