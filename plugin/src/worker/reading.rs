//! [worker thread] Reads the texts that are being typed, as the model of the next sound will read them.

use std::path::{Path, PathBuf};
use straightshot_engine::model::reader::Reader;
use straightshot_protocol::Reading;

/// The reader of the model that was asked last. Making one takes some tens of milliseconds, reading microseconds.
#[derive(Debug, Default)]
pub(super) struct Readers {
    last: Option<(Option<PathBuf>, Option<Reader>)>,
}

impl Readers {
    /// What the model in `folder`, or that of the program, makes of `text`; `None` if it cannot be asked, which whoever wants a
    /// sound of it is told.
    pub(super) fn read(&mut self, folder: Option<&Path>, text: &str) -> Option<Reading> {
        if self.last.as_ref().is_none_or(|(of, _)| of.as_deref() != folder) {
            let reader = match folder {
                Some(folder) => Reader::from_dir(folder),
                None => Reader::builtin(),
            };
            self.last = Some((folder.map(Path::to_owned), reader.ok()));
        }
        let (_, reader) = self.last.as_ref()?;
        reader.as_ref()?.read(text).ok()
    }
}
