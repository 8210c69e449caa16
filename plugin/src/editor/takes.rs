//! The list of takes and the bin they can be brought back from.
//!
//! Of a long list only the rows in sight are drawn; which takes are shown is found out again only when one has changed
//! ([`Shown`]). A row can be dragged out of the window, and with it all that are chosen.

mod heading;
mod row;
mod shown;

use super::action::{Action, LibraryAction, ListKey};
use super::compare::Compare;
use super::list::{self, Choice, Renaming, Rows, RowsSize, Writing};
use super::theme;
use super::{controls, icons::Icon};
use crate::editor::link::{Offers, View};
use egui::{Align, Id, Key, Layout, Rect, RichText, Sense, Ui, UiBuilder, pos2, vec2};
use shown::{Filter, Shown};
use std::sync::Arc;
use straightshot_takes::{Gesture, Take, TakeId};

/// Height of the field for notes with its heading, in points.
const NOTES_HEIGHT: f32 = 12.0 * theme::UNIT;
/// How long the pointer rests on a row before it plays, in seconds.
const HOVER_S: f64 = 0.15;

/// State of the list that is not worth saving.
#[derive(Debug, Default)]
pub(super) struct TakeList {
    /// Whether the bin is shown instead of the takes.
    show_bin: bool,
    /// Whether a row plays as soon as the pointer rests on it.
    hover_plays: bool,
    filter: Filter,
    shown: Shown,
    choice: Choice<TakeId>,
    rows: Rows,
    /// A name that is being edited.
    renaming: Option<Renaming<TakeId>>,
    /// Notes that are being written.
    noting: Option<Noting>,
    /// The takes that were deleted last, to be offered for undo.
    deleted: Vec<TakeId>,
    /// The active take of the last frame: a new one is scrolled into sight.
    last_active: Option<TakeId>,
    /// The row that the pointer rests on, since when, and whether it plays.
    hovered: Option<Hovered>,
    /// Where the host puts files by itself.
    offers: Offers,
    /// The keyboard is wanted in the search field.
    wants_search: bool,
}

/// Notes that are being written.
#[derive(Debug)]
struct Noting {
    id: TakeId,
    text: Writing,
    /// However long it takes, it is one step to undo.
    gesture: Gesture,
}

/// A row under the pointer.
#[derive(Debug, Clone, Copy)]
struct Hovered {
    id: TakeId,
    since_s: f64,
    plays: bool,
}

impl TakeList {
    /// Draws the whole list.
    pub(super) fn show(&mut self, ui: &mut Ui, view: &View, compare: &Compare, actions: &mut Vec<Action>) {
        self.offers = view.offers;
        self.show_bin &= !view.bin.is_empty();
        self.heading(ui, view, actions);
        let takes = if self.show_bin { &view.bin } else { &view.takes };
        self.shown.follow(takes, &self.filter);
        let exists = |id| takes.iter().any(|take| take.id == id);
        self.choice.keep(exists);
        self.follow_active(view);
        // What was asked for in the last frame is in the bin now.
        self.deleted.retain(|id| view.bin.iter().any(|take| take.id == *id));
        let foot = self.foot_height();
        let changed = self.last_active != view.active_take;
        let new_active = view.active_take.filter(|_| changed);
        let reveal = self.seek_renamed(takes).or(new_active).and_then(|id| self.shown.place(id));
        self.last_active = view.active_take;
        if self.shown.ids.is_empty() {
            self.nothing(ui, takes.is_empty(), foot);
        } else {
            let size = RowsSize { row_height: list::ROW_HEIGHT, count: self.shown.ids.len(), foot };
            let mut rows = std::mem::take(&mut self.rows);
            let mut under_pointer = None;
            rows.show(ui, size, reveal, |ui, index, rect| {
                let Some(take) = self.shown.order.get(index).and_then(|at| takes.get(*at)) else { return };
                if self.row(ui, rect, index, (view, take, compare), actions) {
                    under_pointer = Some(take.id);
                }
            });
            self.rows = rows;
            self.hover(ui, under_pointer, actions);
        }
        if let Some(name) = self.renaming.as_mut().and_then(Renaming::left) {
            self.end_renaming(Some(name), actions);
        }
        self.foot(ui, view, actions);
    }

    /// The take whose name is to be edited, if its row has to be brought into sight. A search that hides it is given up.
    fn seek_renamed(&mut self, takes: &[Arc<Take>]) -> Option<TakeId> {
        let id = self.renaming.as_mut()?.seek()?;
        if self.shown.place(id).is_none() {
            self.filter = Filter { sort: self.filter.sort, rejected: true, ..Filter::default() };
            self.shown.follow(takes, &self.filter);
        }
        Some(id)
    }

    /// Gives a take the name that was typed, if there is one.
    fn end_renaming(&mut self, name: Option<String>, actions: &mut Vec<Action>) {
        if let Some(renaming) = self.renaming.take()
            && let Some(name) = name.filter(|name| !name.is_empty())
        {
            actions.push(LibraryAction::Rename(renaming.id(), name).into());
        }
    }

    /// Shows a field for another name of `take`.
    pub(super) fn start_renaming(&mut self, take: &Take) {
        self.show_bin = false;
        self.renaming = Some(Renaming::new(take.id, &take.name));
    }

    /// The take above or below the active one, or the nearest to where it was.
    pub(super) fn neighbour(&self, view: &View, up: bool) -> Option<TakeId> {
        let ids = &self.shown.ids;
        let Some(at) = view.active_take.and_then(|id| self.shown.place(id)) else {
            return ids.first().copied();
        };
        let index = if up { at.checked_sub(1)? } else { at + 1 };
        ids.get(index).copied()
    }

    /// Does what a key asks for.
    pub(super) fn key(&mut self, key: ListKey, view: &View, actions: &mut Vec<Action>) {
        match key {
            ListKey::Find => self.wants_search = true,
            ListKey::All => self.choice.all(&self.shown.ids),
            ListKey::Rename => {
                if let Some(take) = view.active() {
                    self.start_renaming(take);
                }
            }
            ListKey::Star | ListKey::Reject | ListKey::Note => {
                let Some(take) = view.active() else { return };
                match key {
                    ListKey::Note => self.noting = Some(Noting::of(take)),
                    ListKey::Star => actions.push(self.star(take)),
                    _ => actions.push(self.reject(take)),
                }
            }
        }
    }

    fn star(&self, take: &Take) -> Action {
        LibraryAction::Star(self.choice.with(take.id), !take.starred).into()
    }

    fn reject(&self, take: &Take) -> Action {
        LibraryAction::Reject(self.choice.with(take.id), !take.rejected).into()
    }

    fn delete(&mut self, ids: Vec<TakeId>, actions: &mut Vec<Action>) {
        self.deleted.clone_from(&ids);
        actions.push(LibraryAction::DeleteAll(ids).into());
    }

    /// The active take, and with it all that are chosen.
    pub(super) fn chosen(&self, view: &View) -> Vec<TakeId> {
        view.active_take.map(|id| self.choice.with(id)).unwrap_or_default()
    }

    /// Deletes the active take, and with it all that are chosen.
    pub(super) fn delete_chosen(&mut self, view: &View) -> Option<Action> {
        let ids = self.choice.with(view.active_take?);
        self.deleted.clone_from(&ids);
        Some(LibraryAction::DeleteAll(ids).into())
    }

    /// A take that became active by itself or by a key is what is chosen then.
    fn follow_active(&mut self, view: &View) {
        if let Some(id) = view.active_take.filter(|_| view.active_take != self.last_active)
            && !self.choice.has(id)
        {
            self.choice.only(id);
        }
    }

    /// Plays the row that the pointer rests on, where the user wants that.
    fn hover(&mut self, ui: &Ui, id: Option<TakeId>, actions: &mut Vec<Action>) {
        let now_s = ui.input(|input| input.time);
        let dragging = ui.input(|input| input.pointer.any_down());
        match (&mut self.hovered, id.filter(|_| self.hover_plays && !self.show_bin && !dragging)) {
            (Some(hovered), Some(id)) if hovered.id == id => {
                if !hovered.plays && now_s - hovered.since_s >= HOVER_S {
                    hovered.plays = true;
                    actions.push(LibraryAction::Hear(id).into());
                } else if !hovered.plays {
                    ui.ctx().request_repaint_after_secs(0.03);
                }
            }
            (hovered, id) => {
                if hovered.is_some_and(|hovered| hovered.plays) {
                    actions.push(LibraryAction::StopHearing.into());
                }
                *hovered = id.map(|id| Hovered { id, since_s: now_s, plays: false });
            }
        }
    }

    /// What is said in the place of rows.
    fn nothing(&self, ui: &mut Ui, no_takes: bool, foot: f32) {
        let text = match (self.show_bin, no_takes) {
            (_, false) => "No take is like that. Clear the search or the switches above.",
            (true, true) => "Nothing was deleted.",
            (false, true) => {
                "Every sound you make is kept here, with the project. Select one to play it from your keyboard or timeline."
            }
        };
        let room = (ui.available_height() - foot).max(0.0);
        ui.allocate_ui(vec2(ui.available_width(), room), |ui| {
            ui.set_min_height(room);
            ui.add_space(theme::UNIT);
            ui.label(RichText::new(text).font(theme::small()).color(theme::TEXT_FAINT));
        });
    }

    fn foot_height(&self) -> f32 {
        let strip = if self.deleted.is_empty() || self.show_bin { 0.0 } else { theme::CONTROL_HEIGHT };
        let notes = if self.noting.is_some() { NOTES_HEIGHT } else { 0.0 };
        let gap = if strip + notes > 0.0 { theme::UNIT } else { 0.0 };
        strip + notes + gap
    }

    /// What is below the list: notes that are being written, and what was deleted last.
    fn foot(&mut self, ui: &mut Ui, view: &View, actions: &mut Vec<Action>) {
        ui.spacing_mut().item_spacing.y = 0.5 * theme::UNIT;
        self.notes(ui, view, actions);
        if self.deleted.is_empty() || self.show_bin {
            return;
        }
        let text = match &self.deleted[..] {
            [one] => {
                let name = view.bin.iter().find(|take| take.id == *one).map_or("", |take| title(take));
                format!("Deleted “{name}”")
            }
            several => format!("Deleted {} takes", several.len()),
        };
        match undo_strip(ui, &text) {
            Some(true) => actions.push(LibraryAction::Restore(std::mem::take(&mut self.deleted)).into()),
            Some(false) => self.deleted.clear(),
            None => {}
        }
    }

    /// The field for notes.
    fn notes(&mut self, ui: &mut Ui, view: &View, actions: &mut Vec<Action>) {
        let Some(noting) = &mut self.noting else { return };
        if !view.takes.iter().any(|take| take.id == noting.id) {
            self.noting = None;
            return;
        }
        controls::caption(ui, &format!("Notes on #{}", noting.id.0));
        let height = NOTES_HEIGHT - 4.0 * theme::UNIT;
        let response = noting.text.lines(ui, Id::unique("straightshot take notes"), height);
        let kept = noting.text.keep_now(ui, &response);
        actions.extend(kept.map(|text| noting.keep(text)));
        // Ctrl+Enter makes a sound; here it is Escape or a click elsewhere that ends writing.
        if noting.text.is_left(&response, &[&response]) {
            self.noting = None;
        }
    }

    /// The list is not in sight any more: what is being written is kept.
    pub(super) fn leave(&mut self, actions: &mut Vec<Action>) {
        if let Some(mut noting) = self.noting.take() {
            actions.extend(noting.text.leave().map(|text| noting.keep(text)));
        }
    }
}

impl Noting {
    fn of(take: &Take) -> Self {
        Self { id: take.id, text: Writing::new(&take.notes), gesture: Gesture::begin() }
    }

    fn keep(&self, text: String) -> Action {
        LibraryAction::Note(self.id, text, self.gesture).into()
    }
}

/// A line that says what was deleted. `Some(true)` after a click on Undo, `Some(false)` after one on the cross.
pub(super) fn undo_strip(ui: &mut Ui, text: &str) -> Option<bool> {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), theme::CONTROL_HEIGHT), Sense::hover());
    ui.painter().rect_filled(rect, theme::RADIUS, theme::RAISED);
    let layout = Layout::right_to_left(Align::Center);
    let mut inside = ui.new_child(UiBuilder::new().max_rect(rect.shrink2(vec2(4.0, 0.0))).layout(layout));
    inside.spacing_mut().item_spacing.x = 0.5 * theme::UNIT;
    let close = list::switch(&mut inside, Icon::Close, false, "Dismiss this");
    let undo = egui::Button::new(RichText::new("Undo").color(theme::ACCENT)).frame(false);
    let undone = inside.add(undo).on_hover_text("Bring back what was deleted").clicked();
    let words =
        Rect::from_min_max(rect.min + vec2(12.0, 0.0), pos2(inside.min_rect().left() - 8.0, rect.bottom()));
    controls::text_within(ui.painter(), words, text, theme::small(), theme::TEXT);
    if undone { Some(true) } else { close.then_some(false) }
}

/// What a take is called: its whole prompt until the user names it, cut only where the room ends.
pub(super) fn title(take: &Take) -> &str {
    if take.name == straightshot_takes::default_name(&take.request) {
        take.request.prompt.trim()
    } else {
        &take.name
    }
}

/// A take of the list with what a row has to know of the rest.
type Shows<'a> = (&'a View, &'a Arc<Take>, &'a Compare);

/// Whether a key was pressed that is for the row with the focus.
fn key_on(ui: &Ui, key: Key) -> bool {
    ui.input(|input| input.key_pressed(key))
}
