//! Electronic alarms, telephones and beepers.

use super::caption::captions;
use super::filter::pink;
use super::rng::Rng;
use super::signal::Sound;
use super::{Generator, Scene, Take, generator};
use std::f32::consts::TAU;

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("alarm-clock", "ALARMS", Scene::Indoors, alarm_clock),
    generator("smoke-alarm", "ALARMS", Scene::Indoors, smoke_alarm),
    generator("siren-wail", "ALARMS", Scene::Outdoors, siren_wail),
    generator("siren-yelp", "ALARMS", Scene::Outdoors, siren_yelp),
    generator("siren-two-tone", "ALARMS", Scene::Outdoors, siren_two_tone),
    generator("civil-siren", "ALARMS", Scene::Outdoors, civil_siren),
    generator("reversing-beeps", "ALARMS", Scene::Outdoors, reversing_beeps),
    generator("car-alarm", "ALARMS", Scene::Outdoors, car_alarm),
    generator("buzzer", "ALARMS", Scene::Indoors, buzzer),
    generator("dialling", "COMMUNICATIONS", Scene::Close, dialling),
    generator("line-tone", "COMMUNICATIONS", Scene::Close, line_tone),
    generator("ringtone", "COMMUNICATIONS", Scene::Indoors, ringtone),
    generator("morse", "COMMUNICATIONS", Scene::Close, morse),
    generator("radio-static", "ELECTRONICS", Scene::Close, radio_static),
];

/// A square wave with rounded corners: a piezo disc in its case.
fn piezo(phase: f32) -> f32 {
    (3.5 * (TAU * phase).sin()).tanh()
}

/// A beep with millisecond ramps.
fn beep(hz: f32, seconds: f32) -> Sound {
    Sound::tone(seconds, |_| hz, |phase, _| piezo(phase)).fade(0.002, 0.004)
}

/// Groups of beeps.
fn alarm_clock(rng: &mut Rng) -> Take {
    let (hz, per_group, beep_s) =
        (rng.log_range(1700.0, 2700.0), rng.pick(&[1, 2, 4, 4]), rng.range(0.05, 0.12));
    let (groups, pause_s) = (rng.count(2, 4), rng.range(0.35, 0.6));
    rng.vary();
    let mut out = Sound::silence(0.0);
    let mut at = 0.0;
    for _ in 0..groups {
        for _ in 0..per_group {
            out.mix(at, 1.0, &beep(hz * rng.range(0.997, 1.003), beep_s));
            at += beep_s * 2.0;
        }
        at += pause_s;
    }
    let templates = ["alarm clock beeping", "digital alarm clock beeps", "electronic alarm beeping"];
    Take { sound: out, captions: captions(rng, &templates, &[]) }
}

/// Three long beeps near 3.1 kHz and a pause (ISO 8201).
fn smoke_alarm(rng: &mut Rng) -> Take {
    let (hz, beep_s, beeps) = (rng.range(2900.0, 3400.0), rng.range(0.3, 0.5), rng.count(2, 3));
    rng.vary();
    let mut out = Sound::silence(0.0);
    for group in 0..2 {
        for k in 0..beeps {
            let at = group as f32 * (beeps as f32 * 2.0 * beep_s + 0.9) + k as f32 * beep_s * 2.0;
            out.mix(at, 1.0, &beep(hz * rng.range(0.998, 1.002), beep_s));
        }
    }
    let templates = ["smoke detector alarm", "smoke alarm beeping", "fire alarm beeps loudly"];
    Take { sound: out, captions: captions(rng, &templates, &[]) }
}

/// A siren's horn: bright, with a resonance near 1.5 kHz.
fn siren(seconds: f32, hz: impl Fn(f32) -> f32) -> Sound {
    let wave = |phase: f32, _| (2.2 * (TAU * phase).sin() + 0.9 * (2.0 * TAU * phase).sin()).tanh();
    let raw = Sound::tone(seconds, hz, wave);
    let horn = raw.clone().band_pass(1500.0, 0.8);
    raw.plus(1.2, &horn).high_pass(350.0).low_pass(6000.0).fade(0.03, 0.1)
}

/// A slow rise and fall: exponential, as of an oscillator whose capacitor charges.
fn siren_wail(rng: &mut Rng) -> Take {
    let (period_s, low) = (rng.range(2.6, 4.5), rng.range(500.0, 700.0));
    let (ratio, seconds) = (rng.range(1.9, 2.4), rng.range(4.0, 7.0));
    let what = rng.pick(&["police", "ambulance", "fire engine"]);
    rng.vary();
    let start = rng.unit();
    let sound = siren(seconds, |t| {
        let x = (t / period_s + start).fract();
        let rise = if x < 0.5 { 1.0 - (-6.0 * x).exp() } else { (-5.0 * (x - 0.5)).exp() * 0.95 };
        low * ratio.powf(rise)
    });
    let templates = ["{what} siren wailing", "emergency siren wail", "slow {what} siren"];
    Take { sound, captions: captions(rng, &templates, &[("what!", what)]) }
}

/// The same, several times per second.
fn siren_yelp(rng: &mut Rng) -> Take {
    let (rate_hz, low) = (rng.range(2.5, 4.5), rng.range(550.0, 700.0));
    let (ratio, seconds) = (rng.range(1.9, 2.3), rng.range(2.0, 5.0));
    let what = rng.pick(&["police", "ambulance"]);
    rng.vary();
    let start = rng.unit();
    let sound = siren(seconds, |t| {
        let x = (t * rate_hz + start).fract();
        low * ratio.powf(if x < 0.6 { x / 0.6 } else { (1.0 - x) / 0.4 })
    });
    let templates = ["{what} siren yelping", "fast {what} siren", "{what} car siren yelp"];
    Take { sound, captions: captions(rng, &templates, &[("what!", what)]) }
}

/// Two steady tones in turn, as in Europe.
fn siren_two_tone(rng: &mut Rng) -> Take {
    let (low, ratio) = (rng.range(360.0, 480.0), rng.pick(&[1.335, 1.26, 1.2]));
    let (half_s, seconds) = (rng.range(0.45, 0.7), rng.range(2.5, 6.0));
    rng.vary();
    let sound = siren(seconds, |t| {
        if (t / half_s).fract() * 2.0 % 2.0 < 1.0 && ((t / half_s) as u32).is_multiple_of(2) {
            low * ratio
        } else {
            low
        }
    });
    let templates = ["two tone ambulance siren", "european police siren", "fire engine two tone siren"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// A rotor that takes seconds to speed up: the air raid siren.
fn civil_siren(rng: &mut Rng) -> Take {
    let (top, seconds) = (rng.range(380.0, 520.0), rng.range(5.0, 7.5));
    rng.vary();
    let rise_s = seconds * rng.range(0.35, 0.5);
    let pitch = |t: f32| {
        let x =
            if t < rise_s { 1.0 - (-3.0 * t / rise_s).exp() } else { (-1.2 * (t - rise_s) / rise_s).exp() };
        60.0 + top * x
    };
    let low = Sound::tone(seconds, pitch, |phase, _| piezo(phase));
    let high = Sound::tone(seconds, |t| 1.2 * pitch(t), |phase, _| piezo(phase));
    let sound = low.plus(0.8, &high).resonances(&[(700.0, 0.8, 1.0), (1700.0, 1.2, 0.8)]).fade(0.3, 0.5);
    let templates = ["air raid siren", "civil defense siren rising and falling", "tornado siren wailing"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// A lorry that backs up.
fn reversing_beeps(rng: &mut Rng) -> Take {
    let (hz, beep_s, beeps) = (rng.range(1050.0, 1500.0), rng.range(0.35, 0.55), rng.count(3, 6));
    rng.vary();
    let mut out = pink(rng, 0.1).to_rms(0.001);
    for k in 0..beeps {
        out.mix(k as f32 * beep_s * 2.0, 1.0, &beep(hz * rng.range(0.999, 1.001), beep_s));
    }
    let templates = ["truck reversing beeps", "vehicle backing up beeper", "reversing alarm beeping"];
    Take { sound: out, captions: captions(rng, &templates, &[]) }
}

/// Short upward whoops.
fn car_alarm(rng: &mut Rng) -> Take {
    let (rate_hz, low, up) = (rng.range(2.0, 5.0), rng.range(700.0, 1000.0), rng.chance(0.6));
    let (ratio, seconds) = (rng.range(1.8, 2.6), rng.range(2.0, 4.5));
    rng.vary();
    let sound = siren(seconds, |t| {
        let x = (t * rate_hz).fract();
        low * ratio.powf(if up { x } else { 1.0 - x })
    });
    let templates = ["car alarm", "car alarm going off", "vehicle alarm whooping"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// A steel reed on mains frequency.
fn buzzer(rng: &mut Rng) -> Take {
    let (hz, seconds, times) =
        (rng.pick(&[100.0, 120.0, 150.0, 240.0]), rng.range(0.3, 1.3), rng.count(1, 2));
    let body = rng.range(700.0, 1600.0);
    rng.vary();
    let reed = |phase: f32, _| if phase < 0.3 { 1.0 - phase } else { -0.4 };
    let mut out = Sound::silence(0.0);
    for k in 0..times {
        let hz = hz * rng.range(0.99, 1.01);
        let raw = Sound::tone(seconds, |_| hz, reed);
        let buzz = raw.resonances(&[(body, 1.0, 1.0), (body * 2.7, 1.5, 0.6), (350.0, 1.0, 0.6)]);
        out.mix(k as f32 * (seconds + 0.25), 1.0, &buzz.fade(0.005, 0.02));
    }
    let times = if times == 1 { "" } else { "twice" };
    let templates = ["buzzer sounds {times}", "electric door buzzer {times}", "wrong answer buzzer {times}"];
    Take { sound: out, captions: captions(rng, &templates, &[("times!", times)]) }
}

/// Dual-tone keys (ITU-T Q.23).
fn dialling(rng: &mut Rng) -> Take {
    let (keys, key_s, gap_s) = (rng.count(1, 9), rng.range(0.09, 0.2), rng.range(0.05, 0.12));
    rng.vary();
    let mut out = Sound::silence(0.0);
    for k in 0..keys {
        let low = rng.pick(&[697.0, 770.0, 852.0, 941.0]);
        let high = rng.pick(&[1209.0, 1336.0, 1477.0]);
        let key = Sound::sine(key_s, |_| low, |_| 0.5).plus(1.0, &Sound::sine(key_s, |_| high, |_| 0.5));
        out.mix(k as f32 * (key_s + rng.around(gap_s, 0.5)), 1.0, &key.fade(0.002, 0.003));
    }
    let templates: &[&str] = if keys == 1 {
        &["telephone key tone", "single phone button tone"]
    } else {
        &["telephone dialing tones", "dialing a phone number", "touch tone phone dialing"]
    };
    Take { sound: out, captions: captions(rng, templates, &[]) }
}

/// Dial tone and busy tone of several countries.
fn line_tone(rng: &mut Rng) -> Take {
    let (busy, american) = (rng.chance(0.5), rng.chance(0.5));
    let (low, high) = match (american, busy) {
        (true, true) => (480.0, 620.0),
        (true, false) => (350.0, 440.0),
        _ => (425.0, 425.0),
    };
    let seconds = rng.range(1.5, 4.0);
    rng.vary();
    let (offset, noise) = (rng.unit(), pink(rng, seconds).to_rms(0.004));
    let gate = |t: f32| if !busy || (t + offset).fract() < 0.5 { 0.5 } else { 0.0 };
    let sound = Sound::sine(seconds, |_| low, gate).plus(1.0, &Sound::sine(seconds, |_| high, gate));
    let templates: &[&str] = if busy {
        &["telephone busy signal", "phone busy tone beeping", "engaged tone"]
    } else {
        &["telephone dial tone", "phone dial tone humming", "steady dial tone"]
    };
    Take { sound: sound.plus(1.0, &noise), captions: captions(rng, templates, &[]) }
}

/// A warbling or melodic mobile ring.
fn ringtone(rng: &mut Rng) -> Take {
    let (hz, warble) = (rng.log_range(800.0, 1600.0), rng.chance(0.5));
    let steps: Vec<f32> = (0..6).map(|_| rng.pick(&[1.0, 1.125, 1.25, 1.5, 1.667, 2.0])).collect();
    let (note_s, rings) = (rng.range(0.07, 0.16), rng.count(1, 3));
    rng.vary();
    let mut out = Sound::silence(0.0);
    for ring in 0..rings {
        for k in 0..if warble { 14 } else { 12 } {
            let ratio = if warble { [1.0, 1.25][k % 2] } else { steps[k % steps.len()] };
            let length = if warble { note_s * 0.5 } else { note_s };
            let hz = hz * ratio * rng.range(0.998, 1.002);
            out.mix(ring as f32 * 1.7 + k as f32 * length, 1.0, &beep(hz, length * 0.95));
        }
    }
    let templates: &[&str] = if warble {
        &["cordless phone ringing", "electronic telephone ring", "phone ringing"]
    } else {
        &["mobile phone ringtone", "cell phone ringing", "ringtone melody"]
    };
    Take { sound: out, captions: captions(rng, templates, &[]) }
}

/// Random letters: dots, dashes and gaps in units.
fn morse(rng: &mut Rng) -> Take {
    let (hz, unit_s, letters) = (rng.range(550.0, 900.0), rng.range(0.05, 0.09), rng.count(3, 7));
    rng.vary();
    let mut out = Sound::silence(0.0);
    let mut at = 0.0;
    for _ in 0..letters {
        for _ in 0..rng.count(1, 4) {
            let length = if rng.chance(0.5) { unit_s } else { 3.0 * unit_s };
            out.mix(at, 1.0, &Sound::sine(length, |_| hz, |_| 1.0).fade(0.004, 0.004));
            at += length + unit_s;
        }
        at += 2.0 * unit_s;
    }
    let noise = pink(rng, at).to_rms(0.01);
    let templates = ["morse code beeps", "morse code message", "telegraph beeping in morse code"];
    Take { sound: out.plus(1.0, &noise), captions: captions(rng, &templates, &[]) }
}

/// Hiss between stations, with crackles and a whistle that drifts.
fn radio_static(rng: &mut Rng) -> Take {
    let (seconds, tuning) = (rng.range(1.0, 4.0), rng.chance(0.4));
    rng.vary();
    let hiss = super::filter::white(rng, seconds).band_pass(2200.0, 0.4);
    let crackle = super::filter::impulses(rng, seconds, |_| 30.0).band_pass(1800.0, 0.6);
    let mut sound = hiss.plus(3.0, &crackle);
    if tuning {
        let drift = rng.range(0.2, 0.6);
        let whistle = Sound::sine(seconds, |t| 300.0 + 2500.0 * (t * drift * TAU).sin().abs(), |_| 0.25);
        sound = sound.plus(1.0, &whistle);
    }
    let templates: &[&str] = if tuning {
        &["tuning a radio", "radio tuning with static and whistle"]
    } else {
        &["radio static", "white noise static from a radio", "static hiss and crackle"]
    };
    Take { sound: sound.fade(0.01, 0.02), captions: captions(rng, templates, &[]) }
}
