//! What the editor asks to be played without a note, on its way to the audio thread.

use crate::bank::SoundKey;
use crate::sync::{AtomicU32, AtomicU64, Ordering, fence, spin_loop};

/// Where playing begins.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Begin {
    /// At the start of the sound, or of the range.
    #[default]
    Start,
    /// So many seconds after the start of the sound.
    At(f64),
    /// Where the sound is that plays now, which fades over to this one: the switch of an A/B comparison. At the start if
    /// nothing plays.
    Here,
}

/// A sound that is to be played once, without a note. It takes the place of the one that was asked for before.
///
/// # Examples
/// ```
/// use straightshot_playback::{Audition, Begin};
///
/// // A tenth of a second of the active sound, again and again.
/// let around = Audition { range_s: Some([0.5, 0.6]), looped: true, ..Audition::default() };
/// assert_eq!(around.begin, Begin::Start);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Audition {
    /// Which sound; `None` is the active one, and whichever becomes it while it plays. A sound that the bank does not
    /// have is played when a bank has it, unless something else is asked for before.
    pub sound: Option<SoundKey>,
    /// Where to begin.
    pub begin: Begin,
    /// Start and end of the part to play, in seconds; the whole sound if there is none.
    pub range_s: Option<[f64; 2]>,
    /// Whether to begin again at the end.
    pub looped: bool,
    /// Linear gain.
    pub gain: f32,
}

impl Default for Audition {
    /// The active sound, once from start to end.
    fn default() -> Self {
        Self { sound: None, begin: Begin::Start, range_s: None, looped: false, gain: 1.0 }
    }
}

/// Bits of [`Wish::what`].
const WANTED: u32 = 1;
const NAMED: u32 = 2;
const RANGED: u32 = 4;
const LOOPED: u32 = 8;
const BEGIN_AT: u32 = 16;
const BEGIN_HERE: u32 = 32;

/// What a wish is whole by: the orderings of [`Wish`]. Together in one place, so that the model of it can show that none of
/// them is there in vain.
#[derive(Debug, Clone, Copy)]
struct Orders {
    /// Between the odd number and what is written.
    begin_writing: Option<Ordering>,
    /// Of the even number behind it.
    written: Ordering,
    /// Of the number before what is read.
    begin_reading: Ordering,
    /// Between what was read and the number behind it.
    end_reading: Option<Ordering>,
}

const ORDERS: Orders = Orders {
    begin_writing: Some(Ordering::Release),
    written: Ordering::Release,
    begin_reading: Ordering::Acquire,
    end_reading: Some(Ordering::Acquire),
};

/// The place for the newest wish.
///
/// A sequence lock of atomics: the serial number is odd while a wish is written, and larger by two when it is. The audio
/// thread reads the number before and after; if it is not the same, the wish is half written, and it looks again in its
/// next block. So it never waits. Editors that write at once wait for each other.
#[derive(Debug, Default)]
pub(crate) struct Wish {
    serial: AtomicU64,
    what: AtomicU32,
    take: AtomicU64,
    version: AtomicU32,
    /// Seconds as `f64` bits.
    begin: AtomicU64,
    from: AtomicU64,
    until: AtomicU64,
    /// `f32` bits.
    gain: AtomicU32,
}

impl Wish {
    /// Puts a wish into the place of the one before it; `None` takes that back.
    pub(crate) fn put(&self, audition: Option<&Audition>) {
        while !self.put_by(&ORDERS, audition) {
            spin_loop();
        }
    }

    /// Puts a wish there unless another editor is just writing one; whether it did.
    fn put_by(&self, orders: &Orders, audition: Option<&Audition>) -> bool {
        // Odd from now on, by this editor or by the one that is writing.
        let serial = self.serial.fetch_or(1, Ordering::Acquire);
        if !serial.is_multiple_of(2) {
            return false;
        }
        // What follows must not be seen before the odd number is.
        orders.begin_writing.into_iter().for_each(fence);
        self.write(audition);
        self.serial.store(serial + 2, orders.written);
        true
    }

    fn write(&self, audition: Option<&Audition>) {
        let Some(Audition { sound, begin, range_s, looped, gain }) = audition else {
            self.what.store(0, Ordering::Relaxed);
            return;
        };
        let flag = |on: bool, bit| if on { bit } else { 0 };
        let (begin_bits, begin_s) = match *begin {
            Begin::Start => (0, 0.0),
            Begin::At(seconds) => (BEGIN_AT, seconds),
            Begin::Here => (BEGIN_HERE, 0.0),
        };
        let what = WANTED
            | begin_bits
            | flag(sound.is_some(), NAMED)
            | flag(range_s.is_some(), RANGED)
            | flag(*looped, LOOPED);
        self.what.store(what, Ordering::Relaxed);
        let key = sound.unwrap_or(SoundKey { take: 0, version: 0 });
        self.take.store(key.take, Ordering::Relaxed);
        self.version.store(key.version, Ordering::Relaxed);
        self.begin.store(f64::to_bits(begin_s), Ordering::Relaxed);
        let [from, until] = range_s.unwrap_or_default();
        self.from.store(from.to_bits(), Ordering::Relaxed);
        self.until.store(until.to_bits(), Ordering::Relaxed);
        self.gain.store(gain.to_bits(), Ordering::Relaxed);
    }

    /// The newest wish, if there is another than that of `seen`: the audition, or `None` if it was taken back.
    ///
    /// # Real-time safety
    /// Wait-free.
    pub(crate) fn take(&self, seen: &mut u64) -> Option<Option<Audition>> {
        self.take_by(&ORDERS, seen)
    }

    fn take_by(&self, orders: &Orders, seen: &mut u64) -> Option<Option<Audition>> {
        let serial = self.serial.load(orders.begin_reading);
        if serial == *seen || !serial.is_multiple_of(2) {
            return None;
        }
        let audition = self.read();
        // What was read must not be newer than the number that is read next.
        orders.end_reading.into_iter().for_each(fence);
        if self.serial.load(Ordering::Relaxed) != serial {
            return None;
        }
        *seen = serial;
        Some(audition)
    }

    fn read(&self) -> Option<Audition> {
        let what = self.what.load(Ordering::Relaxed);
        let has = |bit| what & bit != 0;
        let seconds = |bits: &AtomicU64| f64::from_bits(bits.load(Ordering::Relaxed));
        let key = SoundKey {
            take: self.take.load(Ordering::Relaxed),
            version: self.version.load(Ordering::Relaxed),
        };
        let begin = match (has(BEGIN_AT), has(BEGIN_HERE)) {
            (true, _) => Begin::At(seconds(&self.begin)),
            (false, true) => Begin::Here,
            (false, false) => Begin::Start,
        };
        has(WANTED).then(|| Audition {
            sound: has(NAMED).then_some(key),
            begin,
            range_s: has(RANGED).then(|| [seconds(&self.from), seconds(&self.until)]),
            looped: has(LOOPED),
            gain: f32::from_bits(self.gain.load(Ordering::Relaxed)),
        })
    }
}

/// Every order of two threads, and of what each sees of the other's writes. Not of two editors: loom (0.7.3) lets an exchange
/// that read an older value be newer than a store behind that, which no processor does; `tests` has two of them.
#[cfg(all(test, loom))]
mod model {
    use super::*;
    use loom::sync::Arc;
    use std::panic::catch_unwind;

    /// A wish whose parts say which it is.
    fn numbered(number: u32) -> Audition {
        let seconds = f64::from(number);
        Audition {
            sound: Some(SoundKey { take: u64::from(number), version: number }),
            begin: Begin::At(seconds),
            range_s: Some([seconds; 2]),
            looped: false,
            gain: number as f32,
        }
    }

    /// An editor asks for two things while the audio thread looks twice.
    fn check(orders: Orders) {
        let mut model = loom::model::Builder::new();
        // Four changes of thread at any place: more finds no more faults of two threads, and takes minutes.
        model.preemption_bound = Some(4);
        model.check(move || {
            let wish = Arc::new(Wish::default());
            let editor = wish.clone();
            let editor = loom::thread::spawn(move || {
                assert!(editor.put_by(&orders, Some(&numbered(1))));
                assert!(editor.put_by(&orders, Some(&numbered(2))));
            });
            let (mut seen, mut last) = (0, 0);
            for _ in 0..2 {
                if let Some(found) = wish.take_by(&orders, &mut seen) {
                    let found = found.expect("nothing was taken back");
                    let number = found.sound.expect("every one names a sound").version;
                    assert!(number > last, "an old wish comes again");
                    assert_eq!(found, numbered(number), "half a wish");
                    last = number;
                }
            }
            editor.join().expect("the editor does not panic");
            // At rest the newest is there, once.
            if last < 2 {
                assert_eq!(wish.take_by(&orders, &mut seen), Some(Some(numbered(2))));
            }
            assert_eq!(wish.take_by(&orders, &mut seen), None);
        });
    }

    #[test]
    fn loom_no_wish_is_read_in_halves() {
        check(ORDERS);
    }

    #[test]
    fn loom_no_ordering_is_there_in_vain() {
        let weakened = [
            ("begin_writing", Orders { begin_writing: None, ..ORDERS }),
            ("written", Orders { written: Ordering::Relaxed, ..ORDERS }),
            ("begin_reading", Orders { begin_reading: Ordering::Relaxed, ..ORDERS }),
            ("end_reading", Orders { end_reading: None, ..ORDERS }),
        ];
        for (name, orders) in weakened {
            assert!(
                catch_unwind(|| check(orders)).is_err(),
                "no order of events shows that {name} is missing"
            );
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_newest_wish_is_read_once_and_whole() {
        let (wish, mut seen) = (Wish::default(), 0);
        assert_eq!(wish.take(&mut seen), None);
        let around = Audition {
            sound: Some(SoundKey { take: 7, version: 4 }),
            begin: Begin::At(0.25),
            range_s: Some([0.1, 0.5]),
            looped: true,
            gain: 0.5,
        };
        wish.put(Some(&Audition::default()));
        wish.put(Some(&around));
        assert_eq!(wish.take(&mut seen), Some(Some(around)));
        assert_eq!(wish.take(&mut seen), None);
        wish.put(None);
        assert_eq!(wish.take(&mut seen), Some(None));
    }

    #[test]
    fn no_wish_is_read_in_halves() {
        let wish = Wish::default();
        let wishes = if cfg!(miri) { 50 } else { 20_000 };
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for number in 1..=wishes {
                        let sound = Some(SoundKey { take: number, version: 0 });
                        let seconds = number as f64;
                        let begin = Begin::At(seconds);
                        wish.put(Some(&Audition {
                            sound,
                            begin,
                            range_s: Some([seconds; 2]),
                            ..Audition::default()
                        }));
                    }
                });
            }
            let mut seen = 0;
            let mut last = 0;
            while last < wishes {
                let Some(Some(Audition { sound: Some(key), begin, range_s, .. })) = wish.take(&mut seen)
                else {
                    std::hint::spin_loop();
                    continue;
                };
                last = key.take;
                assert_eq!((begin, range_s), (Begin::At(last as f64), Some([last as f64; 2])));
            }
        });
    }
}
