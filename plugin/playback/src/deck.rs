//! The clips the player holds: the current one, and older ones that still fade out.

use crate::clip::Clip;
use crate::handoff::{ClipReceiver, SLOTS};
use std::sync::Arc;

/// Index of a clip in the [`Deck`]. Voices name their clip by it: an `Arc` in each voice would be counted up and down
/// with every note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot(usize);

/// Fixed set of clip slots, fed by the hand-off.
#[derive(Debug)]
pub(crate) struct Deck {
    slots: [Option<Arc<Clip>>; SLOTS],
    current: Option<Slot>,
    receiver: ClipReceiver,
    /// Clips at another rate are refused: they would play at the wrong pitch.
    sample_rate_hz: u32,
    /// Times a clip had to wait because all slots were taken.
    pub(crate) deferred: u32,
    /// Clips refused because of their rate.
    pub(crate) stale: u32,
}

impl Deck {
    /// A deck at `sample_rate_hz` without clips.
    pub(crate) fn new(receiver: ClipReceiver, sample_rate_hz: u32) -> Self {
        let slots = [None, None, None, None];
        Self { slots, current: None, receiver, sample_rate_hz, deferred: 0, stale: 0 }
    }

    /// The clip that new voices play, unless there is none or it is empty.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn current(&self) -> Option<Slot> {
        self.current.filter(|slot| self.clip(*slot).is_some_and(|clip| clip.frames() > 0))
    }

    /// The clip in `slot`.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn clip(&self, slot: Slot) -> Option<&Clip> {
        self.slots.get(slot.0)?.as_deref()
    }

    /// Whether a voice may play a clip of two channels before the next clip is taken over.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn has_stereo(&self) -> bool {
        self.slots.iter().flatten().any(|clip| clip.channels() > 1)
    }

    /// Sends back every clip that is neither current nor `in_use`. What finds the queue full stays.
    ///
    /// # Real-time safety
    /// Wait-free, no frees: the clip's memory changes hands.
    pub(crate) fn retire_unused(&mut self, in_use: impl Fn(Slot) -> bool) {
        for (index, held) in self.slots.iter_mut().enumerate() {
            let slot = Slot(index);
            if Some(slot) != self.current && !in_use(slot) {
                *held = held.take().and_then(|clip| self.receiver.retire(clip));
            }
        }
    }

    /// Takes over the clip that was sent last, if there is one that is new; returns whether the current clip has
    /// changed.
    ///
    /// Without a free slot it stays where it is, where a still newer one may replace it, and the delay is counted.
    ///
    /// # Real-time safety
    /// Wait-free, no frees: a clip that is refused takes the free slot too, and
    /// [`retire_unused`](Self::retire_unused) sends it back.
    pub(crate) fn receive(&mut self) -> bool {
        if !self.receiver.has_next() {
            return false;
        }
        let Some(free) = self.slots.iter().position(Option::is_none) else {
            self.deferred = self.deferred.saturating_add(1);
            return false;
        };
        let Some(clip) = self.receiver.next() else { return false };
        let fits = clip.sample_rate_hz() == self.sample_rate_hz;
        if let Some(slot) = self.slots.get_mut(free) {
            *slot = Some(clip);
        }
        if fits {
            self.current = Some(Slot(free));
        } else {
            self.stale = self.stale.saturating_add(1);
        }
        fits
    }
}
