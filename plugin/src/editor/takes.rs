//! The list of takes and the bin they can be brought back from.

use super::action::{Action, LibraryAction, RequestAction};
use super::compare::Compare;
use super::controls;
use super::embedding;
use super::icons::{self, Icon};
use super::theme;
use crate::editor::link::View;
use egui::text::{CCursor, CCursorRange};
use egui::text_edit::TextEditState;
use egui::{
    Align, Align2, CursorIcon, Frame, Id, Key, Layout, Margin, Rect, Response, RichText, Role, ScrollArea,
    Sense, Stroke, TextEdit, Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2,
};
use straightshot_takes::{Take, TakeId};

/// Height of a row in points.
const ROW_HEIGHT: f32 = 7.0 * theme::UNIT;
/// Size of the small waveform at the left of a row in points.
const THUMBNAIL: Vec2 = vec2(5.5 * theme::UNIT, 5.0 * theme::UNIT);
/// Bars of the small waveform, two points apart.
const THUMBNAIL_BARS: usize = 19;
/// Longest name of a take in characters.
const MAX_NAME_CHARS: usize = 80;

/// State of the list that is not worth saving.
#[derive(Debug, Default)]
pub(super) struct TakeList {
    /// Whether the bin is shown instead of the takes.
    show_bin: bool,
    /// The take whose name is being edited, and the text so far.
    renaming: Option<(TakeId, String)>,
    /// The take that was deleted last, to be offered for undo.
    deleted: Option<TakeId>,
    /// The active take of the last frame: a new one is scrolled into sight.
    last_active: Option<TakeId>,
}

impl TakeList {
    /// Draws the whole column.
    pub(super) fn show(&mut self, ui: &mut Ui, view: &View, compare: &Compare, actions: &mut Vec<Action>) {
        self.show_bin &= !view.bin.is_empty();
        self.heading(ui, view, actions);
        let undo = self.deleted.and_then(|id| view.bin.iter().find(|take| take.id == id));
        let foot = if undo.is_some() && !self.show_bin { theme::CONTROL_HEIGHT + theme::UNIT } else { 0.0 };
        let shown = if self.show_bin { &view.bin } else { &view.takes };
        ScrollArea::vertical().auto_shrink(false).max_height(ui.available_height() - foot).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.5 * theme::UNIT;
            if shown.is_empty() {
                empty(ui);
            }
            // Newest first: what was just made is in sight.
            for take in shown.iter().rev() {
                self.row(ui, view, take, compare, actions);
            }
        });
        if let Some(take) = undo.filter(|_| foot > 0.0) {
            self.undo_strip(ui, take, actions);
        }
        self.last_active = view.active_take;
    }

    /// Shows a field for another name of `take`.
    pub(super) fn start_renaming(&mut self, take: &Take) {
        self.show_bin = false;
        self.renaming = Some((take.id, take.name.clone()));
    }

    fn heading(&mut self, ui: &mut Ui, view: &View, actions: &mut Vec<Action>) {
        let size = vec2(ui.available_width(), theme::ICON_SIZE);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            controls::caption(ui, if self.show_bin { "Deleted takes" } else { "Takes" });
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let text = match (self.show_bin, view.bin.len()) {
                    (true, _) => Some("Back to takes".to_owned()),
                    (false, 0) => None,
                    (false, count) => Some(format!("Deleted ({count})")),
                };
                if let Some(text) = text {
                    let size = ui.painter().layout_no_wrap(text.clone(), theme::small(), theme::TEXT).size();
                    let (place, _) =
                        ui.allocate_exact_size(size + vec2(2.0, 0.5) * theme::UNIT, Sense::hover());
                    if controls::chip(ui, place, &text).clicked() {
                        self.show_bin = !self.show_bin;
                    }
                }
                if !self.show_bin && !view.takes.is_empty() {
                    embedding::chip(ui, view, actions);
                }
            });
        });
    }

    /// One take: thumbnail, name, settings, and buttons while the pointer is over it.
    fn row(&mut self, ui: &mut Ui, view: &View, take: &Take, compare: &Compare, actions: &mut Vec<Action>) {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_HEIGHT), Sense::click());
        let active = !self.show_bin && view.active_take == Some(take.id);
        if active && self.last_active != view.active_take {
            response.scroll_to_me(None);
        }
        if !ui.is_rect_visible(rect) {
            return;
        }
        let pointed = ui.rect_contains_pointer(rect);
        paint_background(ui, rect, active, pointed, &response);
        let thumbnail = Rect::from_center_size(
            rect.left_center() + vec2(theme::UNIT + THUMBNAIL.x / 2.0, 0.0),
            THUMBNAIL,
        );
        paint_thumbnail(ui, thumbnail, take, active);
        paint_side(ui, thumbnail, take, compare);
        let text = Rect::from_min_max(
            pos2(thumbnail.right() + 1.5 * theme::UNIT, rect.top()),
            rect.right_bottom() - vec2(theme::UNIT, 0.0),
        );
        let renaming = self.renaming.as_ref().is_some_and(|(id, _)| *id == take.id);
        let busy_right = if pointed && !renaming { self.buttons(ui, text, take, actions) } else { 0.0 };
        self.words(ui, text.with_max_x(text.right() - busy_right), take, actions);
        if !self.show_bin {
            self.interact(take, active, thumbnail, &response, actions);
        }
        response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, active, &take.name));
        if !pointed_at_button(ui, text, busy_right) {
            response.on_hover_text(&take.request.prompt);
        }
    }

    /// Clicks and keys on a row.
    fn interact(
        &mut self,
        take: &Take,
        active: bool,
        thumbnail: Rect,
        response: &Response,
        actions: &mut Vec<Action>,
    ) {
        let on_thumbnail = response.interact_pointer_pos().is_some_and(|at| thumbnail.contains(at));
        if response.double_clicked() || response.clicked() && on_thumbnail {
            actions.push(LibraryAction::SelectAndAudition(take.id).into());
        } else if response.clicked() && !active {
            actions.push(LibraryAction::Select(take.id).into());
        }
        if response.has_focus() && response.ctx.input(|input| input.key_pressed(Key::Delete)) {
            self.delete(take.id, actions);
        }
    }

    fn delete(&mut self, id: TakeId, actions: &mut Vec<Action>) {
        self.deleted = Some(id);
        actions.push(LibraryAction::Delete(id).into());
    }

    /// The buttons at the right end of a row; returns the width they take.
    fn buttons(&mut self, ui: &Ui, text: Rect, take: &Take, actions: &mut Vec<Action>) -> f32 {
        let mut right = text.right();
        let mut button = |icon, hint| {
            let center = pos2(right - theme::ICON_SIZE / 2.0, text.center().y);
            right -= theme::ICON_SIZE;
            let place = Rect::from_center_size(center, Vec2::splat(theme::ICON_SIZE));
            controls::icon_button_at(ui, place, Id::unique((take.id, icon as u8)), icon, hint).clicked()
        };
        if self.show_bin {
            if button(Icon::Recall, "Bring this take back") {
                actions.push(LibraryAction::Restore(take.id).into());
            }
        } else {
            if button(Icon::Trash, "Delete (can be undone)") {
                self.delete(take.id, actions);
            }
            if button(Icon::Pencil, "Rename") {
                self.renaming = Some((take.id, take.name.clone()));
            }
            if button(Icon::Recall, "Use this take's prompt and settings again") {
                actions.push(RequestAction::Recall(take.id).into());
            }
        }
        text.right() - right + theme::UNIT
    }

    /// Name (or its editor) and settings of a take.
    fn words(&mut self, ui: &mut Ui, rect: Rect, take: &Take, actions: &mut Vec<Action>) {
        let (top, bottom) = rect.shrink2(vec2(0.0, theme::UNIT)).split_top_bottom_at_fraction(0.5);
        let editing = self.renaming.as_mut().filter(|(id, _)| *id == take.id && !self.show_bin);
        if let Some((_, name)) = editing {
            match name_editor(ui, top, name) {
                Some(true) if !name.trim().is_empty() => {
                    actions.push(LibraryAction::Rename(take.id, name.trim().to_owned()).into());
                    self.renaming = None;
                }
                Some(_) => self.renaming = None,
                None => {}
            }
        } else {
            controls::text_within(ui.painter(), top, title(take), theme::body(), theme::TEXT);
        }
        let color = if take.damage.is_some() { theme::ERROR } else { theme::TEXT_DIM };
        controls::text_within(ui.painter(), bottom, &settings_text(take), theme::small(), color);
    }

    /// Offers the last deleted take for undo.
    fn undo_strip(&mut self, ui: &mut Ui, take: &Take, actions: &mut Vec<Action>) {
        let (rect, _) =
            ui.allocate_exact_size(vec2(ui.available_width(), theme::CONTROL_HEIGHT), Sense::hover());
        ui.painter().rect_filled(rect, theme::RADIUS, theme::RAISED);
        let layout = Layout::right_to_left(Align::Center);
        let mut inside = ui.new_child(UiBuilder::new().max_rect(rect.shrink2(vec2(4.0, 0.0))).layout(layout));
        inside.spacing_mut().item_spacing.x = 0.5 * theme::UNIT;
        let close = controls::icon_button(
            &mut inside,
            Icon::Close,
            theme::ICON_SIZE,
            controls::Look::Bare,
            "Dismiss",
        );
        let undo = egui::Button::new(RichText::new("Undo").color(theme::ACCENT)).frame(false);
        if inside.add(undo).clicked() {
            actions.push(LibraryAction::Restore(take.id).into());
            self.deleted = None;
        }
        if close.clicked() {
            self.deleted = None;
        }
        let words = Rect::from_min_max(
            rect.min + vec2(12.0, 0.0),
            pos2(inside.min_rect().left() - 8.0, rect.bottom()),
        );
        let text = format!("Deleted “{}”", take.name);
        controls::text_within(ui.painter(), words, &text, theme::small(), theme::TEXT);
    }
}

fn empty(ui: &mut Ui) {
    ui.add_space(2.0 * theme::UNIT);
    let text = "Every sound you generate is kept here, with the project. \
                Select one to play it from your keyboard or timeline.";
    ui.label(RichText::new(text).font(theme::small()).color(theme::TEXT_FAINT));
}

fn paint_background(ui: &Ui, rect: Rect, active: bool, pointed: bool, response: &Response) {
    let fill = match (active, pointed) {
        (true, _) => theme::RAISED,
        (false, true) => theme::RAISED.gamma_multiply(0.5),
        (false, false) => egui::Color32::TRANSPARENT,
    };
    ui.painter().rect_filled(rect, theme::RADIUS, fill);
    if active {
        let bar = Rect::from_min_size(
            rect.left_top() + vec2(0.0, theme::UNIT),
            vec2(3.0, rect.height() - 2.0 * theme::UNIT),
        );
        ui.painter().rect_filled(bar, 2, theme::ACCENT);
    }
    controls::focus_ring(ui, rect.shrink(2.0), response);
}

/// A small picture of the sound, or of what is wrong with it.
fn paint_thumbnail(ui: &Ui, rect: Rect, take: &Take, active: bool) {
    ui.painter().rect_filled(rect, 4, theme::WELL);
    let color = if active { theme::ACCENT } else { theme::TEXT_FAINT };
    if take.peaks().is_empty() {
        icons::paint(
            ui.painter(),
            Rect::from_center_size(rect.center(), Vec2::splat(16.0)),
            Icon::Warning,
            theme::ERROR,
        );
        return;
    }
    if ui.rect_contains_pointer(rect) {
        icons::paint(
            ui.painter(),
            Rect::from_center_size(rect.center(), Vec2::splat(18.0)),
            Icon::Play,
            theme::TEXT,
        );
        return;
    }
    let inner = rect.shrink(3.0);
    let columns = take.peaks().chunks(take.peaks().len().div_ceil(THUMBNAIL_BARS));
    let mut x = inner.left();
    for peaks in columns {
        let level = peaks.iter().fold(0.0, |level: f32, peak| level.max(peak.max).max(-peak.min));
        let half = (level.min(1.0) * inner.height() / 2.0).max(0.5);
        ui.painter().vline(
            x + 0.5,
            inner.center().y - half..=inner.center().y + half,
            Stroke::new(1.0, color),
        );
        x += 2.0;
    }
}

/// The badge in the corner of the thumbnail that says which side of the comparison a take is on.
fn paint_side(ui: &Ui, thumbnail: Rect, take: &Take, compare: &Compare) {
    let Some(side) = compare.side_of(take.id) else { return };
    let place = Rect::from_min_max(thumbnail.max - Vec2::splat(2.0 * theme::UNIT), thumbnail.max);
    ui.painter().rect_filled(place, 4, theme::HOVERED);
    ui.painter().text(place.center(), Align2::CENTER_CENTER, side, theme::small(), theme::TEXT);
}

/// A field for the name. `Some(true)` when the user is done, `Some(false)` after escape.
fn name_editor(ui: &mut Ui, rect: Rect, name: &mut String) -> Option<bool> {
    let id = Id::unique("straightshot take name");
    let mut inside = ui.new_child(UiBuilder::new().max_rect(rect.expand2(vec2(5.0, 3.0))));
    inside.spacing_mut().interact_size.y = 0.0;
    let frame = Frame::new().fill(theme::WELL).stroke(theme::outline(theme::ACCENT)).corner_radius(4);
    let chars = name.chars().count();
    let edit = TextEdit::singleline(name)
        .id(id)
        .char_limit(MAX_NAME_CHARS)
        .frame(frame.inner_margin(Margin::symmetric(4, 2)))
        .desired_width(f32::INFINITY);
    let response = inside.add(edit).on_hover_cursor(CursorIcon::Text);
    if !response.has_focus() && !response.lost_focus() {
        response.request_focus();
        let mut state = TextEditState::default();
        state.cursor.set_char_range(Some(CCursorRange::two(CCursor::new(0), CCursor::new(chars))));
        state.store(ui.ctx(), id);
    }
    response.lost_focus().then(|| !ui.input(|input| input.key_pressed(Key::Escape)))
}

/// Whether the pointer is over the buttons at the right end of `text`.
fn pointed_at_button(ui: &Ui, text: Rect, width: f32) -> bool {
    ui.rect_contains_pointer(text.with_min_x(text.right() - width))
}

/// What a take is called: its whole prompt until the user names it, cut only where the room ends.
pub(super) fn title(take: &Take) -> &str {
    if take.name == straightshot_takes::default_name(&take.request) {
        take.request.prompt.trim()
    } else {
        &take.name
    }
}

/// The second line of a row.
fn settings_text(take: &Take) -> String {
    if take.damage.is_some() {
        return "No sound: select it to see why".to_owned();
    }
    let steps = take.request.steps;
    let plural = if steps == 1 { "step" } else { "steps" };
    // Two decimals at most: 3.5 s, 0.75 s, 2 s.
    let seconds = (take.seconds() * 100.0).round() / 100.0;
    format!("{steps} {plural}  ·  {seconds} s  ·  seed {}", take.request.seed)
}
