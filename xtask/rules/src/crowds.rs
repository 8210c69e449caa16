//! Crowds: many single voices, hands and whistles at different distances, blurred by the place.

use super::caption::{captions, grade};
use super::filter::{pink, white};
use super::rng::Rng;
use super::room::Space;
use super::signal::{Curve, Sound, decay};
use super::throat::alive;
use super::voice::{Voice, vowel, vowels};
use super::{Generator, Scene, Take, generator};

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("applause", "CROWDS", Scene::Close, applause),
    generator("crowd-cheer", "CROWDS", Scene::Close, cheering),
    generator("crowd-gasp", "CROWDS", Scene::Close, gasp),
    generator("crowd-boo", "CROWDS", Scene::Close, boo),
    generator("crowd-babble", "CROWDS", Scene::Close, babble),
];

/// One clap of two hands: a burst of air out of the closing palms, tuned by the cavity between them.
pub(crate) fn clap(rng: &mut Rng) -> Sound {
    let (cavity_hz, t60_s) = (rng.log_range(850.0, 2500.0), rng.range(0.035, 0.12));
    let snap = white(rng, 0.12).shape(|t| decay(t, t60_s));
    let sound = snap.resonances(&[(cavity_hz, 2.8, 1.0), (cavity_hz * 2.1, 2.8, 0.5)]);
    sound.fade(0.0012, 0.02).low_pass(5500.0).to_peak(1.0)
}

/// Claps of `people`, each in a tempo of its own; `level` is the share that claps at a time. Far hands arrive as a
/// wash, because their echoes overlap.
fn hands(rng: &mut Rng, people: usize, seconds: f32, level: &Curve) -> Sound {
    let mut out = Sound::silence(seconds);
    for _ in 0..people {
        let (rate_hz, gain) = (rng.range(2.8, 5.2), rng.log_range(0.3, 1.0));
        let palms: Vec<_> = (0..4).map(|_| clap(rng)).collect();
        let mut at = rng.range(0.0, 1.0 / rate_hz);
        while at < seconds - 0.12 {
            if rng.chance(level.at(at)) {
                let palm = rng.count(0, 3);
                out.mix(at, gain * rng.range(0.5, 1.0), &palms[palm]);
            }
            at += rng.around(1.0 / rate_hz, 0.12);
        }
    }
    let wash = white(rng, seconds).resonances(&[(1200.0, 1.2, 1.0), (2200.0, 1.2, 1.0)]).low_pass(5500.0);
    let grain = Curve::wander(rng, seconds, 0.015, 0.5, 1.0);
    let share = out.rms() * (0.15 + people as f32 / 100.0).min(0.8);
    let wash = wash.shape(|t| grain.at(t) * level.at(t)).to_rms(share);
    out.plus(1.0, &wash)
}

/// People clapping.
fn applause(rng: &mut Rng) -> Take {
    let (large, seconds, fading) = (rng.unit(), rng.range(2.5, 6.0), rng.chance(0.5));
    let people = (8.0 * 15.0f32.powf(large)) as usize;
    rng.vary();
    let end = if fading { 0.1 } else { 0.9 };
    let level = Curve::new(&[(0.0, 0.4), (0.15 * seconds, 0.95), (0.6 * seconds, 0.95), (seconds, end)]);
    let dry = hands(rng, people, seconds, &level);
    let place = if large > 0.5 { Space::Hall } else { Space::Room };
    let echo = place.place(rng, &dry).to_rms(dry.rms() * rng.range(0.1, 0.35));
    let placed = dry.plus(1.0, &echo).to_peak(1.0);
    let loud = level.scaled(1.0, 1.0);
    let sound = placed.shape(|t| loud.at(t).max(0.1).sqrt()).fade(0.05, 0.4);
    let crowd = grade(rng, large, &["small group"], &["large crowd", "big audience"]);
    let size = grade(rng, large, &["light", "small"], &["loud", "big"]);
    let templates = ["{size} applause", "audience clapping", "people applauding", "{crowd} clapping hands"];
    let templates = if crowd.is_empty() { &templates[..3] } else { &templates };
    Take { sound, captions: captions(rng, templates, &[("size", size), ("crowd!", crowd)]) }
}

/// A shouted vowel, long and strained.
fn shout(rng: &mut Rng, seconds: f32, path: &[(f32, [f32; 3])], joy: f32) -> Sound {
    let female = rng.chance(0.5);
    let hz = if female { rng.range(330.0, 620.0) } else { rng.range(190.0, 380.0) } * (0.8 + 0.6 * joy);
    let tract = if female { rng.range(1.12, 1.22) } else { rng.range(0.96, 1.06) };
    let top = rng.range(0.95, 1.4);
    let path: Vec<_> = path.iter().map(|&(t, vowel)| (t * seconds, vowel)).collect();
    let mut formants = vowels(&path, tract);
    formants[1].gain = 1.2;
    formants[2].gain = 0.8;
    let pitch = Curve::new(&[(0.0, 0.8), (0.2, 1.0), (0.45, top), (0.8, top * 0.95), (1.0, 0.75)])
        .scaled(seconds, hz);
    let voice = Voice {
        breath: rng.range(0.03, 0.2),
        rough: rng.range(0.2, 0.6),
        bright_hz: 4500.0,
        ..Voice::new(
            seconds,
            alive(rng, &pitch, seconds, [0.05, 0.03]),
            Curve::new(&[(0.0, 0.0), (0.15, 0.9), (0.6, 1.0), (1.0, 0.0)]).scaled(seconds, 1.0),
            formants,
        )
    };
    voice.render(rng)
}

/// The vowels of what people shout: "woo", "yeah", "hey", "aah".
fn cry(rng: &mut Rng) -> Vec<(f32, [f32; 3])> {
    match rng.count(0, 8) {
        0 => vec![(0.0, vowel::U), (1.0, vowel::U)],
        1..=3 => vec![(0.0, vowel::I), (0.2, vowel::E), (1.0, vowel::A)],
        4 | 5 => vec![(0.0, vowel::E), (0.8, vowel::I)],
        _ => vec![(0.0, vowel::AE), (1.0, vowel::A)],
    }
}

/// A whistle on two fingers.
fn finger_whistle(rng: &mut Rng) -> Sound {
    let (hz, seconds) = (rng.range(1700.0, 3000.0), rng.range(0.25, 0.7));
    let up = rng.range(0.9, 1.35);
    Sound::sine(seconds, |t| hz * (1.0 + (up - 1.0) * t / seconds), |_| 1.0).fade(0.03, 0.06)
}

/// Roar of hundreds who cannot be told apart: noise with the long-term spectrum of shouting.
fn roar(rng: &mut Rng, seconds: f32) -> Sound {
    let noise = white(rng, seconds).resonances(&[
        (480.0, 1.0, 0.5),
        (850.0, 1.0, 1.0),
        (1500.0, 1.0, 0.8),
        (2600.0, 1.2, 0.5),
        (4000.0, 1.2, 0.2),
    ]);
    let waver = Curve::wander(rng, seconds, 0.15, 0.8, 1.2);
    noise.shape(|t| waver.at(t))
}

/// Shouts, a faint roar, and claps and whistles where they are wanted.
fn cheers(
    rng: &mut Rng,
    people: usize,
    seconds: f32,
    large: f32,
    (clapping, whistles): (bool, bool),
) -> Sound {
    let mut dry = Sound::silence(seconds);
    for _ in 0..people * 2 {
        let length = rng.range(0.25, 0.9).min(seconds * 0.8);
        let path = cry(rng);
        let part = shout(rng, length, &path, 1.0);
        let at = rng.unit() * (seconds - length).max(0.0);
        dry.mix(at, rng.log_range(0.1, 0.8), &part);
    }
    let mut dry = dry.to_rms(0.12).plus(1.0, &roar(rng, seconds).to_rms(0.01 + 0.025 * large));
    if clapping {
        let claps = hands(rng, people * 2, seconds, &Curve::flat(0.8)).to_rms(0.07);
        dry.mix(0.0, 1.0, &claps);
    }
    if whistles {
        for _ in 0..rng.count(2, 5) {
            let part = finger_whistle(rng);
            dry.mix(rng.unit() * (seconds - 0.7), rng.range(0.05, 0.16), &part);
        }
    }
    let swell = Curve::new(&[(0.0, 0.35), (0.2, 1.0), (0.65, 0.95), (1.0, 0.3)]).scaled(seconds, 1.0);
    dry.high_pass(250.0).shape(|t| swell.at(t))
}

/// A cheering crowd: shouts, a roar, claps and whistles, in the open or in a hall.
fn cheering(rng: &mut Rng) -> Take {
    let (large, seconds, whistles) = (rng.unit(), rng.range(2.5, 6.0), rng.chance(0.4));
    let people = (9.0 * 2.5f32.powf(large)) as usize;
    let clapping = rng.chance(0.75);
    rng.vary();
    let dry = cheers(rng, people, seconds, large, (clapping, whistles));
    let echo = Space::Hall.place(rng, &dry).to_rms(dry.rms() * rng.range(0.1, 0.5));
    let sound = dry.plus(1.0, &echo);
    let size = grade(rng, large, &["small"], &["large", "big"]);
    let extra = if whistles {
        "and whistling"
    } else if clapping {
        "and clapping"
    } else {
        ""
    };
    let templates = [
        "{size} crowd cheering",
        "crowd cheering {extra}",
        "people cheering {extra}",
        "{size} crowd cheers",
        "audience cheering {extra}",
    ];
    let values = [("size", size), ("extra", extra)];
    Take { sound: sound.fade(0.08, 0.5), captions: captions(rng, &templates, &values) }
}

/// Everybody on one vowel with a common contour.
fn together(rng: &mut Rng, people: usize, seconds: f32, path: &[(f32, [f32; 3])], joy: f32) -> Sound {
    let mut dry = Sound::silence(seconds);
    for _ in 0..people {
        let length = rng.around(seconds * 0.85, 0.15);
        let part = shout(rng, length, path, joy);
        dry.mix(rng.range(0.0, 0.15 * seconds), rng.log_range(0.2, 1.0), &part);
    }
    let air = roar(rng, seconds).to_rms(0.03);
    let dry = dry.to_rms(0.12).plus(1.0, &air);
    Space::Hall.place(rng, &dry).fade(0.06, 0.3)
}

/// An audience that draws or lets out its breath.
fn gasp(rng: &mut Rng) -> Take {
    let (surprised, people) = (rng.chance(0.5), rng.count(15, 35));
    rng.vary();
    let seconds = rng.range(0.9, 1.8);
    let path: &[_] =
        if surprised { &[(0.0, vowel::O), (1.0, vowel::U)] } else { &[(0.0, vowel::A), (1.0, vowel::O)] };
    let sound = together(rng, people, seconds, path, 0.2);
    let templates: &[&str] = if surprised {
        &["crowd says oooh", "audience oohs in surprise", "crowd going ooh"]
    } else {
        &["crowd says aaah", "audience sighs in disappointment", "crowd going aww"]
    };
    Take { sound, captions: captions(rng, templates, &[]) }
}

/// A crowd that boos.
fn boo(rng: &mut Rng) -> Take {
    let people = rng.count(15, 40);
    rng.vary();
    let seconds = rng.range(1.6, 3.0);
    let sound = together(rng, people, seconds, &[(0.0, vowel::U), (1.0, vowel::U)], -0.6);
    let templates = ["crowd booing", "audience boos", "angry crowd booing"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// Someone talking: syllables of random vowels, some with a hissed consonant, in sentences that fall in pitch.
pub(crate) fn talk(rng: &mut Rng, seconds: f32) -> Sound {
    let female = rng.chance(0.5);
    let (hz, tract) = if female { (rng.range(170.0, 250.0), 1.17) } else { (rng.range(90.0, 145.0), 1.0) };
    let choices = [vowel::A, vowel::E, vowel::I, vowel::O, vowel::U, vowel::AE, vowel::ER];
    let (mut pitch, mut level, mut path) = (vec![], vec![(0.0, 0.0)], vec![]);
    let (mut t, mut phrase) = (rng.range(0.0, 0.4), 0.0f32);
    let mut out = Sound::silence(seconds);
    while t < seconds - 0.35 {
        let length = rng.range(0.11, 0.26);
        let stress = rng.range(0.4, 1.0);
        pitch.push((t, hz * (1.15 - 0.3 * phrase) * (0.9 + 0.22 * stress)));
        path.push((t + length * 0.4, rng.pick(&choices)));
        level.extend([
            (t, 0.0),
            (t + 0.03, stress),
            (t + length * 0.7, stress * 0.8),
            (t + length * 0.95, 0.03),
        ]);
        if rng.chance(0.4) {
            let hiss = white(rng, 0.09).band_pass(rng.range(3000.0, 6500.0), 1.5).fade(0.03, 0.03);
            out.mix((t - 0.07).max(0.0), rng.range(0.03, 0.12), &hiss);
        }
        phrase += length * 0.6;
        t += length;
        if phrase > 1.0 || rng.chance(0.06) {
            phrase = 0.0;
            t += rng.range(0.15, 0.7);
        }
    }
    level.push((seconds, 0.0));
    let voice = Voice {
        breath: 0.05,
        rough: 0.08,
        bright_hz: 1800.0,
        ..Voice::new(seconds, Curve::new(&pitch), Curve::new(&level), vowels(&path, tract))
    };
    out.mix(0.0, 0.9, &voice.render(rng));
    out
}

/// Many conversations at once.
fn babble(rng: &mut Rng) -> Take {
    let (large, seconds) = (rng.unit(), rng.range(4.0, 7.0));
    let people = (6.0 * 5.0f32.powf(large)) as usize;
    rng.vary();
    let mut dry = pink(rng, seconds).low_pass(2000.0).to_rms(0.008);
    for _ in 0..people {
        let part = talk(rng, seconds);
        dry.mix(0.0, rng.log_range(0.12, 0.7), &part);
    }
    let place = if large > 0.6 { Space::Hall } else { Space::Room };
    let placed = place.place(rng, &dry);
    let mut sound = placed;
    sound.samples.truncate(super::signal::samples_in(seconds));
    let size = grade(rng, large, &["small"], &["large"]);
    let templates =
        ["crowd of people talking", "{size} crowd babble", "people talking in a {place}", "crowd chatter"];
    let place = if large > 0.6 { "large hall" } else { "room" };
    let values = [("size", size), ("place!", place)];
    Take { sound: sound.fade(0.3, 0.4), captions: captions(rng, &templates, &values) }
}
