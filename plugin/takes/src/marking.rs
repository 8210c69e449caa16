//! [keeper thread] What the user says about the takes of a session is written down beside their sounds too, so that the
//! library knows it in every project.

use super::index::{Marks, marks};
use super::{Session, Take, TakesFolder, default_name};
use std::collections::HashMap;
use std::sync::Arc;
use straightshot_protocol::ContentHash;

/// What the takes folder was told about the sounds of a session.
#[derive(Debug, Default)]
pub(super) struct Told {
    marks: HashMap<ContentHash, Said>,
}

/// What a session can say about a sound; categories and tags are the library's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Said {
    name: Option<String>,
    starred: bool,
    rejected: bool,
    notes: String,
}

impl Said {
    fn of(take: &Take) -> Self {
        Self {
            name: (take.name != default_name(&take.request)).then(|| take.name.clone()),
            starred: take.starred,
            rejected: take.rejected,
            notes: take.notes.clone(),
        }
    }

    fn is(&self, take: &Take) -> bool {
        let named = match &self.name {
            Some(name) => *name == take.name,
            None => take.name == default_name(&take.request),
        };
        named && (self.starred, self.rejected) == (take.starred, take.rejected) && self.notes == take.notes
    }
}

impl Told {
    /// Writes down what has changed in `session` since the last time.
    pub(super) fn tell(&mut self, session: &Session, folder: &Arc<TakesFolder>) {
        // What a project says that is opened is older than what the folder knows: it counts only where that knows nothing.
        let mut changed = Vec::new();
        for take in session.takes() {
            let Some(hash) = take.hash() else { continue };
            let before = self.marks.get(&hash);
            if before.is_some_and(|said| said.is(take)) {
                continue;
            }
            let (first, said) = (before.is_none(), Said::of(take));
            if !first || said != Said::default() {
                changed.push((hash, said.clone(), first));
            }
            self.marks.insert(hash, said);
        }
        if changed.is_empty() {
            return;
        }
        // Without what was said before, what is the library's own would be lost.
        let Ok(known) = marks::read(&folder.path()) else { return };
        let news: Vec<_> = changed
            .into_iter()
            .filter(|(hash, _, first)| !first || !known.contains_key(hash))
            .map(|(hash, Said { name, starred, rejected, notes }, _)| {
                let own = known.get(&hash).cloned().unwrap_or_default();
                (hash, Marks { name, starred, rejected, notes, ..own })
            })
            .collect();
        // A folder that cannot be written is told of when a sound is; the project keeps all of this anyway.
        let _ = folder.mark(&news);
    }
}
