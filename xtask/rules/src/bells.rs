//! Bells and chimes: partials with ratios measured on real ones (Fletcher and Rossing, chapters 19 to 21).

use super::caption::{captions, grade, size};
use super::filter::burst;
use super::modal::{FREE_BAR, Mode, partials, strike};
use super::rng::Rng;
use super::signal::Sound;
use super::{Generator, Scene, Take, generator};

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("church-bell", "BELLS", Scene::Anywhere, church_bell),
    generator("small-bell", "BELLS", Scene::Indoors, small_bell),
    generator("doorbell", "BELLS", Scene::Indoors, doorbell),
    generator("alarm-bell", "BELLS", Scene::Anywhere, alarm_bell),
    generator("bicycle-bell", "BELLS", Scene::Outdoors, bicycle_bell),
    generator("wind-chimes", "BELLS", Scene::Outdoors, wind_chimes),
    generator("jingle-bells", "BELLS", Scene::Anywhere, jingle_bells),
    generator("cow-bell", "BELLS", Scene::Outdoors, cow_bell),
    generator("gong", "BELLS", Scene::Indoors, gong),
    generator("telephone-bell", "COMMUNICATIONS", Scene::Indoors, telephone_bell),
];

/// Hum, prime, tierce, quint, nominal and above, relative to the prime, of a minor-third bell.
const CHURCH: &[(f32, f32)] = &[
    (0.5, 0.5),
    (1.0, 0.6),
    (1.19, 0.8),
    (1.5, 0.35),
    (2.0, 1.0),
    (2.51, 0.5),
    (2.66, 0.5),
    (3.01, 0.9),
    (4.17, 0.8),
    (5.43, 0.6),
    (6.8, 0.45),
    (8.2, 0.3),
    (9.7, 0.2),
];

/// A small cup or hand bell.
const CUP: &[(f32, f32)] = &[(1.0, 1.0), (2.71, 0.6), (5.15, 0.4), (8.4, 0.2), (12.0, 0.1)];

/// Modes in pairs that beat slowly, because no bell is perfectly round.
fn doubled(rng: &mut Rng, modes: &[Mode], detune: f32) -> Vec<Mode> {
    let mut out = Vec::new();
    for mode in modes {
        out.push(Mode { gain: mode.gain * 0.6, ..*mode });
        out.push(Mode { gain: mode.gain * 0.4, hz: mode.hz * (1.0 + rng.range(0.2, 1.0) * detune), ..*mode });
    }
    out
}

/// Prime of a church bell in hertz for a smallness from 0 to 1.
fn church_prime_hz(smallness: f32) -> f32 {
    210.0 * 3.6f32.powf(smallness)
}

/// One or several strokes.
fn church_bell(rng: &mut Rng) -> Take {
    let (smallness, strokes) = (rng.unit(), if rng.chance(0.4) { 1 } else { rng.count(2, 4) });
    let hz = church_prime_hz(smallness);
    let (t60_s, gap_s) = (rng.range(6.0, 11.0), rng.range(1.2, 2.1));
    rng.vary();
    let modes = doubled(rng, &partials(hz, t60_s, 0.75, CHURCH), 0.004);
    let mut out = Sound::silence(0.0);
    for k in 0..strokes {
        let mut stroke = strike(&modes, 0.2);
        stroke.mix(0.0, 0.12, &burst(rng, hz * 7.0, 0.6, 0.05));
        out.mix(k as f32 * rng.around(gap_s, 0.03), rng.range(0.8, 1.0), &stroke);
    }
    let times = if strokes == 1 { "once" } else { "several times" };
    let verb = if strokes == 1 { "strikes once" } else { "ringing" };
    let templates = ["{size} church bell {verb}", "{size} bell tolls {times}", "church bell {verb}"];
    let words = [("size", size(rng, smallness)), ("times", times), ("verb!", verb)];
    Take { sound: out, captions: captions(rng, &templates, &words) }
}

/// A hand bell or the bell of a reception desk.
fn small_bell(rng: &mut Rng) -> Take {
    let (smallness, strokes) = (rng.unit(), if rng.chance(0.6) { 1 } else { rng.count(2, 5) });
    let (hz, gap_s) = (900.0 * 3.5f32.powf(smallness), rng.range(0.18, 0.5));
    let t60_s = rng.range(0.9, 2.4);
    rng.vary();
    let modes = doubled(rng, &partials(hz, t60_s, 0.7, CUP), 0.006);
    let mut out = Sound::silence(0.0);
    for k in 0..strokes {
        out.mix(k as f32 * rng.around(gap_s, 0.1), rng.range(0.6, 1.0), &strike(&modes, 0.12));
    }
    let templates: &[&str] = if strokes == 1 {
        &["bell ding", "{pitch} service bell ding", "{pitch} bell rings once"]
    } else {
        &["{pitch} hand bell ringing", "{pitch} bell ringing", "ringing a {pitch} bell"]
    };
    let pitch = grade(rng, smallness, &["low"], &["small", "high"]);
    Take { sound: out, captions: captions(rng, templates, &[("pitch", pitch)]) }
}

/// Two bars, a major or minor third apart.
fn doorbell(rng: &mut Rng) -> Take {
    let (hz, third) = (rng.log_range(480.0, 900.0), rng.pick(&[1.26, 1.26, 1.2, 1.335]));
    let (gap_s, times) = (rng.range(0.4, 0.75), if rng.chance(0.7) { 1 } else { 2 });
    let (t60_s, upper) = (rng.range(1.1, 2.2), rng.range(0.1, 0.4));
    rng.vary();
    let ratios = [(1.0, 1.0), (2.0, 0.12), (2.756, upper), (5.404, 0.5 * upper)];
    let mut out = Sound::silence(0.0);
    for k in 0..times {
        let at = k as f32 * (2.0 * gap_s + 0.5);
        out.mix(at, 1.0, &strike(&partials(hz * third, t60_s, 0.6, &ratios), 0.5));
        out.mix(at + rng.around(gap_s, 0.04), 1.0, &strike(&partials(hz, t60_s * 1.2, 0.6, &ratios), 0.5));
    }
    let twice = if times == 2 { "twice" } else { "" };
    let templates = ["doorbell ding dong {twice}", "doorbell rings {twice}", "ding dong chime {twice}"];
    Take { sound: out, captions: captions(rng, &templates, &[("twice!", twice)]) }
}

/// A hammer that strikes gongs `rate_hz` times per second; the gongs ring on between.
fn hammered(rng: &mut Rng, seconds: f32, rate_hz: f32, gongs: &[Vec<Mode>]) -> Sound {
    let mut out = Sound::silence(0.0);
    for k in 0..(seconds * rate_hz) as usize {
        let stroke = strike(&gongs[k % gongs.len()], 0.12);
        out.mix((k as f32 + 0.08 * rng.bipolar().abs()) / rate_hz, rng.range(0.7, 1.0), &stroke);
    }
    out
}

/// School, fire or burglar bell.
fn alarm_bell(rng: &mut Rng) -> Take {
    let (hz, rate_hz, seconds) = (rng.log_range(700.0, 1500.0), rng.range(11.0, 20.0), rng.range(1.2, 4.5));
    rng.vary();
    let gong = doubled(
        rng,
        &partials(hz, 0.9, 0.6, &[(1.0, 0.7), (1.83, 0.6), (2.74, 1.0), (4.1, 0.6), (5.9, 0.4)]),
        0.01,
    );
    let sound = hammered(rng, seconds, rate_hz, &[gong]);
    let templates =
        ["alarm bell ringing", "school bell rings", "fire alarm bell ringing", "electric bell ringing"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// An old telephone: two gongs, twenty strokes per second, in the cadence of an exchange.
fn telephone_bell(rng: &mut Rng) -> Take {
    let (hz, rate_hz, rings) = (rng.log_range(1000.0, 1700.0), rng.range(18.0, 25.0), rng.count(1, 2));
    let (ring_s, pause_s) = (rng.range(1.0, 2.0), rng.range(0.8, 1.6));
    rng.vary();
    let ratios = [(1.0, 0.8), (2.6, 1.0), (4.7, 0.5), (7.2, 0.25)];
    let gongs = [partials(hz, 0.7, 0.6, &ratios), partials(hz * 1.19, 0.7, 0.6, &ratios)];
    let mut out = Sound::silence(0.0);
    for k in 0..rings {
        out.mix(k as f32 * (ring_s + pause_s), 1.0, &hammered(rng, ring_s, rate_hz, &gongs));
    }
    let times = if rings == 1 { "once" } else { "twice" };
    let templates = ["telephone ringing", "old telephone bell rings {times}", "phone rings {times}"];
    Take { sound: out, captions: captions(rng, &templates, &[("times", times)]) }
}

/// A lever spins two discs inside the dome: a fast roll that slows down.
fn bicycle_bell(rng: &mut Rng) -> Take {
    let (hz, times) = (rng.log_range(1500.0, 2600.0), rng.count(1, 3));
    let strokes = rng.count(6, 11);
    rng.vary();
    let dome = doubled(
        rng,
        &partials(hz, 1.3, 0.5, &[(1.0, 0.8), (1.5, 0.3), (2.4, 1.0), (4.05, 0.7), (5.7, 0.3)]),
        0.008,
    );
    let mut out = Sound::silence(0.0);
    let mut at = 0.0;
    for _ in 0..times {
        let mut gap = rng.range(0.022, 0.032);
        for _ in 0..strokes {
            out.mix(at, rng.range(0.4, 1.0), &strike(&dome, 0.1));
            at += gap;
            gap *= 1.08;
        }
        at += rng.range(0.12, 0.3);
    }
    let verb = if times == 1 { "rings once" } else { "ringing" };
    let templates = ["bicycle bell {verb}", "bike bell {verb}", "ringing a bicycle bell"];
    Take { sound: out, captions: captions(rng, &templates, &[("verb!", verb)]) }
}

/// Hanging tubes that the wind knocks together.
fn wind_chimes(rng: &mut Rng) -> Take {
    let (smallness, busy, seconds) = (rng.unit(), rng.unit(), rng.range(3.0, 6.0));
    let hz = 420.0 * 3.6f32.powf(smallness);
    let scale = [1.0, 1.125, 1.25, 1.5, 1.667, 2.0];
    let rate_hz = 2.0 + 6.0 * busy;
    rng.vary();
    let tubes: Vec<_> =
        scale.iter().map(|step| partials(hz * step, rng.range(1.8, 3.2), 0.8, FREE_BAR)).collect();
    let mut out = Sound::silence(0.0);
    let mut at = 0.0;
    while at < seconds {
        let tube = rng.count(0, tubes.len() - 1);
        out.mix(at, rng.log_range(0.15, 1.0), &strike(&tubes[tube], rng.range(0.15, 0.4)));
        at += rng.wait(1.0 / rate_hz);
    }
    let pace = grade(rng, busy, &["slow", "calm"], &["busy"]);
    let templates =
        ["{size} wind chimes", "{pace} wind chimes ringing in the breeze", "{size} chimes tinkling"];
    let size = size(rng, smallness);
    Take { sound: out, captions: captions(rng, &templates, &[("size", size), ("pace", pace)]) }
}

/// Many tiny bells shaken in time.
fn jingle_bells(rng: &mut Rng) -> Take {
    let (rate_hz, shakes) = (rng.range(2.5, 6.0), rng.count(3, 12));
    rng.vary();
    let bells: Vec<_> = (0..7)
        .map(|_| {
            partials(
                rng.log_range(3200.0, 7000.0),
                rng.range(0.2, 0.4),
                0.4,
                &[(1.0, 1.0), (1.34, 0.8), (1.9, 0.5)],
            )
        })
        .collect();
    let mut out = Sound::silence(0.0);
    for k in 0..shakes {
        for _ in 0..rng.count(9, 16) {
            let at = (k as f32 + rng.wait(0.12).min(0.8)) / rate_hz;
            let bell = rng.count(0, bells.len() - 1);
            out.mix(at, rng.range(0.2, 1.0), &strike(&bells[bell], 0.1));
        }
    }
    let templates = ["jingle bells shaking", "sleigh bells", "small bells jingling"];
    Take { sound: out, captions: captions(rng, &templates, &[]) }
}

/// A folded box of sheet metal, dull and inharmonic.
fn cow_bell(rng: &mut Rng) -> Take {
    let (smallness, busy) = (rng.unit(), rng.unit());
    let (hz, strokes) = (420.0 * 2.2f32.powf(smallness), rng.count(3, 10));
    rng.vary();
    let modes =
        partials(hz, 0.35, 0.5, &[(1.0, 1.0), (1.48, 0.8), (2.63, 0.5), (3.9, 0.4), (5.2, 0.3), (7.7, 0.2)]);
    let mut out = Sound::silence(0.0);
    let mut at = 0.0;
    for _ in 0..strokes {
        out.mix(at, rng.range(0.35, 1.0), &strike(&modes, 0.2));
        at += rng.range(0.12, 0.5) * (1.3 - 0.6 * busy);
    }
    let templates = ["{size} cowbell clanging", "cow bell ringing", "{size} cowbell"];
    let size = size(rng, smallness);
    Take { sound: out, captions: captions(rng, &templates, &[("size", size)]) }
}

/// A large plate whose high modes wake up after the blow.
fn gong(rng: &mut Rng) -> Take {
    let (smallness, t60_s) = (rng.unit(), rng.range(3.5, 6.0));
    let hz = 90.0 * 2.6f32.powf(smallness);
    rng.vary();
    let ratios: Vec<_> = (0..70)
        .map(|k| (1.0 + 0.55 * k as f32 * rng.range(0.9, 1.1), 1.0 / (1.0 + 0.12 * k as f32)))
        .collect();
    let (low, high) = ratios.split_at(8);
    let body = strike(&partials(hz, t60_s, 0.3, low), 2.0);
    let shimmer = strike(&partials(hz, t60_s * 0.9, 0.2, high), 0.15).shape(|t| (0.2 + t / 0.3).min(1.0));
    let templates = ["{size} gong struck", "gong hit", "{size} gong rings"];
    let sound = body.plus(1.3, &shimmer).plus(0.1, &burst(rng, 300.0, 0.7, 0.08));
    let size = size(rng, smallness);
    Take { sound, captions: captions(rng, &templates, &[("size", size)]) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::dominant_hz;

    /// Dominant frequencies of clips whose captions have a word.
    fn heard(make: fn(&mut Rng) -> Take, word: &str) -> Vec<f32> {
        (0..24)
            .map(|seed| make(&mut Rng::new(seed, 0)))
            .filter(|take| take.captions.iter().any(|caption| caption.split(' ').any(|part| part == word)))
            .take(3)
            .map(|take| dominant_hz(&take.sound))
            .collect()
    }

    #[test]
    fn bells_called_small_are_higher_than_bells_called_large() {
        let (large, small) = (heard(cow_bell, "large"), heard(cow_bell, "small"));
        assert!(!large.is_empty() && !small.is_empty());
        let highest = large.iter().copied().fold(0.0, f32::max);
        assert!(small.iter().all(|hz| *hz > highest), "{small:?} {large:?}");
    }

    #[test]
    fn the_prime_of_a_church_bell_falls_with_its_size() {
        assert!(church_prime_hz(0.0) < 230.0 && church_prime_hz(1.0) > 600.0);
    }
}
