//! Which sound of a pool is next.

use crate::bank::{Bank, SoundKey};

/// Where the numbers begin by which sounds are chosen by chance; any odd number does.
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// Remembers what was played last. The same from the start every time, so that a song sounds twice alike.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rotation {
    /// The sound and not its place: the pool may be another one by the next note.
    last: Option<SoundKey>,
    state: u64,
}

impl Default for Rotation {
    fn default() -> Self {
        Self { last: None, state: SEED }
    }
}

impl Rotation {
    /// The sound after the last one, in the order of the pool; its first at the beginning, and when the last one is no
    /// longer in it.
    ///
    /// # Real-time safety
    /// No allocation; time is linear in the size of the pool.
    pub(crate) fn next_in_turn(&mut self, bank: &Bank) -> Option<usize> {
        let pool = bank.pool();
        let next = self.last_place(bank).map_or(0, |place| (place + 1) % pool.len());
        self.note(bank, pool.get(next).copied())
    }

    /// One of the pool by chance, never the last one, unless it is the only one.
    ///
    /// # Real-time safety
    /// As [`next_in_turn`](Self::next_in_turn).
    pub(crate) fn next_by_chance(&mut self, bank: &Bank) -> Option<usize> {
        let pool = bank.pool();
        let last = self.last_place(bank).filter(|_| pool.len() > 1);
        let others = (pool.len() - usize::from(last.is_some())) as u64;
        if others == 0 {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "less than the size of the pool")]
        let drawn = (self.random() % others) as usize;
        let place = last.map_or(drawn, |last| drawn + usize::from(drawn >= last));
        self.note(bank, pool.get(place).copied())
    }

    fn last_place(&self, bank: &Bank) -> Option<usize> {
        let last = self.last?;
        let is_last = |index: &usize| bank.sounds().get(*index).is_some_and(|sound| sound.key == last);
        bank.pool().iter().position(is_last)
    }

    fn note(&mut self, bank: &Bank, index: Option<usize>) -> Option<usize> {
        self.last = bank.sounds().get(index?).map(|sound| sound.key);
        index
    }

    /// The next number of a generator by Marsaglia ("Xorshift RNGs", 2003), multiplied as Vigna proposes: three shifts
    /// and a product, which is enough to shuffle footsteps.
    fn random(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33
    }
}
