//! Takes that leave the window as files.

use super::App;
use crate::editor::action::OutgoingAction;
use crate::outbox::Hand;
use egui::{Key, Modifiers, Ui};
use nice_plug_egui::Frame;
use raw_window_handle::HasWindowHandle as _;
use std::time::Duration;

/// Time between two looks at what is under way.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(50);

impl App {
    /// Begins an errand.
    pub(super) fn perform_outgoing(&self, action: OutgoingAction) {
        self.outgoing.begin(action, &self.link);
    }

    /// Hands over what has been written, before anything is drawn: escape belongs to a drag as long as there is one.
    pub(in crate::editor) fn follow_outgoing(&mut self, ui: &Ui, frame: &Frame) {
        if self.outgoing.is_dragging() {
            ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
        }
        let window = frame.baseview_window().window_handle().ok().map(|handle| handle.as_raw());
        let holds_button = ui.input(|input| input.pointer.primary_down());
        if self.outgoing.follow(Hand { window, holds_button }, ui.pixels_per_point(), &self.link) {
            ui.ctx().request_repaint_after(FOLLOW_INTERVAL);
        }
    }
}
