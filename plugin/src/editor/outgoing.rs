//! Where files can be taken out of the window: by dragging, and from the menu of what can be dragged.

use super::action::{Action, OutgoingAction};
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
    let several = outgoing.takes.len() > 1;
    let mut line = |text: &str, key: &str, errand: Errand| {
        if list::item(ui, text, key) {
            actions.push(OutgoingAction { errand, outgoing: outgoing.clone() }.into());
        }
    };
    if offers.cursor {
        line("Insert at the edit cursor", "", Errand::Insert(Place::Cursor));
    }
    if offers.time_selection {
        line("Insert into the time selection", "", Errand::Insert(Place::TimeSelection));
    }
    line(if several { "Copy the files" } else { "Copy the file" }, &Shortcut::Copy.key(), Errand::Copy);
    line("Show in its folder", "", Errand::Reveal);
}
