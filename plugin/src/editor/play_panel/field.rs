//! A number field for any parameter, in the parameter's own words.

use crate::editor::{controls, param, theme};
use egui::{DragValue, Response, Sense, Stroke, Ui, vec2};
use nice_plug::prelude::{Param, ParamSetter};

/// Width of a field in points.
pub(super) const WIDTH: f32 = 9.5 * theme::UNIT;
/// Height of a field with its caption in points.
pub(super) const HEIGHT: f32 = theme::CONTROL_HEIGHT + 2.0 * theme::UNIT;

/// A caption with a field below it, which shows and reads the value as the host does. Dragging it moves the value as the
/// host's own slider would: fine where it is small.
pub(super) fn show<P: Param>(
    ui: &mut Ui,
    setter: &ParamSetter<'_>,
    param: &P,
    caption: &str,
    hint: &str,
) -> Response {
    let layout = egui::Layout::top_down(egui::Align::Min);
    let shown = ui.allocate_ui_with_layout(vec2(WIDTH, HEIGHT), layout, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        controls::caption(ui, caption);
        field(ui, setter, param)
    });
    shown.inner.on_hover_text(format!("{hint}\nDrag it, or click and type; right-click for the default"))
}

fn field<P: Param>(ui: &mut Ui, setter: &ParamSetter<'_>, param: &P) -> Response {
    let current = f64::from(param.modulated_normalized_value());
    let mut value = current;
    #[expect(clippy::cast_possible_truncation, reason = "a normalised value")]
    let normalized = |value: f64| value.clamp(0.0, 1.0) as f32;
    let steps = param.step_count().map_or(400.0, |steps| 4.0 * f64::from(u32::try_from(steps).unwrap_or(1)));
    let drag = DragValue::new(&mut value)
        .range(0.0..=1.0)
        .speed(1.0 / steps.clamp(120.0, 400.0))
        .max_decimals(6)
        .custom_formatter(|value, _| param.normalized_value_to_string(normalized(value), true))
        .custom_parser(|text| param.string_to_normalized_value(text.trim()).map(f64::from))
        .update_while_editing(false);
    let response = ui
        .scope(|ui| {
            let widgets = &mut ui.visuals_mut().widgets;
            for widget in [&mut widgets.inactive, &mut widgets.hovered, &mut widgets.active] {
                widget.weak_bg_fill = theme::WELL;
            }
            ui.add_sized(vec2(WIDTH, theme::CONTROL_HEIGHT), drag)
        })
        .inner;
    let changed = (value.to_bits() != current.to_bits()).then(|| param.preview_plain(normalized(value)));
    param::follow(setter, param, &response, changed);
    let foot = response.rect.shrink2(vec2(7.0, 0.0));
    let right = foot.left() + normalized(current) * foot.width();
    ui.painter().hline(foot.left()..=right, foot.bottom() - 3.0, Stroke::new(2.0, theme::ACCENT));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::SpinButton, ui.is_enabled(), param.name()));
    response
}

/// Moves a parameter by a drag on `response`: one gesture for the host.
pub(super) fn drag<P: Param>(setter: &ParamSetter<'_>, param: &P, response: &Response, to: Option<f32>) {
    let changed = to.map(|normalized| param.preview_plain(normalized.clamp(0.0, 1.0)));
    param::follow(setter, param, response, changed.filter(|_| response.dragged()));
}

/// The sense of something that is dragged.
pub(super) fn handle() -> Sense {
    Sense::click_and_drag()
}
