//! Files that leave the window.

use super::Moment;
use crate::editor::App;
use crate::editor::action::DeliverAction;
use crate::editor::deliver_panel::pack;
use crate::outbox::Piece;
use straightshot_takes::TakeId;

impl App {
    /// Save, export, and how files are written.
    pub(super) fn perform_deliver(&mut self, action: DeliverAction, at: Moment<'_>) {
        match action {
            DeliverAction::Save(takes) => self.link.save_files(pieces(&takes, at)),
            DeliverAction::SaveChosen => self.link.save_files(pieces(&self.panels.chosen(at.view), at)),
            DeliverAction::ExportPack => {
                let (takes, _) = pack(at.view, &self.panels.chosen(at.view));
                self.link.export_pack(pieces(&takes, at));
            }
            DeliverAction::Export(takes) => self.link.export_pack(pieces(&takes, at)),
            DeliverAction::CancelExport => self.link.cancel_export(),
            DeliverAction::Set(settings) => self.link.set_delivery(*settings),
            DeliverAction::Categorise(id, category) => self.link.set_category(id, category),
            DeliverAction::ChooseFolder => self.link.choose_folder(),
        }
    }
}

/// Whole takes.
fn pieces(takes: &[TakeId], at: Moment<'_>) -> Vec<Piece> {
    takes.iter().filter_map(|id| at.find(*id)).map(|take| take.clone().into()).collect()
}
