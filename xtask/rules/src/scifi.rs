//! Lasers, robots and the little tunes of arcade games: swept and modulated oscillators.

use super::caption::{captions, grade};
use super::filter::{Pass, white};
use super::interface::{WAVES, Wave, held, note};
use super::rng::Rng;
use super::signal::{Sound, attack_decay, decay};
use super::{Generator, Scene, Take, generator};
use std::f32::consts::TAU;

/// The table of weapons, robots and games.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("laser-zap", "LASERS", Scene::Close, laser),
    generator("laser-burst", "LASERS", Scene::Close, laser_burst),
    generator("robot-blips", "ROBOTS", Scene::Close, robot),
    generator("coin-pickup", "GAMES", Scene::Close, coin),
    generator("game-jump", "GAMES", Scene::Close, jump),
    generator("game-over", "GAMES", Scene::Close, game_over),
    generator("level-up", "GAMES", Scene::Close, level_up),
    generator("game-hurt", "GAMES", Scene::Close, hurt),
];

/// The design of a laser shot.
#[derive(Clone, Copy)]
pub(crate) struct Shot {
    wave: Wave,
    from_hz: f32,
    to_hz: f32,
    seconds: f32,
    noise: f32,
}

impl Shot {
    /// A shot whose pitch falls; `heavy` ones are lower and longer.
    pub(crate) fn random(rng: &mut Rng, heavy: f32) -> Self {
        let from_hz = rng.range(1800.0, 4500.0) * (1.15 - 0.75 * heavy);
        Self {
            wave: rng.pick(&[Wave::Sine, Wave::Triangle, Wave::Square, Wave::Soft]),
            from_hz,
            to_hz: from_hz * rng.range(0.04, 0.18),
            seconds: rng.range(0.14, 0.3) * (1.0 + 1.6 * heavy),
            noise: rng.range(0.02, 0.1) + 0.15 * heavy,
        }
    }

    /// An exponential fall with a hard start.
    pub(crate) fn render(self, rng: &mut Rng) -> Sound {
        let (from, to) = (rng.around(self.from_hz, 0.04), rng.around(self.to_hz, 0.04));
        let rate = 4.5 / self.seconds;
        let pitch = |t: f32| to + (from - to) * (-rate * t).exp();
        let gain = |t: f32| attack_decay(t, 0.002, self.seconds * 1.4);
        let tone = Sound::tone(self.seconds, pitch, |phase, t| gain(t) * self.wave.at(phase, t));
        let air = white(rng, self.seconds).sweep(Pass::Band, 1.0, |t| 1.6 * pitch(t)).shape(gain);
        let snap = white(rng, 0.012).shape(|t| decay(t, 0.01)).high_pass(1500.0);
        tone.plus(4.0 * self.noise, &air).plus(0.4, &snap).fade(0.0005, 0.02)
    }
}

/// One shot of a ray gun.
fn laser(rng: &mut Rng) -> Take {
    let heavy = rng.unit();
    let shot = Shot::random(rng, heavy);
    rng.vary();
    let weight = grade(rng, heavy, &["small", "quick"], &["heavy", "powerful"]);
    let word = if shot.wave == Wave::Square { "8 bit" } else { "" };
    let templates = [
        "{weight} laser zap",
        "{word} laser shot",
        "{weight} laser gun firing",
        "sci-fi {weight} blaster shot",
        "pew laser",
    ];
    let templates = if heavy > 0.5 { &templates[..4] } else { &templates };
    Take {
        sound: shot.render(rng),
        captions: captions(rng, templates, &[("weight", weight), ("word", word)]),
    }
}

/// Several shots.
fn laser_burst(rng: &mut Rng) -> Take {
    let (heavy, pace, shots) = (rng.range(0.0, 0.5), rng.unit(), rng.count(3, 10));
    let shot = Shot::random(rng, heavy);
    let gap = 0.32 - 0.24 * pace;
    rng.vary();
    let mut out = Sound::silence(0.0);
    for index in 0..shots {
        out.mix(index as f32 * gap, rng.range(0.8, 1.0), &shot.render(rng));
    }
    let speed = grade(rng, pace, &["slow"], &["rapid", "fast"]);
    let templates = [
        "{speed} laser fire",
        "laser gun firing repeatedly",
        "{speed} burst of laser shots",
        "several laser zaps",
    ];
    Take { sound: out, captions: captions(rng, &templates, &[("speed", speed)]) }
}

/// A robot's speech: random tones, slides and trills.
fn robot(rng: &mut Rng) -> Take {
    let (wave, hz, pace, count) =
        (rng.pick(&WAVES), rng.log_range(450.0, 1500.0), rng.unit(), rng.count(4, 14));
    rng.vary();
    let mut out = Sound::silence(0.0);
    let mut at = 0.0;
    for _ in 0..count {
        let seconds = rng.range(0.05, 0.22) * (1.4 - 0.8 * pace);
        let (from, to) = (hz * rng.log_range(0.5, 2.4), hz * rng.log_range(0.5, 2.4));
        let to = if rng.chance(0.5) { from } else { to };
        let trill = if rng.chance(0.3) { rng.range(0.03, 0.2) } else { 0.0 };
        let trill_hz = rng.range(18.0, 40.0);
        let pitch = |t: f32| (from + (to - from) * t / seconds) * (1.0 + trill * (TAU * trill_hz * t).sin());
        let part = Sound::tone(seconds, pitch, |phase, t| wave.at(phase, t)).fade(0.004, 0.008);
        out.mix(at, rng.range(0.7, 1.0), &part);
        at += seconds + if rng.chance(0.2) { 0.12 } else { rng.range(0.0, 0.03) };
    }
    let speed = grade(rng, pace, &["slow"], &["fast"]);
    let templates =
        ["{speed} robot beeps", "robot blips and bleeps", "small robot talking in beeps", "droid chatter"];
    Take { sound: out, captions: captions(rng, &templates, &[("speed", speed)]) }
}

/// Two notes, the second higher and ringing out.
fn coin(rng: &mut Rng) -> Take {
    let (wave, hz) =
        (rng.pick(&[Wave::Square, Wave::Triangle, Wave::Square, Wave::Sine]), rng.range(780.0, 1250.0));
    let (step, first_s, ring_s) = (rng.pick(&[1.335, 1.5, 1.26]), rng.range(0.05, 0.09), rng.range(0.3, 0.7));
    rng.vary();
    let hz = rng.around(hz, 0.03);
    let mut out = held(wave, hz, first_s);
    out.mix(first_s, 1.0, &note(wave, hz * step, ring_s));
    let word = if wave == Wave::Square { "8 bit" } else { "" };
    let templates = [
        "{word} coin pickup",
        "{word} game coin collect",
        "video game coin sound",
        "retro {word} pickup sound",
    ];
    Take { sound: out, captions: captions(rng, &templates, &[("word", word)]) }
}

/// A tone that shoots upwards.
fn jump(rng: &mut Rng) -> Take {
    let (wave, hz, high) = (
        rng.pick(&[Wave::Square, Wave::Triangle, Wave::Sine]),
        rng.log_range(180.0, 420.0),
        rng.range(2.2, 4.5),
    );
    let seconds = rng.range(0.14, 0.34);
    rng.vary();
    let hz = rng.around(hz, 0.04);
    let pitch = |t: f32| hz * high.powf((t / seconds).powf(0.8));
    let sound = Sound::tone(seconds, pitch, |phase, t| (1.0 - 0.6 * t / seconds) * wave.at(phase, t))
        .fade(0.003, 0.03);
    let word = if wave == Wave::Square { "8 bit" } else { "cartoon" };
    let templates = ["{word} jump", "video game jump sound", "retro game jump", "{word} jump sound"];
    Take { sound, captions: captions(rng, &templates, &[("word", word)]) }
}

/// A row of notes of one wave: ratios to `hz`, each `gap` seconds.
fn melody(wave: Wave, hz: f32, ratios: &[f32], gap: f32, last_s: f32) -> Sound {
    let mut out = Sound::silence(0.0);
    for (index, ratio) in ratios.iter().enumerate() {
        let seconds = if index + 1 == ratios.len() { last_s } else { gap * 1.2 };
        out.mix(index as f32 * gap, 0.9, &note(wave, hz * ratio, seconds * 1.5));
    }
    out
}

/// A falling tune in minor.
fn game_over(rng: &mut Rng) -> Take {
    let (wave, hz, gap) = (
        rng.pick(&[Wave::Square, Wave::Triangle, Wave::Soft]),
        rng.range(380.0, 660.0),
        rng.range(0.13, 0.28),
    );
    let tune: &[f32] = rng.pick(&[
        &[1.0, 0.944, 0.891, 0.749][..],
        &[1.0, 0.841, 0.749, 0.63, 0.5],
        &[1.0, 0.749, 0.841, 0.63, 0.595, 0.5],
    ]);
    rng.vary();
    let hz = rng.around(hz, 0.04);
    let word = if wave == Wave::Square { "8 bit" } else { "sad" };
    let templates = [
        "{word} game over sound",
        "game over jingle, falling notes",
        "player dies in a retro game",
        "{word} losing tune",
    ];
    Take { sound: melody(wave, hz, tune, gap, 0.6), captions: captions(rng, &templates, &[("word", word)]) }
}

/// A rising arpeggio in major.
fn level_up(rng: &mut Rng) -> Take {
    let (wave, hz, gap) = (rng.pick(&WAVES), rng.range(420.0, 720.0), rng.range(0.06, 0.13));
    let tune: &[f32] = rng.pick(&[
        &[1.0, 1.26, 1.5, 2.0][..],
        &[1.0, 1.26, 1.5, 2.0, 2.52, 3.0, 4.0],
        &[1.0, 1.335, 1.587, 2.0, 2.67],
    ]);
    rng.vary();
    let hz = rng.around(hz, 0.04);
    let word = if wave == Wave::Square { "8 bit" } else { "happy" };
    let templates = [
        "{word} level up sound",
        "level up jingle, rising notes",
        "video game win jingle",
        "{word} power up arpeggio",
    ];
    Take { sound: melody(wave, hz, tune, gap, 0.7), captions: captions(rng, &templates, &[("word", word)]) }
}

/// A hit in an old game: a falling square with noise.
fn hurt(rng: &mut Rng) -> Take {
    let (hz, seconds, noisy) = (rng.log_range(250.0, 700.0), rng.range(0.12, 0.32), rng.unit());
    rng.vary();
    let hz = rng.around(hz, 0.05);
    let tone = Sound::tone(
        seconds,
        |t| hz * (1.0 - 0.7 * t / seconds),
        |phase, t| (1.0 - t / seconds) * Wave::Square.at(phase, t),
    );
    let grain = rng.range(1500.0, 5000.0);
    let (mut hold, mut left) = (0.0f32, 0.0f32);
    let noise = Sound::render(seconds, |t| {
        left -= grain / super::signal::RATE_HZ;
        if left <= 0.0 {
            left += 1.0;
            hold = rng.bipolar();
        }
        hold * (1.0 - t / seconds)
    });
    let sound = tone.plus(0.2 + 0.8 * noisy, &noise).fade(0.001, 0.01);
    let templates = ["8 bit hit", "retro game hurt sound", "8 bit damage sound", "video game hit"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}
