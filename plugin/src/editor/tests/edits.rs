//! The waveform and the tab Edit.

use super::*;
use crate::editor::action::{EditAction, PlayAction};
use crate::editor::link::Begin;
use straightshot_edits::Edit;
use straightshot_takes::Wish;

const WAVE: &str = "Waveform: click to listen";
const LARGE: Vec2 = vec2(1280.0, 900.0);

/// A window with one take of a second, which does not sound.
fn window() -> Window {
    let view = View { takes: vec![take(1, vec![0.5; 44_100])], active_take: Some(TakeId(1)), ..empty_view() };
    Window::open(view, LARGE)
}

/// The pointer is pressed at `from`, goes to `to` in some steps, and is let go of.
fn drag(window: &mut Window, from: Pos2, to: Pos2) -> Vec<Action> {
    window.drag(from, to, |_, _| ())
}

/// What of the wave is at `x` (a fraction of its width), in the middle between its grips.
fn on_wave(window: &Window, x: f32) -> Pos2 {
    let rect = window.place(WAVE).shrink(1.0);
    pos2(rect.left() + x * rect.width(), rect.top() + 0.3 * rect.height())
}

/// The edits that were asked for, with their steps.
fn edits(actions: Vec<Action>) -> Vec<(Edit, &'static str)> {
    let edit = |action| match action {
        Action::Edit(EditAction::Set { edit, step, .. }) => Some((*edit, step)),
        _ => None,
    };
    actions.into_iter().filter_map(edit).collect()
}

#[test]
fn a_click_into_the_waveform_plays_from_there() {
    let mut window = window();
    let at = on_wave(&window, 0.25);
    let actions = drag(&mut window, at, at);
    let [Action::Play(PlayAction::Hear(audition))] = &actions[..] else { panic!("{actions:?}") };
    let Begin::At(seconds) = audition.begin else { panic!("{audition:?}") };
    assert!((seconds - 0.25).abs() < 0.01 && audition.range_s.is_none(), "{audition:?}");
}

#[test]
fn a_drag_selects_and_a_drag_of_the_selection_takes_it_out() {
    let mut window = window();
    let (from, to) = (on_wave(&window, 0.2), on_wave(&window, 0.6));
    assert_eq!(drag(&mut window, from, to), []);
    let inside = on_wave(&window, 0.4);
    let outside = pos2(inside.x, inside.y + 400.0);
    let actions = drag(&mut window, inside, outside);
    let [Action::Edit(EditAction::TakeOut { take: TakeId(1), range_s: Some(range) })] = &actions[..] else {
        panic!("{actions:?}")
    };
    assert!((range.start - 0.2).abs() < 0.01 && (range.end - 0.6).abs() < 0.01, "{range:?}");
    assert_eq!(window.key(Modifiers::NONE, Key::T), [EditAction::TrimToSelection.into()]);
}

#[test]
fn the_ends_of_the_sound_and_its_fades_are_dragged_on_the_wave() {
    let mut window = window();
    let rect = window.place(WAVE).shrink(1.0);
    let (edge, y) = (pos2(rect.left() + 1.0, rect.center().y), rect.center().y);
    let moved = edits(drag(&mut window, edge, pos2(rect.left() + 0.5 * rect.width(), y)));
    let (last, step) = moved.last().expect("it was trimmed");
    let trim = last.trim.clone().expect("a part is cut");
    assert!(trim.start.abs_diff(22_050) < 300 && trim.end == 44_100 && *step == "trim", "{trim:?}");
    let corner = pos2(rect.left() + 1.0, rect.top() + 7.0);
    let moved = edits(drag(&mut window, corner, pos2(rect.left() + 0.3 * rect.width(), corner.y)));
    let (last, step) = moved.last().expect("it was faded");
    assert!(last.fade_in.frames.abs_diff(13_230) < 300 && *step == "fade in", "{last:?}");
}

#[test]
fn the_wheel_goes_closer_at_the_pointer() {
    let mut window = window();
    let at = on_wave(&window, 0.5);
    window.frame(vec![Event::PointerMoved(at)]);
    for _ in 0..40 {
        let wheel = Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: vec2(0.0, 100.0),
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Unknown,
            modifiers: Modifiers::NONE,
        };
        window.frame(vec![wheel]);
    }
    let actions = drag(&mut window, at, at);
    let [Action::Play(PlayAction::Hear(audition))] = &actions[..] else { panic!("{actions:?}") };
    let Begin::At(seconds) = audition.begin else { panic!("{audition:?}") };
    assert!((seconds - 0.5).abs() < 0.005, "what is under the pointer stays there: {seconds}");
}

#[test]
fn undo_redo_have_keys_and_buttons_that_say_what_they_do() {
    let mut window = window();
    assert_eq!(window.key(Modifiers::COMMAND, Key::Z), [], "there is nothing to undo");
    (window.view.undo, window.view.redo) = (Some("trim"), Some("fade in"));
    assert_eq!(window.key(Modifiers::COMMAND, Key::Z), [EditAction::Undo.into()]);
    assert_eq!(window.key(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z), [EditAction::Redo.into()]);
    assert_eq!(window.key(Modifiers::COMMAND, Key::Y), [EditAction::Redo.into()]);
    assert_eq!(window.click("Undo trim"), [EditAction::Undo.into()]);
    assert_eq!(window.click("Redo fade in"), [EditAction::Redo.into()]);
    // Whoever types undoes what was typed.
    window.time += 5.0;
    window.click("prompt");
    assert_eq!(window.key(Modifiers::COMMAND, Key::Z), []);
}

#[test]
fn the_tools_of_the_tab_ask_for_edits() {
    let view = View { takes: vec![take(1, vec![0.5; 44_100])], active_take: Some(TakeId(1)), ..empty_view() };
    let mut window = Window::open(view, vec2(1600.0, 1600.0));
    assert_eq!(window.click("Make loop"), [EditAction::Find(TakeId(1), Wish::Loop).into()]);
    assert_eq!(window.click("Silence"), [EditAction::Find(TakeId(1), Wish::TrimSilence).into()]);
    assert_eq!(window.click("Reverse"), [EditAction::Reverse.into()]);
    let asked = window.click("Level Loudness");
    let loud = edits(asked);
    assert_eq!(loud[0].0.level, Some(straightshot_edits::Level::Loudness(-23.0)));
    window.click("Gain");
    window.frame(vec![Event::Text("−3,5".into())]);
    let typed = window.key(Modifiers::NONE, Key::Enter);
    let later = window.frame(Vec::new());
    let gain = edits([typed, later].concat());
    assert_eq!(gain.last().map(|(edit, step)| (edit.gain_db, *step)), Some((-3.5, "gain")));
}
