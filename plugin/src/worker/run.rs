//! [worker thread] The loop: one message at a time.

mod listening;
mod model;

use super::job::{Draft, Finished, Job, JobNumber, Sound};
use super::journal;
use super::look::Look;
use super::models::{ModelCache, SoundEngine};
use super::reading::Readers;
use super::{Message, NO_THREAD};
use crate::shared::{Command, Missing, Outcome, Severity, Shared};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::io;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};
use straightshot_protocol::{CancelToken, ErrorKind, Failure, Request};
use straightshot_takes::{Epoch, ModelChoice, Take, TakeId};

/// How often clips are looked after while the audio thread still holds old ones.
const SERVICE_INTERVAL: Duration = Duration::from_millis(50);

/// Stack of a job's thread in bytes: that of a program's main thread, where the engine is used as well.
const JOB_STACK: usize = 8 << 20;

/// The worker's thread: what it has and what it is doing.
pub(super) struct Desk {
    shared: Arc<Shared>,
    models: Arc<ModelCache>,
    inbox: Sender<Message>,
    /// The job whose result is awaited.
    current: Option<Current>,
    /// Threads of jobs that were replaced and are about to end.
    replaced: Vec<JoinHandle<()>>,
    /// Number of jobs so far.
    jobs: JobNumber,
    /// The model of the last job, kept loaded.
    model: Option<Arc<dyn SoundEngine>>,
    /// Who looks for a model that was chosen.
    look: Option<Look>,
    /// Who reads what is being typed.
    readers: Readers,
    /// Who listens to takes, and those that wait for it.
    listener: Option<JoinHandle<()>>,
    unheard: Vec<TakeId>,
}

struct Current {
    number: JobNumber,
    request: Request,
    /// The model that it was begun with.
    choice: ModelChoice,
    /// The session it was begun for.
    epoch: Epoch,
    cancel: CancelToken,
    thread: JoinHandle<()>,
}

impl Desk {
    pub(super) fn new(shared: Arc<Shared>, models: Arc<ModelCache>, inbox: Sender<Message>) -> Self {
        Self {
            shared,
            models,
            inbox,
            current: None,
            replaced: Vec::new(),
            jobs: 0,
            model: None,
            look: None,
            readers: Readers::default(),
            listener: None,
            unheard: Vec::new(),
        }
    }

    /// Serves until shutdown, then waits for the jobs' threads.
    pub(super) fn serve(mut self, messages: &Receiver<Message>) {
        self.read_settings();
        loop {
            self.shared.outlet.service();
            let message = if self.shared.prepare_one() {
                // One sound at a time: whoever asks for something meanwhile does not wait for all of them.
                match messages.try_recv() {
                    Ok(message) => Ok(message),
                    Err(TryRecvError::Empty) => continue,
                    Err(TryRecvError::Disconnected) => Err(RecvTimeoutError::Disconnected),
                }
            } else if self.shared.outlet.needs_service() {
                messages.recv_timeout(SERVICE_INTERVAL)
            } else {
                messages.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match message {
                Ok(Message::Command(command)) => self.obey(command),
                Ok(Message::Chosen(chosen)) => self.chosen(*chosen),
                Ok(Message::Looked(looked)) => self.looked(*looked),
                Ok(Message::Draft(draft)) => self.draft(*draft),
                Ok(Message::Finished(finished)) => self.finish(*finished),
                Ok(Message::Listened(heard)) => self.listened(*heard),
                Ok(Message::AllListened) => self.all_listened(),
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Message::Shutdown) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.replace_current();
        self.stop_looking();
        self.replaced.extend(self.listener.take());
        for thread in self.replaced.drain(..) {
            // A job's thread catches its panics; there is no result to look at.
            let _ = thread.join();
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Generate(_) if self.current.is_some() => {
                let text = "A sound is being made already. Cancel it first, or wait until it is done";
                self.shared.say(Severity::Warning, text, "");
            }
            Command::Generate(request) => {
                let mut request = *request;
                self.shared.update_status(|status| status.notice = None);
                let mut session = self.shared.session.lock();
                if request.model.is_any() {
                    request.model = self.chosen_id(&session.model);
                }
                session.begin(request.clone());
                drop(session);
                self.begin(request);
            }
            Command::Cancel => self.cancel(),
            Command::ModelChosen => self.model_chosen(),
            Command::Read(text) => self.read(text),
            Command::Listen(takes) => self.listen_to(takes),
            Command::SetLevel(level) => self.set_level(level),
            Command::Restored => self.resume(),
            Command::Publish => self.shared.publish_active(),
        }
    }

    /// Begins the unfinished job of a restored session, unless that very job is running.
    fn resume(&mut self) {
        let (pending, epoch) = {
            let session = self.shared.session.lock();
            (session.pending.clone(), session.epoch())
        };
        let is_same = |request: &Request| {
            pending.as_ref().is_some_and(|p| p.steps == request.steps && p.same_but_steps(request))
        };
        if let Some(current) = self.current.as_mut().filter(|current| is_same(&current.request)) {
            current.epoch = epoch;
            return;
        }
        self.replace_current();
        self.show_idle();
        self.shared.update_status(|status| status.missing = None);
        if let Some(request) = pending {
            self.begin(request);
        }
    }

    /// Cancels the current job, whose result no longer matters.
    fn replace_current(&mut self) {
        if let Some(current) = self.current.take() {
            current.cancel.cancel();
            self.replaced.push(current.thread);
        }
    }

    fn cancel(&mut self) {
        if let Some(current) = &self.current {
            current.cancel.cancel();
            return;
        }
        // A job that waits for a model.
        if self.shared.status().missing.is_some() {
            let mut session = self.shared.session.lock();
            let epoch = session.epoch();
            session.drop_pending(epoch);
            drop(session);
            self.shared.update_status(|status| (status.missing, status.notice) = (None, None));
            self.shared.mark_unsaved();
        }
    }

    /// Begins the session's pending job, which is `request`. If a restored job has a take already, the versions that
    /// take has are not made again.
    fn begin(&mut self, request: Request) {
        self.replaced.retain(|thread| !thread.is_finished());
        self.stop_looking();
        let session = self.shared.session.lock();
        let have = session.refined_take(&request).map_or(0, |take| take.request.steps);
        let choice = self.choice_for(&request, &session.model);
        let (draft_first, epoch) = (session.draft_first, session.epoch());
        drop(session);
        self.shared.update_status(|status| {
            status.missing = None;
            status.begun += 1;
            status.job = Some(request.clone());
            status.progress = None;
        });
        self.jobs += 1;
        let number = self.jobs;
        let cancel = CancelToken::default();
        let job = Job {
            number,
            request: request.clone(),
            choice: choice.clone(),
            draft_first,
            have,
            cancel: cancel.clone(),
            models: self.models.clone(),
            shared: self.shared.clone(),
            inbox: self.inbox.clone(),
        };
        match self.spawn(job) {
            Ok(thread) => self.current = Some(Current { number, request, choice, epoch, cancel, thread }),
            Err(e) => {
                let failure = Failure::new(ErrorKind::OutOfMemory, NO_THREAD).because(&e);
                let outcome = self.give_up(failure, epoch);
                self.show_ended(outcome);
            }
        }
    }

    fn spawn(&self, job: Job) -> io::Result<JoinHandle<()>> {
        let inbox = self.inbox.clone();
        Builder::new().name("straightshot-job".to_owned()).stack_size(JOB_STACK).spawn(move || {
            // Nobody listens any more if the instance is being removed.
            let _ = inbox.send(Message::Finished(Box::new(job.run())));
        })
    }

    fn draft(&mut self, Draft { number, sound }: Draft) {
        match self.current.as_ref().filter(|current| current.number == number).map(|current| current.epoch) {
            Some(epoch) => {
                self.keep(sound, epoch, false);
                self.shared.mark_unsaved();
            }
            None => self.keep_in_bin(sound.take),
        }
    }

    fn finish(&mut self, finished: Finished) {
        let Finished { number, result, here } = finished;
        match self.current.take_if(|current| current.number == number) {
            Some(current) => {
                if let Err(failure) = &result
                    && failure.kind == ErrorKind::MissingModel
                {
                    let wanted = current.choice.id.clone();
                    self.shared.update_status(|status| status.missing = Some(Missing { wanted, here }));
                }
                self.conclude(current, result);
            }
            // Its session was replaced while it ran. A sound that came out all the same is not thrown away.
            None => {
                if let Ok(Sound { take, .. }) = result {
                    self.keep_in_bin(take);
                }
            }
        }
    }

    fn conclude(&mut self, current: Current, result: Result<Sound, Failure>) {
        let Current { request, epoch, thread, .. } = current;
        self.replaced.push(thread);
        let outcome = match result {
            Ok(sound) => Outcome::Made(self.keep(sound, epoch, true)),
            Err(failure) => self.give_up(failure, epoch),
        };
        tracing::debug!("job of {request:?} ended: {outcome:?}");
        self.shared.mark_unsaved();
        self.show_ended(outcome);
    }

    /// Shows that a job has ended. At once with its going, so that whoever sees it gone knows how it ended.
    fn show_ended(&self, outcome: Outcome) {
        self.shared.update_status(|status| {
            status.job = None;
            status.progress = None;
            status.ended += 1;
            status.outcome = Some(outcome);
        });
    }

    fn show_idle(&self) {
        self.shared.update_status(|status| {
            status.job = None;
            status.progress = None;
        });
    }

    fn give_up(&self, failure: Failure, epoch: Epoch) -> Outcome {
        // The journal and the notice come first: whoever sees the job gone finds the reason there.
        let outcome = if failure.kind == ErrorKind::Cancelled {
            Outcome::Cancelled
        } else {
            journal::failed(&failure.text, &failure.detail());
            self.shared.say(Severity::Error, &*failure.text, failure.detail());
            Outcome::Failed(failure)
        };
        // Without its model the job waits until the user has chosen another, or the model is there again.
        let waits = matches!(&outcome, Outcome::Failed(failure) if failure.kind == ErrorKind::MissingModel);
        if !waits {
            self.shared.session.lock().drop_pending(epoch);
        }
        outcome
    }

    /// Puts a sound into the session; `last` ends the job. It is on its way to the audio thread before the session
    /// shows it, so that whoever sees it can play it. Returns the take that it is in.
    fn keep(&mut self, sound: Sound, epoch: Epoch, last: bool) -> TakeId {
        let Sound { take, model, load, timings } = sound;
        self.learn_pace(model.card(), &take.request, &timings);
        let started = Instant::now();
        let heard = self.shared.session.lock().preview(&take, epoch);
        if let Some(heard) = heard {
            self.shared.publish(|| self.shared.repertoire_with(&heard));
        }
        journal::made(&take, &journal::Times { load, stages: timings, resample: started.elapsed() }, last);
        let id = self.shared.session.lock().place(take, epoch, last);
        // The user may have chosen another take, or the host another session, in the meantime.
        self.shared.publish_active();
        self.shared.update_status(|status| status.model = Some(model.card().id.name.clone()));
        self.model = Some(model);
        id
    }

    /// Keeps a sound whose session was replaced while it was made.
    fn keep_in_bin(&self, take: Take) {
        self.shared.session.lock().keep_in_bin(take);
        self.shared.keeper.wake();
    }
}
