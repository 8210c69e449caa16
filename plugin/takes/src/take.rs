//! One take: its sound, how it was made, and the versions of it at other step counts.

use super::default_name;
use super::version::{Peak, Version};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use straightshot_protocol::{Audio, Request};

/// Identifies a take within its session; larger is newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TakeId(pub u64);

/// One sound at the model's own rate, shared in an `Arc`. Its samples never change; its name and which of its versions
/// is shown may.
///
/// A take has a version for every number of steps that was computed of it. One is shown: it is what the list names,
/// what notes play and what the project keeps. The others are in memory only, for switching back at once.
#[derive(Debug, Clone)]
pub struct Take {
    /// Identifier within the session.
    pub id: TakeId,
    /// Name shown in the list; set by the user, first the beginning of the prompt.
    pub name: String,
    /// What the shown version was made from, and by which model: its steps are those it really had.
    pub request: Request,
    /// Why the sound is incomplete or missing, in the user's words; `None` for a sound one.
    pub damage: Option<String>,
    /// The version that is shown.
    shown: Version,
    /// The other versions, in no order; each has another number of steps.
    hidden: Vec<Version>,
    /// Fields of a newer version, written back untouched.
    pub(super) extra: Map<String, Value>,
}

impl Take {
    /// A take of a fresh sound.
    #[must_use]
    pub fn new(id: TakeId, request: Request, audio: Audio) -> Self {
        let shown = Version::new(request.steps, audio);
        Self::of(id, request, shown)
    }

    fn of(id: TakeId, request: Request, shown: Version) -> Self {
        Self {
            id,
            name: default_name(&request),
            damage: None,
            shown,
            hidden: Vec::new(),
            request,
            extra: Map::new(),
        }
    }

    /// A take read from a project: `encoded` is unpacked as far as it can be.
    pub(super) fn from_encoded(id: TakeId, request: Request, rate_hz: u32, encoded: &str) -> Self {
        let (shown, fault) = Version::from_encoded(request.steps, rate_hz, encoded);
        let damage = fault.map(|fault| match shown.audio.frames() {
            0 => format!(
                "The sound of this take could not be read ({fault}). Its settings are kept: generate it again"
            ),
            _ => format!("The end of this take could not be read ({fault})"),
        });
        Self { damage, ..Self::of(id, request, shown) }
    }

    /// The sound at the model's own rate, not the host's. Empty if the take is damaged beyond reading.
    #[must_use]
    pub fn audio(&self) -> &Audio {
        &self.shown.audio
    }

    /// Waveform overview over the whole length: [`PEAK_COLUMNS`](super::PEAK_COLUMNS) columns, or none if there are
    /// no samples.
    #[must_use]
    pub fn peaks(&self) -> &[Peak] {
        &self.shown.peaks
    }

    /// Length in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.audio().seconds()
    }

    /// The numbers of steps there is a version for, in rising order.
    #[must_use]
    pub fn step_counts(&self) -> Vec<u32> {
        let mut counts: Vec<u32> = self.versions().map(|version| version.steps).collect();
        counts.sort_unstable();
        counts
    }

    /// Whether there is a version with `steps` steps.
    #[must_use]
    pub fn has_steps(&self, steps: u32) -> bool {
        self.versions().any(|version| version.steps == steps)
    }

    /// The largest number of steps there is a version for.
    pub(super) fn most_steps(&self) -> u32 {
        self.hidden.iter().map(|version| version.steps).fold(self.shown.steps, u32::max)
    }

    /// Shows the version with `steps` steps. Returns whether another one was shown before.
    pub(super) fn show(&mut self, steps: u32) -> bool {
        let Some(version) = self.hidden.iter_mut().find(|version| version.steps == steps) else {
            return false;
        };
        std::mem::swap(&mut self.shown, version);
        version.forget_encoded();
        self.request.steps = steps;
        true
    }

    /// Takes over the sound of `newer`, a take of the same request at another number of steps.
    ///
    /// It is shown if it has more steps than all versions before and the one with the most of them was shown: whoever
    /// has gone back to an earlier version stays there. A sound of another model replaces everything, because the
    /// versions of a take can be compared.
    pub(super) fn refine(&mut self, newer: Self) {
        let steps = newer.shown.steps;
        if !self.is_of_model(&newer) {
            self.hidden.clear();
            self.shown = newer.shown;
            self.request = newer.request;
            return;
        }
        self.hidden.retain(|version| version.steps != steps);
        let follows = self.shown.steps == self.most_steps() && steps > self.shown.steps;
        if steps == self.shown.steps {
            self.shown = newer.shown;
        } else if follows {
            let before = std::mem::replace(&mut self.shown, newer.shown);
            self.request.steps = steps;
            self.hide(before);
        } else {
            self.hide(newer.shown);
        }
    }

    /// Whether the sounds of both can be versions of one take.
    fn is_of_model(&self, other: &Self) -> bool {
        self.request.model == other.request.model
            && self.audio().sample_rate_hz() == other.audio().sample_rate_hz()
    }

    fn hide(&mut self, mut version: Version) {
        version.forget_encoded();
        self.hidden.push(version);
    }

    /// Takes over the versions that only `other` has.
    pub(super) fn adopt_versions(&mut self, other: &Self) {
        for version in other.versions() {
            if !self.has_steps(version.steps) {
                self.hide(version.clone());
            }
        }
    }

    /// Gives up all versions but the shown one.
    pub(super) fn forget_hidden(&mut self) {
        self.hidden.clear();
    }

    /// Memory that the versions take that are not shown, in bytes.
    pub(super) fn hidden_bytes(&self) -> usize {
        self.hidden.iter().map(Version::bytes).sum()
    }

    /// Base64 of the deflated little-endian samples of the shown version.
    pub(super) fn encoded(&self) -> &str {
        self.shown.encoded()
    }

    /// Makes the form that is saved, which takes milliseconds per second of sound, so that saving need not.
    pub fn compress(&self) {
        self.encoded();
    }

    /// Whether both show the same sound made from the same request, whatever they are called.
    pub fn same_sound(&self, other: &Self) -> bool {
        let sound = self.damage.is_none() && other.damage.is_none();
        self.request == other.request
            && self.shown.same_samples(&other.shown)
            && (sound || self.encoded() == other.encoded())
    }

    /// Whether what `other` shows is a version of this take.
    pub(super) fn has_version_of(&self, other: &Self) -> bool {
        self.damage.is_none()
            && other.damage.is_none()
            && self.request.same_but_steps(&other.request)
            && self.versions().any(|v| v.steps == other.shown.steps && v.same_samples(&other.shown))
    }

    fn versions(&self) -> impl Iterator<Item = &Version> {
        std::iter::once(&self.shown).chain(&self.hidden)
    }
}
