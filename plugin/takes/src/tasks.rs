//! What is to be done for a session in the background, in which order, and what changes when it is done.
//!
//! Plain functions over [`Session`]; the [`Keeper`](super::Keeper) calls them with the session locked and does the work
//! itself without.

use super::kept::{Flac, Kept};
use super::peaks::Peak;
use super::refinement::MAX_HIDDEN_BYTES;
use super::version::Version;
use super::wish::Wish;
use super::{Embed, Session, Take, TakeId};
use std::sync::Arc;
use straightshot_edits::{Edit, Edited};
use straightshot_protocol::{Audio, Request};

/// Memory for the sounds of an instance, in bytes. Beyond it those that are not played are let go of, and read again
/// when they are chosen: about 25 takes of 30 s in stereo.
pub(crate) const MOST_AUDIO_BYTES: usize = 256 << 20;

/// Something that takes time.
#[derive(Debug, Clone)]
pub(crate) enum Task {
    /// Bring the sound into memory.
    Hear(Kept, Request),
    /// Look for an edit in the sound of a take.
    Find(TakeId, Wish, Edit, Audio),
    /// Make of the sound what the edit says.
    Render(Kept, Edit, Audio),
    /// Write the sound to the takes folder.
    Store(Flac, Request),
    /// Read the text of the sound, which belongs into the project, from the takes folder.
    Fetch(Flac, Request, Audio),
}

impl Task {
    /// To make of what `take` shows what its edit says.
    pub(crate) fn render(take: &Arc<Take>) -> Self {
        Self::Render(take.shown.kept.clone(), take.edit.clone(), take.audio().clone())
    }
}

/// What came of a [`Task`].
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The sound, and its saved form.
    Heard(Flac, Audio),
    /// What the edit makes of it, and its overview.
    Rendered(Edit, Arc<Edited>, Arc<[Peak]>),
    /// The takes folder has it.
    Stored,
    /// Its text, and whether the takes folder has it.
    Fetched(Flac),
    /// It cannot be read, for this reason.
    Damaged(&'static str),
}

impl Session {
    /// What is to be done next: the active take is heard first, then what is about to be played, then nothing is to be
    /// lost, then edits are made and the list is shown whole, then versions that are not shown are kept and, those of the
    /// active take, made ready, then the project is made complete. `storable` says which sounds the takes folder can take.
    pub(super) fn next_task(&self, storable: impl Fn(&Flac) -> bool) -> Option<Task> {
        let hear = |take: &Arc<Take>| Task::Hear(take.shown.kept.clone(), take.request.clone());
        if let Some(take) = self.active().filter(|take| take.is_loading()) {
            return Some(hear(take));
        }
        if let Some(take) = self.active().filter(|take| take.wants_rendering()) {
            return Some(Task::render(take));
        }
        let mut wanted = self.wanted.iter().filter_map(|id| self.take(*id));
        if let Some(take) = wanted.find(|take| take.is_loading()) {
            return Some(hear(take));
        }
        if let Some((take, wish)) = self.next_wish() {
            let find = || Task::Find(take.id, wish, take.edit.clone(), take.audio().clone());
            return Some(if take.is_loading() { hear(take) } else { find() });
        }
        if let Some(task) = self.next_store(&storable) {
            return Some(task);
        }
        if let Some(take) = self.takes.iter().find(|take| take.wants_rendering()) {
            return Some(Task::render(take));
        }
        let unread = |take: &&Arc<Take>| take.damage.is_none() && matches!(take.shown.kept, Kept::Legacy(_));
        let unseen = |take: &&Arc<Take>| take.is_loading() && take.peaks().is_empty();
        let unread = self.takes.iter().chain(&self.bin).find(unread);
        if let Some(take) = unread.or_else(|| self.takes.iter().rev().find(unseen)) {
            return Some(hear(take));
        }
        self.next_hidden_store(&storable).or_else(|| self.next_hidden_hear()).or_else(|| self.next_fetch())
    }

    /// A version that is not shown and that is nowhere but in memory.
    fn next_hidden_store(&self, storable: impl Fn(&Flac) -> bool) -> Option<Task> {
        let takes = self.takes.iter().chain(&self.bin);
        takes.flat_map(|take| take.hidden().into_iter().map(move |version| (take, version))).find_map(
            |(take, version)| match version.flac() {
                Some(flac) if !version.lost && !flac.stored && flac.text.is_some() && storable(flac) => {
                    Some(Task::Store(flac.clone(), request_of(take, version)))
                }
                _ => None,
            },
        )
    }

    /// A version of the active take that is not in memory: it is about to be compared.
    fn next_hidden_hear(&self) -> Option<Task> {
        let take = self.active()?;
        let version = take.hidden().into_iter().find(|version| version.is_loading())?;
        Some(Task::Hear(version.kept.clone(), request_of(take, version)))
    }

    /// A sound that is nowhere but in memory and, if the host has saved since, in a project.
    pub(super) fn next_store(&self, storable: impl Fn(&Flac) -> bool) -> Option<Task> {
        // The take of a running job is about to get a better version; until then the project holds it.
        let settled = |take: &&Arc<Take>| take.damage.is_none() && !self.is_in_work(take.id);
        self.takes.iter().chain(&self.bin).filter(settled).find_map(|take| match &take.shown.kept {
            Kept::Flac(flac) if !flac.stored && flac.text.is_some() && storable(flac) => {
                Some(Task::Store(flac.clone(), take.request.clone()))
            }
            _ => None,
        })
    }

    /// A sound that belongs into the project and whose text is not in memory.
    fn next_fetch(&self) -> Option<Task> {
        let embedded = self.embedded(self.embed);
        let takes = self.takes.iter().filter(|take| take.damage.is_none());
        let shown = takes.clone().filter(|take| embedded.contains(&take.id)).map(|take| (take, &take.shown));
        // Only who wants all in the project wants what is elsewhere already.
        let hidden = takes.filter(|_| self.embed == Embed::All);
        let hidden = hidden.flat_map(|take| take.hidden().into_iter().map(move |version| (take, version)));
        shown.chain(hidden.filter(|(_, version)| !version.lost)).find_map(|(take, version)| {
            match version.flac() {
                Some(flac) if flac.text.is_none() => {
                    Some(Task::Fetch(flac.clone(), request_of(take, version), version.audio.clone()))
                }
                _ => None,
            }
        })
    }

    /// Notes what came of a task with the sound `kept`. Returns what to tell the user.
    pub(super) fn conclude(&mut self, kept: &Kept, outcome: &Outcome) -> Vec<String> {
        let mut damage = Vec::new();
        let takes = self.takes.iter_mut().chain(&mut self.bin);
        for take in takes.filter(|take| take.hidden().iter().any(|version| version.kept.is(kept))) {
            let versions = Arc::make_mut(take).hidden_mut().iter_mut();
            versions.filter(|version| version.kept.is(kept)).for_each(|version| version.conclude(outcome));
        }
        let takes = self.takes.iter_mut().chain(&mut self.bin);
        for take in takes.filter(|take| take.shown.kept.is(kept)) {
            let take = Arc::make_mut(take);
            match outcome {
                Outcome::Heard(flac, audio) => {
                    match &mut take.shown.kept {
                        Kept::Flac(_) => {}
                        other => *other = Kept::Flac(flac.clone()),
                    }
                    take.shown.hear(audio.clone());
                    take.damage = None;
                }
                Outcome::Rendered(edit, edited, peaks) => take.take_rendered(edit, edited, peaks),
                Outcome::Damaged(fault) => damage.push(take.damaged(fault)),
                Outcome::Stored => take.update_flac(|flac| flac.stored = true),
                Outcome::Fetched(found) => take.update_flac(|flac| {
                    flac.text.clone_from(&found.text);
                    flac.stored = found.stored;
                }),
            }
        }
        // A take of document version 1 that was restored once more has gone to the bin as another sound.
        if matches!((kept, outcome), (Kept::Legacy(_), Outcome::Heard(..))) {
            self.bin.retain(|binned| !self.takes.iter().any(|take| take.same_sound(binned)));
        }
        damage
    }

    /// Lets go of what can be read again: texts of sounds that do not go into the project, and sounds beyond `bytes`
    /// of memory, those of deleted takes first, then the oldest. What is active, about to be played
    /// or made by a job stays.
    pub(super) fn let_go(&mut self, bytes: usize) {
        let embedded = self.embedded(self.embed);
        self.let_go_of_hidden();
        let kept = self.untouchable();
        let all = || self.bin.iter().chain(&self.takes);
        let mut held: usize = all().map(|take| take.shown_bytes()).sum();
        for take in self.bin.iter_mut().chain(&mut self.takes) {
            let Kept::Flac(flac) = &take.shown.kept else { continue };
            let unneeded =
                flac.stored && flac.text.is_some() && take.damage.is_none() && !embedded.contains(&take.id);
            let readable = flac.stored || flac.text.is_some();
            let played = kept.contains(&take.id) || self.wanted.contains(&take.id);
            let heavy = held > bytes && readable && !take.audio().is_empty() && !played;
            if unneeded {
                Arc::make_mut(take).update_flac(|flac| flac.text = None);
            }
            if heavy {
                held -= take.shown_bytes();
                Arc::make_mut(take).forget_sound();
            }
        }
    }
}

/// What a version of a take was made from.
fn request_of(take: &Take, version: &Version) -> Request {
    Request { steps: version.steps, ..take.request.clone() }
}

impl Session {
    /// Lets go of what can be read again of versions that are not shown.
    fn let_go_of_hidden(&mut self) {
        let embedded = self.embedded_versions(self.embed);
        let unneeded = |version: &Version| {
            version.flac().is_some_and(|flac| {
                flac.stored && flac.text.is_some() && !embedded.contains(&flac.facts.hash)
            })
        };
        for take in self.bin.iter_mut().chain(&mut self.takes) {
            if take.hidden().into_iter().any(unneeded) {
                for version in Arc::make_mut(take).hidden_mut().iter_mut().filter(|version| unneeded(version))
                {
                    version.update_flac(|flac| flac.text = None);
                }
            }
        }
        self.limit_hidden(MAX_HIDDEN_BYTES);
    }
}

impl Version {
    /// Notes what came of a task with this version while it is not shown.
    fn conclude(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Heard(_, audio) => self.hear(audio.clone()),
            Outcome::Stored => self.update_flac(|flac| flac.stored = true),
            Outcome::Fetched(found) => self.update_flac(|flac| {
                flac.text.clone_from(&found.text);
                flac.stored = found.stored;
            }),
            Outcome::Damaged(_) => self.lost = true,
            Outcome::Rendered(..) => {}
        }
    }

    fn update_flac(&mut self, change: impl FnOnce(&mut Flac)) {
        if let Kept::Flac(flac) = &mut self.kept {
            change(flac);
        }
    }
}

impl Take {
    fn update_flac(&mut self, change: impl FnOnce(&mut Flac)) {
        self.shown.update_flac(change);
    }
}
