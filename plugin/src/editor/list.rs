//! What the list of takes and the library have in common: rows, what is chosen among them, small pictures, the search field.

mod choice;
mod name;
mod rows;
mod writing;

pub(super) use choice::Choice;
pub(super) use name::Renaming;
pub(super) use rows::{Rows, RowsSize};
pub(super) use writing::Writing;

use super::controls;
use super::icons::{self, Icon};
use super::theme;
use egui::{
    Align2, Button, Color32, Id, Key, KeyboardShortcut, Margin, Modifiers, Popup, PopupCloseBehavior, Rect,
    Response, RichText, Role, Sense, Stroke, TextEdit, Ui, Vec2, WidgetInfo, pos2, vec2,
};

/// Height of a row in points.
pub(super) const ROW_HEIGHT: f32 = 6.0 * theme::UNIT;
/// Height of a line of a menu in points.
const ITEM_HEIGHT: f32 = 3.5 * theme::UNIT;
/// Size of the small waveform at the left of a row in points.
const THUMBNAIL: Vec2 = vec2(6.0 * theme::UNIT, 4.5 * theme::UNIT);
/// Bars of the small waveform, two points apart.
const THUMBNAIL_BARS: usize = 21;

/// How a row looks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RowLook {
    /// It is what notes play, or what is played from the library.
    pub(super) active: bool,
    /// It is one of several that are chosen.
    pub(super) chosen: bool,
    /// The pointer is over it.
    pub(super) pointed: bool,
    /// The user does not want it.
    pub(super) rejected: bool,
    /// There is no sound.
    pub(super) damaged: bool,
}

/// The parts of a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowPlaces {
    pub(super) thumbnail: Rect,
    /// First line of text.
    pub(super) title: Rect,
    /// Second line.
    pub(super) facts: Rect,
    /// The star at the right end.
    pub(super) star: Rect,
    /// The button left of it.
    pub(super) more: Rect,
}

impl RowPlaces {
    /// The parts of `rect`.
    pub(super) fn of(rect: Rect) -> Self {
        let left = rect.left() + theme::UNIT;
        let thumbnail = Rect::from_center_size(pos2(left + THUMBNAIL.x / 2.0, rect.center().y), THUMBNAIL);
        let button = |from_right: f32| {
            let center = pos2(rect.right() - (from_right + 0.5) * theme::ICON_SIZE - 2.0, rect.center().y);
            Rect::from_center_size(center, Vec2::splat(theme::ICON_SIZE))
        };
        let (star, more) = (button(0.0), button(1.0));
        let text = Rect::from_min_max(
            pos2(thumbnail.right() + theme::UNIT, rect.top() + 4.0),
            pos2(star.left() - 2.0, rect.bottom() - 4.0),
        );
        let (title, facts) = text.split_top_bottom_at_fraction(0.52);
        Self { thumbnail, title, facts, star, more }
    }
}

/// What lies behind a row.
pub(super) fn paint_row(ui: &Ui, rect: Rect, look: RowLook, response: &Response) {
    let fill = match look {
        RowLook { active: true, .. } => theme::RAISED,
        RowLook { chosen: true, .. } => theme::ACCENT_DEEP.gamma_multiply(0.6),
        RowLook { pointed: true, .. } => theme::RAISED.gamma_multiply(0.5),
        RowLook { .. } => Color32::TRANSPARENT,
    };
    ui.painter().rect_filled(rect, theme::RADIUS, fill);
    if look.chosen {
        ui.painter().rect_stroke(
            rect,
            theme::RADIUS,
            theme::outline(theme::ACCENT),
            egui::StrokeKind::Inside,
        );
    }
    if look.active {
        let size = vec2(3.0, rect.height() - 2.0 * theme::UNIT);
        ui.painter().rect_filled(
            Rect::from_min_size(rect.left_top() + vec2(0.0, theme::UNIT), size),
            2,
            theme::ACCENT,
        );
    }
    controls::focus_ring(ui, rect.shrink(2.0), response);
}

/// A small picture of a sound: `levels` from 0 to 1 from left to right; none while it is being read. Under the pointer it
/// says that a click plays.
pub(super) fn paint_thumbnail(
    ui: &Ui,
    rect: Rect,
    levels: impl ExactSizeIterator<Item = f32>,
    look: RowLook,
) {
    ui.painter().rect_filled(rect, 4, theme::WELL);
    let icon = |icon, size, color| {
        icons::paint(ui.painter(), Rect::from_center_size(rect.center(), Vec2::splat(size)), icon, color);
    };
    if look.damaged {
        icon(Icon::Warning, 16.0, theme::ERROR);
        return;
    }
    if ui.rect_contains_pointer(rect) {
        icon(Icon::Play, 18.0, theme::TEXT);
        return;
    }
    let color = match look {
        RowLook { active: true, .. } => theme::ACCENT,
        RowLook { rejected: true, .. } => theme::TEXT_FAINT.gamma_multiply(0.5),
        RowLook { .. } => theme::TEXT_FAINT,
    };
    let inner = rect.shrink(3.0);
    let count = levels.len().max(1);
    let mut bars = [0.0_f32; THUMBNAIL_BARS];
    for (at, level) in levels.enumerate() {
        if let Some(bar) = bars.get_mut(at * THUMBNAIL_BARS / count) {
            *bar = bar.max(level);
        }
    }
    let mut x = inner.left();
    for level in bars {
        let half = (level.min(1.0) * inner.height() / 2.0).max(0.5);
        let (middle, stroke) = (inner.center().y, Stroke::new(1.0, color));
        ui.painter().vline(x + 0.5, middle - half..=middle + half, stroke);
        x += 2.0;
    }
}

/// A letter in the corner of a small picture.
pub(super) fn paint_badge(ui: &Ui, thumbnail: Rect, text: &str) {
    let place = Rect::from_min_max(thumbnail.max - Vec2::splat(2.0 * theme::UNIT), thumbnail.max);
    ui.painter().rect_filled(place, 4, theme::HOVERED);
    ui.painter().text(place.center(), Align2::CENTER_CENTER, text, theme::small(), theme::TEXT);
}

/// The star of a row: filled if it is set, and else there only if `offered`. Returns whether it was clicked.
pub(super) fn star(ui: &Ui, rect: Rect, id: Id, set: bool, offered: bool) -> bool {
    if !set && !offered {
        return false;
    }
    let response = ui.interact(rect, id, Sense::click());
    let icon = if set { Icon::Starred } else { Icon::Star };
    let color = match (set, response.hovered()) {
        (true, false) => theme::ACCENT,
        (true, true) => theme::ACCENT_BRIGHT,
        (false, true) => theme::TEXT,
        (false, false) => theme::TEXT_FAINT,
    };
    icons::paint(ui.painter(), Rect::from_center_size(rect.center(), Vec2::splat(15.0)), icon, color);
    controls::focus_ring(ui, rect, &response);
    let hint = if set { "Remove the star (S)" } else { "Star (S)" };
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, hint));
    response.on_hover_cursor(egui::CursorIcon::PointingHand).on_hover_text(hint).clicked()
}

/// The field that searches a list. `id` is how the keyboard gets there.
pub(super) fn search_field(ui: &mut Ui, id: Id, text: &mut String, hint: &str) -> Response {
    let edit = TextEdit::singleline(text)
        .id(id)
        .hint_text(RichText::new(hint).color(theme::TEXT_FAINT))
        .margin(Margin { left: 28, right: 26, top: 6, bottom: 6 })
        .desired_width(ui.available_width());
    let response = ui.add(edit);
    let rect = response.rect;
    let glass = Rect::from_center_size(rect.left_center() + vec2(15.0, 0.0), Vec2::splat(13.0));
    icons::paint(ui.painter(), glass, Icon::Search, theme::TEXT_FAINT);
    let here = response.has_focus() || response.lost_focus();
    if here && ui.input(|input| input.key_pressed(Key::Escape)) {
        text.clear();
    }
    if !text.is_empty() {
        let close = Rect::from_center_size(rect.right_center() - vec2(14.0, 0.0), Vec2::splat(20.0));
        if controls::icon_button_at(ui, close, id.with("clear"), Icon::Close, "Clear (Esc)").clicked() {
            text.clear();
        }
    }
    response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, hint));
    response.on_hover_text("Words in any order; “quotes” keep words together, -word leaves out. Ctrl+F")
}

/// A small switch with a picture; `hint` names it. Returns whether it was clicked.
pub(super) fn switch(ui: &mut Ui, icon: Icon, on: bool, hint: &str) -> bool {
    let look = if on { controls::Look::Lit } else { controls::Look::Bare };
    controls::icon_button(ui, icon, theme::ICON_SIZE, look, hint).clicked()
}

/// A button that folds out a few choices; returns the one that was clicked.
pub(super) fn choose(ui: &mut Ui, name: &str, labels: &[&str], chosen: usize, lit: bool) -> Option<usize> {
    let text = labels.get(chosen).copied().unwrap_or_default();
    let button = drop_button(ui, text, lit, name);
    let mut picked = None;
    Popup::menu(&button).close_behavior(PopupCloseBehavior::CloseOnClick).show(|ui| {
        for (index, label) in labels.iter().enumerate() {
            if ui.add(Button::selectable(index == chosen, *label)).clicked() {
                picked = Some(index);
            }
        }
    });
    picked
}

/// A small button with a chevron.
pub(super) fn drop_button(ui: &mut Ui, text: &str, lit: bool, hint: &str) -> Response {
    let color = if lit { theme::ACCENT } else { theme::TEXT_DIM };
    let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::small(), color);
    let size = vec2(galley.size().x + 3.5 * theme::UNIT, theme::ICON_SIZE);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let fill = if response.hovered() { theme::HOVERED } else { theme::RAISED };
    ui.painter().rect_filled(rect, theme::RADIUS, fill);
    let at = pos2(rect.left() + theme::UNIT, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, color);
    let chevron =
        Rect::from_center_size(rect.right_center() - vec2(1.25 * theme::UNIT, 0.0), Vec2::splat(8.0));
    icons::paint(ui.painter(), chevron, Icon::ChevronDown, color);
    controls::focus_ring(ui, rect, &response);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), format!("{hint}: {text}")));
    response.on_hover_cursor(egui::CursorIcon::PointingHand).on_hover_text(hint)
}

/// A line of a menu with its key at the right.
pub(super) fn item(ui: &mut Ui, text: &str, key: &str) -> bool {
    // A menu of a dozen lines fits into the lowest window.
    ui.spacing_mut().item_spacing.y = 2.0;
    ui.spacing_mut().interact_size.y = ITEM_HEIGHT;
    ui.spacing_mut().button_padding.x = theme::UNIT;
    let button = Button::new(text).shortcut_text(RichText::new(key).color(theme::TEXT_FAINT));
    ui.add(button.frame_when_inactive(false).min_size(vec2(24.0 * theme::UNIT, 0.0))).clicked()
}

/// The menu of a row: at the pointer after a right click, at the row after Shift+F10.
pub(super) fn row_menu(ui: &Ui, row: &Response, add: impl FnOnce(&mut Ui)) {
    let by_key = row.id.with("menu by key");
    let key = KeyboardShortcut::new(Modifiers::SHIFT, Key::F10);
    if row.has_focus() && ui.input_mut(|input| input.consume_shortcut(&key)) {
        Popup::open_id(ui.ctx(), by_key);
    }
    if Popup::is_id_open(ui.ctx(), by_key) {
        Popup::menu(row).id(by_key).open_memory(None).show(add);
    } else {
        Popup::context_menu(row).show(add);
    }
}

/// A length as people write it: 0.75 s, 2 s, 1:05.
pub(super) fn seconds_text(seconds: f64) -> String {
    if seconds >= 60.0 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "minutes of a sound")]
        let (minutes, rest) = ((seconds / 60.0) as u64, (seconds % 60.0) as u64);
        return format!("{minutes}:{rest:02}");
    }
    format!("{} s", (seconds * 100.0).round() / 100.0)
}
