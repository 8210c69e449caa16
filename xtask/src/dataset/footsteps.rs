//! Footsteps: heel and toe on hard floors; on loose ground, grains that collide at random (Cook, Physically informed
//! stochastic modelling, 1997; Modeling Bill's Gait, 2002).

use super::caption::{captions, grade};
use super::filter::{burst, impulses, white};
use super::modal::{Material, plate, strike};
use super::rng::Rng;
use super::signal::{Sound, hump};
use super::{Generator, Scene, Take, generator};

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("steps-gravel", "FOOTSTEPS", Scene::Outdoors, |rng| walk(rng, Ground::Gravel)),
    generator("steps-snow", "FOOTSTEPS", Scene::Outdoors, |rng| walk(rng, Ground::Snow)),
    generator("steps-grass", "FOOTSTEPS", Scene::Outdoors, |rng| walk(rng, Ground::Grass)),
    generator("steps-leaves", "FOOTSTEPS", Scene::Outdoors, |rng| walk(rng, Ground::Leaves)),
    generator("steps-wood", "FOOTSTEPS", Scene::Indoors, |rng| walk(rng, Ground::Wood)),
    generator("steps-stone", "FOOTSTEPS", Scene::Indoors, |rng| walk(rng, Ground::Stone)),
    generator("steps-metal", "FOOTSTEPS", Scene::Indoors, |rng| walk(rng, Ground::Metal)),
    generator("high-heels", "FOOTSTEPS", Scene::Indoors, |rng| walk(rng, Ground::Heels)),
];

/// What is walked on, or with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ground {
    Gravel,
    Snow,
    Grass,
    Leaves,
    Wood,
    Stone,
    Metal,
    Heels,
}

impl Ground {
    /// The words after "on".
    fn name(self) -> &'static str {
        match self {
            Self::Gravel => "gravel",
            Self::Snow => "snow",
            Self::Grass => "grass",
            Self::Leaves => "dry leaves",
            Self::Wood => "wood",
            Self::Stone => "stone",
            Self::Metal => "metal",
            Self::Heels => "a hard floor",
        }
    }

    /// Captions: the first list for several steps, the second for one.
    fn templates(self, running: bool, steps: usize) -> &'static [&'static str] {
        match (self, running, steps) {
            (Self::Heels, _, 1) => &["single high heel footstep", "high heel step on {ground}"],
            (Self::Heels, _, _) => &["{pace} high heels walking", "high heels on {ground}", "woman walking in heels"],
            (_, _, 1) => &["single footstep on {ground}", "one step on {ground}", "footstep on {ground}"],
            (_, true, _) => &["running on {ground}", "fast footsteps running on {ground}", "run on {ground}"],
            _ => &["{pace} footsteps on {ground}", "walking on {ground}", "{pace} steps on {ground}"],
        }
    }
}

/// Some steps of one person.
fn walk(rng: &mut Rng, ground: Ground) -> Take {
    let steps = if rng.chance(0.2) { 1 } else { rng.count(3, 8) };
    let running = ground != Ground::Heels && rng.chance(0.3);
    let pace = rng.unit();
    let gap_s = if running { 0.36 - 0.08 * pace } else { 0.78 - 0.3 * pace };
    let shoe = Shoe { hz: rng.log_range(0.8, 1.3), hard: rng.unit(), weight: rng.unit() };
    rng.vary();
    let mut out = Sound::silence(0.0);
    for k in 0..steps {
        let at = k as f32 * gap_s + rng.range(0.0, 0.04) * gap_s;
        out.mix(at, rng.range(0.75, 1.0), &step(rng, ground, &shoe, running));
    }
    let word = if running { "" } else { grade(rng, pace, &["slow"], &["quick", "fast"]) };
    let templates = ground.templates(running, steps);
    Take { sound: out, captions: captions(rng, templates, &[("ground!", ground.name()), ("pace", word)]) }
}

/// What stays the same from step to step.
struct Shoe {
    /// Factor on all frequencies.
    hz: f32,
    /// Hardness of the sole, 0 to 1.
    hard: f32,
    /// Weight of the walker, 0 to 1.
    weight: f32,
}

/// One step.
fn step(rng: &mut Rng, ground: Ground, shoe: &Shoe, running: bool) -> Sound {
    let length = if running { 0.16 } else { 0.3 };
    match ground {
        Ground::Gravel => grains(rng, shoe, length, &[(1400.0, 1.2, 1.0), (3300.0, 1.5, 1.0), (6500.0, 1.2, 0.6)], 900.0),
        Ground::Snow => grains(rng, shoe, length, &[(1100.0, 2.0, 1.0), (2600.0, 1.5, 0.8), (500.0, 1.2, 0.5)], 2600.0),
        Ground::Grass => grains(rng, shoe, length, &[(2200.0, 0.7, 0.5), (5200.0, 0.7, 0.5), (350.0, 0.8, 0.8)], 5000.0),
        Ground::Leaves => grains(rng, shoe, length, &[(3000.0, 0.8, 0.8), (7000.0, 0.8, 1.0), (1200.0, 1.0, 0.3)], 420.0),
        Ground::Wood => sole(rng, shoe, Material::Wood, (95.0, 28.0), 0.16),
        Ground::Stone => sole(rng, shoe, Material::Stone, (260.0, 70.0), 0.14),
        Ground::Metal => sole(rng, shoe, Material::Metal, (170.0, 14.0), 0.15),
        Ground::Heels => heel_and_toe(rng, shoe),
    }
}

/// Loose ground: grains whose rate follows the force of the foot, heel first, then the roll to the toe.
fn grains(rng: &mut Rng, shoe: &Shoe, length: f32, bands: &[(f32, f32, f32)], rate_hz: f32) -> Sound {
    let toe_at = length * rng.range(0.42, 0.55);
    let force = move |t: f32| hump(t, length * 0.45) + 0.75 * hump(t - toe_at, length * 0.5) + 0.02;
    let crushed = impulses(rng, length, |t| rate_hz * force(t));
    let hiss = white(rng, length).shape(|t| 0.05 * force(t) * force(t));
    let bands: Vec<_> = bands.iter().map(|&(hz, q, gain)| (hz * shoe.hz * rng.range(0.9, 1.1), q, gain)).collect();
    let ground = crushed.plus(1.0, &hiss).shape(force).resonances(&bands).to_peak(1.0);
    ground.plus(0.12 + 0.25 * shoe.weight, &burst(rng, 110.0, 0.8, 0.09)).fade(0.004, 0.02)
}

/// A sole on a floor: heel blow, thump of the body's weight, softer toe blow, a little scrape.
fn sole(rng: &mut Rng, shoe: &Shoe, floor: Material, (hz, held): (f32, f32), toe_s: f32) -> Sound {
    let mut out = Sound::silence(0.3);
    let contact = floor.contact_ms() * (1.6 + 3.0 * (1.0 - shoe.hard));
    for (at, gain) in [(0.0, 1.0), (rng.around(toe_s, 0.2), rng.range(0.3, 0.6))] {
        let hz = rng.around(hz * shoe.hz, 0.05);
        let modes = plate(rng, floor, hz, 22, held * 1.6);
        out.mix(at, gain, &strike(&modes, contact));
        out.mix(at, gain * (0.25 + 0.3 * shoe.hard), &burst(rng, 1900.0 * shoe.hz, 0.6, 0.03));
    }
    out.mix(0.0, 0.3 + 0.5 * shoe.weight, &burst(rng, 90.0, 0.9, 0.1));
    let scrape = white(rng, 0.12).shape(|t| hump(t, 0.12)).band_pass(3500.0, 0.7);
    out.plus(0.05, &scrape)
}

/// A narrow hard heel: a bright click, then a quieter one.
fn heel_and_toe(rng: &mut Rng, shoe: &Shoe) -> Sound {
    let mut out = Sound::silence(0.2);
    for (at, gain) in [(0.0, 1.0), (rng.range(0.07, 0.11), 0.35)] {
        let modes = plate(rng, Material::Stone, 750.0 * shoe.hz, 16, 160.0);
        out.mix(at, gain, &strike(&modes, 0.3));
        out.mix(at, 0.4 * gain, &burst(rng, 2600.0 * shoe.hz, 1.0, 0.025));
    }
    out.plus(0.35, &burst(rng, 170.0, 1.0, 0.06))
}
