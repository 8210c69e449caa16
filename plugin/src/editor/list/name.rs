//! The name of a row while it is being edited.

use super::super::theme;
use egui::text::{CCursor, CCursorRange};
use egui::text_edit::TextEditState;
use egui::{CursorIcon, Frame, Id, Key, Margin, Rect, TextEdit, Ui, UiBuilder, vec2};

/// Longest name in characters.
const MAX_CHARS: usize = 80;
/// Frames that a list needs to settle after it has got more rows.
const SETTLING: u8 = 3;

/// A name that is being edited, of the row `K`.
#[derive(Debug)]
pub(in crate::editor) struct Renaming<K> {
    id: K,
    /// The text so far.
    name: String,
    /// Whether the field has got the keyboard.
    begun: bool,
    /// Whether the field was drawn in this frame.
    drawn: bool,
    /// Frames in which its row is still to be brought into sight: without a field that is drawn, what is typed would be
    /// shortcuts.
    sought: u8,
}

impl<K: Copy + PartialEq> Renaming<K> {
    /// Begins with the name that there is.
    pub(in crate::editor) fn new(id: K, name: &str) -> Self {
        Self { id, name: name.to_owned(), begun: false, drawn: false, sought: SETTLING }
    }

    /// The row.
    pub(in crate::editor) fn id(&self) -> K {
        self.id
    }

    /// The row, if it has to be brought into sight. To be asked once in a frame.
    pub(in crate::editor) fn seek(&mut self) -> Option<K> {
        self.sought = self.sought.checked_sub(1)?;
        Some(self.id)
    }

    /// Draws the field. `Some` when that is over: with the name when the user is done, with `None` after escape.
    pub(in crate::editor) fn field(&mut self, ui: &mut Ui, rect: Rect) -> Option<Option<String>> {
        self.drawn = true;
        let begins = !std::mem::replace(&mut self.begun, true);
        let done = editor(ui, rect, &mut self.name, begins)?;
        Some(done.then(|| self.typed()))
    }

    /// The name if the field is out of sight: whoever scrolls away keeps what he has typed. To be asked after the rows were
    /// drawn.
    pub(in crate::editor) fn left(&mut self) -> Option<String> {
        let drawn = std::mem::take(&mut self.drawn);
        (!drawn && self.sought == 0).then(|| self.typed())
    }

    fn typed(&self) -> String {
        self.name.trim().to_owned()
    }
}

/// A field for the name, which gets the keyboard when it `begins`. `Some(true)` when the user is done, `Some(false)` after
/// escape.
fn editor(ui: &mut Ui, rect: Rect, name: &mut String, begins: bool) -> Option<bool> {
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
    if begins {
        response.request_focus();
        let mut state = TextEditState::default();
        state.cursor.set_char_range(Some(CCursorRange::two(CCursor::new(0), CCursor::new(chars))));
        state.store(ui.ctx(), id);
        // The field of the name that was edited before may have lost its focus only now.
        return None;
    }
    response.lost_focus().then(|| !ui.input(|input| input.key_pressed(Key::Escape)))
}
