//! Doors, locks and knocks.

use super::caption::{captions, grade};
use super::filter::{burst, impulses, white};
use super::modal::{Material, Mode, hit, plate, resonate, strike};
use super::rng::Rng;
use super::signal::{Curve, RATE_HZ, Sound, hump, samples_in};
use super::{Generator, Scene, Take, generator};

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("door-close", "DOORS", Scene::Indoors, |rng| door_close(rng, false)),
    generator("door-slam", "DOORS", Scene::Indoors, |rng| door_close(rng, true)),
    generator("door-open", "DOORS", Scene::Indoors, door_open),
    generator("door-creak", "DOORS", Scene::Indoors, door_creak),
    generator("door-knock", "DOORS", Scene::Indoors, door_knock),
    generator("door-lock", "DOORS", Scene::Indoors, door_lock),
    generator("wood-creak", "WOOD", Scene::Indoors, floor_creak),
];

/// A latch or bolt: a few metal clicks within tens of milliseconds.
pub(crate) fn latch(rng: &mut Rng, clicks: usize) -> Sound {
    let mut out = Sound::silence(0.05);
    let mut at = 0.0;
    for _ in 0..clicks {
        let hz = rng.range(700.0, 1500.0);
        let modes = plate(rng, Material::Metal, hz, 24, 200.0);
        out.mix(at, rng.range(0.3, 0.6), &hit(rng, Material::Metal, &modes, 0.15));
        out.mix(at, 0.6, &burst(rng, 2600.0, 0.5, 0.02));
        out.mix(at, 0.4, &burst(rng, 700.0, 0.6, 0.03));
        at += rng.range(0.02, 0.07);
    }
    out
}

/// The leaf meets the frame: a low thud with board modes, then the latch, then a rattle when slammed.
fn door_close(rng: &mut Rng, slam: bool) -> Take {
    let (heavy, clicks) = (rng.unit(), rng.count(1, 3));
    let metal = rng.chance(0.25);
    let hz = 130.0 - 65.0 * heavy;
    rng.vary();
    let material = if metal { Material::Metal } else { Material::Wood };
    let modes = plate(rng, material, hz, 26, if metal { 16.0 } else { 22.0 });
    let mut out = Sound::silence(0.1);
    let thud_at = if slam { 0.0 } else { rng.range(0.05, 0.12) };
    out.mix(thud_at, 0.7, &hit(rng, material, &modes, if slam { 0.7 } else { 1.6 }));
    out.mix(thud_at, if slam { 1.1 } else { 0.9 }, &burst(rng, 80.0 + hz * 0.4, 0.7, 0.22));
    out.mix(thud_at, if slam { 0.5 } else { 0.12 }, &burst(rng, 900.0, 0.4, 0.09));
    let latch_at = thud_at + rng.range(0.01, 0.05);
    out.mix(latch_at, if slam { 0.25 } else { 0.4 }, &latch(rng, clicks));
    if slam {
        for k in 0..rng.count(2, 5) {
            let gap = 0.06 + 0.05 * k as f32;
            out.mix(latch_at + rng.around(gap, 0.3), 0.18 / (1.0 + k as f32), &strike(&modes, 0.5));
        }
    }
    let weight = grade(rng, heavy, &["light"], &["heavy"]);
    let what = if metal { "metal door" } else { rng.pick(&["door", "wooden door"]) };
    let templates: &[&str] = if slam {
        &["{weight} {what} slams", "slamming a {what}", "{weight} {what} slammed shut"]
    } else {
        &["{weight} {what} closes", "closing a {what}", "{weight} {what} shuts"]
    };
    Take { sound: out, captions: captions(rng, templates, &[("weight", weight), ("what!", what)]) }
}

/// Handle, latch, air and hinges.
fn door_open(rng: &mut Rng) -> Take {
    let (hz, creaks) = (rng.log_range(80.0, 140.0), rng.chance(0.35));
    rng.vary();
    let mut out = latch(rng, 2);
    let swing_s = rng.range(0.5, 0.9);
    let modes = plate(rng, Material::Wood, hz, 20, 25.0);
    let (knock_at, brush_at) = (rng.range(0.1, 0.18), rng.range(0.1, 0.2));
    out.mix(knock_at, 0.5, &strike(&modes, 1.4));
    let brush = white(rng, swing_s).shape(|t| hump(t, swing_s)).band_pass(900.0, 0.5);
    out.mix(brush_at, 0.06, &brush);
    if creaks {
        out.mix(brush_at + 0.05, 0.5, &creak(rng, swing_s, (25.0, 90.0), 420.0));
    }
    let how = if creaks { "with a creak" } else { "" };
    let templates = ["door opens {how}", "opening a door {how}", "door handle turned and door opened {how}"];
    Take { sound: out, captions: captions(rng, &templates, &[("how", how)]) }
}

/// Stick and slip: the hinge sticks, slips, and each slip knocks on the wood. The rate wanders with the speed of the
/// door (Farnell, Designing Sound, 2010, chapter on creaking).
fn creak(rng: &mut Rng, seconds: f32, rate: (f32, f32), hz: f32) -> Sound {
    let rates = Curve::wander(rng, seconds, seconds / 5.0, rate.0.ln(), rate.1.ln());
    let mut force = Sound::silence(seconds);
    let mut at = 0.01;
    while at < seconds {
        let gap = 1.0 / rates.at(at).exp();
        let index = samples_in(at);
        let width = (gap * 0.2 * RATE_HZ) as usize;
        for i in 0..width.min(40) {
            if let Some(sample) = force.samples.get_mut(index + i) {
                *sample +=
                    rng.range(0.7, 1.0) * (gap * 40.0).clamp(0.3, 1.0) * (1.0 - i as f32 / width as f32);
            }
        }
        at += gap * rng.range(0.93, 1.07);
    }
    let ratios = [1.0, 1.62, 2.35, 3.4, 4.6, 6.1, 8.3];
    let mode =
        |&ratio: &f32| Mode { hz: rng.around(hz * ratio, 0.08), t60_s: 0.06, gain: 1.0 / ratio.sqrt() };
    let modes: Vec<_> = ratios.iter().map(mode).collect();
    resonate(&force, &modes).shape(|t| hump(t, seconds).sqrt()).to_peak(1.0)
}

/// A hinge that wants oil.
fn door_creak(rng: &mut Rng) -> Take {
    let speed = rng.unit();
    let seconds = 2.6 - 1.8 * speed;
    let low = rng.log_range(18.0, 60.0) * (1.0 + speed);
    let high = low * rng.range(3.0, 8.0);
    let hz = rng.log_range(320.0, 750.0);
    rng.vary();
    let sound = creak(rng, seconds, (low, high), hz);
    let pace = grade(rng, speed, &["slowly"], &["quickly"]);
    let templates = [
        "creaking door opens {pace}",
        "wooden door creaks {pace}",
        "squeaky door hinge creaking {pace}",
        "door creak",
    ];
    Take { sound, captions: captions(rng, &templates, &[("pace", pace)]) }
}

/// A board under weight: a few slow slips.
fn floor_creak(rng: &mut Rng) -> Take {
    let (seconds, hz) = (rng.range(0.3, 0.9), rng.log_range(250.0, 600.0));
    rng.vary();
    let sound = creak(rng, seconds, (14.0, 70.0), hz);
    let templates = ["wooden floor creaks", "creaky wood floorboard", "old wood creaking"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// Knuckles on a panel.
fn door_knock(rng: &mut Rng) -> Take {
    let (knocks, speed, hard) = (rng.count(2, 6), rng.unit(), rng.unit());
    let (gap_s, hz) = (0.34 - 0.2 * speed, rng.log_range(100.0, 210.0));
    rng.vary();
    let mut out = Sound::silence(0.0);
    for k in 0..knocks {
        let modes = plate(rng, Material::Wood, hz, 24, 45.0);
        let mut knock = hit(rng, Material::Wood, &modes, 2.0 - 1.4 * hard);
        knock.mix(0.0, 0.9, &burst(rng, hz * 1.6, 0.6, 0.09));
        knock.mix(0.0, 0.25 + 0.3 * hard, &burst(rng, 1100.0, 0.6, 0.03));
        out.mix(k as f32 * rng.around(gap_s, 0.06), rng.range(0.75, 1.0), &knock);
    }
    let force = grade(rng, hard, &["gentle", "soft"], &["hard", "loud"]);
    let pace = grade(rng, speed, &["slow"], &["fast", "quick"]);
    let templates =
        ["{pace} knocking on a wooden door", "{force} knock on the door", "{force} {pace} knocks on door"];
    Take { sound: out, captions: captions(rng, &templates, &[("pace", pace), ("force", force)]) }
}

/// A key goes in, turns, the bolt falls.
fn door_lock(rng: &mut Rng) -> Take {
    let (key, clicks) = (rng.chance(0.6), rng.count(1, 3));
    rng.vary();
    let mut out = Sound::silence(0.0);
    let mut at = 0.0;
    if key {
        let rattle = impulses(rng, 0.25, |_| 60.0).resonances(&[(3500.0, 4.0, 1.0), (5800.0, 5.0, 0.8)]);
        out.mix(0.0, 0.5, &rattle.to_peak(1.0).fade(0.01, 0.05));
        at = rng.range(0.4, 0.65);
    }
    out.mix(at, 0.7, &latch(rng, clicks + 1));
    let bolt_at = at + rng.range(0.1, 0.25);
    out.mix(bolt_at, 1.0, &latch(rng, clicks));
    out.mix(bolt_at, 0.5, &strike(&plate(rng, Material::Wood, 160.0, 16, 40.0), 1.0));
    let templates: &[&str] = if key {
        &["key turning in a lock", "door unlocked with a key", "key in door lock"]
    } else {
        &["door lock clicks", "bolt lock clicking", "door latch locks"]
    };
    Take { sound: out, captions: captions(rng, templates, &[]) }
}
