//! The prompt and the negative prompt: text fields that own their text while the window is open.

use super::controls;
use super::icons::{self, Icon};
use super::theme;
use crate::editor::link::View;
use egui::{
    Align, CursorIcon, Frame, Id, Layout, Margin, Rect, Response, RichText, ScrollArea, Sense, Stroke,
    TextEdit, Ui, UiBuilder, Vec2, vec2,
};
use straightshot_protocol::Card;

/// The character counter appears when fewer than this many characters are left.
const COUNTER_FROM: usize = 200;
/// Name of the prompt's field.
const PROMPT: &str = "prompt";
/// Name of the negative prompt's field.
const NEGATIVE_PROMPT: &str = "negative prompt";
/// Shown while the prompt is empty.
const PLACEHOLDER: &str =
    "Describe a sound, for example: glass bottle smashing on a stone floor, short room echo";
/// Shown while the negative prompt is empty.
const NEGATIVE_PLACEHOLDER: &str = "What should not be heard, for example: music, speech, hiss";
/// Height of the negative prompt's field in points: two lines.
const NEGATIVE_HEIGHT: f32 = 7.0 * theme::UNIT;

/// The two texts as they stand in the fields.
#[derive(Debug, Default)]
pub(super) struct PromptFields {
    /// What to hear.
    pub(super) prompt: String,
    /// What not to hear.
    pub(super) negative_prompt: String,
    /// Whether the negative prompt's field is unfolded.
    unfolded: bool,
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
    }

    /// Puts the cursor into the prompt.
    pub(super) fn take_focus(&mut self) {
        self.wants_focus = true;
    }

    /// Height of everything [`PromptFields::show`] draws for a prompt field `height` points high.
    pub(super) fn total_height(&self, height: f32) -> f32 {
        let folded = 2.0 * theme::ICON_SIZE + height + 2.0 * theme::UNIT;
        if self.unfolded { folded + NEGATIVE_HEIGHT + theme::UNIT } else { folded }
    }

    /// Draws both fields as far as the model of `card` reads them; the prompt's is `height` points high.
    pub(super) fn show(&mut self, ui: &mut Ui, height: f32, card: Option<&Card>) -> Edited {
        let mut edited = Edited::default();
        if std::mem::take(&mut self.wants_focus) {
            ui.memory_mut(|memory| memory.request_focus(field_id(PROMPT)));
        }
        let most = card.map_or(usize::MAX, |card| card.prompt_chars);
        heading(ui, "Prompt", self.prompt.chars().count(), most);
        edited.prompt = text_field(ui, PROMPT, &mut self.prompt, PLACEHOLDER, (height, most)).changed();
        let is_read = card.is_none_or(|card| card.abilities.negative_prompt);
        let state = match (is_read, self.unfolded || self.negative_prompt.is_empty()) {
            (false, _) => " (this model reads none)",
            (true, false) => " (in use)",
            (true, true) => "",
        };
        if fold_toggle(ui, "Negative prompt", self.unfolded, state).clicked() {
            self.unfolded = !self.unfolded;
        }
        if self.unfolded {
            let text = &mut self.negative_prompt;
            let size = (NEGATIVE_HEIGHT, most);
            let field = |ui: &mut Ui| text_field(ui, NEGATIVE_PROMPT, text, NEGATIVE_PLACEHOLDER, size);
            let shown = ui.add_enabled_ui(is_read, field).inner;
            edited.negative_prompt =
                shown.on_disabled_hover_text("The chosen model reads no negative prompt").changed();
        }
        edited
    }
}

fn field_id(name: &str) -> Id {
    Id::unique(("straightshot text", name))
}

/// Whether `id` is the prompt or the negative prompt.
pub(super) fn is_field(id: Id) -> bool {
    [PROMPT, NEGATIVE_PROMPT].into_iter().any(|name| field_id(name) == id)
}

/// A caption with the counter at the right end.
fn heading(ui: &mut Ui, text: &str, chars: usize, most: usize) {
    ui.allocate_ui_with_layout(
        vec2(ui.available_width(), theme::ICON_SIZE),
        Layout::left_to_right(Align::Center),
        |ui| {
            controls::caption(ui, text);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| counter(ui, chars, most));
        },
    );
}

fn counter(ui: &mut Ui, chars: usize, most: usize) {
    if chars.saturating_add(COUNTER_FROM) < most {
        return;
    }
    let color = if chars >= most { theme::ERROR } else { theme::TEXT_DIM };
    ui.label(RichText::new(format!("{chars} / {most}")).font(theme::small()).color(color));
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
) -> Response {
    let id = field_id(name);
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
            .frame(Frame::new().inner_margin(Margin::symmetric(10, 8)))
            .desired_width(f32::INFINITY)
            .desired_rows(1)
            .min_size(vec2(0.0, rect.height() - 4.0))
            .char_limit(most)
            // Without a modifier; with one, enter starts the generation.
            .return_key(egui::KeyboardShortcut::new(egui::Modifiers::NONE, egui::Key::Enter));
        ui.add(edit)
    });
    shown.inner.accessible_name(name)
}
