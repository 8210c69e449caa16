//! Vehicles on the ground: four-stroke engines as trains of exhaust pulses in a pipe (Baldan, Lachambre, Delle Monache
//! and Boussard, Physically informed car engine sound synthesis, 2015), and trains on jointed rails.

use super::caption::{captions, grade};
use super::filter::{brown, burst, pink, white};
use super::modal::{Material, plate, strike};
use super::passing::Path;
use super::rng::Rng;
use super::signal::{Curve, RATE_HZ, Sound, decay};
use super::{Generator, Scene, Take, generator};

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("car-idle", "VEHICLES", Scene::Outdoors, car_idle),
    generator("car-rev", "VEHICLES", Scene::Outdoors, car_rev),
    generator("car-pass", "VEHICLES", Scene::Close, car_pass),
    generator("car-start", "VEHICLES", Scene::Outdoors, car_start),
    generator("truck-idle", "VEHICLES", Scene::Outdoors, truck_idle),
    generator("motorcycle", "VEHICLES", Scene::Outdoors, motorcycle),
    generator("motorcycle-pass", "VEHICLES", Scene::Close, motorcycle_pass),
    generator("lawn-mower", "MACHINES", Scene::Outdoors, lawn_mower),
    generator("train-clack", "TRAINS", Scene::Close, train_clack),
    generator("steam-train", "TRAINS", Scene::Outdoors, steam_train),
];

/// A four-stroke engine and its exhaust.
pub(crate) struct Engine {
    /// When each cylinder fires, as a part of the cycle of two turns, ascending.
    pub(crate) firing: Vec<f32>,
    /// Strength of each cylinder; their differences make the half orders that tell an engine from a tone.
    pub(crate) strengths: Vec<f32>,
    /// Time in seconds that sound takes to the open end of the exhaust and back.
    pub(crate) pipe_s: f32,
    /// Corner frequency of the silencer, in hertz.
    pub(crate) muffle_hz: f32,
    /// Random difference between one explosion and the next, 0 to 1.
    pub(crate) rough: f32,
    /// Share of valves, injectors and pistons in the sound.
    pub(crate) clatter: f32,
}

impl Engine {
    /// Cylinders that fire at equal distances.
    pub(crate) fn even(rng: &mut Rng, cylinders: usize, muffle_hz: f32) -> Self {
        Self {
            firing: (0..cylinders).map(|k| k as f32 / cylinders as f32).collect(),
            strengths: (0..cylinders).map(|_| rng.range(0.7, 1.0)).collect(),
            pipe_s: rng.range(0.008, 0.019),
            muffle_hz,
            rough: rng.range(0.08, 0.22),
            clatter: rng.range(0.12, 0.3),
        }
    }

    /// The engine at a speed in turns per minute that may change.
    pub(crate) fn render(&self, rng: &mut Rng, seconds: f32, rpm: &Curve) -> Sound {
        let (mut cycle, mut next, mut age, mut strength) = (0.0f32, 0, 1.0f32, 0.0f32);
        let mut clatter = Sound::silence(seconds);
        let mut index = 0;
        let pulses = Sound::render(seconds, |t| {
            let rpm = rpm.at(t);
            cycle += rpm / 120.0 / RATE_HZ;
            age += 1.0 / RATE_HZ;
            if cycle >= 1.0 {
                (cycle, next) = (cycle - 1.0, 0);
            }
            if self.firing.get(next).is_some_and(|at| cycle >= *at) {
                strength = self.strengths[next] * (1.0 + self.rough * rng.bipolar());
                (age, next) = (0.0, next + 1);
            }
            clatter.samples[index] = strength * rng.bipolar() * (0.3 + decay(age, 0.02));
            index += 1;
            // The valve opens within milliseconds, the sooner the less the silencer holds back; the gas leaves
            // within half a turn.
            let flow = (age * self.muffle_hz / 1.2).min(1.0) * (-age * rpm * 0.07).exp();
            strength * flow * (1.0 + 0.35 * rng.bipolar())
        });
        let pipe = pulses.high_pass(25.0).comb(self.pipe_s, -0.6).low_pass(self.muffle_hz);
        let (short_s, long_s) = (self.pipe_s * 0.31, self.pipe_s * 1.73);
        let boxes = pipe.clone().comb(short_s, -0.5).plus(0.6, &pipe.clone().comb(long_s, 0.45));
        let exhaust = pipe.plus(0.7, &boxes).to_rms(0.3);
        let metal = clatter.resonances(&[(700.0, 1.0, 0.6), (1900.0, 0.8, 1.0), (4200.0, 0.8, 0.5)]);
        exhaust.plus(1.0, &metal.to_rms(0.3 * self.clatter))
    }
}

/// The size of a passenger car's engine: cylinders, corner of the silencer, words.
fn car(rng: &mut Rng) -> (Engine, &'static str) {
    let cylinders = rng.pick(&[3, 4, 4, 4, 6, 8]);
    let sporty = rng.chance(0.3);
    let muffle_hz = if sporty { rng.range(900.0, 1600.0) } else { rng.range(350.0, 700.0) };
    let what = match (cylinders, sporty) {
        (8, _) => "v8 car",
        (_, true) => "sports car",
        _ => "car",
    };
    (Engine::even(rng, cylinders, muffle_hz), what)
}

/// Idling, with the slow hunting of the governor.
fn car_idle(rng: &mut Rng) -> Take {
    let ((engine, what), seconds) = (car(rng), rng.range(2.5, 6.0));
    let idle = rng.range(650.0, 950.0);
    rng.vary();
    let rpm = Curve::wander(rng, seconds, 0.5, idle * 0.97, idle * 1.03);
    let fan = pink(rng, seconds).band_pass(900.0, 0.4).to_rms(0.07);
    let sound = engine.render(rng, seconds, &rpm).plus(1.0, &fan).fade(0.1, 0.2);
    let templates =
        ["{what} engine idling", "idling {what}", "{what} engine running idle", "engine of a {what} idles"];
    Take { sound, captions: captions(rng, &templates, &[("what!", what)]) }
}

/// Speed of an engine that is revved up `times` times.
fn revs(rng: &mut Rng, idle: f32, top: f32, times: usize) -> (Curve, f32) {
    let (mut t, mut points) = (rng.range(0.2, 0.6), vec![(0.0, idle)]);
    for _ in 0..times {
        points.push((t, idle));
        t += rng.range(0.3, 0.7);
        points.push((t, top * rng.range(0.85, 1.0)));
        t += rng.range(0.1, 0.4);
        points.push((t, top * rng.range(0.85, 1.0)));
        let fall = rng.range(0.7, 1.3);
        points.push((t + fall * 0.4, idle + (top - idle) * 0.35));
        t += fall;
    }
    points.push((t, idle));
    (Curve::new(&points), t + 0.6)
}

/// Louder with the speed of the engine.
fn loaded(sound: Sound, rpm: &Curve, idle: f32) -> Sound {
    sound.shape(|t| (rpm.at(t) / idle).powf(0.7))
}

/// The throttle is opened while the car stands.
fn car_rev(rng: &mut Rng) -> Take {
    let ((mut engine, what), times) = (car(rng), rng.count(1, 3));
    engine.muffle_hz *= 1.6;
    let (idle, top) = (rng.range(800.0, 1100.0), rng.range(3500.0, 6200.0));
    rng.vary();
    let (rpm, seconds) = revs(rng, idle, top, times);
    let intake = pink(rng, seconds).band_pass(1100.0, 0.5).to_rms(0.07);
    let sound = loaded(engine.render(rng, seconds, &rpm).plus(1.0, &intake), &rpm, idle).fade(0.05, 0.3);
    let how = if times == 1 { "once" } else { "several times" };
    let templates = ["{what} engine revving {how}", "revving a {what} {how}", "{what} revs its engine"];
    Take { sound, captions: captions(rng, &templates, &[("what!", what), ("how", how)]) }
}

/// Tyres and engine go by.
fn car_pass(rng: &mut Rng) -> Take {
    let ((engine, what), speedy) = (car(rng), rng.unit());
    let speed = 9.0 + 24.0 * speedy;
    let seconds = (60.0 / speed + 1.5).min(6.5);
    let path =
        Path { speed, closest_m: rng.range(2.0, 4.0), at_s: seconds * rng.range(0.4, 0.55), height_m: 0.4 };
    let rpm = rng.range(1600.0, 3200.0);
    rng.vary();
    let length = path.source_seconds(seconds);
    let tyres = pink(rng, length).resonances(&[(850.0, 0.7, 1.0), (160.0, 0.7, 0.9), (2500.0, 0.5, 0.3)]);
    let motor = engine.render(rng, length, &Curve::flat(rpm));
    let sound = path.heard(&tyres.to_rms(0.3).plus(1.2 - 0.6 * speedy, &motor), seconds).fade(0.2, 0.4);
    let pace = grade(rng, speedy, &["slowly", "slow"], &["fast", "at high speed"]);
    let templates: &[&str] = if pace == "slow" {
        &["{pace} {what} passing by", "{what} drives past", "{pace} {what} drives by on a road"]
    } else {
        &["{what} passing by {pace}", "{what} drives past {pace}", "{what} pass by on a road"]
    };
    Take { sound, captions: captions(rng, templates, &[("what!", what), ("pace", pace)]) }
}

/// The starter turns the engine against its compression until it fires.
fn car_start(rng: &mut Rng) -> Take {
    let ((engine, what), crank_s) = (car(rng), rng.range(0.6, 1.6));
    let (idle, crank_hz) = (rng.range(750.0, 1000.0), rng.range(6.0, 9.5));
    let gear_hz = rng.range(380.0, 620.0);
    rng.vary();
    let strain = move |t: f32| (std::f32::consts::TAU * crank_hz * t).cos();
    let whine = Sound::tone(crank_s, |t| gear_hz * (1.0 + 0.09 * strain(t)), |phase, _| phase - 0.5);
    let grind = white(rng, crank_s).band_pass(2300.0, 0.8);
    let starter = whine.resonances(&[(gear_hz * 2.0, 1.0, 1.0), (2400.0, 1.0, 0.6)]).plus(0.5, &grind);
    let starter = starter.shape(|t| 0.6 + 0.4 * strain(t)).low_pass(3500.0).to_rms(0.12).fade(0.02, 0.06);
    let rpm = Curve::new(&[(0.0, 350.0), (0.25, idle * 1.9), (0.7, idle * 1.5), (1.6, idle)]);
    let run_s = rng.range(1.6, 3.2);
    let mut sound = starter.plus(0.4, &burst(rng, 900.0, 0.7, 0.03));
    sound.mix(crank_s - 0.1, 1.0, &loaded(engine.render(rng, run_s, &rpm), &rpm, idle).fade(0.05, 0.3));
    let templates = ["{what} engine starting", "starting a {what}", "{what} ignition and engine start"];
    Take { sound, captions: captions(rng, &templates, &[("what!", what)]) }
}

/// A diesel: injection knocks, six cylinders, slow.
fn truck_idle(rng: &mut Rng) -> Take {
    let (seconds, idle) = (rng.range(2.5, 6.0), rng.range(520.0, 720.0));
    let mut engine = Engine::even(rng, 6, 450.0);
    engine.clatter = rng.range(0.5, 0.8);
    let what = rng.pick(&["truck", "truck", "tractor", "bus"]);
    rng.vary();
    let rpm = Curve::wander(rng, seconds, 0.5, idle * 0.98, idle * 1.02);
    let sound = engine.render(rng, seconds, &rpm).fade(0.1, 0.2);
    let templates =
        ["{what} diesel engine idling", "diesel {what} idling", "diesel engine of a {what} running"];
    Take { sound, captions: captions(rng, &templates, &[("what!", what)]) }
}

/// One or two cylinders: a V of 45 degrees fires after 315 and 405 degrees, hence its gallop.
fn motorcycle_engine(rng: &mut Rng) -> (Engine, f32, &'static str) {
    let (cruiser, muffle_hz) = (rng.chance(0.5), rng.range(900.0, 1800.0));
    let cylinders = if cruiser { 2 } else { rng.count(1, 4) };
    let mut engine = Engine::even(rng, cylinders, muffle_hz);
    if cruiser {
        engine.firing[1] = 315.0 / 720.0;
    }
    engine.rough = 0.25;
    let idle = if cruiser { 850.0 } else { 1350.0 };
    (engine, idle, if cruiser { "cruiser motorcycle" } else { "motorcycle" })
}

/// It stands and idles, or is revved.
fn motorcycle(rng: &mut Rng) -> Take {
    let ((engine, idle, what), revved) = (motorcycle_engine(rng), rng.chance(0.6));
    let (top, times) = (idle * rng.range(3.2, 4.5), rng.count(1, 3));
    rng.vary();
    let (rpm, seconds) = if revved {
        revs(rng, idle, top, times)
    } else {
        (Curve::wander(rng, 4.0, 0.4, idle * 0.95, idle * 1.05), rng.range(2.5, 4.0))
    };
    let sound = loaded(engine.render(rng, seconds, &rpm), &rpm, idle).fade(0.05, 0.3);
    let templates: &[&str] = if revved {
        &["{what} revving", "{what} engine revs", "revving a motorbike"]
    } else {
        &["{what} idling", "{what} engine idle", "motorbike engine running idle"]
    };
    Take { sound, captions: captions(rng, templates, &[("what!", what)]) }
}

/// It goes by at full throttle.
fn motorcycle_pass(rng: &mut Rng) -> Take {
    let ((engine, idle, _), speed) = (motorcycle_engine(rng), rng.range(14.0, 38.0));
    let (seconds, rpm) = (rng.range(3.0, 5.5), idle * rng.range(3.0, 4.5));
    let path = Path { speed, closest_m: rng.range(3.0, 8.0), at_s: seconds * 0.45, height_m: 0.5 };
    rng.vary();
    let length = path.source_seconds(seconds);
    let rising = Curve::new(&[(0.0, rpm * 0.85), (length, rpm)]);
    let source = engine.render(rng, length, &rising);
    let wind = pink(rng, length).band_pass(600.0, 0.5).to_rms(0.08);
    let sound = path.heard(&source.plus(1.0, &wind), seconds).fade(0.2, 0.4);
    let templates = ["motorcycle passing by", "motorbike drives past", "motorcycle speeds by"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// One small cylinder under load, and the blade's wind at twice its speed.
fn lawn_mower(rng: &mut Rng) -> Take {
    let (seconds, rpm) = (rng.range(3.0, 6.0), rng.range(2500.0, 3300.0));
    let mut engine = Engine::even(rng, 1, 1500.0);
    (engine.pipe_s, engine.clatter, engine.rough) = (0.0024, rng.range(0.4, 0.7), 0.3);
    rng.vary();
    let speed = Curve::wander(rng, seconds, 0.4, rpm * 0.97, rpm * 1.03);
    let mut phase = 0.0f32;
    let blade = pink(rng, seconds).resonances(&[(500.0, 0.6, 1.0), (1500.0, 0.6, 0.6)]).to_rms(0.13);
    let blade = Sound {
        samples: blade
            .samples
            .iter()
            .map(|x| {
                phase = (phase + rpm / 30.0 / RATE_HZ).fract();
                x * (0.55 + 0.45 * (std::f32::consts::TAU * phase).sin())
            })
            .collect(),
    };
    let sound = engine.render(rng, seconds, &speed).plus(1.0, &blade).fade(0.15, 0.25);
    let templates = ["lawn mower running", "lawnmower engine", "mowing the lawn", "petrol lawn mower"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// Two axles of a bogie on a rail joint, the next bogie a coach later; steel rolls all the time.
fn train_clack(rng: &mut Rng) -> Take {
    let (speedy, heavy) = (rng.unit(), rng.unit());
    let speed = 9.0 + 16.0 * speedy;
    let (axle_s, joint_s) = (2.5 / speed, rng.range(11.0, 18.0) / speed);
    let seconds = rng.range(4.0, 7.0);
    rng.vary();
    let roll = brown(rng, seconds).plus(0.5, &pink(rng, seconds).band_pass(900.0, 0.4));
    let sway = Curve::wander(rng, seconds, 0.3, 0.7, 1.0);
    let mut sound = roll.shape(|t| sway.at(t)).to_rms(0.014 + 0.014 * heavy);
    let mut at = rng.range(0.05, 0.3);
    while at < seconds - 0.3 {
        for (k, gain) in [(0.0, 1.0), (1.0, 0.85)] {
            let rail = plate(rng, Material::Metal, 260.0, 30, 130.0);
            let mut clack = strike(&rail, 2.0);
            clack.mix(0.0, 0.6, &burst(rng, 170.0, 0.8, 0.13));
            clack.mix(0.0, 0.35, &burst(rng, 1100.0, 0.6, 0.05).fade(0.002, 0.01));
            sound.mix(at + k * axle_s, gain * rng.range(0.3, 0.45), &clack);
        }
        at += rng.around(joint_s, 0.03);
    }
    let pace = grade(rng, speedy, &["slow"], &["fast"]);
    let templates = [
        "{pace} train wheels clacking on tracks",
        "{pace} train running on rails",
        "clickety-clack of a {pace} train",
    ];
    Take { sound: sound.fade(0.2, 0.4), captions: captions(rng, &templates, &[("pace", pace)]) }
}

/// Four blasts of steam per turn of the wheels, from two cylinders that work both ways.
fn steam_train(rng: &mut Rng) -> Take {
    let (speedy, starting) = (rng.unit(), rng.chance(0.4));
    let rate_hz = 2.0 + 5.0 * speedy;
    let seconds = rng.range(4.0, 7.0);
    rng.vary();
    let mut sound =
        brown(rng, seconds).to_rms(0.03).plus(1.0, &white(rng, seconds).band_pass(5000.0, 0.6).to_rms(0.03));
    let (mut at, mut beat) = (0.1, 0usize);
    while at < seconds - 0.2 {
        let now_hz = if starting { 1.2 + (rate_hz - 1.2) * at / seconds } else { rate_hz };
        let chuff_s = (1.1 / now_hz).min(0.6);
        let gain = if beat % 4 == 0 { 1.0 } else { 0.75 } * rng.range(0.85, 1.0);
        let steam = white(rng, chuff_s).shape(|t| (t / 0.05).min(1.0) * decay(t, chuff_s));
        let chuff = steam.resonances(&[(420.0, 0.6, 0.8), (1200.0, 0.5, 1.0), (3500.0, 0.4, 1.0)]);
        sound.mix(at, 0.6 * gain, &chuff);
        at += 1.0 / now_hz;
        beat += 1;
    }
    let templates: &[&str] = if starting {
        &[
            "steam train starting to move",
            "steam locomotive departs",
            "steam engine chuffing faster and faster",
        ]
    } else {
        &["{pace} steam train chugging", "{pace} steam locomotive", "steam engine chuffing {pace}"]
    };
    let pace = grade(rng, speedy, &["slow"], &["fast"]);
    Take { sound: sound.fade(0.1, 0.3), captions: captions(rng, templates, &[("pace", pace)]) }
}
