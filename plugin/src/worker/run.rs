//! [worker thread] The loop: one message at a time.

mod listening;
mod model;
mod queue;

use super::job::{Finished, Job, Ready, RunNumber, Sound};
use super::journal;
use super::look::Look;
use super::models::{ModelCache, SoundEngine};
use super::reading::Readers;
use super::{Message, NO_THREAD};
use crate::shared::{Command, Missing, Outcome, Severity, Shared};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};
use straightshot_playback::Audition;
use straightshot_protocol::{CancelToken, ErrorKind, Failure};
use straightshot_takes::{Epoch, JobId, Made, ModelChoice, Take, TakeId};

/// How often clips are looked after while the audio thread still holds old ones.
const SERVICE_INTERVAL: Duration = Duration::from_millis(50);

/// Stack of a job's thread in bytes: that of a program's main thread, where the engine is used as well.
const JOB_STACK: usize = 8 << 20;

/// The worker's thread: what it has and what it is doing.
pub(super) struct Desk {
    shared: Arc<Shared>,
    models: Arc<ModelCache>,
    inbox: Sender<Message>,
    /// The job that runs.
    current: Option<Current>,
    /// Threads of jobs that were replaced and are about to end.
    replaced: Vec<JoinHandle<()>>,
    /// Number of runs so far.
    runs: RunNumber,
    /// Jobs that wait for a model that is not there.
    missing: HashMap<JobId, Missing>,
    /// Jobs that were asked for here, and not by a project that was opened: the first sound of each may be played.
    asked: HashSet<JobId>,
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

/// The job that runs.
struct Current {
    number: RunNumber,
    id: JobId,
    /// The model that it was begun with.
    choice: ModelChoice,
    /// The session it was begun for.
    epoch: Epoch,
    cancel: CancelToken,
    /// The take that it has made or refined last.
    newest: Option<TakeId>,
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
            runs: 0,
            missing: HashMap::new(),
            asked: HashSet::new(),
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
                Ok(Message::Ready(ready)) => self.ready(*ready),
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
            Command::Generate(job) => self.enqueue(*job),
            Command::Refine(take, steps) => self.refine(take, steps),
            Command::Cancel(id) => self.cancel(id),
            Command::CancelRunning => self.cancel_running(),
            Command::CancelAll => self.cancel_all(),
            Command::Abandoned => self.abandoned(),
            Command::ModelChosen => self.model_chosen(),
            Command::Read(text) => self.read(text),
            Command::Listen(takes) => self.listen_to(takes),
            Command::SetLevel(level) => self.set_level(level),
            Command::Restored => self.resume(),
            Command::Publish => self.shared.publish_active(),
        }
    }

    /// Cancels the current job, whose result no longer matters.
    fn replace_current(&mut self) {
        if let Some(current) = self.current.take() {
            current.cancel.cancel();
            self.replaced.push(current.thread);
        }
    }

    fn spawn(&self, job: Job) -> io::Result<JoinHandle<()>> {
        let inbox = self.inbox.clone();
        Builder::new().name("straightshot-job".to_owned()).stack_size(JOB_STACK).spawn(move || {
            // Nobody listens any more if the instance is being removed.
            let _ = inbox.send(Message::Finished(Box::new(job.run())));
        })
    }

    fn ready(&mut self, Ready { number, piece, last, sound }: Ready) {
        let of = |current: &&mut Current| current.number == number;
        let Some(current) = self.current.as_mut().filter(of) else {
            // Its session was replaced while it ran. A sound that came out all the same is not thrown away.
            self.keep_in_bin(sound.take);
            return;
        };
        let made = Made { job: current.id, piece, epoch: current.epoch, last };
        let id = self.keep(sound, made);
        if let Some(current) = &mut self.current {
            current.newest = Some(id);
        }
        self.show_queue();
        self.shared.mark_unsaved();
    }

    fn finish(&mut self, Finished { number, result, here }: Finished) {
        let Some(current) = self.current.take_if(|current| current.number == number) else { return };
        let Current { id, choice, epoch, newest, thread, .. } = current;
        self.replaced.push(thread);
        let was_asked = self.asked.remove(&id);
        let outcome = match (result, newest) {
            (Ok(()), Some(take)) => {
                self.shared.session.lock().drop_job(id, epoch);
                Outcome::Made(take)
            }
            // Whatever was asked for is there already.
            (Ok(()), None) => self.give_up(id, Failure::new(ErrorKind::Cancelled, "Cancelled"), epoch),
            (Err(failure), _) => {
                if failure.kind == ErrorKind::MissingModel {
                    self.missing.insert(id, Missing { wanted: choice.id, here });
                    self.asked.extend(was_asked.then_some(id));
                }
                self.give_up(id, failure, epoch)
            }
        };
        tracing::debug!("job {id:?} ended: {outcome:?}");
        self.shared.mark_unsaved();
        self.show_ended(outcome);
        self.begin_next();
    }

    /// Ends a job that came to nothing, or to less than was asked for. Without its model it waits until the user has chosen
    /// another, or the model is there again.
    fn give_up(&mut self, id: JobId, failure: Failure, epoch: Epoch) -> Outcome {
        // The journal and the notice come first: whoever sees the job gone finds the reason there.
        let outcome = if failure.kind == ErrorKind::Cancelled {
            Outcome::Cancelled
        } else {
            journal::failed(&failure.text, &failure.detail());
            self.shared.say(Severity::Error, &*failure.text, failure.detail());
            Outcome::Failed(failure)
        };
        if !self.missing.contains_key(&id) {
            self.shared.session.lock().drop_job(id, epoch);
        }
        outcome
    }

    /// Shows that a job has ended. At once with its going, so that whoever sees it gone knows how it ended.
    fn show_ended(&self, outcome: Outcome) {
        let jobs = self.listed();
        let missing = queue::first_missing(&jobs);
        self.shared.update_status(|status| {
            (status.jobs, status.missing) = (jobs, missing);
            status.ended += 1;
            status.outcome = Some(outcome);
        });
    }

    /// Puts a sound into the session. It is on its way to the audio thread before the session shows it, so that whoever
    /// sees it can play it. Returns the take that it is in.
    fn keep(&mut self, sound: Sound, made: Made) -> TakeId {
        let Sound { take, model, load, timings } = sound;
        self.learn_pace(model.card(), &take.request, &timings);
        self.learn_pace(model.card(), &take.request, &timings);
        let started = Instant::now();
        let heard = self.shared.session.lock().preview(&take, made);
        let is_new = heard.is_some();
        if let Some(heard) = heard {
            self.shared.publish(|| self.shared.repertoire_with(&heard));
        }
        journal::made(
            &take,
            &journal::Times { load, stages: timings, resample: started.elapsed() },
            made.last,
        );
        let id = self.shared.session.lock().place(take, made);
        // The user may have chosen another take, or the host another session, in the meantime.
        self.shared.publish_active();
        self.shared.update_status(|status| status.model = Some(model.card().id.name.clone()));
        self.model = Some(model);
        if is_new && self.asked.remove(&made.job) {
            self.play();
        }
        id
    }

    /// Plays the first sound of a job, if that is wanted and nobody is playing: the transport rests and nothing sounds.
    fn play(&self) {
        let telemetry = &self.shared.telemetry;
        let wanted = self.shared.session.lock().play_when_ready;
        if wanted && self.shared.outlet.is_connected() && telemetry.voices() == 0 && !telemetry.is_rolling() {
            telemetry.request_audition(&Audition::default());
        }
    }

    /// Keeps a sound whose session was replaced while it was made.
    fn keep_in_bin(&self, take: Take) {
        self.shared.session.lock().keep_in_bin(take);
        self.shared.keeper.wake();
    }

    /// What is said when the system refuses a thread.
    fn no_thread(e: &io::Error) -> Failure {
        Failure::new(ErrorKind::OutOfMemory, NO_THREAD).because(e)
    }
}
