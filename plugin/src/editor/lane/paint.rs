//! The lane's picture: grid, curve, hits.

use super::drawing;
use super::grid::Grid;
use super::shown::{Edits, Scale, Shown};
use crate::editor::theme;
use crate::guide::Guiding;
use egui::epaint::{Mesh, Shape, Stroke};
use egui::{Align2, Color32, Painter, Pos2, Rect, StrokeKind, Ui, pos2, vec2};

/// Narrowest distance between marks of time, and between lines of the grid, in points.
const MARKS_APART: f32 = 40.0;
const LINES_APART: f32 = 5.0;

/// What of the lane is marked.
pub(super) struct Marked {
    /// The hit that keys and pointer move.
    pub(super) hit: Option<usize>,
    /// The part of the curve that keys change, in seconds.
    pub(super) part: Option<(f64, f64)>,
    /// Whether a file is over the lane and would be taken.
    pub(super) drop: bool,
}

pub(super) fn paint(ui: &Ui, rect: Rect, shown: &Shown, scale: &Scale, marked: &Marked, guiding: &Guiding) {
    let painter = ui.painter().with_clip_rect(rect);
    let line = if marked.drop { theme::ACCENT } else { theme::LINE };
    painter.rect(rect, theme::RADIUS, theme::WELL, theme::outline(line), StrokeKind::Inside);
    let is_empty = shown.hits.is_empty() && shown.curve.is_none();
    match shown.grid {
        Some(grid) => lines(&painter, rect, shown, scale, grid),
        None if is_empty => {}
        None => times(&painter, rect, shown, scale),
    }
    if let Some((from, to)) = marked.part {
        let part = Rect::from_x_y_ranges(scale.x(from)..=scale.x(to), rect.shrink(1.0).y_range());
        painter.rect_filled(part, 0, theme::RAISED);
    }
    curve(&painter, shown, scale, ui.is_enabled());
    let strong = shown.edits == Edits::Hits;
    for (index, hit) in shown.hits.iter().enumerate() {
        let chosen = marked.hit == Some(index);
        let width = if chosen { 5.0 } else { 3.0 };
        let color = match (chosen, shown.own && ui.is_enabled()) {
            (true, _) => theme::ACCENT_BRIGHT,
            (false, true) => theme::ACCENT,
            (false, false) => theme::TEXT_DIM,
        };
        // Beside a curve that is being drawn they are no part of it.
        let color = if strong { color } else { theme::TEXT };
        let x = scale.x(hit.seconds);
        let top = pos2(x - width / 2.0, scale.y(hit.level_db));
        painter.rect_filled(Rect::from_min_max(top, pos2(x + width / 2.0, scale.rect.bottom())), 1.5, color);
    }
    match guiding {
        Guiding::Nothing => note(&painter, rect, shown, marked.drop),
        guiding => under_way(&painter, rect, guiding),
    }
}

/// Marks of time, with their seconds.
fn times(painter: &Painter, rect: Rect, shown: &Shown, scale: &Scale) {
    let per_second = scale.rect.width() / shown.seconds.max(0.01) as f32;
    let step = [0.1, 0.5, 1.0, 5.0, 10.0, 30.0].into_iter().find(|step| step * per_second >= MARKS_APART);
    let step = f64::from(step.unwrap_or(60.0));
    for time in (1..).map(|mark| f64::from(mark) * step).take_while(|time| *time < shown.seconds) {
        let x = scale.x(time);
        painter.line_segment([pos2(x, rect.top()), pos2(x, rect.bottom())], theme::outline(theme::LINE));
        let text = if step < 1.0 { format!("{time:.1}") } else { format!("{time:.0}") };
        let at = pos2(x - 3.0, rect.top() + 1.0);
        painter.text(at, Align2::RIGHT_TOP, text, theme::tiny(), theme::TEXT_FAINT);
    }
}

/// The lines of the host's grid; bars are brighter. Where they would be too near, only bars, and then nothing.
fn lines(painter: &Painter, rect: Rect, shown: &Shown, scale: &Scale, grid: Grid) {
    let per_second = scale.rect.width() / shown.seconds.max(0.01) as f32;
    let is_seen = |step_s: f64| step_s as f32 * per_second >= LINES_APART;
    let Some(step_s) = [grid.step_s, grid.bar_s].into_iter().find(|step| is_seen(*step)) else { return };
    for time in (1..).map(|line| f64::from(line) * step_s).take_while(|time| *time < shown.seconds) {
        let x = scale.x(time);
        let color = if grid.begins_bar(time) { theme::TEXT_FAINT } else { theme::LINE };
        painter
            .line_segment([pos2(x, rect.top() + 1.0), pos2(x, rect.bottom() - 1.0)], theme::outline(color));
    }
}

/// The curve as a line with what is below it filled.
fn curve(painter: &Painter, shown: &Shown, scale: &Scale, enabled: bool) {
    let Some(curve) = &shown.curve else { return };
    let strong = shown.edits == Edits::Curve && enabled;
    let (line, fill) = if strong {
        (theme::ACCENT, theme::ACCENT_DEEP)
    } else {
        (theme::TEXT_FAINT, theme::ACCENT_DEEP.gamma_multiply(0.6))
    };
    let width = scale.rect.width().max(1.0);
    let levels = curve.levels_db();
    // Of several points in one column the loudest is seen, as of a waveform.
    let column = |x: f32| {
        let (from, to) = (scale.seconds(x), scale.seconds(x + 1.0));
        let index = |seconds: f64| (seconds.max(0.0) / straightshot_protocol::CURVE_STEP_S) as usize;
        let inside = levels.get(index(from) + 1..index(to)).unwrap_or_default();
        let level = inside.iter().copied().fold(curve.at(from), f32::max);
        pos2(x, scale.rect.bottom() - drawing::height(level) * scale.rect.height())
    };
    let columns = (0..=width as u32).map(|i| column(scale.rect.left() + i as f32));
    let points: Vec<Pos2> = columns.collect();
    painter.add(below(&points, scale.rect.bottom(), fill));
    painter.add(Shape::line(points, Stroke::new(1.5, line)));
}

/// What lies between a line and the bottom.
fn below(points: &[Pos2], bottom: f32, color: Color32) -> Shape {
    let mut mesh = Mesh::default();
    for (i, point) in points.iter().enumerate() {
        mesh.colored_vertex(*point, color);
        mesh.colored_vertex(pos2(point.x, bottom), color);
        let last = 2 * u32::try_from(i).unwrap_or(0);
        if last >= 2 {
            mesh.add_triangle(last - 2, last - 1, last);
            mesh.add_triangle(last - 1, last, last + 1);
        }
    }
    Shape::mesh(mesh)
}

/// What is being read or recorded, over what is there; the level of the input as a bar at the left.
fn under_way(painter: &Painter, rect: Rect, guiding: &Guiding) {
    let inside = rect.shrink(1.0);
    painter.rect_filled(inside, theme::RADIUS, theme::WELL.gamma_multiply(0.8));
    let text = match guiding {
        Guiding::Nothing => return,
        Guiding::Reading(name) => format!("Listening to {name}"),
        Guiding::Recording { seconds, peak } => {
            let level = (20.0 * peak.max(1e-6).log10() / 60.0 + 1.0).clamp(0.0, 1.0);
            let bar = inside.with_max_x(inside.left() + 4.0);
            painter.rect_filled(bar.with_min_y(bar.bottom() - level * bar.height()), 0, theme::ACCENT);
            format!("Recording the input: {seconds:.1} s")
        }
    };
    painter.text(rect.center(), Align2::CENTER_CENTER, text, theme::small(), theme::TEXT);
}

/// What the lane says in words.
fn note(painter: &Painter, rect: Rect, shown: &Shown, drop: bool) {
    let behind = shown.hits.iter().filter(|hit| hit.seconds >= shown.seconds).count();
    if behind > 0 && !drop {
        let at = rect.right_center() - vec2(theme::UNIT, 0.0);
        let text = format!("{behind} behind the end");
        painter.text(at, Align2::RIGHT_CENTER, text, theme::small(), theme::TEXT_FAINT);
        return;
    }
    if drop {
        painter.rect_filled(rect.shrink(1.0), theme::RADIUS, theme::WELL.gamma_multiply(0.8));
    }
    let text = match (drop, shown.edits) {
        (true, _) => "Drop it: its hits and its loudness count",
        (false, Edits::Curve) if shown.curve.is_none() => "Draw how loud it is over time",
        (false, Edits::Hits) if shown.hits.is_empty() => "The model decides",
        _ => return,
    };
    painter.text(rect.center(), Align2::CENTER_CENTER, text, theme::small(), theme::TEXT_FAINT);
}
