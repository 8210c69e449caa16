//! The player's fixed set of voices.

use crate::bank::Bank;
use crate::deck::{Deck, Place, Slot};
use crate::mix::Mix;
use crate::region::Region;
use crate::voice::{Part, Start, Voice};
use std::sync::Arc;

/// Voices that can sound together; one more fades out the oldest. A limit, because the time of a block must have one.
pub const MAX_VOICES: usize = 16;
/// Room for the voices and for as many that fade out: when a sound is exchanged, every voice is there twice for a moment.
const SLOTS: usize = 2 * MAX_VOICES;

/// All voices, silent ones included.
#[derive(Debug, Default)]
pub(crate) struct Voices([Voice; SLOTS]);

impl Voices {
    /// Silences all at once.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Adds `voice`; if there are as many as can sound, one fades out by `fade_step` per sample: the oldest of those whose
    /// notes have ended, or the oldest of all.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn add(&mut self, voice: Voice, fade_step: f32) {
        if self.0.iter().filter(|voice| voice.is_held()).count() >= MAX_VOICES {
            let held = self.0.iter_mut().filter(|voice| voice.is_held());
            let age = |voice: &Voice| (!voice.is_released(), voice.start().map(|start| start.order));
            if let Some(oldest) = held.min_by_key(|voice| age(voice)) {
                oldest.stop(fade_step);
            }
        }
        if let Some(slot) = self.quietest() {
            *slot = voice;
        }
    }

    /// A free voice; failing that, the one that is closest to the end of its fade.
    fn quietest(&mut self) -> Option<&mut Voice> {
        let candidates = self.0.iter_mut().filter(|voice| !voice.is_held());
        candidates.min_by(|a, b| {
            let rank = |voice: &Voice| if voice.is_free() { -1.0 } else { voice.level() };
            rank(a).total_cmp(&rank(b))
        })
    }

    /// Those that sound.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn sounding(&mut self) -> impl Iterator<Item = &mut Voice> {
        self.0.iter_mut().filter(|voice| !voice.is_free())
    }

    /// Fades out the voices that `ends` chooses by how they began.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn stop(&mut self, fade_step: f32, ends: impl Fn(&Start) -> bool) {
        for voice in &mut self.0 {
            if voice.start().is_some_and(&ends) {
                voice.stop(fade_step);
            }
        }
    }

    /// How many sound, those that fade out included.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn count(&self) -> usize {
        self.0.iter().filter(|voice| !voice.is_free()).count()
    }

    /// The newest of those that are not being stopped, of which `wanted` is true.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn newest(&self, wanted: impl Fn(&Start) -> bool) -> Option<(&Voice, &Start)> {
        let held = self.0.iter().filter(|voice| voice.is_held());
        let started = held.filter_map(|voice| Some((voice, voice.start()?)));
        started.filter(|(_, start)| wanted(start)).max_by_key(|(_, start)| start.order)
    }

    /// Whether any voice plays from `slot`.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn use_slot(&self, slot: Slot) -> bool {
        self.0.iter().any(|voice| voice.start().is_some_and(|start| start.place.slot == slot))
    }

    /// Adds the next samples of all to `mix`.
    ///
    /// # Real-time safety
    /// No allocation; time is linear in the length of `mix`.
    pub(crate) fn render(&mut self, deck: &Deck, mix: &mut Mix<'_>) {
        if mix.frames() == 0 {
            return;
        }
        for voice in &mut self.0 {
            if let Some(sound) = voice.start().and_then(|start| deck.sound(start.place)) {
                voice.render(&sound.clip, sound.gain, mix);
            }
        }
    }

    /// Goes over to the current bank. A voice whose sound is still what it is to play goes on with it. Any other fades out
    /// while one with what it is to play now fades in at the same position, so that another take goes on in the middle of
    /// the sound and neither is cut off.
    ///
    /// # Real-time safety
    /// No allocation; time is bounded by the number of voices and of sounds.
    pub(crate) fn go_over(&mut self, deck: &Deck, fade_step: f32, edge: usize) {
        let Some(bank) = deck.current() else { return };
        for index in 0..SLOTS {
            let Some(voice) = self.0.get_mut(index) else { continue };
            let Some(start) = voice.start().copied() else { continue };
            let target = target(bank, start.part);
            let heard = deck.sound(start.place);
            let same = |index: &usize| {
                heard.zip(bank.sounds().get(*index)).is_some_and(|(old, new)| {
                    Arc::ptr_eq(&old.clip, &new.clip) && old.gain.to_bits() == new.gain.to_bits()
                })
            };
            // What is being stopped goes on with its own sound wherever that is now, so that its bank can go.
            let stays = target.filter(same).or_else(|| {
                let anywhere = (0..bank.sounds().len()).find(|index| same(index));
                anywhere.filter(|_| !voice.is_held())
            });
            if let Some(place) = stays.and_then(|index| deck.place(index)) {
                voice.rebind(place);
                continue;
            }
            if !voice.is_held() {
                continue;
            }
            let moved =
                target.and_then(|index| moved(deck, deck.place(index)?, voice, start, (fade_step, edge)));
            voice.stop(fade_step);
            if let Some(moved) = moved
                && let Some(free) = self.0.iter_mut().find(|voice| voice.is_free())
            {
                *free = moved;
            }
        }
    }
}

/// What a part is played by in `bank`.
fn target(bank: &Bank, part: Part) -> Option<usize> {
    match part {
        Part::Active => bank.active(),
        Part::Sound(key) => bank.find(key),
    }
}

/// `voice` with the sound at `place`.
fn moved(
    deck: &Deck,
    place: Place,
    voice: &Voice,
    start: Start,
    (fade_step, edge): (f32, usize),
) -> Option<Voice> {
    let region = Region::of(start.span, &deck.sound(place)?.clip, edge);
    Some(voice.moved(Start { place, region, ..start }, fade_step))
}
