//! The tab Deliver.

use super::*;
use crate::editor::action::{DeliverAction, WithChosen};
use crate::editor::deliver_panel::pack;
use straightshot_delivery::{Container, Settings};

fn deliver_tab(view: View) -> Window {
    let mut window = Window::open(view, vec2(1400.0, 1400.0));
    window.click("Deliver");
    window.frame(Vec::new());
    window
}

fn door() -> View {
    let request = Request { prompt: "wooden door".into(), seed: 7, ..Request::default() };
    let audio = Audio::mono(44_100, vec![0.5; 4_410]);
    let take = Arc::new(Take::new(TakeId(4), request, &audio).expect("it is a sound"));
    View { takes: vec![take], active_take: Some(TakeId(4)), ..empty_view() }
}

#[test]
fn keyboard_only_takes_are_saved_and_exported() {
    let mut window = Window::open(view_with_takes(), MIN_SIZE);
    let shift = Modifiers::COMMAND.plus(Modifiers::SHIFT);
    let chosen = |what| [Action::Deliver(DeliverAction::Chosen(what))];
    assert_eq!(window.key(Modifiers::COMMAND, Key::S), chosen(WithChosen::Save));
    assert_eq!(window.key(shift, Key::S), chosen(WithChosen::SaveAs));
    assert_eq!(window.key(Modifiers::COMMAND, Key::C), chosen(WithChosen::Copy));
    assert_eq!(window.key(shift, Key::E), [Action::Deliver(DeliverAction::ExportPack)]);
    assert_eq!(Window::open(empty_view(), MIN_SIZE).key(Modifiers::COMMAND, Key::S), []);
}

#[test]
fn pack_is_what_is_chosen_or_starred_or_all() {
    let mut view = view_with_takes();
    let ids = |view: &View, chosen: &[u64]| {
        let chosen: Vec<TakeId> = chosen.iter().copied().map(TakeId).collect();
        let (takes, text) = pack(view, &chosen);
        (takes.iter().map(|id| id.0).collect::<Vec<_>>(), text)
    };
    assert_eq!(ids(&view, &[2]), (vec![1, 2, 3], "Export 3 takes as a pack".into()));
    Arc::make_mut(&mut view.takes[0]).starred = true;
    Arc::make_mut(&mut view.takes[2]).starred = true;
    Arc::make_mut(&mut view.takes[2]).rejected = true;
    assert_eq!(ids(&view, &[2]), (vec![1], "Export 1 starred take as a pack".into()));
    assert_eq!(ids(&view, &[2, 3]), (vec![2, 3], "Export 2 chosen takes as a pack".into()));
}

#[test]
fn ucs_category_is_proposed_chosen_and_searched_for() {
    let mut window = deliver_tab(door());
    let chosen = |category| vec![Action::Deliver(DeliverAction::Categorise(TakeId(4), category))];
    let name = "File name DOORWood_Wooden Door_Straightshot_NONE_T04-S7.wav";
    assert!(window.nodes.iter().any(|(_, node)| node.value() == Some(name)), "the name is shown");
    assert_eq!(window.click("Doors – Wood"), [], "that is what it is");
    window.click("Find a category");
    window.frame(vec![Event::Text("dungeon".into())]);
    window.frame(Vec::new());
    assert_eq!(window.click("Doors – Dungeon"), chosen(Some("DOORDungn")));
    Arc::make_mut(&mut window.view.takes[0]).category = Some("DOORDungn".into());
    window.frame(Vec::new());
    // Back to the proposal is no choice at all.
    assert_eq!(window.click("Doors – Wood"), chosen(None));
}

#[test]
fn form_and_marks_are_set_for_all_projects() {
    let mut window = deliver_tab(door());
    let set = |settings: Settings| vec![Action::Deliver(DeliverAction::Set(Box::new(settings)))];
    let flac = Settings { container: Container::Flac, ..Settings::default() };
    assert_eq!(window.click("Format FLAC"), set(flac));
    assert_eq!(window.click("Rate 96 kHz"), set(Settings { rate_hz: Some(96_000), ..Settings::default() }));
    window.click("Creator");
    let typed = window.frame(vec![Event::Text("FL".into())]);
    assert_eq!(typed, set(Settings { creator: "FL".into(), ..Settings::default() }));
    window.click("Folder");
    let typed = window.frame(vec![Event::Text("/a".into())]);
    assert_eq!(typed, set(Settings { folder: Some("/a".into()), ..Settings::default() }));
}

#[test]
fn a_name_is_given_to_the_take_when_the_field_is_left() {
    let mut window = deliver_tab(door());
    window.click("Name of the file");
    assert_eq!(window.frame(vec![Event::Text("Cellar".into())]), []);
    let left = window.key(Modifiers::NONE, Key::Enter);
    let left = if left.is_empty() { window.frame(Vec::new()) } else { left };
    assert_eq!(left, [Action::Library(LibraryAction::Rename(TakeId(4), "Cellar".into()))]);
}
