//! The help over the window: every shortcut, read from the one table of them.

use super::shortcuts::TABLE;
use super::theme;
use egui::{Area, Frame, Id, Key, Margin, Modifiers, Order, Rect, RichText, ScrollArea, Ui, vec2};

/// Width of the help in points, at most.
const WIDTH: f32 = 52.0 * theme::UNIT;

/// Draws the help in the middle of `window`; returns whether it stays.
pub(super) fn show(ui: &mut Ui, window: Rect) -> bool {
    ui.painter().rect_filled(window, 0, theme::BACKGROUND.gamma_multiply(0.7));
    let size = vec2(WIDTH.min(window.width() - 4.0 * theme::UNIT), window.height() - 6.0 * theme::UNIT);
    let area = Area::new(Id::unique("straightshot help")).order(Order::Foreground).movable(false);
    let frame = Frame::popup(ui.style()).inner_margin(Margin::same(20)).corner_radius(theme::PANEL_RADIUS);
    let pivot = egui::Align2::CENTER_CENTER;
    let shown = area.pivot(pivot).fixed_pos(window.center()).show(ui.ctx(), |ui| {
        frame.show(ui, |ui| {
            ui.set_width(size.x);
            let close = heading(ui);
            ScrollArea::vertical().max_height(size.y - 80.0).show(ui, |ui| {
                let mut area = "";
                for entry in TABLE {
                    if std::mem::replace(&mut area, entry.area) != entry.area {
                        ui.add_space(0.5 * theme::UNIT);
                        ui.label(RichText::new(entry.area).font(theme::small()).color(theme::ACCENT));
                    }
                    line(ui, entry.what, &entry.keys());
                }
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

/// What a key does at the left, the key at the right.
fn line(ui: &mut Ui, what: &str, keys: &str) {
    ui.horizontal(|ui| {
        ui.spacing_mut().interact_size.y = theme::ICON_SIZE;
        ui.label(RichText::new(what).color(theme::TEXT));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.label(RichText::new(keys).color(theme::TEXT_DIM));
        });
    });
}
