//! Keys that work wherever in the window the keyboard focus is, and what ends that focus.
//!
//! [`TABLE`] is the one place that says which key does what: the keys are read from it, and so are the tooltips
//! ([`Shortcut::hint`]), the help over the window and the table in MANUAL.md, which a test compares.
//!
//! A key without Ctrl does nothing while somebody types. In a host the keyboard is the host's until something in the window
//! was clicked that takes keys.

use super::action::{
    Action, DeliverAction, EditAction, LibraryAction, ListKey, PlayAction, QueueAction, RequestAction,
    VersionsAction, WindowAction, WithChosen,
};
use super::compare::Compare;
use super::lane::Lane;
use super::{key_holder, prompt, theme, versions};
use crate::editor::link::View;
use egui::{Event, Key, Modifiers, Popup, Ui};

/// Something that a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shortcut {
    /// Make a sound.
    Generate,
    /// Type into the prompt.
    Prompt,
    /// Stop making it.
    Cancel,
    /// Play or stop.
    Play,
    /// Play the next or the previous take of the list.
    Walk,
    /// Hear a version of the active take.
    Version,
    /// Change between the two takes that are compared.
    Compare,
    /// Star the take, or take the star away.
    Star,
    /// Reject the take, or not.
    Reject,
    /// Write notes on the take.
    Notes,
    /// Search the list.
    Find,
    /// Choose all takes of the list.
    ChooseAll,
    /// Give the active take another name.
    Rename,
    /// Move the active take to the bin.
    Delete,
    /// Use the active take's prompt and settings again.
    Recall,
    /// Take the last step back.
    Undo,
    /// Do the step again that was undone last.
    Redo,
    /// Keep what is selected.
    Trim,
    /// Play backwards.
    Reverse,
    /// Make a loop, or none.
    Loop,
    /// Play what is selected again and again.
    Repeat,
    /// Show what is selected, or all.
    ShowSelection,
    /// Put the file of what is chosen onto the clipboard.
    Copy,
    /// Write what is chosen as a file.
    Save,
    /// Write what is chosen as a file that the user names.
    SaveAs,
    /// Write the starred takes as a pack.
    Export,
    /// Make everything in the window larger or smaller.
    Zoom,
    /// Show or hide version, licences and attribution.
    About,
    /// Show or hide the list of shortcuts.
    Help,
}

/// A key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Press {
    modifiers: Modifiers,
    key: Key,
}

/// Who has keys without Ctrl for himself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    No,
    /// The lane, whose hits and curve arrows and Delete are for.
    ByLane,
    /// A text field, which also has uses for some keys with Ctrl.
    ByText,
}

/// One line of [`TABLE`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// What it is.
    pub(super) shortcut: Shortcut,
    /// The part of the window it belongs to.
    pub(super) area: &'static str,
    /// What it does, in a few words.
    pub(super) what: &'static str,
    /// The keys, each of which does it; where there are several for several things, their order counts.
    presses: &'static [Press],
    /// How the keys are written, if not one after the other.
    written: Option<&'static str>,
}

const fn plain(key: Key) -> Press {
    Press { modifiers: Modifiers::NONE, key }
}

const fn ctrl(key: Key) -> Press {
    Press { modifiers: Modifiers::COMMAND, key }
}

const fn shift(key: Key) -> Press {
    Press { modifiers: Modifiers::SHIFT, key }
}

const fn ctrl_shift(key: Key) -> Press {
    Press { modifiers: Modifiers::COMMAND.plus(Modifiers::SHIFT), key }
}

const fn entry(
    shortcut: Shortcut,
    area: &'static str,
    what: &'static str,
    presses: &'static [Press],
) -> Entry {
    Entry { shortcut, area, what, presses, written: None }
}

/// Versions that have a key of their own.
const VERSION_KEYS: [Press; 5] =
    [plain(Key::Num1), plain(Key::Num2), plain(Key::Num3), plain(Key::Num4), plain(Key::Num5)];

/// Every shortcut, in the order of the help.
pub(super) const TABLE: &[Entry] = &[
    entry(Shortcut::Generate, "Make", "Make a sound", &[ctrl(Key::Enter)]),
    entry(Shortcut::Prompt, "Make", "Go to the prompt", &[ctrl(Key::L)]),
    entry(Shortcut::Cancel, "Make", "Stop comparing or making sounds", &[plain(Key::Escape)]),
    entry(Shortcut::Play, "Listen", "Play or stop", &[plain(Key::Space), ctrl(Key::Space)]),
    Entry {
        written: Some("↑ / ↓"),
        ..entry(
            Shortcut::Walk,
            "Listen",
            "Play the take above or below",
            &[plain(Key::ArrowUp), plain(Key::ArrowDown)],
        )
    },
    Entry {
        written: Some("1 – 5"),
        ..entry(Shortcut::Version, "Listen", "Hear or make the take with fewer or more steps", &VERSION_KEYS)
    },
    entry(Shortcut::Compare, "Listen", "Hear A or B, equally loud", &[ctrl(Key::B), plain(Key::B)]),
    entry(Shortcut::Star, "Takes", "Star the take, or remove the star", &[plain(Key::S)]),
    entry(Shortcut::Reject, "Takes", "Reject the take, or take that back", &[plain(Key::X)]),
    entry(Shortcut::Notes, "Takes", "Write notes on the take", &[plain(Key::N)]),
    entry(Shortcut::Find, "Takes", "Search the list", &[ctrl(Key::F)]),
    entry(Shortcut::ChooseAll, "Takes", "Choose all takes of the list", &[ctrl(Key::A)]),
    entry(Shortcut::Rename, "Takes", "Rename the take", &[plain(Key::F2)]),
    entry(Shortcut::Delete, "Takes", "Delete the take", &[plain(Key::Delete)]),
    entry(Shortcut::Recall, "Takes", "Use its prompt and settings again", &[ctrl(Key::R)]),
    // Before undo: keys with shift are those without it, too.
    entry(Shortcut::Redo, "Edit", "Redo", &[ctrl_shift(Key::Z), ctrl(Key::Y)]),
    entry(Shortcut::Undo, "Edit", "Undo", &[ctrl(Key::Z)]),
    entry(Shortcut::Trim, "Edit", "Keep what is selected, cut the rest", &[plain(Key::T)]),
    entry(Shortcut::Reverse, "Edit", "Play backwards, or forwards again", &[plain(Key::R)]),
    entry(Shortcut::Loop, "Edit", "Make a loop, or none", &[plain(Key::L)]),
    entry(Shortcut::Repeat, "Edit", "Play the selection again and again", &[plain(Key::O)]),
    entry(Shortcut::ShowSelection, "Edit", "Show the selection, or all", &[plain(Key::F)]),
    entry(Shortcut::Export, "Files", "Write the chosen or starred takes as a pack", &[ctrl_shift(Key::E)]),
    entry(
        Shortcut::SaveAs,
        "Files",
        "Write the take as a file that you name, or several into a folder",
        &[ctrl_shift(Key::S)],
    ),
    entry(Shortcut::Save, "Files", "Write the take as a file, or all that are chosen", &[ctrl(Key::S)]),
    entry(Shortcut::Copy, "Files", "Copy the take as a file, or all that are chosen", &[ctrl(Key::C)]),
    Entry {
        written: Some("Ctrl + / Ctrl − / Ctrl 0"),
        ..entry(
            Shortcut::Zoom,
            "Window",
            "Larger, smaller, usual size",
            &[ctrl(Key::Plus), ctrl(Key::Equals), ctrl(Key::Minus), ctrl(Key::Num0)],
        )
    },
    // Before the help, as redo is before undo.
    entry(Shortcut::About, "Window", "Show version, licences and attribution", &[shift(Key::F1)]),
    entry(Shortcut::Help, "Window", "Show all shortcuts", &[plain(Key::F1), plain(Key::Questionmark)]),
];

impl Shortcut {
    /// Its line in [`TABLE`].
    fn entry(self) -> Option<&'static Entry> {
        TABLE.iter().find(|entry| entry.shortcut == self)
    }

    /// The first of its keys, for a menu: `Ctrl+C`.
    pub(super) fn key(self) -> String {
        self.entry().map(Entry::first_key).unwrap_or_default()
    }

    /// `text` with the first of its keys behind it, for a tooltip: `Play (Space)`.
    pub(super) fn hint(self, text: &str) -> String {
        match self.entry() {
            Some(entry) => format!("{text} ({})", entry.first_key()),
            None => text.to_owned(),
        }
    }

    /// Its first key and what it does, as a reminder: `Space: play or stop`.
    pub(super) fn told(self) -> String {
        let Some(entry) = self.entry() else { return String::new() };
        let mut what = entry.what.chars();
        let first = what.next().map(|first| first.to_lowercase().to_string()).unwrap_or_default();
        format!("{}: {first}{}", entry.first_key(), what.as_str())
    }
}

impl Entry {
    /// How its keys are written.
    pub(super) fn keys(&self) -> String {
        if let Some(written) = self.written {
            return if cfg!(target_os = "macos") {
                written.replace("Ctrl", "⌘")
            } else {
                written.to_owned()
            };
        }
        let keys: Vec<_> = self.presses.iter().map(|press| press.text()).collect();
        keys.join(" or ")
    }

    fn first_key(&self) -> String {
        match (self.written, self.presses.first()) {
            (None, Some(press)) => press.text(),
            _ => self.keys(),
        }
    }

    /// Takes its keys out of the input; which of them was pressed.
    fn pressed(&self, ui: &Ui, taken: Taken) -> Option<usize> {
        self.presses.iter().position(|press| {
            press.is_free(taken) && ui.input_mut(|input| input.consume_key(press.modifiers, press.key))
        })
    }
}

impl Press {
    /// Whether it is a shortcut now: a text field has uses of its own for keys without Ctrl, but not for all, and for some
    /// with it.
    fn is_free(self, taken: Taken) -> bool {
        let of_text = matches!(self.key, Key::A | Key::C | Key::V | Key::X | Key::Y | Key::Z);
        let with_command = self.modifiers.command && (taken != Taken::ByText || !of_text);
        taken == Taken::No || with_command || matches!(self.key, Key::Escape | Key::F1)
    }

    fn text(self) -> String {
        let key = match self.key {
            Key::Escape => "Esc",
            Key::Delete => "Del",
            Key::Questionmark => "?",
            key => key.name(),
        };
        let ctrl = if cfg!(target_os = "macos") { "⌘ " } else { "Ctrl+" };
        let shift = if self.modifiers.shift { "Shift+" } else { "" };
        let ctrl = if self.modifiers.command { ctrl } else { "" };
        format!("{ctrl}{shift}{key}")
    }
}

/// Whether the key is a shortcut after which a text field gets what is typed.
pub(super) fn goes_to_a_field(key: Key, modifiers: Modifiers, typing: bool) -> bool {
    let taken = if typing { Taken::ByText } else { Taken::No };
    let opens = |entry: &&Entry| {
        matches!(entry.shortcut, Shortcut::Prompt | Shortcut::Notes | Shortcut::Find | Shortcut::Rename)
    };
    let mut presses = TABLE.iter().filter(opens).flat_map(|entry| entry.presses);
    presses
        .any(|press| press.key == key && modifiers.matches_logically(press.modifiers) && press.is_free(taken))
}

/// What the shortcuts depend on.
pub(super) struct Situation<'a> {
    /// What is shown.
    pub(super) view: &'a View,
    /// The two takes to compare.
    pub(super) compare: &'a Compare,
    /// Whether anything sounds.
    pub(super) playing: bool,
    /// The zoom of the window.
    pub(super) zoom: f32,
    /// Whether the help or the text about the plugin is shown, which escape closes.
    pub(super) overlay: bool,
    /// Whether the library is shown, and keys are about its sounds.
    pub(super) library: bool,
}

/// The actions of the shortcuts pressed in this frame.
///
/// Must run before the panels are drawn: it takes the keys away from the text fields.
pub(super) fn pressed(ui: &Ui, now: &Situation<'_>) -> Vec<Action> {
    let taken = match (ui.ctx().text_edit_focused(), Lane::has_keys(ui)) {
        (true, _) => Taken::ByText,
        (false, true) => Taken::ByLane,
        (false, false) => Taken::No,
    };
    let mut actions = Vec::new();
    for entry in TABLE {
        if entry.shortcut == Shortcut::Cancel && (now.overlay || !may_cancel(ui, now)) {
            continue;
        }
        // Text that is being typed is copied instead.
        if entry.shortcut == Shortcut::Copy && taken == Taken::ByText {
            continue;
        }
        if let Some(index) = entry.pressed(ui, taken) {
            actions.extend(action(ui, entry.shortcut, index, now));
        }
    }
    actions
}

/// What a shortcut asks for, if anything now; `index` is which of its keys was pressed.
fn action(ui: &Ui, shortcut: Shortcut, index: usize, now: &Situation<'_>) -> Option<Action> {
    let active = now.view.active();
    let chosen = |what| (active.is_some() || now.library).then(|| DeliverAction::Chosen(what).into());
    match shortcut {
        Shortcut::Generate => {
            // What is being typed into a number field counts.
            leave_number_field(ui);
            let ready = !now.view.prompt.trim().is_empty();
            ready.then(|| QueueAction::Generate.into())
        }
        Shortcut::Prompt => Some(WindowAction::GoToPrompt.into()),
        Shortcut::Recall => Some(RequestAction::Recall(active?.id).into()),
        Shortcut::Cancel if now.compare.is_on() => Some(VersionsAction::EndComparing.into()),
        Shortcut::Cancel => Some(QueueAction::Cancel.into()),
        Shortcut::Play => {
            active?;
            Some(if now.playing { PlayAction::Stop } else { PlayAction::Audition }.into())
        }
        Shortcut::Walk => Some(LibraryAction::Walk { up: index == 0 }.into()),
        Shortcut::Star => Some(LibraryAction::Key(ListKey::Star).into()),
        Shortcut::Reject => Some(LibraryAction::Key(ListKey::Reject).into()),
        Shortcut::Notes => Some(LibraryAction::Key(ListKey::Note).into()),
        Shortcut::Find => Some(LibraryAction::Key(ListKey::Find).into()),
        Shortcut::ChooseAll => Some(LibraryAction::Key(ListKey::All).into()),
        Shortcut::Version => versions::by_key(now.view, index).map(Action::from),
        Shortcut::Compare => now.compare.other().map(|_| VersionsAction::Switch.into()),
        Shortcut::Rename if now.library => Some(LibraryAction::Key(ListKey::Rename).into()),
        Shortcut::Rename => Some(LibraryAction::StartRenaming(active?.id).into()),
        Shortcut::Delete => Some(LibraryAction::DeleteChosen.into()),
        Shortcut::Undo => now.view.undo.map(|_| EditAction::Undo.into()),
        Shortcut::Redo => now.view.redo.map(|_| EditAction::Redo.into()),
        Shortcut::Trim => active.map(|_| EditAction::TrimToSelection.into()),
        Shortcut::Reverse => active.map(|_| EditAction::Reverse.into()),
        Shortcut::Loop => active.map(|_| EditAction::ToggleLoop.into()),
        Shortcut::Repeat => active.map(|_| EditAction::ToggleLooping.into()),
        Shortcut::ShowSelection => active.map(|_| EditAction::ShowSelection.into()),
        Shortcut::Copy => chosen(WithChosen::Copy),
        Shortcut::Save => chosen(WithChosen::Save),
        Shortcut::SaveAs => chosen(WithChosen::SaveAs),
        Shortcut::Export => active.map(|_| DeliverAction::ExportPack.into()),
        Shortcut::Zoom => {
            let zoom = match index {
                0 | 1 => theme::larger(now.zoom),
                2 => theme::smaller(now.zoom),
                _ => 1.0,
            };
            Some(WindowAction::Zoom(zoom).into())
        }
        Shortcut::About => Some(WindowAction::ToggleAbout.into()),
        Shortcut::Help => Some(WindowAction::ToggleHelp.into()),
    }
}

/// Whether escape ends a comparison or cancels a job; elsewhere it gives up what is typed or closes what is open.
fn may_cancel(ui: &Ui, now: &Situation<'_>) -> bool {
    let ours = |focused| prompt::is_field(focused) || focused == key_holder::id();
    let elsewhere = ui.memory(|memory| memory.focused().is_some_and(|focused| !ours(focused)));
    (now.view.is_busy() || now.compare.is_on()) && !elsewhere && !Popup::is_any_open(ui.ctx())
}

/// Takes the keyboard from every field when the window has lost it: keys go to the host then, and a field must not look
/// or come back as if it still took them. To be called after the panels were drawn: they take what was typed before.
pub(super) fn leave_fields_with_the_window(ui: &Ui) {
    if ui.input(|input| loses_the_keyboard(&input.events)) {
        ui.memory_mut(|memory| {
            if let Some(focused) = memory.focused() {
                memory.surrender_focus(focused);
            }
        });
    }
}

/// Whether the window has lost the keyboard and nobody has clicked into it since: a click makes a window manager activate
/// the host's window first, and the field that was clicked is to have the keyboard all the same.
fn loses_the_keyboard(events: &[Event]) -> bool {
    let comes_back = |event: &Event| {
        matches!(event, Event::WindowFocused(true) | Event::PointerButton { pressed: true, .. })
    };
    let last = events.iter().rev().find(|event| **event == Event::WindowFocused(false) || comes_back(event));
    last.is_some_and(|event| !comes_back(event))
}

/// Takes the keyboard from anything but the prompts.
fn leave_number_field(ui: &Ui) {
    ui.memory_mut(|memory| {
        if let Some(focused) = memory.focused().filter(|focused| !prompt::is_field(*focused)) {
            memory.surrender_focus(focused);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_key_does_two_things() {
        let mut seen = HashSet::new();
        for press in TABLE.iter().flat_map(|entry| entry.presses) {
            assert!(seen.insert(format!("{press:?}")), "{press:?}");
        }
    }

    #[test]
    fn tooltips_name_the_key() {
        let ctrl_enter =
            if cfg!(target_os = "macos") { "Generate (⌘ Enter)" } else { "Generate (Ctrl+Enter)" };
        assert_eq!(Shortcut::Generate.hint("Generate"), ctrl_enter);
        assert_eq!(Shortcut::Version.hint("Versions"), "Versions (1 – 5)");
    }

    /// MANUAL.md holds [`TABLE`] as a table. After a change: copy what this test prints.
    #[test]
    fn the_manual_lists_every_shortcut() {
        let manual = include_str!("../../../MANUAL.md");
        let lines: Vec<_> =
            TABLE.iter().map(|entry| format!("| {} | {} |", entry.keys(), entry.what)).collect();
        let (_, found) = manual.split_once("|---|---|\n").expect("the manual has a table");
        if !cfg!(target_os = "macos") {
            assert_eq!(
                found.trim_end(),
                lines.join("\n"),
                "the table of MANUAL.md is to be:\n{}",
                lines.join("\n")
            );
        }
    }
}
