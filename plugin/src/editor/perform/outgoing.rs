//! Takes that leave the window as files.

use super::App;
use crate::drag::Hand;
use crate::editor::action::OutgoingAction;
use egui::{Key, Modifiers, Ui};
use nice_plug_egui::Frame;
use raw_window_handle::HasWindowHandle as _;
use std::time::Duration;

/// Time between two looks at what is under way.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(50);

impl App {
    /// Begins an errand; its files are written in the background.
    pub(super) fn perform_outgoing(&mut self, action: OutgoingAction) {
        let OutgoingAction { errand, outgoing } = action;
        let look = self.link.look(&outgoing, self.pixels_per_point);
        let ui = self.egui.clone();
        let done = move || ui.iter().for_each(egui::Context::request_repaint);
        if let Err(failure) = self.outbox.begin(errand, look, self.link.writer(outgoing), done) {
            self.link.tell(crate::drag::News::Failed(failure));
        }
    }

    /// Hands over what has been written, before anything is drawn: escape belongs to a drag as long as there is one.
    pub(in crate::editor) fn follow_outbox(&mut self, ui: &Ui, frame: &Frame) {
        self.pixels_per_point = ui.pixels_per_point();
        if self.outbox.is_dragging() {
            ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
        }
        let window = frame.baseview_window().window_handle().ok().map(|handle| handle.as_raw());
        let holds_button = ui.input(|input| input.pointer.primary_down());
        for news in self.outbox.follow(Hand { window, holds_button }) {
            self.link.tell(news);
        }
        if self.outbox.is_busy() {
            ui.ctx().request_repaint_after(FOLLOW_INTERVAL);
        }
    }
}
