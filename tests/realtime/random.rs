//! Process calls by chance, through the whole plugin: none allocates, frees or enters the system, whatever the host's other
//! threads do meanwhile, and every sample is a number.

use crate::counting::Counts;
use crate::hosted::{Deck, Instance, MAX_BLOCK};
use crate::syscalls;
use clack_host::events::Pckn;
use clack_host::events::event_types::{
    MidiEvent, NoteChokeEvent, NoteOffEvent, NoteOnEvent, ParamValueEvent,
};
use clack_host::prelude::*;
use clack_host::utils::ClapId;
use std::sync::atomic::{AtomicBool, Ordering};

/// Process calls, if nobody asks for more by this variable; 10^6 were made once.
const CALLS: (&str, u64) = ("STRAIGHTSHOT_CALLS", 20_000);

/// Numbers by chance that are the same in every run.
struct Dice(u64);

impl Dice {
    /// One of 0 .. `n`.
    fn below(&mut self, n: u64) -> u64 {
        // xorshift64*.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % n
    }
}

/// Ids of parameters, as hosts know them.
const PARAMS: [&str; 14] = [
    "gain",
    "playmode",
    "keytrack",
    "loop",
    "takechoice",
    "take",
    "velocity",
    "attack",
    "decay",
    "sustain",
    "release",
    "rootkey",
    "lowkey",
    "highkey",
];

fn param(id: &str) -> ClapId {
    let hash = id.bytes().fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    ClapId::new(hash & 0x7fff_ffff)
}

/// Up to 40 events, sorted or not, within the block or behind it.
fn events(dice: &mut Dice, frames: usize) -> EventBuffer {
    let mut buffer = EventBuffer::new();
    let count = if dice.below(3) == 0 { dice.below(40) } else { dice.below(3) };
    for _ in 0..count {
        let at = dice.below(frames as u64 + 20) as u32;
        let key = dice.below(140) as u16;
        let note = match dice.below(20) {
            0 => Pckn::match_all(),
            _ => Pckn::new(0_u16, dice.below(16) as u16, key.min(127), dice.below(4) as u32),
        };
        match dice.below(8) {
            0..=2 => buffer.push(&NoteOnEvent::new(at, note, dice.below(128) as f64 / 127.0)),
            3 => buffer.push(&NoteOffEvent::new(at, note, 0.0)),
            4 => buffer.push(&NoteChokeEvent::new(at, note)),
            5 => {
                let status = [0x80, 0x90, 0xb0, 0xe0][dice.below(4) as usize] | dice.below(16) as u8;
                let number = [64, 120, 121, 123, 7, 60][dice.below(6) as usize];
                buffer.push(&MidiEvent::new(at, 0, [status, number, dice.below(128) as u8]));
            }
            _ => {
                let id = param(PARAMS[dice.below(PARAMS.len() as u64) as usize]);
                let value = match dice.below(12) {
                    0 => f64::NAN,
                    1 => f64::INFINITY,
                    2 => -1e9,
                    n if n < 7 => dice.below(1000) as f64 / 999.0,
                    _ => dice.below(6) as f64,
                };
                buffer.push(&ParamValueEvent::new(at, id, Pckn::match_all(), value));
            }
        }
    }
    buffer
}

#[test]
fn calls_by_chance_touch_neither_the_allocator_nor_the_system() {
    let (variable, usual) = CALLS;
    let calls: u64 = std::env::var(variable).ok().and_then(|calls| calls.parse().ok()).unwrap_or(usual);
    let mut instance = Instance::new();
    instance.ask_for(1, 2.0);
    instance.wait_for_take();
    let mut deck = Deck::new(instance.activate(48_000));
    let done = AtomicBool::new(false);
    let deck = std::thread::scope(|scope| {
        let audio = scope.spawn(|| {
            let observed = syscalls::observe();
            assert!(
                observed || !cfg!(all(target_os = "linux", target_arch = "x86_64")),
                "seccomp is refused here"
            );
            let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
            let mut sounding = 0_u64;
            for call in 0..calls {
                let frames =
                    [0, 1, 63, 64, 512, MAX_BLOCK, dice.below(1025) as usize][dice.below(7) as usize];
                let input = events(&mut dice, frames);
                let position = match dice.below(4) {
                    0 => None,
                    1 => Some(dice.below(100_000) as f64 / 10_000.0),
                    _ => Some(call as f64 * 0.01),
                };
                let before = deck.counts;
                let sound = deck.play_at(frames, &input, position);
                assert!(sound.iter().all(|sample| sample.is_finite()), "call {call}");
                sounding += u64::from(sound.iter().any(|sample| *sample != 0.0));
                let after = deck.counts;
                assert_eq!(after, before, "call {call}");
            }
            assert!(sounding > calls / 50, "only {sounding} of {calls} calls sounded");
            done.store(true, Ordering::Release);
            deck
        });
        // Meanwhile the locks of the session are held most of the time, and sounds come and go.
        let mut seed = 1;
        while !done.load(Ordering::Acquire) && !audio.is_finished() {
            let project = instance.save();
            assert!(instance.try_load(&project), "the plugin takes its own project");
            if seed % 50 == 0 {
                instance.ask_for(seed, 0.5 + 0.01 * (seed % 100) as f64);
                instance.wait_for_take();
            }
            seed += 1;
        }
        audio.join().expect("the audio thread lives")
    });
    assert_eq!(deck.counts, Counts::NONE);
    instance.deactivate(deck);
}
