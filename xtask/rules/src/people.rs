//! Bodies: hands, hearts, breath, and voices that do not speak.

use super::calls::{series, times};
use super::caption::{captions, grade};
use super::crowds::clap;
use super::filter::{Pass, burst, pink, white};
use super::rng::Rng;
use super::signal::{Curve, Sound, attack_decay, decay, hump};
use super::throat::{alive, open_air};
use super::voice::{Formant, Voice, fixed, vowel, vowels};
use super::{Generator, Scene, Take, generator};
use std::f32::consts::TAU;

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("hand-clap", "HUMAN", Scene::Anywhere, hand_clap),
    generator("laughter", "HUMAN", Scene::Indoors, laughter),
    generator("scream", "HUMAN", Scene::Anywhere, scream),
    generator("sneeze", "HUMAN", Scene::Indoors, sneeze),
    generator("cough", "HUMAN", Scene::Indoors, cough),
    generator("snore", "HUMAN", Scene::Indoors, snore),
    generator("breathing", "HUMAN", Scene::Close, breathing),
    generator("heartbeat", "HUMAN", Scene::Close, heartbeat),
    generator("hiccup", "HUMAN", Scene::Indoors, hiccup),
    generator("burp", "HUMAN", Scene::Indoors, burp),
    generator("kiss", "HUMAN", Scene::Close, kiss),
    generator("gulp", "HUMAN", Scene::Close, gulp),
    generator("baby-cry", "HUMAN", Scene::Indoors, baby),
];

/// Who is heard: pitch of the speaking voice in hertz, shortness of the vocal tract, and the words for it.
struct Person {
    hz: f32,
    tract: f32,
    word: &'static str,
}

impl Person {
    /// A man or a woman.
    fn random(rng: &mut Rng) -> Self {
        if rng.chance(0.5) {
            Self { hz: rng.range(175.0, 250.0), tract: rng.range(1.12, 1.22), word: "woman" }
        } else {
            Self { hz: rng.range(95.0, 145.0), tract: rng.range(0.95, 1.05), word: "man" }
        }
    }
}

/// One or more claps of one person.
fn hand_clap(rng: &mut Rng) -> Take {
    let (claps, pace) = (rng.pick(&[1, 1, 2, 3, 4, 6, 10]), rng.unit());
    let gap_s = 0.5 - 0.3 * pace;
    rng.vary();
    let mut out = Sound::silence(0.0);
    for index in 0..claps {
        out.mix(index as f32 * gap_s + rng.range(0.0, 0.02), rng.range(0.7, 1.0), &clap(rng));
    }
    let speed = if claps > 3 { grade(rng, pace, &["slow"], &["fast"]) } else { "" };
    let templates: &[&str] = match claps {
        1 => &["hand clap", "single clap", "a person claps once"],
        2 | 3 => &["a person claps {times}", "hands clap {times}"],
        _ => &["{speed} hand clapping", "one person clapping", "{speed} clapping hands"],
    };
    let values = [("times!", times(claps)), ("speed", speed)];
    Take { sound: out, captions: captions(rng, templates, &values) }
}

/// Laughter: voiced bursts some five times per second, each an open vowel after an "h", sinking in pitch.
fn laughter(rng: &mut Rng) -> Take {
    let (person, bursts, rate_hz) = (Person::random(rng), rng.count(4, 12), rng.range(4.2, 6.2));
    let open = rng.pick(&[vowel::A, vowel::AE, vowel::E]);
    rng.vary();
    let mut out = Sound::silence(0.0);
    for index in 0..bursts {
        let x = index as f32 / bursts as f32;
        let seconds = rng.range(0.55, 0.72) / rate_hz;
        let hz = person.hz * rng.range(1.7, 2.0) * (1.15 - 0.45 * x);
        let pitch = Curve::new(&[(0.0, hz * 0.95), (0.3 * seconds, hz * 1.08), (seconds, hz * 0.8)]);
        let voice = Voice {
            breath: 0.18,
            rough: 0.15,
            bright_hz: 3200.0,
            ..Voice::new(
                seconds,
                alive(rng, &pitch, seconds, [0.015, 0.012]),
                Curve::new(&[(0.0, 0.0), (0.2, 1.0), (0.6, 0.7), (1.0, 0.0)]).scaled(seconds, 1.0),
                vowels(&[(0.0, open)], person.tract),
            )
        };
        let at = index as f32 / rate_hz + rng.range(0.0, 0.02);
        out.mix(at + 0.05, 1.0 - 0.5 * x, &voice.render(rng));
        let breath = white(rng, 0.09).resonances(&[(1100.0 * person.tract, 2.0, 1.0), (2600.0, 2.0, 0.5)]);
        out.mix(at, 0.12, &breath.fade(0.03, 0.04).to_peak(1.0));
    }
    let sound = open_air(rng, &out);
    let templates = ["{who} laughing", "person laughing", "a {who} laughs", "laughter"];
    Take { sound, captions: captions(rng, &templates, &[("who!", person.word)]) }
}

/// A scream: a very high strained voice with rough onsets.
fn scream(rng: &mut Rng) -> Take {
    let (person, seconds) = (Person::random(rng), rng.range(0.7, 2.2));
    let factor = if person.word == "man" { rng.range(3.2, 4.4) } else { rng.range(3.8, 6.0) };
    rng.vary();
    let hz = person.hz * factor;
    let pitch =
        Curve::new(&[(0.0, 0.6), (0.12, 1.0), (0.4, 1.08), (0.8, 1.0), (1.0, 0.7)]).scaled(seconds, hz);
    let mut formants = vowels(&[(0.0, vowel::A), (seconds, vowel::AE)], person.tract * 1.15);
    formants[1].gain = 1.0;
    formants[2].gain = 0.8;
    formants.push(Formant { hz: Curve::flat(3900.0 * person.tract), q: 5.0, gain: 0.4 });
    let voice = Voice {
        breath: 0.12,
        rough: rng.range(0.15, 0.45),
        bright_hz: 6000.0,
        ..Voice::new(
            seconds,
            alive(rng, &pitch, seconds, [0.02, 0.015]),
            Curve::new(&[(0.0, 0.0), (0.06, 0.9), (0.6, 1.0), (1.0, 0.0)]).scaled(seconds, 1.0),
            formants,
        )
    };
    let dry = voice.render(rng).map(|x| (1.8 * x).tanh()).high_pass(300.0);
    let sound = open_air(rng, &dry);
    let length = grade(rng, (seconds - 0.7) / 1.5, &["short"], &["long"]);
    let templates = ["{who} screaming", "a {who} screams", "{length} scream", "{length} scream of a {who}"];
    Take { sound, captions: captions(rng, &templates, &[("who!", person.word), ("length", length)]) }
}

/// A sneeze: a breath in, then a burst of air with a short voiced cry.
fn sneeze(rng: &mut Rng) -> Take {
    let (person, loud) = (Person::random(rng), rng.chance(0.5));
    rng.vary();
    let (draw_s, burst_s) = (rng.range(0.2, 0.45), rng.range(0.22, 0.42));
    let inhale = white(rng, draw_s).resonances(&[(1300.0, 1.5, 1.0), (2700.0, 2.0, 0.6)]);
    let mut out = inhale.shape(|t| (t / draw_s).powi(2)).fade(0.05, 0.02).to_peak(0.12);
    let blow = white(rng, burst_s).resonances(&[
        (900.0, 1.0, 0.6),
        (2200.0, 1.0, 1.0),
        (4500.0, 1.0, 0.9),
        (7500.0, 1.0, 0.5),
    ]);
    let blow = blow.shape(|t| attack_decay(t, 0.012, burst_s * 1.2)).to_peak(0.8);
    let hz = person.hz * rng.range(2.0, 2.8);
    let cry_s = burst_s * 0.8;
    let voice = Voice {
        breath: 0.3,
        rough: 0.3,
        bright_hz: 3500.0,
        ..Voice::new(
            cry_s,
            Curve::new(&[(0.0, hz), (0.3 * cry_s, hz * 1.1), (cry_s, hz * 0.55)]),
            Curve::new(&[(0.0, 0.0), (0.05, 1.0), (0.4, 0.7), (1.0, 0.0)]).scaled(cry_s, 1.0),
            vowels(&[(0.0, vowel::I), (cry_s, vowel::U)], person.tract),
        )
    };
    let at = draw_s + rng.range(0.05, 0.2);
    out.mix(at, 1.0, &blow);
    out.mix(at - 0.02, if loud { 0.9 } else { 0.3 }, &voice.render(rng));
    let sound = open_air(rng, &out);
    let word = if loud { "loud" } else { "" };
    let templates = ["{word} sneeze", "a {who} sneezes", "{who} sneezing", "person sneezes"];
    Take { sound, captions: captions(rng, &templates, &[("who!", person.word), ("word", word)]) }
}

/// Coughs: the cords burst open, then air, then a short voiced end.
fn cough(rng: &mut Rng) -> Take {
    let (person, coughs) = (Person::random(rng), rng.count(1, 5));
    rng.vary();
    let dry = series(rng, coughs, (0.05, 0.25), |rng, _| {
        let seconds = rng.range(0.2, 0.34);
        let air = white(rng, seconds).resonances(&[
            (650.0 * person.tract, 2.0, 1.0),
            (1350.0 * person.tract, 2.0, 0.9),
            (2700.0, 2.0, 0.6),
            (4500.0, 1.5, 0.3),
        ]);
        let air = air.shape(|t| attack_decay(t, 0.004, seconds * 0.9)).to_peak(0.9);
        let voice = Voice {
            breath: 0.35,
            rough: 0.6,
            bright_hz: 2500.0,
            ..Voice::new(
                seconds,
                Curve::new(&[(0.0, person.hz * 2.1), (seconds, person.hz * 1.2)]),
                Curve::new(&[(0.0, 0.9), (0.25, 0.3), (0.6, 0.5), (1.0, 0.0)]).scaled(seconds, 1.0),
                vowels(&[(0.0, vowel::A)], person.tract),
            )
        };
        air.plus(0.6, &voice.render(rng))
    });
    let sound = open_air(rng, &dry);
    let templates = ["{who} coughing", "a {who} coughs {times}", "person coughing", "cough"];
    let templates = if coughs == 1 { &templates[1..] } else { &templates };
    Take { sound, captions: captions(rng, templates, &[("who!", person.word), ("times", times(coughs))]) }
}

/// Snoring: the soft palate flaps some 30 to 60 times per second while the sleeper breathes in; a soft blow out.
fn snore(rng: &mut Rng) -> Take {
    let (breaths, flap_hz, loud) = (rng.count(1, 3), rng.range(28.0, 60.0), rng.unit());
    rng.vary();
    let sound = series(rng, breaths, (0.4, 0.8), |rng, _| {
        let seconds = rng.range(0.8, 1.6);
        let pitch = Curve::wander(rng, seconds, 0.07, flap_hz * 0.85, flap_hz * 1.15);
        let flaps = Sound::tone(seconds, |t| pitch.at(t), |phase, _| (1.0 - phase).powi(5));
        let noise = white(rng, seconds);
        let samples =
            flaps.samples.iter().zip(&noise.samples).map(|(a, b)| a * (0.5 + 0.7 * b) + 0.05 * b).collect();
        let snore = Sound { samples }.high_pass(50.0).resonances(&[
            (260.0, 2.0, 1.0),
            (750.0, 2.5, 0.6),
            (1600.0, 3.0, 0.5),
            (2800.0, 3.0, 0.3),
        ]);
        let mut breath = snore.shape(|t| hump(t, seconds).powf(0.7)).to_peak(1.0);
        let out_s = rng.range(0.5, 0.9);
        let blow =
            white(rng, out_s).resonances(&[(600.0, 1.5, 1.0), (1700.0, 2.0, 0.4)]).shape(|t| hump(t, out_s));
        breath.mix(seconds + rng.range(0.2, 0.5), 1.0, &blow.to_peak(0.08));
        breath
    });
    let word = grade(rng, loud, &[""], &["heavy"]);
    let templates = ["person snoring", "{word} snoring", "man snoring", "a person snores while asleep"];
    Take { sound, captions: captions(rng, &templates, &[("word", word)]) }
}

/// Air through the mouth, in and out.
fn breathing(rng: &mut Rng) -> Take {
    let (pace, breaths) = (rng.unit(), rng.count(2, 5));
    let length_s = 1.4 - 0.95 * pace;
    rng.vary();
    let mut out = Sound::silence(0.0);
    let mut at = 0.0;
    for _ in 0..breaths {
        for (bright, level) in [(1.25, 0.8), (0.85, 1.0)] {
            let seconds = rng.around(length_s, 0.1);
            let air = white(rng, seconds).resonances(&[
                (750.0 * bright, 2.0, 0.8),
                (1500.0 * bright, 2.0, 1.0),
                (2900.0 * bright, 2.0, 0.6),
                (5200.0, 1.5, 0.3),
            ]);
            out.mix(at, level, &air.shape(|t| hump(t, seconds).powf(1.3)).to_peak(0.8));
            at += seconds * rng.range(0.95, 1.1);
        }
        at += 0.25 * (1.0 - pace);
    }
    let speed = grade(rng, pace, &["slow", "calm"], &["fast", "heavy", "panting"]);
    let templates = ["{speed} breathing", "person breathing", "{speed} breathing close up"];
    Take { sound: out, captions: captions(rng, &templates, &[("speed", speed)]) }
}

/// The two sounds of the valves, felt through the chest.
fn heartbeat(rng: &mut Rng) -> Take {
    let (pace, beats) = (rng.unit(), rng.count(4, 10));
    let period_s = 1.05 - 0.62 * pace;
    let hz = rng.range(42.0, 68.0);
    rng.vary();
    let thump = |rng: &mut Rng, hz: f32, seconds: f32| {
        let tone =
            Sound::sine(seconds, |t| hz * (1.25 - 0.4 * t / seconds), |t| attack_decay(t, 0.012, seconds));
        tone.plus(0.5, &burst(rng, hz * 2.2, 1.2, seconds).to_peak(1.0)).fade(0.008, 0.03)
    };
    let mut out = Sound::silence(0.0);
    for index in 0..beats {
        let at = index as f32 * period_s + rng.range(0.0, 0.015);
        out.mix(at, rng.range(0.9, 1.0), &thump(rng, hz, 0.19));
        out.mix(at + 0.19 + 0.13 * (period_s - 0.4), rng.range(0.6, 0.75), &thump(rng, hz * 1.3, 0.14));
    }
    let speed = grade(rng, pace, &["slow", "calm"], &["fast", "racing"]);
    let templates = ["{speed} heartbeat", "heart beating {how}", "{speed} heart beat"];
    let how = grade(rng, pace, &["slowly"], &["fast"]);
    let sound = out.low_pass(320.0);
    Take { sound, captions: captions(rng, &templates, &[("speed", speed), ("how", how)]) }
}

/// A gasp that the closing cords cut off.
fn hiccup(rng: &mut Rng) -> Take {
    let (person, count) = (Person::random(rng), rng.count(1, 4));
    rng.vary();
    let dry = series(rng, count, (0.4, 1.1), |rng, _| {
        let seconds = rng.range(0.1, 0.17);
        let hz = person.hz * rng.range(1.8, 2.6);
        let voice = Voice {
            breath: 0.25,
            rough: 0.2,
            ..Voice::new(
                seconds,
                Curve::new(&[(0.0, hz * 0.7), (seconds, hz * 1.5)]),
                Curve::new(&[(0.0, 0.2), (0.7, 1.0), (0.95, 0.9), (1.0, 0.0)]).scaled(seconds, 1.0),
                vowels(&[(0.0, vowel::I), (seconds, vowel::A)], person.tract),
            )
        };
        voice.render(rng)
    });
    let sound = open_air(rng, &dry);
    let templates = ["hiccup", "a {who} hiccups {times}", "person hiccups"];
    Take { sound, captions: captions(rng, &templates, &[("who!", person.word), ("times", times(count))]) }
}

/// Air from the stomach makes the gullet flap.
fn burp(rng: &mut Rng) -> Take {
    let (long, hz) = (rng.unit(), rng.range(48.0, 95.0));
    rng.vary();
    let seconds = 0.25 + 1.0 * long;
    let voice = Voice {
        breath: 0.15,
        rough: 0.9,
        bright_hz: 2200.0,
        ..Voice::new(
            seconds,
            Curve::wander(rng, seconds, 0.05, hz * 0.75, hz * 1.3),
            Curve::new(&[(0.0, 0.0), (0.06, 1.0), (0.7, 0.8), (1.0, 0.0)]).scaled(seconds, 1.0),
            vowels(&[(0.0, vowel::O), (seconds * 0.4, vowel::A), (seconds, vowel::E)], 1.0),
        )
    };
    let sound = voice.render(rng);
    let length = grade(rng, long, &["short"], &["long"]);
    let templates = ["{length} burp", "a person burps", "{length} belch"];
    Take { sound, captions: captions(rng, &templates, &[("length", length)]) }
}

/// Lips that part with a squeak and a smack.
fn kiss(rng: &mut Rng) -> Take {
    let (kisses, hz) = (rng.count(1, 3), rng.range(1500.0, 3000.0));
    rng.vary();
    let sound = series(rng, kisses, (0.2, 0.5), |rng, _| {
        let seconds = rng.range(0.07, 0.16);
        let suck = white(rng, seconds).sweep(Pass::Band, 5.0, |t| hz * (0.7 + 0.7 * t / seconds));
        let flutter_hz = rng.range(60.0, 120.0);
        let suck = suck.shape(|t| (t / seconds) * (0.6 + 0.4 * (TAU * flutter_hz * t).sin())).to_peak(0.5);
        let mut out = suck;
        out.mix(seconds, 1.0, &burst(rng, hz * 1.1, 1.0, 0.03));
        out
    });
    let templates = ["kiss", "a kiss {times}", "kissing sound", "lips smack"];
    let templates = if kisses == 1 { &templates[..1] } else { &templates[1..] };
    let templates = if kisses == 1 { &["kiss", "a single kiss", "short kiss"][..] } else { templates };
    Take { sound, captions: captions(rng, templates, &[("times", times(kisses))]) }
}

/// Liquid that passes the throat: low knocks with a rising bubble each.
fn gulp(rng: &mut Rng) -> Take {
    let (gulps, hz) = (rng.count(1, 5), rng.range(180.0, 330.0));
    rng.vary();
    let sound = series(rng, gulps, (0.25, 0.45), |rng, _| {
        let seconds = rng.range(0.09, 0.16);
        let hz = rng.around(hz, 0.12);
        let bubble =
            Sound::sine(seconds, |t| hz * (1.0 + 1.3 * t / seconds), |t| attack_decay(t, 0.012, seconds));
        let knock = burst(rng, 500.0, 1.0, 0.05);
        let mut out = bubble.plus(0.35, &knock);
        let click = burst(rng, 1800.0, 1.2, 0.02).shape(|t| decay(t, 0.02));
        out.mix(seconds * 0.9, 0.25, &click);
        out
    });
    let templates: &[&str] = if gulps == 1 {
        &["gulp", "swallowing once", "a single gulp"]
    } else {
        &["gulping a drink", "person gulps down a drink", "drinking in gulps"]
    };
    Take { sound, captions: captions(rng, templates, &[]) }
}

/// A baby: cries of about a second around 450 Hz, a sob of breath between them.
fn baby(rng: &mut Rng) -> Take {
    let (hz, cries, harsh) = (rng.range(380.0, 520.0), rng.count(1, 4), rng.unit());
    let tract = rng.range(1.5, 1.75);
    rng.vary();
    let dry = series(rng, cries, (0.3, 0.6), |rng, _| {
        let seconds = rng.range(0.6, 1.4);
        let hz = rng.around(hz, 0.06);
        let pitch =
            Curve::new(&[(0.0, 0.75), (0.12, 1.0), (0.4, 1.06), (0.8, 1.0), (1.0, 0.78)]).scaled(seconds, hz);
        let mut formants = vowels(&[(0.0, vowel::E), (0.2 * seconds, vowel::AE), (seconds, vowel::E)], tract);
        formants[1].gain = 0.5;
        formants.extend(fixed(&[(6500.0, 5.0, 0.2)]));
        let voice = Voice {
            breath: 0.06,
            rough: 0.08 + 0.3 * harsh,
            bright_hz: 4000.0,
            ..Voice::new(
                seconds,
                alive(rng, &pitch, seconds, [0.02, 0.02]),
                Curve::new(&[(0.0, 0.0), (0.1, 0.9), (0.5, 1.0), (0.85, 0.6), (1.0, 0.0)])
                    .scaled(seconds, 1.0),
                formants,
            )
        };
        let mut cry = voice.render(rng).high_pass(250.0);
        let gasp = pink(rng, 0.22).high_pass(900.0).fade(0.06, 0.05).to_peak(0.12);
        cry.mix(seconds + 0.1, 1.0, &gasp);
        cry
    });
    let sound = open_air(rng, &dry);
    let templates = ["baby crying", "a baby cries {times}", "crying baby", "infant crying"];
    Take { sound, captions: captions(rng, &templates, &[("times", times(cries))]) }
}
