//! What is yet to be made: the jobs of a session, in the order in which they were asked for.
//!
//! A job is a recipe and the sounds that are to be made of it, each with a seed of its own. Sounds are made in rising
//! numbers of steps, so that every one of them is heard early: the first version becomes a take, the later ones become
//! versions of that take, wherever the user has put it in the meantime. A job that refines has its take from the start.

use super::{Epoch, Gesture, ModelChoice, Session, TakeId};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use straightshot_protocol::{ModelId, Request};

/// Identifies a job within its session; larger is newer, and none is given away twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

/// One of the sounds of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Seed of its noise.
    pub seed: u64,
    /// The take that it is, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub take: Option<TakeId>,
    /// Whether nothing is left to be made of it: it has all of its steps, or nobody wants it any more.
    #[serde(default, skip_serializing_if = "is_unset")]
    pub done: bool,
}

/// What a job is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// New takes.
    #[default]
    Make,
    /// One more version of a take that is there.
    Refine,
}

/// Sounds that were asked for at once and are not all made yet. Saved with the session, whose restoring goes on with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueuedJob {
    /// Identifier within the session. Not saved: a restored job gets one when it is restored.
    #[serde(skip)]
    pub id: JobId,
    /// What it is for.
    #[serde(default, skip_serializing_if = "is_make")]
    pub purpose: Purpose,
    /// What to make, as it was when it was asked for; the seed is that of the first piece. Its model is completed by the
    /// worker when that is known.
    pub request: Request,
    /// The model it was asked of, and where that was seen last.
    #[serde(default, skip_serializing_if = "ModelChoice::is_default")]
    pub model: ModelChoice,
    /// Whether quick versions with few steps are made first.
    pub drafts: bool,
    /// The sounds.
    pub pieces: Vec<Piece>,
    /// What ties them together for whoever undoes them. Not saved.
    #[serde(skip)]
    pub gesture: Option<Gesture>,
}

impl QueuedJob {
    /// A job for new takes of `request`, one for each of `seeds`, or for the request's own if there is none.
    #[must_use]
    pub fn make(request: Request, seeds: &[u64], drafts: bool) -> Self {
        let own = [request.seed];
        let seeds = if seeds.is_empty() { &own } else { seeds };
        let pieces = seeds.iter().map(|seed| Piece { seed: *seed, take: None, done: false }).collect();
        let request = Request { seed: seeds[0], variations: 1, ..request };
        Self {
            id: JobId(0),
            purpose: Purpose::Make,
            request,
            model: ModelChoice::default(),
            drafts,
            pieces,
            gesture: Some(Gesture::begin()),
        }
    }

    /// What piece `index` is made from.
    #[must_use]
    pub fn request_of(&self, index: usize) -> Request {
        let seed = self.pieces.get(index).map_or(self.request.seed, |piece| piece.seed);
        Request { seed, ..self.request.clone() }
    }

    /// How many of its sounds are made, or not wanted any more.
    #[must_use]
    pub fn done(&self) -> usize {
        self.pieces.iter().filter(|piece| piece.done).count()
    }

    /// Whether nothing is left to be made.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.pieces.iter().all(|piece| piece.done)
    }

    /// Whether it is about to make another version of take `id`.
    #[must_use]
    pub fn is_about(&self, id: TakeId) -> bool {
        self.pieces.iter().any(|piece| piece.take == Some(id) && !piece.done)
    }

    /// Whether both were asked for by the same click, whatever has become of them since: a host restores what it has saved
    /// while the job runs on.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let seeds = |job: &Self| job.pieces.iter().map(|piece| piece.seed).collect::<Vec<_>>();
        self.purpose == other.purpose
            && self.request.steps == other.request.steps
            && self.request.same_but_steps(&other.request)
            && seeds(self) == seeds(other)
    }
}

impl Session {
    /// What is yet to be made, in the order in which it was asked for.
    #[must_use]
    pub fn jobs(&self) -> &[QueuedJob] {
        &self.jobs
    }

    /// The job called `id`, if it is not over.
    #[must_use]
    pub fn job(&self, id: JobId) -> Option<&QueuedJob> {
        self.jobs.iter().find(|job| job.id == id)
    }

    /// Appends a job and gives it its identifier.
    pub fn enqueue(&mut self, mut job: QueuedJob) -> JobId {
        job.id = self.fresh_job_id();
        let id = job.id;
        self.jobs.push(job);
        id
    }

    /// Appends a job for one new take of `request`.
    pub fn begin(&mut self, request: Request) -> JobId {
        let drafts = self.draft_first;
        self.enqueue(QueuedJob::make(request, &[], drafts))
    }

    /// Fills in the prompts of `request` and appends a job for it.
    pub fn begin_with(&mut self, request: Request) -> JobId {
        self.prompt.clone_from(&request.prompt);
        self.negative_prompt.clone_from(&request.negative_prompt);
        self.timing.clone_from(&request.timing);
        self.curve.clone_from(&request.curve);
        self.begin(request)
    }

    /// Appends a job for the version of take `id` with `steps` steps: by its own recipe, seed and model. `None` if there
    /// is no such take, if it is damaged, or if it has that version or is about to get it.
    pub fn refine(&mut self, id: TakeId, steps: u32) -> Option<JobId> {
        let take = self.take(id).filter(|take| take.damage.is_none() && !take.has_steps(steps))?;
        let request = Request { steps, variations: 1, ..take.request.clone() };
        if self.jobs.iter().any(|job| job.request.steps == steps && job.is_about(id)) {
            return None;
        }
        let mut job = QueuedJob::make(request, &[], false);
        job.purpose = Purpose::Refine;
        job.pieces[0].take = Some(id);
        Some(self.enqueue(job))
    }

    /// Takes a job of `epoch` off the list; what it has made so far stays. Returns whether it was there.
    pub fn drop_job(&mut self, id: JobId, epoch: Epoch) -> bool {
        let before = self.jobs.len();
        if epoch == self.epoch {
            self.jobs.retain(|job| job.id != id);
        }
        self.jobs.len() < before
    }

    /// Gives up what is yet to be made of take `id`: nobody wants it. Returns whether there was something. A job that has
    /// nothing else to do stays on the list until whoever runs it has ended it.
    pub fn abandon(&mut self, id: TakeId) -> bool {
        let mut found = false;
        for piece in self.jobs.iter_mut().flat_map(|job| &mut job.pieces) {
            if piece.take == Some(id) && !piece.done {
                piece.done = true;
                found = true;
            }
        }
        found
    }

    /// Gives up what is yet to be made of takes that are not in the list any more, because the step that made them was undone.
    /// Returns whether there was something.
    pub fn abandon_deleted(&mut self) -> bool {
        let unfinished = self.jobs.iter().flat_map(|job| &job.pieces).filter(|piece| !piece.done);
        let takes = unfinished.filter_map(|piece| piece.take);
        let gone: Vec<TakeId> = takes.filter(|id| self.take(*id).is_none()).collect();
        gone.iter().filter(|id| self.abandon(**id)).count() > 0
    }

    /// Notes that nothing is left to be made of a piece; with the last one the job ends.
    pub fn finish_piece(&mut self, id: JobId, index: usize) {
        let Some(job) = self.jobs.iter_mut().find(|job| job.id == id) else { return };
        if let Some(piece) = job.pieces.get_mut(index) {
            piece.done = true;
        }
        if job.is_over() {
            self.jobs.retain(|job| job.id != id);
        }
    }

    /// Notes which model makes a job of `epoch`.
    pub fn name_model(&mut self, id: JobId, epoch: Epoch, model: &ModelId) {
        if let Some(job) = self.jobs.iter_mut().find(|job| job.id == id && epoch == self.epoch) {
            job.request.model.clone_from(model);
            if !job.model.is_default() {
                job.model.id.clone_from(model);
            }
        }
    }

    /// Has a job made by another model. One that refines stays with the model of its take.
    pub fn ask_another_model(&mut self, id: JobId, model: &ModelChoice, named: &ModelId) {
        let of_new_takes = |job: &&mut QueuedJob| job.id == id && job.purpose == Purpose::Make;
        if let Some(job) = self.jobs.iter_mut().find(of_new_takes) {
            job.model.clone_from(model);
            job.request.model.clone_from(named);
        }
    }

    /// Whether a job is about to make another version of take `id`.
    #[must_use]
    pub fn is_in_work(&self, id: TakeId) -> bool {
        self.jobs.iter().any(|job| job.is_about(id))
    }

    /// The takes whose sounds stay in memory: the active one and those that jobs are at work on.
    pub(super) fn untouchable(&self) -> HashSet<TakeId> {
        let pieces = self.jobs.iter().flat_map(|job| &job.pieces).filter(|piece| !piece.done);
        pieces.filter_map(|piece| piece.take).chain(self.active).collect()
    }

    /// Notes that a piece of a job has become take `id`.
    pub(super) fn note_take(&mut self, job: JobId, piece: usize, id: TakeId) {
        let piece = self.jobs.iter_mut().find(|of| of.id == job).and_then(|job| job.pieces.get_mut(piece));
        if let Some(piece) = piece {
            piece.take = Some(id);
        }
    }

    /// Gives the jobs of a restored session their identifiers: those that `old` has too go on under the same one.
    pub(super) fn renumber_jobs(&mut self, old: &[QueuedJob]) {
        let mut known: Vec<&QueuedJob> = old.iter().collect();
        for index in 0..self.jobs.len() {
            let same = known.iter().position(|job| job.is_same(&self.jobs[index]));
            self.jobs[index].id = match same {
                Some(at) => known.remove(at).id,
                None => self.fresh_job_id(),
            };
        }
    }

    fn fresh_job_id(&mut self) -> JobId {
        let last = self.jobs.iter().map(|job| job.id.0).max().unwrap_or(0).max(self.last_job.0);
        self.last_job = JobId(last.saturating_add(1));
        self.last_job
    }
}

/// Whether a switch that is off by default is off, so that it need not be written.
fn is_unset(switch: &bool) -> bool {
    !*switch
}

/// Whether a job is of the usual kind, so that it need not be written.
fn is_make(purpose: &Purpose) -> bool {
    *purpose == Purpose::Make
}
