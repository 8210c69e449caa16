//! Binds widgets to host parameters, with the begin/set/end calls that let a host record automation.

use super::controls;
use super::theme;
use egui::{DragValue, EventFilter, Key, Modifiers, Response, Sense, Ui, vec2};
use nice_plug::prelude::{FloatParam, IntParam, Param, ParamSetter};

/// Sets `param` once, as a complete gesture.
pub(super) fn set<P: Param>(setter: &ParamSetter<'_>, param: &P, value: P::Plain) {
    setter.begin_set_parameter(param);
    setter.set_parameter(param, value);
    setter.end_set_parameter(param);
}

/// Passes what a draggable widget reported on to the host: one gesture per drag, one per typed value. A click with
/// the other button brings the default back.
///
/// `changed_to` is the value the widget asks for, if it differs from the parameter's.
pub(super) fn follow<P: Param>(
    setter: &ParamSetter<'_>,
    param: &P,
    response: &Response,
    changed_to: Option<P::Plain>,
) {
    if response.drag_started() {
        setter.begin_set_parameter(param);
    }
    if let Some(value) = changed_to {
        if response.dragged() {
            setter.set_parameter(param, value);
        } else {
            set(setter, param, value);
        }
    }
    if response.drag_stopped() {
        setter.end_set_parameter(param);
    }
    if response.secondary_clicked() {
        set(setter, param, param.default_plain_value());
    }
}

/// How a number field shows and moves its number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    /// Smallest and largest plain value.
    pub(super) range: (f32, f32),
    /// Change per point of drag, in the parameter's unit.
    pub(super) speed: f64,
    /// Digits after the point.
    pub(super) decimals: usize,
    /// Unit behind the number, with its leading space.
    pub(super) suffix: &'static str,
    /// Width in points.
    pub(super) width: f32,
    /// What the number means, for the tooltip.
    pub(super) hint: &'a str,
}

/// A number field for a whole-numbered parameter; the decimals of `look` count for nothing. The number is what the
/// user changed the parameter to in this frame.
pub(super) fn int_field(
    ui: &mut Ui,
    setter: &ParamSetter<'_>,
    param: &IntParam,
    look: &Field<'_>,
) -> (Response, Option<i32>) {
    let current = param.value();
    let mut value = current;
    let drag = DragValue::new(&mut value).max_decimals(0);
    let response = field(ui, drag, look, param.name(), param.modulated_normalized_value());
    let changed = (value != current).then_some(value);
    follow(setter, param, &response, changed);
    let default = response.secondary_clicked().then(|| param.default_plain_value());
    (response, changed.or(default))
}

/// A number field for a continuous parameter. A value outside of the range of `look`, which counts for the same as the nearest one
/// in it, is shown as that and stays as it is until the user moves it.
pub(super) fn float_field(
    ui: &mut Ui,
    setter: &ParamSetter<'_>,
    param: &FloatParam,
    look: &Field<'_>,
) -> Response {
    let current = param.value().clamp(look.range.0, look.range.1);
    let mut value = current;
    let drag = DragValue::new(&mut value).fixed_decimals(look.decimals);
    let response = field(ui, drag, look, param.name(), param.modulated_normalized_value());
    follow(setter, param, &response, (value.to_bits() != current.to_bits()).then_some(value));
    response
}

/// A drag field with a line at its foot that is as long as the value is far in its range.
fn field(ui: &mut Ui, drag: DragValue<'_>, look: &Field<'_>, name: &str, filled: f32) -> Response {
    let size = vec2(look.width, theme::CONTROL_HEIGHT);
    let drag = drag
        .range(look.range.0..=look.range.1)
        .speed(look.speed)
        .suffix(look.suffix)
        .custom_parser(parse_number)
        .update_while_editing(false)
        .min_size(size);
    let in_well = |ui: &mut Ui| {
        let widgets = &mut ui.visuals_mut().widgets;
        for widget in [&mut widgets.inactive, &mut widgets.hovered, &mut widgets.active] {
            widget.weak_bg_fill = theme::WELL;
        }
        ui.add_sized(size, drag)
    };
    let response = ui.scope(in_well).inner.accessible_name(name);
    let foot = response.rect.shrink2(vec2(7.0, 0.0));
    let right = foot.left() + filled.clamp(0.0, 1.0) * foot.width();
    let line = egui::Stroke::new(2.0, theme::ACCENT);
    ui.painter().hline(foot.left()..=right, foot.bottom() - 3.0, line);
    response.on_hover_text(format!("{}\nDrag it, or click and type; right-click for the default", look.hint))
}

/// Reads a number as people type it: with a decimal comma, or with the unit behind it.
pub(super) fn parse_number(text: &str) -> Option<f64> {
    let text = text.trim().replace(',', ".").replace('−', "-");
    text.trim_end_matches(|c: char| c.is_alphabetic() || c.is_whitespace()).parse().ok()
}

/// A horizontal slider without a number; double-click resets the parameter to its default.
pub(super) fn slider(
    ui: &mut Ui,
    setter: &ParamSetter<'_>,
    param: &FloatParam,
    width: f32,
    hint: &str,
) -> Response {
    let (rect, response) =
        ui.allocate_exact_size(vec2(width, theme::CONTROL_HEIGHT), Sense::click_and_drag());
    let knob_radius = 7.0;
    let track = rect.shrink2(vec2(knob_radius, 0.0));
    if response.double_clicked() {
        set(setter, param, param.default_plain_value());
    } else {
        let moved = response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked());
        let pointed = moved.map(|at| {
            let normalized = ((at.x - track.left()) / track.width()).clamp(0.0, 1.0);
            param.preview_plain(normalized)
        });
        follow(setter, param, &response, pointed.filter(|value| value.to_bits() != param.value().to_bits()));
    }
    let steps = arrow_steps(ui, &response);
    if steps != 0.0 {
        let normalized = (param.modulated_normalized_value() + 0.02 * steps).clamp(0.0, 1.0);
        set(setter, param, param.preview_plain(normalized));
    }
    paint_slider(ui, track, knob_radius, param, &response);
    response.widget_info(|| egui::WidgetInfo::slider(ui.is_enabled(), f64::from(param.value()), hint));
    response.on_hover_cursor(egui::CursorIcon::ResizeHorizontal).on_hover_text(hint)
}

/// Presses of the right arrow key less those of the left one, while the keyboard focus is on `response`.
fn arrow_steps(ui: &Ui, response: &Response) -> f32 {
    if !response.has_focus() {
        return 0.0;
    }
    let keys = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, keys));
    let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    f32::from(i8::from(pressed(Key::ArrowRight)) - i8::from(pressed(Key::ArrowLeft)))
}

fn paint_slider(ui: &Ui, track: egui::Rect, knob_radius: f32, param: &FloatParam, response: &Response) {
    let y = track.center().y;
    let x = track.left() + param.modulated_normalized_value().clamp(0.0, 1.0) * track.width();
    let rest = track.left() + param.default_normalized_value() * track.width();
    ui.painter().hline(track.x_range(), y, egui::Stroke::new(4.0, theme::WELL));
    ui.painter().hline(track.left()..=x, y, egui::Stroke::new(4.0, theme::ACCENT));
    ui.painter().vline(rest, y + 7.0..=y + 11.0, theme::outline(theme::TEXT_FAINT));
    let knob = if response.hovered() || response.dragged() { theme::ACCENT_BRIGHT } else { theme::TEXT };
    ui.painter().circle_filled(egui::pos2(x, y), knob_radius, knob);
    if response.has_focus() {
        controls::focus_ring(ui, track.expand(knob_radius).shrink2(vec2(0.0, theme::UNIT)), response);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_type_them() {
        assert_eq!(parse_number(" 1,5 s"), Some(1.5));
        assert_eq!(parse_number("−3"), Some(-3.0));
        assert_eq!(parse_number("12 steps"), Some(12.0));
        assert_eq!(parse_number("long"), None);
    }
}
