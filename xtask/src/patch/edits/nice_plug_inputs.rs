//! Repairs of auxiliary inputs in nice-plug.

use super::{Edit, Proof, Repair};

/// An auxiliary input that the host does not have.
pub(super) const INPUTS: Repair = Repair {
    name: "optional-inputs",
    why: "A plugin with an auxiliary input and no main one: a CLAP host without inputs had the buffers behind its list read, a \
          VST3 host as many as it has outputs; and a VST3 host that asked for no inputs was refused, or had the arrangement \
          behind its list read. Now an input that is not there is silent.",
    proof: Proof::Test("unruly::orders_before_the_set_up_are_answered"),
    edits: &[
        Edit {
            file: "src/wrapper/clap/wrapper.rs",
            find: "if aux_input_idx > process.audio_inputs_count as usize {",
            replace: "if aux_input_idx >= process.audio_inputs_count as usize {",
        },
        Edit {
            file: "src/wrapper/vst3/wrapper.rs",
            find: "if aux_input_idx > data.numOutputs as usize {",
            replace: "if aux_input_idx >= data.numInputs as usize {",
        },
        Edit {
            file: "src/wrapper/vst3/wrapper.rs",
            find: "if num_ins as usize != num_layout_ins || num_outs as usize != num_layout_outs {",
            replace: "if num_ins as usize > num_layout_ins
                    || (num_ins as usize) < usize::from(layout.main_input_channels.is_some())
                    || num_outs as usize != num_layout_outs
                {",
        },
        Edit {
            file: "src/wrapper/vst3/wrapper.rs",
            find: "let aux_input_start_idx = if has_main_input { 0 } else { 1 };",
            replace: "let aux_input_start_idx = if has_main_input { 1 } else { 0 };",
        },
        Edit {
            file: "src/wrapper/vst3/wrapper.rs",
            find: "for (aux_input_idx, channel_count) in layout.aux_input_ports.iter().enumerate() {",
            replace: "let given = (num_ins as usize).saturating_sub(aux_input_start_idx);
                for (aux_input_idx, channel_count) in
                    layout.aux_input_ports.iter().take(given).enumerate()
                {",
        },
    ],
    added: &[],
};
