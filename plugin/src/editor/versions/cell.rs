//! One version of the take at hand, or the place for it.

use crate::editor::action::VersionsAction;
use crate::editor::{controls, theme};
use egui::{
    Align2, Color32, CursorIcon, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};
use std::time::Duration;
use straightshot_listening::INAUDIBLE_DB;
use straightshot_takes::{Peak, TakeId, VersionOfTake};

/// Distance of two bars of the waveform in points.
const BAR: f32 = 2.0;
/// Height of the line above and of the line below the waveform in points.
const LINE_HEIGHT: f32 = 2.25 * theme::UNIT;

/// Width of a cell in points below which the number of steps stands alone.
const NARROW: f32 = 12.0 * theme::UNIT;

/// What is shown of one number of steps.
pub(super) struct Cell {
    pub(super) steps: u32,
    /// The version, if it was made.
    pub(super) version: Option<VersionOfTake>,
    /// Whether it is what notes play.
    pub(super) is_heard: bool,
    /// Whether the others are compared with it.
    pub(super) is_finest: bool,
    /// How far it is from the finest, as far as that is known.
    pub(super) distance_db: Option<f32>,
    /// Whether more steps sound the same.
    pub(super) is_enough: bool,
    /// How long it took, and if that is not known how long it will or would.
    pub(super) took: Option<Duration>,
    pub(super) expected: Option<Duration>,
    /// How far it is while it is being made.
    pub(super) making: Option<f32>,
    /// What its waveform is drawn larger by, the same for all: a quiet take has a shape too.
    pub(super) scale: f32,
}

impl Cell {
    /// What a click or the key of it does.
    pub(super) fn action(&self, take: TakeId) -> VersionsAction {
        match &self.version {
            Some(_) => VersionsAction::Hear(take, self.steps),
            None => VersionsAction::Make(take, self.steps),
        }
    }

    /// Draws it into `rect`; `key` is the name of its key, `letters` the sides of a comparison that it is on.
    pub(super) fn show(&self, ui: &Ui, rect: Rect, key: Option<&str>, letters: &str) -> Response {
        let id = ui.scope_id().with(("version", self.steps));
        let response = ui.interact(rect, id, Sense::click()).on_hover_cursor(CursorIcon::PointingHand);
        self.paint_frame(ui, rect, &response);
        let inner = rect.shrink2(vec2(0.75 * theme::UNIT, 3.0));
        self.paint_name(ui, inner);
        let wave = Rect::from_min_max(inner.min + vec2(0.0, LINE_HEIGHT), inner.max - vec2(0.0, LINE_HEIGHT));
        match &self.version {
            Some(version) => {
                let color = if self.is_heard { theme::ACCENT } else { theme::TEXT_FAINT };
                paint_wave(ui, wave, &version.peaks, self.scale, color);
            }
            None => self.paint_offer(ui, wave, response.hovered()),
        }
        self.paint_facts(ui, inner.with_min_y(inner.bottom() - LINE_HEIGHT), key);
        if !letters.is_empty() {
            let at = wave.center();
            let galley = ui.painter().layout_no_wrap(letters.to_owned(), theme::large(), theme::ACCENT);
            let place = Align2::CENTER_CENTER.anchor_size(at, galley.size());
            ui.painter().rect_filled(place.expand(4.0), 4, theme::WELL);
            ui.painter().galley(place.min, galley, theme::ACCENT);
        }
        controls::focus_ring(ui, rect, &response);
        let name = self.spoken();
        response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, self.is_heard, &name));
        response.on_hover_text(self.hint(key))
    }

    fn paint_frame(&self, ui: &Ui, rect: Rect, response: &Response) {
        let fill = match (&self.version, response.hovered()) {
            (_, true) => theme::HOVERED,
            (Some(_), false) => theme::WELL,
            (None, false) => Color32::TRANSPARENT,
        };
        let line = if self.is_heard { theme::ACCENT } else { theme::LINE };
        ui.painter().rect(rect, theme::RADIUS, fill, theme::outline(line), StrokeKind::Inside);
        if let Some(share) = self.making {
            let foot =
                Rect::from_min_max(pos2(rect.left(), rect.bottom() - 3.0), rect.max).shrink2(vec2(4.0, 0.0));
            let done = foot.with_max_x(foot.left() + share.clamp(0.02, 1.0) * foot.width());
            ui.painter().rect_filled(done, 1, theme::ACCENT);
        }
    }

    /// Number of steps at the left, time at the right.
    fn paint_name(&self, ui: &Ui, inner: Rect) {
        let painter = ui.painter();
        let color = if self.version.is_some() { theme::TEXT } else { theme::TEXT_DIM };
        let name = if inner.width() < NARROW { self.steps.to_string() } else { self.name() };
        painter.text(inner.left_top(), Align2::LEFT_TOP, name, theme::body(), color);
        let time = match (self.took, self.expected) {
            (Some(took), _) => time_text(took),
            (None, Some(expected)) => format!("≈ {}", time_text(expected)),
            (None, None) => String::new(),
        };
        let right = inner.right_top() + vec2(0.0, 1.0);
        painter.text(right, Align2::RIGHT_TOP, time, theme::small(), theme::TEXT_DIM);
    }

    fn paint_offer(&self, ui: &Ui, rect: Rect, hovered: bool) {
        let text = if self.making.is_some() { "Making…" } else { "Make" };
        let color = if hovered { theme::TEXT } else { theme::TEXT_DIM };
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, text, theme::small(), color);
    }

    /// Distance at the left, key at the right.
    fn paint_facts(&self, ui: &Ui, line: Rect, key: Option<&str>) {
        let painter = ui.painter_at(line);
        let (text, color) = self.distance_text();
        painter.text(line.left_center(), Align2::LEFT_CENTER, text, theme::small(), color);
        if let Some(key) = key {
            painter.text(line.right_center(), Align2::RIGHT_CENTER, key, theme::small(), theme::TEXT_FAINT);
        }
    }

    fn distance_text(&self) -> (String, Color32) {
        match self.distance_db {
            _ if self.is_enough => ("enough".to_owned(), theme::ACCENT),
            _ if self.is_finest => ("finest".to_owned(), theme::TEXT_DIM),
            Some(db) if db <= INAUDIBLE_DB => ("same".to_owned(), theme::TEXT_DIM),
            Some(db) => (format!("{db:.1} dB"), theme::TEXT),
            None => (String::new(), theme::TEXT_DIM),
        }
    }

    fn name(&self) -> String {
        if self.steps == 1 { "1 step".to_owned() } else { format!("{} steps", self.steps) }
    }

    /// What assistive technology calls it.
    fn spoken(&self) -> String {
        if self.version.is_some() {
            format!("Version, {}", self.name())
        } else {
            format!("Make {}", self.name())
        }
    }

    fn hint(&self, key: Option<&str>) -> String {
        let key = key.map(|key| format!(" ({key})")).unwrap_or_default();
        if self.version.is_none() {
            return format!("Make this sound with {}{key}; the take keeps all its versions", self.name());
        }
        let distance = match self.distance_db {
            _ if self.is_finest => "\nThe others are compared with it.".to_owned(),
            Some(db) if db <= INAUDIBLE_DB => {
                format!("\n{db:.1} dB from the finest: an ear hears no difference below {INAUDIBLE_DB} dB.")
            }
            Some(db) => format!("\n{db:.1} dB from the finest, over time and pitch, at equal level."),
            None => String::new(),
        };
        format!("Hear the take with {}{key}, as loud as the others{distance}", self.name())
    }
}

/// A time for people: `85 ms`, `1.2 s`.
pub(in crate::editor) fn time_text(time: Duration) -> String {
    match time.as_secs_f32() {
        seconds if seconds < 0.0995 => format!("{:.0} ms", seconds * 1e3),
        seconds if seconds < 0.995 => format!("{seconds:.2} s"),
        seconds if seconds < 9.95 => format!("{seconds:.1} s"),
        seconds => format!("{seconds:.0} s"),
    }
}

/// The largest magnitude.
pub(super) fn loudest(peaks: &[Peak]) -> f32 {
    peaks.iter().fold(0.0, |level: f32, peak| level.max(peak.max).max(-peak.min))
}

/// The outline of a sound as bars.
fn paint_wave(ui: &Ui, rect: Rect, peaks: &[Peak], scale: f32, color: Color32) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "as many bars as fit")]
    let bars = ((rect.width() / BAR) as usize).clamp(1, peaks.len().max(1));
    let mut x = rect.left() + 0.5;
    for bar in 0..bars {
        let columns = &peaks[bar * peaks.len() / bars..(bar + 1) * peaks.len() / bars];
        let half = ((scale * loudest(columns)).min(1.0) * rect.height() / 2.0).max(0.5);
        ui.painter().vline(x, rect.center().y - half..=rect.center().y + half, Stroke::new(1.0, color));
        x += BAR;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        let texts =
            [0.004, 0.085, 0.1, 0.5, 0.999, 1.24, 12.4].map(|s| time_text(Duration::from_secs_f32(s)));
        assert_eq!(texts, ["4 ms", "85 ms", "0.10 s", "0.50 s", "1.0 s", "1.2 s", "12 s"]);
    }
}
