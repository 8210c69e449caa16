//! What is repaired, why, and which test fails without it. The replacements themselves are in the files beside this one.

mod baseview;
mod baseview_keys;
mod cuda;
mod egui_baseview;
mod nice_plug;
mod nice_plug_hosts;
mod nice_plug_midi;
mod nice_plug_order;

use std::fmt;

/// A dependency that is repaired.
pub(super) struct PatchedCrate {
    /// Name in the registry.
    pub(super) name: &'static str,
    /// The only version the edits were made for.
    pub(super) version: &'static str,
    /// Text that ends up in the built plugin if the copy was used; to be changed with the edits. None where there is
    /// nothing to mistake it for.
    pub(super) marker: Option<&'static str>,
    /// What is repaired.
    pub(super) repairs: &'static [Repair],
}

/// One fault and all that is changed because of it.
pub(super) struct Repair {
    /// Short name, for `STRAIGHTSHOT_LEAVE_OUT`.
    pub(super) name: &'static str,
    /// What goes wrong without it, and what happens instead.
    pub(super) why: &'static str,
    /// How one would notice that it is missing.
    pub(super) proof: Proof,
    /// What is replaced.
    pub(super) edits: &'static [Edit],
    /// Files of ours that the crate gets besides: their path below the crate's folder and their text.
    pub(super) added: &'static [(&'static str, &'static str)],
}

/// How one would notice that a repair is missing.
pub(super) enum Proof {
    /// A test that fails without it: `file::name` below `tests/host`.
    Test(&'static str),
    /// No test that runs on every machine can; the reason.
    NoTest(&'static str),
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Test(test) => write!(f, "{test} fails now"),
            Self::NoTest(reason) => write!(f, "no test fails now: {reason}"),
        }
    }
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
        marker: Some("STRAIGHTSHOT_NICE_PLUG_PATCH_2"),
        repairs: nice_plug::REPAIRS,
    },
    PatchedCrate {
        name: "baseview",
        version: "0.4.2",
        marker: Some("STRAIGHTSHOT_BASEVIEW_PATCH_3"),
        repairs: baseview::REPAIRS,
    },
    PatchedCrate {
        name: "egui-baseview",
        version: "0.9.0",
        marker: Some("STRAIGHTSHOT_EGUI_BASEVIEW_PATCH_2"),
        repairs: egui_baseview::REPAIRS,
    },
];

/// What a CUDA build changes besides.
pub(super) const CUDA_CRATES: &[PatchedCrate] = &[
    PatchedCrate { name: "cudarc", version: "0.19.10", marker: None, repairs: cuda::CUDARC },
    PatchedCrate { name: "candle-kernels", version: "0.11.1", marker: None, repairs: cuda::CANDLE_KERNELS },
];
