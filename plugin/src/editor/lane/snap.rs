//! The field that says what hits and curves snap to.

use super::grid::Division;
use crate::editor::link::Tempo;
use crate::editor::{controls, icons, icons::Icon, theme};
use egui::{Popup, Rect, Role, Sense, StrokeKind, Ui, UiBuilder, Vec2, WidgetInfo, vec2};

/// Shows what is snapped to and opens the choice; without a tempo it is switched off and says why.
pub(super) fn show(ui: &mut Ui, rect: Rect, snap: &mut Option<Division>, tempo: Option<Tempo>) {
    let mut inside = ui.new_child(UiBuilder::new().max_rect(rect).id_salt("snap"));
    let Some(tempo) = tempo else {
        inside.disable();
        let why = "Snap to the grid of the host's tempo: the host has not told one";
        field(&mut inside, rect, "Snap", false).on_disabled_hover_text(why);
        return;
    };
    let response = field(&mut inside, rect, snap.map_or("Snap", Division::short), snap.is_some());
    Popup::menu(&response).show(|ui| {
        ui.set_min_width(12.0 * theme::UNIT);
        for choice in [None].into_iter().chain(Division::ALL.map(Some)) {
            if ui.selectable_label(*snap == choice, choice.map_or("Off", Division::short)).clicked() {
                *snap = choice;
                ui.close();
            }
        }
    });
    let signature = tempo.signature.map_or_else(String::new, |(count, unit)| format!(", {count}/{unit}"));
    let bpm = (tempo.bpm * 100.0).round() / 100.0;
    response.on_hover_text(format!(
        "Hits and curve snap to the host's grid, {bpm} bpm{signature}, from the beginning of the sound on; not with Shift"
    ));
}

fn field(ui: &mut Ui, rect: Rect, text: &str, on: bool) -> egui::Response {
    let response = ui.interact(rect, ui.scope_id().with("field"), Sense::click());
    let fill = if response.hovered() { theme::HOVERED } else { theme::WELL };
    ui.painter().rect(rect, theme::RADIUS, fill, theme::outline(theme::LINE), StrokeKind::Inside);
    let inner = rect.shrink2(vec2(0.75 * theme::UNIT, 0.0));
    let arrow = Rect::from_center_size(inner.right_center() - vec2(3.0, 0.0), Vec2::splat(8.0));
    icons::paint(ui.painter(), arrow, Icon::ChevronDown, theme::TEXT_DIM);
    let color = if on { theme::ACCENT } else { theme::TEXT_DIM };
    let inner = inner.with_max_x(arrow.left() - 2.0);
    controls::text_within(ui.painter(), inner, text, theme::small(), color);
    controls::focus_ring(ui, rect, &response);
    response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, ui.is_enabled(), "Snap"));
    response
}
