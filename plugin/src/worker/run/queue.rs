//! [worker thread] What is asked for waits in the session until what was asked for before is made.
//!
//! One job runs at a time. What refines a take goes before new takes that are not begun: somebody is looking at that take.
//! A job whose model is not there waits, and those behind it go on. A job that fails takes no other with it.

use super::{Current, Desk};
use crate::shared::{Job as Listed, JobState, Missing, Outcome};
use crate::worker::job::Job;
use std::cmp::Reverse;
use straightshot_protocol::CancelToken;
use straightshot_takes::{JobId, Purpose, QueuedJob, Session, TakeId};

impl Desk {
    /// Appends a job for new takes, of what the user had set when it was asked for.
    pub(super) fn enqueue(&mut self, mut job: QueuedJob) {
        self.shared.update_status(|status| status.notice = None);
        if job.request.model.is_any() {
            job.request.model = self.chosen_id(&job.model);
        }
        let id = self.shared.session.lock().enqueue(job);
        self.asked.insert(id);
        self.queued();
    }

    /// Appends a job for one more version of a take.
    pub(super) fn refine(&mut self, take: TakeId, steps: u32) {
        let queued = self.shared.session.lock().refine(take, steps);
        if queued.is_some() {
            self.shared.update_status(|status| status.notice = None);
            self.queued();
        }
    }

    /// There is a new job.
    fn queued(&mut self) {
        self.shared.mark_unsaved();
        if self.current.is_some() {
            self.show_queue();
        }
        self.begin_next();
    }

    /// Goes on with the jobs of a restored session; one of them may be the one that runs.
    pub(super) fn resume(&mut self) {
        let session = self.shared.session.lock();
        let epoch = session.epoch();
        let goes_on = self.current.as_mut().is_some_and(|current| {
            current.epoch = epoch;
            session.job(current.id).is_some()
        });
        drop(session);
        if !goes_on {
            self.replace_current();
        }
        self.missing.clear();
        self.show_queue();
        self.begin_next();
    }

    /// Gives up a job.
    pub(super) fn cancel(&mut self, id: JobId) {
        if let Some(current) = self.current.as_ref().filter(|current| current.id == id) {
            current.cancel.cancel();
            return;
        }
        let mut session = self.shared.session.lock();
        let epoch = session.epoch();
        let was_there = session.drop_job(id, epoch);
        drop(session);
        if was_there {
            self.forget(id);
            self.shared.mark_unsaved();
            self.show_ended(Outcome::Cancelled);
        }
    }

    /// A job that did not run is gone; the notice about its model goes with the last one that waited for it.
    fn forget(&mut self, id: JobId) {
        self.asked.remove(&id);
        if self.missing.remove(&id).is_some() && self.missing.is_empty() {
            self.shared.update_status(|status| status.notice = None);
        }
    }

    /// Gives up the job that runs, or what waits for a model if none does.
    pub(super) fn cancel_running(&mut self) {
        match &self.current {
            Some(current) => current.cancel.cancel(),
            None => {
                self.missing.keys().copied().collect::<Vec<_>>().into_iter().for_each(|id| self.cancel(id))
            }
        }
    }

    /// Gives up everything.
    pub(super) fn cancel_all(&mut self) {
        let running = self.current.as_ref().map(|current| current.id);
        let all: Vec<JobId> = self.shared.session.lock().jobs().iter().map(|job| job.id).collect();
        // Those that wait first, so that none of them begins.
        let waiting = all.into_iter().filter(|id| Some(*id) != running);
        waiting.chain(running).for_each(|id| self.cancel(id));
    }

    /// Takes were deleted: jobs that have nothing else to do end.
    pub(super) fn abandoned(&mut self) {
        let session = self.shared.session.lock();
        let over: Vec<JobId> = session.jobs().iter().filter(|job| job.is_over()).map(|job| job.id).collect();
        drop(session);
        over.into_iter().for_each(|id| self.cancel(id));
        self.show_queue();
    }

    /// Begins the first job that can be, unless one runs.
    pub(super) fn begin_next(&mut self) {
        self.replaced.retain(|thread| !thread.is_finished());
        while self.current.is_none() {
            let session = self.shared.session.lock();
            let next =
                in_order(&session).into_iter().find(|job| !self.missing.contains_key(&job.id)).cloned();
            drop(session);
            let Some(job) = next else { break };
            self.begin(job);
        }
        self.show_queue();
    }

    /// Begins a job. Versions that its takes have already are not made again.
    fn begin(&mut self, job: QueuedJob) {
        let mut session = self.shared.session.lock();
        let epoch = session.epoch();
        let have: Vec<Vec<u32>> = (0..job.pieces.len())
            .map(|piece| session.refined_take(&job, piece).map(|take| take.step_counts()).unwrap_or_default())
            .collect();
        for (piece, have) in have.iter().enumerate() {
            if have.contains(&job.request.steps) {
                session.finish_piece(job.id, piece);
            }
        }
        // What is left of it.
        let Some(queued) = session.job(job.id).filter(|job| !job.is_over()).cloned() else {
            session.drop_job(job.id, epoch);
            return;
        };
        let choice = self.choice_for(&queued, &session.model);
        let is_chosen = session.model == choice;
        drop(session);
        if is_chosen {
            self.stop_looking();
        }
        self.shared.update_status(|status| status.begun += 1);
        self.runs += 1;
        let (number, id, cancel) = (self.runs, queued.id, CancelToken::default());
        let job = Job {
            number,
            queued,
            choice: choice.clone(),
            have,
            cancel: cancel.clone(),
            models: self.models.clone(),
            shared: self.shared.clone(),
            inbox: self.inbox.clone(),
        };
        // The list shows it before its thread does.
        let jobs = self.list(Some(id));
        self.shared.update_status(|status| status.jobs = jobs);
        match self.spawn(job) {
            Ok(thread) => {
                self.current = Some(Current { number, id, choice, epoch, cancel, newest: None, thread });
            }
            Err(e) => {
                let outcome = self.give_up(id, Self::no_thread(&e), epoch);
                self.show_ended(outcome);
            }
        }
    }

    /// Shows the list of jobs as it is now.
    pub(super) fn show_queue(&self) {
        let jobs = self.listed();
        let missing = first_missing(&jobs);
        self.shared.update_status(|status| (status.jobs, status.missing) = (jobs, missing));
    }

    /// The list of jobs as it is now.
    pub(super) fn listed(&self) -> Vec<Listed> {
        self.list(self.current.as_ref().map(|current| current.id))
    }

    /// The list of jobs while the one called `running` runs.
    fn list(&self, running: Option<JobId>) -> Vec<Listed> {
        let before = self.shared.status().jobs;
        let session = self.shared.session.lock();
        let mut jobs = in_order(&session);
        jobs.sort_by_key(|job| Reverse(Some(job.id) == running));
        // All of its sounds are there, and how it ended is about to be told; until then it is on the list.
        let ending =
            before.iter().find(|before| Some(before.id) == running && session.job(before.id).is_none());
        let ending = ending.map(|before| Listed { done: before.count, ..before.clone() });
        let listed = |job: &QueuedJob| {
            let is_running = Some(job.id) == running;
            let progress = before.iter().find(|before| before.id == job.id && is_running);
            Listed {
                id: job.id,
                purpose: job.purpose,
                request: job.request.clone(),
                takes: job.pieces.iter().filter_map(|piece| piece.take).collect(),
                count: job.pieces.len(),
                done: job.done(),
                state: match self.missing.get(&job.id) {
                    Some(missing) => JobState::Missing(missing.clone()),
                    None if is_running => JobState::Running,
                    None => JobState::Queued,
                },
                progress: progress.and_then(|before| before.progress),
            }
        };
        ending.into_iter().chain(jobs.into_iter().map(listed)).collect()
    }
}

/// The jobs of a session in the order in which they are done.
fn in_order(session: &Session) -> Vec<&QueuedJob> {
    let mut jobs: Vec<&QueuedJob> = session.jobs().iter().collect();
    let is_begun = |job: &QueuedJob| job.pieces.iter().any(|piece| piece.take.is_some());
    // Stable: what is alike stays in the order in which it was asked for.
    jobs.sort_by_key(|job| job.purpose == Purpose::Make && !is_begun(job));
    jobs
}

/// The model that the first of the jobs waits for that wait for one.
pub(super) fn first_missing(jobs: &[Listed]) -> Option<Missing> {
    jobs.iter().find_map(|job| match &job.state {
        JobState::Missing(missing) => Some(missing.clone()),
        _ => None,
    })
}
