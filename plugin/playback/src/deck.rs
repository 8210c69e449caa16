//! The clips the player holds: the current one, and older ones that still fade out.

use crate::clip::Clip;
use crate::handoff::ClipReceiver;
use std::sync::Arc;

/// Clips held at once: the current one and those that fade out.
pub(crate) const SLOTS: usize = 4;

/// Index of a clip in the [`Deck`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Slot(usize);

/// Fixed set of clip slots, fed by the hand-off queue.
#[derive(Debug)]
pub(crate) struct Deck {
    slots: [Option<Arc<Clip>>; SLOTS],
    current: Option<Slot>,
    receiver: ClipReceiver,
    /// Clips at another rate are refused.
    sample_rate_hz: u32,
    /// Generation of the newest clip ever taken over.
    newest: Option<u64>,
    /// Times a clip had to wait because it could not be received without risking a free here.
    pub(crate) deferred: u32,
    /// Clips refused because of age or rate.
    pub(crate) stale: u32,
}

impl Deck {
    /// A deck at `sample_rate_hz` that begins with `clip`, if that has the same rate.
    pub(crate) fn new(receiver: ClipReceiver, clip: Option<Arc<Clip>>, sample_rate_hz: u32) -> Self {
        let clip = clip.filter(|clip| clip.sample_rate_hz() == sample_rate_hz);
        let newest = clip.as_ref().map(|clip| clip.generation());
        let current = clip.is_some().then_some(Slot(0));
        let slots = [clip, None, None, None];
        Self { slots, current, receiver, sample_rate_hz, newest, deferred: 0, stale: 0 }
    }

    /// The clip that new voices play, unless there is none or it is empty.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn current(&self) -> Option<Slot> {
        self.current.filter(|slot| self.clip(*slot).is_some_and(|clip| !clip.samples().is_empty()))
    }

    /// The clip in `slot`.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn clip(&self, slot: Slot) -> Option<&Clip> {
        self.slots.get(slot.0)?.as_deref()
    }

    /// Sends back every clip that is neither current nor `in_use`. What finds the retire queue full stays.
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

    /// Takes over the newest clip that was sent, if any; returns whether the current clip has changed.
    ///
    /// Receives only while whatever is received or replaced can also be sent back; otherwise the clips stay in the
    /// queue and the delay is counted.
    ///
    /// # Real-time safety
    /// Wait-free, bounded by the queue's capacity.
    pub(crate) fn receive(&mut self) -> bool {
        if !self.receiver.has_next() {
            return false;
        }
        let Some(free) = self.slots.iter().position(Option::is_none) else {
            self.deferred = self.deferred.saturating_add(1);
            return false;
        };
        let mut candidate: Option<Arc<Clip>> = None;
        while self.receiver.has_next() {
            if !self.receiver.can_retire() {
                self.deferred = self.deferred.saturating_add(1);
                break;
            }
            let Some(clip) = self.receiver.next() else { break };
            let outdated = if self.is_usable(&clip) {
                self.newest = Some(clip.generation());
                candidate.replace(clip)
            } else {
                self.stale = self.stale.saturating_add(1);
                Some(clip)
            };
            // There is room: it was checked above, and only this thread fills the retire queue.
            let returned = outdated.and_then(|clip| self.receiver.retire(clip));
            debug_assert!(returned.is_none(), "the retire queue had room");
        }
        if candidate.is_none() {
            return false;
        }
        if let Some(held) = self.slots.get_mut(free) {
            *held = candidate;
        }
        self.current = Some(Slot(free));
        true
    }

    fn is_usable(&self, clip: &Clip) -> bool {
        clip.sample_rate_hz() == self.sample_rate_hz
            && self.newest.is_none_or(|newest| clip.generation() > newest)
    }
}
