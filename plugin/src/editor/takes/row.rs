//! One take of the list: its picture, its name, what tells it apart, its star, and what can be done with it.

use super::shown::Differs;
use super::{Noting, Shows, TakeList, key_on, title};
use crate::editor::action::{Action, LibraryAction, RequestAction};
use crate::editor::icons::{self, Icon};
use crate::editor::list::{self, RowLook, RowPlaces};
use crate::editor::{controls, key_holder, outgoing, theme};
use crate::outbox::Outgoing;
use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Color32, Id, Key, Popup, Rect, Response, Role, Sense, Ui, Vec2, WidgetInfo, pos2};
use straightshot_takes::Take;

impl TakeList {
    /// Draws a row. Returns whether the pointer is over it.
    pub(super) fn row(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        index: usize,
        shows: Shows<'_>,
        actions: &mut Vec<Action>,
    ) -> bool {
        let (view, take, compare) = shows;
        let id = Id::unique(("straightshot take", self.show_bin, take.id));
        let response = ui.interact(rect, id, Sense::click_and_drag());
        let pointed = ui.rect_contains_pointer(rect);
        let look = RowLook {
            active: !self.show_bin && view.active_take == Some(take.id),
            chosen: self.choice.len() > 1 && self.choice.has(take.id),
            pointed,
            rejected: take.rejected,
            damaged: take.damage.is_some(),
        };
        list::paint_row(ui, rect, look, &response);
        let places = RowPlaces::of(rect);
        list::paint_thumbnail(ui, places.thumbnail, levels(take), look);
        if let Some(side) = compare.side_of(take.id) {
            list::paint_badge(ui, places.thumbnail, side);
        }
        let offered = pointed || response.has_focus() || look.active;
        let mut text_right = if offered || take.starred { places.star.left() } else { rect.right() - 4.0 };
        if self.show_bin {
            if controls::icon_button_at(
                ui,
                places.star,
                id.with("back"),
                Icon::Recall,
                "Bring this take back",
            )
            .clicked()
            {
                actions.push(LibraryAction::Restore(self.choice.with(take.id)).into());
            }
        } else {
            if list::star(ui, places.star, id.with("star"), take.starred, offered) {
                actions.push(self.star(take));
            }
            if offered {
                text_right = places.more.left();
                self.more(ui, places.more, id, take, actions);
            }
            self.interact(ui, take, places.thumbnail, &response, actions);
        }
        let differs = self.shown.order.get(index).and_then(|at| self.shown.differs.get(*at).copied());
        self.words(ui, (places, text_right), take, (look, differs.unwrap_or_default()), actions);
        response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, look.active, title(take)));
        if !self.hover_plays {
            response.on_hover_text_at_pointer(tooltip(take));
        }
        pointed
    }

    /// Clicks and keys on a row.
    fn interact(
        &mut self,
        ui: &Ui,
        take: &Take,
        thumbnail: Rect,
        response: &Response,
        actions: &mut Vec<Action>,
    ) {
        let modifiers = ui.input(|input| input.modifiers);
        let on_thumbnail = response.interact_pointer_pos().is_some_and(|at| thumbnail.contains(at));
        let active = self.last_active == Some(take.id);
        if response.clicked() || response.secondary_clicked() && !self.choice.has(take.id) {
            self.choice.click(take.id, &self.shown.ids, modifiers);
        }
        key_holder::follow(ui, response);
        if modifiers.shift || modifiers.command {
            // Choosing several changes nothing else.
        } else if response.double_clicked() || response.clicked() && on_thumbnail {
            actions.push(LibraryAction::SelectAndAudition(take.id).into());
        } else if response.clicked() && !active {
            actions.push(LibraryAction::Select(take.id).into());
        }
        if response.drag_started() && !self.choice.has(take.id) {
            self.choice.only(take.id);
        }
        outgoing::drag_out(response, || Outgoing::Takes(self.choice.with(take.id)), actions);
        if response.has_focus() && key_on(ui, Key::Delete) {
            self.delete(self.choice.with(take.id), actions);
        }
        list::row_menu(ui, response, |ui| self.menu(ui, take, actions));
    }

    /// The button with what else can be done.
    fn more(&mut self, ui: &Ui, rect: Rect, id: Id, take: &Take, actions: &mut Vec<Action>) {
        let button = controls::icon_button_at(ui, rect, id.with("more"), Icon::More, "More (Shift+F10)");
        Popup::menu(&button).show(|ui| self.menu(ui, take, actions));
    }

    fn menu(&mut self, ui: &mut Ui, take: &Take, actions: &mut Vec<Action>) {
        let ids = self.choice.with(take.id);
        let several = ids.len() > 1;
        if list::item(ui, "Play", "Space") {
            actions.push(LibraryAction::SelectAndAudition(take.id).into());
        }
        if list::item(ui, if take.starred { "Remove the star" } else { "Star" }, "S") {
            actions.push(self.star(take));
        }
        if list::item(ui, if take.rejected { "Take back the rejection" } else { "Reject" }, "X") {
            actions.push(self.reject(take));
        }
        if !several && list::item(ui, "Rename", "F2") {
            self.start_renaming(take);
        }
        if !several && list::item(ui, "Notes…", "N") {
            self.noting = Some(Noting::of(take));
        }
        if !several {
            ui.separator();
        }
        if !several && list::item(ui, "Use its words and settings again", "") {
            actions.push(RequestAction::Recall(take.id).into());
        }
        if !several && list::item(ui, "Find sounds like this", "") {
            actions.push(LibraryAction::FindSimilar(take.id).into());
        }
        ui.separator();
        outgoing::menu(ui, &Outgoing::Takes(ids.clone()), self.offers, actions);
        ui.separator();
        let text = if several { format!("Delete {} takes", ids.len()) } else { "Delete".to_owned() };
        if list::item(ui, &text, "Del") {
            self.delete(ids, actions);
        }
    }

    /// Name (or its editor) and what tells a take apart.
    fn words(
        &mut self,
        ui: &mut Ui,
        (places, right): (RowPlaces, f32),
        take: &Take,
        (look, differs): (RowLook, Differs),
        actions: &mut Vec<Action>,
    ) {
        let (mut top, bottom) = (places.title.with_max_x(right - 2.0), places.facts.with_max_x(right - 2.0));
        let editing = self.renaming.as_mut().filter(|renaming| renaming.id() == take.id && !self.show_bin);
        if let Some(renaming) = editing {
            if let Some(ended) = renaming.field(ui, top.with_max_x(places.star.right())) {
                self.end_renaming(ended, actions);
            }
        } else {
            if take.unread {
                ui.painter().circle_filled(pos2(top.left() + 3.0, top.center().y), 3.0, theme::ACCENT);
                top.min.x += 11.0;
            }
            let color = if look.rejected { theme::TEXT_FAINT } else { theme::TEXT };
            let parts = [(format!("#{} ", take.id.0), theme::TEXT_FAINT), (title(take).to_owned(), color)];
            line(ui, top, theme::body(), &parts);
        }
        if take.damage.is_some() {
            let text = "No sound: select it to see why";
            controls::text_within(ui.painter(), bottom, text, theme::small(), theme::ERROR);
            return;
        }
        let mut bottom = bottom;
        for (icon, shown) in [(Icon::Reject, take.rejected), (Icon::Note, !take.notes.is_empty())] {
            if shown {
                let place =
                    Rect::from_center_size(pos2(bottom.left() + 6.0, bottom.center().y), Vec2::splat(11.0));
                icons::paint(ui.painter(), place, icon, theme::TEXT_FAINT);
                bottom.min.x += 16.0;
            }
        }
        line(ui, bottom, theme::small(), &facts(take, differs));
    }
}

/// Loudest sample of each part of the sound.
fn levels(take: &Take) -> impl ExactSizeIterator<Item = f32> {
    take.peaks().iter().map(|peak| peak.max.max(-peak.min))
}

/// What a take was made with: what tells it from the others of its prompt stands first and is brighter.
fn facts(take: &Take, differs: Differs) -> Vec<(String, Color32)> {
    let request = &take.request;
    let steps = if request.steps == 1 { "1 step".to_owned() } else { format!("{} steps", request.steps) };
    let mut facts = vec![
        (format!("seed {}", request.seed), differs.seed),
        (steps, differs.steps),
        (list::seconds_text(take.seconds()), differs.seconds),
    ];
    if differs.guidance {
        facts.push((format!("guidance {}", request.guidance), true));
    }
    if differs.negative && !request.negative_prompt.is_empty() {
        facts.push((format!("without {}", request.negative_prompt), true));
    }
    if differs.model {
        facts.push((request.model.to_string(), true));
    }
    if take.is_from_library() {
        facts.push(("from the library".to_owned(), false));
    }
    facts.sort_by_key(|(_, differs)| !differs);
    let mut parts = Vec::new();
    for (index, (text, differs)) in facts.into_iter().enumerate() {
        if index > 0 {
            parts.push(("  ·  ".to_owned(), theme::TEXT_FAINT));
        }
        parts.push((text, if differs { theme::TEXT_DIM } else { theme::TEXT_FAINT }));
    }
    parts
}

/// One line of texts in several colours, cut with an ellipsis where the room ends.
fn line(ui: &Ui, rect: Rect, font: egui::FontId, parts: &[(String, Color32)]) {
    let mut job = LayoutJob::default();
    for (text, color) in parts {
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        job.append(&text, 0.0, TextFormat::simple(font.clone(), *color));
    }
    job.wrap = TextWrapping::truncate_at_width(rect.width().max(1.0));
    let galley = ui.painter().layout_job(job);
    let at = pos2(rect.left(), rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, theme::TEXT);
}

/// Everything about a take.
fn tooltip(take: &Take) -> String {
    let mut text = take.request.prompt.trim().to_owned();
    if title(take) != text {
        text = format!("{}\n{text}", title(take));
    }
    if !take.request.negative_prompt.is_empty() {
        text += &format!("\nWithout: {}", take.request.negative_prompt);
    }
    if !take.notes.is_empty() {
        text += &format!("\n\n{}", take.notes);
    }
    text
}
