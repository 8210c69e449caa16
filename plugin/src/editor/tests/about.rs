//! Version, licences and attribution over the window.

use super::*;

impl Window {
    /// Whether a text is in sight that begins so.
    fn reads(&self, text: &str) -> bool {
        let begins = |said: Option<&str>| said.is_some_and(|said| said.starts_with(text));
        self.nodes.iter().any(|(_, node)| begins(node.value()) || begins(node.label()))
    }

    /// Shows "About" as the real window does; what floats is measured in its first frame and seen in the next.
    fn open_about(&mut self) {
        self.panels.toggle_about();
        self.frame(Vec::new());
        self.frame(Vec::new());
    }
}

#[test]
fn about_is_opened_by_its_keys_by_the_version_and_from_the_help() {
    let about = [Action::Window(WindowAction::ToggleAbout)];
    let mut window = Window::open(view_with_takes(), USUAL);
    assert_eq!(window.key(Modifiers::SHIFT, Key::F1), about);
    assert_eq!(window.click(&format!("About version {}", env!("CARGO_PKG_VERSION"))), about);
    window.panels.toggle_help();
    // Its columns find their height one after the other.
    for _ in 0..5 {
        window.frame(Vec::new());
    }
    assert_eq!(window.click("About"), about);
    window.open_about();
    assert!(!window.reads("Make a sound"), "the help gives way");
}

#[test]
fn about_says_version_and_model_and_shows_every_text() {
    let mut window = Window::open(view_with_takes(), USUAL);
    window.open_about();
    assert!(window.reads(&format!("Straightshot {}", env!("CARGO_PKG_VERSION"))));
    assert!(window.reads(&format!("Model: {}, built in", default_card().id.name)));
    for (tab, text) in [
        ("Sounds and weights", "Attribution of the default model"),
        ("Fonts and lists", "What is in Straightshot"),
        ("Licence", "MIT License"),
        ("Crates", "The crates below"),
    ] {
        window.click(tab);
        window.frame(Vec::new());
        assert!(window.reads(text), "{tab}");
    }
}

#[test]
fn about_is_read_and_closed_by_keys() {
    let mut window = Window::open(view_with_takes(), USUAL);
    window.open_about();
    let mut press = |modifiers, key| {
        let actions = window.key(modifiers, key);
        for _ in 0..40 {
            window.frame(Vec::new());
        }
        (actions, window.reads("Attribution of"), window.reads("MIT License"), window.reads("Straightshot "))
    };
    assert_eq!(press(Modifiers::NONE, Key::PageDown), (vec![], false, false, true));
    assert_eq!(press(Modifiers::NONE, Key::Home), (vec![], true, false, true));
    press(Modifiers::NONE, Key::ArrowRight);
    assert_eq!(press(Modifiers::NONE, Key::ArrowRight), (vec![], false, true, true));
    press(Modifiers::NONE, Key::ArrowLeft);
    assert_eq!(press(Modifiers::NONE, Key::ArrowLeft), (vec![], true, false, true));
    press(Modifiers::NONE, Key::Escape);
    assert!(!window.panels.shows_overlay());
}

#[test]
fn about_is_drawn_at_every_size() {
    for size in [vec2(1.0, 1.0), vec2(320.0, 200.0), MIN_SIZE, vec2(4000.0, 3000.0)] {
        let mut window = Window::open(view_with_takes(), size);
        window.open_about();
        assert_eq!(window.key(Modifiers::NONE, Key::End), [], "{size}");
        window.frame(Vec::new());
        assert!(window.panels.shows_overlay(), "{size}");
    }
    let mut window = Window::open(view_with_takes(), MIN_SIZE);
    window.open_about();
    for tab in ["Sounds and weights", "Fonts and lists", "Licence", "Crates", "Close"] {
        let place = window.place(tab);
        assert!(Rect::from_min_size(Pos2::ZERO, MIN_SIZE).contains_rect(place), "{tab} at {place}");
    }
}
