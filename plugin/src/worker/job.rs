//! [job thread] The sounds of one job from request to samples, with drafts of them on the way.

mod packing;

use super::Message;
use super::ladder::{Climb, Group, groups, ladder};
use super::models::{Found, ModelCache, SoundEngine};
use crate::shared::{JobProgress, Pass, Shared};
use crossbeam_channel::Sender;
use packing::pack;
use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use straightshot_engine::pipeline::Event;
use straightshot_engine::{ErrorKind, Result};
use straightshot_protocol::{CancelToken, Failure, ModelId, Progress, Request, Stage, StageTimings};
use straightshot_takes::{ModelChoice, QueuedJob, Take};

/// Identifies a run of a job within its worker: a job that has waited for its model is run once more.
pub(super) type RunNumber = u64;

/// Everything a job needs, moved to its thread.
pub(super) struct Job {
    pub(super) number: RunNumber,
    /// What is to be made.
    pub(super) queued: QueuedJob,
    /// The model that is to make it.
    pub(super) choice: ModelChoice,
    /// Numbers of steps of the versions that each of its sounds has already.
    pub(super) have: Vec<Vec<u32>>,
    pub(super) cancel: CancelToken,
    pub(super) models: Arc<ModelCache>,
    pub(super) shared: Arc<Shared>,
    /// Where sounds go.
    pub(super) inbox: Sender<Message>,
}

/// The model of a job, as soon as it is known.
pub(super) struct Chosen {
    pub(super) number: RunNumber,
    pub(super) model: Found,
}

/// A sound is finished, with some of its steps or all of them.
pub(super) struct Ready {
    pub(super) number: RunNumber,
    /// Which of the job's sounds it is.
    pub(super) piece: usize,
    /// Whether it has all the steps that were asked for.
    pub(super) last: bool,
    pub(super) sound: Sound,
}

/// How a job ended.
pub(super) struct Finished {
    pub(super) number: RunNumber,
    pub(super) result: std::result::Result<(), Failure>,
    /// What is in the folder of a model that is missing, if that is another model.
    pub(super) here: Option<(PathBuf, ModelId)>,
}

/// A finished sound.
pub(super) struct Sound {
    /// Not yet numbered.
    pub(super) take: Take,
    /// The model that made it. The worker keeps it, so that it stays loaded for the next job.
    pub(super) model: Arc<dyn SoundEngine>,
    /// Time the job spent loading the model, almost nothing if another job had loaded it.
    pub(super) load: Duration,
    pub(super) timings: StageTimings,
}

/// A model and the time it took to load it.
struct Loaded {
    model: Arc<dyn SoundEngine>,
    load: Duration,
}

impl Job {
    /// Runs the job to its end.
    pub(super) fn run(self) -> Finished {
        let result = caught(|| self.make_sounds());
        let is_missing = matches!(&result, Err(failure) if failure.kind == ErrorKind::MissingModel);
        let here = self.choice.folder.clone().filter(|_| is_missing).and_then(|folder| {
            let id = caught(|| Ok(self.models.look_into(&folder, &self.cancel))).ok().flatten()?;
            Some((folder, id))
        });
        Finished { number: self.number, result, here }
    }

    /// Makes the versions of all sounds, group after group, and sends each as soon as it is there.
    ///
    /// Between two groups every other instance that waits gets its turn: its draft is worth more than our detail. A sound
    /// that cannot be played does not take the others with it; the failure is told at the end.
    fn make_sounds(&self) -> Result<(), Failure> {
        let loaded = self.load()?;
        let card = loaded.model.card();
        let request = Request { model: card.id.clone(), ..self.queued.request.clone() };
        let together = |steps| loaded.model.together(&Request { steps, ..request.clone() });
        let mut waiting: VecDeque<Group> = groups(&self.ladders(&card.ladder), together).into();
        let mut climb = Climb::new(waiting.make_contiguous(), &request, card);
        let mut failed = None;
        while let Some(group) = waiting.pop_front() {
            let group = self.still_wanted(group, &mut climb);
            if group.pieces.is_empty() {
                continue;
            }
            let turn = self.models.turns().take(&self.cancel, || {
                let waiting = Progress { stage: Stage::Wait, fraction: climb.fraction(0.0), eta: None };
                self.show(climb.pass(group.steps), waiting);
            })?;
            climb.begin(&group);
            let made = self.make_group(&request, &group, &loaded, &climb);
            match made {
                Ok(unusable) => failed = failed.or(unusable),
                // Half of them may find room; those that were finished are there already.
                Err(failure) if failure.kind == ErrorKind::OutOfMemory && group.pieces.len() > 1 => {
                    let (one, other) = group.pieces.split_at(group.pieces.len() / 2);
                    for pieces in [other, one] {
                        waiting.push_front(Group { steps: group.steps, pieces: pieces.to_vec() });
                    }
                    continue;
                }
                Err(failure) => return Err(failure),
            }
            climb.end();
            drop(turn);
            self.cancel.check()?;
        }
        failed.map_or(Ok(()), Err)
    }

    /// The numbers of steps that are to be made of each sound.
    fn ladders(&self, offered: &[u32]) -> Vec<(usize, Vec<u32>)> {
        let steps = self.queued.request.steps;
        let offered = if self.queued.drafts { offered } else { &[] };
        let of_piece = |piece: usize| {
            let have = self.have.get(piece).map_or(&[][..], Vec::as_slice);
            ladder(offered, steps, have.iter().copied().filter(|have| *have < steps).max().unwrap_or(0))
        };
        let open = self.queued.pieces.iter().enumerate().filter(|(_, piece)| !piece.done);
        open.map(|(index, _)| (index, of_piece(index))).collect()
    }

    /// `group` without the sounds that nobody wants any more.
    fn still_wanted(&self, group: Group, climb: &mut Climb) -> Group {
        let session = self.shared.session.lock();
        let job = session.job(self.queued.id);
        // Whoever takes the whole job away cancels it; it is not for this thread to guess.
        let is_wanted =
            |piece: &usize| job.is_none_or(|job| job.pieces.get(*piece).is_none_or(|piece| !piece.done));
        let pieces: Vec<usize> = group.pieces.iter().copied().filter(is_wanted).collect();
        drop(session);
        climb.skip(group.steps, group.pieces.len() - pieces.len());
        Group { pieces, ..group }
    }

    /// Finds the model and loads it, unless it is loaded. Not in turn: a job that has its model need not wait for this.
    fn load(&self) -> Result<Loaded, Failure> {
        self.show(Pass::Only, Progress { stage: Stage::Load, fraction: 0.0, eta: None });
        let started = Instant::now();
        let found = self.models.find(&self.choice, &self.cancel)?;
        let request = Request { model: found.card.id.clone(), ..self.queued.request.clone() };
        request.validate(&found.card)?;
        let status = self.shared.status();
        let read = status.readings.iter().find(|read| read.text == request.prompt);
        super::journal::unheeded(&request, &found.card, read.map(|read| &read.reading));
        let model = self.models.get(&found, &self.cancel)?;
        let load = started.elapsed();
        self.cancel.check()?;
        let chosen = Chosen { number: self.number, model: found };
        let _ = self.inbox.send(Message::Chosen(Box::new(chosen)));
        Ok(Loaded { model, load })
    }

    /// Makes one version of some sounds. Returns the failure of the first that cannot be played, if there is one.
    fn make_group(
        &self,
        request: &Request,
        group: &Group,
        loaded: &Loaded,
        climb: &Climb,
    ) -> Result<Option<Failure>, Failure> {
        let request = Request { steps: group.steps, ..request.clone() };
        let seeds: Vec<u64> = group.pieces.iter().map(|piece| self.queued.pieces[*piece].seed).collect();
        let pass = climb.pass(group.steps);
        let finish = |index: usize, made: Result<(Take, StageTimings), Failure>| -> Result<(), Failure> {
            let (take, timings) = made?;
            let sound = Sound { take, model: loaded.model.clone(), load: loaded.load, timings };
            let last = group.steps == self.queued.request.steps;
            let ready = Ready { number: self.number, piece: group.pieces[index], last, sound };
            // Nobody listens any more if the instance is being removed.
            let _ = self.inbox.send(Message::Ready(Box::new(ready)));
            Ok(())
        };
        pack(&request, &seeds, finish, |packed| {
            let mut tell = |event| match event {
                Event::Progress(now) => self.show_progress(pass, now, climb),
                Event::Made(made) => packed(made),
            };
            Ok(loaded.model.generate_each(&request, &seeds, &mut tell, &self.cancel)?)
        })
    }

    fn show_progress(&self, pass: Pass, now: Progress, climb: &Climb) {
        let fraction = climb.fraction(now.fraction);
        let eta = now.eta.and_then(|_| climb.eta(now.fraction));
        self.show(pass, Progress { stage: now.stage, fraction, eta });
    }

    /// Shows progress, unless the job was replaced and another one's is shown.
    fn show(&self, pass: Pass, progress: Progress) {
        if !self.cancel.is_cancelled() {
            self.shared.show_progress(self.queued.id, JobProgress { pass, progress });
        }
    }
}

/// Runs `work`. A panic of the engine ends here and becomes a failure like any other: the one place where a job's panics
/// are caught.
pub(super) fn caught<R>(work: impl FnOnce() -> Result<R, Failure>) -> Result<R, Failure> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = "The sound could not be made because of an internal error. Your takes are safe";
        let cause = format!("panic: {}", panic_text(panic.as_ref()));
        Err(Failure { cause, ..Failure::new(ErrorKind::Compute, text) })
    })
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}
