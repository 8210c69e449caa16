//! How files are written: one object for all instances of the process, kept in the user's folder.

use parking_lot::Mutex;
use straightshot_delivery::Settings;
use straightshot_protocol::Failure;
use straightshot_takes::data_folder;

/// `None` until somebody asks.
static CURRENT: Mutex<Option<Settings>> = Mutex::new(None);

/// The settings as they are now.
pub(super) fn current() -> Settings {
    CURRENT
        .lock()
        .get_or_insert_with(|| data_folder().map_or_else(Settings::default, |data| Settings::read(&data)))
        .clone()
}

/// Changes them; returns whether they were others.
pub(super) fn replace(settings: Settings) -> bool {
    CURRENT.lock().replace(settings.clone()) != Some(settings)
}

/// Writes them to the disk.
///
/// # Errors
/// Those of the disk; they count until the process ends all the same.
pub(super) fn keep() -> Result<(), Failure> {
    data_folder().map_or(Ok(()), |data| current().write(&data))
}
