//! When the events of the next sound happen.

use super::*;

use straightshot_protocol::{Card, Hit, Timing};

const LARGE: Vec2 = vec2(1280.0, 900.0);

fn window(prompt: &str, timing: Timing) -> Window {
    Window::open(View { prompt: prompt.into(), timing, ..empty_view() }, LARGE)
}

fn own(seconds: &[f64]) -> Timing {
    Timing::Hits(seconds.iter().copied().map(Hit::at).collect())
}

/// The timing that was asked for last; the window has it from then on.
fn asked(window: &mut Window, actions: Vec<Action>) -> Option<Timing> {
    let timing = actions.into_iter().rev().find_map(|action| match action {
        Action::Request(RequestAction::Timing(timing)) => Some(timing),
        _ => None,
    })?;
    window.view.timing = timing.clone();
    Some(timing)
}

fn times(timing: Option<Timing>) -> Vec<f64> {
    match timing {
        Some(Timing::Hits(hits)) => hits.iter().map(|hit| hit.seconds).collect(),
        other => panic!("{other:?}"),
    }
}

/// The place of a time in the lane, at full level.
fn at(window: &Window, hits: &str, seconds: f32) -> Pos2 {
    let rect = window.place(&format!("Hits: {hits}")).shrink2(vec2(5.0, 3.0));
    // The parameter's own length.
    pos2(rect.left() + seconds / 2.0 * rect.width(), rect.top() + 2.0)
}

/// A drag that the window follows as it goes on.
fn press(window: &mut Window, from: Pos2, to: Pos2) -> Vec<Action> {
    window.drag(from, to, |window, actions| {
        asked(window, actions.to_vec());
    })
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
    assert_eq!(asked(&mut window, actions), Some(Timing::Text), "without any, the text counts again");
}

#[test]
fn lane_is_chosen_and_tapped() {
    let mut window = window("dog barking", Timing::Text);
    assert_eq!(window.click("Timing Model"), [RequestAction::Timing(Timing::Free).into()]);
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
fn lane_says_why_it_does_nothing() {
    let mut window = window("three knocks", Timing::Text);
    let mut card = Card::clone(window.view.status.card.as_ref().expect("a card"));
    card.abilities.timing = false;
    window.view.status.card = Some(Arc::new(card));
    window.frame(Vec::new());
    assert_eq!(window.click("Timing Model"), []);
}
