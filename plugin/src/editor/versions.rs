//! The strip below the waveform: every version of the active take, by its number of steps.

use super::action::Action;
use super::controls;
use super::scene::Scene;
use super::theme;
use egui::Ui;

/// Height of the strip in points.
pub(super) const HEIGHT: f32 = 7.0 * theme::UNIT;

/// State of the strip that is not worth saving.
#[derive(Debug, Default)]
pub(super) struct VersionsStrip {}

impl VersionsStrip {
    /// The host has replaced the session: what was remembered about its takes is void.
    pub(super) fn forget_session(&mut self) {
        *self = Self::default();
    }

    /// Draws the strip into the room that `ui` has, [`HEIGHT`] points high.
    pub(super) fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, _actions: &mut Vec<Action>) {
        if scene.view.active().is_some() {
            controls::caption(ui, "Versions");
        }
    }
}
