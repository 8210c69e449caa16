//! The tab Edit: what is done to the active take.

use super::action::Action;
use super::controls;
use super::scene::Scene;
use egui::Ui;

/// State of the tab that is not worth saving.
#[derive(Debug, Default)]
pub(super) struct EditPanel {}

impl EditPanel {
    /// The host has replaced the session: what was remembered about its takes is void.
    pub(super) fn forget_session(&mut self) {
        *self = Self::default();
    }

    /// Draws the tab into the room that `ui` has; what does not fit is scrolled by the frame.
    pub(super) fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, _actions: &mut Vec<Action>) {
        if scene.view.active().is_none() {
            controls::caption(ui, "Nothing here until there is a sound.");
        }
    }
}
