//! The category of a take: three that its prompt proposes, or any other that is searched for.

use super::form;
use crate::editor::action::{Action, DeliverAction};
use crate::editor::{controls, theme};
use egui::{Rect, Sense, TextEdit, Ui, Vec2, pos2, vec2};
use straightshot_delivery::About;
use straightshot_delivery::name::{Name, proposals};
use straightshot_delivery::ucs::{self, Category};
use straightshot_takes::TakeId;

/// Height of a chip in points.
const CHIP_HEIGHT: f32 = 3.0 * theme::UNIT;
/// How many categories a search shows.
const FOUND: usize = 8;

/// What was proposed and what is searched for.
#[derive(Debug, Default)]
pub(super) struct CategoryRow {
    /// The texts that were asked with, and the answer: asked once, not in every frame.
    proposed: Option<((String, String), Vec<&'static Category>)>,
    /// What is typed into the search field.
    search: String,
}

impl CategoryRow {
    /// Draws chips and search field.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        take: TakeId,
        about: &About,
        name: &Name,
        actions: &mut Vec<Action>,
    ) {
        let mut offered = self.proposals(about).to_vec();
        if !offered.contains(&name.category) && name.category_known {
            offered.insert(0, name.category);
        }
        form::row(ui, "Category", |ui| {
            let field = TextEdit::singleline(&mut self.search)
                .id_salt("category search")
                .hint_text("Find another: door, rain, FEET …")
                .desired_width(f32::INFINITY);
            form::field(
                ui,
                field,
                "Find a category",
                "Search the 752 categories of the Universal Category System",
            );
        });
        let searched = !self.search.trim().is_empty();
        if searched {
            offered = ucs::search(&self.search).into_iter().take(FOUND).collect();
        }
        if offered.is_empty() {
            let text = if searched {
                "No category has this word"
            } else {
                "No word of the prompt has a category: find one"
            };
            form::row(ui, "", |ui| controls::caption(ui, text));
        }
        form::row(ui, "", |ui| {
            if let Some(chosen) = chips(ui, &offered, name) {
                self.search.clear();
                let first = self.proposed.as_ref().and_then(|(_, proposed)| proposed.first());
                // The first proposal needs no choice: it stays right when the prompt of a take is another.
                let category = (first != Some(&chosen)).then_some(chosen.id);
                actions.push(DeliverAction::Categorise(take, category).into());
            }
        });
    }

    fn proposals(&mut self, about: &About) -> &[&'static Category] {
        let key = (about.request.prompt.clone(), about.title.clone());
        if self.proposed.as_ref().is_none_or(|(known, _)| *known != key) {
            self.proposed = Some((key, proposals(about)));
        }
        self.proposed.as_ref().map_or(&[], |(_, proposed)| proposed)
    }
}

/// Chips in as many lines as they need; returns the one that was clicked. The one that counts is lit.
fn chips(ui: &mut Ui, offered: &[&'static Category], name: &Name) -> Option<&'static Category> {
    let width = ui.available_width();
    let texts: Vec<(String, f32)> = offered
        .iter()
        .map(|category| {
            let text = label(category);
            let galley = ui.painter().layout_no_wrap(text.clone(), theme::small(), theme::TEXT);
            (text, (galley.size().x + 2.5 * theme::UNIT).min(width))
        })
        .collect();
    let (mut at, mut places) = (Vec2::ZERO, Vec::new());
    for (_, chip) in &texts {
        if at.x > 0.0 && at.x + chip > width {
            at = vec2(0.0, at.y + CHIP_HEIGHT + 0.5 * theme::UNIT);
        }
        places.push(at);
        at.x += chip + 0.5 * theme::UNIT;
    }
    let height = if places.is_empty() { 0.0 } else { at.y + CHIP_HEIGHT };
    let (rect, _) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
    let mut clicked = None;
    for (((text, chip), place), category) in texts.iter().zip(places).zip(offered) {
        let place = Rect::from_min_size(pos2(rect.left(), rect.top()) + place, vec2(*chip, CHIP_HEIGHT));
        let chosen = name.category_known && *category == name.category;
        let response = controls::choice_chip(ui, place, text, chosen);
        if response.on_hover_text(format!("{}: {}", category.id, category.explanation())).clicked() && !chosen
        {
            clicked = Some(*category);
        }
    }
    clicked
}

/// `Doors – Wood`.
fn label(category: &Category) -> String {
    format!("{} – {}", capital(category.category), capital(category.subcategory))
}

fn capital(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| format!("{first}{}", letters.as_str().to_lowercase()))
    };
    name.split(' ').map(word).collect::<Vec<_>>().join(" ")
}
