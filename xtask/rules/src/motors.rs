//! Electric machines: brushes and gears that mesh at multiples of the shaft's speed, mains hum, and air.

use super::caption::{captions, grade};
use super::filter::{brown, pink, white};
use super::rng::Rng;
use super::signal::{Curve, Sound};
use super::{Generator, Scene, Take, generator};
use std::f32::consts::TAU;

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("drill", "TOOLS", Scene::Indoors, drill),
    generator("electric-motor", "MACHINES", Scene::Indoors, electric_motor),
    generator("servo", "MACHINES", Scene::Close, servo),
    generator("fan", "MACHINES", Scene::Indoors, fan),
    generator("vacuum-cleaner", "MACHINES", Scene::Indoors, vacuum_cleaner),
    generator("hair-dryer", "MACHINES", Scene::Indoors, hair_dryer),
    generator("blender", "MACHINES", Scene::Indoors, blender),
    generator("mains-hum", "ELECTRICITY", Scene::Close, mains_hum),
    generator("electric-arc", "ELECTRICITY", Scene::Close, electric_arc),
];

/// A universal motor with gears.
struct Motor {
    /// Turns per second at full speed.
    shaft_hz: f32,
    /// Segments of the commutator.
    segments: f32,
    /// Teeth of the first gear; 0 without gears.
    teeth: f32,
}

impl Motor {
    /// Brushes spark at every segment, teeth meet at every tooth, and both wobble once per turn.
    fn render(&self, rng: &mut Rng, seconds: f32, speed: &Curve) -> Sound {
        let wobble = |phase: f32| 1.0 + 0.3 * (TAU * phase).sin();
        let shaft = |t: f32| self.shaft_hz * speed.at(t);
        let brush =
            Sound::tone(seconds, |t| shaft(t) * self.segments, |phase, _| (-phase * 7.0).exp() - 0.143);
        let gear =
            Sound::tone(seconds, |t| shaft(t) * self.teeth, |phase, _| 2.0 * (phase - 0.5).abs() - 0.5);
        let second = Sound::tone(seconds, |t| shaft(t) * self.teeth * 0.37, |phase, _| phase - 0.5);
        let hiss = pink(rng, seconds).resonances(&[(1500.0, 0.6, 1.0), (4500.0, 0.6, 0.8)]);
        let tone =
            brush.high_pass(300.0).to_rms(0.1).plus(1.0, &gear.to_rms(0.12)).plus(1.0, &second.to_rms(0.05));
        let turns = Sound::tone(seconds, shaft, |phase, t| wobble(phase) * speed.at(t).max(0.0).sqrt());
        tone.plus(1.0, &hiss.to_rms(0.16)).times(&turns).resonances(&[
            (500.0, 0.8, 0.6),
            (1700.0, 0.6, 1.0),
            (3800.0, 0.5, 0.8),
        ])
    }
}

/// Speed of a motor that is switched on and off.
fn switched(rng: &mut Rng, seconds: f32) -> Curve {
    let (on, off) = (rng.range(0.15, 0.4), rng.range(0.4, 0.9));
    Curve::new(&[(0.0, 0.05), (on, 1.0), (seconds - off, 1.0), (seconds, 0.04)])
}

/// A hand drill: in the air, or loaded by the wall it goes into.
fn drill(rng: &mut Rng) -> Take {
    let (seconds, wall) = (rng.range(1.5, 4.5), rng.chance(0.5));
    let motor =
        Motor { shaft_hz: rng.range(240.0, 340.0), segments: 2.0, teeth: rng.pick(&[7.0, 9.0, 11.0]) };
    rng.vary();
    let load = if wall { 0.75 } else { 1.0 };
    let on = rng.range(0.2, 0.4);
    let dip = rng.range(0.6, 0.9);
    let points =
        [(0.0, 0.05), (on, 1.0), (dip, load), (seconds - 0.5, load * rng.range(0.95, 1.05)), (seconds, 0.05)];
    let speed = Curve::new(&points);
    let mut sound = motor.render(rng, seconds, &speed).to_rms(0.25);
    if wall {
        let grit = Curve::wander(rng, seconds, 0.03, 0.2, 1.0);
        let grind = white(rng, seconds).resonances(&[(900.0, 0.6, 1.0), (2800.0, 0.5, 1.0)]);
        sound =
            sound.plus(1.0, &grind.shape(|t| grit.at(t) * ((t - dip) * 6.0).clamp(0.0, 1.0)).to_rms(0.16));
    }
    let templates: &[&str] = if wall {
        &["electric drill drilling into a wall", "drilling a hole", "power drill drilling"]
    } else {
        &["electric drill running", "power drill spins", "cordless drill"]
    };
    Take { sound: sound.fade(0.02, 0.05), captions: captions(rng, templates, &[]) }
}

/// A motor that starts, runs and stops.
fn electric_motor(rng: &mut Rng) -> Take {
    let (fast, seconds) = (rng.unit(), rng.range(2.0, 5.0));
    let motor = Motor { shaft_hz: 40.0 + 130.0 * fast, segments: 6.0, teeth: rng.range(9.0, 15.0).round() };
    rng.vary();
    let speed = switched(rng, seconds);
    let hum = Sound::tone(seconds, |_| 100.0, |phase, _| (TAU * phase).sin().powi(3)).to_rms(0.05);
    let sound = motor.render(rng, seconds, &speed).to_rms(0.25).plus(1.0, &hum).fade(0.03, 0.1);
    let pitch = grade(rng, fast, &["low", "slow"], &["high pitched", "fast"]);
    let templates =
        ["{pitch} electric motor", "{pitch} electric motor starts and stops", "{pitch} motor whirring"];
    Take { sound, captions: captions(rng, &templates, &[("pitch", pitch)]) }
}

/// Short movements with a gear.
fn servo(rng: &mut Rng) -> Take {
    let (moves, hz) = (rng.count(1, 4), rng.log_range(35.0, 80.0));
    rng.vary();
    let mut sound = Sound::silence(0.0);
    let mut at = 0.0;
    for _ in 0..moves {
        let move_s = rng.range(0.18, 0.7);
        let motor = Motor { shaft_hz: hz * rng.range(0.75, 1.25), segments: 3.0, teeth: 13.0 };
        let speed = Curve::new(&[(0.0, 0.4), (0.05, 1.0), (move_s - 0.06, 1.0), (move_s, 0.35)]);
        sound.mix(at, 1.0, &motor.render(rng, move_s, &speed).fade(0.01, 0.02));
        at += move_s + rng.range(0.06, 0.3);
    }
    let templates = ["servo motor", "small servo moving", "robot arm servo movement"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// Blades that pass the grille.
fn fan(rng: &mut Rng) -> Take {
    let (strong, seconds, blade_hz) = (rng.unit(), rng.range(3.0, 6.0), rng.range(45.0, 110.0));
    rng.vary();
    let air = pink(rng, seconds).resonances(&[
        (250.0, 0.5, 1.0),
        (900.0, 0.5, 0.8),
        (3000.0, 0.5, 0.25 + 0.3 * strong),
    ]);
    let tick = rng.range(0.0, 0.25);
    let air = air
        .shape(|t| 1.0 + 0.12 * (TAU * blade_hz * t).sin() + 0.5 * tick * (TAU * blade_hz / 3.0 * t).sin());
    let hum = Sound::tone(seconds, |_| blade_hz, |phase, _| (-phase * 4.0).exp() - 0.25).low_pass(700.0);
    let sound = air.to_rms(0.2).plus(1.0, &hum.to_rms(0.035)).fade(0.25, 0.4);
    let force = grade(rng, strong, &["quiet", "slow"], &["strong", "fast"]);
    let templates = ["{force} electric fan running", "{force} fan blowing", "{force} ventilator humming"];
    Take { sound, captions: captions(rng, &templates, &[("force", force)]) }
}

/// A fast motor in a case full of air.
fn vacuum_cleaner(rng: &mut Rng) -> Take {
    let (seconds, shaft_hz, started) = (rng.range(3.0, 6.0), rng.range(330.0, 520.0), rng.chance(0.4));
    rng.vary();
    let speed = if started { switched(rng, seconds) } else { Curve::flat(1.0) };
    let whine = Motor { shaft_hz, segments: 1.0, teeth: 2.0 }.render(rng, seconds, &speed);
    let air = pink(rng, seconds).resonances(&[(350.0, 0.6, 1.0), (1100.0, 0.5, 1.0), (3500.0, 0.4, 0.8)]);
    let air = air.shape(|t| speed.at(t).powi(2)).to_rms(0.25);
    let sound = air.plus(1.0, &whine.to_rms(0.24)).fade(0.1, 0.2);
    let templates: &[&str] = if started {
        &["vacuum cleaner turned on and off", "hoover starts and stops"]
    } else {
        &["vacuum cleaner running", "vacuum cleaner", "vacuuming with a hoover"]
    };
    Take { sound, captions: captions(rng, templates, &[]) }
}

/// Air over a heating wire.
fn hair_dryer(rng: &mut Rng) -> Take {
    let (seconds, shaft_hz) = (rng.range(2.5, 5.0), rng.range(180.0, 280.0));
    rng.vary();
    let speed = switched(rng, seconds);
    let air = white(rng, seconds).resonances(&[(800.0, 0.4, 0.8), (2500.0, 0.4, 1.0), (6000.0, 0.5, 0.6)]);
    let motor = Motor { shaft_hz, segments: 3.0, teeth: 7.0 }.render(rng, seconds, &speed);
    let sound =
        air.shape(|t| speed.at(t).powi(2)).to_rms(0.22).plus(1.0, &motor.to_rms(0.07)).fade(0.05, 0.1);
    let templates = ["hair dryer blowing", "hairdryer", "hair dryer turned on and off"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// Knives in a jug.
fn blender(rng: &mut Rng) -> Take {
    let (seconds, shaft_hz) = (rng.range(2.0, 4.5), rng.range(160.0, 260.0));
    rng.vary();
    let speed = switched(rng, seconds);
    let motor = Motor { shaft_hz, segments: 4.0, teeth: 4.0 }.render(rng, seconds, &speed);
    let chop = Curve::wander(rng, seconds, 0.025, 0.2, 1.0);
    let knives = white(rng, seconds).resonances(&[(700.0, 0.6, 1.0), (2200.0, 0.6, 0.9)]);
    let knives = knives.shape(|t| chop.at(t) * speed.at(t).powi(2)).to_rms(0.15);
    let templates = ["kitchen blender running", "blender mixing", "food processor"];
    Take {
        sound: motor.to_rms(0.2).plus(1.0, &knives).fade(0.03, 0.08),
        captions: captions(rng, &templates, &[]),
    }
}

/// Transformers buzz at twice the mains frequency and its multiples.
fn mains_hum(rng: &mut Rng) -> Take {
    let (hz, buzz, seconds) = (rng.pick(&[50.0, 60.0]), rng.unit(), rng.range(2.5, 5.0));
    rng.vary();
    let hum = Sound::tone(seconds, |_| hz, |phase, _| (TAU * 2.0 * phase).sin() + 0.3 * (TAU * phase).sin());
    let edge = Sound::tone(seconds, |_| 2.0 * hz, |phase, _| (-phase * 14.0).exp() - 0.07).high_pass(500.0);
    let sound = hum.to_rms(0.2).plus(0.15 + 0.9 * buzz, &edge.to_rms(0.2)).fade(0.1, 0.2);
    let what = grade(rng, buzz, &["low electric hum"], &["harsh electrical buzz"]);
    let what = if what.is_empty() { "electric hum" } else { what };
    let templates = ["{what}", "{what} of a transformer", "mains {what}"];
    Take { sound, captions: captions(rng, &templates, &[("what!", what)]) }
}

/// Sparks at random moments of the mains cycle, with bursts.
fn electric_arc(rng: &mut Rng) -> Take {
    let (seconds, hz) = (rng.range(0.6, 2.5), rng.pick(&[100.0, 120.0]));
    rng.vary();
    let activity = Curve::wander(rng, seconds, 0.06, -0.5, 1.0);
    let spark = white(rng, seconds).high_pass(1800.0);
    let buzz = Sound::tone(seconds, |_| hz, |phase, _| (-phase * 9.0).exp());
    let arc = spark.times(&buzz);
    let snap =
        super::filter::impulses(rng, seconds, |t| 10.0 + 160.0 * activity.at(t).max(0.0)).high_pass(900.0);
    let low = brown(rng, seconds).band_pass(240.0, 0.8).to_rms(0.04);
    let sound = arc
        .plus(0.3, &low)
        .shape(|t| activity.at(t).max(0.02))
        .to_rms(0.15)
        .plus(1.5, &snap)
        .fade(0.005, 0.03);
    let templates = ["electric sparks", "electric arc crackling", "electricity sparking and zapping"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}
