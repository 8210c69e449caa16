//! Notes, controllers and what is played of them.

use super::{BLOCK_FRAMES, Instance, changes_of};
use anyhow::{Context, Result, ensure};
use std::cell::Cell;
use std::ffi::c_void;
use vst3::Steinberg::Vst::{
    AudioBusBuffers, AudioBusBuffers__type0, BusDirections_, Event, Event_, IAudioProcessorTrait,
    IComponentTrait, IEventList, IEventListTrait, MediaTypes_, NoteOffEvent, NoteOnEvent, ParamID,
    ParamValue, ProcessData, SymbolicSampleSizes_,
};
use vst3::Steinberg::{
    IBStream, IBStreamTrait, int32, int64, kInvalidArgument, kNotImplemented, kResultFalse, kResultOk,
    tresult,
};
use vst3::{Class, ComWrapper};

/// What happens during one block, at its start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Note {
    /// A key goes down with full velocity.
    On(i16),
    /// A key goes up.
    Off(i16),
}

impl Instance {
    /// Gives the plugin the bytes of a project file.
    pub(crate) fn set_state(&self, bytes: &[u8]) -> Result<()> {
        let stream = ComWrapper::new(Source { bytes: bytes.to_vec(), at: Cell::new(0) });
        let pointer = stream.to_com_ptr::<IBStream>().context("the stream has no such interface")?;
        // SAFETY: the component and the stream are alive during the call.
        let result = unsafe { self.component.setState(pointer.as_ptr()) };
        ensure!(result == kResultOk, "the component refuses the state");
        Ok(())
    }

    /// Takes notes too. To be called before [`Instance::start`].
    pub(crate) fn activate_notes(&self) -> Result<()> {
        let (event, input) = (MediaTypes_::kEvent.cast_signed(), BusDirections_::kInput.cast_signed());
        // SAFETY: a call of the specification.
        ensure!(unsafe { self.component.activateBus(event, input, 0, 1) } == kResultOk, "notes are refused");
        Ok(())
    }

    /// Stops processing and starts it again, as some hosts do around every block.
    pub(crate) fn restart(&self) {
        // SAFETY: the calls of the specification.
        unsafe {
            self.processor.setProcessing(0);
            self.processor.setProcessing(1);
        }
    }

    /// Plays one block; returns its left channel.
    pub(crate) fn play(&self, notes: &[Note], controllers: &[(ParamID, ParamValue)]) -> Result<Vec<f32>> {
        let events = ComWrapper::new(Notes(notes.to_vec()));
        let events = events.to_com_ptr::<IEventList>().context("the list has no such interface")?;
        let changes = changes_of(controllers).context("the changes have no such interface")?;
        let (mut left, mut right) = (vec![f32::NAN; BLOCK_FRAMES], vec![f32::NAN; BLOCK_FRAMES]);
        let mut channels = [left.as_mut_ptr(), right.as_mut_ptr()];
        let mut output = AudioBusBuffers {
            numChannels: 2,
            silenceFlags: 0,
            __field0: AudioBusBuffers__type0 { channelBuffers32: channels.as_mut_ptr() },
        };
        // SAFETY: every pointer is null or valid during the call, and the channels hold BLOCK_FRAMES samples.
        let result = unsafe {
            let mut data: ProcessData = std::mem::zeroed();
            data.symbolicSampleSize = SymbolicSampleSizes_::kSample32.cast_signed();
            data.numSamples = i32::try_from(BLOCK_FRAMES)?;
            data.numOutputs = 1;
            data.outputs = &raw mut output;
            data.inputParameterChanges = changes.as_ptr();
            data.inputEvents = events.as_ptr();
            self.processor.process(&raw mut data)
        };
        ensure!(result == kResultOk, "the block is refused");
        Ok(left)
    }
}

/// A stream that can only be read.
struct Source {
    bytes: Vec<u8>,
    at: Cell<usize>,
}

impl Class for Source {
    type Interfaces = (IBStream,);
}

impl IBStreamTrait for Source {
    unsafe fn read(&self, buffer: *mut c_void, length: int32, done: *mut int32) -> tresult {
        let rest = self.bytes.get(self.at.get()..).unwrap_or_default();
        let count = rest.len().min(usize::try_from(length).unwrap_or(0));
        // SAFETY: the caller passes room for as many bytes as it says.
        unsafe { std::ptr::copy_nonoverlapping(rest.as_ptr(), buffer.cast::<u8>(), count) };
        self.at.set(self.at.get() + count);
        if !done.is_null() {
            // SAFETY: the caller passes null or a valid place.
            unsafe { *done = i32::try_from(count).unwrap_or(0) };
        }
        kResultOk
    }

    unsafe fn write(&self, _buffer: *mut c_void, _length: int32, _done: *mut int32) -> tresult {
        kResultFalse
    }

    unsafe fn seek(&self, position: int64, mode: int32, result: *mut int64) -> tresult {
        let size = i64::try_from(self.bytes.len()).unwrap_or(0);
        let from = match mode {
            0 => 0,
            1 => i64::try_from(self.at.get()).unwrap_or(0),
            2 => size,
            _ => return kInvalidArgument,
        };
        let to = (from + position).clamp(0, size);
        self.at.set(usize::try_from(to).unwrap_or(0));
        if !result.is_null() {
            // SAFETY: the caller passes null or a valid place.
            unsafe { *result = to };
        }
        kResultOk
    }

    unsafe fn tell(&self, position: *mut int64) -> tresult {
        if position.is_null() {
            return kInvalidArgument;
        }
        // SAFETY: the caller passes a valid place.
        unsafe { *position = i64::try_from(self.at.get()).unwrap_or(0) };
        kResultOk
    }
}

/// The notes of one block.
pub(super) struct Notes(pub(super) Vec<Note>);

impl Class for Notes {
    type Interfaces = (IEventList,);
}

impl IEventListTrait for Notes {
    unsafe fn getEventCount(&self) -> int32 {
        i32::try_from(self.0.len()).unwrap_or(0)
    }

    unsafe fn getEvent(&self, index: int32, event: *mut Event) -> tresult {
        let Some(note) = usize::try_from(index).ok().and_then(|index| self.0.get(index)) else {
            return kInvalidArgument;
        };
        // SAFETY: the caller passes a valid place, and all zeros are an event.
        unsafe {
            *event = std::mem::zeroed();
            match *note {
                Note::On(pitch) => {
                    (*event).r#type = u16::try_from(Event_::EventTypes_::kNoteOnEvent).unwrap_or(0);
                    (*event).__field0.noteOn =
                        NoteOnEvent { channel: 0, pitch, tuning: 0.0, velocity: 1.0, length: 0, noteId: -1 };
                }
                Note::Off(pitch) => {
                    (*event).r#type = u16::try_from(Event_::EventTypes_::kNoteOffEvent).unwrap_or(0);
                    (*event).__field0.noteOff =
                        NoteOffEvent { channel: 0, pitch, velocity: 0.0, noteId: -1, tuning: 0.0 };
                }
            }
        }
        kResultOk
    }

    unsafe fn addEvent(&self, _event: *mut Event) -> tresult {
        kNotImplemented
    }
}
