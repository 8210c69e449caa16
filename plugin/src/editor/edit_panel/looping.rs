//! The tool that makes a loop.

use super::fields::{Number, Numbers, button, switch};
use super::{Desk, title};
use crate::editor::action::{Action, EditAction};
use crate::editor::shortcuts::Shortcut;
use egui::Ui;
use straightshot_edits::{Edit, Loop};
use straightshot_takes::Wish;

/// Crossfade of a loop that is set by hand, in seconds.
const CROSSFADE_S: f64 = 0.25;

pub(super) fn show(numbers: &mut Numbers, ui: &mut Ui, desk: &Desk<'_>, actions: &mut Vec<Action>) {
    let edit = desk.edit;
    title(ui, desk, "Loop", Edit { looped: None, ..edit.clone() }, "loop", actions);
    let Some(looped) = &edit.looped else {
        ui.horizontal(|ui| {
            let hint = Shortcut::Loop.hint("Find the part that can be repeated without a seam");
            let text = if desk.finding { "Listening…" } else { "Make loop" };
            if button(ui, text, !desk.finding).on_hover_text(hint).clicked() {
                actions.push(EditAction::Find(desk.take.id, Wish::Loop).into());
            }
        });
        ui.horizontal(|ui| {
            let selected = desk.waveform.selected(desk.take);
            let hint = "Repeat what is selected";
            if button(ui, "Of selection", selected.is_some()).on_hover_text(hint).clicked()
                && let Some(range) = selected
            {
                let crossfade = desk.timeline.source_length(desk.frames(CROSSFADE_S));
                let looped = Some(Loop { range, crossfade, tilt_db: 0.0, only: true });
                actions.push(EditAction::set(desk.take.id, Edit { looped, ..edit.clone() }, "loop", None));
            }
        });
        return;
    };
    let set = |looped: Loop| Edit { looped: Some(looped), ..edit.clone() };
    ui.horizontal(|ui| {
        let crossfade = desk.timeline.looped().map_or(0, |(_, crossfade)| crossfade);
        let longest = desk.timeline.looped().map_or(0, |(range, _)| range.len() / 2);
        let hint =
            "How long the end takes to turn into the beginning. No longer than what there is before the loop";
        let number = Number {
            suffix: " s",
            prefix: "Crossfade",
            decimals: 3,
            speed: 0.005,
            default: CROSSFADE_S,
            hint,
            ..Number::new("Crossfade", desk.seconds(crossfade), (0.0, desk.seconds(longest)))
        };
        if let Some((seconds, gesture)) = numbers.show(ui, 1, &number) {
            let crossfade = desk.timeline.source_length(desk.frames(seconds));
            actions.push(EditAction::set(
                desk.take.id,
                set(Loop { crossfade, ..looped.clone() }),
                "crossfade",
                gesture,
            ));
        }
    });
    ui.horizontal(|ui| {
        let hint = "Nothing but the loop. Otherwise what comes before it leads into it";
        if switch(ui, "Alone", looped.only).on_hover_text(hint).clicked() {
            let edit = set(Loop { only: !looped.only, ..looped.clone() });
            actions.push(EditAction::set(desk.take.id, edit, "loop", None));
        }
        let hint = Shortcut::Loop.hint("Play it once again");
        if button(ui, "No loop", true).on_hover_text(hint).clicked() {
            actions.push(EditAction::set(desk.take.id, Edit { looped: None, ..edit.clone() }, "loop", None));
        }
    });
}
