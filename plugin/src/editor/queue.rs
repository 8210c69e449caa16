//! Generate, how many variations, and the jobs that wait or run.

use super::action::Action;
use super::progress;
use super::scene::Scene;
use egui::Ui;

/// Height of Generate with what belongs beside it, in points; the list of jobs follows below.
pub(super) const GENERATE_HEIGHT: f32 = progress::HEIGHT;

/// State of the panel that is not worth saving.
#[derive(Debug, Default)]
pub(super) struct QueuePanel {}

impl QueuePanel {
    /// Draws Generate into the room that `ui` has. `ready` is whether there is a prompt.
    pub(super) fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, ready: bool, actions: &mut Vec<Action>) {
        progress::show(ui, scene.view, ready, actions);
    }

    /// Draws the list of jobs into the rest of the column, which scrolls.
    pub(super) fn show_jobs(&mut self, _ui: &mut Ui, _scene: &Scene<'_>, _actions: &mut Vec<Action>) {}
}
