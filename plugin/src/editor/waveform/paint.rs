//! Draws the wave and what is marked on it.

use super::grips::{FADE_SIZE, Grip, Ground, LOOP_BAND};
use super::overview::{Bin, Overview, lane};
use super::scale::Scale;
use crate::editor::theme;
use egui::{
    Align2, Color32, Mesh, Painter, Pos2, Rangef, Rect, Shape, Stroke, StrokeKind, Ui, Vec2, pos2, vec2,
};
use std::ops::Range;
use std::sync::Arc;
use straightshot_edits::Edit;

/// Time ruler steps in seconds; the first that leaves [`TICK_DISTANCE`] between two labels is used.
const TICK_STEPS: [f64; 15] =
    [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0];
/// Smallest distance between two labels of the time ruler in points.
const TICK_DISTANCE: f32 = 72.0;
/// Points per frame from which on the samples are joined by lines, and from which on each is a dot.
const LINES: f64 = 0.3;
const DOTS: f64 = 5.0;

/// What the shapes of a wave depend on: while none of it changes they are drawn as they are.
#[derive(Debug, Clone, PartialEq)]
struct Look {
    wave: Rect,
    scale: Scale,
    edit: Edit,
    gain: f32,
    pixels_per_point: f32,
    /// Address of the samples.
    sound: usize,
}

/// The shapes of the wave that was drawn last.
#[derive(Debug, Default)]
pub(super) struct Drawn(Option<(Look, Vec<Shape>)>);

impl Drawn {
    /// Draws the wave of `ground`; `gain` is what the edit multiplies it by.
    pub(super) fn paint(&mut self, painter: &Painter, ground: &Ground<'_>, gain: f32, pixels_per_point: f32) {
        let look = Look {
            wave: ground.wave,
            scale: ground.scale,
            edit: ground.edit.clone(),
            gain,
            pixels_per_point,
            sound: ground.overview.audio().left().as_ptr().addr(),
        };
        let shapes = match self.0.take() {
            Some((drawn, shapes)) if drawn == look => shapes,
            _ => wave_shapes(ground, &Gain::new(ground, gain), pixels_per_point),
        };
        painter.extend(shapes.iter().cloned());
        self.0 = Some((look, shapes));
    }
}

/// What the sound is multiplied by along the strip.
struct Gain<'a> {
    ground: &'a Ground<'a>,
    gain: f32,
    heard: Range<usize>,
    fades: (usize, usize),
    /// Where the level of a loop rises, and by how much in dB.
    tilt: Option<(Range<usize>, f32)>,
}

#[expect(clippy::cast_precision_loss, reason = "frames of a sound")]
impl<'a> Gain<'a> {
    fn new(ground: &'a Ground<'a>, gain: f32) -> Self {
        let tilt_db = ground.edit.looped.as_ref().map_or(0.0, |looped| looped.tilt_db);
        let tilt = ground.timeline.looped().map(|(range, _)| (range, tilt_db));
        Self { ground, gain, heard: ground.timeline.heard(), fades: ground.fades(), tilt }
    }

    fn at(&self, frame: f64) -> f32 {
        let fade = |from_edge: f64, (frames, curve): (usize, straightshot_edits::Curve)| {
            if frames == 0 || from_edge < 0.0 || from_edge >= frames as f64 {
                return 1.0;
            }
            #[expect(clippy::cast_possible_truncation, reason = "a fraction")]
            curve.gain((from_edge / frames as f64) as f32)
        };
        let edit = self.ground.edit;
        let begin = fade(frame - self.heard.start as f64, (self.fades.0, edit.fade_in.curve));
        let end = fade(self.heard.end as f64 - frame, (self.fades.1, edit.fade_out.curve));
        #[expect(clippy::cast_possible_truncation, reason = "a fraction")]
        let tilt = self.tilt.as_ref().map_or(1.0, |(range, tilt_db)| {
            let share = ((frame - range.start as f64) / range.len().max(1) as f64).clamp(0.0, 1.0) as f32;
            10.0_f32.powf(tilt_db * share / 20.0)
        });
        self.gain * begin * end * tilt
    }
}

fn wave_shapes(ground: &Ground<'_>, gain: &Gain<'_>, pixels_per_point: f32) -> Vec<Shape> {
    let lanes = ground.overview.lanes();
    let mut shapes = Vec::new();
    for channel in 0..lanes {
        let rows = lane(ground.wave.y_range(), channel, lanes);
        grid(&mut shapes, ground.wave.x_range(), rows);
        if ground.scale.step < LINES.recip() {
            samples(&mut shapes, ground, gain, channel, rows);
        } else {
            shapes.push(columns(ground, gain, channel, rows, pixels_per_point));
        }
    }
    shapes
}

/// Full scale, −6 dB and the centre line.
fn grid(shapes: &mut Vec<Shape>, x: Rangef, rows: Rangef) {
    let faint = theme::LINE.gamma_multiply(0.5);
    for level in [-1.0, -0.5, 0.5, 1.0] {
        shapes.push(Shape::hline(x, rows.center() - level * rows.span() / 2.0, theme::outline(faint)));
    }
    shapes.push(Shape::hline(x, rows.center(), theme::outline(theme::LINE)));
}

/// One pair of bars per pixel column: the extremes in the quiet accent, the energy in the full one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "frames of a sound")]
fn columns(
    ground: &Ground<'_>,
    gain: &Gain<'_>,
    channel: usize,
    rows: Rangef,
    pixels_per_point: f32,
) -> Shape {
    let mut mesh = Mesh::default();
    let step = 1.0 / pixels_per_point;
    let (middle, half) = (rows.center(), rows.span() / 2.0);
    let mut bar = |x: f32, low: f32, high: f32, color: Color32| {
        // A bar is never thinner than a pixel, so that silence is a line and not a gap.
        let top = (middle - high.clamp(-1.0, 1.0) * half).min(middle - step / 2.0);
        let bottom = (middle - low.clamp(-1.0, 1.0) * half).max(middle + step / 2.0);
        mesh.add_colored_rect(Rect::from_min_max(pos2(x, top), pos2(x + step, bottom)), color);
    };
    let strip = ground.timeline.strip();
    let mut x = ground.wave.left();
    while x < ground.wave.right() {
        let from = ground.scale.frame_of(x).max(0.0);
        let to = ground.scale.frame_of(x + step);
        let part = (from as usize).min(strip)..(to.ceil() as usize).min(strip);
        let source = ground.timeline.source_range(part);
        let source = source.start..source.end.max(source.start + 1);
        if let Some(Bin { min, max, power }) = ground.overview.between(channel, source) {
            let gain = gain.at(0.5 * (from + to));
            bar(x, min * gain, max * gain, theme::ACCENT.gamma_multiply(0.55));
            let rms = power.sqrt();
            bar(x, (-rms).max(min) * gain, rms.min(max) * gain, theme::ACCENT);
        }
        x += step;
    }
    Shape::mesh(Arc::new(mesh))
}

/// The samples themselves, joined by lines.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "frames of a sound"
)]
fn samples(shapes: &mut Vec<Shape>, ground: &Ground<'_>, gain: &Gain<'_>, channel: usize, rows: Rangef) {
    let scale = &ground.scale;
    let (timeline, samples) = (ground.timeline, ground.overview.samples(channel));
    let (first, last) = (scale.frame_of(scale.x.min), scale.frame_of(scale.x.max));
    let source = timeline
        .source_range((first.max(0.0) as usize)..(last.ceil().max(0.0) as usize).min(timeline.strip()));
    // The middle of a frame is where its sample is; a frame of the unedited sound is `per` frames of the strip.
    let per = timeline.strip() as f64 / samples.len().max(1) as f64;
    let place = |frame: usize| {
        let at = frame as f64 + 0.5;
        let on_strip = per * if ground.edit.reverse { samples.len() as f64 - at } else { at };
        let value = samples[frame] * gain.at(on_strip);
        pos2(scale.place_of(on_strip), rows.center() - value.clamp(-1.0, 1.0) * rows.span() / 2.0)
    };
    let around = source.start.saturating_sub(1)..(source.end + 1).min(samples.len());
    let points: Vec<Pos2> = around.map(place).collect();
    if scale.step * DOTS < per {
        shapes.extend(points.iter().map(|at| Shape::circle_filled(*at, 2.0, theme::ACCENT)));
    }
    shapes.push(Shape::line(points, Stroke::new(1.25, theme::ACCENT)));
}

/// The dark field the wave lies in.
pub(in crate::editor) fn paint_well(ui: &Ui, rect: Rect) {
    ui.painter().rect(rect, theme::RADIUS, theme::WELL, theme::outline(theme::LINE), StrokeKind::Inside);
}

/// Darkens what is not heard, shades the fades, and draws the curves.
pub(super) fn paint_cuts(painter: &Painter, ground: &Ground<'_>) {
    let (wave, scale) = (ground.wave, ground.scale);
    let heard = ground.timeline.heard();
    let (left, right) = (scale.place(heard.start), scale.place(heard.end));
    let dark = theme::WELL.gamma_multiply(0.78);
    for x in [wave.left()..=left, right..=wave.right()] {
        if x.start() < x.end() {
            painter.rect_filled(Rect::from_x_y_ranges(x, wave.y_range()), 0, dark);
        }
    }
    let (fade_in, fade_out) = ground.fades();
    let edit = ground.edit;
    curve(painter, wave, left, scale.place(heard.start + fade_in), |at| edit.fade_in.curve.gain(at));
    curve(painter, wave, right, scale.place(heard.end - fade_out), |at| edit.fade_out.curve.gain(at));
}

/// A fade from silence at `silent` to all of it at `whole`, in either direction.
fn curve(painter: &Painter, wave: Rect, silent: f32, whole: f32, gain: impl Fn(f32) -> f32) {
    const POINTS: u8 = 24;
    if (whole - silent).abs() < 1.0 {
        return;
    }
    let points: Vec<Pos2> = (0..=POINTS)
        .map(|index| {
            let at = f32::from(index) / f32::from(POINTS);
            pos2(silent + at * (whole - silent), wave.bottom() - gain(at) * wave.height())
        })
        .collect();
    let mut mesh = Mesh::default();
    for (index, point) in points.iter().enumerate() {
        mesh.colored_vertex(pos2(point.x, wave.top()), theme::WELL.gamma_multiply(0.5));
        mesh.colored_vertex(*point, theme::WELL.gamma_multiply(0.5));
        if let Ok(next) = u32::try_from(2 * index)
            && index + 1 < points.len()
        {
            mesh.add_triangle(next, next + 1, next + 2);
            mesh.add_triangle(next + 1, next + 2, next + 3);
        }
    }
    painter.add(Shape::mesh(Arc::new(mesh)));
    painter.add(Shape::line(points, Stroke::new(1.5, theme::TEXT.gamma_multiply(0.85))));
}

/// The band below the wave with the loop, its ends and its crossfade.
pub(super) fn paint_loop(painter: &Painter, ground: &Ground<'_>) {
    let Some((range, crossfade)) = ground.timeline.looped() else { return };
    let (wave, scale) = (ground.wave, ground.scale);
    let band = Rangef::new(wave.bottom(), wave.bottom() + LOOP_BAND);
    let x = |frame: usize| scale.place(frame);
    let whole = Rect::from_x_y_ranges(x(range.start)..=x(range.end), band.shrink(2.0));
    painter.rect_filled(whole, 2, theme::ACCENT_DEEP);
    // What comes in rises over the crossfade.
    let (from, to) = (x(range.end - crossfade), x(range.end));
    let rise = vec![pos2(from, whole.bottom()), pos2(to, whole.top()), pos2(to, whole.bottom())];
    painter.add(Shape::convex_polygon(rise, theme::ACCENT.gamma_multiply(0.5), Stroke::NONE));
    for frame in [range.start, range.end] {
        painter.vline(
            x(frame),
            wave.top()..=band.max,
            Stroke::new(1.0, theme::ACCENT_BRIGHT.gamma_multiply(0.7)),
        );
    }
}

/// The grips; `lit` is the one that the pointer holds or is at.
pub(super) fn paint_grips(painter: &Painter, ground: &Ground<'_>, lit: Option<Grip>) {
    for grip in Grip::ALL {
        let Some(at) = ground.place(grip) else { continue };
        let lit = lit == Some(grip);
        let color = if lit { theme::ACCENT_BRIGHT } else { theme::TEXT };
        match grip {
            Grip::TrimStart | Grip::TrimEnd => {
                let line = Stroke::new(if lit { 2.0 } else { 1.0 }, color.gamma_multiply(0.8));
                painter.vline(at.x, ground.wave.y_range(), line);
                let size = vec2(6.0, 28.0_f32.min(ground.wave.height() / 3.0));
                painter.rect_filled(Rect::from_center_size(at, size), 3, color);
            }
            Grip::FadeIn | Grip::FadeOut => {
                let square = Rect::from_center_size(at, Vec2::splat(FADE_SIZE));
                painter.rect(square, 2, theme::WELL, Stroke::new(1.5, color), StrokeKind::Inside);
            }
            Grip::LoopStart | Grip::LoopEnd => {
                painter.rect_filled(
                    Rect::from_center_size(at, vec2(5.0, LOOP_BAND)),
                    2,
                    theme::ACCENT_BRIGHT,
                );
            }
            Grip::Crossfade => {
                painter.circle(at, 4.0, theme::WELL, Stroke::new(1.5, color));
            }
        }
    }
}

/// The selected part with its length.
pub(super) fn paint_selection(painter: &Painter, wave: Rect, x: Rangef, text: &str) {
    let part = Rect::from_x_y_ranges(x, wave.y_range());
    painter.rect_filled(part, 0, theme::TEXT.gamma_multiply(0.14));
    for edge in [x.min, x.max] {
        painter.vline(edge, wave.y_range(), Stroke::new(1.0, theme::TEXT.gamma_multiply(0.7)));
    }
    let galley = painter.layout_no_wrap(text.to_owned(), theme::small(), theme::TEXT);
    let size = galley.size() + vec2(theme::UNIT, 4.0);
    let left =
        (x.center() - size.x / 2.0).clamp(wave.left() + 2.0, (wave.right() - size.x - 2.0).max(wave.left()));
    let chip = Rect::from_min_size(pos2(left, wave.bottom() - size.y - 4.0), size);
    painter.rect_filled(chip, 4, theme::PANEL.gamma_multiply(0.92));
    painter.galley(chip.min + vec2(theme::UNIT / 2.0, 2.0), galley, theme::TEXT);
}

/// The line under the pointer with the time it stands at.
pub(super) fn paint_pointer(painter: &Painter, wave: Rect, x: f32, text: String) {
    painter.vline(x, wave.y_range(), theme::outline(theme::TEXT_FAINT.gamma_multiply(0.7)));
    let (align, shift) = if x > wave.right() - TICK_DISTANCE {
        (Align2::RIGHT_TOP, vec2(-6.0, 16.0))
    } else {
        (Align2::LEFT_TOP, vec2(6.0, 16.0))
    };
    painter.text(pos2(x, wave.top()) + shift, align, text, theme::small(), theme::TEXT_DIM);
}

/// Times below the wave; 0 is where the sound begins to be heard.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "ticks on a screen")]
pub(super) fn paint_ruler(painter: &Painter, rect: Rect, scale: Scale, heard_from: usize, rate_hz: f64) {
    let per_second = rate_hz / scale.step.max(1e-9);
    let step =
        TICK_STEPS.iter().copied().find(|step| step * per_second >= f64::from(TICK_DISTANCE)).unwrap_or(10.0);
    let decimals = [0.25, 0.1, 0.05, 0.01, 0.001].iter().position(|least| step >= *least);
    let decimals =
        if step >= 1.0 { 0 } else { [2, 1, 2, 2, 3].get(decimals.unwrap_or(9)).copied().unwrap_or(4) };
    let origin = heard_from as f64;
    let first = ((scale.first - origin) / rate_hz / step).floor() as i64;
    for index in first.. {
        let time = index as f64 * step;
        let x = scale.place_of(origin + time * rate_hz);
        if x > rect.right() - 4.0 {
            break;
        }
        if x < rect.left() {
            continue;
        }
        painter.vline(x, rect.top()..=rect.top() + 5.0, theme::outline(theme::LINE));
        if x + TICK_DISTANCE / 2.0 < rect.right() {
            let text = format!("{time:.decimals$} s").replace('-', "−");
            painter.text(
                pos2(x + 4.0, rect.bottom() - 1.0),
                Align2::LEFT_BOTTOM,
                text,
                theme::small(),
                theme::TEXT_FAINT,
            );
        }
    }
}

/// The whole sound, thin, with the part that is in sight.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "columns"
)]
pub(super) fn paint_map(painter: &Painter, rect: Rect, overview: &Overview, reverse: bool, sight: Rangef) {
    painter.rect_filled(rect, 3, theme::PANEL);
    let frames = overview.audio().frames();
    let columns = (rect.width() / 2.0).max(1.0) as usize;
    for column in 0..columns {
        let part =
            column * frames / columns..((column + 1) * frames / columns).max(column * frames / columns + 1);
        let part = if reverse { frames - part.end.min(frames)..frames - part.start } else { part };
        let peak = (0..overview.lanes())
            .filter_map(|channel| overview.between(channel, part.clone()))
            .fold(0.0, |peak: f32, bin| peak.max(bin.max).max(-bin.min));
        let x = rect.left() + column as f32 * 2.0;
        let half = (peak.min(1.0) * (rect.height() / 2.0 - 1.0)).max(0.5);
        painter.vline(
            x,
            rect.center().y - half..=rect.center().y + half,
            Stroke::new(1.0, theme::TEXT_FAINT),
        );
    }
    let x = Rangef::new(rect.left() + sight.min * rect.width(), rect.left() + sight.max * rect.width());
    let x = Rangef::new(x.min, x.max.max(x.min + 3.0));
    let window = Rect::from_x_y_ranges(x, rect.y_range());
    painter.rect(
        window,
        3,
        theme::TEXT.gamma_multiply(0.12),
        theme::outline(theme::TEXT_DIM),
        StrokeKind::Inside,
    );
}
