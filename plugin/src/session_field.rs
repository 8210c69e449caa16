//! [host thread] The session as a field of the state that a host saves.

use nice_plug::params::persist::PersistentField;
use nice_plug::prelude::PluginState;
use std::sync::Arc;
use straightshot_takes::{Session, SessionStore, document};

/// Name of the field; the same text stands at [`StraightshotParams`](crate::params::StraightshotParams).
const FIELD: &str = "session";

/// The session of an instance, as nice-plug saves and restores it.
#[derive(Clone)]
pub struct SessionField(pub(crate) Arc<SessionStore>);

impl PersistentField<'_, Session> for SessionField {
    fn set(&self, restored: Session) {
        self.0.replace(restored);
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&Session) -> R,
    {
        f(&self.0.snapshot())
    }
}

/// Makes sure that a session the host hands over reaches its reader, see [`document::readable`]. Called before a state
/// is loaded.
pub(crate) fn repair(state: &mut PluginState) {
    if let Some(text) = state.fields.get_mut(FIELD) {
        *text = document::readable(text).into_owned();
    }
}
