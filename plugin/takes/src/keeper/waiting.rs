//! [any thread] Waiting for the keeper, with a limit.

use super::{Inner, Keeper, Thread};
use std::time::{Duration, Instant};

impl Keeper {
    /// Waits until the active take is in memory with its edit, or known to be damaged, but no longer than `limit`. Returns
    /// whether it is.
    pub fn wait_for_active(&self, limit: Duration) -> bool {
        self.wake();
        self.wait_while(limit, |inner| inner.session.lock().active().is_some_and(|take| !take.is_rendered()))
    }

    /// Waits until everything is done, but no longer than `limit`. Returns whether it is.
    pub fn wait_until_idle(&self, limit: Duration) -> bool {
        self.wake();
        let running = matches!(*self.thread.lock(), Thread::Running(_));
        !running
            || self.wait_while(limit, |inner| {
                let state = inner.state.lock();
                state.woken || state.busy
            })
    }

    /// Waits until everything that is about to be played is in memory or known to be damaged, but no longer than `limit`.
    pub fn wait_for_wanted(&self, limit: Duration) -> bool {
        self.wake();
        self.wait_while(limit, |inner| inner.session.lock().is_wanting())
    }

    fn wait_while(&self, limit: Duration, pending: impl Fn(&Inner) -> bool) -> bool {
        let end = Instant::now() + limit;
        loop {
            if !pending(&self.inner) {
                return true;
            }
            let mut state = self.inner.state.lock();
            // Whoever ends a task takes this lock to say so; what happened before is seen at the next turn.
            let tick = Instant::now() + Duration::from_millis(2);
            self.inner.changed.wait_until(&mut state, tick.min(end));
            if Instant::now() >= end {
                drop(state);
                return !pending(&self.inner);
            }
        }
    }
}
