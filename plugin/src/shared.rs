//! [any thread] Every type that crosses a thread boundary of the plugin.
//!
//! | from | to | through |
//! |---|---|---|
//! | editor, host | worker | [`Command`] |
//! | worker | editor | [`Status`]: what is, and counters of what has happened |
//! | editor, host, worker, keeper | each other | the session, behind the lock of [`SessionStore`] |
//! | worker, keeper, host | audio | banks of sounds, by [`ClipOutlet`] |
//! | audio | editor | [`Telemetry`], atomics |
//!
//! The editor sees all of it through one handle, [`EditorLink`](crate::editor::link::EditorLink).
//!
//! There is no queue of events: one that nobody reads while the window is closed fills up, and what comes then is lost.
//! Counters cannot overflow, and whoever looks later sees the newest state.

use crate::arrangement::ArrangementField;
use crate::guide::Guide;
use crate::host_place::HostPlace;
use crate::measured::{Measured, Pace, ReadText};
use crate::outbox::Outbox;
use crate::publish::ClipOutlet;
use crate::repertoire::{Repertoire, Wishes};
use parking_lot::Mutex;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use straightshot_listening::LevelChoice;
use straightshot_playback::handoff::BankReceiver;
use straightshot_playback::telemetry::Telemetry;
use straightshot_protocol::{Card, Failure, ModelId, Progress, Request};
use straightshot_takes::{
    JobId, Keeper, Library, Purpose, QueuedJob, SessionStore, Take, TakeId, TakesFolder,
};

/// Samples, in all channels, of an active take that is unpacked at once when a host loads a project into a playing instance:
/// some 15 ms of work, for five seconds of mono.
const SHORT_SAMPLES: u64 = 240_000;
/// How long a host waits that activates the plugin or renders offline: longer than the longest sound takes.
pub(crate) const RENDER_WAIT: Duration = Duration::from_secs(20);
/// How long an offline render waits for a sound that does not get on, and how often it looks.
const STALLED: Duration = Duration::from_secs(60);
const RENDER_POLL: Duration = Duration::from_millis(2);

/// What the worker can be asked to do. Sent by the editor and by the host's thread.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Make this sound from each of these seeds, when everything is made that was asked for before.
    Generate(Box<QueuedJob>),
    /// Make the version of a take with so many steps, by its own recipe.
    Refine(TakeId, u32),
    /// Give up a job; what it has made so far stays.
    Cancel(JobId),
    /// Give up the running job, or what waits for its model if none runs.
    CancelRunning,
    /// Give up all jobs.
    CancelAll,
    /// Nobody wants what was yet to be made of a take: stop the running job if it has nothing else to do.
    Abandoned,
    /// The host has restored a state: drop the running job unless that is unfinished there too, and go on with what is.
    Restored,
    /// Hand what can be played to the audio thread, because there is something else to be played.
    Publish,
    /// Read this text as the model of the next sound will.
    Read(String),
    /// Listen to the versions of these takes: how loud they are, how far from the finest.
    Listen(Vec<TakeId>),
    /// From now on new sounds are this loud, in all projects.
    SetLevel(LevelChoice),
    /// Another model was chosen: begin the jobs that wait for one, or look what the model can do.
    ModelChosen,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Its sound is this take.
    Made(TakeId),
    /// It was cancelled; what it has made so far is kept.
    Cancelled,
    /// It failed; takes and sound are as before, and what it has made so far is kept.
    Failed(Failure),
}

/// A model that a job needs and that is not on this computer. The job waits until another model is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The model.
    pub wanted: ModelId,
    /// What is in its folder now, if that is another model.
    pub here: Option<(PathBuf, ModelId)>,
}

/// What a version is among those of its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// There is no other.
    Only,
    /// It is heard before all others.
    FirstDraft,
    /// It takes the place of one with fewer steps.
    Refinement,
}

/// How far the running job is with all of its versions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JobProgress {
    /// Which version is being made.
    pub pass: Pass,
    /// Stage of that version, share of the whole job, time left of it.
    pub progress: Progress,
}

/// Why a job on the list is where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobState {
    /// Its sounds are being made.
    Running,
    /// It follows those before it.
    Queued,
    /// It waits for a model that is not there; those behind it go on.
    Missing(Missing),
}

/// A job on the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its identifier.
    pub id: JobId,
    /// Whether it makes new takes or one more version of a take.
    pub purpose: Purpose,
    /// What it makes, with the seed of the first sound.
    pub request: Request,
    /// The takes it is at work on: those it has made so far, or the one it refines.
    pub takes: Vec<TakeId>,
    /// How many sounds were asked for.
    pub count: usize,
    /// How many of them have all of their steps.
    pub done: usize,
    /// Whether it runs.
    pub state: JobState,
    /// How far it is; `None` until its thread has begun.
    pub progress: Option<JobProgress>,
}

/// How loudly a notice should be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// For information.
    Info,
    /// Something is not as the user expects; nothing is broken.
    Warning,
    /// Something the user asked for has failed.
    Error,
}

/// Something the plugin has to say to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How loudly to show it.
    pub severity: Severity,
    /// One or two sentences for the user.
    pub text: String,
    /// More for a developer; may be empty. Suited for a tooltip.
    pub detail: String,
}

/// What the worker is doing. Written by the worker, read by the editor.
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// What is being made and what is yet to be made, in the order in which it will be.
    pub jobs: Vec<Job>,
    /// The last notice, until the user dismisses it or a job begins.
    pub notice: Option<Notice>,
    /// Name of the loaded model; `None` until the first sound is made.
    pub model: Option<String>,
    /// What the model of the next sound can do, as far as is known: that of the program until the chosen one was looked at.
    pub card: Option<Arc<Card>>,
    /// The texts that were read last, the newest at the end.
    pub readings: Vec<Arc<ReadText>>,
    /// What was heard of takes.
    pub measured: Arc<Measured>,
    /// How fast this computer makes sounds, learnt from the jobs of this instance.
    pub pace: Option<Arc<Pace>>,
    /// How loud new sounds are.
    pub level: LevelChoice,
    /// The model that the first of the jobs that wait for one waits for, because it is not there.
    pub missing: Option<Missing>,
    /// Jobs that have begun so far.
    pub begun: u64,
    /// Jobs that have ended so far; those that another session replaced are not counted.
    pub ended: u64,
    /// How the last one of them ended.
    pub outcome: Option<Outcome>,
}

impl Status {
    /// The job that is being made.
    #[must_use]
    pub fn running(&self) -> Option<&Job> {
        self.jobs.iter().find(|job| job.state == JobState::Running)
    }

    /// How far that is; `None` until its thread has begun, and if there is none.
    #[must_use]
    pub fn progress(&self) -> Option<JobProgress> {
        self.running().and_then(|job| job.progress)
    }

    /// Whether something is being made or is about to be.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.jobs.iter().any(|job| !matches!(job.state, JobState::Missing(_)))
    }
}

/// State common to the threads of one plugin instance.
pub struct Shared {
    /// Prompt and takes.
    pub session: Arc<SessionStore>,
    /// Brings their sounds into memory and to the disk.
    pub keeper: Arc<Keeper>,
    /// The sounds of all projects; `None` where the system names no place for a user's data.
    pub library: Option<Arc<Library>>,
    /// The way of clips to the audio thread.
    pub outlet: ClipOutlet,
    /// Playhead, meter and counters of the audio thread.
    pub telemetry: Arc<Telemetry>,
    /// What was asked to be heard.
    pub(crate) wishes: Mutex<Wishes>,
    /// What the user has arranged about playing.
    pub(crate) arrangement: ArrangementField,
    /// Takes on their way to files.
    pub outbox: Outbox,
    /// Sounds from outside that the next sound follows.
    pub guide: Guide,
    /// How long the one is that was followed last, s, until the window asks.
    pub(crate) followed_s: Mutex<Option<f64>>,
    /// Where the host is, for what files say about themselves.
    pub host_place: Arc<HostPlace>,
    status: Mutex<Status>,
    /// Set whenever persisted data changes, cleared when the host was told.
    unsaved: AtomicBool,
    /// Whether the host renders faster than it plays and can wait; see [`Shared::set_offline`].
    offline: AtomicBool,
    /// Whether a render still waits for sounds that are being made, and has not waited in vain.
    patient: AtomicBool,
    /// Counts what the window should know of, see [`Shared::touch`].
    changes: AtomicU64,
}

impl Shared {
    /// The state of a fresh instance around `session`, whose sounds stay in memory and in the project. Starts nothing.
    #[must_use]
    pub fn new(session: Arc<SessionStore>) -> Self {
        Self::with_folder(session, None)
    }

    /// The state of a fresh instance around `session`, whose sounds go to `folder` too. Starts nothing.
    #[must_use]
    pub fn with_folder(session: Arc<SessionStore>, folder: Option<Arc<TakesFolder>>) -> Self {
        let telemetry = Arc::<Telemetry>::default();
        let host_place = Arc::new(HostPlace::new(telemetry.clone()));
        let keeper = Arc::new(Keeper::new(session.clone(), folder));
        Self {
            outbox: Outbox::new(host_place.clone(), keeper.clone()),
            keeper,
            session,
            library: None,
            outlet: ClipOutlet::default(),
            telemetry,
            wishes: Mutex::default(),
            arrangement: ArrangementField::default(),
            guide: Guide::default(),
            followed_s: Mutex::default(),
            host_place,
            status: Mutex::default(),
            unsaved: AtomicBool::new(false),
            offline: AtomicBool::new(false),
            patient: AtomicBool::new(false),
            changes: AtomicU64::new(0),
        }
    }

    /// The same state with the library that its sounds can be found in.
    #[must_use]
    pub fn with_library(self, library: Option<Arc<Library>>) -> Self {
        Self { library, ..self }
    }

    /// What the worker is doing.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status.lock().clone()
    }

    /// Changes the status. Called by the worker, and by the editor to dismiss a notice.
    pub(crate) fn update_status(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.status.lock());
        self.touch();
    }

    /// Lets an open window draw itself anew. For changes that are neither in the status nor in the list of takes: work of a
    /// background thread that is done, for example.
    pub(crate) fn touch(&self) {
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// How often something has changed that the window should know of.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Shows how far a job is, if it is on the list.
    pub(crate) fn show_progress(&self, id: JobId, progress: JobProgress) {
        self.update_status(|status| {
            if let Some(job) = status.jobs.iter_mut().find(|job| job.id == id) {
                job.progress = Some(progress);
            }
        });
    }

    /// Shows a notice to the user.
    pub(crate) fn say(&self, severity: Severity, text: impl Into<String>, detail: impl Into<String>) {
        let notice = Notice { severity, text: text.into(), detail: detail.into() };
        self.update_status(|status| status.notice = Some(notice));
    }

    /// Everything that can be played now.
    pub(crate) fn repertoire(&self) -> Repertoire {
        let (wishes, arrangement) = (self.wishes.lock().clone(), self.arrangement.get());
        Repertoire::new(&self.session.lock(), &wishes, &arrangement)
    }

    /// Everything that can be played, with `active` in the place of the active take.
    pub(crate) fn repertoire_with(&self, active: &Arc<Take>) -> Repertoire {
        let (wishes, arrangement) = (self.wishes.lock().clone(), self.arrangement.get());
        Repertoire::with_active(&self.session.lock(), Some(active), &wishes, &arrangement)
    }

    /// Sends what can be played to the audio thread, as far as it is ready; a failure becomes a notice.
    pub(crate) fn publish_active(&self) {
        self.publish(|| self.repertoire());
    }

    /// Sends what `wanted` returns to the audio thread; a failure becomes a notice. What is not in memory is brought there.
    pub(crate) fn publish(&self, wanted: impl Fn() -> Repertoire) {
        if let Err(e) = self.outlet.publish(wanted) {
            self.say(Severity::Error, e.to_string(), e.detail());
        }
        let unread = self.outlet.readiness().unread;
        if self.session.lock().want(unread) {
            self.keeper.wake();
        }
    }

    /// Makes one more sound ready to be played. Returns whether there was one; to be called until there is none.
    pub(crate) fn prepare_one(&self) -> bool {
        self.outlet.prepare_one(|| self.repertoire()).unwrap_or_else(|e| {
            self.say(Severity::Error, e.to_string(), e.detail());
            true
        })
    }

    /// Connects a new player at the host's rate; see [`ClipOutlet::connect`]. A sound that is still being read would be
    /// missing at the beginning of an offline render, so that one waits for all.
    #[must_use]
    pub fn connect(&self, sample_rate_hz: u32) -> BankReceiver {
        self.keeper.wait_for_active(RENDER_WAIT);
        let offline = self.offline.load(Ordering::Acquire);
        if offline {
            self.wait_for_all();
        }
        let (receiver, sent) = self.outlet.connect(sample_rate_hz, offline, || self.repertoire());
        if let Err(e) = sent {
            self.say(Severity::Error, e.to_string(), e.detail());
        }
        // Before the session is locked: whoever publishes locks the outlet first and the session within.
        let unread = self.outlet.readiness().unread;
        self.session.lock().want(unread);
        receiver
    }

    /// Waits until everything that can be played is in memory. Asks for it again and again: a worker that has just been told
    /// of a restored session asks for what it needs itself, in place of this.
    fn wait_for_all(&self) {
        let end = Instant::now() + RENDER_WAIT;
        loop {
            let ids = self.repertoire().items.iter().map(|item| item.take.id).collect();
            if !self.session.lock().want(ids) || Instant::now() >= end {
                return;
            }
            self.keeper.wait_for_wanted(Duration::from_millis(20));
        }
    }

    /// Whether sounds can be made ready that are not.
    pub(crate) fn is_preparing(&self) -> bool {
        self.outlet.readiness().coming > 0
    }

    /// Says whether the host renders offline, which waits for sounds that a player would begin without. A comparison ends by
    /// that: what is rendered is the active take at its own level, whatever somebody was listening to.
    pub fn set_offline(&self, offline: bool) {
        self.offline.store(offline, Ordering::Release);
        self.patient.store(offline, Ordering::Release);
        if offline {
            self.wishes.lock().instead = None;
        }
    }

    /// Whether the host renders offline and this render has not waited for a sound in vain. Never blocks.
    pub(crate) fn is_patient(&self) -> bool {
        self.patient.load(Ordering::Acquire)
    }

    /// Waits until everything that was asked for is made and can be played, as long as it gets on: a bounce has the sound that
    /// is still being made when it begins. Jobs whose model is not there are not waited for. To be called in an offline
    /// render alone, where a host waits for every block.
    pub(crate) fn wait_for_sounds(&self) {
        let (mut seen, mut since) = (self.way(), Instant::now());
        while self.is_unfinished() || self.is_preparing() {
            if self.way() != seen {
                (seen, since) = (self.way(), Instant::now());
            } else if since.elapsed() > STALLED {
                self.patient.store(false, Ordering::Release);
                let text = "The render did not wait any longer for a sound that is being made, and goes on without it";
                self.say(Severity::Warning, text, format!("nothing has happened for {STALLED:?}"));
                return;
            }
            std::thread::sleep(RENDER_POLL);
        }
    }

    /// Whether something is yet to be made that can be.
    fn is_unfinished(&self) -> bool {
        let listed = self.status.lock().jobs.clone();
        let is_missing =
            |id: JobId| listed.iter().any(|job| job.id == id && matches!(job.state, JobState::Missing(_)));
        let session = self.session.lock();
        session.jobs().iter().any(|job| !job.is_over() && !is_missing(job.id))
    }

    /// How far everything is that a render waits for: it gets on as long as this changes.
    fn way(&self) -> (u64, u64, Option<u32>, usize) {
        let coming = self.outlet.readiness().coming;
        let status = self.status.lock();
        let fraction = status.progress().map(|job| job.progress.fraction.to_bits());
        (status.begun, status.ended, fraction, coming)
    }

    /// Hands the active take of a restored session to the player. A sound that is not in memory yet follows by itself
    /// when it is; until then the player is silent and never plays what was active before.
    ///
    /// Most takes are short and are unpacked here and now, so that a host which plays at once after it has loaded a project
    /// hears them from the first block. An offline render waits for long ones too.
    pub(crate) fn publish_restored(&self) {
        if self.outlet.is_connected() {
            self.keeper.hear_active_if_short(SHORT_SAMPLES);
            if self.offline.load(Ordering::Acquire) {
                self.keeper.wait_for_active(RENDER_WAIT);
            }
        }
        self.keeper.wake();
        self.publish_active();
    }

    /// Whether persisted data has changed since the last call.
    pub(crate) fn take_unsaved(&self) -> bool {
        self.unsaved.swap(false, Ordering::AcqRel)
    }

    /// Whether persisted data has changed since the last call of [`take_unsaved`](Self::take_unsaved).
    pub(crate) fn is_unsaved(&self) -> bool {
        self.unsaved.load(Ordering::Acquire)
    }

    /// Notes that the persisted data has changed.
    pub(crate) fn mark_unsaved(&self) {
        self.unsaved.store(true, Ordering::Release);
        self.touch();
        self.keeper.wake();
    }
}
