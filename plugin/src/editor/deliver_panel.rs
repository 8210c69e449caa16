//! The tab Deliver: name, form and place of the files that leave the window.

mod category;
mod form;

use super::action::{Action, DeliverAction, LibraryAction};
use super::controls;
use super::scene::Scene;
use super::shortcuts::Shortcut;
use super::theme;
use crate::editor::link::View;
use crate::outbox::{OutboxState, Outgoing, Piece};
use category::CategoryRow;
use egui::{Align, Layout, Rect, Sense, TextEdit, Ui, vec2};
use std::sync::Arc;
use straightshot_delivery::name::Name;
use straightshot_takes::{Take, TakeId, default_name};

/// Longest name of a take in characters.
const MAX_NAME_CHARS: usize = 80;

/// State of the tab that is not worth saving.
#[derive(Debug, Default)]
pub(super) struct DeliverPanel {
    category: CategoryRow,
    /// The name that is being typed, and of which take.
    naming: Option<(TakeId, String)>,
}

impl DeliverPanel {
    /// The host has replaced the session: what was remembered about its takes is void.
    pub(super) fn forget_session(&mut self) {
        *self = Self::default();
    }

    /// Draws the tab for the active take, and the `chosen` ones of the list, into the room that `ui` has; what does not fit is scrolled by the frame.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        chosen: &[TakeId],
        actions: &mut Vec<Action>,
    ) {
        let view = scene.view;
        let outbox = &view.outbox;
        ui.add_space(theme::UNIT);
        if let Some(take) = view.active() {
            let piece = Piece::from(take.clone());
            let about = piece.about();
            let name = Name::of(&about, &outbox.settings);
            preview(ui, &name, take, outbox);
            buttons(ui, view, take, chosen, actions);
            self.category.show(ui, take.id, &about, &name, actions);
            self.fx_name(ui, take, &name, actions);
        } else {
            controls::caption(ui, "Make a sound or choose a take: here it becomes a file.");
        }
        form::show(ui, outbox, actions);
        ui.add_space(theme::UNIT);
    }

    /// What the sound is called in the name; the name of the take in the list is the same.
    fn fx_name(&mut self, ui: &mut Ui, take: &Arc<Take>, name: &Name, actions: &mut Vec<Action>) {
        let usual = default_name(&take.request);
        form::row(ui, "Name", |ui| {
            let shown = if take.name == usual { String::new() } else { take.name.clone() };
            let mut text = match &self.naming {
                Some((id, text)) if *id == take.id => text.clone(),
                _ => shown.clone(),
            };
            let field = TextEdit::singleline(&mut text)
                .id_salt("file name")
                .char_limit(MAX_NAME_CHARS)
                .hint_text(name.fx_name.clone())
                .desired_width(f32::INFINITY);
            let response = form::field(
                ui,
                field,
                "Name of the file",
                "What the sound is called; empty for the words of its prompt",
            );
            if response.has_focus() {
                self.naming = Some((take.id, text));
            } else if let Some((id, text)) = self.naming.take().filter(|(id, _)| *id == take.id) {
                let text = if text.trim().is_empty() { usual } else { text };
                if text != take.name {
                    actions.push(LibraryAction::Rename(id, text).into());
                }
            }
        });
    }
}

/// The name that the file will have, and what is in it.
fn preview(ui: &mut Ui, name: &Name, take: &Take, outbox: &OutboxState) {
    let settings = &outbox.settings;
    let file = format!("{}.{}", name.stem(), settings.container.extension());
    let height = 2.0 * theme::UNIT + 40.0;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    ui.painter().rect_filled(rect, theme::RADIUS, theme::WELL);
    let inner = rect.shrink2(vec2(1.5 * theme::UNIT, theme::UNIT));
    let (above, below) = inner.split_top_bottom_at_y(inner.top() + 22.0);
    controls::text_within(ui.painter(), above, &file, theme::body(), theme::TEXT);
    controls::text_within(ui.painter(), below, &form::facts(take, outbox), theme::small(), theme::TEXT_DIM);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, format!("File name {file}")));
    response.on_hover_text(file);
}

/// Save, and export.
fn buttons(ui: &mut Ui, view: &View, take: &Take, chosen: &[TakeId], actions: &mut Vec<Action>) {
    let size = vec2(ui.available_width(), theme::CONTROL_HEIGHT);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let left = controls::column(rect, 0, 3, theme::UNIT);
    let right = Rect::from_min_max(controls::column(rect, 1, 3, theme::UNIT).min, rect.max);
    let mut place = |rect: Rect, salt: &str| {
        let layout = Layout::left_to_right(Align::Center);
        ui.new_child(egui::UiBuilder::new().max_rect(rect).id_salt(salt).layout(layout))
    };
    let (mut save, mut export) = (place(left, "save"), place(right, "export"));
    let why = take.why_silent();
    let many = chosen.len() > 1;
    let text = if many { format!("Save {} files", chosen.len()) } else { "Save".to_owned() };
    let response = controls::primary_button(&mut save, &text, left.size(), why.is_none() || many);
    let response = response.on_hover_text(match why {
        Some(why) if !many => why.to_owned(),
        _ => Shortcut::Save.hint("Write what is chosen in the list as files into the folder below"),
    });
    if response.clicked() {
        let takes = if many { chosen.to_vec() } else { vec![take.id] };
        actions.push(DeliverAction::Save(Outgoing::Takes(takes)).into());
    }
    if let Some((done, all)) = view.outbox.busy.filter(|(_, all)| *all > 1) {
        let text = format!("Cancel export ({done} of {all})");
        if controls::quiet_button(&mut export, &text, right.size()).clicked() {
            actions.push(DeliverAction::CancelExport.into());
        }
        return;
    }
    let (takes, text) = pack(view, chosen);
    let hint = Shortcut::Export.hint(
        "Write these takes into a folder of their own, with a list for libraries (CSV) and an instrument for samplers (SFZ) in \
         which takes of one name take turns",
    );
    if controls::quiet_button(&mut export, &text, right.size()).on_hover_text(hint).clicked() {
        actions.push(DeliverAction::Export(takes).into());
    }
}

/// The takes that an export is about, and what the button says: several that are chosen, or else the starred ones, or else
/// all that were not rejected.
pub(super) fn pack(view: &View, chosen: &[TakeId]) -> (Vec<TakeId>, String) {
    let ids = |wanted: &dyn Fn(&Take) -> bool| -> Vec<TakeId> {
        let takes = view.takes.iter().filter(|take| take.damage.is_none() && wanted(take));
        takes.map(|take| take.id).collect()
    };
    let starred = ids(&|take| take.starred && !take.rejected);
    let (takes, which) = if chosen.len() > 1 {
        (ids(&|take| chosen.contains(&take.id)), "chosen ")
    } else if starred.is_empty() {
        (ids(&|take| !take.rejected), "")
    } else {
        (starred, "starred ")
    };
    let plural = if takes.len() == 1 { "take" } else { "takes" };
    let text = format!("Export {} {which}{plural} as a pack", takes.len());
    (takes, text)
}
