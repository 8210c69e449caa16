//! Repairs of what nice-plug does in hosts that keep to no order, or to other numbers than they said.

use super::{Edit, Proof, Repair};

/// What a plugin is told of rate and block size before its host says something.
const CONFIG: &str = "            current_buffer_config: AtomicCell::new(Some(BufferConfig {
                sample_rate: 48_000.0,
                min_buffer_size: None,
                max_buffer_size: 8192,
                process_mode: ProcessMode::Realtime,
            })),
";

/// Orders that come before the one that should be first.
pub(super) const ORDER: Repair = Repair {
    name: "processing-before-set-up",
    why: "Both formats: a block before the set-up panics, which ends the host, and the VST3 refuses to become active before \
          it, so that a scanner which does it in that order drops the plugin. Now there is a set-up from the beginning, \
          which the host's own replaces.",
    proof: Proof::Test("unruly::orders_before_the_set_up_are_answered"),
    edits: &[
        Edit {
            file: "src/wrapper/vst3/inner.rs",
            find: "            current_buffer_config: AtomicCell::new(None),\n",
            replace: CONFIG,
        },
        Edit {
            file: "src/wrapper/clap/wrapper.rs",
            find: "            current_buffer_config: AtomicCell::new(None),\n",
            replace: CONFIG,
        },
    ],
    added: &[],
};

/// Buffers that are not as agreed.
pub(super) const BUFFERS: Repair = Repair {
    name: "buffers-as-they-come",
    why: "Both formats: more channels than agreed panic, which ends the host; a channel without memory is written to; fewer \
          channels are left as the host gave them, which is noise; a negative number of frames and a parameter change \
          behind the end of the block write past the buffers; a host that has no input and says so with a null pointer is \
          refused its layout. Now what is there is filled, with silence if need be.",
    proof: Proof::Test("unruly::buffers_of_any_shape_end_in_sound_or_silence"),
    edits: &[
        Edit {
            file: "src/wrapper/util/buffer_management.rs",
            find: "                            *output_slice = std::slice::from_raw_parts_mut(
                                (*output_channel_pointer).add(sample_offset),
",
            replace: "                            if (*output_channel_pointer).is_null() {
                                *output_slice = &mut [];
                                continue;
                            }
                            *output_slice = std::slice::from_raw_parts_mut(
                                (*output_channel_pointer).add(sample_offset),
",
        },
        Edit {
            file: "src/wrapper/util/buffer_management.rs",
            find: "output_slices[output_channel_pointers.num_channels..].fill_with(|| &mut [])",
            replace: "output_slices
                            .iter_mut()
                            .skip(output_channel_pointers.num_channels)
                            .for_each(|slice| *slice = &mut [])",
        },
        Edit {
            file: "src/wrapper/vst3/wrapper.rs",
            find: "        check_null_ptr!(inputs, outputs);\n",
            replace: "        if (num_ins > 0 && inputs.is_null()) || (num_outs > 0 && outputs.is_null()) {
            return kInvalidArgument;
        }
",
        },
        Edit {
            file: "src/wrapper/vst3/wrapper.rs",
            find: "            let total_buffer_len = data.numSamples as usize;\n",
            replace: "            let total_buffer_len = data.numSamples.max(0) as usize;
            if data.symbolicSampleSize != K_SYMBOLIC_SAMPLE_SIZE_32 {
                return kInvalidArgument;
            }
            // Whatever becomes of this block, its outputs are not what the host left in them.
            let buses = if data.outputs.is_null() { 0 } else { data.numOutputs.max(0) as usize };
            for bus in 0..buses {
                unsafe {
                    let bus = &*data.outputs.add(bus);
                    let channels = bus.__field0.channelBuffers32;
                    let count = if channels.is_null() { 0 } else { bus.numChannels.max(0) as usize };
                    for channel in 0..count {
                        let channel = *channels.add(channel);
                        if !channel.is_null() {
                            std::ptr::write_bytes(channel, 0, total_buffer_len);
                        }
                    }
                }
            }
",
        },
        Edit {
            file: "src/wrapper/vst3/wrapper.rs",
            find: "                        crate::nice_debug_assert_eq!(result, kResultOk);

                        let event = unsafe { event.assume_init() };
",
            replace: "                        if result != kResultOk {
                            continue;
                        }

                        let event = unsafe { event.assume_init() };
",
        },
        Edit {
            file: "src/wrapper/vst3/wrapper.rs",
            find: "                            assert!(!event.bytes.is_null());\n",
            replace: "                            if event.bytes.is_null() {
                                continue;
                            }
",
        },
        Edit {
            file: "src/wrapper/clap/wrapper.rs",
            find: "            let total_buffer_len = process.frames_count as usize;\n",
            replace: "            let total_buffer_len = process.frames_count as usize;
            // Whatever becomes of this block, its outputs are not what the host left in them.
            let ports = if process.audio_outputs.is_null() { 0 } else { process.audio_outputs_count };
            for port in 0..ports as usize {
                unsafe {
                    let port = &*process.audio_outputs.add(port);
                    let count = if port.data32.is_null() { 0 } else { port.channel_count };
                    for channel in 0..count as usize {
                        let channel = *port.data32.add(channel);
                        if !channel.is_null() {
                            std::ptr::write_bytes(channel, 0, total_buffer_len);
                        }
                    }
                }
            }
",
        },
        Edit {
            file: "src/wrapper/clap/wrapper.rs",
            find: "                if (*event).time > current_sample_idx as u32 && stop_predicate(event) {
                    return Some(((*event).time as usize, event_idx as usize));
                }
",
            replace:
                "                let time = ((*event).time as usize).min(total_buffer_len.saturating_sub(1));
                if time > current_sample_idx && stop_predicate(event) {
                    return Some((time, event_idx as usize));
                }
",
        },
    ],
    added: &[],
};

/// More events in a block than there is room for.
pub(super) const MANY_EVENTS: Repair = Repair {
    name: "events-without-end",
    why: "Both formats: a block with more events than there is room for (1,024 as published, 8,192 here) allocates memory on \
          the audio thread and writes lines about it to the host's error output. Now the last event that fits becomes one \
          that ends all notes, as their own ends may be among those that are dropped.",
    proof: Proof::Test("unruly::any_number_of_events_in_a_block_is_survived"),
    edits: &[
        Edit {
            file: "src/wrapper/vst3/wrapper.rs",
            find: "                    if process_events.len() == process_events.capacity() {
                        crate::nice_warn!(
                            \"Input event buffer filled up! This will cause an allocation.\"
                        );
                    }
",
            replace: "                    if process_events.len() == process_events.capacity() {
                        if let Some(last) = process_events.last_mut() {
                            *last = ProcessEvent::NoteEvent(NoteEvent::Choke {
                                timing: last.timing(),
                                voice_id: VoiceID::Wildcard,
                                channel: Channel::Wildcard,
                                key: Key::Wildcard,
                            });
                        }
                        return;
                    }
",
        },
        Edit {
            file: "src/wrapper/clap/wrapper.rs",
            find: "                if input_events.len() == input_events.capacity() {
                    crate::nice_warn!(
                        \"Input event buffer filled up! This will cause an allocation.\"
                    );
                }
",
            replace: "                if input_events.len() == input_events.capacity() {
                    if let Some(last) = input_events.back_mut() {
                        *last = NoteEvent::Choke {
                            timing: last.timing(),
                            voice_id: VoiceID::Wildcard,
                            channel: Channel::Wildcard,
                            key: Key::Wildcard,
                        };
                    }
                    return;
                }
",
        },
        Edit {
            file: "src/wrapper/clap/wrapper.rs",
            find: "            raw_event.time - current_sample_idx as u32,\n",
            replace: "            raw_event.time.saturating_sub(current_sample_idx as u32),\n",
        },
    ],
    added: &[],
};

/// Traps of floating-point arithmetic.
pub(super) const TRAPS: Repair = Repair {
    name: "floating-point-traps",
    why: "Both formats: in a host that lets the processor trap divisions by zero and the like, the plugin's own infinities \
          end the host, in its calls and in the threads that begin in them and inherit the setting. Now traps are off \
          inside of the calls in which something is computed or begun.",
    proof: Proof::Test("unruly::floating_point_traps_of_the_host_are_not_the_plugins"),
    edits: &[
        Edit {
            file: "src/wrapper/util.rs",
            find: "/// A Rabin fingerprint based string hash for parameter ID strings.\n",
            replace: "/// While this lives, no arithmetic of this thread traps. Results stay what they are.
pub struct Untrapped {
    #[cfg(all(not(miri), target_arch = \"x86_64\"))]
    before: u32,
}

impl Untrapped {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        #[cfg(all(not(miri), target_arch = \"x86_64\"))]
        {
            // Bits 7 to 12 of MXCSR mask the six exceptions.
            let mut before: u32 = 0;
            unsafe { std::arch::asm!(\"stmxcsr [{}]\", in(reg) &mut before) };
            unsafe { std::arch::asm!(\"ldmxcsr [{}]\", in(reg) &(before | 0x1f80)) };
            return Self { before };
        }
        #[allow(unreachable_code)]
        #[cfg(not(all(not(miri), target_arch = \"x86_64\")))]
        Self {}
    }
}

#[cfg(all(not(miri), target_arch = \"x86_64\"))]
impl Drop for Untrapped {
    fn drop(&mut self) {
        unsafe { std::arch::asm!(\"ldmxcsr [{}]\", in(reg) &self.before) };
    }
}

/// A Rabin fingerprint based string hash for parameter ID strings.
",
        },
        Edit {
            file: "src/wrapper/util.rs",
            find: "    // Make sure FTZ is always enabled, even if the host doesn't do it for us\n",
            replace: "    let _untrapped = Untrapped::new();
    // Make sure FTZ is always enabled, even if the host doesn't do it for us
",
        },
        Edit {
            file: "src/wrapper/clap/util.rs",
            find: "        #[allow(clippy::unused_unit)]\n",
            replace: "        let _untrapped = $crate::wrapper::util::Untrapped::new();
        #[allow(clippy::unused_unit)]
",
        },
        Edit {
            file: "src/wrapper/vst3/util.rs",
            find: "    ($msg:expr, $ptr:expr $(, $ptrs:expr)* $(, )?) => {\n",
            replace: "    ($msg:expr, $ptr:expr $(, $ptrs:expr)* $(, )?) => {
        let _untrapped = $crate::wrapper::util::Untrapped::new();
",
        },
        Edit {
            file: "src/wrapper/clap/wrapper.rs",
            find: "        let mut plugin = P::default();\n",
            replace: "        let _untrapped = crate::wrapper::util::Untrapped::new();
        let mut plugin = P::default();
",
        },
        Edit {
            file: "src/wrapper/vst3/inner.rs",
            find: "        let mut plugin = P::default();\n",
            replace: "        let _untrapped = crate::wrapper::util::Untrapped::new();
        let mut plugin = P::default();
",
        },
        Edit {
            file: "src/wrapper/vst3/wrapper.rs",
            find: "        // We could call activate in `IAudioProcessor::setup_processing()`, but REAPER will set\n",
            replace: "        let _untrapped = crate::wrapper::util::Untrapped::new();
        // We could call activate in `IAudioProcessor::setup_processing()`, but REAPER will set
",
        },
        Edit {
            file: "src/wrapper/vst3/wrapper.rs",
            find: "        // If the plugin is currently processing audio, then this parameter change will also be sent\n",
            replace: "        let _untrapped = crate::wrapper::util::Untrapped::new();
        // If the plugin is currently processing audio, then this parameter change will also be sent
",
        },
    ],
    added: &[],
};
