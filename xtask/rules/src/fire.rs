//! Fire and steam: cracks of bursting fibres over the rumble of flames (Farnell, Designing Sound, 2010, chapter on
//! fire), and gas through narrow openings.

use super::caption::{captions, grade};
use super::filter::{Pass, brown, burst, impulses, pink, white};
use super::rng::Rng;
use super::signal::{Curve, Sound, attack_decay, decay};
use super::{Generator, Scene, Take, generator};

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("campfire", "FIRE", Scene::Close, campfire),
    generator("ignite", "FIRE", Scene::Close, ignite),
    generator("match-strike", "FIRE", Scene::Close, match_strike),
    generator("steam-hiss", "AIR", Scene::Close, steam_hiss),
    generator("air-release", "AIR", Scene::Indoors, air_release),
    generator("spray-can", "AIR", Scene::Close, spray_can),
    generator("frying", "FOOD", Scene::Close, frying),
];

/// Cracks come in clusters: each large one sets off small ones.
fn crackle(rng: &mut Rng, seconds: f32, rate_hz: f32) -> Sound {
    let mut out = Sound::silence(seconds);
    let mut at = rng.wait(0.5 / rate_hz);
    while at < seconds {
        let gain = rng.log_range(0.06, 1.0);
        let hz = rng.log_range(1100.0, 5200.0);
        let t60_s = 0.004 + 0.03 * gain;
        out.mix(at, gain, &burst(rng, hz, 0.8, t60_s));
        if gain > 0.4 {
            for _ in 0..rng.count(2, 8) {
                let (late, hz) = (rng.wait(0.04), rng.log_range(2000.0, 7000.0));
                out.mix(at + late, 0.25 * gain * rng.unit(), &burst(rng, hz, 0.8, 0.006));
            }
        }
        at += rng.wait(1.0 / rate_hz);
    }
    out.samples.truncate(super::signal::samples_in(seconds));
    out
}

/// A fireplace or a campfire.
fn campfire(rng: &mut Rng) -> Take {
    let (large, seconds) = (rng.unit(), rng.range(4.0, 8.0));
    rng.vary();
    let flutter = Curve::wander(rng, seconds, 0.12, 0.4, 1.0);
    let flames = brown(rng, seconds).low_pass(350.0).shape(|t| flutter.at(t)).to_rms(0.015 + 0.07 * large);
    let hiss = white(rng, seconds).high_pass(1800.0).to_rms(0.004 + 0.006 * large);
    let cracks = crackle(rng, seconds, 9.0 + 14.0 * large).to_peak(0.9);
    let fine = impulses(rng, seconds, |_| 60.0).high_pass(2500.0).to_peak(0.15);
    let sound = cracks.plus(1.0, &fine).plus(1.0, &flames).plus(1.0, &hiss).fade(0.1, 0.3);
    let size = grade(rng, large, &["small"], &["large", "big"]);
    let templates = [
        "{size} fire crackling",
        "crackling {size} campfire",
        "{size} fireplace crackles",
        "burning wood in a {size} fire",
    ];
    Take { sound, captions: captions(rng, &templates, &[("size", size)]) }
}

/// Gas that catches fire.
fn ignite(rng: &mut Rng) -> Take {
    let (large, seconds) = (rng.unit(), rng.range(1.0, 2.6));
    let attack_s = 0.04 + 0.1 * large;
    rng.vary();
    let flutter = Curve::wander(rng, seconds, 0.05, 0.5, 1.0);
    let top_hz = 1800.0 - 900.0 * large;
    let woof =
        pink(rng, seconds).sweep(Pass::Low, 0.7, |t| 150.0 + top_hz * attack_decay(t, attack_s, seconds));
    let low = brown(rng, seconds).low_pass(200.0);
    let envelope = |t: f32| attack_decay(t, attack_s, seconds * 1.1) * flutter.at(t);
    let sound = woof.to_rms(0.2).plus(1.0, &low.to_rms(0.15)).shape(envelope).fade(0.01, 0.15);
    let size = grade(rng, large, &["small"], &["big", "large"]);
    let templates = ["{size} flame ignites", "{size} fire whoosh", "{size} gas flame bursts up"];
    Take { sound, captions: captions(rng, &templates, &[("size", size)]) }
}

/// The head scrapes, catches with a hiss, and the stick burns.
fn match_strike(rng: &mut Rng) -> Take {
    let (scrape_s, burn_s) = (rng.range(0.12, 0.3), rng.range(0.7, 1.6));
    rng.vary();
    let grit = Curve::wander(rng, scrape_s, 0.004, 0.2, 1.0);
    let scrape = white(rng, scrape_s).resonances(&[(2200.0, 0.6, 0.8), (5200.0, 0.5, 1.0)]);
    let mut sound = scrape.shape(|t| grit.at(t) * (t / scrape_s).sqrt()).to_peak(0.6).fade(0.01, 0.01);
    let flare = white(rng, burn_s).sweep(Pass::Band, 0.5, |t| 1200.0 + 4200.0 * decay(t, burn_s));
    let flare = flare.shape(|t| attack_decay(t, 0.03, burn_s * 0.9)).to_peak(0.9);
    sound.mix(scrape_s * 0.8, 1.0, &flare);
    sound.mix(scrape_s, 0.3, &crackle(rng, burn_s, 14.0).to_peak(0.6));
    let templates = ["match strike", "striking a match", "match lit and burning"];
    Take { sound: sound.fade(0.002, 0.15), captions: captions(rng, &templates, &[]) }
}

/// Steam from a valve: turbulence, brightest while the pressure lasts.
fn steam_hiss(rng: &mut Rng) -> Take {
    let (seconds, hz, falling) = (rng.range(1.0, 4.0), rng.log_range(3500.0, 7500.0), rng.chance(0.5));
    rng.vary();
    let flutter = Curve::wander(rng, seconds, 0.05, 0.85, 1.0);
    let pressure = move |t: f32| if falling { 1.0 - 0.8 * t / seconds } else { 1.0 };
    let jet = white(rng, seconds).sweep(Pass::Band, 0.45, move |t| hz * pressure(t).powf(0.4));
    let sound = jet.shape(|t| pressure(t) * flutter.at(t)).fade(0.03, 0.25);
    let templates = ["steam hissing", "hissing steam", "steam valve hiss", "steam escapes from a pipe"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// Compressed air that is let out at once: brakes, a bus door.
fn air_release(rng: &mut Rng) -> Take {
    let (t60_s, hz, bus) = (rng.range(0.5, 1.6), rng.log_range(1800.0, 4500.0), rng.chance(0.5));
    rng.vary();
    let jet = white(rng, t60_s).sweep(Pass::Band, 0.5, |t| hz * (0.4 + 0.6 * decay(t, t60_s)));
    let sound =
        jet.shape(|t| attack_decay(t, 0.006, t60_s)).to_peak(0.9).plus(0.25, &burst(rng, 350.0, 0.7, 0.06));
    let templates: &[&str] = if bus {
        &["truck air brakes hiss", "air brake release", "bus air brakes"]
    } else {
        &["short burst of compressed air", "compressed air released", "pneumatic air release"]
    };
    Take { sound, captions: captions(rng, templates, &[]) }
}

/// The nozzle of a can, in bursts; the ball rattles first.
fn spray_can(rng: &mut Rng) -> Take {
    let (bursts, shaken, hz) = (rng.count(1, 3), rng.chance(0.4), rng.range(5500.0, 8500.0));
    rng.vary();
    let mut sound = Sound::silence(0.0);
    let mut at = 0.0;
    if shaken {
        for _ in 0..rng.count(6, 12) {
            let body_hz = rng.range(2300.0, 2900.0);
            sound.mix(at, rng.range(0.4, 0.8), &burst(rng, body_hz, 5.0, 0.05));
            at += rng.range(0.08, 0.13);
        }
        at += 0.3;
    }
    for _ in 0..bursts {
        let spray_s = rng.range(0.3, 1.1);
        sound.mix(at, 0.8, &white(rng, spray_s).band_pass(hz, 0.6).fade(0.012, 0.03));
        at += spray_s + rng.range(0.15, 0.4);
    }
    let templates: &[&str] = if shaken {
        &["spray can shaken and sprayed", "shaking and spraying a paint can"]
    } else {
        &["spray can", "aerosol can spraying", "spraying paint"]
    };
    Take { sound, captions: captions(rng, templates, &[]) }
}

/// Water that bursts in hot fat.
fn frying(rng: &mut Rng) -> Take {
    let (strong, seconds) = (rng.unit(), rng.range(3.0, 6.0));
    rng.vary();
    let simmer = Curve::wander(rng, seconds, 0.2, 0.6, 1.0);
    let sizzle = impulses(rng, seconds, |t| (1500.0 + 3500.0 * strong) * simmer.at(t));
    let sizzle = sizzle.resonances(&[(3200.0, 0.5, 0.7), (6500.0, 0.5, 1.0)]).to_rms(0.12);
    let pops = crackle(rng, seconds, 6.0 + 12.0 * strong).to_peak(0.35 + 0.3 * strong);
    let steam = white(rng, seconds).band_pass(5000.0, 0.4).to_rms(0.04);
    let sound = sizzle.plus(1.0, &pops).plus(1.0, &steam).fade(0.15, 0.3);
    let force = grade(rng, strong, &["gently", "quietly"], &["vigorously", "loudly"]);
    let templates =
        ["food frying {force} in a pan", "oil sizzling {force} in a frying pan", "{what} sizzling {force}"];
    let what = rng.pick(&["bacon", "hot pan"]);
    Take { sound, captions: captions(rng, &templates, &[("force", force), ("what!", what)]) }
}
