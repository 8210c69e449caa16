//! Repairs of what nice-plug makes of MIDI controllers and of many events.

use super::{Edit, Proof, Repair};

/// One hidden parameter for each controller that the plugin answers to, in place of one for every number and channel.
pub(super) const CONTROLLERS: Repair = Repair {
    name: "vst3-controllers",
    why: "VST3: a plugin that takes controllers gets 2,080 parameters, one for each of 130 numbers on each of 16 channels. \
          Hosts list them all, though they are hidden, and some need half a minute to load that. Now there is one for each \
          controller that plugin/src/audio.rs answers to, which all channels share.",
    proof: Proof::Test("parameters::the_vst3_shows_its_own_parameters_and_one_for_each_controller"),
    edits: &[
        Edit {
            file: "src/wrapper/vst3/util.rs",
            find: "pub const VST3_MIDI_CCS: u32 = 130;\n",
            replace: "pub const VST3_MIDI_CONTROLLERS: [(u8, &str); 4] = [
    (64, \"MIDI Sustain Pedal\"),
    (120, \"MIDI All Sound Off\"),
    (121, \"MIDI Reset Controllers\"),
    (123, \"MIDI All Notes Off\"),
];

/// Which of these a controller is. Changes of the mode (124 to 127) release all notes too.
pub fn midi_controller_index(cc: i16) -> Option<u32> {
    let cc = if (124..=127).contains(&cc) { 123 } else { cc };
    let index = VST3_MIDI_CONTROLLERS.iter().position(|(known, _)| i16::from(*known) == cc);
    index.map(|index| index as u32)
}
",
        },
        Edit {
            file: "src/wrapper/vst3/util.rs",
            find: "u32 = VST3_MIDI_CCS * VST3_MIDI_CHANNELS;",
            replace: "u32 = VST3_MIDI_CONTROLLERS.len() as u32;",
        },
        Edit {
            file: "src/wrapper/vst3/wrapper.rs",
            find: "use super::util::{VST3_MIDI_CCS, VST3_MIDI_NUM_PARAMS, VST3_MIDI_PARAMS_START, u16strlcpy};",
            replace: "use super::util::{VST3_MIDI_CONTROLLERS, midi_controller_index};
use super::util::{VST3_MIDI_NUM_PARAMS, VST3_MIDI_PARAMS_START, u16strlcpy};",
        },
        Edit {
            file: "src/wrapper/vst3/wrapper.rs",
            find: "            // This goes up to 130 for the 128 CCs followed by channel pressure and pitch bend
            let midi_cc = midi_param_relative_idx % VST3_MIDI_CCS;
            let midi_channel = midi_param_relative_idx / VST3_MIDI_CCS;
            let name = match midi_cc {
                // kAfterTouch
                128 => format!(\"MIDI Ch. {} Channel Pressure\", midi_channel + 1),
                // kPitchBend
                129 => format!(\"MIDI Ch. {} Pitch Bend\", midi_channel + 1),
                n => format!(\"MIDI Ch. {} CC {}\", midi_channel + 1, n),
            };

            info.id = VST3_MIDI_PARAMS_START + midi_param_relative_idx;
            u16strlcpy(&mut info.title, &name);
            u16strlcpy(&mut info.shortTitle, &name);
",
            replace: "            let (_, name) = VST3_MIDI_CONTROLLERS[midi_param_relative_idx as usize];

            info.id = VST3_MIDI_PARAMS_START + midi_param_relative_idx;
            u16strlcpy(&mut info.title, name);
            u16strlcpy(&mut info.shortTitle, name);
",
        },
        Edit {
            file: "src/wrapper/vst3/wrapper.rs",
            find: "                                    // This goes up to 130 for the 128 CCs followed by channel pressure and pitch bend
                                    let midi_cc = (midi_param_relative_idx % VST3_MIDI_CCS) as u8;
                                    let midi_channel =
                                        (midi_param_relative_idx / VST3_MIDI_CCS) as u8;

                                    push_process_event(
                                        &mut process_events,
                                        ProcessEvent::NoteEvent(match midi_cc {
                                            // kAfterTouch
                                            128 => NoteEvent::MidiChannelPressure {
                                                timing,
                                                channel: midi_channel,
                                                pressure: value,
                                            },
                                            // kPitchBend
                                            129 => NoteEvent::MidiPitchBend {
                                                timing,
                                                channel: midi_channel,
                                                value,
                                            },
                                            n => NoteEvent::MidiCC {
                                                timing,
                                                channel: midi_channel,
                                                cc: n,
                                                value,
                                            },
                                        }),
                                    );
",
            replace: "                                    let (cc, _) =
                                        VST3_MIDI_CONTROLLERS[midi_param_relative_idx as usize];
                                    for channel in 0..VST3_MIDI_CHANNELS as u8 {
                                        push_process_event(
                                            &mut process_events,
                                            ProcessEvent::NoteEvent(NoteEvent::MidiCC {
                                                timing,
                                                channel,
                                                cc,
                                                value,
                                            }),
                                        );
                                    }
",
        },
        Edit {
            file: "src/wrapper/vst3/wrapper.rs",
            find: "            || !(0..VST3_MIDI_CCS as i16).contains(&midi_cc_number)
        {
            return kResultFalse;
        }
",
            replace: "        {
            return kResultFalse;
        }
        let Some(controller) = midi_controller_index(midi_cc_number) else {
            return kResultFalse;
        };
",
        },
        Edit {
            file: "src/wrapper/vst3/wrapper.rs",
            find: "            *param_id =
                VST3_MIDI_PARAMS_START + midi_cc_number as u32 + (channel as u32 * VST3_MIDI_CCS)
",
            replace: "            *param_id = VST3_MIDI_PARAMS_START + controller
",
        },
    ],
    added: &[],
};
