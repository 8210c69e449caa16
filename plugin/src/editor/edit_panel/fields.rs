//! The fields of the tab: numbers, buttons, switches and curves.

use super::{ROW, SPACE};
use crate::editor::controls;
use crate::editor::{param, theme};
use egui::{
    Align2, CursorIcon, DragValue, Pos2, Rect, Response, Role, Sense, Shape, Stroke, StrokeKind, Ui,
    WidgetInfo, pos2, vec2,
};
use straightshot_edits::Curve;
use straightshot_takes::Gesture;

/// A number that can be dragged and typed.
pub(super) struct Number<'a> {
    /// What it is, for assistive technology.
    pub(super) name: &'a str,
    /// Written before the number.
    pub(super) prefix: &'a str,
    pub(super) value: f64,
    pub(super) range: (f64, f64),
    /// Change per point of drag.
    pub(super) speed: f64,
    pub(super) decimals: usize,
    /// Unit, with its leading space.
    pub(super) suffix: &'a str,
    /// What a click with the other button brings back.
    pub(super) default: f64,
    pub(super) hint: &'a str,
}

impl<'a> Number<'a> {
    pub(super) fn new(name: &'a str, value: f64, range: (f64, f64)) -> Self {
        Self { name, prefix: "", value, range, speed: 0.1, decimals: 1, suffix: "", default: 0.0, hint: "" }
    }
}

/// Numbers of a panel, of which one at most is being dragged.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// The drag that goes on.
    gesture: Option<Gesture>,
}

impl Numbers {
    /// Draws `number` over the width of one of `share` equal parts of what `ui` is wide. Returns what it was changed to, and
    /// the drag that it belongs to.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        share: u8,
        number: &Number<'_>,
    ) -> Option<(f64, Option<Gesture>)> {
        let whole = ui.max_rect().width();
        let width = (whole - f32::from(share - 1) * SPACE) / f32::from(share);
        let mut value = number.value;
        let prefix = if number.prefix.is_empty() { String::new() } else { format!("{} ", number.prefix) };
        let drag = DragValue::new(&mut value)
            .range(number.range.0..=number.range.1)
            // A value beyond the range is shown as it is until somebody changes it.
            .clamp_existing_to_range(false)
            .speed(number.speed)
            .fixed_decimals(number.decimals)
            .prefix(prefix)
            .suffix(number.suffix)
            .custom_parser(param::parse_number)
            .update_while_editing(false);
        let in_well = |ui: &mut Ui| {
            ui.style_mut().override_font_id = Some(theme::small());
            ui.spacing_mut().interact_size.y = ROW;
            ui.spacing_mut().button_padding = vec2(0.25 * theme::UNIT, 0.0);
            let widgets = &mut ui.visuals_mut().widgets;
            for widget in [&mut widgets.inactive, &mut widgets.hovered, &mut widgets.active] {
                widget.weak_bg_fill = theme::WELL;
            }
            ui.add_sized(vec2(width, ROW), drag)
        };
        let response = ui.scope(in_well).inner.accessible_name(number.name);
        if response.drag_started() {
            self.gesture = Some(Gesture::begin());
        }
        let gesture = self.gesture.filter(|_| response.dragged() || response.drag_stopped());
        let changed = value.to_bits() != number.value.to_bits();
        let default = response.secondary_clicked();
        response.on_hover_text(format!(
            "{}\nDrag it, or click and type; right-click for the default",
            number.hint
        ));
        match (changed, default) {
            (_, true) => Some((number.default, None)),
            (true, _) => Some((value, gesture)),
            (false, _) => None,
        }
    }
}

/// A small button with text.
pub(super) fn button(ui: &mut Ui, text: &str, enabled: bool) -> Response {
    ui.add_enabled_ui(enabled, |ui| text_button(ui, text, false)).inner
}

/// A button that stays down.
pub(super) fn switch(ui: &mut Ui, text: &str, on: bool) -> Response {
    text_button(ui, text, on)
}

fn text_button(ui: &mut Ui, text: &str, on: bool) -> Response {
    let enabled = ui.is_enabled();
    let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::small(), theme::TEXT);
    let (rect, response) =
        ui.allocate_exact_size(vec2(galley.size().x + 2.0 * theme::UNIT, ROW), Sense::click());
    let (fill, color) = match (enabled, on, response.hovered()) {
        (false, ..) => (theme::PANEL, theme::TEXT_FAINT),
        (true, true, _) => (theme::ACCENT_DEEP, theme::ACCENT),
        (true, false, true) => (theme::HOVERED, theme::TEXT),
        (true, false, false) => (theme::RAISED, theme::TEXT_DIM),
    };
    ui.painter().rect(rect, theme::RADIUS, fill, theme::outline(theme::LINE), StrokeKind::Inside);
    let at = Align2::CENTER_CENTER.anchor_size(rect.center(), galley.size()).min;
    ui.painter().galley_with_override_text_color(at, galley, color);
    controls::focus_ring(ui, rect, &response);
    response.widget_info(|| WidgetInfo::selected(Role::Button, enabled, on, text));
    response.on_hover_cursor(CursorIcon::PointingHand)
}

/// One choice out of a few, small; returns the one that was clicked. What is written on them are `labels`, which may be
/// short; assistive technology and tooltips get `names`.
pub(super) fn choice(
    ui: &mut Ui,
    name: &str,
    width: f32,
    (names, labels): (&[&str], &[&str]),
    chosen: usize,
) -> Option<usize> {
    let (rect, _) = ui.allocate_exact_size(vec2(width, ROW), Sense::hover());
    ui.painter().rect(rect, theme::RADIUS, theme::WELL, theme::outline(theme::LINE), StrokeKind::Inside);
    let inner = rect.shrink(2.0);
    let lengths: Vec<f32> = labels
        .iter()
        .map(|label| ui.painter().layout_no_wrap((*label).to_owned(), theme::small(), theme::TEXT).size().x)
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "a handful of labels")]
    let spare = ((inner.width() - lengths.iter().sum::<f32>()) / labels.len().max(1) as f32).max(0.0);
    let (mut left, mut clicked) = (inner.left(), None);
    for (index, ((label, spoken), length)) in labels.iter().zip(names).zip(lengths).enumerate() {
        let cell = Rect::from_min_size(pos2(left, inner.top()), vec2(length + spare, inner.height()));
        left = cell.right();
        let response = ui.interact(cell, ui.scope_id().with((name, index)), Sense::click());
        let on = index == chosen;
        let (fill, color) = match (on, response.hovered()) {
            (true, _) => (theme::ACCENT_DEEP, theme::ACCENT),
            (false, true) => (theme::HOVERED, theme::TEXT),
            (false, false) => (egui::Color32::TRANSPARENT, theme::TEXT_DIM),
        };
        ui.painter().rect_filled(cell, 4, fill);
        ui.painter_at(cell).text(cell.center(), Align2::CENTER_CENTER, *label, theme::small(), color);
        controls::focus_ring(ui, cell, &response);
        response.widget_info(|| {
            WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), on, format!("{name} {spoken}"))
        });
        let response = if label == spoken { response } else { response.on_hover_text(*spoken) };
        if response.on_hover_cursor(CursorIcon::PointingHand).clicked() && !on {
            clicked = Some(index);
        }
    }
    clicked
}

/// Between two curves in points.
const CURVES_GAP: f32 = 2.0;

/// The four curves of a fade as pictures; returns the one that was clicked.
pub(super) fn curves(ui: &mut Ui, name: &str, chosen: Curve) -> Option<Curve> {
    const NAMES: [&str; 4] = ["straight", "equal power", "slow at both ends", "as sounds die away"];
    ui.spacing_mut().item_spacing.x = CURVES_GAP;
    let side = (ui.available_width() / 4.0 - CURVES_GAP).clamp(14.0, ROW);
    let mut clicked = None;
    for (curve, text) in Curve::ALL.into_iter().zip(NAMES) {
        let (rect, response) = ui.allocate_exact_size(vec2(side, ROW), Sense::click());
        let on = curve == chosen;
        let (fill, color) = match (on, response.hovered()) {
            (true, _) => (theme::ACCENT_DEEP, theme::ACCENT),
            (false, true) => (theme::HOVERED, theme::TEXT),
            (false, false) => (theme::RAISED, theme::TEXT_DIM),
        };
        ui.painter().rect_filled(rect, 4, fill);
        let field = rect.shrink2(vec2(3.0, 7.0));
        let points: Vec<Pos2> = (0..=12_u8)
            .map(|index| {
                let at = f32::from(index) / 12.0;
                pos2(field.left() + at * field.width(), field.bottom() - curve.gain(at) * field.height())
            })
            .collect();
        ui.painter().add(Shape::line(points, Stroke::new(1.5, color)));
        controls::focus_ring(ui, rect, &response);
        response.widget_info(|| {
            WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), on, format!("{name} {text}"))
        });
        let response = response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(text);
        if response.clicked() && !on {
            clicked = Some(curve);
        }
    }
    clicked
}
