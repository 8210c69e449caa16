//! Voices of the farmyard's birds, of wild animals and of monsters, and what all rows of calls share.

use super::caption::{captions, grade, size};
use super::filter::{Pass, brown, white};
use super::rng::Rng;
use super::signal::{Curve, Sound, attack_decay, hump};
use super::throat::{COCKS, open_air};
use super::voice::{Formant, Voice, fixed};
use super::{Generator, Scene, Take, generator};
use std::f32::consts::TAU;

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("rooster", "BIRDS", Scene::Outdoors, rooster),
    generator("chicken", "BIRDS", Scene::Outdoors, chicken),
    generator("duck", "BIRDS", Scene::Outdoors, duck),
    generator("frog", "ANIMALS", Scene::Outdoors, frog),
    generator("wolf-howl", "ANIMALS", Scene::Outdoors, wolf),
    generator("lion-roar", "ANIMALS", Scene::Outdoors, lion),
    generator("monster-growl", "CREATURES", Scene::Anywhere, monster_growl),
    generator("monster-roar", "CREATURES", Scene::Anywhere, monster_roar),
    generator("small-creature", "CREATURES", Scene::Anywhere, small_creature),
];

/// A curve given by relative times and values.
pub(crate) fn contour(seconds: f32, value: f32, points: &[(f32, f32)]) -> Curve {
    Curve::new(points).scaled(seconds, value)
}

/// `count` sounds, one after the other, with pauses of a length in `gap_s` between them.
pub(crate) fn series(
    rng: &mut Rng,
    count: usize,
    gap_s: (f32, f32),
    mut one: impl FnMut(&mut Rng, usize) -> Sound,
) -> Sound {
    let mut out = Sound::silence(0.0);
    let mut at = 0.0;
    for index in 0..count {
        let part = one(rng, index);
        out.mix(at, rng.range(0.75, 1.0), &part);
        at += part.seconds() + rng.range(gap_s.0, gap_s.1);
    }
    out
}

/// How often, in words, where a listener would have counted.
pub(crate) fn times(count: usize) -> &'static str {
    match count {
        1 => "once",
        2 => "twice",
        3 => "three times",
        _ => "",
    }
}

/// "Cock-a-doodle-doo": a short call, a pause, two short ones and a long one that falls at its end.
fn rooster(rng: &mut Rng) -> Take {
    let (cock, crows) = (rng.pick(&COCKS), if rng.chance(0.8) { 1 } else { 2 });
    let (hz, tract) = (rng.around(cock.hz, 0.08), cock.tract.varied(rng));
    let [rise, dip, last_s, drop] = cock.course;
    let last_s = last_s * rng.range(0.85, 1.25);
    rng.vary();
    let sound = series(rng, crows, (0.6, 1.2), |rng, _| {
        let hz = rng.around(hz, 0.03);
        let first_s = rng.range(0.17, 0.24);
        let up = [(0.0, 0.85), (0.3, 1.0), (0.7, 1.04), (1.0, 0.9)];
        let swell = [(0.0, 0.0), (0.15, 0.8), (0.7, 0.7), (1.0, 0.0)];
        let mut out = tract.call(rng, hz, first_s, &up, &swell).to_peak(0.6);
        let at = first_s + rng.range(0.07, 0.13);
        let middle_s = rng.range(0.38, 0.5);
        let middle =
            [(0.0, 0.85), (0.1, 1.0), (0.38, 1.05), (0.5, dip), (0.6, dip * 1.05), (0.8, 1.0), (1.0, 1.0)];
        let hollow = [(0.0, 0.0), (0.1, 0.8), (0.4, 0.9), (0.5, 0.4), (0.62, 0.7), (1.0, 0.8)];
        out.mix(at, 0.85, &tract.call(rng, hz, middle_s, &middle, &hollow));
        let fall =
            [(0.0, 1.0), (0.15, rise), (0.3, rise), (0.75, rise * 0.97), (0.9, rise * 0.9), (1.0, drop)];
        let end = [(0.0, 0.5), (0.1, 1.0), (0.7, 0.8), (0.9, 0.35), (1.0, 0.0)];
        out.mix(at + middle_s - 0.01, 1.0, &tract.call(rng, hz, last_s, &fall, &end));
        out
    });
    let sound = open_air(rng, &sound);
    let length = if crows == 1 { grade(rng, (last_s - 0.7) / 0.8, &[""], &["long"]) } else { "" };
    let times = times(crows);
    let templates = [
        "rooster crowing",
        "rooster crows {times}",
        "{length} rooster crow",
        "a rooster crows {times}",
        "cock a doodle doo",
    ];
    Take { sound, captions: captions(rng, &templates, &[("times", times), ("length", length)]) }
}

/// Hen: short clucks, now and then a long "bu-gawk".
fn chicken(rng: &mut Rng) -> Take {
    let (hz, clucks, gawk) = (rng.range(420.0, 560.0), rng.count(3, 9), rng.chance(0.35));
    rng.vary();
    let sound = series(rng, clucks, (0.08, 0.28), |rng, index| {
        let long = gawk && index + 1 == clucks;
        let seconds = if long { rng.range(0.3, 0.5) } else { rng.range(0.05, 0.14) };
        let hz = rng.around(hz, 0.12) * if long { 1.45 } else { 1.0 };
        let voice = Voice {
            breath: 0.12,
            rough: 0.2,
            bright_hz: 4500.0,
            ..Voice::new(
                seconds,
                contour(seconds, hz, &[(0.0, 0.75), (0.3, 1.08), (0.7, 1.0), (1.0, 0.75)]),
                contour(seconds, 1.0, &[(0.0, 0.0), (0.12, 1.0), (0.5, 0.7), (1.0, 0.0)]),
                fixed(&[(980.0, 4.0, 1.0), (2100.0, 5.0, 0.5), (3300.0, 4.0, 0.25), (4800.0, 4.0, 0.15)]),
            )
        };
        voice.render(rng).high_pass(350.0)
    });
    let sound = open_air(rng, &sound);
    let templates: &[&str] = if gawk {
        &["chicken clucking and squawking", "hen clucks loudly"]
    } else {
        &["chicken clucking", "hen clucking", "chicken clucks"]
    };
    Take { sound, captions: captions(rng, templates, &[]) }
}

/// Duck: a reedy voice of some 150 Hz through a bill that passes 1 to 2.5 kHz.
fn duck(rng: &mut Rng) -> Take {
    let (smallness, quacks) = (rng.unit(), rng.count(1, 7));
    let hz = 125.0 * 1.7f32.powf(smallness);
    rng.vary();
    let sound = series(rng, quacks, (0.05, 0.25), |rng, _| {
        let seconds = rng.range(0.14, 0.28);
        let hz = rng.around(hz, 0.06);
        let open =
            |low: f32, high: f32| contour(seconds, 1.0, &[(0.0, low), (0.25, high), (1.0, low * 1.05)]);
        let formants = vec![
            Formant { hz: open(950.0, 1250.0), q: 5.0, gain: 0.7 },
            Formant { hz: open(1500.0, 1900.0), q: 5.0, gain: 1.0 },
            Formant { hz: open(2600.0, 3000.0), q: 5.0, gain: 0.6 },
            Formant { hz: Curve::flat(4200.0), q: 4.0, gain: 0.3 },
        ];
        let voice = Voice {
            breath: 0.06,
            rough: 0.25,
            bright_hz: 7000.0,
            ..Voice::new(
                seconds,
                contour(seconds, hz, &[(0.0, 0.9), (0.2, 1.06), (1.0, 0.9)]),
                contour(seconds, 1.0, &[(0.0, 0.0), (0.1, 1.0), (0.6, 0.75), (1.0, 0.0)]),
                formants,
            )
        };
        voice.render(rng).high_pass(180.0)
    });
    let sound = open_air(rng, &sound);
    let times = times(quacks);
    let templates = ["duck quacking {times}", "a duck quacks {times}", "duck quack {times}"];
    Take { sound, captions: captions(rng, &templates, &[("times!", times)]) }
}

/// Frog: a train of pulses, each ringing in the vocal sac.
fn frog(rng: &mut Rng) -> Take {
    let (smallness, croaks) = (rng.unit(), rng.count(1, 6));
    let sac_hz = 480.0 * 4.0f32.powf(smallness);
    let (rate_hz, seconds) = (rng.range(32.0, 70.0), rng.range(0.18, 0.65));
    rng.vary();
    let sound = series(rng, croaks, (0.15, 0.6), |rng, _| {
        let length = rng.around(seconds, 0.15);
        let (start, end) = (rate_hz * rng.range(0.85, 1.0), rate_hz * rng.range(1.0, 1.3));
        let pulse = Sound::tone(
            length,
            |t| start + (end - start) * t / length,
            |phase, t| (1.0 - phase).powi(4) * hump(t, length).powf(0.6),
        );
        let noise = white(rng, length).to_rms(0.04);
        pulse
            .plus(1.0, &noise)
            .high_pass(150.0)
            .resonances(&[(sac_hz, 7.0, 1.0), (sac_hz * 1.85, 7.0, 0.8), (sac_hz * 3.1, 6.0, 0.3)])
            .shape(|t| hump(t, length).powf(0.4))
    });
    let sound = open_air(rng, &sound);
    let times = times(croaks);
    let templates =
        ["{size} frog croaking {times}", "a {size} frog croaks {times}", "frog croak", "{size} frog ribbit"];
    let size = size(rng, smallness);
    Take { sound, captions: captions(rng, &templates, &[("times", times), ("size", size)]) }
}

/// Wolf: a long tone that jumps up, holds and sinks.
fn wolf(rng: &mut Rng) -> Take {
    let (hz, seconds, voices) =
        (rng.range(380.0, 620.0), rng.range(2.0, 4.2), if rng.chance(0.7) { 1 } else { 3 });
    rng.vary();
    let mut out = Sound::silence(0.0);
    for index in 0..voices {
        let (hz, seconds) = (rng.around(hz, 0.15), rng.around(seconds, 0.15));
        let wobble = rng.range(4.0, 6.0);
        let pitch = contour(
            seconds,
            hz,
            &[(0.0, 0.6), (0.1, 0.85), (0.2, 1.12), (0.45, 1.06), (0.75, 0.95), (1.0, 0.65)],
        );
        let quaver = |t: f32| pitch.at(t) * (1.0 + 0.008 * (TAU * wobble * t).sin());
        let corners: Vec<_> = (0..80).map(|k| (k as f32 * 0.06, quaver(k as f32 * 0.06))).collect();
        let voice = Voice {
            breath: 0.02,
            rough: 0.03,
            bright_hz: 1400.0,
            ..Voice::new(
                seconds,
                Curve::new(&corners),
                contour(seconds, 1.0, &[(0.0, 0.0), (0.15, 0.7), (0.4, 1.0), (0.8, 0.6), (1.0, 0.0)]),
                fixed(&[(600.0, 2.0, 1.0), (1300.0, 4.0, 0.5), (2400.0, 4.0, 0.2)]),
            )
        };
        out.mix(index as f32 * rng.range(0.4, 0.9), 0.9, &voice.render(rng));
    }
    let templates: &[&str] = if voices == 1 {
        &["wolf howling", "a wolf howls", "lone wolf howl", "long wolf howl"]
    } else {
        &["wolves howling", "pack of wolves howling", "several wolves howl"]
    };
    let out = open_air(rng, &out);
    Take { sound: out, captions: captions(rng, templates, &[]) }
}

/// A large throat: rough low cords, air, and formants of a tract of the given length (17 cm is a man).
struct Beast {
    hz: f32,
    seconds: f32,
    tract_cm: f32,
    rough: f32,
    breath: f32,
}

impl Beast {
    /// The voice; the mouth opens in the middle as `open` (0 to 1) says.
    fn render(&self, rng: &mut Rng, open: f32, pitch: &[(f32, f32)], level: &[(f32, f32)]) -> Sound {
        let scale = 17.0 / self.tract_cm;
        let track = |closed: f32, wide: f32| {
            let top = scale * (closed + (wide - closed) * open);
            contour(
                self.seconds,
                1.0,
                &[(0.0, closed * scale), (0.3, top), (0.7, top), (1.0, closed * scale)],
            )
        };
        let formants = vec![
            Formant { hz: track(380.0, 760.0), q: 3.0, gain: 1.0 },
            Formant { hz: track(900.0, 1350.0), q: 4.0, gain: 0.7 },
            Formant { hz: track(2300.0, 2600.0), q: 4.0, gain: 0.35 },
            Formant { hz: track(3400.0, 3700.0), q: 4.0, gain: 0.15 },
        ];
        let voice = Voice {
            breath: self.breath,
            rough: self.rough,
            bright_hz: 2600.0,
            direct: 0.15,
            ..Voice::new(
                self.seconds,
                contour(self.seconds, self.hz, pitch),
                contour(self.seconds, 1.0, level),
                formants,
            )
        };
        let sound = voice.render(rng);
        flutter(rng, &sound, 0.55 * self.rough)
    }
}

/// The slow irregular flapping of large cords, some 18 to 34 times per second, and the distortion of a wide throat.
fn flutter(rng: &mut Rng, sound: &Sound, depth: f32) -> Sound {
    let seconds = sound.seconds();
    let centre_hz = rng.range(18.0, 34.0);
    let wander = Curve::wander(rng, seconds, 0.05, 0.7, 1.3);
    let flaps = Sound::sine(seconds, |t| centre_hz * wander.at(t), |_| 1.0);
    let gains = flaps.samples.iter().map(|x| 1.0 - depth * (0.5 + 0.5 * x));
    Sound { samples: sound.samples.iter().zip(gains).map(|(x, gain)| (2.2 * x * gain).tanh()).collect() }
}

/// Lion: one or more roars that swell and fall, the last ones as grunts.
fn lion(rng: &mut Rng) -> Take {
    let (hz, roars) = (rng.range(110.0, 190.0), rng.count(1, 3));
    rng.vary();
    let sound = series(rng, roars, (0.15, 0.5), |rng, index| {
        let seconds = if index == 0 { rng.range(1.1, 2.2) } else { rng.range(0.5, 0.9) };
        let beast = Beast { hz: rng.around(hz, 0.08), seconds, tract_cm: 30.0, rough: 0.6, breath: 0.3 };
        let pitch = [(0.0, 0.7), (0.25, 1.15), (0.6, 1.0), (1.0, 0.6)];
        beast.render(rng, 1.0, &pitch, &[(0.0, 0.0), (0.2, 0.9), (0.45, 1.0), (1.0, 0.0)])
    });
    let sound = open_air(rng, &sound);
    let templates = ["lion roaring", "lion roar", "a lion roars", "big cat roaring"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// Monster: a long low growl with closed jaws.
fn monster_growl(rng: &mut Rng) -> Take {
    let (smallness, seconds) = (rng.unit(), rng.range(0.9, 3.0));
    let hz = 38.0 * 2.4f32.powf(smallness);
    rng.vary();
    let tract_cm = 40.0 * 0.6f32.powf(smallness);
    let beast = Beast { hz, seconds, tract_cm, rough: rng.range(0.6, 1.0), breath: rng.range(0.15, 0.35) };
    let pitch = [(0.0, 0.85), (0.4, rng.range(1.0, 1.25)), (0.8, 0.95), (1.0, 0.75)];
    let sound = beast.render(rng, 0.15, &pitch, &[(0.0, 0.0), (0.15, 0.7), (0.6, 1.0), (1.0, 0.0)]);
    let depth = grade(rng, smallness, &["deep", "low"], &[""]);
    let size = size(rng, smallness);
    let templates =
        ["{depth} monster growl", "{size} monster growling", "{depth} creature growls", "beast growling"];
    Take { sound, captions: captions(rng, &templates, &[("depth", depth), ("size", size)]) }
}

/// Monster: a roar with jaws wide open, and a layer of breath and chest.
fn monster_roar(rng: &mut Rng) -> Take {
    let (smallness, seconds, shriek) = (rng.unit(), rng.range(0.9, 2.6), rng.unit());
    let hz = 60.0 * 3.0f32.powf(smallness);
    rng.vary();
    let tract_cm = 38.0 * 0.55f32.powf(smallness);
    let beast = Beast { hz, seconds, tract_cm, rough: rng.range(0.5, 0.9), breath: rng.range(0.2, 0.4) };
    let rise = 1.2 + 0.9 * shriek;
    let level = [(0.0, 0.0), (0.08, 0.8), (0.35, 1.0), (0.7, 0.8), (1.0, 0.0)];
    let main = beast.render(rng, 1.0, &[(0.0, 0.7), (0.2, rise), (0.6, rise * 0.85), (1.0, 0.6)], &level);
    let over = Beast { hz: hz * 2.9, seconds, tract_cm: tract_cm * 0.7, rough: 0.8, breath: 0.3 };
    let upper = over.render(rng, 0.8, &[(0.0, 0.6), (0.3, rise), (1.0, 0.7)], &level);
    let chest = brown(rng, seconds).shape(|t| attack_decay(t, 0.1, seconds)).low_pass(180.0);
    let sound = main.plus(0.15 + 0.4 * shriek, &upper).plus(0.6, &chest);
    let size = size(rng, smallness);
    let templates =
        ["{size} monster roar", "{size} monster roaring", "a {size} beast roars", "creature roar"];
    Take { sound, captions: captions(rng, &templates, &[("size", size)]) }
}

/// A little creature: short squeaky or chattering syllables.
fn small_creature(rng: &mut Rng) -> Take {
    let (hz, syllables, pace) = (rng.log_range(500.0, 1500.0), rng.count(1, 8), rng.unit());
    rng.vary();
    let gap_s = 0.2 - 0.17 * pace;
    let sound = series(rng, syllables, (gap_s * 0.6, gap_s * 1.2), |rng, _| {
        let seconds = rng.range(0.05, 0.22);
        let (from, to) = (hz * rng.range(0.7, 1.4), hz * rng.range(0.7, 1.5));
        let level = contour(seconds, 1.0, &[(0.0, 0.0), (0.15, 1.0), (1.0, 0.0)]);
        let tract = rng.range(0.9, 1.2);
        let bands = [(1400.0 * tract, 3.0, 1.0), (2900.0 * tract, 4.0, 0.6), (4600.0 * tract, 4.0, 0.3)];
        let voice = Voice {
            rough: 0.35,
            bright_hz: 5000.0,
            ..Voice::new(seconds, Curve::new(&[(0.0, from), (seconds, to)]), level, fixed(&bands))
        };
        voice.render(rng)
    });
    let sound = sound.sweep(Pass::High, 0.7, |_| 300.0);
    let templates: &[&str] = if syllables > 2 {
        &["small creature chattering", "little creature squeaking", "cute creature chirps"]
    } else {
        &["small creature squeak", "little creature chirp", "cute creature noise"]
    };
    Take { sound, captions: captions(rng, templates, &[]) }
}
