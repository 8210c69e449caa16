//! A small keyboard: which keys play, which one plays the original, and what lies on them. Its keys can be played.

use crate::editor::action::{Action, PlayAction};
use crate::editor::scene::Scene;
use crate::editor::theme;
use crate::params::{MAX_KEY, TakeChoice, key_text};
use egui::{
    Align2, Color32, CursorIcon, EventFilter, Id, Key, Modifiers, PointerButton, Pos2, Rect, Response, Role,
    Sense, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};
use std::collections::BTreeSet;
use straightshot_takes::TakeId;

/// Height of the keys in points.
const KEYS_HEIGHT: f32 = 6.0 * theme::UNIT;
/// Height of the line below them in points.
const NAMES_HEIGHT: f32 = 1.75 * theme::UNIT;
/// Smallest width of a white key in points.
const WHITE_LEAST: f32 = 9.0;
/// Keys of an octave.
const OCTAVE: i32 = 12;
/// White keys of an octave.
const WHITES: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];

/// State of the keyboard that is not worth saving.
#[derive(Debug)]
pub(super) struct Keyboard {
    /// The lowest octave that is shown, counted from key 0.
    octave: i32,
    /// The key that the pointer holds down.
    down: Option<u8>,
    /// The key that space plays while the keyboard has the focus.
    cursor: u8,
}

impl Default for Keyboard {
    fn default() -> Self {
        Self { octave: 2, down: None, cursor: 60 }
    }
}

/// What a key looks like.
struct Looks {
    /// The keys that play.
    lowest: i32,
    highest: i32,
    /// The key that plays the original.
    root: i32,
    /// Keys with a take of their own; all that play if they have none.
    mapped: Option<BTreeSet<u8>>,
    /// The key that is down.
    down: Option<u8>,
    /// The key that space plays, if the keyboard has the focus.
    cursor: Option<u8>,
}

impl Keyboard {
    /// Draws it over the width of `ui`.
    pub(super) fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        let size = vec2(ui.available_width(), KEYS_HEIGHT + NAMES_HEIGHT);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
        let keys = rect.with_max_y(rect.top() + KEYS_HEIGHT);
        let octaves = octaves(rect.width());
        self.octave = self.octave.clamp(0, 11 - octaves);
        let shown = Shown { keys, first: self.octave * OCTAVE, octaves };
        self.play(ui, &response, &shown, actions);
        self.walk(ui, &response, octaves, actions);
        self.scroll(ui, &response, octaves);
        let looks = self.looks(scene, &response);
        paint(ui, &shown, &looks);
        let pointed = response.hover_pos().and_then(|at| shown.key_at(at));
        let take = pointed.and_then(|key| take_of(scene, key));
        response.widget_info(|| WidgetInfo::labeled(Role::Group, ui.is_enabled(), "Keyboard"));
        menu(&response, scene, pointed, actions);
        let response = response.on_hover_cursor(CursorIcon::PointingHand);
        if let Some(key) = pointed {
            let name = key_text(i32::from(key));
            let on_it =
                take.and_then(|id| name_of(scene, id)).map_or(String::new(), |name| format!("\n{name}"));
            let more =
                "Click to play; right-click to put the selected take on it; Shift + wheel for other octaves";
            response.on_hover_text_at_pointer(format!("{name} (key {key}){on_it}\n{more}"));
        }
    }

    /// A key is down as long as the pointer is on it with its button.
    fn play(&mut self, ui: &Ui, response: &Response, shown: &Shown, actions: &mut Vec<Action>) {
        let held = response.is_pointer_button_down_on() && ui.input(|input| input.pointer.primary_down());
        let key = held.then(|| response.interact_pointer_pos()).flatten().and_then(|at| shown.key_at(at));
        if key != self.down {
            actions.extend(self.down.map(|key| PlayAction::ReleaseKey(key).into()));
            actions.extend(key.map(|key| PlayAction::PressKey(key).into()));
            self.down = key;
            self.cursor = key.unwrap_or(self.cursor);
        }
    }

    /// Releases what is held down, because the keyboard is no longer shown.
    pub(super) fn let_go(&mut self, actions: &mut Vec<Action>) {
        actions.extend(self.down.take().map(|key| PlayAction::ReleaseKey(key).into()));
    }

    /// Arrows move the cursor, space plays the key below it.
    fn walk(&mut self, ui: &Ui, response: &Response, octaves: i32, actions: &mut Vec<Action>) {
        if !response.has_focus() {
            return;
        }
        let keys = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, keys));
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let mut cursor = i32::from(self.cursor);
        cursor += i32::from(pressed(Key::ArrowRight)) - i32::from(pressed(Key::ArrowLeft));
        let cursor = cursor.clamp(0, MAX_KEY);
        if i32::from(self.cursor) != cursor {
            self.cursor = u8::try_from(cursor).unwrap_or(self.cursor);
            self.octave = self.octave.clamp(cursor / OCTAVE - octaves + 1, cursor / OCTAVE);
        }
        if pressed(Key::Space) || pressed(Key::Enter) {
            actions.push(PlayAction::PressKey(self.cursor).into());
            actions.push(PlayAction::ReleaseKey(self.cursor).into());
        }
    }

    fn scroll(&mut self, ui: &Ui, response: &Response, octaves: i32) {
        if !response.hovered() {
            return;
        }
        // Sideways, or with shift: the wheel alone scrolls the tab.
        let turned = ui.input_mut(|input| std::mem::take(&mut input.smooth_scroll_delta.x));
        let id = response.id.with("turned");
        let sum = turned + ui.data(|data| data.get_temp::<f32>(id)).unwrap_or_default();
        let octave = 5.0 * theme::UNIT;
        let moved = if sum > octave { 1 } else { -i32::from(sum < -octave) };
        ui.data_mut(|data| data.insert_temp(id, if moved == 0 { sum } else { 0.0 }));
        self.octave = (self.octave + moved).clamp(0, 11 - octaves);
    }

    fn looks(&self, scene: &Scene<'_>, response: &Response) -> Looks {
        let params = scene.params;
        let keyed = params.take_choice.value() == TakeChoice::Keys;
        let on_keys = || (0..128_u8).filter(|key| take_of(scene, *key).is_some()).collect();
        Looks {
            lowest: params.lowest_key.value(),
            highest: params.highest_key.value(),
            root: params.root_key.value(),
            mapped: keyed.then(on_keys),
            down: self.down,
            cursor: response.has_focus().then_some(self.cursor),
        }
    }
}

/// The take on a key, while each key has its own.
fn take_of(scene: &Scene<'_>, key: u8) -> Option<TakeId> {
    if scene.params.take_choice.value() != TakeChoice::Keys {
        return None;
    }
    let keys = &scene.view.arrangement.keys;
    if !keys.is_empty() {
        return keys.get(&key).copied().filter(|id| scene.view.takes.iter().any(|take| take.id == *id));
    }
    let root = usize::try_from(scene.params.root_key.value()).ok()?;
    super::starred(scene.view).nth(usize::from(key).checked_sub(root)?).map(|take| take.id)
}

fn name_of(scene: &Scene<'_>, id: TakeId) -> Option<String> {
    scene.view.takes.iter().find(|take| take.id == id).map(|take| take.name.clone())
}

/// What a click with the other button offers.
fn menu(response: &Response, scene: &Scene<'_>, pointed: Option<u8>, actions: &mut Vec<Action>) {
    let id = Id::unique("straightshot key of the menu");
    if response.clicked_by(PointerButton::Secondary)
        && let Some(key) = pointed
    {
        response.ctx.data_mut(|data| data.insert_temp(id, key));
    }
    response.context_menu(|ui| {
        let Some(key) = ui.data(|data| data.get_temp::<u8>(id)) else { return };
        let name = key_text(i32::from(key));
        let (params, setter) = (scene.params, scene.setter);
        if let Some(active) = scene.view.active_take
            && ui.button(format!("Put the selected take on {name}")).clicked()
        {
            actions.push(PlayAction::PutOnKey(key, Some(active)).into());
            crate::editor::param::set(setter, &params.take_choice, TakeChoice::Keys);
        }
        if scene.view.arrangement.keys.contains_key(&key) && ui.button(format!("Clear {name}")).clicked() {
            actions.push(PlayAction::PutOnKey(key, None).into());
        }
        if !scene.view.arrangement.keys.is_empty()
            && ui.button("Starred takes in order from the root key").clicked()
        {
            actions.push(PlayAction::ClearKeys.into());
        }
        for (text, param) in [
            ("Make it the root key", &params.root_key),
            ("Make it the lowest key", &params.lowest_key),
            ("Make it the highest key", &params.highest_key),
        ] {
            if ui.button(text).clicked() {
                crate::editor::param::set(setter, param, i32::from(key));
            }
        }
    });
}

/// How many octaves fit into so many points.
#[expect(clippy::cast_possible_truncation, reason = "a handful of octaves")]
fn octaves(width: f32) -> i32 {
    ((width / (7.0 * WHITE_LEAST)) as i32).clamp(2, 10)
}

/// The keys that are in sight.
struct Shown {
    keys: Rect,
    first: i32,
    octaves: i32,
}

impl Shown {
    #[expect(clippy::cast_precision_loss, reason = "a handful of keys")]
    fn white_width(&self) -> f32 {
        self.keys.width() / (7 * self.octaves) as f32
    }

    /// The places of all keys in sight, white ones first.
    fn places(&self) -> impl Iterator<Item = (i32, Rect, bool)> + use<'_> {
        let whites = (0..self.octaves).flat_map(|octave| WHITES.map(|key| octave * OCTAVE + key));
        let blacks = (0..self.octaves * OCTAVE).filter(|key| !WHITES.contains(&(key % OCTAVE)));
        let whites = whites.map(|key| (key, true));
        let all = whites.chain(blacks.map(|key| (key, false)));
        all.map(|(key, white)| (self.first + key, self.place(key, white), white))
            .filter(|(key, ..)| *key <= MAX_KEY)
    }

    #[expect(clippy::cast_precision_loss, reason = "a handful of keys")]
    fn place(&self, key: i32, white: bool) -> Rect {
        let before = WHITES.iter().filter(|of| **of < key % OCTAVE).count();
        let left = (7 * (key / OCTAVE)) as f32 + before as f32;
        let width = self.white_width();
        let left = self.keys.left() + left * width;
        if white {
            return Rect::from_min_size(pos2(left, self.keys.top()), vec2(width, self.keys.height()));
        }
        let size = vec2(0.62 * width, 0.6 * self.keys.height());
        Rect::from_min_size(pos2(left - size.x / 2.0, self.keys.top()), size)
    }

    fn key_at(&self, at: Pos2) -> Option<u8> {
        // Black keys lie on the white ones.
        let hit = self.places().filter(|(_, place, _)| place.contains(at)).last();
        hit.and_then(|(key, ..)| u8::try_from(key).ok())
    }
}

fn paint(ui: &Ui, shown: &Shown, looks: &Looks) {
    let painter = ui.painter();
    painter.rect_filled(shown.keys, 3, theme::WELL);
    for (key, place, white) in shown.places() {
        let number = u8::try_from(key).unwrap_or(u8::MAX);
        let plays = (looks.lowest..=looks.highest).contains(&key)
            && looks.mapped.as_ref().is_none_or(|mapped| mapped.contains(&number));
        let down = looks.down == Some(number);
        painter.rect(
            place.shrink(0.5),
            2,
            color(white, plays, down),
            theme::outline(theme::WELL),
            StrokeKind::Inside,
        );
        if key == looks.root {
            painter.circle_filled(place.center_bottom() - vec2(0.0, 5.0), 3.0, theme::ACCENT);
        }
        if looks.cursor == Some(number) {
            painter.rect_stroke(place.shrink(1.0), 2, theme::outline(theme::ACCENT), StrokeKind::Inside);
        }
        if key % OCTAVE == 0 {
            let at = pos2(place.left() + 1.0, shown.keys.bottom() + 2.0);
            painter.text(at, Align2::LEFT_TOP, key_text(key), theme::small(), theme::TEXT_DIM);
        }
    }
}

fn color(white: bool, plays: bool, down: bool) -> Color32 {
    match (white, plays, down) {
        (_, _, true) => theme::ACCENT,
        (true, true, false) => theme::TEXT,
        (true, false, false) => theme::HOVERED,
        (false, true, false) => Color32::from_gray(0x24),
        (false, false, false) => theme::RAISED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_found_where_it_is_drawn() {
        let keys = Rect::from_min_size(pos2(10.0, 20.0), vec2(700.0, 48.0));
        let shown = Shown { keys, first: 24, octaves: 5 };
        let mut found: Vec<i32> = Vec::new();
        for (key, place, _) in shown.places() {
            let at = place.center_bottom() - vec2(0.0, 2.0);
            assert_eq!(shown.key_at(at).map(i32::from), Some(key));
            found.push(key);
        }
        found.sort_unstable();
        assert_eq!(found, (24..84).collect::<Vec<_>>());
        let top = Shown { first: 120, octaves: 1, ..shown };
        assert_eq!(top.places().map(|(key, ..)| key).max(), Some(MAX_KEY));
    }
}
