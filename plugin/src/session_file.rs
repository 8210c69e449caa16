//! The session of the program without a host, in a file: it survives the end of the program, whatever that is.

use crate::params::{Knobs, StraightshotParams};
use crate::repertoire::Arrangement;
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
    /// What those of playing were set to.
    knobs: Value,
    /// What the user has arranged about playing.
    arrangement: Value,
    /// Prompt and takes, as in a project.
    session: Value,
}

/// What a session of the last time was.
#[derive(Default)]
pub(crate) struct Restored {
    /// What the knobs of the next sound were set to.
    pub(crate) request: Option<Request>,
    /// What those of playing were set to.
    pub(crate) knobs: Option<Knobs>,
    /// What the user had arranged about playing.
    pub(crate) arrangement: Option<Arrangement>,
    /// Prompt and takes.
    pub(crate) session: Option<Session>,
}

/// What `file` holds; nothing if there is none. A file that cannot be read
/// is kept under another name, because this one is about to be written.
pub(crate) fn read(file: &Path) -> Restored {
    let Ok(bytes) = std::fs::read(file) else { return Restored::default() };
    let saved = serde_json::from_slice(&bytes).unwrap_or_else(|e| {
        tracing::warn!("{} is damaged: {e}", file.display());
        if let Err(e) = std::fs::rename(file, file.with_extension("damaged.json")) {
            tracing::warn!("it could not be set aside: {e}");
        }
        Saved::default()
    });
    // Reading a session never fails; what is damaged is said to the user.
    Restored {
        request: saved.request,
        // Files of before have neither of the two.
        knobs: serde_json::from_value(saved.knobs).ok(),
        arrangement: serde_json::from_value(saved.arrangement).ok(),
        session: serde_json::from_value(saved.session).ok(),
    }
}

/// Keeps the session of `params` in `file`.
pub(crate) fn keep(file: PathBuf, params: Arc<StraightshotParams>) -> Option<Autosave> {
    let text = move || {
        let request = serde_json::to_string(&params.request()).unwrap_or_default();
        let json = |value: serde_json::Result<String>| value.unwrap_or_else(|_| "null".to_owned());
        let knobs = json(serde_json::to_string(&params.knobs()));
        let arrangement = json(serde_json::to_string(&params.arrangement.get()));
        let session = document::with_references(&params.session.0.snapshot());
        format!(
            "{{\"request\":{request},\"knobs\":{knobs},\"arrangement\":{arrangement},\"session\":{session}}}"
        )
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
        let params = Arc::new(StraightshotParams::new(store, &initial));
        params.arrangement.change(|arrangement| arrangement.place_s = Some(2.5));
        let knobs = Knobs::of(&params);
        drop(keep(file.clone(), params.clone()));
        let restored = read(&file);
        let request = restored.request.expect("the knobs are in the file");
        assert_eq!((request.steps, request.seed), (16, 77));
        assert_eq!(restored.knobs, Some(knobs));
        assert_eq!(restored.arrangement.and_then(|arrangement| arrangement.place_s), Some(2.5));
        assert_eq!(restored.session.map(|session| session.prompt).as_deref(), Some("rain"));
        std::fs::write(&file, [0xff, b'{']).expect("the folder is there");
        assert_eq!(read(&file).request, None);
        assert!(!file.exists() && file.with_extension("damaged.json").exists());
        std::fs::remove_dir_all(folder).expect("it is ours");
    }
}
