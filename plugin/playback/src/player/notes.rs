//! What notes and the pedal do.
//!
//! # Real-time safety
//! No allocation and no lock; called on the audio thread.

use super::Player;
use crate::envelope::{Envelope, Shape};
use crate::event::{Block, Mode, NoteEvent, NoteId};
use crate::region::Span;
use crate::voice::{Origin, Start, Voice};

impl Player {
    pub(super) fn handle(&mut self, event: NoteEvent, block: &Block) {
        match event {
            NoteEvent::On { note, velocity, .. } => self.note_on(note, velocity, block),
            NoteEvent::Off { note, .. } => self.note_off(note, &block.shape),
            NoteEvent::Choke { note, .. } => self.voices.stop(self.fades.stop, |start| match start.origin {
                Origin::Note(own) => note.matches(own),
                // No key made this voice, so a choke for one key does not mean it.
                Origin::Transport | Origin::Editor => note.is_everything(),
            }),
            NoteEvent::Pedal { channel, down: true, .. } => self.pedals |= bit(channel),
            NoteEvent::Pedal { channel, down: false, .. } => self.pedal_up(channel, &block.shape),
        }
    }

    pub(super) fn note_off(&mut self, note: NoteId, shape: &Shape) {
        let (pedals, rate, stop) = (self.pedals, self.sample_rate_hz, self.fades.stop);
        for voice in self.voices.sounding() {
            let Some(Start { origin: Origin::Note(own), gated: true, .. }) = voice.start().copied() else {
                continue;
            };
            match own.channel {
                _ if !note.matches(own) => {}
                Some(channel) if pedals & bit(channel) != 0 => voice.hold(),
                _ => voice.release(shape, rate, stop),
            }
        }
    }

    fn pedal_up(&mut self, channel: u8, shape: &Shape) {
        self.pedals &= !bit(channel);
        let (rate, stop) = (self.sample_rate_hz, self.fades.stop);
        for voice in self.voices.sounding().filter(|voice| voice.is_pedalled()) {
            let own = voice.start().map(|start| start.origin);
            if matches!(own, Some(Origin::Note(own)) if own.channel == Some(channel)) {
                voice.release(shape, rate, stop);
            }
        }
    }

    pub(super) fn note_on(&mut self, note: NoteId, velocity: f32, block: &Block) {
        if self.mode.follows_transport() || !block.plays(note.key) {
            return;
        }
        let Some((index, part)) = self.choose(block.choice, note.key, block.root_key) else { return };
        let span = if self.mode == Mode::Loop { Span::Around } else { Span::Whole };
        let Some(mut start) = self.start_of(index, part, span) else { return };
        start.origin = Origin::Note(note);
        start.rate = block.key_rate(note.key);
        start.gain = block.velocity_gain(velocity);
        start.gated = self.mode != Mode::Note;
        let envelope = Envelope::start(&block.shape, self.sample_rate_hz);
        self.voices.add(Voice::started(start, envelope, self.fades.start), self.fades.stop);
    }
}

/// The bit of a MIDI channel.
fn bit(channel: u8) -> u16 {
    1 << (channel & 15)
}
