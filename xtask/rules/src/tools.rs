//! Work by hand and with machines: saws, hammers, files, and what rubs.

use super::caption::{captions, grade};
use super::engines::Engine;
use super::filter::{Pass, burst, pink, white};
use super::modal::{FREE_BAR, Material, hit, partials, plate, resonate, strike};
use super::rng::Rng;
use super::signal::{Curve, Sound, hump};
use super::{Generator, Scene, Take, generator};

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("hand-saw", "TOOLS", Scene::Indoors, hand_saw),
    generator("circular-saw", "TOOLS", Scene::Indoors, circular_saw),
    generator("chainsaw", "TOOLS", Scene::Outdoors, chainsaw),
    generator("hammering", "TOOLS", Scene::Anywhere, hammering),
    generator("anvil", "TOOLS", Scene::Indoors, anvil),
    generator("jackhammer", "TOOLS", Scene::Outdoors, jackhammer),
    generator("filing", "TOOLS", Scene::Indoors, filing),
    generator("chopping", "TOOLS", Scene::Outdoors, chopping),
    generator("digging", "TOOLS", Scene::Outdoors, digging),
    generator("sweeping", "FOLEY", Scene::Indoors, sweeping),
];

/// Strokes to and fro: noise whose band follows the speed of the tool, broken by its teeth.
struct Strokes {
    gap_s: f32,
    count: usize,
    /// Teeth that pass per second in the middle of a stroke.
    teeth_hz: f32,
    /// Centre of the noise in the middle of a stroke, in hertz.
    hz: f32,
    /// Level of the way back.
    back: f32,
}

impl Strokes {
    /// Renders the strokes; `body` are bands of what is worked on.
    fn render(&self, rng: &mut Rng, body: &[(f32, f32, f32)]) -> Sound {
        let mut out = Sound::silence(0.0);
        for k in 0..2 * self.count {
            let length = self.gap_s * if k % 2 == 0 { 0.52 } else { 0.44 };
            let speed = |t: f32| hump(t, length).powf(0.7);
            let (teeth_hz, hz) = (self.teeth_hz * rng.range(0.9, 1.1), self.hz * rng.range(0.93, 1.07));
            let teeth =
                Sound::tone(length, |t| 5.0 + teeth_hz * speed(t), |phase, _| 0.25 + (-phase * 6.0).exp());
            let grind =
                white(rng, length).sweep(Pass::Band, 0.5, |t| hz * (0.5 + 0.5 * speed(t))).times(&teeth);
            let wood = grind.resonances(body);
            let stroke = grind.to_rms(0.2).plus(1.0, &wood.to_rms(0.2)).shape(speed);
            let gain = if k % 2 == 0 { 1.0 } else { self.back };
            out.mix(k as f32 * 0.5 * self.gap_s, gain * rng.range(0.85, 1.0), &stroke);
        }
        out
    }
}

/// A saw in a board.
fn hand_saw(rng: &mut Rng) -> Take {
    let (speed, count) = (rng.unit(), rng.count(3, 8));
    let strokes = Strokes {
        gap_s: 0.85 - 0.45 * speed,
        count,
        teeth_hz: rng.range(110.0, 260.0),
        hz: rng.range(2200.0, 3800.0),
        back: rng.range(0.5, 0.9),
    };
    rng.vary();
    let sound = strokes.render(rng, &[(420.0, 2.0, 1.0), (950.0, 2.0, 0.8)]);
    let pace = grade(rng, speed, &["slow"], &["fast"]);
    let templates = ["{pace} hand saw cutting wood", "{pace} sawing of wood", "sawing wood by hand"];
    Take { sound, captions: captions(rng, &templates, &[("pace", pace)]) }
}

/// The disc sings at its tooth rate; in wood it slows down and roars.
fn circular_saw(rng: &mut Rng) -> Take {
    let (hz, seconds) = (rng.log_range(900.0, 1700.0), rng.range(2.5, 5.0));
    let cut = (rng.range(0.6, 1.0), seconds - rng.range(0.9, 1.2));
    rng.vary();
    let speed = Curve::new(&[
        (0.0, 0.15),
        (0.45, 1.0),
        (cut.0, 1.0),
        (cut.0 + 0.2, 0.86),
        (cut.1, 0.86),
        (seconds, 0.3),
    ]);
    let blade = Sound::tone(seconds, |t| hz * speed.at(t), |phase, _| (-phase * 5.0).exp() - 0.2);
    let motor = Sound::tone(seconds, |t| hz * 0.127 * speed.at(t), |phase, _| phase - 0.5).high_pass(150.0);
    let air = white(rng, seconds).resonances(&[(hz, 2.0, 1.0), (hz * 2.6, 1.0, 0.8), (700.0, 0.7, 0.5)]);
    let bite = Curve::wander(rng, seconds, 0.04, 0.6, 1.0);
    let in_wood = move |t: f32| if t > cut.0 && t < cut.1 { 1.0 } else { 0.0 };
    let wood = white(rng, seconds)
        .resonances(&[(1300.0, 0.5, 1.0), (3600.0, 0.5, 1.0)])
        .shape(|t| bite.at(t) * in_wood(t));
    let tone = blade
        .to_rms(0.08)
        .plus(1.0, &motor.to_rms(0.08))
        .plus(1.0, &air.to_rms(0.08))
        .shape(|t| speed.at(t).sqrt());
    let sound = tone.plus(1.0, &wood.low_pass(9000.0).to_rms(0.16)).fade(0.05, 0.2);
    let templates = ["circular saw cutting wood", "power saw cuts a board", "electric saw"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// A two-stroke fires at every turn.
fn chainsaw(rng: &mut Rng) -> Take {
    let (idle, top, cuts) = (rng.range(2600.0, 3200.0), rng.range(8000.0, 10_500.0), rng.count(1, 2));
    let seconds = 1.2 + 1.9 * cuts as f32;
    rng.vary();
    let mut points = vec![(0.0, idle), (0.4, idle)];
    for k in 0..cuts {
        let at = 0.4 + 1.9 * k as f32;
        points.extend([(at + 0.2, top), (at + 1.3, top * rng.range(0.82, 0.95)), (at + 1.7, idle)]);
    }
    let rpm = Curve::new(&points);
    let mut engine = Engine::even(rng, 2, 2600.0);
    (engine.pipe_s, engine.rough, engine.clatter) = (0.0019, 0.3, 0.6);
    let chain = white(rng, seconds).band_pass(3200.0, 0.6).shape(|t| (rpm.at(t) / top).powi(3)).to_rms(0.08);
    let sound = engine.render(rng, seconds, &rpm).plus(1.0, &chain).shape(|t| 0.35 + 0.65 * rpm.at(t) / top);
    let templates = ["chainsaw", "chainsaw revving and cutting", "chain saw engine"];
    Take { sound: sound.fade(0.05, 0.25), captions: captions(rng, &templates, &[]) }
}

/// A nail in a board: the pitch rises as less of it stands out.
fn hammering(rng: &mut Rng) -> Take {
    let (speed, blows, metal) = (rng.unit(), rng.count(2, 7), rng.chance(0.3));
    let gap_s = 0.75 - 0.4 * speed;
    rng.vary();
    let mut sound = Sound::silence(0.0);
    for k in 0..blows {
        let rise = 1.0 + 0.05 * k as f32;
        let board = plate(rng, Material::Wood, 150.0, 30, 45.0);
        let head = plate(rng, Material::Metal, 1500.0 * rise, 16, if metal { 12.0 } else { 70.0 });
        let mut blow = hit(rng, Material::Wood, &board, 0.5);
        blow.mix(0.0, if metal { 0.9 } else { 0.4 }, &hit(rng, Material::Metal, &head, 0.08));
        sound.mix(k as f32 * rng.around(gap_s, 0.06), rng.range(0.8, 1.0), &blow);
    }
    let pace = grade(rng, speed, &["slow"], &["fast"]);
    let templates: &[&str] = if metal {
        &["{pace} hammering on metal", "hammer hits metal", "{pace} metal hammering"]
    } else {
        &["{pace} hammering nails into wood", "{pace} hammering", "hammer hitting a nail"]
    };
    Take { sound, captions: captions(rng, templates, &[("pace", pace)]) }
}

/// A free bar of steel.
fn anvil(rng: &mut Rng) -> Take {
    let (hz, blows) = (rng.log_range(1100.0, 2000.0), rng.count(1, 5));
    rng.vary();
    let ring = partials(hz, 2.2, 0.5, FREE_BAR);
    let mut sound = Sound::silence(0.0);
    for k in 0..blows {
        let hard = plate(rng, Material::Metal, hz * 1.31, 20, 14.0);
        let blow = strike(&ring, 0.1).plus(0.8, &hit(rng, Material::Metal, &hard, 0.08));
        let at = k as f32 * rng.range(0.5, 0.6);
        sound.mix(at, rng.range(0.7, 1.0), &blow);
    }
    let times = if blows == 1 { "once" } else { "several times" };
    let templates = ["anvil struck {times}", "blacksmith hammer on anvil", "hammer strikes an anvil {times}"];
    Take { sound, captions: captions(rng, &templates, &[("times", times)]) }
}

/// A chisel driven by air, some twenty blows per second.
fn jackhammer(rng: &mut Rng) -> Take {
    let (rate_hz, seconds) = (rng.range(17.0, 26.0), rng.range(1.5, 4.0));
    rng.vary();
    let mut sound = white(rng, seconds).resonances(&[(900.0, 0.5, 1.0), (3500.0, 0.5, 0.8)]).to_rms(0.06);
    let chisel = plate(rng, Material::Metal, 700.0, 26, 60.0);
    for k in 0..(seconds * rate_hz) as usize {
        let blow = hit(rng, Material::Stone, &chisel, 0.3).plus(0.8, &burst(rng, 160.0, 0.7, 0.04));
        sound.mix((k as f32 + 0.06 * rng.unit()) / rate_hz, rng.range(0.45, 0.6), &blow);
    }
    let templates = ["jackhammer", "jackhammer breaking concrete", "pneumatic drill on the street"];
    Take { sound: sound.fade(0.01, 0.05), captions: captions(rng, &templates, &[]) }
}

/// A file or sandpaper.
fn filing(rng: &mut Rng) -> Take {
    let (paper, speed, count) = (rng.chance(0.5), rng.unit(), rng.count(3, 9));
    let gap_s = 0.7 - 0.35 * speed;
    let (teeth_hz, hz) = if paper { (900.0, 4200.0) } else { (420.0, 5500.0) };
    let strokes = Strokes { gap_s, count, teeth_hz, hz, back: if paper { 0.9 } else { 0.3 } };
    rng.vary();
    let bands = if paper {
        [(900.0, 0.7, 1.0), (2500.0, 0.7, 1.0)]
    } else {
        [(2600.0, 5.0, 1.0), (4700.0, 5.0, 1.0)]
    };
    let sound = strokes.render(rng, &bands);
    let pace = grade(rng, speed, &["slow"], &["fast"]);
    let templates: &[&str] = if paper {
        &["{pace} sanding of wood", "sandpaper rubbing on wood", "{pace} sanding"]
    } else {
        &["{pace} filing of metal", "metal file rasping", "filing a piece of metal"]
    };
    Take { sound, captions: captions(rng, templates, &[("pace", pace)]) }
}

/// An axe: the blow, the split, the halves that fall.
fn chopping(rng: &mut Rng) -> Take {
    let (blows, splits) = (rng.count(1, 3), rng.chance(0.6));
    rng.vary();
    let mut sound = Sound::silence(0.0);
    let mut at = 0.0;
    for k in 0..blows {
        let log = plate(rng, Material::Wood, 180.0, 30, 50.0);
        let blow = hit(rng, Material::Wood, &log, 0.5).plus(0.8, &burst(rng, 700.0, 0.5, 0.06));
        sound.mix(at, 1.0, &blow.plus(0.7, &burst(rng, 150.0, 0.7, 0.1)));
        if splits && k + 1 == blows {
            for _ in 0..rng.count(3, 7) {
                let (late, hz) = (0.01 + rng.wait(0.025), rng.range(900.0, 3000.0));
                sound.mix(at + late, rng.range(0.2, 0.5), &burst(rng, hz, 0.8, 0.03));
            }
            for _ in 0..2 {
                let half = plate(rng, Material::Wood, 330.0, 24, 50.0);
                let late = rng.range(0.18, 0.4);
                sound.mix(at + late, 0.4, &hit(rng, Material::Wood, &half, 0.8));
            }
        }
        at += rng.range(0.9, 1.3);
    }
    let how = if blows == 1 { "once" } else { "several times" };
    let templates: &[&str] = if splits {
        &["axe chopping wood", "axe splits a log", "chopping firewood"]
    } else {
        &["axe chops wood {how}", "axe hits a tree {how}"]
    };
    Take { sound, captions: captions(rng, templates, &[("how", how)]) }
}

/// A spade goes in, lifts and throws the soil.
fn digging(rng: &mut Rng) -> Take {
    let (times, hz) = (rng.count(1, 3), rng.log_range(1500.0, 2600.0));
    rng.vary();
    let mut sound = Sound::silence(0.0);
    for k in 0..times {
        let at = k as f32 * rng.range(1.5, 1.8);
        let push_s = rng.range(0.25, 0.4);
        let grains =
            super::filter::impulses(rng, push_s, |_| 900.0).resonances(&[(hz, 0.6, 1.0), (4500.0, 0.6, 0.8)]);
        let blade = plate(rng, Material::Metal, 800.0, 14, 90.0);
        let scrape = resonate(&grains.clone().to_rms(0.1), &blade).to_rms(0.05);
        let push = grains.to_rms(0.2).plus(1.0, &scrape).shape(|t| hump(t, push_s * 1.15).powf(0.6));
        sound.mix(at, 1.0, &push);
        let fall_s = rng.range(0.4, 0.6);
        let fall = super::filter::impulses(rng, fall_s, |t| 700.0 * (1.0 - t / fall_s))
            .resonances(&[(600.0, 0.5, 1.0), (2500.0, 0.5, 0.6)]);
        sound.mix(
            at + rng.range(0.7, 0.85),
            0.6,
            &fall.to_rms(0.15).plus(0.3, &burst(rng, 120.0, 0.7, 0.12)),
        );
    }
    let templates = ["shovel digging in soil", "digging with a spade", "shovelling earth"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// Bristles: thousands of soft contacts.
fn sweeping(rng: &mut Rng) -> Take {
    let (speed, count) = (rng.unit(), rng.count(2, 6));
    let gap_s = 1.0 - 0.5 * speed;
    rng.vary();
    let mut sound = Sound::silence(0.0);
    for k in 0..count {
        let length = gap_s * rng.range(0.55, 0.7);
        let skew = move |t: f32| hump(t, length) * (1.2 - 0.5 * t / length);
        let bristles = white(rng, length).sweep(Pass::Band, 0.5, move |t| 2200.0 + 2600.0 * hump(t, length));
        let dust = pink(rng, length).band_pass(800.0, 0.6).to_rms(0.05);
        let stroke = bristles.to_rms(0.2).plus(1.0, &dust).shape(skew);
        sound.mix(k as f32 * rng.around(gap_s, 0.05), rng.range(0.8, 1.0), &stroke);
    }
    let pace = grade(rng, speed, &["slow"], &["fast"]);
    let templates = ["{pace} sweeping with a broom", "broom sweeping the floor", "{pace} broom strokes"];
    Take { sound, captions: captions(rng, &templates, &[("pace", pace)]) }
}
