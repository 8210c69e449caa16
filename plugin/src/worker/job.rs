//! [job thread] One sound from request to samples.

use super::journal;
use super::models::{ModelCache, SoundEngine};
use crate::shared::{Event, Progress, Shared};
use crate::state::{SoundRequest, Take, TakeId};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use straightshot_engine::pipeline::{self, Audio, CancelToken, Generation, Stage, StageTimings};
use straightshot_engine::{Error, ErrorKind, Result};

/// Identifies a job within its worker.
pub(super) type JobNumber = u64;

/// Everything a job needs, moved to its thread.
pub(super) struct Job {
    pub(super) number: JobNumber,
    pub(super) request: SoundRequest,
    pub(super) model_dir: Option<PathBuf>,
    pub(super) cancel: CancelToken,
    pub(super) models: Arc<ModelCache>,
    pub(super) shared: Arc<Shared>,
}

/// How a job ended.
pub(super) struct Finished {
    pub(super) number: JobNumber,
    pub(super) result: std::result::Result<Sound, Failure>,
}

/// A finished sound.
pub(super) struct Sound {
    /// Not yet numbered.
    pub(super) take: Take,
    /// The model that made it. The worker keeps it, so that it stays loaded for the next job.
    pub(super) model: Arc<dyn SoundEngine>,
    /// Time spent loading the model, almost nothing if another job had loaded it.
    pub(super) load: Duration,
    pub(super) timings: StageTimings,
}

/// Why a job made no sound.
pub(super) enum Failure {
    /// The user, or the removal of the instance, stopped it.
    Cancelled,
    /// Something is wrong.
    Failed {
        /// What to tell the user.
        user_text: String,
        /// The chain of causes.
        detail: String,
    },
}

impl From<Error> for Failure {
    fn from(e: Error) -> Self {
        if e.kind() == ErrorKind::Cancelled {
            return Self::Cancelled;
        }
        Self::Failed { user_text: e.to_string(), detail: e.detail() }
    }
}

impl Job {
    /// Runs the job to its end. A panic in the engine ends here and becomes a failure like any other: the one place
    /// where panics are caught.
    pub(super) fn run(self) -> Finished {
        let result = catch_unwind(AssertUnwindSafe(|| self.make_sound())).unwrap_or_else(|panic| {
            Err(Failure::Failed {
                user_text: "The sound could not be made because of an internal error. Your takes are safe"
                    .to_owned(),
                detail: format!("panic: {}", panic_text(panic.as_ref())),
            })
        });
        Finished { number: self.number, result }
    }

    fn make_sound(&self) -> Result<Sound, Failure> {
        let request = self.request.to_engine();
        request.validate()?;
        let _turn = self.models.take_turn(&self.cancel, || {
            self.show("Waiting for another instance", None, 0.0, None);
        })?;
        self.show("Loading the model", None, 0.0, None);
        let started = Instant::now();
        let loads_before = self.models.loads();
        let model = self.models.get(self.model_dir.as_deref())?;
        let load = started.elapsed();
        if self.models.loads() > loads_before {
            journal::model_loaded(self.models.loads());
        }
        self.cancel.check()?;
        let Generation { clips, timings, .. } =
            model.generate(&request, &mut |progress| self.show_progress(&progress), &self.cancel)?;
        let Audio { samples, sample_rate_hz } =
            clips.into_iter().next().filter(is_usable).ok_or_else(|| {
                Error::new(
                    ErrorKind::Compute,
                    "The model made a sound that cannot be played; try another seed",
                )
            })?;
        let take = Take::new(TakeId(0), self.request.clone(), sample_rate_hz, model.name(), samples);
        Ok(Sound { take, model, load, timings })
    }

    fn show_progress(&self, progress: &pipeline::Progress) {
        let (text, step) = describe(progress.stage);
        self.show(&text, step, progress.fraction, progress.eta);
    }

    /// Shows progress, unless the job was replaced and another one's is shown.
    fn show(&self, stage: &str, step: Option<(u32, u32)>, fraction: f32, eta: Option<Duration>) {
        if self.cancel.is_cancelled() {
            return;
        }
        let fraction = fraction.clamp(0.0, 1.0);
        let progress = Progress { stage: stage.to_owned(), step, fraction, eta };
        self.shared.update_status(|status| status.progress = Some(progress));
        self.shared.report(Event::Progressed);
    }
}

/// The stage in the user's words, and the solver step.
fn describe(stage: Stage) -> (String, Option<(u32, u32)>) {
    match stage {
        Stage::Load => ("Loading the model".to_owned(), None),
        Stage::Text => ("Reading the prompt".to_owned(), None),
        Stage::Flow { step, steps } => (format!("Step {step} of {steps}"), Some((step, steps))),
        Stage::Decode => ("Making the waveform".to_owned(), None),
        Stage::Resample => ("Converting the sample rate".to_owned(), None),
        _ => ("Working".to_owned(), None),
    }
}

fn is_usable(audio: &Audio) -> bool {
    !audio.samples.is_empty()
        && audio.sample_rate_hz > 0
        && audio.samples.iter().all(|sample| sample.is_finite())
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}
