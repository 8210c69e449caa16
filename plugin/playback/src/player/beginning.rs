//! How sounds begin: which one, where in it, and with which fade.
//!
//! # Real-time safety
//! No allocation and no lock; called on the audio thread.

use super::Player;
use super::units::{as_position, whole_frames};
use crate::audition::{Audition, Begin};
use crate::bank::Bank;
use crate::envelope::Envelope;
use crate::event::{Block, Choice, Mode};
use crate::region::{Region, Span};
use crate::voice::{Origin, Part, Start, Voice};

/// Largest gain that the editor can ask for; whoever matches loudness needs no more.
const MAX_GAIN: f32 = 16.0;

impl Player {
    /// Begins what the transport plays, so many frames after its start.
    pub(super) fn start_from_transport(&mut self, block: &Block, skip: u64) {
        let span = if self.mode == (Mode::Transport { looped: true }) { Span::Around } else { Span::Whole };
        let choice = if block.choice == Choice::Keys { Choice::Active } else { block.choice };
        let Some((index, part)) = self.choose(choice, None, block.root_key) else { return };
        let Some(mut start) = self.start_of(index, part, span) else { return };
        let Some(position) = start.region.after(skip) else { return };
        start.origin = Origin::Transport;
        start.position = position;
        let fade = if skip == 0 { self.fades.start } else { self.fades.edge };
        self.voices.add(Voice::started(start, Envelope::default(), fade), self.fades.stop);
    }

    /// Begins what the editor has asked for. Returns whether it is there.
    pub(super) fn audition(&mut self, wish: &Audition) -> bool {
        let Some(bank) = self.deck.current() else { return false };
        let found = match wish.sound {
            None => bank.active().map(|index| (index, Part::Active)),
            Some(key) => bank.find(key).map(|index| (index, Part::Sound(key))),
        };
        let Some((index, part)) = found else { return false };
        let rate = f64::from(self.sample_rate_hz);
        let frame = |seconds: f64| whole_frames(seconds * rate);
        let range = wish.range_s.map(|range_s| range_s.map(frame)).filter(|[start, end]| start < end);
        let span = match range {
            Some([start, end]) => Span::Part { start, end, looped: wish.looped },
            None if wish.looped => Span::Around,
            None => Span::Whole,
        };
        let here = self.voices.newest(|_| true).map(|(voice, _)| voice.position());
        let Some(mut start) = self.start_of(index, part, span) else { return false };
        let first = if range.is_some() { start.region.start } else { 0 };
        let position = match wish.begin {
            Begin::Start => None,
            Begin::At(seconds) => Some(as_position(frame(seconds))),
            Begin::Here => here,
        };
        let end = as_position(start.region.end);
        start.position = position.filter(|position| *position < end).unwrap_or(as_position(first));
        start.gain = if wish.gain.is_finite() { wish.gain.clamp(0.0, MAX_GAIN) } else { 1.0 };
        let (fade_out, fade_in) = match (wish.begin, here) {
            (Begin::Here, Some(_)) => (self.fades.swap, self.fades.swap),
            _ if start.position > 0.0 => (self.fades.stop, self.fades.edge),
            _ => (self.fades.stop, self.fades.start),
        };
        self.voices.stop(fade_out, |start| start.origin == Origin::Editor);
        self.voices.add(Voice::started(start, Envelope::default(), fade_in), self.fades.stop);
        true
    }

    /// Which sound of the bank is next.
    pub(super) fn choose(&mut self, choice: Choice, key: Option<u8>, root: u8) -> Option<(usize, Part)> {
        let bank = self.deck.current()?;
        let pool = bank.pool();
        let chosen = match choice {
            Choice::Active => None,
            Choice::Number(number) => pool.get(number.min(pool.len().saturating_sub(1))).copied(),
            Choice::RoundRobin => self.rotation.next_in_turn(bank),
            Choice::Random => self.rotation.next_by_chance(bank),
            Choice::Keys => return bank.of_key(key?, root).and_then(|index| named(bank, index)),
        };
        // Without a pool there is still the active sound.
        match chosen {
            Some(index) => named(bank, index),
            None => bank.active().map(|index| (index, Part::Active)),
        }
    }

    /// The beginning of a voice with the sound at `index` of the current bank, unless it is silent.
    pub(super) fn start_of(&mut self, index: usize, part: Part, span: Span) -> Option<Start> {
        let place = self.deck.place(index)?;
        let clip = &self.deck.sound(place)?.clip;
        if clip.frames() == 0 {
            return None;
        }
        let region = Region::of(span, clip, self.edge);
        self.started += 1;
        let order = self.started;
        let origin = Origin::Editor;
        Some(Start {
            origin,
            part,
            place,
            span,
            region,
            position: 0.0,
            rate: 1.0,
            gain: 1.0,
            gated: false,
            order,
        })
    }
}

/// A sound that was chosen for itself.
fn named(bank: &Bank, index: usize) -> Option<(usize, Part)> {
    bank.sounds().get(index).map(|sound| (index, Part::Sound(sound.key)))
}
