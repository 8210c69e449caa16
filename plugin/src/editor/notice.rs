//! The strip that says what went wrong, or what the user should know. Never a modal window.

use super::action::Action;
use super::controls;
use super::icons::{self, Icon};
use super::theme;
use crate::shared::{Missing, Notice, Severity};
use egui::{Rect, ScrollArea, Sense, Ui, UiBuilder, Vec2, pos2, vec2};

/// A longer notice scrolls, in points.
const MAX_TEXT_HEIGHT: f32 = 9.0 * theme::UNIT;
/// Between the edge of the strip and its content, in points.
const PADDING: Vec2 = vec2(1.5 * theme::UNIT, 6.0);

/// Draws `notice` over the full width, with a button that removes it. While a job waits for a model that is missing, there
/// are buttons below it that choose another.
pub(super) fn show(ui: &mut Ui, notice: &Notice, missing: Option<&Missing>, actions: &mut Vec<Action>) {
    let (icon, color, fill) = match notice.severity {
        Severity::Info => (Icon::Info, theme::TEXT_DIM, theme::RAISED),
        Severity::Warning => (Icon::Warning, theme::ACCENT, theme::ACCENT_DEEP),
        Severity::Error => (Icon::Warning, theme::ERROR, theme::ERROR_DEEP),
    };
    let inner = ui.available_width() - 2.0 * PADDING.x;
    let words = vec2(inner - 2.0 * (theme::ICON_SIZE + theme::UNIT), MAX_TEXT_HEIGHT);
    let galley = ui.painter().layout(notice.text.clone(), theme::body(), theme::TEXT, words.x);
    let words_height = galley.size().y.clamp(theme::ICON_SIZE, MAX_TEXT_HEIGHT);
    let buttons_height = if missing.is_some() { theme::CONTROL_HEIGHT + PADDING.y } else { 0.0 };
    let height = words_height + buttons_height + 2.0 * PADDING.y;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    if !notice.detail.is_empty() && notice.detail != notice.text {
        response.on_hover_text(&notice.detail);
    }
    ui.painter().rect_filled(rect, theme::RADIUS, fill);
    let inner = rect.shrink2(PADDING);
    let mark = Rect::from_min_size(inner.min, Vec2::splat(theme::ICON_SIZE)).shrink(4.0);
    icons::paint(ui.painter(), mark, icon, color);
    let below = inner.shrink2(vec2(theme::ICON_SIZE + theme::UNIT, 0.0));
    let text = below.with_max_y(below.bottom() - buttons_height);
    if let Some(missing) = missing {
        let row = below.with_min_y(below.bottom() - theme::CONTROL_HEIGHT);
        offers(&mut ui.new_child(UiBuilder::new().max_rect(row).id_salt("offers")), missing, actions);
    }
    let mut inside = ui.new_child(UiBuilder::new().max_rect(text).id_salt("text"));
    let scroll = ScrollArea::vertical().auto_shrink(false).min_scrolled_height(0.0);
    scroll.show(&mut inside, |ui| {
        let top = ((text.height() - galley.size().y) / 2.0).max(0.0);
        ui.add_space(top);
        ui.label(galley);
    });
    let close = Rect::from_center_size(
        pos2(inner.right() - theme::ICON_SIZE / 2.0, inner.top() + theme::ICON_SIZE / 2.0),
        Vec2::splat(theme::ICON_SIZE),
    );
    let id = ui.scope_id().with("dismiss");
    if controls::icon_button_at(ui, close, id, Icon::Close, "Dismiss").clicked() {
        actions.push(Action::DismissNotice);
    }
}

/// What can be used in the place of a model that is not there.
fn offers(ui: &mut Ui, missing: &Missing, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        if ui.button("Use the default model").clicked() {
            actions.push(Action::UseModel(None));
        }
        if let Some((folder, id)) = &missing.here
            && ui.button(format!("Use {id}, which is in its folder now")).clicked()
        {
            actions.push(Action::UseModel(Some(folder.clone())));
        }
    });
}
