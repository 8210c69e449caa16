//! The prompt and the negative prompt: text fields that own their text while the window is open.

mod marks;
mod notes;

use super::action::{Action, VersionsAction};
use super::controls;
use super::icons::{self, Icon};
use super::scene::Scene;
use super::theme;
use crate::editor::link::View;
use crate::measured::ReadText;
use egui::text::TextFormat;
use egui::{
    CursorIcon, Frame, Id, Margin, Rect, Response, RichText, ScrollArea, Sense, Stroke, TextBuffer, TextEdit,
    Ui, UiBuilder, Vec2, vec2,
};
use notes::{Note, Remedy};
use std::sync::Arc;
use straightshot_protocol::{ModelId, Request, negations, without};

/// Name of the prompt's field.
const PROMPT: &str = "prompt";
/// Name of the negative prompt's field.
const NEGATIVE_PROMPT: &str = "negative prompt";
/// Shown while the prompt is empty.
const PLACEHOLDER: &str = "Describe a sound, for example: glass bottle smashing on a stone floor, large hall";
/// Shown while the negative prompt is empty.
const NEGATIVE_PLACEHOLDER: &str = "What should not be heard, for example: music, speech, hiss";
/// Height of the negative prompt's field in points: two lines.
const NEGATIVE_HEIGHT: f32 = 7.0 * theme::UNIT;

/// A field lower than this has less space above and below its text, in points.
const LOW: f32 = 7.0 * theme::UNIT;

/// The two texts as they stand in the fields.
#[derive(Debug, Default)]
pub(super) struct PromptFields {
    /// What to hear.
    pub(super) prompt: String,
    /// What not to hear.
    pub(super) negative_prompt: String,
    /// Whether the negative prompt's field is unfolded.
    unfolded: bool,
    /// How the two were read last, maybe when they were a little different.
    read: [Option<Arc<ReadText>>; 2],
    /// The texts that were asked to be read, and by which model.
    asked: [(String, ModelId); 2],
    /// Whether the cursor is to go to the prompt.
    wants_focus: bool,
}

/// Which of the texts the user changed in this frame.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edited {
    /// The prompt.
    pub(super) prompt: bool,
    /// The negative prompt.
    pub(super) negative_prompt: bool,
}

impl PromptFields {
    /// Takes over the session's texts where they differ: a project was loaded or a take recalled.
    ///
    /// What the user types is stored in the frame it is typed in, so it never differs here.
    pub(super) fn follow(&mut self, view: &View) {
        if self.prompt != view.prompt {
            self.prompt.clone_from(&view.prompt);
        }
        if self.negative_prompt != view.negative_prompt {
            self.unfolded |= !view.negative_prompt.is_empty();
            self.negative_prompt.clone_from(&view.negative_prompt);
        }
        for (text, read) in [&self.prompt, &self.negative_prompt].into_iter().zip(&mut self.read) {
            if let Some(newest) = view.status.readings.iter().find(|newest| newest.text == *text) {
                *read = Some(newest.clone());
            }
        }
    }

    /// Puts the cursor into the prompt.
    pub(super) fn take_focus(&mut self) {
        self.wants_focus = true;
    }

    /// Height of everything [`PromptFields::show`] draws for a prompt field `height` points high.
    pub(super) fn total_height(&self, height: f32) -> f32 {
        let folded = 3.0 * theme::ICON_SIZE + height + 3.0 * theme::UNIT;
        let unfolded = NEGATIVE_HEIGHT + theme::ICON_SIZE + 2.0 * theme::UNIT;
        if self.unfolded { folded + unfolded } else { folded }
    }

    /// Draws both fields as the model of the next sound reads them; the prompt's is `height` points high.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        height: f32,
        scene: &Scene<'_>,
        actions: &mut Vec<Action>,
    ) -> Edited {
        if std::mem::take(&mut self.wants_focus) {
            ui.memory_mut(|memory| memory.request_focus(field_id(PROMPT)));
        }
        let card = scene.view.card();
        let params = scene.params;
        let next = Request {
            steps: params.steps.value().unsigned_abs(),
            guidance: params.guidance.value(),
            ..Request::default()
        };
        let most = card.map_or(usize::MAX, |card| card.prompt_chars);
        let read = self.read.clone();
        let read = read.each_ref().map(Option::as_deref);
        let reading = read[0].filter(|read| read.text == self.prompt).map(|read| &read.reading);
        let note =
            notes::of_prompt(&self.prompt, card, reading, typing_at(ui, field_id(PROMPT), &self.prompt));
        heading(ui, reading.and_then(notes::counter));
        let size = (height, most);
        let mut edited = Edited {
            prompt: text_field(ui, PROMPT, &mut self.prompt, PLACEHOLDER, size, read[0]).changed(),
            ..Edited::default()
        };
        let mut remedy = note_row(ui, "prompt note", note.as_ref());
        let why_not = card.and_then(|card| notes::of_negative(card, &next));
        let in_use = !self.negative_prompt.trim().is_empty();
        let state = match (why_not.is_some(), in_use && !self.unfolded) {
            (true, true) => " (no effect)",
            (false, true) => " (in use)",
            (_, false) => "",
        };
        if fold_toggle(ui, "Negative prompt", self.unfolded, state).clicked() {
            self.unfolded = !self.unfolded;
        }
        if self.unfolded {
            let text = &mut self.negative_prompt;
            let size = (NEGATIVE_HEIGHT, most);
            let field =
                |ui: &mut Ui| text_field(ui, NEGATIVE_PROMPT, text, NEGATIVE_PLACEHOLDER, size, read[1]);
            let shown = ui.add_enabled_ui(why_not.is_none(), field).inner;
            let hint = why_not.as_ref().map_or("", |note| note.hint);
            edited.negative_prompt = shown.on_disabled_hover_text(hint).changed();
            remedy = remedy.or(note_row(ui, "negative note", why_not.as_ref()));
        }
        if let Some(remedy) = remedy {
            self.apply(remedy, &mut edited, actions);
        }
        self.ask(scene.view, actions);
        edited
    }

    /// Does what was offered.
    fn apply(&mut self, remedy: Remedy, edited: &mut Edited, actions: &mut Vec<Action>) {
        let denied = negations(&self.prompt);
        match remedy {
            Remedy::Guidance(scale) => actions.push(VersionsAction::SetGuidance(scale).into()),
            Remedy::MoveToNegative => {
                let before = Some(self.negative_prompt.trim().to_owned()).filter(|text| !text.is_empty());
                let moved = before.into_iter().chain(denied.iter().map(|part| part.what.clone()));
                self.negative_prompt = moved.collect::<Vec<_>>().join(", ");
                self.prompt = without(&self.prompt, &denied);
                self.unfolded = true;
                (edited.prompt, edited.negative_prompt) = (true, true);
            }
            Remedy::LeaveOut => {
                self.prompt = without(&self.prompt, &denied);
                edited.prompt = true;
            }
        }
    }

    /// Asks for the texts to be read that have changed, or that another model is to read now.
    fn ask(&mut self, view: &View, actions: &mut Vec<Action>) {
        let model = view.card().map(|card| card.id.clone()).unwrap_or_default();
        for (text, asked) in [&self.prompt, &self.negative_prompt].into_iter().zip(&mut self.asked) {
            if asked.0 != *text || asked.1 != model {
                *asked = (text.clone(), model.clone());
                actions.push(VersionsAction::Read(text.clone()).into());
            }
        }
    }
}

fn field_id(name: &str) -> Id {
    Id::unique(("straightshot text", name))
}

/// Whether `id` is the prompt or the negative prompt.
pub(super) fn is_field(id: Id) -> bool {
    [PROMPT, NEGATIVE_PROMPT].into_iter().any(|name| field_id(name) == id)
}

/// A row with what there is to say about a field, and the button for what can be done, if there is something. The row is always
/// there, so that nothing moves while somebody types. Returns what was asked for.
fn note_row(ui: &mut Ui, name: &str, note: Option<&Note>) -> Option<Remedy> {
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), theme::ICON_SIZE), Sense::hover());
    let note = note?;
    let mut words = row;
    let mut clicked = false;
    if let Some(label) = note.remedy.map(Remedy::label) {
        let width = ui.painter().layout_no_wrap(label.clone(), theme::small(), theme::TEXT).size().x;
        let chip = row.with_min_x(row.right() - width - 2.0 * theme::UNIT).shrink2(vec2(0.0, 1.0));
        clicked = controls::chip(ui, chip, &label).clicked();
        words.set_right(chip.left() - theme::UNIT);
    }
    let color = if note.is_warning { theme::ERROR } else { theme::TEXT_DIM };
    controls::text_within(ui.painter(), words, &note.text, theme::small(), color);
    let hint = format!("{}\n{}", note.text, note.hint);
    ui.interact(words, ui.scope_id().with(name), Sense::hover()).on_hover_text(hint);
    note.remedy.filter(|_| clicked)
}

/// The caption of the prompt, and how much of it is read at the right end.
fn heading(ui: &mut Ui, counter: Option<(String, bool)>) {
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), theme::ICON_SIZE), Sense::hover());
    controls::text_within(ui.painter(), row, "Prompt", theme::small(), theme::TEXT_DIM);
    let Some((counter, is_over)) = counter else { return };
    let color = if is_over { theme::ERROR } else { theme::TEXT_DIM };
    let galley = ui.painter().layout_no_wrap(counter, theme::small(), color);
    let place = Rect::from_min_max(row.right_top() - vec2(galley.size().x, 0.0), row.max);
    ui.painter().galley(place.left_center() - vec2(0.0, galley.size().y / 2.0), galley, color);
    let hint = "The model reads the beginning of a long text. What it does not read is struck out.";
    ui.interact(place, ui.scope_id().with("counter"), Sense::hover()).on_hover_text(hint);
}

/// The line that folds and unfolds the negative prompt.
fn fold_toggle(ui: &mut Ui, text: &str, unfolded: bool, state: &str) -> Response {
    let (row, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), theme::ICON_SIZE), Sense::click());
    let color = if response.hovered() { theme::TEXT } else { theme::TEXT_DIM };
    let icon = if unfolded { Icon::ChevronDown } else { Icon::ChevronRight };
    let place = Rect::from_center_size(row.left_center() + vec2(6.0, 0.0), Vec2::splat(12.0));
    icons::paint(ui.painter(), place, icon, color);
    let label = format!("{text}{state}");
    let words = row.with_min_x(row.left() + 2.0 * theme::UNIT);
    controls::text_within(ui.painter(), words, &label, theme::small(), color);
    controls::focus_ring(ui, row, &response);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::DisclosureTriangle, true, text));
    response.on_hover_cursor(CursorIcon::PointingHand)
}

/// A multi-line field of fixed height, for so many characters, that scrolls when the text is longer.
fn text_field(
    ui: &mut Ui,
    name: &str,
    text: &mut String,
    placeholder: &'static str,
    (height, most): (f32, usize),
    read: Option<&ReadText>,
) -> Response {
    let id = field_id(name);
    let typing = typing_at(ui, id, text);
    let color = if ui.is_enabled() { theme::TEXT } else { theme::TEXT_FAINT };
    let plain = TextFormat::simple(theme::large(), color);
    let mut layouter = |ui: &Ui, text: &dyn TextBuffer, width: f32| {
        let mut job = marks::layout(text.as_str(), read, typing, &plain);
        job.wrap.max_width = width;
        job.keep_trailing_whitespace = true;
        ui.fonts_mut(|fonts| fonts.layout_job(job))
    };
    // Two lines have room in the lowest field.
    let margin = if height < LOW { 4 } else { 8 };
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let line = if ui.memory(|memory| memory.has_focus(id)) { theme::ACCENT } else { theme::LINE };
    let frame = Frame::new().fill(theme::WELL).stroke(Stroke::new(1.0, line)).corner_radius(theme::RADIUS);
    ui.painter().add(frame.paint(rect.shrink(1.0)));
    let mut inside = ui.new_child(UiBuilder::new().max_rect(rect.shrink(2.0)).id_salt(name));
    let scroll = ScrollArea::vertical().id_salt(name).auto_shrink(false);
    let shown = scroll.show(&mut inside, |ui| {
        let edit = TextEdit::multiline(text)
            .id(id)
            .font(theme::large())
            .hint_text(RichText::new(placeholder).color(theme::TEXT_FAINT))
            .frame(Frame::new().inner_margin(Margin::symmetric(10, margin)))
            .desired_width(f32::INFINITY)
            .desired_rows(1)
            .min_size(vec2(0.0, rect.height() - 4.0))
            .char_limit(most)
            .layouter(&mut layouter)
            // Without a modifier; with one, enter starts the generation.
            .return_key(egui::KeyboardShortcut::new(egui::Modifiers::NONE, egui::Key::Enter));
        ui.add(edit)
    });
    shown.inner.accessible_name(name)
}

/// Where the cursor is in the field `id`, in bytes of its text, while it is being edited.
fn typing_at(ui: &Ui, id: Id, text: &str) -> Option<usize> {
    let state =
        egui::text_edit::TextEditState::load(ui.ctx(), id).filter(|_| ui.memory(|m| m.has_focus(id)))?;
    let at = state.cursor.char_range()?.primary.index.0;
    Some(text.char_indices().nth(at).map_or(text.len(), |(byte, _)| byte))
}
