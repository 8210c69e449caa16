//! Undo and redo of what the user does with takes.
//!
//! A step remembers what was different of which take before and after it, and no sound: a hundred steps are a few
//! kilobytes, and a take that was let go of is not held by its past. A deleted take is in the bin, so that nothing has to be
//! kept of it here; what was generated goes there when it is undone.
//!
//! When things happen in the next sound and how loud it is over time are the only things besides takes that a step holds.
//!
//! Which keys play which takes lies outside the session, with what the host saves of playing: [`Session::keys_step`] is told
//! of it, and [`Session::take_keys`] says what is to become of it.
//!
//! [`Session::step`] finds out by itself what a change has changed. What the host restores begins a new history.

use super::{Session, Take, TakeId};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use straightshot_edits::Edit;
use straightshot_protocol::{Curve, Timing};

/// Steps that can be undone; the oldest are forgotten.
const MOST_STEPS: usize = 500;

/// Ties together what belongs to one drag or one field that is being typed into: steps of one gesture are one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Gesture(u64);

impl Gesture {
    /// One that no other is equal to.
    #[must_use]
    pub fn begin() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed))
    }
}

/// Keys that have a take of their own.
pub type Keys = BTreeMap<u8, TakeId>;

/// What can be undone and done again. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    done: VecDeque<Step>,
    undone: Vec<Step>,
    /// Where undo and redo have brought the takes on keys, until somebody asks.
    keys: Option<Keys>,
    /// A step is being recorded; what happens inside is part of it.
    recording: bool,
}

/// What was one act for the user.
#[derive(Debug, Clone)]
struct Step {
    name: &'static str,
    gesture: Option<Gesture>,
    changes: Vec<Change>,
    /// The takes on keys, if they were changed.
    keys: Option<Pair<Keys>>,
    /// Timing and curve of the next sound, if they were changed.
    lane: Option<Box<Pair<Lane>>>,
    /// The active take before and after.
    active: Pair<Option<TakeId>>,
}

/// When the events of the next sound happen, and how loud it is over time.
type Lane = (Timing, Option<Curve>);

/// Before and after.
type Pair<T> = (T, T);

/// What was different of one take.
#[derive(Debug, Clone)]
struct Change {
    id: TakeId,
    deleted: Option<Pair<bool>>,
    name: Option<Pair<String>>,
    starred: Option<Pair<bool>>,
    rejected: Option<Pair<bool>>,
    notes: Option<Pair<String>>,
    category: Option<Pair<Option<String>>>,
    edit: Option<Box<Pair<Edit>>>,
}

/// A direction in time.
#[derive(Clone, Copy)]
enum Way {
    Back,
    Forth,
}

impl Way {
    fn of<T>(self, pair: &Pair<T>) -> &T {
        match self {
            Self::Back => &pair.0,
            Self::Forth => &pair.1,
        }
    }
}

impl Session {
    /// Does `change` as one step that can be undone, called `name` in the menu ("Undo `name`"); within another step it is a
    /// part of that. A step of the same name and `gesture` as the one before becomes one with it.
    pub fn step<R>(
        &mut self,
        name: &'static str,
        gesture: Option<Gesture>,
        change: impl FnOnce(&mut Self) -> R,
    ) -> R {
        self.record(name, gesture, true, change)
    }

    /// [`step`](Self::step) for what happens by itself and in between: what was undone can still be done again.
    pub(super) fn background_step<R>(
        &mut self,
        name: &'static str,
        change: impl FnOnce(&mut Self) -> R,
    ) -> R {
        self.record(name, None, false, change)
    }

    /// [`step`](Self::step), or what happens by itself if not `by_user`.
    pub(super) fn record<R>(
        &mut self,
        name: &'static str,
        gesture: Option<Gesture>,
        by_user: bool,
        change: impl FnOnce(&mut Self) -> R,
    ) -> R {
        if self.history.recording {
            return change(self);
        }
        let (takes, bin, active) = (self.takes.clone(), self.bin.clone(), self.active);
        let lane = (self.timing.clone(), self.curve.clone());
        self.history.recording = true;
        let result = change(self);
        self.history.recording = false;
        let changes = self.changes_since(&takes, &bin);
        let lane = differ(&lane, &(self.timing.clone(), self.curve.clone())).map(Box::new);
        if !changes.is_empty() || lane.is_some() {
            let active = (active, self.active);
            self.history.push(Step { name, gesture, changes, keys: None, lane, active }, by_user);
        }
        result
    }

    /// Notes that the user has put other takes on keys.
    pub fn keys_step(&mut self, before: Keys, after: Keys) {
        if let Some(keys) = differ(&before, &after) {
            let active = (self.active, self.active);
            let step = Step {
                name: "keys",
                gesture: None,
                changes: Vec::new(),
                keys: Some(keys),
                lane: None,
                active,
            };
            self.history.push(step, true);
        }
    }

    /// Which takes are to be on keys since the last undo or redo; once.
    pub fn take_keys(&mut self) -> Option<Keys> {
        self.history.keys.take()
    }

    /// Takes the last step back. Returns its name; `None` if there was nothing to undo.
    pub fn undo(&mut self) -> Option<&'static str> {
        loop {
            let step = self.history.done.pop_back()?;
            let changed = self.go(&step, Way::Back);
            let name = step.name;
            self.history.undone.push(step);
            if changed {
                return Some(name);
            }
        }
    }

    /// Does the step again that was undone last. Returns its name; `None` if there was none.
    pub fn redo(&mut self) -> Option<&'static str> {
        loop {
            let step = self.history.undone.pop()?;
            let changed = self.go(&step, Way::Forth);
            let name = step.name;
            self.history.done.push_back(step);
            if changed {
                return Some(name);
            }
        }
    }

    /// What [`undo`](Self::undo) would undo.
    #[must_use]
    pub fn undo_name(&self) -> Option<&'static str> {
        self.history.done.back().map(|step| step.name)
    }

    /// What [`redo`](Self::redo) would do again.
    #[must_use]
    pub fn redo_name(&self) -> Option<&'static str> {
        self.history.undone.last().map(|step| step.name)
    }

    /// Which takes are different from those of before, and in what.
    fn changes_since(&self, takes: &[Arc<Take>], bin: &[Arc<Take>]) -> Vec<Change> {
        let same = |a: &[Arc<Take>], b: &[Arc<Take>]| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| Arc::ptr_eq(a, b))
        };
        if same(takes, &self.takes) && same(bin, &self.bin) {
            return Vec::new();
        }
        let before: HashMap<TakeId, (&Arc<Take>, bool)> = placed(takes, bin).collect();
        let changed = placed(&self.takes, &self.bin).filter_map(|(id, (take, deleted))| {
            match before.get(&id) {
                Some((old, was_deleted)) => Change::between(old, *was_deleted, take, deleted),
                // What is undone of a new take is that it is among the others.
                None => (!deleted).then(|| Change::made(id)),
            }
        });
        changed.collect()
    }

    /// Puts the takes of `step` into the state of before or after. Returns whether anything is different now.
    fn go(&mut self, step: &Step, way: Way) -> bool {
        let mut changed = false;
        // What is done here is in the history already.
        self.history.recording = true;
        for change in &step.changes {
            changed |= self.apply(change, way);
        }
        self.history.recording = false;
        if let Some(keys) = &step.keys {
            self.history.keys = Some(way.of(keys).clone());
            changed = true;
        }
        if let Some(lane) = step.lane.as_deref().map(|lane| way.of(lane)) {
            changed |= *lane != (self.timing.clone(), self.curve.clone());
            (self.timing, self.curve) = lane.clone();
        }
        if let Some(active) = way.of(&step.active).filter(|id| self.take(*id).is_some()) {
            changed |= self.active != Some(active);
            self.active = Some(active);
        }
        changed
    }

    fn apply(&mut self, change: &Change, way: Way) -> bool {
        let mut changed = false;
        if let Some(deleted) = &change.deleted {
            // The active take is put right afterwards.
            changed |= if *way.of(deleted) { self.delete(change.id) } else { self.bring_back(change.id) };
        }
        let takes = self.takes.iter_mut().chain(&mut self.bin);
        let Some(take) = takes.into_iter().find(|take| take.id == change.id) else { return false };
        let take = Arc::make_mut(take);
        set(&mut take.name, change.name.as_ref(), way, &mut changed);
        set(&mut take.starred, change.starred.as_ref(), way, &mut changed);
        set(&mut take.rejected, change.rejected.as_ref(), way, &mut changed);
        set(&mut take.notes, change.notes.as_ref(), way, &mut changed);
        set(&mut take.category, change.category.as_ref(), way, &mut changed);
        if let Some(edit) = change.edit.as_deref().map(|pair| way.of(pair)).filter(|edit| **edit != take.edit)
        {
            take.set_edit(edit.clone());
            changed = true;
        }
        changed
    }
}

fn set<T: Clone + PartialEq>(field: &mut T, pair: Option<&Pair<T>>, way: Way, changed: &mut bool) {
    if let Some(value) = pair.map(|pair| way.of(pair)).filter(|value| **value != *field) {
        value.clone_into(field);
        *changed = true;
    }
}

/// The takes of a session with whether they are in the bin.
fn placed<'a>(
    takes: &'a [Arc<Take>],
    bin: &'a [Arc<Take>],
) -> impl Iterator<Item = (TakeId, (&'a Arc<Take>, bool))> {
    let here = takes.iter().map(|take| (take.id, (take, false)));
    here.chain(bin.iter().map(|take| (take.id, (take, true))))
}

impl History {
    fn push(&mut self, step: Step, by_user: bool) {
        let last = self.done.back_mut().filter(|_| self.undone.is_empty() || !by_user);
        if let Some(last) = last.filter(|last| last.is_one_with(&step)) {
            last.follow(step);
            if last.changes.is_empty() && last.lane.is_none() {
                self.done.pop_back();
            }
            return;
        }
        if by_user {
            self.undone.clear();
        }
        if self.done.len() == MOST_STEPS {
            self.done.pop_front();
        }
        self.done.push_back(step);
    }
}

impl Step {
    fn is_one_with(&self, next: &Self) -> bool {
        self.gesture.is_some() && self.gesture == next.gesture && self.name == next.name
    }

    /// Goes on to where `next` has come.
    fn follow(&mut self, next: Self) {
        self.active.1 = next.active.1;
        let mut lane = self.lane.take().map(|pair| *pair);
        join(&mut lane, next.lane.map(|pair| *pair));
        self.lane = lane.map(Box::new);
        for change in next.changes {
            match self.changes.iter_mut().find(|mine| mine.id == change.id) {
                Some(mine) => mine.follow(change),
                None => self.changes.push(change),
            }
        }
        self.changes.retain(|change| !change.is_none());
    }
}

impl Change {
    fn none(id: TakeId) -> Self {
        Self {
            id,
            deleted: None,
            name: None,
            starred: None,
            rejected: None,
            notes: None,
            category: None,
            edit: None,
        }
    }

    /// A take that was not there before.
    fn made(id: TakeId) -> Self {
        Self { deleted: Some((true, false)), ..Self::none(id) }
    }

    fn between(old: &Take, was_deleted: bool, new: &Take, deleted: bool) -> Option<Self> {
        let change = Self {
            id: new.id,
            deleted: differ(&was_deleted, &deleted),
            name: differ(&old.name, &new.name),
            starred: differ(&old.starred, &new.starred),
            rejected: differ(&old.rejected, &new.rejected),
            notes: differ(&old.notes, &new.notes),
            category: differ(&old.category, &new.category),
            edit: differ(&old.edit, &new.edit).map(Box::new),
        };
        (!change.is_none()).then_some(change)
    }

    fn is_none(&self) -> bool {
        self.deleted.is_none()
            && self.name.is_none()
            && self.starred.is_none()
            && self.rejected.is_none()
            && self.notes.is_none()
            && self.category.is_none()
            && self.edit.is_none()
    }

    fn follow(&mut self, next: Self) {
        join(&mut self.deleted, next.deleted);
        join(&mut self.name, next.name);
        join(&mut self.starred, next.starred);
        join(&mut self.rejected, next.rejected);
        join(&mut self.notes, next.notes);
        join(&mut self.category, next.category);
        let mut edit = self.edit.take().map(|pair| *pair);
        join(&mut edit, next.edit.map(|pair| *pair));
        self.edit = edit.map(Box::new);
    }
}

fn differ<T: Clone + PartialEq>(old: &T, new: &T) -> Option<Pair<T>> {
    (old != new).then(|| (old.clone(), new.clone()))
}

/// What was before the first, and after the second; nothing if that is the same.
fn join<T: PartialEq>(first: &mut Option<Pair<T>>, second: Option<Pair<T>>) {
    *first = match (first.take(), second) {
        (Some((before, _)), Some((_, after))) => (before != after).then_some((before, after)),
        (Some(pair), None) | (None, Some(pair)) => Some(pair),
        (None, None) => None,
    };
}
