//! [any thread] Every type that crosses a thread boundary of the plugin.
//!
//! | from | to | through |
//! |---|---|---|
//! | editor, host | worker | [`Command`] |
//! | worker | editor | [`Event`] (what happened) and [`Status`] (what is) |
//! | editor, host, worker | each other | the session, behind the lock of [`SessionStore`] |
//! | worker, host | audio | clips, by [`ClipOutlet`] |
//! | audio | editor | [`Telemetry`], atomics |
//!
//! The editor sees all of it through one handle, [`EditorLink`].

use crate::publish::ClipOutlet;
use crate::worker::Worker;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use parking_lot::Mutex;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use straightshot_playback::telemetry::Telemetry;
use straightshot_protocol::Request;
use straightshot_takes::{Session, SessionStore, Take, TakeId};

/// Events kept for an editor that is not open. More are dropped: [`Status`] and the session hold the truth.
const EVENT_CAPACITY: usize = 256;

/// What the worker can be asked to do. Sent by the editor and by the host's thread.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Make this sound. Refused with a message if a sound is being made already.
    Generate(Request),
    /// Stop the running job; the session stays as it was, with the draft if there is one.
    Cancel,
    /// The host has restored a state: drop the running job and begin the session's unfinished one, if it has one.
    Restored,
    /// Hand the active take to the audio thread, because another one was chosen.
    Publish,
}

/// What has happened. Sent by the worker, in order; read by the editor.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A job has begun.
    Started,
    /// The job's progress has changed; see [`Status::progress`].
    Progressed,
    /// A new take is in the session, active and on its way to the audio thread. The job may go on to refine it.
    TakeReady(TakeId),
    /// The take that the job has made before has a new version.
    TakeRefined {
        /// The take.
        id: TakeId,
        /// Solver steps of the version.
        steps: u32,
    },
    /// The job was cancelled; what it has made so far is kept.
    Cancelled,
    /// The job failed; takes and sound are as before, and what it has made so far is kept.
    Failed {
        /// What to tell the user.
        user_text: String,
        /// What a developer needs: the chain of causes.
        detail: String,
    },
    /// The host has replaced the session: texts and takes must be read again.
    SessionRestored,
}

/// Progress of the running job, in the form the editor shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// What runs now, e.g. `Step 3 of 8`.
    pub stage: String,
    /// Solver step that runs, from 1, and how many there are; `None` outside the solver.
    pub step: Option<(u32, u32)>,
    /// Share of the work that is done, 0 ..= 1; never decreases within a job.
    pub fraction: f32,
    /// Estimated time left, once there is something to go by.
    pub eta: Option<Duration>,
}

/// How loudly a message should be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// For information.
    Info,
    /// Something is not as the user expects; nothing is broken.
    Warning,
    /// Something the user asked for has failed.
    Error,
}

/// The last thing the plugin has to say to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
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
    /// The job that is queued or running.
    pub job: Option<Request>,
    /// Its progress; `None` if there is no job.
    pub progress: Option<Progress>,
    /// The last message, until the user dismisses it or a job begins.
    pub message: Option<Message>,
    /// Name of the loaded model; `None` until the first sound is made.
    pub model: Option<String>,
}

/// A consistent picture of everything the editor shows. Cheap: texts are cloned, takes are shared.
#[derive(Debug, Clone)]
pub struct View {
    /// What to hear.
    pub prompt: String,
    /// What not to hear.
    pub negative_prompt: String,
    /// Whether the seed stays for the next sound.
    pub seed_locked: bool,
    /// Whether quick versions with few steps are made before the one that was asked for.
    pub draft_first: bool,
    /// Folder of the chosen model, `None` for the built-in one.
    pub model_dir: Option<PathBuf>,
    /// Takes, oldest first.
    pub takes: Vec<Arc<Take>>,
    /// Deleted takes that can be restored, oldest first.
    pub bin: Vec<Arc<Take>>,
    /// The take that notes play.
    pub active_take: Option<TakeId>,
    /// What the worker is doing.
    pub status: Status,
}

impl View {
    /// The take that notes play.
    #[must_use]
    pub fn active(&self) -> Option<&Arc<Take>> {
        self.takes.iter().find(|take| Some(take.id) == self.active_take)
    }

    /// Whether a job is queued or running.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.status.job.is_some()
    }
}

/// State common to the threads of one plugin instance.
pub struct Shared {
    /// Prompt and takes.
    pub session: Arc<SessionStore>,
    /// The way of clips to the audio thread.
    pub outlet: ClipOutlet,
    /// Playhead, meter and counters of the audio thread.
    pub telemetry: Arc<Telemetry>,
    status: Mutex<Status>,
    /// Set whenever persisted data changes, cleared when the host was told.
    unsaved: AtomicBool,
    events: Sender<Event>,
    event_source: Receiver<Event>,
}

impl Shared {
    /// The state of a fresh instance around `session`. Starts nothing.
    #[must_use]
    pub fn new(session: Arc<SessionStore>) -> Self {
        let (events, event_source) = bounded(EVENT_CAPACITY);
        Self {
            session,
            outlet: ClipOutlet::default(),
            telemetry: Arc::default(),
            status: Mutex::default(),
            unsaved: AtomicBool::new(false),
            events,
            event_source,
        }
    }

    /// What the worker is doing.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status.lock().clone()
    }

    /// Changes the status. Called by the worker, and by the editor to dismiss a message.
    pub(crate) fn update_status(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.status.lock());
    }

    /// Shows a message to the user.
    pub(crate) fn say(&self, severity: Severity, text: impl Into<String>, detail: impl Into<String>) {
        let message = Message { severity, text: text.into(), detail: detail.into() };
        self.update_status(|status| status.message = Some(message));
    }

    /// Reports to the editor. An event that finds the queue full is dropped, see [`EVENT_CAPACITY`].
    pub(crate) fn report(&self, event: Event) {
        match self.events.try_send(event) {
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
        }
    }

    /// Sends the active take to the audio thread; a failure becomes a message.
    pub(crate) fn publish_active(&self) {
        self.publish(|| self.session.lock().active().cloned());
    }

    /// Sends the take that `active` returns to the audio thread; a failure becomes a message.
    pub(crate) fn publish(&self, active: impl FnOnce() -> Option<Arc<Take>>) {
        if let Err(e) = self.outlet.publish(active) {
            self.say(Severity::Error, e.to_string(), e.detail());
        }
    }

    /// Notes that the persisted data has changed.
    pub(crate) fn mark_unsaved(&self) {
        self.unsaved.store(true, Ordering::Release);
    }
}

/// The editor's handle on its plugin instance. Owned by the editor; all calls return at once.
///
/// The intended frame: drain [`poll_event`](Self::poll_event) (or ignore it), draw [`view`](Self::view), and once
/// per frame pass [`take_unsaved`](Self::take_unsaved) on to
/// [`StraightshotParams::mark_unsaved`](crate::params::StraightshotParams::mark_unsaved).
#[derive(Clone)]
pub struct EditorLink {
    shared: Arc<Shared>,
    worker: Arc<Worker>,
}

impl EditorLink {
    /// A handle on the instance that owns `shared` and `worker`.
    #[must_use]
    pub fn new(shared: Arc<Shared>, worker: Arc<Worker>) -> Self {
        Self { shared, worker }
    }

    /// Takes the oldest unread event.
    #[must_use]
    pub fn poll_event(&self) -> Option<Event> {
        self.shared.event_source.try_recv().ok()
    }

    /// Everything the editor shows, as it is now.
    #[must_use]
    pub fn view(&self) -> View {
        let status = self.shared.status();
        let session = self.shared.session.lock();
        View {
            prompt: session.prompt.clone(),
            negative_prompt: session.negative_prompt.clone(),
            seed_locked: session.seed_locked,
            draft_first: session.draft_first,
            model_dir: session.model_dir.clone(),
            takes: session.takes().to_vec(),
            bin: session.bin().to_vec(),
            active_take: session.active().map(|take| take.id),
            status,
        }
    }

    /// Playhead, meter and counters of the audio thread.
    #[must_use]
    pub fn telemetry(&self) -> &Telemetry {
        &self.shared.telemetry
    }

    /// Starts a job. The result arrives as a new take; a refusal or failure arrives as a message.
    pub fn generate(&self, request: Request) {
        self.worker.send(Command::Generate(request));
    }

    /// Stops the running job.
    pub fn cancel(&self) {
        self.worker.send(Command::Cancel);
    }

    /// Plays the active take once, without a note.
    pub fn audition(&self) {
        self.shared.telemetry.request_audition();
    }

    /// Fades out everything that sounds.
    pub fn stop_audition(&self) {
        self.shared.telemetry.request_stop();
    }

    /// Stores the prompt.
    pub fn set_prompt(&self, prompt: &str) {
        self.edit(|session| prompt.clone_into(&mut session.prompt));
    }

    /// Stores the negative prompt.
    pub fn set_negative_prompt(&self, negative_prompt: &str) {
        self.edit(|session| negative_prompt.clone_into(&mut session.negative_prompt));
    }

    /// Stores whether the seed stays for the next sound.
    pub fn set_seed_locked(&self, locked: bool) {
        self.edit(|session| session.seed_locked = locked);
    }

    /// Stores whether drafts are made of the next sounds.
    pub fn set_draft_first(&self, draft_first: bool) {
        self.edit(|session| session.draft_first = draft_first);
    }

    /// Chooses a model folder for the next sound, `None` for the built-in model.
    pub fn set_model_dir(&self, model_dir: Option<PathBuf>) {
        self.edit(|session| session.model_dir = model_dir);
    }

    /// Makes a take the one that notes play; what sounds crossfades to it.
    pub fn select_take(&self, id: TakeId) {
        self.edit_takes(|session| session.select(id));
    }

    /// Shows and plays the version of a take with `steps` steps, if there is one; what sounds crossfades to it. Never
    /// starts a job.
    pub fn show_steps(&self, id: TakeId, steps: u32) {
        self.edit_takes(|session| session.show_steps(id, steps));
    }

    /// Moves a take to the bin. If it is being refined, that stops: it was not liked.
    pub fn delete_take(&self, id: TakeId) {
        if self.shared.session.lock().pending_take == Some(id) {
            self.cancel();
        }
        self.edit_takes(|session| session.delete(id));
    }

    /// Brings a take back from the bin and makes it active.
    pub fn restore_take(&self, id: TakeId) {
        self.edit_takes(|session| session.restore(id));
    }

    /// Renames a take.
    pub fn rename_take(&self, id: TakeId, name: &str) {
        self.edit(|session| {
            session.rename(id, name);
        });
    }

    /// Removes the message.
    pub fn dismiss_message(&self) {
        self.shared.update_status(|status| status.message = None);
    }

    /// Whether persisted data has changed since the last call.
    #[must_use]
    pub fn take_unsaved(&self) -> bool {
        self.shared.unsaved.swap(false, Ordering::AcqRel)
    }

    fn edit(&self, change: impl FnOnce(&mut Session)) {
        change(&mut self.shared.session.lock());
        self.shared.mark_unsaved();
    }

    /// Changes the list of takes; if anything has changed, the active take goes to the audio thread.
    fn edit_takes(&self, change: impl FnOnce(&mut Session) -> bool) {
        let changed = change(&mut self.shared.session.lock());
        if changed {
            self.shared.mark_unsaved();
            self.worker.send(Command::Publish);
        }
    }
}
