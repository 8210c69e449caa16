//! What is above the list: search, switches, order, the bin.

use super::TakeList;
use super::shown::SORTS;
use crate::editor::action::{Action, LibraryAction};
use crate::editor::icons::Icon;
use crate::editor::link::View;
use crate::editor::{controls, embedding, list, theme};
use egui::{Align, Id, Layout, Ui, vec2};

impl TakeList {
    /// Draws it.
    pub(super) fn heading(&mut self, ui: &mut Ui, view: &View, actions: &mut Vec<Action>) {
        ui.spacing_mut().item_spacing.y = 0.5 * theme::UNIT;
        if view.takes.is_empty() && view.bin.is_empty() {
            return;
        }
        if self.show_bin {
            self.heading_of_bin(ui, view, actions);
            return;
        }
        let field = Id::unique("straightshot search takes");
        let response = list::search_field(ui, field, &mut self.filter.text, "Search takes");
        if std::mem::take(&mut self.wants_search) {
            response.request_focus();
        }
        let size = vec2(ui.available_width(), theme::ICON_SIZE);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 0.25 * theme::UNIT;
            self.switches(ui);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 0.5 * theme::UNIT;
                let labels: Vec<_> = SORTS.iter().map(|(_, label)| *label).collect();
                if let Some(sort) =
                    list::choose(ui, "Order", &labels, self.filter.sort, self.filter.sort != 0)
                {
                    self.filter.sort = sort;
                }
                if !view.bin.is_empty() {
                    let text = format!("{}", view.bin.len());
                    let hint = "Deleted takes, which can be brought back";
                    if icon_with_count(ui, Icon::Trash, &text, hint) {
                        self.show_bin = true;
                    }
                }
                embedding::chip(ui, view, actions);
            });
        });
        ui.add_space(0.25 * theme::UNIT);
    }

    fn switches(&mut self, ui: &mut Ui) {
        let filter = &mut self.filter;
        if list::switch(ui, Icon::Starred, filter.starred, "Only starred takes") {
            filter.starred = !filter.starred;
        }
        if self.shown.unread > 0 || filter.unread {
            let hint = "Only takes that you have not heard yet";
            if unread_switch(ui, filter.unread, hint) {
                filter.unread = !filter.unread;
            }
        }
        if self.shown.rejected > 0 || filter.rejected {
            let hint = match (filter.rejected, self.shown.rejected) {
                (true, _) => "Hide rejected takes".to_owned(),
                (false, 1) => "Show the rejected take".to_owned(),
                (false, count) => format!("Show the {count} rejected takes"),
            };
            if list::switch(ui, Icon::Reject, filter.rejected, &hint) {
                filter.rejected = !filter.rejected;
            }
        }
        let hint = if self.hover_plays {
            "Takes play when the pointer rests on them; click for silence"
        } else {
            "Play takes when the pointer rests on them"
        };
        if list::switch(ui, Icon::Listen, self.hover_plays, hint) {
            self.hover_plays = !self.hover_plays;
        }
    }

    fn heading_of_bin(&mut self, ui: &mut Ui, view: &View, actions: &mut Vec<Action>) {
        let size = vec2(ui.available_width(), theme::CONTROL_HEIGHT);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            controls::caption(ui, &format!("Deleted takes ({})", view.bin.len()));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 0.5 * theme::UNIT;
                if small_button(ui, "Back", "Show the takes again") {
                    self.show_bin = false;
                }
                let hint = "Give these takes up. Their sounds stay in the library";
                if small_button(ui, "Empty", hint) {
                    actions.push(LibraryAction::EmptyBin.into());
                }
            });
        });
    }
}

/// A small button with text.
fn small_button(ui: &mut Ui, text: &str, hint: &str) -> bool {
    let text = egui::RichText::new(text).font(theme::small());
    let button = egui::Button::new(text).min_size(vec2(0.0, theme::ICON_SIZE));
    ui.add(button).on_hover_text(hint).clicked()
}

/// A small button with a picture and a number.
fn icon_with_count(ui: &mut Ui, icon: Icon, count: &str, hint: &str) -> bool {
    let galley = ui.painter().layout_no_wrap(count.to_owned(), theme::small(), theme::TEXT_DIM);
    let size = vec2(galley.size().x + 3.0 * theme::UNIT, theme::ICON_SIZE);
    let (rect, response) = ui.allocate_exact_size(size, egui::Sense::click());
    if response.hovered() {
        ui.painter().rect_filled(rect, theme::RADIUS, theme::HOVERED);
    }
    let place = egui::Rect::from_center_size(rect.left_center() + vec2(11.0, 0.0), egui::Vec2::splat(13.0));
    crate::editor::icons::paint(ui.painter(), place, icon, theme::TEXT_DIM);
    let at = egui::pos2(rect.left() + 2.5 * theme::UNIT, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, theme::TEXT_DIM);
    controls::focus_ring(ui, rect, &response);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, format!("{hint} ({count})")));
    response.on_hover_cursor(egui::CursorIcon::PointingHand).on_hover_text(hint).clicked()
}

/// The switch for what was not heard yet: a dot, as in the rows.
fn unread_switch(ui: &mut Ui, on: bool, hint: &str) -> bool {
    let (rect, response) = ui.allocate_exact_size(egui::Vec2::splat(theme::ICON_SIZE), egui::Sense::click());
    if on || response.hovered() {
        ui.painter().rect_filled(rect, theme::RADIUS, theme::HOVERED);
    }
    let color = if on { theme::ACCENT } else { theme::TEXT_DIM };
    ui.painter().circle_filled(rect.center(), 4.0, color);
    controls::focus_ring(ui, rect, &response);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, hint));
    response.on_hover_cursor(egui::CursorIcon::PointingHand).on_hover_text(hint).clicked()
}
