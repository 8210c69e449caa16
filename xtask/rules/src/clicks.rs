//! Small mechanisms: clocks, keyboards, buttons, cameras.

use super::caption::{captions, grade};
use super::filter::{burst, white};
use super::modal::{Material, Mode, hit, plate, resonate, strike};
use super::rng::Rng;
use super::signal::{Sound, decay, hump};
use super::{Generator, Scene, Take, generator};

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("clock-tick", "CLOCKS", Scene::Indoors, clock_tick),
    generator("watch-tick", "CLOCKS", Scene::Close, watch_tick),
    generator("typing", "COMPUTERS", Scene::Indoors, typing),
    generator("typewriter", "MECHANICAL", Scene::Indoors, typewriter),
    generator("mouse-click", "COMPUTERS", Scene::Close, mouse_click),
    generator("switch-click", "MECHANICAL", Scene::Indoors, switch_click),
    generator("camera-shutter", "MECHANICAL", Scene::Indoors, camera_shutter),
    generator("stapler", "MECHANICAL", Scene::Indoors, stapler),
    generator("pen-click", "MECHANICAL", Scene::Close, pen_click),
    generator("ratchet", "TOOLS", Scene::Indoors, ratchet),
    generator("gears", "MECHANICAL", Scene::Indoors, gears),
];

/// A small case of a material, struck: contact click and modes of the case.
fn click(rng: &mut Rng, material: Material, hz: f32, held: f32, noise_hz: f32) -> Sound {
    let modes = plate(rng, material, hz, 14, held);
    let snap = white(rng, 0.012).shape(|t| decay(t, 0.012)).high_pass(noise_hz * 0.4);
    hit(rng, material, &modes, 0.12).plus(0.7, &burst(rng, noise_hz, 0.6, 0.015)).plus(0.5, &snap)
}

/// The escapement of a clock: several metal contacts within 15 ms, in a wooden case.
fn escapement(rng: &mut Rng, hz: f32, case: &[Mode], contacts: &[(f32, f32)]) -> Sound {
    let mut force = Sound::silence(0.15);
    for &(at, gain) in contacts {
        force.mix(at, gain, &burst(rng, hz, 0.7, 0.007));
    }
    let body = resonate(&force, case).to_peak(1.0);
    force.to_peak(1.0).plus(0.35, &body)
}

/// A wall or grandfather clock; tick and tock differ in pitch and strength.
fn clock_tick(rng: &mut Rng) -> Take {
    let (slow, alternating) = (rng.unit(), rng.chance(0.7));
    let period_s = 0.3 + 0.7 * slow;
    let (hz, case_hz) = (rng.log_range(2600.0, 5200.0), rng.log_range(700.0, 1900.0));
    let contacts: Vec<_> =
        (0..rng.count(2, 4)).map(|_| (rng.range(0.0, 0.022), rng.range(0.2, 1.0))).collect();
    let ticks = (rng.range(2.5, 6.0) / period_s) as usize + 2;
    rng.vary();
    let mut out = Sound::silence(0.0);
    for k in 0..ticks {
        let tock = alternating && k % 2 == 1;
        let pitch = if tock { 0.8 } else { 1.0 };
        let case: Vec<_> = [1.0, 2.3, 3.9, 5.6]
            .iter()
            .map(|ratio| Mode { hz: case_hz * ratio * pitch, t60_s: 0.03, gain: 1.0 / ratio })
            .collect();
        let tick = escapement(rng, hz * pitch, &case, &contacts);
        out.mix(k as f32 * period_s, rng.range(0.9, 1.0) * if tock { 0.8 } else { 1.0 }, &tick);
    }
    let pace = grade(rng, slow, &["fast"], &["slow"]);
    let what = if slow > 0.75 { "grandfather clock" } else { "clock" };
    let templates: &[&str] = if alternating {
        &[
            "{pace} {what} ticking",
            "{pace} tick tock of a clock",
            "{what} ticking {pace}",
            "wall clock tick tock",
        ]
    } else {
        &["{pace} {what} ticking", "clock ticks", "{pace} ticking clock"]
    };
    Take { sound: out, captions: captions(rng, templates, &[("pace", pace), ("what!", what)]) }
}

/// Five or six light ticks per second.
fn watch_tick(rng: &mut Rng) -> Take {
    let (rate_hz, hz, seconds) =
        (rng.pick(&[4.0, 5.0, 5.5, 6.0]), rng.log_range(3500.0, 6500.0), rng.range(2.0, 5.0));
    rng.vary();
    let mut out = Sound::silence(0.0);
    for k in 0..(seconds * rate_hz) as usize {
        let modes =
            [Mode { hz: hz * 0.45, t60_s: 0.03, gain: 1.0 }, Mode { hz: hz * 1.1, t60_s: 0.02, gain: 0.7 }];
        let pitch = if k % 2 == 0 { 1.0 } else { 0.88 };
        let tick = escapement(rng, hz * pitch, &modes, &[(0.0, 0.5), (0.006, 1.0), (0.011, 0.4)]);
        out.mix(k as f32 / rate_hz, rng.range(0.85, 1.0), &tick);
    }
    let templates = ["pocket watch ticking", "stopwatch ticking fast", "small watch ticking quickly"];
    Take { sound: out, captions: captions(rng, &templates, &[]) }
}

/// One key: bottoming out, and the quieter release.
fn key(rng: &mut Rng, hz: f32, clicky: f32) -> Sound {
    let wide = rng.chance(0.15);
    let hz = if wide { hz * 0.6 } else { rng.around(hz, 0.15) };
    let mut out = click(rng, Material::Plastic, hz, 160.0, 2600.0 + 2200.0 * clicky);
    out.mix(0.0, 0.15, &burst(rng, 320.0, 0.7, 0.03));
    let release = rng.range(0.05, 0.1);
    out.mix(release, rng.range(0.2, 0.45), &click(rng, Material::Plastic, hz * 1.5, 200.0, 4500.0));
    out
}

/// Words of a few keys with gaps between them.
fn typing(rng: &mut Rng) -> Take {
    let (speed, clicky, hz) = (rng.unit(), rng.unit(), rng.log_range(700.0, 1500.0));
    let gap_s = 0.24 - 0.15 * speed;
    let keys = if rng.chance(0.12) { 1 } else { rng.count(8, 30) };
    rng.vary();
    let mut out = Sound::silence(0.0);
    let mut at = 0.0;
    for _ in 0..keys {
        out.mix(at, rng.range(0.45, 1.0), &key(rng, hz, clicky));
        at += gap_s * rng.range(0.6, 1.5) + if rng.chance(0.14) { gap_s * 1.5 } else { 0.0 };
    }
    let pace = grade(rng, speed, &["slow"], &["fast"]);
    let templates: &[&str] = if keys == 1 {
        &["single key press on a keyboard", "keyboard key press"]
    } else {
        &["{pace} typing on a keyboard", "computer keyboard {pace} typing", "{pace} keyboard typing"]
    };
    Take { sound: out, captions: captions(rng, templates, &[("pace", pace)]) }
}

/// Type bars on paper and platen, and perhaps the bell at the end of the line.
fn typewriter(rng: &mut Rng) -> Take {
    let (speed, keys, bell) = (rng.unit(), rng.count(6, 22), rng.chance(0.35));
    let gap_s = 0.3 - 0.16 * speed;
    rng.vary();
    let mut out = Sound::silence(0.0);
    let mut at = 0.0;
    for _ in 0..keys {
        let mut bar = click(rng, Material::Metal, 620.0, 120.0, 2500.0);
        bar.mix(0.0, 0.6, &burst(rng, 500.0, 0.8, 0.03));
        bar.mix(rng.range(0.03, 0.05), 0.4, &click(rng, Material::Metal, 1300.0, 150.0, 4200.0));
        out.mix(at, rng.range(0.6, 1.0), &bar);
        at += gap_s * rng.range(0.7, 1.4);
    }
    if bell {
        let modes = super::modal::partials(rng.range(2100.0, 2700.0), 1.0, 0.5, super::modal::FREE_BAR);
        out.mix(at + 0.05, 0.7, &strike(&modes, 0.12));
    }
    let pace = grade(rng, speed, &["slow"], &["fast"]);
    let end = if bell { "with bell" } else { "" };
    let templates =
        ["{pace} typewriter {end}", "typing on an old typewriter {end}", "{pace} mechanical typewriter keys"];
    Take { sound: out, captions: captions(rng, &templates, &[("pace", pace), ("end", end)]) }
}

/// Press and release of a micro switch.
fn mouse_click(rng: &mut Rng) -> Take {
    let (clicks, hz) = (rng.count(1, 3), rng.log_range(1600.0, 2800.0));
    rng.vary();
    let mut out = Sound::silence(0.0);
    for k in 0..clicks {
        let at = k as f32 * rng.range(0.16, 0.24);
        out.mix(at, 1.0, &click(rng, Material::Plastic, hz, 220.0, 3500.0));
        out.mix(at + rng.range(0.06, 0.1), 0.6, &click(rng, Material::Plastic, hz * 1.25, 260.0, 4800.0));
    }
    let times = ["single", "double", "triple"][clicks - 1];
    let templates = ["{times} mouse click", "computer mouse {times} click"];
    Take { sound: out, captions: captions(rng, &templates, &[("times!", times)]) }
}

/// A light switch or a large button.
fn switch_click(rng: &mut Rng) -> Take {
    let (heavy, button, twice) = (rng.unit(), rng.chance(0.5), rng.chance(0.3));
    let hz = 1300.0 - 900.0 * heavy;
    rng.vary();
    let mut out = Sound::silence(0.0);
    for k in 0..if twice { 2 } else { 1 } {
        let at = k as f32 * rng.range(0.35, 0.6);
        let first = click(rng, Material::Plastic, hz, 140.0, 2200.0);
        out.mix(at, 0.5, &first);
        out.mix(at + rng.range(0.012, 0.03), 1.0, &click(rng, Material::Plastic, hz * 0.8, 110.0, 3000.0));
        out.mix(at, 0.25 * heavy, &burst(rng, 180.0, 1.0, 0.05));
    }
    let weight = grade(rng, heavy, &["light", "small"], &["heavy", "big"]);
    let how = if twice { "on and off" } else { "" };
    let templates: &[&str] = if button {
        &["{weight} button click", "pressing a {weight} button", "{weight} push button pressed"]
    } else {
        &["light switch click {how}", "{weight} switch flipped {how}", "toggle switch {how}"]
    };
    Take { sound: out, captions: captions(rng, templates, &[("weight", weight), ("how!", how)]) }
}

/// Mirror up, curtain, mirror down; sometimes the motor that winds the film.
fn camera_shutter(rng: &mut Rng) -> Take {
    let (motor, shots, open_s) = (rng.chance(0.4), rng.pick(&[1, 1, 1, 2, 3]), rng.range(0.04, 0.12));
    rng.vary();
    let mut out = Sound::silence(0.0);
    let mut at = 0.0;
    for _ in 0..shots {
        for (k, gain) in [(0.0, 0.8), (0.3, 0.4), (1.0, 1.0), (1.25, 0.4)] {
            let when = at + k * open_s;
            out.mix(when, gain, &click(rng, Material::Metal, 750.0, 190.0, 3000.0));
            out.mix(when, 0.6 * gain, &burst(rng, 900.0, 0.7, 0.03));
        }
        at += open_s * 1.5;
        if motor {
            let wind_s = rng.range(0.2, 0.45);
            let whir = Sound::tone(wind_s, |_| 330.0, |phase, _| phase - 0.5)
                .resonances(&[(1400.0, 2.0, 1.0), (3000.0, 2.0, 0.7)]);
            let hiss = white(rng, wind_s).band_pass(4000.0, 1.0).to_rms(0.04);
            out.mix(at, 0.4, &whir.plus(1.0, &hiss).fade(0.02, 0.04));
            at += wind_s;
        }
        at += rng.range(0.15, 0.3);
    }
    let times = if shots == 1 { "" } else { "several times" };
    let templates = ["camera shutter {times}", "taking a photo with a camera", "camera click {times}"];
    Take { sound: out, captions: captions(rng, &templates, &[("times", times)]) }
}

/// Spring, crunch through paper, release.
fn stapler(rng: &mut Rng) -> Take {
    let (times, hz) = (rng.count(1, 3), rng.log_range(450.0, 800.0));
    rng.vary();
    let mut out = Sound::silence(0.0);
    for k in 0..times {
        let at = k as f32 * rng.range(0.5, 0.7);
        out.mix(at, 0.4, &click(rng, Material::Metal, hz * 1.6, 120.0, 2800.0));
        out.mix(at + 0.07, 1.0, &click(rng, Material::Metal, hz, 70.0, 1800.0));
        out.mix(at + 0.07, 0.7, &burst(rng, 1200.0, 0.5, 0.05));
        out.mix(at + rng.range(0.17, 0.23), 0.5, &click(rng, Material::Metal, hz * 1.3, 90.0, 3300.0));
    }
    let templates = ["stapler", "stapling paper", "office stapler clicks"];
    Take { sound: out, captions: captions(rng, &templates, &[]) }
}

/// A ballpoint pen: in and out.
fn pen_click(rng: &mut Rng) -> Take {
    let (times, hz) = (rng.count(1, 5), rng.log_range(1500.0, 2600.0));
    rng.vary();
    let mut out = Sound::silence(0.0);
    for k in 0..times * 2 {
        let pitch = if k % 2 == 0 { 1.0 } else { 1.2 };
        let at = (k / 2) as f32 * rng.range(0.38, 0.44) + (k % 2) as f32 * 0.13;
        out.mix(at, rng.range(0.6, 1.0), &click(rng, Material::Plastic, hz * pitch, 170.0, 5000.0));
    }
    let templates = ["clicking a pen", "ballpoint pen clicks", "pen click"];
    Take { sound: out, captions: captions(rng, &templates, &[]) }
}

/// A pawl on the teeth of a wheel, in strokes of the wrench.
fn ratchet(rng: &mut Rng) -> Take {
    let (speed, strokes, hz) = (rng.unit(), rng.count(1, 4), rng.log_range(1300.0, 2600.0));
    let rate_hz = 14.0 + 30.0 * speed;
    rng.vary();
    let mut out = Sound::silence(0.0);
    let mut at = 0.0;
    for _ in 0..strokes {
        let stroke_s = rng.range(0.35, 0.7);
        let mut t = 0.0;
        while t < stroke_s {
            out.mix(at + t, rng.range(0.6, 1.0), &click(rng, Material::Metal, hz, 160.0, 4200.0));
            t += rng.around(1.0 / (rate_hz * (0.5 + hump(t, stroke_s))), 0.08);
        }
        at += stroke_s + rng.range(0.12, 0.35);
    }
    let pace = grade(rng, speed, &["slow"], &["fast"]);
    let templates = ["{pace} ratchet clicking", "ratchet wrench turning", "{pace} ratcheting tool"];
    Take { sound: out, captions: captions(rng, &templates, &[("pace", pace)]) }
}

/// Teeth that mesh over the rumble of a slow shaft.
fn gears(rng: &mut Rng) -> Take {
    let (speed, seconds, hz) = (rng.unit(), rng.range(2.0, 4.5), rng.log_range(500.0, 1200.0));
    let rate_hz = 6.0 + 14.0 * speed;
    rng.vary();
    let mut out = white(rng, seconds).band_pass(400.0, 0.6).to_rms(0.03);
    let mut tooth = 0;
    while (tooth as f32) < seconds * rate_hz {
        let at = (tooth as f32 + 0.1 * rng.unit()) / rate_hz;
        // Every sixteenth tooth is worn: the ear hears the wheel turn.
        let gain = if tooth % 16 == 0 { 1.0 } else { rng.range(0.35, 0.6) };
        out.mix(at, gain, &click(rng, Material::Metal, hz, 60.0, 1500.0));
        tooth += 1;
    }
    let pace = grade(rng, speed, &["slow"], &["fast"]);
    let templates =
        ["{pace} gears turning", "mechanical clockwork gears {pace}", "{pace} cogs of a machine clicking"];
    Take { sound: out, captions: captions(rng, &templates, &[("pace", pace)]) }
}
