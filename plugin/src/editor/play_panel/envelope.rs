//! The envelope of notes, drawn: its corners can be dragged.

use super::field;
use crate::editor::theme;
use crate::params::StraightshotParams;
use egui::{
    CursorIcon, Mesh, Pos2, Rect, Response, Sense, Shape, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2,
    vec2,
};
use nice_plug::prelude::{Param, ParamSetter};

/// Height of the drawing in points.
pub(super) const HEIGHT: f32 = 10.0 * theme::UNIT;
/// Part of the width for the longest attack, decay and release each; what is left is the time that the key is held.
const STAGE: f32 = 0.29;
/// Radius of a corner in points.
const CORNER: f32 = 5.0;
/// How far behind its corner the handle of decay and sustain is, in points: beside that of the attack when both are zero.
const BESIDE: f32 = 3.0 * CORNER;
/// Lines that make a curve.
const LINES: u8 = 24;

/// The corners of the envelope.
struct Corners {
    start: Pos2,
    top: Pos2,
    held: Pos2,
    released: Pos2,
    end: Pos2,
}

impl Corners {
    fn of(params: &StraightshotParams, inner: Rect) -> Self {
        let stage = |normalized: f32| normalized * STAGE * inner.width();
        let top = inner.left() + stage(params.attack.modulated_normalized_value());
        let held = top + stage(params.decay.modulated_normalized_value());
        let released = inner.right() - STAGE * inner.width();
        let level = inner.bottom() - params.sustain.modulated_normalized_value() * inner.height();
        Self {
            start: inner.left_bottom(),
            top: pos2(top, inner.top()),
            held: pos2(held, level),
            released: pos2(released, level),
            end: pos2(released + stage(params.release.modulated_normalized_value()), inner.bottom()),
        }
    }
}

/// Draws the envelope over the width of `ui`. `gated` is whether notes end with their keys: otherwise there is no release.
pub(super) fn show(
    ui: &mut Ui,
    params: &StraightshotParams,
    setter: &ParamSetter<'_>,
    width: f32,
    gated: bool,
) {
    let (rect, _) = ui.allocate_exact_size(vec2(width, HEIGHT), Sense::hover());
    ui.painter().rect(rect, theme::RADIUS, theme::WELL, theme::outline(theme::LINE), StrokeKind::Inside);
    let inner = rect.shrink2(vec2(1.5 * theme::UNIT, 1.25 * theme::UNIT));
    let corners = Corners::of(params, inner);
    paint(ui, &corners, inner, gated);
    let stage = STAGE * inner.width();
    let along = |response: &Response, from: f32| {
        response.interact_pointer_pos().map(|at| ((at.x - from) / stage).clamp(0.0, 1.0))
    };
    let attack = corner(ui, "attack", corners.top, CursorIcon::ResizeHorizontal, "Attack: drag it sideways");
    field::drag(setter, &params.attack, &attack, along(&attack, inner.left()));
    let hint = "Decay and sustain: drag it sideways and up or down";
    let decay = corner(ui, "decay", corners.held + vec2(BESIDE, 0.0), CursorIcon::Move, hint);
    let level = decay.interact_pointer_pos().map(|at| (inner.bottom() - at.y) / inner.height());
    field::drag(setter, &params.decay, &decay, along(&decay, corners.top.x + BESIDE));
    field::drag(setter, &params.sustain, &decay, level);
    if gated {
        let release =
            corner(ui, "release", corners.end, CursorIcon::ResizeHorizontal, "Release: drag it sideways");
        field::drag(setter, &params.release, &release, along(&release, corners.released.x));
    }
}

fn corner(ui: &Ui, name: &str, at: Pos2, cursor: CursorIcon, hint: &str) -> Response {
    let place = Rect::from_center_size(at, Vec2::splat(4.0 * CORNER));
    let response = ui.interact(place, ui.scope_id().with(("envelope", name)), field::handle());
    let lit = response.hovered() || response.dragged() || response.has_focus();
    let fill = if lit { theme::ACCENT_BRIGHT } else { theme::ACCENT };
    ui.painter().circle(at, CORNER, fill, Stroke::new(2.0, theme::WELL));
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Slider, ui.is_enabled(), name));
    response.on_hover_cursor(cursor).on_hover_text(hint)
}

fn paint(ui: &Ui, corners: &Corners, inner: Rect, gated: bool) {
    let mut line = vec![corners.start, corners.top];
    line.extend(fall(corners.top, corners.held));
    line.push(corners.released);
    if gated {
        line.extend(fall(corners.released, corners.end));
    }
    let foot = |x: f32| pos2(x, inner.bottom());
    // One mesh: pieces of their own would show their seams.
    let mut below = Mesh::default();
    for (index, at) in (0_u32..).step_by(2).zip(&line) {
        below.colored_vertex(*at, theme::ACCENT_DEEP);
        below.colored_vertex(foot(at.x), theme::ACCENT_DEEP);
        if index > 0 {
            below.add_triangle(index - 2, index - 1, index);
            below.add_triangle(index - 1, index, index + 1);
        }
    }
    ui.painter().add(Shape::mesh(below));
    ui.painter().add(Shape::line(line, Stroke::new(2.0, theme::ACCENT)));
    let held = [corners.released, foot(corners.released.x)];
    ui.painter().add(Shape::dashed_line(&held, theme::outline(theme::TEXT_FAINT), 3.0, 3.0));
}

/// The curve of a fall as the player makes it: steep first.
fn fall(from: Pos2, to: Pos2) -> impl Iterator<Item = Pos2> {
    const OVERSHOOT: f32 = 0.2;
    (1..=LINES).map(move |step| {
        let along = f32::from(step) / f32::from(LINES);
        let left = (1.0 + OVERSHOOT) * (OVERSHOOT / (1.0 + OVERSHOOT)).powf(along) - OVERSHOOT;
        pos2(from.x + along * (to.x - from.x), to.y + left.max(0.0) * (from.y - to.y))
    })
}
