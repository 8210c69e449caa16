//! Files that go out.

use super::EditorLink;
use crate::outbox::{OutboxState, Outgoing, Piece, Teller};
use crate::shared::Severity;
use std::sync::Arc;
use straightshot_delivery::Settings;
use straightshot_takes::TakeId;

impl EditorLink {
    /// Writes what goes out as files in the background, edited, named and described as the user has set, and tells the user
    /// where they are.
    pub fn save_files(&self, outgoing: &Outgoing) {
        self.with_pieces(outgoing, |pieces| self.shared.outbox.save(pieces, self.teller()));
    }

    /// Lets the user name the file, or choose the folder of several, in a dialog of the system, and writes it there.
    pub fn save_files_as(&self, outgoing: &Outgoing) {
        self.with_pieces(outgoing, |pieces| self.shared.outbox.save_as(pieces, self.teller()));
    }

    /// Writes what goes out into a folder of its own, with a list and an instrument, and tells the user where it is.
    pub fn export_pack(&self, outgoing: &Outgoing) {
        self.with_pieces(outgoing, |pieces| self.shared.outbox.export(pieces, self.teller()));
    }

    fn with_pieces(&self, outgoing: &Outgoing, then: impl FnOnce(Vec<Piece>)) {
        let pieces = outgoing.pieces(&self.shared.session.lock());
        match pieces {
            Ok(pieces) => then(pieces),
            Err(failure) => self.shared.say(Severity::Error, failure.to_string(), failure.detail()),
        }
    }

    /// Gives up an export; nothing is left of it.
    pub fn cancel_export(&self) {
        self.shared.outbox.cancel();
    }

    /// How files are written, what is being written, and how the last order ended.
    #[must_use]
    pub fn outbox(&self) -> OutboxState {
        self.shared.outbox.state()
    }

    /// Changes how files are written, for all projects.
    pub fn set_delivery(&self, settings: Settings) {
        self.shared.outbox.set(settings, self.teller());
    }

    /// Lets the user choose the folder for files in a dialog of the system.
    pub fn choose_folder(&self) {
        self.shared.outbox.choose_folder(self.teller());
    }

    /// Files a take under a category of the Universal Category System, `None` for the one that its prompt proposes.
    pub fn set_category(&self, id: TakeId, category: Option<&str>) {
        self.edit(|session| {
            session.set_category(id, category);
        });
    }

    /// Makes notices of reports. It may outlive the instance, as a thread that waits for a disk does.
    fn teller(&self) -> Teller {
        let shared = Arc::downgrade(&self.shared);
        Box::new(move |report| {
            let severity = if report.failed { Severity::Error } else { Severity::Info };
            if let Some(shared) = shared.upgrade() {
                shared.say(severity, report.text.as_str(), report.detail.as_str());
            }
        })
    }
}
