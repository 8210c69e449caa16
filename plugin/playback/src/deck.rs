//! The banks the player holds: the current one, and older ones of which something still fades out.

use crate::bank::{Bank, Sound};
use crate::handoff::{BankReceiver, SLOTS};
use std::sync::Arc;

/// Index of a bank in the [`Deck`]. Voices name their sound by it and its place in the bank: an `Arc` in each voice would
/// be counted up and down with every note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot(usize);

/// Where a sound is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its bank.
    pub(crate) slot: Slot,
    /// Its place there.
    pub(crate) index: usize,
}

/// Fixed set of slots for banks, fed by the hand-off.
#[derive(Debug)]
pub(crate) struct Deck {
    slots: [Option<Arc<Bank>>; SLOTS],
    current: Option<Slot>,
    receiver: BankReceiver,
    /// Banks at another rate are refused: they would play at the wrong pitch.
    sample_rate_hz: u32,
    /// Times a bank had to wait because all slots were taken.
    pub(crate) deferred: u32,
    /// Banks refused because of their rate.
    pub(crate) stale: u32,
}

impl Deck {
    /// A deck at `sample_rate_hz` without banks.
    pub(crate) fn new(receiver: BankReceiver, sample_rate_hz: u32) -> Self {
        let slots = [None, None, None, None];
        Self { slots, current: None, receiver, sample_rate_hz, deferred: 0, stale: 0 }
    }

    /// The bank that new voices play from.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn current(&self) -> Option<&Bank> {
        self.slots.get(self.current?.0)?.as_deref()
    }

    /// The place of a sound of the current bank.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn place(&self, index: usize) -> Option<Place> {
        Some(Place { slot: self.current?, index })
    }

    /// The sound at `place`.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn sound(&self, place: Place) -> Option<&Sound> {
        self.slots.get(place.slot.0)?.as_ref()?.sounds().get(place.index)
    }

    /// Whether a voice may play a clip of two channels before the next bank is taken over.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn has_stereo(&self) -> bool {
        self.slots.iter().flatten().any(|bank| bank.has_stereo())
    }

    /// Sends back every bank that is neither current nor `in_use`. What finds the queue full stays.
    ///
    /// # Real-time safety
    /// Wait-free, no frees: the bank's memory changes hands.
    pub(crate) fn retire_unused(&mut self, in_use: impl Fn(Slot) -> bool) {
        for (index, held) in self.slots.iter_mut().enumerate() {
            let slot = Slot(index);
            if held.is_some() && Some(slot) != self.current && !in_use(slot) {
                *held = held.take().and_then(|bank| self.receiver.retire(bank));
            }
        }
    }

    /// Takes over the bank that was sent last, if there is one that is new; returns whether the current bank has
    /// changed.
    ///
    /// Without a free slot it stays where it is, where a still newer one may replace it, and the delay is counted.
    ///
    /// # Real-time safety
    /// Wait-free, no frees: a bank that is refused takes the free slot too, and
    /// [`retire_unused`](Self::retire_unused) sends it back.
    pub(crate) fn receive(&mut self) -> bool {
        if !self.receiver.has_next() {
            return false;
        }
        let Some(free) = self.slots.iter().position(Option::is_none) else {
            self.deferred = self.deferred.saturating_add(1);
            return false;
        };
        let Some(bank) = self.receiver.next() else { return false };
        let fits = bank.sample_rate_hz() == self.sample_rate_hz;
        if let Some(slot) = self.slots.get_mut(free) {
            *slot = Some(bank);
        }
        if fits {
            self.current = Some(Slot(free));
        } else {
            self.stale = self.stale.saturating_add(1);
        }
        fits
    }
}
