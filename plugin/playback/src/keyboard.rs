//! Keys that are pressed in the editor.

use crate::sync::{AtomicU64, Ordering};

/// Bits of one word.
const WORD: usize = 64;

/// A keyboard whose keys the editor presses and the player plays, like those of a host.
///
/// Two bits for every key: whether it was pressed since the player last looked, so that no short press is missed, and
/// whether it is down.
#[derive(Debug, Default)]
pub struct Keyboard {
    pressed: [AtomicU64; 2],
    down: [AtomicU64; 2],
}

/// What happened to the keys: a bit for each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Keys([u64; 2]);

impl Keys {
    /// The keys whose bits are set.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn iter(self) -> impl Iterator<Item = u8> {
        (0..128_u8).filter(move |key| self.0[usize::from(*key) / WORD] & bit(*key) != 0)
    }

    /// Whether no bit is set.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn is_empty(self) -> bool {
        self.0 == [0; 2]
    }

    /// Those that are in either.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn with(self, other: Self) -> Self {
        Self([self.0[0] | other.0[0], self.0[1] | other.0[1]])
    }

    /// Those that are not in `other`.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn without(self, other: Self) -> Self {
        Self([self.0[0] & !other.0[0], self.0[1] & !other.0[1]])
    }
}

impl Keyboard {
    /// A key goes down. Called by the editor; keys from 128 on are none.
    pub fn press(&self, key: u8) {
        if let (Some(down), Some(pressed)) = (self.down.get(word(key)), self.pressed.get(word(key))) {
            down.fetch_or(bit(key), Ordering::Relaxed);
            pressed.fetch_or(bit(key), Ordering::Release);
        }
    }

    /// A key goes up. Called by the editor.
    pub fn release(&self, key: u8) {
        if let Some(down) = self.down.get(word(key)) {
            down.fetch_and(!bit(key), Ordering::Relaxed);
        }
    }

    /// The keys that were pressed since the last call, and those that are down.
    ///
    /// # Real-time safety
    /// Wait-free.
    pub(crate) fn take(&self) -> (Keys, Keys) {
        // Nearly always there is nothing to take, and an exchange would make the cache line ours.
        let pressed = self.pressed.each_ref().map(|word| match word.load(Ordering::Relaxed) {
            0 => 0,
            _ => word.swap(0, Ordering::Acquire),
        });
        (Keys(pressed), Keys(self.down.each_ref().map(|word| word.load(Ordering::Relaxed))))
    }
}

fn word(key: u8) -> usize {
    usize::from(key) / WORD
}

fn bit(key: u8) -> u64 {
    1 << (usize::from(key) % WORD)
}

#[cfg(all(test, loom))]
mod model {
    use super::*;
    use loom::sync::Arc;

    #[test]
    fn loom_a_key_that_was_pressed_is_down_until_it_is_released() {
        loom::model(|| {
            let keyboard = Arc::new(Keyboard::default());
            let editor = keyboard.clone();
            let editor = loom::thread::spawn(move || editor.press(60));
            let (pressed, down) = keyboard.take();
            assert!(pressed.without(down).is_empty(), "a press without a key");
            editor.join().expect("the editor does not panic");
            // Seen now or seen before, and never lost.
            let (later, down) = keyboard.take();
            assert!(pressed.with(later).iter().eq([60]) && down.iter().eq([60]));
            assert!(pressed.is_empty() || later.is_empty(), "one press is two");
        });
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_short_press_is_not_missed() {
        let keyboard = Keyboard::default();
        keyboard.press(60);
        keyboard.press(127);
        keyboard.release(60);
        keyboard.press(128);
        let (pressed, down) = keyboard.take();
        assert!(pressed.iter().eq([60, 127]) && down.iter().eq([127]));
        assert!(keyboard.take().0.is_empty());
    }
}
