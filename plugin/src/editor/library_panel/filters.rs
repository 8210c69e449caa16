//! What the user wants to see of the library.

use crate::editor::icons::Icon;
use crate::editor::{controls, list, theme};
use egui::{Button, Popup, PopupCloseBehavior, ScrollArea, Ui};
use std::collections::{BTreeMap, BTreeSet};
use straightshot_takes::{Query, Rejected, Shelf, Sort};

/// Orders that are offered, and what they are called.
const SORTS: [(Sort, &str); 7] = [
    (Sort::Newest, "Newest"),
    (Sort::Oldest, "Oldest"),
    (Sort::Name, "Name"),
    (Sort::Shortest, "Shortest"),
    (Sort::Longest, "Longest"),
    (Sort::Loudest, "Loudest"),
    (Sort::Quietest, "Quietest"),
];
/// Lengths that are offered, in seconds.
const LENGTHS: [(&str, f64, f64); 5] = [
    ("Any length", 0.0, f64::INFINITY),
    ("Up to 1 s", 0.0, 1.0),
    ("1 to 3 s", 1.0, 3.0),
    ("3 to 10 s", 3.0, 10.0),
    ("Over 10 s", 10.0, f64::INFINITY),
];
/// Ages that are offered, in days.
const AGES: [(&str, Option<u32>); 4] =
    [("Any time", None), ("Today", Some(1)), ("Last 7 days", Some(7)), ("Last 30 days", Some(30))];
/// Width of the folded-out filters in points.
const WIDTH: f32 = 30.0 * theme::UNIT;
/// Highest list of categories in points.
const CATEGORIES_HEIGHT: f32 = 22.0 * theme::UNIT;

/// The filters as they are set.
#[derive(Debug, Default)]
pub(super) struct Filters {
    pub(super) query: Query,
    /// Index into [`LENGTHS`].
    length: usize,
    /// Index into [`AGES`].
    age: usize,
}

impl Filters {
    /// Draws the switches into the row that `ui` is. While sounds are sorted by likeness there is no other order.
    pub(super) fn show(&mut self, ui: &mut Ui, shelf: &Shelf, likeness: bool) {
        let query = &mut self.query;
        if list::switch(ui, Icon::Starred, query.starred, "Only starred sounds") {
            query.starred = !query.starred;
        }
        let rejected = query.rejected != Rejected::Hidden;
        let hint = if rejected { "Hide rejected sounds" } else { "Show rejected sounds too" };
        if list::switch(ui, Icon::Reject, rejected, hint) {
            query.rejected = if rejected { Rejected::Hidden } else { Rejected::Shown };
        }
        let count = self.set();
        let text = if count == 0 { "Filter".to_owned() } else { format!("Filter ({count})") };
        let button = list::drop_button(ui, &text, count > 0, "Length, age, category, model");
        Popup::from_toggle_button_response(&button)
            .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
            .width(WIDTH)
            .show(|ui| self.folded_out(ui, shelf));
        if likeness {
            return;
        }
        let labels: Vec<_> = SORTS.iter().map(|(_, label)| *label).collect();
        let chosen = SORTS.iter().position(|(sort, _)| *sort == self.query.sort).unwrap_or(0);
        if let Some(sort) = list::choose(ui, "Order", &labels, chosen, chosen != 0) {
            self.query.sort = SORTS[sort].0;
        }
    }

    /// How many of the folded-out filters are set.
    fn set(&self) -> usize {
        usize::from(self.length > 0)
            + usize::from(self.age > 0)
            + usize::from(self.query.category.is_some())
            + usize::from(self.query.model.is_some())
    }

    fn folded_out(&mut self, ui: &mut Ui, shelf: &Shelf) {
        ui.set_width(WIDTH);
        controls::caption(ui, "Length");
        ui.horizontal_wrapped(|ui| {
            for (index, (label, shortest, longest)) in LENGTHS.iter().enumerate() {
                if ui.add(Button::selectable(self.length == index, *label)).clicked() {
                    self.length = index;
                    self.query.seconds = (index > 0).then_some(*shortest..=*longest);
                }
            }
        });
        controls::caption(ui, "Made");
        ui.horizontal_wrapped(|ui| {
            for (index, (label, days)) in AGES.iter().enumerate() {
                if ui.add(Button::selectable(self.age == index, *label)).clicked() {
                    self.age = index;
                    self.query.days = *days;
                }
            }
        });
        self.models(ui, shelf);
        self.categories(ui, shelf);
        if self.set() > 0 && ui.button("Clear all").clicked() {
            let Query { text, starred, rejected, sort, .. } = std::mem::take(&mut self.query);
            *self = Self {
                query: Query { text, starred, rejected, sort, ..Query::default() },
                ..Self::default()
            };
        }
    }

    fn models(&mut self, ui: &mut Ui, shelf: &Shelf) {
        let models: BTreeSet<&str> =
            shelf.sounds.iter().map(|sound| sound.heard.request.model.name.as_str()).collect();
        if models.len() < 2 && self.query.model.is_none() {
            return;
        }
        controls::caption(ui, "Model");
        ui.horizontal_wrapped(|ui| {
            if ui.add(Button::selectable(self.query.model.is_none(), "Any")).clicked() {
                self.query.model = None;
            }
            for model in models {
                let chosen = self.query.model.as_deref() == Some(model);
                let label = if model.is_empty() { "unknown" } else { model };
                if ui.add(Button::selectable(chosen, label)).clicked() {
                    self.query.model = Some(model.to_owned());
                }
            }
        });
    }

    /// The categories that there are sounds of, with their number.
    fn categories(&mut self, ui: &mut Ui, shelf: &Shelf) {
        let mut counts: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
        for category in shelf.sounds.iter().filter_map(|sound| sound.category.as_ref()) {
            counts.entry(&category.words).or_insert((0, &category.id)).0 += 1;
        }
        if counts.is_empty() {
            return;
        }
        controls::caption(ui, "Category");
        let scroll = ScrollArea::vertical().id_salt("categories").max_height(CATEGORIES_HEIGHT);
        scroll.show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            if ui.add(Button::selectable(self.query.category.is_none(), "Any")).clicked() {
                self.query.category = None;
            }
            for (words, (count, id)) in counts {
                let chosen = self.query.category.as_deref() == Some(id);
                let label = format!("{}  ({count})", in_small_letters(words));
                if ui.add(Button::selectable(chosen, label)).clicked() {
                    self.query.category = Some(id.to_owned());
                }
            }
        });
    }
}

/// `DOORS WOOD` as people read it: Doors wood.
pub(super) fn in_small_letters(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    first + &letters.as_str().to_lowercase()
}
