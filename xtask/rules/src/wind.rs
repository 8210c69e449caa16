//! Moving air: turbulence around edges (Farnell, Designing Sound, 2010, chapter on wind) and things swung through it.

use super::caption::{captions, grade};
use super::filter::{Pass, brown, pink, white};
use super::rng::Rng;
use super::signal::{Curve, Sound, hump};
use super::{Generator, Scene, Take, generator};

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("wind", "WIND", Scene::Close, wind),
    generator("howling-wind", "WIND", Scene::Close, howling_wind),
    generator("wind-gust", "WIND", Scene::Close, wind_gust),
    generator("whoosh", "SWOOSHES", Scene::Close, whoosh),
    generator("swish", "SWOOSHES", Scene::Close, swish),
    generator("rope-swings", "SWOOSHES", Scene::Close, rope_swings),
];

/// Steady wind whose strength wanders; stronger wind is also brighter.
fn wind(rng: &mut Rng) -> Take {
    let (strong, seconds, leaves) = (rng.unit(), rng.range(4.5, 8.0), rng.chance(0.4));
    rng.vary();
    let speed = Curve::wander(rng, seconds, 0.9, 0.45, 1.0);
    let low = brown(rng, seconds).to_rms(0.12);
    let top_hz = 350.0 + 900.0 * strong;
    let rush = pink(rng, seconds).sweep(Pass::Low, 0.7, |t| top_hz * speed.at(t)).to_rms(0.2);
    let mut sound = low.plus(1.0, &rush).shape(|t| speed.at(t).powi(2));
    if leaves {
        let rustle = white(rng, seconds).band_pass(4500.0, 0.5).shape(|t| speed.at(t).powi(3));
        sound = sound.plus(1.0, &rustle.to_rms(0.07));
    }
    let force = grade(rng, strong, &["light", "gentle"], &["strong", "heavy"]);
    let templates: &[&str] = if leaves {
        &["{force} wind in the trees", "{force} wind rustling leaves", "{force} wind blowing through trees"]
    } else {
        &["{force} wind blowing", "{force} wind", "{force} wind outdoors"]
    };
    Take { sound: sound.fade(0.4, 0.6), captions: captions(rng, templates, &[("force", force)]) }
}

/// Gaps and wires whistle at frequencies that follow the wind (Strouhal: frequency is speed over width).
fn howling_wind(rng: &mut Rng) -> Take {
    let (seconds, hz) = (rng.range(4.5, 8.0), rng.log_range(320.0, 620.0));
    rng.vary();
    let speed = Curve::wander(rng, seconds, 0.8, 0.55, 1.1);
    let mut sound = pink(rng, seconds).sweep(Pass::Low, 0.7, |t| 900.0 * speed.at(t)).to_rms(0.1);
    for (ratio, q, level) in [(1.0, 7.0, 0.11), (1.47, 9.0, 0.07), (2.3, 10.0, 0.05)] {
        let own = Curve::wander(rng, seconds, 0.6, 0.9, 1.08);
        let whistle = white(rng, seconds).sweep(Pass::Band, q, |t| hz * ratio * speed.at(t) * own.at(t));
        let whistle = whistle.shape(|t| (speed.at(t) * own.at(t) - 0.4).max(0.05).powi(2));
        sound = sound.plus(1.0, &whistle.to_rms(level));
    }
    let templates = [
        "howling wind",
        "wind howling through a window",
        "eerie howling wind",
        "wind whistling around a house",
    ];
    Take { sound: sound.fade(0.4, 0.6), captions: captions(rng, &templates, &[]) }
}

/// One gust.
fn wind_gust(rng: &mut Rng) -> Take {
    let (strong, seconds) = (rng.unit(), rng.range(2.0, 4.5));
    let top_hz = 600.0 + 1500.0 * strong;
    rng.vary();
    let flutter = Curve::wander(rng, seconds, 0.12, 0.75, 1.0);
    let gust = move |t: f32| hump(t, seconds).powf(1.5);
    let rush = pink(rng, seconds).sweep(Pass::Low, 0.7, move |t| 200.0 + top_hz * gust(t));
    let sound =
        rush.plus(0.4, &brown(rng, seconds)).shape(|t| (0.08 + gust(t)) * flutter.at(t)).fade(0.2, 0.4);
    let force = grade(rng, strong, &["gentle", "soft"], &["strong", "heavy"]);
    let templates = ["{force} wind gust", "{force} gust of wind", "gust of {force} wind"];
    Take { sound, captions: captions(rng, &templates, &[("force", force)]) }
}

/// Noise through a band that rises and falls with the speed of what goes by.
fn swept(rng: &mut Rng, seconds: f32, low_hz: f32, high_hz: f32, peak: f32) -> Sound {
    let speed = move |t: f32| {
        let x = t / seconds;
        if x < peak { (x / peak).powf(1.8) } else { ((1.0 - x) / (1.0 - peak)).max(0.0).powf(1.3) }
    };
    let hz = move |t: f32| low_hz * (high_hz / low_hz).powf(speed(t));
    let air = white(rng, seconds).sweep(Pass::Band, 1.1, hz);
    let body = pink(rng, seconds).sweep(Pass::Low, 0.7, hz);
    air.plus(0.7, &body).shape(move |t| speed(t).powf(1.4)).fade(0.005, 0.02)
}

/// Something large goes past.
fn whoosh(rng: &mut Rng) -> Take {
    let (speedy, deep) = (rng.unit(), rng.unit());
    let seconds = 1.7 - 1.25 * speedy;
    let (low, high) = (160.0 - 90.0 * deep, 2600.0 - 1700.0 * deep);
    let peak = rng.range(0.4, 0.65);
    rng.vary();
    let sound = swept(rng, seconds, low, high * (0.7 + 0.6 * speedy), peak);
    let pace = grade(rng, speedy, &["slow", "long"], &["fast", "quick"]);
    let depth = grade(rng, deep, &["bright", "airy"], &["deep", "low"]);
    let templates = ["{pace} {depth} whoosh", "{depth} whoosh passing by", "{pace} swoosh"];
    Take { sound, captions: captions(rng, &templates, &[("pace", pace), ("depth", depth)]) }
}

/// A stick, sword or racket swung: an aeolian tone at 0.2 times speed over diameter.
fn swish(rng: &mut Rng) -> Take {
    let (speedy, times) = (rng.unit(), if rng.chance(0.65) { 1 } else { rng.count(2, 4) });
    let (seconds, diameter_m) = (0.42 - 0.26 * speedy, rng.log_range(0.004, 0.014));
    let top_hz = 0.2 * (12.0 + 28.0 * speedy) / diameter_m;
    rng.vary();
    let mut sound = Sound::silence(0.0);
    for k in 0..times {
        let at = k as f32 * rng.range(1.15, 1.4) * (seconds + 0.12);
        let swing = swept(rng, seconds, top_hz * 0.3, top_hz, 0.55);
        let edge = white(rng, seconds).sweep(Pass::Band, 4.0, |t| top_hz * (0.4 + 0.6 * hump(t, seconds)));
        sound.mix(at, 1.0, &swing.plus(0.8, &edge.shape(|t| hump(t, seconds).powi(3))));
    }
    let pace = grade(rng, speedy, &["slow"], &["fast", "quick"]);
    let how = if times == 1 { "" } else { "several times" };
    let templates =
        ["{pace} swish {how}", "swinging a stick through the air {how}", "{pace} sword swing {how}"];
    Take { sound, captions: captions(rng, &templates, &[("pace", pace), ("how!", how)]) }
}

/// A rope in circles: one whoosh per turn.
fn rope_swings(rng: &mut Rng) -> Take {
    let (rate_hz, turns) = (rng.range(1.6, 3.4), rng.count(4, 10));
    rng.vary();
    let mut sound = Sound::silence(0.0);
    for k in 0..turns {
        let swing_s = 0.75 / rate_hz;
        let top_hz = rng.range(850.0, 1100.0);
        let turn = swept(rng, swing_s, 250.0, top_hz, 0.5);
        sound.mix(k as f32 / rate_hz, rng.range(0.85, 1.0), &turn);
    }
    let templates =
        ["rope swinging in circles", "lasso swinging through the air", "swinging a rope round and round"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}
