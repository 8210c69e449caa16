//! Where files can be taken out of the window: by dragging, and from the menu of what can be dragged.

use super::action::{Action, DeliverAction, OutgoingAction};
use super::controls::{self, Look};
use super::icons::Icon;
use super::list;
use super::shortcuts::Shortcut;
use super::theme;
use crate::editor::link::Offers;
use crate::outbox::{Errand, Outgoing, Place};
use egui::{CursorIcon, Popup, Response, Sense, Ui};

/// Lets `response`, which senses drags, be dragged out of the window; `what` tells what goes out.
pub(super) fn drag_out(response: &Response, what: impl FnOnce() -> Outgoing, actions: &mut Vec<Action>) {
    if response.drag_started_by(egui::PointerButton::Primary) {
        actions.push(OutgoingAction { errand: Errand::Drag, outgoing: what() }.into());
    }
    if response.dragged_by(egui::PointerButton::Primary) {
        response.ctx.set_cursor_icon(CursorIcon::Grabbing);
    }
}

/// A button to drag from, as a place that cannot be missed; a click opens the menu.
pub(super) fn handle(ui: &mut Ui, outgoing: &Outgoing, offers: Offers, actions: &mut Vec<Action>) {
    let hint = "Drag the sound from here to your timeline, or click for other ways";
    let button = controls::icon_button(ui, Icon::Outgoing, theme::CONTROL_HEIGHT, Look::Framed, hint);
    let button = button.interact(Sense::drag()).on_hover_cursor(CursorIcon::Grab);
    drag_out(&button, || outgoing.clone(), actions);
    Popup::menu(&button).show(|ui| menu(ui, outgoing, offers, actions));
}

/// Every way out but dragging, as lines of a menu.
pub(super) fn menu(ui: &mut Ui, outgoing: &Outgoing, offers: Offers, actions: &mut Vec<Action>) {
    let several = outgoing.count() > 1;
    let errand = |errand| -> Action { OutgoingAction { errand, outgoing: outgoing.clone() }.into() };
    if offers.cursor && list::item(ui, "Insert at the edit cursor", "") {
        actions.push(errand(Errand::Insert(Place::Cursor)));
    }
    if offers.time_selection && list::item(ui, "Insert into the time selection", "") {
        actions.push(errand(Errand::Insert(Place::TimeSelection)));
    }
    let (save, save_as, copy) = if several {
        ("Save the files", "Save in a folder…", "Copy the files")
    } else {
        ("Save the file", "Save as…", "Copy the file")
    };
    if list::item(ui, save, &Shortcut::Save.key()) {
        actions.push(DeliverAction::Save(outgoing.clone()).into());
    }
    if list::item(ui, save_as, &Shortcut::SaveAs.key()) {
        actions.push(DeliverAction::SaveAs(outgoing.clone()).into());
    }
    if list::item(ui, copy, &Shortcut::Copy.key()) {
        actions.push(errand(Errand::Copy));
    }
    if list::item(ui, "Show in its folder", "") {
        actions.push(errand(Errand::Reveal));
    }
}
