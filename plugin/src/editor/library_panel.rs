//! The tab Library: the sounds of all projects, to be searched, heard and used again.
//!
//! What the library knows is a [`Shelf`] that never changes; what of it is shown is found out again only when there is a
//! newer one or the user asks for something else.

mod filters;
mod row;
mod saying;
mod storage;

use super::action::{Action, ListKey, StoreAction};
use super::list::{self, Choice, Renaming, Rows, RowsSize};
use super::scene::Scene;
use super::takes::undo_strip;
use super::theme;
use super::{controls, icons::Icon};
use crate::editor::link::Offers;
use egui::{Align, Id, Layout, RichText, Ui, vec2};
use filters::Filters;
use saying::Saying;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use storage::Storage;
use straightshot_protocol::ContentHash;
use straightshot_takes::{Activity, Features, LibrarySound, Marks, Query, Shelf, Take};

/// Time between two looks at the folder while the tab is in sight, in seconds.
const LOOK_INTERVAL_S: f64 = 1.0;

/// State of the tab that is not worth saving.
#[derive(Debug, Default)]
pub(super) struct LibraryPanel {
    filters: Filters,
    storage: Storage,
    /// What is shown, and what it was found with.
    found: Found,
    choice: Choice<ContentHash>,
    rows: Rows,
    /// The sound that was played last.
    heard: Option<ContentHash>,
    /// A row that is to be scrolled into sight.
    reveal: Option<ContentHash>,
    /// The sound that others are compared with.
    like: Option<Like>,
    /// The keyboard is wanted in the search field.
    wants_search: bool,
    /// A name that is being edited.
    renaming: Option<Renaming<ContentHash>>,
    /// Notes and tags that are being written.
    saying: Option<Saying>,
    /// Where the host puts files by itself.
    offers: Offers,
    /// When the folder was last looked at, in the window's seconds.
    looked_s: Option<f64>,
}

/// What was found.
#[derive(Debug, Default)]
struct Found {
    revision: Option<u64>,
    query: Query,
    sounds: Vec<Arc<LibrarySound>>,
    ids: Vec<ContentHash>,
}

/// A sound that others are compared with.
#[derive(Debug, Clone)]
struct Like {
    hash: ContentHash,
    name: String,
    /// `None` until somebody has listened to it.
    features: Option<Arc<Features>>,
}

impl LibraryPanel {
    /// The host has replaced the session: what was remembered about its takes is void, but nothing here is.
    pub(super) fn forget_session(&mut self) {}

    /// Draws the tab into the room that `ui` has.
    pub(super) fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        let shelf = scene.view.shelf.clone();
        self.offers = scene.view.offers;
        self.look(ui, actions);
        self.heading(ui, &shelf);
        self.follow(&shelf);
        if shelf.sounds.is_empty() {
            nothing(ui, &shelf);
        }
        let foot = self.foot_height(&shelf);
        let size = RowsSize { row_height: list::ROW_HEIGHT, count: self.found.sounds.len(), foot };
        let renamed = self.seek_renamed(&shelf);
        let reveal =
            renamed.or(self.reveal.take()).and_then(|hash| self.found.ids.iter().position(|id| *id == hash));
        let found = std::mem::take(&mut self.found);
        let mut rows = std::mem::take(&mut self.rows);
        rows.show(ui, size, reveal, |ui, index, rect| {
            if let Some(sound) = found.sounds.get(index) {
                self.row(ui, rect, (sound, &found, &shelf), actions);
            }
        });
        (self.found, self.rows) = (found, rows);
        if let Some(name) = self.renaming.as_mut().and_then(Renaming::left) {
            self.end_renaming(Some(name), &shelf, actions);
        }
        self.foot(ui, &shelf, actions);
    }

    /// Compares with `take` from now on.
    pub(super) fn show_similar(&mut self, hash: ContentHash, take: &Take) {
        self.like = Some(Like { hash, name: super::takes::title(take).to_owned(), features: None });
        self.filters.query.text.clear();
    }

    /// The sound above or below the one that was chosen last.
    pub(super) fn neighbour(&mut self, up: bool) -> Option<Action> {
        let at = self.choice.last().and_then(|id| self.found.ids.iter().position(|other| *other == id));
        let index = match (at, up) {
            (None, _) => 0,
            (Some(at), true) => at.checked_sub(1)?,
            (Some(at), false) => at + 1,
        };
        let sound = self.found.sounds.get(index)?.clone();
        self.choice.only(sound.hash());
        self.reveal = Some(sound.hash());
        Some(self.hear(&sound))
    }

    /// Moves what is chosen to the trash.
    pub(super) fn delete(&mut self) -> Option<Action> {
        let paths: Vec<_> = self.chosen().iter().map(|sound| sound.path.clone()).collect();
        (!paths.is_empty()).then(|| StoreAction::Discard(paths).into())
    }

    /// Does what a key asks for.
    pub(super) fn key(&mut self, key: ListKey, actions: &mut Vec<Action>) {
        match key {
            ListKey::Find => self.wants_search = true,
            ListKey::All => self.choice.all(&self.found.ids),
            ListKey::Star => self.mark(actions, |marks, on| marks.starred = on, |marks| marks.starred),
            ListKey::Reject => self.mark(actions, |marks, on| marks.rejected = on, |marks| marks.rejected),
            ListKey::Rename | ListKey::Note => {
                let last = self.choice.last();
                let Some(sound) = self.found.sounds.iter().find(|sound| Some(sound.hash()) == last) else {
                    return;
                };
                let sound = sound.clone();
                if key == ListKey::Rename { self.start_renaming(&sound) } else { self.start_saying(&sound) }
            }
        }
    }

    /// Switches a mark of all that are chosen.
    fn mark(&self, actions: &mut Vec<Action>, set: fn(&mut Marks, bool), get: fn(&Marks) -> bool) {
        let sounds = self.chosen();
        let on = !sounds.iter().all(|sound| get(&sound.marks));
        actions.extend(marked(&sounds, |marks| set(marks, on)));
    }

    /// The sounds that are chosen, in the order of the list.
    pub(super) fn chosen(&self) -> Vec<Arc<LibrarySound>> {
        self.found.sounds.iter().filter(|sound| self.choice.has(sound.hash())).cloned().collect()
    }

    fn hear(&mut self, sound: &Arc<LibrarySound>) -> Action {
        self.heard = Some(sound.hash());
        StoreAction::Hear(sound.clone()).into()
    }

    /// Has the folder looked at from time to time.
    fn look(&mut self, ui: &Ui, actions: &mut Vec<Action>) {
        let now_s = ui.input(|input| input.time);
        // Each window counts its own time.
        if self.looked_s.is_none_or(|looked| now_s - looked >= LOOK_INTERVAL_S || now_s < looked) {
            self.looked_s = Some(now_s);
            actions.push(StoreAction::Look.into());
        }
    }

    /// Finds what is to be shown, if that can have changed.
    fn follow(&mut self, shelf: &Shelf) {
        let query = self.query(shelf);
        if self.found.revision == Some(shelf.revision) && self.found.query == query {
            return;
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let sounds = query.find(&shelf.sounds, u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        let ids = sounds.iter().map(|sound| sound.hash()).collect();
        self.found = Found { revision: Some(shelf.revision), query, sounds, ids };
        let found = &self.found;
        self.choice.keep(|id| found.ids.contains(&id));
    }

    /// What the user asks for.
    fn query(&mut self, shelf: &Shelf) -> Query {
        if let Some(like) = self.like.as_mut().filter(|like| like.features.is_none()) {
            let listened = shelf.listened.as_ref().filter(|(hash, _)| *hash == like.hash);
            let known = shelf.sound(&like.hash).map(|sound| sound.heard.features.clone());
            like.features = known.or_else(|| listened.map(|(_, features)| features.clone()));
        }
        let like = self.like.as_ref().and_then(|like| like.features.clone());
        Query { like, ..self.filters.query.clone() }
    }

    /// Search, filters, and what others are compared with.
    fn heading(&mut self, ui: &mut Ui, shelf: &Shelf) {
        ui.spacing_mut().item_spacing.y = 0.5 * theme::UNIT;
        let field = Id::unique("straightshot search library");
        let response = list::search_field(ui, field, &mut self.filters.query.text, "Search all sounds");
        if std::mem::take(&mut self.wants_search) {
            response.request_focus();
        }
        let size = vec2(ui.available_width(), theme::ICON_SIZE);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 0.5 * theme::UNIT;
            self.filters.show(ui, shelf, self.like.is_some());
        });
        if let Some(like) = &self.like {
            let text = match &like.features {
                Some(_) => format!("Like “{}”", like.name),
                None => format!("Listening to “{}” …", like.name),
            };
            if chip_with_cross(ui, &text, "Show all sounds in their order again") {
                self.like = None;
            }
        }
        ui.add_space(0.25 * theme::UNIT);
    }

    fn foot_height(&self, shelf: &Shelf) -> f32 {
        let strip = shelf.trouble.is_some() || !shelf.discarded.is_empty();
        let lines = if strip { theme::CONTROL_HEIGHT + 0.5 * theme::UNIT } else { 0.0 };
        let saying = if self.saying.is_some() { saying::HEIGHT } else { 0.0 };
        saying + lines + storage::HEIGHT + theme::UNIT
    }

    /// What went wrong, what can be brought back, how much there is.
    fn foot(&mut self, ui: &mut Ui, shelf: &Shelf, actions: &mut Vec<Action>) {
        ui.spacing_mut().item_spacing.y = 0.5 * theme::UNIT;
        self.say(ui, shelf, actions);
        if let Some(trouble) = &shelf.trouble {
            if chip_with_cross(ui, &trouble.to_string(), &trouble.detail()) {
                actions.push(StoreAction::Dismiss.into());
            }
        } else if !shelf.discarded.is_empty() {
            let text = match shelf.discarded.len() {
                1 => "One sound is in the trash".to_owned(),
                count => format!("{count} sounds are in the trash"),
            };
            match undo_strip(ui, &text) {
                Some(true) => actions.push(StoreAction::TakeBack.into()),
                Some(false) => actions.push(StoreAction::Dismiss.into()),
                None => {}
            }
        }
        self.storage.show(ui, shelf, self.found.sounds.len(), actions);
    }
}

/// What writes down a change of the marks of `sounds`.
fn marked(sounds: &[Arc<LibrarySound>], change: impl Fn(&mut Marks)) -> Option<Action> {
    let marks: Vec<_> = sounds
        .iter()
        .map(|sound| {
            let mut marks = sound.marks.clone();
            change(&mut marks);
            (sound.hash(), marks)
        })
        .collect();
    (!marks.is_empty()).then(|| StoreAction::Mark(marks).into())
}

/// What is said while there is nothing to show.
fn nothing(ui: &mut Ui, shelf: &Shelf) {
    let text = match shelf.activity {
        Activity::Opening => "Opening the library …",
        Activity::Listening { .. } => "Listening to the sounds of the folder …",
        Activity::Idle | Activity::Moving(_) => {
            "Every sound that you make in any project is found here again, with its words and settings."
        }
    };
    ui.label(RichText::new(text).font(theme::small()).color(theme::TEXT_FAINT));
}

/// A line of text with a cross at its end. Returns whether that was clicked.
fn chip_with_cross(ui: &mut Ui, text: &str, hint: &str) -> bool {
    let size = vec2(ui.available_width(), theme::CONTROL_HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, egui::Sense::hover());
    ui.painter().rect_filled(rect, theme::RADIUS, theme::ACCENT_DEEP);
    if !hint.is_empty() {
        response.on_hover_text(hint);
    }
    let close = egui::Rect::from_center_size(
        rect.right_center() - vec2(0.5 * theme::CONTROL_HEIGHT, 0.0),
        egui::Vec2::splat(theme::ICON_SIZE),
    );
    let words = rect.with_min_x(rect.left() + 10.0).with_max_x(close.left() - 4.0);
    controls::text_within(ui.painter(), words, text, theme::small(), theme::TEXT);
    let id = ui.scope_id().with(("close", text));
    controls::icon_button_at(ui, close, id, Icon::Close, "Close this").clicked()
}
