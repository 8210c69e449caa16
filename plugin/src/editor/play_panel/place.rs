//! Where in the host's song the sound lies that the transport plays.

use crate::editor::action::{Action, PlayAction};
use crate::editor::scene::Scene;
use crate::editor::{controls, param, theme};
use controls::Segment;
use egui::{Align, Layout, TextEdit, Ui, vec2};

/// The two ways to place it.
const SEGMENTS: [Segment<'static>; 2] = [
    Segment { label: "Where playback starts", hint: "It begins whenever the host starts or jumps" },
    Segment {
        label: "At a position",
        hint: "It lies at one place of the song, from the very sample: the host can start and jump anywhere",
    },
];

/// The position while it is typed.
#[derive(Debug, Default)]
pub(super) struct PlaceField {
    typed: Option<String>,
}

impl PlaceField {
    /// Draws it as one or two rows.
    pub(super) fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        let place_s = scene.view.arrangement.place_s;
        let chosen = usize::from(place_s.is_some());
        let width = ui.available_width();
        match controls::segments(ui, "Begins", width, &SEGMENTS, Some(chosen))
            .filter(|index| *index != chosen)
        {
            Some(0) => actions.push(PlayAction::PlaceAt(None).into()),
            Some(_) => {
                actions.push(PlayAction::PlaceAt(Some(scene.view.song_position_s.unwrap_or(0.0))).into())
            }
            None => {}
        }
        let size = vec2(ui.available_width(), theme::CONTROL_HEIGHT);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            if let Some(place_s) = place_s {
                self.position(ui, scene, place_s, actions);
            }
            let looped = scene.params.looped.value();
            let mut on = looped;
            let hint = "Go on beyond the end: through the loop of the take, or from its start again";
            if ui.checkbox(&mut on, "Repeat").on_hover_text(hint).changed() {
                param::set(scene.setter, &scene.params.looped, on);
            }
        });
    }

    fn position(&mut self, ui: &mut Ui, scene: &Scene<'_>, place_s: f64, actions: &mut Vec<Action>) {
        let mut text = self.typed.take().unwrap_or_else(|| clock(place_s));
        let edit = TextEdit::singleline(&mut text)
            .desired_width(10.0 * theme::UNIT)
            .min_size(vec2(0.0, theme::CONTROL_HEIGHT))
            .align(egui::Align2::LEFT_CENTER);
        let hint = "Where the sound begins: minutes, seconds and thousandths, or seconds";
        let response = ui.add(edit).on_hover_text(hint);
        if response.has_focus() {
            self.typed = Some(text.clone());
        }
        if response.lost_focus()
            && let Some(typed) = seconds(&text)
            && clock(typed) != clock(place_s)
        {
            actions.push(PlayAction::PlaceAt(Some(typed)).into());
        }
        let now = scene.view.song_position_s;
        let button = egui::Button::new("Set to playhead");
        let hint = match now {
            Some(now) => format!("The host is at {}", clock(now)),
            None => "The host does not tell where it is".to_owned(),
        };
        if ui.add_enabled(now.is_some(), button).on_hover_text(&hint).on_disabled_hover_text(hint).clicked() {
            actions.push(PlayAction::PlaceAt(now).into());
        }
    }
}

/// A time as clocks of hosts show it.
fn clock(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "a position of a song")]
    let milliseconds = (seconds * 1000.0).round() as i64;
    let sign = if milliseconds < 0 { "−" } else { "" };
    let milliseconds = milliseconds.unsigned_abs();
    let (minutes, seconds) = (milliseconds / 60_000, milliseconds / 1000 % 60);
    format!("{sign}{minutes}:{seconds:02}.{:03}", milliseconds % 1000)
}

/// A time as people type it.
fn seconds(text: &str) -> Option<f64> {
    let text = text.trim().replace(',', ".").replace('−', "-");
    let (sign, text) = text.strip_prefix('-').map_or((1.0, text.as_str()), |rest| (-1.0, rest));
    let text = text.trim_end_matches('s').trim();
    let parts = text.split(':').map(|part| part.trim().parse::<f64>().ok().filter(|part| *part >= 0.0));
    let total = parts.into_iter().try_fold(0.0, |total, part| Some(total * 60.0 + part?))?;
    Some(sign * total).filter(|seconds| seconds.is_finite() && seconds.abs() < 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_as_they_are_shown() {
        for seconds_of in [0.0, 0.25, 59.999, 61.5, 3723.001, -2.5] {
            let read = seconds(&clock(seconds_of)).expect("it was shown so");
            assert!((read - seconds_of).abs() < 1e-9, "{seconds_of} was read as {read}");
        }
        assert_eq!(
            (clock(61.5), seconds("90,5 s"), seconds("1:02:03")),
            ("1:01.500".to_owned(), Some(90.5), Some(3723.0))
        );
        assert_eq!((seconds("soon"), seconds("1:-2"), seconds("inf")), (None, None, None));
    }
}
