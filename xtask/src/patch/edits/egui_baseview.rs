//! Repairs of egui-baseview.

use super::{Edit, Proof, Repair};

/// All repairs of egui-baseview 0.9.0.
pub(super) const REPAIRS: &[Repair] = &[
    Repair {
        name: "egui-baseview-marker",
        why: "Not a fault: shows that a built plugin holds this copy and not the crate as published.",
        proof: Proof::NoTest("`cargo xtask bundle` itself fails without it"),
        edits: &[Edit {
            file: "src/lib.rs",
            find: "mod renderer;\n",
            replace: concat!(
                "mod renderer;\n",
                "#[unsafe(no_mangle)]\n#[used]\n/// Marks this copy.\n",
                "pub static STRAIGHTSHOT_EGUI_BASEVIEW_PATCH_3: u8 = 3;\n"
            ),
        }],
        added: &[],
    },
    Repair {
        name: "no-focus-on-any-click",
        why: "The window took the focus on every click, a button included. On X11, where nobody gave it back, only \
              what follows does.",
        proof: Proof::Test("focus::a_click_beside_the_fields_leaves_the_keyboard_to_the_host"),
        edits: &[Edit {
            file: "src/window.rs",
            find: ") && !self.window.has_focus()\n",
            replace: ") && !cfg!(target_os = \"linux\")\n            && !self.window.has_focus()\n",
        }],
        added: &[],
    },
    Repair {
        name: "keyboard-claim",
        why: "The part of egui-baseview in baseview's repair of this name: tells the window after each frame whether \
              something in it takes text.",
        proof: Proof::Test("focus::the_keyboard_goes_back_to_the_host_when_typing_ends"),
        edits: &[Edit {
            file: "src/window.rs",
            find: "        // A temporary workaround for keyboard input not working sometimes.\n",
            replace: concat!(
                "        let takes_text = self.inner.borrow().egui_ctx.egui_wants_keyboard_input();\n",
                "        self.window.want_keyboard(takes_text);\n\n",
                "        // A temporary workaround for keyboard input not working sometimes.\n",
            ),
        }],
        added: &[],
    },
    Repair {
        name: "host-keys",
        why: "While a text field has the keyboard, it swallowed keys that it has no use for: Ctrl+S saved no project. \
              They are reported as not used, and baseview sends them on to the host. A program without a host says so by \
              `KeyCapture::IgnoreKeys` and gets them all.",
        proof: Proof::Test("focus::keys_that_a_field_has_no_use_for_reach_the_host"),
        edits: &[
            Edit {
                file: "src/lib.rs",
                find: "mod translate;\n",
                replace: "mod host_keys;\nmod translate;\n",
            },
            Edit {
                file: "src/window.rs",
                find: "            baseview::Event::Keyboard(event) => {
                update_modifiers(&self.modifiers, &event.modifiers, &mut egui_input);
",
                replace: "            baseview::Event::Keyboard(event) => {
                update_modifiers(&self.modifiers, &event.modifiers, &mut egui_input);
                let ours = matches!(&self.inner.borrow().frame.key_capture, KeyCapture::IgnoreKeys(_));
                let typing = self.inner.borrow().egui_ctx.text_edit_focused();
                if cfg!(target_os = \"linux\") && !ours && crate::host_keys::is_for_the_host(event, typing) {
                    return EventStatus::Ignored;
                }
",
            },
        ],
        added: &[("src/host_keys.rs", include_str!("../added/host_keys.rs"))],
    },
    Repair {
        name: "dropped-files",
        why: "Files that are dragged over the window and dropped into it were known to baseview and not to egui.",
        proof: Proof::Test("drop_in::a_file_that_is_dropped_into_the_window_is_followed"),
        edits: &[
            Edit { file: "src/lib.rs", find: "mod window;\n", replace: "mod dropped;\nmod window;\n" },
            Edit {
                file: "src/window.rs",
                find: "        let mut return_status = EventStatus::Captured;\n",
                replace: "        let mut return_status = EventStatus::Captured;
        if let baseview::Event::Mouse(dragged) = &event
            && let Some(status) = crate::dropped::take(dragged, &mut self.egui_input.borrow_mut())
        {
            self.window.request_redraw();
            return status;
        }
",
            },
        ],
        added: &[("src/dropped.rs", include_str!("../added/dropped.rs"))],
    },
    Repair {
        name: "more-keys",
        why: "Function keys, + and - and capital letters were no keys to egui, only text: no help by F1, no rename by F2, no \
              zoom, no Ctrl+Shift+Z.",
        proof: Proof::Test("keyboard::keyboard_only_from_prompt_to_a_named_take"),
        edits: &[Edit {
            file: "src/translate.rs",
            find: "        K::Character(s) => match s.chars().next()? {\n",
            replace: "        K::Named(NamedKey::F1) => Key::F1,
        K::Named(NamedKey::F2) => Key::F2,

        K::Character(s) => match s.chars().next()?.to_ascii_lowercase() {
            '+' => Key::Plus,
            '-' => Key::Minus,
            '=' => Key::Equals,
            '?' => Key::Questionmark,
            ',' => Key::Comma,
            '.' => Key::Period,
            '[' => Key::OpenBracket,
            ']' => Key::CloseBracket,
",
        }],
        added: &[],
    },
];
