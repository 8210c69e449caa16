//! Calls of the VST3 that no specification foresees, as hosts make them.

use super::playing::Notes;
use super::{Instance, Note, changes_of};
use anyhow::{Context, Result, ensure};
use std::ptr::null_mut;
use vst3::ComWrapper;
use vst3::Steinberg::Vst::{
    AudioBusBuffers, AudioBusBuffers__type0, IAudioProcessorTrait, IComponentTrait, IEventList, ParamID,
    ParamValue, ProcessData, SpeakerArr, SymbolicSampleSizes_,
};
use vst3::Steinberg::{kResultOk, tresult};

/// Frames of memory behind each channel.
const MEMORY: usize = 1024;

/// One block as a host hands it over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape<'a> {
    /// What the host says; may be negative.
    pub(crate) frames: i32,
    /// The channels of the output; whether each has memory.
    pub(crate) channels: &'a [bool],
    /// Whether there is an output at all.
    pub(crate) output: bool,
    /// How many inputs the host claims, without having any.
    pub(crate) inputs: i32,
    /// Whether samples are said to have 64 bits.
    pub(crate) doubles: bool,
}

impl Default for Shape<'_> {
    fn default() -> Self {
        Self { frames: 256, channels: &[true, true], output: true, inputs: 0, doubles: false }
    }
}

/// What became of a block.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) result: tresult,
    /// The channels with memory, as far as the block goes.
    pub(crate) channels: Vec<Vec<f32>>,
}

impl Instance {
    /// The calls around processing, alone: nothing is said of rate and block size before.
    pub(crate) fn set_active(&self, on: bool) -> bool {
        // SAFETY: a call of the specification.
        unsafe { self.component.setActive(u8::from(on)) == kResultOk }
    }

    /// See [`set_active`](Self::set_active).
    pub(crate) fn set_processing(&self, on: bool) {
        // SAFETY: a call of the specification; most plugins answer nothing of use.
        unsafe { self.processor.setProcessing(u8::from(on)) };
    }

    /// Whether stereo is taken from a host that has no inputs, and says so by a null pointer.
    pub(crate) fn takes_stereo_without_inputs(&self) -> bool {
        let mut stereo = SpeakerArr::kStereo;
        // SAFETY: the plugin may read as many arrangements as it is told.
        unsafe { self.processor.setBusArrangements(null_mut(), 0, &raw mut stereo, 1) == kResultOk }
    }

    /// What the plugin makes of no block at all.
    pub(crate) fn process_nothing(&self) -> bool {
        // SAFETY: the plugin has to look before it reads.
        unsafe { self.processor.process(null_mut()) == kResultOk }
    }

    /// Plays a block of a shape, in memory that holds what is no number and no silence.
    pub(crate) fn play_shape(
        &self,
        shape: Shape<'_>,
        notes: &[Note],
        changes: &[(ParamID, ParamValue)],
    ) -> Result<Played> {
        let events = ComWrapper::new(Notes(notes.to_vec()));
        let events = events.to_com_ptr::<IEventList>().context("the list has no such interface")?;
        let changes = changes_of(changes).context("the changes have no such interface")?;
        let mut memory = vec![vec![f32::NAN; MEMORY]; shape.channels.len()];
        let channels = memory.iter_mut().zip(shape.channels);
        let mut channels: Vec<*mut f32> =
            channels.map(|(memory, there)| if *there { memory.as_mut_ptr() } else { null_mut() }).collect();
        let mut output = AudioBusBuffers {
            numChannels: i32::try_from(channels.len())?,
            silenceFlags: 0,
            __field0: AudioBusBuffers__type0 { channelBuffers32: channels.as_mut_ptr() },
        };
        // SAFETY: every pointer is null or valid during the call, and a block fits into the memory of its channels.
        let result = unsafe {
            let mut data: ProcessData = std::mem::zeroed();
            data.symbolicSampleSize = match shape.doubles {
                true => SymbolicSampleSizes_::kSample64.cast_signed(),
                false => SymbolicSampleSizes_::kSample32.cast_signed(),
            };
            data.numSamples = shape.frames;
            data.numInputs = shape.inputs;
            data.numOutputs = i32::from(shape.output);
            data.outputs = if shape.output { &raw mut output } else { null_mut() };
            data.inputParameterChanges = changes.as_ptr();
            data.inputEvents = events.as_ptr();
            self.processor.process(&raw mut data)
        };
        let frames = usize::try_from(shape.frames).unwrap_or(0);
        for channel in &memory {
            let behind = channel[frames..].iter();
            ensure!(behind.clone().all(|sample| sample.is_nan()), "{shape:?}: written behind the block");
        }
        let there = memory.into_iter().zip(shape.channels).filter(|(_, there)| **there);
        Ok(Played { result, channels: there.map(|(memory, _)| memory[..frames].to_vec()).collect() })
    }
}
