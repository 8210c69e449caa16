//! Pets and farm animals: pulses of the vocal cords through the moving mouth, with contours and formants as measured
//! on recordings (the numbers are centres of ranges, not copies of one animal).

use super::calls::{contour, series, times};
use super::caption::{captions, grade, size};
use super::filter::{burst, pink, white};
use super::modal::{Mode, strike};
use super::rng::Rng;
use super::signal::{Curve, Sound, decay, hump};
use super::throat::{CATS, COWS, DOGS, open_air};
use super::voice::{Voice, fixed};
use super::{Generator, Scene, Take, generator};
use std::f32::consts::TAU;

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("dog-bark", "ANIMALS", Scene::Anywhere, dog),
    generator("dog-growl", "ANIMALS", Scene::Anywhere, dog_growl),
    generator("puppy-whine", "ANIMALS", Scene::Anywhere, whine),
    generator("cat-meow", "ANIMALS", Scene::Anywhere, cat),
    generator("cat-purr", "ANIMALS", Scene::Close, purr),
    generator("cat-hiss", "ANIMALS", Scene::Anywhere, hiss),
    generator("cow", "ANIMALS", Scene::Outdoors, cow),
    generator("sheep", "ANIMALS", Scene::Outdoors, sheep),
    generator("goat", "ANIMALS", Scene::Outdoors, goat),
    generator("horse-neigh", "ANIMALS", Scene::Outdoors, neigh),
    generator("horse-hooves", "ANIMALS", Scene::Outdoors, hooves),
    generator("pig", "ANIMALS", Scene::Outdoors, pig),
];

/// Dog: one to eight barks.
fn dog(rng: &mut Rng) -> Take {
    let (barks, pace) = (rng.pick(&[1, 1, 2, 2, 3, 4, 5, 6, 8]), rng.unit());
    let shift = rng.range(0.92, 1.12);
    let animal = rng.pick(&DOGS).varied(rng, shift);
    let smallness = (animal.hz / 330.0).ln() / 2.7f32.ln();
    let gap_s = 0.6 - 0.42 * pace;
    rng.vary();
    let sound = series(rng, barks, (gap_s * 0.7, gap_s * 1.3), |rng, _| animal.call(rng, 1.0));
    let sound = open_air(rng, &sound);
    let speed = if barks > 3 { grade(rng, pace, &[""], &["fast", "rapidly"]) } else { "" };
    let size = size(rng, smallness);
    let templates: &[&str] = match barks {
        1 => &["dog bark", "single {size} dog bark", "a {size} dog barks once", "one {size} dog bark"],
        2 | 3 => &["{size} dog barking {times}", "a {size} dog barks {times}", "dog barks {times}"],
        _ => &[
            "dog barking",
            "{size} dog barking {speed}",
            "a {size} dog barking {speed}",
            "{size} dog barks repeatedly",
        ],
    };
    let values = [("times!", times(barks)), ("size", size), ("speed", speed)];
    Take { sound, captions: captions(rng, templates, &values) }
}

/// Dog: low cords behind closed teeth.
fn dog_growl(rng: &mut Rng) -> Take {
    let (smallness, growls) = (rng.unit(), rng.count(1, 3));
    let hz = 62.0 * 2.1f32.powf(smallness);
    rng.vary();
    let sound = series(rng, growls, (0.15, 0.4), |rng, _| {
        let seconds = rng.range(0.7, 1.8);
        let tract = 1.4f32.powf(smallness);
        let formants = fixed(&[
            (330.0 * tract, 3.0, 1.0),
            (900.0 * tract, 4.0, 0.5),
            (1900.0 * tract, 4.0, 0.35),
            (3000.0 * tract, 4.0, 0.2),
        ]);
        let voice = Voice {
            breath: 0.2,
            rough: 0.65,
            bright_hz: 2500.0,
            direct: 0.06,
            ..Voice::new(
                seconds,
                Curve::wander(rng, seconds, 0.12, hz * 0.9, hz * 1.1),
                contour(seconds, 1.0, &[(0.0, 0.0), (0.2, 0.7), (0.7, 1.0), (1.0, 0.0)]),
                formants,
            )
        };
        voice.render(rng)
    });
    let sound = open_air(rng, &sound);
    let size = size(rng, smallness);
    let templates = ["{size} dog growling", "dog growl", "a {size} dog growls"];
    Take { sound, captions: captions(rng, &templates, &[("size", size)]) }
}

/// Puppy: thin whistling tones that rise and sink through a nearly closed mouth.
fn whine(rng: &mut Rng) -> Take {
    let (hz, whines, pace) = (rng.log_range(550.0, 1300.0), rng.count(1, 5), rng.unit());
    rng.vary();
    let sound = series(rng, whines, (0.08, 0.4), |rng, _| {
        let seconds = rng.range(0.25, 0.6) * (1.5 - 0.8 * pace);
        let hz = rng.around(hz, 0.12);
        let arch = [(0.0, 0.85), (0.3, rng.range(1.05, 1.3)), (0.7, 1.0), (1.0, rng.range(0.7, 0.9))];
        let voice = Voice {
            breath: 0.03,
            rough: 0.05,
            bright_hz: 2400.0,
            ..Voice::new(
                seconds,
                contour(seconds, hz, &arch),
                contour(seconds, 1.0, &[(0.0, 0.0), (0.2, 0.8), (0.6, 1.0), (1.0, 0.0)]),
                fixed(&[(1000.0, 2.0, 1.0), (2400.0, 4.0, 0.5), (4000.0, 4.0, 0.2)]),
            )
        };
        voice.render(rng)
    });
    let sound = open_air(rng, &sound);
    let templates = ["puppy whining", "dog whimpering", "a puppy whines", "dog whine"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// Cat: one to four meows, "mi-a-ow": the mouth opens from a narrow "i" and rounds at the end.
fn cat(rng: &mut Rng) -> Take {
    let meows = rng.count(1, 4);
    let shift = rng.range(0.94, 1.06);
    let animal = rng.pick(&CATS).varied(rng, shift);
    rng.vary();
    let sound = series(rng, meows, (0.2, 0.7), |rng, _| animal.call(rng, 1.0));
    let sound = open_air(rng, &sound);
    let length = grade(rng, (animal.seconds - 0.5) / 0.6, &["short"], &["long"]);
    let who = if animal.hz > 850.0 { "kitten" } else { "cat" };
    let templates: &[&str] = match meows {
        1 => &["{who} meow", "a {who} meows once", "{length} {who} meow", "single {who} meow"],
        2 | 3 => &["{who} meows {times}", "a {who} meows {times}", "{who} meowing {times}"],
        _ => &["{who} meowing", "a {who} meowing", "{who} meows"],
    };
    let values = [("who!", who), ("times!", times(meows)), ("length", length)];
    Take { sound, captions: captions(rng, templates, &values) }
}

/// Purring: some 25 clicks of the larynx per second, softer while the cat breathes in.
fn purr(rng: &mut Rng) -> Take {
    let (rate_hz, breath_s, seconds) = (rng.range(22.0, 30.0), rng.range(1.1, 1.9), rng.range(3.0, 6.0));
    rng.vary();
    let breathing = |t: f32| (TAU * 0.5 * t / breath_s).sin();
    let wave = |phase: f32, t: f32| {
        let gain = if breathing(t) > 0.0 { 1.0 } else { 0.6 };
        gain * breathing(t).abs().powf(0.4) * (1.0 - phase).powi(6)
    };
    let pulses = Sound::tone(seconds, |t| rate_hz * if breathing(t) > 0.0 { 1.0 } else { 0.92 }, wave);
    let noise = pink(rng, seconds).to_rms(0.35);
    let samples =
        pulses.samples.iter().zip(&noise.samples).map(|(a, b)| a * (0.6 + 1.2 * b) + 0.01 * b).collect();
    let sound = Sound { samples }.high_pass(40.0);
    let sound =
        sound.resonances(&[(140.0, 1.2, 1.0), (420.0, 2.0, 0.5), (1100.0, 2.0, 0.25), (2600.0, 2.0, 0.1)]);
    let templates = ["cat purring", "a cat purrs", "purring cat close up"];
    Take { sound: sound.fade(0.1, 0.2), captions: captions(rng, &templates, &[]) }
}

/// Air through bared teeth.
fn hiss(rng: &mut Rng) -> Take {
    let seconds = rng.range(0.4, 1.3);
    rng.vary();
    let air = white(rng, seconds).resonances(&[(2600.0, 2.0, 0.8), (5200.0, 2.0, 1.0), (8500.0, 1.5, 0.6)]);
    let level = contour(seconds, 1.0, &[(0.0, 0.0), (0.06, 1.0), (0.5, 0.7), (1.0, 0.0)]);
    let templates = ["cat hissing", "a cat hisses", "angry cat hiss"];
    Take { sound: air.shape(|t| level.at(t)), captions: captions(rng, &templates, &[]) }
}

/// Cow: a long low tone; the mouth opens from "m" to "oo".
fn cow(rng: &mut Rng) -> Take {
    let (long, moos) = (rng.range(0.8, 1.2), if rng.chance(0.75) { 1 } else { 2 });
    let shift = rng.range(0.95, 1.06);
    let animal = rng.pick(&COWS).varied(rng, shift);
    rng.vary();
    let sound = series(rng, moos, (0.5, 1.0), |rng, _| animal.call(rng, long));
    let sound = open_air(rng, &sound);
    let length =
        if moos == 1 { grade(rng, (animal.seconds * long - 1.1) / 1.1, &["short"], &["long"]) } else { "" };
    let pitch = grade(rng, (animal.hz - 80.0) / 160.0, &["deep", "low"], &[""]);
    let templates = ["cow mooing {times}", "{length} cow moo", "a cow moos {times}", "{pitch} moo of a cow"];
    let values = [("times", times(moos)), ("length", length), ("pitch", pitch)];
    Take { sound, captions: captions(rng, &templates, &values) }
}

/// Numbers of a bleating throat.
struct Bleat {
    hz: f32,
    tremble_hz: f32,
    depth: f32,
    seconds: f32,
    tract: f32,
}

impl Bleat {
    /// A tone whose pitch and level tremble.
    fn render(&self, rng: &mut Rng) -> Sound {
        let (length, tremble) = (self.seconds, self.tremble_hz);
        let swing = move |t: f32| (TAU * tremble * t).sin();
        let corners: Vec<_> = (0..(length * 120.0) as usize + 2)
            .map(|k| k as f32 / 120.0)
            .map(|t| (t, self.hz * (1.06 - 0.14 * t / length) * (1.0 + 0.5 * self.depth * 0.2 * swing(t))))
            .collect();
        let bands = [
            (540.0, 4.0, 1.0),
            (1150.0, 5.0, 0.5),
            (2050.0, 4.0, 1.0),
            (3300.0, 5.0, 0.5),
            (4900.0, 5.0, 0.35),
        ];
        let voice = Voice {
            breath: 0.07,
            rough: 0.25,
            bright_hz: 5000.0,
            direct: 0.03,
            ..Voice::new(
                length,
                Curve::new(&corners),
                contour(length, 1.0, &[(0.0, 0.0), (0.08, 0.9), (0.5, 1.0), (0.85, 0.6), (1.0, 0.0)]),
                fixed(&bands.map(|(hz, q, gain)| (hz * self.tract, q, gain))),
            )
        };
        voice.render(rng).shape(|t| 1.0 - self.depth * (0.5 + 0.5 * swing(t)))
    }
}

/// Sheep and lambs.
fn sheep(rng: &mut Rng) -> Take {
    let (smallness, bleats) = (rng.unit(), rng.count(1, 3));
    let (hz, tremble_hz) = (130.0 * 2.6f32.powf(smallness), rng.range(7.0, 11.0));
    rng.vary();
    let sound = series(rng, bleats, (0.25, 0.7), |rng, _| {
        let (seconds, hz) = (rng.range(0.55, 1.2), rng.around(hz, 0.05));
        Bleat { hz, tremble_hz, depth: 0.45, seconds, tract: 1.0 + 0.25 * smallness }.render(rng)
    });
    let sound = open_air(rng, &sound);
    let who = if smallness > 0.75 { "lamb" } else { "sheep" };
    let templates = ["{who} bleating", "a {who} bleats {times}", "{who} baa", "{who} baaing"];
    Take { sound, captions: captions(rng, &templates, &[("who!", who), ("times", times(bleats))]) }
}

/// Goat: higher, shorter and trembling more than a sheep.
fn goat(rng: &mut Rng) -> Take {
    let (hz, tremble_hz, bleats) = (rng.range(290.0, 430.0), rng.range(11.0, 17.0), rng.count(1, 3));
    rng.vary();
    let sound = series(rng, bleats, (0.2, 0.6), |rng, _| {
        let (seconds, hz) = (rng.range(0.35, 0.8), rng.around(hz, 0.06));
        Bleat { hz, tremble_hz, depth: 0.7, seconds, tract: 1.35 }.render(rng)
    });
    let sound = open_air(rng, &sound);
    let templates = ["goat bleating", "a goat bleats {times}", "goat bleat"];
    Take { sound, captions: captions(rng, &templates, &[("times", times(bleats))]) }
}

/// Horse: a shrill shaken cry that falls into a low flutter.
fn neigh(rng: &mut Rng) -> Take {
    let (hz, seconds, shake_hz) = (rng.range(1000.0, 1600.0), rng.range(1.1, 2.1), rng.range(9.0, 14.0));
    rng.vary();
    let fall = contour(seconds, hz, &[(0.0, 0.55), (0.1, 1.0), (0.35, 1.0), (0.65, 0.62), (1.0, 0.3)]);
    let swing = |t: f32| (TAU * shake_hz * t).sin();
    let corners: Vec<_> = (0..(seconds * 120.0) as usize + 2)
        .map(|k| k as f32 / 120.0)
        .map(|t| (t, fall.at(t) * (1.0 + 0.07 * swing(t))))
        .collect();
    let voice = Voice {
        breath: 0.1,
        rough: 0.3,
        bright_hz: 5000.0,
        ..Voice::new(
            seconds,
            Curve::new(&corners),
            contour(seconds, 1.0, &[(0.0, 0.0), (0.08, 0.8), (0.4, 1.0), (0.8, 0.5), (1.0, 0.0)]),
            fixed(&[(600.0, 3.0, 0.5), (1400.0, 3.0, 1.0), (2500.0, 4.0, 0.6), (3900.0, 4.0, 0.5)]),
        )
    };
    let cry = voice.render(rng).shape(|t| 1.0 - (0.3 + 0.4 * t / seconds) * (0.5 + 0.5 * swing(t + 0.02)));
    let mut snort = white(rng, 0.5).band_pass(900.0, 0.7);
    snort = snort.shape(|t| hump(t, 0.5) * (0.6 + 0.4 * (TAU * 26.0 * t).sin())).to_peak(0.25);
    let mut sound = cry;
    sound.mix(seconds * 0.9, 1.0, &snort);
    let sound = open_air(rng, &sound);
    let templates = ["horse neighing", "a horse whinnies", "horse whinny", "horse neigh"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// Four hooves on stone: hollow knocks in the rhythm of a walk, a trot or a gallop.
fn hooves(rng: &mut Rng) -> Take {
    let gait = rng.count(0, 2);
    let beats: &[f32] = [&[0.0, 0.25, 0.5, 0.75][..], &[0.0, 0.5], &[0.0, 0.16, 0.33]][gait];
    let stride_s = [rng.range(1.0, 1.3), rng.range(0.62, 0.78), rng.range(0.4, 0.55)][gait];
    let (hz, strides) = (rng.log_range(650.0, 1300.0), rng.count(3, 6));
    let soft = rng.chance(0.3);
    rng.vary();
    let mut out = Sound::silence(0.0);
    for stride in 0..strides {
        for (foot, beat) in beats.iter().enumerate() {
            let hz = rng.around(hz * [1.0, 1.12, 0.93, 1.06][foot], 0.03) * if soft { 0.35 } else { 1.0 };
            let mode = |ratio: f32, gain: f32| Mode { hz: hz * ratio, t60_s: 0.07 / ratio.sqrt(), gain };
            let knock =
                strike(&[mode(1.0, 1.0), mode(1.83, 0.6), mode(3.1, 0.4)], if soft { 2.5 } else { 0.5 });
            let click = burst(rng, hz * 3.5, 0.8, 0.02);
            let at = stride_s * (stride as f32 + beat) + rng.range(0.0, 0.02);
            out.mix(at, rng.range(0.6, 1.0), &knock.plus(if soft { 0.1 } else { 0.35 }, &click));
        }
    }
    let ground = if soft { "on dirt" } else { "on stone" };
    let templates: &[&str] = match gait {
        0 => &["horse walking {ground}", "slow horse hooves clip clop", "horse hooves {ground}"],
        1 => &["horse trotting {ground}", "horse hooves clip clop", "trotting horse"],
        _ => &["horse galloping {ground}", "fast horse hooves", "galloping horse"],
    };
    Take { sound: out, captions: captions(rng, templates, &[("ground", ground)]) }
}

/// Pig: short snorts, the soft palate fluttering in the airstream.
fn pig(rng: &mut Rng) -> Take {
    let (hz, grunts, flutter_hz) = (rng.range(70.0, 130.0), rng.count(1, 6), rng.range(30.0, 50.0));
    rng.vary();
    let sound = series(rng, grunts, (0.1, 0.35), |rng, _| {
        let seconds = rng.range(0.14, 0.4);
        let voice = Voice {
            breath: 0.35,
            rough: 0.6,
            bright_hz: 3500.0,
            ..Voice::new(
                seconds,
                contour(seconds, rng.around(hz, 0.1), &[(0.0, 0.9), (0.4, 1.15), (1.0, 0.85)]),
                contour(seconds, 1.0, &[(0.0, 0.0), (0.15, 1.0), (0.7, 0.7), (1.0, 0.0)]),
                fixed(&[(380.0, 3.0, 1.0), (1050.0, 4.0, 0.9), (2200.0, 4.0, 0.5), (3400.0, 4.0, 0.3)]),
            )
        };
        let flutter = |t: f32| 0.35 + 0.65 * decay((t * flutter_hz).fract() / flutter_hz, 1.5 / flutter_hz);
        voice.render(rng).shape(flutter)
    });
    let sound = open_air(rng, &sound);
    let templates = ["pig grunting", "a pig oinks {times}", "pig oinking", "pig snorts"];
    Take { sound, captions: captions(rng, &templates, &[("times", times(grunts))]) }
}
