//! [job thread] One sound from request to samples, with drafts of it on the way.

use super::Message;
use super::ladder::{Climb, ladder};
use super::models::{Found, ModelCache, SoundEngine};
use crate::shared::{JobProgress, Pass, Shared};
use crossbeam_channel::Sender;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use straightshot_engine::pipeline::Generation;
use straightshot_engine::{Error, ErrorKind, Result};
use straightshot_protocol::{Audio, CancelToken, Failure, ModelId, Progress, Request, Stage, StageTimings};
use straightshot_takes::{ModelChoice, Take, TakeId};

/// Identifies a job within its worker.
pub(super) type JobNumber = u64;

/// Everything a job needs, moved to its thread.
pub(super) struct Job {
    pub(super) number: JobNumber,
    pub(super) request: Request,
    /// The model that is to make it.
    pub(super) choice: ModelChoice,
    /// Whether drafts are wanted.
    pub(super) draft_first: bool,
    /// Steps of the best version that exists already, 0 if there is none.
    pub(super) have: u32,
    pub(super) cancel: CancelToken,
    pub(super) models: Arc<ModelCache>,
    pub(super) shared: Arc<Shared>,
    /// Where drafts go.
    pub(super) inbox: Sender<Message>,
}

/// The model of a job, as soon as it is known.
pub(super) struct Chosen {
    pub(super) number: JobNumber,
    pub(super) model: Found,
}

/// A version with fewer steps than were asked for, to be heard until there is a better one.
pub(super) struct Draft {
    pub(super) number: JobNumber,
    pub(super) sound: Sound,
}

/// How a job ended.
pub(super) struct Finished {
    pub(super) number: JobNumber,
    pub(super) result: std::result::Result<Sound, Failure>,
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
        let result = caught(|| self.make_sound());
        let is_missing = matches!(&result, Err(failure) if failure.kind == ErrorKind::MissingModel);
        let here = self.choice.folder.clone().filter(|_| is_missing).and_then(|folder| {
            let id = caught(|| Ok(self.models.look_into(&folder, &self.cancel))).ok().flatten()?;
            Some((folder, id))
        });
        Finished { number: self.number, result, here }
    }

    /// Makes the versions of the ladder one after the other and returns the last. The others are sent as drafts.
    ///
    /// Between two versions every other instance that waits gets its turn: its draft is worth more than our detail.
    fn make_sound(&self) -> Result<Sound, Failure> {
        let Loaded { model, load } = self.load()?;
        let request = Request { model: model.card().id.clone(), ..self.request.clone() };
        let offered: &[u32] = if self.draft_first { &model.card().ladder } else { &[] };
        let ladder = ladder(offered, request.steps, self.have);
        let mut climb = Climb::new(&ladder, &request, model.card());
        for steps in ladder {
            let turn = self.models.turns().take(&self.cancel, || {
                let waiting = Progress { stage: Stage::Wait, fraction: climb.fraction(0.0), eta: None };
                self.show(climb.pass(steps), waiting);
            })?;
            climb.begin(steps);
            let sound = self.make_version(Request { steps, ..request.clone() }, &model, load, &climb)?;
            climb.end();
            drop(turn);
            self.cancel.check()?;
            if steps == request.steps {
                return Ok(sound);
            }
            let draft = Draft { number: self.number, sound };
            // Nobody listens any more if the instance is being removed.
            let _ = self.inbox.send(Message::Draft(Box::new(draft)));
        }
        Err(Failure::new(ErrorKind::Compute, "The sound was asked for without a number of steps"))
    }

    /// Finds the model and loads it, unless it is loaded. Not in turn: a job that has its model need not wait for this.
    fn load(&self) -> Result<Loaded, Failure> {
        self.show(Pass::Only, Progress { stage: Stage::Load, fraction: 0.0, eta: None });
        let started = Instant::now();
        let found = self.models.find(&self.choice, &self.cancel)?;
        let request = Request { model: found.card.id.clone(), ..self.request.clone() };
        request.validate(&found.card)?;
        let model = self.models.get(&found, &self.cancel)?;
        let load = started.elapsed();
        self.cancel.check()?;
        let chosen = Chosen { number: self.number, model: found };
        let _ = self.inbox.send(Message::Chosen(Box::new(chosen)));
        Ok(Loaded { model, load })
    }

    /// Makes one version of the sound.
    fn make_version(
        &self,
        request: Request,
        model: &Arc<dyn SoundEngine>,
        load: Duration,
        climb: &Climb,
    ) -> Result<Sound> {
        let pass = climb.pass(request.steps);
        let mut report = |progress: Progress| self.show_progress(pass, progress, climb);
        let Generation { clips, timings, .. } = model.generate(&request, &mut report, &self.cancel)?;
        let audio = clips.into_iter().next().filter(is_usable).ok_or_else(|| {
            Error::new(ErrorKind::Compute, "The model made a sound that cannot be played; try another seed")
        })?;
        let take = Take::new(TakeId(0), request, &audio)?.that_took(timings.total());
        Ok(Sound { take, model: model.clone(), load, timings })
    }

    fn show_progress(&self, pass: Pass, now: Progress, climb: &Climb) {
        let fraction = climb.fraction(now.fraction);
        let eta = now.eta.and_then(|_| climb.eta(now.fraction));
        self.show(pass, Progress { stage: now.stage, fraction, eta });
    }

    /// Shows progress, unless the job was replaced and another one's is shown.
    fn show(&self, pass: Pass, progress: Progress) {
        if !self.cancel.is_cancelled() {
            self.shared.update_status(|status| status.progress = Some(JobProgress { pass, progress }));
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

fn is_usable(audio: &Audio) -> bool {
    !audio.is_empty()
        && audio.sample_rate_hz() > 0
        && audio.channels().all(|channel| channel.iter().all(|sample| sample.is_finite()))
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}
