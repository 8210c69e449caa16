//! [any thread] What the user has arranged about playing, as a field of the state that a host saves.

use crate::repertoire::Arrangement;
use nice_plug::params::persist::PersistentField;
use parking_lot::Mutex;
use std::sync::{Arc, OnceLock};

/// The arrangement of an instance, as nice-plug saves and restores it.
#[derive(Clone, Default)]
pub struct ArrangementField(Arc<Inner>);

#[derive(Default)]
struct Inner {
    arrangement: Mutex<Arrangement>,
    /// Called after the host has restored a state, without the lock held.
    on_restore: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl ArrangementField {
    /// The arrangement as it is now.
    #[must_use]
    pub fn get(&self) -> Arrangement {
        self.0.arrangement.lock().clone()
    }

    /// Changes it.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Arrangement)) {
        change(&mut self.0.arrangement.lock());
    }

    /// Sets what happens after the host has restored a state. Only the first call counts.
    pub(crate) fn on_restore(&self, hook: impl Fn() + Send + Sync + 'static) {
        let first = self.0.on_restore.set(Box::new(hook)).is_ok();
        debug_assert!(first, "the restore hook is set once, when the instance is made");
    }
}

impl PersistentField<'_, Arrangement> for ArrangementField {
    fn set(&self, restored: Arrangement) {
        // What is no number is no place.
        let place_s = restored.place_s.filter(|place| place.is_finite());
        *self.0.arrangement.lock() = Arrangement { place_s, ..restored };
        if let Some(hook) = self.0.on_restore.get() {
            hook();
        }
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&Arrangement) -> R,
    {
        f(&self.get())
    }
}
