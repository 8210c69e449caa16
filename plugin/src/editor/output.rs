//! The bar at the foot: what starts a sound, how loud it is.

use super::action::{Action, WindowAction};
use super::controls;
use super::param;
use super::theme;
use super::waveform;
use crate::params::{PlayMode, StraightshotParams};
use egui::{Align, Align2, Layout, Rect, Role, Sense, StrokeKind, Ui, WidgetInfo, vec2};
use nice_plug::prelude::ParamSetter;

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
    actions: &mut Vec<Action>,
) {
    controls::caption(ui, "Plays");
    let text = mode_text(params);
    let size = ui.painter().layout_no_wrap(text.to_owned(), theme::small(), theme::TEXT).size();
    let (place, _) =
        ui.allocate_exact_size(vec2(size.x + 2.0 * theme::UNIT, theme::ICON_SIZE), Sense::hover());
    let chip = controls::chip(ui, place, text);
    if chip.on_hover_text("How keys and the host's transport play the take: shown in the tab Play").clicked()
    {
        actions.push(WindowAction::ShowPlaying.into());
    }
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| output(ui, params, setter, meter));
}

/// What starts and ends a sound, in a word or two.
fn mode_text(params: &StraightshotParams) -> &'static str {
    match (params.play_mode.value(), params.looped.value()) {
        (PlayMode::Note, _) => "one-shot",
        (PlayMode::Gate, false) => "while a key is held",
        (PlayMode::Gate, true) => "in a loop while a key is held",
        (PlayMode::Transport, _) => "with the transport",
    }
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
