//! What is in sight in a small window.

use super::*;

/// A window of 760 x 560 points: that size at the usual zoom, and 1140 x 840 or 1520 x 1120 pixels at 1.5 and 2.
const SMALL: Vec2 = vec2(760.0, 560.0);

#[test]
fn generate_is_whole_in_sight_in_a_small_window_and_no_job_moves_it() {
    for size in [SMALL, MIN_SIZE, vec2(1000.0, 600.0), vec2(1080.0, 700.0)] {
        let mut window = Window::open(View { prompt: "rain".into(), ..view_with_takes() }, size);
        let place = window.place("Generate");
        // Above the footer and the gap over it.
        let inside = Rect::from_min_max(Pos2::ZERO, pos2(size.x, size.y - 48.0));
        assert!(inside.contains_rect(place), "{size}: {place}");
        window.view.status.jobs = vec![running(None), running(None)];
        window.frame(Vec::new());
        window.frame(Vec::new());
        assert_eq!(window.place("Generate"), place, "{size}");
        assert_eq!(window.click("Generate"), [Action::Queue(QueueAction::Generate)], "{size}");
    }
}

#[test]
fn everything_about_the_next_sound_fits_above_generate_in_a_small_window() {
    let window = Window::open(View { prompt: "rain".into(), ..view_with_takes() }, SMALL);
    let generate = window.place("Generate");
    for name in ["Roll a new seed", "Length", "prompt"] {
        let place = window.place(name);
        assert!(place.bottom() <= generate.top(), "{name} at {place}, Generate at {generate}");
    }
}
