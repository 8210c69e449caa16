//! Without a mouse: everything is reached by the tab key, and every shortcut asks for what the help says.

use super::*;
use crate::editor::action::{EditAction, ListKey, PlayAction};
use crate::editor::key_order::KeyOrder;
use egui::accesskit;
use std::collections::BTreeSet;

impl Window {
    /// Presses tab until the focus comes round; the names of all that had it.
    fn names_reached_by_tab(&mut self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for _ in 0..300 {
            self.key(Modifiers::NONE, Key::Tab);
            self.frame(Vec::new());
            let focused = self.ctx.memory(|memory| memory.focused());
            let node = focused.and_then(|id| self.nodes.iter().find(|(node, _)| *node == id.accesskit_id()));
            if let Some((_, node)) = node {
                names.insert(node.label().unwrap_or_default().to_owned());
            }
        }
        names
    }

    /// The names of everything that can be clicked.
    fn names_to_click(&self) -> BTreeSet<String> {
        let clicked = |node: &Node| node.supports_action(accesskit::Action::Click) && !node.is_disabled();
        let nodes = self.nodes.iter().filter(|(_, node)| clicked(node));
        nodes.filter_map(|(_, node)| node.label().map(str::to_owned)).collect()
    }
}

#[test]
fn keyboard_only_everything_is_reached_by_tab() {
    let mut window = Window::open(View { prompt: "rain".into(), ..view_with_takes() }, USUAL);
    let to_click = window.names_to_click();
    assert!(to_click.len() > 20, "{to_click:?}");
    let reached = window.names_reached_by_tab();
    let missed: Vec<_> = to_click.difference(&reached).collect();
    assert!(missed.is_empty(), "tab does not reach {missed:?}");
    assert!(reached.contains("prompt"), "{reached:?}");
}

#[test]
fn keyboard_only_takes_are_walked_renamed_deleted_and_recalled() {
    let mut window = Window::open(view_with_takes(), USUAL);
    let walk = |up| Action::Library(LibraryAction::Walk { up });
    assert_eq!(window.key(Modifiers::NONE, Key::ArrowUp), [walk(true)]);
    assert_eq!(window.key(Modifiers::NONE, Key::ArrowDown), [walk(false)]);
    let active = TakeId(2);
    assert_eq!(window.key(Modifiers::NONE, Key::F2), [Action::Library(LibraryAction::StartRenaming(active))]);
    assert_eq!(window.key(Modifiers::NONE, Key::Delete), [Action::Library(LibraryAction::DeleteChosen)]);
    assert_eq!(window.key(Modifiers::COMMAND, Key::R), [Action::Request(RequestAction::Recall(active))]);
}

#[test]
fn keyboard_only_space_plays_unless_somebody_types() {
    let mut window = Window::open(view_with_takes(), USUAL);
    let play = Action::Play(PlayAction::Audition);
    assert_eq!(window.key(Modifiers::NONE, Key::Space), std::slice::from_ref(&play));
    window.click("prompt");
    assert_eq!(window.key(Modifiers::NONE, Key::Space), []);
    assert_eq!(window.key(Modifiers::NONE, Key::Num1), []);
    assert_eq!(window.key(Modifiers::NONE, Key::ArrowUp), []);
    assert_eq!(
        window.key(Modifiers::COMMAND, Key::Space),
        std::slice::from_ref(&play),
        "with Ctrl also then"
    );
    window.key(Modifiers::NONE, Key::Escape);
    assert_eq!(window.key(Modifiers::NONE, Key::Space), [play]);
}

/// In a host the keyboard is the host's until something that is about a take was clicked.
#[test]
fn keyboard_only_a_clicked_take_has_the_keys_until_escape() {
    for place in ["sound 1", "Waveform: click to listen"] {
        let mut window = Window::open(view_with_takes(), USUAL);
        assert!(!window.ctx.egui_wants_keyboard_input());
        window.click(place);
        window.frame(Vec::new());
        assert!(window.ctx.egui_wants_keyboard_input() && !window.ctx.text_edit_focused(), "{place}");
        let walk = |up| Action::Library(LibraryAction::Walk { up });
        for (key, action) in [
            (Key::Space, PlayAction::Audition.into()),
            (Key::ArrowDown, walk(false)),
            (Key::ArrowUp, walk(true)),
            (Key::R, EditAction::Reverse.into()),
        ] {
            assert_eq!(window.key(Modifiers::NONE, key), [action], "{place}");
            assert!(window.ctx.egui_wants_keyboard_input(), "{place}: the keys stay with it after {key:?}");
        }
        window.key(Modifiers::NONE, Key::Escape);
        assert!(!window.ctx.egui_wants_keyboard_input(), "{place}");
    }
}

#[test]
fn keyboard_only_the_prompt_is_one_key_away() {
    let mut window = Window::open(empty_view(), USUAL);
    assert_eq!(window.key(Modifiers::COMMAND, Key::L), [Action::Window(WindowAction::GoToPrompt)]);
    window.panels.go_to_prompt();
    window.frame(Vec::new());
    window.frame(vec![Event::Text("rain".into())]);
    assert_eq!(window.view.prompt, "rain");
}

/// On a busy computer all of this happens between two frames.
#[test]
fn keyboard_only_no_key_goes_to_whoever_had_the_focus_before() {
    let mut window = Window::open(View { prompt: "rain".into(), ..view_with_takes() }, USUAL);
    KeyOrder::install(&window.ctx);
    let press = |modifiers, key| {
        [true, false].map(|pressed| Event::Key { key, physical_key: None, pressed, repeat: false, modifiers })
    };
    let mut events = press(Modifiers::COMMAND, Key::L).to_vec();
    events.extend(press(Modifiers::COMMAND, Key::A));
    for (letter, key) in [("l", Key::L), ("s", Key::S)] {
        events.extend(press(Modifiers::NONE, key));
        events.push(Event::Text(letter.into()));
    }
    events.extend(press(Modifiers::NONE, Key::Escape));
    events.extend(press(Modifiers::NONE, Key::S));
    let mut actions = window.frame(events);
    for _ in 0..10 {
        // The real window carries it out in the same frame.
        if actions.last() == Some(&Action::Window(WindowAction::GoToPrompt)) && window.view.prompt == "rain" {
            window.panels.go_to_prompt();
        }
        actions.extend(window.frame(Vec::new()));
    }
    assert_eq!(window.view.prompt, "ls");
    actions.retain(|action| !matches!(action, Action::Versions(VersionsAction::Read(_))));
    assert_eq!(actions, [WindowAction::GoToPrompt.into(), LibraryAction::Key(ListKey::Star).into()]);
}

#[test]
fn the_window_is_zoomed_in_steps_and_back() {
    let mut window = Window::open(empty_view(), USUAL);
    let zoom = |zoom| Action::Window(WindowAction::Zoom(zoom));
    assert_eq!(window.key(Modifiers::COMMAND, Key::Plus), [zoom(1.1)]);
    assert_eq!(window.key(Modifiers::COMMAND, Key::Minus), [zoom(0.9)]);
    assert_eq!(window.key(Modifiers::COMMAND, Key::Num0), [zoom(1.0)]);
}

#[test]
fn the_help_is_shown_and_closed_by_keys() {
    let mut window = Window::open(view_with_takes(), USUAL);
    assert_eq!(window.key(Modifiers::NONE, Key::F1), [Action::Window(WindowAction::ToggleHelp)]);
    window.panels.toggle_help();
    // What floats is measured in its first frame and seen in the next.
    window.frame(Vec::new());
    window.frame(Vec::new());
    let told = |window: &Window| window.nodes.iter().any(|(_, node)| node.value() == Some("Make a sound"));
    assert!(told(&window));
    window.key(Modifiers::NONE, Key::Escape);
    window.frame(Vec::new());
    assert!(!told(&window));
}

/// A message comes and goes; no control is anywhere else than before.
#[test]
fn no_message_moves_a_control() {
    let places = |window: &Window| -> Vec<_> {
        let named = |node: &Node| Some((node.label()?.to_owned(), node.bounds()?));
        let all = window.nodes.iter().filter_map(|(_, node)| named(node));
        let mut all: Vec<_> = all.map(|(name, at)| (name, format!("{at:?}"))).collect();
        all.retain(|(name, _)| name != "Dismiss" && !name.starts_with("word"));
        // They come in the order of a hash table.
        all.sort();
        all
    };
    let mut window = Window::open(view_with_takes(), USUAL);
    window.frame(Vec::new());
    let before = places(&window);
    let notice = Notice { severity: Severity::Error, text: "word ".repeat(100), detail: "more".into() };
    window.view.status.notice = Some(notice);
    window.frame(Vec::new());
    window.frame(Vec::new());
    assert_eq!(before, places(&window));
}
