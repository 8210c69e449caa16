//! The help over the window: every shortcut, read from the one table of them.

use super::action::{Action, WindowAction};
use super::overlay;
use super::shortcuts::{Entry, Shortcut, TABLE};
use super::theme;
use egui::{Rect, RichText, Ui, vec2};

/// Width of a column in points, at most.
const WIDTH: f32 = 58.0 * theme::UNIT;
/// Between two columns in points.
const GAP: f32 = 4.0 * theme::UNIT;
/// Height of a line in points.
const LINE: f32 = 2.75 * theme::UNIT;

/// Draws the help in the middle of `window`; returns whether it stays.
pub(super) fn show(ui: &mut Ui, window: Rect, actions: &mut Vec<Action>) -> bool {
    let both = 2.0 * WIDTH + GAP;
    let columns = if overlay::room_in(window).x >= 0.8 * both { 2 } else { 1 };
    let width = if columns == 2 { both } else { WIDTH };
    let about = |ui: &mut Ui| {
        if ui.button("About").on_hover_text(Shortcut::About.hint("Version, licences, attribution")).clicked()
        {
            actions.push(WindowAction::ToggleAbout.into());
        }
    };
    overlay::show(ui, window, "Shortcuts", width, about, |ui, size| {
        overlay::scrolled(size.y).show(ui, |ui| {
            // The scroll bar lies beside the lines.
            ui.set_max_width(ui.available_width() - 1.5 * theme::UNIT);
            ui.spacing_mut().item_spacing = vec2(GAP, 0.0);
            ui.columns(columns, |columns| {
                let last = columns.len() - 1;
                let areas = TABLE.chunk_by(|a, b| a.area == b.area);
                let mut before = 0;
                for area in areas {
                    // A column is full with half of all lines.
                    let column = if 2 * before < TABLE.len() { 0 } else { last };
                    lines(&mut columns[column], area);
                    before += area.len();
                }
            });
        });
    })
}

/// The shortcuts of one area.
fn lines(ui: &mut Ui, entries: &[Entry]) {
    if let Some(first) = entries.first() {
        ui.add_space(0.5 * theme::UNIT);
        ui.label(RichText::new(first.area).font(theme::small()).color(theme::ACCENT));
    }
    for entry in entries {
        line(ui, entry.what, &entry.keys());
    }
    ui.add_space(theme::UNIT);
}

/// What a key does at the left, the key at the right.
fn line(ui: &mut Ui, what: &str, keys: &str) {
    ui.spacing_mut().interact_size.y = LINE;
    ui.horizontal(|ui| {
        ui.label(RichText::new(what).font(theme::small()).color(theme::TEXT));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.label(RichText::new(keys).font(theme::small()).color(theme::TEXT_DIM));
        });
    });
}
