//! Aircraft: rotors as blades that pass (Leishman, Principles of Helicopter Aerodynamics, chapter 8), propellers,
//! turbines and the roar of a jet (Lighthill, 1952: power at high frequencies falls, most lies below 1 kHz).

use super::caption::{captions, grade};
use super::engines::Engine;
use super::filter::{brown, pink, white};
use super::passing::Path;
use super::rng::Rng;
use super::signal::{Curve, RATE_HZ, Sound};
use super::{Generator, Scene, Take, generator};
use std::f32::consts::TAU;

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("helicopter", "AIRCRAFT", Scene::Outdoors, helicopter),
    generator("helicopter-pass", "AIRCRAFT", Scene::Close, helicopter_pass),
    generator("propeller-plane", "AIRCRAFT", Scene::Close, propeller_plane),
    generator("jet-pass", "AIRCRAFT", Scene::Close, jet_pass),
    generator("jet-engine", "AIRCRAFT", Scene::Outdoors, jet_engine),
    generator("drone", "AIRCRAFT", Scene::Close, drone),
];

/// Main rotor of a helicopter.
struct Rotor {
    /// Blades that pass per second.
    blades_hz: f32,
    /// Number of blades; each slaps a little differently.
    strengths: Vec<f32>,
    /// How much the blades cut the wake of the blade before, 0 to 1.
    slap: f32,
    /// Tail rotor's blades per second.
    tail_hz: f32,
}

impl Rotor {
    /// Two long blades of a light helicopter to five of a heavy one.
    fn draw(rng: &mut Rng) -> (Self, f32) {
        let heavy = rng.unit();
        let blades = 2 + (heavy * 3.99) as usize;
        let blades_hz = rng.range(9.5, 13.5) * (1.0 + 0.4 * heavy);
        let strengths = (0..blades).map(|_| rng.range(0.8, 1.0)).collect();
        let tail_hz = blades_hz * rng.range(4.2, 6.3);
        (Self { blades_hz, strengths, slap: rng.range(0.3, 1.0), tail_hz }, heavy)
    }

    /// The machine from nearby: slap, the rush of each blade's wake, tail rotor, turbine.
    fn render(&self, rng: &mut Rng, seconds: f32) -> Sound {
        let (mut phase, mut blade) = (0.0f32, 0usize);
        let mut edge = Sound::silence(seconds);
        let rush = pink(rng, seconds).low_pass(1800.0).to_rms(0.3);
        let mut index = 0;
        let wash = Sound::render(seconds, |_| {
            phase += self.blades_hz / RATE_HZ;
            if phase >= 1.0 {
                (phase, blade) = (phase - 1.0, (blade + 1) % self.strengths.len());
            }
            // A blade comes up slowly and passes quickly.
            let near = (phase * 1.25).min(1.0).powi(3) * if phase > 0.8 { (1.0 - phase) / 0.2 } else { 1.0 };
            edge.samples[index] = self.strengths[blade] * near.powi(2) * (1.0 + 0.4 * rng.bipolar());
            let x = rush.samples[index] * (0.22 + 1.3 * near * self.strengths[blade]);
            index += 1;
            x
        });
        let thump =
            edge.high_pass(15.0).resonances(&[(75.0, 0.9, 1.0), (160.0, 0.9, 0.9), (340.0, 0.8, 0.7)]);
        let tail = Sound::tone(seconds, |_| self.tail_hz, |phase, _| phase * phase - 0.33).low_pass(900.0);
        let whine_hz = 4200.0 + 20.0 * self.tail_hz;
        let turbine = Sound::sine(seconds, |_| whine_hz, |_| 1.0)
            .plus(6.0, &white(rng, seconds).band_pass(whine_hz, 3.0));
        wash.to_rms(0.3)
            .plus(1.0, &thump.to_rms(0.16 + 0.3 * self.slap))
            .plus(1.0, &tail.to_rms(0.05))
            .plus(1.0, &turbine.to_rms(0.012))
    }
}

/// It hovers.
fn helicopter(rng: &mut Rng) -> Take {
    let ((rotor, heavy), seconds) = (Rotor::draw(rng), rng.range(3.0, 7.0));
    rng.vary();
    let gusts = Curve::wander(rng, seconds, 0.8, 0.75, 1.0);
    let sound = rotor.render(rng, seconds).shape(|t| gusts.at(t)).fade(0.2, 0.4);
    let size = grade(rng, heavy, &["small", "light"], &["large", "heavy"]);
    let templates = [
        "{size} helicopter hovering",
        "{size} helicopter rotor",
        "helicopter blades chopping",
        "{size} helicopter",
    ];
    Take { sound, captions: captions(rng, &templates, &[("size", size)]) }
}

/// It flies over.
fn helicopter_pass(rng: &mut Rng) -> Take {
    let ((rotor, heavy), seconds) = (Rotor::draw(rng), rng.range(5.5, 8.0));
    let height_m = rng.range(30.0, 70.0);
    let path = Path { speed: rng.range(25.0, 50.0), closest_m: height_m, at_s: seconds * 0.45, height_m };
    rng.vary();
    let source = rotor.render(rng, path.source_seconds(seconds));
    let sound = path.heard(&source, seconds).fade(0.5, 0.8);
    let size = grade(rng, heavy, &["small", "light"], &["large", "heavy"]);
    let templates =
        ["{size} helicopter flying by", "{size} helicopter passes overhead", "helicopter flyover"];
    Take { sound, captions: captions(rng, &templates, &[("size", size)]) }
}

/// A piston engine and a two-bladed propeller on its shaft: both make pulses at twice the speed of the shaft.
fn propeller_plane(rng: &mut Rng) -> Take {
    let (cylinders, rpm, overhead) = (rng.pick(&[4, 6]), rng.range(2100.0, 2700.0), rng.chance(0.6));
    let (engine, seconds) = (Engine::even(rng, cylinders, 1300.0), rng.range(4.5, 8.0));
    let height_m = rng.range(25.0, 80.0);
    let path = Path { speed: rng.range(45.0, 70.0), closest_m: height_m, at_s: seconds * 0.45, height_m };
    rng.vary();
    let length = if overhead { path.source_seconds(seconds) } else { seconds };
    let speed = Curve::wander(rng, length, 0.7, rpm * 0.995, rpm * 1.005);
    let blades = Sound::tone(length, |t| speed.at(t) / 30.0, |phase, _| (-phase * 9.0).exp() - 0.11);
    let rush = pink(rng, length).resonances(&[(400.0, 0.5, 1.0), (1300.0, 0.5, 0.5)]).to_rms(0.07);
    let source =
        engine.render(rng, length, &speed).plus(1.0, &blades.low_pass(2600.0).to_rms(0.24)).plus(1.0, &rush);
    let (sound, templates): (_, &[&str]) = if overhead {
        let templates = &[
            "propeller plane flying by",
            "small propeller plane passes overhead",
            "propeller aircraft flyover",
        ];
        (path.heard(&source, seconds).fade(0.4, 0.8), templates)
    } else {
        let templates =
            &["propeller plane engine", "propeller plane flying steadily", "small airplane propeller engine"];
        (source.fade(0.3, 0.5), templates)
    };
    Take { sound, captions: captions(rng, templates, &[]) }
}

/// Roar and fan of a turbofan.
fn jet(rng: &mut Rng, seconds: f32, fan_hz: f32, whine: f32) -> Sound {
    let low = brown(rng, seconds).to_rms(0.2);
    let roar = pink(rng, seconds)
        .resonances(&[(260.0, 0.5, 1.0), (700.0, 0.4, 0.9), (1900.0, 0.4, 0.5)])
        .to_rms(0.25);
    let hiss = white(rng, seconds).band_pass(4500.0, 0.5).to_rms(0.06);
    let flutter = Curve::wander(rng, seconds, 0.06, 0.8, 1.0);
    let blades = Sound::sine(seconds, |_| fan_hz, |_| 1.0)
        .plus(0.5, &Sound::sine(seconds, |_| fan_hz * 2.0, |_| 1.0))
        .plus(4.0, &white(rng, seconds).band_pass(fan_hz, 12.0));
    low.plus(1.0, &roar)
        .shape(|t| flutter.at(t))
        .plus(1.0, &hiss)
        .plus(1.0, &blades.to_rms(0.01 + 0.1 * whine))
}

/// It flies over; the echo of the ground sweeps through the noise.
fn jet_pass(rng: &mut Rng) -> Take {
    let (fighter, seconds, height_m) = (rng.chance(0.35), rng.range(5.0, 8.0), rng.range(60.0, 220.0));
    let speed = if fighter { rng.range(150.0, 230.0) } else { rng.range(70.0, 110.0) };
    let path = Path { speed, closest_m: height_m, at_s: seconds * rng.range(0.35, 0.45), height_m };
    let (fan_hz, whine) = (rng.range(1500.0, 2800.0), rng.unit());
    rng.vary();
    let source = jet(rng, path.source_seconds(seconds), fan_hz, whine);
    let sound = path.heard(&source, seconds).fade(0.6, 1.0);
    let what = if fighter { "fighter jet" } else { rng.pick(&["jet airplane", "jet", "passenger jet"]) };
    let templates = ["{what} flying by", "{what} passes overhead", "{what} flyover"];
    Take { sound, captions: captions(rng, &templates, &[("what!", what)]) }
}

/// On the ground: the turbine runs, or spools up.
fn jet_engine(rng: &mut Rng) -> Take {
    let (spool, seconds, top_hz) = (rng.chance(0.5), rng.range(4.0, 7.5), rng.range(1800.0, 3600.0));
    rng.vary();
    let run = move |t: f32| if spool { 0.25 + 0.75 * (t / seconds).powf(0.7) } else { 1.0 };
    let wave = |phase: f32, _: f32| (TAU * phase).sin() + 0.3 * (TAU * 2.0 * phase).sin();
    let whine = Sound::tone(seconds, |t| top_hz * run(t), wave);
    let second = Sound::tone(seconds, |t| top_hz * 0.613 * run(t), wave);
    let roar = jet(rng, seconds, top_hz, 0.0).shape(|t| run(t).powi(3));
    let sound = roar.to_rms(0.3).plus(0.1, &whine).plus(0.06, &second).fade(0.2, 0.4);
    let templates: &[&str] = if spool {
        &["jet engine spooling up", "turbine starting up", "jet engine start"]
    } else {
        &["jet engine running", "jet turbine whine and roar", "loud jet engine"]
    };
    Take { sound, captions: captions(rng, templates, &[]) }
}

/// Four small propellers that never run at quite the same speed.
fn drone(rng: &mut Rng) -> Take {
    let (hz, seconds) = (rng.log_range(140.0, 260.0), rng.range(2.5, 6.0));
    rng.vary();
    let mut sound = pink(rng, seconds).band_pass(2500.0, 0.5).to_rms(0.06);
    for _ in 0..4 {
        let own = hz * rng.range(0.96, 1.04);
        let speed = Curve::wander(rng, seconds, 0.25, own * 0.985, own * 1.015);
        let rotor = Sound::tone(seconds, |t| speed.at(t), |phase, _| (-phase * 12.0).exp() - 0.083);
        sound.mix(0.0, 1.0, &rotor.high_pass(120.0).low_pass(5000.0).to_rms(0.09));
    }
    let templates = ["quadcopter drone flying", "drone hovering", "small drone propellers buzzing"];
    Take { sound: sound.fade(0.2, 0.4), captions: captions(rng, &templates, &[]) }
}
