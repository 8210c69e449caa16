//! Machines of the future, force fields and magic: swept oscillators, swept air and small bells.

use super::caption::captions;
use super::filter::{Pass, brown, white};
use super::modal::{FREE_BAR, partials, strike};
use super::rng::Rng;
use super::scifi::Shot;
use super::signal::{Curve, Sound, decay, hump};
use super::{Generator, Scene, Take, generator};
use std::f32::consts::TAU;

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("power-up", "SCIFI", Scene::Close, power_up),
    generator("power-down", "SCIFI", Scene::Close, power_down),
    generator("teleport", "SCIFI", Scene::Close, teleport),
    generator("force-field", "SCIFI", Scene::Close, force_field),
    generator("energy-charge", "SCIFI", Scene::Close, charge),
    generator("magic-sparkle", "MAGIC", Scene::Close, sparkle),
    generator("magic-spell", "MAGIC", Scene::Close, spell),
];

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
