//! Files that leave the window.

use super::Moment;
use crate::editor::App;
use crate::editor::action::{Action, DeliverAction, OutgoingAction, WithChosen};
use crate::editor::deliver_panel::pack;
use crate::outbox::{Errand, Outgoing};

impl App {
    /// Save, export, and how files are written.
    pub(super) fn perform_deliver(&mut self, action: DeliverAction, at: Moment<'_>) {
        match action {
            DeliverAction::Save(outgoing) => self.link.save_files(&outgoing),
            DeliverAction::SaveAs(outgoing) => self.link.save_files_as(&outgoing),
            DeliverAction::Chosen(what) => {
                if let Some(outgoing) = self.panels.outgoing(at.view) {
                    self.perform(with_chosen(what, outgoing), at);
                }
            }
            DeliverAction::ExportPack => {
                let (takes, _) = pack(at.view, &self.panels.chosen(at.view));
                self.link.export_pack(&Outgoing::Takes(takes));
            }
            DeliverAction::Export(takes) => self.link.export_pack(&Outgoing::Takes(takes)),
            DeliverAction::CancelExport => self.link.cancel_export(),
            DeliverAction::Set(settings) => self.link.set_delivery(*settings),
            DeliverAction::Categorise(id, category) => self.link.set_category(id, category),
            DeliverAction::ChooseFolder => self.link.choose_folder(),
        }
    }
}

fn with_chosen(what: WithChosen, outgoing: Outgoing) -> Action {
    match what {
        WithChosen::Save => DeliverAction::Save(outgoing).into(),
        WithChosen::SaveAs => DeliverAction::SaveAs(outgoing).into(),
        WithChosen::Copy => OutgoingAction { errand: Errand::Copy, outgoing }.into(),
    }
}
