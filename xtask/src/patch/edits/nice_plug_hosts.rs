//! Repairs of what nice-plug tells hosts and takes from them.

use super::{Edit, Proof, Repair};

/// The plain value of a parameter is in the unit beside it.
pub(super) const UNITS: Repair = Repair {
    name: "vst3-plain-units",
    why: "VST3: a host that shows plain values wrote \"1 dB\" for a gain of 0 dB and \"1 %\" for all of it, because the plain \
          value was the one that the plugin computes with: a factor, a share, seconds. Now it is in the unit that the \
          parameter has, for the units that this plugin shows otherwise than it stores; and units begin without a space, \
          which hosts put there.",
    proof: Proof::Test("parameters::plain_values_of_the_vst3_are_in_the_units_beside_them"),
    edits: &[
        Edit {
            file: "src/wrapper/vst3/util.rs",
            find: "/// The same as [`strlcpy()`], but for VST3's fun UTF-16 strings instead.\n",
            replace: "/// A value as the plugin stores it, in the unit that it is shown in.
pub fn plain_in_unit(unit: &str, stored: f64) -> f64 {
    match unit.trim_start() {
        \"dB\" => 20.0 * stored.max(1e-5).log10(),
        \"%\" => 100.0 * stored,
        \"ms\" => 1000.0 * stored,
        _ => stored,
    }
}

/// The opposite of [`plain_in_unit`].
pub fn stored_from_unit(unit: &str, plain: f64) -> f64 {
    match unit.trim_start() {
        \"dB\" => 10.0_f64.powf(plain / 20.0),
        \"%\" => plain / 100.0,
        \"ms\" => plain / 1000.0,
        _ => plain,
    }
}

/// The same as [`strlcpy()`], but for VST3's fun UTF-16 strings instead.
",
        },
        Edit {
            file: "src/wrapper/vst3/wrapper.rs",
            find: "u16strlcpy(&mut info.units, unsafe { param_ptr.unit() });",
            replace: "u16strlcpy(&mut info.units, unsafe { param_ptr.unit() }.trim_start());",
        },
        Edit {
            file: "src/wrapper/vst3/wrapper.rs",
            find: "Some(param_ptr) => unsafe { param_ptr.preview_plain(value_normalized as f32) as f64 },",
            replace: "Some(param_ptr) => unsafe {
                let stored = param_ptr.preview_plain(value_normalized as f32) as f64;
                super::util::plain_in_unit(param_ptr.unit(), stored)
            },",
        },
        Edit {
            file: "src/wrapper/vst3/wrapper.rs",
            find: "Some(param_ptr) => unsafe { param_ptr.preview_normalized(plain_value as f32) as f64 },",
            replace: "Some(param_ptr) => unsafe {
                let stored = super::util::stored_from_unit(param_ptr.unit(), plain_value);
                param_ptr.preview_normalized(stored as f32) as f64
            },",
        },
    ],
    added: &[],
};

/// The mode of a set-up counts for that set-up.
pub(super) const OFFLINE: Repair = Repair {
    name: "vst3-process-mode",
    why: "VST3: a set-up for an offline render told the plugin the mode of the set-up before it, so that a bounce right after \
          a project opens began without the sounds that were still being read. Now it is told its own.",
    proof: Proof::Test("bounce::an_offline_render_has_every_sound_from_its_first_block"),
    edits: &[Edit {
        file: "src/wrapper/vst3/wrapper.rs",
        find: "        self.inner.current_process_mode.store(mode);\n",
        replace: "        self.inner.current_process_mode.store(mode);
        if let Some(config) = self.inner.current_buffer_config.load() {
            let config = BufferConfig { process_mode: mode, ..config };
            self.inner.current_buffer_config.store(Some(config));
        }
",
    }],
    added: &[],
};
