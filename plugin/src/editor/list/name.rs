//! The field for the name of a row.

use super::super::theme;
use egui::text::{CCursor, CCursorRange};
use egui::text_edit::TextEditState;
use egui::{CursorIcon, Frame, Id, Key, Margin, Rect, TextEdit, Ui, UiBuilder, vec2};

/// Longest name in characters.
const MAX_CHARS: usize = 80;

/// A field for the name. `Some(true)` when the user is done, `Some(false)` after escape.
pub(in crate::editor) fn name_editor(ui: &mut Ui, rect: Rect, name: &mut String) -> Option<bool> {
    let id = Id::unique("straightshot name");
    let mut inside = ui.new_child(UiBuilder::new().max_rect(rect.expand2(vec2(5.0, 3.0))));
    inside.spacing_mut().interact_size.y = 0.0;
    let frame = Frame::new().fill(theme::WELL).stroke(theme::outline(theme::ACCENT)).corner_radius(4);
    let chars = name.chars().count();
    let edit = TextEdit::singleline(name)
        .id(id)
        .char_limit(MAX_CHARS)
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
