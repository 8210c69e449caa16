//! The bar at the top: the name of the plugin and the model it plays with.

use super::about::{PROMISE, VERSION};
use super::action::{Action, WindowAction};
use super::controls::{self, Look};
use super::icons::{self, Icon};
use super::shortcuts::Shortcut;
use super::theme;
use crate::editor::link::View;
use egui::{
    Align, CursorIcon, Frame, Layout, Margin, Popup, PopupCloseBehavior, Rect, RectAlign, Response, RichText,
    Role, Sense, StrokeKind, TextEdit, Ui, Vec2, WidgetInfo, vec2,
};
use std::path::{Path, PathBuf};

/// Width of the model button in points, at most.
const MODEL_WIDTH: f32 = 34.0 * theme::UNIT;

/// Width of the folded-out model chooser in points.
const CHOOSER_WIDTH: f32 = 48.0 * theme::UNIT;

/// State of the bar that is not worth saving.
#[derive(Debug, Default)]
pub(super) struct Header {
    /// Typed into the model chooser; set to the session's folder when it is unfolded.
    folder: String,
}

impl Header {
    /// Draws the bar's content into the row that `ui` is.
    pub(super) fn show(&mut self, ui: &mut Ui, view: &View, actions: &mut Vec<Action>) {
        let (mark, _) = ui.allocate_exact_size(Vec2::splat(3.0 * theme::UNIT), Sense::hover());
        icons::paint_mark(ui.painter(), mark);
        ui.label(RichText::new("Straightshot").font(theme::large()).color(theme::TEXT));
        let version = RichText::new(VERSION).font(theme::small()).color(theme::TEXT_FAINT);
        let version = ui.add(egui::Button::new(version).frame(false));
        version.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("About version {VERSION}")));
        let hint = Shortcut::About.hint("Licences and attribution");
        if version.on_hover_text(format!("{PROMISE}\n{hint}")).clicked() {
            actions.push(WindowAction::ToggleAbout.into());
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let hint = Shortcut::Help.hint("Show all shortcuts");
            if controls::icon_button(ui, Icon::Help, theme::ICON_SIZE, Look::Bare, &hint).clicked() {
                actions.push(WindowAction::ToggleHelp.into());
            }
            zoom(ui, actions);
            self.model(ui, view, actions);
        });
    }

    fn model(&mut self, ui: &mut Ui, view: &View, actions: &mut Vec<Action>) {
        let button = drop_down(ui, &model_text(view), MODEL_WIDTH.min(ui.available_width()));
        if button.clicked() {
            self.folder = view.model.folder.as_deref().map(path_text).unwrap_or_default();
        }
        let frame =
            Frame::popup(ui.style()).inner_margin(Margin::same(16)).corner_radius(theme::PANEL_RADIUS);
        Popup::from_toggle_button_response(&button)
            .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
            .align(RectAlign::BOTTOM_END)
            .gap(0.5 * theme::UNIT)
            .frame(frame)
            .width(CHOOSER_WIDTH)
            .show(|ui| self.chooser(ui, view, actions));
    }

    /// The folded-out part: which model, and a field for the folder of another one.
    fn chooser(&mut self, ui: &mut Ui, view: &View, actions: &mut Vec<Action>) {
        let text = match &view.status.model {
            Some(name) => format!("Loaded: {name}"),
            None => "The model is loaded when the first sound is made.".to_owned(),
        };
        ui.set_width(CHOOSER_WIDTH);
        ui.label(RichText::new(text).color(theme::TEXT));
        controls::caption(ui, "Folder with config.json, model.safetensors and tokenizer.json");
        let edit = TextEdit::singleline(&mut self.folder)
            .hint_text("Full path of the folder")
            .margin(Margin::symmetric(10, 8))
            .desired_width(f32::INFINITY);
        let entered = ui.add(edit).lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        ui.horizontal(|ui| {
            let folder = self.folder.trim();
            let use_folder =
                ui.add_enabled(!folder.is_empty(), egui::Button::new("Use this folder")).clicked();
            if use_folder || entered && !folder.is_empty() {
                actions.push(WindowAction::UseModel(Some(typed_folder(folder, view))).into());
                ui.close();
            }
            let custom = !view.model.is_default();
            if ui.add_enabled(custom, egui::Button::new("Use the built-in model")).clicked() {
                actions.push(WindowAction::UseModel(None).into());
                ui.close();
            }
        });
        controls::caption(ui, "Saved with the project; takes effect with the next sound.");
    }
}

/// The zoom as a menu.
fn zoom(ui: &mut Ui, actions: &mut Vec<Action>) {
    let percent = |zoom: f32| format!("{:.0} %", 100.0 * zoom);
    let now = ui.ctx().zoom_factor();
    let button = drop_down(ui, &percent(now), 10.0 * theme::UNIT);
    let button = button.on_hover_text(Shortcut::Zoom.hint("Size of everything in the window"));
    Popup::menu(&button).align(RectAlign::BOTTOM_END).gap(0.5 * theme::UNIT).width(9.0 * theme::UNIT).show(
        |ui| {
            for zoom in theme::ZOOMS {
                let chosen = (zoom - now).abs() < 0.01;
                if ui.selectable_label(chosen, percent(zoom)).clicked() {
                    actions.push(WindowAction::Zoom(zoom).into());
                    ui.close();
                }
            }
        },
    );
}

fn path_text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The folder that was typed. One that is no text cannot be typed: while the field shows it, it is meant.
fn typed_folder(text: &str, view: &View) -> PathBuf {
    let shown = view.model.folder.as_ref().filter(|folder| path_text(folder).trim() == text);
    shown.cloned().unwrap_or_else(|| PathBuf::from(text))
}

/// What the model button says: the name of the chosen model, or of its folder while nobody has looked into it.
fn model_text(view: &View) -> String {
    let folder = view
        .model
        .folder
        .as_deref()
        .map(|dir| dir.file_name().map_or_else(|| path_text(dir), |n| path_text(n.as_ref())));
    let default = view.card().map_or("built-in", |card| &card.id.name);
    match folder {
        _ if !view.model.id.name.is_empty() => format!("Model: {}", view.model.id.name),
        Some(folder) => format!("Model: {folder}"),
        None => format!("Model: {default}"),
    }
}

/// A button that says what is chosen and unfolds the choice, at most so wide.
fn drop_down(ui: &mut Ui, text: &str, most: f32) -> Response {
    let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::small(), theme::TEXT_DIM);
    let width = (galley.size().x + 5.0 * theme::UNIT).min(most);
    let (rect, response) = ui.allocate_exact_size(vec2(width, 3.5 * theme::UNIT), Sense::click());
    let (fill, color) =
        if response.hovered() { (theme::HOVERED, theme::TEXT) } else { (theme::RAISED, theme::TEXT_DIM) };
    ui.painter().rect(rect, theme::RADIUS, fill, theme::outline(theme::LINE), StrokeKind::Inside);
    let words =
        Rect::from_min_max(rect.min + vec2(1.5 * theme::UNIT, 0.0), rect.max - vec2(3.0 * theme::UNIT, 0.0));
    controls::text_within(ui.painter(), words, text, theme::small(), color);
    let chevron =
        Rect::from_center_size(rect.right_center() - vec2(1.75 * theme::UNIT, 0.0), Vec2::splat(10.0));
    icons::paint(ui.painter(), chevron, Icon::ChevronDown, color);
    controls::focus_ring(ui, rect, &response);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, text));
    response.on_hover_cursor(CursorIcon::PointingHand)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::models::default_card;
    use straightshot_protocol::ModelId;
    use straightshot_takes::ModelChoice;

    fn view(folder: Option<&str>) -> View {
        View {
            draft_first: true,
            model: folder.map(|folder| ModelChoice::in_folder(folder.into())).unwrap_or_default(),
            ..View::default()
        }
    }

    #[test]
    fn the_button_names_the_model_that_will_be_used() {
        assert_eq!(model_text(&view(None)), "Model: built-in");
        let mut chosen = view(Some("/models/rain"));
        chosen.status.card = Some(default_card().into());
        assert_eq!(model_text(&chosen), "Model: rain");
        chosen.model.id = ModelId::named("wet rain");
        assert_eq!(model_text(&chosen), "Model: wet rain");
        chosen.model = ModelChoice::default();
        assert_eq!(model_text(&chosen), format!("Model: {}", default_card().id.name));
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_is_no_text_survives_the_field() {
        use std::os::unix::ffi::OsStringExt;
        let folder = PathBuf::from(std::ffi::OsString::from_vec(b"/models/r\xe4in".to_vec()));
        let mut view = view(None);
        view.model = ModelChoice::in_folder(folder.clone());
        assert_eq!(typed_folder(&path_text(&folder), &view), folder);
        assert_eq!(typed_folder("/models/other", &view), PathBuf::from("/models/other"));
    }
}
