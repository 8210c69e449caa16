//! Repairs of nice-plug.

use super::nice_plug_hosts::{OFFLINE, UNITS};
use super::nice_plug_inputs::INPUTS;
use super::nice_plug_midi::CONTROLLERS;
use super::nice_plug_order::{BUFFERS, MANY_EVENTS, ORDER, TRAPS};
use super::{Edit, Proof, Repair};

/// The first line of the three tasks which touch the editor.
macro_rules! editor_borrowed {
    ($rest:literal) => {
        concat!("if let Some(editor_window) = self.editor_window.borrow().as_ref() {\n", $rest)
    };
}

/// The condition under which a task may touch the editor: the slot is free and belongs to this thread.
macro_rules! editor_if_ours {
    ($rest:literal) => {
        concat!(
            "if let Ok(slot) = self.editor_window.try_borrow()\n",
            "                    && let Some(window) = slot.as_ref()\n",
            "                    && let Ok(editor_window) = window.try_get()\n                {\n",
            $rest
        )
    };
}

/// Borrows the editor's slot on the host's thread; waits up to 100 ms for the background thread to give way.
macro_rules! slot_or_refuse {
    ($name:literal) => {
        concat!(
            "let Some(mut ",
            $name,
            ") = (0..1000).find_map(|_| {\n",
            "            let slot = inner.editor_window.try_borrow_mut().ok();\n",
            "            if slot.is_none() {\n",
            "                std::thread::sleep(std::time::Duration::from_micros(100));\n",
            "            }\n            slot\n        }) else {\n            return kResultFalse;\n        };"
        )
    };
}

/// All repairs of nice-plug 0.4.2.
pub(super) const REPAIRS: &[Repair] = &[
    Repair {
        name: "nice-plug-marker",
        why: "Not a fault: shows that a built plugin holds this copy and not the crate as published. The copy \
              is no registry crate any more, so cargo would also show its warnings.",
        proof: Proof::NoTest("`cargo xtask bundle` itself fails without it"),
        edits: &[Edit {
            file: "src/lib.rs",
            find: "pub use nice_plug_core::*;",
            replace: concat!(
                "#![allow(unused_variables)]\n",
                "#[unsafe(no_mangle)]\n#[used]\npub static STRAIGHTSHOT_NICE_PLUG_PATCH_2: u8 = 2;\n",
                "pub use nice_plug_core::*;"
            ),
        }],
        added: &[],
    },
    Repair {
        name: "vst3-editor-slot",
        why: "VST3: a parameter change that arrives while the editor opens or closes goes to the background \
              thread, which borrows the editor's slot while `attached()` holds it; the panic kills that \
              thread. Now the background thread gives way (the editor draws from the parameters anyway), and \
              `attached()` and `removed()` wait for it.",
        proof: Proof::Test("vst3_stress::automation_while_the_editor_opens_and_closes_is_safe"),
        edits: &[
            Edit {
                file: "src/wrapper/vst3/inner.rs",
                find: editor_borrowed!("                    editor_window.get().handle.state_changed();"),
                replace: editor_if_ours!("                    editor_window.handle.state_changed();"),
            },
            Edit {
                file: "src/wrapper/vst3/inner.rs",
                find: editor_borrowed!(
                    "                    let param_id = &self.param_id_by_hash[&param_hash];
                    editor_window
                        .get()
"
                ),
                replace: editor_if_ours!(
                    "                    let param_id = &self.param_id_by_hash[&param_hash];
                    editor_window
"
                ),
            },
            Edit {
                file: "src/wrapper/vst3/inner.rs",
                find: editor_borrowed!("                    let editor_window = editor_window.get();\n"),
                replace: editor_if_ours!(""),
            },
            Edit {
                file: "src/wrapper/vst3/view.rs",
                find: "let mut window = inner.editor_window.borrow_mut();",
                replace: slot_or_refuse!("window"),
            },
            Edit {
                file: "src/wrapper/vst3/view.rs",
                find: "let mut editor_handle = inner.editor_window.borrow_mut();",
                replace: slot_or_refuse!("editor_handle"),
            },
        ],
        added: &[],
    },
    Repair {
        name: "background-thread-joins-itself",
        why: "VST3: when the background thread holds an instance for a task while the host releases it, and it was the \
              last one, the thread waits for its own end, which panics in the middle of the instance's end. Now it \
              does not wait for itself.",
        proof: Proof::Test("vst3_stress::instances_released_with_tasks_under_way_take_nobody_down"),
        edits: &[Edit {
            file: "src/event_loop/background_thread.rs",
            find: ".expect(\"Missing Worker thread JoinHandle\")
            .join()
            .expect(\"Worker thread panicked\")",
            replace: ".filter(|handle| handle.thread().id() != thread::current().id())
            .and_then(|handle| handle.join().ok())",
        }],
        added: &[],
    },
    Repair {
        name: "background-thread-shared",
        why: "VST3: the background thread is shared by all instances, but ended as soon as one of them went away with \
              a task under way; the release of the last one found it gone and ended the host. Now it goes on.",
        proof: Proof::Test("vst3_stress::instances_released_with_tasks_under_way_take_nobody_down"),
        edits: &[Edit {
            file: "src/event_loop/background_thread.rs",
            find: "worker\"\n                    );\n                    return;",
            replace: "worker\"\n                    );",
        }],
        added: &[],
    },
    Repair {
        name: "vst3-parameter-count",
        why: "VST3: the question about a parameter accepts an index equal to their number and panics, which \
              ends the host.",
        proof: Proof::Test("vst3_stress::asking_the_vst3_for_a_parameter_after_the_last_is_answered"),
        edits: &[Edit {
            file: "src/wrapper/vst3/wrapper.rs",
            find: "param_index > unsafe { self.getParameterCount() }",
            replace: "param_index >= unsafe { self.getParameterCount() }",
        }],
        added: &[],
    },
    Repair {
        name: "clap-parameter-count",
        why: "CLAP: the question about a parameter accepts an index equal to their number and panics, which ends \
              the host.",
        proof: Proof::Test("scan::asking_for_a_parameter_after_the_last_is_answered"),
        edits: &[Edit {
            file: "src/wrapper/clap/wrapper.rs",
            find: "param_index > unsafe { Self::ext_params_count(plugin) }",
            replace: "param_index >= unsafe { Self::ext_params_count(plugin) }",
        }],
        added: &[],
    },
    Repair {
        name: "clap-host-without-gui",
        why: "CLAP: opening the editor panics in a host without the optional `clap.gui` host extension, which \
              ends the host. Now the editor refuses to open there.",
        proof: Proof::Test("editor::a_host_without_the_gui_extension_is_refused_an_editor"),
        edits: &[Edit {
            file: "src/wrapper/clap/wrapper.rs",
            find: "if wrapper.editor_window.borrow().is_none() {",
            replace: "if wrapper.editor_window.borrow().is_none() && wrapper.host_gui.borrow().is_some() {",
        }],
        added: &[],
    },
    Repair {
        name: "host-is-told",
        why: "The framework keeps the host's pointers to itself, so that no plugin can ask its host for REAPER's timeline. \
              Now it tells `straightshot_host` (plugin/drag/src/reaper/entry.rs) of the host as soon as it may be asked, \
              and before it may no longer.",
        proof: Proof::Test("drag_out::a_clap_host_with_reapers_functions_gets_the_take"),
        edits: &[
            Edit {
                file: "src/wrapper/clap/wrapper.rs",
                find: "        #[cfg(feature = \"editor\")]
        wrapper.update_track_info_from_host();
",
                replace: "        unsafe {
            crate::straightshot_host(
                Arc::as_ptr(&wrapper.params).cast(),
                1,
                (&*wrapper.host_callback as *const clap_host).cast_mut().cast(),
            )
        };

        #[cfg(feature = \"editor\")]
        wrapper.update_track_info_from_host();
",
            },
            Edit {
                file: "src/wrapper/vst3/wrapper.rs",
                find: "_context: *mut FUnknown) -> tresult {
        // We currently don't need or allow any initialization logic
",
                replace: "context: *mut FUnknown) -> tresult {
        unsafe { crate::straightshot_host(Arc::as_ptr(&self.inner.params).cast(), 2, context.cast()) };
",
            },
            Edit {
                file: "src/wrapper/vst3/wrapper.rs",
                find: "    unsafe fn terminate(&self) -> tresult {
",
                replace: "    unsafe fn terminate(&self) -> tresult {
        unsafe { crate::straightshot_host(Arc::as_ptr(&self.inner.params).cast(), 2, std::ptr::null_mut()) };
",
            },
            Edit {
                file: "src/lib.rs",
                find: "pub mod prelude;\n",
                replace: "pub mod prelude;

unsafe extern \"C\" {
    pub(crate) fn straightshot_host(
        instance: *const std::ffi::c_void,
        format: u32,
        host: *mut std::ffi::c_void,
    );
    pub(crate) fn straightshot_render_mode(instance: *const std::ffi::c_void, offline: bool);
}
",
            },
        ],
        added: &[],
    },
    Repair {
        name: "clap-render-mode",
        why: "CLAP: a host may go from an offline render back to real time while the plugin is active, and the plugin hears of it \
              at its next activation alone, so that a block could wait in real time. Now it is told at once.",
        proof: Proof::Test("bounce::back_in_real_time_no_block_waits"),
        edits: &[Edit {
            file: "src/wrapper/clap/wrapper.rs",
            find: "        if wrapper.current_process_mode.swap(mode) != mode
",
            replace: "        unsafe {
            crate::straightshot_render_mode(
                Arc::as_ptr(&wrapper.params).cast(),
                mode == ProcessMode::Offline,
            )
        };

        if wrapper.current_process_mode.swap(mode) != mode
",
        }],
        added: &[],
    },
    Repair {
        name: "host-hears-of-changes",
        why: "VST3: the handler that hosts give a plugin, and with it the only way to tell them that the project has unsaved \
              work, is out of a plugin's reach. Now `straightshot_host` is told of it too, so that no parameter has to change \
              for that, which JUCE's hosts showed although it was hidden.",
        proof: Proof::Test("unsaved::a_vst3_host_hears_of_unsaved_work"),
        edits: &[Edit {
            file: "src/wrapper/vst3/wrapper.rs",
            find: "unsafe { ComRef::from_raw(handler) }.map(|r| r.to_com_ptr());
",
            replace: "unsafe { ComRef::from_raw(handler) }.map(|r| r.to_com_ptr());
        unsafe { crate::straightshot_host(Arc::as_ptr(&self.inner.params).cast(), 3, handler.cast()) };
",
        }],
        added: &[],
    },
    CONTROLLERS,
    UNITS,
    OFFLINE,
    INPUTS,
    ORDER,
    BUFFERS,
    MANY_EVENTS,
    TRAPS,
];
