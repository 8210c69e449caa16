//! The bar at the foot: what starts a sound, how loud it is.

use super::controls;
use super::param;
use super::theme;
use super::waveform;
use crate::params::{PlayMode, StraightshotParams};
use egui::{
    Align, Align2, CursorIcon, Layout, Rect, Role, Sense, StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2,
};
use nice_plug::prelude::ParamSetter;

/// Modes in the order of their segments, with the labels below.
const MODES: [PlayMode; 3] = [PlayMode::Note, PlayMode::Gate, PlayMode::Transport];
/// Labels of [`MODES`].
const MODE_LABELS: [&str; 3] = ["Note", "Gate", "Transport"];
/// Lowest level the meter shows, in dB.
const METER_FLOOR_DB: f32 = -60.0;
/// Highest level the meter shows, in dB.
const METER_TOP_DB: f32 = 6.0;
/// How fast the meter falls, in dB per second.
const METER_FALL_DB: f32 = 24.0;

/// Ballistics of the output meter.
#[derive(Debug)]
pub(super) struct OutputMeter {
    /// Level shown, in dB.
    level_db: f32,
    /// Whether the output went above full scale since the user last clicked the lamp.
    clipped: bool,
}

impl Default for OutputMeter {
    fn default() -> Self {
        Self { level_db: METER_FLOOR_DB, clipped: false }
    }
}

impl OutputMeter {
    /// Takes in the linear `peak` of the last `seconds`.
    pub(super) fn advance(&mut self, peak: f32, seconds: f32) {
        let fallen = self.level_db - METER_FALL_DB * seconds.max(0.0);
        self.level_db = waveform::to_db(peak).max(fallen).max(METER_FLOOR_DB);
        self.clipped |= peak > 1.0;
    }

    /// Whether the meter shows anything that will change without new sound.
    pub(super) fn moving(&self) -> bool {
        self.level_db > METER_FLOOR_DB
    }

    fn show(&mut self, ui: &mut Ui, width: f32) {
        let (rect, response) = ui.allocate_exact_size(vec2(width, theme::CONTROL_HEIGHT), Sense::click());
        let track = Rect::from_center_size(rect.center(), vec2(width, theme::UNIT));
        let lamp = track.with_min_x(track.right() - theme::UNIT);
        let bar = track.with_max_x(lamp.left() - 3.0);
        let at = |db: f32| {
            let share = (db - METER_FLOOR_DB) / (METER_TOP_DB - METER_FLOOR_DB);
            bar.left() + share.clamp(0.0, 1.0) * bar.width()
        };
        ui.painter().rect_filled(bar, 3, theme::WELL);
        ui.painter().rect_filled(bar.with_max_x(at(self.level_db)), 3, theme::ACCENT);
        for db in [-48.0, -36.0, -24.0, -12.0, 0.0] {
            let color = if db == 0.0 { theme::TEXT_DIM } else { theme::LINE };
            ui.painter().vline(at(db), bar.bottom() + 2.0..=bar.bottom() + 5.0, theme::outline(color));
        }
        let color = if self.clipped { theme::ERROR } else { theme::WELL };
        ui.painter().rect(lamp, 3, color, theme::outline(theme::LINE), StrokeKind::Inside);
        let level = if self.moving() {
            waveform::db_text(self.level_db)
        } else {
            waveform::db_text(f32::NEG_INFINITY)
        };
        let clip = if self.clipped { "\nWent above full scale; click to reset" } else { "" };
        response
            .widget_info(|| WidgetInfo::labeled(Role::ProgressIndicator, true, format!("Output {level}")));
        if response.on_hover_text(format!("Output {level}{clip}")).clicked() {
            self.clipped = false;
        }
    }
}

/// Draws the bar's content into the row that `ui` is.
pub(super) fn show(
    ui: &mut Ui,
    params: &StraightshotParams,
    setter: &ParamSetter<'_>,
    meter: &mut OutputMeter,
) {
    controls::caption(ui, "Play on");
    let chosen = MODES.iter().position(|mode| *mode == params.play_mode.value());
    let modes = ui.scope(|ui| controls::segmented(ui, "Play on", 27.0 * theme::UNIT, &MODE_LABELS, chosen));
    if let Some(index) = modes.inner {
        param::set(setter, &params.play_mode, MODES[index]);
    }
    modes.response.on_hover_text(
        "Note: a key plays the take to its end\nGate: it stops when the key is released\nTransport: it starts and stops with the host",
    );
    ui.add_space(theme::UNIT);
    let keytrack = params.keytrack.value();
    let hint = "Keys change the pitch; middle C (60) plays the original";
    if toggle(ui, "Key tracking", keytrack).on_hover_text(hint).clicked() {
        param::set(setter, &params.keytrack, !keytrack);
    }
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| output(ui, params, setter, meter));
}

/// Meter, gain slider and its value, from the right.
fn output(ui: &mut Ui, params: &StraightshotParams, setter: &ParamSetter<'_>, meter: &mut OutputMeter) {
    meter.show(ui, 14.0 * theme::UNIT);
    let width = 8.0 * theme::UNIT;
    let (place, _) = ui.allocate_exact_size(vec2(width, theme::CONTROL_HEIGHT), Sense::hover());
    let text = params.gain.to_string().replace('-', "−");
    ui.painter().text(place.right_center(), Align2::RIGHT_CENTER, text, theme::small(), theme::TEXT);
    // The caption is the first to go in a narrow window; the tooltip says the same.
    let caption = 5.0 * theme::UNIT;
    let room = ui.available_width() - caption - theme::MARGIN;
    let slider = room.clamp(8.0 * theme::UNIT, 16.0 * theme::UNIT);
    param::slider(ui, setter, &params.gain, slider, "Output gain; double-click for 0 dB");
    if room >= 8.0 * theme::UNIT {
        controls::caption(ui, "Gain");
    }
}

/// A switch with its name.
fn toggle(ui: &mut Ui, text: &str, on: bool) -> egui::Response {
    let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::small(), theme::TEXT_DIM);
    let switch = vec2(4.0 * theme::UNIT, 2.0 * theme::UNIT);
    let size = vec2(switch.x + theme::UNIT + galley.size().x, theme::CONTROL_HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let track = Rect::from_center_size(rect.left_center() + vec2(switch.x / 2.0, 0.0), switch);
    let shift = ui.ctx().animate_bool_responsive(response.id, on);
    let (fill, knob) = if on { (theme::ACCENT, theme::ON_ACCENT) } else { (theme::WELL, theme::TEXT_DIM) };
    ui.painter().rect(track, 8, fill, theme::outline(theme::LINE), StrokeKind::Inside);
    let x = track.left() + 8.0 + shift * (track.width() - 16.0);
    ui.painter().circle_filled(pos2(x, track.center().y), 5.0, knob);
    let at = pos2(track.right() + theme::UNIT, rect.center().y - galley.size().y / 2.0);
    let color = if response.hovered() { theme::TEXT } else { theme::TEXT_DIM };
    ui.painter().galley_with_override_text_color(at, galley, color);
    controls::focus_ring(
        ui,
        Rect::from_center_size(rect.center(), rect.size() - Vec2::new(0.0, theme::UNIT)),
        &response,
    );
    response.widget_info(|| WidgetInfo::selected(Role::Switch, ui.is_enabled(), on, text));
    response.on_hover_cursor(CursorIcon::PointingHand)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_meter_jumps_up_and_falls_slowly() {
        let mut meter = OutputMeter::default();
        meter.advance(0.5, 0.033);
        assert!((meter.level_db + 6.02).abs() < 0.01);
        meter.advance(0.0, 0.5);
        assert!((meter.level_db + 18.02).abs() < 0.01);
        meter.advance(0.0, 60.0);
        assert!(!meter.moving() && !meter.clipped);
    }

    #[test]
    fn the_lamp_stays_lit_after_an_overload() {
        let mut meter = OutputMeter::default();
        meter.advance(1.01, 0.033);
        meter.advance(0.0, 60.0);
        assert!(meter.clipped);
    }
}
