//! Horns and whistles of vehicles, ships and people.

use super::caption::{captions, grade, size};
use super::filter::white;
use super::rng::Rng;
use super::signal::Sound;
use super::{Generator, Scene, Take, generator};
use std::f32::consts::TAU;

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("car-horn", "HORNS", Scene::Outdoors, car_horn),
    generator("truck-horn", "HORNS", Scene::Outdoors, truck_horn),
    generator("ship-horn", "HORNS", Scene::Outdoors, ship_horn),
    generator("train-horn", "TRAINS", Scene::Outdoors, train_horn),
    generator("steam-whistle", "TRAINS", Scene::Outdoors, steam_whistle),
    generator("clown-horn", "HORNS", Scene::Anywhere, clown_horn),
    generator("referee-whistle", "WHISTLES", Scene::Anywhere, referee_whistle),
    generator("human-whistle", "WHISTLES", Scene::Anywhere, human_whistle),
    generator("kettle-whistle", "WHISTLES", Scene::Indoors, kettle_whistle),
];

/// A driven horn: harmonics whose number grows with the drive, through the horn's high pass and resonance.
fn blast(rng: &mut Rng, seconds: f32, notes: &[f32], attack_s: f32, bell_hz: f32) -> Sound {
    let mut out = Sound::silence(seconds);
    for &hz in notes {
        let (hz, wobble) = (hz * rng.range(0.995, 1.005), rng.range(3.0, 7.0));
        // A softly rounded saw tooth: the membrane opens for part of the cycle.
        let wave = |phase: f32, _| if phase < 0.35 { (TAU * phase / 0.7).sin() } else { -0.3 };
        let bend = |t: f32| {
            hz * (1.0 - 0.04 * (-t / (attack_s * 1.2)).exp()) * (1.0 + 0.002 * (TAU * wobble * t).sin())
        };
        out.mix(0.0, 1.0, &Sound::tone(seconds, bend, wave));
    }
    let air = white(rng, seconds).to_rms(0.05);
    let raw = out.high_pass(60.0).plus(1.0, &air);
    let horn = raw.resonances(&[(bell_hz, 0.7, 1.0), (bell_hz * 2.6, 1.0, 0.7), (notes[0] * 1.5, 0.7, 0.6)]);
    horn.fade(attack_s, attack_s * 1.5).to_peak(1.0)
}

/// Repeats a blast.
fn repeated(rng: &mut Rng, times: usize, seconds: f32, mut one: impl FnMut(&mut Rng, f32) -> Sound) -> Sound {
    let mut out = Sound::silence(0.0);
    let mut at = 0.0;
    for _ in 0..times {
        let length = rng.around(seconds, 0.15);
        out.mix(at, 1.0, &one(rng, length));
        at += length + rng.range(0.08, 0.2);
    }
    out
}

/// Words for number and length of blasts.
fn blasts(times: usize, seconds: f32) -> &'static str {
    match (times, seconds) {
        (1, s) if s > 0.9 => "long",
        (1, s) if s < 0.45 => "short",
        (2, _) => "double",
        (3, _) => "triple",
        _ => "",
    }
}

/// Two electric horns a major third apart.
fn car_horn(rng: &mut Rng) -> Take {
    let (hz, times, seconds) = (rng.range(340.0, 460.0), rng.count(1, 3), rng.log_range(0.15, 1.6));
    let seconds = if times > 1 { seconds.min(0.35) } else { seconds };
    let third = rng.pick(&[1.2, 1.25, 1.26]);
    rng.vary();
    let sound = repeated(rng, times, seconds, |rng, s| blast(rng, s, &[hz, hz * third], 0.012, 1500.0));
    let templates = ["{length} car horn", "{length} car horn honk", "car honking {length} beep"];
    Take { sound, captions: captions(rng, &templates, &[("length", blasts(times, seconds))]) }
}

/// Compressed-air trumpets.
fn truck_horn(rng: &mut Rng) -> Take {
    let (hz, seconds, times) = (rng.range(140.0, 220.0), rng.log_range(0.4, 2.0), rng.count(1, 2));
    rng.vary();
    let sound = repeated(rng, times, seconds, |rng, s| blast(rng, s, &[hz, hz * 1.2], 0.05, 700.0));
    let templates = ["{length} truck horn", "{length} air horn blast", "lorry horn honks"];
    Take { sound, captions: captions(rng, &templates, &[("length", blasts(times, seconds))]) }
}

/// A very low note with a slow start.
fn ship_horn(rng: &mut Rng) -> Take {
    let (smallness, seconds) = (rng.unit(), rng.range(1.8, 4.5));
    let hz = 75.0 * 2.4f32.powf(smallness);
    rng.vary();
    let sound = blast(rng, seconds, &[hz, hz * 1.005], 0.15, 260.0)
        .plus(0.4, &blast(rng, seconds, &[hz * 2.0], 0.2, 700.0));
    let templates =
        ["{size} ship horn", "foghorn blowing", "{size} ship's horn blast", "low foghorn in the harbour"];
    let size = size(rng, smallness);
    Take { sound, captions: captions(rng, &templates[..3], &[("size", size)]) }
}

/// A chord of three to five chimes.
fn train_horn(rng: &mut Rng) -> Take {
    let chord = rng.pick(&[&[1.0, 1.189, 1.335, 1.587, 2.0][..], &[1.0, 1.26, 1.5], &[1.0, 1.189, 1.498]]);
    let (hz, times) = (rng.range(260.0, 350.0), rng.count(1, 3));
    let seconds = if times == 1 { rng.range(1.5, 3.5) } else { rng.range(0.6, 1.6) };
    rng.vary();
    let notes: Vec<_> = chord.iter().map(|ratio| hz * ratio).collect();
    let sound = repeated(rng, times, seconds, |rng, s| blast(rng, s, &notes, 0.07, 1100.0));
    let templates = ["{length} train horn", "train horn blowing", "locomotive horn {length} blast"];
    Take { sound, captions: captions(rng, &templates, &[("length", blasts(times, seconds))]) }
}

/// Steam over several pipes: tones that bend up at the start, in a lot of hiss.
fn steam_whistle(rng: &mut Rng) -> Take {
    let (hz, seconds, times) = (rng.range(420.0, 750.0), rng.range(0.5, 2.0), rng.count(1, 3));
    rng.vary();
    let sound = repeated(rng, times, seconds, |rng, s| {
        let mut chord = Sound::silence(s);
        for ratio in [1.0, 1.19, 1.5, 2.01, 3.0] {
            let hz = hz * ratio * rng.range(0.99, 1.01);
            let bend = |t: f32| hz * (1.0 - 0.12 * (-t * 14.0).exp());
            chord.mix(0.0, 0.6 / ratio, &Sound::sine(s, bend, |_| 1.0));
        }
        let hiss = white(rng, s).band_pass(hz * 3.0, 0.5).to_rms(0.16);
        chord.plus(1.0, &hiss).fade(0.06, 0.15)
    });
    let templates = ["steam train whistle", "{length} steam whistle", "old locomotive whistle blows"];
    Take { sound, captions: captions(rng, &templates, &[("length", blasts(times, seconds))]) }
}

/// A rubber bulb and a reed.
fn clown_horn(rng: &mut Rng) -> Take {
    let (hz, times) = (rng.range(230.0, 420.0), rng.count(1, 3));
    rng.vary();
    let sound = repeated(rng, times, 0.22, |rng, s| {
        let reed =
            Sound::tone(s, |t| hz * (1.0 + 0.08 * (t / s)), |phase, _| if phase < 0.2 { 1.0 } else { -0.25 });
        let bulb = reed.resonances(&[(hz * 2.4, 3.0, 1.0), (1700.0, 2.0, 0.9), (3100.0, 2.0, 0.4)]);
        bulb.plus(0.05, &white(rng, s)).fade(0.01, 0.05).to_peak(1.0)
    });
    let templates = ["clown horn honk", "bicycle horn honks", "rubber bulb horn honking"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// A pea that rattles in the chamber: the tone is switched some thirty times per second.
fn referee_whistle(rng: &mut Rng) -> Take {
    let (hz, pea_hz, seconds) = (rng.range(2200.0, 3300.0), rng.range(24.0, 42.0), rng.log_range(0.25, 1.6));
    let times = if seconds < 0.5 { rng.count(1, 3) } else { 1 };
    rng.vary();
    let sound = repeated(rng, times, seconds, |rng, s| {
        let swing = |t: f32| (TAU * pea_hz * t).sin();
        let tone = Sound::sine(s, |t| hz * (1.0 + 0.035 * swing(t)), |t| 0.65 + 0.35 * swing(t + 0.004));
        let second = Sound::sine(s, |t| hz * 1.13 * (1.0 + 0.03 * swing(t)), |t| 0.25 - 0.2 * swing(t));
        let hiss = white(rng, s).band_pass(hz * 1.2, 1.0).to_rms(0.06);
        tone.plus(1.0, &second).plus(1.0, &hiss).fade(0.015, 0.03)
    });
    let templates = ["{length} referee whistle", "{length} whistle blow", "police whistle {length} blast"];
    Take { sound, captions: captions(rng, &templates, &[("length", blasts(times, seconds))]) }
}

/// Lips: nearly a sine, with breath around it.
fn human_whistle(rng: &mut Rng) -> Take {
    let kind = rng.count(0, 2);
    let hz = rng.range(1000.0, 1900.0);
    let notes: Vec<f32> = (0..6).map(|_| rng.pick(&[1.0, 1.125, 1.25, 1.335, 1.5, 1.667])).collect();
    rng.vary();
    let seconds = [rng.range(0.7, 1.1), rng.range(1.6, 2.4), rng.range(0.4, 1.0)][kind];
    let pitch = |t: f32| match kind {
        // The wolf whistle: up, then up and down.
        0 if t < 0.42 * seconds => hz * (0.7 + 1.1 * t / seconds),
        0 => hz * (1.5 - 1.1 * (t / seconds - 0.42)),
        1 => hz * notes[((t / seconds * 6.0) as usize).min(5)] * (1.0 + 0.008 * (TAU * 5.5 * t).sin()),
        _ => hz * (1.0 + 0.25 * (t / seconds)),
    };
    let level = |t: f32| match kind {
        0 if (0.38..0.46).contains(&(t / seconds)) => 0.05,
        1 if (t / seconds * 6.0).fract() > 0.92 => 0.15,
        _ => 0.9,
    };
    let breath = white(rng, seconds).band_pass(hz * 1.2, 1.5).to_rms(0.03);
    let sound = Sound::sine(seconds, pitch, level).plus(1.0, &breath).low_pass(7000.0).fade(0.04, 0.06);
    let templates: &[&str] = match kind {
        0 => &["wolf whistle", "person whistling a wolf whistle"],
        1 => &["person whistling a tune", "man whistling a melody", "whistling"],
        _ => &["short human whistle", "whistling to call a dog"],
    };
    Take { sound, captions: captions(rng, templates, &[]) }
}

/// Steam through two plates: a shrill tone that rises as the water comes to the boil.
fn kettle_whistle(rng: &mut Rng) -> Take {
    let (hz, seconds, rising) = (rng.range(1700.0, 2600.0), rng.range(2.0, 5.0), rng.unit());
    rng.vary();
    let pitch = |t: f32| hz * (1.0 - 0.35 * rising * (1.0 - t / seconds).powi(2));
    let flutter = rng.range(6.0, 12.0);
    let tone = Sound::sine(seconds, pitch, |t| 0.8 + 0.1 * (TAU * flutter * t).sin());
    let second = Sound::sine(seconds, |t| 2.01 * pitch(t), |_| 0.2);
    let steam = white(rng, seconds).high_pass(2500.0).to_rms(0.07);
    let how = grade(rng, rising, &[""], &["rising"]);
    let templates = ["{how} kettle whistle", "tea kettle whistling", "boiling kettle whistles"];
    let sound = tone.plus(1.0, &second).plus(1.0, &steam).fade(0.1 + 0.6 * rising, 0.2);
    Take { sound, captions: captions(rng, &templates, &[("how", how)]) }
}
