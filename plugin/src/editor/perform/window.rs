//! The window itself.

use super::Moment;
use crate::editor::App;
use crate::editor::action::WindowAction;

impl App {
    /// Zoom, help, model, messages.
    pub(super) fn perform_window(&mut self, action: WindowAction, _at: Moment<'_>) {
        match action {
            WindowAction::UseModel(folder) => self.link.use_model(folder),
            WindowAction::DismissNotice => self.link.dismiss_notice(),
            WindowAction::Zoom(zoom) => self.wanted_zoom = Some(zoom),
            WindowAction::ShowPlaying => self.panels.show_playing(),
            WindowAction::GoToPrompt => self.panels.go_to_prompt(),
            WindowAction::ToggleHelp => self.panels.toggle_help(),
            WindowAction::ToggleAbout => self.panels.toggle_about(),
        }
    }
}
