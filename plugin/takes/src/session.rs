//! The session of one plugin instance: prompt, takes, bin and unfinished jobs, with the rules about them.

use super::document;
use super::embed::Embed;
use super::history::{Gesture, History};
use super::wish::Wish;
use super::{JobId, ModelChoice, QueuedJob, Take, TakeId};
use parking_lot::{Mutex, MutexGuard};
use serde_json::{Map, Value};
use std::sync::{Arc, OnceLock};
use straightshot_edits::Edit;
use straightshot_protocol::{Curve, Request, Timing};

/// Characters of the prompt that become the name of a take.
const NAME_CHARS: usize = 40;

/// The name a take of `request` starts with: the beginning of the prompt.
#[must_use]
pub fn default_name(request: &Request) -> String {
    let prompt = request.prompt.trim();
    if prompt.chars().count() <= NAME_CHARS {
        return prompt.to_owned();
    }
    let mut name: String = prompt.chars().take(NAME_CHARS).collect();
    name.push('…');
    name
}

/// See [`Session::epoch`].
pub type Epoch = u64;

/// Prompt, takes and unfinished jobs of one plugin instance: plain data, which only its owner changes.
///
/// Neither the list of takes nor the bin has an end, so that nothing is pushed out unseen. What keeps memory and projects
/// small is that sounds are let go of, not takes; see [`Keeper`](super::Keeper) and [`Embed`].
#[derive(Debug, Clone)]
pub struct Session {
    /// What to hear; edited by the user.
    pub prompt: String,
    /// What not to hear; edited by the user.
    pub negative_prompt: String,
    /// Who says when things happen; edited by the user.
    pub timing: Timing,
    /// How loud the next sound is over time; edited by the user.
    pub curve: Option<Curve>,
    /// Whether the seed stays as it is when the next sound is made; set by the user.
    pub seed_locked: bool,
    /// Whether quick versions with few steps are made before the one that was asked for; set by the user.
    pub draft_first: bool,
    /// The model of the next sounds; set by the user, completed by the worker when it has found the model.
    pub model: ModelChoice,
    /// Which sounds are put into the project; set by the user.
    pub embed: Embed,
    /// Whether the first sound of a job is played when it is there; set by the user.
    pub play_when_ready: bool,
    /// How many sounds a click makes, one at least; set by the user.
    pub variations: u32,
    /// What is queued or running; see [`QueuedJob`]. A restored session goes on with it.
    pub(super) jobs: Vec<QueuedJob>,
    /// The newest job that there was. Not persisted.
    pub(super) last_job: JobId,
    pub(super) takes: Vec<Arc<Take>>,
    pub(super) active: Option<TakeId>,
    /// Deleted takes, in the order of their deletion.
    pub(super) bin: Vec<Arc<Take>>,
    /// Version of the document this session came from, if that was newer than this code.
    pub(super) version: u32,
    /// Fields of a newer version, written back untouched.
    pub(super) extra: Map<String, Value>,
    /// Sentences about what could not be read when the session was restored. Not persisted.
    pub(super) damage: Vec<String>,
    /// How often the session was replaced. Not persisted.
    pub(super) epoch: Epoch,
    /// Edits that are to be found. Not persisted.
    pub(super) wishes: Vec<(TakeId, Wish)>,
    /// What can be undone. Not persisted: what the host restores begins anew.
    pub(super) history: History,
    /// Takes that are about to be played and whose sounds have to be in memory for it. Not persisted.
    pub(super) wanted: Vec<TakeId>,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            prompt: String::new(),
            negative_prompt: String::new(),
            timing: Timing::Text,
            curve: None,
            seed_locked: false,
            draft_first: true,
            model: ModelChoice::default(),
            embed: Embed::default(),
            play_when_ready: true,
            variations: 1,
            jobs: Vec::new(),
            last_job: JobId(0),
            takes: Vec::new(),
            active: None,
            bin: Vec::new(),
            version: document::VERSION,
            extra: Map::new(),
            damage: Vec::new(),
            epoch: 0,
            wishes: Vec::new(),
            history: History::default(),
            wanted: Vec::new(),
        }
    }
}

impl Session {
    /// The takes, oldest first.
    #[must_use]
    pub fn takes(&self) -> &[Arc<Take>] {
        &self.takes
    }

    /// Deleted takes that can be restored, oldest first.
    #[must_use]
    pub fn bin(&self) -> &[Arc<Take>] {
        &self.bin
    }

    /// The take that notes play.
    #[must_use]
    pub fn active(&self) -> Option<&Arc<Take>> {
        self.active.and_then(|id| self.take(id))
    }

    /// The take called `id`, if it is not deleted.
    #[must_use]
    pub fn take(&self, id: TakeId) -> Option<&Arc<Take>> {
        self.takes.iter().find(|take| take.id == id)
    }

    /// Says which takes besides the active one are about to be played: their sounds are brought into memory and stay there
    /// until something else is said. Returns whether any of them has yet to come.
    pub fn want(&mut self, takes: Vec<TakeId>) -> bool {
        self.wanted = takes;
        self.is_wanting()
    }

    /// Whether a take that is about to be played is yet to be read.
    pub(super) fn is_wanting(&self) -> bool {
        self.wanted.iter().any(|id| self.take(*id).is_some_and(|take| take.is_loading()))
    }

    /// Whether `is` is true of a take that can be played: the active one, a starred one, or one that is about to be.
    pub(super) fn plays(&self, is: impl Fn(&Take) -> bool) -> bool {
        let played =
            |take: &Take| take.starred || self.active == Some(take.id) || self.wanted.contains(&take.id);
        self.takes.iter().any(|take| played(take) && is(take))
    }

    /// What could not be read when the session was restored, one sentence each.
    #[must_use]
    pub fn damage(&self) -> &[String] {
        &self.damage
    }

    /// An identifier that no take of this session and its bin has.
    #[must_use]
    pub fn next_take_id(&self) -> TakeId {
        let last = self.takes.iter().chain(&self.bin).map(|take| take.id.0).max().unwrap_or(0);
        TakeId(last.saturating_add(1))
    }

    /// Appends a take and makes it the active one; undone, it is in the bin.
    pub fn add_take(&mut self, take: Arc<Take>) {
        self.background_step("new sound", |session| {
            session.active = Some(take.id);
            session.takes.push(take);
        });
    }

    /// Puts a take into the bin that no session waits for.
    pub fn keep_in_bin(&mut self, take: Take) {
        self.discard_from_other_session(Arc::new(take));
    }

    /// Tells sessions of one instance apart; grows whenever the host restores one.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Makes `id` the take that notes play. Returns whether it exists.
    pub fn select(&mut self, id: TakeId) -> bool {
        let known = self.take(id).is_some();
        if known {
            self.active = Some(id);
        }
        known
    }

    /// Moves a take to the bin; if it was active, its neighbour becomes active. Returns whether it exists.
    pub fn delete(&mut self, id: TakeId) -> bool {
        self.step("delete", None, |session| {
            let Some(index) = session.takes.iter().position(|take| take.id == id) else { return false };
            let take = session.takes.remove(index);
            session.bin.push(take);
            if session.active == Some(id) {
                let neighbour = session.takes.get(index).or_else(|| session.takes.last());
                session.active = neighbour.map(|take| take.id);
            }
            true
        })
    }

    /// Brings a take back from the bin to its place by age and makes it active. Returns whether it was there.
    pub fn restore(&mut self, id: TakeId) -> bool {
        self.step("bring back", None, |session| {
            let there = session.bring_back(id);
            if there {
                session.active = Some(id);
            }
            there
        })
    }

    /// Moves a take from the bin to its place by age.
    pub(super) fn bring_back(&mut self, id: TakeId) -> bool {
        let Some(index) = self.bin.iter().position(|take| take.id == id) else { return false };
        let take = self.bin.remove(index);
        let place = self.takes.partition_point(|other| other.id < id);
        self.takes.insert(place, take);
        true
    }

    /// Gives the takes in the bin up for good. Their sounds stay in the takes folder until they are deleted there.
    pub fn empty_bin(&mut self) {
        self.bin.clear();
    }

    /// Marks a take as one that the user likes, or no longer. Returns whether it exists.
    pub fn set_starred(&mut self, id: TakeId, starred: bool) -> bool {
        let name = if starred { "star" } else { "remove star" };
        self.change_take(id, name, None, |take| take.starred = starred)
    }

    /// Marks a take as one that the user does not want, or no longer. Returns whether it exists.
    pub fn set_rejected(&mut self, id: TakeId, rejected: bool) -> bool {
        let name = if rejected { "reject" } else { "take back rejection" };
        self.change_take(id, name, None, |take| take.rejected = rejected)
    }

    /// Stores what the user has written about a take; what is typed in one go is one step. Returns whether it exists.
    pub fn set_notes(&mut self, id: TakeId, notes: &str, gesture: Option<Gesture>) -> bool {
        self.change_take(id, "notes", gesture, |take| notes.clone_into(&mut take.notes))
    }

    /// Files a take under a category of the Universal Category System; `None` for the one that its prompt proposes. Returns
    /// whether the take exists.
    pub fn set_category(&mut self, id: TakeId, category: Option<&str>) -> bool {
        self.change_take(id, "category", None, |take| take.category = category.map(str::to_owned))
    }

    /// Marks a take as not heard yet, or as heard. No step of the history. Returns whether it exists.
    pub fn set_unread(&mut self, id: TakeId, unread: bool) -> bool {
        let Some(take) = self.takes.iter_mut().find(|take| take.id == id) else { return false };
        if take.unread != unread {
            Arc::make_mut(take).unread = unread;
        }
        true
    }

    /// Renames a take. Returns whether it exists.
    pub fn rename(&mut self, id: TakeId, name: &str) -> bool {
        self.change_take(id, "rename", None, |take| name.clone_into(&mut take.name))
    }

    /// Gives a take another edit, as a step called `name` ("trim"); those of one drag are one step. What was heard is heard
    /// until the keeper has rendered it. Returns whether the take exists.
    pub fn set_edit(&mut self, id: TakeId, edit: Edit, name: &'static str, gesture: Option<Gesture>) -> bool {
        self.change_take(id, name, gesture, |take| {
            if take.edit != edit {
                take.set_edit(edit);
            }
        })
    }

    /// Changes when the events of the next sound happen and how loud it is over time, as a step called `name` ("draw curve");
    /// those of one drag are one step.
    pub fn set_lane(
        &mut self,
        timing: Timing,
        curve: Option<Curve>,
        name: &'static str,
        gesture: Option<Gesture>,
    ) {
        self.step(name, gesture, |session| (session.timing, session.curve) = (timing, curve));
    }

    /// Changes one take that is not deleted, as a step. Returns whether it exists.
    fn change_take(
        &mut self,
        id: TakeId,
        name: &'static str,
        gesture: Option<Gesture>,
        change: impl FnOnce(&mut Take),
    ) -> bool {
        self.step(name, gesture, |session| {
            let take = session.takes.iter_mut().find(|take| take.id == id);
            take.map(|take| change(Arc::make_mut(take))).is_some()
        })
    }

    /// Replaces everything that is persisted by `restored`. Takes that only the old session had go to the bin, so
    /// that a preset loaded by mistake costs nothing. What both have stays in memory, so that a host which restores its
    /// own state at every undo reads no sound again and loses no version that is not saved.
    pub(super) fn replace_with(&mut self, restored: Self) {
        let (epoch, last_job) = (self.epoch + 1, self.last_job);
        let old = std::mem::replace(self, Self { epoch, last_job, ..restored });
        self.renumber_jobs(&old.jobs);
        for take in old.bin.into_iter().chain(old.takes) {
            let mut kept = false;
            for new in self.takes.iter_mut().chain(&mut self.bin) {
                if take.has_version_of(new) {
                    Arc::make_mut(new).adopt_versions(&take);
                }
                if new.same_sound(&take) || take.has_version_of(new) {
                    Arc::make_mut(new).adopt_sounds(&take);
                    kept = true;
                }
            }
            if !kept {
                self.discard_from_other_session(take);
            }
        }
    }

    fn discard_from_other_session(&mut self, mut take: Arc<Take>) {
        Arc::make_mut(&mut take).id = self.next_take_id();
        self.bin.push(take);
    }
}

/// The session behind its lock, shared by host, editor and worker threads; never touched by the audio thread.
#[derive(Default)]
pub struct SessionStore {
    session: Mutex<Session>,
    /// Called after the host has restored a state, without the lock held.
    on_restore: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl SessionStore {
    /// Locks the session. Hold the guard briefly and never while calling into the host or the engine.
    pub fn lock(&self) -> MutexGuard<'_, Session> {
        self.session.lock()
    }

    /// What the session says of the next sound: prompt, negative prompt, timing and curve.
    #[must_use]
    pub fn request(&self) -> Request {
        let session = self.lock();
        Request {
            prompt: session.prompt.clone(),
            negative_prompt: session.negative_prompt.clone(),
            timing: session.timing.clone(),
            curve: session.curve.clone(),
            ..Request::default()
        }
    }

    /// The session as it is now, for whoever needs time to look at it: texts are copied, sounds are shared.
    ///
    /// What saves a project works on this, so that the editor, which locks the session at every frame, never waits for
    /// a host that saves.
    #[must_use]
    pub fn snapshot(&self) -> Session {
        self.lock().clone()
    }

    /// Puts in the place of the session what a host has restored; see [`SessionStore::on_restore`] for what follows.
    pub fn replace(&self, restored: Session) {
        self.lock().replace_with(restored);
        if let Some(hook) = self.on_restore.get() {
            hook();
        }
    }

    /// Sets what happens after the host has restored a state. Only the first call counts.
    pub fn on_restore(&self, hook: impl Fn() + Send + Sync + 'static) {
        let first = self.on_restore.set(Box::new(hook)).is_ok();
        debug_assert!(first, "the restore hook is set once, when the instance is made");
    }
}
