//! Keys that are the host's even while somebody types. Added to egui-baseview by Straightshot.

use keyboard_types::{Key, KeyboardEvent, Modifiers, NamedKey};

/// Keys without a character that text fields and other widgets use, with any modifier.
const EDITING: [NamedKey; 14] = [
    NamedKey::ArrowDown,
    NamedKey::ArrowLeft,
    NamedKey::ArrowRight,
    NamedKey::ArrowUp,
    NamedKey::Backspace,
    NamedKey::Delete,
    NamedKey::End,
    NamedKey::Enter,
    NamedKey::Escape,
    NamedKey::Home,
    NamedKey::Insert,
    NamedKey::PageDown,
    NamedKey::PageUp,
    NamedKey::Tab,
];

/// Characters that mean something with Ctrl: to egui's text fields, and the last two to Straightshot's editor
/// (plugin/src/editor/shortcuts.rs).
const WITH_CONTROL: [&str; 12] = ["a", "c", "h", "k", "u", "v", "w", "x", "y", "z", "b", " "];

/// Whether no text field has a use for this key: Ctrl+S, Alt+F or F5 mean something to the host only. A modifier alone
/// also is for the host; what it means for the next key is in that key's own event.
pub(crate) fn is_for_the_host(event: &KeyboardEvent) -> bool {
    match &event.key {
        Key::Named(key) => !EDITING.contains(key),
        Key::Character(_) if event.modifiers.intersects(Modifiers::ALT | Modifiers::META) => true,
        Key::Character(text) => {
            event.modifiers.contains(Modifiers::CONTROL)
                && !WITH_CONTROL.contains(&text.to_lowercase().as_str())
        }
    }
}
