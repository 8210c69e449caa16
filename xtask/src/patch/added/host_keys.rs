//! Keys that are the host's even while somebody types. Added to egui-baseview by Straightshot.

use keyboard_types::{Key, KeyboardEvent, Modifiers, NamedKey};

/// Keys without a character that text fields and other widgets use, with any modifier; F1 and F2 are the editor's help and
/// rename.
const EDITING: [NamedKey; 16] = [
    NamedKey::ArrowDown,
    NamedKey::ArrowLeft,
    NamedKey::ArrowRight,
    NamedKey::ArrowUp,
    NamedKey::Backspace,
    NamedKey::Delete,
    NamedKey::End,
    NamedKey::Enter,
    NamedKey::Escape,
    NamedKey::F1,
    NamedKey::F2,
    NamedKey::Home,
    NamedKey::Insert,
    NamedKey::PageDown,
    NamedKey::PageUp,
    NamedKey::Tab,
];

/// Characters that mean something with Ctrl: to egui's text fields, and the rest to Straightshot's editor
/// (plugin/src/editor/shortcuts.rs).
const WITH_CONTROL: [&str; 19] =
    ["a", "c", "h", "k", "l", "u", "v", "w", "x", "y", "z", "b", "f", " ", "+", "=", "-", "0", "_"];

/// What is the editor's while one of its sounds has the focus, and the host's while somebody types: Ctrl+S saves the sound or
/// the project.
const WITH_CONTROL_BESIDE_TEXT: [&str; 2] = ["r", "s"];

/// Whether no text field has a use for this key: Ctrl+S, Alt+F or F5 mean something to the host only. A modifier alone
/// also is for the host; what it means for the next key is in that key's own event.
pub(crate) fn is_for_the_host(event: &KeyboardEvent, typing: bool) -> bool {
    match &event.key {
        Key::Named(key) => !EDITING.contains(key),
        Key::Character(_) if event.modifiers.intersects(Modifiers::ALT | Modifiers::META) => true,
        Key::Character(text) => {
            let text = text.to_lowercase();
            let ours = WITH_CONTROL.contains(&text.as_str())
                || !typing && WITH_CONTROL_BESIDE_TEXT.contains(&text.as_str());
            event.modifiers.contains(Modifiers::CONTROL) && !ours
        }
    }
}
