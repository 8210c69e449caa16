//! The edits themselves. The numbers are those of the list in [the parent module](super).

/// A dependency that is repaired.
pub(super) struct PatchedCrate {
    /// Name in the registry.
    pub(super) name: &'static str,
    /// The only version the edits were made for.
    pub(super) version: &'static str,
    /// Text that ends up in the built plugin if the copy was used; to be changed with the edits. None where there is
    /// nothing to mistake it for.
    pub(super) marker: Option<&'static str>,
    /// What is changed.
    pub(super) edits: &'static [Edit],
}

/// One replacement in one file.
pub(super) struct Edit {
    /// Path below the crate's folder.
    pub(super) file: &'static str,
    /// Text that must occur exactly once.
    pub(super) find: &'static str,
    /// What takes its place.
    pub(super) replace: &'static str,
}

/// The dependencies that every build repairs.
pub(super) const CRATES: &[PatchedCrate] = &[
    PatchedCrate {
        name: "nice-plug",
        version: "0.4.2",
        marker: Some("STRAIGHTSHOT_NICE_PLUG_PATCH_1"),
        edits: NICE_PLUG,
    },
    PatchedCrate {
        name: "baseview",
        version: "0.4.2",
        marker: Some("the window's thread panicked"),
        edits: BASEVIEW,
    },
];

/// What a CUDA build changes besides.
pub(super) const CUDA_CRATES: &[PatchedCrate] = &[
    PatchedCrate { name: "cudarc", version: "0.19.10", marker: None, edits: CUDARC },
    PatchedCrate { name: "candle-kernels", version: "0.11.1", marker: None, edits: CANDLE_KERNELS },
];

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

/// Edits of nice-plug.
const NICE_PLUG: &[Edit] = &[
    // The marker. The copy is no registry crate any more, so cargo would also show its warnings.
    Edit {
        file: "src/lib.rs",
        find: "pub use nice_plug_core::*;",
        replace: concat!(
            "#![allow(unused_variables)]\n",
            "#[unsafe(no_mangle)]\n#[used]\npub static STRAIGHTSHOT_NICE_PLUG_PATCH_1: u8 = 1;\n",
            "pub use nice_plug_core::*;"
        ),
    },
    // 1: tasks of the background thread
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
    // 1: the host's thread
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
    // 1 and 2: the end of the background thread; it may itself hold the last reference, and cannot join itself
    Edit {
        file: "src/event_loop/background_thread.rs",
        find: ".expect(\"Failed while sending worker thread shutdown request\")",
        replace: ".ok()",
    },
    Edit {
        file: "src/event_loop/background_thread.rs",
        find: ".expect(\"Missing Worker thread JoinHandle\")
            .join()
            .expect(\"Worker thread panicked\")",
        replace: ".filter(|handle| handle.thread().id() != thread::current().id())
            .and_then(|handle| handle.join().ok())",
    },
    Edit {
        file: "src/event_loop/background_thread.rs",
        find: "worker\"\n                    );\n                    return;",
        replace: "worker\"\n                    );",
    },
    // 3
    Edit {
        file: "src/wrapper/vst3/wrapper.rs",
        find: "param_index > unsafe { self.getParameterCount() }",
        replace: "param_index >= unsafe { self.getParameterCount() }",
    },
    Edit {
        file: "src/wrapper/clap/wrapper.rs",
        find: "param_index > unsafe { Self::ext_params_count(plugin) }",
        replace: "param_index >= unsafe { Self::ext_params_count(plugin) }",
    },
    // 4
    Edit {
        file: "src/wrapper/clap/wrapper.rs",
        find: "if wrapper.editor_window.borrow().is_none() {",
        replace: "if wrapper.editor_window.borrow().is_none() && wrapper.host_gui.borrow().is_some() {",
    },
];

/// Edits of baseview; all are number 5.
const BASEVIEW: &[Edit] = &[
    Edit {
        file: "src/platform/x11/window_thread.rs",
        find: "if !self.shared.stopped.load(Ordering::Relaxed) {\n",
        replace: "if !self.shared.stopped.load(Ordering::Relaxed) && !self.shared.is_stop_host_requested() {\n",
    },
    Edit {
        file: "src/platform/x11/window_thread.rs",
        find: "if let Err(panic) = thread.join() {
            resume_unwind(panic);
",
        replace: "if thread.join().is_err() {
            return Err(PlatformError::Run(String::from(\"the window's thread panicked\")));
",
    },
    Edit { file: "src/platform/x11/window_thread.rs", find: "use std::panic::resume_unwind;\n", replace: "" },
];

/// Number 6. The sources distinguish loading only from everything else, so the manifest need not be changed.
const CUDARC: &[Edit] = &[Edit {
    file: "build.rs",
    find: "#[cfg(feature = \"dynamic-linking\")]\n    dynamic_linking(major, minor);",
    replace: "println!(r#\"cargo:rustc-cfg=feature=\"dynamic-loading\"\"#);",
}];

/// Number 7.
const CANDLE_KERNELS: &[Edit] = &[
    // The rest of main() becomes a function that is never called.
    Edit {
        file: "build.rs",
        find: "    bindings.write(&ptx_path)?;\n",
        replace: concat!(
            "    bindings.write(&ptx_path)?;\n    Ok(())\n}\n\n",
            "#[allow(dead_code)]\nfn quantised(out_dir: PathBuf) -> Result<()> {\n"
        ),
    },
    // Kernels compiled when they are loaded; an empty text is refused by the driver with an error.
    Edit {
        file: "build.rs",
        find: ".exclude(&[\"moe_*.cu\", \"mmvq_gguf.cu\", \"mmq_*.cu\"])",
        replace: ".exclude(&[\"moe_*.cu\", \"mmvq_gguf.cu\", \"mmq_*.cu\", \"quantized.cu\"])",
    },
    Edit {
        file: "src/lib.rs",
        find: "mdl!(QUANTIZED, Quantized);",
        replace: "pub const QUANTIZED: Module = Module { index: module_index(Id::Quantized), ptx: \"\" };",
    },
    Edit {
        file: "src/ffi.rs",
        find: "#[allow(dead_code)]\n#[allow(improper_ctypes)]\nextern \"C\" {",
        replace: r#"macro_rules! absent {
    ($($(#[$attribute:meta])* pub fn $name:ident($($argument:ident: $kind:ty),* $(,)?) $(-> $result:ty)?;)*) => {
        $(
            $(#[$attribute])*
            #[allow(non_snake_case, clippy::missing_safety_doc)]
            pub unsafe extern "C" fn $name($(_: $kind),*) $(-> $result)? {
                panic!("this build of Straightshot has no quantised CUDA kernels")
            }
        )*
    };
}

absent! {"#,
    },
];
