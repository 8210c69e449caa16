//! Clips of foley made by rules, each with two captions that its parameters make true.
//!
//! The recordings with licences we can use hold much rain and many monsters, few bells, clocks and machines. These
//! generators fill the gaps with physical models: struck modes, throats, bubbles, grains and filtered air. They are
//! training data only; no sound of them is in the plugin. `cargo xtask dataset` writes them to files.

mod aircraft;
mod alarms;
#[cfg(test)]
mod analysis;
mod animals;
mod bells;
mod birds;
mod blasts;
mod breakage;
mod calls;
mod caption;
mod catalogue;
mod clicks;
mod crowds;
mod doors;
mod energies;
mod engines;
mod filter;
mod fire;
mod footsteps;
mod horns;
mod impacts;
mod insects;
mod interface;
mod jingles;
mod modal;
mod motors;
mod paper;
mod passing;
mod people;
mod rain;
mod rng;
mod room;
mod scifi;
mod signal;
mod throat;
mod tools;
mod voice;
mod water;
mod wind;
mod write;

use caption::Captions;
use rng::Rng;
use signal::Sound;

pub use catalogue::{Job, overview, plan};
pub use write::write;

/// A sound with its captions, before space and level.
struct Take {
    sound: Sound,
    captions: Captions,
}

/// Where a sound may plausibly happen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scene {
    /// Always close: interface sounds, ambiences that contain their own distance.
    Close,
    /// Close, in a room or in a hall.
    Indoors,
    /// Close or far away outdoors.
    Outdoors,
    /// All of these.
    Anywhere,
}

/// A rule that makes one kind of sound.
struct Generator {
    /// Part of the id and of `--only`.
    name: &'static str,
    /// Category of the Universal Category System, upper case.
    category: &'static str,
    /// Spaces it may be placed in.
    scene: Scene,
    /// Draws the design, calls [`Rng::vary`], draws the rest.
    make: fn(&mut Rng) -> Take,
}

/// A line of a family's table of generators.
const fn generator(
    name: &'static str,
    category: &'static str,
    scene: Scene,
    make: fn(&mut Rng) -> Take,
) -> Generator {
    Generator { name, category, scene, make }
}
