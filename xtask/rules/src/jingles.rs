//! Small hard things that collide at random: coins, keys, cutlery, dishes, chains, dice; zippers and scissors.

use super::caption::{captions, grade};
use super::filter::{burst, impulses, white};
use super::modal::{Material, Mode, bounces, hit, plate, strike};
use super::rng::Rng;
use super::signal::{Curve, Sound, hump};
use super::{Generator, Scene, Take, generator};

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("coin-drop", "FOLEY", Scene::Indoors, coin_drop),
    generator("coins", "FOLEY", Scene::Close, coins),
    generator("keys", "FOLEY", Scene::Indoors, keys),
    generator("cutlery", "FOLEY", Scene::Indoors, cutlery),
    generator("dishes", "FOLEY", Scene::Indoors, dishes),
    generator("chain", "METAL", Scene::Indoors, chain),
    generator("dice", "FOLEY", Scene::Indoors, dice),
    generator("zipper", "CLOTH", Scene::Close, zipper),
    generator("scissors", "TOOLS", Scene::Close, scissors),
    generator("sword", "METAL", Scene::Anywhere, sword),
    generator("maraca", "FOLEY", Scene::Indoors, maraca),
];

/// Collisions of a handful of bodies, denser where the activity is high (Cook's PhISEM with struck plates).
fn collisions(rng: &mut Rng, seconds: f32, rate_hz: f32, activity: &Curve, bodies: &[Vec<Mode>]) -> Sound {
    let mut out = Sound::silence(0.0);
    let mut at = 0.0;
    while at < seconds {
        let body = rng.count(0, bodies.len() - 1);
        let level = activity.at(at).max(0.02);
        out.mix(at, level * rng.log_range(0.15, 1.0), &strike(&bodies[body], rng.range(0.06, 0.14)));
        at += rng.wait(1.0 / (rate_hz * level));
    }
    out
}

/// Some plates of one material.
fn bodies(rng: &mut Rng, count: usize, material: Material, hz: (f32, f32), held: f32) -> Vec<Vec<Mode>> {
    (0..count)
        .map(|_| {
            let hz = rng.log_range(hz.0, hz.1);
            plate(rng, material, hz, 9, held)
        })
        .collect()
}

/// A coin falls, bounces, spins faster and faster and lies.
fn coin_drop(rng: &mut Rng) -> Take {
    let (several, spin) = (rng.chance(0.25), rng.chance(0.6));
    let hz = rng.log_range(3000.0, 5200.0);
    rng.vary();
    let mut out = Sound::silence(0.0);
    for coin in 0..if several { rng.count(2, 4) } else { 1 } {
        let own_hz = hz * rng.range(0.85, 1.15);
        let modes = plate(rng, Material::Metal, own_hz, 9, 22.0);
        let start = coin as f32 * rng.range(0.08, 0.2);
        let mut end = start;
        for (at, strength) in bounces(rng, 0.22, 0.62) {
            out.mix(start + at, strength, &strike(&modes, 0.06));
            out.mix(start + at, 0.15 * strength, &burst(rng, 1500.0, 0.7, 0.015));
            end = start + at;
        }
        let mut gap = 0.06;
        while spin && gap > 0.01 {
            end += gap;
            out.mix(end, 0.25 * (gap / 0.06).sqrt(), &strike(&modes, 0.15));
            gap *= rng.range(0.92, 0.98);
        }
    }
    let templates: &[&str] = if several {
        &["coins dropped on a table", "several coins falling"]
    } else {
        &["coin dropped on a table", "dropping a coin", "coin falls and spins"]
    };
    let count = if spin { templates.len() } else { 2 };
    Take { sound: out, captions: captions(rng, &templates[..count], &[]) }
}

/// Coins in a hand or a bag.
fn coins(rng: &mut Rng) -> Take {
    let seconds = rng.range(0.5, 2.2);
    rng.vary();
    let metal = bodies(rng, 6, Material::Metal, (3000.0, 6500.0), 45.0);
    let activity = Curve::wander(rng, seconds, 0.15, 0.1, 1.0);
    let sound = collisions(rng, seconds, 55.0, &activity, &metal);
    let templates = ["coins jingling", "handful of coins", "shaking coins in a bag"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// Keys on a ring: longer and higher than coins, in shakes.
fn keys(rng: &mut Rng) -> Take {
    let (seconds, shakes_hz) = (rng.range(0.6, 3.0), rng.range(3.0, 6.0));
    rng.vary();
    let metal = bodies(rng, 7, Material::Metal, (2400.0, 5200.0), 25.0);
    let corners: Vec<_> = (0..(seconds * shakes_hz * 2.0) as usize + 2)
        .map(|k| (k as f32 / shakes_hz * 0.5, if k % 2 == 0 { 1.0 } else { 0.12 }))
        .collect();
    let sound = collisions(rng, seconds, 75.0, &Curve::new(&corners), &metal).high_pass(1200.0);
    let templates = ["keys jingling", "shaking a bunch of keys", "keychain rattling"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// Forks and knives in a drawer or on a plate.
fn cutlery(rng: &mut Rng) -> Take {
    let (seconds, busy) = (rng.range(0.5, 2.5), rng.unit());
    rng.vary();
    let mut metal = bodies(rng, 6, Material::Metal, (1100.0, 3200.0), 14.0);
    metal.extend(bodies(rng, 2, Material::Ceramic, (1100.0, 1900.0), 25.0));
    let activity = Curve::wander(rng, seconds, 0.2, 0.15, 1.0);
    let sound = collisions(rng, seconds, 8.0 + 16.0 * busy, &activity, &metal);
    let templates = ["cutlery clattering", "silverware rattling", "forks and knives clinking"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// Plates and cups that are stacked or washed.
fn dishes(rng: &mut Rng) -> Take {
    let (seconds, busy) = (rng.range(0.7, 3.0), rng.unit());
    rng.vary();
    let mut china = bodies(rng, 6, Material::Ceramic, (600.0, 2000.0), 22.0);
    china.extend(bodies(rng, 1, Material::Glass, (1500.0, 2600.0), 20.0));
    let activity = Curve::wander(rng, seconds, 0.25, 0.15, 1.0);
    let sound = collisions(rng, seconds, 5.0 + 10.0 * busy, &activity, &china);
    let templates = ["dishes clattering", "stacking plates", "plates and cups rattling in the kitchen"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// Iron links that slide over each other.
fn chain(rng: &mut Rng) -> Take {
    let (heavy, seconds) = (rng.unit(), rng.range(0.5, 2.5));
    let low = 2200.0 - 1300.0 * heavy;
    rng.vary();
    let links = bodies(rng, 8, Material::Metal, (low, low * 2.4), 45.0);
    let activity = Curve::wander(rng, seconds, 0.2, 0.1, 1.0);
    let sound = collisions(rng, seconds, 60.0, &activity, &links);
    let weight = grade(rng, heavy, &["thin", "light"], &["heavy"]);
    let templates =
        ["{weight} chain rattling", "dragging a {weight} metal chain", "{weight} metal chains clinking"];
    Take { sound, captions: captions(rng, &templates, &[("weight", weight)]) }
}

/// Cubes that bounce on a table.
fn dice(rng: &mut Rng) -> Take {
    let (count, hz) = (rng.count(1, 4), rng.log_range(900.0, 1600.0));
    rng.vary();
    let mut out = Sound::silence(0.0);
    for _ in 0..count {
        let start = rng.range(0.0, 0.08);
        for (at, strength) in bounces(rng, 0.11, 0.78).into_iter().take(rng.count(7, 13)) {
            let own_hz = hz * rng.range(0.9, 1.3);
            let modes = plate(rng, Material::Plastic, own_hz, 8, 130.0);
            out.mix(start + at * rng.range(0.95, 1.05), strength, &strike(&modes, 0.15));
            out.mix(start + at, 0.35 * strength, &burst(rng, 420.0, 1.2, 0.04));
        }
    }
    let templates: &[&str] = if count == 1 {
        &["rolling a die", "single die rolls on a table"]
    } else {
        &["rolling dice", "dice thrown on a table"]
    };
    Take { sound: out, captions: captions(rng, templates, &[]) }
}

/// Teeth that pass the slider, faster in the middle.
fn zipper(rng: &mut Rng) -> Take {
    let (speed, up) = (rng.unit(), rng.chance(0.5));
    let seconds = 1.3 - 0.95 * speed;
    let top_hz = 90.0 + 170.0 * speed;
    rng.vary();
    let travel = |t: f32| 0.35 + 0.65 * hump(t, seconds);
    let climb = if up { 0.5 } else { -0.35 };
    let teeth =
        Sound::tone(seconds, |t| top_hz * travel(t), |phase, _| if phase < 0.06 { 1.0 } else { -0.06 });
    let grit = white(rng, seconds).shape(|t| 0.35 * travel(t));
    let bright = |t: f32| 1.0 + climb * t / seconds;
    let source = teeth.plus(1.0, &grit);
    let low = source.clone().sweep(super::filter::Pass::Band, 1.6, |t| 2600.0 * bright(t));
    let high = source.sweep(super::filter::Pass::Band, 1.4, |t| 5600.0 * bright(t));
    let sound = low.plus(1.0, &high).shape(|t| travel(t).sqrt()).fade(0.01, 0.015);
    let pace = grade(rng, speed, &["slow", "slow"], &["fast", "quick"]);
    let what = if up { "zipping up a jacket" } else { "unzipping a bag" };
    let templates = ["{pace} zipper", "{what}", "{pace} zip of a zipper"];
    Take { sound, captions: captions(rng, &templates, &[("pace", pace), ("what!", what)]) }
}

/// Two blades: a bright scrape and the click at the end.
fn scissors(rng: &mut Rng) -> Take {
    let (cuts, speed) = (rng.count(1, 6), rng.unit());
    let gap_s = 0.65 - 0.35 * speed;
    rng.vary();
    let mut out = Sound::silence(0.0);
    for k in 0..cuts {
        let cut_s = gap_s * rng.range(0.3, 0.4);
        let scrape = white(rng, cut_s).sweep(super::filter::Pass::Band, 2.0, |t| 3800.0 + 4500.0 * t / cut_s);
        let at = k as f32 * rng.around(gap_s, 0.08);
        out.mix(at, 0.5, &scrape.shape(|t| hump(t, cut_s)));
        let blade = plate(rng, Material::Metal, 2400.0, 24, 320.0);
        out.mix(at + cut_s * 0.9, 0.4, &hit(rng, Material::Metal, &blade, 0.1));
    }
    let pace = grade(rng, speed, &["slow"], &["fast"]);
    let templates = ["{pace} scissors cutting", "scissors snipping", "cutting with scissors"];
    Take { sound: out, captions: captions(rng, &templates, &[("pace", pace)]) }
}

/// Blades that meet, or one that leaves its sheath.
fn sword(rng: &mut Rng) -> Take {
    let (draw, blows, hz) = (rng.chance(0.35), rng.count(1, 3), rng.log_range(700.0, 1500.0));
    rng.vary();
    let mut out = Sound::silence(0.0);
    if draw {
        let seconds = rng.range(0.35, 0.7);
        let grind =
            white(rng, seconds).sweep(super::filter::Pass::Band, 2.5, |t| 2500.0 + 5500.0 * t / seconds);
        let grit = impulses(rng, seconds, |_| 900.0).high_pass(3000.0);
        out.mix(0.0, 0.6, &grind.plus(0.8, &grit).shape(|t| hump(t, seconds * 1.1)).to_peak(1.0));
        out.mix(seconds * 0.75, 0.6, &strike(&plate(rng, Material::Metal, hz * 1.7, 14, 4.0), 0.08));
    } else {
        for k in 0..blows {
            let at = k as f32 * rng.range(0.35, 0.6);
            out.mix(at, 1.0, &strike(&plate(rng, Material::Metal, hz, 20, 6.0), 0.07));
            out.mix(at, 0.8, &strike(&plate(rng, Material::Metal, hz * 1.37, 20, 7.0), 0.07));
            let slide = white(rng, 0.2).shape(|t| hump(t, 0.2)).band_pass(6000.0, 1.2);
            out.mix(at + 0.01, 0.35, &slide);
        }
    }
    let templates: &[&str] = match (draw, blows) {
        (true, _) => &["sword drawn from its sheath", "unsheathing a blade", "sword draw"],
        (_, 1) => &["sword clash", "sword hits another sword", "blades clash once"],
        _ => &["sword fight", "swords clashing", "blades clashing several times"],
    };
    Take { sound: out, captions: captions(rng, templates, &[]) }
}

/// Seeds in a shell: the original PhISEM.
fn maraca(rng: &mut Rng) -> Take {
    let (rate_hz, shakes, hz) = (rng.range(3.0, 7.0), rng.count(3, 14), rng.range(3000.0, 6500.0));
    rng.vary();
    let mut out = Sound::silence(0.0);
    for k in 0..shakes {
        let shake = impulses(rng, 0.16, |_| 1600.0).shape(|t| hump(t, 0.09) + 0.1 * hump(t, 0.16));
        let gain = if k % 2 == 0 { 1.0 } else { 0.7 };
        out.mix(k as f32 / rate_hz, gain * rng.range(0.9, 1.0), &shake.band_pass(hz, 2.2));
    }
    let templates = ["maracas shaking", "shaker rattle", "shaking a maraca"];
    Take { sound: out, captions: captions(rng, &templates, &[]) }
}
