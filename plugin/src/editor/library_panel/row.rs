//! One sound of the library.

use super::filters::in_small_letters;
use super::{Found, LibraryPanel, Like, marked};
use crate::editor::action::{Action, StoreAction};
use crate::editor::icons::Icon;
use crate::editor::list::{self, RowLook, RowPlaces};
use crate::editor::{controls, key_holder, outgoing, theme};
use crate::outbox::Outgoing;
use egui::{Id, Key, Rect, Response, Role, Sense, Ui, WidgetInfo};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use straightshot_takes::{LibrarySound, Shelf};

impl LibraryPanel {
    /// Draws a row.
    pub(super) fn row(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        (sound, found, shelf): (&Arc<LibrarySound>, &Found, &Shelf),
        actions: &mut Vec<Action>,
    ) {
        let id = Id::unique(("straightshot sound", sound.hash().short(), &sound.path));
        let response = ui.interact(rect, id, Sense::click_and_drag());
        let pointed = ui.rect_contains_pointer(rect);
        let look = RowLook {
            active: self.heard == Some(sound.hash()),
            chosen: self.choice.has(sound.hash()),
            pointed,
            rejected: sound.marks.rejected,
            damaged: false,
        };
        list::paint_row(ui, rect, look, &response);
        let places = RowPlaces::of(rect);
        list::paint_thumbnail(ui, places.thumbnail, sound.levels(), look);
        let offered = pointed || look.chosen && self.choice.len() == 1 || response.has_focus();
        let starred = sound.marks.starred;
        if list::star(ui, places.star, id.with("star"), starred, offered) {
            let sounds = self.with(sound, found);
            actions.extend(marked(&sounds, |marks| marks.starred = !starred));
        }
        let mut right = if offered || starred { places.star.left() } else { rect.right() - 4.0 };
        if offered {
            right = places.more.left();
            let hint = "Put into this project (Enter)";
            if controls::icon_button_at(ui, places.more, id.with("use"), Icon::Recall, hint).clicked() {
                actions.push(StoreAction::Use(self.with(sound, found)).into());
            }
        }
        let color = if look.rejected { theme::TEXT_FAINT } else { theme::TEXT };
        let title = places.title.with_max_x(right - 2.0);
        match self.renaming.as_mut().filter(|renaming| renaming.id() == sound.hash()) {
            Some(renaming) => {
                if let Some(ended) = renaming.field(ui, title.with_max_x(places.star.right())) {
                    self.end_renaming(ended, shelf, actions);
                }
            }
            None => controls::text_within(ui.painter(), title, sound.name(), theme::body(), color),
        }
        let line = places.facts.with_max_x(right - 2.0);
        controls::text_within(ui.painter(), line, &facts(sound), theme::small(), theme::TEXT_FAINT);
        self.interact(ui, (sound, found), places.thumbnail, &response, actions);
        response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, look.chosen, sound.name()));
        response.on_hover_text_at_pointer(tooltip(sound));
    }

    /// What something that is done to `sound` is done to.
    fn with(&self, sound: &Arc<LibrarySound>, found: &Found) -> Vec<Arc<LibrarySound>> {
        if !self.choice.has(sound.hash()) {
            return vec![sound.clone()];
        }
        found.sounds.iter().filter(|other| self.choice.has(other.hash())).cloned().collect()
    }

    fn interact(
        &mut self,
        ui: &Ui,
        (sound, found): (&Arc<LibrarySound>, &Found),
        thumbnail: Rect,
        response: &Response,
        actions: &mut Vec<Action>,
    ) {
        let modifiers = ui.input(|input| input.modifiers);
        if response.clicked() || response.secondary_clicked() && !self.choice.has(sound.hash()) {
            self.choice.click(sound.hash(), &found.ids, modifiers);
        }
        key_holder::follow(ui, response);
        let on_thumbnail = response.interact_pointer_pos().is_some_and(|at| thumbnail.contains(at));
        if response.double_clicked() && !on_thumbnail {
            actions.push(StoreAction::Use(vec![sound.clone()]).into());
        } else if response.clicked() && !modifiers.shift && !modifiers.command {
            actions.push(self.hear(sound));
        }
        if response.drag_started() && !self.choice.has(sound.hash()) {
            self.choice.only(sound.hash());
        }
        outgoing::drag_out(response, || Outgoing::Sounds(self.with(sound, found)), actions);
        let enter = ui.input(|input| input.key_pressed(Key::Enter) && !input.modifiers.any());
        if response.has_focus() && enter {
            actions.push(StoreAction::Use(self.with(sound, found)).into());
        }
        if response.has_focus() && ui.input(|input| input.key_pressed(Key::Delete)) {
            actions.extend(self.discard(sound, found));
        }
        list::row_menu(ui, response, |ui| self.menu(ui, sound, found, actions));
    }

    fn discard(&self, sound: &Arc<LibrarySound>, found: &Found) -> Option<Action> {
        let paths = self.with(sound, found).iter().map(|sound| sound.path.clone()).collect();
        Some(StoreAction::Discard(paths).into())
    }

    fn menu(&mut self, ui: &mut Ui, sound: &Arc<LibrarySound>, found: &Found, actions: &mut Vec<Action>) {
        let sounds = self.with(sound, found);
        let text = match sounds.len() {
            1 => "Put into this project".to_owned(),
            count => format!("Put {count} sounds into this project"),
        };
        if list::item(ui, &text, "Enter") {
            actions.push(StoreAction::Use(sounds.clone()).into());
        }
        if list::item(ui, "Play", "Space") {
            actions.push(self.hear(sound));
        }
        let (starred, rejected) = (sound.marks.starred, sound.marks.rejected);
        if list::item(ui, if starred { "Remove the star" } else { "Star" }, "S") {
            actions.extend(marked(&sounds, |marks| marks.starred = !starred));
        }
        if list::item(ui, if rejected { "Take back the rejection" } else { "Reject" }, "X") {
            actions.extend(marked(&sounds, |marks| marks.rejected = !rejected));
        }
        if sounds.len() == 1 && list::item(ui, "Rename", "F2") {
            self.start_renaming(sound);
        }
        if sounds.len() == 1 && list::item(ui, "Notes and tags…", "N") {
            self.start_saying(sound);
        }
        ui.separator();
        if list::item(ui, "Find sounds like this", "") {
            let features = Some(sound.heard.features.clone());
            self.like = Some(Like { hash: sound.hash(), name: sound.name().to_owned(), features });
            self.filters.query.text.clear();
        }
        ui.separator();
        outgoing::menu(ui, &Outgoing::Sounds(sounds), self.offers, actions);
        ui.separator();
        if list::item(ui, "Move to the trash", "Del") {
            actions.extend(self.discard(sound, found));
        }
    }
}

/// The second line of a row: what kind of sound it is, how long, when it was made.
fn facts(sound: &LibrarySound) -> String {
    let mut facts = vec![list::seconds_text(sound.heard.seconds()), age(sound.made_ms)];
    if let Some(category) = &sound.category {
        facts.push(in_small_letters(&category.words));
    }
    facts.extend(sound.marks.tags.iter().map(|tag| format!("#{tag}")));
    facts.push(format!("seed {}", sound.heard.request.seed));
    facts.join("  ·  ")
}

/// How long ago something was made.
fn age(made_ms: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let minutes = now.saturating_sub(u128::from(made_ms)) / 60_000;
    match minutes {
        0 => "just now".to_owned(),
        1..60 => format!("{minutes} min ago"),
        60..1440 => format!("{} h ago", minutes / 60),
        1440..2880 => "yesterday".to_owned(),
        _ => format!("{} days ago", minutes / 1440),
    }
}

/// Everything about a sound.
fn tooltip(sound: &LibrarySound) -> String {
    let request = &sound.heard.request;
    let mut text = request.prompt.trim().to_owned();
    if sound.name() != text {
        text = format!("{}\n{text}", sound.name());
    }
    if !request.negative_prompt.is_empty() {
        text += &format!("\nWithout: {}", request.negative_prompt);
    }
    let steps = if request.steps == 1 { "1 step".to_owned() } else { format!("{} steps", request.steps) };
    text += &format!("\n{steps}, {:.1} LUFS, {}", sound.heard.loudness_lufs, request.model);
    if !sound.marks.tags.is_empty() {
        text += &format!("\nTags: {}", sound.marks.tags.join(", "));
    }
    if !sound.marks.notes.is_empty() {
        text += &format!("\n\n{}", sound.marks.notes);
    }
    text
}
