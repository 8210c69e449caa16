//! Sounds of programs and games menus: oscillators with short envelopes, as a synthesiser in a device makes them.

use super::caption::{captions, grade};
use super::filter::{Pass, burst, white};
use super::rng::Rng;
use super::signal::{Sound, attack_decay, decay, hump};
use super::{Generator, Scene, Take, generator};
use std::f32::consts::TAU;

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("ui-beep", "UI", Scene::Close, beep),
    generator("ui-confirm", "UI", Scene::Close, confirm),
    generator("ui-error", "UI", Scene::Close, error),
    generator("ui-notification", "UI", Scene::Close, notification),
    generator("ui-blip", "UI", Scene::Close, blip),
    generator("ui-swipe", "UI", Scene::Close, swipe),
    generator("ui-typing", "UI", Scene::Close, typing),
    generator("ui-pop", "UI", Scene::Close, pop),
    generator("ui-toggle", "UI", Scene::Close, toggle),
];

/// What an oscillator plays.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Wave {
    /// A pure tone.
    Sine,
    /// Odd harmonics falling by 12 dB per octave.
    Triangle,
    /// A hollow, loud 8-bit tone.
    Square,
    /// A sine with some of its second and fourth harmonics, as of a small bell.
    Soft,
    /// A sine whose phase a second sine of 3.5 times its frequency moves (frequency modulation, Chowning 1973).
    Glass,
}

/// All waves.
pub(crate) const WAVES: [Wave; 5] = [Wave::Sine, Wave::Triangle, Wave::Square, Wave::Soft, Wave::Glass];

impl Wave {
    /// Value at a phase in cycles.
    pub(crate) fn at(self, phase: f32, t: f32) -> f32 {
        let x = TAU * phase;
        match self {
            Self::Sine => x.sin(),
            Self::Triangle => 4.0 * (phase - 0.5).abs() - 1.0,
            // Rounded, so that its highest harmonics do not alias audibly.
            Self::Square => (8.0 * x.sin()).tanh() * 0.7,
            Self::Soft => 0.75 * x.sin() + 0.2 * (2.0 * x).sin() + 0.08 * (4.0 * x).sin(),
            Self::Glass => (x + 1.6 * decay(t, 0.25) * (3.5 * x).sin()).sin(),
        }
    }

    /// The word of the timbre, where it has one.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Square => "8 bit",
            Self::Soft | Self::Sine => "soft",
            _ => "",
        }
    }
}

/// A plucked note of `seconds` to 60 dB.
pub(crate) fn note(wave: Wave, hz: f32, seconds: f32) -> Sound {
    let gain = |t: f32| attack_decay(t, 0.003, seconds);
    Sound::tone(seconds, |_| hz, |phase, t| gain(t) * wave.at(phase, t)).fade(0.001, 0.01)
}

/// A held note with short edges.
pub(crate) fn held(wave: Wave, hz: f32, seconds: f32) -> Sound {
    Sound::tone(seconds, |_| hz, |phase, t| wave.at(phase, t)).fade(0.004, 0.006)
}

/// Notes of a chord or a tune: `(start in seconds, ratio)`.
fn tune(wave: Wave, hz: f32, notes: &[(f32, f32)], seconds: f32) -> Sound {
    let mut out = Sound::silence(0.0);
    for &(at, ratio) in notes {
        out.mix(at, 0.8, &note(wave, hz * ratio, seconds));
    }
    out
}

/// The word of a pitch between 300 and 3000 Hz.
fn height(rng: &mut Rng, hz: f32) -> &'static str {
    grade(rng, (hz / 300.0).ln() / 10.0f32.ln(), &["low", "low pitched"], &["high pitched", "high"])
}

/// One to four equal tones.
fn beep(rng: &mut Rng) -> Take {
    let (wave, hz, count) = (rng.pick(&WAVES[..4]), rng.log_range(350.0, 2900.0), rng.count(1, 4));
    let seconds = rng.log_range(0.06, 0.5);
    let seconds = if count > 1 { seconds.min(0.18) } else { seconds };
    let gap = rng.range(0.6, 1.1) * seconds;
    rng.vary();
    let hz = rng.around(hz, 0.02);
    let mut out = Sound::silence(0.0);
    for index in 0..count {
        out.mix(index as f32 * (seconds + gap), 1.0, &held(wave, hz, seconds));
    }
    let number = ["", "", "double", "triple", ""][count];
    let length = if count > 1 {
        ""
    } else if seconds > 0.35 {
        "long"
    } else if seconds < 0.12 {
        "short"
    } else {
        ""
    };
    let pitch = height(rng, hz);
    let templates: &[&str] = match count {
        1 => &[
            "{pitch} ui beep",
            "{length} beep",
            "a {length} {pitch} beep",
            "interface beep",
            "computer beep",
        ],
        4 => &["four quick beeps", "ui beeps", "{pitch} beeps in a row"],
        _ => {
            &["{number} beep", "{number} ui beep", "{pitch} {number} beep", "{number} {pitch} computer beep"]
        }
    };
    let values = [("pitch", pitch), ("length", length), ("number!", number)];
    Take { sound: out, captions: captions(rng, templates, &values) }
}

/// Two or three rising consonant notes.
fn confirm(rng: &mut Rng) -> Take {
    let (wave, hz) = (rng.pick(&WAVES), rng.log_range(420.0, 1100.0));
    let steps =
        rng.pick(&[&[1.0, 1.5][..], &[1.0, 1.335], &[1.0, 1.26, 1.5], &[1.0, 2.0], &[1.0, 1.25, 1.5, 2.0]]);
    let (gap, seconds) = (rng.range(0.06, 0.13), rng.range(0.2, 0.6));
    rng.vary();
    let hz = rng.around(hz, 0.03);
    let notes: Vec<_> = steps.iter().enumerate().map(|(k, ratio)| (k as f32 * gap, *ratio)).collect();
    let word = wave.word();
    let templates = [
        "{word} ui confirm",
        "{word} success sound",
        "interface confirm, rising notes",
        "positive ui sound",
        "menu select",
    ];
    Take { sound: tune(wave, hz, &notes, seconds), captions: captions(rng, &templates, &[("word", word)]) }
}

/// Low, falling or repeated notes, buzzing or dull.
fn error(rng: &mut Rng) -> Take {
    let (kind, hz) = (rng.count(0, 2), rng.log_range(110.0, 380.0));
    let wave = rng.pick(&[Wave::Square, Wave::Triangle, Wave::Square, Wave::Soft]);
    let seconds = rng.range(0.1, 0.28);
    rng.vary();
    let hz = rng.around(hz, 0.03);
    let mut out = Sound::silence(0.0);
    match kind {
        0 => {
            for index in 0..2 {
                out.mix(index as f32 * seconds * 1.35, 0.9, &held(wave, hz, seconds));
            }
        }
        1 => {
            out.mix(0.0, 0.9, &held(wave, hz * 1.41, seconds));
            out.mix(seconds, 0.9, &held(wave, hz, seconds * 1.6));
        }
        _ => {
            let beat = held(wave, hz, seconds * 2.0).plus(1.0, &held(wave, hz * 1.06, seconds * 2.0));
            out.mix(0.0, 0.5, &beat);
        }
    }
    let buzz = if wave == Wave::Square { "buzzing" } else { "low" };
    let templates: &[&str] = match kind {
        0 => &["{buzz} ui error", "error sound, two low notes", "access denied beep", "wrong answer sound"],
        1 => &["{buzz} ui error", "error sound, falling notes", "negative ui sound", "failure sound"],
        _ => &["{buzz} error buzzer", "wrong answer buzzer", "ui error"],
    };
    Take { sound: out.low_pass(5000.0), captions: captions(rng, templates, &[("buzz", buzz)]) }
}

/// Bell-like tunes of two to four notes that ring out.
fn notification(rng: &mut Rng) -> Take {
    let (wave, hz) = (rng.pick(&[Wave::Glass, Wave::Soft, Wave::Sine]), rng.log_range(500.0, 1300.0));
    let scale = [1.0, 1.125, 1.25, 1.5, 1.667, 2.0];
    let count = rng.count(1, 4);
    let (gap, seconds) = (rng.range(0.08, 0.2), rng.range(0.5, 1.4));
    let notes: Vec<_> = (0..count).map(|k| (k as f32 * gap, rng.pick(&scale))).collect();
    rng.vary();
    let hz = rng.around(hz, 0.03);
    let word = if wave == Wave::Glass { "bell like" } else { wave.word() };
    let templates: &[&str] = if count == 1 {
        &["{word} notification ding", "single notification chime", "message notification sound"]
    } else {
        &[
            "{word} notification sound",
            "notification chime",
            "phone notification",
            "{word} message alert tune",
        ]
    };
    Take { sound: tune(wave, hz, &notes, seconds), captions: captions(rng, templates, &[("word", word)]) }
}

/// A very short tone that may bend.
fn blip(rng: &mut Rng) -> Take {
    let (wave, hz, bend) = (rng.pick(&WAVES), rng.log_range(300.0, 2600.0), rng.pick(&[-0.5, 0.0, 0.6]));
    let seconds = rng.range(0.03, 0.11);
    rng.vary();
    let hz = rng.around(hz, 0.05);
    let pitch = |t: f32| hz * (1.0 + bend * t / seconds);
    let gain = |t: f32| attack_decay(t, 0.002, seconds * 1.3);
    let sound = Sound::tone(seconds, pitch, |phase, t| gain(t) * wave.at(phase, t)).fade(0.001, 0.008);
    let word = if bend > 0.0 {
        "rising"
    } else if bend < 0.0 {
        "falling"
    } else {
        ""
    };
    let pitch = height(rng, hz);
    let templates = [
        "{pitch} ui blip",
        "short {word} button blip",
        "{word} menu blip",
        "button click blip",
        "ui select blip",
    ];
    Take { sound, captions: captions(rng, &templates, &[("word", word), ("pitch", pitch)]) }
}

/// Filtered air that passes by.
fn swipe(rng: &mut Rng) -> Take {
    let (up, seconds, fast) = (rng.chance(0.5), rng.range(0.12, 0.5), rng.unit());
    let seconds = seconds * (1.3 - 0.6 * fast);
    let (low, high) = (rng.range(500.0, 1100.0), rng.range(2800.0, 7000.0));
    rng.vary();
    let track = |t: f32| {
        let x = t / seconds;
        low * (high / low).powf(if up { x } else { 1.0 - x })
    };
    let air = white(rng, seconds).sweep(Pass::Band, 1.3, track).shape(|t| hump(t, seconds).powi(2));
    let word = if up { "upward" } else { "downward" };
    let speed = grade(rng, fast, &["slow"], &["fast", "quick"]);
    let templates =
        ["{speed} ui swipe", "{word} swipe sound", "{speed} interface swoosh", "menu slides, {word} swish"];
    Take {
        sound: air.to_peak(1.0),
        captions: captions(rng, &templates, &[("word!", word), ("speed", speed)]),
    }
}

/// Blips as letters appear in a game's text box, or on a terminal.
fn typing(rng: &mut Rng) -> Take {
    let (wave, hz, pace, count) =
        (rng.pick(&WAVES), rng.log_range(350.0, 1800.0), rng.unit(), rng.count(6, 28));
    let gap = 0.14 - 0.09 * pace;
    let steady = rng.chance(0.5);
    rng.vary();
    let mut out = Sound::silence(0.0);
    let mut at = 0.0;
    for _ in 0..count {
        let hz = if steady { hz } else { hz * rng.range(0.85, 1.2) };
        out.mix(at, rng.range(0.8, 1.0), &note(wave, hz, 0.035));
        at += if rng.chance(0.12) { gap * 2.0 } else { rng.around(gap, 0.05) };
    }
    let speed = grade(rng, pace, &["slow"], &["fast"]);
    let templates = [
        "{speed} text typing blips",
        "{speed} dialogue text blips",
        "game text scrolling beeps",
        "computer typing beeps",
    ];
    Take { sound: out, captions: captions(rng, &templates, &[("speed", speed)]) }
}

/// A bubble-like pop: a sine that shoots up.
fn pop(rng: &mut Rng) -> Take {
    let (hz, rise, seconds) = (rng.log_range(250.0, 800.0), rng.range(1.5, 3.5), rng.range(0.05, 0.12));
    rng.vary();
    let hz = rng.around(hz, 0.08);
    let click = burst(rng, 2500.0, 0.7, 0.008);
    let pitch = |t: f32| hz * (1.0 + (rise - 1.0) * t / seconds);
    let sound = Sound::sine(seconds, pitch, |t| attack_decay(t, 0.004, seconds)).plus(0.15, &click);
    let templates = ["ui pop", "bubble pop button", "soft pop interface sound", "message pop"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// A switch on a screen: two tiny clicks, the second higher for on and lower for off.
fn toggle(rng: &mut Rng) -> Take {
    let (on, hz, gap) = (rng.chance(0.5), rng.log_range(700.0, 1800.0), rng.range(0.04, 0.09));
    rng.vary();
    let hz = rng.around(hz, 0.05);
    let second = if on { 1.35 } else { 0.72 };
    let mut out = note(Wave::Sine, hz, 0.05).plus(0.3, &burst(rng, 3000.0, 0.8, 0.01));
    out.mix(gap, 1.0, &note(Wave::Sine, hz * second, 0.08));
    let word = if on { "on" } else { "off" };
    let templates = ["ui toggle {word}", "interface switch {word}", "soft toggle click {word}"];
    Take { sound: out, captions: captions(rng, &templates, &[("word!", word)]) }
}
