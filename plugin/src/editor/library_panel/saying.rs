//! What the user says about a sound of the library in his own words: its name, notes and tags.

use super::filters::Filters;
use super::{LibraryPanel, marked};
use crate::editor::action::Action;
use crate::editor::list::{Renaming, Writing};
use crate::editor::{controls, theme};
use egui::{Id, Ui};
use straightshot_protocol::ContentHash;
use straightshot_takes::{LibrarySound, Shelf};

/// Height of the fields for notes and tags with their headings, in points.
pub(super) const HEIGHT: f32 = 19.0 * theme::UNIT;
/// Height of the field for notes, in points.
const NOTES_HEIGHT: f32 = 8.0 * theme::UNIT;

/// Notes and tags that are being written.
#[derive(Debug)]
pub(super) struct Saying {
    sound: ContentHash,
    notes: Writing,
    /// Apart by commas.
    tags: Writing,
}

impl Saying {
    fn of(sound: &LibrarySound) -> Self {
        Self {
            sound: sound.hash(),
            notes: Writing::new(&sound.marks.notes),
            tags: Writing::new(&sound.marks.tags.join(", ")),
        }
    }

    /// What writes both down: the shelf may not have heard yet of what was written a moment ago.
    fn keep(&self, shelf: &Shelf) -> Option<Action> {
        let sound = shelf.sound(&self.sound)?.clone();
        marked(&[sound], |marks| {
            self.notes.text().clone_into(&mut marks.notes);
            marks.tags = tags(self.tags.text());
        })
    }
}

impl LibraryPanel {
    /// Shows a field for another name of `sound`.
    pub(super) fn start_renaming(&mut self, sound: &LibrarySound) {
        self.renaming = Some(Renaming::new(sound.hash(), sound.name()));
    }

    /// The sound whose name is to be edited, if its row has to be brought into sight. What hides it is given up.
    pub(super) fn seek_renamed(&mut self, shelf: &Shelf) -> Option<ContentHash> {
        let hash = self.renaming.as_mut()?.seek()?;
        if !self.found.ids.contains(&hash) {
            self.filters = Filters::default();
            self.follow(shelf);
        }
        Some(hash)
    }

    /// Shows the fields for notes and tags of `sound`; what is being written about another one is kept.
    pub(super) fn start_saying(&mut self, sound: &LibrarySound) {
        self.saying = Some(Saying::of(sound));
    }

    /// Gives a sound the name that was typed, if any was; one that is empty or the prompt is none.
    pub(super) fn end_renaming(&mut self, name: Option<String>, shelf: &Shelf, actions: &mut Vec<Action>) {
        let Some(renaming) = self.renaming.take() else { return };
        if let Some((name, sound)) = name.zip(shelf.sound(&renaming.id())) {
            let named = !name.is_empty() && name != sound.heard.request.prompt.trim();
            let name = named.then_some(name);
            if name != sound.marks.name {
                actions.extend(marked(std::slice::from_ref(sound), |marks| marks.name.clone_from(&name)));
            }
        }
    }

    /// The fields for notes and tags.
    pub(super) fn say(&mut self, ui: &mut Ui, shelf: &Shelf, actions: &mut Vec<Action>) {
        let Some(saying) = &mut self.saying else { return };
        let Some(sound) = shelf.sound(&saying.sound) else {
            self.saying = None;
            return;
        };
        controls::caption(ui, &format!("Notes on “{}”", shortened(sound.name())));
        let notes = saying.notes.lines(ui, Id::unique("straightshot library notes"), NOTES_HEIGHT);
        controls::caption(ui, "Tags, apart by commas");
        let tags = saying.tags.line(ui, Id::unique("straightshot library tags"), "door, scene 3");
        let changed = [saying.notes.keep_now(ui, &notes), saying.tags.keep_now(ui, &tags)];
        if changed.iter().any(Option::is_some) {
            actions.extend(saying.keep(shelf));
        }
        if saying.notes.is_left(&notes, &[&notes, &tags]) {
            self.saying = None;
        }
    }

    /// The list is not in sight any more: what is being written is kept.
    pub(in crate::editor) fn leave(&mut self, shelf: &Shelf, actions: &mut Vec<Action>) {
        self.renaming = None;
        if let Some(mut saying) = self.saying.take()
            && [saying.notes.leave(), saying.tags.leave()].iter().any(Option::is_some)
        {
            actions.extend(saying.keep(shelf));
        }
    }
}

/// The tags of a line, each once.
fn tags(line: &str) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for tag in line.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
        if !tags.iter().any(|there| there == tag) {
            tags.push(tag.to_owned());
        }
    }
    tags
}

/// The beginning of a long name.
fn shortened(name: &str) -> String {
    const MOST: usize = 24;
    if name.chars().count() <= MOST {
        return name.to_owned();
    }
    name.chars().take(MOST - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_apart_by_commas_and_each_is_there_once() {
        assert_eq!(tags(" door, scene 3,, door ,"), ["door", "scene 3"]);
        assert!(tags(" , ").is_empty());
        assert_eq!(shortened("wooden door creaks open slowly"), "wooden door creaks open…");
    }
}
