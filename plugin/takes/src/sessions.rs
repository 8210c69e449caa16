//! Which sounds the open sessions of this process use, so that nobody deletes them.

use super::{Session, SessionStore, Take};
use parking_lot::Mutex;
use std::collections::HashSet;
use std::sync::{Arc, Weak};
use straightshot_protocol::ContentHash;

/// The sessions of all instances of this process that are still there.
static OPEN: Mutex<Vec<Weak<SessionStore>>> = Mutex::new(Vec::new());

/// Notes a session.
pub(super) fn register(session: &Arc<SessionStore>) {
    let mut open = OPEN.lock();
    open.retain(|known| known.strong_count() > 0);
    if !open.iter().any(|known| std::ptr::eq(known.as_ptr(), Arc::as_ptr(session))) {
        open.push(Arc::downgrade(session));
    }
}

/// The sounds that an open session of this process has, among its takes or in its bin.
#[must_use]
pub fn sounds_in_use() -> HashSet<ContentHash> {
    let open: Vec<_> = OPEN.lock().iter().filter_map(Weak::upgrade).collect();
    open.iter().flat_map(|session| session.lock().sounds()).collect()
}

impl Session {
    /// The sounds that would be missed if they were deleted from the takes folder.
    fn sounds(&self) -> Vec<ContentHash> {
        self.takes().iter().chain(self.bin()).flat_map(|take: &Arc<Take>| take.hashes()).collect()
    }
}
