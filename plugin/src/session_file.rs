//! The session of the program without a host, in a file: it survives the end of the program, whatever that is.

use crate::params::StraightshotParams;
use serde::Deserialize;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use straightshot_protocol::Request;
use straightshot_takes::{Autosave, Session, document};

/// What the file holds.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Saved {
    /// What the knobs of the next sound were set to.
    request: Option<Request>,
    /// Prompt and takes, as in a project.
    session: Value,
}

/// The settings of the next sound and the session that `file` holds; nothing if there is none. A file that cannot be read
/// is kept under another name, because this one is about to be written.
pub(crate) fn read(file: &Path) -> (Option<Request>, Option<Session>) {
    let Ok(bytes) = std::fs::read(file) else { return (None, None) };
    let Saved { request, session } = serde_json::from_slice(&bytes).unwrap_or_else(|e| {
        tracing::warn!("{} is damaged: {e}", file.display());
        if let Err(e) = std::fs::rename(file, file.with_extension("damaged.json")) {
            tracing::warn!("it could not be set aside: {e}");
        }
        Saved::default()
    });
    // Reading a session never fails; what is damaged is said to the user.
    (request, serde_json::from_value(session).ok())
}

/// Keeps the session of `params` in `file`.
pub(crate) fn keep(file: PathBuf, params: Arc<StraightshotParams>) -> Option<Autosave> {
    let text = move || {
        let request = serde_json::to_string(&params.request()).unwrap_or_default();
        let session = document::with_references(&params.session.0.snapshot());
        format!("{{\"request\":{request},\"session\":{session}}}")
    };
    match Autosave::start(file, text) {
        Ok(autosave) => Some(autosave),
        Err(e) => {
            tracing::warn!("the session is not kept: {e}");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::initial_request;
    use straightshot_takes::SessionStore;

    #[test]
    fn the_session_and_the_knobs_are_there_again_and_a_damaged_file_is_set_aside() {
        let folder = std::env::temp_dir().join(format!("straightshot-session-{}", std::process::id()));
        let file = folder.join("session.json");
        let store = Arc::new(SessionStore::default());
        store.lock().prompt = "rain".to_owned();
        let initial = Request { steps: 16, seed: 77, ..initial_request() };
        drop(keep(file.clone(), Arc::new(StraightshotParams::new(store, &initial))));
        let (request, session) = read(&file);
        let request = request.expect("the knobs are in the file");
        assert_eq!((request.steps, request.seed), (16, 77));
        assert_eq!(session.map(|session| session.prompt).as_deref(), Some("rain"));
        std::fs::write(&file, [0xff, b'{']).expect("the folder is there");
        assert_eq!(read(&file).0, None);
        assert!(!file.exists() && file.with_extension("damaged.json").exists());
        std::fs::remove_dir_all(folder).expect("it is ours");
    }
}
