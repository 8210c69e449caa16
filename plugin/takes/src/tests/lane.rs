//! When the events of the next sound happen and how loud it is over time: undone step by step, kept in the project.

use super::*;
use straightshot_protocol::{Curve, Hit, Timing};

/// The timing and the curve of the next sound.
fn lane(session: &Session) -> (Timing, Option<Curve>) {
    (session.timing.clone(), session.curve.clone())
}

fn curve(level: f32) -> Option<Curve> {
    Curve::of([level; 100])
}

#[test]
fn hits_and_curve_of_the_next_sound_are_undone_step_by_step() {
    let mut session = Session::default();
    session.set_lane(Timing::Hits(vec![Hit::at(0.5)]), None, "add hit", None);
    let hits = lane(&session);
    // A drag is one step, however often the pointer moves.
    let drag = Some(Gesture::begin());
    for level in [-6.0, -12.0, -18.0] {
        session.set_lane(session.timing.clone(), curve(level), "draw curve", drag);
    }
    let drawn = lane(&session);
    assert_eq!(session.undo(), Some("draw curve"));
    assert_eq!(lane(&session), hits);
    assert_eq!(session.undo(), Some("add hit"));
    assert_eq!(lane(&session), (Timing::Text, None));
    assert_eq!((session.redo(), session.redo()), (Some("add hit"), Some("draw curve")));
    assert_eq!(lane(&session), drawn);
    // What changes nothing is no step, and a drag back to where it began is none either.
    session.set_lane(drawn.0.clone(), drawn.1.clone(), "draw curve", None);
    let drag = Some(Gesture::begin());
    session.set_lane(Timing::Free, drawn.1.clone(), "timing", drag);
    session.set_lane(drawn.0.clone(), drawn.1.clone(), "timing", drag);
    assert_eq!((session.undo(), session.undo()), (Some("draw curve"), Some("add hit")));
    assert_eq!(session.undo(), None);
}

#[test]
fn the_lane_and_takes_are_undone_in_the_order_of_what_was_done() {
    let mut session = Session::default();
    session.add_take(Arc::new(take(1, vec![0.5; 100])));
    session.set_lane(Timing::Free, None, "timing", None);
    session.delete(TakeId(1));
    assert_eq!(session.undo(), Some("delete"));
    assert_eq!((session.takes().len(), &session.timing), (1, &Timing::Free));
    assert_eq!(session.undo(), Some("timing"));
    assert_eq!((session.takes().len(), &session.timing), (1, &Timing::Text));
}

#[test]
fn a_curve_is_kept_in_the_project_and_in_the_recipe_and_a_damaged_one_costs_nothing_else() {
    let mut session = Session { prompt: "rain".to_owned(), curve: curve(-12.3), ..Session::default() };
    let of_take = Request { curve: curve(-4.5), ..request("rain") };
    let sound = Audio::mono(44_100, vec![0.5; 100]);
    session.add_take(Arc::new(Take::new(TakeId(1), of_take.clone(), &sound).expect("it is a sound")));
    let text = serde_json::to_string(&session).unwrap();
    let read: Session = serde_json::from_str(&text).unwrap();
    assert_eq!((&read.curve, read.damage()), (&session.curve, [].as_slice()));
    assert_eq!(read.takes()[0].request, of_take);
    // A project of before says nothing of it.
    let mut before = serde_json::to_value(&Session { curve: None, ..session }).unwrap();
    assert!(before.get("curve").is_none());
    assert_eq!(serde_json::from_value::<Session>(before.clone()).unwrap().curve, None);
    before["curve"] = json!([-12.0, 99.0]);
    let damaged: Session = serde_json::from_value(before).unwrap();
    assert_eq!((&*damaged.prompt, damaged.curve.is_none(), damaged.takes().len()), ("rain", true, 1));
    assert!(damaged.damage().iter().any(|damage| damage.contains("\"curve\"")), "{:?}", damaged.damage());
}
