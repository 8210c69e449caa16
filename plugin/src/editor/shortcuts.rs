//! Keys that work wherever in the window the keyboard focus is, and what ends that focus.

use super::action::Action;
use super::compare::Compare;
use super::prompt;
use crate::editor::link::View;
use egui::{Event, Key, Modifiers, Popup, Ui};

/// The actions of the shortcuts pressed in this frame. `playing` is whether anything sounds.
///
/// Must run before the panels are drawn: it takes the keys away from the text fields.
pub(super) fn pressed(ui: &Ui, view: &View, compare: &Compare, playing: bool) -> Vec<Action> {
    let pressed = |modifiers, key| ui.input_mut(|input| input.consume_key(modifiers, key));
    let mut actions = Vec::new();
    if pressed(Modifiers::COMMAND, Key::Enter) && !view.is_busy() && !view.prompt.trim().is_empty() {
        actions.push(Action::Generate);
        // What is being typed into a number field counts.
        leave_number_field(ui);
    }
    // Elsewhere escape gives up what is typed there or closes what is open.
    let elsewhere = ui.memory(|memory| memory.focused().is_some_and(|focused| !prompt::is_field(focused)));
    if view.is_busy() && !elsewhere && !Popup::is_any_open(ui.ctx()) && pressed(Modifiers::NONE, Key::Escape)
    {
        actions.push(Action::Cancel);
    }
    if pressed(Modifiers::COMMAND, Key::Space) && view.active_take.is_some() {
        actions.push(if playing { Action::Stop } else { Action::Audition });
    }
    if pressed(Modifiers::COMMAND, Key::B)
        && let Some(id) = compare.other()
    {
        actions.push(Action::Select(id));
    }
    actions
}

/// Takes the keyboard from every field when the window has lost it: keys go to the host then, and a field must not look
/// or come back as if it still took them. To be called after the panels were drawn: they take what was typed before.
pub(super) fn leave_fields_with_the_window(ui: &Ui) {
    if ui.input(|input| input.events.contains(&Event::WindowFocused(false))) {
        ui.memory_mut(|memory| {
            if let Some(focused) = memory.focused() {
                memory.surrender_focus(focused);
            }
        });
    }
}

/// Takes the keyboard from anything but the prompts.
fn leave_number_field(ui: &Ui) {
    ui.memory_mut(|memory| {
        if let Some(focused) = memory.focused().filter(|focused| !prompt::is_field(*focused)) {
            memory.surrender_focus(focused);
        }
    });
}
