//! The widgets the window is made of: labels, segmented switches, icon buttons and number fields.
//!
//! None of them knows what it controls; [`param`](super::param) binds them to the host's parameters.

use super::icons::{self, Icon};
use super::theme;
use egui::{
    Align2, Color32, CursorIcon, FontId, Galley, Painter, Rect, Response, Role, Sense, StrokeKind, Ui, Vec2,
    WidgetInfo, vec2,
};
use std::sync::Arc;

/// A quiet label above a field.
pub(super) fn caption(ui: &mut Ui, text: &str) -> Response {
    ui.label(egui::RichText::new(text).font(theme::small()).color(theme::TEXT_DIM))
}

/// One line of text at the left of `rect`, cut with an ellipsis where the room ends.
pub(super) fn text_within(painter: &Painter, rect: Rect, text: &str, font: FontId, color: Color32) {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut job = egui::text::LayoutJob::simple_singleline(line, font, color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(rect.width().max(1.0));
    let galley = painter.layout_job(job);
    let top = rect.center().y - galley.size().y / 2.0;
    painter.galley(egui::pos2(rect.left(), top), galley, color);
}

/// One choice of [`segments`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment<'a> {
    /// Its text.
    pub(super) label: &'a str,
    /// Its tooltip, none if empty.
    pub(super) hint: &'a str,
}

/// One choice out of a few, side by side in `width`; `selected` may be none of them.
///
/// Returns the segment that was clicked. Each segment takes the keyboard focus; space or enter chooses it.
pub(super) fn segmented(
    ui: &mut Ui,
    name: &str,
    width: f32,
    labels: &[&str],
    selected: Option<usize>,
) -> Option<usize> {
    let plain: Vec<_> = labels.iter().map(|label| Segment { label, hint: "" }).collect();
    segments(ui, name, width, &plain, selected).filter(|clicked| Some(*clicked) != selected)
}

/// [`segmented`] with tooltips; a click on the selected segment is returned as well.
pub(super) fn segments(
    ui: &mut Ui,
    name: &str,
    width: f32,
    segments: &[Segment<'_>],
    selected: Option<usize>,
) -> Option<usize> {
    noted_segments(ui, name, vec2(width, theme::CONTROL_HEIGHT), segments, &[], selected)
}

/// [`segments`] with a quiet text below each label, as far as there are `notes` and room.
pub(super) fn noted_segments(
    ui: &mut Ui,
    name: &str,
    size: Vec2,
    segments: &[Segment<'_>],
    notes: &[String],
    selected: Option<usize>,
) -> Option<usize> {
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    ui.painter().rect(rect, theme::RADIUS, theme::WELL, theme::outline(theme::LINE), StrokeKind::Inside);
    let inner = rect.shrink(3.0);
    let mut clicked = None;
    for (index, segment) in segments.iter().enumerate() {
        let cell = column(inner, index, segments.len(), 2.0);
        let response = ui.interact(cell, ui.scope_id().with((name, index)), Sense::click());
        let chosen = selected == Some(index);
        response.widget_info(|| {
            WidgetInfo::selected(
                Role::RadioButton,
                ui.is_enabled(),
                chosen,
                format!("{name} {}", segment.label),
            )
        });
        let note = notes.get(index).map_or("", String::as_str);
        paint_segment(ui, cell, (segment.label, note), chosen, &response);
        let response = response.on_hover_cursor(CursorIcon::PointingHand);
        let response = if segment.hint.is_empty() { response } else { response.on_hover_text(segment.hint) };
        if response.clicked() {
            clicked = Some(index);
        }
    }
    clicked
}

fn paint_segment(ui: &Ui, cell: Rect, texts: (&str, &str), chosen: bool, response: &Response) {
    let (fill, text) = match (chosen, response.hovered()) {
        (true, false) => (theme::ACCENT, theme::ON_ACCENT),
        (true, true) => (theme::ACCENT_BRIGHT, theme::ON_ACCENT),
        (false, true) => (theme::HOVERED, theme::TEXT),
        (false, false) => (Color32::TRANSPARENT, theme::TEXT_DIM),
    };
    ui.painter().rect_filled(cell, 4, fill);
    paint_label(ui, cell, texts, text);
    focus_ring(ui, cell, response);
}

/// The label of a segment with the note below it; a note that finds no room is left out.
fn paint_label(ui: &Ui, cell: Rect, (label, note): (&str, &str), color: Color32) {
    let painter = ui.painter();
    let quiet = color.gamma_multiply(0.8);
    let has_text = !note.is_empty();
    let note = painter.layout_no_wrap(note.to_owned(), theme::tiny(), quiet);
    let has_note = has_text && note.size().x <= cell.width();
    let shift = if has_note { note.size().y / 2.0 } else { 0.0 };
    let at = cell.center() - vec2(0.0, shift - 1.0);
    painter.text(at, Align2::CENTER_CENTER, label, theme::body(), color);
    if has_note {
        let at = Align2::CENTER_BOTTOM.anchor_size(cell.center_bottom() - vec2(0.0, 1.0), note.size());
        painter.galley(at.min, note, quiet);
    }
}

/// Outlines `rect` while the keyboard focus is on `response`.
pub(super) fn focus_ring(ui: &Ui, rect: Rect, response: &Response) {
    if response.has_focus() {
        ui.painter().rect_stroke(rect.expand(1.0), 5, theme::outline(theme::TEXT), StrokeKind::Outside);
    }
}

/// The `index`-th of `count` equal columns of `rect` with `gap` points between them.
pub(super) fn column(rect: Rect, index: usize, count: usize, gap: f32) -> Rect {
    #[expect(clippy::cast_precision_loss, reason = "a handful of columns")]
    let (index, count) = (index as f32, count as f32);
    let width = (rect.width() - gap * (count - 1.0)) / count;
    Rect::from_min_size(rect.min + vec2(index * (width + gap), 0.0), vec2(width, rect.height()))
}

/// Between two tabs, in points.
const TAB_GAP: f32 = 0.5 * theme::UNIT;

/// The text of a tab, and the width of the tab in points.
fn tab(ui: &Ui, label: &str) -> (Arc<Galley>, f32) {
    let galley = ui.painter().layout_no_wrap(label.to_owned(), theme::body(), theme::TEXT);
    let width = galley.size().x + 2.0 * theme::UNIT;
    (galley, width)
}

/// How much of the row of [`tabs`] the tabs themselves take, in points.
pub(super) fn tabs_width(ui: &Ui, labels: &[&str]) -> f32 {
    labels.iter().map(|label| tab(ui, label).1 + TAB_GAP).sum()
}

/// A row of tabs over the full width; returns the one that was clicked, if it is not the one that is shown.
pub(super) fn tabs(ui: &mut Ui, name: &str, labels: &[&str], shown: usize) -> Option<usize> {
    let size = vec2(ui.available_width(), theme::CONTROL_HEIGHT);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let line = rect.with_min_y(rect.bottom() - 1.0);
    ui.painter().rect_filled(line, 0, theme::LINE);
    let mut left = rect.left();
    let mut clicked = None;
    for (index, label) in labels.iter().enumerate() {
        let (galley, width) = tab(ui, label);
        let place = Rect::from_min_size(egui::pos2(left, rect.top()), vec2(width, rect.height()));
        left += width + TAB_GAP;
        let response = ui.interact(place, ui.scope_id().with((name, index)), Sense::click());
        let chosen = index == shown;
        let color = if chosen || response.hovered() { theme::TEXT } else { theme::TEXT_DIM };
        let at = Align2::CENTER_CENTER.anchor_size(place.center(), galley.size()).min;
        ui.painter().galley_with_override_text_color(at, galley, color);
        if chosen {
            let mark = place.with_min_y(place.bottom() - 2.0).shrink2(vec2(theme::UNIT, 0.0));
            ui.painter().rect_filled(mark, 1, theme::ACCENT);
        }
        focus_ring(ui, place.shrink2(vec2(0.0, 4.0)), &response);
        response.widget_info(|| WidgetInfo::selected(Role::Tab, ui.is_enabled(), chosen, *label));
        if response.on_hover_cursor(CursorIcon::PointingHand).clicked() && !chosen {
            clicked = Some(index);
        }
    }
    clicked
}

/// How an icon button looks at rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// No frame until the pointer is over it.
    Bare,
    /// Framed like a button.
    Framed,
    /// Framed and lit: the state it stands for is on.
    Lit,
}

/// A button that shows only `icon`; `hint` names it for the tooltip and for assistive technology.
pub(super) fn icon_button(ui: &mut Ui, icon: Icon, size: f32, look: Look, hint: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(size), Sense::click());
    paint_icon_button(ui, rect, icon, look, &response);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), hint));
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(hint)
}

/// [`icon_button`] at a place already allocated, under `id`.
pub(super) fn icon_button_at(ui: &Ui, rect: Rect, id: egui::Id, icon: Icon, hint: &str) -> Response {
    let response = ui.interact(rect, id, Sense::click());
    paint_icon_button(ui, rect, icon, Look::Bare, &response);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), hint));
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(hint)
}

fn paint_icon_button(ui: &Ui, rect: Rect, icon: Icon, look: Look, response: &Response) {
    let hovered = response.hovered();
    let (fill, line) = match (look, hovered) {
        (Look::Bare, false) => (Color32::TRANSPARENT, Color32::TRANSPARENT),
        (Look::Framed | Look::Lit, false) => (theme::RAISED, theme::LINE),
        (_, true) => (theme::HOVERED, theme::LINE),
    };
    let color = match (look, hovered) {
        (Look::Lit, _) => theme::ACCENT,
        (_, true) => theme::TEXT,
        (_, false) => theme::TEXT_DIM,
    };
    let color = if ui.is_enabled() { color } else { theme::TEXT_FAINT };
    ui.painter().rect(rect, theme::RADIUS, fill, theme::outline(line), StrokeKind::Inside);
    icons::paint(ui.painter(), Rect::from_center_size(rect.center(), Vec2::splat(14.0)), icon, color);
    focus_ring(ui, rect, response);
}

/// A small rounded button at a place already allocated, for a suggestion.
pub(super) fn chip(ui: &Ui, rect: Rect, text: &str) -> Response {
    let response = ui.interact(rect, ui.scope_id().with(text), Sense::click());
    let (fill, color) =
        if response.hovered() { (theme::HOVERED, theme::TEXT) } else { (theme::RAISED, theme::TEXT_DIM) };
    ui.painter().rect_filled(rect, rect.height() / 2.0, fill);
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, text, theme::small(), color);
    focus_ring(ui, rect, &response);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), text));
    response.on_hover_cursor(CursorIcon::PointingHand)
}

/// A [`chip`] that is one of several choices: lit if it is the one that counts.
pub(super) fn choice_chip(ui: &Ui, rect: Rect, text: &str, chosen: bool) -> Response {
    let response = ui.interact(rect, ui.scope_id().with(text), Sense::click());
    let (fill, color) = match (chosen, response.hovered()) {
        (true, false) => (theme::ACCENT, theme::ON_ACCENT),
        (true, true) => (theme::ACCENT_BRIGHT, theme::ON_ACCENT),
        (false, true) => (theme::HOVERED, theme::TEXT),
        (false, false) => (theme::RAISED, theme::TEXT_DIM),
    };
    ui.painter().rect_filled(rect, rect.height() / 2.0, fill);
    let inside = rect.shrink2(vec2(theme::UNIT, 0.0));
    text_within(ui.painter(), inside, text, theme::small(), color);
    focus_ring(ui, rect, &response);
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), chosen, text));
    response.on_hover_cursor(CursorIcon::PointingHand)
}

/// The one button of the window that is filled with the accent.
pub(super) fn primary_button(ui: &mut Ui, text: &str, size: Vec2, enabled: bool) -> Response {
    let sense = if enabled { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(size, sense);
    let fill = match (enabled, response.is_pointer_button_down_on(), response.hovered()) {
        (false, ..) => theme::RAISED,
        (true, true, _) | (true, false, false) => theme::ACCENT,
        (true, false, true) => theme::ACCENT_BRIGHT,
    };
    let color = if enabled { theme::ON_ACCENT } else { theme::TEXT_FAINT };
    ui.painter().rect_filled(rect, theme::RADIUS, fill);
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, text, theme::large(), color);
    focus_ring(ui, rect, &response);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, text));
    if enabled { response.on_hover_cursor(CursorIcon::PointingHand) } else { response }
}

/// A button with text in the quiet style.
pub(super) fn quiet_button(ui: &mut Ui, text: &str, size: Vec2) -> Response {
    ui.add_sized(size, egui::Button::new(text))
}

/// A switch with its name.
pub(super) fn toggle(ui: &mut Ui, text: &str, on: bool) -> Response {
    let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::small(), theme::TEXT_DIM);
    let switch = vec2(4.0 * theme::UNIT, 2.0 * theme::UNIT);
    let size = vec2(switch.x + theme::UNIT + galley.size().x, theme::CONTROL_HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let track = Rect::from_center_size(rect.left_center() + vec2(switch.x / 2.0, 0.0), switch);
    let shift = ui.ctx().animate_bool_responsive(response.id, on);
    let (fill, knob) = if on { (theme::ACCENT, theme::ON_ACCENT) } else { (theme::WELL, theme::TEXT_DIM) };
    ui.painter().rect(track, 8, fill, theme::outline(theme::LINE), StrokeKind::Inside);
    let x = track.left() + 8.0 + shift * (track.width() - 16.0);
    ui.painter().circle_filled(egui::pos2(x, track.center().y), 5.0, knob);
    let at = egui::pos2(track.right() + theme::UNIT, rect.center().y - galley.size().y / 2.0);
    let color = if response.hovered() { theme::TEXT } else { theme::TEXT_DIM };
    ui.painter().galley_with_override_text_color(at, galley, color);
    focus_ring(
        ui,
        Rect::from_center_size(rect.center(), rect.size() - Vec2::new(0.0, theme::UNIT)),
        &response,
    );
    response.widget_info(|| WidgetInfo::selected(Role::Switch, ui.is_enabled(), on, text));
    response.on_hover_cursor(CursorIcon::PointingHand)
}
