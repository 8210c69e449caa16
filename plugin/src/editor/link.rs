//! What the editor sees of its plugin instance, and what it can ask of it.
//!
//! What belongs to one area of the window is in a file of `link/`, each with a further `impl EditorLink`.

mod outgoing;
mod watch;

pub use outgoing::Offers;

use crate::guide::Guiding;
use crate::outbox::OutboxState;
use crate::outbox::Timeline;
use crate::shared::{Command, Shared, Status};
use crate::worker::Worker;
use std::path::PathBuf;
use std::sync::Arc;
use straightshot_playback::telemetry::Telemetry;
pub use straightshot_playback::telemetry::Tempo;
use straightshot_protocol::{Card, Curve, Timing};
use straightshot_takes::{Embed, Epoch, Gesture, ModelChoice, Session, Shelf, Take, TakeId};

mod deliver;
mod edits;
mod guide;
mod library;
mod playing;
mod queue;
mod versions;

pub use playing::{Arrangement, Audition, Begin, Playing, Readiness, SoundId};

/// A consistent picture of everything the editor shows. Cheap: texts are cloned, takes are shared.
#[derive(Debug, Default, Clone)]
pub struct View {
    /// What to hear.
    pub prompt: String,
    /// What not to hear.
    pub negative_prompt: String,
    /// Who says when things happen in the next sound.
    pub timing: Timing,
    /// How loud the next sound is over time.
    pub curve: Option<Curve>,
    /// Whether the seed stays for the next sound.
    pub seed_locked: bool,
    /// Whether quick versions with few steps are made before the one that was asked for.
    pub draft_first: bool,
    /// Whether the first sound of a job is played when it is there.
    pub play_when_ready: bool,
    /// How many sounds a click makes.
    pub variations: u32,
    /// The model of the next sound.
    pub model: ModelChoice,
    /// Takes, oldest first.
    pub takes: Vec<Arc<Take>>,
    /// Deleted takes that can be restored, oldest first.
    pub bin: Vec<Arc<Take>>,
    /// The take that notes play.
    pub active_take: Option<TakeId>,
    /// Which sounds are put into the project.
    pub embed: Embed,
    /// Bytes that they take in it now.
    pub embedded_bytes: u64,
    /// How often the host has replaced the session; when it grows, texts must be read again.
    pub epoch: Epoch,
    /// What the worker is doing.
    pub status: Status,
    /// What is heard.
    pub playing: Option<Playing>,
    /// What is heard in place of the active take, and how loud; see [`EditorLink::hear_instead`].
    pub instead: Option<(SoundId, f32)>,
    /// What the user has arranged about playing that is no parameter.
    pub arrangement: Arrangement,
    /// How many takes can be played, and why not all.
    pub readiness: Readiness,
    /// Where the host's song is, in seconds; `None` if the host does not tell.
    pub song_position_s: Option<f64>,
    /// The host's tempo; `None` if the host does not tell.
    pub tempo: Option<Tempo>,
    /// Which sound from outside is being read or recorded.
    pub guiding: Guiding,
    /// What the library knows.
    pub shelf: Arc<Shelf>,
    /// The step that can be undone.
    pub undo: Option<&'static str>,
    /// The step that can be done again.
    pub redo: Option<&'static str>,
    /// Whether something is being looked for in the active take.
    pub finding: bool,
    /// Where the host puts files by itself.
    pub offers: Offers,
    /// Files that go out, and how.
    pub outbox: OutboxState,
}

impl View {
    /// The take that notes play.
    #[must_use]
    pub fn active(&self) -> Option<&Arc<Take>> {
        self.takes.iter().find(|take| Some(take.id) == self.active_take)
    }

    /// The take that is heard now, if nobody has heard it before.
    #[must_use]
    pub fn heard_unread(&self) -> Option<&Arc<Take>> {
        let heard = self.playing?.sound.take;
        self.takes.iter().find(|take| take.unread && take.id == heard)
    }

    /// What the model of the next sound can do, as far as is known.
    #[must_use]
    pub fn card(&self) -> Option<&Card> {
        self.status.card.as_deref()
    }

    /// The active take, while a job adds finer versions to it.
    #[must_use]
    pub fn refining(&self) -> Option<TakeId> {
        let id = self.active_take?;
        self.status.running().filter(|job| job.takes.contains(&id)).map(|_| id)
    }

    /// Whether a sound is being made or is about to be.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.status.is_busy()
    }
}

/// The editor's handle on its plugin instance. Owned by the editor; all calls return at once.
///
/// The intended frame: draw [`view`](Self::view), and [tell the host of changes](Self::tell_host_of_changes), or where it does
/// not hear of them so, pass [`take_unsaved`](Self::take_unsaved) on to
/// [`StraightshotParams::mark_unsaved`](crate::params::StraightshotParams::mark_unsaved).
#[derive(Clone)]
pub struct EditorLink {
    shared: Arc<Shared>,
    worker: Arc<Worker>,
    /// The host's timeline, where there is a host.
    timeline: Option<Timeline>,
}

impl EditorLink {
    /// A handle on the instance that owns `shared` and `worker`.
    #[must_use]
    pub fn new(shared: Arc<Shared>, worker: Arc<Worker>) -> Self {
        Self { shared, worker, timeline: None }
    }

    /// Everything the editor shows, as it is now.
    #[must_use]
    pub fn view(&self) -> View {
        let (playing, song_position_s) = (self.playing(), self.song_position_s());
        let (arrangement, readiness) = (self.arrangement(), self.readiness());
        let shelf = self.shared.library.as_ref().map(|library| library.shelf()).unwrap_or_default();
        let (status, outbox) = (self.shared.status(), self.outbox());
        let session = self.shared.session.lock();
        View {
            prompt: session.prompt.clone(),
            negative_prompt: session.negative_prompt.clone(),
            timing: session.timing.clone(),
            curve: session.curve.clone(),
            seed_locked: session.seed_locked,
            draft_first: session.draft_first,
            play_when_ready: session.play_when_ready,
            variations: session.variations,
            model: session.model.clone(),
            takes: session.takes().to_vec(),
            bin: session.bin().to_vec(),
            active_take: session.active().map(|take| take.id),
            embed: session.embed,
            embedded_bytes: session.embedded_bytes(),
            epoch: session.epoch(),
            status,
            playing,
            instead: self.heard_instead(),
            arrangement,
            readiness,
            song_position_s,
            tempo: self.shared.telemetry.tempo(),
            guiding: self.guiding(),
            shelf,
            undo: session.undo_name(),
            redo: session.redo_name(),
            finding: session.active().is_some_and(|take| session.is_wished(take.id)),
            offers: self.offers(),
            outbox,
        }
    }

    /// Playhead, meter and counters of the audio thread.
    #[must_use]
    pub fn telemetry(&self) -> &Telemetry {
        &self.shared.telemetry
    }

    /// Stores the prompt.
    pub fn set_prompt(&self, prompt: &str) {
        self.edit(|session| prompt.clone_into(&mut session.prompt));
    }

    /// Stores the negative prompt.
    pub fn set_negative_prompt(&self, negative_prompt: &str) {
        self.edit(|session| negative_prompt.clone_into(&mut session.negative_prompt));
    }

    /// Stores when things happen and how loud the next sound is over time, as a step called `step`; steps of one gesture are
    /// one.
    pub fn set_lane(
        &self,
        timing: Timing,
        curve: Option<Curve>,
        step: &'static str,
        gesture: Option<Gesture>,
    ) {
        self.edit(|session| session.set_lane(timing, curve, step, gesture));
    }

    /// Stores whether the seed stays for the next sound.
    pub fn set_seed_locked(&self, locked: bool) {
        self.edit(|session| session.seed_locked = locked);
    }

    /// Stores whether drafts are made of the next sounds.
    pub fn set_draft_first(&self, draft_first: bool) {
        self.edit(|session| session.draft_first = draft_first);
    }

    /// Chooses a model folder for the next sound, `None` for the model of the program. A job that waits for a model begins
    /// with it.
    pub fn use_model(&self, folder: Option<PathBuf>) {
        self.edit(|session| session.model = folder.map(ModelChoice::in_folder).unwrap_or_default());
        self.worker.send(Command::ModelChosen);
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

    /// Renames a take.
    pub fn rename_take(&self, id: TakeId, name: &str) {
        self.edit(|session| {
            session.rename(id, name);
        });
    }

    /// Chooses which sounds are put into the project.
    pub fn set_embed(&self, embed: Embed) {
        self.edit(|session| session.embed = embed);
    }

    /// Where sounds are written beside the project; `None` where the system names no place for a user's data.
    #[must_use]
    pub fn takes_folder(&self) -> Option<PathBuf> {
        self.shared.keeper.folder().map(|folder| folder.path())
    }

    /// Removes the notice.
    pub fn dismiss_notice(&self) {
        self.shared.update_status(|status| status.notice = None);
    }

    /// Whether persisted data has changed since the last call.
    #[must_use]
    pub fn take_unsaved(&self) -> bool {
        self.shared.take_unsaved()
    }

    /// Has the host told on its main thread that persisted data has changed, if it has; whether it has a way to hear of that.
    #[must_use]
    pub fn tell_host_of_changes(&self) -> bool {
        self.timeline.as_ref().is_some_and(|host| host.tell_of_changes())
    }

    /// Whether persisted data has changed that the host was not told of.
    #[must_use]
    pub fn is_unsaved(&self) -> bool {
        self.shared.is_unsaved()
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
