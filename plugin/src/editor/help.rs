//! The help over the window: every shortcut, read from the one table of them.

use super::shortcuts::{Entry, TABLE};
use super::theme;
use egui::{Area, Frame, Id, Key, Margin, Modifiers, Order, Rect, RichText, ScrollArea, Ui, vec2};

/// Width of a column in points, at most.
const WIDTH: f32 = 58.0 * theme::UNIT;
/// Between two columns in points.
const GAP: f32 = 4.0 * theme::UNIT;
/// Height of a line in points.
const LINE: f32 = 2.75 * theme::UNIT;

/// Draws the help in the middle of `window`; returns whether it stays.
pub(super) fn show(ui: &mut Ui, window: Rect) -> bool {
    ui.painter().rect_filled(window, 0, theme::BACKGROUND.gamma_multiply(0.7));
    let room = window.size() - vec2(9.0 * theme::UNIT, 6.0 * theme::UNIT);
    let both = 2.0 * WIDTH + GAP;
    let columns = if room.x >= 0.8 * both { 2 } else { 1 };
    let size = vec2(if columns == 2 { both } else { WIDTH }.min(room.x), room.y);
    let area = Area::new(Id::unique("straightshot help")).order(Order::Foreground).movable(false);
    let frame = Frame::popup(ui.style()).inner_margin(Margin::same(20)).corner_radius(theme::PANEL_RADIUS);
    let pivot = egui::Align2::CENTER_CENTER;
    let shown = area.pivot(pivot).fixed_pos(window.center()).show(ui.ctx(), |ui| {
        frame.show(ui, |ui| {
            ui.set_width(size.x);
            let close = heading(ui);
            let height = size.y - 80.0;
            // What egui has room for in the middle of the window is half of it.
            let scroll = ScrollArea::vertical().max_height(height).min_scrolled_height(height);
            scroll.show(ui, |ui| {
                // The scroll bar lies beside the lines.
                ui.set_max_width(ui.available_width() - 1.5 * theme::UNIT);
                ui.spacing_mut().item_spacing = vec2(GAP, 0.0);
                ui.columns(columns, |columns| {
                    let last = columns.len() - 1;
                    let areas = TABLE.chunk_by(|a, b| a.area == b.area);
                    let mut before = 0;
                    for area in areas {
                        // A column is full with half of all lines.
                        let column = if 2 * before < TABLE.len() { 0 } else { last };
                        lines(&mut columns[column], area);
                        before += area.len();
                    }
                });
            });
            close
        })
    });
    let escaped = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
    let elsewhere = ui.input(|input| input.pointer.any_pressed())
        && ui.ctx().pointer_interact_pos().is_some_and(|at| !shown.response.rect.contains(at));
    !(shown.inner.inner || escaped || elsewhere)
}

/// The title; whether it is to be closed.
fn heading(ui: &mut Ui) -> bool {
    ui.horizontal(|ui| {
        ui.label(RichText::new("Shortcuts").font(theme::large()).color(theme::TEXT));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| ui.button("Close").clicked())
            .inner
    })
    .inner
}

/// The shortcuts of one area.
fn lines(ui: &mut Ui, entries: &[Entry]) {
    if let Some(first) = entries.first() {
        ui.add_space(0.5 * theme::UNIT);
        ui.label(RichText::new(first.area).font(theme::small()).color(theme::ACCENT));
    }
    for entry in entries {
        line(ui, entry.what, &entry.keys());
    }
    ui.add_space(theme::UNIT);
}

/// What a key does at the left, the key at the right.
fn line(ui: &mut Ui, what: &str, keys: &str) {
    ui.spacing_mut().interact_size.y = LINE;
    ui.horizontal(|ui| {
        ui.label(RichText::new(what).font(theme::small()).color(theme::TEXT));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.label(RichText::new(keys).font(theme::small()).color(theme::TEXT_DIM));
        });
    });
}
