//! One plugin instance without its plugin: session, worker and the editor's handle.

use crate::engine::{ToneEngine, cache_of};
use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};
use straightshot::editor::link::{EditorLink, View};
use straightshot::shared::{Outcome, Shared};
use straightshot::worker::Worker;
use straightshot::worker::models::ModelCache;
use straightshot_protocol::{ModelId, Request, Stage};
use straightshot_takes::SessionStore;

/// One plugin instance without its plugin.
pub(crate) struct Instance {
    pub(crate) shared: Arc<Shared>,
    pub(crate) worker: Arc<Worker>,
    pub(crate) link: EditorLink,
    /// Ended jobs that the test has seen.
    ended: Cell<u64>,
}

impl Instance {
    pub(crate) fn new(models: Arc<ModelCache>) -> Self {
        let shared = Arc::new(Shared::new(Arc::new(SessionStore::default())));
        let worker = Arc::new(Worker::new(shared.clone(), models));
        Self::around(shared, worker)
    }

    /// An instance of parts that were made before.
    pub(crate) fn around(shared: Arc<Shared>, worker: Arc<Worker>) -> Self {
        let link = EditorLink::new(shared.clone(), worker.clone());
        Self { shared, worker, link, ended: Cell::default() }
    }

    pub(crate) fn with_tones() -> Self {
        Self::new(cache_of(&Arc::new(ToneEngine::default())))
    }

    /// Waits until the editor would see what `condition` asks for.
    pub(crate) fn wait(&self, what: &str, mut condition: impl FnMut(&View) -> bool) -> View {
        let begun = Instant::now();
        loop {
            let view = self.link.view();
            if condition(&view) {
                return view;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "waited in vain for {what}: {:?}",
                view.status
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub(crate) fn wait_until_idle(&self) -> View {
        // A job is busy from the moment its command is handled, which may not have happened yet: the counter of ended
        // jobs says that it was.
        let seen = self.ended.get();
        let view = self.wait("the end of the job", |view| view.status.ended > seen && !view.is_busy());
        self.ended.set(view.status.ended);
        view
    }

    /// How many jobs have begun, and how the last one ended.
    pub(crate) fn told(&self) -> (u64, Option<Outcome>) {
        let status = self.link.view().status;
        self.ended.set(status.ended);
        (status.begun, status.outcome)
    }
}

/// Whether the job is at `stage`.
pub(crate) fn is_at(view: &View, stage: Stage) -> bool {
    view.status.progress().is_some_and(|job| job.progress.stage == stage)
}

/// `request` as a take has it that the tone generator has made.
pub(crate) fn made(request: Request) -> Request {
    Request { model: ModelId::named("tone"), ..request }
}

/// A request for half a second with three steps.
pub(crate) fn request(prompt: &str, seed: u64) -> Request {
    Request { prompt: prompt.to_owned(), seed, seconds: 0.5, steps: 3, ..Request::default() }
}
