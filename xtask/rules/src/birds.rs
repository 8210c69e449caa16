//! Wild birds: songs as frequency-swept whistles of the syrinx, and the harsh voices of crows and gulls.

use super::calls::{contour, series, times};
use super::caption::{captions, grade};
use super::filter::pink;
use super::rng::Rng;
use super::signal::{Curve, Sound, hump};
use super::throat::{CROWS, open_air};
use super::voice::{Voice, fixed};
use super::{Generator, Scene, Take, generator};
use std::f32::consts::TAU;

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("bird-chirp", "BIRDS", Scene::Outdoors, chirps),
    generator("bird-two-note", "BIRDS", Scene::Outdoors, two_notes),
    generator("bird-trill", "BIRDS", Scene::Outdoors, trill),
    generator("bird-song", "BIRDS", Scene::Outdoors, song),
    generator("bird-whistle", "BIRDS", Scene::Outdoors, whistle),
    generator("cuckoo", "BIRDS", Scene::Outdoors, cuckoo),
    generator("birds-chorus", "BIRDS", Scene::Close, chorus),
    generator("crow", "BIRDS", Scene::Outdoors, crow),
    generator("seagull", "BIRDS", Scene::Outdoors, seagull),
    generator("owl", "BIRDS", Scene::Outdoors, owl),
    generator("pigeon", "BIRDS", Scene::Outdoors, pigeon),
];

/// One whistled syllable: the frequency passes through three values, in hertz.
#[derive(Clone, Copy)]
struct Note {
    from_hz: f32,
    over_hz: f32,
    to_hz: f32,
    seconds: f32,
}

impl Note {
    /// A syllable around `hz`; `bend` is the greatest relative distance of its corners.
    fn random(rng: &mut Rng, hz: f32, bend: f32, seconds: f32) -> Self {
        let mut corner = || hz * (1.0 + bend * rng.bipolar());
        Self { from_hz: corner(), over_hz: corner(), to_hz: corner(), seconds }
    }

    /// Nearly a sine: the syrinx filters its own harmonics away.
    fn render(self, rng: &mut Rng) -> Sound {
        let off = rng.range(0.985, 1.015);
        let (a, b, c, length) = (self.from_hz * off, self.over_hz * off, self.to_hz * off, self.seconds);
        let pitch = |t: f32| {
            let x = (t / length).min(1.0);
            a * (1.0 - x) * (1.0 - x) + 2.0 * b * x * (1.0 - x) + c * x * x
        };
        let wave = |phase: f32, t: f32| {
            let second = 0.07 * (2.0 * TAU * phase).sin();
            hump(t, length).sqrt() * ((TAU * phase).sin() + second)
        };
        Sound::tone(length, pitch, wave).fade(0.004, 0.006)
    }
}

/// A motif `times` over with a gap after every note.
fn phrase(rng: &mut Rng, motif: &[Note], times: usize, gap_s: f32) -> Sound {
    let mut out = Sound::silence(0.0);
    let mut at = 0.0;
    for _ in 0..times {
        for note in motif {
            out.mix(at, rng.range(0.7, 1.0), &note.render(rng));
            at += note.seconds + rng.around(gap_s, 0.15);
        }
    }
    out
}

/// Words of a pitch from 2 to 6 kHz, as a 0-to-1 scale.
fn pitch_word(rng: &mut Rng, height: f32) -> &'static str {
    grade(rng, height, &["low pitched", "low"], &["high pitched", "high"])
}

/// Sparrow-like single calls.
fn chirps(rng: &mut Rng) -> Take {
    let (height, count, pace) = (rng.unit(), rng.count(1, 9), rng.unit());
    let hz = 2400.0 * 2.3f32.powf(height);
    let seconds = rng.range(0.05, 0.13);
    let motif = [Note::random(rng, hz, 0.3, seconds), Note::random(rng, hz * 1.1, 0.25, seconds * 0.6)];
    let motif = &motif[..rng.count(1, 2)];
    rng.vary();
    let gap_s = 0.45 - 0.37 * pace;
    let sound = series(rng, count, (gap_s * 0.7, gap_s * 1.3), |rng, _| phrase(rng, motif, 1, 0.012));
    let times = times(count);
    let speed = if count > 3 { grade(rng, pace, &["slowly"], &["quickly", "rapidly"]) } else { "" };
    let templates: &[&str] = match count {
        1 => &["single bird chirp", "a bird chirps once", "short {pitch} bird chirp"],
        2 | 3 => &["a bird chirps {times}", "{pitch} bird chirping {times}", "bird chirp {times}"],
        _ => &[
            "bird chirping {speed}",
            "{pitch} bird chirps",
            "a bird chirping {speed}",
            "small bird chirping",
        ],
    };
    let pitch = pitch_word(rng, height);
    let sound = open_air(rng, &sound);
    Take {
        sound,
        captions: captions(rng, templates, &[("times!", times), ("speed", speed), ("pitch", pitch)]),
    }
}

/// Tit-like: two notes in alternation.
fn two_notes(rng: &mut Rng) -> Take {
    let (height, pairs, pace) = (rng.unit(), rng.count(3, 8), rng.unit());
    let hz = 2700.0 * 1.9f32.powf(height);
    let seconds = rng.range(0.07, 0.16) * (1.25 - 0.5 * pace);
    let low = rng.range(0.68, 0.85);
    let motif = [Note::random(rng, hz, 0.05, seconds), Note::random(rng, hz * low, 0.05, seconds * 1.2)];
    rng.vary();
    let sound = phrase(rng, &motif, pairs, 0.03 + 0.05 * (1.0 - pace));
    let speed = grade(rng, pace, &["slow", "calm"], &["fast", "quick"]);
    let templates =
        ["bird singing two notes", "{speed} two note bird call", "{pitch} bird call, two notes repeated"];
    let pitch = pitch_word(rng, height);
    let sound = open_air(rng, &sound);
    Take { sound, captions: captions(rng, &templates, &[("speed", speed), ("pitch", pitch)]) }
}

/// One note repeated ten to thirty times per second.
fn trill(rng: &mut Rng) -> Take {
    let (height, pace, bouts) = (rng.unit(), rng.unit(), rng.count(1, 3));
    let hz = 2600.0 * 2.1f32.powf(height);
    let rate_hz = 10.0 * 2.6f32.powf(pace);
    let seconds = rng.range(0.6, 1.8);
    let note = Note::random(rng, hz, 0.28, 0.72 / rate_hz);
    rng.vary();
    let sound = series(rng, bouts, (0.3, 0.9), |rng, _| {
        let count = (rng.around(seconds, 0.2) * rate_hz) as usize;
        let trill = phrase(rng, &[note], count, 0.28 / rate_hz);
        let length = trill.seconds();
        trill.shape(move |t| (0.35 + 1.2 * t / length).min(1.0))
    });
    let speed = grade(rng, pace, &["slow"], &["fast", "rapid"]);
    let templates =
        ["{speed} bird trill", "bird trilling", "{pitch} bird trill", "a bird sings a {speed} trill"];
    let pitch = pitch_word(rng, height);
    let sound = open_air(rng, &sound);
    Take { sound, captions: captions(rng, &templates, &[("speed", speed), ("pitch", pitch)]) }
}

/// A canary-like song: a row of phrases, each a motif that is repeated.
fn sing(rng: &mut Rng, hz: f32, seconds: f32, pace: f32) -> Sound {
    let mut out = Sound::silence(0.0);
    let mut at = 0.0;
    while at < seconds {
        let slow = rng.log_range(0.6, 1.5) * (1.35 - 0.6 * pace);
        let motif: Vec<_> = (0..rng.count(1, 3))
            .map(|_| {
                let (centre, length) = (hz * rng.log_range(0.75, 1.35), rng.range(0.035, 0.12) * slow);
                let bend = rng.range(0.04, 0.35);
                Note::random(rng, centre, bend, length)
            })
            .collect();
        let times = rng.count(1, 12 / motif.len());
        let gap_s = rng.range(0.012, 0.06) * slow;
        let part = phrase(rng, &motif, times, gap_s);
        out.mix(at, rng.range(0.6, 1.0), &part);
        at += part.seconds() + rng.range(0.03, 0.22) * slow;
    }
    out
}

/// One bird singing.
fn song(rng: &mut Rng) -> Take {
    let (height, pace, seconds) = (rng.unit(), rng.unit(), rng.range(1.5, 5.0));
    rng.vary();
    let sound = sing(rng, 2300.0 * 2.0f32.powf(height), seconds, pace);
    let speed = grade(rng, pace, &["slowly", "calmly"], &["fast", "quickly"]);
    let templates = ["bird singing {speed}", "{pitch} bird song", "a bird sings {speed}", "songbird singing"];
    let pitch = pitch_word(rng, height);
    let sound = open_air(rng, &sound);
    Take { sound, captions: captions(rng, &templates, &[("speed", speed), ("pitch", pitch)]) }
}

/// Blackbird-like: slow flute notes, then a thin twitter.
fn flute(rng: &mut Rng, hz: f32, notes: usize) -> Sound {
    let mut out = Sound::silence(0.0);
    let mut at = 0.0;
    for _ in 0..notes {
        let (centre, seconds) = (hz * rng.pick(&[1.0, 1.125, 1.25, 0.89, 0.8, 1.4]), rng.range(0.1, 0.34));
        let bend = rng.range(0.01, 0.14);
        let note = Note::random(rng, centre, bend, seconds);
        out.mix(at, rng.range(0.7, 1.0), &note.render(rng));
        at += seconds + rng.range(0.02, 0.12);
    }
    if rng.chance(0.6) {
        let motif: Vec<_> = (0..2).map(|_| Note::random(rng, hz * 2.1, 0.25, 0.04)).collect();
        let times = rng.count(2, 5);
        out.mix(at + 0.02, 0.3, &phrase(rng, &motif, times, 0.012));
    }
    out
}

/// One bird whistling.
fn whistle(rng: &mut Rng) -> Take {
    let (height, phrases) = (rng.unit(), rng.count(1, 3));
    let hz = 1500.0 * 1.8f32.powf(height);
    rng.vary();
    let sound = series(rng, phrases, (0.4, 0.9), |rng, _| {
        let notes = rng.count(3, 6);
        flute(rng, hz, notes)
    });
    let templates = ["bird whistling", "{pitch} bird whistle", "blackbird singing", "melodic bird whistling"];
    let pitch = pitch_word(rng, height);
    let sound = open_air(rng, &sound);
    Take { sound, captions: captions(rng, &templates, &[("pitch", pitch)]) }
}

/// Two hooted notes, a minor or major third down.
fn cuckoo(rng: &mut Rng) -> Take {
    let (hz, third, calls) = (rng.range(590.0, 720.0), rng.range(0.79, 0.85), rng.count(1, 5));
    rng.vary();
    let sound = series(rng, calls, (0.5, 0.9), |rng, _| {
        let first = hoot(rng, hz, 0.16, 0.0);
        let mut pair = first;
        pair.mix(0.29, 0.9, &hoot(rng, hz * third, 0.3, 0.0));
        pair
    });
    let times = times(calls);
    let templates = ["cuckoo calling {times}", "cuckoo bird call {times}", "a cuckoo calls {times}"];
    let sound = open_air(rng, &sound);
    Take { sound, captions: captions(rng, &templates, &[("times!", times)]) }
}

/// A note of a large bird's closed beak: a sine with little of its second and third harmonics, and breath.
fn hoot(rng: &mut Rng, hz: f32, seconds: f32, quaver: f32) -> Sound {
    let (peak, wobble) = (rng.range(1.02, 1.06), rng.range(5.0, 8.0));
    let pitch = move |t: f32| {
        hz * (1.0 + (peak - 1.0) * hump(t, seconds)) * (1.0 + 0.012 * quaver * (TAU * wobble * t).sin())
    };
    let wave = |phase: f32, t: f32| {
        let x = TAU * phase;
        hump(t, seconds).powf(0.7) * (x.sin() + 0.12 * (2.0 * x).sin() + 0.05 * (3.0 * x).sin())
    };
    let breath = pink(rng, seconds).band_pass(hz * 1.5, 1.0).shape(|t| hump(t, seconds)).to_rms(0.015);
    Sound::tone(seconds, pitch, wave).plus(1.0, &breath)
}

/// Several birds of different kinds around the listener.
fn chorus(rng: &mut Rng) -> Take {
    let (birds, busy, seconds) = (rng.count(3, 8), rng.unit(), rng.range(4.0, 7.5));
    rng.vary();
    let mut out = pink(rng, seconds).high_pass(250.0).low_pass(2500.0).to_rms(0.008);
    for _ in 0..birds {
        let (hz, gain) = (rng.log_range(1900.0, 5200.0), rng.log_range(0.15, 1.0));
        let mut at = rng.range(0.0, 1.5);
        while at < seconds - 0.4 {
            let bout = rng.range(0.3, 1.4).min(seconds - at);
            let pace = rng.unit();
            let notes = rng.count(2, 4);
            let part =
                if rng.chance(0.25) { flute(rng, hz * 0.6, notes) } else { sing(rng, hz, bout * 0.7, pace) };
            out.mix(at, gain, &part);
            at += part.seconds() + rng.wait(1.6 - 1.1 * busy);
        }
    }
    let out = out.fade(0.2, 0.4);
    let many = if birds > 5 { "many" } else { "" };
    let templates = [
        "{many} birds chirping",
        "{many} birds singing in a forest",
        "birds singing",
        "dawn chorus of birds",
        "several birds chirping",
    ];
    Take { sound: out, captions: captions(rng, &templates, &[("many", many)]) }
}

/// Crow: a row of caws, cords that hardly hold a pitch and a bill that passes 1 to 4 kHz.
fn crow(rng: &mut Rng) -> Take {
    let (bird, calls, shift) = (rng.pick(&CROWS), rng.count(1, 5), rng.range(0.94, 1.06));
    let bird = bird.varied(rng, shift);
    let gap_s = rng.range(0.15, 0.4);
    rng.vary();
    let sound = series(rng, calls, (gap_s, gap_s * 1.3), |rng, _| bird.call(rng, 1.0));
    let sound = open_air(rng, &sound);
    let times = times(calls);
    let templates = ["crow cawing {times}", "crow caw", "a crow caws {times}", "crow call"];
    Take { sound, captions: captions(rng, &templates, &[("times", times)]) }
}

/// Gull: a long cry or a row of short ones, each a wide arch of pitch.
fn seagull(rng: &mut Rng) -> Take {
    let (hz, laughing, calls) = (rng.range(950.0, 1300.0), rng.chance(0.5), rng.count(1, 4));
    let calls = if laughing { calls + 3 } else { calls };
    rng.vary();
    let sound = series(rng, calls, if laughing { (0.08, 0.14) } else { (0.25, 0.6) }, |rng, index| {
        let seconds = if laughing { rng.range(0.16, 0.24) } else { rng.range(0.4, 0.75) };
        let fall = if laughing { 1.0 - 0.02 * index as f32 } else { 1.0 };
        let bands = [(1150.0, 3.0, 1.0), (2300.0, 4.0, 0.9), (3400.0, 4.0, 0.7), (4600.0, 4.0, 0.3)];
        let voice = Voice {
            breath: 0.04,
            rough: 0.12,
            bright_hz: 6000.0,
            ..Voice::new(
                seconds,
                contour(
                    seconds,
                    hz * fall,
                    &[(0.0, 0.78), (0.18, 1.06), (0.55, 1.0), (0.85, 0.86), (1.0, 0.76)],
                ),
                contour(seconds, 1.0, &[(0.0, 0.0), (0.12, 1.0), (0.6, 0.9), (1.0, 0.0)]),
                fixed(&bands),
            )
        };
        voice.render(rng).high_pass(600.0)
    });
    let templates: &[&str] = match (laughing, calls) {
        (true, _) => &["seagull calling repeatedly", "seagull laughing call", "gull cries"],
        (false, 1) => &["a seagull cries once", "single seagull cry", "gull cry"],
        _ => &["seagull crying", "seagull cries", "gull calling"],
    };

    let sound = open_air(rng, &sound);
    Take { sound, captions: captions(rng, templates, &[]) }
}

/// Owl: hoots in one of three rhythms.
fn owl(rng: &mut Rng) -> Take {
    let (depth, rhythm, calls) = (rng.unit(), rng.count(0, 2), rng.count(1, 2));
    let hz = 460.0 * 0.6f32.powf(depth);
    let rhythms: [&[(f32, f32)]; 3] = [
        // Starts and lengths in seconds: one hoot, a double one, and the long phrase of a large owl.
        &[(0.0, 0.55)],
        &[(0.0, 0.3), (0.45, 0.55)],
        &[(0.0, 0.32), (0.55, 0.14), (0.78, 0.14), (1.05, 0.34), (1.6, 0.42)],
    ];
    rng.vary();
    let quaver = rng.unit();
    let sound = series(rng, calls, (0.8, 1.4), |rng, _| {
        let mut out = Sound::silence(0.0);
        for &(at, seconds) in rhythms[rhythm] {
            out.mix(at, rng.range(0.8, 1.0), &hoot(rng, hz, seconds, quaver));
        }
        out
    });
    let pitch = grade(rng, 1.0 - depth, &["deep", "low"], &["high"]);
    let templates = ["owl hooting", "{pitch} owl hoot", "an owl hoots", "owl hooting at night"];
    let templates = if rhythm == 0 && calls == 1 { &templates[1..3] } else { &templates };
    let sound = open_air(rng, &sound);
    Take { sound, captions: captions(rng, templates, &[("pitch", pitch)]) }
}

/// Pigeon: "coo-COO-coo" through a closed beak, the middle with a rolling throat.
fn pigeon(rng: &mut Rng) -> Take {
    let (hz, calls, roll_hz) = (rng.range(330.0, 520.0), rng.count(1, 4), rng.range(18.0, 30.0));
    rng.vary();
    let sound = series(rng, calls, (0.25, 0.5), |rng, _| {
        let mut out = hoot(rng, hz * 0.93, 0.22, 0.4);
        let long = rng.range(0.45, 0.75);
        let swell = Curve::new(&[(0.0, 0.0), (0.3, 0.7), (1.0, 0.1)]).scaled(long, 1.0);
        let rolled = hoot(rng, hz * 1.04, long, 0.4)
            .shape(|t| 1.0 - swell.at(t) * (0.5 + 0.5 * (TAU * roll_hz * t).sin()));
        out.mix(0.27, 1.0, &rolled);
        out.mix(0.3 + long, 0.7, &hoot(rng, hz * 0.95, 0.2, 0.4));
        out
    });
    let templates = ["pigeon cooing", "a pigeon coos", "dove cooing", "pigeons cooing softly"];
    let sound = open_air(rng, &sound);
    Take { sound, captions: captions(rng, &templates[..3], &[]) }
}
