//! One plugin instance without its plugin: session, worker and the editor's handle.

use crate::engine::{ToneEngine, cache_of};
use std::sync::Arc;
use std::time::{Duration, Instant};
use straightshot::shared::{EditorLink, Event, Shared, View};
use straightshot::worker::Worker;
use straightshot::worker::models::ModelCache;
use straightshot_protocol::Request;
use straightshot_takes::SessionStore;

/// One plugin instance without its plugin.
pub(crate) struct Instance {
    pub(crate) shared: Arc<Shared>,
    pub(crate) worker: Arc<Worker>,
    pub(crate) link: EditorLink,
}

impl Instance {
    pub(crate) fn new(models: Arc<ModelCache>) -> Self {
        let shared = Arc::new(Shared::new(Arc::new(SessionStore::default())));
        let worker = Arc::new(Worker::new(shared.clone(), models));
        let link = EditorLink::new(shared.clone(), worker.clone());
        Self { shared, worker, link }
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
        // A job is busy from the moment its command is handled; the first event says that it was.
        let begun = Instant::now();
        while self.link.poll_event().is_none() {
            assert!(begun.elapsed() < Duration::from_secs(20), "nothing happened");
            std::thread::sleep(Duration::from_millis(1));
        }
        self.wait("the end of the job", |view| !view.is_busy())
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        std::iter::from_fn(|| self.link.poll_event()).collect()
    }
}

/// A request for half a second with three steps.
pub(crate) fn request(prompt: &str, seed: u64) -> Request {
    Request { prompt: prompt.to_owned(), seed, seconds: 0.5, steps: 3, ..Request::default() }
}
