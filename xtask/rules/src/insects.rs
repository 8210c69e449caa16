//! Insects: scrapers on wings (crickets), buckling ribs (cicadas) and wing beats (bees, flies, mosquitoes).

use super::caption::{captions, grade};
use super::filter::{pink, white};
use super::rng::Rng;
use super::signal::{Curve, Sound, hump};
use super::{Generator, Scene, Take, generator};
use std::f32::consts::TAU;

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("cricket", "INSECTS", Scene::Close, cricket),
    generator("crickets-night", "INSECTS", Scene::Close, crickets),
    generator("cicadas", "INSECTS", Scene::Close, cicadas),
    generator("bee", "INSECTS", Scene::Close, bee),
    generator("bee-swarm", "INSECTS", Scene::Close, swarm),
    generator("fly", "INSECTS", Scene::Close, fly),
    generator("mosquito", "INSECTS", Scene::Close, mosquito),
];

/// One cricket: chirps of a few pulses, each pulse one stroke of the scraper over the file of the other wing.
struct Scraper {
    hz: f32,
    pulses: usize,
    pulse_hz: f32,
    chirp_hz: f32,
}

impl Scraper {
    /// A cricket of a field or of a tree: 3 to 6 kHz.
    fn random(rng: &mut Rng, pace: f32) -> Self {
        let pulse_hz = rng.range(22.0, 38.0);
        let pulses = rng.count(3, 6);
        let fastest = 0.8 * pulse_hz / pulses as f32;
        let chirp_hz = (1.2 + 3.2 * pace).min(fastest);
        Self { hz: rng.range(3300.0, 5400.0), pulses, pulse_hz, chirp_hz }
    }

    /// A song of `seconds`.
    fn render(&self, rng: &mut Rng, seconds: f32) -> Sound {
        let mut out = Sound::silence(seconds);
        let length = 0.72 / self.pulse_hz;
        let mut at = rng.range(0.0, 0.7 / self.chirp_hz);
        while at + (self.pulses as f32 + 1.0) / self.pulse_hz < seconds {
            for pulse in 0..self.pulses {
                let hz = rng.around(self.hz, 0.004);
                let loud = if pulse == 0 { 0.5 } else { rng.range(0.85, 1.0) };
                let tone =
                    Sound::sine(length, |t| hz * (1.02 - 0.04 * t / length), |t| loud * hump(t, length));
                let second = Sound::sine(length, |_| hz * 2.01, |t| 0.06 * hump(t, length));
                out.mix(at + pulse as f32 / self.pulse_hz, 1.0, &tone.plus(1.0, &second));
            }
            at += rng.around(1.0 / self.chirp_hz, 0.06);
        }
        out
    }
}

/// A single cricket nearby.
fn cricket(rng: &mut Rng) -> Take {
    let (pace, seconds) = (rng.unit(), rng.range(2.5, 6.0));
    let scraper = Scraper::random(rng, pace);
    rng.vary();
    let air = pink(rng, seconds).to_rms(0.004);
    let sound = scraper.render(rng, seconds).plus(1.0, &air);
    let speed = grade(rng, pace, &["slowly"], &["fast", "quickly"]);
    let templates =
        ["cricket chirping", "a cricket chirps {speed}", "single cricket chirping {speed}", "cricket sound"];
    Take { sound, captions: captions(rng, &templates, &[("speed", speed)]) }
}

/// A summer night with many crickets near and far.
fn crickets(rng: &mut Rng) -> Take {
    let (animals, seconds) = (rng.count(4, 18), rng.range(4.0, 7.5));
    rng.vary();
    let mut out = pink(rng, seconds).low_pass(1500.0).to_rms(0.012);
    for _ in 0..animals {
        let (pace, gain) = (rng.unit(), rng.log_range(0.08, 0.8));
        let scraper = Scraper::random(rng, pace);
        out.mix(0.0, gain, &scraper.render(rng, seconds));
    }
    let haze = white(rng, seconds).band_pass(rng.range(3800.0, 5200.0), 6.0);
    let (rate_hz, depth) = (rng.range(25.0, 45.0), rng.range(0.3, 0.9));
    let haze = haze.shape(|t| 1.0 - depth * (0.5 + 0.5 * (TAU * rate_hz * t).sin())).to_rms(0.06);
    let sound = out.plus(1.0, &haze).fade(0.15, 0.3);
    let templates = [
        "crickets chirping",
        "crickets at night",
        "many crickets chirping on a summer night",
        "night ambience with crickets",
    ];
    let templates = if animals > 8 { &templates } else { &templates[..2] };
    Take { sound, captions: captions(rng, templates, &[]) }
}

/// Cicadas: ribs that buckle some hundred times per second and ring at 4 to 8 kHz; the choir swells.
fn cicadas(rng: &mut Rng) -> Take {
    let (animals, seconds, swell) = (rng.count(1, 6), rng.range(3.0, 7.0), rng.unit());
    rng.vary();
    let mut out = pink(rng, seconds).low_pass(1200.0).to_rms(0.006);
    for _ in 0..animals {
        let (hz, rate_hz) = (rng.range(4200.0, 7500.0), rng.range(90.0, 210.0));
        let beat_hz = rng.range(3.0, 12.0);
        let pulses = Sound::tone(
            seconds,
            |t| rate_hz * (1.0 + 0.02 * (TAU * 0.7 * t).sin()),
            |phase, t| (1.0 - phase).powi(5) * (0.75 + 0.25 * (TAU * beat_hz * t).sin()),
        );
        let noise = white(rng, seconds);
        let samples = pulses.samples.iter().zip(&noise.samples).map(|(a, b)| a * b).collect();
        let song =
            Sound { samples }.resonances(&[(hz, 9.0, 1.0), (hz * 1.22, 9.0, 0.7), (hz * 0.83, 8.0, 0.4)]);
        let phase = rng.range(0.2, 0.8) * seconds;
        let wave = move |t: f32| 1.0 - 0.75 * swell * ((t - phase) / seconds).abs().min(1.0) * 1.6;
        out.mix(0.0, rng.log_range(0.3, 1.0), &song.to_rms(0.2).shape(|t| wave(t).max(0.05)));
    }
    let how = grade(rng, swell, &["steady"], &["swelling"]);
    let templates = ["cicadas buzzing", "{how} cicada song", "cicadas in summer heat", "loud cicadas"];
    let templates = if animals == 1 {
        ["cicada buzzing", "{how} cicada song", "a cicada sings", "cicada"]
    } else {
        templates
    };
    Take { sound: out.fade(0.1, 0.3), captions: captions(rng, &templates, &[("how", how)]) }
}

/// Wing beats of one insect that flies about: pulses with many harmonics; pitch and level follow its path.
struct Wings {
    hz: f32,
    wander: f32,
    thin: f32,
    seconds: f32,
}

impl Wings {
    /// Buzz along a random path with `passes` approaches to the listener. A wing beat is a short push of air, so the
    /// spectrum reaches many harmonics up; the pitch shivers quickly and wanders a little.
    fn render(&self, rng: &mut Rng, passes: usize) -> Sound {
        let path = Curve::wander(rng, self.seconds, 0.16, 1.0 - self.wander, 1.0 + self.wander);
        let shiver = Curve::wander(rng, self.seconds, 0.012, 0.98, 1.02);
        let flutter = Curve::wander(rng, self.seconds, 0.02, 0.55, 1.0);
        let nearest: Vec<_> =
            (0..passes).map(|_| (rng.range(0.1, 0.9) * self.seconds, rng.range(0.15, 0.5))).collect();
        let near = |t: f32| {
            let bumps =
                nearest.iter().map(|(at, width)| 1.0 / (1.0 + ((t - at) / width).powi(2))).sum::<f32>();
            if nearest.is_empty() { 1.0 } else { 0.12 + bumps }
        };
        let doppler = |t: f32| 1.0 - 0.02 * nearest.iter().map(|(at, w)| ((t - at) / w).tanh()).sum::<f32>();
        let power = 3 + (4.0 * self.thin) as i32;
        let wave = |phase: f32, t: f32| {
            near(t) * flutter.at(t) * ((1.0 - phase).powi(power) - 0.2 * (2.0 * TAU * phase).sin())
        };
        let pitch = |t: f32| self.hz * path.at(t) * shiver.at(t) * doppler(t);
        let buzz = Sound::tone(self.seconds, pitch, wave);
        let noise = white(rng, self.seconds).shape(|t| 0.04 * near(t));
        let floor = pink(rng, self.seconds).to_rms(0.003);
        buzz.high_pass(60.0).plus(1.0, &noise).plus(1.0, &floor).high_pass(90.0 + 300.0 * self.thin)
    }
}

/// A bee or a bumble bee.
fn bee(rng: &mut Rng) -> Take {
    let (smallness, seconds, passing) = (rng.unit(), rng.range(2.0, 5.0), rng.chance(0.5));
    let hz = 135.0 * 1.9f32.powf(smallness);
    rng.vary();
    let wings = Wings { hz, wander: 0.03, thin: 0.25, seconds };
    let passes = if passing { rng.count(1, 2) } else { 0 };
    let sound = wings.render(rng, passes);
    let body = sound
        .resonances(&[(hz * 1.5, 1.0, 1.0), (900.0, 1.0, 1.2), (2600.0, 1.0, 1.2), (4500.0, 1.0, 0.8)])
        .fade(0.1, 0.2);
    let who = if smallness < 0.25 { "bumble bee" } else { "bee" };
    let how = if passing { "flying past" } else { "" };
    let templates = ["{who} buzzing", "a {who} buzzing {how}", "{who} buzz"];
    Take { sound: body, captions: captions(rng, &templates, &[("who!", who), ("how", how)]) }
}

/// Many bees.
fn swarm(rng: &mut Rng) -> Take {
    let (bees, seconds) = (rng.count(8, 20), rng.range(3.0, 6.0));
    rng.vary();
    let mut out = Sound::silence(seconds);
    for _ in 0..bees {
        let hz = rng.range(190.0, 260.0);
        let passes = rng.count(0, 2);
        out.mix(
            0.0,
            rng.log_range(0.2, 1.0),
            &Wings { hz, wander: 0.03, thin: 0.2, seconds }.render(rng, passes),
        );
    }
    let sound = out.resonances(&[(320.0, 0.8, 1.0), (1000.0, 1.0, 0.6), (2800.0, 1.2, 0.4)]).fade(0.2, 0.3);
    let templates = ["swarm of bees buzzing", "bees buzzing", "bee hive", "many bees buzzing"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// A housefly: it comes, circles and stops now and then.
fn fly(rng: &mut Rng) -> Take {
    let (hz, seconds) = (rng.range(160.0, 230.0), rng.range(1.5, 5.0));
    rng.vary();
    let passes = rng.count(1, 4);
    let buzz = Wings { hz, wander: 0.05, thin: 0.5, seconds }.render(rng, passes);
    let sound = buzz.resonances(&[(420.0, 1.0, 0.8), (1200.0, 1.0, 1.2), (3200.0, 1.0, 1.4)]).fade(0.05, 0.1);
    let templates = ["fly buzzing", "a fly buzzing around", "housefly buzz", "fly flying past"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// A mosquito: a thin whine.
fn mosquito(rng: &mut Rng) -> Take {
    let (hz, seconds) = (rng.range(430.0, 680.0), rng.range(2.0, 5.0));
    rng.vary();
    let passes = rng.count(1, 2);
    let sound =
        Wings { hz, wander: 0.02, thin: 0.8, seconds }.render(rng, passes).high_pass(350.0).fade(0.1, 0.2);
    let templates = [
        "mosquito buzzing",
        "mosquito whine near the ear",
        "a mosquito flies past",
        "high pitched mosquito buzz",
    ];
    Take { sound, captions: captions(rng, &templates, &[]) }
}
