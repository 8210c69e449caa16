//! The list of takes and the library, by mouse and by keyboard.

use super::*;
use crate::categories::Ucs;
use crate::editor::action::{DeliverAction, ListKey, OutgoingAction, StoreAction, WithChosen};
use crate::editor::key_order::KeyOrder;
use crate::outbox::{Errand, Outgoing};
use std::time::Duration;
use straightshot_takes::{Keeper, Library, LibrarySound, Marks, SessionStore, Shelf, TakesFolder};

const WIDE: Vec2 = Vec2::new(1280.0, 800.0);
const LONG: Duration = Duration::from_secs(60);

impl Window {
    /// Whether assistive technology knows something as `label`.
    fn shows(&self, label: &str) -> bool {
        self.nodes.iter().any(|(_, node)| node.label() == Some(label))
    }

    /// Clicks with keys held down.
    fn click_with(&mut self, label: &str, modifiers: Modifiers, button: PointerButton) -> Vec<Action> {
        // Else it would be a double click.
        self.time += 5.0;
        let named = |node: &Node| node.label() == Some(label) && node.bounds().is_some();
        let (_, node) = self.nodes.iter().find(|(_, node)| named(node)).expect(label);
        let bounds = node.bounds().expect("nodes without bounds were passed over");
        #[expect(clippy::cast_possible_truncation, reason = "places in a window")]
        let pos = pos2((0.6 * bounds.x0 + 0.4 * bounds.x1) as f32, (0.5 * (bounds.y0 + bounds.y1)) as f32);
        let press = |pressed| Event::PointerButton { pos, button, pressed, modifiers };
        self.frame(vec![Event::PointerMoved(pos), Event::ModifiersChanged(modifiers)]);
        let mut actions = self.frame(vec![press(true)]);
        actions.extend(self.frame(vec![press(false)]));
        actions.extend(self.frame(vec![Event::ModifiersChanged(Modifiers::NONE)]));
        actions
    }
}

fn many(count: u16) -> View {
    let takes: Vec<_> = (1..=count).map(|id| take(id.into(), vec![0.5; 100])).collect();
    View { takes, active_take: Some(TakeId(1)), ..empty_view() }
}

fn star(ids: &[u64], on: bool) -> Action {
    LibraryAction::Star(ids.iter().copied().map(TakeId).collect(), on).into()
}

#[test]
fn library_search_narrows_the_list_of_takes_and_gives_it_back() {
    let mut window = Window::open(view_with_takes(), WIDE);
    window.click("Search takes");
    window.frame(vec![Event::Text("SOUND 3".into())]);
    window.frame(Vec::new());
    assert!(window.shows("sound 3") && !window.shows("sound 1"));
    window.frame(vec![Event::Text(" glass".into())]);
    window.frame(Vec::new());
    assert!(!window.shows("sound 3"));
    window.key(Modifiers::NONE, Key::Escape);
    window.frame(Vec::new());
    assert!(window.shows("sound 3") && window.shows("sound 1"));
}

#[test]
fn of_a_thousand_takes_only_those_in_sight_are_drawn_and_a_new_one_is_scrolled_to() {
    let mut window = Window::open(many(1000), WIDE);
    let rows = |window: &Window| {
        window.nodes.iter().filter(|(_, node)| node.label().is_some_and(|l| l.starts_with("sound "))).count()
    };
    assert!((5..40).contains(&rows(&window)), "{}", rows(&window));
    assert!(window.shows("sound 1"), "the active one");
    window.view.active_take = Some(TakeId(1000));
    window.frame(Vec::new());
    window.frame(Vec::new());
    assert!(window.shows("sound 1000") && !window.shows("sound 1"));
}

#[test]
fn a_take_is_renamed_wherever_the_list_is_scrolled_and_whatever_is_searched_for() {
    let mut window = Window::open(many(1000), WIDE);
    let rename = |id, name: &str| Action::from(LibraryAction::Rename(TakeId(id), name.to_owned()));
    window.panels.start_renaming(&window.view.takes[499].clone());
    window.frame(Vec::new());
    // No frame later: what is typed now would be shortcuts.
    assert_eq!(window.frame(vec![Event::Text("door".into())]), []);
    assert_eq!(window.key(Modifiers::NONE, Key::Enter), [rename(500, "door")]);
    // A search that hides it.
    window.click("Search takes");
    window.frame(vec![Event::Text("sound 3".into())]);
    window.panels.start_renaming(&window.view.takes[499].clone());
    assert_eq!(window.frame(Vec::new()), []);
    assert_eq!(window.frame(vec![Event::Text("gate".into())]), []);
    // Scrolled away while it is being written.
    window.view.active_take = Some(TakeId(1000));
    let mut actions = Vec::new();
    for _ in 0..3 {
        actions.extend(window.frame(Vec::new()));
    }
    actions.retain(|action| matches!(action, Action::Library(_)));
    assert_eq!(actions, [rename(500, "gate")]);
}

#[test]
fn several_takes_are_chosen_with_shift_and_control() {
    let mut window = Window::open(many(6), WIDE);
    window.click_with("sound 2", Modifiers::NONE, PointerButton::Primary);
    window.view.active_take = Some(TakeId(2));
    let chosen = window.click_with("sound 4", Modifiers::SHIFT, PointerButton::Primary);
    assert_eq!(chosen, [], "choosing several leaves the active take what it is");
    window.click_with("sound 6", Modifiers::COMMAND, PointerButton::Primary);
    window.click_with("sound 3", Modifiers::COMMAND, PointerButton::Primary);
    let view = window.view.clone();
    let mut starred = window.panels.list_key(ListKey::Star, &view);
    if let Some(Action::Library(LibraryAction::Star(ids, _))) = starred.first_mut() {
        ids.sort();
    }
    assert_eq!(starred, [star(&[2, 4, 6], true)]);
    let deleted = window.panels.delete(&view);
    assert!(matches!(deleted, Some(Action::Library(LibraryAction::DeleteAll(ids))) if ids.len() == 3));
}

#[test]
fn keyboard_only_every_key_of_the_list_does_what_it_says() {
    let mut window = Window::open(view_with_takes(), WIDE);
    for (modifiers, key, action) in [
        (Modifiers::NONE, Key::S, LibraryAction::Key(ListKey::Star)),
        (Modifiers::NONE, Key::X, LibraryAction::Key(ListKey::Reject)),
        (Modifiers::NONE, Key::N, LibraryAction::Key(ListKey::Note)),
        (Modifiers::COMMAND, Key::F, LibraryAction::Key(ListKey::Find)),
        (Modifiers::COMMAND, Key::A, LibraryAction::Key(ListKey::All)),
        (Modifiers::NONE, Key::ArrowUp, LibraryAction::Walk { up: true }),
        (Modifiers::NONE, Key::ArrowDown, LibraryAction::Walk { up: false }),
        (Modifiers::NONE, Key::Delete, LibraryAction::DeleteChosen),
    ] {
        assert_eq!(window.key(modifiers, key), [Action::Library(action)]);
    }
    let view = window.view.clone();
    // Newest first: above the second take is the third.
    assert_eq!(window.panels.walk(&view, true), Some(LibraryAction::SelectAndAudition(TakeId(3)).into()));
    assert_eq!(window.panels.walk(&view, false), Some(LibraryAction::SelectAndAudition(TakeId(1)).into()));
    assert_eq!(window.panels.list_key(ListKey::Star, &view), [star(&[2], true)]);
    assert_eq!(
        window.panels.list_key(ListKey::Reject, &view),
        [LibraryAction::Reject(vec![TakeId(2)], true).into()]
    );
    // Notes: they are written into a field that has the keyboard at once, and are kept when it is left.
    assert_eq!(window.panels.list_key(ListKey::Note, &view), []);
    window.frame(Vec::new());
    window.frame(Vec::new());
    assert_eq!(window.frame(vec![Event::Text("too s".into())]), []);
    let noted = window.key(Modifiers::NONE, Key::Escape);
    assert_eq!(notes(&noted), ["too s"]);
    assert!(!window.shows("Notes on #2"), "the field is closed");
    // The search field.
    window.panels.list_key(ListKey::Find, &view);
    window.frame(Vec::new());
    window.frame(vec![Event::Text("3".into())]);
    window.frame(Vec::new());
    assert!(window.shows("sound 3") && !window.shows("sound 2"));
}

/// The notes on the second take that are to be kept.
fn notes(actions: &[Action]) -> Vec<&str> {
    let note = |action| match action {
        &Action::Library(LibraryAction::Note(TakeId(2), ref text, _)) => Some(text.as_str()),
        _ => None,
    };
    actions.iter().filter_map(note).collect()
}

#[test]
fn notes_are_kept_as_they_are_written_and_by_whatever_ends_writing() {
    let mut window = Window::open(view_with_takes(), WIDE);
    KeyOrder::install(&window.ctx);
    // As the system tells that the key was pressed: the letter is a shortcut and no text.
    let press = |pressed| Event::Key {
        key: Key::N,
        physical_key: None,
        pressed,
        repeat: false,
        modifiers: Modifiers::NONE,
    };
    let view = window.view.clone();
    let opened =
        window.frame(vec![press(true), Event::Text("n".into()), press(false), Event::Text("for".into())]);
    assert_eq!(opened, [LibraryAction::Key(ListKey::Note).into()]);
    assert_eq!(window.panels.list_key(ListKey::Note, &view), []);
    for _ in 0..5 {
        window.frame(Vec::new());
    }
    window.time += 1.0;
    let kept = window.frame(Vec::new());
    assert_eq!(notes(&kept), ["for"], "while it is being written");
    assert_eq!(window.frame(Vec::new()), [], "once");
    window.frame(vec![Event::Text(" scene 3".into())]);
    assert_eq!(notes(&window.click("Library")), ["for scene 3"], "the list is not in sight any more");
}

#[test]
fn rejected_takes_are_out_of_sight_until_they_are_asked_for() {
    let mut view = view_with_takes();
    Arc::make_mut(&mut view.takes[0]).rejected = true;
    let mut window = Window::open(view, WIDE);
    assert!(!window.shows("sound 1") && window.shows("sound 3"));
    window.click("Show the rejected take");
    window.frame(Vec::new());
    assert!(window.shows("sound 1"));
    let view = window.view.clone();
    let next = window.panels.walk(&view, false);
    assert_eq!(next, Some(LibraryAction::SelectAndAudition(TakeId(1)).into()));
}

#[test]
fn a_row_under_the_resting_pointer_plays_only_where_that_is_switched_on() {
    let mut window = Window::open(view_with_takes(), WIDE);
    let rest = |window: &mut Window| {
        let place = |node: &Node| node.label() == Some("sound 3");
        let bounds = window.nodes.iter().find(|(_, node)| place(node)).and_then(|(_, node)| node.bounds());
        let bounds = bounds.expect("it is in sight");
        #[expect(clippy::cast_possible_truncation, reason = "places in a window")]
        let at = pos2(bounds.x0 as f32 + 150.0, bounds.y0 as f32 + 10.0);
        let mut actions = window.frame(vec![Event::PointerMoved(at)]);
        for _ in 0..6 {
            actions.extend(window.frame(Vec::new()));
        }
        actions
    };
    assert_eq!(rest(&mut window), []);
    window.click("Play takes when the pointer rests on them");
    assert_eq!(rest(&mut window), [LibraryAction::Hear(TakeId(3)).into()]);
    let left = window.frame(vec![Event::PointerMoved(pos2(5.0, 5.0))]);
    assert_eq!(left, [LibraryAction::StopHearing.into()]);
}

/// Three sounds of the library, one of them starred.
fn shelf(name: &str) -> Arc<Shelf> {
    let place = std::env::temp_dir().join(format!("straightshot-lists-{name}-{}", std::process::id()));
    let folder = Arc::new(TakesFolder::new(&place));
    let store = Arc::new(SessionStore::default());
    for (id, prompt) in [(1, "wooden door creaks"), (2, "rain on leaves"), (3, "glass breaks")] {
        let request = Request { prompt: prompt.to_owned(), seed: id, ..Request::default() };
        let audio = Audio::mono(8_000, vec![0.1 * f32::from(u8::try_from(id).expect("few")); 800]);
        store.lock().add_take(Arc::new(Take::new(TakeId(id), request, &audio).expect("it is a sound")));
    }
    assert!(Keeper::new(store, Some(folder.clone())).wait_until_idle(LONG));
    let library = Library::new(folder, None, Box::new(Ucs));
    library.look();
    assert!(library.wait_until_idle(LONG));
    let rain = library
        .shelf()
        .sounds
        .iter()
        .find(|sound| sound.name().starts_with("rain"))
        .expect("it is there")
        .hash();
    library.mark(vec![(rain, Marks { starred: true, ..Marks::default() })]);
    assert!(library.wait_until_idle(LONG));
    let shelf = library.shelf();
    drop(library);
    std::fs::remove_dir_all(&place).expect("it is ours");
    shelf
}

#[test]
fn library_search_in_the_window_finds_plays_and_uses_sounds_of_all_projects() {
    let shelf = shelf("finds");
    let mut window = Window::open(View { shelf: shelf.clone(), ..empty_view() }, WIDE);
    let looks = window.click("Library");
    assert!(looks.contains(&StoreAction::Look.into()));
    window.frame(Vec::new());
    assert!(["wooden door creaks", "rain on leaves", "glass breaks"].iter().all(|name| window.shows(name)));
    window.click("Search all sounds");
    // The category of the prompt: WATER is not in it.
    window.frame(vec![Event::Text("DOORS".into())]);
    window.frame(Vec::new());
    assert!(window.shows("wooden door creaks") && !window.shows("glass breaks"));
    let played = window.click_with("wooden door creaks", Modifiers::NONE, PointerButton::Primary);
    let door = shelf.sounds.iter().find(|sound| sound.name().starts_with("wooden")).expect("it is there");
    assert!(played.contains(&StoreAction::Hear(door.clone()).into()), "{played:?}");
    let used = window.click("Put into this project (Enter)");
    assert!(used.contains(&StoreAction::Use(vec![door.clone()]).into()), "{used:?}");
    let view = window.view.clone();
    let starred = window.panels.list_key(ListKey::Star, &view);
    let marks = Marks { starred: true, ..Marks::default() };
    assert_eq!(starred, [StoreAction::Mark(vec![(door.hash(), marks)]).into()]);
    assert_eq!(window.panels.delete(&view), Some(StoreAction::Discard(vec![door.path.clone()]).into()));
    window.click("Clear (Esc)");
    window.click("Only starred sounds");
    window.frame(Vec::new());
    assert!(window.shows("rain on leaves") && !window.shows("glass breaks"));
}

/// What is to be written down about `sound`.
fn marks_of(actions: &[Action], sound: &LibrarySound) -> Vec<Marks> {
    let mut found = Vec::new();
    for action in actions {
        if let Action::Library(LibraryAction::Store(StoreAction::Mark(marks))) = action {
            found.extend(
                marks.iter().filter(|(hash, _)| *hash == sound.hash()).map(|(_, marks)| marks.clone()),
            );
        }
    }
    found
}

#[test]
fn keyboard_only_a_sound_of_the_library_is_renamed_noted_tagged_and_saved() {
    let shelf = shelf("says");
    let rain =
        shelf.sounds.iter().find(|sound| sound.name().starts_with("rain")).expect("it is there").clone();
    let mut window = Window::open(View { shelf, ..empty_view() }, WIDE);
    window.click("Library");
    window.frame(Vec::new());
    window.click_with("rain on leaves", Modifiers::NONE, PointerButton::Primary);
    let view = window.view.clone();
    assert_eq!(window.key(Modifiers::NONE, Key::F2), [LibraryAction::Key(ListKey::Rename).into()]);
    window.panels.list_key(ListKey::Rename, &view);
    window.frame(Vec::new());
    window.frame(vec![Event::Text("Garden".into())]);
    let named = window.key(Modifiers::NONE, Key::Enter);
    let name = Some("Garden".to_owned());
    assert_eq!(marks_of(&named, &rain), [Marks { name, ..rain.marks.clone() }]);

    assert_eq!(window.key(Modifiers::NONE, Key::N), [LibraryAction::Key(ListKey::Note).into()]);
    window.panels.list_key(ListKey::Note, &view);
    window.frame(Vec::new());
    window.frame(vec![Event::Text("wet".into())]);
    let mut said = window.key(Modifiers::NONE, Key::Tab);
    said.extend(window.frame(Vec::new()));
    window.frame(vec![Event::Text("scene 3, rain".into())]);
    said.extend(window.click("Takes"));
    let marks = |tags: &[&str]| Marks {
        notes: "wet".into(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..rain.marks.clone()
    };
    assert_eq!(marks_of(&said, &rain), [marks(&[]), marks(&["scene 3", "rain"])]);

    window.click("Library");
    let chosen = window.panels.outgoing(&view);
    assert_eq!(chosen, Some(Outgoing::Sounds(vec![rain])));
    assert_eq!(
        window.key(Modifiers::COMMAND, Key::S).first(),
        Some(&DeliverAction::Chosen(WithChosen::Save).into())
    );
}

#[test]
fn drag_out_of_the_library_takes_what_is_chosen() {
    let shelf = shelf("drags");
    let glass =
        shelf.sounds.iter().find(|sound| sound.name().starts_with("glass")).expect("it is there").clone();
    let mut window = Window::open(View { shelf, ..empty_view() }, WIDE);
    window.click("Library");
    window.frame(Vec::new());
    let from = window.place("glass breaks").center();
    let button = |pos, pressed| Event::PointerButton {
        pos,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    window.frame(vec![Event::PointerMoved(from)]);
    let mut actions = window.frame(vec![button(from, true)]);
    let to = from - vec2(200.0, 0.0);
    actions.extend(window.frame(vec![Event::PointerMoved(to)]));
    actions.extend(window.frame(vec![button(to, false)]));
    let outgoing = Outgoing::Sounds(vec![glass]);
    assert!(actions.contains(&OutgoingAction { errand: Errand::Drag, outgoing }.into()), "{actions:?}");
}
