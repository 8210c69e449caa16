//! Rain: a great many impacts; what they fall on gives them their sound (Farnell, Designing Sound, 2010).

use super::caption::{captions, grade};
use super::filter::{burst, impulses, pink, white};
use super::modal::{Material, plate, resonate};
use super::rng::Rng;
use super::signal::{Curve, Sound};
use super::{Generator, Scene, Take, generator};

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("light-rain", "RAIN", Scene::Close, light_rain),
    generator("heavy-rain", "RAIN", Scene::Close, heavy_rain),
    generator("rain-roof", "RAIN", Scene::Close, rain_roof),
    generator("hail", "RAIN", Scene::Close, hail),
];

/// Drops one by one: `rate_hz` bursts per second between two frequencies.
fn drops(rng: &mut Rng, seconds: f32, rate_hz: f32, hz: (f32, f32), t60_s: f32) -> Sound {
    let mut out = Sound::silence(seconds);
    let mut at = 0.0;
    while at < seconds - 2.0 * t60_s {
        let own_hz = rng.log_range(hz.0, hz.1);
        let gain = rng.unit().powi(3);
        out.mix(at, gain, &burst(rng, own_hz, 1.2, t60_s));
        at += rng.wait(1.0 / rate_hz);
    }
    out
}

/// The drops that are too many to tell apart.
fn curtain(rng: &mut Rng, seconds: f32, dense: f32) -> Sound {
    let fine = impulses(rng, seconds, |_| 2500.0 + 9000.0 * dense);
    let gust = Curve::wander(rng, seconds, 1.2, 0.8, 1.0);
    fine.resonances(&[(1300.0, 0.4, 0.25 + 0.4 * dense), (4500.0, 0.4, 1.0), (9000.0, 0.5, 0.8)])
        .shape(|t| gust.at(t))
}

/// Single drops are heard.
fn light_rain(rng: &mut Rng) -> Take {
    let seconds = rng.range(4.5, 8.0);
    rng.vary();
    let sound = curtain(rng, seconds, 0.1)
        .to_rms(0.06)
        .plus(0.5, &drops(rng, seconds, 70.0, (1500.0, 6500.0), 0.012));
    let templates = ["light rain", "gentle rain falling", "light rain on leaves", "drizzle"];
    Take { sound: sound.fade(0.3, 0.5), captions: captions(rng, &templates[..2], &[]) }
}

/// A roar with a low part from the ground.
fn heavy_rain(rng: &mut Rng) -> Take {
    let seconds = rng.range(4.5, 8.0);
    rng.vary();
    let ground = pink(rng, seconds).band_pass(700.0, 0.4).to_rms(0.06);
    let splashes = drops(rng, seconds, 220.0, (900.0, 5000.0), 0.02);
    let sound = curtain(rng, seconds, 1.0).to_rms(0.18).plus(1.0, &ground).plus(0.35, &splashes);
    let templates = ["heavy rain", "heavy rain pouring down", "downpour", "heavy rainfall"];
    Take { sound: sound.fade(0.3, 0.5), captions: captions(rng, &templates, &[]) }
}

/// Drops excite the modes of a roof of metal or tin, or of a window.
fn rain_roof(rng: &mut Rng) -> Take {
    let (metal, dense, seconds) = (rng.chance(0.6), rng.unit(), rng.range(4.5, 8.0));
    rng.vary();
    let (material, hz, extra) =
        if metal { (Material::Metal, 900.0, 260.0) } else { (Material::Glass, 1300.0, 400.0) };
    let modes = plate(rng, material, hz, 24, extra);
    let rate_hz = 90.0 + 420.0 * dense;
    let force = impulses(rng, seconds, |_| rate_hz);
    let taps = resonate(&force, &modes).to_peak(0.3);
    let near = drops(rng, seconds, rate_hz * 0.6, (1800.0, 6000.0), 0.01);
    let sound = taps.plus(0.4, &near).plus(1.0, &curtain(rng, seconds, dense).to_rms(0.05 + 0.05 * dense));
    let force = grade(rng, dense, &["light", "gentle"], &["heavy"]);
    let templates: &[&str] = if metal {
        &["{force} rain on a metal roof", "{force} rain on a tin roof", "{force} raindrops on metal"]
    } else {
        &["{force} rain on a window", "{force} rain against a window pane", "{force} raindrops on glass"]
    };
    Take { sound: sound.fade(0.3, 0.5), captions: captions(rng, templates, &[("force", force)]) }
}

/// Ice: harder and shorter contacts than water.
fn hail(rng: &mut Rng) -> Take {
    let (large, seconds) = (rng.unit(), rng.range(4.0, 7.0));
    rng.vary();
    let modes = plate(rng, Material::Stone, 1900.0 - 900.0 * large, 20, 420.0);
    let force = impulses(rng, seconds, |_| 90.0 + 120.0 * (1.0 - large));
    let stones = resonate(&force, &modes).to_peak(0.8);
    let clicks = force.high_pass(1500.0).to_peak(0.5);
    let bed = white(rng, seconds).band_pass(5000.0, 0.4).to_rms(0.035);
    let sound = stones.plus(1.0, &clicks).plus(1.0, &bed).fade(0.2, 0.4);
    let size = grade(rng, large, &["small"], &["large"]);
    let templates = ["{size} hail falling", "{size} hailstones on the roof", "hailstorm with {size} hail"];
    Take { sound, captions: captions(rng, &templates[..2], &[("size", size)]) }
}
