//! Runs the plugin's audio processing and collects what it plays.

use super::Host;
use anyhow::{Result, ensure};
use clack_host::events::event_types::{
    MidiEvent, NoteOffEvent, NoteOnEvent, ParamValueEvent, TransportEvent, TransportFlags,
};
use clack_host::events::{EventFlags, EventHeader, Pckn};
use clack_host::prelude::*;
use clack_host::utils::{BeatTime, ClapId, SecondsTime};

/// Something that happens at a frame of a call of [`Renderer::render`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event {
    /// A key goes down with full velocity.
    NoteOn {
        /// Frame.
        at: u32,
        /// MIDI key.
        key: u16,
    },
    /// A key goes up.
    NoteOff {
        /// Frame.
        at: u32,
        /// MIDI key.
        key: u16,
    },
    /// A MIDI message of three bytes.
    Midi {
        /// Frame.
        at: u32,
        /// Status and two data bytes.
        bytes: [u8; 3],
    },
    /// A parameter changes.
    Param {
        /// Frame.
        at: u32,
        /// Which one.
        id: ClapId,
        /// New value in the host's units.
        value: f64,
    },
}

impl Event {
    fn at(self) -> u32 {
        match self {
            Self::NoteOn { at, .. }
            | Self::NoteOff { at, .. }
            | Self::Midi { at, .. }
            | Self::Param { at, .. } => at,
        }
    }

    fn push_to(self, buffer: &mut EventBuffer, at: u32) {
        let note = |key: u16| Pckn::new(0_u16, 0_u16, key, 0_u32);
        match self {
            Self::NoteOn { key, .. } => buffer.push(&NoteOnEvent::new(at, note(key), 1.0)),
            Self::NoteOff { key, .. } => buffer.push(&NoteOffEvent::new(at, note(key), 0.0)),
            Self::Midi { bytes, .. } => buffer.push(&MidiEvent::new(at, 0, bytes)),
            Self::Param { id, value, .. } => {
                buffer.push(&ParamValueEvent::new(at, id, Pckn::match_all(), value));
            }
        }
    }
}

/// What happens during one call of the plugin, made beforehand: an audio thread must not allocate.
pub struct BlockEvents(EventBuffer);

impl BlockEvents {
    /// The `events` (sorted) of a call that begins at frame `start` of theirs.
    pub fn new(events: impl IntoIterator<Item = Event>, start: u32) -> Self {
        let mut buffer = EventBuffer::new();
        events.into_iter().for_each(|event| event.push_to(&mut buffer, event.at() - start));
        Self(buffer)
    }
}

/// An active instance's audio side; may be sent to another thread.
pub struct Renderer {
    processor: StartedPluginAudioProcessor<Host>,
    output: AudioPorts,
    /// Frames per call of the plugin, at most what it was activated with.
    block: u32,
    /// Frames rendered since activation.
    frames: u64,
    /// Whether the host's transport runs; only changes between calls.
    playing: bool,
    /// Where in the song, in frames of 48 kHz.
    song: u64,
    /// The part of the song that is played again and again, in the same frames.
    around: Option<[u64; 2]>,
}

impl Renderer {
    pub(super) fn new(processor: StartedPluginAudioProcessor<Host>, max_block: u32) -> Self {
        Self {
            processor,
            output: AudioPorts::with_capacity(2, 1),
            block: max_block,
            frames: 0,
            playing: false,
            song: 0,
            around: None,
        }
    }

    /// Stops processing and starts it again, as some hosts do around every block.
    ///
    /// # Errors
    /// If the plugin refuses.
    pub fn restart(mut self) -> Result<Self> {
        let stopped = self.processor.stop_processing();
        self.processor = stopped.start_processing().map_err(|error| anyhow::anyhow!("{error}"))?;
        Ok(self)
    }

    /// Resets the plugin, as hosts do that want silence at once.
    pub fn reset(&mut self) {
        self.processor.reset();
    }

    pub(super) fn stop(self) -> StoppedPluginAudioProcessor<Host> {
        self.processor.stop_processing()
    }

    /// Renders in blocks of `frames` from now on; more than the activation allowed is cut down to that.
    pub fn set_block(&mut self, frames: u32) {
        self.block = frames.clamp(1, self.block);
    }

    /// Starts or stops the host's transport with the next call of [`Renderer::render`].
    pub fn set_playing(&mut self, playing: bool) {
        self.playing = playing;
    }

    /// Moves the host's transport to a frame of a 48 kHz session.
    pub fn seek(&mut self, frame: u64) {
        self.song = frame;
    }

    /// Plays a part of the song again and again, as hosts do that do not cut their blocks at its end.
    pub fn set_loop(&mut self, around: Option<[u64; 2]>) {
        self.around = around;
    }

    /// Plays `frames` frames with `events` (sorted, with frames from the start of this call); returns left and right.
    ///
    /// # Errors
    /// If the plugin reports a failure or an event lies beyond the end.
    pub fn render(&mut self, frames: u32, events: &[Event]) -> Result<[Vec<f32>; 2]> {
        ensure!(events.is_sorted_by_key(|event| event.at()), "events must be sorted");
        ensure!(events.iter().all(|event| event.at() < frames), "an event lies beyond the end");
        let mut sound = [Vec::with_capacity(frames as usize), Vec::with_capacity(frames as usize)];
        let mut start = 0;
        while start < frames {
            let length = self.block.min(frames - start);
            let during = events.iter().filter(|event| (start..start + length).contains(&event.at()));
            // Not silence: a plugin that forgets to write its output must not look right.
            let mut block = [(); 2].map(|()| vec![f32::NAN; length as usize]);
            self.call(block.each_mut().map(Vec::as_mut_slice), &BlockEvents::new(during.copied(), start))?;
            sound.iter_mut().zip(&mut block).for_each(|(sound, block)| sound.append(block));
            start += length;
        }
        Ok(sound)
    }

    /// Calls the plugin once for as many frames as left and right have; allocates nothing.
    ///
    /// # Errors
    /// If the plugin reports a failure.
    pub fn call(&mut self, [left, right]: [&mut [f32]; 2], events: &BlockEvents) -> Result<()> {
        let length = left.len();
        let mut audio = self.output.with_output_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_output_only([left, right].into_iter()),
        }]);
        let transport = transport(self.song, self.playing, self.around);
        self.processor.process(
            &InputAudioBuffers::empty(),
            &mut audio,
            &events.0.as_input(),
            &mut OutputEvents::void(),
            Some(self.frames),
            Some(&transport),
        )?;
        self.frames += length as u64;
        self.song += length as u64;
        if let Some([start, end]) = self.around.filter(|[_, end]| self.song >= *end) {
            self.song -= end - start;
        }
        Ok(())
    }
}

/// The host's transport at 120 beats per minute; the position is that of a 48 kHz session.
#[expect(clippy::cast_precision_loss, reason = "positions of test renders are far below 2^52")]
fn transport(frames: u64, playing: bool, around: Option<[u64; 2]>) -> TransportEvent {
    let seconds = |frames: u64| frames as f64 / 48_000.0;
    let mut flags =
        TransportFlags::HAS_TEMPO | TransportFlags::HAS_SECONDS_TIMELINE | TransportFlags::HAS_BEATS_TIMELINE;
    flags.set(TransportFlags::IS_PLAYING, playing);
    flags.set(TransportFlags::IS_LOOP_ACTIVE, around.is_some());
    let [start, end] = around.unwrap_or_default().map(seconds);
    TransportEvent {
        header: EventHeader::new_core(0, EventFlags::empty()),
        flags,
        song_pos_beats: BeatTime::from_float(seconds(frames) * 2.0),
        song_pos_seconds: SecondsTime::from_float(seconds(frames)),
        tempo: 120.0,
        tempo_inc: 0.0,
        loop_start_beats: BeatTime::from_float(start * 2.0),
        loop_end_beats: BeatTime::from_float(end * 2.0),
        loop_start_seconds: SecondsTime::from_float(start),
        loop_end_seconds: SecondsTime::from_float(end),
        bar_start: BeatTime::from_float(0.0),
        bar_number: 0,
        time_signature_numerator: 4,
        time_signature_denominator: 4,
    }
}
