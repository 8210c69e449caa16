//! Editing the active take.

use super::Moment;
use crate::editor::App;
use crate::editor::action::{EditAction, OutgoingAction};
use crate::outbox::{Errand, Outgoing};
use straightshot_edits::{Edit, zero_crossing};
use straightshot_takes::{Take, Wish};

impl App {
    /// Cuts, fades, loops, undo and redo.
    pub(super) fn perform_edit(&mut self, action: EditAction, at: Moment<'_>) {
        let active = at.view.active();
        match action {
            EditAction::Set { take, edit, step, gesture } => self.link.set_edit(take, *edit, step, gesture),
            EditAction::Find(take, wish) => self.link.find(take, wish),
            EditAction::TrimToSelection => {
                if let Some(take) = active {
                    self.trim_to_selection(take);
                }
            }
            EditAction::Reverse => {
                if let Some(take) = active {
                    let edit = Edit { reverse: !take.edit.reverse, ..take.edit.clone() };
                    self.link.set_edit(take.id, edit, "reverse", None);
                }
            }
            EditAction::ToggleLoop => match active {
                Some(take) if take.edit.looped.is_some() => {
                    let edit = Edit { looped: None, ..take.edit.clone() };
                    self.link.set_edit(take.id, edit, "loop", None);
                }
                Some(take) => self.link.find(take.id, Wish::Loop),
                None => {}
            },
            EditAction::ToggleLooping => self.panels.waveform_mut().toggle_looping(),
            EditAction::ShowSelection => {
                if let Some(take) = active {
                    self.panels.waveform_mut().show_selection(take);
                }
            }
            EditAction::Undo => self.link.undo(),
            EditAction::Redo => self.link.redo(),
            EditAction::TakeOut { take, range_s } => {
                let outgoing = Outgoing::part(take, range_s);
                self.perform_outgoing(OutgoingAction { errand: Errand::Drag, outgoing });
            }
        }
    }

    fn trim_to_selection(&mut self, take: &Take) {
        let Some(part) = self.panels.waveform_mut().selected(take) else { return };
        let kept = take.edit.kept(take.audio().frames());
        // Two milliseconds are not seen at this zoom, and a click is heard.
        let reach = take.audio().sample_rate_hz() as usize / 500;
        let cut = |frame| zero_crossing(take.audio(), frame, reach);
        let part = cut(part.start.max(kept.start))..cut(part.end.min(kept.end));
        if part.is_empty() {
            return;
        }
        self.link.set_edit(take.id, Edit { trim: Some(part), ..take.edit.clone() }, "trim", None);
        self.panels.waveform_mut().select_nothing();
    }
}
