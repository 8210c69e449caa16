//! Lasers, machines of the future, magic and the little tunes of arcade games: swept and modulated oscillators.

use super::caption::{captions, grade};
use super::filter::{Pass, brown, white};
use super::interface::{WAVES, Wave, held, note};
use super::modal::{FREE_BAR, partials, strike};
use super::rng::Rng;
use super::signal::{Curve, Sound, attack_decay, decay, hump};
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

/// The table of energies and magic.
pub(crate) const ENERGIES: &[Generator] = &[
    generator("power-up", "SCIFI", Scene::Close, power_up),
    generator("power-down", "SCIFI", Scene::Close, power_down),
    generator("teleport", "SCIFI", Scene::Close, teleport),
    generator("force-field", "SCIFI", Scene::Close, force_field),
    generator("energy-charge", "SCIFI", Scene::Close, charge),
    generator("magic-sparkle", "MAGIC", Scene::Close, sparkle),
    generator("magic-spell", "MAGIC", Scene::Close, spell),
];

/// The design of a laser shot.
#[derive(Clone, Copy)]
struct Shot {
    wave: Wave,
    from_hz: f32,
    to_hz: f32,
    seconds: f32,
    noise: f32,
}

impl Shot {
    /// A shot whose pitch falls; `heavy` ones are lower and longer.
    fn random(rng: &mut Rng, heavy: f32) -> Self {
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
    fn render(self, rng: &mut Rng) -> Sound {
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

/// A rotor of sound: a tone between two pitches with harmonics, whirr and hum.
fn machine(rng: &mut Rng, seconds: f32, from_hz: f32, to_hz: f32) -> Sound {
    let track =
        Curve::new(&[(0.0, from_hz), (0.5, (from_hz * to_hz).sqrt()), (1.0, to_hz)]).scaled(seconds, 1.0);
    let beat = rng.range(1.004, 1.012);
    let saw = |phase: f32, _| 0.6 * (2.0 * phase - 1.0);
    let low = Sound::tone(seconds, |t| track.at(t), saw);
    let twin = Sound::tone(seconds, |t| track.at(t) * beat, saw);
    let whine = Sound::sine(seconds, |t| 6.0 * track.at(t), |_| 0.25);
    let raw = low.plus(1.0, &twin).sweep(Pass::Low, 1.2, |t| 5.0 * track.at(t));
    raw.plus(1.0, &whine).plus(0.02, &white(rng, seconds))
}

/// A machine that starts.
fn power_up(rng: &mut Rng) -> Take {
    let (hz, ratio, seconds) = (rng.log_range(50.0, 160.0), rng.range(4.0, 9.0), rng.range(0.8, 3.0));
    rng.vary();
    let sound = machine(rng, seconds, hz, hz * ratio);
    let sound = sound.shape(|t| 0.3 + 0.7 * t / seconds).fade(0.05, 0.12);
    let templates = [
        "power up",
        "sci-fi machine powering up",
        "generator powers up, rising tone",
        "spaceship systems power up",
    ];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// A machine that stops.
fn power_down(rng: &mut Rng) -> Take {
    let (hz, ratio, seconds) = (rng.log_range(45.0, 130.0), rng.range(4.0, 9.0), rng.range(0.8, 3.0));
    rng.vary();
    let sound = machine(rng, seconds, hz * ratio, hz);
    let sound = sound.shape(|t| 1.0 - 0.8 * t / seconds).fade(0.02, 0.3);
    let templates = [
        "power down",
        "sci-fi machine powering down",
        "generator shuts down, falling tone",
        "spaceship loses power",
    ];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// A rush of shimmering tones that sweeps up and vanishes.
fn teleport(rng: &mut Rng) -> Take {
    let (seconds, arriving, hz) = (rng.range(0.8, 2.2), rng.chance(0.4), rng.range(250.0, 600.0));
    rng.vary();
    let mut out = Sound::silence(seconds);
    for _ in 0..7 {
        let (ratio, flutter) = (rng.log_range(1.0, 5.0), rng.range(9.0, 24.0));
        let sweep = |t: f32| if arriving { 1.0 - t / seconds } else { t / seconds };
        let pitch = |t: f32| hz * ratio * 4.0f32.powf(sweep(t)) * (1.0 + 0.02 * (TAU * flutter * t).sin());
        out.mix(0.0, 0.25, &Sound::sine(seconds, pitch, |t| 0.6 + 0.4 * (TAU * flutter * t).sin()));
    }
    let rush =
        white(rng, seconds).sweep(Pass::Band, 1.5, |t| hz * 3.0 * 6.0f32.powf(t / seconds)).to_rms(0.12);
    let gain = |t: f32| if arriving { decay(t, seconds * 1.3) } else { hump(t, seconds).powf(0.7) };
    let sound = out.plus(1.0, &rush).shape(gain).fade(0.01, 0.08);
    let templates: &[&str] = if arriving {
        &["teleport arrival", "sci-fi teleport in, falling shimmer"]
    } else {
        &["teleport", "sci-fi teleporter", "teleporting away, rising shimmer"]
    };
    Take { sound, captions: captions(rng, templates, &[]) }
}

/// A steady hum with beating harmonics and some crackle.
fn force_field(rng: &mut Rng) -> Take {
    let (hz, seconds, pulse_hz, deep) =
        (rng.log_range(55.0, 180.0), rng.range(2.5, 6.0), rng.range(0.8, 6.0), rng.unit());
    let hz = hz * (1.2 - 0.5 * deep);
    rng.vary();
    let mut out = Sound::silence(seconds);
    for harmonic in 1..=9u8 {
        let ratio = f32::from(harmonic) * rng.range(0.997, 1.003);
        let (slow, gain) = (rng.range(0.2, 1.5), 1.0 / f32::from(harmonic).powf(0.8));
        out.mix(
            0.0,
            0.4 * gain,
            &Sound::sine(seconds, |_| hz * ratio, |t| 0.7 + 0.3 * (TAU * slow * t).sin()),
        );
    }
    let fizz = white(rng, seconds).high_pass(3000.0).to_rms(0.02);
    let sound = out.plus(1.0, &fizz).shape(|t| 0.75 + 0.25 * (TAU * pulse_hz * t).sin()).fade(0.15, 0.3);
    let word = if pulse_hz > 2.5 { "pulsing" } else { "" };
    let templates =
        ["force field hum", "{word} energy shield hum", "sci-fi {word} force field", "energy field humming"];
    Take { sound, captions: captions(rng, &templates, &[("word", word)]) }
}

/// Energy that gathers: rising tone, rising trembling, rising noise.
fn charge(rng: &mut Rng) -> Take {
    let (hz, ratio, seconds, release) =
        (rng.log_range(120.0, 360.0), rng.range(4.0, 10.0), rng.range(0.9, 2.6), rng.chance(0.35));
    rng.vary();
    let x = |t: f32| t / seconds;
    let tone = Sound::tone(
        seconds,
        |t| hz * ratio.powf(x(t).powf(1.3)),
        |phase, t| {
            let tremble = 0.6 + 0.4 * (TAU * (6.0 + 14.0 * x(t)) * t).sin();
            tremble * (0.7 * (TAU * phase).sin() + 0.3 * (2.0 * phase - 1.0))
        },
    );
    let hiss = white(rng, seconds).sweep(Pass::Band, 2.0, |t| 3.0 * hz * ratio.powf(x(t))).to_rms(0.2);
    let mut sound = tone.plus(1.0, &hiss).shape(|t| 0.1 + 0.9 * x(t) * x(t)).fade(0.02, 0.03);
    if release {
        let boom = brown(rng, 0.7).shape(|t| decay(t, 0.6)).to_peak(1.0);
        sound.mix(seconds, 1.0, &boom.plus(0.6, &Shot::random(rng, 1.0).render(rng)));
    }
    let templates: &[&str] = if release {
        &["energy weapon charges and fires", "charging up and releasing energy"]
    } else {
        &["energy charging up", "sci-fi weapon charging", "energy charge, rising tone"]
    };
    Take { sound, captions: captions(rng, templates, &[]) }
}

/// Tiny bells in a cloud.
fn sparkle(rng: &mut Rng) -> Take {
    let (direction, seconds, dense) = (rng.count(0, 2), rng.range(0.7, 2.4), rng.unit());
    let hz = rng.range(1400.0, 2300.0);
    rng.vary();
    let mut out = Sound::silence(0.0);
    let mut at = 0.0;
    while at < seconds {
        let x = at / seconds;
        let step = [0.5, x, 1.0 - x][direction];
        let pitch = hz * 2.8f32.powf(step) * rng.pick(&[1.0, 1.125, 1.25, 1.5, 1.667]);
        let modes = partials(pitch, rng.range(0.3, 0.8), 0.6, &FREE_BAR[..3]);
        out.mix(at, rng.log_range(0.2, 1.0), &strike(&modes, 0.15));
        at += rng.wait(0.09 - 0.06 * dense);
    }
    let word = ["", "rising", "falling"][direction];
    let templates = [
        "{word} magic sparkle",
        "{word} magical shimmer",
        "fairy dust sparkles",
        "{word} twinkling magic chimes",
    ];
    Take { sound: out, captions: captions(rng, &templates, &[("word", word)]) }
}

/// A spell: a rush of air with a choir of sliding tones, and sparkles after it.
fn spell(rng: &mut Rng) -> Take {
    let (seconds, hz, dark) = (rng.range(0.9, 2.2), rng.range(260.0, 520.0), rng.chance(0.35));
    rng.vary();
    let hz = if dark { hz * 0.4 } else { hz };
    let chord: &[f32] = if dark { &[1.0, 1.06, 1.414, 2.0] } else { &[1.0, 1.26, 1.5, 2.0, 2.52] };
    let mut out = Sound::silence(seconds);
    for ratio in chord {
        let vibrato = rng.range(4.0, 7.0);
        let bend = |t: f32| {
            hz * ratio * (0.7 + 0.3 * (t / seconds).sqrt()) * (1.0 + 0.01 * (TAU * vibrato * t).sin())
        };
        out.mix(
            0.0,
            0.3,
            &Sound::tone(seconds, bend, |phase, _| (TAU * phase).sin() + 0.3 * (2.0 * TAU * phase).sin()),
        );
    }
    let low = if dark { 250.0 } else { 900.0 };
    let rush =
        white(rng, seconds).sweep(Pass::Band, 1.2, |t| low * (1.0 + 5.0 * hump(t, seconds))).to_rms(0.18);
    let mut sound = out.plus(1.0, &rush).shape(|t| hump(t, seconds).powf(0.8));
    if !dark {
        for _ in 0..rng.count(6, 16) {
            let modes = partials(rng.log_range(1800.0, 5000.0), rng.range(0.3, 0.7), 0.6, &FREE_BAR[..3]);
            sound.mix(rng.range(0.3, 1.0) * seconds, rng.range(0.05, 0.25), &strike(&modes, 0.15));
        }
    }
    let templates: &[&str] = if dark {
        &["dark magic spell", "evil spell cast", "dark magic swell"]
    } else {
        &["magic spell cast", "magical spell with sparkles", "healing spell"]
    };
    Take { sound, captions: captions(rng, templates, &[]) }
}
