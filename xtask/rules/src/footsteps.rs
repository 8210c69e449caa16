//! Footsteps: heel and toe on hard floors; on loose ground, grains that collide at random (Cook, Physically informed
//! stochastic modelling, 1997; Modeling Bill's Gait, 2002).

use super::caption::{captions, grade};
use super::filter::{brown, burst, white};
use super::modal::{Material, hit, plate};
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
            (Self::Heels, _, _) => {
                &["{pace} high heels walking", "high heels on {ground}", "woman walking in heels"]
            }
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
    let length = if running { 0.22 } else { 0.4 };
    match ground {
        Ground::Gravel => grains(
            rng,
            shoe,
            length,
            &Grains { hz: (1300.0, 6000.0), rate_hz: 330.0, t60_s: 0.02, hiss: 0.1 },
        ),
        Ground::Snow => grains(
            rng,
            shoe,
            length,
            &Grains { hz: (450.0, 2800.0), rate_hz: 800.0, t60_s: 0.014, hiss: 0.06 },
        ),
        Ground::Grass => grains(
            rng,
            shoe,
            length,
            &Grains { hz: (1500.0, 7000.0), rate_hz: 500.0, t60_s: 0.01, hiss: 0.5 },
        ),
        Ground::Leaves => grains(
            rng,
            shoe,
            length,
            &Grains { hz: (1800.0, 9000.0), rate_hz: 260.0, t60_s: 0.012, hiss: 0.3 },
        ),
        Ground::Wood => sole(rng, shoe, Material::Wood, (95.0, 28.0), 0.16),
        Ground::Stone => sole(rng, shoe, Material::Stone, (260.0, 70.0), 0.14),
        Ground::Metal => sole(rng, shoe, Material::Metal, (170.0, 14.0), 0.15),
        Ground::Heels => heel_and_toe(rng, shoe),
    }
}

/// What lies loose on the ground.
struct Grains {
    /// Range of the frequencies of single grains.
    hz: (f32, f32),
    /// Collisions per second at full force.
    rate_hz: f32,
    /// Decay of one collision.
    t60_s: f32,
    /// Share of the grains that are too small to be heard one by one.
    hiss: f32,
}

/// Loose ground: grains whose rate follows the force of the foot, heel first, then the roll to the toe.
fn grains(rng: &mut Rng, shoe: &Shoe, length: f32, ground: &Grains) -> Sound {
    let toe_at = length * rng.range(0.36, 0.46);
    let toe = rng.range(0.6, 1.0);
    let force =
        move |t: f32| hump(t, length * 0.45).powf(1.4) + toe * hump(t - toe_at, length * 0.56).powf(1.4);
    let mut out = Sound::silence(length);
    let mut at = rng.wait(0.01);
    while at < length {
        let level = force(at);
        if rng.chance(level.min(1.0)) {
            let hz = rng.log_range(ground.hz.0, ground.hz.1) * shoe.hz;
            let gain = level * rng.log_range(0.06, 1.0);
            // Strong collisions are those of large grains, which ring longer.
            out.mix(at, gain, &burst(rng, hz, 1.5, ground.t60_s * (0.5 + gain)));
        }
        at += rng.wait(1.0 / ground.rate_hz);
    }
    let middle = (ground.hz.0 * ground.hz.1).sqrt() * shoe.hz;
    let hiss = white(rng, length).shape(force).band_pass(middle, 0.4).to_rms(0.25);
    let weight = brown(rng, length).low_pass(160.0).shape(force).to_peak(0.1 + 0.25 * shoe.weight);
    out.to_peak(1.0).plus(ground.hiss, &hiss).plus(1.0, &weight).fade(0.01, 0.05)
}

/// A sole on a floor: heel, the weight of the body, softer toe, a little scrape. Rubber and leather yield, so that a
/// contact takes milliseconds.
fn sole(rng: &mut Rng, shoe: &Shoe, floor: Material, (hz, held): (f32, f32), toe_s: f32) -> Sound {
    let mut out = Sound::silence(0.3);
    let contact = 6.0 - 4.8 * shoe.hard;
    let body = if floor == Material::Metal { 0.9 } else { 0.4 };
    for (at, gain) in [(0.02, 1.0), (0.02 + rng.around(toe_s, 0.2), rng.range(0.35, 0.7))] {
        let hz = rng.around(hz * shoe.hz, 0.05);
        let modes = plate(rng, floor, hz, 26, held * 1.6);
        let attack_s = 0.001 + 0.004 * (1.0 - shoe.hard);
        let thud = burst(rng, 330.0 * shoe.hz, 0.6, 0.1).plus(0.8, &burst(rng, 120.0 * shoe.hz, 0.7, 0.14));
        let slap = burst(rng, 1500.0 * shoe.hz, 0.5, 0.05);
        let mut fall = hit(rng, floor, &modes, contact);
        fall.mix(0.0, 0.9, &thud);
        fall.mix(0.0, 0.25 + 0.3 * shoe.hard, &slap);
        out.mix(at, gain * body, &fall.fade(attack_s, 0.02));
    }
    out.mix(0.0, 0.25 + 0.4 * shoe.weight, &burst(rng, 85.0, 0.9, 0.14).fade(0.01, 0.03));
    let (scrape_at, scrape_s) = (rng.range(0.03, 0.08), rng.range(0.1, 0.2));
    let scrape = white(rng, scrape_s).shape(|t| hump(t, scrape_s)).band_pass(3000.0, 0.5);
    out.mix(scrape_at, 0.1, &scrape);
    out
}

/// A narrow hard heel: a bright click, then a quieter one.
fn heel_and_toe(rng: &mut Rng, shoe: &Shoe) -> Sound {
    let mut out = Sound::silence(0.2);
    for (at, gain) in [(0.0, 1.0), (rng.range(0.07, 0.11), 0.35)] {
        let modes = plate(rng, Material::Stone, 750.0 * shoe.hz, 16, 160.0);
        out.mix(at, 0.6 * gain, &hit(rng, Material::Stone, &modes, 0.3));
        out.mix(at, 0.4 * gain, &burst(rng, 2600.0 * shoe.hz, 1.0, 0.025));
    }
    out.plus(0.35, &burst(rng, 170.0, 0.7, 0.08)).plus(0.3, &burst(rng, 600.0, 0.6, 0.05))
}
