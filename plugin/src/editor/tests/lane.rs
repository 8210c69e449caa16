//! When the events of the next sound happen, and how loud it is over time.

use super::*;

use super::super::action::EditAction;
use super::super::lane::Division;
use crate::editor::link::Tempo;
use straightshot_protocol::{Card, Curve, Hit, Timing};
use straightshot_takes::Gesture;

const LARGE: Vec2 = vec2(1280.0, 900.0);
const SHIFT: Modifiers = Modifiers::SHIFT;

fn window(prompt: &str, timing: Timing) -> Window {
    Window::open(View { prompt: prompt.into(), timing, ..empty_view() }, LARGE)
}

fn own(seconds: &[f64]) -> Timing {
    Timing::Hits(seconds.iter().copied().map(Hit::at).collect())
}

/// What was asked for last.
struct Asked {
    timing: Timing,
    curve: Option<Curve>,
    step: &'static str,
    gesture: Option<Gesture>,
}

/// What was asked for last; the window has it from then on.
fn asked(window: &mut Window, actions: Vec<Action>) -> Option<Asked> {
    let asked = actions.into_iter().rev().find_map(|action| match action {
        Action::Request(RequestAction::Lane { timing, curve, step, gesture }) => {
            Some(Asked { timing, curve, step, gesture })
        }
        _ => None,
    })?;
    window.view.timing = asked.timing.clone();
    window.view.curve = asked.curve.clone();
    Some(asked)
}

fn times(asked: Option<Asked>) -> Vec<f64> {
    match asked.map(|asked| asked.timing) {
        Some(Timing::Hits(hits)) => hits.iter().map(|hit| hit.seconds).collect(),
        other => panic!("{other:?}"),
    }
}

/// The place of a time in the lane, with so much of its height above the bottom.
fn place(window: &Window, label: &str, seconds: f32, height: f32) -> Pos2 {
    let rect = window.place(label).shrink2(vec2(5.0, 3.0));
    // The parameter's own length.
    pos2(rect.left() + seconds / 2.0 * rect.width(), rect.bottom() - height * rect.height())
}

fn at(window: &Window, hits: &str, seconds: f32) -> Pos2 {
    place(window, &format!("Hits: {hits}"), seconds, 0.95)
}

/// A drag that the window follows as it goes on.
fn press(window: &mut Window, from: Pos2, to: Pos2) -> Vec<Action> {
    window.drag(from, to, |window, actions| {
        asked(window, actions.to_vec());
    })
}

/// A window whose pointer and keys change the curve.
fn drawing(curve: Option<Curve>) -> Window {
    let mut window = window("rain", Timing::Text);
    window.view.curve = curve;
    window.click("Change Curve");
    window.frame(Vec::new());
    window
}

#[test]
fn lane_shows_what_the_text_asks_for_and_a_click_takes_it_over() {
    let mut window = window("three knocks on a door", Timing::Text);
    window.frame(Vec::new());
    let free = at(&window, "3 hits", 1.9);
    let actions = press(&mut window, free, free);
    let times = times(asked(&mut window, actions));
    assert_eq!(times.len(), 4);
    assert!((times[3] - 1.9).abs() < 0.02, "{times:?}");
}

#[test]
fn lane_hits_are_dragged_and_moved_by_keys() {
    let mut window = window("rain", own(&[0.5, 1.0]));
    window.frame(Vec::new());
    let (from, to) = (at(&window, "2 hits", 0.5), at(&window, "2 hits", 1.5));
    let actions = press(&mut window, from, to);
    let moved = times(asked(&mut window, actions));
    assert!((moved[0] - 1.0).abs() < 1e-9 && (moved[1] - 1.5).abs() < 0.02, "{moved:?}");
    // The one that was dragged is chosen, and no take is walked to by the arrows.
    let actions = window.key(Modifiers::NONE, Key::ArrowLeft);
    let earlier = times(asked(&mut window, actions));
    assert!((moved[1] - earlier[1] - 0.01).abs() < 1e-9, "{earlier:?}");
    let actions = window.key(Modifiers::NONE, Key::Delete);
    assert_eq!(times(asked(&mut window, actions)), [1.0]);
    let actions = window.key(Modifiers::NONE, Key::Delete);
    let asked = asked(&mut window, actions).unwrap();
    assert_eq!(
        (asked.timing, asked.step),
        (Timing::Text, "remove hit"),
        "without any, the text counts again"
    );
}

#[test]
fn a_drag_is_one_step_and_the_next_one_another() {
    let mut window = window("rain", own(&[0.5, 1.0]));
    window.frame(Vec::new());
    let mut gestures = Vec::new();
    for (from, to) in [(0.5, 0.7), (1.0, 1.2)] {
        let (from, to) = (at(&window, "2 hits", from), at(&window, "2 hits", to));
        let mut of_drag = Vec::new();
        let last = window.drag(from, to, |window, actions| {
            of_drag.extend(asked(window, actions.to_vec()).map(|asked| asked.gesture));
        });
        of_drag.extend(asked(&mut window, last).map(|asked| asked.gesture));
        assert!(of_drag.len() > 1 && of_drag.iter().all(|gesture| gesture.is_some()));
        assert!(of_drag.windows(2).all(|pair| pair[0] == pair[1]), "{of_drag:?}");
        gestures.push(of_drag[0]);
    }
    assert_ne!(gestures[0], gestures[1]);
}

#[test]
fn lane_is_chosen_and_tapped() {
    let mut window = window("dog barking", Timing::Text);
    let actions = window.click("Timing Model");
    let chosen = asked(&mut window, actions).unwrap();
    assert_eq!((chosen.timing, chosen.step), (Timing::Free, "timing"));
    window.view.timing = Timing::Text;
    let actions = window.click("Timing Own");
    assert!(!times(asked(&mut window, actions)).is_empty(), "what the text asked for is taken over");
    let actions = window.click("Tap");
    assert_eq!(times(asked(&mut window, actions)), [0.0]);
}

/// On a slow computer a click is over within a frame.
#[test]
fn lane_clicks_and_taps_within_a_frame_count() {
    let mut window = window("rain", own(&[0.5]));
    window.frame(Vec::new());
    let click = |window: &mut Window, at: Pos2| {
        window.time += 5.0;
        window.frame(vec![Event::PointerMoved(at)]);
        let actions = window.frame(vec![button(at, true), button(at, false)]);
        asked(window, actions)
    };
    let free = at(&window, "1 hits", 1.5);
    assert_eq!(times(click(&mut window, free)).len(), 2);
    let tap = window.place("Tap").center();
    assert_eq!(times(click(&mut window, tap)), [0.0]);
}

#[test]
fn a_model_without_timing_says_so_and_can_still_be_told_how_loud() {
    let mut window = window("three knocks", Timing::Text);
    let mut card = Card::clone(window.view.status.card.as_ref().expect("a card"));
    card.abilities.timing = false;
    window.view.status.card = Some(Arc::new(card));
    window.frame(Vec::new());
    assert_eq!(window.click("Timing Model"), []);
    assert_eq!(window.click("Tap"), []);
    let (from, to) =
        (place(&window, "Curve: no curve", 0.5, 0.5), place(&window, "Curve: no curve", 1.5, 0.5));
    let actions = press(&mut window, from, to);
    assert!(asked(&mut window, actions).unwrap().curve.is_some());
}

#[test]
fn a_curve_is_drawn_as_the_pointer_goes_and_leaves_the_rest() {
    let mut window = drawing(None);
    let (from, to) =
        (place(&window, "Curve: no curve", 0.4, 0.9), place(&window, "Curve: no curve", 1.6, 0.3));
    let actions = press(&mut window, from, to);
    let asked = asked(&mut window, actions).unwrap();
    let curve = asked.curve.unwrap();
    assert_eq!((asked.step, asked.timing), ("draw curve", Timing::Text));
    assert_eq!(curve.levels_db().len(), 200);
    let apart = [(0.2, 0.405), (1.9, 1.65)].map(|(one, other)| (curve.at(one) - curve.at(other)).abs());
    assert!(apart.iter().all(|apart| *apart < 0.5), "it goes on to both ends: {apart:?}");
    let (early, middle, late) = (curve.at(0.5), curve.at(1.0), curve.at(1.5));
    assert!(
        (early - middle - 11.0).abs() < 1.5 && (middle - late - 11.0).abs() < 1.5,
        "{early} {middle} {late}"
    );
}

#[test]
fn ctrl_draws_a_straight_line_and_shift_a_finer_one() {
    let mut window = drawing(None);
    let path = |window: &Window, label: &str| {
        [(0.4, 0.9), (1.0, 0.1), (1.6, 0.9)].map(|(seconds, height)| place(window, label, seconds, height))
    };
    let along = |window: &mut Window, label: &str, modifiers: Modifiers| {
        window.time += 5.0;
        let path = path(window, label);
        window.frame(vec![Event::ModifiersChanged(modifiers), Event::PointerMoved(path[0])]);
        window.frame(vec![Event::ModifiersChanged(modifiers), button(path[0], true)]);
        let mut last = None;
        for at in path {
            let actions = window.frame(vec![Event::ModifiersChanged(modifiers), Event::PointerMoved(at)]);
            last = asked(window, actions).or(last);
        }
        window.frame(vec![button(path[2], false), Event::ModifiersChanged(Modifiers::NONE)]);
        last.unwrap().curve.unwrap()
    };
    let free = along(&mut window, "Curve: no curve", Modifiers::NONE);
    assert!(free.at(1.0) < free.at(0.5) - 15.0);
    window.view.curve = None;
    window.frame(Vec::new());
    let straight = along(&mut window, "Curve: no curve", Modifiers::COMMAND);
    assert!((straight.at(1.0) - straight.at(0.5)).abs() < 0.5, "the way between does not count");
    window.view.curve = None;
    window.frame(Vec::new());
    let fine = along(&mut window, "Curve: no curve", SHIFT);
    let range = fine.levels_db().iter().copied().fold(0.0, f32::min);
    assert!((-9.0..-3.0).contains(&range), "{range}: a tenth of the way");
}

#[test]
fn a_double_click_removes_the_curve_and_a_click_changes_nothing() {
    let mut window = drawing(Curve::of([-12.0; 200]));
    let at = place(&window, "Curve: a curve", 1.0, 0.2);
    let click = |window: &mut Window| {
        window.frame(vec![Event::PointerMoved(at)]);
        let mut actions = window.frame(vec![button(at, true)]);
        actions.extend(window.frame(vec![button(at, false)]));
        actions
    };
    window.time += 5.0;
    let actions = click(&mut window);
    assert!(asked(&mut window, actions).is_none());
    let actions = click(&mut window);
    let removed = asked(&mut window, actions).unwrap();
    assert_eq!((removed.curve, removed.step), (None, "remove curve"));
}

#[test]
fn keys_choose_a_part_of_the_curve_and_change_it() {
    let mut window = drawing(None);
    let at = place(&window, "Curve: no curve", 0.01, 0.5);
    window.time += 5.0;
    window.frame(vec![Event::PointerMoved(at)]);
    window.frame(vec![button(at, true)]);
    window.frame(vec![button(at, false)]);
    // A twentieth of two seconds.
    window.key(Modifiers::NONE, Key::ArrowRight);
    let actions = window.key(Modifiers::NONE, Key::ArrowDown);
    let curve = asked(&mut window, actions).unwrap().curve.unwrap();
    assert_eq!((curve.levels_db()[9], curve.levels_db()[10], curve.levels_db()[20]), (0.0, -1.0, 0.0));
    let actions = window.key(SHIFT, Key::ArrowDown);
    let curve = asked(&mut window, actions).unwrap().curve.unwrap();
    assert_eq!(curve.levels_db()[15], -1.1);
    window.key(Modifiers::NONE, Key::End);
    let actions = window.key(Modifiers::NONE, Key::ArrowDown);
    assert_eq!(asked(&mut window, actions).unwrap().curve.unwrap().levels_db()[199], -1.0);
    let actions = window.key(Modifiers::NONE, Key::Delete);
    assert_eq!(asked(&mut window, actions).unwrap().curve, None);
}

#[test]
fn hits_and_curve_snap_to_the_grid_that_was_chosen() {
    let mut window = window("rain", own(&[0.5]));
    window.view.tempo = Some(Tempo { bpm: 60.0, signature: Some((4, 4)) });
    window.frame(Vec::new());
    window.click("Snap");
    window.frame(Vec::new());
    window.click("1/4");
    window.frame(Vec::new());
    let free = at(&window, "1 hits", 0.9);
    let actions = press(&mut window, free, free);
    assert_eq!(times(asked(&mut window, actions)), [0.5, 1.0]);
    // With Shift nothing snaps; the arrows go from line to line.
    let actions = window.key(SHIFT, Key::ArrowRight);
    assert_eq!(times(asked(&mut window, actions)), [0.5, 1.001]);
    let actions = window.key(Modifiers::NONE, Key::ArrowLeft);
    assert_eq!(times(asked(&mut window, actions)), [0.0, 0.5]);
    assert_eq!(window.panels.arrangement(1.0).snap, Some(Division::Quarter));
}

#[test]
fn without_a_tempo_there_is_no_grid() {
    let mut window = window("rain", own(&[0.5]));
    window.click("Snap");
    window.frame(Vec::new());
    assert!(!window.nodes.iter().any(|(_, node)| node.label() == Some("1/4")), "no choice opens");
}

#[test]
fn undo_is_for_the_lane_while_it_has_the_keys() {
    let mut window = window("rain", own(&[0.5]));
    window.view.undo = Some("move hit");
    window.view.redo = Some("add hit");
    window.frame(Vec::new());
    let hit = at(&window, "1 hits", 0.5);
    press(&mut window, hit, hit);
    assert_eq!(window.key(Modifiers::COMMAND, Key::Z), [EditAction::Undo.into()]);
    assert_eq!(window.key(Modifiers::COMMAND, Key::Y), [EditAction::Redo.into()]);
}
