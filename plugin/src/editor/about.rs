//! "About" over the window: version and model, and whose work is in the plugin.
//!
//! The texts are those that `cargo xtask bundle` puts beside the plugin. They are in the library as they are (0.9 MB beside
//! 50 MB of weights): nothing is read or unpacked, and lines are broken only while the text is shown. That of the model is
//! Markdown and is laid out (`markdown`).

mod markdown;

use super::controls;
use super::link::View;
use super::overlay;
use super::theme;
use egui::{FontId, Key, Modifiers, Rect, RichText, Ui, vec2};
use markdown::{Line, Look};
use std::borrow::Cow;

/// Version of the plugin, which the header shows too.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What it promises.
pub(super) const PROMISE: &str = "Makes sounds on this computer; nothing is sent anywhere";
/// Names of the texts, in the order of [`TEXTS`].
const TABS: [&str; 4] = ["Sounds and weights", "Fonts and lists", "Licence", "Crates"];
/// What each tab shows, one after the other.
const TEXTS: [&[&str]; 4] = [
    &[include_str!("../../../assets/models/default/ATTRIBUTION.md")],
    &[
        include_str!("../../../assets/licences/attribution.txt"),
        include_str!("../../../assets/words/SCOWL-COPYRIGHT.txt"),
    ],
    &[include_str!("../../../LICENSE-MIT"), include_str!("../../../LICENSE-APACHE")],
    &[include_str!("../../../assets/licences/third-party.txt")],
];
/// The tab whose text is Markdown.
const MARKDOWN: usize = 0;
/// Width of the text in points, at most.
const WIDTH: f32 = 90.0 * theme::UNIT;

/// What is shown while it is open.
#[derive(Debug, Default)]
pub(super) struct About {
    /// Index into [`TABS`].
    tab: usize,
    /// The lines of that tab.
    lines: Vec<Line>,
    /// For which tab and how many letters in a line they were broken.
    broken_for: Option<(usize, usize)>,
}

impl About {
    /// Draws it in the middle of `window`; returns whether it stays.
    pub(super) fn show(&mut self, ui: &mut Ui, window: Rect, view: &View, keys: Keys) -> bool {
        self.tab = (self.tab + TABS.len()).saturating_add_signed(keys.tab) % TABS.len();
        overlay::show(
            ui,
            window,
            "About",
            WIDTH,
            |_| (),
            |ui, size| {
                let top = ui.cursor().top();
                let version = format!("Straightshot {VERSION}, free under MIT or Apache-2.0. {PROMISE}.");
                ui.label(RichText::new(version).font(theme::small()).color(theme::TEXT));
                ui.label(RichText::new(model(view)).font(theme::small()).color(theme::TEXT_DIM));
                if let Some(tab) = controls::tabs(ui, "about", &TABS, self.tab) {
                    self.tab = tab;
                }
                self.text(ui, size.y - (ui.cursor().top() - top), keys);
            },
        )
    }

    /// The text of the tab, of which only the lines in sight are laid out.
    fn text(&mut self, ui: &mut Ui, height: f32, keys: Keys) {
        let font = FontId::monospace(theme::small().size);
        let letter = ui.fonts_mut(|fonts| fonts.glyph_width(&font, 'n')).max(1.0);
        // The scroll bar lies beside the lines.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "letters in a window")]
        let letters = ((ui.available_width() - 2.0 * theme::UNIT) / letter).max(20.0) as usize;
        if self.broken_for.replace((self.tab, letters)) != Some((self.tab, letters)) {
            self.lines = lines_of(self.tab, letters);
        }
        ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
        let line_height = ui.fonts_mut(|fonts| fonts.row_height(&font));
        let height = height.max(line_height);
        overlay::scrolled(height).id_salt(("about", self.tab)).auto_shrink(false).show_rows(
            ui,
            line_height,
            self.lines.len(),
            |ui, rows| {
                ui.scroll_with_delta(vec2(0.0, -keys.pages * height));
                for line in &self.lines[rows] {
                    let color = if line.look == Look::Heading { theme::TEXT } else { theme::TEXT_DIM };
                    let line = RichText::new(&*line.text).font(font.clone()).color(color);
                    ui.add(egui::Label::new(line).extend());
                }
            },
        );
    }
}

/// What was pressed for it in this frame.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Keys {
    /// Tabs to go on by.
    tab: isize,
    /// Pages to scroll down by.
    pages: f32,
}

impl Keys {
    /// Takes them out of the input. To be called before the panels are drawn, which have uses of their own for some.
    pub(super) fn take(ui: &Ui) -> Self {
        let far = 1e4;
        let mut keys = Self::default();
        ui.input_mut(|input| {
            let mut pressed = |key| input.consume_key(Modifiers::NONE, key);
            keys.tab += isize::from(pressed(Key::ArrowRight)) - isize::from(pressed(Key::ArrowLeft));
            for (key, pages) in
                [(Key::PageDown, 0.9), (Key::PageUp, -0.9), (Key::End, far), (Key::Home, -far)]
            {
                keys.pages += if pressed(key) { pages } else { 0.0 };
            }
        });
        keys
    }
}

/// The model that the next sound is made with.
fn model(view: &View) -> String {
    let name = match (&view.model.folder, view.card()) {
        _ if !view.model.id.name.is_empty() => &view.model.id.name,
        (None, Some(card)) => &card.id.name,
        (None, None) => return "Model: the built-in one.".to_owned(),
        (Some(_), _) => return "Model: one of yours, which has not been loaded.".to_owned(),
    };
    let whose = if view.model.is_default() {
        "built in"
    } else {
        "yours; what is said below is about the built-in one"
    };
    format!("Model: {name}, {whose}.")
}

/// The lines of a tab with at most so many letters in each.
fn lines_of(tab: usize, letters: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for text in TEXTS[tab] {
        let whole = if tab == MARKDOWN { markdown::lines(text) } else { markdown::plain(text) };
        lines.extend(whole.into_iter().flat_map(|line| broken(line, letters)));
        lines.push(Line::default());
    }
    lines
}

/// A line in pieces of at most so many letters, broken at spaces where there are any. What follows the first begins where that
/// does, and a little further in where the line is one of a list.
fn broken(line: Line, letters: usize) -> Vec<Line> {
    let Line { text, look } = line;
    let indent = match look {
        Look::Entry => markdown::INDENT.min(letters / 4),
        _ => 0,
    };
    let (mut rest, mut pieces) = (&*text, Vec::new());
    while let Some((end, _)) = rest.char_indices().nth(letters - if pieces.is_empty() { 0 } else { indent }) {
        let at = rest[..end].rfind(' ').filter(|at| !rest[..*at].trim().is_empty());
        let (first, behind) = rest.split_at(at.unwrap_or(end));
        pieces.push(first);
        rest = behind.trim_start();
    }
    if pieces.is_empty() {
        return vec![Line { text, look }];
    }
    pieces.push(rest);
    let line = |(index, piece): (usize, &str)| {
        let indent = if index == 0 { 0 } else { indent };
        Line { text: Cow::Owned(format!("{:indent$}{piece}", "")), look }
    };
    pieces.into_iter().enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_spaces_and_nothing_is_lost() {
        let of = |text: &'static str, look, letters| -> Vec<String> {
            broken(Line { text: text.into(), look }, letters)
                .into_iter()
                .map(|line| line.text.into_owned())
                .collect()
        };
        assert_eq!(of("one two three", Look::Text, 8), ["one two", "three"]);
        assert_eq!(of("one two three", Look::Entry, 8), ["one two", "  three"]);
        assert_eq!(of("äöüäöü", Look::Text, 4), ["äöüä", "öü"]);
        assert_eq!(of("", Look::Text, 4), [""]);
        let words = |text: &str| text.split_whitespace().collect::<String>();
        for (tab, texts) in TEXTS.iter().enumerate() {
            let lines = lines_of(tab, 60);
            assert!(lines.iter().all(|line| line.text.chars().count() <= 60));
            if tab != MARKDOWN {
                let shown: String = lines.iter().map(|line| words(&line.text)).collect();
                assert_eq!(shown, words(&texts.concat()));
            }
        }
    }
}
