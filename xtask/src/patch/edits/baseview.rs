//! Repairs of baseview.

use super::baseview_keys::{COMPOSE, LAYOUT, OTHER_KEYS};
use super::{Edit, Proof, Repair};

/// All repairs of baseview 0.4.2.
pub(super) const REPAIRS: &[Repair] = &[
    Repair {
        name: "baseview-marker",
        why: "Not a fault: shows that a built plugin holds this copy and not the crate as published.",
        proof: Proof::NoTest("`cargo xtask bundle` itself fails without it"),
        edits: &[Edit {
            file: "src/lib.rs",
            find: "mod keyboard;\n",
            replace: concat!(
                "mod keyboard;\n",
                "#[no_mangle]\n#[used]\n/// Marks this copy.\npub static STRAIGHTSHOT_BASEVIEW_PATCH_3: u8 = 3;\n"
            ),
        }],
        added: &[],
    },
    Repair {
        name: "closing-waits",
        why: "Closing a window asks its thread to show it once more; when the thread has ended meanwhile, the request \
              fails and the rest of the thread is not waited for, so that a host which unloads the library now crashes. \
              A thread that was told to stop is not asked any more.",
        proof: Proof::Test("window_thread::closing_the_editor_waits_for_its_thread"),
        edits: &[Edit {
            file: "src/platform/x11/window_thread.rs",
            find: "if !self.shared.stopped.load(Ordering::Relaxed) {\n",
            replace: "if !self.shared.stopped.load(Ordering::Relaxed) && !self.shared.is_stop_host_requested() {\n",
        }],
        added: &[],
    },
    Repair {
        name: "present-when-mapped",
        why: "A frame that was asked for before the window was mapped asked the server for a notice that it sends only to \
              mapped windows, and every later frame waited for it: the window stayed blank for ever. Now the first \
              notice is asked for when the window is mapped.",
        proof: Proof::Test("editor::the_editor_draws_however_late_the_host_shows_it"),
        edits: PRESENT,
        added: &[],
    },
    Repair {
        name: "panic-stays-inside",
        why: "A panic of the window's thread was carried on into the host's call, which ends the host; now it is an \
              error in the log.",
        proof: Proof::Test("window_thread::a_panic_of_the_windows_thread_stays_inside"),
        edits: &[
            Edit {
                file: "src/platform/x11/window_thread.rs",
                find: "if let Err(panic) = thread.join() {
            resume_unwind(panic);
",
                replace: "if thread.join().is_err() {
            return Err(PlatformError::Run(String::from(\"the window's thread panicked\")));
",
            },
            Edit {
                file: "src/platform/x11/window_thread.rs",
                find: "use std::panic::resume_unwind;\n",
                replace: "",
            },
        ],
        added: &[],
    },
    Repair {
        name: "keyboard-claim",
        why: "On X11 the window asked for keys at all times and so got those meant for the host whenever the pointer \
              was over it, and took the focus on any click. Now the host has the keyboard except while somebody \
              types, see `added/keyboard_claim.rs`.",
        proof: Proof::Test("focus::the_editors_leave_the_keyboard_to_other_programs"),
        edits: KEYBOARD_CLAIM,
        added: &[("src/platform/x11/keyboard_claim.rs", include_str!("../added/keyboard_claim.rs"))],
    },
    Repair {
        name: "modifiers-of-the-event",
        why: "Which modifiers are down was counted from the keys that the window saw; Shift released in another window \
              stayed down here for ever. Now each key's own event says it.",
        proof: Proof::Test("focus::a_modifier_released_elsewhere_is_not_held"),
        edits: MODIFIERS,
        added: &[],
    },
    Repair {
        name: "dead-keys",
        why: "An accent that is typed by a dead key before its letter was lost, and Ctrl+Z was the key where Z is on an \
              American keyboard. Now the system's table composes characters, and a key with Ctrl is what is written on it.",
        proof: Proof::Test("keyboard::dead_keys_compose_characters"),
        edits: COMPOSE,
        added: &[],
    },
    Repair {
        name: "other-keys",
        why: "Only keys of an American keyboard wrote anything: what an on-screen keyboard or a remote desktop types by a key \
              of its own was lost, and so were the keys that Japanese and Brazilian keyboards have besides.",
        proof: Proof::Test("keyboard::characters_that_no_key_has_are_typed"),
        edits: OTHER_KEYS,
        added: &[],
    },
    Repair {
        name: "layout-of-the-moment",
        why: "The keyboard's layout was read when the window was opened; one that was chosen later was not seen until it was \
              opened anew. Now it is read again when the server says that it has changed.",
        proof: Proof::Test("keyboard::a_layout_that_changes_counts_at_once"),
        edits: LAYOUT,
        added: &[],
    },
];

/// No notice of a picture's end is asked for before the server would send it.
const PRESENT: &[Edit] = &[
    Edit {
        file: "src/platform/x11/present.rs",
        find: "    present_notify_requested: Cell<bool>,\n",
        replace: "    present_notify_requested: Cell<bool>,\n    listening: Cell<bool>,\n",
    },
    Edit {
        file: "src/platform/x11/present.rs",
        find: "present_notify_requested: false.into(), poll",
        replace: "present_notify_requested: false.into(), listening: false.into(), poll",
    },
    Edit {
        file: "src/platform/x11/present.rs",
        find: "window.present_select_input()? {\n",
        replace: "window.present_select_input()? {\n            shared.listening.set(true);\n",
    },
    Edit {
        file: "src/platform/x11/present.rs",
        find: "        let (next_serial, target_msc) =\n",
        replace: "        if !shared.listening.get() {
            return Ok(());
        }

        let (next_serial, target_msc) =\n",
    },
];

/// Hooks for the added file.
const KEYBOARD_CLAIM: &[Edit] = &[
    Edit {
        file: "src/platform/x11/mod.rs",
        find: "mod keyboard;\n",
        replace: "mod keyboard;\nmod keyboard_claim;\n",
    },
    Edit {
        file: "src/platform/x11/window_shared.rs",
        find: "    pub is_focused: Cell<bool>,\n",
        replace: "    pub is_focused: Cell<bool>,\n    pub keyboard: super::keyboard_claim::KeyboardClaim,\n",
    },
    Edit {
        file: "src/platform/x11/window_shared.rs",
        find: "            is_focused: false.into(),\n",
        replace: concat!(
            "            is_focused: false.into(),\n",
            "            keyboard: super::keyboard_claim::KeyboardClaim::new(\n",
            "                Rc::clone(&connection),\n",
            "                xcb_window.id().get(),\n",
            "                parent_id.is_some(),\n",
            "            )?,\n",
        ),
    },
    Edit {
        file: "src/platform/x11/window_shared.rs",
        find: "    pub fn resize(&self, new_size: Size) -> PlatformResult<()> {\n",
        replace: concat!(
            "    pub fn want_keyboard(&self, wanted: bool) {\n",
            "        if let Some(delay) = self.keyboard.want(wanted) {\n",
            "            self.request_redraw_after(delay);\n",
            "        }\n",
            "    }\n\n",
            "    pub fn resize(&self, new_size: Size) -> PlatformResult<()> {\n",
        ),
    },
    Edit {
        file: "src/context.rs",
        find: "    /// Resizes this window to the given `size`.\n",
        replace: concat!(
            "    /// Whether something in the window takes text; only X11 has to know.\n",
            "    pub fn want_keyboard(&self, wanted: bool) {\n",
            "        #[cfg(target_os = \"linux\")]\n",
            "        self.inner.want_keyboard(wanted);\n",
            "        #[cfg(not(target_os = \"linux\"))]\n",
            "        let _ = wanted;\n",
            "    }\n\n",
            "    /// Resizes this window to the given `size`.\n",
        ),
    },
    Edit {
        file: "src/platform/x11/event_loop.rs",
        find: "self.shared.xcb_window.reparent(Some(new_parent.window_id))?.check()?\n",
        replace: concat!(
            "self.shared.xcb_window.reparent(Some(new_parent.window_id))?.check()?;\n",
            "                self.shared.keyboard.embed()?\n",
        ),
    },
    Edit {
        file: "src/platform/x11/event_loop.rs",
        find: "                handle_button_press(event, &self.handler)\n",
        replace: concat!(
            "                self.shared.keyboard.clicked(event.detail);\n",
            "                handle_button_press(event, &self.handler)\n",
        ),
    },
    Edit {
        file: "src/platform/x11/event_loop.rs",
        find: "                self.handler.on_event(Event::Keyboard(convert_key_press_event(
                    &event,
                    &mut self.xkb_state,
                )));
",
        replace: "                let status = self.handler.on_event(Event::Keyboard(convert_key_press_event(
                    &event,
                    &mut self.xkb_state,
                )));
                self.shared.keyboard.key_pressed(&event, status != crate::EventStatus::Ignored);
",
    },
    Edit {
        file: "src/platform/x11/event_loop.rs",
        find: "                self.handler.on_event(Event::Keyboard(convert_key_release_event(
                    &event,
                    &mut self.xkb_state,
                )));
",
        replace: "                self.handler.on_event(Event::Keyboard(convert_key_release_event(
                    &event,
                    &mut self.xkb_state,
                )));
                self.shared.keyboard.key_released(&event);
",
    },
    Edit {
        file: "src/platform/x11/event_loop.rs",
        find: "            XEvent::FocusIn(event) if event.event == self.shared.raw_id() => {
                self.shared.is_focused.set(true);
                self.handler.on_event(Event::Window(WindowEvent::Focused));
",
        replace: "            XEvent::FocusIn(event) if event.event == self.shared.raw_id() => {
                if self.shared.keyboard.focused(&event) {
                    self.shared.is_focused.set(true);
                    self.handler.on_event(Event::Window(WindowEvent::Focused));
                }
",
    },
    Edit {
        file: "src/platform/x11/event_loop.rs",
        find: "                self.shared.is_focused.set(false);
                self.handler.on_event(Event::Window(WindowEvent::Unfocused));
",
        replace: "                if self.shared.keyboard.unfocused(&e) {
                    self.shared.is_focused.set(false);
                    self.handler.on_event(Event::Window(WindowEvent::Unfocused));
                }
                self.shared.request_redraw();
",
    },
    Edit {
        file: "src/platform/x11/event_loop.rs",
        find: "            _ => {}
        }

        Ok(())
    }
}
",
        replace: "            event => self.shared.keyboard.unknown_event(&event),
        }

        Ok(())
    }
}
",
    },
    Edit {
        file: "src/platform/x11/event_loop.rs",
        find: "        self.handler.on_event(Event::Window(WindowEvent::WillClose));\n",
        replace: concat!(
            "        self.shared.keyboard.closing();\n",
            "        self.handler.on_event(Event::Window(WindowEvent::WillClose));\n",
        ),
    },
];

/// The state of the modifiers and of the layout comes with each key.
const MODIFIERS: &[Edit] = &[
    Edit {
        file: "src/platform/x11/keyboard.rs",
        find: "state.update_key_down(hw_code);",
        replace: "state.follow(key_press.state);",
    },
    Edit {
        file: "src/platform/x11/keyboard.rs",
        find: "state.update_key_up(hw_code);",
        replace: "state.follow(key_release.state);",
    },
    Edit {
        file: "src/wrappers/xkbcommon.rs",
        find: "    pub fn update_key(&mut self, code: Keycode, dir: xkbc::xkb_key_direction) {
        unsafe {
            (self.xkb_common.xkb_state_update_key)(self.state, code, dir);
        }
    }

    pub fn update_key_down(&mut self, code: Keycode) {
        self.update_key(code, xkbc::xkb_key_direction::XKB_KEY_DOWN)
    }

    pub fn update_key_up(&mut self, code: Keycode) {
        self.update_key(code, xkbc::xkb_key_direction::XKB_KEY_UP)
    }
",
        // The lower eight bits are the modifiers, 13 and 14 the layout.
        replace: "    pub fn follow(&mut self, state: x11rb::protocol::xproto::KeyButMask) {
        let state = u32::from(u16::from(state));
        unsafe {
            (self.xkb_common.xkb_state_update_mask)(self.state, state & 0xff, 0, 0, 0, 0, (state >> 13) & 3);
        }
    }
",
    },
];
