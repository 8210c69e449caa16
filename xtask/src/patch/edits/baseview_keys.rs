//! Repairs of what baseview takes a key for: dead keys, the compose key and a layout that changes while the window is open.

use super::Edit;

/// Dead keys and the compose key; keys with Ctrl by what is written on them.
pub(super) const COMPOSE: &[Edit] = &[
    Edit {
        file: "src/wrappers/xkbcommon.rs",
        find: "    xkb_common: &'static xkbc::XkbCommon,\n}\n",
        replace: "    xkb_common: &'static xkbc::XkbCommon,
    /// Null where the system has no table of composed characters.
    compose: *mut xkbc::xkb_compose_state,
}

/// The state of dead keys and the compose key, for the user's language.
fn new_compose(context: *mut xkbc::xkb_context) -> *mut xkbc::xkb_compose_state {
    let Some(compose) = xkbc::xkbcommon_compose_option() else { return std::ptr::null_mut() };
    let named = [\"LC_ALL\", \"LC_CTYPE\", \"LANG\"].into_iter().filter_map(std::env::var_os);
    let named = named.map(|name| name.to_string_lossy().into_owned()).find(|name| !name.is_empty());
    for locale in named.into_iter().chain([String::from(\"en_US.UTF-8\")]) {
        let Ok(locale) = std::ffi::CString::new(locale) else { continue };
        let no_flags = xkbc::xkb_compose_compile_flags::XKB_COMPOSE_COMPILE_NO_FLAGS;
        let table = unsafe { (compose.xkb_compose_table_new_from_locale)(context, locale.as_ptr(), no_flags) };
        if table.is_null() {
            continue;
        }
        let no_flags = xkbc::xkb_compose_state_flags::XKB_COMPOSE_STATE_NO_FLAGS;
        // The state holds on to the table.
        let state = unsafe { (compose.xkb_compose_state_new)(table, no_flags) };
        unsafe { (compose.xkb_compose_table_unref)(table) };
        return state;
    }
    std::ptr::null_mut()
}
",
    },
    Edit {
        file: "src/wrappers/xkbcommon.rs",
        find: "        // free the context, it's no longer needed\n",
        replace: "        let compose = new_compose(context);\n\n        // free the context, it's no longer needed\n",
    },
    Edit {
        file: "src/wrappers/xkbcommon.rs",
        find: "Some(XkbcommonState { state, xkb_common })",
        replace: "Some(XkbcommonState { state, xkb_common, compose })",
    },
    Edit {
        file: "src/wrappers/xkbcommon.rs",
        find: "    pub fn key_get_utf8(&self, code: Keycode) -> String {\n",
        replace: "    /// What a pressed key means once dead keys and the compose key are taken into account; `plain` is what it means
    /// without. A key that only begins a character is the empty text.
    pub fn composed(&self, code: Keycode, plain: keyboard_types::Key) -> keyboard_types::Key {
        use keyboard_types::Key;
        use xkbc::xkb_compose_feed_result::XKB_COMPOSE_FEED_IGNORED;
        use xkbc::xkb_compose_status::{XKB_COMPOSE_COMPOSED, XKB_COMPOSE_NOTHING};
        let Some(compose) = xkbc::xkbcommon_compose_option().filter(|_| !self.compose.is_null()) else {
            return plain;
        };
        let symbol = unsafe { (self.xkb_common.xkb_state_key_get_one_sym)(self.state, code) };
        let fed = unsafe { (compose.xkb_compose_state_feed)(self.compose, symbol) };
        let status = unsafe { (compose.xkb_compose_state_get_status)(self.compose) };
        if fed == XKB_COMPOSE_FEED_IGNORED || status == XKB_COMPOSE_NOTHING {
            return plain;
        }
        if status != XKB_COMPOSE_COMPOSED {
            return Key::Character(String::new());
        }
        let mut text = [0; 64];
        unsafe { (compose.xkb_compose_state_get_utf8)(self.compose, text.as_mut_ptr(), text.len()) };
        let text = unsafe { std::ffi::CStr::from_ptr(text.as_ptr()) };
        Key::Character(text.to_str().unwrap_or_default().to_string())
    }

    /// The Latin letter, digit or sign on a key, for combinations with Ctrl; none on keys of other scripts.
    pub fn key_sign(&self, code: Keycode) -> Option<String> {
        let symbol = unsafe { (self.xkb_common.xkb_state_key_get_one_sym)(self.state, code) };
        // The symbols of ASCII are its numbers.
        u8::try_from(symbol).ok().filter(u8::is_ascii_graphic).map(|sign| char::from(sign).to_string())
    }

    pub fn key_get_utf8(&self, code: Keycode) -> String {
",
    },
    Edit {
        file: "src/wrappers/xkbcommon.rs",
        find: "        unsafe { (self.xkb_common.xkb_state_unref)(self.state) };\n",
        replace: "        unsafe { (self.xkb_common.xkb_state_unref)(self.state) };
        if let Some(compose) = xkbc::xkbcommon_compose_option().filter(|_| !self.compose.is_null()) {
            unsafe { (compose.xkb_compose_state_unref)(self.compose) };
        }
",
    },
    Edit {
        file: "src/platform/x11/keyboard.rs",
        find: "    let modifiers = key_mods(key_press.state);\n    let key = code_to_key(code, modifiers, hw_code, state);\n",
        replace: "    let modifiers = key_mods(key_press.state);
    let key = code_to_key(code, modifiers, hw_code, state);
    let key = match state {
        Some(state) if !modifiers.contains(Modifiers::CONTROL) => state.composed(hw_code, key),
        _ => key,
    };
",
    },
    Edit {
        file: "src/platform/x11/keyboard.rs",
        find: "                // TODO: handle this better?
                Key::Character(base.into())
",
        replace: "                Key::Character(state.key_sign(code).unwrap_or_else(|| base.into()))\n",
    },
    Edit {
        file: "src/platform/x11/keyboard.rs",
        find: "        Code::IntlBackslash => s(m, \"\\\\\", \"|\"),\n",
        replace: "        Code::IntlBackslash => k(m, \"\\\\\", \"|\", hw_code, xkb_state),\n",
    },
];

/// Keys that are on no American keyboard, and those that programs put characters on that no key has: on-screen keyboards,
/// remote desktops.
pub(super) const OTHER_KEYS: &[Edit] = &[
    Edit {
        file: "src/platform/x11/keyboard.rs",
        find: "        Code::IntlRo => a(\"\\\\\"),\n",
        replace: "        Code::IntlRo => k(m, \"\\\\\", \"_\", hw_code, xkb_state),\n",
    },
    Edit {
        file: "src/platform/x11/keyboard.rs",
        find: "        Code::IntlYen => a(\"¥\"),\n",
        replace: "        Code::IntlYen => k(m, \"¥\", \"|\", hw_code, xkb_state),\n",
    },
    Edit {
        file: "src/platform/x11/keyboard.rs",
        find: "        _ => Key::Named(NamedKey::Unidentified),\n    }\n}\n",
        replace: "        _ => match xkb_state.as_ref().map(|state| state.key_get_utf8(hw_code)) {
            Some(text) if !text.is_empty() && !text.chars().any(char::is_control) => Key::Character(text),
            _ => Key::Named(NamedKey::Unidentified),
        },
    }
}
",
    },
];

/// The layout of the moment, not that of when the window was opened.
pub(super) const LAYOUT: &[Edit] = &[
    // A client that has opened its display by Xlib hears of a layout through the keyboard extension or not at all, and there
    // only what it asked for.
    Edit {
        file: "src/platform/x11/event_loop.rs",
        find: "        Ok(Self {\n            loop_signal: inner.get_signal(),\n",
        replace: "        // Without it the layout stays that of now.
        if let Err(e) = listen_for_layouts(window.connection.conn.xcb_connection()) {
            warn!(\"changes of the keyboard's layout are not heard: {e}\");
        }

        Ok(Self {
            loop_signal: inner.get_signal(),
",
    },
    Edit {
        file: "src/platform/x11/event_loop.rs",
        find: "pub(crate) struct EventLoop {\n",
        replace: "/// Asks the server to tell when the keyboard's layout changes or another keyboard is used.
fn listen_for_layouts(connection: &impl Connection) -> Result<(), x11rb::errors::ReplyError> {
    use x11rb::protocol::xkb::{ConnectionExt, EventType, MapPart, SelectEventsAux};
    /// The extension's word for the keyboard that all clients share.
    const CORE_KEYBOARD: u16 = 0x100;
    connection.xkb_use_extension(1, 0)?.reply()?;
    let wanted = EventType::NEW_KEYBOARD_NOTIFY | EventType::MAP_NOTIFY;
    let map = MapPart::from(0xffu16);
    let details = SelectEventsAux::new();
    let nothing = EventType::from(0u16);
    connection.xkb_select_events(CORE_KEYBOARD, nothing, wanted, map, map, &details)?.check()
}

pub(crate) struct EventLoop {
",
    },
    Edit {
        file: "src/platform/x11/event_loop.rs",
        find: "            XEvent::PresentCompleteNotify(e) if e.window == self.shared.raw_id() => {\n",
        replace: "            XEvent::MappingNotify(_) | XEvent::XkbNewKeyboardNotify(_) | XEvent::XkbMapNotify(_) => {
                if let Some(state) = XkbcommonState::new(&self.shared.connection) {
                    self.xkb_state = Some(state);
                }
            }

            XEvent::PresentCompleteNotify(e) if e.window == self.shared.raw_id() => {
",
    },
    Edit {
        file: "src/wrappers/xkbcommon.rs",
        find: "            // state will be unref on drop
            (xkb_x11.xkb_x11_state_new_from_device)(keymap, conn, device_id)
",
        replace: "            if keymap.is_null() {
                (xkb_common.xkb_context_unref)(context);
                return None;
            }
            // state will be unref on drop
            let state = (xkb_x11.xkb_x11_state_new_from_device)(keymap, conn, device_id);
            (xkb_common.xkb_keymap_unref)(keymap);
            state
",
    },
];
