//! What lies over the whole window until it is closed: the help and the text about the plugin.

use super::theme;
use egui::{Area, Frame, Id, Key, Margin, Modifiers, Order, Rect, RichText, ScrollArea, Ui, Vec2, vec2};

/// Draws an overlay in the middle of `window`, at most so wide; returns whether it stays.
///
/// `heading` is beside its title, `content` gets what room there is below.
pub(super) fn show(
    ui: &mut Ui,
    window: Rect,
    title: &str,
    most_wide: f32,
    heading: impl FnOnce(&mut Ui),
    content: impl FnOnce(&mut Ui, Vec2),
) -> bool {
    ui.painter().rect_filled(window, 0, theme::BACKGROUND.gamma_multiply(0.7));
    let room = room_in(window);
    let size = vec2(most_wide.min(room.x), room.y - 80.0);
    let area = Area::new(Id::unique(("straightshot overlay", title))).order(Order::Foreground).movable(false);
    let frame = Frame::popup(ui.style()).inner_margin(Margin::same(20)).corner_radius(theme::PANEL_RADIUS);
    let pivot = egui::Align2::CENTER_CENTER;
    let shown = area.pivot(pivot).fixed_pos(window.center()).show(ui.ctx(), |ui| {
        frame.show(ui, |ui| {
            ui.set_width(size.x);
            let close = ui.horizontal(|ui| {
                ui.label(RichText::new(title).font(theme::large()).color(theme::TEXT));
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    let close = ui.button("Close").clicked();
                    heading(ui);
                    close
                })
                .inner
            });
            content(ui, size);
            close.inner
        })
    });
    let escaped = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
    let elsewhere = ui.input(|input| input.pointer.any_pressed())
        && ui.ctx().pointer_interact_pos().is_some_and(|at| !shown.response.rect.contains(at));
    !(shown.inner.inner || escaped || elsewhere)
}

/// What there is for an overlay in a window.
pub(super) fn room_in(window: Rect) -> Vec2 {
    window.size() - vec2(9.0 * theme::UNIT, 6.0 * theme::UNIT)
}

/// The part of an overlay that scrolls, so high.
pub(super) fn scrolled(height: f32) -> ScrollArea {
    // What egui has room for in the middle of the window is half of it.
    ScrollArea::vertical().max_height(height).min_scrolled_height(height)
}
