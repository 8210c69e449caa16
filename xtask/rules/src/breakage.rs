//! Things that break: glass, dishes, branches.

use super::caption::{captions, size};
use super::filter::{burst, white};
use super::modal::{Material, plate, strike};
use super::rng::Rng;
use super::signal::{Sound, decay};
use super::{Generator, Scene, Take, generator};

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("glass-break", "GLASS", Scene::Anywhere, glass_break),
    generator("dish-break", "DESTRUCTION", Scene::Indoors, dish_break),
    generator("branch-snap", "WOOD", Scene::Outdoors, branch_snap),
    generator("wood-crash", "DESTRUCTION", Scene::Anywhere, wood_crash),
];

/// Shards of a material that tumble: many small plates struck at random times, dense first.
fn shards(rng: &mut Rng, material: Material, count: usize, spread_s: f32, pitch: (f32, f32)) -> Sound {
    let mut out = Sound::silence(0.0);
    for _ in 0..count {
        let at = rng.wait(spread_s * 0.33).min(spread_s);
        let (low, high) = pitch;
        let hz = rng.log_range(low, high);
        let modes = plate(rng, material, hz, 6, 30.0);
        let gain = rng.log_range(0.08, 0.7) * (1.0 - 0.6 * at / spread_s);
        out.mix(at, gain, &strike(&modes, rng.range(0.03, 0.12)));
    }
    out
}

/// A pane, bottle or drinking glass: crack, broadband burst, falling shards.
fn glass_break(rng: &mut Rng) -> Take {
    let (smallness, spread_s) = (rng.unit(), rng.range(0.35, 1.2));
    let large = 1.0 - smallness;
    let count = 25 + (70.0 * large) as usize;
    rng.vary();
    let mut out = shards(rng, Material::Glass, count, spread_s * (0.7 + large), (1800.0, 6500.0));
    let crash = white(rng, 0.35).shape(|t| decay(t, 0.12 + 0.2 * large)).high_pass(2200.0 - 1200.0 * large);
    out.mix(0.0, 0.9, &crash);
    out.mix(0.0, 0.4 + 0.5 * large, &burst(rng, 500.0, 0.6, 0.06));
    let what = rng.pick(&["glass", "glass", "window", "bottle"]);
    let templates = [
        "{size} {what} breaking",
        "{size} {what} shatters",
        "{what} smashing into pieces",
        "breaking {size} {what}",
    ];
    let words = [("what!", what), ("size", size(rng, smallness))];
    Take { sound: out, captions: captions(rng, &templates, &words) }
}

/// A plate or cup on a hard floor.
fn dish_break(rng: &mut Rng) -> Take {
    let (smallness, spread_s) = (rng.unit(), rng.range(0.4, 1.0));
    let count = 12 + (25.0 * (1.0 - smallness)) as usize;
    rng.vary();
    let low = 700.0 + 700.0 * smallness;
    let mut out = shards(rng, Material::Ceramic, count, spread_s, (low, low * 4.0));
    out.mix(0.0, 0.8, &white(rng, 0.2).shape(|t| decay(t, 0.15)).high_pass(900.0));
    out.mix(0.0, 0.6, &burst(rng, 350.0, 0.7, 0.08));
    let templates =
        ["{size} plate breaking on the floor", "{size} dish smashes", "ceramic {size} cup shatters"];
    let size = size(rng, smallness);
    Take { sound: out, captions: captions(rng, &templates, &[("size", size)]) }
}

/// Fibres that tear within milliseconds, then the crack of the whole branch.
fn branch_snap(rng: &mut Rng) -> Take {
    let (smallness, fibres) = (rng.unit(), rng.count(2, 9));
    let hz = 350.0 * 4.0f32.powf(smallness);
    rng.vary();
    let mut out = Sound::silence(0.0);
    let mut at = 0.0;
    for _ in 0..fibres {
        out.mix(at, rng.range(0.1, 0.45), &burst(rng, hz * 4.5, 1.2, 0.02));
        at += rng.wait(0.02);
    }
    let modes = plate(rng, Material::Wood, hz, 14, 60.0);
    out.mix(at, 1.0, &strike(&modes, 0.15));
    out.mix(at, 1.0, &burst(rng, hz * 3.0, 0.5, 0.05));
    let templates = ["{size} branch snaps", "snapping a {size} twig", "{size} wooden stick breaking"];
    let size = size(rng, smallness);
    Take { sound: out, captions: captions(rng, &templates, &[("size", size)]) }
}

/// Boards that break and fall in a heap.
fn wood_crash(rng: &mut Rng) -> Take {
    let (pieces, spread_s) = (rng.count(10, 30), rng.range(0.5, 1.6));
    rng.vary();
    let mut out = Sound::silence(0.0);
    for _ in 0..pieces {
        let at = rng.wait(spread_s * 0.35).min(spread_s);
        let hz = rng.log_range(150.0, 900.0);
        let modes = plate(rng, Material::Wood, hz, 12, 35.0);
        out.mix(at, rng.range(0.2, 1.0), &strike(&modes, rng.range(0.3, 1.0)));
        out.mix(at, rng.range(0.05, 0.4), &burst(rng, 2500.0, 0.5, 0.03));
    }
    out.mix(0.0, 1.0, &burst(rng, 400.0, 0.4, 0.25));
    let templates = ["wood crashing and breaking", "wooden crate smashed", "wooden boards break and fall"];
    Take { sound: out, captions: captions(rng, &templates, &[]) }
}
