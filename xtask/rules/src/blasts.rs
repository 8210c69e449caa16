//! Blasts: the pressure wave of an explosion (Friedlander, 1946), its echoes, and thunder as a long crooked channel of
//! which every part explodes at once (Few, 1969).

use super::caption::{captions, grade};
use super::filter::{Pass, brown, burst, pink, white};
use super::modal::{Material, hit, plate};
use super::rng::Rng;
use super::room::SOUND_SPEED;
use super::signal::{Curve, Sound, attack_decay, decay};
use super::{Generator, Scene, Take, generator};

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("thunder", "WEATHER", Scene::Close, thunder),
    generator("explosion", "EXPLOSIONS", Scene::Close, explosion),
    generator("gunshot", "GUNS", Scene::Anywhere, gunshot),
    generator("gun-burst", "GUNS", Scene::Anywhere, gun_burst),
    generator("gun-reload", "GUNS", Scene::Indoors, gun_reload),
    generator("firework", "FIREWORKS", Scene::Close, firework),
    generator("firecrackers", "FIREWORKS", Scene::Outdoors, firecrackers),
    generator("cannon", "GUNS", Scene::Outdoors, cannon),
];

/// Friedlander's wave, `(1 - t/d) exp(-t/d)`, of positive duration `d`: the longer, the larger and lower the blast.
fn friedlander(duration_s: f32) -> Sound {
    Sound::render(duration_s * 7.0, |t| (1.0 - t / duration_s) * (-t / duration_s).exp())
}

/// A blast with the noise of its gas; `power` from 0 (small) to 1 (large).
fn blast(rng: &mut Rng, duration_s: f32, t60_s: f32, bright_hz: f32) -> Sound {
    let gas = white(rng, t60_s).shape(|t| attack_decay(t, 0.0005, t60_s));
    let gas = gas.sweep(Pass::Low, 0.7, |t| 250.0 + bright_hz * decay(t, t60_s * 0.7));
    let rumble = brown(rng, t60_s).shape(|t| attack_decay(t, 0.004, t60_s));
    friedlander(duration_s).plus(0.8, &gas.to_peak(1.0)).plus(0.5, &rumble.to_peak(1.0))
}

/// Echoes from trees, houses or hills, each duller and later, and the countless weak ones between them.
fn echoes(rng: &mut Rng, sound: &Sound, count: usize, first_m: f32, level: f32) -> Sound {
    let mut out = sound.clone();
    let scatter_s = 0.5 + 0.02 * first_m;
    let scatter = white(rng, scatter_s).sweep(Pass::Low, 0.6, |t| 900.0 + 3800.0 * decay(t, scatter_s));
    let scatter = scatter.shape(|t| attack_decay(t, 0.02, scatter_s)).to_peak(0.5 * level * sound.peak());
    out.mix(0.012, 1.0, &scatter);
    let mut path_m = first_m;
    for _ in 0..count {
        path_m *= rng.range(1.15, 1.6);
        let dull_hz = 60_000.0 / path_m.max(12.0);
        out.mix(path_m / SOUND_SPEED, level * first_m / path_m, &sound.clone().low_pass(dull_hz));
    }
    out
}

/// The crack from the nearest part of the channel, then rumble from parts that are further and further away.
fn thunder(rng: &mut Rng) -> Take {
    let (far, seconds) = (rng.unit(), rng.range(5.0, 8.0));
    let near = 1.0 - far;
    rng.vary();
    let mut sound = Sound::silence(seconds);
    let mut at = if near > 0.5 { 0.02 } else { 0.3 };
    for k in 0..240 {
        let dull_hz = (6500.0 * near + 700.0) / (1.0 + 0.6 * at);
        let loud = (1.0 / (1.0 + 0.5 * at)) * rng.log_range(0.2, 1.0) * if k < 6 { 0.5 + near } else { 0.7 };
        let clap = white(rng, 0.35)
            .shape(|t| attack_decay(t, if k < 4 { 0.003 } else { 0.05 } + 0.05 * far, 0.3))
            .low_pass(dull_hz);
        sound.mix(at, loud, &clap);
        at += rng.wait(if at < 0.6 { 0.012 } else { 0.035 });
        if at > seconds - 0.6 {
            break;
        }
    }
    let roll = Curve::wander(rng, seconds, 0.35, 0.25, 1.0);
    let rumble =
        brown(rng, seconds).low_pass(420.0).shape(|t| roll.at(t) * attack_decay(t, 0.2 + far, seconds * 1.3));
    let sound = sound.to_peak(1.0).plus(0.6 + 0.5 * far, &rumble.to_peak(1.0)).fade(0.002, 1.2);
    let templates: &[&str] = match far {
        v if v > 0.6 => &["distant thunder rumbling", "thunder rolling far away", "low distant thunder"],
        v if v < 0.35 => {
            &["loud thunder crack", "close thunder clap and rumble", "lightning strike and thunder"]
        }
        _ => &["thunder", "thunder rumble", "thunderstorm thunder"],
    };
    Take { sound, captions: captions(rng, templates, &[]) }
}

/// A bomb or a tank of fuel.
fn explosion(rng: &mut Rng) -> Take {
    let (large, far) = (rng.unit(), rng.chance(0.3));
    let (duration_s, t60_s) = (0.006 + 0.025 * large, 0.9 + 2.2 * large);
    rng.vary();
    let mut sound = blast(rng, duration_s, t60_s, 5500.0 - 3000.0 * large);
    let roar = pink(rng, t60_s * 1.2).low_pass(900.0).shape(|t| attack_decay(t, 0.06, t60_s * 1.2));
    sound.mix(0.03, 0.6, &roar.to_peak(1.0));
    for _ in 0..(50.0 * large) as usize {
        let at = 0.25 + rng.wait(0.4).min(2.0);
        sound.mix(at, 0.12 * rng.unit(), &burst(rng, 1800.0, 0.7, 0.04));
    }
    let sound = echoes(rng, &sound.map(|x| (1.6 * x).tanh()), 4, 45.0, 0.4);
    let sound = if far { sound.low_pass(500.0).low_pass(900.0) } else { sound };
    let size = grade(rng, large, &["small"], &["big", "huge", "large"]);
    let templates: &[&str] = if far {
        &["distant {size} explosion", "{size} explosion far away", "distant {size} bomb blast"]
    } else {
        &["{size} explosion", "{size} bomb exploding", "{size} explosion blast"]
    };
    Take { sound: sound.fade(0.0003, 0.5), captions: captions(rng, templates, &[("size", size)]) }
}

/// What is fired: duration of the pressure wave, decay, brightness.
fn shot(rng: &mut Rng, heavy: f32, supersonic: bool) -> Sound {
    let muzzle = blast(rng, 0.0006 + 0.0016 * heavy, 0.25 + 0.3 * heavy, 9000.0 - 4000.0 * heavy);
    let mut sound = muzzle.map(|x| (2.5 * x).tanh());
    if supersonic {
        // The bullet's shock is an N wave that arrives before the muzzle's blast.
        let n_wave = Sound::render(0.0004, |t| 1.0 - 2.0 * t / 0.0004);
        let mut early = n_wave.plus(0.5, &white(rng, 0.03).shape(|t| decay(t, 0.03)).high_pass(2500.0));
        early.mix(rng.range(0.004, 0.02), 1.0, &sound);
        sound = early;
    }
    echoes(rng, &sound, 6, 14.0, 0.35)
}

/// One shot.
fn gunshot(rng: &mut Rng) -> Take {
    let kind = rng.count(0, 2);
    let (what, heavy, supersonic) =
        [("pistol", 0.2, false), ("rifle", 0.5, true), ("shotgun", 1.0, false)][kind];
    let shots = if rng.chance(0.7) { 1 } else { 2 };
    rng.vary();
    let mut sound = Sound::silence(0.0);
    for k in 0..shots {
        let at = k as f32 * rng.range(0.45, 0.8);
        sound.mix(at, rng.range(0.9, 1.0), &shot(rng, heavy, supersonic));
    }
    let times = if shots == 1 { rng.pick(&["single", ""]) } else { "two" };
    let templates: &[&str] = if shots == 1 {
        &["{times} {what} shot", "{times} {what} gunshot", "{what} fired once", "{times} gun shot"]
    } else {
        &["{times} {what} shots", "{times} gunshots", "{what} fired twice"]
    };
    Take { sound, captions: captions(rng, templates, &[("times!", times), ("what!", what)]) }
}

/// An automatic weapon.
fn gun_burst(rng: &mut Rng) -> Take {
    let (rate_hz, rounds, heavy) = (rng.range(8.5, 14.0), rng.count(3, 24), rng.unit());
    rng.vary();
    let mut sound = Sound::silence(0.0);
    let one = shot(rng, 0.2 + 0.5 * heavy, true);
    for k in 0..rounds {
        let at = (k as f32 + 0.05 * rng.unit()) / rate_hz;
        sound.mix(at, rng.range(0.8, 1.0), &one);
        let bolt = plate(rng, Material::Metal, 900.0, 14, 150.0);
        sound.mix(at + 0.03, 0.12, &hit(rng, Material::Metal, &bolt, 0.2));
    }
    let length = if rounds < 7 { "short" } else { "long" };
    let templates = [
        "{length} machine gun burst",
        "machine gun firing a {length} burst",
        "{length} burst of automatic gunfire",
    ];
    Take { sound, captions: captions(rng, &templates, &[("length!", length)]) }
}

/// Magazine out, magazine in, slide.
fn gun_reload(rng: &mut Rng) -> Take {
    let (slide_only, hz) = (rng.chance(0.4), rng.log_range(600.0, 1100.0));
    rng.vary();
    let mut sound = Sound::silence(0.0);
    let steps: &[(f32, f32, f32)] = if slide_only {
        &[(0.0, 0.7, 1.2), (0.16, 1.0, 0.9)]
    } else {
        &[(0.0, 0.5, 1.4), (0.45, 0.8, 0.8), (0.85, 0.7, 1.2), (1.02, 1.0, 0.9)]
    };
    for &(at, gain, pitch) in steps {
        let modes = plate(rng, Material::Metal, hz * pitch, 24, 90.0);
        let at = at * rng.range(0.9, 1.1);
        sound.mix(at, gain, &hit(rng, Material::Metal, &modes, 0.2));
        let scrape = white(rng, 0.07).shape(|t| t / 0.07).band_pass(2800.0, 0.8);
        sound.mix((at - 0.07).max(0.0), 0.25 * gain, &scrape);
        sound.mix(at, 0.4 * gain, &burst(rng, 420.0, 0.7, 0.04));
    }
    let templates: &[&str] = if slide_only {
        &["pistol slide racked", "cocking a gun", "gun cocked"]
    } else {
        &["reloading a pistol", "gun reload", "magazine inserted and gun cocked"]
    };
    Take { sound, captions: captions(rng, templates, &[]) }
}

/// The shell whistles up, bursts, and its stars crackle.
fn firework(rng: &mut Rng) -> Take {
    let (launch, crackle, hz) = (rng.chance(0.55), rng.chance(0.6), rng.range(1500.0, 2600.0));
    rng.vary();
    let mut sound = Sound::silence(0.0);
    let mut at = 0.0;
    if launch {
        at = rng.range(0.9, 1.6);
        let end = at;
        let whistle = Sound::sine(end, |t| hz * (1.15 - 0.45 * t / end), |t| 0.7 * (1.0 - t / end).powf(0.6));
        let fizz = white(rng, end).band_pass(3500.0, 0.6).shape(|t| 0.35 * (1.0 - t / end));
        sound.mix(0.0, 0.3, &whistle.plus(0.8, &fizz).fade(0.05, 0.2));
        at += rng.range(0.05, 0.3);
    }
    let boom = blast(rng, 0.006, 0.8, 3500.0);
    sound.mix(at, 1.0, &echoes(rng, &boom, 5, 60.0, 0.45));
    if crackle {
        for _ in 0..rng.count(60, 140) {
            let late = 0.35 + rng.wait(0.45).min(1.8);
            sound.mix(at + late, rng.log_range(0.04, 0.3), &burst(rng, 3200.0, 0.5, 0.025));
        }
    }
    let templates: &[&str] = match (launch, crackle) {
        (true, true) => &[
            "firework launches, explodes and crackles",
            "firework rocket whistles up and bursts",
            "fireworks",
        ],
        (true, false) => &["firework rocket whistles and explodes", "firework launch and bang", "fireworks"],
        (false, true) => &["firework explodes and crackles", "crackling firework burst", "fireworks"],
        _ => &["firework boom", "firework explosion", "single firework bang"],
    };
    Take { sound: sound.fade(0.001, 0.4), captions: captions(rng, templates, &[]) }
}

/// A string of small charges.
fn firecrackers(rng: &mut Rng) -> Take {
    let (seconds, rate_hz) = (rng.range(0.8, 3.0), rng.range(9.0, 24.0));
    rng.vary();
    let mut sound = Sound::silence(0.0);
    let mut at = 0.0;
    while at < seconds {
        let bang = blast(rng, 0.0005, 0.09, 9000.0).map(|x| (2.0 * x).tanh());
        sound.mix(at, rng.log_range(0.3, 1.0), &echoes(rng, &bang, 3, 9.0, 0.4));
        at += rng.wait(1.0 / rate_hz);
    }
    let templates = ["firecrackers popping", "string of firecrackers exploding", "firecrackers"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// Black powder in a long barrel.
fn cannon(rng: &mut Rng) -> Take {
    let large = rng.unit();
    rng.vary();
    let boom = blast(rng, 0.008 + 0.008 * large, 0.9 + 0.7 * large, 2500.0).map(|x| (1.8 * x).tanh());
    let sound = echoes(rng, &boom, 6, 70.0, 0.5).fade(0.0005, 0.6);
    let size = grade(rng, large, &["small"], &["large", "heavy"]);
    let templates = ["{size} cannon fired", "{size} cannon shot", "{size} cannon blast"];
    Take { sound, captions: captions(rng, &templates, &[("size", size)]) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::samples_in;

    #[test]
    fn larger_blasts_are_lower() {
        let bright =
            |duration_s| friedlander(duration_s).high_pass(500.0).rms() / friedlander(duration_s).rms();
        assert!(bright(0.004) < 0.7 * bright(0.0006), "{} {}", bright(0.004), bright(0.0006));
    }

    #[test]
    fn the_wave_turns_to_suction_after_its_duration() {
        let wave = friedlander(0.002);
        assert!(wave.samples[samples_in(0.001)] > 0.0 && wave.samples[samples_in(0.003)] < 0.0);
    }
}
