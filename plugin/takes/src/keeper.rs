//! [keeper thread] Brings sounds of one session into memory and out of it, so that neither the host nor the editor waits.

mod waiting;

use super::folder::{TakesFolder, Usage};
use super::kept::{Flac, Kept, text_of};
use super::marking::Told;
use super::peaks::peaks;
use super::tasks::{MOST_AUDIO_BYTES, Outcome, Task};
use super::{SessionStore, Take, default_name, flac, sessions};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use parking_lot::{Condvar, Mutex};
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::thread::{Builder, JoinHandle};
use straightshot_edits::{Edited, render};
use straightshot_protocol::{Audio, ContentHash, ErrorKind, Failure, Request};

/// Bytes of text that a sample takes in a project of before, about: four of them, deflated, in base64.
const LEGACY_BYTES: u64 = 4;

/// What the keeper has to tell.
#[derive(Debug, Clone, PartialEq)]
pub enum Happened {
    /// The active take, or another one that can be played, has come into memory, its edit is made, or it turned out to be
    /// damaged: what is played may change.
    Active,
    /// A take has got the edit that was wished for: it is to be saved and played.
    Edited,
    /// What was wished for is not to be found, for this reason.
    NotFound(Failure),
    /// Takes turned out to be damaged; a sentence for each.
    Damaged(Vec<String>),
    /// The takes folder cannot be written. The takes stay in memory and in the project.
    Unwritable(Failure),
    /// The takes folder holds more than it is meant to; told once. Nothing is deleted.
    BeyondQuota {
        /// The folder.
        folder: PathBuf,
        /// What is in it.
        usage: Usage,
        /// What it is meant to hold at most, in bytes.
        quota_bytes: u64,
    },
}

/// Told what has [`Happened`].
type Listener = Box<dyn Fn(Happened) + Send + Sync>;

/// Looks after the sounds of one session on a thread of its own, which starts when there is something to do first: a
/// session without takes has none.
///
/// It brings the active take into memory first, writes new sounds to the takes folder, checks and shows the others, reads
/// what belongs into the project, and lets go of what fills memory: beyond 256 MiB of sounds an instance keeps the
/// active take and the newest.
pub struct Keeper {
    inner: Arc<Inner>,
    thread: Mutex<Thread>,
}

enum Thread {
    Unstarted,
    Running(JoinHandle<()>),
    /// Shut down for good.
    Stopped,
}

struct Inner {
    session: Arc<SessionStore>,
    folder: Option<Arc<TakesFolder>>,
    state: Mutex<State>,
    /// Signalled whenever `state` changes.
    changed: Condvar,
    listener: OnceLock<Listener>,
}

#[derive(Default)]
struct State {
    /// There may be something new to do.
    woken: bool,
    /// The thread is at work.
    busy: bool,
    stopping: bool,
}

impl Keeper {
    /// A keeper of `session`; without a `folder` everything stays in memory and in the project. Starts no thread.
    #[must_use]
    pub fn new(session: Arc<SessionStore>, folder: Option<Arc<TakesFolder>>) -> Self {
        sessions::register(&session);
        let inner = Inner {
            session,
            folder,
            state: Mutex::default(),
            changed: Condvar::new(),
            listener: OnceLock::new(),
        };
        Self { inner: Arc::new(inner), thread: Mutex::new(Thread::Unstarted) }
    }

    /// Sets who is told what happens, on the keeper's thread and without a lock held. Only the first call counts.
    pub fn on_event(&self, listener: impl Fn(Happened) + Send + Sync + 'static) {
        let first = self.inner.listener.set(Box::new(listener)).is_ok();
        debug_assert!(first, "the listener is set once, when the instance is made");
    }

    /// Where the sounds are written.
    #[must_use]
    pub fn folder(&self) -> Option<&Arc<TakesFolder>> {
        self.inner.folder.as_ref()
    }

    /// Says that the session has changed. Returns at once.
    pub fn wake(&self) {
        let mut thread = self.thread.lock();
        match &*thread {
            Thread::Stopped => return,
            Thread::Running(_) => {}
            Thread::Unstarted => {
                if self.inner.next_task(&Refused::default()).is_none() {
                    return;
                }
                let inner = self.inner.clone();
                let started =
                    Builder::new().name("straightshot-keeper".to_owned()).spawn(move || inner.serve());
                match started {
                    Ok(handle) => *thread = Thread::Running(handle),
                    // The next change tries again; until then sounds stay where they are.
                    Err(_) => return,
                }
            }
        }
        self.inner.state.lock().woken = true;
        self.inner.changed.notify_all();
    }

    /// Brings the active take into memory on the calling thread if that is quick: the project holds it, and it has at most
    /// `most_samples` in all channels (unpacking and checking take some 60 ns for each; those of a project of before are
    /// counted by their text). Others are left to the thread.
    pub fn hear_active_if_short(&self, most_samples: u64) {
        let task = {
            let session = self.inner.session.lock();
            session.active().filter(|take| take.is_loading()).and_then(|take| match &take.shown.kept {
                Kept::Flac(flac) if flac.text.is_some() && flac.samples() <= most_samples => {
                    Some(Task::Hear(take.shown.kept.clone(), take.request.clone()))
                }
                Kept::Legacy(legacy) if legacy.text.len() as u64 <= LEGACY_BYTES * most_samples => {
                    Some(Task::Hear(take.shown.kept.clone(), take.request.clone()))
                }
                _ => None,
            })
        };
        let Some(task) = task else { return };
        self.inner.perform(task, &mut Refused::default());
        let render =
            self.inner.session.lock().active().filter(|take| take.wants_rendering()).map(Task::render);
        if let Some(task) = render {
            self.inner.perform(task, &mut Refused::default());
        }
    }

    /// What is heard of a take, read and rendered on the calling thread if it is not in memory, and not kept there. For
    /// whoever hands it on and may wait.
    ///
    /// # Errors
    /// [`ErrorKind::BadData`] if it cannot be read, and those of [`render`].
    pub fn heard_of(&self, take: &Take) -> Result<Arc<Edited>, Failure> {
        let heard = take.edited();
        if take.is_rendered() && !heard.audio.is_empty() {
            return Ok(heard);
        }
        Ok(Arc::new(render(&self.source_of(take)?, &take.edit)?))
    }

    fn source_of(&self, take: &Take) -> Result<Audio, Failure> {
        if !take.audio().is_empty() {
            return Ok(take.audio().clone());
        }
        let heard = match &take.shown.kept {
            Kept::Flac(flac) => self.inner.hear(flac),
            Kept::Legacy(legacy) => legacy.convert(&take.request),
            Kept::Unreadable(_) => Err("the project does not say which it is"),
        };
        let text = |fault| format!("The sound of \"{}\" cannot be read: {fault}", take.name);
        heard.map(|(_, audio)| audio).map_err(|fault| Failure::new(ErrorKind::BadData, text(fault)))
    }

    /// Writes what is not in the takes folder yet and ends the thread. Called when the instance is removed: code of an
    /// unloaded plugin must not be running. Idempotent.
    pub fn shutdown(&self) {
        let previous = std::mem::replace(&mut *self.thread.lock(), Thread::Stopped);
        let Thread::Running(handle) = previous else { return };
        self.inner.state.lock().stopping = true;
        self.inner.changed.notify_all();
        // Whoever is told something may be the last to let go of the instance, on the keeper's own thread.
        if handle.thread().id() == std::thread::current().id() {
            return;
        }
        if handle.join().is_err() {
            self.inner.tell(Happened::Damaged(vec!["The keeper of the takes ended with a panic".to_owned()]));
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.shutdown();
    }
}

impl Inner {
    /// One task after the other, until shutdown.
    fn serve(&self) {
        let (mut refused, mut told) = (Refused::default(), Told::default());
        loop {
            let stopping = {
                let mut state = self.state.lock();
                state.busy = false;
                self.changed.notify_all();
                while !state.woken && !state.stopping {
                    self.changed.wait(&mut state);
                }
                state.busy = true;
                state.woken = false;
                state.stopping
            };
            refused.hashes.clear();
            while let Some(task) = self.next_task(&refused) {
                let stopping = stopping || self.state.lock().stopping;
                if stopping && !matches!(task, Task::Store(..)) {
                    break;
                }
                self.perform(task, &mut refused);
                self.changed.notify_all();
            }
            if let Some(folder) = &self.folder {
                told.tell(&self.session.snapshot(), folder);
            }
            if stopping || self.state.lock().stopping {
                self.store_rest(&mut refused);
                return;
            }
        }
    }

    /// What shutdown waits for: sounds that are nowhere but in memory.
    fn store_rest(&self, refused: &mut Refused) {
        let next = |refused: &Refused| {
            let session = self.session.lock();
            session.next_store(|flac| self.is_storable(flac, refused))
        };
        while let Some(task) = next(refused) {
            self.perform(task, refused);
        }
    }

    fn is_storable(&self, flac: &Flac, refused: &Refused) -> bool {
        self.folder.is_some() && !refused.hashes.contains(&flac.facts.hash)
    }

    fn next_task(&self, refused: &Refused) -> Option<Task> {
        self.session.lock().next_task(|flac| self.is_storable(flac, refused))
    }

    /// Does a task without the session's lock, notes what came of it, and tells.
    fn perform(&self, task: Task, refused: &mut Refused) {
        let (kept, outcome) = match task {
            Task::Hear(kept, request) => {
                let heard = match &kept {
                    Kept::Flac(flac) => self.hear(flac),
                    Kept::Legacy(legacy) => legacy.convert(&request),
                    Kept::Unreadable(_) => Err("the project does not say which it is"),
                };
                (kept, heard.map_or_else(Outcome::Damaged, |(flac, audio)| Outcome::Heard(flac, audio)))
            }
            Task::Find(id, wish, edit, audio) => {
                let found = wish.find(&audio, &edit);
                let changed = self.session.lock().fulfil(id, wish, &edit, found.as_ref().ok().cloned());
                match found {
                    Ok(_) if changed => self.tell(Happened::Edited),
                    Ok(_) => {}
                    Err(failure) => self.tell(Happened::NotFound(failure)),
                }
                return;
            }
            Task::Render(kept, edit, audio) => {
                let edited = render(&audio, &edit).unwrap_or_else(|failure| {
                    // Only a rate that no sound has could be the reason; what can be heard is heard.
                    self.tell(Happened::Damaged(vec![failure.detail()]));
                    Edited::unedited(audio)
                });
                let peaks = peaks(&edited.audio);
                (kept, Outcome::Rendered(edit, Arc::new(edited), peaks))
            }
            Task::Store(flac, request) => match self.store(&flac, &default_name(&request)) {
                Ok(()) => {
                    refused.told = false;
                    self.look_at_quota(refused);
                    (Kept::Flac(flac), Outcome::Stored)
                }
                Err(NotStored::Damaged(fault)) => (Kept::Flac(flac), Outcome::Damaged(fault)),
                Err(NotStored::Unwritable(failure)) => {
                    if !std::mem::replace(&mut refused.told, true) {
                        self.tell(Happened::Unwritable(failure));
                    }
                    refused.hashes.insert(flac.facts.hash);
                    return;
                }
            },
            Task::Fetch(flac, request, audio) => {
                let outcome = self.fetch(&flac, &request, &audio);
                (Kept::Flac(flac), outcome)
            }
        };
        let (damage, active) = {
            let mut session = self.session.lock();
            let active = session.plays(|take| take.shown.kept.is(&kept) && !take.is_rendered());
            let damage = session.conclude(&kept, &outcome);
            session.let_go(MOST_AUDIO_BYTES);
            (damage, active)
        };
        if active {
            self.tell(Happened::Active);
        }
        if !damage.is_empty() {
            self.tell(Happened::Damaged(damage));
        }
    }

    /// Brings the text of a sound back that the project is to hold.
    fn fetch(&self, flac: &Flac, request: &Request, audio: &Audio) -> Outcome {
        match self.read(flac) {
            Ok(bytes) => Outcome::Fetched(Flac { text: text_of(&BASE64.encode(bytes)), ..flac.clone() }),
            Err(fault) => match Flac::pack(audio, request) {
                // The folder has lost it, memory has not.
                Ok((packed, _)) if packed.facts.hash == flac.facts.hash => Outcome::Fetched(packed),
                _ => Outcome::Damaged(fault),
            },
        }
    }

    /// Unpacks a sound from the project or the folder.
    fn hear(&self, flac: &Flac) -> Result<(Flac, straightshot_protocol::Audio), &'static str> {
        let bytes = match &flac.text {
            Some(text) => flac.bytes_of(text)?,
            None => self.read(flac)?,
        };
        Ok((flac.clone(), flac::decode(&bytes)?))
    }

    fn read(&self, flac: &Flac) -> Result<Vec<u8>, &'static str> {
        match &self.folder {
            Some(folder) => folder.read(&flac.facts.hash),
            None => Err("it is not in the project, and there is no takes folder"),
        }
    }

    fn store(&self, flac: &Flac, title: &str) -> Result<(), NotStored> {
        let (Some(folder), Some(text)) = (&self.folder, &flac.text) else { return Ok(()) };
        let bytes = flac.bytes_of(text).map_err(NotStored::Damaged)?;
        folder.write(&flac.facts.hash, title, &bytes).map_err(NotStored::Unwritable)
    }

    /// Tells if the folder has grown beyond what it is meant to hold, once. To look means to read the list of its files,
    /// which only this thread has the time for.
    fn look_at_quota(&self, refused: &mut Refused) {
        let Some(folder) = self.folder.as_ref().filter(|_| !refused.told_quota) else { return };
        let (usage, quota_bytes) = (folder.usage(), folder.quota_bytes());
        if usage.bytes > quota_bytes {
            refused.told_quota = true;
            self.tell(Happened::BeyondQuota { folder: folder.path(), usage, quota_bytes });
        }
    }

    fn tell(&self, happened: Happened) {
        if let Some(listener) = self.listener.get() {
            listener(happened);
        }
    }
}

/// Sounds that the folder did not take. They are tried again when the session changes.
#[derive(Default)]
struct Refused {
    hashes: HashSet<ContentHash>,
    /// Whether the user knows.
    told: bool,
    /// Whether the user knows that the folder holds more than it is meant to.
    told_quota: bool,
}

/// Why a sound is not in the takes folder.
enum NotStored {
    /// It is not what it says.
    Damaged(&'static str),
    /// The folder cannot be written.
    Unwritable(Failure),
}
