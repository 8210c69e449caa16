//! Which sounds a project holds itself.

use super::Session;
use super::kept::Kept;
use super::{Take, TakeId};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::sync::Arc;
use straightshot_protocol::ContentHash;

/// Sounds in a project by default, in bytes as they stand in the project's text.
///
/// Hosts copy the whole state at every gesture, for undo: what is in it costs memory and time again and again.
pub const DEFAULT_BUDGET_BYTES: u64 = 8_000_000;

/// Which sounds are put into the project; the others are referred to and read from the takes folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Embed {
    /// The active take in any case; then the starred ones, then the newest, as far as they fit into so many bytes.
    UpTo(u64),
    /// All takes, for a project that goes to another machine.
    All,
    /// None. The project is small and plays on this machine only.
    Nothing,
}

impl Default for Embed {
    fn default() -> Self {
        Self::UpTo(DEFAULT_BUDGET_BYTES)
    }
}

impl Session {
    /// The versions that are not shown and whose sounds go into the project, by the hashes of those: all of them where all
    /// takes do; else those that the takes folder does not have, as far as there is room behind the takes' own sounds.
    pub(super) fn embedded_versions(&self, embed: Embed) -> HashSet<ContentHash> {
        let mut room = match embed {
            Embed::All => u64::MAX,
            Embed::Nothing => return HashSet::new(),
            Embed::UpTo(budget) => {
                let embedded = self.embedded(embed);
                let takes = self.takes.iter().filter(|take| embedded.contains(&take.id));
                budget.saturating_sub(takes.map(|take| take.embedded_bytes()).sum())
            }
        };
        let mut chosen = HashSet::new();
        for version in self.by_importance().into_iter().flat_map(|take| take.hidden()) {
            let Some(flac) = version.flac().filter(|_| !version.lost) else { continue };
            let has_a_place = flac.stored || flac.text.is_none();
            if (embed == Embed::All || !has_a_place) && flac.text_length() <= room {
                room -= flac.text_length();
                chosen.insert(flac.facts.hash);
            }
        }
        chosen
    }

    /// The takes whose sounds go into the project. A sound that the takes folder does not have is among them whatever
    /// the user has chosen: the project is then the only place it has.
    pub(super) fn embedded(&self, embed: Embed) -> HashSet<TakeId> {
        let mut embedded: HashSet<TakeId> = HashSet::new();
        let mut used = 0;
        for take in self.by_importance() {
            let bytes = take.embedded_bytes();
            let chosen = match embed {
                Embed::All => true,
                Embed::Nothing => false,
                Embed::UpTo(budget) => self.active == Some(take.id) || used + bytes <= budget,
            };
            if chosen || !take.is_stored() {
                embedded.insert(take.id);
                used += bytes;
            }
        }
        embedded.extend(self.bin.iter().filter(|take| !take.is_stored()).map(|take| take.id));
        embedded
    }

    /// The takes in the order in which they are put into the project: the active one, the starred, the newest.
    fn by_importance(&self) -> Vec<&Arc<Take>> {
        let mut takes: Vec<_> = self.takes.iter().collect();
        takes.sort_by_key(|take| std::cmp::Reverse((self.active == Some(take.id), take.starred, take.id)));
        takes
    }

    /// Bytes that the sounds take in the project as it would be saved now.
    #[must_use]
    pub fn embedded_bytes(&self) -> u64 {
        let (embedded, versions) = (self.embedded(self.embed), self.embedded_versions(self.embed));
        let takes = || self.takes.iter().chain(&self.bin);
        let hidden = takes()
            .flat_map(|take| take.hidden())
            .filter(|version| version.flac().is_some_and(|flac| versions.contains(&flac.facts.hash)));
        let shown = takes().filter(|take| embedded.contains(&take.id)).map(|take| &take.shown);
        shown.chain(hidden).map(|version| version.kept.text_bytes() as u64).sum()
    }
}

impl Take {
    /// Whether the takes folder has the sound.
    fn is_stored(&self) -> bool {
        match &self.shown.kept {
            // A damaged sound may have its only bytes here, and whoever mends it needs them.
            Kept::Flac(flac) => flac.stored && self.damage.is_none() || flac.text.is_none(),
            Kept::Legacy(_) => false,
            Kept::Unreadable(_) => true,
        }
    }

    /// Bytes that the sound takes in a project's text, if the project holds it.
    fn embedded_bytes(&self) -> u64 {
        match &self.shown.kept {
            Kept::Flac(flac) => flac.text_length(),
            kept => kept.text_bytes() as u64,
        }
    }
}
