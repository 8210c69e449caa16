//! A text that is being written about a sound, and kept as it grows: whoever closes the window or turns to something else
//! while its field is open loses nothing.

use super::super::theme;
use egui::{Id, Margin, Response, TextEdit, Ui, vec2};

/// Time after the last change until a text is kept, in seconds.
const KEEP_AFTER_S: f64 = 0.8;
/// Longest text in characters.
const MAX_CHARS: usize = 2000;

/// A text in its field.
#[derive(Debug)]
pub(in crate::editor) struct Writing {
    text: String,
    /// When it has changed last, in the window's seconds, if that was not kept yet.
    changed_s: Option<f64>,
    /// Whether the field has been drawn, and has had the keyboard since.
    begun: bool,
}

impl Writing {
    /// The text as it is now.
    pub(in crate::editor) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), changed_s: None, begun: false }
    }

    /// The text so far.
    pub(in crate::editor) fn text(&self) -> &str {
        self.text.trim()
    }

    /// Draws a field of several lines, so many points high.
    pub(in crate::editor) fn lines(&mut self, ui: &mut Ui, id: Id, height: f32) -> Response {
        let edit = TextEdit::multiline(&mut self.text)
            .id(id)
            .char_limit(MAX_CHARS)
            .margin(Margin::symmetric(8, 6))
            .desired_width(f32::INFINITY);
        let response = ui.add_sized(vec2(ui.available_width(), height), edit);
        self.note_change(ui, response)
    }

    /// Draws a field of one line, which says `hint` while it is empty.
    pub(in crate::editor) fn line(&mut self, ui: &mut Ui, id: Id, hint: &str) -> Response {
        let edit = TextEdit::singleline(&mut self.text)
            .id(id)
            .char_limit(MAX_CHARS)
            .margin(Margin::symmetric(8, 6))
            .hint_text(egui::RichText::new(hint).color(theme::TEXT_FAINT))
            .desired_width(f32::INFINITY);
        let response = ui.add(edit);
        self.note_change(ui, response)
    }

    fn note_change(&mut self, ui: &Ui, response: Response) -> Response {
        if response.changed() {
            self.changed_s = Some(ui.input(|input| input.time));
        }
        response
    }

    /// The text if it is to be kept now: some time after it has changed, or because its field was left.
    pub(in crate::editor) fn keep_now(&mut self, ui: &Ui, response: &Response) -> Option<String> {
        let since_s = ui.input(|input| input.time) - self.changed_s?;
        if since_s >= KEEP_AFTER_S || !response.has_focus() {
            return self.leave();
        }
        ui.ctx().request_repaint_after_secs((KEEP_AFTER_S - since_s) as f32);
        None
    }

    /// The text if it was not kept yet.
    pub(in crate::editor) fn leave(&mut self) -> Option<String> {
        self.changed_s.take().map(|_| self.text().to_owned())
    }

    /// Gives the keyboard to `first` when the fields are drawn for the first time. Returns whether they were left since:
    /// none of `fields` has it any more.
    pub(in crate::editor) fn is_left(&mut self, first: &Response, fields: &[&Response]) -> bool {
        if !std::mem::replace(&mut self.begun, true) {
            first.request_focus();
            return false;
        }
        fields.iter().all(|field| !field.has_focus())
    }
}
