//! Repairs of the crates that only a build with CUDA has.

use super::{Edit, Proof, Repair};

/// Repairs of cudarc 0.19.10.
pub(super) const CUDARC: &[Repair] = &[Repair {
    name: "cudarc-loads-late",
    why: "As candle asks for it, it is linked to NVIDIA's libraries, and a plugin with CUDA does not start \
              where they are missing; now it loads them when they are first used. Its sources distinguish \
              loading only from everything else, so the manifest need not be changed.",
    proof: Proof::NoTest(
        "it takes NVIDIA's compiler to build, which the tests have not; `cargo xtask cuda` itself looks for \
             NVIDIA's libraries in what it built and fails",
    ),
    edits: &[Edit {
        file: "build.rs",
        find: "#[cfg(feature = \"dynamic-linking\")]\n    dynamic_linking(major, minor);",
        replace: "println!(r#\"cargo:rustc-cfg=feature=\"dynamic-loading\"\"#);",
    }],
    added: &[],
}];

/// Repairs of candle-kernels 0.11.1.
pub(super) const CANDLE_KERNELS: &[Repair] = &[Repair {
    name: "no-quantised-kernels",
    why: "It links NVIDIA's runtime, but only for kernels of quantised models, which also take nine tenths \
              of its build; now these are left out. A function that is called all the same ends the process \
              with a message; nothing of ours does.",
    proof: Proof::NoTest(
        "it takes NVIDIA's compiler to build, which the tests have not; `cargo xtask cuda` itself looks for \
             NVIDIA's libraries in what it built and fails",
    ),
    edits: &[
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
    ],
    added: &[],
}];
