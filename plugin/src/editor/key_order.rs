//! Keys in the order in which they were pressed, also where one of them decides who gets the next.
//!
//! A frame gets all that happened since the last one. egui gives the keys of a frame to whoever has the keyboard focus then,
//! and whoever gets the focus by one of them sees only the next frame: after "Ctrl+L, door" within one frame, which a busy
//! computer makes easily, the letters would be shortcuts, and after "door, Escape" they would be lost. Here a key that may
//! move the focus has a frame of its own, and the frame after it, in which what it opened is drawn first, gets nothing.

use super::shortcuts;
use egui::{Context, Event, Key, Plugin, RawInput, Ui};
use std::collections::VecDeque;

/// Hands the input over in pieces. One for each window.
#[derive(Debug, Default)]
pub(super) struct KeyOrder {
    /// What happened and was not handed over yet.
    waiting: VecDeque<Event>,
    /// Whether the last frame had a key that may have moved the focus.
    moved: bool,
}

impl KeyOrder {
    /// Must be called once for each window.
    pub(super) fn install(ctx: &Context) {
        ctx.add_plugin(Self::default());
    }

    /// What the next frame gets of all that waits.
    fn next(&mut self, typing: bool) -> Vec<Event> {
        if std::mem::take(&mut self.moved) {
            return Vec::new();
        }
        let mover = self.waiting.iter().position(|event| may_move_focus(event, typing));
        let count = match mover {
            Some(0) => {
                self.moved = true;
                // The letter of a shortcut is no text for the field that it opens.
                if is_text_of(self.waiting.get(1), self.waiting.front()) {
                    self.waiting.remove(1);
                }
                1
            }
            Some(before) => before,
            None => self.waiting.len(),
        };
        self.waiting.drain(..count).collect()
    }
}

impl Plugin for KeyOrder {
    fn debug_name(&self) -> &'static str {
        "key order"
    }

    fn input_hook(&mut self, ctx: &Context, input: &mut RawInput) {
        // What happens after a key that moved the focus, but frames later, need not wait.
        self.moved &= !self.waiting.is_empty() || !input.events.is_empty();
        self.waiting.extend(input.events.drain(..));
        input.events = self.next(ctx.text_edit_focused());
    }

    fn on_begin_pass(&mut self, ui: &mut Ui) {
        if self.moved || !self.waiting.is_empty() {
            ui.ctx().request_repaint();
        }
    }
}

/// Whether `event` is what the key of `press` writes: on every system it comes with the press, right after it.
fn is_text_of(event: Option<&Event>, press: Option<&Event>) -> bool {
    match (event, press) {
        (Some(Event::Text(text)), Some(Event::Key { key, .. })) => {
            Key::from_name(&text.to_uppercase()) == Some(*key)
        }
        _ => false,
    }
}

fn may_move_focus(event: &Event, typing: bool) -> bool {
    match event {
        Event::Key { key: Key::Escape | Key::Enter | Key::Tab, pressed: true, .. } => true,
        Event::Key { key, modifiers, pressed: true, .. } => {
            shortcuts::goes_to_a_field(*key, *modifiers, typing)
        }
        _ => false,
    }
}
